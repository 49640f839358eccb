"""Makes the queues with their dead letters behind them, and empties them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra_backends.aws.names import Names
from infra_backends.aws.provisioning.changes import Change, Outcome, updated
from infra_backends.aws.provisioning.likeness import differences
from infra_backends.aws.provisioning.waiting import wait_until
from infra_backends.aws.resources import queue_policy, queues

KIND = "queue"


def provision(client: Any, names: Names) -> Iterator[Change]:
    """Create each queue that is missing, and set the attributes that are not as described."""
    for queue in queues(names):
        dead_letters = arn_of(client, queue.dead_letters) if queue.dead_letters else None
        wanted = queue.describe(dead_letters)
        url = _url_of(client, queue.name)
        if url is None:
            client.create_queue(QueueName=queue.name, Attributes=_as_text(wanted))
            _wait_until_known(client, queue.name)
            yield Change(KIND, queue.name, Outcome.CREATED)
        else:
            yield updated(KIND, queue.name, _set(client, url, wanted))


def allow_events(client: Any, names: Names, rule_arn: str) -> Iterator[Change]:
    """Let the rule send to the queues that take its events."""
    for queue in queues(names):
        if queue.takes_events:
            policy = queue_policy(arn_of(client, queue.name), rule_arn)
            details = _set(client, _existing_url(client, queue.name), {"Policy": policy})
            yield updated("queue policy", queue.name, details)


def empty(client: Any, names: Names) -> Iterator[str]:
    """Delete every message of the queues that are there; yields their names.

    The queues stay, since AWS makes no queue of a deleted one's name for a minute.
    """
    for queue in queues(names):
        url = _url_of(client, queue.name)
        if url is not None:
            _empty(client, url)
            yield queue.name


def arn_of(client: Any, name: str) -> str:
    arn: str = _attributes(client, _existing_url(client, name))["QueueArn"]
    return arn


def _empty(client: Any, url: str) -> None:
    """Purge a queue; one that was purged within a minute takes its messages one batch at a time."""
    try:
        client.purge_queue(QueueUrl=url)
    except client.exceptions.PurgeQueueInProgress:
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _set(client: Any, url: str, wanted: Mapping[str, Any]) -> list[str]:
    actual = _attributes(client, url)
    changed = differences(actual, wanted)
    if changed:
        attributes = _as_text({name: wanted[name] for name in changed})
        client.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return changed


def _attributes(client: Any, url: str) -> dict[str, Any]:
    """Return all attributes of a queue, the policies read from their JSON."""
    texts = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {
        name: json.loads(text) if name.endswith("Policy") and text else text
        for name, text in texts.items()
    }


def _as_text(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in attributes.items()
    }


def _existing_url(client: Any, name: str) -> str:
    url: str = client.get_queue_url(QueueName=name)["QueueUrl"]
    return url


def _wait_until_known(client: Any, name: str) -> None:
    """Wait until a new queue can be used, which AWS says takes a second."""
    wait_until(lambda: _url_of(client, name) is not None, name)


def _url_of(client: Any, name: str) -> str | None:
    try:
        return _existing_url(client, name)
    except client.exceptions.QueueDoesNotExist:
        return None
