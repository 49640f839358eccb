"""An SQS queue as a consumer sees it: receive, delete, give back.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

MOST_MESSAGES = 10
"""In one call, of any kind."""

POLL_SECONDS = 1
"""How long a call waits for messages. What is short about it: nothing that was received gets lost
to a poll that was broken off, and yet whoever stops need not wait."""

HTTP_SERVER_ERROR = 500

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=POLL_SECONDS + 9,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=1,
)


class QueueUnavailable(Exception):
    """The service is away, overloaded or not to be asked from here; the message says which."""


class QueueRefused(Exception):
    """The queue does not exist or may not be read; the message says which."""


@dataclass(frozen=True, slots=True)
class Message:
    body: str
    receipt: str


class Queue:
    """A queue by its name, where boto3 finds it: region, endpoint and credentials are its own.

    A message that was received is nobody else's for `visibility_seconds`. Everything raises
    QueueUnavailable or QueueRefused.
    """

    def __init__(self, name: str, *, visibility_seconds: int) -> None:
        self._name = name
        self._visibility_seconds = visibility_seconds
        self._url: str | None = None
        try:
            # Unlike all other tools of AWS's, boto3 itself does not read AWS_REGION.
            self._sqs = boto3.client("sqs", os.environ.get("AWS_REGION"), config=_CONFIG)
        except BotoCoreError as error:
            raise QueueRefused(f"sqs: {error}") from error

    def receive(self) -> list[Message]:
        """Return the next messages, at most ten; none when none came in `POLL_SECONDS`."""
        answer = self._ask(
            "receive_message",
            MaxNumberOfMessages=MOST_MESSAGES,
            WaitTimeSeconds=POLL_SECONDS,
            VisibilityTimeout=self._visibility_seconds,
        )
        return [
            Message(message["Body"], message["ReceiptHandle"])
            for message in answer.get("Messages", ())
        ]

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages. One that could not be comes again later, as a duplicate."""
        for entries in _entries(receipts):
            self._ask("delete_message_batch", Entries=entries)

    def give_back(self, receipts: Sequence[str]) -> None:
        """Let messages be received again at once."""
        for entries in _entries(receipts, VisibilityTimeout=0):
            self._ask("change_message_visibility_batch", Entries=entries)

    def close(self) -> None:
        self._sqs.close()

    def _ask(self, operation: str, **parameters: Any) -> Any:
        if self._url is None:
            self._url = self._call("get_queue_url", QueueName=self._name)["QueueUrl"]
        return self._call(operation, QueueUrl=self._url, **parameters)

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._sqs, operation)(**parameters)
        except (BotoCoreError, ResponseParserError) as error:
            raise QueueUnavailable(f"sqs {operation}: {type(error).__name__}") from error
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= HTTP_SERVER_ERROR or "Throttl" in code:
                raise QueueUnavailable(f"sqs {operation}: {code}") from error
            raise QueueRefused(f"{self._name} {operation}: {code}") from error


def _entries(receipts: Sequence[str], **more: Any) -> Iterator[list[dict[str, Any]]]:
    """Return what a call for each ten messages takes."""
    for start in range(0, len(receipts), MOST_MESSAGES):
        yield [
            {"Id": str(number), "ReceiptHandle": receipt, **more}
            for number, receipt in enumerate(receipts[start : start + MOST_MESSAGES])
        ]
