#!/usr/bin/env bash
# What Celery asks of an SQS queue that it is told the URL of, before it sends a task there.
#
# One would guess: sqs:SendMessage is all that a sender needs. `predefined_queues` is for who may
#                  neither list nor make queues.
# What happens:    kombu declares the queue before it first sends to it, as one does with AMQP, and
#                  the answer to that has a number of messages: it calls GetQueueAttributes. Where
#                  that is denied no task is sent. A worker is held up in the same way.
# Who meets it:    whoever gives each process the permissions that its work suggests: no task ever
#                  leaves, and where senders ignore such errors nothing tells why.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check \
    "celery[sqs]==5.7.0" kombu==5.7.0 boto3==1.44.5
"$folder/env/bin/python" -W ignore - <<'PY'
import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from celery import Celery

print(*(f"{name} {version(name)}" for name in ("celery", "kombu", "boto3")), sep=", ")
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
asked, denied = [], set()


class Queue(BaseHTTPRequestHandler):
    """Answers as SQS does to who may do all but what is denied."""

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked.append(operation)
        text = request.get("MessageBody", "").encode()
        answer = {"MessageId": "1", "MD5OfMessageBody": hashlib.md5(text).hexdigest()}
        if operation == "GetQueueAttributes":
            answer = {"Attributes": {"ApproximateNumberOfMessages": "0"}}
        self.send_response(403 if operation in denied else 200)
        if operation in denied:
            self.send_header("x-amzn-query-error", "AccessDenied;Sender")
            answer = {"__type": "AccessDeniedException", "message": "not authorized"}
        body = json.dumps(answer).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Queue)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"127.0.0.1:{server.server_port}"


def send_a_task():
    """Return what the queue was asked, and the error if there is one."""
    app = Celery("shop", broker=f"sqs://any:any@{here}//")
    app.conf.broker_transport_options = {
        "region": "us-east-1",
        "is_secure": False,
        "predefined_queues": {"tasks": {"url": f"http://{here}/123456789012/tasks"}},
    }
    app.conf.task_default_queue = "tasks"
    asked.clear()
    try:
        app.send_task("greet", retry=False)
    except Exception as error:
        return list(asked), str(error)
    return list(asked), ""


denied.add("GetQueueAttributes")
refused = send_a_task()
print("without sqs:GetQueueAttributes it asks for", *refused[0], "and gives up:", refused[1])
denied.clear()
allowed = send_a_task()
print("with it a task is sent by", *allowed[0])
if allowed != (["GetQueueAttributes", "SendMessage"], "") or refused[0] != ["GetQueueAttributes"]:
    sys.exit("CHANGED: it asks something else of a queue before it sends to it")
PY
