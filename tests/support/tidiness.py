"""Emulators that are named to a run: they are this machine's, and it leaves nothing on them."""

import functools
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest

from financial_api.kernel.loopback import is_loopback
from tests.support.emulators import ENDPOINT, NAMED, REGION, RUN, SERVICES, START_SECONDS


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a run whose prefix is no run's, or whose emulators are elsewhere or do not answer."""
    if hasattr(config, "workerinput"):
        return
    if not re.fullmatch("test[0-9a-f]{8}", RUN):
        raise pytest.UsageError(f"TEST_RUN is {RUN!r}, and not a run's prefix such as test1a2b3c4d")
    _require_loopback(NAMED)
    for name, url in NAMED.items():
        try:
            httpx.get(url, verify=False, trust_env=False, timeout=START_SECONDS)  # noqa: S501
        except (httpx.RequestError, httpx.InvalidURL):
            raise pytest.UsageError(f"{name}: nobody answers at {url}") from None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Have a run that was not refused tidy up at its end."""
    if not hasattr(session.config, "workerinput"):  # all other processes will have ended
        session.config.add_cleanup(functools.partial(leave_nothing, NAMED))


def leave_nothing(named: Mapping[str, str]) -> None:
    """Delete all whose name is of this run, on the emulators that boto3's variables name.

    Raises UsageError, and calls none, if one is not on this machine's loopback.
    """
    _require_loopback(named)
    for service, remove in REMOVALS.items():
        # A stack makes tables where CloudFormation is, wherever else DynamoDB may be.
        for url in {named.get(ENDPOINT), named.get(f"{ENDPOINT}_{SERVICES[service]}")} - {None}:
            with closing(boto3.client(service, region_name=REGION, endpoint_url=url)) as client:
                remove(client)


def _require_loopback(named: Mapping[str, str]) -> None:
    for name, url in named.items():
        if not is_loopback(urlsplit(url).hostname or ""):
            raise pytest.UsageError(f"{name} is {url}, and not on this machine's loopback")


def _stacks(cloudformation: Any) -> None:
    for stack in _found(cloudformation, "describe_stacks", "Stacks"):
        if stack["StackName"].startswith(RUN):
            cloudformation.delete_stack(StackName=stack["StackName"])
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack["StackName"], WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
            )


def _tables(dynamodb: Any) -> None:
    for name in _found(dynamodb, "list_tables", "TableNames"):
        if name.startswith(RUN):
            dynamodb.delete_table(TableName=name)


def _queues(sqs: Any) -> None:
    for url in _found(sqs, "list_queues", "QueueUrls", QueueNamePrefix=RUN):
        sqs.delete_queue(QueueUrl=url)


def _buses(events: Any) -> None:
    for bus in events.list_event_buses(NamePrefix=RUN)["EventBuses"]:
        name = bus["Name"]
        for rule in events.list_rules(EventBusName=name)["Rules"]:
            where = {"Rule": rule["Name"], "EventBusName": name}
            targets = events.list_targets_by_rule(**where)["Targets"]
            if targets:
                events.remove_targets(**where, Ids=[target["Id"] for target in targets])
            events.delete_rule(Name=rule["Name"], EventBusName=name)
        events.delete_event_bus(Name=name)


def _pools(cognito: Any) -> None:
    for pool in _found(cognito, "list_user_pools", "UserPools", MaxResults=60):
        if pool["Name"].startswith(RUN):
            cognito.delete_user_pool(UserPoolId=pool["Id"])


def _parameters(ssm: Any) -> None:
    for parameter in _found(ssm, "describe_parameters", "Parameters"):
        if parameter["Name"].startswith(f"/{RUN}"):
            ssm.delete_parameter(Name=parameter["Name"])


def _found(client: Any, operation: str, what: str, **asked: Any) -> list[Any]:
    """Return all that is listed, before any of it is deleted."""
    pages = client.get_paginator(operation).paginate(**asked)
    return [found for page in pages for found in page.get(what, ())]


REMOVALS = {
    "cloudformation": _stacks,
    "dynamodb": _tables,
    "sqs": _queues,
    "events": _buses,
    "cognito-idp": _pools,
    "ssm": _parameters,
}
