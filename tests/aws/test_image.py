"""The image's tree as compose runs it: read-only, by a user without any rights.

Commands, environment and health checks are those of the Dockerfile and of the compose file, on
emulators of this machine under the names that they have there. What a builder makes of the image is
asked by `make image-check`, in the same words.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from accounts.development_tokens import issue
from tests.support import image
from tests.support.api import eventually
from tests.support.compose import COMPOSE, environment_of, health_check_of, names_here, services
from tests.support.contained import Api, Contained, proper_rights, rights, serving, walkthrough
from tests.support.emulators import MINISTACK, Emulator, ministack
from tests.support.ports import free_port
from tests.support.sandbox import Sandbox, python_in, require_namespaces
from tests.support.store import LEFT_OUT, LeftOut

WARNING = "metrics are not shared between processes"
WORKER = services()["worker"]
READY = "/_ministack/ready"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What .dockerignore lets through."""
    folder = tmp_path_factory.mktemp("image")
    image.copy_tree(folder)
    return folder


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One for all services, and for this module alone, whose worker sends whatever waits there."""
    try:
        with ministack() as emulator:
            yield emulator
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: the AWS emulator, since {reason}")


@pytest.fixture(scope="module")
def environment(emulator: Emulator, contained: Sandbox) -> dict[str, str]:
    """What compose adds to the image's environment, where everything is made as its hook does."""
    port = urlsplit(emulator.url).port
    assert port is not None
    environment = environment_of("api", port) | {"THROTTLE": "off"}
    made = contained.run(["python", "-m", "infra_backends.aws.provisioning"], environment)
    assert made.returncode == 0, made.stderr
    return environment


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("etc") / "hosts"
    file.write_text(names_here())
    return file


def sandbox(tree: Path, hosts: Path, place: Path, writable: str) -> Sandbox:
    require_a_sandbox()
    work = image.work_folder()
    shown = (*python_in(Path(sys.prefix)), (tree, work), (hosts, "/etc/hosts"))
    return Sandbox(place, work, image.user_id(), image.environment(), shown, writable=writable)


def require_a_sandbox() -> None:
    try:
        require_namespaces()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: the image's tree as it runs, since {reason}")


@pytest.fixture(scope="module")
def contained(tree: Path, hosts: Path, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The image with one folder to write to, the one that DATA_DIR names."""
    data = image.environment()["DATA_DIR"]
    return sandbox(tree, hosts, tmp_path_factory.mktemp("root"), data)


@pytest.fixture(scope="module")
def sealed(tree: Path, hosts: Path, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The image without any."""
    return sandbox(tree, hosts, tmp_path_factory.mktemp("root"), "")


@pytest.fixture(scope="module")
def api(contained: Sandbox, environment: dict[str, str]) -> Iterator[Api]:
    with serving(contained, environment) as api:
        yield api


@pytest.fixture(scope="module")
def worker(contained: Sandbox, environment: dict[str, str]) -> Iterator[Contained]:
    with contained.running(WORKER["command"], environment) as worker:
        yield worker


def test_it_holds_the_service_and_nothing_that_was_made_here() -> None:
    files = image.tree()

    assert {"manage.py", "openapi.yaml", "outbox/tasks.py"} <= set(files)
    assert [name for name in files if "__pycache__" in name or name.endswith(".pyc")] == []
    assert [name for name in files if name.startswith("docs")] == ["docs/permissions.md"]
    outside = ("tests", "contract", "examples", "findings", ".")
    assert [name for name in files if name.startswith(outside)] == []


def test_its_processes_may_write_to_one_folder_alone(contained: Sandbox, sealed: Sandbox) -> None:
    by_root = {"is_owner": os.geteuid() != 0}  # who is not root can give files to nobody else

    assert rights(contained) == proper_rights(image.environment()["DATA_DIR"]) | by_root
    assert rights(sealed) == proper_rights() | by_root


def test_the_whole_story_is_as_the_contract_says(
    api: Api, worker: Contained, emulator: Emulator
) -> None:
    played = walkthrough(api.url, emulator.environment)

    assert played.returncode == 0, played.stdout + played.stderr + worker.log.read_text()
    assert "all as the contract says" in played.stdout


def test_its_schema_can_be_read_and_tried(api: Api) -> None:
    assert api.get("/openapi.yaml").content == image.SCHEMA.read_bytes()
    assert "swagger-ui-bundle.js" in api.get("/docs").text
    assert api.get("/docs/swagger-ui-bundle.js").is_success


def test_it_takes_no_development_tokens(api: Api) -> None:
    assert api.get("/v1/dashboard", issue("user-001")).status_code == 401


def test_its_health_check_finds_the_api_well(contained: Sandbox, api: Api) -> None:
    eventually(lambda: contained.run(image.health_check(), api.environment).returncode == 0)
    nobody = {**api.environment, "PORT": "9"}
    assert "Connection refused" in contained.run(image.health_check(), nobody).stderr


def test_its_health_check_finds_the_worker_well(
    contained: Sandbox, environment: dict[str, str], worker: Contained
) -> None:
    check = health_check_of("worker")

    eventually(lambda: contained.run(check, environment).returncode == 0)


def test_metrics_are_shared_where_the_folder_can_be_written(api: Api, worker: Contained) -> None:
    assert WARNING not in api.contained.log.read_text()
    assert "financial_api_requests_total" in api.get("/metrics").text


def test_without_any_folder_it_serves_with_a_warning(
    sealed: Sandbox, environment: dict[str, str]
) -> None:
    with serving(sealed, {**environment, "WORKERS": "2"}) as api:
        assert api.get("/docs").is_success
        assert api.get("/health/readiness").is_success
        assert "financial_api_requests_total" in api.get("/metrics").text
        assert api.contained.stop() == 0

        assert api.contained.log.read_text().count(WARNING) == 1


def test_without_any_folder_a_worker_works(sealed: Sandbox, environment: dict[str, str]) -> None:
    with sealed.running(WORKER["command"], environment):
        check = health_check_of("worker")
        eventually(lambda: sealed.run(check, environment).returncode == 0)


def test_a_token_is_had_in_the_container(
    contained: Sandbox, api: Api, environment: dict[str, str]
) -> None:
    """As the compose file's head says, and the README."""
    [line] = re.findall(r"exec api (python manage\.py cognito_token .*)", COMPOSE.read_text())

    got = contained.run(line.split(), environment)

    assert got.returncode == 0, got.stderr
    asked = api.get("/v1/dashboard", got.stdout.strip())
    assert asked.status_code == 404  # let in, as somebody who has not registered


def test_the_emulator_of_cognito_needs_no_more_than_its_volume(tmp_path: Path) -> None:
    require_a_sandbox()
    if not MINISTACK.exists():
        pytest.skip(f"{LEFT_OUT}: the image of the emulator, since it is not installed")
    port = free_port()
    environment = environment_of("cognito", port)
    [volume] = services()["cognito"]["volumes"]
    kept = volume.partition(":")[2]
    shown = python_in(MINISTACK.parents[1])
    runtime = Sandbox(
        tmp_path, "/", image.user_id(), image.environment("base"), shown, writable=kept
    )
    check = health_check_of("cognito", port)

    with runtime.running(image.command("emulator"), environment) as emulator:
        eventually(lambda: runtime.run(check, environment).returncode == 0)
        from_elsewhere = {"Host": f"cognito.localstack:{port}"}
        assert httpx.get(f"http://127.0.0.2:{port}{READY}", headers=from_elsewhere).is_success
        assert emulator.stop() == 0
        assert "Read-only" not in emulator.log.read_text()
