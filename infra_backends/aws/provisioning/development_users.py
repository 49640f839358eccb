"""Makes the development users in a pool, which must be an emulator's."""

from collections.abc import Iterator
from typing import Any

from infra_backends.aws.development_users import (
    DEVELOPMENT_PASSWORD,
    DEVELOPMENT_USERS,
    DevelopmentUser,
)
from infra_backends.aws.provisioning.changes import Change, Outcome

KIND = "user"


def provision(client: Any, pool_id: str) -> Iterator[Change]:
    """Make each user that is missing or is not as described."""
    for user in DEVELOPMENT_USERS:
        actual = _describe(client, pool_id, user.email)
        if actual is not None and user.attributes.items() <= actual.items():
            yield Change(KIND, user.email, Outcome.UNCHANGED)
            continue
        if actual is not None:
            client.admin_delete_user(UserPoolId=pool_id, Username=user.email)
        create(client, pool_id, user)
        yield Change(KIND, user.email, Outcome.UPDATED if actual else Outcome.CREATED)


def create(client: Any, pool_id: str, user: DevelopmentUser) -> None:
    """Make a user who can sign in with the development users' password."""
    client.admin_create_user(
        UserPoolId=pool_id,
        Username=user.email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in user.attributes.items()],
    )
    client.admin_set_user_password(
        UserPoolId=pool_id, Username=user.email, Password=DEVELOPMENT_PASSWORD, Permanent=True
    )


def _describe(client: Any, pool_id: str, email: str) -> dict[str, str] | None:
    """Return the attributes of a user who can sign in; without a password that lasts, none."""
    try:
        found = client.admin_get_user(UserPoolId=pool_id, Username=email)
    except client.exceptions.UserNotFoundException:
        return None
    if found["UserStatus"] != "CONFIRMED":
        return {}
    return {attribute["Name"]: attribute["Value"] for attribute in found["UserAttributes"]}
