"""What admins are told of events as they are relayed: rows to be sent, under ids of the events.

Sending takes its time and is done elsewhere (`notifications.delivery`).
"""

from decimal import Decimal

from django.conf import settings

from accounts.callers import Caller
from accounts.entities import UserKey
from cards.entities import CardRequestKey, RequestStatus
from financial_api.application import commands
from financial_api.application.unit_of_work import UnitOfWork
from infra_backends import remote_config
from notifications import rules, texts
from notifications.entities import (
    ApprovalStatus,
    NotificationKind,
    PendingApprovalKey,
)
from outbox.entities import Event, EventType
from outbox.subscribers import subscribe


def subscribe_all() -> None:
    """Have the relay tell admins of requests and payments, and close the trackers of decisions."""
    subscribe("whatsapp-approval-requests", EventType.CARD_REQUESTED)(ask_for_approval)
    subscribe("whatsapp-payments", EventType.TRANSACTION_PAYMENT)(tell_of_payment)
    subscribe("whatsapp-trackers", EventType.CARD_APPROVED, EventType.CARD_REJECTED)(close_tracker)


def ask_for_approval(event: Event) -> None:
    """Ask every admin about a request that is still pending, and keep track of the asking."""
    parameters = remote_config.parameters()
    if not parameters.notifications_enabled:
        return
    request_key = CardRequestKey(event.ecosystem_id, event.entity_id)
    user_key = UserKey(event.ecosystem_id)
    tracker_key = PendingApprovalKey(event.entity_id)

    def decide(work: UnitOfWork) -> None:
        request, user = work.get(request_key), work.get(user_key)
        if work.get(tracker_key) is not None or request is None or user is None:
            return
        if request.status is not RequestStatus.PENDING:
            return
        text = texts.approval_request(request, user)
        messages = [
            rules.notification(NotificationKind.APPROVAL_REQUEST, event, phone, text, work.now)
            for phone in settings.WHATSAPP_ADMINS
        ]
        work.save(*messages, rules.tracker(request, messages, parameters, work.now))
        work.require(request)

    commands.run(Caller.system(), lambda: [tracker_key, request_key, user_key], decide)


def tell_of_payment(event: Event) -> None:
    """Tell every admin of a payment."""
    if not remote_config.parameters().notifications_enabled:
        return
    text = texts.payment(
        event.payload["cardId"], Decimal(event.payload["amount"]), event.created_at
    )
    messages = [
        rules.notification(NotificationKind.PAYMENT, event, phone, text, event.created_at)
        for phone in settings.WHATSAPP_ADMINS
    ]

    def decide(work: UnitOfWork) -> None:
        work.save(*(message for message in messages if work.get(message.key) is None))

    commands.run(Caller.system(), lambda: [message.key for message in messages], decide)


def close_tracker(event: Event) -> None:
    """Close the tracker, if there is one, of a request that was decided in whichever way."""
    tracker_key = PendingApprovalKey(event.entity_id)
    approved = event.event_type is EventType.CARD_APPROVED
    status = ApprovalStatus.APPROVED if approved else ApprovalStatus.REJECTED

    def decide(work: UnitOfWork) -> None:
        tracker = work.get(tracker_key)
        if tracker is not None and tracker.approval_status is ApprovalStatus.PENDING:
            work.save(rules.closed(tracker, status, work.now))

    commands.run(Caller.system(), lambda: [tracker_key], decide)
