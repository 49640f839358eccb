"""A worker answers how long ago its loop turned, whoever else is on the machine."""

import logging
import secrets
import socket
from pathlib import Path
from typing import Any

import pytest

from financial_api.kernel import clock
from outbox import worker_health
from outbox.worker_health import MOST_SECONDS, WorkerIsUnwell, answer_for, seconds_since_turn
from tests.support.api import eventually
from tests.support.clocks import ElapsingClock


@pytest.fixture
def node() -> str:
    return f"{secrets.token_hex(4)}@here"


@pytest.fixture
def time() -> ElapsingClock:
    return ElapsingClock(clock.now())


def test_a_worker_that_turns_says_when(node: str, time: ElapsingClock) -> None:
    with clock.installed(time):
        answer_for(node)
        time.move(seconds=MOST_SECONDS)

        assert seconds_since_turn(node) == MOST_SECONDS


def test_one_that_stands_still_for_longer_is_unwell_until_it_turns(
    node: str, time: ElapsingClock
) -> None:
    with clock.installed(time):
        answer_for(node)
        time.move(seconds=MOST_SECONDS + 1)

        with pytest.raises(WorkerIsUnwell, match="stands still: its loop turned 61 s ago"):
            seconds_since_turn(node)
        worker_health.turned()
        assert seconds_since_turn(node) == 0


def test_where_nobody_listens_there_is_none(node: str) -> None:
    with pytest.raises(
        WorkerIsUnwell, match=f"no worker of this user and these settings is {node}"
    ):
        seconds_since_turn(node)


def test_somebody_elses_process_is_not_believed(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_for(node)
    monkeypatch.setattr(worker_health, "_user_behind", lambda asking: 12345)

    with pytest.raises(WorkerIsUnwell, match="somebody else's"):
        seconds_since_turn(node)


def test_a_second_worker_of_the_name_warns_and_answers_once_the_first_is_gone(
    node: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_health, "AGAIN_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(worker_health._address(node))
        with caplog.at_level(logging.WARNING):
            answer_for(node)

    [record] = caplog.records
    assert record.getMessage().startswith(f"worker_status asks another worker: who else is {node}?")
    eventually(lambda: answers(node))


def test_a_worker_of_another_installation_does_not_answer(
    node: str, settings: Any, tmp_path: Path
) -> None:
    answer_for(node)
    settings.DATA_DIR = tmp_path

    with pytest.raises(WorkerIsUnwell, match="no worker of this user and these settings"):
        seconds_since_turn(node)


def answers(node: str) -> bool:
    try:
        return seconds_since_turn(node) >= 0
    except WorkerIsUnwell:
        return False
