"""How the DynamoDB backend takes the answers that no emulator gives."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from financial_api.kernel import clock, deadline
from infra_backends.aws.service import Service
from infra_backends.aws.tables import CARDS, OUTBOX_SEQUENCES
from infra_backends.exceptions import (
    BackendFailure,
    BackendRefused,
    BackendUnavailable,
    ConcurrencyError,
)
from infra_backends.failures import Failure
from infra_backends.persistence.dynamodb.expressions import Selection, if_absent, put
from infra_backends.persistence.dynamodb.items import text
from infra_backends.persistence.dynamodb.store import MOST_KEYS, Store
from infra_backends.retries import MOST_TRIES
from tests.support.clocks import EndlessClock
from tests.support.emulators import REGION

PREFIX = "test-"
NAME = "test-cards"
CANCELED = "TransactionCanceledException"


class ScriptedService(Service):
    """A service that answers as it was told to, the last answer for ever, and keeps the calls."""

    def __init__(self, *answers: Any) -> None:
        super().__init__("dynamodb", region=REGION)
        self.calls: list[dict[str, Any]] = []
        self._answers = list(answers)

    def client(self) -> Any:
        return self

    def __getattr__(self, operation: str) -> Any:
        return self._answer

    def _answer(self, **parameters: Any) -> Any:
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
    if code == CANCELED and reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, "TransactWriteItems")


def written() -> dict[str, Any]:
    return {"ConsumedCapacity": [{"TableName": NAME, "CapacityUnits": 2.0}]}


def a_card(number: int) -> dict[str, Any]:
    return {"ecosystemId": text("user-001"), "cardId": text(f"card-{number}")}


def a_put(number: int = 0) -> dict[str, Any]:
    return put(NAME, a_card(number), if_absent(CARDS))


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with clock.installed(EndlessClock()):
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
    store, service = scripted(passing, passing, written())

    store.write([a_put(1), a_put(2)])

    assert len(service.calls) == 3
    assert service.calls[0] == service.calls[1] == service.calls[2]
    assert service.calls[0]["ClientRequestToken"]


def test_each_transaction_has_a_token_of_its_own(scripted):
    store, service = scripted(written())

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
    assert len(service.calls) == MOST_TRIES


def test_throttling_that_does_not_end_is_an_outage(scripted):
    store, service = scripted(refusal(CANCELED, "ThrottlingError"))

    with pytest.raises(BackendUnavailable, match="ThrottlingError"):
        store.write([a_put()])
    assert len(service.calls) == MOST_TRIES


def test_nothing_is_sent_again_when_no_time_is_left_for_it(scripted):
    store, service = scripted(refusal(CANCELED, "TransactionConflict"))

    with deadline.within(deadline.LEAST_SECONDS), pytest.raises(ConcurrencyError):
        store.write([a_put()])
    assert len(service.calls) == 1


def test_a_reason_that_is_a_fault_of_ours_is_not_passed_over(scripted):
    store, _ = scripted(refusal(CANCELED, "ValidationError"))

    with pytest.raises(ClientError):
        store.write([a_put()])


@pytest.mark.parametrize(
    ("reasons", "failure", "calls"),
    [
        ([], Failure.CANCELLED, 1),
        (["None", "None"], Failure.CANCELLED, 1),
        (["SomethingNew"], Failure.CANCELLED, 1),
        (["SomethingNew", "TransactionConflict"], Failure.CANCELLED, 1),
        (["SomethingNew", "ConditionalCheckFailed"], Failure.MOVED, 1),
        (["ValidationError", "ConditionalCheckFailed"], Failure.MOVED, 1),
        (["ValidationError", "TransactionConflict"], Failure.CONFLICT, MOST_TRIES),
        (["ValidationError", "ThrottlingError"], Failure.THROTTLED, MOST_TRIES),
        (["ItemCollectionSizeLimitExceeded"], Failure.REFUSED, 1),
        (["ItemCollectionSizeLimitExceeded", "ValidationError"], Failure.REFUSED, 1),
        (["ItemCollectionSizeLimitExceeded", "ThrottlingError"], Failure.THROTTLED, MOST_TRIES),
    ],
    ids=lambda case: "+".join(case) if isinstance(case, list) else None,
)
def test_a_transaction_without_reasons_or_with_several_has_its_row(
    scripted, reasons, failure, calls
):
    store, service = scripted(refusal(CANCELED, *reasons))

    with pytest.raises(BackendFailure) as raised:
        store.write([a_put(1), a_put(2)])
    assert raised.value.failure is failure
    assert isinstance(raised.value, ConcurrencyError) == (
        failure in {Failure.CANCELLED, Failure.MOVED, Failure.CONFLICT}
    )
    assert len(service.calls) == calls


@pytest.mark.parametrize(
    "said",
    [
        "The table does not have the specified index: PendingEvents",
        "Cannot read from backfilling global secondary index: PendingEvents",
    ],
)
def test_an_index_that_is_missing_or_in_the_making_is_away(scripted, said):
    error = refusal("ValidationException")
    error.response["Error"]["Message"] = said
    store, service = scripted(error)

    with pytest.raises(BackendRefused, match="aws_provision"):
        store.query(CARDS, Selection(partition=("ecosystemId", "user-001")))
    assert len(service.calls) == 1


def test_a_transaction_that_is_for_ever_in_progress_is_of_unknown_outcome(scripted):
    store, service = scripted(refusal("TransactionInProgressException"))

    with pytest.raises(BackendUnavailable) as raised:
        store.write([a_put()])
    assert raised.value.failure is Failure.UNKNOWN
    assert len({call["ClientRequestToken"] for call in service.calls}) == 1
    assert len(service.calls) == MOST_TRIES


def test_a_conflict_after_an_answer_that_was_lost_leaves_the_outcome_unknown(scripted):
    lost = ReadTimeoutError(endpoint_url="http://127.0.0.1")
    store, _ = scripted(lost, refusal(CANCELED, "TransactionConflict"))

    with pytest.raises(BackendUnavailable) as raised:
        store.write([a_put()])
    assert raised.value.failure is Failure.UNKNOWN


def test_a_condition_that_failed_after_an_answer_that_was_lost_tells_that_it_was_not_done(scripted):
    lost = ReadTimeoutError(endpoint_url="http://127.0.0.1")
    store, _ = scripted(lost, refusal(CANCELED, "ConditionalCheckFailed"))

    with pytest.raises(ConcurrencyError):
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
    assert len(service.calls) == MOST_TRIES


def test_more_keys_than_fit_are_read_in_batches_all_consistently(scripted):
    store, service = scripted(
        {"Responses": {NAME: []}, "UnprocessedKeys": {}},
        {"Responses": {"test-users": []}, "UnprocessedKeys": {}},
    )

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
        {"Items": [a_card(1)], "LastEvaluatedKey": last},
        {"Items": [], "LastEvaluatedKey": last},
        {"Items": [a_card(2), a_card(3)], "LastEvaluatedKey": last},
    )
    selection = Selection(partition=("ecosystemId", "user-001"))

    assert store.query(CARDS, selection, limit=3) == [a_card(1), a_card(2), a_card(3)]
    assert [call["Limit"] for call in service.calls] == [3, 2, 2]
    assert all(call["ConsistentRead"] for call in service.calls)


def test_a_filtered_query_gives_no_more_than_its_page(scripted):
    cards = [a_card(number) for number in range(3)]
    store, _ = scripted({"Items": cards, "LastEvaluatedKey": {}})
    selection = Selection(partition=("ecosystemId", "user-001"), having={"status": "active"})

    assert store.query(CARDS, selection, limit=2) == cards[:2]


@pytest.mark.parametrize(
    "answer",
    [
        {"ConsumedCapacity": []},
        {"ConsumedCapacity": [{}]},
        {"ConsumedCapacity": [{"TableName": "test-users"}]},
    ],
)
def test_a_transactions_answer_that_names_not_what_was_written_is_none(scripted, answer):
    store, service = scripted(answer, written())
    store.write([a_put()])
    assert len({call["ClientRequestToken"] for call in service.calls}) == 1
    assert len(service.calls) == 2

    store, _ = scripted(answer)
    with pytest.raises(BackendUnavailable) as raised:
        store.write([a_put()])
    assert raised.value.failure is Failure.UNKNOWN


@pytest.mark.parametrize("responses", [{}, {"test-users": []}, {NAME: [], "test-users": []}])
def test_a_batch_that_names_other_tables_than_were_asked_is_no_answer(scripted, responses):
    store, _ = scripted({"Responses": responses, "UnprocessedKeys": {}})
    with pytest.raises(BackendUnavailable):
        store.read({NAME: [a_card(1)]})


def test_items_of_another_partition_are_no_answer(scripted):
    store, _ = scripted({"Items": [a_card(1) | {"ecosystemId": text("user-002")}]})
    with pytest.raises(BackendUnavailable):
        store.query(CARDS, Selection(partition=("ecosystemId", "user-001")))
