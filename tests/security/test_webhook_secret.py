"""The webhook's secret counts in its own header alone, whole and once."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import Api, error_of, expect
from tests.support.raw_http import exchange, request
from tests.support.servers import RunningServer
from tests.support.webhook import SECRET, WEBHOOK, deliver, event

ELSEWHERE: dict[str, dict[str, Any]] = {
    "the query": {"params": {"secret": SECRET, "X-Webhook-Secret": SECRET, "token": SECRET}},
    "another header": {"headers": {"X-Secret": SECRET, "X-Webhook-Token": SECRET}},
    "the token": {"headers": {"Authorization": f"Bearer {SECRET}"}},
    "a cookie": {"headers": {"Cookie": f"X-Webhook-Secret={SECRET}; secret={SECRET}"}},
    "quotes": {"headers": {"X-Webhook-Secret": f'"{SECRET}"'}},
    "a scheme": {"headers": {"X-Webhook-Secret": f"Bearer {SECRET}"}},
    "capitals": {"headers": {"X-Webhook-Secret": SECRET.upper()}},
    "an encoding": {"headers": {"X-Webhook-Secret": quote(SECRET, safe="").replace("-", "%2d")}},
    "twice": {"headers": {"X-Webhook-Secret": f"{SECRET},{SECRET}"}},
    "very much": {"headers": {"X-Webhook-Secret": SECRET * 1000}},
}


@pytest.mark.parametrize("given", ELSEWHERE.values(), ids=ELSEWHERE)
def test_it_counts_nowhere_else_and_in_no_other_spelling(
    anyone: Api, given: dict[str, Any]
) -> None:
    body = event("y 00000000") | {"secret": SECRET, "X-Webhook-Secret": SECRET}

    error_of(anyone.call("POST", WEBHOOK, body, **given), 401, "INVALID_TOKEN")


@pytest.mark.parametrize("secrets", [(SECRET, "wrong"), ("wrong", SECRET), (SECRET, SECRET)])
def test_two_of_them_are_none(server: RunningServer, secrets: tuple[str, str]) -> None:
    body = json.dumps(event("y 00000000")).encode()
    headers = [f"X-Webhook-Secret: {secret}" for secret in secrets]

    sent = request("POST", WEBHOOK, *headers, f"Content-Length: {len(body)}", body=body)

    assert exchange(server.url, sent).status == 401


def test_it_opens_nothing_else(anyone: Api) -> None:
    headers = {"X-Webhook-Secret": SECRET, "Authorization": f"Bearer {SECRET}"}

    error_of(anyone.get("/v1/admin/outbox", headers=headers), 401, "INVALID_TOKEN")
    assert expect(deliver(anyone, {"event": "other", "session": "acme"}), 200)["ok"]


def test_an_admins_token_does_not_stand_for_it(admin: Api) -> None:
    error_of(deliver(admin, event("y 00000000"), None), 401, "INVALID_TOKEN")
