"""The audit log: who did what to whom, why, and from where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.api import NOBODYS_ID, REASON, Admin, Customer, error_of, expect, invalid
from tests.support.api import moment as moment_of

LOGS = "/v1/admin/audit-logs"
ORIGIN = {"X-Request-ID": "the-request-of-this-test", "User-Agent": "a browser/1.0"}


def registered(admin: Admin, customer: Customer) -> str:
    customer.register()
    return customer.ecosystem_id


def disabled(admin: Admin, customer: Customer) -> str:
    customer.register()
    expect(admin.set_status(customer, "disable"), 200)
    return customer.ecosystem_id


def carded(admin: Admin, customer: Customer) -> str:
    return customer.card()


def suspended(admin: Admin, customer: Customer) -> str:
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, "suspend"), 200)
    return card_id


def waiting(admin: Admin, customer: Customer) -> str:
    return admin.pending_request(customer)


Act = Callable[..., httpx.Response]


@dataclass(frozen=True, slots=True)
class Action:
    """An admin's action: what comes before it, how it is done, and what it changes."""

    target_type: str
    prepare: Callable[[Admin, Customer], str]
    act: Act
    previous: Mapping[str, Any]
    new: Mapping[str, Any]

    def do(self, admin: Admin, customer: Customer) -> tuple[str, httpx.Response]:
        """Return the target's id and the answer."""
        target_id = self.prepare(admin, customer)
        answer = self.act(admin, customer, target_id, headers=ORIGIN)
        expect(answer, 200)
        return target_id, answer


def moving(move: str) -> Act:
    return lambda admin, customer, id, **options: admin.move_card(customer, id, move, **options)


def setting(action: str) -> Act:
    return lambda admin, customer, id, **options: admin.set_status(customer, action, **options)


def scoring(admin: Admin, customer: Customer, id: str, **options: Any) -> httpx.Response:
    return admin.set_score(customer, 612, **options)


def approving(admin: Admin, customer: Customer, id: str, **options: Any) -> httpx.Response:
    body = {"creditLimit": 1500.5, "reason": REASON}
    return admin.post(f"/v1/admin/card-requests/{id}/approve", body, **options)


def rejecting(admin: Admin, customer: Customer, id: str, **options: Any) -> httpx.Response:
    return admin.reject(id, **options)


def status(value: str) -> dict[str, str]:
    return {"status": value}


ACTIONS = {
    "score.adjusted": Action("user", registered, scoring, {"score": 500}, {"score": 612}),
    "card_request.rejected": Action(
        "cardRequest", waiting, rejecting, status("pending"), status("rejected")
    ),
    "card.suspended": Action(
        "card", carded, moving("suspend"), status("active"), status("suspended")
    ),
    "card.reactivated": Action(
        "card", suspended, moving("reactivate"), status("suspended"), status("active")
    ),
    "card.cancelled": Action(
        "card", suspended, moving("cancel"), status("suspended"), status("cancelled")
    ),
    "user.disabled": Action(
        "user", registered, setting("disable"), status("active"), status("disabled")
    ),
    "user.enabled": Action(
        "user", disabled, setting("enable"), status("disabled"), status("active")
    ),
}


def expected(admin: Admin, customer: Customer, action: Action, target_id: str) -> dict[str, Any]:
    """Return the record an action must leave, without its name, id and time."""
    return {
        "adminEcosystemId": admin.ecosystem_id,
        "adminEmail": admin.email,
        "targetType": action.target_type,
        "targetId": target_id,
        "targetEcosystemId": customer.ecosystem_id,
        "previousValue": action.previous,
        "newValue": action.new,
        "reason": REASON,
        "requestId": ORIGIN["X-Request-ID"],
        "ipAddress": admin.address,
        "userAgent": ORIGIN["User-Agent"],
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_leaves_its_record(admin: Admin, customer: Customer, name: str) -> None:
    action = ACTIONS[name]
    target_id, _ = action.do(admin, customer)

    latest, *earlier = admin.audit_of(action.target_type, target_id)

    assert len(earlier) == (action.prepare in (suspended, disabled))
    assert latest.pop("logId")
    assert moment_of(latest.pop("timestamp"))
    assert latest == expected(admin, customer, action, target_id) | {"action": name}


def test_an_approval_records_the_limit_and_the_card(admin: Admin, customer: Customer) -> None:
    request_id = waiting(admin, customer)
    answer = expect(approving(admin, customer, request_id, headers=ORIGIN), 200)

    (log,) = admin.audit_of("cardRequest", request_id)

    new = {"status": "approved", "creditLimit": 1500.5, "cardId": answer["card"]["cardId"]}
    action = Action("cardRequest", waiting, approving, status("pending"), new)
    assert log.pop("logId")
    assert log.pop("timestamp") == answer["card"]["createdAt"]
    assert log == expected(admin, customer, action, request_id) | {
        "action": "card_request.approved"
    }


def test_a_replay_leaves_no_second_record(admin: Admin, customer: Customer) -> None:
    customer.register()

    for _ in range(2):
        expect(admin.set_score(customer, 600, key="mine"), 200)

    assert len(admin.audit_of("user", customer.ecosystem_id)) == 1


def test_a_refused_action_leaves_no_record(admin: Admin, customer: Customer) -> None:
    request_id = waiting(admin, customer)

    error_of(admin.approve(request_id, 5000), 400, "LIMIT_EXCEEDS_POLICY")

    assert admin.audit_of("cardRequest", request_id) == []


def test_what_users_do_is_not_in_it(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 10), 201)

    assert admin.audit_of("user", customer.ecosystem_id) == []
    assert admin.audit_of("card", card_id) == []


