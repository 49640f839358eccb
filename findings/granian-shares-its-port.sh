#!/usr/bin/env bash
# Two granian servers on one port.
#
# One would guess: the second ends with "address already in use", as it does with other servers.
# What happens:    both say that they listen, and the kernel gives each some of the connections,
#                  since granian binds with SO_REUSEPORT. Stop the one, and only the other answers.
# Who meets it:    whoever starts a new version without having stopped the old one, and gets answers
#                  of both; a developer with a forgotten server in another terminal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check granian==2.8.7
cd "$folder"
for name in old new; do
    cat > "$name.py" <<PY
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "3")])
    return [b"$name"]
PY
done
env/bin/python - <<'PY'
import collections
import importlib.metadata
import socket
import subprocess
import sys
import time
import urllib.request

print("granian", importlib.metadata.version("granian"), "on Python", sys.version.split()[0])
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = str(probe.getsockname()[1])


def started(name):
    log = open(f"{name}.log", "w+")
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", port, f"{name}:app"]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    ends = time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        log.seek(0)
        if "Started worker" in log.read():
            time.sleep(0.5)
            break
        time.sleep(0.1)
    log.seek(0)
    print(*(f"{name}: {line}" for line in log.read().splitlines() if "Listening" in line), sep="\n")
    return process


def answers(number):
    urls = [f"http://127.0.0.1:{port}/"] * number
    return collections.Counter(urllib.request.urlopen(url, timeout=5).read().decode() for url in urls)


processes = [started("old"), started("new")]
try:
    running = [process.poll() is None for process in processes]
    print("still running:", running)
    told = answers(200) if all(running) else {}
    print("200 requests were answered by", dict(told))
finally:
    for process in processes:
        process.terminate()
        process.wait(20)
if set(told) != {"old", "new"}:
    sys.exit("CHANGED: they did not share the port")
PY
