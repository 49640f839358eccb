"""The service is up, lets the right people in, and a customer arrives."""

from ..cast import Person, Role
from ..stage import PRODUCT_ID, Stage


def the_service_is_up(stage: Stage) -> None:
    client = stage.client
    stage.answers("liveness says ok", client.get("/health/liveness"), 200, {"status": "ok"})
    healthy = {
        "status": "healthy",
        "dependencies.database": "healthy",
        "dependencies.message_stream": "healthy",
        "dependencies.auth_provider": "healthy",
    }
    stage.answers(
        "readiness has asked every dependency", client.get("/health/readiness"), 200, healthy
    )
    stage.refuses("an unknown route is a JSON 404", client.get("/nowhere"), 404, "NOT_FOUND")
    stage.answers(
        "a request id of the client's own comes back",
        client.get("/health/liveness", X_Request_ID="walkthrough-1"),
        200,
        headers={"X-Request-ID": "walkthrough-1", "X-Content-Type-Options": "nosniff"},
    )


def only_the_right_people_come_in(stage: Stage) -> None:
    client, stranger = stage.client, stage.enter("Stranger")
    forger = Person("Forger", "forger", Role.USER, "", "not-a-token")
    challenge = {"WWW-Authenticate": "Bearer"}
    stage.refuses(
        "without a token nobody comes in",
        client.get("/v1/dashboard"),
        401,
        "INVALID_TOKEN",
        headers=challenge,
    )
    stage.refuses(
        "nor with one that cannot be verified",
        client.get("/v1/dashboard", forger),
        401,
        "INVALID_TOKEN",
        headers=challenge,
    )
    stage.refuses(
        "a user is no admin", client.get("/v1/admin/card-requests", stranger), 403, "FORBIDDEN"
    )
    stage.refuses(
        "a path with a trailing slash is an unknown route",
        client.get("/v1/dashboard/", stranger),
        404,
        "NOT_FOUND",
    )
    stage.refuses(
        "a method that a route does not know is refused",
        client.post("/v1/dashboard", stranger, {}),
        405,
        "METHOD_NOT_ALLOWED",
    )


def a_customer_arrives(stage: Stage) -> None:
    client, ana = stage.client, stage.enter("Ana")
    stage.refuses(
        "before registering there is no dashboard",
        client.get("/v1/dashboard", ana),
        404,
        "NOT_FOUND",
    )
    cards = stage.answers(
        "nor a card, but no error either", client.get("/v1/cards", ana), 200, {"cards": []}
    )
    suggestion = str(cards.find("suggestion"))
    stage.true("the empty list points to the offers", "/v1/offers" in suggestion, suggestion)
    stage.refuses(
        "an email that is not the token's is refused",
        client.post("/v1/users", ana, {"email": "somebody@else.test"}),
        400,
        "VALIDATION_ERROR",
    )
    stage.answers(
        "registering makes a user of medium tier, with a score of 500",
        client.post("/v1/users", ana, {"email": ana.email.upper()}),
        201,
        {
            "created": True,
            "user.ecosystemId": ana.ecosystem_id,
            "user.email": ana.email,
            "user.role": "user",
            "user.status": "active",
            "user.currentScore": 500,
            "user.tier": "medium",
        },
    )
    stage.answers(
        "registering again finds the same user",
        client.post("/v1/users", ana),
        200,
        {"created": False, "user.ecosystemId": ana.ecosystem_id},
    )
    stage.answers(
        "a card is on offer, at the limit and the rates of the tier",
        client.get("/v1/offers", ana),
        200,
        {
            "offers.0.productId": PRODUCT_ID,
            "offers.0.productType": "credit-card",
            "offers.0.terms.creditLimit": 5000,
            "offers.0.terms.apr": "18.99%",
            "offers.0.terms.annualFee": 0,
            "offers.0.eligibility.eligible": True,
            "offers.0.eligibility.subjectToApproval": False,
            "offers.0.eligibility.cooldownUntil": None,
        },
    )
    _the_dashboard_is_cached_well(stage, ana)


def _the_dashboard_is_cached_well(stage: Stage, ana: Person) -> None:
    client = stage.client
    dashboard = stage.answers(
        "the dashboard suggests to apply for a card",
        client.get("/v1/dashboard", ana),
        200,
        {
            "user.score": 500,
            "user.tier": "medium",
            "cards": [],
            "pendingRequests": [],
            "suggestedActions.0.link": "/v1/offers",
        },
        {"Cache-Control": "private, no-cache"},
    )
    vary = dashboard.headers.get("Vary", "").lower()
    stage.true(
        "its cache entries are one user's own", "authorization" in vary and "origin" in vary, vary
    )
    etag = dashboard.headers.get("ETag", "")
    same = stage.answers(
        "unchanged, it is a 304",
        client.get("/v1/dashboard", ana, If_None_Match=f'"other", W/{etag.removeprefix("W/")}'),
        304,
        headers={"ETag": etag},
    )
    stage.same("a 304 has no body", b"", same.body)
    stage.card_of(ana)
    changed = stage.answers(
        "with a card it is another dashboard",
        client.get("/v1/dashboard", ana, If_None_Match=etag),
        200,
        {"cards.0.status": "active", "cards.0.limit": 5000, "cards.0.balance": 0},
    )
    stage.true("and has another ETag", changed.headers.get("ETag") not in {None, etag}, etag)
