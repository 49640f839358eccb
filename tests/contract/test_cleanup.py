"""Deleting everything, on a server with a store of its own."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import Admin, Customer, error_of, eventually, expect, invalid, moment
from tests.support.servers import RunningServer

CLEANUP = "/v1/admin/cleanup"


@dataclass
class Cleaned:
    """A cleanup that was run, and what was answered before, meanwhile and after."""

    admin: Admin
    customer: Customer
    card_id: str
    request_id: str
    token: str
    completed: httpx.Response
    user_meanwhile: httpx.Response
    reader_meanwhile: httpx.Response
    rival_meanwhile: httpx.Response
    admin_meanwhile: httpx.Response


def token_for(admin: Admin) -> str:
    token: str = expect(admin.post(CLEANUP, {}, key=""), 400)["confirmationToken"]
    return token


def clean(admin: Admin, token: Any) -> httpx.Response:
    return admin.post(CLEANUP, {"confirmationToken": token}, key="")


@pytest.fixture(scope="session")
def cleaned(lone_server: RunningServer) -> Iterator[Cleaned]:
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        admin, rival = (stack.enter_context(closing(Admin(lone_server.url))) for _ in range(2))
        customer, other, late = (
            stack.enter_context(closing(Customer(lone_server.url))) for _ in range(3)
        )
        card_id = customer.card()
        expect(customer.buy(card_id, 100), 201)
        expect(customer.pay(card_id, 40), 201)
        request_id = admin.pending_request(other)
        token, rivals = token_for(admin), token_for(rival)

        running_cleanup: Future[httpx.Response] = pool.submit(clean, admin, token)
        user_meanwhile = eventually(lambda: _kept_out(late.request_card()), 3)
        reader_meanwhile = customer.get("/v1/cards")
        rival_meanwhile = clean(rival, rivals)
        admin_meanwhile = rival.get("/v1/admin/outbox")
        yield Cleaned(
            admin,
            customer,
            card_id,
            request_id,
            token,
            running_cleanup.result(),
            user_meanwhile,
            reader_meanwhile,
            rival_meanwhile,
            admin_meanwhile,
        )


def _kept_out(answer: httpx.Response) -> httpx.Response | None:
    return None if answer.status_code == 404 else answer


@pytest.fixture
def own_admin(lone_server: RunningServer) -> Iterator[Admin]:
    with closing(Admin(lone_server.url)) as admin:
        yield admin


def test_without_a_token_one_is_given(own_admin: Admin) -> None:
    now = datetime.now(UTC)

    answer = expect(own_admin.post(CLEANUP, {}, key=""), 400)

    assert answer.keys() == {"message", "confirmationToken", "expiresAt"}
    left = moment(answer["expiresAt"]) - now
    assert timedelta(minutes=5) <= left < timedelta(minutes=5, seconds=10)


@pytest.mark.parametrize(
    "token", ["", "wrong", "a" * 5000, 7, True, ["x"], {"a": 1}, "\u0000", "é"]
)
def test_a_token_that_is_none_is_refused(own_admin: Admin, token: Any) -> None:
    invalid(clean(own_admin, token))


def test_a_token_that_was_changed_is_refused(own_admin: Admin) -> None:
    token = token_for(own_admin)

    invalid(clean(own_admin, f"{token[:-1]}{'B' if token[-1] != 'B' else 'C'}"))


def test_another_admins_token_is_refused(own_admin: Admin, lone_server: RunningServer) -> None:
    with closing(Admin(lone_server.url)) as another:
        invalid(clean(another, token_for(own_admin)))


def test_a_token_works_once(cleaned: Cleaned) -> None:
    invalid(clean(cleaned.admin, cleaned.token))


def test_the_answer_tells_what_was_deleted(cleaned: Cleaned) -> None:
    answer = expect(cleaned.completed, 200)

    assert answer.keys() == {"status", "deletedCounts", "duration"}
    assert answer["status"] == "completed"
    assert float(answer["duration"].removesuffix("s")) > 0
    assert answer["deletedCounts"] == {
        "users": 2,
        "cards": 1,
        "transactions": 2,
        "cardRequests": 2,
        "events": 9,
    }


def test_everything_is_gone(cleaned: Cleaned) -> None:
    assert expect(cleaned.customer.get("/v1/cards"), 200)["cards"] == []
    error_of(cleaned.customer.get("/v1/dashboard"), 404, "NOT_FOUND")
    error_of(cleaned.customer.get(f"/v1/cards/{cleaned.card_id}"), 404, "NOT_FOUND")
    assert expect(cleaned.admin.get("/v1/admin/card-requests"), 200)["requests"] == []


def test_the_audit_log_survives(cleaned: Cleaned) -> None:
    logs = expect(
        cleaned.admin.get(
            "/v1/admin/audit-logs", params={"actor": cleaned.admin.ecosystem_id, "limit": 100}
        ),
        200,
    )["auditLogs"]

    actions = [log["action"] for log in logs]
    assert actions == ["system.cleanup", "score.adjusted"]
    assert (logs[0]["targetType"], logs[0]["targetId"]) == ("system", "cleanup")


def test_it_leaves_one_audit_record(cleaned: Cleaned) -> None:
    (log,) = cleaned.admin.audit_of("system", "cleanup")

    assert log.pop("logId")
    assert log.pop("timestamp")
    assert log.pop("userAgent")
    assert log == {
        "adminEcosystemId": cleaned.admin.ecosystem_id,
        "adminEmail": cleaned.admin.email,
        "action": "system.cleanup",
        "targetType": "system",
        "targetId": "cleanup",
        "newValue": {"deletedCounts": expect(cleaned.completed, 200)["deletedCounts"]},
        "reason": "Cleanup confirmed by token",
        "requestId": cleaned.completed.headers["X-Request-ID"],
        "ipAddress": cleaned.admin.address,
    }


def test_it_ends_with_an_event(cleaned: Cleaned) -> None:
    counts = expect(cleaned.completed, 200)["deletedCounts"]

    event = cleaned.admin.events_of("system", "cleanup")[-1]

    assert event["eventType"] == "system.cleanup"
    assert event["payload"].keys() == {"adminId", "deletedCounts", "timestamp"}
    assert event["payload"]["adminId"] == cleaned.admin.ecosystem_id
    assert event["payload"]["deletedCounts"] == counts


def test_users_may_not_write_while_it_runs(cleaned: Cleaned) -> None:
    error_of(cleaned.user_meanwhile, 503, "SERVICE_UNAVAILABLE")
    assert int(cleaned.user_meanwhile.headers["Retry-After"]) >= 1


def test_users_may_read_while_it_runs(cleaned: Cleaned) -> None:
    expect(cleaned.reader_meanwhile, 200)


def test_a_second_cleanup_is_refused_while_it_runs(cleaned: Cleaned) -> None:
    error_of(cleaned.rival_meanwhile, 409, "CLEANUP_IN_PROGRESS")


def test_admins_are_not_kept_out_while_it_runs(cleaned: Cleaned) -> None:
    expect(cleaned.admin_meanwhile, 200)


def test_users_may_begin_anew(cleaned: Cleaned) -> None:
    newcomer = Customer(cleaned.customer.base_url)

    with closing(newcomer):
        answer = newcomer.post("/v1/users", {}, key="")

    expect(answer, 201)
