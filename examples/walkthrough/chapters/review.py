"""Requests that wait for an admin: approved, rejected."""

from typing import Any

from ..cast import Person, Role
from ..client import Answer
from ..stage import REASON, Stage

LOW_SCORE = 450


def a_low_score_waits_for_an_admin(stage: Stage) -> None:
    client, admin, eva = stage.client, stage.enter("Reviewer", Role.ADMIN), stage.registered("Eva")
    stage.answers(
        "an admin sets a score, with a reason",
        stage.set_score(admin, eva, LOW_SCORE),
        200,
        {
            "user.currentScore": LOW_SCORE,
            "user.tier": "low",
            "history.0.value": LOW_SCORE,
            "history.0.previousValue": 500,
            "history.0.delta": -50,
            "history.0.reason": REASON,
            "history.0.source": "admin",
            "history.1.reason": "initial_score",
            "history.1.delta": 500,
        },
    )
    asked = stage.answers(
        "below 500 a card request waits",
        stage.ask_for_card(eva),
        201,
        {"request.status": "pending", "request.scoreAtRequest": LOW_SCORE},
    )
    request_id = asked.at("request.requestId")
    stage.refuses(
        "a second request is refused, and names the first",
        stage.ask_for_card(eva),
        409,
        "CARD_REQUEST_EXISTS",
        {"existingRequestId": request_id},
    )
    stage.answers(
        "the dashboard shows it, with an estimate",
        client.get("/v1/dashboard", eva),
        200,
        {
            "pendingRequests.0.requestId": request_id,
            "pendingRequests.0.status": "pending",
            "pendingRequests.0.estimatedReviewTime": "1-2 business days",
        },
    )
    listed = stage.eventually(
        "the admin's list",
        lambda: _pending(stage, admin),
        lambda a: _row(a, request_id) is not None,
    )
    row = _row(listed, request_id) or {}
    stage.same(
        "the admin's list shows it with both scores",
        (eva.ecosystem_id, eva.email, LOW_SCORE, LOW_SCORE, "low", 0, False),
        (
            row.get("user", {}).get("ecosystemId"),
            row.get("user", {}).get("email"),
            row.get("scoreAtRequest"),
            row.get("currentScore"),
            row.get("tierAtRequest"),
            row.get("daysPending"),
            row.get("requiresAttention"),
        ),
    )
    _the_admin_approves(stage, admin, eva, request_id)


def _the_admin_approves(stage: Stage, admin: Person, eva: Person, request_id: str) -> None:
    path = f"/card-requests/{request_id}/approve"
    stage.refuses(
        "a limit that no tier has is refused",
        stage.decide(admin, path, creditLimit=99),
        400,
        "VALIDATION_ERROR",
    )
    stage.refuses(
        "so is one over the tier's",
        stage.decide(admin, path, creditLimit=2001),
        400,
        "LIMIT_EXCEEDS_POLICY",
    )
    approved = stage.answers(
        "a limit within the tier's is granted",
        stage.decide(admin, path, creditLimit=1500),
        200,
        {
            "request.requestId": request_id,
            "request.status": "approved",
            "request.user.ecosystemId": eva.ecosystem_id,
            "card.limit": 1500,
            "card.status": "active",
        },
    )
    stage.refuses(
        "a request is decided once",
        stage.decide(admin, path, creditLimit=1500),
        409,
        "REQUEST_ALREADY_PROCESSED",
    )
    stage.answers(
        "the customer has the card, and nothing pending",
        stage.client.get("/v1/dashboard", eva),
        200,
        {"cards.0.cardId": approved.at("card.cardId"), "pendingRequests": []},
    )


def a_rejection_has_a_cool_down(stage: Stage) -> None:
    admin, fred = stage.enter("Rejecter", Role.ADMIN), stage.registered("Fred", score=LOW_SCORE)
    request_id = stage.ask_for_card(fred).at("request.requestId")
    path = f"/card-requests/{request_id}/reject"
    stage.refuses(
        "a rejection needs a reason of ten characters",
        stage.decide(admin, path, reason="too short"),
        400,
        "VALIDATION_ERROR",
    )
    stage.answers(
        "an admin rejects the request",
        stage.decide(admin, path),
        200,
        {"request.requestId": request_id, "request.status": "rejected"},
    )
    stage.answers(
        "the customer sees the decision and its reason",
        stage.client.get(f"/v1/cards/requests/{request_id}", fred),
        200,
        {
            "request.status": "rejected",
            "request.decision.outcome": "rejected",
            "request.decision.source": "admin",
            "request.decision.reason": REASON,
        },
    )
    stage.refuses("asking again is too soon", stage.ask_for_card(fred), 400, "VALIDATION_ERROR")
    offers = stage.answers(
        "the offer says so",
        stage.client.get("/v1/offers", fred),
        200,
        {"offers.0.eligibility.eligible": False, "offers.0.eligibility.subjectToApproval": True},
    )
    until = offers.find("offers.0.eligibility.cooldownUntil")
    stage.true("and until when", isinstance(until, str) and until.endswith("Z"), until)


def _pending(stage: Stage, admin: Person) -> Answer:
    return stage.client.get("/v1/admin/card-requests?status=pending&sort=newest&limit=100", admin)


def _row(listed: Answer, request_id: str) -> dict[str, Any] | None:
    rows = listed.find("requests", [])
    return next((row for row in rows if row.get("requestId") == request_id), None)
