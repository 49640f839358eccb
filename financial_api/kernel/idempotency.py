"""Idempotency keys: the record that makes a retry a replay."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from financial_api.kernel.encoding import canonical
from financial_api.kernel.keys import Key

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotencyKey(Key["IdempotencyRecord"]):
    """A client's key in the scope of the caller; only the key's SHA-256 is stored."""

    ecosystem_id: str
    key_hash: str

    @classmethod
    def of(cls, ecosystem_id: str, client_key: str) -> "IdempotencyKey":
        return cls(ecosystem_id, hashlib.sha256(client_key.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The answer a command gave, to be given again to the same request under the same key."""

    ecosystem_id: str
    key_hash: str
    fingerprint: str
    body: bytes
    created_at: datetime
    expires_at: datetime

    @property
    def key(self) -> IdempotencyKey:
        return IdempotencyKey(self.ecosystem_id, self.key_hash)

    def is_live(self, now: datetime) -> bool:
        """Return True until the record expires; a store may keep it longer than that."""
        return now < self.expires_at


def fingerprint(operation: str, path_ids: dict[str, str], validated: dict[str, Any]) -> str:
    """Return what two requests share when they ask for the same thing.

    `validated` is the input after validation, so that white space, the order of keys and `10`
    for `10.00` make no difference.
    """
    return hashlib.sha256(canonical([operation, path_ids, validated])).hexdigest()
