"""What is one's own, and what an admin may do to it."""

import secrets

from ..cast import Person, Role
from ..client import Answer
from ..stage import Stage


def nobody_sees_what_is_not_theirs(stage: Stage) -> None:
    kim, lea = stage.registered("Kim"), stage.registered("Lea")
    asked = stage.ask_for_card(kim)
    card_id, request_id = asked.at("request.card.cardId"), asked.at("request.requestId")
    nothing = f"{card_id[:-12]}{secrets.token_hex(6)}"  # an id as theirs, and nobody's
    for what, theirs, nobodys in (
        ("card", f"/v1/cards/{card_id}", f"/v1/cards/{nothing}"),
        ("request", f"/v1/cards/requests/{request_id}", f"/v1/cards/requests/{nothing}"),
        (
            "list of transactions",
            f"/v1/cards/{card_id}/transactions",
            f"/v1/cards/{nothing}/transactions",
        ),
    ):
        other = stage.refuses(
            f"somebody else's {what} is a 404", stage.client.get(theirs, lea), 404, "NOT_FOUND"
        )
        absent = stage.client.get(nobodys, lea)
        stage.same(
            "exactly as one that does not exist",
            (absent.status, absent.find("error")),
            (other.status, other.find("error")),
        )
    stage.refuses("nor can it be spent with", stage.buy(lea, card_id, "1"), 404, "NOT_FOUND")


def an_admin_suspends_a_card(stage: Stage) -> None:
    admin, mia = stage.enter("Warden", Role.ADMIN), stage.registered("Mia")
    card_id = stage.card_of(mia)
    path = f"/users/{mia.ecosystem_id}/cards/{card_id}"
    stage.buy(mia, card_id, "40")
    stage.refuses(
        "a card with a balance cannot be cancelled",
        stage.decide(admin, f"{path}/cancel"),
        409,
        "INVALID_STATE_TRANSITION",
    )
    stage.answers(
        "an admin suspends the card",
        stage.decide(admin, f"{path}/suspend"),
        200,
        {"card.status": "suspended", "card.balance": 40},
    )
    stage.refuses(
        "a suspended card buys nothing", stage.buy(mia, card_id, "1"), 400, "VALIDATION_ERROR"
    )
    stage.answers("but can be paid off", stage.pay(mia, card_id, "40"), 201, {"card.balance": 0})
    stage.answers(
        "reactivated, it is as before",
        stage.decide(admin, f"{path}/reactivate"),
        200,
        {"card.status": "active"},
    )
    stage.answers("and buys again", stage.buy(mia, card_id, "1"), 201, {"card.balance": 1})
    stage.pay(mia, card_id, "1")
    stage.answers(
        "without a balance it can be cancelled",
        stage.decide(admin, f"{path}/cancel"),
        200,
        {"card.status": "cancelled"},
    )
    stage.refuses(
        "and that is final",
        stage.decide(admin, f"{path}/reactivate"),
        409,
        "INVALID_STATE_TRANSITION",
    )


def an_admin_disables_a_user(stage: Stage) -> None:
    admin, nils = stage.enter("Marshal", Role.ADMIN), stage.registered("Nils")
    card_id, path = stage.card_of(nils), f"/users/{nils.ecosystem_id}"
    stage.answers(
        "an admin disables a user",
        stage.decide(admin, f"{path}/disable"),
        200,
        {"user.status": "disabled"},
    )
    stage.refuses(
        "whose commands are refused at once",
        stage.buy(nils, card_id, "1"),
        403,
        "ACCOUNT_DISABLED",
    )
    stage.refuses(
        "and what is read within seconds",
        stage.eventually("the refusal", lambda: _dashboard(stage, nils), lambda a: a.status == 403),
        403,
        "ACCOUNT_DISABLED",
    )
    stage.refuses(
        "nobody is disabled twice",
        stage.decide(admin, f"{path}/disable"),
        409,
        "INVALID_STATE_TRANSITION",
    )
    stage.answers(
        "enabled again",
        stage.decide(admin, f"{path}/enable"),
        200,
        {"user.status": "active"},
    )
    stage.answers("the card buys", stage.buy(nils, card_id, "1"), 201)
    stage.answers(
        "and the dashboard is back",
        stage.eventually(
            "the dashboard", lambda: _dashboard(stage, nils), lambda a: a.status == 200
        ),
        200,
    )


def _dashboard(stage: Stage, person: Person) -> Answer:
    return stage.client.get("/v1/dashboard", person)
