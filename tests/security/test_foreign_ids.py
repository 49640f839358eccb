"""Another user's ids, given to every operation that the OpenAPI document has now or later."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest

from tests.support.api import NOBODYS_ID, Admin, Customer, expect, new_key
from tests.support.document import example_body, operations
from tests.support.servers import RunningServer

SAME_REQUEST = {"X-Request-ID": "the-same-for-both"}
OF_ADMINS = [(method, path) for method, path in operations("/v1/admin/") if "{" in path]
OF_USERS = [
    (method, path) for method, path in operations("/v1/") if not path.startswith("/v1/admin/")
]
WITH_AN_ID = [(method, path) for method, path in OF_USERS if "{" in path]
READS_WITHOUT = [path for method, path in OF_USERS if method == "GET" and "{" not in path]
WRITES = [(method, path) for method, path in OF_USERS if method != "GET"]
NOBODYS = {"userSlug": "nobody", "cardId": NOBODYS_ID, "requestId": NOBODYS_ID}
NOBODYS["eventId"] = NOBODYS_ID


@dataclass(frozen=True, slots=True)
class Owner:
    """A user with one of everything that has an id."""

    customer: Customer
    ids: dict[str, str]

    def holdings(self) -> list[bytes]:
        """Return all that the user sees of its own."""
        paths = ["/v1/dashboard", "/v1/cards", f"/v1/cards/{self.ids['cardId']}/transactions"]
        answers = [self.customer.get(path) for path in paths]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.content for answer in answers]


def with_everything(customer: Customer, admin: Admin) -> Owner:
    customer.register()
    asked = expect(customer.request_card(), 201)["request"]
    expect(customer.buy(asked["card"]["cardId"], 1000), 201)
    [event] = admin.events_of("user", customer.ecosystem_id)
    ids = {"cardId": asked["card"]["cardId"], "requestId": asked["requestId"]}
    ids |= {"userSlug": customer.ecosystem_id, "eventId": event["eventId"]}
    return Owner(customer, ids)


@pytest.fixture(scope="module")
def owner(server: RunningServer) -> Iterator[Owner]:
    with closing(Customer(server.url)) as customer, closing(Admin(server.url)) as admin:
        yield with_everything(customer, admin)


@pytest.fixture(scope="module")
def intruder(server: RunningServer) -> Iterator[Owner]:
    """One who lacks nothing but the right."""
    with closing(Customer(server.url)) as customer, closing(Admin(server.url)) as admin:
        yield with_everything(customer, admin)


def but_for_the_date(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


def ask(
    caller: Customer, method: str, path: str, ids: dict[str, str], key: str = "a-key"
) -> httpx.Response:
    """Call an operation on these ids with all else as the document shows it."""
    body = example_body(method, path)
    return caller.call(method, path.format(**ids), body, key=key, headers=SAME_REQUEST)


@pytest.mark.parametrize(("method", "path"), WITH_AN_ID)
def test_what_is_anothers_answers_byte_for_byte_as_what_is_nobodys(
    owner: Owner, intruder: Owner, method: str, path: str
) -> None:
    before = owner.holdings()

    theirs, nobodys = (ask(intruder.customer, method, path, ids) for ids in (owner.ids, NOBODYS))

    assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert but_for_the_date(theirs) == but_for_the_date(nobodys)
    assert owner.holdings() == before


@pytest.mark.parametrize(("method", "path"), [each for each in WITH_AN_ID if each[0] != "GET"])
def test_the_key_of_an_owner_does_not_open_its_answer(
    owner: Owner, intruder: Owner, method: str, path: str
) -> None:
    key = new_key()
    expect(ask(owner.customer, method, path, owner.ids, key), 201)

    theirs, nobodys = (
        ask(intruder.customer, method, path, ids, key) for ids in (owner.ids, NOBODYS)
    )

    assert (theirs.status_code, theirs.content) == (404, nobodys.content)


@pytest.mark.parametrize("path", READS_WITHOUT)
def test_an_id_in_the_query_makes_nobody_another(owner: Owner, intruder: Owner, path: str) -> None:
    own = expect(intruder.customer.get(path), 200)
    named = {**owner.ids, "ecosystemId": owner.customer.ecosystem_id, "role": "admin"}

    assert expect(intruder.customer.get(path, params=named), 200) == own


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_an_id_in_the_body_makes_nobody_another(
    owner: Owner, intruder: Owner, method: str, path: str
) -> None:
    before = owner.holdings()
    named = {**owner.ids, "ecosystemId": owner.customer.ecosystem_id, "firebaseUid": "x"}
    body = example_body(method, path) | named
    body.pop("email", None)  # the document's is not the caller's

    answer = intruder.customer.call(method, path.format(**intruder.ids), body, key=new_key())

    assert answer.status_code in {200, 201, 409}
    assert owner.customer.ecosystem_id not in answer.text
    assert owner.holdings() == before


@pytest.mark.parametrize(("method", "path"), OF_ADMINS)
def test_to_a_user_what_is_of_admins_is_forbidden_alike_and_leaves_all_as_it_was(
    owner: Owner, intruder: Owner, method: str, path: str
) -> None:
    before = owner.holdings()

    theirs, nobodys = (ask(intruder.customer, method, path, ids) for ids in (owner.ids, NOBODYS))

    assert (theirs.status_code, theirs.content) == (403, nobodys.content)
    assert but_for_the_date(theirs) == but_for_the_date(nobodys)
    assert owner.holdings() == before


def test_there_is_an_id_to_try_in_the_path_of_every_operation() -> None:
    assert len(WITH_AN_ID) >= 5
    assert len(OF_ADMINS) >= 10
