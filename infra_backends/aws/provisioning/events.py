"""Makes the bus and the rule that passes the service's events on to the queue."""

import json
from collections.abc import Iterator
from typing import Any

from infra_backends.aws.names import Names
from infra_backends.aws.provisioning.changes import (
    Change,
    Outcome,
    ProvisioningError,
    updated,
)
from infra_backends.aws.provisioning.likeness import differences, is_like
from infra_backends.aws.resources import event_pattern, target


def provision(
    client: Any, names: Names, *, queue_arn: str, dead_letters_arn: str
) -> Iterator[Change]:
    """Create or correct the bus, the rule and its target. Others' targets of the rule stay."""
    yield _provision_bus(client, names)
    yield _provision_rule(client, names, target(queue_arn, dead_letters_arn))


def rule_arn(client: Any, names: Names) -> str:
    arn: str = client.describe_rule(Name=names.rule, EventBusName=names.bus)["Arn"]
    return arn


def empty(client: Any, names: Names) -> None:
    """Delete the rule with all its targets. The bus stays, for a process may be sending to it."""
    if _describe_rule(client, names) is None:
        return
    if ids := [found["Id"] for found in _targets(client, names)]:
        _check(client.remove_targets(Rule=names.rule, EventBusName=names.bus, Ids=ids))
    client.delete_rule(Name=names.rule, EventBusName=names.bus)


def _provision_bus(client: Any, names: Names) -> Change:
    try:
        client.describe_event_bus(Name=names.bus)
    except client.exceptions.ResourceNotFoundException:
        client.create_event_bus(Name=names.bus)
        return Change("event bus", names.bus, Outcome.CREATED)
    return Change("event bus", names.bus, Outcome.UNCHANGED)


def _provision_rule(client: Any, names: Names, wanted_target: dict[str, Any]) -> Change:
    actual = _describe_rule(client, names)
    wanted = {"EventPattern": event_pattern(), "State": "ENABLED"}
    details = differences(actual or {}, wanted)
    if details:
        client.put_rule(
            Name=names.rule,
            EventBusName=names.bus,
            EventPattern=json.dumps(event_pattern()),
            State="ENABLED",
        )
    if not any(is_like(found, wanted_target) for found in _targets(client, names)):
        _check(client.put_targets(Rule=names.rule, EventBusName=names.bus, Targets=[wanted_target]))
        details.append("target")
    if actual is None:
        return Change("rule", names.rule, Outcome.CREATED)
    return updated("rule", names.rule, details)


def _targets(client: Any, names: Names) -> list[dict[str, Any]]:
    answer = client.list_targets_by_rule(Rule=names.rule, EventBusName=names.bus)
    targets: list[dict[str, Any]] = answer["Targets"]
    return targets


def _describe_rule(client: Any, names: Names) -> dict[str, Any] | None:
    try:
        described: dict[str, Any] = client.describe_rule(Name=names.rule, EventBusName=names.bus)
    except client.exceptions.ResourceNotFoundException:
        return None
    return described | {"EventPattern": json.loads(described.get("EventPattern") or "{}")}


def _check(answer: dict[str, Any]) -> None:
    if answer["FailedEntryCount"]:
        reason = answer["FailedEntries"][0].get("ErrorMessage", "no reason given")
        raise ProvisioningError(f"EventBridge did not take the rule's target: {reason}.")
