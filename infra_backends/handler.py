"""From a setting to a backend: built on first use, once for each process."""

import contextlib
import inspect
import os
import pkgutil
import threading
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from infra_backends.base import BaseBackend

B = TypeVar("B", bound=BaseBackend)

NO_BACKENDS = {"base", "commit", "envelope", "members", "publishing", "repositories"}
"""The modules beside the backends of a contract, which are what they share."""


class InvalidBackendError(ImproperlyConfigured):
    """A setting names a backend or an option that does not exist; the message says which do."""


class BackendHandle(Generic[B]):
    """Stands for the backend that a setting names, as `django.core.cache.cache` stands for its.

    The backend is built when it is first used and again after a fork, so that no connection is
    ever shared between processes.
    """

    def __init__(self, contract: type[B], package: str) -> None:
        self._contract = contract
        self._package = package
        self._lock = threading.Lock()
        self._backend: B | None = None
        setting_changed.connect(self._forget, weak=False)
        os.register_at_fork(after_in_child=self._reset)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.get(), name)

    def get(self) -> B:
        """Return the backend itself."""
        if self._backend is None:
            with self._lock:
                if self._backend is None:
                    self._backend = self._build()
        return self._backend

    @contextlib.contextmanager
    def use(self, backend: B) -> Iterator[B]:
        """Stand for `backend`, in every thread, for the length of a `with` block."""
        previous, self._backend = self._backend, backend
        try:
            yield backend
        finally:
            self._backend = previous

    def validate(self) -> None:
        """Raise InvalidBackendError if the setting cannot be built, without building it."""
        self._bind()

    def _build(self) -> B:
        backend, options = self._bind()
        return backend(**options)

    def _bind(self) -> tuple[type[B], dict[str, Any]]:
        name = self._contract.setting
        configured = getattr(settings, name, None)
        if not isinstance(configured, Mapping) or "BACKEND" not in configured:
            raise InvalidBackendError(
                f'{name} must be {{"BACKEND": ..., "OPTIONS": {{...}}}}; '
                f"the backends here are {', '.join(self._known())}."
            )
        if unknown := set(configured) - {"BACKEND", "OPTIONS"}:
            raise InvalidBackendError(
                f"{name} has {_quoted(unknown)}; valid are 'BACKEND' and 'OPTIONS'."
            )
        options = configured.get("OPTIONS", {})
        if not isinstance(options, Mapping):
            raise InvalidBackendError(f"{name}['OPTIONS'] must be a dictionary.")
        backend = self._find(name, configured["BACKEND"])
        return backend, self._options(name, backend, options)

    def _find(self, name: str, path: str) -> type[B]:
        try:
            backend = import_string(f"{path}.Backend")
        except (ImportError, TypeError, ValueError) as error:
            raise InvalidBackendError(
                f"{name}['BACKEND'] names {path!r}, which cannot be imported ({error}); "
                f"the backends here are {', '.join(self._known())}."
            ) from error
        if not (isinstance(backend, type) and issubclass(backend, self._contract)):
            raise InvalidBackendError(
                f"{name}['BACKEND'] names {path!r}, which is no {self._contract.__name__}."
            )
        return backend

    def _options(
        self, name: str, backend: type[B], configured: Mapping[str, Any]
    ) -> dict[str, Any]:
        valid = [
            parameter.upper()
            for parameter in inspect.signature(backend).parameters
            if parameter not in {"args", "kwargs"}
        ]
        if unknown := set(configured) - set(valid):
            raise InvalidBackendError(
                f"{name}['OPTIONS'] has {_quoted(unknown)}; "
                f"valid for this backend: {_quoted(valid) or 'none'}."
            )
        return {option.lower(): value for option, value in configured.items()}

    def _known(self) -> list[str]:
        package = import_module(self._package)
        return [
            f"{self._package}.{module.name}"
            for module in pkgutil.iter_modules(package.__path__)
            if module.name not in NO_BACKENDS
        ]

    def _forget(self, *, setting: str, **_: Any) -> None:
        if setting == self._contract.setting:
            self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._backend = None


def _quoted(names: Any) -> str:
    return ", ".join(repr(name) for name in sorted(names))


def handle_for(contract: type[B], package: str) -> B:
    """Return a handle that passes for the backend it stands for."""
    return cast(B, BackendHandle(contract, package))
