"""Who is calling: the verified identity and where the call came from."""

import re
from dataclasses import dataclass

from accounts.entities import Role, UserKey

ECOSYSTEM_ID = re.compile(r"[A-Za-z0-9_\-.:@]{1,128}")

SYSTEM_ID = "system"
SYSTEM_EMAIL = "system@internal"


def is_ecosystem_id(text: str) -> bool:
    """Return True for 1 to 128 of `A-Z a-z 0-9 _ - . : @`."""
    return ECOSYSTEM_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a verified token says. `subject` is the identity provider's own id.

    `account` is the provider's name for the account; None where there is none behind the token.
    """

    subject: str
    ecosystem_id: str
    role: Role = Role.USER
    email: str | None = None
    email_verified: bool = False
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a call came from; all absent for the system itself."""

    request_id: str | None = None
    traceparent: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


_SYSTEM = Identity(subject=SYSTEM_ID, ecosystem_id=SYSTEM_ID, role=Role.ADMIN, email=SYSTEM_EMAIL)


@dataclass(frozen=True, slots=True)
class Caller:
    """The actor of a command.

    One that `has_token` is compared with the subject that registered; an admin who is known by
    telephone has no subject to compare.
    """

    identity: Identity
    origin: Origin = Origin()
    has_token: bool = True

    @property
    def ecosystem_id(self) -> str:
        return self.identity.ecosystem_id

    @property
    def user_key(self) -> UserKey:
        return UserKey(self.ecosystem_id)

    @property
    def email(self) -> str:
        return self.identity.email or ""

    @property
    def is_system(self) -> bool:
        """True for the system itself, which no token can claim to be."""
        return self.identity is _SYSTEM

    @classmethod
    def system(cls) -> "Caller":
        """Return the actor of what nobody asked for, such as an expiry."""
        return cls(_SYSTEM)
