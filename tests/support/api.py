"""Clients of a running server, each a caller of its own from an address of its own.

Every answer they get is checked by `tests.support.document` on the way.
"""

import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import httpx

from accounts.development_tokens import issue
from tests.support.document import check_answer

T = TypeVar("T")
Headers = Mapping[str, str | bytes]

DEFAULT_PRODUCT = "default-credit-card"
REASON = "Decided by a test"
NOBODYS_ID = "019a0f6e-5d2c-7a31-9c1b-3f7d5f0a2b11"


class Api:
    """Calls a server as one caller, from an address of its own."""

    def __init__(self, base_url: str, token: str | None = None, address: str | None = None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.base_url = base_url
        self.address = address or new_address()
        # There is no TLS to verify, and to get ready for it takes longer than a request.
        transport = httpx.HTTPTransport(local_address=self.address, verify=False)
        self.http = httpx.Client(
            base_url=base_url, headers=headers, timeout=30, transport=transport
        )

    def close(self) -> None:
        self.http.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | bytes | None = None,
        headers: Headers | None = None,
        content: bytes | str | Iterator[bytes] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer, which must be as the document says."""
        sent = dict(headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            content = json.dumps(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        response = self.http.request(method, path, content=content, headers=sent, params=params)
        check_answer(response)
        return response

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Post under a fresh key unless one is given; `key=""` sends none."""
        options.setdefault("key", new_key())
        return self.call("POST", path, body, **{**options, "key": options["key"] or None})

    def patch(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        options.setdefault("key", new_key())
        return self.call("PATCH", path, body, **options)


class Customer(Api):
    """A user of its own, with the everyday requests by name."""

    def __init__(
        self,
        base_url: str,
        ecosystem_id: str | None = None,
        role: str = "user",
        email: str | None = None,
        address: str | None = None,
    ) -> None:
        self.ecosystem_id = ecosystem_id or f"{role}-{secrets.token_hex(6)}"
        self.email = f"{self.ecosystem_id}@test.local" if email is None else email
        super().__init__(base_url, issue(self.ecosystem_id, role, email), address)

    def register(self) -> dict[str, Any]:
        answer: dict[str, Any] = expect(self.post("/v1/users", {}, key=""), 200, 201)["user"]
        return answer

    def request_card(self, **options: Any) -> httpx.Response:
        return self.post("/v1/cards/requests", {"productId": DEFAULT_PRODUCT}, **options)

    def card(self) -> str:
        """Register, get a card approved at once and return its id."""
        self.register()
        return self.another_card()

    def another_card(self) -> str:
        card_id: str = expect(self.request_card(), 201)["request"]["card"]["cardId"]
        return card_id

    def shown_card(self, card_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = expect(self.get(f"/v1/cards/{card_id}"), 200)["card"]
        return shown

    def buy(self, card_id: str, amount: Any, **options: Any) -> httpx.Response:
        return self.post(
            f"/v1/cards/{card_id}/transactions/purchases", {"amount": amount}, **options
        )

    def pay(self, card_id: str, amount: Any, **options: Any) -> httpx.Response:
        return self.post(
            f"/v1/cards/{card_id}/transactions/payments", {"amount": amount}, **options
        )

    def transactions(self, card_id: str) -> list[dict[str, Any]]:
        """Return the latest transactions of a card, newest first."""
        path = f"/v1/cards/{card_id}/transactions"
        rows: list[dict[str, Any]] = expect(self.get(path), 200)["transactions"]
        return rows


class Admin(Customer):
    """An admin, with what admins do by name."""

    def __init__(self, base_url: str, ecosystem_id: str | None = None) -> None:
        super().__init__(base_url, ecosystem_id, "admin")

    def set_score(
        self, user: Customer, score: Any, reason: Any = REASON, **options: Any
    ) -> httpx.Response:
        path = f"/v1/admin/users/{user.ecosystem_id}/score"
        return self.patch(path, {"score": score, "reason": reason}, **options)

    def set_status(self, user: Customer, action: str, **options: Any) -> httpx.Response:
        """Disable or enable a user."""
        path = f"/v1/admin/users/{user.ecosystem_id}/{action}"
        return self.post(path, {"reason": REASON}, **options)

    def move_card(self, user: Customer, card_id: str, action: str, **options: Any) -> Any:
        """Suspend, reactivate or cancel a card."""
        path = f"/v1/admin/users/{user.ecosystem_id}/cards/{card_id}/{action}"
        return self.post(path, {"reason": REASON}, **options)

    def pending_request(self, user: Customer, score: int = 400) -> str:
        """Register a user, lower its score and have it ask for a card; return the request's id."""
        user.register()
        expect(self.set_score(user, score), 200)
        request_id: str = expect(user.request_card(), 201)["request"]["requestId"]
        return request_id

    def approve(self, request_id: str, limit: Any, **options: Any) -> httpx.Response:
        path = f"/v1/admin/card-requests/{request_id}/approve"
        return self.post(path, {"creditLimit": limit}, **options)

    def reject(self, request_id: str, reason: Any = REASON, **options: Any) -> httpx.Response:
        path = f"/v1/admin/card-requests/{request_id}/reject"
        return self.post(path, {"reason": reason}, **options)

    def events_of(self, entity_type: str, entity_id: str) -> list[dict[str, Any]]:
        """Return an entity's events, in the order of their numbers."""
        asked = {"entityType": entity_type, "entityId": entity_id, "limit": 100}
        found = itertools.chain(*pages(self, "/v1/admin/outbox", "events", **asked))
        return sorted(found, key=lambda event: int(event["sequenceNumber"]))

    def audit_of(self, target_type: str, target_id: str) -> list[dict[str, Any]]:
        """Return what was done to a target, newest first."""
        asked = {"targetType": target_type, "targetId": target_id}
        answer = expect(self.get("/v1/admin/audit-logs", params=asked), 200)
        logs: list[dict[str, Any]] = answer["auditLogs"]
        return logs


def new_key() -> str:
    return secrets.token_urlsafe(16)


def new_address() -> str:
    """Return one of the addresses of this machine's loopback, most likely nobody else's."""
    return ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])


def expect(response: httpx.Response, *statuses: int) -> Any:
    """Return the answer's value, with money as Decimal; fail unless it has one of the statuses."""
    assert response.status_code in statuses, f"{response.status_code} {response.text}"
    return json.loads(response.text, parse_float=Decimal)


def error_of(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the `error` of a refusal; fail unless it is the one named."""
    error: dict[str, Any] = expect(response, status)["error"]
    assert error["code"] == code, response.text
    return error


def invalid(response: httpx.Response, *fields: str) -> dict[str, Any]:
    """Return the `error` of a 400 for bad input; fail unless its details name the fields."""
    error = error_of(response, 400, "VALIDATION_ERROR")
    assert set(fields) <= set(error.get("details", ())), response.text
    return error


def pages(api: Api, path: str, rows: str, **params: Any) -> Iterator[list[Any]]:
    """Follow a list's cursors to its end."""
    cursor: dict[str, str] = {}
    for _ in itertools.count():
        answer = expect(api.get(path, params=params | cursor), 200)
        yield answer[rows]
        if not answer["pagination"]["hasMore"]:
            return
        cursor = {"cursor": answer["pagination"]["nextCursor"]}


def moment(text: str) -> datetime:
    """Return a time in an answer; fail unless it is written as UTC with `Z`."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)


def eventually(look: Callable[[], T | None], seconds: float = 60) -> T:
    """Return the first true thing that `look` gives; fail when there was none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")
