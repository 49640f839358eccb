"""Where the story happens: the server, the people, and the checks that are reported."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeVar

from .cast import Casting, Person, Role
from .client import Answer, Client
from .report import Report

T = TypeVar("T")

PRODUCT_ID = "default-credit-card"
REASON = "Said by the walkthrough"
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.4


class Stage:
    """What every chapter needs. A check that fails is reported and the chapter goes on."""

    def __init__(self, client: Client, casting: Casting, report: Report) -> None:
        self.client = client
        self.report = report
        self._casting = casting

    # People

    def enter(self, name: str, role: Role = Role.USER) -> Person:
        """Return somebody new, whom the server does not know yet."""
        return self._casting.new(name, role)

    def registered(self, name: str, *, score: int | None = None) -> Person:
        """Return somebody new with a user record; an admin then gives the score, if any."""
        person = self.enter(name)
        self.client.post("/v1/users", person)
        if score is not None:
            self.set_score(self.enter(f"{name}-patron", Role.ADMIN), person, score)
        return person

    def card_of(self, person: Person) -> str:
        """Return the id of a new card that `person` asked for and got at once."""
        return str(self.ask_for_card(person).at("request.card.cardId"))

    # Requests that many chapters make

    def ask_for_card(self, person: Person) -> Answer:
        return self.client.post(
            "/v1/cards/requests", person, {"productId": PRODUCT_ID}, Idempotency_Key=new_key()
        )

    def buy(self, person: Person, card_id: str, amount: str, key: str | None = None) -> Answer:
        return self.client.post(
            f"/v1/cards/{card_id}/transactions/purchases",
            person,
            {"amount": Decimal(amount), "merchant": "Corner Shop"},
            Idempotency_Key=key or new_key(),
        )

    def pay(self, person: Person, card_id: str, amount: str, key: str | None = None) -> Answer:
        return self.client.post(
            f"/v1/cards/{card_id}/transactions/payments",
            person,
            {"amount": Decimal(amount)},
            Idempotency_Key=key or new_key(),
        )

    def set_score(self, admin: Person, person: Person, score: int) -> Answer:
        return self.client.patch(
            f"/v1/admin/users/{person.ecosystem_id}/score",
            admin,
            {"score": score, "reason": REASON},
            Idempotency_Key=new_key(),
        )

    def decide(self, admin: Person, path: str, **body: Any) -> Answer:
        """Send an admin's command, with a reason."""
        return self.client.post(
            f"/v1/admin{path}", admin, {"reason": REASON, **body}, Idempotency_Key=new_key()
        )

    # Checks

    def same(self, what: str, expected: Any, got: Any) -> None:
        """Report whether two values are equal."""
        if expected == got:
            self.report.ok(what)
        else:
            self.report.differs(what, expected, got)

    def true(self, what: str, holds: bool, got: Any) -> None:
        """Report whether something holds; `got` is shown if not."""
        if holds:
            self.report.ok(what)
        else:
            self.report.differs(what, "that it holds", got)

    def answers(
        self,
        what: str,
        answer: Answer,
        status: int,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Report whether an answer has this status, values at these paths, and headers."""
        expected: dict[str, Any] = {"status": status, **(body or {}), **(headers or {})}
        got: dict[str, Any] = {"status": answer.status}
        got |= {path: answer.find(path) for path in body or {}}
        got |= {name: answer.headers.get(name) for name in headers or {}}
        if expected == got:
            self.report.ok(what)
        else:
            wrong = [name for name in expected if expected[name] != got[name]]
            self.report.differs(
                what,
                ", ".join(f"{name} {expected[name]!r}" for name in wrong),
                ", ".join(f"{name} {got[name]!r}" for name in wrong) + f" in {answer}",
            )
        return answer

    def refuses(
        self,
        what: str,
        answer: Answer,
        status: int,
        code: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Report whether an answer is this error, in the shape that every error has."""
        body = {
            "error.code": code,
            "meta.requestId": answer.headers.get("X-Request-ID", "an X-Request-ID"),
            **{f"error.details.{path}": value for path, value in (details or {}).items()},
        }
        expected = {"Content-Type": "application/json", **(headers or {})}
        return self.answers(what, answer, status, body, expected)

    # Time

    def eventually(self, note: str, ask: Callable[[], T], enough: Callable[[T], bool]) -> T:
        """Ask until it is enough or patience ends; return the last answer."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        answer = ask()
        while not enough(answer) and time.monotonic() < ends_at:
            self.report.passing(f"waiting for {note} ...")
            time.sleep(PAUSE_SECONDS)
            answer = ask()
        return answer

    def race(self, runners: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Return the answers of requests that all start at the same moment."""
        gun = threading.Barrier(len(runners))

        def run(runner: Callable[[], Answer]) -> Answer:
            gun.wait()
            return runner()

        with ThreadPoolExecutor(len(runners)) as pool:
            return list(pool.map(run, runners))


def new_key() -> str:
    """Return an idempotency key that was never used."""
    return str(uuid.uuid4())
