"""The identity backend of a Cognito user pool, on AWS or on an emulator of it."""

import logging
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.core import checks
from django.core.checks import CheckMessage

from accounts import development_tokens
from accounts.callers import Identity
from financial_api.kernel import deadline, environment
from financial_api.kernel.loopback import is_loopback
from infra_backends.aws.service import Service
from infra_backends.exceptions import BackendRefused, BackendUnavailable, SignInRefused
from infra_backends.identity.base import IdentityBackend
from infra_backends.identity.cognito import tokens
from infra_backends.identity.cognito.keys import Keys
from infra_backends.identity.cognito.pool import NoPool, Pool, RemotePool

logger = logging.getLogger(__name__)

PING_SECONDS = 2.0

NO_POOL = environment.missing(
    "COGNITO_USER_POOL_ID",
    "COGNITO_USER_POOL_ID=… COGNITO_CLIENT_ID=…, or run `manage.py aws_provision`",
    why=" nor known from SSM ({reason})",
)


class Backend(IdentityBackend):
    """`user_pool_id` and `client_id`; without both, SSM has them below the path `parameters`.

    `accept_development_tokens`: take those besides, on an emulator only; `disabled_accounts` are
    ecosystemIds of theirs that count as disabled at the provider. `connections`: the most
    at once. `endpoint_url`: where Cognito and SSM are, for tests; None leaves that to boto3.
    `keys_url`: where the pool's key set is, if not where Cognito itself serves it.
    """

    accepts_development_tokens = True

    def __init__(
        self,
        *,
        region: str,
        user_pool_id: str = "",
        client_id: str = "",
        parameters: str = "",
        accept_development_tokens: bool = False,
        disabled_accounts: Collection[str] = (),
        connections: int = 64,
        endpoint_url: str | None = None,
        keys_url: str = "",
    ) -> None:
        self._region = region
        self._pool = Pool(user_pool_id, client_id)
        self._parameters = parameters
        self._accept_development_tokens = accept_development_tokens
        self._disabled = frozenset(disabled_accounts)
        self._keys_url = keys_url
        self._keys: dict[str, Keys] = {}
        self._cognito = Service(
            "cognito-idp", region=region, endpoint_url=endpoint_url, connections=connections
        )
        self._ssm = Service("ssm", region=region, endpoint_url=endpoint_url, connections=1)
        self._remote_pool = RemotePool(self._ssm, parameters, region)

    def check(self) -> Sequence[CheckMessage]:
        return [
            checks.Error(
                f"{self.setting}['OPTIONS']: {fault}.",
                hint="COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID and COGNITO_KEYS_URL set them.",
                id="infra_backends.E010",
            )
            for fault in self._faults()
        ]

    def missing(self) -> Sequence[str]:
        if lines := self._cognito.missing():
            return lines
        try:
            with deadline.within(PING_SECONDS):
                self._has_ids or self._remote_pool.fetch()
        except NoPool as error:
            return [NO_POOL.format(reason=error)]
        except BackendUnavailable as error:
            logger.warning("the user pool is not known yet: %s", error)
        return ()

    def verify(self, token: str) -> Identity:
        if self._accept_development_tokens and token.startswith(development_tokens.PREFIX):
            return development_tokens.identify(token)
        pool = self._known_pool()
        # The issuer is AWS's own URL on an emulator as well.
        return tokens.read(
            token,
            self._keys_of(pool),
            issuer=f"https://cognito-idp.{self._region}.amazonaws.com/{pool.pool_id}",
            audience=pool.client_id,
        )

    def is_enabled(self, identity: Identity) -> bool:
        """Return the account's flag: False too for one that is gone, or another of its name.

        A development token has no account behind it; a setting says if it counts as disabled.
        """
        if identity.account is None:
            return identity.ecosystem_id not in self._disabled
        try:
            user = self._ask("admin_get_user", Username=identity.account)
        except _NoSuchUser:
            return False
        attributes = {each.get("Name"): each.get("Value") for each in user["UserAttributes"]}
        return user["Enabled"] is True and attributes.get("sub") == identity.subject

    def sign_in(self, username: str, password: str) -> str:
        pool = self._known_pool()
        try:
            answer = self._cognito.call(
                "initiate_auth",
                ClientId=pool.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": username, "PASSWORD": password},
            )
        except BackendRefused as error:
            raise SignInRefused(f"{error.code}: {error.said.rstrip('.')}") from error
        token: str | None = answer.get("AuthenticationResult", {}).get("IdToken")
        if token is None:
            raise SignInRefused(f"Cognito asks for more: {answer.get('ChallengeName')}")
        return token

    def ping(self) -> None:
        with deadline.within(PING_SECONDS):
            self._ask("describe_user_pool")

    def close(self) -> None:
        self._cognito.close()
        self._ssm.close()

    def _known_pool(self) -> Pool:
        return self._pool if self._has_ids else self._remote_pool.get()

    @property
    def _has_ids(self) -> bool:
        return bool(self._pool.pool_id and self._pool.client_id)

    def _keys_of(self, pool: Pool) -> Keys:
        keys = self._keys.get(pool.pool_id)
        return keys or self._keys.setdefault(pool.pool_id, Keys(self._keys_at(pool)))

    def _keys_at(self, pool: Pool) -> str:
        return self._keys_url or f"{self._endpoint()}/{pool.pool_id}/.well-known/jwks.json"

    def _endpoint(self) -> str:
        url: str = self._cognito.client().meta.endpoint_url
        return url.rstrip("/")

    def _ask(self, operation: str, **parameters: Any) -> Any:
        """Return what Cognito answers about the pool; raise _NoSuchUser or BackendUnavailable."""
        pool_id = self._known_pool().pool_id
        try:
            return self._cognito.call(operation, UserPoolId=pool_id, **parameters)
        except BackendRefused as error:
            if error.code == "UserNotFoundException":
                raise _NoSuchUser from error
            raise

    def _faults(self) -> Iterator[str]:
        if self._has_ids:
            yield from self._pool.faults(self._region)
        elif self._pool.pool_id or self._pool.client_id:
            yield "USER_POOL_ID and CLIENT_ID go together; only one is given"
        elif not (self._parameters.startswith("/") and self._parameters.endswith("/")):
            yield "without ids, PARAMETERS must be a path in SSM, such as '/acme/financial-api/'"
        if self._keys_url and urlsplit(self._keys_url).scheme not in {"http", "https"}:
            yield f"KEYS_URL is {self._keys_url!r}, which is no URL"
        if self._accept_development_tokens:
            host = urlsplit(self._endpoint()).hostname or ""
            if not is_loopback(host):
                yield f"development tokens would be taken beside those of the accounts at {host}"


class _NoSuchUser(Exception):
    """The pool has no such account."""
