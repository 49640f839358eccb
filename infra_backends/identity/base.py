"""The contract of an identity backend: who a bearer token speaks for."""

from abc import ABC, abstractmethod
from typing import ClassVar

from accounts.callers import Identity
from infra_backends.base import BaseBackend
from infra_backends.exceptions import SignInRefused


class IdentityBackend(BaseBackend, ABC):
    setting = "IDENTITY"

    accepts_development_tokens: ClassVar[bool] = False

    @abstractmethod
    def verify(self, token: str) -> Identity:
        """Return what the token says of its bearer.

        Raises InvalidToken if it is malformed or cannot be verified, TokenExpired if its time is
        over, BackendUnavailable if the keys to verify it by could not be fetched for a day.
        """

    @abstractmethod
    def is_enabled(self, identity: Identity) -> bool:
        """Return the identity provider's own flag for the account.

        Raises BackendUnavailable when the provider does not answer.
        """

    def sign_in(self, username: str, password: str) -> str:
        """Return a token of an account. For people who develop: the API signs nobody in.

        Raises SignInRefused, also where there are no accounts to sign in to, and
        BackendUnavailable.
        """
        raise SignInRefused("the identity backend of these settings has no accounts")
