"""Configuration from SSM's parameter store: what lies below a path, read while the process runs.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from financial_api.kernel import clock, deadline
from financial_api.kernel.parameters import PARAMETERS, Parameters, parse
from infra_backends.aws.service import Service
from infra_backends.config.base import ConfigBackend
from infra_backends.exceptions import BackendUnavailable

logger = logging.getLogger(__name__)

PAGE = 10
"""The most that SSM gives at once."""
MOST_PAGES = 20
REFRESH_SECONDS = 4.0
"""How long a refresh goes on before it counts as failed."""
WAIT_SECONDS = 1.5
"""How long a request waits for values, at the most, where it has none that are young enough."""
RETRY_SECONDS = 5.0
"""How long a refresh that failed is not repeated."""


@dataclass(frozen=True, slots=True)
class _Refresh:
    thread: threading.Thread
    waited_for_until: float


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a parameter; `text` is None when there is none."""

    text: str | None
    reason: str


class Backend(ConfigBackend):
    """The parameters below `path`, `/acme/financial-api/` for example.

    Values are served for `cache_seconds`; who asks later starts a thread that reads them again,
    one at a time, and has the old ones. Only where nobody has asked for another `cache_seconds`,
    and at first, do requests wait for that thread, and not for long. While SSM is away the last
    values serve, or the defaults.
    """

    def __init__(
        self,
        *,
        region: str,
        path: str,
        endpoint_url: str | None = None,
        cache_seconds: float = 30.0,
    ) -> None:
        self._service = Service("ssm", region=region, endpoint_url=endpoint_url, connections=1)
        self._path = path.rstrip("/") + "/"
        self._cache_seconds = cache_seconds
        self._parameters = Parameters()
        self._due_at = float("-inf")
        self._refresh: _Refresh | None = None
        self._lock = threading.Lock()
        self._faults: dict[str, _Fault] = {}
        self._is_away = False

    def parameters(self) -> Parameters:
        refresh = self._current_refresh()
        if refresh is not None:
            seconds = min(refresh.waited_for_until - clock.monotonic(), deadline.remaining())
            if seconds > 0:
                refresh.thread.join(seconds)
        return self._parameters

    def missing(self) -> Sequence[str]:
        return self._service.missing()

    def close(self) -> None:
        """Wait for the thread, if one runs, and release the connection."""
        with self._lock:
            refresh, self._refresh = self._refresh, None
        if refresh is not None:
            refresh.thread.join()
        self._service.close()

    def _current_refresh(self) -> _Refresh | None:
        """Return the refresh that was last begun; begins one if it is time."""
        if clock.monotonic() < self._due_at:
            return self._refresh
        with self._lock:
            now = clock.monotonic()
            running = self._refresh is not None and self._refresh.thread.is_alive()
            if now < self._due_at or running:
                return self._refresh
            is_late = now - self._due_at > self._cache_seconds
            thread = threading.Thread(target=self._read_again, name="remote-config", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                logger.warning("no thread can be started to read %s", self._path)
            else:
                self._refresh = _Refresh(thread, now + WAIT_SECONDS if is_late else now)
            self._due_at = now + self._cache_seconds
            return self._refresh

    def _read_again(self) -> None:
        try:
            self._service.make_ready()
            with deadline.within(REFRESH_SECONDS):
                texts = self._read()
        except BackendUnavailable as error:
            with self._lock:
                self._due_at = clock.monotonic() + RETRY_SECONDS
            self._note_away(error)
            return
        self._note_back()
        self._parameters = self._understand(texts)

    def _read(self) -> dict[str, str]:
        """Return the text of each parameter by its path below ours."""
        texts: dict[str, str] = {}
        asked: dict[str, Any] = {
            "Path": self._path.rstrip("/") or "/",
            "Recursive": True,
            "MaxResults": PAGE,
        }
        for _ in range(MOST_PAGES):
            page = self._service.call("get_parameters_by_path", **asked)
            for parameter in page.get("Parameters", ()):
                name = parameter.get("Name", "").removeprefix(self._path)
                texts[name] = parameter.get("Value", "")
            if not page.get("NextToken"):
                return texts
            asked["NextToken"] = page["NextToken"]
        raise BackendUnavailable(f"more than {MOST_PAGES * PAGE} parameters")

    def _understand(self, texts: dict[str, str]) -> Parameters:
        """Return the parameters, each with its default where its text does not do."""
        fields: dict[str, Any] = {}
        faults: dict[str, _Fault] = {}
        for path in PARAMETERS:
            text = texts.get(path)
            if text is None:
                faults[path] = _Fault(None, "missing")
                continue
            try:
                field, value = parse(path, text)
            except ValueError as error:
                faults[path] = _Fault(text, str(error))
            else:
                fields[field] = value
        self._warn_of(faults)
        return Parameters(**fields)

    def _warn_of(self, faults: dict[str, _Fault]) -> None:
        """Warn of what was not just so at the refresh before."""
        for path, fault in faults.items():
            if self._faults.get(path) != fault:
                logger.warning("%s%s is %s; its default serves", self._path, path, fault.reason)
        self._faults = faults

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            logger.warning("%s cannot be read, what is known serves: %s", self._path, error)

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            logger.info("%s can be read again", self._path)
