"""Keeps the commands that make and delete resources to emulators, unless somebody insists."""

from urllib.parse import urlsplit

from financial_api.kernel.loopback import is_loopback
from infra_backends.aws.provisioning.clients import Clients

LOCALSTACK = "localstack"
"""The host that the emulators have for other containers, or are named below."""


class NotLocal(Exception):
    """An endpoint is not on this machine, or the account is not the one that was meant."""


def require_local(clients: Clients) -> None:
    """Raise NotLocal unless every service is an emulator: on loopback, or a container's.

    It asks what the clients will really use, wherever that is configured.
    """
    foreign = [
        f"{client.meta.service_model.service_name} at {client.meta.endpoint_url}"
        for client in clients.provisioned
        if not _is_local(client.meta.endpoint_url)
    ]
    if foreign:
        raise NotLocal(
            f"These are no emulators on this machine: {', '.join(foreign)}. "
            "AWS_ENDPOINT_URL says where an emulator is: export AWS_ENDPOINT_URL=http://127.0.0.1:4566"
        )


def require_account(clients: Clients, account: str) -> None:
    """Raise NotLocal unless the credentials belong to `account`."""
    actual = clients.sts.get_caller_identity()["Account"]
    if actual != account:
        raise NotLocal(f"The credentials belong to account {actual}, not to {account}.")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return f".{host}".endswith(f".{LOCALSTACK}") or is_loopback(host)
