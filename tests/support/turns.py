"""Threads that take turns step by step, each with a clock of its own.

Who goes next is drawn by lot, from a seed: a run is the same every time, and no two threads are
ever at work at once. Time passes a little with each step.
"""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra_backends.persistence.base import PersistenceBackend

MOST_SECONDS = 30
STEP_SECONDS = 0.05


class Turns:
    """Runs players one step at a time; `step` is where the others may come in between."""

    def __init__(self, seed: int, start: datetime) -> None:
        self._random = random.Random(seed)
        self._start = start
        self._passed = 0.0
        self._baton = threading.Condition()
        self._playing: list[int] = []
        self._turn: int | None = None
        self._player = threading.local()

    def play(self, players: Sequence[tuple[timedelta, Callable[[], object]]]) -> None:
        """Run each function in a thread whose clock is so far off, until all have returned.

        Raises what the first that failed raised.
        """
        with self._baton:
            self._playing = list(range(len(players)))
            self._pass_on()
        failures: list[BaseException] = []

        def begin(number: int) -> None:
            offset, function = players[number]
            self._player.number, self._player.offset = number, offset
            try:
                self._await_turn()
                function()
            except BaseException as failure:  # noqa: BLE001  # raised again below
                failures.append(failure)
            finally:
                with self._baton:
                    self._playing.remove(number)
                    self._pass_on()

        threads = [threading.Thread(target=begin, args=(n,)) for n in range(len(players))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(MOST_SECONDS)
            assert not thread.is_alive()
        if failures:
            raise failures[0]

    def step(self) -> None:
        """Let time pass, and others go on; nothing happens outside a player's thread."""
        if not hasattr(self._player, "number"):
            return
        with self._baton:
            self._passed += STEP_SECONDS
            self._pass_on()
        self._await_turn()

    def now(self) -> datetime:
        return (
            self._start
            + timedelta(seconds=self._passed)
            + getattr(self._player, "offset", timedelta())
        )

    def monotonic(self) -> float:
        return 1000.0 + self._passed

    def sleep(self, seconds: float) -> None:
        with self._baton:
            self._passed += seconds
        self.step()

    def _pass_on(self) -> None:
        self._turn = self._random.choice(self._playing) if self._playing else None
        self._baton.notify_all()

    def _await_turn(self) -> None:
        with self._baton:
            came = self._baton.wait_for(
                lambda: self._turn == self._player.number, timeout=MOST_SECONDS
            )
            assert came, "another player never gave its turn away"


class SteppedStore:
    """Stands for a backend; others may come in before each of its steps."""

    def __init__(self, backend: PersistenceBackend, turns: Turns) -> None:
        self._backend = backend
        self._turns = turns
        self.outbox = _SteppedOutbox(backend.outbox, turns)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def read(self, keys: Any) -> Any:
        self._turns.step()
        return self._backend.read(keys)

    def commit(self, commit: Any) -> None:
        self._turns.step()
        self._backend.commit(commit)


class _SteppedOutbox:
    def __init__(self, outbox: Any, turns: Turns) -> None:
        self._outbox = outbox
        self._turns = turns

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    def proposals(self, *args: Any) -> Any:
        self._turns.step()
        return self._outbox.proposals(*args)
