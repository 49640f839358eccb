"""Celery workers as processes of their own."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.fork_server import FORK_SERVER, Forked

STOP_SECONDS = 60.0
CELERY = ("-m", "celery", "--app", "financial_api", "worker")


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker with its pool, which form a process group."""

    process: Forked
    log: Path

    def stop(self) -> int:
        """Ask the worker to stop, as an operator would; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def stop_all(self) -> int:
        """Ask the worker and each process of its pool to stop, as systemd does."""
        os.killpg(self.process.pid, signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End the worker and its pool at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def working(environment: Mapping[str, str], *options: str, processes: int = 1) -> Iterator[Worker]:
    """Run a worker until the block ends."""
    with tempfile.TemporaryDirectory(prefix="financial-api-worker-") as folder:
        log = Path(folder) / "worker.log"
        with log.open("wb") as output:
            command = (*CELERY, "--concurrency", str(processes), *options)
            process = FORK_SERVER.start(command, os.environ | environment, output)
        worker = Worker(process, log)
        try:
            yield worker
        finally:
            if process.poll() is None:
                worker.kill()
