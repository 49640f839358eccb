"""Runs every test of this folder over HTTP against a real server, over every backend."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.api import Admin, Api, Customer
from tests.support.servers import RunningServer, running
from tests.support.stores import BackendUnderTest


@pytest.fixture(scope="session")
def server(environment: dict[str, str], workers: str) -> Iterator[RunningServer]:
    """A server of several processes where that can be, which bears a user in a hurry."""
    with running(environment, WORKERS=workers, THROTTLE_REQUESTS_PER_MINUTE="10000") as server:
        yield server


@pytest.fixture(scope="session")
def strict_server(environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server that lets nobody do much."""
    with running(
        environment,
        THROTTLE_REQUESTS_PER_MINUTE="5",
        THROTTLE_FAILURES_PER_MINUTE="3",
    ) as server:
        yield server


@pytest.fixture(scope="session")
def bare_server(environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server of one process with everything off that can be."""
    with running(
        environment, THROTTLE="off", THROTTLE_REQUESTS_PER_MINUTE="5", ALLOW_CLEANUP="off"
    ) as server:
        yield server


@pytest.fixture(scope="session")
def lone_server(
    entry: BackendUnderTest,
    environment: dict[str, str],  # named so that a backend without one is left out here too
) -> Iterator[RunningServer]:
    """A server of one process on a store of its own."""
    with entry.environment() as fresh, running(fresh) as server:
        yield server


@pytest.fixture
def opened() -> Iterator[Callable[[Api], Api]]:
    """Takes clients in to be closed at the end of the test."""
    clients: list[Api] = []

    def open(client: Api) -> Api:
        clients.append(client)
        return client

    yield open
    for client in clients:
        client.close()


@pytest.fixture
def anyone(server: RunningServer, opened: Callable[[Api], Api]) -> Api:
    """Somebody without a token."""
    return opened(Api(server.url))


@pytest.fixture
def new_customer(server: RunningServer, opened: Callable[[Api], Api]) -> Callable[..., Customer]:
    """Makes users of their own, not yet registered."""

    def make(*args: str, **options: str) -> Customer:
        customer = Customer(server.url, *args, **options)
        opened(customer)
        return customer

    return make


@pytest.fixture
def customer(new_customer: Callable[..., Customer]) -> Customer:
    return new_customer()


@pytest.fixture
def stranger(new_customer: Callable[..., Customer]) -> Customer:
    """Another user, of whose things the customer must not know."""
    return new_customer()


@pytest.fixture
def new_admin(server: RunningServer, opened: Callable[[Api], Api]) -> Callable[[], Admin]:
    def make() -> Admin:
        admin = Admin(server.url)
        opened(admin)
        return admin

    return make


@pytest.fixture
def admin(new_admin: Callable[[], Admin]) -> Admin:
    return new_admin()
