"""What `make test` and `make proof` take, against those of an earlier commit.

    python -m tests.bench.suite REVISION [ROUNDS]

Each of the two commits is cloned and installed, and what only a first run compiles is compiled.
Then both run in turns. CPU is what the whole machine spent meanwhile, so that servers, databases
and whatever a test killed are in it: let nothing else run. Ends with the ratios of the present
commit to the earlier one, each the median of its rounds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("test", "proof")
IDLE_FIELDS = {3, 4}
"""Which of the columns of /proc/stat are time that nobody used."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of wall time and of CPU."""

    wall: float
    cpu: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


def cpu_seconds() -> float:
    """Return what all of this machine's processors have spent since it was started."""
    columns = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    ticks = sum(int(value) for place, value in enumerate(columns) if place not in IDLE_FIELDS)
    return ticks / os.sysconf("SC_CLK_TCK")


def cloned(revision: str, folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", revision], check=True)
    run(folder, "make", ".venv/.installed")
    run(folder, "make", "lint")
    run(folder, ".venv/bin/python", "-m", "pytest", "--collect-only", "tests")
    return folder


def run(folder: Path, *command: str) -> str:
    """Run a command in an environment of its own; return what it printed."""
    environment = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = f"{done.stdout[-5000:]}{done.stderr[-2000:]}"
        sys.exit(f"{' '.join(command)} failed in {folder}:\n{said}")
    return done.stdout


def measured(folder: Path, target: str) -> Spent:
    wall, cpu = time.monotonic(), cpu_seconds()
    said = run(folder, "make", target)
    spent = Spent(time.monotonic() - wall, cpu_seconds() - cpu)
    result = said.strip().splitlines()[-1]
    spent_shown = f"{spent.wall:6.0f} s wall {spent.cpu:6.0f} s CPU"
    print(f"{folder.name:<6} {target:<5} {spent_shown}  {result}", flush=True)
    return spent


def main(revision: str, rounds: int) -> None:
    before, now = [], []
    with tempfile.TemporaryDirectory(prefix="bench-suite-") as folder:
        earlier = cloned(revision, Path(folder, "before"))
        present = cloned("HEAD", Path(folder, "now"))
        for _ in range(rounds):
            for place, taken in ((earlier, before), (present, now)):
                first, second = (measured(place, target) for target in COMMANDS)
                taken.append(first + second)
    wall = statistics.median(new.wall / old.wall for new, old in zip(now, before, strict=True))
    cpu = statistics.median(new.cpu / old.cpu for new, old in zip(now, before, strict=True))
    print(f"wall {wall:.2f}, CPU {cpu:.2f} of {revision}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
