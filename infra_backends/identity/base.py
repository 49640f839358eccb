"""The contract of an identity backend: who a bearer token speaks for."""

from abc import ABC, abstractmethod
from typing import ClassVar

from accounts.callers import Identity
from infra_backends.base import BaseBackend


class IdentityBackend(BaseBackend, ABC):
    setting = "IDENTITY"

    accepts_development_tokens: ClassVar[bool] = False

    @abstractmethod
    def verify(self, token: str) -> Identity:
        """Return what the token says of its bearer.

        Raises InvalidToken if it is malformed or cannot be verified, TokenExpired if its time is
        over, BackendUnavailable if the keys to verify it by were never fetched and cannot be.
        """

    @abstractmethod
    def is_enabled(self, identity: Identity) -> bool:
        """Return the identity provider's own flag for the account.

        Raises BackendUnavailable when the provider does not answer.
        """
