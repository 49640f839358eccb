"""While a cleanup runs the relay rests."""

from dataclasses import replace

from financial_api.kernel import clock
from financial_api.kernel.cleanup import CleanupKey, CleanupState
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from tests.support.relays import PromptRelay, a_chain, statuses
from tests.support.storing import store, stored
from tests.support.transport import Transport


def set_running(backend: PersistenceBackend, running: bool) -> None:
    state = stored(backend, CleanupKey()) or CleanupState()
    changed = replace(state, running=running, heartbeat_at=clock.now())
    backend.commit(Commit(now=clock.now(), saves=[changed]))


def test_nothing_goes_out_while_a_cleanup_runs(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    chain = a_chain("card-001", 2)
    store(backend, *chain)
    set_running(backend, True)

    assert relay.drain() == 0
    assert transport.attempts == []
    assert statuses(chain) == ["pending", "pending"]


def test_events_go_out_when_the_cleanup_is_over(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *a_chain("card-001", 2))
    set_running(backend, True)
    relay.drain()
    set_running(backend, False)

    assert relay.drain() == 2


def test_a_cleanup_that_begins_in_the_middle_is_heeded_at_the_next_look(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, monkeypatch
) -> None:
    monkeypatch.setattr("outbox.relay.PAGE", 3)
    store(backend, *a_chain("card-001", 9))
    transport.after.append(lambda: set_running(backend, True))

    assert relay.drain() == 3


def test_a_cleanup_that_deletes_everything_leaves_the_relay_nothing_to_send(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *a_chain("card-001", 2))
    while backend.purge(100):
        pass

    assert relay.drain() == 0
    assert transport.attempts == []
