"""Configuration from the parameter store: what is served, how old it may be, what is warned of."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from financial_api.kernel import cache, clock, deadline
from financial_api.kernel.cache import PAUSE_SECONDS
from financial_api.kernel.parameters import Parameters, default_texts
from infra_backends.aws import service as aws_service
from infra_backends.config import ssm as ssm_module
from infra_backends.config.ssm import WAIT_SECONDS, Backend
from tests.support.answering import Answer, Answering, answering, fault
from tests.support.builders import MOMENT
from tests.support.caches import fetching, settle
from tests.support.clocks import ElapsingClock
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.parameter_store import ParameterStore
from tests.support.ports import free_port
from tests.support.queues import client

CACHE_SECONDS = 30.0
LOGGERS = {"financial_api.kernel.cache", "infra_backends.config.ssm"}

Build = Callable[..., Backend]


def later(backend: Backend, moving: ElapsingClock, seconds: float = CACHE_SECONDS) -> Parameters:
    """Return what is served so many seconds on, once who asks then has had it read again."""
    moving.move(seconds=seconds)
    backend.parameters()
    settle()
    return backend.parameters()


def reads(service: Answering) -> int:
    """Return how often all parameters were asked for, whatever the pages they come in."""
    return sum("NextToken" not in request for _, request in service.calls)


@pytest.fixture
def hurried() -> None:
    """For the tests of how long is waited."""


@pytest.fixture(autouse=True)
def _patient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time to answer, but where silence is the subject."""
    if "hurried" not in request.fixturenames:
        monkeypatch.setattr(ssm_module, "WAIT_SECONDS", 20.0)
        monkeypatch.setitem(aws_service.PATIENCE, True, (10.0, 10.0))


@pytest.fixture
def moving() -> Iterator[ElapsingClock]:
    with clock.installed(ElapsingClock(MOMENT)) as moving:
        assert isinstance(moving, ElapsingClock)
        yield moving


@pytest.fixture
def store() -> ParameterStore:
    return ParameterStore()


@pytest.fixture
def service(aws: Emulator, store: ParameterStore) -> Iterator[Answering]:
    """A service that answers as `store` says; `aws` is here for its credentials."""
    with answering(store) as service:
        yield service


@pytest.fixture
def build() -> Iterator[Build]:
    """Makes a backend, and sees to it that none leaves a thread behind."""
    built: list[Backend] = []

    def build(url: str, path: str = "/acme/") -> Backend:
        backend = Backend(region=REGION, path=path, endpoint_url=url, cache_seconds=CACHE_SECONDS)
        built.append(backend)
        return backend

    yield build
    for backend in built:
        backend.close()
    assert fetching() == []


@pytest.fixture
def backend(build: Build, service: Answering, moving: ElapsingClock) -> Backend:
    return build(service.url)


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Returns what was warned of so far."""
    caplog.set_level(logging.INFO)

    def warned() -> list[str]:
        records = [record for record in caplog.records if record.name in LOGGERS]
        return [each.getMessage() for each in records if each.levelno == logging.WARNING]

    return warned


@pytest.fixture
def ssm(aws: Emulator) -> Iterator[Any]:
    with client("ssm", aws) as ssm:
        yield ssm


@pytest.fixture
def path() -> str:
    """A path of this test's own in the emulator, with its slash."""
    return f"/{new_name()}/financial-api/"


