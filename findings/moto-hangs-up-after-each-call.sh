#!/usr/bin/env bash
# moto's server and the connections of whoever calls it.
#
# One would guess: a server that is made for boto3 keeps a connection open between two calls, as
#                  AWS does and as the same application does under another WSGI server.
# What happens:    it closes each one after its answer, so that boto3's pool of connections is never
#                  of use: each call is a new connection and, in the server, a new thread.
# Who meets it:    who runs a large suite against `moto_server`; and who believes to have tried there
#                  how a client bears idle, dropped and reused connections, which never occur.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat > app.py <<'PY'
from moto.moto_server.werkzeug_app import create_backend_app

app = create_backend_app("dynamodb")
PY
cat > ask.py <<'PY'
"""Call DynamoDB five times by one client; print how many connections that took."""

import socket
import sys
import time

import boto3

port = int(sys.argv[1])
for _ in range(300):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)
connect = socket.socket.connect
opened = []


def counted(self, address):
    opened.append(address)
    return connect(self, address)


socket.socket.connect = counted
client = boto3.client(
    "dynamodb",
    region_name="us-east-1",
    endpoint_url=f"http://127.0.0.1:{port}",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
for _ in range(5):
    client.list_tables()
print(len(opened))
PY
python3 -m venv env
env/bin/pip install --quiet --quiet --disable-pip-version-check \
    'moto[server,dynamodb]==5.2.5' werkzeug==3.1.9 boto3==1.44.5 granian==2.8.9
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
env/bin/python -m moto.server -H 127.0.0.1 -p "$port" > /dev/null 2>&1 &
own=$(env/bin/python ask.py "$port")
port=$(free_port)
env/bin/granian --interface wsgi --host 127.0.0.1 --port "$port" app:app > /dev/null 2>&1 &
other=$(env/bin/python ask.py "$port")
echo "moto 5.2.5, five calls by one boto3 client:"
echo "under its own server (Werkzeug 3.1.9) they took $own connections"
echo "under granian 2.8.9 they took $other"
[[ $own == 5 && $other == 1 ]]
