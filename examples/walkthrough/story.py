"""The order of the chapters, and how they are played."""

import time
from collections.abc import Callable

from .cast import Casting
from .chapters import arrival, authority, cards, records, retries, review
from .client import Client, Unexpected
from .report import Report
from .stage import Stage

Chapter = Callable[[Stage], None]

CHAPTERS: tuple[Chapter, ...] = (
    arrival.the_service_is_up,
    arrival.only_the_right_people_come_in,
    arrival.a_customer_arrives,
    cards.a_card_is_granted_at_once,
    cards.the_card_is_spent_with,
    cards.the_card_is_paid_off,
    review.a_low_score_waits_for_an_admin,
    review.a_rejection_has_a_cool_down,
    retries.a_retry_is_a_replay,
    retries.twins_have_one_effect,
    retries.rivals_lose_nothing,
    retries.one_card_for_all_who_ask,
    authority.nobody_sees_what_is_not_theirs,
    authority.an_admin_suspends_a_card,
    authority.an_admin_disables_a_user,
    records.a_long_list_has_pages,
    records.every_admin_action_is_audited,
    records.every_change_is_an_event,
)


def play(
    client: Client, casting: Casting, report: Report, chapters: tuple[Chapter, ...] = CHAPTERS
) -> bool:
    """Play the chapters and return True if everything was as the contract says.

    A chapter that cannot go on counts as a difference, and the next begins. Expects the remote
    configuration's defaults. Raises Unreachable when the server does not answer.
    """
    stage, began = Stage(client, casting, report), time.monotonic()
    for chapter in chapters:
        report.chapter(title_of(chapter), len(chapters))
        try:
            chapter(stage)
        except Unexpected as reason:
            report.differs("the chapter can go on", "what it needs", reason)
    report.summary(time.monotonic() - began)
    return not report.failed


def title_of(chapter: Chapter) -> str:
    """Return a chapter's name as a sentence."""
    return chapter.__name__.replace("_", " ").capitalize()
