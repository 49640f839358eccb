"""One service of moto's as an application, for a server that keeps connections open."""

import json
import os
import zlib

from flask import Response, request
from moto.moto_server.werkzeug_app import create_backend_app

app = create_backend_app(os.environ["MOTO_SERVICE"])
app.add_url_rule("/ready", view_func=lambda: "")


@app.after_request
def tell_what_was_consumed(response: Response) -> Response:
    """Have a transaction's answer name each table that was written, as DynamoDB's own does."""
    is_transaction = request.headers.get("X-Amz-Target", "").endswith(".TransactWriteItems")
    if is_transaction and response.status_code == 200:
        items = request.get_json(force=True)["TransactItems"]
        tables = {change["TableName"] for item in items for change in item.values()}
        answer = {"ConsumedCapacity": [{"TableName": name} for name in sorted(tables)]}
        response.set_data(json.dumps(answer))
        response.headers["x-amz-crc32"] = str(zlib.crc32(response.get_data()))
    return response
