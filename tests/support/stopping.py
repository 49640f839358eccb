"""How a server is told to stop; each way returns when that was, on the clock of this process."""

import os
import signal
import time

from tests.support.servers import RunningServer


def terminate(server: RunningServer) -> float:
    server.process.send_signal(signal.SIGTERM)
    return time.monotonic()


def press_ctrl_c(server: RunningServer) -> float:
    """Tell all of the terminal's processes, as a terminal does."""
    os.killpg(server.process.pid, signal.SIGINT)
    return time.monotonic()
