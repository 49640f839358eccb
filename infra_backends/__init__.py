"""The lazy handles through which services reach the outside world.

Each stands for the backend that the setting of its contract names:

    from infra_backends import persistence
    user = persistence.read([UserKey("user-001")]).get(UserKey("user-001"))
"""

from typing import cast

from infra_backends.base import BaseBackend
from infra_backends.config.base import ConfigBackend
from infra_backends.events.base import EventsBackend
from infra_backends.handler import BackendHandle, handle_for
from infra_backends.identity.base import IdentityBackend
from infra_backends.messaging.base import MessagingBackend
from infra_backends.persistence.base import PersistenceBackend

persistence = handle_for(PersistenceBackend, "infra_backends.persistence")
identity = handle_for(IdentityBackend, "infra_backends.identity")
events = handle_for(EventsBackend, "infra_backends.events")
remote_config = handle_for(ConfigBackend, "infra_backends.config")
messaging = handle_for(MessagingBackend, "infra_backends.messaging")


def handles() -> list[BackendHandle[BaseBackend]]:
    """Return every handle, for the checks at start."""
    return [_as_handle(identity), *handles_of_a_relay()]


def handles_of_a_relay() -> list[BackendHandle[BaseBackend]]:
    """Return the handles of what a process needs that signs nobody in."""
    return [_as_handle(handle) for handle in (persistence, events, remote_config, messaging)]


def _as_handle(handle: BaseBackend) -> BackendHandle[BaseBackend]:
    return cast("BackendHandle[BaseBackend]", handle)
