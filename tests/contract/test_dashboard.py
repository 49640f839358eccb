"""The dashboard's contents."""

from tests.support.api import DEFAULT_PRODUCT, Admin, Customer, expect, moment

SUMMARY = {
    "cardId",
    "type",
    "status",
    "limit",
    "balance",
    "availableCredit",
    "minimumPayment",
    "nextDueDate",
    "nearLimit",
}


def test_a_new_user_is_shown_where_to_begin(customer: Customer) -> None:
    user = customer.register()

    shown = expect(customer.get("/v1/dashboard"), 200)

    assert shown.keys() == {"user", "cards", "pendingRequests", "suggestedActions", "lastUpdated"}
    assert shown["user"] == {
        "ecosystemId": customer.ecosystem_id,
        "email": customer.email,
        "score": 500,
        "tier": "medium",
        "status": "active",
    }
    assert (shown["cards"], shown["pendingRequests"]) == ([], [])
    assert [action.keys() for action in shown["suggestedActions"]] == [{"type", "message", "link"}]
    assert shown["suggestedActions"][0]["link"] == "/v1/offers"
    assert shown["lastUpdated"] == user["updatedAt"]


def test_a_card_is_shown_in_short(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 100), 201)

    shown = expect(customer.get("/v1/dashboard"), 200)

    assert shown.keys() == {"user", "cards", "pendingRequests", "lastUpdated"}
    detail = customer.shown_card(card_id)
    assert shown["cards"] == [{name: detail[name] for name in SUMMARY}]


def test_a_pending_request_is_shown(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)

    shown = expect(customer.get("/v1/dashboard"), 200)

    submitted_at = shown["pendingRequests"][0].pop("submittedAt")
    assert moment(submitted_at) <= moment(shown["lastUpdated"])
    assert shown["pendingRequests"] == [
        {
            "requestId": request_id,
            "productId": DEFAULT_PRODUCT,
            "status": "pending",
            "estimatedReviewTime": "1-2 business days",
        }
    ]
    assert "suggestedActions" not in shown


def test_a_decided_request_is_no_longer_shown(admin: Admin, customer: Customer) -> None:
    expect(admin.approve(admin.pending_request(customer), 1000), 200)

    shown = expect(customer.get("/v1/dashboard"), 200)

    assert shown["pendingRequests"] == []
    assert [card["limit"] for card in shown["cards"]] == [1000]


def test_the_score_is_shown_as_it_is_now(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 700), 200)

    user = expect(customer.get("/v1/dashboard"), 200)["user"]

    assert (user["score"], user["tier"]) == (700, "high")


def test_a_purchase_is_the_latest_change(customer: Customer) -> None:
    card_id = customer.card()
    bought = expect(customer.buy(card_id, 100), 201)["transaction"]

    shown = expect(customer.get("/v1/dashboard"), 200)

    assert moment(shown["lastUpdated"]) == moment(bought["timestamp"])


def test_a_suspension_is_the_latest_change(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    before = expect(customer.get("/v1/dashboard"), 200)["lastUpdated"]
    expect(admin.move_card(customer, card_id, "suspend"), 200)

    shown = expect(customer.get("/v1/dashboard"), 200)

    assert moment(shown["lastUpdated"]) > moment(before)
    assert [card["status"] for card in shown["cards"]] == ["suspended"]
