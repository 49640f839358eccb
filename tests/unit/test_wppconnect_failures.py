"""A gateway that is away, slow or broken: what is tried again, how often, and for how long."""

import socket
import time
from collections.abc import Iterator

import pytest

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendUnavailable
from infra_backends.messaging.wppconnect import Backend
from infra_backends.messaging.wppconnect import backend as backend_module
from infra_backends.messaging.wppconnect import gateway as gateway_module
from infra_backends.messaging.wppconnect.gateway import FIRST_PAUSE, MOST_BYTES, TRIES
from tests.support.clocks import UnhurriedClock
from tests.support.gateway import (
    CUT_OFF,
    DRIPPING,
    HELD_SECONDS,
    HUGE,
    REFUSED,
    SEND,
    SILENT,
    TOKEN,
    Message,
    Reply,
    failing,
    redirecting,
    said,
)
from tests.support.gateway import (
    gateway as standing_gateway,
)
from tests.support.ports import free_port

PHONE = "5511987654321"
BUSY = [429, 502, 503]
SOON = 0.3


class PausingClock(UnhurriedClock):
    """Notes the pauses instead of making them."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def pauses(wppconnect) -> Iterator[list[float]]:
    pausing = PausingClock()
    with clock.installed(pausing):
        yield pausing.pauses


@pytest.fixture
def full() -> Iterator[str]:
    """An address that lets nobody in: its queue is full, and nobody takes anything from it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        waiting = []
        for _ in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for each in waiting:
            each.close()


def backend_at(url: str) -> Backend:
    return Backend(base_url=url, secret_key="key", session="acme")


@pytest.mark.parametrize("status", BUSY)
def test_a_busy_gateway_is_asked_again(gateway, wppconnect, status):
    gateway.script(SEND, failing(status), failing(status))
    wppconnect.send(PHONE, "text")

    assert gateway.asked(SEND) == 3
    assert gateway.sent == [Message(PHONE, "text")]


@pytest.mark.parametrize("status", BUSY)
def test_a_gateway_that_stays_busy_is_asked_three_times(gateway, wppconnect, status):
    gateway.always(SEND, failing(status))

    with pytest.raises(BackendUnavailable, match=f"^send-message: status {status}$"):
        wppconnect.send(PHONE, "text")
    assert gateway.asked(SEND) == TRIES == 3


@pytest.mark.parametrize("status", [*BUSY, 504])
def test_a_token_is_asked_for_three_times(gateway, wppconnect, status):
    gateway.always(TOKEN, failing(status))

    with pytest.raises(BackendUnavailable, match=f"^generate-token: status {status}$"):
        wppconnect.send(PHONE, "text")
    assert gateway.calls == [TOKEN] * TRIES


def test_between_tries_there_are_pauses_of_random_length(gateway, wppconnect, pauses):
    gateway.always(SEND, failing(503))
    for _ in range(5):
        with pytest.raises(BackendUnavailable):
            wppconnect.send(PHONE, "text")

    assert len(set(pauses)) == len(pauses) == 10
    assert all(0 <= pause <= FIRST_PAUSE for pause in pauses[::2])
    assert all(0 <= pause <= 2 * FIRST_PAUSE for pause in pauses[1::2])


def test_nobody_there_is_tried_again(pauses):
    with pytest.raises(BackendUnavailable, match=r"^generate-token: ConnectError$"):
        backend_at(f"http://127.0.0.1:{free_port()}").send(PHONE, "text")
    assert len(pauses) == TRIES - 1


def test_who_lets_nobody_in_is_tried_again(pauses, full, monkeypatch):
    monkeypatch.setattr(gateway_module, "CONNECT_SECONDS", SOON)

    with pytest.raises(BackendUnavailable, match=r"^generate-token: ConnectTimeout$"):
        backend_at(full).send(PHONE, "text")
    assert len(pauses) == TRIES - 1


def test_a_server_without_tls_is_no_gateway_with_it(gateway, wppconnect):
    with pytest.raises(BackendUnavailable, match=r"^generate-token: ConnectError$"):
        backend_at(gateway.url.replace("http", "https")).send(PHONE, "text")


def test_the_default_timeouts_add_up_to_less_than_a_send_may_take():
    one_try = gateway_module.CONNECT_SECONDS + gateway_module.READ_SECONDS
    assert one_try < backend_module.LONGEST_SEND_SECONDS == Backend.longest_send_seconds


def test_a_message_that_was_taken_without_an_answer_is_not_sent_twice(
    gateway, wppconnect, monkeypatch
):
    wppconnect.connection()
    monkeypatch.setattr(gateway_module, "READ_SECONDS", SOON)
    gateway.script(SEND, gateway.never(accepts=True))

    with pytest.raises(BackendUnavailable, match=r"^send-message: ReadTimeout$"):
        wppconnect.send(PHONE, "text")
    assert gateway.asked(SEND) == 1
    assert gateway.sent == [Message(PHONE, "text")]


