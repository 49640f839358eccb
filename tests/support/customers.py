"""People who use the services, in as few words as a test needs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from accounts import services as account_services
from accounts.callers import Caller, Identity
from accounts.entities import Role, User, UserStatus
from cards import services as card_services
from cards.approval import PRODUCT_ID
from cards.entities import Card, CardRequest, CardStatus
from financial_api.application.commands import Outcome, Submission
from financial_api.kernel import clock, ids
from financial_api.kernel.errors import ApiError, ErrorCode
from financial_api.kernel.idempotency import IdempotencyKey, fingerprint
from infra_backends import persistence
from transactions import services as transaction_services
from transactions.entities import Transaction, TransactionStatus

AUTO_LIMIT = Decimal("5000.00")
"""The limit of a card that is approved at once, at the initial score."""


def a_caller(ecosystem_id: str, role: Role = Role.USER) -> Caller:
    return Caller(
        Identity(
            subject=f"subject-of-{ecosystem_id}",
            ecosystem_id=ecosystem_id,
            role=role,
            email=f"{ecosystem_id}@example.com",
            email_verified=True,
        )
    )


class Person:
    """A caller who sends every request under an idempotency key: a new one unless given."""

    def __init__(self, ecosystem_id: str, role: Role = Role.USER) -> None:
        self.caller = a_caller(ecosystem_id, role)
        self.ecosystem_id = ecosystem_id

    def register(self) -> account_services.Registration:
        return account_services.register(self.caller, None)

    def submission(self, key: str | None, *asked_for: object) -> Submission[Any]:
        return Submission(
            key=IdempotencyKey.of(self.ecosystem_id, key or ids.new_id(clock.now())),
            fingerprint=fingerprint("test", {}, {"asked_for": [str(one) for one in asked_for]}),
            render=lambda result: repr(result).encode(),
        )


class Customer(Person):
    """A user; its card is the newest."""

    @property
    def user(self) -> User:
        return account_services.get_user(self.caller.identity)

    @property
    def cards(self) -> list[Card]:
        return list(persistence.cards.of_user(self.ecosystem_id))

    @property
    def card(self) -> Card:
        return self.cards[0]

    def transactions(
        self, card: Card, status: TransactionStatus | None = None
    ) -> list[Transaction]:
        page = persistence.transactions.page(
            self.ecosystem_id, card.card_id, None, after=None, limit=1000
        )
        return [row for row in page.items if status is None or row.status is status]

    def request_card(self, key: str | None = None) -> Outcome[card_services.RequestResult]:
        return card_services.request_card(self.caller, PRODUCT_ID, self.submission(key, "card"))

    def buy(self, card: Card, amount: str, key: str | None = None) -> Outcome[Any]:
        submission = self.submission(key, "buy", card.card_id, amount)
        return transaction_services.purchase(
            self.caller, card.card_id, Decimal(amount), "Shop", submission
        )

    def pay(self, card: Card, amount: str, key: str | None = None) -> Outcome[Any]:
        submission = self.submission(key, "pay", card.card_id, amount)
        return transaction_services.payment(self.caller, card.card_id, Decimal(amount), submission)


class Admin(Person):
    def __init__(self, ecosystem_id: str = "admin-001") -> None:
        super().__init__(ecosystem_id, Role.ADMIN)

    def set_score(self, customer: Customer, score: int) -> Outcome[Any]:
        submission = self.submission(None, "score", score)
        return account_services.adjust_score(
            self.caller, customer.ecosystem_id, score, "For the test", submission
        )

    def set_status(self, customer: Person, status: UserStatus) -> Outcome[Any]:
        submission = self.submission(None, "status", status)
        return account_services.set_status(
            self.caller, customer.ecosystem_id, status, "For the test", submission
        )

    def disable(self, customer: Person) -> Outcome[Any]:
        return self.set_status(customer, UserStatus.DISABLED)

    def set_card_status(self, card: Card, status: CardStatus) -> Outcome[Any]:
        submission = self.submission(None, "card status", card.card_id, status)
        return card_services.set_card_status(
            self.caller, card.ecosystem_id, card.card_id, status, "For the test", submission
        )

    def approve(self, request: CardRequest, limit: str = "2000.00") -> Outcome[Any]:
        submission = self.submission(None, "approve", request.request_id, limit)
        return card_services.approve_request(
            self.caller, request.request_id, Decimal(limit), None, submission
        )

    def reject(self, request: CardRequest) -> Outcome[Any]:
        submission = self.submission(None, "reject", request.request_id)
        return card_services.reject_request(
            self.caller, request.request_id, "For the test", submission
        )


def a_cardholder(ecosystem_id: str = "user-001", limit: str | None = None) -> Customer:
    """Return a registered customer with an active card, of the limit given."""
    customer = Customer(ecosystem_id)
    customer.register()
    if limit is None:
        customer.request_card()
        return customer
    admin = Admin("admin-of-limits")
    admin.set_score(customer, 499)
    request = customer.request_card().result.request
    admin.approve(request, limit)
    return customer


def a_waiting_customer(ecosystem_id: str = "user-001") -> tuple[Customer, CardRequest]:
    """Return a registered customer and its pending request."""
    customer = Customer(ecosystem_id)
    customer.register()
    Admin("admin-of-scores").set_score(customer, 400)
    return customer, customer.request_card().result.request


def refusal_of(function: Callable[[], object]) -> ErrorCode | None:
    """Return the code a command is refused with, or None when it is not."""
    try:
        function()
    except ApiError as refusal:
        return refusal.code
    return None
