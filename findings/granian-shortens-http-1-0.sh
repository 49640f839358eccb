#!/usr/bin/env bash
# A request in HTTP/1.0, as granian hands it to a WSGI application.
#
# One would guess: SERVER_PROTOCOL is "HTTP/1.0", as PEP 3333 and RFC 3875 (4.1.16) have it and as
#                  every other server says.
# What happens:    it is "HTTP/1". HTTP/1.1 is "HTTP/1.1".
# Who meets it:    whoever looks for old clients there, such as the default of nginx towards a
#                  server behind it, to keep a connection open, to log, or to leave chunks out: a
#                  comparison with "HTTP/1.0" that held under another server no longer does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check granian==2.8.7 gunicorn==26.0.0
cd "$folder"
cat > shop.py <<'PY'
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["SERVER_PROTOCOL"].encode()]
PY
PATH="$folder/env/bin:$PATH" "$folder/env/bin/python" - <<'PY'
import socket
import subprocess
import sys
import time
from importlib.metadata import version


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answered(port, protocol):
    """Return the body of the answer to a request in a protocol; wait until there is a server."""
    for _ in range(300):
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            time.sleep(0.1)
            continue
        with client:
            head = f"GET / {protocol}\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            client.sendall(head.encode())
            answer = b""
            while more := client.recv(4096):
                answer += more
        body = answer.partition(b"\r\n\r\n")[2].decode()
        return next(name for name in ("HTTP/1.1", "HTTP/1.0", "HTTP/1") if name in body)
    raise SystemExit("the server does not answer")


servers = {
    "granian": ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{}", "shop:application"],
    "gunicorn": ["gunicorn", "--bind", "127.0.0.1:{}", "shop:application"],
}
said = {}
for name, words in servers.items():
    port = free_port()
    process = subprocess.Popen(
        [word.format(port) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        said[name] = [answered(port, protocol) for protocol in ("HTTP/1.0", "HTTP/1.1")]
    finally:
        process.terminate()
        process.wait(30)
    print(f"{name} {version(name)} says of HTTP/1.0 and HTTP/1.1: {', '.join(said[name])}")
if said != {"granian": ["HTTP/1", "HTTP/1.1"], "gunicorn": ["HTTP/1.0", "HTTP/1.1"]}:
    sys.exit("CHANGED: granian says HTTP/1.0, or another server does not")
PY
