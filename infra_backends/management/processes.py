"""Processes that live and end together."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from types import FrameType, TracebackType
from typing import Self

STOP_SECONDS = 15.0
"""How long each may take to end once it is told to."""

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Processes:
    """Leads several processes; at the end of a `with` block none of them is left.

    Each is in a group of its own together with what it starts, so that Ctrl-C on the terminal
    reaches this process alone, which then stops them, the last one first.
    """

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, command: Sequence[str], **variables: str
    ) -> "subprocess.Popen[bytes]":
        """Start a process with this one's environment and more variables."""
        process = subprocess.Popen(  # noqa: S603  # no shell, and every word is ours
            command, env=os.environ | variables, start_new_session=True
        )
        self._running[name] = process
        return process

    def wait_for_an_end(self) -> str:
        """Wait until one of them ends by itself; return its name and how it ended."""
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        for name, process in self._running.items():
            if ended is not None and process.pid == ended.si_pid:
                return f"{name} ended with status {process.wait()}"
        raise RuntimeError("a process ended that was not started here")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _deaf():
            for process in reversed(self._running.values()):
                _stop(process)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in the block when this process is asked to stop, in any way."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        _restore(before)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Let nothing interrupt the block; it must end by itself."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        _restore(before)


def _restore(handlers: "dict[signal.Signals, signal._HANDLER]") -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Have a process end, and kill what is left of it and of what it started.

    By SIGTERM: what was started in the background of a shell may not hear SIGINT.
    """
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        process.terminate()
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
