"""Score and tier: what a score is, how it changes, what is kept of a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.entities import ScoreSource, Tier
from accounts.events import score_changed
from accounts.rules import change_score, clamp, initial_score, register, tier_of
from tests.unit.building import DAY, NOON, a_user, an_identity

scores = st.integers(0, 1000)


def changed(user, value, **more):
    more = {"reason": "payment_on_time", "source": ScoreSource.SYSTEM} | more
    return change_score(user, value, NOON + DAY, **more)


@pytest.mark.parametrize(
    ("score", "tier"),
    [
        (0, Tier.LOW),
        (499, Tier.LOW),
        (500, Tier.MEDIUM),
        (699, Tier.MEDIUM),
        (700, Tier.HIGH),
        (1000, Tier.HIGH),
    ],
)
def test_a_tier_begins_at_its_score(score, tier):
    assert tier_of(score) is tier


@given(scores, scores)
def test_a_higher_score_is_never_in_a_lower_tier(one, other):
    order = ["low", "medium", "high"]
    lower, higher = sorted((one, other))
    assert order.index(tier_of(lower)) <= order.index(tier_of(higher))


@pytest.mark.parametrize(("wanted", "score"), [(-1, 0), (0, 0), (1000, 1000), (1001, 1000)])
def test_a_score_stays_from_0_to_1000(wanted, score):
    assert clamp(wanted) == score


@given(st.integers(-10_000, 10_000))
def test_a_score_outside_its_range_becomes_the_nearest_within(wanted):
    nearest = min(range(1001), key=lambda score: abs(score - wanted))
    assert clamp(wanted) == nearest


def test_a_user_starts_with_500_in_the_medium_tier():
    user = register(an_identity(), None, NOON)
    assert user.current_score == 500
    assert tier_of(user.current_score) is Tier.MEDIUM


def test_the_first_score_record_counts_from_zero():
    record = initial_score(a_user())
    assert (record.value, record.previous_value, record.delta) == (500, 0, 500)
    assert (record.reason, record.source) == ("initial_score", ScoreSource.SYSTEM)
    assert record.timestamp == NOON


@given(scores, st.integers(-2000, 2000))
def test_the_delta_of_a_change_is_what_was_really_applied(score, points):
    user, record = changed(a_user(current_score=score), score + points)
    assert record.previous_value == score
    assert record.value == user.current_score
    assert record.previous_value + record.delta == record.value
    assert 0 <= record.value <= 1000
    assert abs(record.delta) <= abs(points)
    assert record.delta * points >= 0


def test_a_bonus_on_999_points_adds_one():
    user, record = changed(a_user(current_score=999), 1049)
    assert (user.current_score, record.delta) == (1000, 1)


def test_a_change_that_clamping_reduces_to_nothing_is_still_recorded_and_told():
    user, record = changed(a_user(current_score=1000), 1050)
    assert (user.current_score, record.delta) == (1000, 0)
    assert score_changed(record).payload["delta"] == 0


def test_a_change_keeps_the_user_and_marks_it_as_updated():
    before = a_user(current_score=500)
    after, record = changed(before, 700)
    assert after.updated_at == record.timestamp == NOON + DAY
    assert (after.ecosystem_id, after.version) == (before.ecosystem_id, before.version)
    assert before.current_score == 500


def test_a_change_by_an_admin_has_the_admins_words_and_id():
    _, record = changed(
        a_user(), 300, reason="Fraud suspected", source=ScoreSource.ADMIN, source_id="admin-001"
    )
    payload = score_changed(record).payload
    assert payload == {
        "ecosystemId": "user-001",
        "previousScore": 500,
        "newScore": 300,
        "delta": -200,
        "previousTier": "medium",
        "newTier": "low",
        "reason": "Fraud suspected",
        "source": "admin",
        "adminId": "admin-001",
    }


def test_a_change_by_a_payment_names_the_transaction_and_no_admin():
    _, record = changed(a_user(), 550, related_to=("transaction", "t-1"))
    payload = score_changed(record).payload
    assert (payload["relatedEntityType"], payload["relatedEntityId"]) == ("transaction", "t-1")
    assert "adminId" not in payload


def test_score_events_are_numbered_for_each_users_score():
    draft = score_changed(initial_score(a_user()))
    assert (draft.entity_type, draft.entity_id) == ("score", "user-001")
