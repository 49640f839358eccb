"""Neither logs nor errors tell the secret key, a token, a phone, a message or an answer."""

import logging
import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest

from infra_backends.exceptions import BackendUnavailable, MessageRejected
from infra_backends.messaging.wppconnect import gateway as gateway_module
from tests.support.gateway import (
    CUT_OFF,
    HUGE,
    REFUSED,
    SEND,
    TOKEN,
    Gateway,
    Reply,
    failing,
    redirecting,
    said,
)

PHONE = "5511987654321"
TEXT = "the text of a message"
WORDS = "what the gateway has to say"

FAULTS: dict[str, Callable[[Gateway], None]] = {
    "none": lambda gateway: None,
    "wrong secret": lambda gateway: setattr(gateway, "secret", "another"),
    "refused": lambda gateway: gateway.always(SEND, REFUSED),
    "disconnected": lambda gateway: setattr(gateway, "is_connected", False),
    "unknown phone": lambda gateway: gateway.unknown_phones.add(PHONE),
    "rejected": lambda gateway: gateway.always(SEND, said(400, {"message": WORDS})),
    "failing": lambda gateway: gateway.always(SEND, said(500, {"error": WORDS})),
    "busy": lambda gateway: gateway.always(SEND, failing(503)),
    "garbage": lambda gateway: gateway.always(SEND, Reply(200, WORDS.encode())),
    "no HTTP": lambda gateway: gateway.always(SEND, Reply(200, b"", {WORDS: WORDS})),
    "no token": lambda gateway: gateway.always(TOKEN, said(201, {"token": f"{WORDS}\r\n"})),
    "cut off": lambda gateway: gateway.always(SEND, CUT_OFF),
    "huge": lambda gateway: gateway.always(SEND, HUGE),
    "redirect": lambda gateway: gateway.always(SEND, redirecting(f"http://{quote(WORDS)}.test")),
    "frozen": lambda gateway: gateway.always(SEND, gateway.never()),
    "frozen at first": lambda gateway: gateway.always(TOKEN, gateway.never()),
}


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged where nobody holds the libraries' levels down."""
    for logger in (None, "httpcore", "httpx"):
        caplog.set_level(logging.DEBUG, logger=logger)
    return caplog


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_confidential_is_told(gateway, wppconnect, everything_logged, monkeypatch, fault):
    if fault.startswith("frozen"):
        monkeypatch.setattr(gateway_module, "READ_SECONDS", 0.3)
    FAULTS[fault](gateway)
    told = ""
    try:
        wppconnect.send(PHONE, TEXT)
    except (BackendUnavailable, MessageRejected) as error:
        told = "".join(traceback.format_exception(error))
    assert bool(told) == (fault != "none")

    logged = "\n".join(record.getMessage() for record in everything_logged.records)
    assert "receive_response_headers" in logged
    secret = wppconnect._secret_key
    for confidential in (secret, quote(secret), quote(secret, safe=""), *gateway.tokens, PHONE):
        assert confidential not in told + logged
    for text in (TEXT, "generate-token HTTP", "/api/acme"):
        assert text not in told + logged
    assert WORDS not in told
    assert "número" not in told


def test_what_is_confidential_is_left_out_where_it_is_shown():
    call = gateway_module.Call(SEND, "POST", "/api/acme/secret/x", b"content")
    answer = gateway_module.Answer(201, gateway_module.Body(token="token"))

    assert repr(call) == "Call(operation='send-message', method='POST', bears_repeating=True)"
    assert repr(answer) == "Answer(status=201)"
