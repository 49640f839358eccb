"""The same request again, and many requests at once."""

from decimal import Decimal

from ..stage import Stage, new_key

TWINS = 20
RIVALS = 10


def a_retry_is_a_replay(stage: Stage) -> None:
    client, gil = stage.client, stage.registered("Gil")
    card_id, key = stage.card_of(gil), new_key()
    first = stage.buy(gil, card_id, "10.00", key)
    again = stage.answers(
        "the same request under the same key is answered again",
        stage.buy(gil, card_id, "10.00", key),
        200,
        headers={"Idempotent-Replayed": "true"},
    )
    stage.same("byte for byte", first.body, again.body)
    other_spelling = client.post(
        f"/v1/cards/{card_id}/transactions/purchases",
        gil,
        {"merchant": "Corner Shop", "amount": 10},
        Idempotency_Key=key,
    )
    stage.same(
        "10 for 10.00 and another order of fields are the same", first.body, other_spelling.body
    )
    stage.refuses(
        "another amount under the same key is refused",
        stage.buy(gil, card_id, "10.01", key),
        409,
        "REQUEST_ALREADY_PROCESSED",
    )
    stage.refuses(
        "so is another operation",
        stage.pay(gil, card_id, "10.00", key),
        409,
        "REQUEST_ALREADY_PROCESSED",
    )
    stage.answers(
        "all that has charged the card once",
        client.get(f"/v1/cards/{card_id}", gil),
        200,
        {"card.balance": 10},
    )
    later = new_key()
    stage.refuses(
        "a refused attempt keeps its key free",
        stage.pay(gil, card_id, "10.01", later),
        400,
        "VALIDATION_ERROR",
    )
    stage.answers("so it can be retried under it", stage.pay(gil, card_id, "10", later), 201)


def twins_have_one_effect(stage: Stage) -> None:
    hana = stage.registered("Hana")
    card_id, key = stage.card_of(hana), new_key()
    answers = stage.race([lambda: stage.buy(hana, card_id, "12.34", key)] * TWINS)
    stage.same(
        f"of {TWINS} simultaneous requests under one key, one is the first",
        [200] * (TWINS - 1) + [201],
        sorted(answer.status for answer in answers),
    )
    stage.same("all get the same body", 1, len({answer.body for answer in answers}))
    stage.same("all others are replays", TWINS - 1, sum(answer.replayed for answer in answers))
    stage.answers(
        "and the card is charged once",
        stage.client.get(f"/v1/cards/{card_id}", hana),
        200,
        {"card.balance": Decimal("12.34")},
    )


def rivals_lose_nothing(stage: Stage) -> None:
    ivo = stage.registered("Ivo")
    card_id = stage.card_of(ivo)
    amounts = [f"{10 + number}.01" for number in range(RIVALS)]
    purchases = [lambda amount=amount: stage.buy(ivo, card_id, amount) for amount in amounts]
    answers = stage.race(purchases)
    statuses = sorted(answer.status for answer in answers)
    stage.true(
        f"{RIVALS} simultaneous purchases go through, or say that they conflicted",
        set(statuses) <= {201, 409} and 201 in statuses,
        statuses,
    )
    charged = sum(
        (
            Decimal(amount)
            for amount, answer in zip(amounts, answers, strict=True)
            if answer.status == 201
        ),
        Decimal(0),
    )
    stage.answers(
        "the balance is the sum of those that did",
        stage.client.get(f"/v1/cards/{card_id}", ivo),
        200,
        {"card.balance": charged},
    )
    listed = stage.client.get(f"/v1/cards/{card_id}/transactions?limit=100", ivo)
    stage.same(
        "and so is the list",
        charged,
        sum((Decimal(row["amount"]) for row in listed.at("transactions")), Decimal(0)),
    )


def one_card_for_all_who_ask(stage: Stage) -> None:
    jo = stage.registered("Jo")
    answers = stage.race([lambda: stage.ask_for_card(jo)] * RIVALS)
    stage.same(
        f"of {RIVALS} simultaneous card requests, one is granted",
        [201] + [409] * (RIVALS - 1),
        sorted(answer.status for answer in answers),
    )
    cards = stage.client.get("/v1/cards", jo)
    stage.same("and there is one card", 1, len(cards.at("cards")))
