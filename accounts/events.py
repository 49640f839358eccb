"""What accounts tell the world."""

from accounts.callers import Caller
from accounts.entities import ScoreRecord, ScoreSource, User, UserStatus
from accounts.rules import tier_of
from outbox.entities import EntityType, EventDraft, EventType


def user_created(user: User) -> EventDraft:
    return EventDraft(
        EventType.USER_CREATED,
        EntityType.USER,
        user.ecosystem_id,
        user.ecosystem_id,
        {
            "ecosystemId": user.ecosystem_id,
            "firebaseUid": user.subject,
            "email": user.email,
            "role": user.role,
            "initialScore": user.current_score,
            "tier": tier_of(user.current_score),
        },
    )


def user_status_changed(user: User, reason: str, admin: Caller) -> EventDraft:
    disabled = user.status is UserStatus.DISABLED
    return EventDraft(
        EventType.USER_DISABLED if disabled else EventType.USER_ENABLED,
        EntityType.USER,
        user.ecosystem_id,
        user.ecosystem_id,
        {"ecosystemId": user.ecosystem_id, "reason": reason, "adminId": admin.ecosystem_id},
    )


def score_changed(record: ScoreRecord) -> EventDraft:
    payload = {
        "ecosystemId": record.ecosystem_id,
        "previousScore": record.previous_value,
        "newScore": record.value,
        "delta": record.delta,
        "previousTier": tier_of(record.previous_value),
        "newTier": tier_of(record.value),
        "reason": record.reason,
        "source": record.source,
    }
    if record.source is ScoreSource.ADMIN:
        payload["adminId"] = record.source_id
    if record.related_entity_id is not None:
        payload["relatedEntityType"] = record.related_entity_type
        payload["relatedEntityId"] = record.related_entity_id
    return EventDraft(
        EventType.SCORE_CHANGED,
        EntityType.SCORE,
        record.ecosystem_id,
        record.ecosystem_id,
        payload,
    )
