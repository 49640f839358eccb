"""Counters of what falls into a window: in this process, or in a Redis that several share."""

import hashlib
import logging
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60

MOST_COUNTED = 50_000
"""How many of a kind are counted apart in one window and process."""
WINDOWS_KEPT = 4
"""Of two kinds: the running window, and that before for a thread that comes late with it."""

PATIENCE_SECONDS = 0.25
"""How long a request waits for the Redis, and how long that may take to connect or answer."""
PAUSE_SECONDS = 1.0
"""How long nobody asks a Redis that did not answer."""


class Counter(Protocol):
    def add(self, who: str, window: int, amount: int) -> int:
        """Count `amount` more for somebody in a window and return the sum.

        `who` begins with its kind and a colon. Nothing is kept of somebody looked up with 0.
        """


class ProcessCounter:
    """Counts in this process, exactly in the windows that were last counted in.

    Addresses can be made up, so those past the first MOST_COUNTED of a window are counted together;
    that is no matter to users, who are of another kind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, int], dict[str, int]] = {}

    def add(self, who: str, window: int, amount: int) -> int:
        kind = who.partition(":")[0]
        with self._lock:
            counts = self._windows.pop((kind, window), {})
            self._windows[kind, window] = counts
            if len(self._windows) > WINDOWS_KEPT:
                del self._windows[next(iter(self._windows))]
            if who not in counts and len(counts) >= MOST_COUNTED:
                who = kind
            count = counts.get(who, 0) + amount
            if amount:
                counts[who] = count
            return count


@dataclass(frozen=True, slots=True)
class _Question:
    """What a thread wants counted; cancelled when it is not going to be told."""

    key: str
    amount: int
    count: "Future[int]" = field(default_factory=Future)


class RedisCounter:
    """Counts in a Redis that several processes share, and in this process while that is away.

    One thread asks it for all, in one round trip for those who came meanwhile. So nobody waits
    longer than PATIENCE_SECONDS, whatever hangs: its name, its connection, its answer. Once there
    was none in time, or an error, all are counted here and nobody waits, until the thread finds
    that the Redis counts again.

    A window is counted exactly by one counter. Where it changes in the midst of one, each goes on
    from what it has counted itself: somebody may reach the limit in the Redis, and then once more
    in each process.
    """

    def __init__(self, url: str) -> None:
        import redis  # a fifth of what a start takes, for few
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # what is sent twice may be counted twice
        )
        self._questions: SimpleQueue[_Question] = SimpleQueue()
        self._meanwhile = ProcessCounter()
        self._lock = threading.Lock()
        self._is_away = False
        threading.Thread(target=self._run, name="throttle", daemon=True).start()

    def add(self, who: str, window: int, amount: int) -> int:
        if not self._is_away:
            name = hashlib.sha256(who.encode()).hexdigest()
            question = _Question(f"throttle:{window}:{name}", amount)
            self._questions.put(question)
            try:
                return question.count.result(PATIENCE_SECONDS)
            except (CancelledError, TimeoutError):
                self._note_silence()
        return self._meanwhile.add(who, window, amount)

    def _note_silence(self) -> None:
        with self._lock:
            if not self._is_away:
                logger.warning("the shared throttle does not answer; counting in this process")
            self._is_away = True

    def _run(self) -> None:
        while True:
            questions = self._awaited()
            try:
                if questions:
                    self._ask(questions)
                elif self._is_away:
                    self._ask([_Question("throttle:probe", 1)])  # one that is full can be read
                    self._is_away = False
                    logger.info("the shared throttle answers again")
            except Exception as error:  # noqa: BLE001  # whatever a server answers
                logger.debug("the shared throttle: %s", type(error).__name__)
                self._note_silence()
                for question in questions + self._waiting():
                    question.count.cancel()

    def _awaited(self) -> list[_Question]:
        """Return what is asked, as soon as something is; nothing after a pause without."""
        try:
            first = self._questions.get(timeout=PAUSE_SECONDS)
        except Empty:
            return []
        return [first, *self._waiting()]

    def _waiting(self) -> list[_Question]:
        return [self._questions.get() for _ in range(self._questions.qsize())]

    def _ask(self, questions: list[_Question]) -> None:
        with self._redis.pipeline(transaction=True) as pipeline:
            for question in questions:
                if question.amount:
                    pipeline.incrby(question.key, question.amount)
                else:
                    pipeline.get(question.key)
            for key in {question.key for question in questions if question.amount}:
                pipeline.expire(key, 2 * WINDOW_SECONDS)
            counts = pipeline.execute()
        for question, count in zip(questions, counts, strict=False):
            question.count.set_result(int(count or 0))
