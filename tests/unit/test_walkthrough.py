"""The walkthrough's own logic: what it finds in an answer, reports, and exits with."""

import io
import threading
from decimal import Decimal

import httpx
import pytest

from accounts.development_tokens import identify
from examples.walkthrough import __main__ as program
from examples.walkthrough import stage as stages
from examples.walkthrough import story
from examples.walkthrough.cast import DevelopmentCasting, NobodyToCast, Role
from examples.walkthrough.client import Answer, Client, Unexpected, Unreachable
from examples.walkthrough.report import Report
from examples.walkthrough.stage import Stage
from examples.walkthrough.user_pool import UserPoolCasting
from tests.support.clocks import ElapsingClock
from tests.unit.building import NOON


class Terminal(io.StringIO):
    def isatty(self):
        return True


def an_answer(status=200, body=b"{}", **headers):
    return Answer(status, httpx.Headers(headers), body)


def an_error(code, request_id="r-1", details=b"{}"):
    body = b'{"error":{"code":"%s","details":%s},"meta":{"requestId":"r-1"}}'
    return an_answer(
        402,
        body % (code.encode(), details),
        **{"X-Request-ID": request_id, "Content-Type": "application/json"},
    )


@pytest.fixture
def printed():
    return io.StringIO()


@pytest.fixture
def stage(printed):
    return Stage(None, DevelopmentCasting(), Report(printed))


def test_a_path_leads_through_objects_and_lists():
    answer = an_answer(body=b'{"cards": [{"balance": 10.10}, {"balance": null}]}')
    assert answer.at("cards.0.balance") == Decimal("10.10")
    assert answer.at("cards.1.balance") is None


@pytest.mark.parametrize(
    "path", ["card", "cards.2", "cards.x", "cards.0.limit", "cards.0.balance.x"]
)
def test_a_path_that_leads_nowhere_is_unexpected_and_shows_the_answer(path):
    answer = an_answer(body=b'{"cards": [{"balance": 10.10}, {}]}')
    assert answer.find(path, "nothing") == "nothing"
    with pytest.raises(Unexpected, match=r"10\.10"):
        answer.at(path)


def test_what_is_no_json_has_no_values():
    assert an_answer(body=b"<html>").find("cards") is None


def test_an_answer_as_expected_is_ok(stage, printed):
    stage.answers("it works", an_answer(body=b'{"a": 1.0}', ETag="x"), 200, {"a": 1}, {"etag": "x"})
    assert (stage.report.passed, stage.report.failed) == (1, 0)
    assert "ok      it works" in printed.getvalue()


def test_a_difference_shows_only_what_differs(stage, printed):
    stage.answers("it works", an_answer(body=b'{"a": 1, "b": 2}'), 201, {"a": 1, "b": 3})
    assert (stage.report.passed, stage.report.failed) == (0, 1)
    assert "expected: status 201, b 3\n" in printed.getvalue()
    assert "got:      status 200, b 2 in 200 {" in printed.getvalue()


def test_a_refusal_has_its_code_its_details_and_the_request_id(stage):
    stage.refuses("no", an_error("X", details=b'{"credit": 5}'), 402, "X", {"credit": 5})
    assert stage.report.failed == 0


@pytest.mark.parametrize(
    "answer", [an_error("Y"), an_error("X", request_id="r-2"), an_answer(402, b"no")]
)
def test_a_refusal_of_another_shape_differs(stage, answer):
    stage.refuses("no", answer, 402, "X")
    assert stage.report.failed == 1


def test_a_pipe_gets_plain_text_and_no_passing_notes(printed):
    report = Report(printed)
    report.chapter("One", 2)
    report.passing("waiting")
    report.differs("it works", 1, 2)
    report.summary(0.5)
    assert "\033" not in printed.getvalue()
    assert "\r" not in printed.getvalue()
    assert "waiting" not in printed.getvalue()
    assert "1 checks in 1 chapters, 1 of them differ" in printed.getvalue()


def test_a_terminal_gets_colour_and_passing_notes(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    report = Report(terminal)
    report.passing("waiting")
    report.ok("it works")
    assert "waiting" in terminal.getvalue()
    assert "\033[32mok" in terminal.getvalue()


def test_a_terminal_may_be_spared_the_colour(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    Report(terminal).ok("it works")
    assert "\033[32m" not in terminal.getvalue()


def test_people_are_new_on_every_run_and_their_tokens_speak_for_them():
    one, other = DevelopmentCasting().new("Ana"), DevelopmentCasting().new("Ana", Role.ADMIN)
    assert one.ecosystem_id != other.ecosystem_id
    identity = identify(other.token)
    assert (identity.ecosystem_id, identity.role, identity.email) == (
        other.ecosystem_id,
        Role.ADMIN,
        other.email,
    )


def test_waiting_ends_when_it_is_enough_or_patience_is_over(stage, monkeypatch):
    clock = ElapsingClock(NOON)
    monkeypatch.setattr(stages, "time", clock)
    answers = iter(range(1000))
    assert stage.eventually("three", lambda: next(answers), lambda number: number == 3) == 3
    before = clock.monotonic()
    stage.eventually("never", lambda: next(answers), lambda number: False)
    assert 10 <= clock.monotonic() - before < 11


def test_runners_of_a_race_run_at_the_same_time(stage):
    together = threading.Barrier(5, timeout=5)
    assert len(stage.race([lambda: an_answer(200 + together.wait())] * 5)) == 5


def test_a_chapter_that_cannot_go_on_is_a_difference_and_the_next_begins(printed):
    def stuck(stage):
        an_answer().at("card")

    def fine(stage):
        stage.same("it works", 1, 1)

    report = Report(printed)
    assert not story.play(None, DevelopmentCasting(), report, (stuck, fine))
    assert (report.chapters, report.passed, report.failed) == (2, 1, 1)


def test_requests_carry_the_token_the_headers_and_exact_money():
    seen = []

    def serve(request):
        seen.append(request)
        return httpx.Response(201, json={})

    person = DevelopmentCasting().new("Ana")
    with Client("http://server.test", httpx.MockTransport(serve)) as client:
        client.post("/v1/x", person, {"amount": Decimal("10.10")}, Idempotency_Key="k")
    [request] = seen
    assert request.headers["Authorization"] == f"Bearer {person.token}"
    assert request.headers["Idempotency-Key"] == "k"
    assert request.content == b'{"amount":10.10}'


def test_a_server_that_is_away_is_unreachable():
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match="GET /x"):
        client.get("/x")


def test_it_exits_with_2_when_the_server_is_away(capsys):
    assert program.main(["--base-url=http://127.0.0.1:9"]) == 2
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("as_the_contract_says", [True, False])
def test_it_exits_with_1_when_something_differs(monkeypatch, capsys, as_the_contract_says):
    monkeypatch.setattr(program, "play", lambda *_: as_the_contract_says)
    assert program.main([]) == (0 if as_the_contract_says else 1)
    assert bool(capsys.readouterr().err) == (not as_the_contract_says)


def test_no_pool_but_an_emulators_on_this_machine_gets_people(monkeypatch, capsys):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for url in ("https://cognito-idp.us-east-1.amazonaws.com", "http://emulator.test:4566"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(NobodyToCast, match="no emulator on this machine"):
            UserPoolCasting()
    assert program.main(["--user-pool"]) == 1
    assert "no emulator on this machine" in capsys.readouterr().err
