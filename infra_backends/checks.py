"""System checks: what a misconfigured process must not start with."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register, run_checks
from django.core.exceptions import ImproperlyConfigured

from financial_api.kernel import environment
from financial_api.kernel.environment import InvalidSettings
from financial_api.kernel.loopback import is_loopback
from infra_backends import handles, persistence
from infra_backends.aws.names import endpoints_here
from infra_backends.base import BaseBackend
from infra_backends.handler import BackendHandle

OF_AWS = "DJANGO_SETTINGS_MODULE=financial_api.settings.aws"


def refuse_to_start(*needed: BackendHandle[BaseBackend]) -> Sequence[str]:
    """Raise InvalidSettings with a line for each fault of the settings and of what is missing.

    `needed` are the backends that the process calls, which say what there must be of theirs. They
    may be asked before a fork: their connections are closed. Returns a line for each thing that a
    process starts with, but should not in earnest.
    """
    found = run_checks()
    lines = [_line_of(message) for message in found if message.is_serious()]
    if not lines:
        lines = [line for handle in needed for line in _missing_of(handle.get())]
    if lines:
        raise InvalidSettings("\n".join(dict.fromkeys(lines)))
    return [_line_of(message) for message in found]


def refuse_to_serve(*needed: BackendHandle[BaseBackend]) -> Sequence[str]:
    """Raise InvalidSettings for what no server may start with, beside what no process may.

    A server that was not started by this project's commands does not say where it listens, so it
    may not accept development tokens. Returns what `refuse_to_start` does.
    """
    return _refuse(list(_faults_of_a_server()), needed)


def refuse_to_work(*needed: BackendHandle[BaseBackend]) -> None:
    """Raise InvalidSettings for what no worker may start with, beside what no process may."""
    _refuse([] if settings.CELERY_BROKER_URL else [_no_broker()], needed)


def register_all() -> None:
    register(check_backends)
    register(check_one_process)
    register(check_shards)
    register(check_development_tokens)
    register(check_no_proxy_in_front)


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


def check_shards(**_: Any) -> Sequence[CheckMessage]:
    """Refuse a number of shards in which no event would ever be looked for."""
    shards = persistence.outbox.shards
    if shards > 0:
        return ()
    return [
        Error(
            f"PERSISTENCE['OPTIONS']['OUTBOX_SHARDS'] is {shards}; valid is 1 and more.",
            id="infra_backends.E009",
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


def check_no_proxy_in_front(**_: Any) -> Sequence[CheckMessage]:
    """Refuse development tokens where a proxy is said to pass strangers on."""
    if not (settings.ALLOW_MOCK_TOKENS and settings.TRUSTED_PROXIES):
        return ()
    return [
        Error(
            f"ALLOW_MOCK_TOKENS is on, but TRUSTED_PROXIES is {settings.TRUSTED_PROXIES}: "
            "development tokens never pass a proxy.",
            hint="Set ALLOW_MOCK_TOKENS=off behind a proxy, or TRUSTED_PROXIES=0 without one.",
            id="infra_backends.E008",
        )
    ]


def _endpoints() -> list[tuple[str, str]]:
    return [(name, urlsplit(url).hostname or "") for name, url in endpoints_here().items()]


def _faults_of_a_server() -> Iterator[str]:
    if settings.ALLOW_MOCK_TOKENS and not settings.LISTEN_ADDRESS:
        yield (
            "ALLOW_MOCK_TOKENS is on, but nothing says that this server listens on loopback: start "
            "it with `manage.py serve` or `manage.py runserver`."
        )
    try:
        settings.SECRET_KEY  # noqa: B018  # Django raises for one that is empty
    except ImproperlyConfigured:
        yield environment.missing(
            "SECRET_KEY",
            "SECRET_KEY=\"$(python3 -c 'import secrets; print(secrets.token_urlsafe(50))')\", "
            "the same for all servers",
        )


def _no_broker() -> str:
    """Return what to export: on AWS the broker is known, and its queue is not."""
    if hasattr(settings, "CELERY_QUEUE_URL"):
        name, value = "CELERY_QUEUE_URL", "https://sqs.REGION.amazonaws.com/ACCOUNT/acme-celery"
    else:
        name, value = "CELERY_BROKER_URL", f"redis://localhost:6379/0, or {OF_AWS}"
    why = ", so there is nothing to wait for, and each process that serves drains the outbox itself"
    return environment.missing(name, f"{name}={value}", why=why)


def _refuse(lines: list[str], needed: Sequence[BackendHandle[BaseBackend]]) -> Sequence[str]:
    """Refuse for these lines and all that `refuse_to_start` finds; return what that does."""
    warnings: Sequence[str] = ()
    try:
        warnings = refuse_to_start(*needed)
    except InvalidSettings as refusal:
        lines.append(str(refusal))
    if lines:
        raise InvalidSettings("\n".join(lines))
    return warnings


def _missing_of(backend: BaseBackend) -> Sequence[str]:
    try:
        return backend.missing()
    finally:
        backend.close()


def _line_of(message: CheckMessage) -> str:
    return " ".join(filter(None, (message.msg, message.hint)))
