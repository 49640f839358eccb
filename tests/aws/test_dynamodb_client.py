"""The lean client beside boto3's: the same on the wire, the same answers and the same errors."""

import base64
import contextlib
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from infra_backends.aws import answers
from infra_backends.aws.access import session
from infra_backends.aws.answers import NoAnswer
from infra_backends.aws.breaker import FAILURES
from infra_backends.aws.service import Service
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.dynamodb.client import DynamoDBClient
from tests.support.aws_requests import Send, answer_to, intercepted
from tests.support.emulators import CREDENTIALS, REGION

EVERY_KIND: dict[str, Any] = {
    "S": {"S": "a \u2603"},
    "N": {"N": "12.50"},
    "B": {"B": b"\x00\xff"},
    "SS": {"SS": ["a", "b"]},
    "NS": {"NS": ["1", "2"]},
    "BS": {"BS": [b"a", b"\xfe"]},
    "M": {"M": {"inner": {"L": [{"BOOL": True}, {"NULL": True}, {"B": b"deep"}]}}},
    "L": {"L": []},
}
KEY = {"cardId": {"S": "a-card"}}
PUT = {
    "Put": {
        "TableName": "acme-cards",
        "Item": EVERY_KIND,
        "ConditionExpression": "#version = :0",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":0": {"N": "3"}},
    }
}
CALLS: dict[str, dict[str, Any]] = {
    "batch_get_item": {"RequestItems": {"acme-cards": {"Keys": [KEY], "ConsistentRead": True}}},
    "query": {
        "TableName": "acme-cards",
        "KeyConditionExpression": "#id = :0",
        "ExpressionAttributeNames": {"#id": "id"},
        "ExpressionAttributeValues": {":0": {"B": b"\x01"}},
        "ScanIndexForward": False,
        "Limit": 3,
        "ExclusiveStartKey": KEY,
    },
    "scan": {"TableName": "acme-cards", "ConsistentRead": True},
    "transact_write_items": {
        "TransactItems": [PUT, {"Delete": {"TableName": "acme-users", "Key": KEY}}],
        "ClientRequestToken": "0197a0f4-0000-7000-8000-000000000000",
    },
}
ANSWERS: list[tuple[str, Any]] = [
    ("batch_get_item", {"Responses": {"acme-cards": [EVERY_KIND]}, "UnprocessedKeys": {}}),
    (
        "batch_get_item",
        {
            "Responses": {},
            "UnprocessedKeys": {"acme-cards": {"Keys": [KEY], "ConsistentRead": True}},
        },
    ),
    ("query", {"Items": [EVERY_KIND], "Count": 1, "ScannedCount": 7, "LastEvaluatedKey": KEY}),
    ("query", {"Items": [], "Count": 0, "ScannedCount": 0}),
    ("scan", {"Items": [KEY, KEY], "Count": 2, "ScannedCount": 2, "OfAVersionToCome": 1}),
    ("transact_write_items", {"ConsumedCapacity": []}),
]
REFUSALS: list[tuple[int, Any]] = [
    (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons [None, …]",
            "CancellationReasons": [
                {"Code": "None"},
                {"Code": "ConditionalCheckFailed", "Message": "failed", "Item": EVERY_KIND},
            ],
        },
    ),
    (400, {"__type": "com.amazon.coral.validate#ValidationException", "message": "too long"}),
    (400, {"__type": "IdempotentParameterMismatchException", "Message": "another"}),
    (400, {"__type": "an.unheard.of#Exception"}),
    (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "…"}),
    (503, {"__type": "ServiceUnavailable"}),
]
OF_SOMETHING_BETWEEN: list[tuple[int, bytes]] = [
    (503, b"<html><body>Service Unavailable</body></html>"),
    (502, b""),
    (403, b"<html>Forbidden</html>"),
    (404, b"{}"),
    (400, b'{"message": "Forbidden"}'),
    (400, b"[]"),
    (400, b'{"__type": 5}'),
    (400, b"\xff\xfe"),
    (302, b""),
]
OF_EACH_CALL = {"Authorization", "X-Amz-Date", "amz-sdk-invocation-id", "amz-sdk-request"}
"""What differs from call to call; the last two only count boto3's own retries."""


