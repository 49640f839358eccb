"""The fixtures of every suite that runs over all backends."""

import random
from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from financial_api.kernel import clock, ids
from infra_backends import persistence
from infra_backends.persistence.base import PersistenceBackend
from outbox import wakeup
from tests.support.clocks import UnhurriedClock
from tests.support.interleaving import Interleaving
from tests.support.store import LEFT_OUT, LeftOut, Store
from tests.support.stores import BACKENDS, MORE_ENGINES, BackendUnderTest
from tests.support.threads import Together

SEED = 20260301


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over every backend, or if it uses `every_engine` over every engine, but where it
    names its own.

    There is one `entry` for all suites: of two, pytest would keep the store that was opened for the
    one while it runs the other's tests.
    """
    marks = metafunc.definition.iter_markers("parametrize")
    if "entry" not in metafunc.fixturenames or any("entry" in mark.args[0] for mark in marks):
        return
    entries = [*BACKENDS, *MORE_ENGINES] if "every_engine" in metafunc.fixturenames else BACKENDS
    metafunc.parametrize(
        "entry", entries, indirect=True, ids=lambda entry: entry.name, scope="session"
    )


@pytest.fixture(scope="session")
def entry(request: pytest.FixtureRequest) -> BackendUnderTest:
    return request.param


@pytest.fixture
def every_engine() -> None:
    """For what is tested over all engines that speak a backend's protocol."""


@pytest.fixture(scope="session")
def store(entry: BackendUnderTest, django_db_blocker: DjangoDbBlocker) -> Iterator[Store]:
    opening = entry.open()
    try:
        with django_db_blocker.unblock():
            store = opening.__enter__()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")
    yield store
    with django_db_blocker.unblock():
        opening.__exit__(None, None, None)


@pytest.fixture
def backend(store: Store, django_db_blocker: DjangoDbBlocker) -> Iterator[PersistenceBackend]:
    """The backend under test, empty, which services reach through their handle as well."""
    with django_db_blocker.unblock(), store.serving() as backend, persistence.use(backend):
        yield backend


@pytest.fixture
def interleaving(backend: PersistenceBackend) -> Iterator[Interleaving]:
    """The backend under test, with places between a command's steps to act in."""
    wrapped = Interleaving(backend)
    with persistence.use(wrapped):
        yield wrapped
    wrapped.check_all_happened()


@pytest.fixture
def together(remembering: None, store: Store) -> Together:
    """Runs functions in threads at the same time, whose commits may be late and go out again."""
    return Together(store.leave_thread)


@pytest.fixture
def remembering(entry: BackendUnderTest, store: Store) -> None:
    """For what rests on the token of a transaction, which an emulator may forget."""
    if not store.remembers_tokens:
        pytest.skip(f"the engine of {entry.name} forgets a transaction's token")


@pytest.fixture
def sweeping(entry: BackendUnderTest, backend: PersistenceBackend) -> PersistenceBackend:
    """The backend under test, where it is the one to delete what has expired."""
    if entry.expires_by_itself:
        pytest.skip(f"{entry.name} lets things expire by itself")
    return backend


@pytest.fixture
def seeded_ids() -> Iterator[None]:
    """Have the random ends of identifiers be the same ones in each test."""
    previous = ids.install(random.Random(SEED).getrandbits)
    yield
    ids.install(previous)


@pytest.fixture
def no_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands wake nobody."""
    monkeypatch.setattr(wakeup, "nudge", lambda *shards: None)


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Take the pauses out between the attempts of a command that runs alone."""
    with clock.installed(UnhurriedClock()):
        yield


@pytest.fixture(scope="session")
def environment(entry: BackendUnderTest) -> Iterator[dict[str, str]]:
    """What a server process needs to serve from a fresh store of the backend."""
    opening = entry.environment()
    try:
        environment = opening.__enter__()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")
    yield environment
    opening.__exit__(None, None, None)


@pytest.fixture(scope="session")
def workers(entry: BackendUnderTest) -> str:
    """How many processes may serve at once: memory is for one."""
    return "1" if entry.one_process else "2"
