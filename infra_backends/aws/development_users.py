"""The two people that a pool on an emulator begins with, and the password of both."""

from dataclasses import dataclass

from infra_backends.aws.resources import ECOSYSTEM_ID, ROLE

DEVELOPMENT_PASSWORD = "Development-only-1"  # noqa: S105  # no pool but an emulator's takes it


@dataclass(frozen=True, slots=True)
class DevelopmentUser:
    email: str
    ecosystem_id: str
    role: str

    @property
    def attributes(self) -> dict[str, str]:
        """What the pool keeps about this user."""
        return {
            "email": self.email,
            "email_verified": "true",
            ROLE: self.role,
            ECOSYSTEM_ID: self.ecosystem_id,
        }


DEVELOPMENT_USERS = (
    DevelopmentUser("user@test.com", "user-001", "user"),
    DevelopmentUser("admin@test.com", "admin-001", "admin"),
)
