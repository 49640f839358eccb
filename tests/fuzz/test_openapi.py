"""Schemathesis over the committed OpenAPI document, against a real server, on every backend.

    make fuzz                     # 200 random cases an operation
    FUZZ_EXAMPLES=5000 make fuzz  # or as many as you like

With `FUZZ_EXAMPLES` the cases are other ones each time, and a run takes minutes; without it, as in
CI, they are few and always the same. A failure comes with the command that shows it.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import BaseSchema

from tests.fuzz.campaign import CHECKED, NOT_APPLICABLE, load, run
from tests.fuzz.cast import MAKERS, Cast
from tests.fuzz.direction import Direction
from tests.fuzz.refusals import IN_SCENARIOS, REFUSALS
from tests.fuzz.settings_name import FUZZED_SETTINGS
from tests.support.api import Admin, expect
from tests.support.document import document
from tests.support.servers import RunningServer, running
from tests.support.store import LEFT_OUT, LeftOut
from tests.support.stores import BackendUnderTest
from tests.support.webhook import SECRET

EXAMPLES = int(os.environ["FUZZ_EXAMPLES"]) if "FUZZ_EXAMPLES" in os.environ else None
CLEANUP = "/v1/admin/cleanup"
OPERATIONS = {
    described["operationId"]
    for operations in document()["paths"].values()
    for described in operations.values()
}


@pytest.fixture
def server(entry: BackendUnderTest) -> Iterator[RunningServer]:
    """A server on a store of its own: it refuses events, and everything is deleted in the end."""
    with ExitStack() as stack:
        try:
            environment = stack.enter_context(entry.environment())
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")
        settings = {
            FUZZED_SETTINGS: environment["DJANGO_SETTINGS_MODULE"],
            "DJANGO_SETTINGS_MODULE": "tests.fuzz.settings",
        }
        yield stack.enter_context(
            running(environment | settings, THROTTLE="off", WEBHOOK_SECRET=SECRET)
        )


def test_the_server_does_what_the_document_says(server: RunningServer) -> None:
    schema = load(server.url, EXAMPLES)
    direction = Direction(Cast(server.url))
    with direction.given_to(schema):
        outcome = run(schema)
        clean_up(schema, server)
    assert not outcome.report()
    never = {name for name in OPERATIONS if not direction.succeeded(name)}
    assert not never, f"never answered 2xx: {never}"


def clean_up(schema: BaseSchema, server: RunningServer) -> None:
    """Confirm a cleanup, which no case before can have done, and check its answer like theirs."""
    admin = Admin(server.url)
    token = expect(admin.post(CLEANUP, {}, key=""), 400)["confirmationToken"]
    case = schema[CLEANUP]["POST"].Case(
        body={"confirmationToken": token}, media_type="application/json"
    )
    case.call_and_validate(headers={"Authorization": admin.http.headers["Authorization"]})
    admin.close()


def test_every_check_is_on_or_left_out_for_a_reason() -> None:
    load_all_checks()
    assert set(CHECKS.get_all_names()) == set(CHECKED) | set(NOT_APPLICABLE)


def test_every_operation_is_prepared_for() -> None:
    assert set(MAKERS) == OPERATIONS
    assert {*REFUSALS, *IN_SCENARIOS} <= OPERATIONS
