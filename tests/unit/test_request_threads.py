"""The threads that answer requests: how many, who waits for them, and who is sent away."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from financial_api.kernel import metrics
from financial_api.serving import threads
from financial_api.serving.shedding import Shed
from financial_api.serving.threads import Threads

MOST = 3
PATIENCE_SECONDS = 60


class Gate:
    """Work that is done as soon as it is let."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.began = 0

    def __call__(self) -> str:
        with self._lock:
            self.began += 1
        assert self._open.wait(PATIENCE_SECONDS)
        return threading.current_thread().name

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Any:
    gate = Gate()
    yield gate
    gate.open()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


def play(
    story: Callable[[Threads], Coroutine[Any, Any, None]],
    leave_thread: Callable[[], None] = lambda: None,
) -> None:
    async def told() -> None:
        await story(Threads(MOST, asyncio.get_running_loop(), leave_thread))

    asyncio.run(told())


def shed(reason: str) -> float:
    lines = metrics.exposition([]).decode().splitlines()
    name = f'financial_api_shed_total{{reason="{reason}"}} '
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


@pytest.mark.parametrize("is_urgent", [True, False])
def test_what_work_returns_or_raises_is_its_own(is_urgent: bool) -> None:
    async def story(pool: Threads) -> None:
        assert await pool.do(lambda: 7, is_urgent=is_urgent) == 7
        with pytest.raises(ZeroDivisionError):
            await pool.do(lambda: 1 / 0, is_urgent=is_urgent)
        assert await pool.do(lambda: 8, is_urgent=is_urgent) == 8

    play(story)


def test_one_at_a_time_needs_one_thread(gate: Gate) -> None:
    gate.open()

    async def story(pool: Threads) -> None:
        assert {await pool.do(gate, is_urgent=True) for _ in range(20)} == {"request-1"}

    play(story)


def test_no_more_threads_start_than_there_may_be_and_all_are_answered(gate: Gate) -> None:
    async def story(pool: Threads) -> None:
        asked = [asyncio.create_task(pool.do(gate)) for _ in range(10 * MOST)]
        await until(lambda: gate.began == MOST)
        gate.open()
        assert len(set(await asyncio.gather(*asked))) == MOST

    play(story)


def test_who_is_one_too_many_in_the_line_is_sent_away_at_once(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "MOST_WAITING", 5)
    before = shed("requests")

    async def story(pool: Threads) -> None:
        busy = [asyncio.create_task(pool.do(gate)) for _ in range(MOST)]
        await until(lambda: gate.began == MOST)
        waiting = [asyncio.create_task(pool.do(lambda: "served")) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Shed) as refusal:
            await pool.do(lambda: "never")
        assert refusal.value.headers["Retry-After"] == "1"
        gate.open()
        assert await asyncio.gather(*waiting) == ["served"] * 5
        await asyncio.gather(*busy)

    play(story)
    assert shed("requests") == before + 1


def test_who_waited_too_long_is_sent_away_though_no_thread_is_free(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "WAIT_SECONDS", 0.1)
    before = shed("waited")
    done = []

    async def story(pool: Threads) -> None:
        busy = [asyncio.create_task(pool.do(gate)) for _ in range(MOST)]
        await until(lambda: gate.began == MOST)
        waiting = [asyncio.create_task(pool.do(lambda: done.append(1))) for _ in range(4)]
        for task in waiting:
            with pytest.raises(Shed):
                await task
        gate.open()
        await asyncio.gather(*busy)
        assert await pool.do(lambda: "served") == "served"

    play(story)
    assert done == []
    assert shed("waited") == before + 4


def test_threads_are_stuck_that_finish_nothing_while_something_waits(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "STUCK_SECONDS", 0.2)

    async def story(pool: Threads) -> None:
        busy = [asyncio.create_task(pool.do(gate)) for _ in range(MOST)]
        await until(lambda: gate.began == MOST)
        await asyncio.sleep(0.3)
        assert not pool.are_stuck, "nobody waits"
        waiting = asyncio.create_task(pool.do(lambda: "served"))
        await until(lambda: pool.are_stuck)
        gate.open()
        await asyncio.gather(*busy, waiting)
        assert not pool.are_stuck

    play(story)


def test_a_burst_after_a_long_rest_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "STUCK_SECONDS", 0.2)
    gate = Gate()

    async def story(pool: Threads) -> None:
        await pool.do(lambda: None)
        await asyncio.sleep(0.3)
        burst = [asyncio.create_task(pool.do(gate)) for _ in range(2 * MOST)]
        await until(lambda: gate.began == MOST)
        assert not pool.are_stuck
        gate.open()
        await asyncio.gather(*burst)

    play(story)


def test_threads_that_are_idle_end_and_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.05)
    gate = Gate()
    left: list[str] = []

    async def story(pool: Threads) -> None:
        burst = [asyncio.create_task(pool.do(gate)) for _ in range(MOST)]
        await until(lambda: gate.began == MOST)
        gate.open()
        names = await asyncio.gather(*burst)
        await until(lambda: sorted(left) == sorted(names))
        again = [asyncio.create_task(pool.do(gate)) for _ in range(2 * MOST)]
        assert len(set(await asyncio.gather(*again))) <= MOST

    play(story, lambda: left.append(threading.current_thread().name))


def test_where_no_thread_can_be_started_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def story(pool: Threads) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            with pytest.raises(Shed):
                await pool.do(lambda: "never")
        assert await pool.do(lambda: "served") == "served"

    play(story)
