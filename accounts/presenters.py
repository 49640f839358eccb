"""What users, scores and audit records look like to a client."""

from typing import Any

from accounts.audit import AuditLog
from accounts.entities import ScoreRecord, User
from accounts.rules import tier_of
from accounts.services import Dashboard, Registration, ScoreOverview
from cards.approval import REVIEW_ESTIMATE
from cards.entities import CardStatus, RequestStatus
from cards.presenters import present_card_summary
from financial_api.kernel.clock import iso


def present_user(user: User) -> dict[str, Any]:
    return {
        "ecosystemId": user.ecosystem_id,
        "firebaseUid": user.subject,
        "email": user.email,
        "role": user.role,
        "status": user.status,
        "currentScore": user.current_score,
        "tier": tier_of(user.current_score),
        "createdAt": iso(user.created_at),
        "updatedAt": iso(user.updated_at),
        "lastLoginAt": iso(user.last_login_at),
    }


def present_registration(registration: Registration) -> dict[str, Any]:
    return {"created": registration.created, "user": present_user(registration.user)}


def present_dashboard(dashboard: Dashboard) -> dict[str, Any]:
    user = dashboard.user
    shown: dict[str, Any] = {
        "user": {
            "ecosystemId": user.ecosystem_id,
            "email": user.email,
            "score": user.current_score,
            "tier": tier_of(user.current_score),
            "status": user.status,
        },
        "cards": [present_card_summary(card) for card in dashboard.cards],
        "pendingRequests": _pending_requests(user),
    }
    if not shown["pendingRequests"] and _has_no_card(dashboard):
        shown["suggestedActions"] = [
            {
                "type": "apply_for_card",
                "message": "You have no card yet: see what is on offer.",
                "link": "/v1/offers",
            }
        ]
    shown["lastUpdated"] = iso(dashboard.last_updated)
    return shown


def _pending_requests(user: User) -> list[dict[str, Any]]:
    pending = user.pending_request
    if pending is None:
        return []
    return [
        {
            "requestId": pending.request_id,
            "productId": pending.product_id,
            "status": RequestStatus.PENDING,
            "submittedAt": iso(pending.created_at),
            "estimatedReviewTime": REVIEW_ESTIMATE,
        }
    ]


def _has_no_card(dashboard: Dashboard) -> bool:
    return all(card.status is CardStatus.CANCELLED for card in dashboard.cards)


def present_score_overview(overview: ScoreOverview) -> dict[str, Any]:
    user = overview.user
    return {
        "user": {
            "ecosystemId": user.ecosystem_id,
            "email": user.email,
            "currentScore": user.current_score,
            "tier": tier_of(user.current_score),
        },
        "history": [_present_score_record(record) for record in overview.history],
    }


def _present_score_record(record: ScoreRecord) -> dict[str, Any]:
    return {
        "value": record.value,
        "previousValue": record.previous_value,
        "delta": record.delta,
        "reason": record.reason,
        "source": record.source,
        "timestamp": iso(record.timestamp),
    }


def present_audit_log(log: AuditLog) -> dict[str, Any]:
    shown = {
        "logId": log.log_id,
        "adminEcosystemId": log.admin_ecosystem_id,
        "adminEmail": log.admin_email,
        "action": log.action,
        "targetType": log.target_type,
        "targetId": log.target_id,
        "targetEcosystemId": log.target_ecosystem_id,
        "previousValue": log.previous_value,
        "newValue": log.new_value,
        "reason": log.reason,
        "requestId": log.request_id,
        "ipAddress": log.ip_address,
        "userAgent": log.user_agent,
        "timestamp": iso(log.timestamp),
    }
    return {name: value for name, value in shown.items() if value is not None}
