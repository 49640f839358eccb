#!/usr/bin/env bash
# A DynamoDB transaction that is sent twice under one ClientRequestToken, to two emulators.
#
# One would guess: moto drops the second, as DynamoDB documents it for ten minutes, and refuses
#                  another transaction under the same token (IdempotentParameterMismatchException).
# What happens:    moto executes whatever comes, so that a retry overwrites what was written since.
#                  ministack does as documented.
# Who meets it:    whoever tests that a retried commit has one effect: on moto a correct program
#                  fails, and one that reuses its tokens for other writes passes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for emulator in "moto[dynamodb]==5.2.5" ministack==1.5.33; do
    python3 -m venv "$folder/${emulator%%[\[=]*}"
    "$folder/${emulator%%[\[=]*}/bin/pip" install --quiet --quiet --disable-pip-version-check "$emulator"
done
"$folder/moto/bin/pip" install --quiet --quiet --disable-pip-version-check boto3==1.44.5 flask==3.1.3 flask-cors==6.0.5
cd "$folder"
moto/bin/python -W ignore - <<'PY'
import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version

import boto3
from botocore.exceptions import ClientError

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
ministack = subprocess.check_output(["ministack/bin/pip", "show", "ministack"], text=True)
print(f"moto {version('moto')}, ministack {ministack.split()[3]}, boto3 {version('boto3')}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def tried(command, port, ready, **variables):
    """Start an emulator, try it, and return what it did."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command,
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(url + ready, timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        return sent_twice(boto3.client("dynamodb", endpoint_url=url))
    finally:
        process.terminate()
        process.wait(20)


def sent_twice(dynamodb):
    dynamodb.create_table(
        TableName="accounts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def put(balance):
        return {"TableName": "accounts", "Item": {"id": {"S": "a"}, "balance": {"N": balance}}}

    def commit(balance):
        try:
            dynamodb.transact_write_items(
                TransactItems=[{"Put": put(balance)}], ClientRequestToken="one-token"
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "taken"

    commit("100")
    dynamodb.put_item(**put("70"))
    commit("100")
    balance = dynamodb.get_item(TableName="accounts", Key={"id": {"S": "a"}})["Item"]["balance"]["N"]
    return balance, commit("5")


port = free_port()
moto = tried(
    ["moto/bin/python", "-W", "ignore", "-m", "moto.server", "-p", port],
    port,
    "/moto-api/data.json",
)
port = free_port()
mini = tried(
    ["ministack/bin/ministack"],
    port,
    "/_ministack/ready",
    BIND_HOST="127.0.0.1",
    GATEWAY_PORT=port,
    IOT_MTLS_ENABLED="0",
    STATE_DIR=f"{os.getcwd()}/state",
    S3_DATA_DIR=f"{os.getcwd()}/s3",
)
for name, (balance, another) in (("moto", moto), ("ministack", mini)):
    print(f"{name}: 100 by a transaction, then 70, then the transaction's retry: {balance};")
    print(f"{name}: another transaction under its token: {another}")
if (moto, mini) != (("100", "taken"), ("70", "IdempotentParameterMismatchException")):
    sys.exit("CHANGED: one of them treats a token in another way")
PY
