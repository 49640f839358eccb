"""SQS queues as a consumer sees them."""

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3

from financial_api.kernel.encoding import loads
from tests.support.emulators import REGION, Emulator


@contextlib.contextmanager
def client(name: str, emulator: Emulator) -> Iterator[Any]:
    """Give a client of a service, closed at the end."""
    session = boto3.Session(region_name=REGION)
    with contextlib.closing(session.client(name, endpoint_url=emulator.url_of(name))) as opened:
        yield opened


def receive(sqs: Any, url: str, count: int) -> list[dict[str, Any]]:
    """Return the messages of a queue and delete them: `count` are waited for, others not."""
    messages: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=10 if len(messages) < count else 0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        received = answer.get("Messages", [])
        if not received:
            return messages
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        messages += received


def bodies(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [loads(message["Body"]) for message in messages]


def waiting_in(sqs: Any, url: str) -> tuple[int, int]:
    """Return how many messages of a queue may be received, and how many somebody has."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])
