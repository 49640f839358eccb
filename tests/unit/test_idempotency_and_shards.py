"""What makes two requests the same, how long an answer is kept, and where events go."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financial_api.kernel.cleanup import DeletedCounts
from financial_api.kernel.encoding import loads
from financial_api.kernel.idempotency import (
    KEPT_FOR,
    IdempotencyKey,
    IdempotencyRecord,
    fingerprint,
)
from financial_api.kernel.money import dollars
from outbox.entities import EntityType, shard_of
from tests.unit.building import NOON, TICK

names = st.text(max_size=8)
requests = st.tuples(
    st.sampled_from(["cards.request", "transactions.purchase", "transactions.payment"]),
    st.dictionaries(names, names, max_size=2),
    st.dictionaries(names, st.integers() | st.text() | st.booleans() | st.none(), max_size=3),
)


@given(requests, requests)
def test_fingerprints_are_equal_exactly_when_the_requests_are(one, other):
    same = repr(_ordered(one)) == repr(_ordered(other))
    assert (fingerprint(*one) == fingerprint(*other)) is same


def _ordered(request):
    operation, path_ids, validated = request
    return operation, sorted(path_ids.items()), sorted(validated.items())


@given(requests)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(request):
    operation, path_ids, validated = request
    backwards = dict(reversed(list(validated.items())))
    assert fingerprint(operation, path_ids, backwards) == fingerprint(*request)


@pytest.mark.parametrize("spelling", ["10", "10.0", "10.00", "1e1", "1000E-2"])
def test_ten_dollars_have_one_fingerprint_however_they_are_written(spelling):
    def of(text):
        return fingerprint("transactions.purchase", {}, {"amount": dollars(loads(text))})

    assert of(spelling) == of("10.00")
    assert of(spelling) != of("10.01")


def test_a_value_is_not_taken_for_another_place():
    assert fingerprint("a", {"card": "1"}, {}) != fingerprint("a", {}, {"card": "1"})
    assert fingerprint("a", {}, {"x": "1"}) != fingerprint("a", {}, {"x": 1})


def test_a_key_is_scoped_to_its_caller_and_stored_as_sha256():
    key = IdempotencyKey.of("user-001", "abc")
    assert key.key_hash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert key == IdempotencyKey.of("user-001", "abc")
    assert key != IdempotencyKey.of("user-002", "abc")
    assert key != IdempotencyKey.of("user-001", "abd")


@pytest.mark.parametrize(
    ("age", "live"),
    [
        (timedelta(), True),
        (timedelta(hours=24) - TICK, True),
        (timedelta(hours=24), False),
        (timedelta(hours=25), False),
    ],
)
def test_an_answer_counts_for_24_hours(age, live):
    record = IdempotencyRecord("user-001", "hash", "print", b"{}", NOON, NOON + KEPT_FOR)
    assert record.is_live(NOON + age) is live


@pytest.mark.parametrize(
    ("entity_type", "entity_id", "shard"),
    [
        ("user", "user-001", 6),
        ("card", "0192", 4),
        ("score", "user-001", 6),
        ("system", "cleanup", 5),
    ],
)
def test_an_entity_is_in_the_same_shard_in_every_process(entity_type, entity_id, shard):
    assert shard_of(entity_type, entity_id, 8) == shard


@given(st.sampled_from(EntityType), st.text(), st.integers(1, 64))
def test_a_shard_is_one_of_those_there_are(entity_type, entity_id, shards):
    assert shard_of(entity_type, entity_id, shards) in range(shards)


def test_many_entities_spread_over_all_shards():
    used = [shard_of("card", f"card-{number}", 8) for number in range(800)]
    assert all(50 < used.count(shard) < 150 for shard in range(8))


def test_deleted_counts_add_up_kind_by_kind():
    total = DeletedCounts(1, 2, 3, 4, 5, 6) + DeletedCounts(10, 20, 30, 40, 50, 60)
    assert total == DeletedCounts(11, 22, 33, 44, 55, 66)
    assert not DeletedCounts()
    assert DeletedCounts(others=1)
