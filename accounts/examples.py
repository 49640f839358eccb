"""Examples for the schema, made by the presenters from one imagined customer."""

from accounts.audit import AuditAction, AuditLog, TargetType
from accounts.entities import ScoreSource
from accounts.presenters import (
    present_audit_log,
    present_dashboard,
    present_registration,
    present_score_overview,
    present_user,
)
from accounts.rules import change_score, initial_score
from accounts.services import Dashboard, Registration, ScoreOverview
from accounts.specimens import CUSTOMER, LATER

_WAITING, _RECORD = change_score(
    CUSTOMER,
    430,
    LATER,
    reason="Late payments elsewhere",
    source=ScoreSource.ADMIN,
    source_id="admin-001",
)

REGISTRATION_INPUT = {"email": "user@test.local"}
REGISTRATION = present_registration(Registration(created=True, user=CUSTOMER))
LOGIN = present_registration(Registration(created=False, user=CUSTOMER))
USER_ANSWER = {"user": present_user(CUSTOMER)}
DASHBOARD = present_dashboard(Dashboard(CUSTOMER, []))
SCORE_INPUT = {"score": 430, "reason": "Late payments elsewhere"}
SCORE = present_score_overview(ScoreOverview(_WAITING, [_RECORD, initial_score(CUSTOMER)]))
AUDIT_LOGS = {
    "auditLogs": [
        present_audit_log(
            AuditLog(
                log_id="019bc12a-4080-7000-8000-0000000000b1",
                admin_ecosystem_id="admin-001",
                admin_email="admin@test.local",
                action=AuditAction.SCORE_ADJUSTED,
                target_type=TargetType.USER,
                target_id="user-001",
                target_ecosystem_id="user-001",
                previous_value={"score": 500},
                new_value={"score": 430},
                reason="Late payments elsewhere",
                request_id="019bc12a-4080-7000-8000-0000000000b2",
                ip_address="192.0.2.1",
                timestamp=LATER,
            )
        )
    ],
    "pagination": {"nextCursor": None, "hasMore": False},
}
