"""From what the model asks to an HTTP request, and from its answer to what must be shown."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from financial_api.kernel.clock import iso
from tests.faults.model import Answer, Ask, Card, Request, User, tier_of
from tests.faults.world import World
from tests.support.api import REASON, Api

HISTORY_SHOWN = 10
_ADMIN = "/v1/admin"


def send(api: Api, ask: Ask, key: str) -> httpx.Response:
    """Send a request under its key, where it takes one."""
    method = "PATCH" if ask.operation == "score" else "POST"
    keyed = None if ask.operation == "register" else key
    return api.call(method, _path(ask), _body(ask), key=keyed)


def check_answer(world: World, ask: Ask, answer: Answer, response: httpx.Response) -> None:
    """Fail unless a response is the model's answer; learn the ids in it."""
    assert response.status_code == answer.status, (answer, response.text)
    assert ("Idempotent-Replayed" in response.headers) == (answer.replays is not None)
    if answer.replays is not None:
        assert response.content == answer.replays
        return
    body = json.loads(response.text, parse_float=Decimal)
    if answer.code is not None:
        assert body["error"]["code"] == answer.code, response.text
        return
    _learn(answer, body)
    _assert_shows(body, _shown(world, ask, answer))


def _path(ask: Ask) -> str:
    match ask.operation:
        case "register":
            return "/v1/users"
        case "request_card":
            return "/v1/cards/requests"
        case "purchase" | "payment":
            return f"/v1/cards/{ask.target}/transactions/{ask.operation}s"
        case "approve" | "reject":
            return f"{_ADMIN}/card-requests/{ask.target}/{ask.operation}"
        case "suspend" | "reactivate" | "cancel":
            return f"{_ADMIN}/users/{ask.owner}/cards/{ask.target}/{ask.operation}"
    return f"{_ADMIN}/users/{ask.target}/{ask.operation}"


def _body(ask: Ask) -> dict[str, Any]:
    cents = ask.get("cents")
    match ask.operation:
        case "register":
            return {}
        case "request_card":
            return {"productId": ask.get("product")}
        case "purchase" | "payment":
            return {"amount": cents / 100}
        case "approve":
            return {"creditLimit": cents / 100}
        case "score":
            return {"score": ask.get("score"), "reason": ask.get("reason")}
    return {"reason": REASON}


def _learn(answer: Answer, body: Mapping[str, Any]) -> None:
    if not answer.made:
        return
    request, *cards = answer.made
    request.id = body["request"]["requestId"]
    for card in cards:
        card.id = (body.get("card") or body["request"]["card"])["cardId"]


def _shown(world: World, ask: Ask, answer: Answer) -> dict[str, Any]:
    """Return what the body must hold; it may hold more."""
    match answer.subject:
        case User() as user:
            return _shown_user(user, ask, answer)
        case Request() as request if ask.operation == "request_card":
            return {"request": _shown_request(request)}
        case Request() as request:
            return _shown_review(request, world.users[request.owner], answer)
        case Card() as card if ask.operation in {"purchase", "payment"}:
            return _shown_transaction(card, answer)
        case Card() as card:
            return {"card": shown_card(card)}
    raise AssertionError(answer)


def _shown_user(user: User, ask: Ask, answer: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "user": {
            "ecosystemId": user.id,
            "currentScore": user.score,
            "tier": tier_of(user.score),
        }
    }
    if ask.operation == "register":
        shown["created"] = answer.status == 201
    if ask.operation == "score":
        latest = user.scores[::-1][:HISTORY_SHOWN]
        shown["history"] = [{"value": value, "reason": reason} for value, reason in latest]
    else:
        shown["user"]["status"] = user.status
    return shown


def _shown_request(request: Request) -> dict[str, Any]:
    shown = {"requestId": request.id, "status": request.status, "scoreAtRequest": request.score}
    if request.card is not None:
        shown["card"] = shown_card(request.card)
        shown["decision"] = {"outcome": "approved", "approvedLimit": _dollars(request.card.limit)}
    return shown


def _shown_review(request: Request, user: User, answer: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "request": {
            "requestId": request.id,
            "status": request.status,
            "scoreAtRequest": request.score,
            "tierAtRequest": tier_of(request.score),
            "currentScore": user.score,
        }
    }
    if request.card is not None:
        shown["card"] = shown_card(request.card) | {
            "approvedBy": "admin",
            "scoreAtApproval": request.card.score,
        }
    return shown


def _shown_transaction(card: Card, answer: Answer) -> dict[str, Any]:
    latest = card.transactions[-1]
    shown: dict[str, Any] = {
        "card": shown_card(card),
        "transaction": {
            "type": latest.type,
            "amount": _dollars(latest.cents),
            "status": "completed",
        },
    }
    if answer.score_move is not None:
        before, after = answer.score_move
        shown["scoreImpact"] = {
            "previousScore": before,
            "newScore": after,
            "delta": after - before,
        }
    return shown


def shown_card(card: Card) -> dict[str, Any]:
    return {
        "cardId": card.id,
        "status": card.status,
        "limit": _dollars(card.limit),
        "balance": _dollars(card.balance),
        "availableCredit": _dollars(card.available),
        "minimumPayment": _dollars(card.minimum),
        "nearLimit": 10 * card.balance > 9 * card.limit,
        "nextDueDate": _moment(card.due),
    }


def _dollars(cents: int) -> Decimal:
    return Decimal(cents) / 100


def _moment(moment: datetime) -> str:
    return iso(moment)


def _assert_shows(actual: Any, expected: Any, path: str = "") -> None:
    if isinstance(expected, Mapping):
        for name, value in expected.items():
            assert name in actual, f"{path}.{name} is missing"
            _assert_shows(actual[name], value, f"{path}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), path
        for at, (one, other) in enumerate(zip(actual, expected, strict=True)):
            _assert_shows(one, other, f"{path}[{at}]")
    else:
        assert actual == expected, f"{path}: {actual!r}, not {expected!r}"
