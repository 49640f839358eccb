"""Who a caller is, who may register with what email, and who is in good standing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.callers import Caller, is_ecosystem_id
from accounts.development_tokens import identify, issue
from accounts.entities import Role, UserStatus
from accounts.events import user_created, user_status_changed
from accounts.rules import (
    check_email,
    check_standing,
    disable,
    enable,
    is_admin,
    register,
)
from financial_api.kernel.errors import (
    AccountDisabled,
    Forbidden,
    InvalidStateTransition,
    ValidationError,
)
from tests.unit.building import DAY, NOON, a_user, an_identity

ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:@"
DISABLED = UserStatus.DISABLED


@given(st.text(alphabet=ALLOWED, min_size=1, max_size=128))
def test_an_ecosystem_id_is_1_to_128_of_its_characters(text):
    assert is_ecosystem_id(text)


@given(st.text())
def test_nothing_else_is_an_ecosystem_id(text):
    assert is_ecosystem_id(text) is (1 <= len(text) <= 128 and set(text) <= set(ALLOWED))


@pytest.mark.parametrize("text", ["", "a" * 129, "a b", "a/b", "a#b", "a\n", "é", "٣", "a\x00"])
def test_these_are_no_ecosystem_ids(text):
    assert not is_ecosystem_id(text)


def test_the_system_acts_as_itself():
    system = Caller.system()
    assert system.is_system
    assert (system.ecosystem_id, system.email) == ("system", "system@internal")


def test_nobody_becomes_the_system_by_a_token():
    assert not Caller(identify(issue("system", Role.ADMIN))).is_system


def test_a_new_user_has_what_the_token_says():
    identity = an_identity(subject="s-1", role=Role.ADMIN)
    user = register(identity, None, NOON)
    assert (user.subject, user.ecosystem_id) == ("s-1", "user-001")
    assert (user.role, user.email) == (Role.ADMIN, "user@test.local")
    assert user.status is UserStatus.ACTIVE
    assert user.created_at == user.updated_at == user.last_login_at == NOON


def test_a_token_without_an_email_takes_the_claimed_one():
    assert register(an_identity(email=None), "me@test.local", NOON).email == "me@test.local"


def test_without_any_email_nobody_registers():
    with pytest.raises(ValidationError) as refusal:
        register(an_identity(email=None), None, NOON)
    assert "email" in refusal.value.details


@pytest.mark.parametrize("claimed", ["user@test.local", "User@TEST.local", None])
def test_the_claimed_email_is_compared_without_regard_to_case(claimed):
    assert register(an_identity(), claimed, NOON).email == "user@test.local"


def test_an_email_that_is_not_the_tokens_is_refused():
    with pytest.raises(ValidationError) as refusal:
        check_email(an_identity(), "other@test.local")
    assert "email" in refusal.value.details


def test_a_user_in_good_standing_passes():
    check_standing(a_user(), an_identity())


def test_a_disabled_user_is_refused():
    with pytest.raises(AccountDisabled) as refusal:
        check_standing(a_user(status=DISABLED), an_identity())
    assert refusal.value.status == 403


def test_a_token_of_another_subject_is_refused():
    with pytest.raises(Forbidden) as refusal:
        check_standing(a_user(subject="s-1"), an_identity(subject="s-2"))
    assert refusal.value.status == 403


def test_a_user_can_be_disabled_and_enabled_again():
    disabled = disable(a_user(), NOON + DAY)
    assert (disabled.status, disabled.updated_at) == (DISABLED, NOON + DAY)
    assert enable(disabled, NOON + DAY).status is UserStatus.ACTIVE


@pytest.mark.parametrize(("move", "status"), [(disable, DISABLED), (enable, UserStatus.ACTIVE)])
def test_a_user_is_not_disabled_or_enabled_twice(move, status):
    with pytest.raises(InvalidStateTransition):
        move(a_user(status=status), NOON)


@pytest.mark.parametrize(("role", "admin"), [(Role.USER, False), (Role.ADMIN, True)])
def test_an_admin_is_one_by_role(role, admin):
    assert is_admin(an_identity(role=role)) is admin


def test_the_creation_event_says_who_came():
    draft = user_created(a_user(subject="s-1"))
    assert (draft.event_type, draft.entity_type, draft.entity_id) == (
        "user.created",
        "user",
        "user-001",
    )
    assert draft.payload == {
        "ecosystemId": "user-001",
        "firebaseUid": "s-1",
        "email": "user@test.local",
        "role": "user",
        "initialScore": 500,
        "tier": "medium",
    }


@pytest.mark.parametrize(
    ("status", "event"), [(DISABLED, "user.disabled"), (UserStatus.ACTIVE, "user.enabled")]
)
def test_disabling_and_enabling_are_told(status, event):
    admin = Caller(an_identity(ecosystem_id="admin-001"))
    draft = user_status_changed(a_user(status=status), "Fraud suspected", admin)
    assert (draft.event_type, draft.entity_type, draft.entity_id) == (event, "user", "user-001")
    assert draft.payload["adminId"] == "admin-001"
