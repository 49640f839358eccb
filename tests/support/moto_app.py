"""One service of moto's as an application, for a server that keeps connections open."""

import os

from moto.moto_server.werkzeug_app import create_backend_app

app = create_backend_app(os.environ["MOTO_SERVICE"])
app.add_url_rule("/ready", view_func=lambda: "")
