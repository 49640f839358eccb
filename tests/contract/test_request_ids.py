"""X-Request-ID and traceparent."""

import re

import pytest

from tests.support.api import Api, Customer, expect

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

UNUSABLE_IDS: dict[str, str | bytes] = {
    "empty": "",
    "too long": "a" * 129,
    "a space": "two words",
    "a tab": "two\twords",
    "not ASCII": "café".encode(),
    "not UTF-8": b"\xff\xfe",
}
INVALID_TRACES = {
    "version ff": f"ff-{TRACE}-{SPAN}-01",
    "no trace": f"00-{'0' * 32}-{SPAN}-01",
    "no span": f"00-{TRACE}-{'0' * 16}-01",
    "capitals": f"00-{TRACE.upper()}-{SPAN}-01",
    "short": f"00-{TRACE[1:]}-{SPAN}-01",
    "long": f"00-{TRACE}0-{SPAN}-01",
    "more than version 00 has": f"00-{TRACE}-{SPAN}-01-more",
    "no flags": f"00-{TRACE}-{SPAN}",
    "garbage": "garbage",
    "empty": "",
}


@pytest.mark.parametrize("given", ["a", "a" * 128, "!~{}'\"<>"], ids=["one", "128", "odd"])
def test_the_clients_own_id_is_echoed(anyone: Api, given: str) -> None:
    answer = anyone.get("/v1/nothing", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] == given
    assert expect(answer, 404)["meta"]["requestId"] == given


@pytest.mark.parametrize("given", UNUSABLE_IDS.values(), ids=UNUSABLE_IDS)
def test_an_unusable_id_is_replaced(anyone: Api, given: str | bytes) -> None:
    answer = anyone.get("/v1/nothing", headers={"X-Request-ID": given})

    assert UUID7.fullmatch(answer.headers["X-Request-ID"])


def test_a_request_without_an_id_gets_a_new_one_each_time(anyone: Api) -> None:
    answers = [anyone.get("/health/liveness") for _ in range(3)]

    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 3


def test_a_success_carries_the_id_as_well(customer: Customer) -> None:
    answer = customer.get("/v1/cards", headers={"X-Request-ID": "mine"})

    expect(answer, 200)
    assert answer.headers["X-Request-ID"] == "mine"


@pytest.mark.parametrize(
    "traceparent", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01-new"]
)
def test_a_valid_traceparent_gives_the_trace_id(anyone: Api, traceparent: str) -> None:
    answer = anyone.get("/v1/nothing", headers={"traceparent": traceparent})

    assert expect(answer, 404)["meta"]["traceId"] == TRACE


@pytest.mark.parametrize("traceparent", INVALID_TRACES.values(), ids=INVALID_TRACES)
def test_an_invalid_traceparent_gives_none(anyone: Api, traceparent: str) -> None:
    answer = anyone.get("/v1/nothing", headers={"traceparent": traceparent})

    assert "traceId" not in expect(answer, 404)["meta"]
