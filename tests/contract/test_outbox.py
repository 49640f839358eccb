"""The outbox as an admin sees it."""

from typing import Any

import pytest

from tests.support.api import (
    NOBODYS_ID,
    REASON,
    Admin,
    Customer,
    error_of,
    eventually,
    expect,
    invalid,
    moment,
    pages,
)

OUTBOX = "/v1/admin/outbox"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def bought(customer: Customer, *amounts: int) -> str:
    card_id = customer.card()
    for amount in amounts:
        expect(customer.buy(card_id, amount), 201)
    return card_id


def listed(admin: Admin, **params: Any) -> list[dict[str, Any]]:
    """Return the first page of a list."""
    rows: list[dict[str, Any]] = expect(admin.get(OUTBOX, params=params), 200)["events"]
    return rows


def of_card(card_id: str) -> dict[str, str]:
    return {"entityType": "card", "entityId": card_id}


def sent(admin: Admin, entity_type: str, entity_id: str) -> list[dict[str, Any]]:
    """Return an entity's events once all of them are sent, in the order of their numbers."""

    def look() -> list[dict[str, Any]] | None:
        events = admin.events_of(entity_type, entity_id)
        return events if all(event["status"] == "sent" for event in events) else None

    return eventually(look)


def redrive(admin: Admin, event_id: str) -> Any:
    return admin.post(f"{OUTBOX}/{event_id}/redrive", {"reason": REASON})


def test_an_event_is_sent_within_seconds(admin: Admin, customer: Customer) -> None:
    customer.register()

    (event,) = sent(admin, "user", customer.ecosystem_id)

    assert moment(event["sentAt"]) >= moment(event["createdAt"])
    assert event["retryCount"] == 0
    assert "lastError" not in event


def test_an_event_has_these_fields(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2)

    first, second = sent(admin, "card", card_id)

    assert second.keys() == {
        "eventId",
        "eventType",
        "entityType",
        "entityId",
        "ecosystemId",
        "sequenceNumber",
        "payload",
        "status",
        "retryCount",
        "nextRetryAt",
        "createdAt",
        "sentAt",
        "previousEventId",
    }
    assert second.keys() - first.keys() == {"previousEventId"}
    assert (second["entityType"], second["entityId"]) == ("card", card_id)
    assert second["ecosystemId"] == customer.ecosystem_id


def test_events_of_an_entity_are_numbered_without_a_gap(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3)
    expect(customer.pay(card_id, 1), 201)
    expect(admin.move_card(customer, card_id, "suspend"), 200)

    events = admin.events_of("card", card_id)

    assert [event["sequenceNumber"] for event in events] == [1, 2, 3, 4, 5]


def test_an_event_names_the_one_before_it(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3)

    events = admin.events_of("card", card_id)

    assert [event.get("previousEventId") for event in events] == [
        None,
        events[0]["eventId"],
        events[1]["eventId"],
    ]


def test_a_refused_command_uses_no_number_up(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1)
    error_of(customer.buy(card_id, 9999), 402, "INSUFFICIENT_CREDIT")
    expect(customer.buy(card_id, 2), 201)

    events = admin.events_of("card", card_id)

    assert [event["payload"]["amount"] for event in events] == [1, 2]
    assert [event["sequenceNumber"] for event in events] == [1, 2]


