"""Reading by key."""

import pytest

from accounts.entities import UserKey
from cards.entities import CardKey, CardRequestKey
from financial_api.kernel.cleanup import CleanupKey
from financial_api.kernel.idempotency import IdempotencyKey
from infra_backends.persistence.base import PersistenceBackend
from notifications.entities import InboundMessageKey, NotificationKey, PendingApprovalKey
from outbox.entities import EntitySequence, EntityType, EventKey, LeaseKey, SequenceKey
from tests.support.builders import a_card, a_customer, a_request, a_user, an_event, an_id
from tests.support.storing import store, stored, the

ODD_IDS = [
    "no-uuid",
    "0190fa4e-0000-7000-8000-00000000000",
    "{0190fa4e-0000-7000-8000-000000000000}",
    "' OR 1=1 --",
    "%",
    "a#b",
    "日本🚀",
    "with\x00nul",
    "line\nbreak",
    " ",
    "",
    "x" * 5000,
]


def shortened(odd: str) -> str:
    return ascii(odd[:40])


def test_what_was_stored_is_found_under_its_key(backend: PersistenceBackend) -> None:
    store(backend, a_user("user-001"), a_user("user-002"))

    assert the(backend, UserKey("user-002")).ecosystem_id == "user-002"


@pytest.mark.parametrize(
    "key",
    [
        UserKey("user-009"),
        CardKey("user-001", an_id(0)),
        CardRequestKey("user-001", an_id(0)),
        EventKey(an_id(0)),
        SequenceKey(EntityType.CARD, an_id(0)),
        IdempotencyKey("user-001", "0" * 64),
        CleanupKey(),
        LeaseKey(3),
        NotificationKey(an_id(0)),
        PendingApprovalKey(an_id(0)),
        InboundMessageKey("session#1"),
    ],
    ids=lambda key: type(key).__name__,
)
def test_what_was_never_stored_is_none(backend: PersistenceBackend, key) -> None:
    store(backend, *a_customer("user-001"))

    assert stored(backend, key) is None


def test_one_batch_reads_things_of_every_kind(backend: PersistenceBackend) -> None:
    user, request, card = a_customer()
    event = an_event()
    store(backend, user, request, card, event)

    reading = backend.read([card.key, event.key, user.key, request.key])

    assert [reading.get(row.key).key for row in (user, request, card, event)] == [
        user.key,
        request.key,
        card.key,
        event.key,
    ]


def test_a_batch_tells_the_present_from_the_absent(backend: PersistenceBackend) -> None:
    store(backend, a_user("user-001"))

    reading = backend.read([UserKey("user-001"), UserKey("user-002")])

    assert reading.get(UserKey("user-001")) is not None
    assert reading.get(UserKey("user-002")) is None


def test_a_key_may_be_asked_for_twice(backend: PersistenceBackend) -> None:
    store(backend, a_user("user-001"))

    reading = backend.read([UserKey("user-001"), UserKey("user-001")])

    assert len(list(reading)) == 1


def test_reading_nothing_finds_nothing(backend: PersistenceBackend) -> None:
    assert list(backend.read([])) == []


def test_a_batch_may_be_longer_than_any_page(backend: PersistenceBackend) -> None:
    users = [a_user(f"user-{number:03}") for number in range(120)]
    store(backend, *users)

    reading = backend.read([user.key for user in users])

    assert [reading.get(user.key).ecosystem_id for user in users] == [
        user.ecosystem_id for user in users
    ]


def test_a_batch_keeps_things_of_one_kind_apart(backend: PersistenceBackend) -> None:
    first, second = a_customer("user-001"), a_customer("user-002")
    store(backend, *first, *second)
    crossed = CardKey("user-001", second[2].card_id)

    reading = backend.read([first[2].key, second[2].key, crossed])

    assert reading.get(first[2].key).card_id == first[2].card_id
    assert reading.get(second[2].key).card_id == second[2].card_id
    assert reading.get(crossed) is None


def test_somebody_elses_card_is_not_found(backend: PersistenceBackend) -> None:
    user, request, card = a_customer("user-001")
    store(backend, user, request, card, a_user("user-002"))

    assert stored(backend, CardKey("user-002", card.card_id)) is None


def test_somebody_elses_request_is_not_found(backend: PersistenceBackend) -> None:
    request = a_request("user-001")
    store(backend, a_user("user-001"), a_user("user-002"), request)

    assert stored(backend, CardRequestKey("user-002", request.request_id)) is None


def test_counters_of_entities_of_the_same_id_are_apart(backend: PersistenceBackend) -> None:
    counter = EntitySequence(entity_type=EntityType.USER, entity_id="user-001", last_number=3)
    store(backend, counter)

    assert the(backend, counter.key).last_number == 3
    assert stored(backend, SequenceKey(EntityType.SCORE, "user-001")) is None


def test_ids_that_differ_in_case_are_apart(backend: PersistenceBackend) -> None:
    store(backend, a_user("User-A"), a_user("user-a"))

    assert the(backend, UserKey("User-A")).email == "User-A@example.com"
    assert the(backend, UserKey("user-a")).email == "user-a@example.com"
    assert stored(backend, UserKey("USER-A")) is None


def test_an_ecosystem_id_may_hold_all_it_is_allowed_to(backend: PersistenceBackend) -> None:
    longest = ("Az09_-.:@" * 15)[:128]
    user, request, card = a_customer(longest)
    store(backend, user, request, card)

    assert the(backend, card.key).ecosystem_id == longest


@pytest.mark.parametrize("odd", ODD_IDS, ids=shortened)
def test_an_odd_id_is_just_not_found(backend: PersistenceBackend, odd: str) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card, an_event())
    keys = [
        UserKey(odd),
        CardKey("user-001", odd),
        CardKey(odd, card.card_id),
        CardRequestKey("user-001", odd),
        CardRequestKey(odd, request.request_id),
        EventKey(odd),
        SequenceKey(EntityType.CARD, odd),
        IdempotencyKey(odd, "0" * 64),
        NotificationKey(odd),
        PendingApprovalKey(odd),
        InboundMessageKey(odd),
    ]

    assert list(backend.read(keys)) == []


@pytest.mark.parametrize("odd", ODD_IDS, ids=shortened)
def test_an_odd_id_does_not_hide_what_is_read_with_it(
    backend: PersistenceBackend, odd: str
) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card)

    reading = backend.read([CardKey("user-001", odd), card.key, UserKey(odd), user.key])

    assert reading.get(card.key) is not None
    assert reading.get(user.key) is not None


def test_a_card_with_its_id_in_other_letters_is_not_found(backend: PersistenceBackend) -> None:
    request = a_request()
    card = a_card(request, card_id="0190fa4e-abcd-7abc-8abc-abcdefabcdef")
    store(backend, a_user(), request, card)

    assert stored(backend, CardKey("user-001", card.card_id.upper())) is None
    assert stored(backend, CardKey("user-001", card.card_id.replace("-", ""))) is None
