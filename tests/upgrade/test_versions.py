"""A store that goes from one version to the other, back, and is served by both at once."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox.entities import EventStatus
from tests.support.api import eventually
from tests.support.invariants import check_everything
from tests.support.newer import lost, of_waiting
from tests.support.playing import play
from tests.support.servers import ROOT, RunningServer, running
from tests.support.store import Marks
from tests.support.stores import BACKENDS
from tests.support.storing import the
from tests.upgrade.conftest import Shared
from tests.upgrade.lives import Household, Open, all_live
from tests.upgrade.oddities import Oddities

SHARING = [entry for entry in BACKENDS if not entry.one_process]

pytestmark = pytest.mark.parametrize(
    "entry", SHARING, ids=lambda entry: entry.name, indirect=True, scope="session"
)


@contextlib.contextmanager
def served(shared: Shared, *trees: Path) -> Iterator[list[RunningServer]]:
    """Serve a store by the code of some trees, and let them send all events before they end."""
    with contextlib.ExitStack() as started:
        servers = [
            started.enter_context(
                running(shared.environment, tree=tree, THROTTLE="off", SECRET_KEY="k" * 32)
            )
            for tree in trees
        ]
        yield servers
        eventually(lambda: shared.backend.outbox.oldest_unsent() is None)
        for server in servers:
            assert "Traceback" not in server.log.read_text(), server.log.read_text()


def test_nothing_is_lost_forwards_and_back_and_under_both_at_once(
    shared: Shared, base: Path, opened: Open
) -> None:
    households = [Household() for _ in range(2)]
    before: Marks = {}
    for number, trees in enumerate([(base,), (ROOT,), (base,), (base, ROOT)]):
        with served(shared, *trees) as servers:
            all_live(households, [server.url for server in servers], opened)
            play(servers[0].url, tree=trees[0])

        check_everything(
            shared.backend,
            [name for household in households for name in household.people],
            [household.admin for household in households],
        )
        gone = lost(before, shared.newer)
        assert gone == of_waiting(gone), trees
        shared.newer.mark(f"what a newer version holds since {number}")
        before = shared.newer.marks()
        assert before


def test_what_neither_knows_is_shown_and_relayed_by_both(
    shared: Shared, base: Path, opened: Open
) -> None:
    with served(shared, base) as (server,):
        odd = Oddities.made(server.url, opened)
    event = odd.leave(shared.backend)

    for trees in [(base,), (ROOT,), (base, ROOT)]:
        with served(shared, *trees) as servers:
            for server in servers:
                odd.look(server.url, opened)
                odd.try_to_change(server.url, opened)

    assert the(shared.backend, event.key).status is EventStatus.SENT
