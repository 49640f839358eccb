"""Every page that a backend can be asked for, so that what holds for pages is said once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from accounts.audit import TargetType
from cards.entities import RequestStatus
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.repositories import Page
from outbox.entities import EntityType, EventStatus
from tests.support.builders import (
    a_customer,
    a_request,
    a_transaction,
    a_user,
    an_audit_log,
    an_event,
    at,
    rejected,
)
from tests.support.storing import store
from transactions.entities import TransactionType

USER = (EntityType.USER, "user-001")
OTHER_USER = (EntityType.USER, "user-002")
CUSTOMER = a_customer()
CARD = CUSTOMER[2]


def _payment(_: int, moment: datetime) -> Any:
    return a_transaction(CARD, moment, type=TransactionType.PAYMENT, merchant=None)


def _request(number: int, moment: datetime) -> list[Any]:
    owner = f"user-{number:03}"
    return [a_user(owner), a_request(owner, moment)]


def _rejected_request(number: int, moment: datetime) -> list[Any]:
    owner, request = _request(number + 500, moment)
    return [owner, rejected(request)]


def _event(number: int, moment: datetime) -> Any:
    return an_event(number, moment, entity=USER)


def _event_of_another(number: int, moment: datetime) -> Any:
    return an_event(number, moment, entity=OTHER_USER)


def _sent(event: Any) -> Any:
    return replace(event, status=EventStatus.SENT, sent_at=event.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page's method, rows that belong in it, and rows beside them that do not."""

    name: str
    row: Callable[[int, datetime], Any]
    """Makes a row of a number and a moment, or a list that ends with it, after what it needs."""

    page: Callable[[PersistenceBackend], Callable[..., Page[Any]]]
    others: Callable[[int, datetime], list[Any]] = lambda *_: []
    needs: tuple[Any, ...] = ()
    oldest_first: bool = False

    def prepare(self, backend: PersistenceBackend) -> None:
        store(backend, *self.needs)

    def add(self, backend: PersistenceBackend, *seconds: int) -> None:
        """Store the rows of these seconds, in this order, each with the others of its second."""
        for second in seconds:
            self.add_row(backend, second, at(second))

    def add_row(self, backend: PersistenceBackend, number: int, moment: datetime) -> None:
        """Store one row and the others beside it."""
        made = self.row(number, moment)
        store(backend, *(made if isinstance(made, list) else [made]))
        store(backend, *self.others(number, moment))

    def seconds(self, page: Page[Any]) -> list[int]:
        """Return which rows a page holds, by the second each was made in."""
        return [round((_made_at(row) - at(0)).total_seconds()) for row in page.items]

    def in_order(self, seconds: range) -> list[int]:
        return list(seconds if self.oldest_first else reversed(seconds))


def _made_at(row: Any) -> Any:
    return row.created_at if hasattr(row, "created_at") else row.timestamp


def _transactions(backend: PersistenceBackend) -> Callable[..., Page[Any]]:
    return partial(backend.transactions.page, "user-001", CARD.card_id, None)


def _payments(backend: PersistenceBackend) -> Callable[..., Page[Any]]:
    return partial(backend.transactions.page, "user-001", CARD.card_id, TransactionType.PAYMENT)


def _requests(status: RequestStatus | None, *, oldest_first: bool) -> Any:
    return lambda backend: partial(backend.card_requests.page, status, oldest_first=oldest_first)


def _events(status: EventStatus | None, entity: Any) -> Any:
    return lambda backend: partial(backend.outbox.page, status, entity)


def _logs_of_target(backend: PersistenceBackend) -> Callable[..., Page[Any]]:
    return partial(backend.audit_logs.page_of_target, TargetType.USER, "user-001")


def _logs_of_actor(backend: PersistenceBackend) -> Callable[..., Page[Any]]:
    return partial(backend.audit_logs.page_of_actor, "admin-001")


def _other_logs(_: int, moment: datetime) -> list[Any]:
    return [
        an_audit_log(moment, admin_ecosystem_id="admin-002", target_id="user-002"),
        an_audit_log(moment, admin_ecosystem_id="admin-002", target_type=TargetType.CARD),
    ]


_OTHER_CUSTOMER = a_customer("user-002")
_PENDING = RequestStatus.PENDING

LISTINGS = [
    Listing(
        name="a card's transactions",
        row=lambda _, moment: a_transaction(CARD, moment),
        others=lambda _, moment: [a_transaction(_OTHER_CUSTOMER[2], moment)],
        page=_transactions,
        needs=(*CUSTOMER, *_OTHER_CUSTOMER),
    ),
    Listing(
        name="a card's payments",
        row=_payment,
        others=lambda _, moment: [
            a_transaction(CARD, moment + timedelta(milliseconds=n)) for n in range(4)
        ],
        page=_payments,
        needs=CUSTOMER,
    ),
    Listing(
        name="all requests, newest first",
        row=_request,
        page=_requests(None, oldest_first=False),
    ),
    Listing(
        name="all requests, oldest first",
        row=_request,
        page=_requests(None, oldest_first=True),
        oldest_first=True,
    ),
    Listing(
        name="pending requests, newest first",
        row=_request,
        others=_rejected_request,
        page=_requests(_PENDING, oldest_first=False),
    ),
    Listing(
        name="pending requests, oldest first",
        row=_request,
        others=_rejected_request,
        page=_requests(_PENDING, oldest_first=True),
        oldest_first=True,
    ),
    Listing(
        name="all events",
        row=_event,
        page=_events(None, None),
    ),
    Listing(
        name="sent events",
        row=lambda number, moment: _sent(_event(number, moment)),
        others=lambda number, moment: [_event_of_another(number, moment)],
        page=_events(EventStatus.SENT, None),
    ),
    Listing(
        name="an entity's events",
        row=_event,
        others=lambda number, moment: [_event_of_another(number, moment)],
        page=_events(None, USER),
    ),
    Listing(
        name="an entity's sent events",
        row=lambda number, moment: _sent(_event(number, moment)),
        others=lambda number, moment: [
            _event(number + 500, moment),
            _sent(_event_of_another(number, moment)),
        ],
        page=_events(EventStatus.SENT, USER),
    ),
    Listing(
        name="what was done to a target",
        row=lambda _, moment: an_audit_log(moment),
        others=_other_logs,
        page=_logs_of_target,
    ),
    Listing(
        name="what an admin did",
        row=lambda _, moment: an_audit_log(moment),
        others=_other_logs,
        page=_logs_of_actor,
    ),
]
