"""Cognito, its keys or SSM failing at one call after another, before the edge of the API.

Nobody is let in who was not verified, and who was stays so for as long as that is promised; all
others are told to come again.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from financial_api.api.authentication import STATUS_USABLE_SECONDS
from financial_api.kernel import clock
from financial_api.kernel.cache import FIRST_PAUSE_SECONDS, PAUSE_SECONDS
from financial_api.kernel.clock import SystemClock
from infra_backends import identity, persistence
from infra_backends.identity.cognito import Backend
from infra_backends.persistence import memory
from tests.aws.signing import CLIENT_ID, POOL_ID, claims, key_server, signer
from tests.faults import key_faults, wire
from tests.faults.key_faults import KeyFault
from tests.faults.wire import WireFault
from tests.support.answering import Answer, Request, answering
from tests.support.api import Api, error_of, expect
from tests.support.breaking import Outage
from tests.support.caches import settle
from tests.support.clocks import OneThreadsClock
from tests.support.emulators import REGION
from tests.support.in_process import URL, forget, in_process
from tests.support.soak import soaking

pytestmark = pytest.mark.aws

LONGEST_ANSWER_SECONDS = 5.0
PATH = "/acme/"
SUBJECT = claims()["sub"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of AWS or of the server of keys, and at which of their calls it begins."""

    name: str
    fail: Callable[[Outage], AbstractContextManager[None]]
    at: int


def of_aws(*faults: WireFault) -> list[Trouble]:
    """Return troubles at each call of AWS: for the pool's ids, and for the account's flag."""
    return [
        Trouble(f"AWS {one.name}", partial(wire.failing, one), at)
        for one in faults
        for at in (0, 1)
    ]


def of_keys(*faults: KeyFault) -> list[Trouble]:
    return [Trouble(f"keys {one.name}", partial(key_faults.failing, one), 0) for one in faults]


def over(troubles: list[Trouble]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trouble", troubles, ids=lambda one: f"{one.name} {one.at}")


SOME = [wire.UNCONNECTED, wire.THROTTLED, wire.LATE, wire.CUT_SHORT]
AWAY = of_aws(*soaking([*wire.WITHOUT_EFFECT, *wire.WITH_EFFECT], SOME))
SILENT_KEYS = of_keys(*key_faults.WITHOUT_ANSWER)
NO_KEYS = of_keys(*key_faults.WITH_ANOTHER_ANSWER)
TELLING = [*of_aws(wire.LATE, wire.THROTTLED), *SILENT_KEYS[1:2], *NO_KEYS[:1]]
ALL = soaking([*AWAY, *SILENT_KEYS, *NO_KEYS], TELLING)


class Accounts:
    """Stands for Cognito and SSM: one pool with one account."""

    def __init__(self) -> None:
        self.enabled = True

    def __call__(self, operation: str, _: Request) -> Answer:
        if operation == "GetParameters":
            ids = {"userPoolId": POOL_ID, "clientId": CLIENT_ID}
            found = [
                {"Name": f"{PATH}cognito/{name}", "Value": value} for name, value in ids.items()
            ]
            return 200, {"Parameters": found}
        attributes = [{"Name": "sub", "Value": SUBJECT}]
        return 200, {"UserAttributes": attributes, "Enabled": self.enabled, "Username": "user"}


@pytest.fixture(autouse=True)
def time() -> Iterator[OneThreadsClock]:
    """Time that only pauses take, and waiting in vain; begins now, since tokens say when."""
    with clock.installed(OneThreadsClock(SystemClock().now())) as time:
        yield time


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def cognito(accounts: Accounts) -> Iterator[Backend]:
    """The identity provider of the API, which knows nobody yet, before an empty store."""
    forget()
    with key_server() as keys, answering(accounts) as service:
        backend = Backend(
            region=REGION, parameters=PATH, endpoint_url=service.url, keys_url=keys.url
        )
        with identity.use(backend), persistence.use(memory.Backend()):
            yield backend
        settle()
        backend.close()


@pytest.fixture
def client(cognito: Backend) -> Iterator[Api]:
    with_token = in_process(Api(URL, signer().token()))
    yield with_token
    with_token.close()


def register(client: Api) -> httpx.Response:
    """Send a request that is for who is verified and enabled, within the time that is promised."""
    started_at = clock.monotonic()
    answer = client.post("/v1/users", {}, key="")
    assert clock.monotonic() - started_at <= LONGEST_ANSWER_SECONDS
    return answer


def check_told_to_come_again(answer: httpx.Response) -> None:
    error_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


@over([*AWAY, *SILENT_KEYS])
def test_a_call_that_fails_once_is_made_again_and_nobody_notices(
    client: Api, trouble: Trouble
) -> None:
    outage = Outage(trouble.at)
    with trouble.fail(outage):
        expect(register(client), 201)
    assert outage.befell


@over(NO_KEYS)
def test_what_is_no_key_set_is_asked_for_again_a_second_later(
    client: Api, time: OneThreadsClock, trouble: Trouble
) -> None:
    with trouble.fail(Outage(trouble.at)):
        check_told_to_come_again(register(client))
        time.move(seconds=FIRST_PAUSE_SECONDS)
        expect(register(client), 201)


@over(ALL)
def test_while_nobody_can_be_verified_everybody_is_told_to_come_again(
    client: Api, time: OneThreadsClock, trouble: Trouble
) -> None:
    with trouble.fail(Outage(trouble.at, math.inf)):
        for _ in range(3):
            check_told_to_come_again(register(client))
            time.move(seconds=PAUSE_SECONDS)
    expect(register(client), 201)


@over(ALL)
def test_who_was_verified_is_let_in_for_some_minutes_and_by_the_keys_for_longer(
    client: Api, time: OneThreadsClock, trouble: Trouble
) -> None:
    expect(register(client), 201)
    with trouble.fail(Outage(0, math.inf)):
        for _ in range(3):
            time.move(seconds=STATUS_USABLE_SECONDS / 5)
            expect(register(client), 200)
            settle()
        time.move(seconds=STATUS_USABLE_SECONDS)
        answer = register(client)
        settle()
    if trouble.name.startswith("AWS"):
        check_told_to_come_again(answer)
    else:
        expect(answer, 200)
    time.move(seconds=PAUSE_SECONDS)
    expect(register(client), 200)


@over(ALL)
@pytest.mark.parametrize("length", [1, math.inf], ids=["once", "lastingly"])
def test_who_is_disabled_or_forges_a_token_is_never_let_in(
    cognito: Backend, accounts: Accounts, time: OneThreadsClock, trouble: Trouble, length: float
) -> None:
    accounts.enabled = False
    disabled = in_process(Api(URL, signer().token()))
    forger = in_process(Api(URL, signer("key-2").as_if("key-1").token()))
    stranger = in_process(Api(URL, signer("key-3").token()))
    with trouble.fail(Outage(trouble.at, length)):
        for one in (disabled, forger, stranger):
            assert register(one).status_code in {401, 403, 503}

    time.move(seconds=PAUSE_SECONDS)
    error_of(register(disabled), 403, "ACCOUNT_DISABLED")
    for one in (forger, stranger):
        error_of(register(one), 401, "INVALID_TOKEN")
        time.move(seconds=PAUSE_SECONDS)
