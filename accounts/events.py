"""What accounts tell the world."""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from accounts.callers import Caller
from accounts.entities import Role, ScoreRecord, ScoreSource, Tier, User, UserStatus
from accounts.rules import tier_of
from outbox.declarations import AdminId, EcosystemId, EventDeclaration, Reason, Score
from outbox.entities import EntityType, EventDraft, EventType


class UserCreated(TypedDict):
    ecosystemId: EcosystemId
    firebaseUid: Annotated[str, Meta(description="The identity provider's id of the user.")]
    email: Annotated[str, Meta(description="The address the user registered with.")]
    role: Annotated[Role, Meta(description="The role the user registered with.")]
    initialScore: Score
    tier: Annotated[Tier, Meta(description="The tier of the initial score.")]


class UserStatusChanged(TypedDict):
    ecosystemId: EcosystemId
    reason: Reason
    adminId: AdminId


class ScoreChanged(TypedDict):
    ecosystemId: EcosystemId
    previousScore: Score
    newScore: Score
    delta: Annotated[
        int, Meta(ge=-1000, le=1000, description="What was really applied, after clamping.")
    ]
    previousTier: Annotated[Tier, Meta(description="The tier before.")]
    newTier: Annotated[Tier, Meta(description="The tier after.")]
    reason: Annotated[str, Meta(description="In an admin's words, or the name of a rule.")]
    source: Annotated[ScoreSource, Meta(description="Who changed it: a rule, or an admin.")]
    adminId: NotRequired[Annotated[str, Meta(description="Only if the source is admin.")]]
    relatedEntityType: NotRequired[
        Annotated[str, Meta(description="What it follows from, if from an entity.")]
    ]
    relatedEntityId: NotRequired[
        Annotated[str, Meta(description="Which one it follows from, if from an entity.")]
    ]


USER_CREATED = EventDeclaration(
    EventType.USER_CREATED, EntityType.USER, UserCreated, "Somebody has registered."
)
USER_DISABLED = EventDeclaration(
    EventType.USER_DISABLED, EntityType.USER, UserStatusChanged, "An admin has disabled a user."
)
USER_ENABLED = EventDeclaration(
    EventType.USER_ENABLED,
    EntityType.USER,
    UserStatusChanged,
    "An admin has made a disabled user active again.",
)
SCORE_CHANGED = EventDeclaration(
    EventType.SCORE_CHANGED,
    EntityType.SCORE,
    ScoreChanged,
    "An admin has set a score, or a payment has moved it.",
)
DECLARED = (USER_CREATED, USER_DISABLED, USER_ENABLED, SCORE_CHANGED)


def user_created(user: User) -> EventDraft:
    return USER_CREATED.draft(
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
    declared = USER_DISABLED if user.status is UserStatus.DISABLED else USER_ENABLED
    return declared.draft(
        user.ecosystem_id,
        user.ecosystem_id,
        {"ecosystemId": user.ecosystem_id, "reason": reason, "adminId": admin.ecosystem_id},
    )


def score_changed(record: ScoreRecord) -> EventDraft:
    payload: ScoreChanged = {
        "ecosystemId": record.ecosystem_id,
        "previousScore": record.previous_value,
        "newScore": record.value,
        "delta": record.delta,
        "previousTier": tier_of(record.previous_value),
        "newTier": tier_of(record.value),
        "reason": record.reason,
        "source": record.source,
    }
    if record.source is ScoreSource.ADMIN and record.source_id is not None:
        payload["adminId"] = record.source_id
    if record.related_entity_type is not None and record.related_entity_id is not None:
        payload["relatedEntityType"] = record.related_entity_type
        payload["relatedEntityId"] = record.related_entity_id
    return SCORE_CHANGED.draft(record.ecosystem_id, record.ecosystem_id, payload)
