"""The bearer token: one for all threads, kept for a day, and renewed once when it is refused."""

import threading

import pytest

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendUnavailable
from infra_backends.messaging.wppconnect.tokens import FRESH_SECONDS, Tokens
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.gateway import GARBAGE, LOOK, REFUSED, SEND, TOKEN, Reply, failing, said
from tests.support.threads import Together

PHONE = "5511987654321"
THREADS = 12


def send_at_once(backend) -> None:
    Together(lambda: None).run([lambda: backend.send(PHONE, "text")] * THREADS)


def test_one_token_serves_every_call(gateway, wppconnect):
    wppconnect.send(PHONE, "first")
    wppconnect.send(PHONE, "second")
    wppconnect.connection()

    assert gateway.calls == [TOKEN, SEND, SEND, LOOK]


def test_a_token_serves_for_a_day_less_a_bit(gateway, wppconnect):
    with clock.installed(ElapsingClock(MOMENT)) as hours:
        wppconnect.send(PHONE, "at first")
        hours.move(seconds=FRESH_SECONDS - 1)
        wppconnect.send(PHONE, "within the day")
        assert gateway.asked(TOKEN) == 1

        hours.move(seconds=1)
        wppconnect.send(PHONE, "the day after")
    assert gateway.asked(TOKEN) == 2
    assert FRESH_SECONDS < 24 * 3600


def test_a_token_that_is_refused_is_renewed_and_the_message_sent(gateway, wppconnect):
    wppconnect.send(PHONE, "before")
    gateway.forget_tokens()
    wppconnect.send(PHONE, "after")

    assert [message.text for message in gateway.sent] == ["before", "after"]
    assert gateway.calls == [TOKEN, SEND, SEND, TOKEN, SEND]


def test_looking_at_the_connection_renews_it_as_well(gateway, wppconnect):
    wppconnect.connection()
    gateway.forget_tokens()

    assert wppconnect.connection().connected
    assert gateway.calls == [TOKEN, LOOK, LOOK, TOKEN, LOOK]


def test_a_gateway_that_refuses_its_new_token_is_not_asked_for_ever(gateway, wppconnect):
    gateway.always(SEND, REFUSED)

    with pytest.raises(
        BackendUnavailable, match=r"^send-message: the token is refused, a new one as well$"
    ):
        wppconnect.send(PHONE, "text")
    assert gateway.calls == [TOKEN, SEND, TOKEN, SEND]


def test_threads_that_begin_together_share_a_token(gateway, wppconnect):
    send_at_once(wppconnect)

    assert gateway.asked(TOKEN) == 1
    assert len(gateway.sent) == THREADS


def test_threads_that_are_refused_together_share_the_new_one(gateway, wppconnect):
    wppconnect.send(PHONE, "text")
    gateway.forget_tokens()
    send_at_once(wppconnect)

    assert gateway.asked(TOKEN) == 2
    assert len(gateway.sent) == 1 + THREADS


def test_who_waits_for_anothers_token_does_not_wait_for_ever():
    asking, may_answer = threading.Event(), threading.Event()

    def fetch() -> str:
        asking.set()
        may_answer.wait(30)
        return "token"

    tokens = Tokens(fetch)
    other = threading.Thread(target=tokens.get)
    other.start()
    assert asking.wait(30)
    with deadline.within(0.1), pytest.raises(BackendUnavailable, match="another thread"):
        tokens.get()

    may_answer.set()
    other.join()
    assert tokens.get().text == "token"


def test_another_secret_key_than_the_gateways_gives_no_token(gateway, wppconnect):
    gateway.secret = "another"

    with pytest.raises(BackendUnavailable, match="status 400; is WPP_SECRET_KEY the gateway's"):
        wppconnect.send(PHONE, "text")
    assert gateway.calls == [TOKEN]


@pytest.mark.parametrize(
    "reply",
    [
        GARBAGE,
        Reply(201, b""),
        *(
            said(201, {"status": "success", "token": token})
            for token in (None, "", 7, ["a"], "two words", "a\r\nX-Injected: b", "é", "x" * 1025)
        ),
    ],
    ids=lambda reply: repr(reply.body[:50]),
)
def test_what_is_no_token_is_not_sent_as_one(gateway, wppconnect, reply):
    gateway.script(TOKEN, reply)

    with pytest.raises(BackendUnavailable, match=r"^generate-token: status 20. with what is no"):
        wppconnect.send(PHONE, "text")
    assert gateway.asked(SEND) == 0


def test_a_token_that_could_not_be_had_is_asked_for_again(gateway, wppconnect):
    gateway.script(TOKEN, failing(500))
    with pytest.raises(BackendUnavailable, match=r"^generate-token: status 500$"):
        wppconnect.send(PHONE, "lost")

    wppconnect.send(PHONE, "next")
    assert [message.text for message in gateway.sent] == ["next"]
