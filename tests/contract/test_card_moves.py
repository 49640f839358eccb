"""Suspending, reactivating and cancelling cards, as an admin."""

import pytest

from tests.support.api import NOBODYS_ID, Admin, Customer, error_of, expect

MOVES = {"suspend": "suspended", "reactivate": "active", "cancel": "cancelled"}
WAYS_TO: dict[str, list[str]] = {
    "active": [],
    "active again": ["suspend", "reactivate"],
    "suspended": ["suspend"],
    "cancelled": ["cancel"],
    "cancelled when suspended": ["suspend", "cancel"],
}
ALLOWED = {
    ("active", "suspend"),
    ("active", "cancel"),
    ("active again", "suspend"),
    ("active again", "cancel"),
    ("suspended", "reactivate"),
    ("suspended", "cancel"),
}


def moved(admin: Admin, customer: Customer, *moves: str) -> str:
    """Return the id of a new card after these moves."""
    card_id = customer.card()
    for move in moves:
        expect(admin.move_card(customer, card_id, move), 200)
    return card_id


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("status", WAYS_TO)
def test_a_card_moves_as_this_table_says(
    admin: Admin, customer: Customer, status: str, move: str
) -> None:
    card_id = moved(admin, customer, *WAYS_TO[status])
    before = customer.shown_card(card_id)

    answer = admin.move_card(customer, card_id, move)

    if (status, move) in ALLOWED:
        assert expect(answer, 200) == {"card": before | {"status": MOVES[move]}}
        assert customer.shown_card(card_id) == before | {"status": MOVES[move]}
    else:
        error_of(answer, 409, "INVALID_STATE_TRANSITION")
        assert customer.shown_card(card_id) == before


@pytest.mark.parametrize("status", ["active", "suspended"])
def test_a_card_with_a_balance_is_not_cancelled(
    admin: Admin, customer: Customer, status: str
) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 0.01), 201)
    if status == "suspended":
        expect(admin.move_card(customer, card_id, "suspend"), 200)

    error_of(admin.move_card(customer, card_id, "cancel"), 409, "INVALID_STATE_TRANSITION")

    assert customer.shown_card(card_id)["status"] == status


def test_a_card_paid_off_can_be_cancelled(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 0.01), 201)
    expect(customer.pay(card_id, 0.01), 201)

    assert expect(admin.move_card(customer, card_id, "cancel"), 200)["card"]["status"] == (
        "cancelled"
    )


def test_a_card_with_a_balance_can_be_suspended_and_reactivated(
    admin: Admin, customer: Customer
) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 100), 201)

    expect(admin.move_card(customer, card_id, "suspend"), 200)
    card = expect(admin.move_card(customer, card_id, "reactivate"), 200)["card"]

    assert (card["status"], card["balance"]) == ("active", 100)


def test_a_card_is_not_reactivated_beside_another_active_one(
    admin: Admin, customer: Customer
) -> None:
    first = moved(admin, customer, "suspend")
    second = customer.another_card()

    error_of(admin.move_card(customer, first, "reactivate"), 409, "CARD_ALREADY_EXISTS")

    assert customer.shown_card(first)["status"] == "suspended"
    assert customer.shown_card(second)["status"] == "active"


@pytest.mark.parametrize("move", ["suspend", "cancel"])
def test_a_card_is_reactivated_once_the_other_is_no_longer_active(
    admin: Admin, customer: Customer, move: str
) -> None:
    first = moved(admin, customer, "suspend")
    second = customer.another_card()
    expect(admin.move_card(customer, second, move), 200)

    assert expect(admin.move_card(customer, first, "reactivate"), 200)["card"]["cardId"] == first


@pytest.mark.parametrize("move", MOVES)
def test_a_card_is_not_found_below_another_users_slug(
    admin: Admin, customer: Customer, stranger: Customer, move: str
) -> None:
    customer.register()
    theirs = moved(admin, stranger, *(["suspend"] if move == "reactivate" else []))
    before = stranger.shown_card(theirs)

    error_of(admin.move_card(customer, theirs, move), 404, "NOT_FOUND")

    assert stranger.shown_card(theirs) == before


@pytest.mark.parametrize("move", MOVES)
def test_a_card_that_does_not_exist_is_not_found(
    admin: Admin, customer: Customer, move: str
) -> None:
    customer.register()

    for card_id in (NOBODYS_ID, "a-card", "%00"):
        error_of(admin.move_card(customer, card_id, move), 404, "NOT_FOUND")


@pytest.mark.parametrize("move", MOVES)
def test_a_user_that_does_not_exist_has_no_card_to_move(
    admin: Admin, customer: Customer, stranger: Customer, move: str
) -> None:
    card_id = customer.card()

    error_of(admin.move_card(stranger, card_id, move), 404, "NOT_FOUND")


def test_a_refused_move_leaves_no_trace(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()

    error_of(admin.move_card(customer, card_id, "reactivate"), 409, "INVALID_STATE_TRANSITION")

    assert admin.events_of("card", card_id) == []
    assert admin.audit_of("card", card_id) == []