def test_a_request_without_an_id_is_recorded_under_its_new_one(
    admin: Admin, customer: Customer
) -> None:
    customer.register()

    answer = admin.set_score(customer, 600)

    (log,) = admin.audit_of("user", customer.ecosystem_id)
    assert log["requestId"] == answer.headers["X-Request-ID"]


def test_a_request_without_a_user_agent_is_recorded_without(
    admin: Admin, customer: Customer
) -> None:
    customer.register()

    expect(admin.set_score(customer, 600, headers={"User-Agent": ""}), 200)

    (log,) = admin.audit_of("user", customer.ecosystem_id)
    assert "userAgent" not in log


def test_a_target_has_what_all_admins_did_newest_first(
    new_admin: Callable[[], Admin], customer: Customer
) -> None:
    first, second = new_admin(), new_admin()
    customer.register()
    expect(first.set_score(customer, 600), 200)
    expect(second.set_status(customer, "disable"), 200)

    found = [
        (log["adminEcosystemId"], log["action"])
        for log in first.audit_of("user", customer.ecosystem_id)
    ]

    assert found == [
        (second.ecosystem_id, "user.disabled"),
        (first.ecosystem_id, "score.adjusted"),
    ]


def test_an_actor_has_what_it_did_to_anyone_newest_first(
    new_admin: Callable[[], Admin], customer: Customer, stranger: Customer
) -> None:
    admin, other = new_admin(), new_admin()
    request_id = admin.pending_request(customer)
    stranger.register()
    expect(other.set_score(stranger, 600), 200)
    expect(admin.reject(request_id), 200)

    logs = expect(other.get(LOGS, params={"actor": admin.ecosystem_id}), 200)["auditLogs"]

    assert [(log["action"], log["targetId"]) for log in logs] == [
        ("card_request.rejected", request_id),
        ("score.adjusted", customer.ecosystem_id),
    ]


def test_a_target_is_of_its_type(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 600), 200)

    assert admin.audit_of("card", customer.ecosystem_id) == []


@pytest.mark.parametrize(
    "asked",
    [{"targetType": "card", "targetId": NOBODYS_ID}, {"actor": "nobody-of-that-name"}],
)
def test_what_nobody_did_is_an_empty_page(admin: Admin, asked: dict[str, str]) -> None:
    answer = expect(admin.get(LOGS, params=asked), 200)

    assert answer == {"auditLogs": [], "pagination": {"nextCursor": None, "hasMore": False}}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"targetType": "user"},
        {"targetId": "somebody"},
        {"actor": "somebody", "targetType": "user"},
        {"actor": "somebody", "targetId": "somebody"},
        {"actor": "somebody", "targetType": "user", "targetId": "somebody"},
    ],
    ids=lambda asked: ", ".join(asked) or "nothing",
)
def test_one_of_the_two_filters_must_be_given(admin: Admin, asked: dict[str, str]) -> None:
    invalid(admin.get(LOGS, params=asked))


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("targetType", {"targetType": "score", "targetId": "somebody"}),
        ("targetType", {"targetType": "", "targetId": "somebody"}),
        ("targetId", {"targetType": "user", "targetId": ""}),
        ("targetId", {"targetType": "user", "targetId": "a\x00b"}),
        ("actor", {"actor": ""}),
        ("actor", {"actor": "a" * 129}),
    ],
)
def test_a_bad_value_is_refused_by_name(admin: Admin, name: str, asked: dict[str, str]) -> None:
    invalid(admin.get(LOGS, params=asked), name)
