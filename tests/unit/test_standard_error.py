"""Lines to a standard error that somebody reads, that nobody reads, and that is not there."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.fork_server import FORK_SERVER, ROOT

ONE_PAGE = 4096
SECRET = "confidential"

WRITE = f"""
import logging, sys
from financial_api.kernel import standard_error
from financial_api.kernel.log_lines import JsonFormatter
handler = standard_error.Handler()
handler.setFormatter(JsonFormatter())
logging.basicConfig(handlers=[handler], level="INFO")
logger = logging.getLogger("tests")
for number in range(int(sys.argv[1])):
    logger.info("line %d {"x" * 100}", number)
print("written", flush=True)
"""
RESUME = """
sys.stdin.readline()
logger.info("the last")
logger.info("the very last")
"""
UNWORDED = f"""
logger.info("%d", "{SECRET}")
logger.info("went on")
"""
FORK = """
import os, threading
standard_error._waiting.append(b"of the parent\\n")
standard_error._turn.acquire()
if not os.fork():
    logger.warning("of the child")
    os._exit(0)
os.wait()
"""


@dataclass
class Writer:
    """A process whose standard error is a pipe with room for little."""

    process: "subprocess.Popen[bytes]"
    pipe: int

    def says_it_has_written(self) -> bool:
        assert self.process.stdout is not None
        return self.process.stdout.readline() == b"written\n"

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.close()

    def read_all(self) -> list[str]:
        with os.fdopen(self.pipe, "rb") as pipe:
            return pipe.read().decode().splitlines()


def writing(program: str, lines: int) -> Writer:
    reads, writes = os.pipe()
    fcntl.fcntl(reads, fcntl.F_SETPIPE_SZ, ONE_PAGE)
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(lines)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=writes,
    )
    os.close(writes)
    return Writer(process, reads)


@pytest.fixture
def resuming(request: pytest.FixtureRequest) -> Iterator[Writer]:
    writer = writing(WRITE + RESUME, request.param)
    yield writer
    writer.process.kill()
    writer.process.wait()
    for end in (writer.process.stdin, writer.process.stdout):
        assert end is not None
        end.close()


@pytest.mark.parametrize("resuming", [200], indirect=True)
def test_who_writes_goes_on_while_nobody_reads_and_nothing_is_lost(resuming: Writer) -> None:
    assert resuming.says_it_has_written()
    resuming.go_on()

    lines = resuming.read_all()

    assert ["line 0 " in lines[0], "line 199 " in lines[199]] == [True, True]
    assert ["the last" in lines[200], "the very last" in lines[201]] == [True, True]
    assert resuming.process.wait(60) == 0


@pytest.mark.parametrize("resuming", [3000], indirect=True)
def test_of_too_many_lines_the_oldest_are_left_out_and_it_is_told(resuming: Writer) -> None:
    assert resuming.says_it_has_written()
    resuming.go_on()

    lines = resuming.read_all()

    told = [line for line in lines if "were left out" in line]
    assert "line 0 " in lines[0]
    assert any("line 2999 " in line for line in lines)
    assert any("the very last" in line for line in lines)
    assert sum("line " in line for line in lines) < 1200
    assert '"level":"WARNING"' in told[0]


@pytest.mark.parametrize("resuming", [1], indirect=True)
def test_who_writes_goes_on_once_nobody_can_read(resuming: Writer) -> None:
    assert resuming.says_it_has_written()
    os.close(resuming.pipe)
    resuming.go_on()

    assert resuming.process.wait(60) == 0


def test_a_process_without_standard_error_writes_into_no_other_file(
    tmp_path: os.PathLike[str],
) -> None:
    program = (
        "import os, sys\nopened = open(sys.argv[2], 'w')\nassert opened.fileno() == 2\n" + WRITE
    )
    file = f"{tmp_path}/database"

    ran = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" 2>&-', sys.executable, "-c", program, "10", file],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )

    assert ran.stdout == b"written\n"
    assert os.path.getsize(file) == 0


def test_what_cannot_be_put_into_words_is_told_by_where_it_is_from() -> None:
    ran = FORK_SERVER.run(("-c", WRITE + UNWORDED, "0"), os.environ)

    told, after = ran.stderr.splitlines()
    assert "<string>:13 cannot be logged" in told
    assert "went on" in after
    assert SECRET not in ran.stderr


def test_a_fork_writes_its_own_lines_alone() -> None:
    ran = FORK_SERVER.run(("-c", WRITE + FORK, "0"), os.environ)

    [line] = ran.stderr.splitlines()
    assert "of the child" in line
