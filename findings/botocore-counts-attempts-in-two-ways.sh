#!/usr/bin/env bash
# "max_attempts" of botocore, in code and in the environment.
#
# One would guess: Config(retries={"max_attempts": 1}) and AWS_MAX_ATTEMPTS=1 are one setting, and
#                  allow one attempt.
# What happens:    in code it counts retries, so that there are two calls; in the environment, as in
#                  a profile, it counts calls. What counts calls in code is "total_max_attempts".
# Who meets it:    whoever bounds how long an outage may take: each call costs its own timeouts, and
#                  a limit that moves from code to a deployment's environment halves or doubles it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check boto3==1.44.5 botocore==1.44.5
"$folder/env/bin/python" - <<'PY'
import http.server
import os
import sys
import threading

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

print("botocore", botocore.__version__, "on Python", sys.version.split()[0])
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
calls = 0


class Broken(http.server.BaseHTTPRequestHandler):
    """A service that answers 500 and counts how often it is asked."""

    def do_POST(self):
        global calls
        calls += 1
        self.send_response(500)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
threading.Thread(target=server.serve_forever, daemon=True).start()


def counted(**retries):
    global calls
    calls = 0
    queues = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries=retries),
    )
    try:
        queues.list_queues()
    except ClientError:
        return calls


seen = {
    "in code: max_attempts 1": counted(mode="standard", max_attempts=1),
    "in code: total_max_attempts 1": counted(mode="standard", total_max_attempts=1),
}
os.environ["AWS_MAX_ATTEMPTS"] = "1"
seen["in the environment: AWS_MAX_ATTEMPTS=1"] = counted(mode="standard")
for how, number in seen.items():
    print(f"{how}: {number} call{'s' * (number > 1)}")
if list(seen.values()) != [2, 1, 1]:
    sys.exit("CHANGED: it was 2, 1 and 1")
PY
