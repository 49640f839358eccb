"""The story of the contract, played against a server on AWS's services."""

from collections.abc import Iterator

import pytest

from tests.support.emulators import Emulator
from tests.support.playing import play
from tests.support.servers import provisioned, running


@pytest.fixture(scope="module")
def environment(aws: Emulator) -> Iterator[dict[str, str]]:
    with provisioned(aws) as environment:
        yield environment


@pytest.mark.parametrize("casting", [[], ["--user-pool"]], ids=["mock tokens", "the user pool's"])
def test_all_is_as_the_contract_says(environment: dict[str, str], casting: list[str]) -> None:
    with running(environment, THROTTLE="off") as server:
        play(server.url, *casting, environment=environment)
