"""What an admin's answer says, when a message is tried again, when a tracker expires."""

from datetime import timedelta

import pytest

from financial_api.kernel import ids
from financial_api.kernel.parameters import Parameters
from notifications import rules, texts
from notifications.entities import ApprovalStatus, DeliveryStatus, NotificationKind
from notifications.rules import Answer
from tests.support.builders import MOMENT, a_request, a_user, an_event, an_id, at, rejected

PHONE = "5511987654321"
CODE = "0a1b2c3d"
WHOLE = "019bc0fd-89c0-7000-8000-00000a1b2c3d"


@pytest.mark.parametrize("word", ["y", "Y", "yes", "YES", "Yes"])
@pytest.mark.parametrize("form", ["{} {}", "  {}   {} ", "{}\n{}\n", "\t{}\u00a0{}", "{}{}"])
def test_y_approves_in_any_case_and_spacing(word, form):
    assert rules.answer_in(form.format(word, CODE)) == Answer(True, CODE)
    assert rules.answer_in(form.format(word, CODE.upper())) == Answer(True, CODE)


@pytest.mark.parametrize("word", ["n", "N", "no", "NO"])
def test_n_rejects(word):
    assert rules.answer_in(f"{word} {CODE}") == Answer(False, CODE)


def test_a_request_may_be_named_by_its_whole_id():
    assert rules.answer_in(f"Yes {WHOLE.upper()}") == Answer(True, WHOLE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "y",
        CODE,
        f"yep {CODE}",
        f"yes please {CODE}",
        f"y {CODE} thanks",
        f"y {CODE} n {CODE}",
        f"y {CODE[:-1]}",
        f"y {CODE}0",
        "y 0a1b2c3g",
        f"y-{CODE}",
        f"not {CODE}",
        f"y {WHOLE[:-1]}",
        f"y {WHOLE.replace('-', '')}",
        "y " + "0" * 60_000,
    ],
)
def test_anything_else_is_no_answer(text):
    assert rules.answer_in(text) is None


def a_message():
    return rules.notification(NotificationKind.PAYMENT, an_event(), PHONE, "text", MOMENT)


def test_the_same_event_makes_the_same_id_for_a_phone_and_a_kind():
    event = an_event()

    def made(kind=NotificationKind.PAYMENT, phone=PHONE, event=event):
        return rules.notification(kind, event, phone, "text", at(60)).notification_id

    assert made() == made()
    assert ids.is_id(made())
    others = {
        made(),
        made(kind=NotificationKind.APPROVAL_REQUEST),
        made(phone="5511987654322"),
        made(event=an_event(2, at(1))),
        event.event_id,
    }
    assert len(others) == 5


def test_a_derived_id_has_the_time_of_the_one_it_comes_from():
    earlier, later = ids.new_id(MOMENT), ids.new_id(at(0.001))

    assert ids.derived_id(earlier, "a")[:19] == earlier[:19]
    assert ids.derived_id(earlier, "z") < ids.derived_id(later, "a")


def test_a_message_is_tried_again_after_1_2_and_4_minutes_and_then_given_up():
    message, now, waits = a_message(), MOMENT, []
    while message.is_undelivered:
        begun = rules.attempted(message, now)
        message = rules.failed(begun, "no answer", now)
        waits.append((message.next_retry_at - now) / timedelta(minutes=1))
        now = message.next_retry_at

    assert waits[:3] == [1, 2, 4]
    assert len(waits) == message.attempts == 4
    assert message.delivery_status is DeliveryStatus.DEAD_LETTER
    assert message.last_error == "no answer"


def test_an_attempt_that_is_broken_off_is_due_again_and_counts():
    message, now, waits = a_message(), MOMENT, []
    for _ in range(4):
        message = rules.attempted(message, now)
        waits.append((message.next_retry_at - now) / timedelta(minutes=1))
        now = message.next_retry_at
    given_up = rules.attempted(message, now)

    assert waits == [1, 2, 4, 4]
    assert given_up.delivery_status is DeliveryStatus.DEAD_LETTER
    assert given_up.last_error == rules.UNANSWERED


def test_a_delivery_is_the_end_of_it():
    sent = rules.delivered(rules.failed(rules.attempted(a_message(), MOMENT), "x", MOMENT), at(9))

    assert (sent.delivery_status, sent.sent_at, sent.last_error) == (
        DeliveryStatus.SENT,
        at(9),
        None,
    )
    assert not sent.is_undelivered


def test_a_dead_letter_that_is_redriven_has_all_its_attempts_before_it():
    message = a_message()
    for _ in range(4):
        message = rules.failed(rules.attempted(message, MOMENT), "no answer", MOMENT)
    again = rules.redriven(message, at(600))

    assert (again.delivery_status, again.attempts, again.next_retry_at) == (
        DeliveryStatus.PENDING,
        0,
        at(600),
    )


def test_a_tracker_expires_after_the_configured_hours_unless_it_is_closed():
    request, message = a_request(), a_message()
    tracker = rules.tracker(request, [message], Parameters(approval_expiry_hours=2), MOMENT)

    assert tracker.notification_ids == (message.notification_id,)
    assert not rules.is_expired(tracker, at(7199.999))
    assert rules.is_expired(tracker, at(7200))
    closed = rules.closed(tracker, ApprovalStatus.APPROVED, at(60))
    assert not rules.is_expired(closed, at(7200))


def test_the_tracker_of_a_rejected_request_says_so():
    assert rules.status_after(rejected(a_request())) is ApprovalStatus.REJECTED


def test_the_message_says_who_asks_and_how_to_answer():
    request = a_request(request_id=an_id(12345678))
    user = a_user(email="ana@example.com", current_score=420)

    text = texts.approval_request(request, user)

    assert "ana@example.com" in text
    assert "low" in text
    assert "420" in text
    for line in ("y 12345678", "n 12345678"):
        assert line in text
        assert rules.answer_in(line) is not None


def test_a_payment_shows_the_cards_last_four_characters_alone():
    text = texts.payment(an_id(12345678), a_user().card_summary.total_balance + 5, MOMENT)

    assert text == "Payment received: $5.00 on card …5678, 2026-03-01 12:30 UTC."
