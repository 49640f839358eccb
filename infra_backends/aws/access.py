"""What no call to AWS can be made without: a region, and credentials.

botocore refreshes credentials on the path of a call, while every other call waits. Here its own
chain is asked aside, well before the old ones end.
"""

import functools
import logging
import math
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import datetime
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import ProcessProvider, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError

from financial_api.kernel import clock, deadline, environment
from financial_api.kernel.cache import Cache
from infra_backends.aws.names import endpoints_here, region_here
from infra_backends.exceptions import BackendUnavailable
from infra_backends.failures import Failure

LIMIT_SECONDS = 3.0
"""How long a process waits for credentials before it starts."""
PROGRAM_SECONDS = 2.5
"""How long a program that gives them may take, which is ended before a start gives up."""
AHEAD_SECONDS = 900.0
"""How long before their end they are asked for anew, or else in the second half of their life."""
FLIGHT_SECONDS = 1.0
"""How long before their end they sign no more, since a call takes time to arrive."""

NO_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set"
EXPORT = "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

_Given = tuple[ReadOnlyCredentials, datetime | None]
"""Credentials, and when they end, if they do."""

_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
"""For what the chain itself asks of AWS."""


def missing_access(region: str) -> list[str]:
    """Return a line for each that is missing, and what to export. Raises InvalidSettings."""
    endpoints = endpoints_here()
    for name in VARIABLES:
        environment.secret(name)
    lines = [] if region else [environment.missing("AWS_REGION", "AWS_REGION=us-east-1")]
    lines += _missing_credentials()
    if lines and not endpoints:
        why = ", so AWS itself is meant; for an emulator, as `make emulator` starts one"
        export = "AWS_ENDPOINT_URL=http://127.0.0.1:4566"
        lines.insert(0, environment.missing("AWS_ENDPOINT_URL", export, why=why))
    return lines


@functools.cache
def session() -> Any:
    """Return the session of all clients, for one thread at a time, which share its credentials.

    Raises InvalidSettings for a profile that is not there, or a file that cannot be read.
    """
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)  # the cache tells what fails
    session = botocore.session.get_session()
    try:
        session.get_scoped_config()
    except BotoCoreError as error:
        raise environment.InvalidSettings(f"AWS_PROFILE, AWS_CONFIG_FILE: {error}") from error
    session.register_component("credential_provider", _Credentials())
    return session


@functools.cache
def _missing_credentials() -> tuple[str, ...]:
    """Return what to say where boto3's own chain gives no credentials in time; asked once."""
    try:
        with deadline.within(LIMIT_SECONDS):
            session().get_credentials().get_frozen_credentials()
    except BackendUnavailable as error:
        return (f"{NO_CREDENTIALS} ({error}): cure that, or export {EXPORT}",)
    return ()


class NoCredentials(BackendUnavailable):
    """Nobody gives credentials, or none in time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Failure.REFUSED)


class _Credentials:
    """What botocore takes for a chain, and for the credentials that this gives."""

    method = "shared"

    def __init__(self) -> None:
        self._given: Cache[None, _Given] = Cache(
            "credentials",
            NoCredentials,
            fresh_seconds=math.inf,
            usable_seconds=math.inf,
            lifetime=_lifetime,
            ahead_seconds=AHEAD_SECONDS,
            aside=True,
        )

    def load_credentials(self) -> "_Credentials":
        return self

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return credentials that are valid; raise NoCredentials if nobody gives any."""
        return self._given.get(None, _ask)[0]

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        return lambda: getattr(self.get_frozen_credentials(), name)


def _lifetime(given: _Given) -> float:
    ends_at = given[1]
    return (ends_at - clock.now()).total_seconds() - FLIGHT_SECONDS if ends_at else math.inf


class _Program(subprocess.Popen[bytes]):
    """A program that gives credentials; it is ended, with what it began, if it takes too long."""

    def __init__(self, arguments: list[str], **options: Any) -> None:
        super().__init__(arguments, start_new_session=True, **options)

    def communicate(self, *_: Any) -> tuple[bytes, bytes]:
        try:
            return super().communicate(timeout=PROGRAM_SECONDS)
        except subprocess.TimeoutExpired:
            with self:
                os.killpg(self.pid, signal.SIGKILL)
            raise TimeoutError("credential_process does not end") from None


def _ask() -> _Given:
    """Return what botocore's chain gives. What a source says may be a secret, and is not told."""
    try:
        found = _chain().load_credentials()
        if found is None:
            raise NoCredentialsError
        found._advisory_refresh_timeout = 0  # what was given just now is not asked for again
        return found.get_frozen_credentials(), getattr(found, "_expiry_time", None)
    except (NoCredentialsError, TimeoutError) as error:
        raise NoCredentials(f"{type(error).__name__}: {error}") from error
    except Exception as error:  # noqa: BLE001  # of a file, a program or a service
        provider = getattr(error, "kwargs", {}).get("provider", "a source")
        raise NoCredentials(f"{type(error).__name__} of {provider}") from None


def _chain() -> Any:
    asking = botocore.session.get_session()
    asking.set_default_client_config(_CONFIG)
    asking.set_config_variable("region", region_here() or None)
    chain = asking.get_component("credential_provider")
    profile = asking.get_config_variable("profile") or "default"

    def program_of(profile: str) -> ProcessProvider:
        return ProcessProvider(profile, lambda: asking.full_config, _Program)

    chain.insert_before(ProcessProvider.METHOD, program_of(profile))
    role = chain.get_provider("assume-role")
    role._profile_provider_builder._create_process_provider = program_of
    return chain
