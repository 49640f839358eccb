"""System checks: what a misconfigured process must not start with."""

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register, run_checks
from django.core.management.base import SystemCheckError

from financial_api.kernel.loopback import is_loopback
from infra_backends import handles, persistence


def refuse_to_start() -> None:
    """Raise SystemCheckError when a check finds an error.

    A server that was not started by this project's commands does not say where it listens, so it
    may not accept development tokens.
    """
    errors = [message for message in run_checks() if message.is_serious()]
    if settings.ALLOW_MOCK_TOKENS and not settings.LISTEN_ADDRESS:
        errors.append(
            Error(
                "ALLOW_MOCK_TOKENS is on, but nothing says that this server listens on loopback.",
                hint="Start it with `manage.py serve` or `manage.py runserver`.",
                id="infra_backends.E003",
            )
        )
    if errors:
        raise SystemCheckError("\n".join(str(error) for error in errors))


def register_all() -> None:
    register(check_backends)
    register(check_one_process)
    register(check_development_tokens)


def check_backends(**_: Any) -> list[CheckMessage]:
    """Let every chosen backend say what is wrong with its options."""
    return [message for handle in handles() for message in handle.get().check()]


def check_one_process(**_: Any) -> Sequence[CheckMessage]:
    """Refuse several processes on a store that only one can see."""
    if settings.WORKERS == 1 or persistence.shared_between_processes:
        return ()
    return [
        Error(
            f"WORKERS is {settings.WORKERS}, but this persistence backend serves one process only.",
            hint="Set WORKERS=1, or choose another backend in PERSISTENCE.",
            id="infra_backends.E001",
        )
    ]


def check_development_tokens(**_: Any) -> list[CheckMessage]:
    """Refuse development tokens wherever a stranger could send one, or to a cloud account."""
    if not settings.ALLOW_MOCK_TOKENS:
        return []
    return [
        Error(
            f"ALLOW_MOCK_TOKENS is on, but {name} is {value}, which is not a loopback address.",
            hint="Development tokens prove nothing: listen on 127.0.0.1, or switch them off.",
            id="infra_backends.E002",
        )
        for name, value in (("HOST", settings.LISTEN_ADDRESS or settings.HOST), *_endpoints())
        if not is_loopback(value)
    ]


def _endpoints() -> list[tuple[str, str]]:
    return [
        (name, urlsplit(value).hostname or "")
        for name, value in os.environ.items()
        if name.startswith("AWS_ENDPOINT_URL") and value
    ]
