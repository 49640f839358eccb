#!/usr/bin/env bash
# Celery's tasks on a FIFO queue of SQS.
#
# One would guess: kombu lets several workers take tasks from it at once, and a task that is sent
#                  twice under one id is dropped by the queue.
# What happens:    unless each call says otherwise, all tasks are in one message group, "default":
#                  while one of them is being worked on, SQS gives no worker another. And each has
#                  a random deduplication id, so that nothing is ever dropped.
# Who meets it:    whoever names a queue "….fifo" to have order or no duplicates, and then adds
#                  workers: one slow task holds up all others, on every machine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check \
    "celery[sqs]==5.7.0" kombu==5.7.0 boto3==1.44.5 "moto[sqs]==5.2.5" flask==3.1.3 flask-cors==6.0.5
"$folder/env/bin/python" -W ignore - <<'PY'
import logging
import os
import sys
from importlib.metadata import version

import boto3
from celery import Celery
from moto.server import ThreadedMotoServer

print(*(f"{name} {version(name)}" for name in ("celery", "kombu", "moto")), sep=", ")
logging.disable(logging.INFO)
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
sqs = boto3.client("sqs", endpoint_url=f"http://{host}:{port}")
url = sqs.create_queue(QueueName="tasks.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

app = Celery("shop", broker=f"sqs://any:any@{host}:{port}//")
app.conf.broker_transport_options = {
    "region": "us-east-1",
    "is_secure": False,
    "predefined_queues": {"tasks.fifo": {"url": url}},
}
app.conf.task_default_queue = "tasks.fifo"


@app.task
def greet(name):
    return name


greet.apply_async(["Ann"], task_id="one-id")
greet.apply_async(["Ann"], task_id="one-id")
greet.apply_async(["Bob"])


def received():
    return sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=1, MessageSystemAttributeNames=["All"]
    ).get("Messages", [])


messages, groups, between = [], set(), []
while got := received():
    messages += got
    groups.add(got[0]["Attributes"]["MessageGroupId"])
    between.append(len(received()))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
server.stop()
ids = {message["Attributes"]["MessageDeduplicationId"] for message in messages}
print("three tasks were sent, two of them under one id; messages in the queue:", len(messages))
print("their groups:", groups, "and deduplication ids:", len(ids))
print("what a second worker got while the first had one:", between)
if (len(messages), groups, len(ids), set(between)) != (3, {"default"}, 3, {0}):
    sys.exit("CHANGED: they are grouped or told apart in another way")
PY