def encoded(content: Any) -> bytes:
    """Return the JSON that DynamoDB has, with bytes as base64."""
    if isinstance(content, bytes):
        return content
    return json.dumps(content, default=lambda value: base64.b64encode(value).decode()).encode()


@contextlib.contextmanager
def answered(content: Any, status: int = 200, **headers: str) -> Iterator[list[AWSPreparedRequest]]:
    """Have every call answered so; yield what was sent."""
    sent: list[AWSPreparedRequest] = []

    def answer(_: Send, __: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        sent.append(request)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer_to(request, status, encoded(content), named)

    with intercepted(answer):
        yield sent


@pytest.fixture
def clients() -> Iterator[Callable[..., tuple[Any, DynamoDBClient]]]:
    """Make both clients: boto3's, and the lean one over another of boto3's.

    Their credentials are those of a process that begins now.
    """
    session.cache_clear()
    with contextlib.ExitStack() as opened:
        opened.callback(session.cache_clear)

        def make(**options: Any) -> tuple[Any, DynamoDBClient]:
            both = [
                opened.enter_context(contextlib.closing(service.client()))
                for service in (
                    Service("dynamodb", region=REGION, **options),
                    Service("dynamodb", region=REGION, calling=DynamoDBClient, **options),
                )
            ]
            return both[0], both[1]

        yield make


def sent_by(client: Any, operation: str) -> AWSPreparedRequest:
    answer = next(answer for called, answer in ANSWERS if called == operation)
    with answered(answer) as sent:
        getattr(client, operation)(**CALLS[operation])
    (request,) = sent
    return request


def headers_of(request: AWSPreparedRequest) -> dict[str, bytes]:
    return {
        name.lower(): value if isinstance(value, bytes) else value.encode()
        for name, value in request.headers.items()
        if name not in OF_EACH_CALL
    }


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4566", "https://proxy.test/aws/"])
@pytest.mark.parametrize("operation", CALLS)
def test_a_request_is_what_boto3_sends(clients, operation, endpoint):
    expected, request = (sent_by(c, operation) for c in clients(endpoint_url=endpoint))

    assert (request.method, request.url) == (expected.method, expected.url)
    assert json.loads(request.body) == json.loads(expected.body)
    lengths = {"content-length": str(len(request.body)).encode()}
    assert headers_of(request) == headers_of(expected) | lengths


def test_a_signature_is_what_boto3_makes_of_the_same_request(clients):
    _, lean = clients()
    request = sent_by(lean, "query")
    scope, names, signature = request.headers["Authorization"].decode().split(", ")
    signer = boto3.session.Session()._session.get_credentials()

    assert scope.startswith(f"AWS4-HMAC-SHA256 Credential={signer.access_key}/")
    assert scope.endswith(f"/{REGION}/dynamodb/aws4_request")
    assert names == "SignedHeaders=content-type;host;x-amz-date;x-amz-target"
    assert len(signature.removeprefix("Signature=")) == 64


@pytest.mark.parametrize(("operation", "answer"), ANSWERS)
def test_an_answer_is_what_boto3_makes_of_it(clients, operation, answer):
    boto3_client, lean = clients()
    with answered(answer, x_amz_crc32=str(zlib.crc32(encoded(answer)))):
        expected = getattr(boto3_client, operation)(**CALLS[operation])
        found = getattr(lean, operation)(**CALLS[operation])

    del expected["ResponseMetadata"]
    assert found == expected


@pytest.mark.parametrize(("status", "answer"), REFUSALS)
def test_an_error_is_what_boto3_raises(clients, status, answer):
    raised: list[ClientError] = []
    for client in clients():
        with answered(answer, status), pytest.raises(ClientError) as caught:
            client.transact_write_items(**CALLS["transact_write_items"])
        raised.append(caught.value)

    expected, error = raised
    assert type(error).__name__ == type(expected).__name__
    for count in ("RetryAttempts", "MaxAttemptsReached"):
        expected.response["ResponseMetadata"].pop(count, None)
    assert error.response == expected.response
    assert str(error) == str(expected).replace(" (reached max retries: 0)", "")


@pytest.mark.parametrize(("status", "answer"), OF_SOMETHING_BETWEEN)
def test_an_error_that_is_not_dynamodbs_is_no_answer(clients, status, answer):
    for client in clients():
        with answered(answer, status), pytest.raises(NoAnswer):
            client.transact_write_items(**CALLS["transact_write_items"])


@pytest.mark.parametrize("content", [b"", b"<html>Welcome</html>", b"[]", b"null", b'"{}"', b"{}"])
@pytest.mark.parametrize("operation", CALLS)
def test_a_success_that_is_not_dynamodbs_is_none(clients, operation, content):
    for client in clients():
        with answered(content), pytest.raises(NoAnswer):
            getattr(client, operation)(**CALLS[operation])


@pytest.mark.parametrize(
    ("operation", "content"),
    [
        ("batch_get_item", {}),
        ("batch_get_item", {"UnprocessedKeys": {}}),
        ("batch_get_item", {"Responses": {"acme-cards": [{"cardId": "a-card"}]}}),
        ("query", {"Count": 0}),
        ("scan", {"Items": {}}),
        ("batch_get_item", {"Responses": {"acme-cards": []}}),
        ("batch_get_item", {"Responses": [], "UnprocessedKeys": {}}),
        ("query", {"Items": []}),
        ("query", {"Items": [], "Count": "0", "ScannedCount": 0}),
        ("scan", {"Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": "a-card"}),
        ("transact_write_items", {"ConsumedCapacity": {}}),
    ],
)
def test_half_of_an_answer_is_none(clients, operation, content):
    for client in clients():
        with answered(content), pytest.raises(NoAnswer):
            getattr(client, operation)(**CALLS[operation])


@pytest.mark.parametrize("operation", CALLS)
def test_what_is_no_answer_is_tried_again_and_then_away(operation):
    service = Service("dynamodb", region=REGION, calling=DynamoDBClient)
    with (
        contextlib.closing(service),
        answered(b"<html>Welcome</html>") as sent,
        pytest.raises(BackendUnavailable, match="NoAnswer"),
    ):
        service.call(operation, **CALLS[operation])
    assert len(sent) == FAILURES


def test_both_clients_know_an_answer_that_was_damaged_or_cut_on_its_way(clients):
    content = {"Items": [KEY], "Count": 1, "ScannedCount": 1}
    for client in clients():
        for checksum in ("1", "none"):
            with answered(content, x_amz_crc32=checksum), pytest.raises(NoAnswer):
                client.scan(TableName="acme-cards")
        with answered(content, Content_Length="99999"), pytest.raises(NoAnswer):
            client.scan(TableName="acme-cards")


def test_credentials_are_read_at_every_call(clients, monkeypatch):
    _, lean = clients()
    keys = iter(["first", "second"])
    credentials = lean._signer._credentials
    frozen = credentials.get_frozen_credentials()
    monkeypatch.setattr(
        credentials,
        "get_frozen_credentials",
        lambda: frozen._replace(access_key=key, token=f"token-of-{key}"),
    )

    for key in keys:
        headers = sent_by(lean, "scan").headers
        assert f"Credential={key}/" in headers["Authorization"].decode()
        assert headers["X-Amz-Security-Token"] == f"token-of-{key}".encode()


def test_an_account_has_its_own_endpoint_as_with_boto3(clients, monkeypatch):
    monkeypatch.setenv("AWS_ACCOUNT_ID", "123456789012")
    expected, request = (sent_by(client, "batch_get_item") for client in clients())

    assert request.url == expected.url == f"https://123456789012.ddb.{REGION}.amazonaws.com/"


def test_without_credentials_nothing_is_sent(clients, monkeypatch):
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    _, lean = clients()
    with answered({}) as sent, pytest.raises(BackendUnavailable, match="NoCredentialsError"):
        lean.scan(TableName="acme-cards")
    assert sent == []


def test_every_answers_field_is_in_botocores_model():
    model = boto3.client("dynamodb", region_name=REGION).meta.service_model
    shapes = ["AttributeValue", "BatchGetItemOutput", "QueryOutput"]
    for shape in [*shapes, "TransactWriteItemsOutput"]:
        known = set(model.shape_for(shape).members)
        assert set(getattr(answers, shape).__annotations__) <= known
    assert set(answers.AttributeValue.__annotations__) == set(
        model.shape_for("AttributeValue").members
    )
