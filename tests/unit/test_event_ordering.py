"""The order of an entity's events, each once, out of messages that come anyhow."""

import random
from datetime import timedelta

import pytest

from examples.consumer.ordering import Ordering, Turn
from examples.consumer.reading import ToldEvent
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock

GAP = 5.0


@pytest.fixture
def time():
    return ElapsingClock(MOMENT)


@pytest.fixture
def ordering(time):
    return Ordering(gap_seconds=GAP, monotonic=time.monotonic)


def told(number, entity="card-001", *, made_at=None, sequence="a"):
    """Return an event of an entity's sequence; a sequence after a cleanup has another letter."""
    previous = f"{sequence}-{entity}-{number - 1}" if number > 1 else None
    return ToldEvent(
        event_id=f"{sequence}-{entity}-{number}",
        event_type="card.suspended",
        entity_type="card",
        entity_id=entity,
        sequence_number=number,
        previous_event_id=previous,
        payload={},
        created_at=MOMENT + timedelta(seconds=number if made_at is None else made_at),
    )


def again(number, entity="card-001"):
    """Return an event of the sequence that began an hour later, after a cleanup."""
    return told(number, entity, made_at=3600 + number, sequence="b")


def take(ordering, *events):
    """Give events in this order; return what was let through as (id, turn, missing)."""
    return shown(d for event in events for d in ordering.take(event, f"r-{event.event_id}"))


def shown(deliveries):
    return [(d.event.event_id, d.turn, list(d.missing)) for d in deliveries]


def in_order(*numbers, sequence="a", entity="card-001"):
    return [(f"{sequence}-{entity}-{number}", Turn.IN_ORDER, []) for number in numbers]


def test_events_in_order_go_through_as_they_come(ordering):
    for number in (1, 2, 3):
        assert take(ordering, told(number)) == in_order(number)


def test_an_event_that_overtook_another_waits_for_it(ordering):
    assert take(ordering, told(1), told(3)) == in_order(1)
    assert take(ordering, told(2)) == in_order(2, 3)


def test_entities_do_not_wait_for_each_other(ordering):
    take(ordering, told(1), told(3))
    assert take(ordering, told(1, "card-002")) == in_order(1, entity="card-002")


@pytest.mark.parametrize("seed", range(20))
def test_any_shuffle_with_duplicates_comes_out_in_order_and_once(ordering, seed):
    events = [told(number, entity) for number in range(1, 9) for entity in ("x", "y")] * 2
    random.Random(seed).shuffle(events)

    through = take(ordering, *events)

    for entity in ("x", "y"):
        ids = [id for id, turn, _ in through if turn is not Turn.DUPLICATE and f"-{entity}-" in id]
        assert ids == [f"a-{entity}-{number}" for number in range(1, 9)]
    assert ordering.held_receipts == []


def test_a_duplicate_is_told_with_its_own_receipt(ordering):
    ordering.take(told(1), "first")
    (duplicate,) = ordering.take(told(1), "second")
    assert (duplicate.turn, duplicate.receipts) == (Turn.DUPLICATE, ("second",))


def test_all_messages_of_an_event_that_waits_go_with_it(ordering):
    ordering.take(told(1), "one")
    ordering.take(told(3), "first")
    assert ordering.take(told(3), "second") == []
    assert ordering.held_receipts == ["first", "second"]
    assert [d.receipts for d in ordering.take(told(2), "two")] == [("two",), ("first", "second")]


def test_a_gap_is_waited_for_and_then_told_of(ordering, time):
    take(ordering, told(1), told(4))
    time.move(seconds=GAP - 0.1)
    assert ordering.overdue() == []
    time.move(seconds=0.1)
    assert shown(ordering.overdue()) == [("a-card-001-4", Turn.IN_ORDER, [2, 3])]
    assert take(ordering, told(5)) == in_order(5)


def test_what_waits_behind_a_gap_goes_in_order(ordering, time):
    take(ordering, told(1), told(6))
    time.move(seconds=3)
    take(ordering, told(4), told(3), told(7))
    time.move(seconds=2)
    assert shown(ordering.overdue()) == [
        ("a-card-001-3", Turn.IN_ORDER, [2]),
        ("a-card-001-4", Turn.IN_ORDER, []),
        ("a-card-001-6", Turn.IN_ORDER, [5]),
        ("a-card-001-7", Turn.IN_ORDER, []),
    ]


def test_a_later_gap_is_given_its_own_time(ordering, time):
    take(ordering, told(1), told(3))
    time.move(seconds=3)
    take(ordering, told(5))
    time.move(seconds=2)
    assert shown(ordering.overdue()) == [("a-card-001-3", Turn.IN_ORDER, [2])]
    assert take(ordering, told(4)) == in_order(4, 5)


def test_whoever_joins_in_the_middle_waits_and_misses_nothing(ordering, time):
    assert take(ordering, told(17), told(16)) == []
    time.move(seconds=GAP)
    assert shown(ordering.overdue()) == in_order(16, 17)


def test_without_a_wait_everything_goes_at_once():
    ordering = Ordering(gap_seconds=0)
    take(ordering, told(17))
    assert shown(ordering.overdue()) == in_order(17)


