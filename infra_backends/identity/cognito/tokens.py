"""ID tokens: from the signed text to the identity it speaks of.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
"""

from typing import Annotated, Literal

import jwt
import msgspec

from accounts.callers import Identity, is_ecosystem_id
from accounts.entities import Role
from financial_api.kernel import clock
from financial_api.kernel.errors import InvalidToken, TokenExpired
from infra_backends.aws.resources import ECOSYSTEM_ID, ROLE
from infra_backends.identity.cognito.keys import ALGORITHM, Keys

LEEWAY_SECONDS = 30.0
"""How far our clock and the pool's may differ."""

LONGEST_EMAIL = 254

_signed = jwt.PyJWS(algorithms=[ALGORITHM])

_Name = Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]{1,128}\Z")]


class _Claims(msgspec.Struct):
    """Times are seconds since 1970 (RFC 7519, section 2)."""

    iss: str
    aud: str
    token_use: Literal["id"]
    exp: float
    iat: float
    subject: _Name = msgspec.field(name="sub")
    ecosystem_id: str = msgspec.field(name=ECOSYSTEM_ID)
    role: Role = msgspec.field(name=ROLE, default=Role.USER)
    username: str | None = msgspec.field(name="cognito:username", default=None)
    email: str = ""
    email_verified: bool = False
    nbf: float = 0.0


_decoder = msgspec.json.Decoder(_Claims)


def read(token: str, keys: Keys, *, issuer: str, audience: str) -> Identity:
    """Return what an ID token of `issuer` for the client `audience` says.

    Raises InvalidToken, TokenExpired, or BackendUnavailable when `keys` cannot be fetched.
    """
    try:
        claims = _decoder.decode(_payload(token, keys))
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise InvalidToken from None
    if claims.iss != issuer or claims.aud != audience:
        raise InvalidToken
    identity = _identity(claims)
    _check_times(claims)
    return identity


def _payload(token: str, keys: Keys) -> bytes:
    """Return the payload of a token that is signed by one of the keys, in our algorithm only."""
    key_id = _signed.get_unverified_header(token).get("kid")
    if key_id is None:
        raise InvalidToken
    payload: bytes = _signed.decode(token, keys.find(key_id), algorithms=[ALGORITHM])
    return payload


def _identity(claims: _Claims) -> Identity:
    well_formed = (
        is_ecosystem_id(claims.ecosystem_id)
        and claims.email.isprintable()
        and len(claims.email) <= LONGEST_EMAIL
    )
    if not well_formed:
        raise InvalidToken
    return Identity(
        subject=claims.subject,
        ecosystem_id=claims.ecosystem_id,
        role=claims.role,
        email=claims.email or None,
        email_verified=claims.email_verified,
        account=claims.username or claims.subject,
    )


def _check_times(claims: _Claims) -> None:
    now = clock.now().timestamp()
    if max(claims.iat, claims.nbf) > now + LEEWAY_SECONDS:
        raise InvalidToken
    if claims.exp <= now - LEEWAY_SECONDS:
        raise TokenExpired