def put(ssm: Any, path: str, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        ssm.put_parameter(Name=path + name, Value=text, Type="String", Overwrite=True)


def test_values_are_read_from_the_store_over_several_pages(
    aws: Emulator,
    ssm: Any,
    path: str,
    build: Build,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    """What else lies below the path is not ours and no reason to warn."""
    others = {f"cognito/other{number:02}": "not a number" for number in range(12)}
    changed = {"limits/lowTier": "1999.50", "scoring/latePenaltySevere": "77"}
    put(ssm, path, default_texts() | changed | others)

    parameters = build(aws.url_of("ssm"), path).parameters()

    assert parameters == Parameters(low_tier_limit=Decimal("1999.50"), late_penalty_severe=77)
    assert warnings() == []


def test_a_change_is_served_after_the_cache_age_and_not_before(
    aws: Emulator, ssm: Any, path: str, build: Build, moving: ElapsingClock
) -> None:
    put(ssm, path, default_texts())
    backend = build(aws.url_of("ssm"), path)
    assert backend.parameters().cooldown_days == 30
    put(ssm, path, {"approval/cooldownDays": "7"})

    assert later(backend, moving, CACHE_SECONDS - 1).cooldown_days == 30
    assert later(backend, moving, 1).cooldown_days == 7


def test_a_parameter_that_is_deleted_has_its_default_again(
    aws: Emulator,
    ssm: Any,
    path: str,
    build: Build,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    put(ssm, path, default_texts() | {"approval/cooldownDays": "7"})
    backend = build(aws.url_of("ssm"), path)
    assert backend.parameters().cooldown_days == 7
    ssm.delete_parameter(Name=f"{path}approval/cooldownDays")

    assert later(backend, moving).cooldown_days == 30
    assert warnings() == [f"{path}approval/cooldownDays is missing; its default serves"]


def test_a_path_without_parameters_gives_the_defaults_and_a_warning_each(
    aws: Emulator,
    path: str,
    build: Build,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    backend = build(aws.url_of("ssm"), path)

    assert backend.parameters() == Parameters()
    assert later(backend, moving) == Parameters()

    assert sorted(warnings()) == sorted(
        f"{path}{name} is missing; its default serves" for name in default_texts()
    )


@pytest.mark.parametrize("text", ["", " ", "many", "-1", "3651", "1e1", "7.0", "NaN", "+7"])
def test_nonsense_has_the_default_and_one_warning_that_does_not_repeat_it(
    backend: Backend,
    store: ParameterStore,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
    text: str,
) -> None:
    store.texts["/acme/approval/cooldownDays"] = text
    store.texts["/acme/limits/lowTier"] = "2500"

    parameters = [backend.parameters(), later(backend, moving), later(backend, moving)]

    assert parameters == [Parameters(low_tier_limit=Decimal(2500))] * 3
    assert warnings() == [
        "/acme/approval/cooldownDays is not between 0 and 3650, in digits alone; its default serves"
    ]


def test_each_bad_value_is_warned_of_and_one_that_comes_back_too(
    backend: Backend,
    store: ParameterStore,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    for number, text in enumerate(["bad", "worse", "7", "worse"]):
        store.texts["/acme/approval/cooldownDays"] = text
        served = later(backend, moving)
        assert served.cooldown_days == (7 if number == 2 else 30)

    assert len(warnings()) == 3


def test_a_secure_string_is_read_and_blanks_around_a_value_are_no_part_of_it(
    aws: Emulator,
    ssm: Any,
    path: str,
    build: Build,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    around = {"limits/lowTier": " 1999.50\n", "whatsapp/notificationsEnabled": "Off\n"}
    put(ssm, path, default_texts() | around)
    name = f"{path}approval/cooldownDays"
    ssm.put_parameter(Name=name, Value="7\n", Type="SecureString", Overwrite=True)

    assert build(aws.url_of("ssm"), path).parameters() == Parameters(
        low_tier_limit=Decimal("1999.50"), cooldown_days=7, notifications_enabled=False
    )
    assert warnings() == []


def test_those_that_contradict_each_other_have_their_defaults_and_one_warning_until_they_change(
    backend: Backend,
    store: ParameterStore,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    warning = (
        "/acme/scoring/paymentBonusMin and /acme/scoring/paymentBonusMax"
        " are not in ascending order; their defaults serve"
    )
    least, most = "/acme/scoring/paymentBonusMin", "/acme/scoring/paymentBonusMax"

    store.texts |= {least: "30", most: "20"}
    assert [later(backend, moving) for _ in range(3)] == [Parameters()] * 3
    assert warnings() == [warning]

    store.texts[most] = "25"
    assert later(backend, moving) == Parameters()
    assert warnings() == [warning] * 2

    store.texts[most] = "40"
    assert later(backend, moving) == Parameters(payment_bonus_min=30, payment_bonus_max=40)
    assert len(warnings()) == 2


def test_a_request_has_the_old_values_while_new_ones_are_read(
    backend: Backend,
    store: ParameterStore,
    service: Answering,
    moving: ElapsingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "LIMIT_SECONDS", 3 * CACHE_SECONDS)  # the test's move on
    backend.parameters()
    store.texts["/acme/approval/cooldownDays"] = "7"
    store.gate.clear()
    moving.move(seconds=CACHE_SECONDS)

    assert [backend.parameters().cooldown_days for _ in range(20)] == [30] * 20
    moving.move(seconds=CACHE_SECONDS)
    assert backend.parameters().cooldown_days == 30
    assert len(fetching()) == 1

    store.gate.set()
    settle()
    assert reads(service) == 2
    assert backend.parameters().cooldown_days == 7


def test_after_a_long_silence_the_first_request_has_new_values(
    backend: Backend, store: ParameterStore, moving: ElapsingClock
) -> None:
    backend.parameters()
    store.texts["/acme/approval/cooldownDays"] = "7"
    moving.move(seconds=2 * CACHE_SECONDS + 1)

    assert backend.parameters().cooldown_days == 7


def test_the_first_requests_of_many_threads_share_one_read(
    backend: Backend, store: ParameterStore, service: Answering
) -> None:
    store.texts["/acme/approval/cooldownDays"] = "7"
    served: list[int] = []
    together = threading.Barrier(16)

    def ask() -> None:
        together.wait(10)
        served.append(backend.parameters().cooldown_days)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert served == [7] * 16
    assert reads(service) == 1


def test_the_first_request_waits_no_longer_than_it_has_left(
    backend: Backend, store: ParameterStore, hurried: None
) -> None:
    store.gate.clear()
    began_at = time.monotonic()
    with deadline.within(0.3):
        assert backend.parameters() == Parameters()
    assert time.monotonic() - began_at < WAIT_SECONDS
    store.gate.set()


def test_a_store_that_hangs_costs_a_request_a_bounded_wait(
    hurried: None, build: Build, service: Answering, store: ParameterStore
) -> None:
    store.gate.clear()
    backend = build(service.url)
    began_at = time.monotonic()
    assert backend.parameters() == Parameters()
    assert time.monotonic() - began_at < WAIT_SECONDS + 1
    store.gate.set()


def test_a_store_that_was_never_there_gives_the_defaults_and_one_warning(
    aws: Emulator, build: Build, moving: ElapsingClock, warnings: Callable[[], list[str]]
) -> None:
    backend = build(f"http://127.0.0.1:{free_port()}")

    assert backend.parameters() == Parameters()
    assert later(backend, moving) == Parameters()
    assert later(backend, moving) == Parameters()

    (warning,) = warnings()
    assert "/acme/ cannot be read" in warning
    assert "EndpointConnectionError" in warning


@pytest.mark.parametrize(
    "refusal",
    [
        fault("InternalServerError", 500),
        fault("ThrottlingException"),
        fault("AccessDeniedException"),
        fault("UnrecognizedClientException"),
    ],
)
def test_while_the_store_is_away_the_last_values_serve_however_long(
    backend: Backend,
    store: ParameterStore,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
    refusal: Answer,
) -> None:
    store.texts["/acme/approval/cooldownDays"] = "7"
    backend.parameters()
    store.refusal = refusal

    for _ in range(5):
        assert later(backend, moving, seconds=86_400).cooldown_days == 7
    assert len(warnings()) == 1

    store.refusal = None
    store.texts["/acme/approval/cooldownDays"] = "9"
    assert later(backend, moving).cooldown_days == 9


def test_a_store_that_goes_away_again_is_warned_of_again(
    backend: Backend,
    store: ParameterStore,
    moving: ElapsingClock,
    warnings: Callable[[], list[str]],
) -> None:
    backend.parameters()
    for refusal in (fault("AccessDeniedException"), None, fault("AccessDeniedException")):
        store.refusal = refusal
        later(backend, moving)
    assert len(warnings()) == 2


def test_a_store_that_is_away_is_not_asked_by_every_request(
    backend: Backend, store: ParameterStore, service: Answering, moving: ElapsingClock
) -> None:
    store.refusal = fault("AccessDeniedException")
    for _ in range(100):
        backend.parameters()
    settle()
    assert len(service.calls) == 1

    later(backend, moving, PAUSE_SECONDS - 1)
    assert len(service.calls) == 1
    later(backend, moving, 1)
    assert len(service.calls) == 2


def test_pages_without_end_are_given_up(
    backend: Backend, store: ParameterStore, service: Answering, warnings: Callable[[], list[str]]
) -> None:
    store.is_endless = True

    assert backend.parameters() == Parameters()

    settle()
    assert len(service.calls) == 20
    assert warnings() == ["/acme/ cannot be read, what is known serves: more than 200 parameters"]


@pytest.mark.usefixtures("hurried")
def test_closing_leaves_no_thread_behind(backend: Backend, store: ParameterStore) -> None:
    store.gate.clear()
    with deadline.within(0.1):
        backend.parameters()
    assert len(fetching()) == 1

    backend.close()

    assert fetching() == []
    store.gate.set()


def test_a_backend_that_was_closed_is_used_again(
    backend: Backend, store: ParameterStore, moving: ElapsingClock
) -> None:
    backend.parameters()
    backend.close()
    store.texts["/acme/approval/cooldownDays"] = "7"
    assert later(backend, moving).cooldown_days == 7


def test_a_process_that_can_start_no_thread_has_the_defaults(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, warnings: Callable[[], list[str]]
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert [backend.parameters(), backend.parameters()] == [Parameters()] * 2
    [warning] = warnings()
    assert warning == "/acme/ cannot be read, what is known serves: no thread can be started"
