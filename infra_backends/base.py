"""What all backends share: options from settings, a check at start, a sign of life."""

from collections.abc import Sequence
from typing import ClassVar

from django.core.checks import CheckMessage


class BaseBackend:
    """The root of every backend.

    A backend lives in a module that a setting names (`{"BACKEND": "dotted.module", "OPTIONS":
    {...}}`) and is that module's class `Backend`. Its options are the keyword arguments of its
    constructor, written in capitals in the setting.
    """

    setting: ClassVar[str]
    """The setting that chooses among the backends of this contract."""

    def check(self) -> Sequence[CheckMessage]:
        """Return what Django's system checks should say about this backend's configuration."""
        return ()

    def missing(self) -> Sequence[str]:
        """Return a line for each thing that must be there before a process starts, and is not.

        What the settings do not hold, such as credentials. It may ask for it, for three seconds at
        the most; a service that does not answer meanwhile is away, and not missing.
        """
        return ()

    def ping(self) -> None:
        """Return when what stands behind the backend answers; raise BackendUnavailable if not."""

    def close(self) -> None:
        """Release connections; the backend opens new ones when it is used again."""
