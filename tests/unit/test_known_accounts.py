"""How long an account's status is believed, and what its source costs when it says nothing."""

import threading
import time
from collections.abc import Iterator

import pytest

from accounts.callers import Identity
from accounts.entities import Role
from financial_api.api import authentication
from financial_api.kernel import clock, deadline
from financial_api.kernel.errors import AccountDisabled
from infra_backends import identity, persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.identity.local import Backend
from infra_backends.persistence import memory
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.in_process import nothing_cached
from tests.support.threads import Together

USERS = 60
FRESH_SECONDS = 30.0
PROMISED_SECONDS = 5.0


class Provider(Backend):
    """Says what a test has it say, once its gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.enabled = True
        self.gate = threading.Event()
        self.gate.set()

    def is_enabled(self, identity: Identity) -> bool:
        if not self.gate.wait(deadline.remaining()):
            raise BackendUnavailable("silent")
        return self.enabled


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    with nothing_cached(), identity.use(provider), persistence.use(memory.Backend()):
        yield provider
        provider.gate.set()


@pytest.fixture
def hours() -> Iterator[ElapsingClock]:
    with clock.installed(ElapsingClock(MOMENT)) as hours:
        assert isinstance(hours, ElapsingClock)
        yield hours


def outcomes() -> list[type[Exception] | None]:
    """Return what each of many users is told who ask at once: nothing, or an error's class."""

    def ask(name: str) -> type[Exception] | None:
        known = Identity(subject=name, ecosystem_id=name, role=Role.USER)
        try:
            with deadline.within(deadline.REQUEST_SECONDS):
                authentication._check_account(known)
        except (AccountDisabled, BackendUnavailable) as error:
            return type(error)
        return None

    names = [f"user-{number}" for number in range(USERS)]
    return Together(lambda: None).run([lambda name=name: ask(name) for name in names])


def test_all_that_are_disabled_are_out_after_half_a_minute_however_many_ask(
    provider: Provider, hours: ElapsingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication._provider_flags, "patience", 60.0)  # for a busy machine
    assert outcomes() == [None] * USERS
    provider.enabled = False
    hours.move(seconds=FRESH_SECONDS - 6)
    assert outcomes() == [None] * USERS
    hours.move(seconds=6)
    assert outcomes() == [AccountDisabled] * USERS


def test_who_was_let_in_stays_so_for_five_minutes_while_the_provider_says_nothing(
    provider: Provider, hours: ElapsingClock
) -> None:
    assert outcomes() == [None] * USERS
    provider.gate.clear()
    hours.move(seconds=FRESH_SECONDS)
    for _ in range(2):
        since = time.monotonic()
        assert outcomes() == [None] * USERS
        assert time.monotonic() - since < PROMISED_SECONDS
    hours.move(seconds=authentication.STATUS_USABLE_SECONDS - FRESH_SECONDS)
    provider.gate.set()
    provider.enabled = False
    assert set(outcomes()) <= {AccountDisabled, BackendUnavailable}
