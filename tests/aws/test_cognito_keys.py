"""The pool's keys: fetched when needed, seldom, and kept for a day when nobody serves them."""

import time

import pytest

from financial_api.kernel import clock, deadline
from financial_api.kernel.errors import InvalidToken
from infra_backends import retries
from infra_backends.exceptions import BackendUnavailable
from infra_backends.identity.cognito import Backend
from infra_backends.identity.cognito import backend as backend_module
from infra_backends.identity.cognito.keys import Keys
from tests.aws.signing import CLIENT_ID, POOL_ID, backend_of, key_server, signer
from tests.support.api import eventually
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.emulators import REGION
from tests.support.threads import Together

MOST_SECONDS = 4.0
FROZEN_SECONDS = 2.0
"""What it takes at the least to find out that nobody answers."""
THREADS = 16


@pytest.fixture
def keys():
    with key_server() as keys:
        yield keys


@pytest.fixture
def backend(keys):
    """A backend of those keys, which ends when no thread asks for them any more."""
    backend = backend_of(keys)
    yield backend
    eventually(lambda: not is_asking(backend))


@pytest.fixture
def hours():
    """A clock on which time passes only when the test says so."""
    with clock.installed(ElapsingClock(MOMENT)) as hours:
        yield hours


def at_once(backend, token):
    """Verify a token in many threads, as in requests; return what each was told."""

    def verify():
        try:
            with deadline.within(deadline.REQUEST_SECONDS):
                return backend.verify(token).ecosystem_id
        except (InvalidToken, BackendUnavailable) as error:
            return type(error)

    return set(Together(lambda: None).run([verify] * THREADS))


def is_asking(backend):
    return any(keys._sets._threads for keys in backend._keys.values())


def test_the_keys_are_fetched_when_the_first_token_comes_and_then_kept(keys, backend):
    assert keys.requests == 0
    for _ in range(3):
        backend.verify(signer().token())
    assert keys.requests == 1


def test_many_threads_fetch_them_once(keys, backend):
    assert at_once(backend, signer().token()) == {"user-001"}
    assert keys.requests == 1


def test_a_new_key_is_fetched_by_one_of_many_threads(keys, backend, hours):
    backend.verify(signer("key-1").token())
    keys.serve(signer("key-1"), signer("key-2"))
    hours.move(seconds=5)
    assert at_once(backend, signer("key-2").token()) == {"user-001"}
    assert keys.requests == 2
    assert backend.verify(signer("key-1").token())


def test_unknown_keys_are_not_asked_for_more_than_once_in_five_seconds(keys, backend, hours):
    backend.verify(signer().token())
    assert at_once(backend, signer("key-2").token()) == {InvalidToken}
    hours.move(seconds=4.9)
    assert at_once(backend, signer("key-3").token()) == {InvalidToken}
    assert keys.requests == 1
    hours.move(seconds=0.1)
    assert at_once(backend, signer("key-2").token()) == {InvalidToken}
    assert keys.requests == 2


def test_a_key_that_the_pool_gave_up_is_forgotten_with_time(keys, backend, hours):
    old = signer("key-1").token()
    backend.verify(old)
    keys.serve(signer("key-2"))
    hours.move(seconds=599)
    assert backend.verify(old)
    hours.move(seconds=1)
    assert backend.verify(old)
    eventually(lambda: keys.requests == 2 and not is_asking(backend))
    with pytest.raises(InvalidToken):
        backend.verify(old)


def test_without_any_key_nobody_can_be_verified(keys, backend):
    keys.go_away()
    with pytest.raises(BackendUnavailable):
        backend.verify(signer().token())


def test_keys_that_were_fetched_go_on_serving_for_a_day(keys, backend, hours):
    backend.verify(signer().token())
    keys.go_away()
    for _ in range(3):
        hours.move(hours=7.9)
        assert backend.verify(signer().token())
        eventually(lambda: not is_asking(backend))
    hours.move(hours=0.3)
    with pytest.raises(BackendUnavailable):
        backend.verify(signer().token())


