"""Events on an SQS FIFO queue: each once, in order for each entity, within SQS's five minutes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues.html
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from infra_backends.aws.service import Service
from infra_backends.events.envelope import json_text, message_of
from infra_backends.events.publishing import (
    BatchPublisher,
    Entry,
    Fault,
    fault,
    size_of,
)
from infra_backends.exceptions import BackendUnavailable
from infra_backends.failures import Failure
from outbox.entities import Event

GROUP = re.compile(r"[!-~]{1,128}")
"""A message group: up to 128 letters, digits and punctuation of ASCII."""


class Backend(BatchPublisher):
    """`queue` is a FIFO queue's name; `endpoint_url` None is where boto3 finds the service.

    A message's body is what EventBridge would hand to a queue (`infra_backends.events.envelope`),
    and its attribute `traceparent` the trace context, where there is one.
    """

    def __init__(self, *, region: str, queue: str, endpoint_url: str | None = None) -> None:
        super().__init__(Service("sqs", region=region, endpoint_url=endpoint_url))
        self._region = region
        self._queue = queue
        self._url: str | None = None

    def _look(self) -> None:
        self._ask_queue("get_queue_attributes", AttributeNames=["QueueArn"])

    def _entry(self, event: Event) -> Entry:
        body = json_text(message_of(event, self._region))
        content: dict[str, Any] = {
            "Id": event.event_id,
            "MessageBody": body,
            "MessageGroupId": group_of(event),
            "MessageDeduplicationId": event.event_id,
        }
        size = size_of(body)
        if event.traceparent is not None:
            attribute = {"DataType": "String", "StringValue": event.traceparent}
            content["MessageAttributes"] = {"traceparent": attribute}
            size += size_of("traceparent", *attribute.values())
        return Entry(event.event_id, content, size)

    def _send(self, entries: Sequence[Entry]) -> Sequence[Fault | None]:
        contents = [entry.content for entry in entries]
        answer = self._ask_queue("send_message_batch", Entries=contents)
        outcomes: dict[str, Fault | None] = {
            result.get("Id", ""): _fault_in(result) for result in answer.get("Failed", ())
        }
        outcomes |= {result.get("Id", ""): None for result in answer.get("Successful", ())}
        if outcomes.keys() != {entry.event_id for entry in entries}:
            raise BackendUnavailable("sqs: some entries are not mentioned", Failure.UNKNOWN)
        return [outcomes[entry.event_id] for entry in entries]

    def _ask_queue(self, operation: str, **parameters: Any) -> Any:
        """Call with the queue's URL, which is asked for once, and again after a failure."""
        url = self._url or self._service.call("get_queue_url", QueueName=self._queue)["QueueUrl"]
        try:
            answer = self._service.call(operation, QueueUrl=url, **parameters)
        except BackendUnavailable:
            self._url = None
            raise
        self._url = url
        return answer


def group_of(event: Event) -> str:
    """Return the entity, `card#<id>`, or its hash where SQS would not take that."""
    group = f"{event.entity_type}#{event.entity_id}"
    if GROUP.fullmatch(group):
        return group
    return hashlib.sha256(group.encode()).hexdigest()


def _fault_in(result: dict[str, Any]) -> Fault:
    is_senders = bool(result.get("SenderFault"))
    return fault(result.get("Code", ""), result.get("Message", ""), is_senders=is_senders)
