"""Makes the user pool and its client."""

from dataclasses import dataclass
from typing import Any

from infra_backends.aws.names import Names
from infra_backends.aws.provisioning.changes import Change, Outcome, ProvisioningError, updated
from infra_backends.aws.provisioning.likeness import differences
from infra_backends.aws.resources import user_pool, user_pool_client

KEPT_FOR_LIFE = ("UsernameAttributes", "UsernameConfiguration")
"""What a pool cannot change once it is made, besides the attributes in its schema."""


@dataclass(frozen=True, slots=True)
class Users:
    """Where the users are: the ids that AWS gave the pool and its client, and what was done."""

    pool_id: str
    client_id: str
    changes: tuple[Change, ...]


def provision(client: Any, names: Names) -> Users:
    """Create or correct the pool and its client, which keep their ids.

    Raises ProvisioningError where the pool differs in what it keeps for life.
    """
    pool_id = find(client, names)
    if pool_id is None:
        created = client.create_user_pool(PoolName=names.user_pool, **user_pool())
        pool_id = created["UserPool"]["Id"]
        pool_change = Change("user pool", names.user_pool, Outcome.CREATED)
    else:
        details = _bring_up_to_date(client, names, pool_id)
        pool_change = updated("user pool", names.user_pool, details)
    client_id, client_change = _provision_client(client, names, pool_id)
    return Users(pool_id, client_id, (pool_change, client_change))


def empty(client: Any, names: Names) -> None:
    """Delete every user, or the whole pool if it differs in what it keeps for life."""
    pool_id = find(client, names)
    if pool_id is None:
        return
    if _cannot_change(_describe(client, pool_id)):
        client.delete_user_pool(UserPoolId=pool_id)
        return
    pages = client.get_paginator("list_users").paginate(UserPoolId=pool_id)
    for username in [user["Username"] for page in pages for user in page["Users"]]:
        client.admin_delete_user(UserPoolId=pool_id, Username=username)


def find(client: Any, names: Names) -> str | None:
    """Return the id of the pool of that name; AWS allows several, so of the first."""
    pages = client.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 60})
    pools = [
        pool for page in pages for pool in page["UserPools"] if pool["Name"] == names.user_pool
    ]
    return min(pools, key=lambda pool: pool["CreationDate"])["Id"] if pools else None


def _describe(client: Any, pool_id: str) -> dict[str, Any]:
    """Return a pool's settings, with its own attributes in place of the whole schema."""
    actual: dict[str, Any] = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    schema = actual.pop("SchemaAttributes", [])
    actual["Schema"] = {
        attribute["Name"].removeprefix("custom:"): attribute
        for attribute in schema
        if attribute["Name"].startswith("custom:")
    }
    return actual


def _cannot_change(actual: dict[str, Any]) -> list[str]:
    wanted = user_pool()
    schema = {attribute["Name"]: attribute["Mutable"] for attribute in wanted["Schema"]}
    return [
        *differences(actual, {name: wanted[name] for name in KEPT_FOR_LIFE}),
        *(
            f"custom:{name}"
            for name, found in actual["Schema"].items()
            if found["Mutable"] != schema.get(name, found["Mutable"])
        ),
    ]


def _bring_up_to_date(client: Any, names: Names, pool_id: str) -> list[str]:
    actual = _describe(client, pool_id)
    if parts := _cannot_change(actual):
        raise ProvisioningError(
            f"{names.user_pool} has another {' and '.join(parts)} than described, which a pool "
            "keeps for life. Move its users to a new pool, or on an emulator reset it."
        )
    wanted = user_pool()
    missing = [a for a in wanted.pop("Schema") if a["Name"] not in actual["Schema"]]
    if missing:
        client.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=missing)
    details = differences(actual, wanted)
    if details:
        kept = _settable(client, "UpdateUserPool", actual)
        settings = {name: wanted[name] for name in wanted if name not in KEPT_FOR_LIFE}
        client.update_user_pool(**kept | settings | {"UserPoolId": pool_id})
    return [*(f"custom:{attribute['Name']}" for attribute in missing), *details]


def _provision_client(client: Any, names: Names, pool_id: str) -> tuple[str, Change]:
    wanted = user_pool_client(names)
    client_id = _find_client(client, names, pool_id)
    if client_id is None:
        created = client.create_user_pool_client(UserPoolId=pool_id, **wanted)
        change = Change("pool client", names.user_pool_client, Outcome.CREATED)
        return created["UserPoolClient"]["ClientId"], change
    described = client.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
    actual = described["UserPoolClient"]
    details = differences(actual, wanted)
    if details:
        client.update_user_pool_client(**_settable(client, "UpdateUserPoolClient", actual) | wanted)
    return client_id, updated("pool client", names.user_pool_client, details)


def _find_client(client: Any, names: Names, pool_id: str) -> str | None:
    pages = client.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id)
    ids = [
        found["ClientId"]
        for page in pages
        for found in page["UserPoolClients"]
        if found["ClientName"] == names.user_pool_client
    ]
    return ids[0] if ids else None


def _settable(client: Any, operation: str, actual: dict[str, Any]) -> dict[str, Any]:
    """Return what an update takes of a description, since it resets what it is not told."""
    members = client.meta.service_model.operation_model(operation).input_shape.members
    return {
        name: value
        for name, value in actual.items()
        if name in members and value not in ("", [], {})
    }
