"""Callers of the server that a suite names `server`, closed at the end of each test."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.api import Admin, Api, Customer
from tests.support.servers import RunningServer


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
