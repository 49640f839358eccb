"""Offers, by tier and by what a user already has."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.api import DEFAULT_PRODUCT, Admin, Customer, expect, moment

TIERS = [
    pytest.param(1000, 10_000, "12.99%", 0, id="high"),
    pytest.param(700, 10_000, "12.99%", 0, id="barely high"),
    pytest.param(699, 5_000, "18.99%", 0, id="nearly high"),
    pytest.param(500, 5_000, "18.99%", 0, id="barely medium"),
    pytest.param(499, 2_000, "24.99%", 29, id="nearly medium"),
    pytest.param(0, 2_000, "24.99%", 29, id="low"),
]


def offers(customer: Customer) -> list[dict[str, Any]]:
    answer = expect(customer.get("/v1/offers"), 200)
    assert answer.keys() == {"offers"}
    found: list[dict[str, Any]] = answer["offers"]
    return found


@pytest.mark.parametrize(("score", "limit", "apr", "fee"), TIERS)
def test_the_terms_are_the_tiers(
    admin: Admin, customer: Customer, score: int, limit: int, apr: str, fee: int
) -> None:
    customer.register()
    expect(admin.set_score(customer, score), 200)

    (offer,) = offers(customer)

    assert offer["terms"] == {"creditLimit": limit, "apr": apr, "annualFee": fee}
    assert offer["eligibility"]["subjectToApproval"] is (score < 500)


def test_an_offer_has_these_fields(customer: Customer) -> None:
    customer.register()

    (offer,) = offers(customer)

    assert isinstance(offer.pop("name"), str)
    assert isinstance(offer.pop("description"), str)
    assert offer == {
        "productId": DEFAULT_PRODUCT,
        "productType": "credit-card",
        "terms": {"creditLimit": 5_000, "apr": "18.99%", "annualFee": 0},
        "eligibility": {"eligible": True, "subjectToApproval": False, "cooldownUntil": None},
    }


def test_nothing_is_offered_beside_an_active_card(customer: Customer) -> None:
    customer.card()

    assert offers(customer) == []


def test_a_card_is_offered_again_after_a_cancellation(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, "cancel"), 200)

    assert [offer["productId"] for offer in offers(customer)] == [DEFAULT_PRODUCT]


def test_a_rejected_user_is_told_when_to_ask_again(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    expect(admin.reject(request_id), 200)
    rejected_at = admin.audit_of("cardRequest", request_id)[0]["timestamp"]

    eligibility = offers(customer)[0]["eligibility"]

    assert eligibility["eligible"] is False
    assert moment(eligibility["cooldownUntil"]) == moment(rejected_at) + timedelta(days=30)


def test_an_approval_ends_no_cool_down_of_another(
    admin: Admin, customer: Customer, new_customer: Callable[..., Customer]
) -> None:
    other = new_customer()
    expect(admin.reject(admin.pending_request(other)), 200)

    customer.register()

    assert offers(customer)[0]["eligibility"]["eligible"] is True
