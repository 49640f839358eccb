"""Development tokens: `mock.<base64 of JSON>.<anything>`, believed as they stand.

The JSON is `{"ecosystemId", "role"?, "email"?, "exp"?}`, in URL-safe or plain base64, padded or
not; an empty `email` stands for a provider that knows none. They prove nothing: whether a process
accepts them is a matter of its settings.
"""

import base64
import binascii
import json

import msgspec

from accounts.callers import Identity, is_ecosystem_id
from accounts.entities import Role
from financial_api.kernel import clock
from financial_api.kernel.errors import InvalidToken, TokenExpired

PREFIX = "mock."
PARTS = 3
LONGEST_EMAIL = 254


class _Claims(msgspec.Struct, rename="camel"):
    ecosystem_id: str
    role: Role = Role.USER
    email: str | msgspec.UnsetType = msgspec.UNSET
    exp: int | None = None
    """Seconds since 1970, as in RFC 7519, section 4.1.4."""


_decoder = msgspec.json.Decoder(_Claims)
"""Made here: msgspec may not make one in several threads at once."""


def default_email(ecosystem_id: str) -> str:
    """Return the address of a token that names none."""
    return f"{ecosystem_id}@test.local"


def issue(ecosystem_id: str, role: str = Role.USER, email: str | None = None) -> str:
    """Return a development token for an ecosystemId."""
    claims = {"ecosystemId": ecosystem_id, "role": str(role)}
    if email is not None:
        claims["email"] = email
    return f"{PREFIX}{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.development"


def identify(token: str) -> Identity:
    """Return the identity a development token claims; raise InvalidToken or TokenExpired."""
    claims = _claims(token)
    if not is_ecosystem_id(claims.ecosystem_id):
        raise InvalidToken
    email = default_email(claims.ecosystem_id) if claims.email is msgspec.UNSET else claims.email
    if not email.isprintable() or len(email) > LONGEST_EMAIL:
        raise InvalidToken
    if claims.exp is not None and claims.exp <= clock.now().timestamp():
        raise TokenExpired
    return Identity(
        subject=claims.ecosystem_id,
        ecosystem_id=claims.ecosystem_id,
        role=claims.role,
        email=email or None,
        email_verified=True,
    )


def _claims(token: str) -> _Claims:
    parts = token.split(".")
    if len(parts) != PARTS or not token.startswith(PREFIX):
        raise InvalidToken
    payload = parts[1].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(payload + "=" * (-len(payload) % 4), validate=True)
        return _decoder.decode(text)
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidToken from None
