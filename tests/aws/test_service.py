"""How a service is called: how often, how long, and when no more."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from financial_api.kernel import clock, deadline
from infra_backends.aws.breaker import FAILURES, OPEN_SECONDS
from infra_backends.aws.service import PATIENCE, Service
from infra_backends.exceptions import BackendRefused, BackendUnavailable
from infra_backends.failures import Failure
from infra_backends.persistence.dynamodb.client import DynamoDBClient
from infra_backends.retries import MOST_TRIES, SPARE_SECONDS
from tests.support.answering import Answering, answering, fault
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.emulators import REGION
from tests.support.ports import free_port

THROTTLED = ("ThrottlingException", 400)
FAILED = [("InternalServerError", 500), ("Unavailable", 503)]
NONE = {"Items": [], "Count": 0, "ScannedCount": 0}
FOUND = {"Items": [{"ecosystemId": {"S": "user-001"}}], "Count": 1, "ScannedCount": 1}


@pytest.fixture
def time_passes_by_pauses() -> Iterator[ElapsingClock]:
    with clock.installed(ElapsingClock(MOMENT)) as elapsing:
        yield elapsing


@pytest.fixture
def service_at() -> Iterator[Callable[[str], Service]]:
    opened: list[Service] = []

    def at(url: str) -> Service:
        opened.append(Service("dynamodb", region=REGION, endpoint_url=url))
        return opened[-1]

    yield at
    for service in opened:
        service.close()


@pytest.fixture
def answers() -> Iterator[Answering]:
    with answering(lambda *_: (200, NONE)) as server:
        yield server


@pytest.fixture
def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def breaking_off() -> Iterator[str]:
    """An address whose answers end after 9 of 18 bytes."""
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"TableNa'

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def answering_twice() -> Iterator[Callable[[bytes], str]]:
    """An address that says something first, and a while later what it was asked."""
    with contextlib.ExitStack() as opened:

        def serve(connection: socket.socket, first: bytes) -> None:
            with connection, contextlib.suppress(OSError):
                for number in range(10):
                    if not connection.recv(65536):
                        return
                    if number == 0:
                        connection.sendall(first)
                        time.sleep(0.3)
                    body = b'{"Items":[],"Count":%d,"ScannedCount":0}' % number
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                    )

        def at(first: bytes) -> str:
            listening = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = listening.accept()
                        threading.Thread(target=serve, args=(connection, first)).start()

            threading.Thread(target=accept).start()
            opened.callback(listening.shutdown, socket.SHUT_RDWR)
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield at


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["hints", "gateway timeout", "empty"],
)
@pytest.mark.parametrize("calling", [None, DynamoDBClient], ids=["boto3", "lean"])
def test_nobody_is_given_the_answer_to_what_another_has_asked(answering_twice, calling, first):
    """Each connection's first answer is the one that counts to none, on whatever connection."""
    url = answering_twice(first)
    service = Service("dynamodb", region=REGION, endpoint_url=url, calling=calling)
    with (
        contextlib.closing(service),
        deadline.within(4),
        pytest.raises(BackendUnavailable, match="NoAnswer"),
    ):
        service.call("scan", TableName="users")


@pytest.mark.parametrize(("code", "status"), [THROTTLED, *FAILED])
def test_what_fails_or_is_throttled_is_asked_again(
    service_at, answers, time_passes_by_pauses, code, status
):
    told = iter([*[fault(code, status)] * 3, (200, FOUND)])
    answers.respond = lambda *_: next(told)

    assert service_at(answers.url).call("scan", TableName="users")["Count"] == 1
    assert len(answers.calls) == 4


def test_what_stays_throttled_is_given_up_when_a_request_would_be(
    service_at, answers, time_passes_by_pauses
):
    answers.respond = lambda *_: fault(*THROTTLED)
    began_at = clock.monotonic()

    with pytest.raises(BackendUnavailable, match="dynamodb scan: Throttling") as told:
        service_at(answers.url).call("scan", TableName="users")
    assert told.value.failure is Failure.THROTTLED
    assert 2 < len(answers.calls) <= MOST_TRIES
    assert clock.monotonic() - began_at <= deadline.REQUEST_SECONDS


@pytest.mark.parametrize(("code", "status"), FAILED)
def test_what_goes_on_failing_is_left_alone(
    service_at, answers, time_passes_by_pauses, code, status
):
    answers.respond = lambda *_: fault(code, status)

    with pytest.raises(BackendUnavailable, match=f"dynamodb scan: {code}") as told:
        service_at(answers.url).call("scan", TableName="users")
    assert told.value.failure is Failure.UNKNOWN
    assert len(answers.calls) == FAILURES


@pytest.mark.parametrize("seconds", [0.6, 4.0])
def test_within_a_deadline_nothing_is_begun_too_late(
    service_at, answers, time_passes_by_pauses, seconds
):
    answers.respond = lambda *_: fault(*THROTTLED)
    began_at = clock.monotonic()

    with deadline.within(seconds), pytest.raises(BackendUnavailable):
        service_at(answers.url).call("scan", TableName="users")
    assert len(answers.calls) == 1 or seconds > SPARE_SECONDS
    assert clock.monotonic() - began_at <= max(0, seconds - SPARE_SECONDS)


def test_what_was_unknown_once_stays_unknown(service_at, answers, time_passes_by_pauses):
    told = iter([fault("InternalServerError", 500), *[fault(*THROTTLED)] * MOST_TRIES])
    answers.respond = lambda *_: next(told)

    with pytest.raises(BackendUnavailable) as raised:
        service_at(answers.url).call("transact_write_items", TransactItems=[])
    assert raised.value.failure is Failure.UNKNOWN


