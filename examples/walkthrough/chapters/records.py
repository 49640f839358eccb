"""What is kept: pages of transactions, the audit log, the events."""

from typing import Any

from ..cast import Person, Role
from ..client import Answer
from ..stage import REASON, Stage, new_key


def a_long_list_has_pages(stage: Stage) -> None:
    client, olga = stage.client, stage.registered("Olga")
    card_id = stage.card_of(olga)
    made = [
        stage.buy(olga, card_id, str(number)).at("transaction.transactionId")
        for number in range(1, 6)
    ]
    path = f"/v1/cards/{card_id}/transactions?limit=2"
    first = stage.answers(
        "a page says that there is more", client.get(path, olga), 200, {"pagination.hasMore": True}
    )
    stage.buy(olga, card_id, "6")
    second = client.get(f"{path}&cursor={first.at('pagination.nextCursor')}", olga)
    third = stage.answers(
        "the last page says that there is not",
        client.get(f"{path}&cursor={second.at('pagination.nextCursor')}", olga),
        200,
        {"pagination.hasMore": False, "pagination.nextCursor": None},
    )
    seen = [
        row["transactionId"] for page in (first, second, third) for row in page.at("transactions")
    ]
    stage.same("newest first, none twice, none missed, while one is added", made[::-1], seen)
    stage.refuses(
        "a cursor cannot be made up",
        client.get(f"{path}&cursor=made-up", olga),
        400,
        "VALIDATION_ERROR",
    )
    for limit in (0, 101):
        stage.refuses(
            f"a page of {limit} is refused",
            client.get(f"/v1/cards/{card_id}/transactions?limit={limit}", olga),
            400,
            "VALIDATION_ERROR",
        )


def every_admin_action_is_audited(stage: Stage) -> None:
    client, admin, pia = stage.client, stage.enter("Auditor", Role.ADMIN), stage.registered("Pia")
    said = client.patch(
        f"/v1/admin/users/{pia.ecosystem_id}/score",
        admin,
        {"score": 720, "reason": REASON},
        Idempotency_Key=new_key(),
        X_Request_ID="walkthrough-audit",
    )
    stage.answers("an admin adjusts a score", said, 200, {"user.tier": "high"})
    entry = {
        "auditLogs.0.adminEcosystemId": admin.ecosystem_id,
        "auditLogs.0.adminEmail": admin.email,
        "auditLogs.0.action": "score.adjusted",
        "auditLogs.0.targetType": "user",
        "auditLogs.0.targetId": pia.ecosystem_id,
        "auditLogs.0.targetEcosystemId": pia.ecosystem_id,
        "auditLogs.0.reason": REASON,
        "auditLogs.0.requestId": "walkthrough-audit",
    }
    by_target = f"/v1/admin/audit-logs?targetType=user&targetId={pia.ecosystem_id}"
    by_actor = f"/v1/admin/audit-logs?actor={admin.ecosystem_id}"
    stage.answers("the log tells it by target", client.get(by_target, admin), 200, entry)
    stage.answers(
        "and by actor",
        stage.eventually(
            "the log", lambda: client.get(by_actor, admin), lambda a: bool(a.find("auditLogs"))
        ),
        200,
        entry,
    )
    stage.refuses(
        "but wants one of the two",
        client.get("/v1/admin/audit-logs", admin),
        400,
        "VALIDATION_ERROR",
    )


def every_change_is_an_event(stage: Stage) -> None:
    admin, rui = stage.enter("Clerk", Role.ADMIN), stage.registered("Rui")
    asked = stage.ask_for_card(rui)
    card_id, request_id = asked.at("request.card.cardId"), asked.at("request.requestId")
    stage.buy(rui, card_id, "30")
    stage.pay(rui, card_id, "30")
    for move in ("suspend", "reactivate", "cancel"):
        stage.decide(admin, f"/users/{rui.ecosystem_id}/cards/{card_id}/{move}")
    _told(stage, admin, "user", rui.ecosystem_id, ["user.created"])
    _told(stage, admin, "cardRequest", request_id, ["card.requested", "card.approved"])
    _told(stage, admin, "score", rui.ecosystem_id, ["score.changed"])
    story = ["transaction.purchase", "transaction.payment"]
    story += ["card.suspended", "card.reactivated", "card.cancelled"]
    _told(stage, admin, "card", card_id, story)


def _told(
    stage: Stage, admin: Person, entity_type: str, entity_id: str, expected: list[str]
) -> None:
    path = f"/v1/admin/outbox?entityType={entity_type}&entityId={entity_id}&limit=100"
    listed = stage.eventually(
        f"the events of the {entity_type}",
        lambda: stage.client.get(path, admin),
        lambda answer: _all_sent(answer, len(expected)),
    )
    events: list[dict[str, Any]] = sorted(listed.at("events"), key=lambda e: e["sequenceNumber"])
    stage.same(
        f"the {entity_type}'s events are sent: {', '.join(expected)}",
        [(number, name, "sent") for number, name in enumerate(expected, start=1)],
        [(event["sequenceNumber"], event["eventType"], event["status"]) for event in events],
    )
    if len(expected) > 1:
        times = [event.get("sentAt") or "" for event in events]
        stage.same("in that order", sorted(times), times)
        stage.same(
            "each naming the one before it",
            [None, *(event["eventId"] for event in events[:-1])],
            [event.get("previousEventId") for event in events],
        )


def _all_sent(answer: Answer, expected: int) -> bool:
    events = answer.find("events", [])
    return len(events) >= expected and all(event["status"] == "sent" for event in events)
