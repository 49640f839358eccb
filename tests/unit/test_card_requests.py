"""Card requests: what is offered, who may ask, what is approved at once, how it is decided."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.entities import CardTotals, PendingRequest
from cards.approval import (
    PRODUCT_ID,
    approve,
    check_limit_policy,
    check_limit_range,
    check_may_request,
    check_product,
    cooldown_until,
    days_pending,
    needs_approval,
    offers_for,
    open_request,
    reject,
    requires_attention,
)
from cards.entities import CardStatus, DecisionSource, RequestStatus
from financial_api.kernel.clock import iso
from financial_api.kernel.errors import (
    CardAlreadyExists,
    CardRequestExists,
    LimitExceedsPolicy,
    RequestAlreadyProcessed,
    ValidationError,
)
from tests.unit.building import DAY, DEFAULTS, NOON, TICK, a_request, a_user

WAITING = PendingRequest("request-001", PRODUCT_ID, NOON)
ONE_ACTIVE_CARD = CardTotals(active_cards=1, total_limit=Decimal(5000))
LATER = NOON + 5 * DAY


@pytest.mark.parametrize(("score", "waits"), [(0, True), (499, True), (500, False), (1000, False)])
def test_a_score_from_500_is_approved_at_once(score, waits):
    assert needs_approval(a_user(current_score=score), DEFAULTS) is waits


@given(st.integers(0, 1000), st.integers(0, 1001))
def test_approval_at_once_goes_by_the_configured_threshold(score, threshold):
    parameters = replace(DEFAULTS, auto_approve_threshold=threshold)
    assert needs_approval(a_user(current_score=score), parameters) is not (score >= threshold)


@pytest.mark.parametrize(
    ("score", "limit", "apr", "fee", "subject_to_approval"),
    [
        (499, 2000, "24.99%", 29, True),
        (500, 5000, "18.99%", 0, False),
        (699, 5000, "18.99%", 0, False),
        (700, 10000, "12.99%", 0, False),
    ],
)
def test_the_offer_goes_by_tier(score, limit, apr, fee, subject_to_approval):
    [offer] = offers_for(a_user(current_score=score), DEFAULTS, NOON)
    assert (offer.product_id, offer.product_type) == ("default-credit-card", "credit-card")
    assert (offer.credit_limit, offer.apr, offer.annual_fee) == (limit, apr, fee)
    assert offer.subject_to_approval is subject_to_approval
    assert offer.eligible
    assert offer.cooldown_until is None


def test_beside_an_active_card_nothing_is_offered():
    assert offers_for(a_user(card_summary=ONE_ACTIVE_CARD), DEFAULTS, NOON) == []


def test_beside_a_pending_request_the_offer_is_not_eligible():
    [offer] = offers_for(a_user(pending_request=WAITING), DEFAULTS, NOON)
    assert not offer.eligible


def test_in_the_cool_down_the_offer_says_until_when():
    [offer] = offers_for(a_user(last_rejected_at=NOON), DEFAULTS, NOON + DAY)
    assert not offer.eligible
    assert offer.cooldown_until == NOON + 30 * DAY


@pytest.mark.parametrize(
    ("waited", "may_ask"),
    [
        (timedelta(), False),
        (29 * DAY, False),
        (30 * DAY - TICK, False),
        (30 * DAY, True),
        (31 * DAY, True),
    ],
)
def test_after_a_rejection_there_are_30_days_of_cool_down(waited, may_ask):
    user = a_user(last_rejected_at=NOON)
    if may_ask:
        check_may_request(user, DEFAULTS, NOON + waited)
    else:
        with pytest.raises(ValidationError) as refusal:
            check_may_request(user, DEFAULTS, NOON + waited)
        assert refusal.value.details["cooldownUntil"] == iso(NOON + 30 * DAY)


@given(st.integers(0, 400), st.integers(0, 400 * 86_400_000_000))
def test_the_cool_down_is_the_configured_number_of_days(days, microseconds):
    parameters, waited = replace(DEFAULTS, cooldown_days=days), microseconds * TICK
    until = cooldown_until(a_user(last_rejected_at=NOON), parameters, NOON + waited)
    assert until == (None if waited >= days * DAY else NOON + days * DAY)


def test_one_who_was_never_rejected_has_no_cool_down():
    assert cooldown_until(a_user(), DEFAULTS, NOON) is None


def test_a_user_has_one_pending_request_at_most():
    with pytest.raises(CardRequestExists) as refusal:
        check_may_request(a_user(pending_request=WAITING), DEFAULTS, NOON)
    assert refusal.value.details == {"existingRequestId": "request-001"}


def test_a_user_has_one_active_card_at_most():
    with pytest.raises(CardAlreadyExists):
        check_may_request(a_user(card_summary=ONE_ACTIVE_CARD), DEFAULTS, NOON)


def test_a_suspended_card_does_not_keep_one_from_asking():
    suspended = CardTotals(active_cards=0, total_balance=Decimal(5), total_limit=Decimal(5000))
    check_may_request(a_user(card_summary=suspended), DEFAULTS, NOON)


def test_only_the_default_credit_card_is_on_offer():
    check_product("default-credit-card")
    with pytest.raises(ValidationError) as refusal:
        check_product("gold-card")
    assert "productId" in refusal.value.details


def test_a_new_request_is_pending_and_remembers_the_score_and_tier():
    user, request = open_request(a_user(current_score=450), PRODUCT_ID, LATER)
    assert request.status is RequestStatus.PENDING
    assert (request.score_at_request, request.tier_at_request) == (450, "low")
    assert request.created_at == request.updated_at == LATER
    assert user.pending_request == PendingRequest(request.request_id, PRODUCT_ID, LATER)
    assert user.updated_at == LATER


def test_an_approval_makes_an_active_card_due_in_30_days():
    user, request = a_user(current_score=480, pending_request=WAITING), a_request()
    _, decided, card = approve(
        user, request, Decimal(1500), LATER, source=DecisionSource.ADMIN, reason="Good customer"
    )
    assert (card.status, card.limit, card.balance) == (CardStatus.ACTIVE, 1500, 0)
    assert card.activated_at == card.created_at == LATER
    assert card.next_due_date == LATER + 30 * DAY
    assert (card.approved_by, card.score_at_approval) == (DecisionSource.ADMIN, 480)
    assert (card.request_id, decided.card_id) == (request.request_id, card.card_id)


def test_an_approval_decides_the_request_and_ends_the_waiting():
    user, request = a_user(pending_request=WAITING), a_request()
    owner, decided, _ = approve(user, request, Decimal(1500), LATER, source=DecisionSource.AUTO)
    assert decided.status is RequestStatus.APPROVED
    assert decided.decision.outcome is RequestStatus.APPROVED
    assert decided.decision.source is DecisionSource.AUTO
    assert decided.decision.approved_limit == 1500
    assert decided.score_at_request == request.score_at_request
    assert owner.pending_request is None
    assert owner.card_summary == CardTotals(1, Decimal(0), Decimal(1500))


def test_a_request_is_not_approved_beside_another_active_card():
    with pytest.raises(CardAlreadyExists):
        approve(
            a_user(pending_request=WAITING, card_summary=ONE_ACTIVE_CARD),
            a_request(),
            Decimal(100),
            LATER,
            source=DecisionSource.ADMIN,
        )


def test_a_rejection_starts_the_cool_down_and_ends_the_waiting():
    owner, decided = reject(a_user(pending_request=WAITING), a_request(), "Too risky", LATER)
    assert decided.status is RequestStatus.REJECTED
    assert (decided.decision.source, decided.decision.reason) == ("admin", "Too risky")
    assert decided.decision.approved_limit is None
    assert decided.card_id is None
    assert owner.pending_request is None
    assert owner.last_rejected_at == LATER


@pytest.mark.parametrize("status", [RequestStatus.APPROVED, RequestStatus.REJECTED])
def test_only_a_pending_request_can_be_decided(status):
    decided = a_request(status=status)
    with pytest.raises(RequestAlreadyProcessed):
        approve(a_user(), decided, Decimal(100), LATER, source=DecisionSource.ADMIN)
    with pytest.raises(RequestAlreadyProcessed):
        reject(a_user(), decided, "Too risky", LATER)


@pytest.mark.parametrize("limit", ["100.00", "100.01", "10000.00"])
def test_a_limit_from_100_to_the_highest_configured_is_within_range(limit):
    check_limit_range(Decimal(limit), DEFAULTS)


@pytest.mark.parametrize("limit", ["99.99", "10000.01", "0"])
def test_a_limit_outside_that_range_is_refused(limit):
    with pytest.raises(ValidationError) as refusal:
        check_limit_range(Decimal(limit), DEFAULTS)
    assert "creditLimit" in refusal.value.details


@pytest.mark.parametrize(
    ("score_now", "highest"), [(0, 2000), (499, 2000), (500, 5000), (699, 5000), (700, 10000)]
)
def test_a_limit_may_not_pass_that_of_the_tier_now(score_now, highest):
    user = a_user(current_score=score_now)
    check_limit_policy(Decimal(highest), user, DEFAULTS)
    with pytest.raises(LimitExceedsPolicy):
        check_limit_policy(Decimal(highest) + Decimal("0.01"), user, DEFAULTS)


@pytest.mark.parametrize(
    ("waited", "days", "attention"),
    [
        (timedelta(), 0, False),
        (DAY - TICK, 0, False),
        (DAY, 1, False),
        (7 * DAY - TICK, 6, False),
        (7 * DAY, 7, True),
        (8 * DAY, 8, True),
    ],
)
def test_a_request_pending_for_7_days_requires_attention(waited, days, attention):
    assert days_pending(a_request(), NOON + waited) == days
    assert requires_attention(a_request(), NOON + waited) is attention


def test_a_decided_request_requires_no_attention_and_its_days_stand_still():
    decided = a_request(status=RequestStatus.APPROVED, updated_at=NOON + 9 * DAY)
    assert not requires_attention(decided, NOON + 100 * DAY)
    assert days_pending(decided, NOON + 100 * DAY) == 9


def test_days_pending_are_never_negative_when_clocks_differ():
    assert days_pending(a_request(created_at=NOON + DAY), NOON) == 0
