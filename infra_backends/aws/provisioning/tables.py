"""Makes the tables, and gives those that are there what they lack."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra_backends.aws.provisioning.changes import Change, Outcome, ProvisioningError, updated
from infra_backends.aws.provisioning.likeness import is_like
from infra_backends.aws.provisioning.waiting import wait_until
from infra_backends.aws.tables import TABLES, Index, Table

KIND = "table"


def provision(client: Any, prefix: str) -> Iterator[Change]:
    """Create what is missing, then bring each table up to date and wait until it is usable.

    Raises ProvisioningError where a table has another key or other local indexes, which only a
    new table can have.
    """
    created = {table for table in TABLES if _create(client, table, prefix)}
    for table in TABLES:
        details = _bring_up_to_date(client, table, prefix)
        name = prefix + table.name
        if table in created:
            yield Change(KIND, name, Outcome.CREATED)
        else:
            yield updated(KIND, name, details)


def empty(client: Any, prefix: str) -> Iterator[str]:
    """Delete each table with all that is in it and make it again; yields the names of those."""
    for table in TABLES:
        name = prefix + table.name
        if _describe(client, name) is not None:
            _wait_until_active(client, name)
            client.delete_table(TableName=name)
            _wait_until_gone(client, name)
            _create(client, table, prefix)
            _bring_up_to_date(client, table, prefix)
            yield name


def _create(client: Any, table: Table, prefix: str) -> bool:
    if _describe(client, prefix + table.name) is not None:
        return False
    client.create_table(**table.describe(prefix))
    return True


def _bring_up_to_date(client: Any, table: Table, prefix: str) -> list[str]:
    name = prefix + table.name
    actual = _wait_until_active(client, name)
    _refuse_what_cannot_change(actual, table, prefix)
    return [
        *_bring_indexes_up_to_date(client, table, name, actual),
        *_bring_expiry_up_to_date(client, table, name),
        *_bring_recovery_up_to_date(client, name),
    ]


def _refuse_what_cannot_change(actual: dict[str, Any], table: Table, prefix: str) -> None:
    wanted = table.describe(prefix)
    for part in ("KeySchema", "LocalSecondaryIndexes"):
        if not is_like(actual.get(part, []), wanted.get(part, [])):
            raise ProvisioningError(
                f"{prefix}{table.name} has another {part} than described, which a table keeps "
                "for life. Move its items to a new table, or on an emulator reset it."
            )


def _bring_indexes_up_to_date(
    client: Any, table: Table, name: str, actual: dict[str, Any]
) -> Iterator[str]:
    """Add the missing global indexes, and replace those that differ; AWS wants one at a time."""
    existing = {index["IndexName"]: index for index in actual.get("GlobalSecondaryIndexes", [])}
    for index in table.global_indexes:
        if is_like(existing.get(index.name), index.describe()):
            continue
        if index.name in existing:
            _change_index(client, name, {"Delete": {"IndexName": index.name}})
        _change_index(client, name, {"Create": index.describe()}, index)
        yield f"index {index.name}"


def _change_index(
    client: Any, name: str, change: dict[str, Any], index: Index | None = None
) -> None:
    definitions = [
        {"AttributeName": attribute, "AttributeType": "S"}
        for attribute in (index.key if index else ())
    ]
    client.update_table(
        TableName=name,
        GlobalSecondaryIndexUpdates=[change],
        **({"AttributeDefinitions": definitions} if definitions else {}),
    )
    _wait_until_active(client, name)


def _bring_expiry_up_to_date(client: Any, table: Table, name: str) -> list[str]:
    if table.expiry is None:
        return []
    actual = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if actual.get("AttributeName") == table.expiry and actual["TimeToLiveStatus"] in {
        "ENABLED",
        "ENABLING",
    }:
        return []
    client.update_time_to_live(
        TableName=name,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expiry},
    )
    return ["expiry"]


def _bring_recovery_up_to_date(client: Any, name: str) -> list[str]:
    """Switch on point-in-time recovery, of which an emulator may know nothing."""
    try:
        described = client.describe_continuous_backups(TableName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNKNOWN:
            return []
        raise
    backups = described["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        return []
    wait_until(lambda: _switch_recovery_on(client, name), f"backups of {name}")
    return ["point-in-time recovery"]


def _switch_recovery_on(client: Any, name: str) -> bool:
    try:
        client.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    except client.exceptions.ContinuousBackupsUnavailableException:  # the table is too new
        return False
    return True


_UNKNOWN = frozenset({"UnknownOperationException", "InternalFailure", "NotImplemented"})


def _wait_until_active(client: Any, name: str) -> dict[str, Any]:
    """Return the table's description as soon as it and its indexes can be used."""
    actual: dict[str, Any] = {}

    def is_active() -> bool:
        actual.clear()
        actual.update(_describe(client, name) or {})
        indexes = actual.get("GlobalSecondaryIndexes", [])
        states = [actual.get("TableStatus"), *(i.get("IndexStatus", "ACTIVE") for i in indexes)]
        return all(state == "ACTIVE" for state in states)

    wait_until(is_active, f"{name} to be active")
    return actual


def _wait_until_gone(client: Any, name: str) -> None:
    wait_until(lambda: _describe(client, name) is None, f"{name} to go")


def _describe(client: Any, name: str) -> dict[str, Any] | None:
    try:
        described: dict[str, Any] = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        return None
    return described
