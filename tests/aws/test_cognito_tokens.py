"""Which ID tokens are believed: of this pool, for this client, by its keys, at this time."""

import json

import pytest

from accounts import development_tokens
from accounts.callers import Identity
from accounts.entities import Role
from financial_api.kernel import clock
from financial_api.kernel.errors import InvalidToken, TokenExpired
from infra_backends.exceptions import BackendUnavailable
from tests.aws.signing import (
    ABSENT,
    ISSUER,
    Signer,
    backend_of,
    claims,
    encoded,
    key_server,
    signer,
    unsigned,
)
from tests.support.builders import MOMENT
from tests.support.clocks import SetClock


@pytest.fixture(scope="module")
def keys():
    with key_server() as keys:
        yield keys


@pytest.fixture(scope="module")
def backend(keys):
    return backend_of(keys)


@pytest.fixture
def now():
    """The seconds since 1970 at which the clock stands still."""
    with clock.installed(SetClock(MOMENT)):
        yield MOMENT.timestamp()


def refuse(backend, token):
    with pytest.raises(InvalidToken):
        backend.verify(token)


def test_a_good_token_says_who_bears_it(backend):
    assert backend.verify(signer().token(role="admin")) == Identity(
        subject="5f0c2b1e-93b4-4a7e-8a55-0d5f3e6b7a10",
        ecosystem_id="user-001",
        role=Role.ADMIN,
        email="user@test.com",
        email_verified=True,
        account="user@test.com",
    )


def test_without_a_role_the_bearer_is_a_user(backend):
    assert backend.verify(signer().token()).role is Role.USER


def test_an_email_may_be_absent_and_unverified(backend):
    identity = backend.verify(signer().token(email=ABSENT, email_verified=ABSENT))
    assert (identity.email, identity.email_verified) == (None, False)


def test_without_a_username_the_subject_names_the_account(backend):
    identity = backend.verify(signer().token(**{"cognito:username": ABSENT}))
    assert identity.account == identity.subject


def test_a_key_id_that_the_pool_does_not_know(backend):
    refuse(backend, Signer("strange").token())


def test_another_key_under_a_known_id(backend):
    refuse(backend, signer("key-2").as_if("key-1").token())


def test_no_key_id(backend):
    token = f"{unsigned({'alg': 'RS256'})}.{encoded(b'x' * 256)}"
    refuse(backend, token)


def test_another_issuer(backend):
    refuse(backend, signer().token(iss=ISSUER + "x"))


def test_another_audience(backend):
    refuse(backend, signer().token(aud="another-client"))


def test_several_audiences(backend):
    refuse(backend, signer().token(aud=[claims()["aud"]]))


def test_an_access_token(backend):
    refuse(backend, signer().token(token_use="access"))


def test_no_algorithm(backend):
    refuse(backend, f"{unsigned({'alg': 'none', 'kid': 'key-1'})}.")


def test_the_public_key_as_a_shared_secret(backend):
    refuse(backend, signer().token_of_shared_secret())


def test_a_signature_in_another_algorithm_of_the_same_key(backend):
    refuse(backend, signer().sign(json.dumps(claims()).encode(), alg="RS512"))


def test_a_changed_payload(backend):
    header, _, signature = signer().token().split(".")
    payload = encoded(json.dumps(claims(role="admin")).encode())
    refuse(backend, f"{header}.{payload}.{signature}")


def test_a_changed_signature(backend):
    signed, _, signature = signer().token().rpartition(".")
    refuse(backend, f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}")


def test_a_token_has_expired_after_some_leeway(backend, now):
    assert backend.verify(signer().token(exp=now - 29))
    with pytest.raises(TokenExpired):
        backend.verify(signer().token(exp=now - 30))


def test_a_token_is_refused_before_its_time_but_for_some_leeway(backend, now):
    assert backend.verify(signer().token(nbf=now + 30))
    refuse(backend, signer().token(nbf=now + 31))


def test_a_token_from_the_future_is_refused_but_for_some_leeway(backend, now):
    assert backend.verify(signer().token(iat=now + 30))
    refuse(backend, signer().token(iat=now + 31))


