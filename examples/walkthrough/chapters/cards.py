"""Cards: asked for, granted, spent with, paid off."""

from decimal import Decimal
from typing import Any

from ..cast import Person
from ..stage import PRODUCT_ID, Stage, new_key


def a_card_is_granted_at_once(stage: Stage) -> None:
    client, bruno = stage.client, stage.registered("Bruno")
    stage.refuses(
        "a card request needs an Idempotency-Key",
        client.post("/v1/cards/requests", bruno, {"productId": PRODUCT_ID}),
        400,
        "VALIDATION_ERROR",
    )
    stage.refuses(
        "and a product that exists",
        client.post(
            "/v1/cards/requests", bruno, {"productId": "gold-card"}, Idempotency_Key=new_key()
        ),
        400,
        "VALIDATION_ERROR",
    )
    asked = stage.answers(
        "a score of 500 is approved at once, with the tier's limit",
        stage.ask_for_card(bruno),
        201,
        {
            "request.status": "approved",
            "request.scoreAtRequest": 500,
            "request.decision.outcome": "approved",
            "request.decision.source": "auto",
            "request.decision.approvedLimit": 5000,
            "request.card.type": "credit-card",
            "request.card.status": "active",
            "request.card.limit": 5000,
            "request.card.balance": 0,
            "request.card.availableCredit": 5000,
            "request.card.minimumPayment": 0,
            "request.card.nearLimit": False,
        },
    )
    request_id, card_id = asked.at("request.requestId"), asked.at("request.card.cardId")
    stage.answers(
        "the request can be looked up",
        client.get(f"/v1/cards/requests/{request_id}", bruno),
        200,
        {"request.requestId": request_id, "request.card.cardId": card_id},
    )
    stage.answers(
        "the card has its detail",
        client.get(f"/v1/cards/{card_id}", bruno),
        200,
        {"card.cardId": card_id, "card.approvedBy": "auto", "card.scoreAtApproval": 500},
    )
    stage.answers(
        "the list of active cards has it",
        client.get("/v1/cards?type=credit-card&status=active", bruno),
        200,
        {"cards.0.cardId": card_id},
    )
    stage.refuses(
        "a status that does not exist is refused",
        client.get("/v1/cards?status=lost", bruno),
        400,
        "VALIDATION_ERROR",
    )
    stage.refuses("a second card is refused", stage.ask_for_card(bruno), 409, "CARD_ALREADY_EXISTS")
    stage.answers("and no longer on offer", client.get("/v1/offers", bruno), 200, {"offers": []})


def the_card_is_spent_with(stage: Stage) -> None:
    client, carla = stage.client, stage.registered("Carla")
    card_id = stage.card_of(carla)
    stage.answers(
        "a purchase is charged",
        stage.buy(carla, card_id, "120.50"),
        201,
        {
            "transaction.type": "purchase",
            "transaction.amount": Decimal("120.50"),
            "transaction.merchant": "Corner Shop",
            "transaction.status": "completed",
            "card.balance": Decimal("120.50"),
            "card.availableCredit": Decimal("4879.50"),
            "card.minimumPayment": 25,
        },
    )
    stage.answers(
        "without a merchant it is an unknown one",
        client.post(
            f"/v1/cards/{card_id}/transactions/purchases",
            carla,
            {"amount": Decimal("79.50")},
            Idempotency_Key=new_key(),
        ),
        201,
        {"transaction.merchant": "Unknown Merchant", "card.balance": 200},
    )
    stage.refuses(
        "one cent over the available credit is refused",
        stage.buy(carla, card_id, "4800.01"),
        402,
        "INSUFFICIENT_CREDIT",
        {"requestedAmount": Decimal("4800.01"), "availableCredit": 4800},
    )
    failed = stage.answers(
        "the refusal is kept as a failed transaction, and changes nothing else",
        client.get(f"/v1/cards/{card_id}/transactions?limit=1", carla),
        200,
        {"transactions.0.status": "failed", "transactions.0.amount": Decimal("4800.01")},
    )
    reason = failed.find("transactions.0.failureReason")
    stage.true("with its reason", isinstance(reason, str) and bool(reason), reason)
    stage.answers(
        "exactly the available credit is fine, and uses the card up",
        stage.buy(carla, card_id, "4800"),
        201,
        {"card.balance": 5000, "card.availableCredit": 0, "card.nearLimit": True},
    )
    _malformed_input_is_refused(stage, carla, card_id)


def _malformed_input_is_refused(stage: Stage, person: Person, card_id: str) -> None:
    wrong: dict[str, Any] = {
        "text": "10.00",
        "a truth value": True,
        "a third decimal": Decimal("1.005"),
        "nothing": 0,
        "less than nothing": Decimal("-1.00"),
        "more than the largest amount": Decimal("10000000.00"),
        "a senseless exponent": Decimal("1E+400"),
    }
    for name, amount in wrong.items():
        answer = stage.client.post(
            f"/v1/cards/{card_id}/transactions/purchases",
            person,
            {"amount": amount},
            Idempotency_Key=new_key(),
        )
        stage.refuses(f"an amount that is {name} is refused", answer, 400, "VALIDATION_ERROR")


def the_card_is_paid_off(stage: Stage) -> None:
    dora = stage.registered("Dora")
    card_id = stage.card_of(dora)
    stage.buy(dora, card_id, "5000")
    _pay(stage, dora, card_id, "a quarter of the balance is worth 20 points", "1250", 500, 20, 3750)
    _pay(stage, dora, card_id, "the minimum due is worth 10", "75", 520, 10, 3675)
    stage.refuses(
        "more than the balance is refused",
        stage.pay(dora, card_id, "3675.01"),
        400,
        "VALIDATION_ERROR",
    )
    _pay(stage, dora, card_id, "the whole balance is worth 50", "3675", 530, 50, 0)
    stage.refuses(
        "without a balance there is nothing to pay",
        stage.pay(dora, card_id, "1"),
        400,
        "VALIDATION_ERROR",
    )
    listed = stage.client.get(f"/v1/cards/{card_id}/transactions?type=payment", dora)
    stage.answers(
        "the list of payments has them all, newest first",
        listed,
        200,
        {"transactions.0.status": "failed", "transactions.1.scoreImpact.delta": 50},
    )
    stage.same("three that completed, two that failed", 5, len(listed.at("transactions")))


def _pay(
    stage: Stage,
    person: Person,
    card_id: str,
    what: str,
    amount: str,
    score: int,
    delta: int,
    balance_after: int,
) -> None:
    stage.answers(
        what,
        stage.pay(person, card_id, amount),
        201,
        {
            "transaction.type": "payment",
            "transaction.paymentStatus": "on_time",
            "card.balance": balance_after,
            "scoreImpact.previousScore": score,
            "scoreImpact.newScore": score + delta,
            "scoreImpact.delta": delta,
            "scoreImpact.reason": "on_time",
        },
    )