def test_a_replay_leaves_no_second_event(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    for _ in range(2):
        expect(customer.buy(card_id, 1, key="mine"), 201, 200)

    assert len(admin.events_of("card", card_id)) == 1


def test_every_event_of_a_command_carries_its_trace(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 100)

    expect(customer.pay(card_id, 100, headers={"traceparent": TRACEPARENT}), 201)

    before, paid = admin.events_of("card", card_id)
    (scored,) = admin.events_of("score", customer.ecosystem_id)
    assert "traceparent" not in before
    assert paid["traceparent"] == scored["traceparent"] == TRACEPARENT


def test_an_invalid_trace_is_not_carried(admin: Admin, customer: Customer) -> None:
    expect(customer.post("/v1/users", {}, key="", headers={"traceparent": "garbage"}), 201)

    (event,) = admin.events_of("user", customer.ecosystem_id)

    assert "traceparent" not in event


def test_events_are_listed_newest_first(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3)

    amounts = [event["payload"]["amount"] for event in listed(admin, limit=3)]

    assert amounts == [3, 2, 1]
    assert [event["payload"]["amount"] for event in listed(admin, **of_card(card_id))] == amounts


def test_pages_of_an_entity_have_every_event_once(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3, 4, 5)

    found = [
        [event["payload"]["amount"] for event in page]
        for page in pages(admin, OUTBOX, "events", limit=2, **of_card(card_id))
    ]

    assert found == [[5, 4], [3, 2], [1]]


def test_events_are_filtered_by_status(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2)
    events = sent(admin, "card", card_id)

    assert listed(admin, status="sent", **of_card(card_id)) == events[::-1]
    for other in ("pending", "failed", "dead_letter"):
        assert listed(admin, status=other, **of_card(card_id)) == []


def test_a_status_is_a_filter_by_itself(admin: Admin, customer: Customer) -> None:
    customer.register()
    sent(admin, "user", customer.ecosystem_id)

    found = listed(admin, status="sent")

    assert {event["status"] for event in found} == {"sent"}
    assert customer.ecosystem_id in [event["entityId"] for event in found]


def test_an_entity_is_of_its_type(admin: Admin, customer: Customer) -> None:
    customer.card()

    for other in ("score", "card", "cardRequest", "system"):
        assert admin.events_of(other, customer.ecosystem_id) == []


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("status", {"status": "lost"}),
        ("status", {"status": "SENT"}),
        ("status", {"status": ""}),
        ("entityType", {"entityType": "transaction", "entityId": NOBODYS_ID}),
        ("entityId", {"entityType": "card", "entityId": ""}),
        ("entityId", {"entityType": "card", "entityId": "a\x00b"}),
        ("entityId", {"entityType": "card", "entityId": "a" * 129}),
    ],
)
def test_a_bad_value_is_refused_by_name(admin: Admin, name: str, asked: dict[str, str]) -> None:
    invalid(admin.get(OUTBOX, params=asked), name)


@pytest.mark.parametrize("asked", [{"entityType": "card"}, {"entityId": NOBODYS_ID}])
def test_an_entity_is_named_by_both_its_type_and_id(admin: Admin, asked: dict[str, str]) -> None:
    invalid(admin.get(OUTBOX, params=asked))


def test_a_cursor_of_another_filter_is_refused(admin: Admin, customer: Customer) -> None:
    card_id = bought(customer, 1, 2)
    first = expect(admin.get(OUTBOX, params={"limit": 1} | of_card(card_id)), 200)
    cursor = first["pagination"]["nextCursor"]

    for other in ({}, of_card(NOBODYS_ID), of_card(card_id) | {"status": "sent"}):
        invalid(admin.get(OUTBOX, params=other | {"cursor": cursor}), "cursor")


@pytest.mark.parametrize("event_id", [NOBODYS_ID, "an-event", "%00", "%ff", "a" * 3000])
def test_an_event_that_does_not_exist_cannot_be_redriven(admin: Admin, event_id: str) -> None:
    error_of(redrive(admin, event_id), 404, "NOT_FOUND")


def test_an_event_that_was_sent_cannot_be_redriven(admin: Admin, customer: Customer) -> None:
    customer.register()
    (event,) = sent(admin, "user", customer.ecosystem_id)

    error_of(redrive(admin, event["eventId"]), 409, "INVALID_STATE_TRANSITION")

    assert admin.events_of("user", customer.ecosystem_id) == [event]
    assert admin.audit_of("event", event["eventId"]) == []
