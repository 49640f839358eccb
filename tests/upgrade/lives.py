"""People who go on living while versions of the service come and go."""

import itertools
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.api import Admin, Customer, expect, new_key

Open = Callable[[Any], Any]
"""Takes a client in that is closed at the end."""


class Household:
    """A customer with a card, an admin who has an eye on it, and those who wait for a card.

    Each request goes to the next of the servers that there are.
    """

    def __init__(self) -> None:
        self._run = secrets.token_hex(4)
        self.admin = f"admin-{self._run}"
        self._owner = f"owner-{self._run}"
        self._waiting: list[str] = []
        self._card = ""
        self._pending = ""
        self._answered: dict[str, Any] = {}

    @property
    def people(self) -> list[str]:
        return [self._owner, self.admin, *self._waiting]

    def live(self, urls: Sequence[str], opened: Open) -> None:
        """Do everything once, and find again what was left by an earlier time."""
        turns = itertools.cycle(urls)

        def owner() -> Customer:
            return opened(Customer(next(turns), self._owner))

        def admin() -> Admin:
            return opened(Admin(next(turns), self.admin))

        admin().register()
        owner().register()
        self._card = self._card or owner().another_card()
        self._buy_once_more(owner)
        with ThreadPoolExecutor(len(urls)) as threads:
            rivals = [owner() for _ in urls]
            bought = list(threads.map(lambda rival: rival.buy(self._card, 5), rivals))
        for response in [*bought, owner().pay(self._card, 10)]:
            expect(response, 201)
        for action in ("suspend", "reactivate"):
            expect(admin().move_card(owner(), self._card, action), 200)
        for action in ("disable", "enable"):
            expect(admin().set_status(owner(), action), 200)
        expect(admin().set_score(owner(), 600), 200)
        assert owner().transactions(self._card)
        self._decide(admin)
        self._waiting.append(f"waiting-{self._run}-{len(self._waiting)}")
        waiting = opened(Customer(next(turns), self._waiting[-1]))
        self._pending = admin().pending_request(waiting)

    def _buy_once_more(self, owner: Callable[[], Customer]) -> None:
        """Buy under a new key, and have those of earlier times replayed."""
        self._answered[new_key()] = None
        for key, answer in self._answered.items():
            bought = owner().buy(self._card, 20, key=key)
            self._answered[key] = expect(bought, 201 if answer is None else 200)
            assert answer in (None, self._answered[key])

    def _decide(self, admin: Callable[[], Admin]) -> None:
        """Have the request decided that an earlier time has left."""
        if len(self._waiting) % 2:
            expect(admin().reject(self._pending), 200)
        elif self._waiting:
            expect(admin().approve(self._pending, 200), 200)


def all_live(households: Sequence[Household], urls: Sequence[str], opened: Open) -> None:
    """Have all of them live at the same time."""
    with ThreadPoolExecutor(len(households)) as threads:
        list(threads.map(lambda household: household.live(urls, opened), households))
