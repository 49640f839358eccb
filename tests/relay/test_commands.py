"""The management commands of an operator."""

import contextlib
import io
import json
import signal
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox import status as outbox_state
from outbox.entities import EventStatus, EventType
from outbox.management.commands import outbox_relay, outbox_status
from outbox.status import LATE, ShardStatus
from tests.support.builders import an_id
from tests.support.indexes import LaggingIndex
from tests.support.relays import (
    MovingClock,
    PromptRelay,
    Watched,
    a_chain,
    one_each,
    statuses,
    take_lease,
)
from tests.support.storing import store
from tests.support.transport import Transport

DEAD = EventStatus.DEAD_LETTER


def run(command: str, *arguments: str, status: int = 0) -> list[str]:
    """Return the lines that a command printed, which ends with that status."""
    output = io.StringIO()
    with contextlib.ExitStack() as stack:
        if status:
            ended = stack.enter_context(pytest.raises(SystemExit))
        call_command(command, *arguments, stdout=output)
    if status:
        assert ended.value.code == status
    return output.getvalue().splitlines()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, time: MovingClock) -> Iterator[None]:
    """Have `outbox_relay` wait in no real time, and give the signals back that it takes."""
    monkeypatch.setattr(outbox_relay, "Relay", PromptRelay)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_status_of_an_empty_outbox_is_a_line_for_each_shard(
    backend: PersistenceBackend,
) -> None:
    heading, *lines = run("outbox_status")

    assert heading.split() == ["shard", "depth", "oldest", "lease"]
    assert [line.split() for line in lines[:8]] == [[str(n), "0", "-", "-"] for n in range(8)]
    assert lines[8:] == ["", "dead letters: 0"]


