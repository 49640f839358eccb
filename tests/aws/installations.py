"""Installations of the service on the emulator, each under a prefix that no other test has."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from django.core.management import call_command

from infra_backends.aws.names import Names
from infra_backends.aws.provisioning import provision, reset
from infra_backends.aws.provisioning.changes import Change, Outcome
from infra_backends.aws.provisioning.clients import Clients
from tests.support.emulators import REGION, Emulator, new_name


@dataclass(frozen=True, slots=True)
class Installation:
    clients: Clients
    names: Names

    def provision(self) -> list[Change]:
        return list(provision(self.clients, self.names, with_development_users=True))

    def reset(self) -> list[Change]:
        return list(reset(self.clients, self.names))

    def table(self, name: str) -> str:
        return self.names.prefix + name

    def queue_url(self, name: str) -> str:
        return self.clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def parameter(self, path: str) -> str:
        name = self.names.parameters + path
        return self.clients.ssm.get_parameter(Name=name)["Parameter"]["Value"]

    def stack(self) -> None:
        """Have CloudFormation make what the template says."""
        printed = io.StringIO()
        call_command("aws_template", stdout=printed)
        name = f"{self.names.prefix}stack"
        with contextlib.closing(boto3.client("cloudformation", region_name=REGION)) as client:
            client.create_stack(StackName=name, TemplateBody=printed.getvalue())
            client.get_waiter("stack_create_complete").wait(
                StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
            )

    @property
    def pool_id(self) -> str:
        return self.parameter("cognito/userPoolId")

    @property
    def client_id(self) -> str:
        return self.parameter("cognito/clientId")


@contextlib.contextmanager
def installation(aws: Emulator) -> Iterator[Installation]:
    """Give an installation of which nothing exists yet; processes find it in the environment."""
    prefix = new_name("-")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (aws.environment | {"AWS_PREFIX": prefix}).items():
            patch.setenv(name, value)
        with Clients() as clients:
            yield Installation(clients, Names(prefix))


def altered(changes: list[Change]) -> dict[str, tuple[str, ...]]:
    """Return what was not left as it was: each resource's name with the details."""
    return {
        change.name: change.details for change in changes if change.outcome is not Outcome.UNCHANGED
    }
