"""An SQS queue as a consumer sees it: receive, delete, give back.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra_backends.aws.service import Service, code_of

MOST_MESSAGES = 10
"""In one call, of any kind."""

POLL_SECONDS = 1
"""How long a call waits for messages. What is short about it: nothing that was received gets lost
to a poll that was broken off, and yet whoever stops need not wait."""


class QueueRefused(Exception):
    """The queue does not exist or may not be read; the message says which."""


@dataclass(frozen=True, slots=True)
class Message:
    body: str
    receipt: str


class Queue:
    """A queue by its name; `endpoint_url` None is where boto3 finds the service.

    A message that was received is nobody else's for `visibility_seconds`. Every method raises
    BackendUnavailable when the service is away, and QueueRefused.
    """

    def __init__(
        self, name: str, *, region: str, visibility_seconds: int, endpoint_url: str | None = None
    ) -> None:
        self._name = name
        self._visibility_seconds = visibility_seconds
        self._service = Service("sqs", region=region, endpoint_url=endpoint_url, connections=1)
        self._url: str | None = None

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
        self._service.close()

    def _ask(self, operation: str, **parameters: Any) -> Any:
        try:
            if self._url is None:
                answer = self._service.call("get_queue_url", QueueName=self._name)
                self._url = answer["QueueUrl"]
            return self._service.call(operation, QueueUrl=self._url, **parameters)
        except ClientError as error:
            raise QueueRefused(f"{self._name} {operation}: {code_of(error)}") from error


def _entries(receipts: Sequence[str], **more: Any) -> Iterator[list[dict[str, Any]]]:
    """Return what a call for each ten messages takes."""
    for start in range(0, len(receipts), MOST_MESSAGES):
        yield [
            {"Id": str(number), "ReceiptHandle": receipt, **more}
            for number, receipt in enumerate(receipts[start : start + MOST_MESSAGES])
        ]
