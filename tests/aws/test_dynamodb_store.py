"""How the DynamoDB backend takes the answers that no emulator gives."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from financial_api.kernel import clock, deadline
from infra_backends.aws.service import Service
from infra_backends.aws.tables import CARDS, OUTBOX_SEQUENCES
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.dynamodb.expressions import Selection, if_absent, put
from infra_backends.persistence.dynamodb.items import text
from infra_backends.persistence.dynamodb.store import MOST_KEYS, MOST_ROUNDS, Store
from tests.support.clocks import UnhurriedClock

PREFIX = "test-"
NAME = "test-cards"
CANCELED = "TransactionCanceledException"


class ScriptedService(Service):
    """A service that answers as it was told to, the last answer for ever, and keeps the calls."""

    def __init__(self, *answers: Any) -> None:
        self.name = "dynamodb"
        self.calls: list[dict[str, Any]] = []
        self._answers = list(answers)

    def call(self, operation: str, **parameters: Any) -> Any:
        self.calls.append(parameters)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(code: str, *reasons: str, status: int = 400) -> ClientError:
    answer: dict[str, Any] = {
        "Error": {"Code": code, "Message": "refused"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, "TransactWriteItems")


def a_put(number: int = 0) -> dict[str, Any]:
    item = {"ecosystemId": text("user-001"), "cardId": text(f"card-{number}")}
    return put(NAME, item, if_absent(CARDS))


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with clock.installed(UnhurriedClock()):
        yield


@pytest.fixture
def scripted() -> Callable[..., tuple[Store, ScriptedService]]:
    def make(*answers: Any) -> tuple[Store, ScriptedService]:
        service = ScriptedService(*answers)
        return Store(service, PREFIX), service

    return make


@pytest.mark.parametrize(
    "passing",
    [
        refusal(CANCELED, "None", "TransactionConflict"),
        refusal(CANCELED, "ThrottlingError", "None"),
        refusal(CANCELED, "ProvisionedThroughputExceeded", "TransactionConflict"),
        refusal("TransactionInProgressException"),
        refusal("TransactionConflictException"),
    ],
    ids=["conflict", "throttled", "both", "in progress", "conflict of one item"],
)
def test_a_transaction_is_sent_again_under_the_same_token(scripted, passing):
    store, service = scripted(passing, passing, {})

    store.write([a_put(1), a_put(2)])

    assert len(service.calls) == 3
    assert service.calls[0] == service.calls[1] == service.calls[2]
    assert service.calls[0]["ClientRequestToken"]


def test_each_transaction_has_a_token_of_its_own(scripted):
    store, service = scripted({})

    store.write([a_put()])
    store.write([a_put()])

    first, second = (call["ClientRequestToken"] for call in service.calls)
    assert first != second


@pytest.mark.parametrize(
    "reasons",
    [
        ("ConditionalCheckFailed", "None"),
        ("None", "ConditionalCheckFailed"),
        ("TransactionConflict", "ConditionalCheckFailed"),
        ("ConditionalCheckFailed", "ThrottlingError"),
    ],
)
def test_a_failed_condition_is_a_conflict_at_once_whatever_else_there_was(scripted, reasons):
    store, service = scripted(refusal(CANCELED, *reasons))

    with pytest.raises(ConcurrencyError, match=NAME):
        store.write([a_put(1), a_put(2)])
    assert len(service.calls) == 1


def test_conflicts_that_do_not_end_are_a_conflict_to_decide_anew(scripted):
    store, service = scripted(refusal(CANCELED, "TransactionConflict"))

    with pytest.raises(ConcurrencyError):
        store.write([a_put()])
    assert len(service.calls) == MOST_ROUNDS


def test_throttling_that_does_not_end_is_an_outage(scripted):
    store, service = scripted(refusal(CANCELED, "ThrottlingError"))

    with pytest.raises(BackendUnavailable, match="ThrottlingError"):
        store.write([a_put()])
    assert len(service.calls) == MOST_ROUNDS


def test_nothing_is_sent_again_when_no_time_is_left_for_it(scripted):
    store, service = scripted(refusal(CANCELED, "TransactionConflict"))

    with deadline.within(0), pytest.raises(ConcurrencyError):
        store.write([a_put()])
    assert len(service.calls) == 1


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_reason_that_is_a_fault_of_ours_is_not_passed_over(scripted, reason):
    store, _ = scripted(refusal(CANCELED, reason))

    with pytest.raises(ClientError):
        store.write([a_put()])


@pytest.mark.parametrize(
    "code",
    [
        "ResourceNotFoundException",
        "AccessDeniedException",
        "UnrecognizedClientException",
        "ExpiredTokenException",
    ],
)
def test_a_store_that_lets_nobody_in_is_away(scripted, code, caplog):
    store, _ = scripted(refusal(code))

    with pytest.raises(BackendUnavailable, match=code):
        store.write([a_put()])
    with pytest.raises(BackendUnavailable, match=code):
        store.read({NAME: [{"cardId": text("card-1")}]})
    assert code in caplog.text


def a_key(number: int) -> dict[str, Any]:
    return {"sequenceId": text(f"card#{number}")}


def test_keys_that_were_left_are_asked_for_again(scripted):
    name = PREFIX + OUTBOX_SEQUENCES.name
    left = {name: {"Keys": [a_key(2)], "ConsistentRead": True}}
    store, service = scripted(
        {"Responses": {name: [a_key(1)]}, "UnprocessedKeys": left},
        {"Responses": {}, "UnprocessedKeys": left},
        {"Responses": {name: [a_key(2)]}, "UnprocessedKeys": {}},
    )

    found = store.read({name: [a_key(1), a_key(2)]})

    assert found == {name: [a_key(1), a_key(2)]}
    assert [call["RequestItems"] for call in service.calls[1:]] == [left, left]


def test_keys_that_are_always_left_are_an_outage(scripted):
    left = {NAME: {"Keys": [a_key(1)], "ConsistentRead": True}}
    store, service = scripted({"Responses": {}, "UnprocessedKeys": left})

    with pytest.raises(BackendUnavailable):
        store.read({NAME: [a_key(1)]})
    assert len(service.calls) == MOST_ROUNDS


def test_more_keys_than_fit_are_read_in_batches_all_consistently(scripted):
    store, service = scripted({"Responses": {}})

    store.read({NAME: [a_key(n) for n in range(MOST_KEYS)], "test-users": [a_key(1), a_key(2)]})

    sizes = [
        sum(len(table["Keys"]) for table in call["RequestItems"].values()) for call in service.calls
    ]
    assert sizes == [MOST_KEYS, 2]
    tables = [table for call in service.calls for table in call["RequestItems"].values()]
    assert all(table["ConsistentRead"] for table in tables)


def test_a_query_goes_on_until_its_page_is_full(scripted):
    last = {"cardId": text("card-1")}
    store, service = scripted(
        {"Items": [1], "LastEvaluatedKey": last},
        {"Items": [], "LastEvaluatedKey": last},
        {"Items": [2, 3], "LastEvaluatedKey": last},
    )
    selection = Selection(partition=("ecosystemId", "user-001"))

    assert store.query(CARDS, selection, limit=3) == [1, 2, 3]
    assert [call["Limit"] for call in service.calls] == [3, 2, 2]
    assert all(call["ConsistentRead"] for call in service.calls)


def test_a_filtered_query_gives_no_more_than_its_page(scripted):
    store, _ = scripted({"Items": [1, 2, 3], "LastEvaluatedKey": {}})
    selection = Selection(partition=("ecosystemId", "user-001"), having={"status": "active"})

    assert store.query(CARDS, selection, limit=2) == [1, 2]
