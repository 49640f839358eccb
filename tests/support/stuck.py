"""A door in a server: while it is shut, requests of one path wait before it, each in its thread."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tests.support.api import eventually

PATH = "/v1/cards"
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Door:
    """The door of the server with this folder of data, which runs `tests.support.stuck_settings`.

    It stands shut where there is the folder `shut`, with a file in it for each that waits.
    """

    data: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Door":
        return cls(Path(environment["DATA_DIR"]))

    @property
    def _shut(self) -> Path:
        return self.data / "shut"

    def shut(self) -> None:
        self._shut.mkdir()

    def open(self) -> None:
        """Let everyone in who waits, and whoever comes."""
        with contextlib.suppress(FileNotFoundError):
            self._shut.rename(tempfile.mkdtemp(dir=self.data))

    def wait_for(self, count: int) -> None:
        """Return once so many wait before it; fail after a minute."""
        eventually(lambda: len(list(self._shut.iterdir())) == count)

    def pass_through(self) -> None:
        """Return once it is open."""
        try:
            tempfile.mkstemp(dir=self._shut)
        except FileNotFoundError:
            return
        while self._shut.exists():
            time.sleep(LOOK_SECONDS)


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._door = Door(Path(settings.DATA_DIR))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == PATH:
            self._door.pass_through()
        return self._get_response(request)
