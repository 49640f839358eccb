"""Production without AWS takes no development token, whatever the environment says."""

import contextlib
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.fork_server import ROOT
from tests.support.servers import RunningServer, running, sqlite_environment

SERVER = "financial_api.settings.server"


@pytest.fixture(scope="module")
def production() -> Iterator[RunningServer]:
    with (
        sqlite_environment() as environment,
        running(environment, DJANGO_SETTINGS_MODULE=SERVER, ALLOW_MOCK_TOKENS="off") as server,
    ):
        yield server


@pytest.mark.parametrize("caller", [Customer, Admin], ids=["user", "admin"])
def test_a_development_token_lets_nobody_in(
    production: RunningServer, caller: type[Customer | Admin]
) -> None:
    with contextlib.closing(caller(production.url)) as outsider:
        error_of(outsider.get("/v1/cards"), 401, "INVALID_TOKEN")


def test_it_serves_and_says_at_start_that_nobody_can_sign_in(production: RunningServer) -> None:
    with contextlib.closing(Api(production.url)) as anyone:
        expect(anyone.get("/health/readiness"), 200)

    assert production.log.read_text().count("Nobody can sign in") == 1


def test_make_serve_takes_these_settings() -> None:
    ran = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--assume-old=.venv/.ready", "serve"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"DJANGO_SETTINGS_MODULE={SERVER};" in ran.stdout
