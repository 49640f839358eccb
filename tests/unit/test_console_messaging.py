"""The messaging backend of a developer's terminal."""

import pytest

from infra_backends import messaging
from infra_backends.messaging.console import MOST_KEPT, Backend, SentMessage
from tests.support.threads import Together
from tests.unit.building import NOON

PHONE = "5511987654321"
TEXT = "Request 0190fa4e:\nanswer *y 0190fa4e* or *n 0190fa4e* ✅"


def test_a_message_is_printed_in_full_and_its_phone_is_not(capsys: pytest.CaptureFixture[str]):
    Backend().send(PHONE, TEXT)

    assert capsys.readouterr().out == f"WhatsApp to …4321:\n{TEXT}\n"


def test_what_was_sent_is_kept_in_order(stopped_clock):
    backend = Backend()
    backend.send(PHONE, "first")
    backend.send(PHONE, "second")

    assert backend.sent == (
        SentMessage(PHONE, "first", NOON),
        SentMessage(PHONE, "second", NOON),
    )


def test_only_the_last_messages_are_kept():
    backend = Backend()
    for number in range(MOST_KEPT + 2):
        backend.send(PHONE, str(number))

    assert [message.text for message in backend.sent] == [
        str(number) for number in range(2, MOST_KEPT + 2)
    ]


def test_messages_of_several_threads_do_not_mix(capsys: pytest.CaptureFixture[str]):
    backend = Backend()
    Together(lambda: None).run([lambda: backend.send(PHONE, "one\ntwo")] * 8)

    assert capsys.readouterr().out == "WhatsApp to …4321:\none\ntwo\n" * 8


def test_there_is_no_session_to_connect():
    assert Backend().connection() is None


def test_the_setting_chooses_it(settings):
    settings.MESSAGING = {"BACKEND": "infra_backends.messaging.console"}
    messaging.send(PHONE, TEXT)

    assert [message.text for message in messaging.sent] == [TEXT]
