"""A commit wakes the process's own relay, which never holds up or fails who wakes it."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from accounts.callers import Caller
from financial_api.application import commands
from financial_api.application.unit_of_work import UnitOfWork
from infra_backends import events, persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox import wakeup
from outbox.entities import EventDraft, EventKey, EventStatus, EventType, SequenceKey
from tests.support.api import eventually
from tests.support.indexes import LaggingIndex
from tests.support.relays import CARD, a_chain, in_shard, lease_of, statuses
from tests.support.storing import store, the
from tests.support.transport import Transport

FAST = 0.05


@pytest.fixture(autouse=True)
def nudges(backend: PersistenceBackend, transport: Transport) -> Iterator[None]:
    """In this module nudges wake; the relay ends while what it uses is still there."""
    yield
    wakeup.stop()
    wakeup._forget()


@pytest.fixture
def gate(transport: Transport) -> Iterator[threading.Event]:
    """Holds up the next publish until it is opened."""
    opened = threading.Event()
    transport.before.append(lambda: opened.wait(60))
    yield opened
    opened.set()


def commit_an_event(entity_id: str = "card-001") -> EventKey:
    """Run a command that emits an event; return its key."""
    sequence = SequenceKey(CARD, entity_id)
    draft = EventDraft(EventType.CARD_CANCELLED, CARD, entity_id, "user-001", {})

    def decide(work: UnitOfWork) -> None:
        work.emit(draft)

    commands.run(Caller.system(), lambda: [sequence], decide)
    last = persistence.read([sequence]).get(sequence)
    assert last is not None
    assert last.last_event_id is not None
    return EventKey(last.last_event_id)


def is_sent(backend: PersistenceBackend, key: EventKey) -> Callable[[], bool]:
    return lambda: the(backend, key).status is EventStatus.SENT


def test_a_commit_leads_to_a_sent_event_without_anyone_elses_help(
    backend: PersistenceBackend, transport: Transport
) -> None:
    key = commit_an_event()

    eventually(is_sent(backend, key))
    assert transport.published_ids == [key.event_id]


def test_every_commit_does_also_while_the_relay_is_at_work(
    backend: PersistenceBackend, transport: Transport
) -> None:
    keys = [commit_an_event(f"card-{number % 7}") for number in range(40)]

    for key in keys:
        eventually(is_sent(backend, key))
    assert sorted(transport.published_ids) == sorted(key.event_id for key in keys)


def test_a_command_does_not_wait_for_the_publish(
    backend: PersistenceBackend, transport: Transport, gate: threading.Event
) -> None:
    first = commit_an_event("card-001")
    eventually(lambda: transport.attempts)

    second = commit_an_event("card-002")

    assert transport.published == []
    gate.set()
    eventually(is_sent(backend, first))
    eventually(is_sent(backend, second))


def test_nudges_never_wait_for_a_relay_that_is_busy(
    backend: PersistenceBackend, transport: Transport, gate: threading.Event
) -> None:
    commit_an_event()
    eventually(lambda: transport.attempts)

    for _ in range(10_000):
        wakeup.nudge()

    assert transport.published == []


def test_nudges_of_many_threads_start_one_relay(
    backend: PersistenceBackend, transport: Transport, together
) -> None:
    together.run([wakeup.nudge] * 16)

    relays = [thread for thread in threading.enumerate() if thread.name == "outbox-relay"]
    assert len(relays) == 1
    assert relays[0].daemon


def test_a_nudge_does_not_fail_where_no_thread_can_be_started(
    backend: PersistenceBackend, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuses)
        key = commit_an_event()

    wakeup.nudge()
    eventually(is_sent(backend, key))


def test_a_process_that_is_about_to_exit_starts_no_relay_any_more(
    backend: PersistenceBackend, transport: Transport
) -> None:
    wakeup.nudge()
    wakeup._exit()

    wakeup.nudge()

    assert not any(thread.name == "outbox-relay" for thread in threading.enumerate())


def test_an_event_that_nobody_nudged_for_is_found_all_the_same(
    backend: PersistenceBackend, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "SWEEP_SECONDS", FAST)
    wakeup.start()
    chain = a_chain("card-001", 2)
    store(backend, *chain)

    eventually(lambda: set(statuses(chain)) == {"sent"})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BackendUnavailable("no store"), "the outbox could not be drained; trying again"),
        (KeyError("a bug"), "cannot be drained"),
    ],
    ids=["no store", "a bug"],
)
def test_a_drain_that_breaks_is_logged_and_tried_again(
    backend: PersistenceBackend,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    told: str,
) -> None:
    monkeypatch.setattr(wakeup, "SWEEP_SECONDS", FAST)
    failures = [error] * 3

    def breaks(shard, truth):
        if failures:
            raise failures.pop()
        return truth

    with persistence.use(LaggingIndex(backend, breaks)):  # type: ignore[arg-type]
        key = commit_an_event()
        eventually(is_sent(backend, key))
        wakeup.stop()

    assert caplog.text.count(told) == 3


def test_what_has_had_its_time_is_swept_on_the_way(
    sweeping: PersistenceBackend, transport: Transport
) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    (event,) = a_chain("card-001", 1, moment=old, status=EventStatus.SENT, sent_at=old)
    store(sweeping, event)

    wakeup.start()

    eventually(lambda: statuses([event]) == [])


def test_stopping_lets_the_batch_finish_and_the_leases_go(
    backend: PersistenceBackend, transport: Transport, gate: threading.Event
) -> None:
    key = commit_an_event()
    shard = the(backend, key).shard
    eventually(lambda: transport.attempts)
    assert lease_of(shard).holder is not None
    timer = threading.Timer(0.1, gate.set)
    timer.start()

    wakeup.stop()

    timer.join()
    assert the(backend, key).status is EventStatus.SENT
    assert lease_of(shard).holder is None


def test_a_publish_that_hangs_does_not_keep_a_process_from_stopping(
    backend: PersistenceBackend,
    transport: Transport,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wakeup, "STOP_SECONDS", 0.2)
    commit_an_event()
    eventually(lambda: transport.attempts)
    thread = next(t for t in threading.enumerate() if t.name == "outbox-relay")

    wakeup.stop()

    assert thread.is_alive()
    gate.set()
    thread.join(10)


def test_after_a_stop_the_next_nudge_starts_afresh(
    backend: PersistenceBackend, transport: Transport
) -> None:
    wakeup.nudge()
    wakeup.stop()
    wakeup.stop()

    key = commit_an_event()

    eventually(is_sent(backend, key))


def test_a_fork_starts_a_relay_of_its_own(
    backend: PersistenceBackend, transport: Transport, gate: threading.Event
) -> None:
    """The parent's is in the middle of a publish, and is not there in the child."""
    (parents,), (childs,) = in_shard(1, 1), in_shard(2, 1)
    key = commit_an_event(parents)
    eventually(lambda: transport.attempts)

    child = os.fork()
    if child == 0:
        os._exit(_sends_by_itself(backend, childs))

    assert eventually(lambda: _ended(child), 30) == 1
    gate.set()
    eventually(is_sent(backend, key))


def _sends_by_itself(backend: PersistenceBackend, entity_id: str) -> int:
    """Return 0 when an event that is committed here is sent from here."""
    status = 1
    with contextlib.suppress(BaseException):
        transport = Transport()
        with persistence.use(backend), events.use(transport):
            key = commit_an_event(entity_id)
            eventually(is_sent(backend, key))
            wakeup.stop()
        status = 0 if key.event_id in transport.published_ids else 2
    return status


def _ended(process: int) -> int:
    """Return 0 while a child runs, and one more than its exit status afterwards."""
    ended, status = os.waitpid(process, os.WNOHANG)
    return status + 1 if ended else 0
