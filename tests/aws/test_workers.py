"""Celery workers as relays: what wakes them, how they stop, and what they need."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from outbox import status
from tests.support.api import Admin, Customer, eventually, expect
from tests.support.fork_server import FORK_SERVER
from tests.support.plants import NAMES, Plant, depth, plant
from tests.support.queues import client
from tests.support.redis_servers import redis_server
from tests.support.relays import store_chains
from tests.support.servers import memory_environment, running, sqlite_environment
from tests.support.workers import CELERY, Worker, working

START_SECONDS = 60.0
STOPS = {"the worker": Worker.stop, "each of its processes": Worker.stop_all}


@pytest.fixture
def place() -> Iterator[Plant]:
    with plant() as place:
        yield place


def sent_events_of(url: str, customer: Customer) -> bool:
    """Return whether every event of a customer was sent."""
    with_admin = Admin(url)
    found = with_admin.events_of("user", customer.ecosystem_id)
    with_admin.close()
    return bool(found) and {event["status"] for event in found} == {"sent"}


def test_a_commit_wakes_a_worker_that_has_no_beat(place: Plant) -> None:
    with running(place.environment) as server, working(place.environment):
        customer = Customer(server.url)
        customer.register()
        eventually(lambda: sent_events_of(server.url, customer), START_SECONDS)
        customer.close()


def test_the_api_of_a_broker_drains_nothing_itself(place: Plant) -> None:
    store_chains(2, 2)
    with running(place.environment) as server:
        customer = Customer(server.url)
        expect(customer.post("/v1/users", {}, key=""), 201)
        customer.close()
        time.sleep(1)
    assert depth() == 5


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_a_worker_that_is_told_to_stop_gives_back_what_it_holds(
    place: Plant, stop: Callable[[Worker], int]
) -> None:
    store_chains(50, 10)
    with working(place.environment, "--beat") as worker:
        eventually(lambda: depth() < 500, START_SECONDS)
        stop(worker)

    left = depth()
    assert left > 0
    assert {shard.holder for shard in status.shard_statuses()} == {None}
    with client("sqs", place.emulator) as sqs:
        counted = sqs.get_queue_attributes(
            QueueUrl=place.queue(NAMES.tasks_queue),
            AttributeNames=["ApproximateNumberOfMessagesNotVisible"],
        )
    assert counted["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
    with working(place.environment, "--beat"):
        eventually(lambda: depth() == 0, START_SECONDS)


def test_any_broker_serves_a_store_that_is_not_on_aws() -> None:
    with redis_server() as broker, sqlite_environment() as environment:
        environment = environment | {"CELERY_BROKER_URL": broker}
        with running(environment) as server, working(environment):
            customer = Customer(server.url)
            customer.register()
            eventually(lambda: sent_events_of(server.url, customer), START_SECONDS)
            customer.close()


def test_a_worker_without_a_broker_says_what_is_missing() -> None:
    with memory_environment() as environment:
        refused = FORK_SERVER.run(CELERY, os.environ | environment)
    assert refused.returncode != 0
    assert "CELERY_BROKER_URL is not set" in refused.stderr
