"""DynamoDB's protocol for the operations that the service calls, at about half of boto3's CPU.

What is sent and what comes back is encoded and decoded by msgspec. All else is a boto3 client's
own: its credentials, asked for at every call, where its endpoint is, the signature, the
connections, and what an error is called.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.endpoint import convert_to_response_dict

from infra_backends.aws.answers import HTTP_ERROR

MOST_TARGETS = 64
"""Kept by operation and account: one account's four operations, until credentials are another's."""

_NO_ARN: Mapping[str, Any] = {"RequestItems": {}, "TransactItems": []}
"""Parameters by which no table has an account of its own: all are called by their names."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Where an operation goes and as what: all of a request but its body and signature."""

    url: str
    headers: Mapping[str, str]
    signing: Mapping[str, str]


@dataclass(slots=True)
class _Request:
    """What botocore's signer needs of a request."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


class DynamoDBClient:
    """Four operations of a boto3 client, called and answered as they are by that client.

    They raise what it raises, and NoAnswer. `meta` and `close` are the client's.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.meta = client.meta
        self.close = client.close
        self._signer = client._request_signer
        self._http = client._endpoint.http_session
        self._target = functools.lru_cache(MOST_TARGETS)(self._find_target)

    def batch_get_item(self, **parameters: Any) -> Any:
        return self._call("BatchGetItem", parameters)

    def query(self, **parameters: Any) -> Any:
        return self._call("Query", parameters)

    def scan(self, **parameters: Any) -> Any:
        return self._call("Scan", parameters)

    def transact_write_items(self, **parameters: Any) -> Any:
        return self._call("TransactWriteItems", parameters)

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        response = self._http.send(self._signed(operation, _encode(parameters)))
        if response.status_code >= HTTP_ERROR:
            raise self._error(operation, response)
        return response.answer

    def _signed(self, operation: str, body: bytes) -> AWSPreparedRequest:
        target = self._target(operation, self._account())
        request = _Request(target.url, dict(target.headers), body)
        self._signer.get_auth_instance(**target.signing).add_auth(request)
        headers = {name: value.encode() for name, value in request.headers.items()}
        headers["Content-Length"] = b"%d" % len(body)
        return AWSPreparedRequest(request.method, request.url, headers, body, stream_output=False)

    def _account(self) -> str | None:
        """Return the account of the credentials as they are now; it may have its own endpoint."""
        account: str | None = self._signer._credentials.get_frozen_credentials().account_id
        return account

    def _find_target(self, operation: str, account: str | None) -> _Target:
        """Have the client say where an operation goes; the account is that of its credentials."""
        client, signer = self._client, self._signer
        context: dict[str, Any] = {}
        model = self.meta.service_model.operation_model(operation)
        endpoint, headers, _ = client._resolve_endpoint_ruleset(model, _NO_ARN, context)
        request = client._convert_to_request_dict({}, model, endpoint, context, headers)
        signing = context.get("signing", {})
        return _Target(
            url=request["url"],
            headers=request["headers"],
            signing={
                "signing_name": signing.get("signing_name", signer.signing_name),
                "region_name": signing.get("region", signer.region_name),
                "signature_version": context.get("auth_type") or signer.signature_version,
            },
        )

    def _error(self, operation: str, response: AWSResponse) -> Exception:
        """Return an error as the client would raise it."""
        model = self.meta.service_model.operation_model(operation)
        endpoint = self._client._endpoint
        parser = endpoint._response_parser_factory.create_parser(
            model.service_model.resolved_protocol
        )
        answer = convert_to_response_dict(response, model)
        parsed = parser.parse(answer, model.output_shape)
        endpoint._add_modeled_error_fields(answer, parsed, model, parser)
        error: type[Exception] = self._client.exceptions.from_code(
            parsed.get("Error", {}).get("Code")
        )
        return error(parsed, operation)


_encode = msgspec.json.Encoder().encode
