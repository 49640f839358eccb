"""Writes the parameters that are missing; whoever changed one had a reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from financial_api.kernel.parameters import default_texts
from infra_backends.aws.names import Names
from infra_backends.aws.provisioning.changes import Change, Outcome, updated
from infra_backends.aws.resources import CLIENT_ID, USER_POOL_ID

KIND = "parameter"
MOST_IN_A_DELETION = 10


def provision(client: Any, names: Names, *, pool_id: str, client_id: str) -> Iterator[Change]:
    """Write each missing parameter's default, and where the users are now whatever was there."""
    existing = _existing(client, names)
    ids = {USER_POOL_ID: pool_id, CLIENT_ID: client_id}
    for path, text in {**default_texts(), **ids}.items():
        name = names.parameters + path
        if name not in existing:
            client.put_parameter(Name=name, Value=text, Type="String")
            yield Change(KIND, name, Outcome.CREATED)
        elif path in ids and existing[name].strip() != text:
            client.put_parameter(Name=name, Value=text, Overwrite=True)
            yield updated(KIND, name, ["value"])
        else:
            yield Change(KIND, name, Outcome.UNCHANGED)


def empty(client: Any, names: Names) -> None:
    """Delete what was changed or added. The rest stays, for an API may be reading it."""
    kept = {names.parameters + path: text for path, text in default_texts().items()}
    kept_ids = {names.parameters + path for path in (USER_POOL_ID, CLIENT_ID)}
    strangers = [
        name
        for name, text in _existing(client, names).items()
        if name not in kept_ids and kept.get(name) != text
    ]
    for start in range(0, len(strangers), MOST_IN_A_DELETION):
        client.delete_parameters(Names=strangers[start : start + MOST_IN_A_DELETION])


def _existing(client: Any, names: Names) -> Mapping[str, str]:
    pages = client.get_paginator("get_parameters_by_path").paginate(
        Path=names.parameters.rstrip("/"), Recursive=True, WithDecryption=True
    )
    return {found["Name"]: found["Value"] for page in pages for found in page["Parameters"]}
