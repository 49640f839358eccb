"""One imagined customer, of whom all examples tell."""

from datetime import UTC, datetime, timedelta

from accounts.callers import Identity
from accounts.rules import register

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

CUSTOMER = register(
    Identity(subject="user-001", ecosystem_id="user-001", email="user@test.local"), None, NOW
)
