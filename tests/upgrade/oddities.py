"""Things in states and of kinds that no version here has heard of, and what clients see of them."""

import secrets
from dataclasses import dataclass

from accounts.entities import User, UserKey
from cards.entities import Card, CardKey, CardRequestKey
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from outbox.entities import EntityType, Event, EventType
from tests.support.api import Admin, Customer, error_of
from tests.support.builders import (
    MOMENT,
    a_score_record,
    a_transaction,
    an_audit_log,
    an_event,
)
from tests.support.storing import store, the
from tests.support.unheard_of import TEXT, all_unheard_of, unheard_of
from tests.upgrade.lives import Open


@dataclass(frozen=True, slots=True)
class Oddities:
    """Who has them: a user, the owner of a card, somebody who waits for one, and their admin."""

    user: str
    owner: str
    card: str
    waiting: str
    request: str
    admin: str

    @classmethod
    def made(cls, url: str, opened: Open) -> "Oddities":
        """Have a server make them, with nothing odd about them yet."""
        run = secrets.token_hex(4)
        user, owner, waiting = (
            opened(Customer(url, f"{who}-{run}")) for who in ("user", "owner", "waiting")
        )
        admin = opened(Admin(url, f"admin-{run}"))
        user.register()
        return cls(
            user=user.ecosystem_id,
            owner=owner.ecosystem_id,
            card=owner.card(),
            waiting=waiting.ecosystem_id,
            request=admin.pending_request(waiting),
            admin=admin.ecosystem_id,
        )

    def leave(self, backend: PersistenceBackend) -> Event:
        """Store what is odd as a newer version would, and return the event that waits."""
        user: User = the(backend, UserKey(self.user))
        card: Card = the(backend, CardKey(self.owner, self.card))
        request = the(backend, CardRequestKey(self.waiting, self.request))
        odd = [all_unheard_of(row) for row in (user, card, request)]
        backend.commit(Commit(now=MOMENT, saves=odd))
        event = an_event(
            entity=(unheard_of(EntityType), self.user), event_type=unheard_of(EventType)
        )
        store(
            backend,
            event,
            all_unheard_of(a_transaction(card)),
            all_unheard_of(a_score_record(self.owner)),
            all_unheard_of(an_audit_log(admin_ecosystem_id=self.admin)),
        )
        return event

    def look(self, url: str, opened: Open) -> None:
        """Fail unless each of them is shown as it is."""
        shown = {
            Customer(url, self.user): ["/v1/dashboard"],
            Customer(url, self.owner): [
                "/v1/dashboard",
                "/v1/cards",
                f"/v1/cards/{self.card}",
                f"/v1/cards/{self.card}/transactions",
            ],
            Customer(url, self.waiting): [f"/v1/cards/requests/{self.request}"],
            Admin(url, self.admin): [
                "/v1/admin/card-requests",
                "/v1/admin/outbox",
                f"/v1/admin/audit-logs?actor={self.admin}",
                f"/v1/admin/users/{self.owner}/score",
            ],
        }
        for person, paths in shown.items():
            for path in paths:
                # The document, which it is not held against, names what is known.
                answer = opened(person).http.get(path)
                assert answer.status_code == 200, answer.text
                assert f'"{TEXT}"' in answer.text, (path, answer.text)

    def try_to_change(self, url: str, opened: Open) -> None:
        """Fail unless nobody may, and is told so."""
        user, owner = (opened(Customer(url, name)) for name in (self.user, self.owner))
        admin = opened(Admin(url, self.admin))
        error_of(user.request_card(), 403, "FORBIDDEN")
        for status in ("disable", "enable"):
            error_of(admin.set_status(user, status), 409, "INVALID_STATE_TRANSITION")
        error_of(owner.buy(self.card, 10), 400, "VALIDATION_ERROR")
        error_of(owner.pay(self.card, 10), 400, "VALIDATION_ERROR")
        for action in ("suspend", "reactivate", "cancel"):
            moved = admin.move_card(owner, self.card, action)
            error_of(moved, 409, "INVALID_STATE_TRANSITION")
        error_of(admin.approve(self.request, 200), 409, "REQUEST_ALREADY_PROCESSED")
        error_of(admin.reject(self.request), 409, "REQUEST_ALREADY_PROCESSED")
