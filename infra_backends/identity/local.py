"""Development tokens: `mock.<base64 of JSON>.<anything>`, believed as they stand.

The JSON is `{"ecosystemId", "role"?, "email"?, "exp"?}`, in URL-safe or plain base64, padded or
not. They prove nothing, so a process that accepts them must listen on loopback only; the check
`infra_backends.checks` refuses anything else.
"""

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error

from accounts.callers import Identity, is_ecosystem_id
from accounts.entities import Role
from financial_api.kernel import clock
from financial_api.kernel.encoding import loads
from financial_api.kernel.errors import InvalidToken, TokenExpired
from infra_backends.identity.base import IdentityBackend

PREFIX = "mock."


def issue(ecosystem_id: str, role: str = "user", email: str | None = None) -> str:
    """Return a development token for an ecosystemId."""
    claims = {"ecosystemId": ecosystem_id, "role": role}
    if email is not None:
        claims["email"] = email
    return f"{PREFIX}{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.development"


def identify(token: str) -> Identity:
    """Return the identity a development token claims; raise InvalidToken or TokenExpired."""
    claims = _claims(token)
    expires_at = claims.get("exp")
    if expires_at is not None:
        if isinstance(expires_at, bool) or not isinstance(expires_at, int):
            raise InvalidToken
        if expires_at <= clock.now().timestamp():
            raise TokenExpired
    ecosystem_id = claims.get("ecosystemId")
    if not isinstance(ecosystem_id, str) or not is_ecosystem_id(ecosystem_id):
        raise InvalidToken
    email = claims.get("email", f"{ecosystem_id}@test.local")
    role = claims.get("role", Role.USER)
    if not isinstance(email, str) or not email.isprintable() or role not in set(Role):
        raise InvalidToken
    return Identity(
        subject=ecosystem_id,
        ecosystem_id=ecosystem_id,
        role=Role(role),
        email=email,
        email_verified=True,
    )


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or not token.startswith(PREFIX):
        raise InvalidToken
    payload = parts[1].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        text = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        claims = loads(text.decode())
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidToken from None
    if not isinstance(claims, dict):
        raise InvalidToken
    return claims


class Backend(IdentityBackend):
    """Development tokens, and accounts that a setting disables as a provider would.

    `accept_development_tokens`: without it every token is refused. `disabled_accounts`:
    ecosystemIds whose provider flag is off.
    """

    accepts_development_tokens = True

    def __init__(
        self,
        *,
        accept_development_tokens: bool = False,
        disabled_accounts: Collection[str] = (),
    ) -> None:
        self._accept = accept_development_tokens
        self._disabled = frozenset(disabled_accounts)

    def check(self) -> Sequence[CheckMessage]:
        if self._accept:
            return ()
        return [
            Error(
                "The local identity backend is chosen, but development tokens are off: "
                "nobody could sign in.",
                hint="Set ALLOW_MOCK_TOKENS=on, or choose another backend in IDENTITY.",
                id="infra_backends.E002",
            )
        ]

    def verify(self, token: str) -> Identity:
        if not self._accept:
            raise InvalidToken
        return identify(token)

    def is_enabled(self, identity: Identity) -> bool:
        return identity.ecosystem_id not in self._disabled