def test_a_refusal_is_told_and_not_repeated(service_at, answers):
    answers.respond = lambda *_: fault("ResourceNotFoundException")

    with pytest.raises(BackendRefused, match="ResourceNotFoundException: it was refused") as told:
        service_at(answers.url).call("query", TableName="users")
    assert told.value.code == "ResourceNotFoundException"
    assert len(answers.calls) == 1


def test_a_malformed_call_is_a_fault_of_ours(service_at, answers):
    answers.respond = lambda *_: fault("ValidationException")
    with pytest.raises(ClientError, match="ValidationException"):
        service_at(answers.url).call("query", TableName="users")
    assert len(answers.calls) == 1


def test_an_operation_whose_answer_is_not_described_is_a_fault_of_ours(service_at, answers):
    with pytest.raises(KeyError, match="ListTables"):
        service_at(answers.url).call("list_tables")


def test_nobody_there_is_away_at_once(service_at, nobody):
    started_at = time.monotonic()

    with pytest.raises(BackendUnavailable):
        service_at(nobody).call("scan", TableName="users")
    assert time.monotonic() - started_at < 2


def test_an_answer_that_breaks_off_is_none(service_at, breaking_off):
    with pytest.raises(BackendUnavailable, match="NoAnswer"):
        service_at(breaking_off).call("scan", TableName="users")


def test_a_body_that_drips_is_no_answer(service_at):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                        for _ in range(100):
                            time.sleep(0.2)
                            connection.sendall(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        began_at = time.monotonic()
        with deadline.within(4), pytest.raises(BackendUnavailable, match="it drips"):
            service_at(f"http://127.0.0.1:{listening.getsockname()[1]}").call(
                "scan", TableName="users"
            )
        assert time.monotonic() - began_at < 5
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_within_a_request_silence_is_borne_for_a_second_at_a_time(service_at, silent):
    service = service_at(silent)
    started_at = time.monotonic()

    with deadline.within(4), pytest.raises(BackendUnavailable, match="ReadTimeout"):
        service.call("scan", TableName="users")
    took = time.monotonic() - started_at
    assert 2 * PATIENCE[True][1] <= took < 4


def test_elsewhere_there_is_more_patience(service_at):
    config = service_at("http://127.0.0.1:1").client().meta.config
    assert (config.connect_timeout, config.read_timeout) == PATIENCE[False]


def test_no_call_begins_when_it_would_end_too_late(service_at, answers):
    with (
        deadline.within(deadline.LEAST_SECONDS - 0.1),
        pytest.raises(BackendUnavailable, match="no time"),
    ):
        service_at(answers.url).call("scan", TableName="users")
    assert answers.calls == []


def test_after_some_failures_in_a_row_nobody_waits_any_more(
    service_at, nobody, time_passes_by_pauses
):
    service = service_at(nobody)
    for _ in range(FAILURES):
        with pytest.raises(BackendUnavailable):
            service.call("scan", TableName="users")

    with pytest.raises(BackendUnavailable, match="in a row"):
        service.call("scan", TableName="users")


@pytest.fixture
def open_service(service_at, answers, time_passes_by_pauses) -> Service:
    """A service that has failed too often to be asked."""
    service = service_at(answers.url)
    for _ in range(FAILURES):
        service._breaker.note_failure()
    return service


def test_after_a_second_it_is_tried_again_and_an_answer_ends_it(
    open_service, answers, time_passes_by_pauses
):
    with pytest.raises(BackendUnavailable):
        open_service.call("scan", TableName="users")

    time_passes_by_pauses.move(seconds=OPEN_SECONDS)
    open_service.call("scan", TableName="users")
    open_service._breaker.note_failure()
    open_service.call("scan", TableName="users")

    assert len(answers.calls) == 2


def test_of_those_who_come_then_one_tries_for_all(open_service, answers, time_passes_by_pauses):
    time_passes_by_pauses.move(seconds=OPEN_SECONDS)
    is_asked, may_answer = threading.Event(), threading.Event()

    def hang(*_):
        is_asked.set()
        may_answer.wait(60)
        return 200, NONE

    answers.respond = hang
    with ThreadPoolExecutor() as threads:
        probe = threads.submit(open_service.call, "scan", TableName="users")
        assert is_asked.wait(60)
        for _ in range(20):
            with pytest.raises(BackendUnavailable, match="in a row"):
                open_service.call("scan", TableName="users")
        may_answer.set()
        assert probe.result(60)["Count"] == 0
    assert len(answers.calls) == 1

    open_service.call("scan", TableName="users")


def test_a_probe_that_fails_keeps_the_others_away_for_another_second(
    open_service, answers, time_passes_by_pauses
):
    answers.respond = lambda *_: fault("InternalServerError", 500)
    for _ in range(3):
        time_passes_by_pauses.move(seconds=OPEN_SECONDS)
        with pytest.raises(BackendUnavailable):
            open_service.call("scan", TableName="users")
    assert len(answers.calls) == 3


def test_a_refusal_counts_as_an_answer(service_at, answers, time_passes_by_pauses):
    service = service_at(answers.url)
    answers.respond = lambda *_: fault("ResourceNotFoundException")
    for _ in range(FAILURES - 1):
        service._breaker.note_failure()
    with pytest.raises(BackendRefused):
        service.call("query", TableName="users")

    service._breaker.note_failure()
    with pytest.raises(BackendRefused):
        service.call("query", TableName="users")


def test_a_closed_service_opens_again_when_it_is_used(service_at, answers):
    service = service_at(answers.url)
    service.call("scan", TableName="users")
    service.close()

    service.call("scan", TableName="users")
    assert len(answers.calls) == 2


def test_a_client_is_made_once_for_all_threads(service_at, answers):
    service = service_at(answers.url)
    assert service.client() is service.client()
    with deadline.within(4):
        assert service.client() is service.client()
