"""What goes to a wpp-connect server, and what its answers mean."""

import json

import pytest

from infra_backends.exceptions import BackendUnavailable, MessageRejected
from infra_backends.messaging.base import Connection
from infra_backends.messaging.wppconnect import Backend
from infra_backends.messaging.wppconnect import backend as backend_module
from tests.support.gateway import (
    GARBAGE,
    LOOK,
    SEND,
    TOKEN,
    Gateway,
    Message,
    Reply,
    failing,
    said,
)
from tests.support.ports import free_port

PHONE = "5511987654321"
TEXT = 'Pedido *a1b2c3d4*: "R$ 5.000,00" ✅\nResponda y a1b2c3d4'


def test_a_message_arrives_as_it_is(gateway, wppconnect):
    wppconnect.send(PHONE, TEXT)

    assert gateway.calls == [TOKEN, SEND]
    assert gateway.sent == [Message(PHONE, TEXT)]


def test_the_secret_key_may_hold_whatever_it_likes(gateway, wppconnect):
    gateway.secret = wppconnect._secret_key = "a/b?c#d%e é&+;=..\\"
    wppconnect.send(PHONE, TEXT)

    assert gateway.paths[0] == (
        "/api/acme/a%2Fb%3Fc%23d%25e%20%C3%A9%26%2B%3B%3D..%5C/generate-token"
    )
    assert gateway.sent == [Message(PHONE, TEXT)]


@pytest.mark.parametrize("rest", ["/", "/wpp", "/wpp/"])
def test_the_server_may_be_below_a_path(gateway, rest):
    backend = Backend(
        base_url=gateway.url + rest, secret_key=gateway.secret, session=gateway.session
    )
    backend.send(PHONE, TEXT)
    backend.close()

    assert gateway.paths[-1] == f"{rest.rstrip('/')}/api/acme/send-message"


def test_a_proxy_of_the_environment_has_no_part_in_it(gateway, wppconnect, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    wppconnect.send(PHONE, TEXT)

    assert gateway.sent == [Message(PHONE, TEXT)]


def test_a_closed_backend_opens_again_when_it_is_used(gateway, wppconnect):
    wppconnect.send(PHONE, "before")
    wppconnect.close()
    wppconnect.send(PHONE, "after")

    assert [message.text for message in gateway.sent] == ["before", "after"]


def test_a_text_that_cannot_be_sent_is_rejected_before_anybody_is_asked(gateway, wppconnect):
    with pytest.raises(MessageRejected, match="no character"):
        wppconnect.send(PHONE, "half a pair: \ud83d")
    assert gateway.calls == []


def test_a_phone_that_is_not_on_whatsapp_is_rejected(gateway, wppconnect):
    gateway.unknown_phones.add(PHONE)

    with pytest.raises(MessageRejected, match=r"^the phone is not on WhatsApp$"):
        wppconnect.send(PHONE, TEXT)
    assert gateway.asked(SEND) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"status": "error", "message": "O número informado não existe."},
        {"status": "Connected", "message": "The number does not exist."},
    ],
)
def test_a_phone_that_does_not_exist_is_known_by_the_status_or_by_the_text(
    gateway, wppconnect, content
):
    gateway.script(SEND, said(400, content))

    with pytest.raises(MessageRejected, match=r"^the phone is not on WhatsApp$"):
        wppconnect.send(PHONE, TEXT)


@pytest.mark.parametrize("content", ["Error sending message", {"status": "error"}, {"error": "?"}])
@pytest.mark.parametrize("status", [400, 413, 422])
def test_another_refusal_rejects_the_message_and_tells_its_status_only(
    gateway, wppconnect, status, content
):
    gateway.script(SEND, said(status, content))

    with pytest.raises(MessageRejected) as raised:
        wppconnect.send(PHONE, TEXT)
    assert str(raised.value) == f"the gateway refuses the message with status {status}"
    assert gateway.asked(SEND) == 1


@pytest.mark.parametrize("status", [403, 404, 405, 407, 408, 425])
def test_what_is_no_fault_of_the_message_does_not_reject_it(gateway, wppconnect, status):
    gateway.script(SEND, failing(status))

    with pytest.raises(BackendUnavailable, match=f"^send-message: status {status}$"):
        wppconnect.send(PHONE, TEXT)


def test_without_a_connected_session_nothing_can_be_sent(gateway, wppconnect):
    gateway.is_connected = False
    with pytest.raises(BackendUnavailable, match="the session is not connected to WhatsApp"):
        wppconnect.send(PHONE, TEXT)

    gateway.is_connected = True
    wppconnect.send(PHONE, TEXT)
    assert gateway.sent == [Message(PHONE, TEXT)]


@pytest.mark.parametrize("status", [200, 400, 404])
def test_a_disconnected_session_is_told_by_the_answer_whatever_its_status(
    gateway, wppconnect, status
):
    gateway.script(SEND, said(status, {"status": "Disconnected"}))

    with pytest.raises(BackendUnavailable, match="the session is not connected to WhatsApp"):
        wppconnect.send(PHONE, TEXT)


@pytest.mark.parametrize(
    "reply",
    [
        GARBAGE,
        Reply(200, b""),
        Reply(201, b"\xff"),
        Reply(201, b'{"response":' + b"[" * 60_000),
        Reply(201, b'{"status": NaN}'),
        Reply(204, b""),
        *(
            said(201, content)
            for content in ({}, [], "success", None, {"status": "error"}, {"status": ["success"]})
        ),
    ],
    ids=lambda reply: f"{reply.status} {reply.body[:20]!r}",
)
def test_what_does_not_say_that_it_was_sent_was_not(gateway, wppconnect, reply):
    gateway.script(SEND, reply)

    with pytest.raises(BackendUnavailable, match=f"status {reply.status} with what is no answer"):
        wppconnect.send(PHONE, TEXT)
    assert gateway.asked(SEND) == 1


@pytest.mark.parametrize("is_connected", [True, False])
def test_the_connection_is_as_the_gateway_says(gateway: Gateway, wppconnect, is_connected):
    gateway.is_connected = is_connected

    assert wppconnect.connection() == Connection(is_connected, "acme")
    assert gateway.calls == [TOKEN, LOOK]


@pytest.mark.parametrize(
    "reply",
    [
        GARBAGE,
        failing(404),
        failing(500),
        said(404, {"status": False}),
        *(said(200, content) for content in ({}, [], {"status": "true"}, {"status": 1})),
    ],
    ids=lambda reply: f"{reply.status} {json.dumps(reply.body.decode())[:24]}",
)
def test_a_gateway_that_does_not_say_leaves_the_connection_unknown(gateway, wppconnect, reply):
    gateway.always(LOOK, reply)

    with pytest.raises(BackendUnavailable, match=f"^{LOOK}: status {reply.status}"):
        wppconnect.connection()


def test_a_gateway_that_is_frozen_is_not_waited_for_long(gateway, wppconnect, monkeypatch):
    wppconnect.connection()
    monkeypatch.setattr(backend_module, "LONGEST_LOOK_SECONDS", 0.3)
    gateway.always(LOOK, gateway.never())

    with pytest.raises(BackendUnavailable, match="ReadTimeout"):
        wppconnect.connection()


def test_a_gateway_lives_while_it_answers_connected_or_not(gateway, wppconnect):
    gateway.is_connected = False
    wppconnect.ping()

    gateway.always(LOOK, failing(500))
    with pytest.raises(BackendUnavailable):
        wppconnect.ping()