def test_the_status_says_how_many_wait_how_old_the_oldest_is_and_who_drains_it(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    store(backend, *one_each(shard=3, count=4))
    take_lease(3, "host/12", time.now() + timedelta(seconds=10))
    take_lease(4, "host/13", time.now() - timedelta(seconds=10))

    lines = run("outbox_status", status=3)

    assert lines[4].split() == ["3", "4", "3599", "s", "host/12"]
    assert lines[5].split() == ["4", "0", "-", "-"]


def test_the_status_lists_the_dead_letters_with_the_reason(backend: PersistenceBackend) -> None:
    (event,) = a_chain("card-001", 1, status=DEAD, last_error="too large")
    store(backend, event)

    *_, heading, line = run("outbox_status", status=4)

    assert heading == "dead letters: 1"
    assert line == f"  {event.event_id}  user.created  card-001  too large"


def test_the_status_says_when_there_are_more_dead_letters_than_it_lists(
    backend: PersistenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.management.commands.outbox_status.MOST_DEAD_LETTERS", 2)
    store(backend, *(a_chain(f"card-{number}", 1, status=DEAD)[0] for number in range(3)))

    lines = run("outbox_status", status=4)

    assert "dead letters: 2 or more" in lines


def test_the_status_is_an_object_on_one_line_for_programs(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    (dead,) = a_chain("card-001", 1, status=DEAD, last_error="too large")
    store(backend, dead, *one_each(shard=3, count=4))
    take_lease(3, "host/12", time.now() + timedelta(seconds=10))

    [line] = run("outbox_status", "--json", status=7)

    said = json.loads(line)
    assert said["backlog"] is True
    assert said["shards"][3] == {
        "shard": 3,
        "depth": 4,
        "oldestSeconds": pytest.approx(3599, abs=1),
        "holder": "host/12",
    }
    assert said["shards"][4] == {"shard": 4, "depth": 0, "oldestSeconds": None, "holder": None}
    assert said["deadLetters"] == [
        {
            "eventId": dead.event_id,
            "eventType": "user.created",
            "entityId": "card-001",
            "lastError": "too large",
        }
    ]


def test_what_is_five_minutes_old_at_the_most_is_no_backlog(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    (event,) = one_each(shard=3, count=1)
    store(backend, event)

    time.sleep((event.created_at + LATE - time.now()).total_seconds())
    run("outbox_status")
    time.sleep(1)
    run("outbox_status", status=3)


def test_the_status_is_shown_again_and_again_also_while_the_store_is_away(
    backend: PersistenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([BackendUnavailable("dynamodb query: no answer"), None, KeyboardInterrupt()])

    def sleep(seconds: float) -> None:
        assert seconds == 0.5

    def look() -> Sequence[ShardStatus]:
        failure = next(looks)
        if failure is not None:
            raise failure
        return outbox_state.shard_statuses()

    monkeypatch.setattr(outbox_status, "shard_statuses", look)
    monkeypatch.setattr("financial_api.kernel.clock.sleep", sleep)

    away, heading, *_ = run("outbox_status", "--watch", "0.5")

    assert away == "Not available: dynamodb query: no answer"
    assert heading.split() == ["shard", "depth", "oldest", "lease"]


@pytest.mark.parametrize(
    "command",
    [
        ["outbox_status"],
        ["outbox_redrive", "--all"],
        ["whatsapp_status"],
        ["whatsapp_redrive", "--all"],
    ],
    ids=" ".join,
)
def test_what_is_away_is_said_in_a_line(
    backend: PersistenceBackend, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def away(*_: object, **__: object) -> None:
        raise BackendUnavailable("the database says: no")

    for repository, method in (
        ("outbox", "page"),
        ("outbox", "backlog"),
        ("notifications", "with_status"),
    ):
        monkeypatch.setattr(getattr(backend, repository), method, away)

    with pytest.raises(CommandError, match=r"^Not available: the database says: no$"):
        run(*command)


def test_all_dead_letters_are_redriven(backend: PersistenceBackend) -> None:
    dead = [a_chain(f"card-{number}", 1, status=DEAD)[0] for number in range(3)]
    (sent,) = a_chain("card-sent", 1, status=EventStatus.SENT)
    store(backend, *dead, sent)

    assert run("outbox_redrive", "--all") == ["3 events will be sent again"]
    assert statuses([*dead, sent]) == ["pending"] * 3 + ["sent"]


def test_the_dead_letters_of_a_type_are_redriven(backend: PersistenceBackend) -> None:
    (created,) = a_chain("card-1", 1, status=DEAD)
    (cancelled,) = a_chain("card-2", 1, status=DEAD, event_type=EventType.CARD_CANCELLED)
    store(backend, created, cancelled)

    lines = run("outbox_redrive", "--type", "card.cancelled")

    assert lines == ["1 events will be sent again"]
    assert statuses([created, cancelled]) == ["dead_letter", "pending"]


def test_one_dead_letter_is_redriven(backend: PersistenceBackend) -> None:
    dead = [a_chain(f"card-{number}", 1, status=DEAD)[0] for number in range(2)]
    store(backend, *dead)

    run("outbox_redrive", "--event", dead[0].event_id)

    assert statuses(dead) == ["pending", "dead_letter"]


@pytest.mark.parametrize("event_id", ["not-an-id", "", an_id(1).upper()])
def test_what_cannot_be_an_id_is_an_error(backend: PersistenceBackend, event_id: str) -> None:
    with pytest.raises(CommandError, match=f"^{event_id} is no event's id"):
        run("outbox_redrive", "--event", event_id)


def test_an_id_that_no_event_has_is_an_error(backend: PersistenceBackend) -> None:
    with pytest.raises(CommandError, match="There is no such event"):
        run("outbox_redrive", "--event", an_id(1))


def test_an_event_that_is_not_dead_lettered_is_an_error(backend: PersistenceBackend) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)

    with pytest.raises(CommandError, match="not dead-lettered"):
        run("outbox_redrive", "--event", event.event_id)

    assert statuses([event]) == ["pending"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["--type", "no.such"], ["--all", "--type", "card.cancelled"]],
)
def test_it_must_be_said_which_events_are_redriven(
    backend: PersistenceBackend, arguments: list[str]
) -> None:
    with pytest.raises(CommandError):
        run("outbox_redrive", *arguments)


def test_a_relay_for_once_sends_what_is_due_and_stops(
    backend: PersistenceBackend, transport: Transport
) -> None:
    chain = a_chain("card-001", 5)
    store(backend, *chain)

    assert run("outbox_relay", "--once") == ["5 events sent"]
    assert set(statuses(chain)) == {"sent"}


def test_a_relay_for_once_has_nothing_to_do_in_an_empty_outbox(
    backend: PersistenceBackend, watched: Watched, transport: Transport
) -> None:
    assert run("outbox_relay", "--once") == ["0 events sent"]
    assert watched.commits == []


def test_a_relay_for_once_goes_on_longer_than_one_drain_when_more_is_due(
    backend: PersistenceBackend, transport: Transport
) -> None:
    store(backend, *a_chain("card-001", 30))
    transport.seconds = 3

    assert run("outbox_relay", "--once") == ["30 events sent"]


def test_a_relay_for_once_does_not_wait_for_a_transport_that_is_away(
    backend: PersistenceBackend, transport: Transport
) -> None:
    chain = a_chain("card-001", 5)
    store(backend, *chain)
    transport.is_away = True

    assert run("outbox_relay", "--once") == ["0 events sent"]
    assert set(statuses(chain)) == {"pending"}


def test_a_relay_that_runs_on_survives_a_store_that_is_away(
    backend: PersistenceBackend, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    store(backend, *a_chain("card-001", 5))
    failures = [BackendUnavailable("no store")] * 2
    transport.after.extend([lambda: None] * 4 + [lambda: signal.raise_signal(signal.SIGTERM)])

    def away_at_first(shard, truth):
        if failures:
            raise failures.pop()
        return truth

    with persistence.use(LaggingIndex(backend, away_at_first)):  # type: ignore[arg-type]
        assert run("outbox_relay") == ["5 events sent"]

    assert [record.getMessage() for record in caplog.records] == [
        "the store does not answer; trying again: no store"
    ] * 2


def test_a_relay_that_is_told_to_stop_finishes_the_batch_it_is_at(
    backend: PersistenceBackend, transport: Transport
) -> None:
    chain = a_chain("card-001", 5)
    store(backend, *chain)
    transport.before.extend([lambda: None, lambda: signal.raise_signal(signal.SIGTERM)])

    assert run("outbox_relay") == ["2 events sent"]
    assert statuses(chain) == ["sent"] * 2 + ["pending"] * 3