def test_a_redriven_dead_letter_comes_late_with_its_old_number(ordering, time):
    take(ordering, told(1), told(3))
    time.move(seconds=GAP)
    ordering.overdue()
    take(ordering, told(4))
    assert take(ordering, told(2)) == [("a-card-001-2", Turn.LATE, [])]
    assert take(ordering, told(2)) == [("a-card-001-2", Turn.DUPLICATE, [])]
    assert take(ordering, told(5)) == in_order(5)


def test_numbers_that_start_again_after_a_cleanup_go_on_at_once(ordering):
    take(ordering, told(1), told(2), told(3))
    assert take(ordering, again(1), again(2)) == in_order(1, 2, sequence="b")


def test_a_new_sequence_out_of_order_is_put_in_order(ordering):
    take(ordering, told(1), told(2), told(3))
    assert take(ordering, again(3), again(2)) == []
    assert take(ordering, again(1)) == in_order(1, 2, 3, sequence="b")


def test_a_new_sequence_that_has_come_as_far_as_the_old_is_not_its_continuation(ordering, time):
    take(ordering, told(1))
    assert take(ordering, again(2)) == []
    time.move(seconds=GAP)
    assert shown(ordering.overdue()) == [("b-card-001-2", Turn.IN_ORDER, [1])]


def test_a_new_sequence_that_is_further_than_the_old_takes_its_turn(ordering, time):
    take(ordering, told(1), told(2))
    assert take(ordering, again(7)) == []
    assert take(ordering, again(1)) == in_order(1, sequence="b")
    time.move(seconds=GAP)
    assert shown(ordering.overdue()) == [("b-card-001-7", Turn.IN_ORDER, [2, 3, 4, 5, 6])]


def test_what_the_old_sequence_held_back_goes_before_the_new(ordering):
    take(ordering, told(1), told(3))
    assert take(ordering, again(1)) == [
        ("a-card-001-3", Turn.IN_ORDER, [2]),
        *in_order(1, sequence="b"),
    ]


def test_it_does_so_also_where_the_old_sequence_was_joined_in_the_middle(ordering):
    take(ordering, told(7))
    assert take(ordering, again(1)) == [*in_order(7), *in_order(1, sequence="b")]


def test_what_is_left_of_the_old_sequence_comes_late(ordering):
    take(ordering, told(1), again(1))
    assert take(ordering, told(2), told(9)) == [
        ("a-card-001-2", Turn.LATE, []),
        ("a-card-001-9", Turn.LATE, []),
    ]
    assert take(ordering, again(2)) == in_order(2, sequence="b")


def test_two_sequences_that_are_held_back_both_go_one_after_the_other(ordering, time):
    take(ordering, told(1), again(9), told(9))
    time.move(seconds=GAP)
    assert shown(ordering.overdue()) == [
        ("a-card-001-9", Turn.IN_ORDER, list(range(2, 9))),
        ("b-card-001-9", Turn.IN_ORDER, list(range(1, 9))),
    ]


def test_too_many_that_wait_go_at_once_the_longest_held_first():
    ordering = Ordering(gap_seconds=GAP, most_held=2)
    assert take(ordering, told(5, "x"), told(5, "y")) == []
    assert take(ordering, told(5, "z")) == in_order(5, entity="x")
    assert len(ordering.held_receipts) == 2


def test_the_entity_seen_longest_ago_is_forgotten_and_loses_nothing():
    ordering = Ordering(gap_seconds=GAP, most_entities=2)
    take(ordering, told(5, "x"), told(1, "y"))
    assert take(ordering, told(1, "z")) == [*in_order(1, entity="z"), *in_order(5, entity="x")]
    assert take(ordering, told(2, "y")) == in_order(2, entity="y")


def test_an_entity_that_was_seen_again_is_not_the_one_to_forget():
    ordering = Ordering(gap_seconds=GAP, most_entities=2)
    take(ordering, told(1, "x"), told(1, "y"), told(2, "x"), told(1, "z"))
    assert take(ordering, told(3, "x")) == in_order(3, entity="x")
    assert take(ordering, told(2, "y")) == []


def test_an_entitys_last_event_that_is_no_longer_known_is_no_new_sequence():
    ordering = Ordering(gap_seconds=GAP, most_ids=1)
    take(ordering, told(1), told(2), told(1, "card-002"))
    assert take(ordering, told(2)) == [("a-card-001-2", Turn.LATE, [])]
    assert take(ordering, told(3)) == in_order(3)


def test_a_duplicate_is_known_among_the_last_and_after_that_comes_late():
    ordering = Ordering(gap_seconds=GAP, most_ids=2)
    take(ordering, told(1), told(2), told(3))
    assert take(ordering, told(2)) == [("a-card-001-2", Turn.DUPLICATE, [])]
    assert take(ordering, told(1)) == [("a-card-001-1", Turn.LATE, [])]


def test_what_is_remembered_does_not_grow():
    ordering = Ordering(gap_seconds=GAP, most_held=10, most_entities=20, most_ids=30)
    chance = random.Random(1)
    for _ in range(3000):
        take(ordering, told(chance.randint(1, 50), f"card-{chance.randint(1, 100)}"))
        assert len(ordering.held_receipts) <= 100
    assert len(ordering._entities) <= 20
    assert len(ordering._held) <= 10
    assert len(ordering._let_through) <= 30
    assert sum(len(entity.held) for entity in ordering._entities.values()) == len(ordering._held)
