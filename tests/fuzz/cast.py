"""Who calls an operation and what it is called on: real users, cards, requests and events.

Each operation has a target of its own, which is made when it is first needed and given up as soon
as the operation succeeded on it, since that may have changed it. What one operation does is then
never in the way of another.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.api import Admin, Customer, eventually, expect

FULL_CREDIT = 5000
"""The limit of a card that is approved at once, by the rules for a new user's score."""


@dataclass(frozen=True, slots=True)
class Target:
    """A caller, and the path parameters of something it may act on."""

    caller: Customer
    path: dict[str, str] = field(default_factory=dict)


class Cast:
    """Makes the targets of operations, over HTTP as any client would."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._targets: dict[str, Target] = {}
        self._left: defaultdict[str, list[Target]] = defaultdict(list)
        self._owners: dict[str, Customer] = {}
        self._dead_letters: list[str] = []
        self._redriven: set[str] = set()
        self.admin = Admin(url)
        self.stranger = self._user()

    def target(self, operation_id: str) -> Target:
        """Return what the operation is to be called on, the same until it was `used`."""
        if operation_id not in self._targets:
            left = self._left[operation_id]
            self._targets[operation_id] = left.pop() if left else MAKERS[operation_id](self)
        return self._targets[operation_id]

    def used(self, operation_id: str, target: Target) -> None:
        """Note that the operation succeeded on it: it is no longer what it was made to be."""
        if operation_id in KEPT or self._targets.get(operation_id) is not target:
            return
        del self._targets[operation_id]
        if operation_id in UNDONE_BY:
            self._left[UNDONE_BY[operation_id]].append(target)

    def owner_of(self, thing: str) -> Customer | None:
        """Return whose card or card request it is, if it is one of ours."""
        return self._owners.get(thing)

    def owns(self, owner: Customer, thing: str) -> None:
        self._owners[thing] = owner

    def someone(self) -> Target:
        """Somebody with a token who has not registered."""
        customer = Customer(self._url)
        customer.close()
        return Target(customer)

    def newcomer(self) -> Target:
        return Target(self._user())

    def holder(self) -> Target:
        """A user with an active card at balance zero."""
        return self._holder(0)

    def debtor(self) -> Target:
        """A user with an active card whose credit is used up."""
        return self._holder(FULL_CREDIT)

    def applicant(self) -> Target:
        """A user with a pending request."""
        user = Customer(self._url)
        request_id = self.admin.pending_request(user)
        user.close()
        self.owns(user, request_id)
        return Target(user, {"requestId": request_id})

    def other_admin(self) -> Target:
        """An admin of its own for each call: a confirmation token given to one fits no other."""
        admin = Admin(self._url)
        admin.close()
        return Target(admin)

    def pending_request(self) -> Target:
        return Target(self.admin, self.applicant().path)

    def user(self) -> Target:
        return Target(self.admin, {"userSlug": self._user().ecosystem_id})

    def disabled_user(self) -> Target:
        user = self._user()
        expect(self.admin.set_status(user, "disable"), 200)
        return Target(self.admin, {"userSlug": user.ecosystem_id})

    def card(self) -> Target:
        """A user's card as an admin names it: active, at balance zero."""
        holder = self.holder()
        return Target(self.admin, {"userSlug": holder.caller.ecosystem_id, **holder.path})

    def suspended_card(self) -> Target:
        holder = self.holder()
        expect(self.admin.move_card(holder.caller, holder.path["cardId"], "suspend"), 200)
        return Target(self.admin, {"userSlug": holder.caller.ecosystem_id, **holder.path})

    def dead_letter(self) -> Target:
        """An event that was given up, each only once: it soon is given up again."""
        self._user()
        event_id = eventually(self._next_dead_letter)
        return Target(self.admin, {"eventId": event_id})

    def overseer(self) -> Target:
        return Target(self.admin)

    def _user(self) -> Customer:
        user = Customer(self._url)
        user.register()
        user.close()
        return user

    def _holder(self, balance: int) -> Target:
        user = Customer(self._url)
        card_id = user.card()
        if balance:
            expect(user.buy(card_id, balance), 201)
        user.close()
        self.owns(user, card_id)
        return Target(user, {"cardId": card_id})

    def _next_dead_letter(self) -> str | None:
        if not self._dead_letters:
            asked = {"status": "dead_letter", "limit": 100}
            events = expect(self.admin.get("/v1/admin/outbox", params=asked), 200)["events"]
            self._dead_letters = [
                event["eventId"] for event in events if event["eventId"] not in self._redriven
            ]
        if not self._dead_letters:
            return None
        event_id = self._dead_letters.pop()
        self._redriven.add(event_id)
        return event_id


MAKERS: dict[str, Callable[[Cast], Target]] = {
    "adjustScore": Cast.user,
    "approveCardRequest": Cast.pending_request,
    "cancelCard": Cast.card,
    "cleanUp": Cast.other_admin,
    "createCardRequest": Cast.newcomer,
    "createPayment": Cast.debtor,
    "createPurchase": Cast.holder,
    "disableUser": Cast.user,
    "enableUser": Cast.disabled_user,
    "getCard": Cast.debtor,
    "getCardRequest": Cast.applicant,
    "getDashboard": Cast.holder,
    "getGatewayHealth": Cast.someone,
    "getLiveness": Cast.someone,
    "getReadiness": Cast.someone,
    "getScore": Cast.user,
    "listAuditLogs": Cast.overseer,
    "listCardRequests": Cast.overseer,
    "listCards": Cast.holder,
    "listEvents": Cast.overseer,
    "listOffers": Cast.newcomer,
    "listTransactions": Cast.debtor,
    "reactivateCard": Cast.suspended_card,
    "receiveGatewayEvent": Cast.someone,
    "redriveEvent": Cast.dead_letter,
    "registerUser": Cast.someone,
    "rejectCardRequest": Cast.pending_request,
    "suspendCard": Cast.card,
}
KEPT = {name for name in MAKERS if name.startswith(("get", "list"))} | {
    "adjustScore",
    "createPayment",
    "createPurchase",
}
"""The operations that leave their target as it was, or good enough for the next time."""

UNDONE_BY = {
    "disableUser": "enableUser",
    "enableUser": "disableUser",
    "reactivateCard": "suspendCard",
    "suspendCard": "reactivateCard",
}
"""The operations that leave just what another needs."""
