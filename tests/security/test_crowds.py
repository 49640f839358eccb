"""More clients than threads: who only holds a connection, or waits, keeps nobody else out."""

from collections.abc import Iterator

import pytest

from tests.support.api import Customer, eventually, expect
from tests.support.crowds import LIVENESS, Crowd, authorization, kept_request, live
from tests.support.processes import mebibytes, workers_of
from tests.support.raw_http import request
from tests.support.servers import RunningServer, memory_environment, running

THREADS = 2
HELD, IDLE, POLITE, BURST = 4_000, 2_000, 500, 600
MOST_MEBIBYTES = 200


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server of very few threads."""
    with (
        memory_environment() as environment,
        running(environment, THREADS=str(THREADS), THROTTLE="off") as server,
    ):
        yield server


def test_thousands_who_only_hold_a_connection_keep_nobody_out(
    server: RunningServer, customer: Customer
) -> None:
    with Crowd(server.url, [b""] * HELD) as silent:
        expect(live(server), 200)
        card_id = customer.card()
        expect(customer.buy(card_id, 1), 201)

        assert silent.waiting() == HELD


def test_hundreds_of_polite_clients_are_served_among_thousands_of_idle_ones(
    server: RunningServer,
) -> None:
    with Crowd(server.url, [b""] * IDLE) as idle, Crowd(server.url, [b""] * POLITE) as polite:
        for asked in (1, 2, 3):
            polite.say(kept_request("GET", LIVENESS))
            expect(live(server), 200)
            assert set(polite.answers(asked * POLITE)) == {200}

        assert idle.waiting() == IDLE
        [worker] = workers_of(server)
        assert mebibytes(worker) < MOST_MEBIBYTES


def test_a_burst_of_new_connections_is_served_to_the_last(
    server: RunningServer, customer: Customer
) -> None:
    customer.register()
    asked = request("GET", "/v1/dashboard", authorization(customer))

    with Crowd(server.url, [asked] * BURST) as burst:
        eventually(burst.is_gone)

        assert burst.statuses() == [200] * BURST


def test_an_idle_connection_lives_as_long_as_the_setting_says() -> None:
    """Which is longer than a head may take: a client need not ask again within ten seconds."""
    with (
        memory_environment() as environment,
        running(environment, KEEP_ALIVE_SECONDS="12") as brief,
        running(environment) as patient,
        Crowd(patient.url, [kept_request("GET", LIVENESS)]) as kept,
        Crowd(brief.url, [kept_request("GET", LIVENESS)]) as hung_up_on,
    ):
        assert kept.answers(1) == hung_up_on.answers(1) == [200]

        eventually(hung_up_on.is_gone)
        kept.say(kept_request("GET", LIVENESS))

        assert kept.answers(2) == [200, 200]
