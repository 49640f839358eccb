"""The services that provisioning uses, as boto3 finds them in the environment."""

import os
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from infra_backends.aws.names import Names

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 5, "mode": "standard"},
)


def names_here() -> Names:
    """Return the names under the prefix that the environment gives, AWS_PREFIX."""
    return Names(os.environ.get("AWS_PREFIX") or Names().prefix)


def region_here() -> str:
    """Return the region that the environment gives, as `settings.aws` reads it."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


class Clients:
    """One client for each service; at the end of a `with` block their connections are closed."""

    def __init__(self) -> None:
        session = boto3.Session(region_name=region_here())
        self.dynamodb: Any = session.client("dynamodb", config=_CONFIG)
        self.cognito: Any = session.client("cognito-idp", config=_CONFIG)
        self.events: Any = session.client("events", config=_CONFIG)
        self.sqs: Any = session.client("sqs", config=_CONFIG)
        self.ssm: Any = session.client("ssm", config=_CONFIG)
        self.sts: Any = session.client("sts", config=_CONFIG)

    @property
    def provisioned(self) -> tuple[Any, ...]:
        """The clients of the services in which something is made or deleted."""
        return self.dynamodb, self.cognito, self.events, self.sqs, self.ssm

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in (*self.provisioned, self.sts):
            client.close()
