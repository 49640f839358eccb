"""How a service is called: how often, how long, and when no more."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from financial_api.kernel import clock, deadline
from infra_backends.aws.breaker import FAILURES, OPEN_SECONDS
from infra_backends.aws.service import ATTEMPTS, PATIENCE, Service
from infra_backends.exceptions import BackendUnavailable
from tests.support.answering import Answering, answering, fault
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.emulators import REGION
from tests.support.ports import free_port

OVERLOADED = [("ThrottlingException", 400), ("InternalServerError", 500), ("Unavailable", 503)]


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
    with answering(lambda *_: (200, {"TableNames": []})) as server:
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


@pytest.mark.parametrize(("code", "status"), OVERLOADED)
def test_what_is_overloaded_is_asked_once_more(service_at, answers, code, status):
    told = iter([fault(code, status), (200, {"TableNames": ["users"]})])
    answers.respond = lambda *_: next(told)

    assert service_at(answers.url).call("list_tables")["TableNames"] == ["users"]
    assert len(answers.calls) == ATTEMPTS


@pytest.mark.parametrize(("code", "status"), OVERLOADED)
def test_what_stays_overloaded_is_away(service_at, answers, code, status):
    answers.respond = lambda *_: fault(code, status)

    with pytest.raises(BackendUnavailable, match="dynamodb list_tables"):
        service_at(answers.url).call("list_tables")
    assert len(answers.calls) == ATTEMPTS


def test_a_refusal_is_told_and_not_repeated(service_at, answers):
    answers.respond = lambda *_: fault("ResourceNotFoundException")

    with pytest.raises(ClientError):
        service_at(answers.url).call("describe_table", TableName="users")
    assert len(answers.calls) == 1


def test_a_malformed_call_is_a_fault_of_ours(service_at, answers):
    with pytest.raises(KeyError):
        service_at(answers.url).call("describe_table", Table="users")
    assert answers.calls == []


def test_nobody_there_is_away_at_once(service_at, nobody):
    started_at = time.monotonic()

    with pytest.raises(BackendUnavailable):
        service_at(nobody).call("list_tables")
    assert time.monotonic() - started_at < 2


def test_an_answer_that_breaks_off_is_none(service_at, breaking_off):
    with pytest.raises(BackendUnavailable, match="TruncatedAnswer"):
        service_at(breaking_off).call("list_tables")


def test_within_a_request_silence_is_borne_for_a_second_at_a_time(service_at, silent):
    service = service_at(silent)
    started_at = time.monotonic()

    with deadline.within(4), pytest.raises(BackendUnavailable, match="ReadTimeout"):
        service.call("list_tables")
    took = time.monotonic() - started_at
    assert PATIENCE[True][1] * ATTEMPTS <= took < 4


def test_elsewhere_there_is_more_patience(service_at):
    config = service_at("http://127.0.0.1:1").client().meta.config
    assert (config.connect_timeout, config.read_timeout) == PATIENCE[False]


def test_no_call_begins_when_it_would_end_too_late(service_at, answers):
    with (
        deadline.within(deadline.LEAST_SECONDS - 0.1),
        pytest.raises(BackendUnavailable, match="no time"),
    ):
        service_at(answers.url).call("list_tables")
    assert answers.calls == []


def test_after_some_failures_in_a_row_nobody_waits_any_more(
    service_at, nobody, time_passes_by_pauses
):
    service = service_at(nobody)
    for _ in range(FAILURES):
        with pytest.raises(BackendUnavailable):
            service.call("list_tables")

    with pytest.raises(BackendUnavailable, match="in a row"):
        service.call("list_tables")


def test_after_a_second_it_is_tried_again_and_an_answer_ends_it(
    service_at, answers, time_passes_by_pauses
):
    service = service_at(answers.url)
    answers.respond = lambda *_: (200, {"TableNames": []})
    for _ in range(FAILURES):
        service._breaker.note_failure()
    with pytest.raises(BackendUnavailable):
        service.call("list_tables")

    time_passes_by_pauses.move(seconds=OPEN_SECONDS)
    service.call("list_tables")
    service._breaker.note_failure()
    service.call("list_tables")

    assert len(answers.calls) == 2


def test_a_refusal_counts_as_an_answer(service_at, answers, time_passes_by_pauses):
    service = service_at(answers.url)
    answers.respond = lambda *_: fault("ResourceNotFoundException")
    for _ in range(FAILURES - 1):
        service._breaker.note_failure()
    with pytest.raises(ClientError):
        service.call("describe_table", TableName="users")

    service._breaker.note_failure()
    with pytest.raises(ClientError):
        service.call("describe_table", TableName="users")


def test_a_closed_service_opens_again_when_it_is_used(service_at, answers):
    service = service_at(answers.url)
    service.call("list_tables")
    service.close()

    service.call("list_tables")
    assert len(answers.calls) == 2


def test_a_client_is_made_once_for_all_threads(service_at, answers):
    service = service_at(answers.url)
    assert service.client() is service.client()
    with deadline.within(4):
        assert service.client() is service.client()
