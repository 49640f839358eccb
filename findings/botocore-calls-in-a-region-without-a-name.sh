#!/usr/bin/env bash
# Variables of AWS that are set and empty, as botocore reads them.
#
# One would guess: an empty variable counts as one that is not set, as it does for keys and
#                  endpoints, and without a region NoRegionError says so.
# What happens:    an empty AWS_DEFAULT_REGION is a region. The address becomes
#                  "https://dynamodb..amazonaws.com" and the error a bare ValueError, which no
#                  `except BotoCoreError` catches. An empty AWS_PROFILE is a profile, too.
# Who meets it:    whoever passes `AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-}` on, as in a compose
#                  file or a CI job, and has a handler for "you must specify a region".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check boto3==1.44.5 botocore==1.44.5
"$folder/env/bin/python" - <<'PY'
import os
import sys
from importlib.metadata import version

import boto3

print(f"boto3 {version('boto3')}, botocore {version('botocore')}")
BARE = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
REGION = {"AWS_DEFAULT_REGION": "us-east-1"}


def outcome(**variables):
    """Return where a client would call, or the error that there is instead."""
    os.environ.clear()
    os.environ.update(BARE | variables)
    try:
        return boto3.Session().client("dynamodb").meta.endpoint_url
    except Exception as error:
        kinds = " < ".join(kind.__name__ for kind in type(error).__mro__[:2])
        return f"{kinds}: {error}"


found = {
    "region not set": outcome(),
    "region empty": outcome(AWS_DEFAULT_REGION=""),
    "endpoint empty": outcome(**REGION, AWS_ENDPOINT_URL=""),
    "profile empty": outcome(**REGION, AWS_PROFILE=""),
}
for case, what in found.items():
    print(f"{case}: {what}")
expected = ("NoRegionError", "ValueError", "https://dynamodb.us-east-1", "ProfileNotFound")
if not all(map(str.startswith, found.values(), expected)):
    sys.exit("CHANGED: an empty variable is read otherwise")
PY
