"""What a request to AWS needs permission for: IAM's actions, each on a resource's ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.support.emulators import REGION

ACCOUNT = "000000000000"
EVERYTHING = "*"

Need = tuple[str, str]
"""An action and the ARN that it is on."""

FREE = {"sts:GetCallerIdentity"}
"""What nobody needs a permission for."""

_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[a-z-]+)/aws4_request")
_WRITES = {
    "Put": "PutItem",
    "Delete": "DeleteItem",
    "Update": "UpdateItem",
    "ConditionCheck": "ConditionCheckItem",
}
_WITHOUT_RESOURCE = {"ListUserPools", "CreateUserPool", "ListQueues"}


def needs(headers: Mapping[str, str], body: bytes) -> set[Need]:
    """Return what a request needs; nothing for one without a signature, as for a pool's keys."""
    scope = _SCOPE.search(headers.get("Authorization", ""))
    if scope is None:
        return set()
    service = scope["service"]
    operation, request = _read(headers, body)
    if f"{service}:{operation}" in FREE:
        return set()
    if operation in _WITHOUT_RESOURCE:
        return {(f"{service}:{operation}", EVERYTHING)}
    found = set(_OF_SERVICE[service](operation, request))
    assert found, f"{service} {operation} {request}"
    return {(f"{service}:{action}", arn(service, resource)) for action, resource in found}


def arn(service: str, resource: str) -> str:
    if resource.startswith("arn:"):
        return resource
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _read(headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """Return an operation and its parameters, of the JSON protocol or of the query protocol."""
    if target := headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(body)
    parameters = dict(parse_qsl(body.decode()))
    return parameters.pop("Action"), parameters


def _dynamodb(operation: str, request: dict[str, Any]) -> Iterator[Need]:
    for item in request.get("TransactItems", ()):
        for kind, write in item.items():
            yield _WRITES[kind], f"table/{write['TableName']}"
    for name in request.get("RequestItems", ()):
        yield operation, f"table/{name}"
    if "IndexName" in request:
        yield operation, f"table/{request['TableName']}/index/{request['IndexName']}"
    elif "TableName" in request:
        yield operation, f"table/{request['TableName']}"


def _sqs(operation: str, request: dict[str, Any]) -> Iterator[Need]:
    name = request.get("QueueName") or request["QueueUrl"].rpartition("/")[2]
    yield operation.removesuffix("Batch"), name


def _events(operation: str, request: dict[str, Any]) -> Iterator[Need]:
    for entry in request.get("Entries", ()):
        yield operation, _bus(entry["EventBusName"])
    if rule := request.get("Rule") or ("EventBusName" in request and request["Name"]):
        yield operation, f"rule/{request['EventBusName']}/{rule}"
    elif "Name" in request:
        yield operation, _bus(request["Name"])


def _bus(name: str) -> str:
    return name if name.startswith("arn:") else f"event-bus/{name}"


def _ssm(operation: str, request: dict[str, Any]) -> Iterator[Need]:
    for name in request.get("Names") or [request.get("Path") or request["Name"]]:
        yield operation, f"parameter{name}"


def _cognito(operation: str, request: dict[str, Any]) -> Iterator[Need]:
    yield operation, f"userpool/{request['UserPoolId']}"


_OF_SERVICE = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "events": _events,
    "ssm": _ssm,
    "cognito-idp": _cognito,
}
