"""Runs every test of this folder over every backend, with a transport that writes down."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from financial_api.kernel import clock
from infra_backends import events, persistence
from infra_backends.persistence.base import PersistenceBackend
from outbox import wakeup
from tests.support.relays import LATER, MovingClock, PromptRelay, Watched
from tests.support.store import LEFT_OUT, LeftOut
from tests.support.stores import BackendUnderTest
from tests.support.transport import Transport


@pytest.fixture(autouse=True)
def _alike(seeded_ids: None) -> None:
    """Have identifiers be the same ones each time."""


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """The nudges that commands gave, which wake nobody."""
    given: list[None] = []
    monkeypatch.setattr(wakeup, "nudge", lambda *shards: given.append(None))
    return given


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport()
    with events.use(transport):
        yield transport


@pytest.fixture
def time() -> Iterator[MovingClock]:
    """The process's clock, which moves by pauses alone."""
    with clock.installed(MovingClock(LATER)) as moving:
        assert isinstance(moving, MovingClock)
        yield moving


@pytest.fixture
def relay(backend: PersistenceBackend, transport: Transport, time: MovingClock) -> PromptRelay:
    return PromptRelay("relay under test")


@pytest.fixture
def watched(backend: PersistenceBackend) -> Iterator[Watched]:
    """The backend under test, with the commits that took effect."""
    with persistence.use(Watched(backend)) as watched:  # type: ignore[arg-type]
        yield watched


@pytest.fixture
def later(time: MovingClock, relay: PromptRelay) -> Callable[[float], int]:
    """Lets so many seconds pass and drains; returns how many were sent."""

    def drain_after(seconds: float) -> int:
        time.sleep(seconds)
        return relay.drain()

    return drain_after


@pytest.fixture(scope="module")
def private_environment(entry: BackendUnderTest) -> Iterator[dict[str, str]]:
    """What processes need to work on a fresh store that no server of another test drains."""
    with contextlib.ExitStack() as opened:
        try:
            environment = opened.enter_context(entry.environment())
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")
        yield environment


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Notes figures of a run, for reports such as JUnit's."""

    def note(**values: object) -> None:
        request.node.user_properties.extend(values.items())

    return note
