"""The services that provisioning uses, as boto3 finds them in the environment."""

from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from financial_api.kernel.environment import InvalidSettings
from infra_backends.aws.access import missing_access
from infra_backends.aws.names import region_here

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 3, "mode": "standard"},
)


class Clients:
    """One client for each service; at the end of a `with` block their connections are closed.

    Raises InvalidSettings where the environment gives no region or no credentials.
    """

    def __init__(self) -> None:
        region = region_here()
        if lines := missing_access(region):
            raise InvalidSettings("\n".join(lines))
        session = boto3.Session(region_name=region)
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
