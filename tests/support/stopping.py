"""How a server is told to stop."""

import os
import signal

from tests.support.servers import RunningServer


def terminate(server: RunningServer) -> None:
    server.process.send_signal(signal.SIGTERM)


def press_ctrl_c(server: RunningServer) -> None:
    """Tell all of the terminal's processes, as a terminal does."""
    os.killpg(server.process.pid, signal.SIGINT)
