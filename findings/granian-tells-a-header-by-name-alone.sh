#!/usr/bin/env bash
# A header with a byte outside ASCII, as granian's RSGI hands it to an application.
#
# One would guess: its value is there, as some text or as bytes, wherever its name is: obsolete, but
#                  legal (RFC 9110, section 5.5), and each browser and proxy passes it on.
# What happens:    `keys()` and `in` know the name; `items()` and `values()` leave the header out,
#                  `get()` is None and `get_all()` is empty. So `items()` has fewer headers than came.
# Who meets it:    whoever makes the headers of a WSGI or ASGI application out of `items()`, for whom
#                  a header that came is one that did not: a User-Agent, a Content-Disposition, or
#                  an X-Forwarded-For whose presence is looked at.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check granian==2.8.7
cd "$folder"
cat > shop.py <<'PY'
import json


async def application(scope, protocol):
    headers = scope.headers
    told = {
        "keys": "user-agent" in headers.keys(),
        "in": "user-agent" in headers,
        "items": "user-agent" in dict(headers.items()),
        "get": headers.get("user-agent"),
        "get_all": headers.get_all("user-agent"),
    }
    protocol.response_str(200, [("content-type", "application/json")], json.dumps(told))
PY
PATH="$folder/env/bin:$PATH" "$folder/env/bin/python" - <<'PY'
import json
import socket
import subprocess
import sys
import time
from importlib.metadata import version

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


def told(user_agent):
    """Return what the application knows of a request's User-Agent; wait until there is a server."""
    for _ in range(300):
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            time.sleep(0.1)
            continue
        with client:
            head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: %b\r\n\r\n"
            client.sendall(head % user_agent)
            answer = b""
            while more := client.recv(4096):
                answer += more
        return json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
    raise SystemExit("the server does not answer")


process = subprocess.Popen(
    ["granian", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port), "shop:application"],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    plain, latin = told(b"Cafe/1.0"), told("Café/1.0".encode("latin-1"))
finally:
    process.terminate()
    process.wait(30)
print(f"granian {version('granian')} tells of an ASCII value:      {plain}")
print(f"granian {version('granian')} tells of a Latin-1 value:     {latin}")
expected = {"keys": True, "in": True, "items": False, "get": None, "get_all": []}
if plain["get"] != "Cafe/1.0" or latin != expected:
    sys.exit("CHANGED: granian tells the value, or no longer the name")
PY
