"""Development tokens (`accounts.development_tokens`), believed as they stand.

They prove nothing, so a process that accepts them must listen on loopback only; the check
`infra_backends.checks` refuses anything else.
"""

from collections.abc import Collection, Sequence

from django.core import checks
from django.core.checks import CheckMessage

from accounts.callers import Identity
from accounts.development_tokens import identify
from financial_api.kernel.errors import InvalidToken
from infra_backends.identity.base import IdentityBackend


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
            checks.Warning(
                "Nobody can sign in: the identity backend of these settings knows development "
                "tokens alone, and they are off.",
                hint="Choose another backend in IDENTITY, or settings with one.",
                id="infra_backends.W001",
            )
        ]

    def verify(self, token: str) -> Identity:
        if not self._accept:
            raise InvalidToken
        return identify(token)

    def is_enabled(self, identity: Identity) -> bool:
        return identity.ecosystem_id not in self._disabled