def test_an_expired_token_for_another_client_is_invalid_first_of_all(backend, now):
    refuse(backend, signer().token(exp=now - 3600, aud="another-client"))


@pytest.mark.parametrize(
    "name", ["sub", "iss", "aud", "token_use", "iat", "exp", "custom:ecosystemId"]
)
def test_a_token_without_a_claim_that_it_must_have(backend, name):
    refuse(backend, signer().token(**{name: ABSENT}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sub", ""),
        ("sub", "a b"),
        ("sub", "a\n"),
        ("sub", "\x00"),
        ("sub", "x" * 129),
        ("sub", 7),
        ("sub", None),
        ("ecosystem_id", ""),
        ("ecosystem_id", "a/b"),
        ("ecosystem_id", "user-001\n"),
        ("ecosystem_id", "x" * 129),
        ("ecosystem_id", 1),
        ("ecosystem_id", ["user-001"]),
        ("ecosystem_id", None),
        ("role", ""),
        ("role", "root"),
        ("role", "Admin"),
        ("role", ["admin"]),
        ("role", True),
        ("role", None),
        ("email", 5),
        ("email", None),
        ("email", {"a": "b"}),
        ("email", "a\x00@test.com"),
        ("email", "x" * 255),
        ("email_verified", "true"),
        ("email_verified", 1),
        ("cognito:username", 5),
        ("token_use", "ID"),
        ("token_use", ["id"]),
        ("exp", "4000000000"),
        ("exp", None),
        ("exp", True),
        ("exp", [4000000000]),
        ("iat", "1"),
        ("nbf", "1"),
        ("nbf", 10**400),
        ("iss", None),
        ("aud", None),
    ],
)
def test_a_claim_of_the_wrong_kind(backend, name, value):
    refuse(backend, signer().token(**{name: value}))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff",
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        json.dumps(claims()).encode()[:-1] + b',"deep":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        json.dumps(claims()).encode().replace(b"user-001", b"\\ud800"),
        json.dumps(claims()).encode()[:-1] + b',"exp":1e999}',
    ],
    ids=lambda payload: repr(payload[:12]),
)
def test_a_signed_payload_that_is_no_set_of_claims(backend, payload):
    refuse(backend, signer().sign(payload))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"alg":"RS256","kid":' + b"9" * 5000 + b"}",
        b'{"alg":"RS256","kid":["key-1"]}',
        b'{"alg":["RS256"],"kid":"key-1"}',
        b'{"kid":"key-1"}',
        b'{"alg":"RS256","kid":"key-1","crit":["exp"],"exp":1}',
        b'{"alg":"RS256","kid":"key-1","b64":false,"crit":["b64"]}',
    ],
    ids=lambda header: repr(header[:40]),
)
def test_a_header_that_is_none(backend, header):
    _, payload, signature = signer().token().split(".")
    refuse(backend, f"{encoded(header)}.{payload}.{signature}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b", "a.b.c", "!.!.!", "é.é.é", "\ud800", "a" * 1_000_000, "." * 9000],
    ids=lambda token: repr(token[:8]),
)
def test_what_is_no_token(backend, token):
    refuse(backend, token)


def test_a_huge_token_that_is_signed_is_read_for_what_it_says(backend):
    assert backend.verify(signer().token(note="x" * 1_000_000)).ecosystem_id == "user-001"


def test_a_development_token_is_refused(backend):
    refuse(backend, development_tokens.issue("user-001"))


def test_a_development_token_is_taken_where_they_are_switched_on(keys):
    backend = backend_of(keys, accept_development_tokens=True)
    identity = backend.verify(development_tokens.issue("user-001", "admin"))
    assert (identity.ecosystem_id, identity.role) == ("user-001", Role.ADMIN)
    assert backend.verify(signer().token()).account == "user@test.com"


def test_nobody_is_asked_whether_the_bearer_of_a_development_token_is_enabled(keys):
    backend = backend_of(keys, accept_development_tokens=True)
    assert backend.is_enabled(backend.verify(development_tokens.issue("user-001")))
    with pytest.raises(BackendUnavailable):
        backend.is_enabled(backend.verify(signer().token()))
    backend.close()
