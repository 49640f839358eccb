"""What the processes of a server take, as the system tells."""

from pathlib import Path

from tests.support.servers import RunningServer


def workers_of(server: RunningServer) -> list[int]:
    """Return the ids of the processes that answer."""
    parent = server.process.pid
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def mebibytes(pid: int, kind: str = "VmRSS") -> float:
    """Return the resident memory of a process; `VmHWM` is the most that it ever was."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024
