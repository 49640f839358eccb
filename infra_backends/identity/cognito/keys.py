"""The public keys of a user pool, by which its tokens are verified.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from collections.abc import Mapping

import httpx
import jwt
import msgspec

from financial_api.kernel.cache import Cache
from financial_api.kernel.errors import InvalidToken
from infra_backends.aws.service import PATIENCE
from infra_backends.exceptions import BackendUnavailable
from infra_backends.failures import Failure
from infra_backends.retries import retried

ALGORITHM = "RS256"
FRESH_SECONDS = 600.0
USABLE_SECONDS = 86_400.0
UNKNOWN_SECONDS = 5.0
"""How old keys may be that do not hold the one that is looked for."""

_TIMEOUT = httpx.Timeout(PATIENCE[True][1], connect=PATIENCE[True][0])


class _KeySet(msgspec.Struct):
    """A JSON Web Key Set (RFC 7517, section 5)."""

    keys: list[dict[str, object]]


_decoder = msgspec.json.Decoder(_KeySet)


class Keys:
    """The keys that `url` serves, fetched when needed and again for an id that is not known."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sets: Cache[None, Mapping[str, jwt.PyJWK]] = Cache(
            "the user pool's keys",
            BackendUnavailable,
            fresh_seconds=FRESH_SECONDS,
            usable_seconds=USABLE_SECONDS,
        )

    def find(self, key_id: str) -> jwt.PyJWK:
        """Return the key; raise InvalidToken if the pool has none of that id.

        Raises BackendUnavailable when that cannot be told, since the keys could not be fetched.
        """
        key = self._sets.get(None, self._fetch).get(key_id)
        key = key or self._sets.get(None, self._fetch, at_most=UNKNOWN_SECONDS).get(key_id)
        if key is None:
            raise InvalidToken
        return key

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        return retried(self._ask)

    def _ask(self) -> Mapping[str, jwt.PyJWK]:
        try:
            return _read(httpx.get(self._url, timeout=_TIMEOUT))
        except httpx.HTTPError as error:
            raise BackendUnavailable(type(error).__name__) from error


def _read(answer: httpx.Response) -> dict[str, jwt.PyJWK]:
    if answer.status_code != httpx.codes.OK:
        raise BackendUnavailable(f"status {answer.status_code}", Failure.REFUSED)
    try:
        described = _decoder.decode(answer.content).keys
    except (ValueError, RecursionError):
        raise BackendUnavailable("no key set", Failure.REFUSED) from None
    keys: dict[str, jwt.PyJWK] = {}
    for jwk in described:
        key_id = jwk.get("kid")
        if isinstance(key_id, str) and jwk.get("kty") == "RSA" and jwk.get("use", "sig") == "sig":
            try:
                keys[key_id] = jwt.PyJWK(jwk, ALGORITHM)
            except jwt.PyJWTError:
                continue
    if not keys:
        raise BackendUnavailable("no key to verify by", Failure.REFUSED)
    return keys
