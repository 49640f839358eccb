"""Events of one entity go out in sequence, whatever else goes out beside them."""

from dataclasses import replace

import pytest

from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import EventStatus
from tests.support.builders import an_id
from tests.support.relays import PromptRelay, a_chain, in_shard, one_each, statuses
from tests.support.storing import store
from tests.support.transport import Transport, numbers_of


def test_an_empty_outbox_sends_nothing(relay: PromptRelay, transport: Transport) -> None:
    assert relay.drain() == 0
    assert transport.attempts == []


def test_what_is_due_is_published_as_it_was_stored_and_marked_as_sent(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)

    sent = relay.drain()

    assert sent == 1
    assert transport.published == [replace(event, version=1)]
    assert statuses([event]) == ["sent"]


def test_what_is_not_due_yet_stays(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time
) -> None:
    (event,) = a_chain("card-001", 1, next_retry_at=time.now().replace(year=2027))
    store(backend, event)

    assert relay.drain() == 0
    assert transport.published == []


@pytest.mark.parametrize("status", [EventStatus.SENT, EventStatus.DEAD_LETTER])
def test_what_is_done_with_does_not_go_out(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, status: EventStatus
) -> None:
    store(backend, *a_chain("card-001", 1, status=status))

    assert relay.drain() == 0
    assert transport.published == []


def test_a_sent_event_is_not_sent_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *a_chain("card-001", 3))

    assert [relay.drain(), relay.drain()] == [3, 0]
    assert len(transport.published) == 3


def test_events_of_an_entity_go_out_in_sequence(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    chain = a_chain("card-001", 12)
    store(backend, *reversed(chain))

    relay.drain()

    assert numbers_of(transport.published, "card-001") == list(range(1, 13))


def test_the_sequence_counts_and_not_the_time_of_the_next_retry(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    chain = a_chain("card-001", 4)
    times = [event.next_retry_at for event in reversed(chain)]
    store(backend, *(replace(e, next_retry_at=time) for e, time in zip(chain, times, strict=True)))

    relay.drain()

    assert [event.sequence_number for event in transport.published] == [1, 2, 3, 4]


def test_a_batch_holds_one_event_of_an_entity_at_the_most(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    chains = [a_chain(name, count) for count, name in enumerate(in_shard(3, 8), 1)]
    store(backend, *(event for chain in chains for event in chain))

    relay.drain()

    for batch in transport.batches:
        entities = [event.entity_id for event in batch]
        assert len(entities) == len(set(entities))
    assert len(transport.published) == sum(map(len, chains))


def test_a_redriven_event_does_not_share_a_batch_with_another_of_its_entity(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    first, second, third = a_chain("card-001", 3)
    store(backend, first, replace(second, status=EventStatus.SENT), third)

    relay.drain()

    assert [len(batch) for batch in transport.batches] == [1, 1]
    assert {event.sequence_number for event in transport.published} == {1, 3}


def test_a_batch_holds_ten_events_at_the_most_and_is_filled(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *one_each(shard=2, count=23))

    relay.drain()

    assert [len(batch) for batch in transport.batches] == [10, 10, 3]


def test_a_transport_of_smaller_batches_gets_smaller_ones(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    transport.most_in_a_batch = 4  # type: ignore[misc]
    store(backend, *one_each(shard=2, count=10))

    relay.drain()

    assert [len(batch) for batch in transport.batches] == [4, 4, 2]


def test_a_transport_of_larger_batches_gets_what_can_be_marked_at_once(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    transport.most_in_a_batch = 50  # type: ignore[misc]
    store(backend, *one_each(shard=2, count=12))

    relay.drain()

    assert [len(batch) for batch in transport.batches] == [10, 2]


def test_all_shards_are_drained(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    heads = [one_each(shard, 1)[0] for shard in range(8)]
    store(backend, *heads)

    assert relay.drain() == 8
    assert sorted(transport.published_ids) == sorted(head.event_id for head in heads)


def test_an_event_whose_predecessor_is_unsent_waits(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, replace(first, next_retry_at=time.now().replace(year=2027)), second)

    assert relay.drain() == 0
    assert transport.published == []


@pytest.mark.parametrize("status", [EventStatus.SENT, EventStatus.DEAD_LETTER])
def test_an_event_whose_predecessor_is_done_with_goes(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, status: EventStatus
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, replace(first, status=status), second)

    relay.drain()

    assert transport.published_ids == [second.event_id]


def test_an_event_whose_predecessor_is_gone_goes(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain("card-001", 1, previous_event_id=an_id(7), sequence_number=2)
    store(backend, event)

    relay.drain()

    assert transport.published_ids == [event.event_id]


def test_an_event_goes_in_whatever_shard_its_predecessor_is(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    """As after the number of shards has grown."""
    chain = [
        replace(event, shard=shard) for shard, event in zip((6, 1, 4), a_chain("c", 3), strict=True)
    ]
    store(backend, *chain)

    while relay.drain():
        pass

    assert numbers_of(transport.published, "c") == [1, 2, 3]