@pytest.mark.parametrize("status", [500, 501, 504, 507])
def test_a_message_is_not_sent_again_after_a_failure_in_the_middle_of_it(
    gateway, wppconnect, status
):
    gateway.script(SEND, failing(status))

    with pytest.raises(BackendUnavailable, match=f"^send-message: status {status}$"):
        wppconnect.send(PHONE, "text")
    assert gateway.asked(SEND) == 1


@pytest.mark.parametrize("reply", [CUT_OFF, SILENT], ids=["in the middle", "before it begins"])
def test_an_answer_that_breaks_off_is_none(gateway, wppconnect, reply):
    gateway.script(SEND, reply)

    with pytest.raises(BackendUnavailable, match=r"^send-message: RemoteProtocolError$"):
        wppconnect.send(PHONE, "text")
    assert gateway.asked(SEND) == 1


def test_an_answer_is_read_up_to_a_bound(gateway, wppconnect):
    gateway.script(SEND, HUGE)

    with pytest.raises(BackendUnavailable, match=f"^send-message: more than {MOST_BYTES} bytes$"):
        wppconnect.send(PHONE, "text")
    assert gateway.asked(SEND) == 1


def test_an_answer_up_to_the_bound_is_read(gateway, wppconnect):
    padding = "x" * (MOST_BYTES - len(said(201, {"status": "success", "response": ""}).body))
    gateway.script(SEND, said(201, {"status": "success", "response": padding}))
    wppconnect.send(PHONE, "text")


@pytest.mark.parametrize("operation", [TOKEN, SEND])
def test_nobody_follows_a_redirect(gateway, wppconnect, operation):
    with standing_gateway() as elsewhere:
        gateway.script(operation, redirecting(f"{elsewhere.url}/api/acme/{operation}"))
        with pytest.raises(BackendUnavailable, match=f"^{operation}: status 307$"):
            wppconnect.send(PHONE, "text")

        assert elsewhere.calls == []
    assert gateway.asked(operation) == 1


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(gateway, wppconnect, monkeypatch):
    wppconnect.connection()
    monkeypatch.setattr(backend_module, "LONGEST_SEND_SECONDS", SOON)
    gateway.script(SEND, DRIPPING)
    began_at = time.monotonic()

    with pytest.raises(BackendUnavailable, match=r"^send-message: ReadTimeout$"):
        wppconnect.send(PHONE, "text")
    assert time.monotonic() - began_at < HELD_SECONDS


def test_a_caller_with_less_time_waits_less(gateway, wppconnect):
    wppconnect.connection()
    gateway.script(SEND, DRIPPING)

    with deadline.within(SOON), pytest.raises(BackendUnavailable, match="ReadTimeout"):
        wppconnect.send(PHONE, "text")


def test_when_time_is_over_nobody_is_asked(gateway, wppconnect):
    with deadline.within(0), pytest.raises(BackendUnavailable):
        wppconnect.send(PHONE, "text")
    assert gateway.calls == []


def test_no_pause_is_made_that_would_outlast_the_time(gateway, wppconnect, pauses, monkeypatch):
    monkeypatch.setattr(gateway_module, "FIRST_PAUSE", 1e9)
    gateway.always(TOKEN, failing(503))

    with pytest.raises(BackendUnavailable, match=r"^generate-token: status 503$"):
        wppconnect.send(PHONE, "text")
    assert (pauses, gateway.calls) == ([], [TOKEN])


def test_the_worst_gateway_is_asked_a_bounded_number_of_times(gateway, wppconnect):
    busy = [failing(503)] * (TRIES - 1)
    gateway.script(TOKEN, *busy)
    gateway.script(SEND, *busy, REFUSED, *busy, REFUSED)

    with pytest.raises(BackendUnavailable, match="a new one as well"):
        wppconnect.send(PHONE, "text")
    assert (gateway.asked(TOKEN), gateway.asked(SEND)) == (TRIES + 1, 2 * TRIES)


def test_the_next_message_is_not_hurt_by_what_befell_the_last(gateway, wppconnect):
    for reply in (CUT_OFF, HUGE, failing(500), Reply(201, b"{")):
        gateway.script(SEND, reply)
        with pytest.raises(BackendUnavailable):
            wppconnect.send(PHONE, "lost")
        wppconnect.send(PHONE, "next")

    assert gateway.sent == [Message(PHONE, "next")] * 4
    assert gateway.asked(TOKEN) == 1