def test_whether_a_key_is_unknown_cannot_be_told_while_nobody_serves_them(keys, backend, hours):
    backend.verify(signer().token())
    keys.go_away()
    hours.move(seconds=5)
    assert at_once(backend, signer("key-2").token()) == {BackendUnavailable}
    hours.move(seconds=1)
    assert at_once(backend, signer("key-2").token()) == {BackendUnavailable}
    assert at_once(backend, signer("key-1").token()) == {"user-001"}


def test_keys_that_come_back_are_fetched_after_a_second(keys, backend, hours):
    keys.status = 500
    assert at_once(backend, signer().token()) == {BackendUnavailable}
    keys.status = 200
    hours.move(seconds=0.9)
    assert at_once(backend, signer().token()) == {BackendUnavailable}
    assert keys.requests == 1
    hours.move(seconds=0.1)
    assert at_once(backend, signer().token()) == {"user-001"}
    assert keys.requests == 2


def test_a_frozen_key_endpoint_holds_nobody_up_for_long(keys, backend):
    keys.freeze()
    began_at = time.monotonic()
    assert at_once(backend, signer().token()) == {BackendUnavailable}
    assert FROZEN_SECONDS <= time.monotonic() - began_at < MOST_SECONDS
    assert 2 <= keys.requests <= MOST_SECONDS


def test_who_has_a_known_key_does_not_wait_for_a_frozen_key_endpoint(
    keys, backend, hours, monkeypatch
):
    monkeypatch.setattr(retries, "MOST_TRIES", 2)
    backend.verify(signer().token())
    keys.freeze()
    hours.move(hours=1)
    began_at = time.monotonic()
    assert at_once(backend, signer().token()) == {"user-001"}
    assert time.monotonic() - began_at < FROZEN_SECONDS
    eventually(lambda: keys.requests == 3 and not is_asking(backend))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, None),
        (503, None),
        (302, None),
        (200, b""),
        (200, b"<html>"),
        (200, b"[" * 100_000),
        (200, b"\xff"),
        (200, b"{}"),
        (200, b'{"keys":[]}'),
        (200, b'{"keys":[7]}'),
        (200, b'{"keys":[{"kid":"key-1","kty":"RSA","n":"AQAB"}]}'),
        (200, b'{"keys":[{"kid":"key-1","kty":"RSA","n":7,"e":[]}]}'),
        (200, b'{"keys":[{"kid":"key-1","kty":"oct","k":"c2VjcmV0"}]}'),
    ],
)
def test_what_is_no_key_set_is_as_good_as_none(keys, backend, status, body):
    keys.status = status
    keys.body = keys.body if body is None else body
    assert at_once(backend, signer().token()) == {BackendUnavailable}


def test_no_key_set_takes_the_place_of_one(keys, backend, hours):
    backend.verify(signer().token())
    keys.body = b'{"keys":[]}'
    hours.move(hours=1)
    assert backend.verify(signer().token())
    eventually(lambda: keys.requests == 2 and not is_asking(backend))
    assert backend.verify(signer().token())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, f"https://cognito-idp.{REGION}.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        (
            {
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
                "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://127.0.0.1:2/",
            },
            "http://127.0.0.1:2",
        ),
    ],
)
def test_the_keys_are_where_the_pool_is(monkeypatch, environment, expected):
    asked = []

    class NobodysKeys(Keys):
        def find(self, key_id):
            asked.append(self._url)
            raise InvalidToken

    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(backend_module, "Keys", NobodysKeys)
    backend = Backend(region=REGION, user_pool_id=POOL_ID, client_id=CLIENT_ID)
    with pytest.raises(InvalidToken):
        backend.verify(signer().token())
    backend.close()
    assert asked == [f"{expected}/{POOL_ID}/.well-known/jwks.json"]
