"""People with accounts in the user pool of an emulator, made as they come into the story."""

import contextlib
import ipaddress
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .cast import NobodyToCast, Person, Role, default_email, new_ids

PASSWORD = "Walkthrough-only-1"  # noqa: S105  # no pool but an emulator's takes it

_CONFIG = Config(
    connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 5, "mode": "standard"}
)


class UserPoolCasting:
    """Makes accounts and signs them in, in the pool that AWS_PREFIX names.

    Raises NobodyToCast where that is not an emulator's on this machine, or refuses.
    """

    def __init__(self) -> None:
        self._new_id = new_ids()
        prefix = os.environ.get("AWS_PREFIX", "acme-")
        # Unlike all other tools of AWS's, boto3 itself does not read AWS_REGION.
        region = os.environ.get("AWS_REGION")
        with _refusals():
            self._cognito = boto3.client("cognito-idp", region, config=_CONFIG)
            _require_loopback(self._cognito.meta.endpoint_url)
            self._pool_id = self._find(
                "list_user_pools", f"UserPools[?Name=='{prefix}financial-pool'].Id", MaxResults=60
            )
            self._client_id = self._find(
                "list_user_pool_clients",
                f"UserPoolClients[?ClientName=='{prefix}api-client'].ClientId",
                UserPoolId=self._pool_id,
            )

    def new(self, name: str, role: Role = Role.USER) -> Person:
        ecosystem_id = self._new_id(name)
        email = default_email(ecosystem_id)
        attributes = {
            "email": email,
            "email_verified": "true",
            "custom:role": role,
            "custom:ecosystemId": ecosystem_id,
        }
        account = {"UserPoolId": self._pool_id, "Username": email}
        with _refusals():
            self._cognito.admin_create_user(
                **account,
                MessageAction="SUPPRESS",
                UserAttributes=[{"Name": key, "Value": text} for key, text in attributes.items()],
            )
            self._cognito.admin_set_user_password(**account, Password=PASSWORD, Permanent=True)
            answer = self._cognito.initiate_auth(
                ClientId=self._client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
            )
        token = answer["AuthenticationResult"]["IdToken"]
        return Person(name, ecosystem_id, role, email, token)

    def close(self) -> None:
        self._cognito.close()

    def _find(self, operation: str, wanted: str, **parameters: Any) -> str:
        """Return the first of what a JMESPath expression finds in what is listed."""
        pages = self._cognito.get_paginator(operation).paginate(**parameters)
        for found in pages.search(wanted):
            return str(found)
        raise NobodyToCast(f"Cognito's {operation} gives no {wanted}.")


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise NobodyToCast(f"The user pool cannot be used: {error}") from error


def _require_loopback(url: str) -> None:
    host = urlsplit(url).hostname or ""
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise NobodyToCast(
            f"{url} is no emulator on this machine. AWS_ENDPOINT_URL says where an emulator is."
        )
