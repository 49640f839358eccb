#!/usr/bin/env bash
# What a DynamoDB transaction consumed, as moto tells who asks for it.
#
# One would guess: with ReturnConsumedCapacity=TOTAL the answer has an entry for each table that was
#                  written, as DynamoDB's own has, and as moto's to a put.
# What happens:    ConsumedCapacity is an empty list for TransactWriteItems, whatever was written.
# Who meets it:    whoever knows a transaction's answer by it from an empty one, or adds up costs in
#                  tests: on moto every commit seems lost, or free.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check "moto[dynamodb]==5.2.5" boto3==1.44.5
"$folder/env/bin/python" -W ignore - <<'PY'
import os
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

print(f"moto {version('moto')}, boto3 {version('boto3')}")
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
with mock_aws():
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    for name in ("accounts", "entries"):
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    puts = [{"Put": {"TableName": n, "Item": {"id": {"S": "a"}}}} for n in ("accounts", "entries")]
    transaction = dynamodb.transact_write_items(TransactItems=puts, ReturnConsumedCapacity="TOTAL")
    put = dynamodb.put_item(**puts[0]["Put"], ReturnConsumedCapacity="TOTAL")
print("a transaction of two tables consumed", transaction["ConsumedCapacity"])
print("a put of one consumed", put["ConsumedCapacity"])
if transaction["ConsumedCapacity"] != [] or put["ConsumedCapacity"]["TableName"] != "accounts":
    sys.exit("CHANGED: moto tells another thing of what was consumed")
PY
