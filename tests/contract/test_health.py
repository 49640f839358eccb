"""Liveness and readiness, for whoever watches the service."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api import Api, error_of, expect, moment

LIVENESS, READINESS = "/health/liveness", "/health/readiness"


def test_liveness_tells_the_time(anyone: Api) -> None:
    answer = expect(anyone.get(LIVENESS), 200)

    assert answer.keys() == {"status", "timestamp"}
    assert answer["status"] == "ok"
    assert abs(moment(answer["timestamp"]) - datetime.now(UTC)) < timedelta(seconds=5)


def test_readiness_tells_of_every_dependency(anyone: Api) -> None:
    assert expect(anyone.get(READINESS), 200) == {
        "status": "healthy",
        "dependencies": {
            "database": "healthy",
            "message_stream": "healthy",
            "auth_provider": "healthy",
        },
    }


@pytest.mark.parametrize("path", [LIVENESS, READINESS])
def test_a_bad_token_does_not_matter(anyone: Api, path: str) -> None:
    expect(anyone.get(path, headers={"Authorization": "Bearer bad"}), 200)


@pytest.mark.parametrize("path", [LIVENESS, READINESS])
def test_health_is_only_read(anyone: Api, path: str) -> None:
    error_of(anyone.call("POST", path), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", [LIVENESS, READINESS])
def test_health_is_json_under_an_id_of_its_own(anyone: Api, path: str) -> None:
    answer = anyone.get(path, headers={"X-Request-ID": "a-probe"})

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-ID"] == "a-probe"
