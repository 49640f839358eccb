"""Who is let in: the Authorization header and the token in it."""

import base64
import json
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from accounts.development_tokens import issue
from tests.support.api import Api, Customer, error_of, expect
from tests.support.document import filled, operations
from tests.support.servers import RunningServer

WHOAMI = "/v1/users"


def a_token(payload: bytes) -> str:
    return f"mock.{base64.urlsafe_b64encode(payload).decode()}.signature"


def of_claims(**claims: Any) -> str:
    return a_token(json.dumps(claims).encode())


def sign_in(api: Api, authorization: str | bytes) -> Any:
    return api.post(WHOAMI, {}, key="", headers={"Authorization": authorization})


MALFORMED = {
    "empty": "",
    "a scheme alone": "Bearer",
    "basic": "Basic dXNlcjpwYXNzd29yZA==",
    "another scheme": f"Token {issue('somebody')}",
    "no scheme": issue("somebody"),
    "two tokens": f"Bearer {issue('somebody')} {issue('somebody')}",
    "a comma": f"Bearer {issue('somebody')},{issue('somebody')}",
    "not ASCII": b"Bearer mock.\xc3\xa9\xff.x",
}
UNVERIFIABLE = {
    "garbage": "garbage",
    "an unsigned JWT": "eyJhbGciOiJub25lIn0.eyJlY29zeXN0ZW1JZCI6InNvbWVib2R5In0.",
    "a prefix alone": "mock.",
    "two parts": "mock.e30",
    "four parts": f"{of_claims(ecosystemId='somebody')}.more",
    "an upper-case prefix": f"MOCK{issue('somebody')[4:]}",
    "not base64": "mock.!!!!.x",
    "nothing inside": "mock..x",
    "not UTF-8": a_token(b'{"ecosystemId": "\xff\xfe"}'),
    "not JSON": a_token(b"somebody"),
    "no object": a_token(b'["somebody"]'),
    "null": a_token(b"null"),
    "deeply nested": a_token(b"[" * 5000),
    "too long to be one": f"mock.{'A' * 9000}.x",
}
BAD_CLAIMS = {
    "no ecosystemId": {},
    "a number": {"ecosystemId": 7},
    "null": {"ecosystemId": None},
    "empty": {"ecosystemId": ""},
    "too long": {"ecosystemId": "a" * 129},
    "a space": {"ecosystemId": "some body"},
    "a slash": {"ecosystemId": "some/body"},
    "a line break": {"ecosystemId": "somebody\n"},
    "a letter of another script": {"ecosystemId": "s\u043emebody"},
    "a digit of another script": {"ecosystemId": "user-\u0661"},
    "an accent": {"ecosystemId": "caf\u00e9"},
    "an unknown role": {"ecosystemId": "somebody", "role": "superuser"},
    "a role in capitals": {"ecosystemId": "somebody", "role": "ADMIN"},
    "a role that is a list": {"ecosystemId": "somebody", "role": ["admin"]},
    "an expiry that is text": {"ecosystemId": "somebody", "exp": "tomorrow"},
}


def test_a_request_without_a_token_is_refused_with_a_challenge(anyone: Api) -> None:
    answer = anyone.post(WHOAMI, {}, key="")

    error_of(answer, 401, "INVALID_TOKEN")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_header_is_refused(anyone: Api, authorization: str | bytes) -> None:
    answer = sign_in(anyone, authorization)

    error_of(answer, 401, "INVALID_TOKEN")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", UNVERIFIABLE.values(), ids=UNVERIFIABLE)
def test_a_token_that_proves_nothing_is_refused(anyone: Api, token: str) -> None:
    error_of(sign_in(anyone, f"Bearer {token}"), 401, "INVALID_TOKEN")


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_a_token_of_nobody_in_particular_is_refused(anyone: Api, claims: dict[str, Any]) -> None:
    error_of(sign_in(anyone, f"Bearer {of_claims(**claims)}"), 401, "INVALID_TOKEN")


def test_an_expired_token_is_refused_as_such(anyone: Api) -> None:
    token = of_claims(ecosystemId="somebody", exp=int(time.time()) - 1)

    answer = sign_in(anyone, f"Bearer {token}")

    error_of(answer, 401, "TOKEN_EXPIRED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_that_has_yet_to_expire_is_accepted(anyone: Api, customer: Customer) -> None:
    token = of_claims(ecosystemId=customer.ecosystem_id, exp=int(time.time()) + 60)

    user = expect(sign_in(anyone, f"Bearer {token}"), 201)["user"]

    assert user["ecosystemId"] == customer.ecosystem_id


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False], ids=["padded", "bare"])
def test_any_form_of_base64_is_read(
    anyone: Api, customer: Customer, encode: Callable[[bytes], bytes], padded: bool
) -> None:
    claims = {"ecosystemId": customer.ecosystem_id, "email": "ÿ?>~@example.com"}
    text = encode(json.dumps(claims, ensure_ascii=False).encode()).decode()
    assert set(text) & set("+/-_"), "the token must tell the two alphabets apart"

    answer = sign_in(anyone, f"Bearer mock.{text if padded else text.rstrip('=')}.anything")

    assert expect(answer, 201)["user"]["ecosystemId"] == customer.ecosystem_id


@pytest.mark.parametrize("characters", ["Az09_-.:@", "x" * 116], ids=["all kinds", "the longest"])
def test_every_ecosystem_id_of_the_contract_is_accepted(
    new_customer: Callable[..., Customer], customer: Customer, characters: str
) -> None:
    ecosystem_id = f"{customer.ecosystem_id[-12:]}{characters}"

    user = new_customer(ecosystem_id).register()

    assert user["ecosystemId"] == ecosystem_id
    assert user["email"] == f"{ecosystem_id}@test.local"


def test_a_token_without_a_role_is_a_users(anyone: Api, customer: Customer) -> None:
    token = of_claims(ecosystemId=customer.ecosystem_id)

    user = expect(sign_in(anyone, f"Bearer {token}"), 201)["user"]

    assert user["role"] == "user"


def test_every_operation_refuses_one_without_a_token(server: RunningServer) -> None:
    refused = {}
    for method, path in operations("/v1/"):
        with closing(Api(server.url)) as anyone:  # one who fails this often is told to wait
            refused[method, path] = anyone.call(method, filled(path))

    assert len(refused) >= 24
    for operation, answer in refused.items():
        assert error_of(answer, 401, "INVALID_TOKEN"), operation


def test_a_refusal_does_not_repeat_the_token(anyone: Api) -> None:
    token = "mock.c2VjcmV0LXRva2Vu.secret-signature"

    answer = sign_in(anyone, f"Bearer {token}")

    assert "secret" not in answer.text
    assert "c2VjcmV0" not in answer.text
