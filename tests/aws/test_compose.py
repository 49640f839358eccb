"""docker-compose.aws.yml and the Dockerfile: what can be held to without a Docker daemon.

Their commands and health checks are run in `test_image`.
"""

import re

import jsonschema
import pytest
from django.core.management import get_commands

from infra_backends.aws.provisioning.locality import LOCALSTACK
from tests.support import image
from tests.support.compose import COMPOSE, ROOT, environment_of, loaded, schema, services
from tests.support.readme import documented_settings
from tests.support.store import LEFT_OUT, LeftOut

DOCKERFILE = (ROOT / "Dockerfile").read_text()

OF_THE_IMAGE = {"HOST", "PORT", "DATA_DIR", "LISTEN_ADDRESS", "METRICS_DIR"}
"""Where things are in the container, which is no matter of whoever starts it."""
OF_THE_EMULATORS = {
    *("ALLOW_MOCK_TOKENS", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_PREFIX"),
    *("CELERY_BROKER_URL", "CELERY_QUEUE", "CELERY_QUEUE_URL", "EVENT_BUS", "EVENT_QUEUE"),
    *("COGNITO_CLIENT_ID", "COGNITO_KEYS_URL", "COGNITO_USER_POOL_ID", "SECRET_KEY"),
    *("DATABASE_CONNECTIONS", "DATABASE_URL", "DISABLED_ACCOUNTS"),
}
"""What is as the hook made it, or of no use there."""


def host_paths():
    """Return the path on this machine of every mount that is not a volume."""
    for service in services().values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source not in loaded()["volumes"]:
                yield source


def test_it_is_a_compose_file(tmp_path):
    try:
        specification = schema(tmp_path)
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: the schema of compose files, since {reason}")
    validator = jsonschema.Draft201909Validator(specification)
    assert [error.message for error in validator.iter_errors(loaded())] == []
    assert not validator.is_valid(loaded() | {"servces": {}})


def test_what_it_mounts_is_there():
    paths = list(host_paths())
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_it_mounts_from_here_is_read_only():
    mounts = [v for s in services().values() for v in s.get("volumes", [])]
    assert [m for m in mounts if m.startswith(".") and not m.endswith(":ro")] == []


def test_every_named_volume_is_declared_and_used():
    mounted = {
        volume.split(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    }
    assert set(loaded()["volumes"]) == {name for name in mounted if not name.startswith(".")}


def test_images_are_pinned():
    images = [service["image"] for service in services().values() if "image" in service]
    images.append(image.argument("BASE"))
    assert "localstack/localstack:4.14.0" in images
    assert [image for image in images if not re.search(r":[\w.-]*\d", image)] == []


def test_ports_are_published_on_loopback_only_and_where_the_environment_says():
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports == [f"127.0.0.1:{port}:{port}" for port in (4566, 4567, 8000)]
    published = re.findall(r'"127\.0\.0\.1:\$\{(\w+):-\d+\}:\d+"', COMPOSE.read_text())
    assert published == ["EMULATOR_PORT", "COGNITO_PORT", "PORT"]


def test_everything_that_may_be_set_is_passed_on():
    """A value that is not given here is left out where nobody sets it, so that defaults hold."""
    given = services()["api"]["environment"]
    passed_on = {name for name, value in given.items() if value is None}
    assert passed_on | OF_THE_IMAGE | OF_THE_EMULATORS | set(given) >= documented_settings()
    assert passed_on <= documented_settings()
    assert not passed_on & (OF_THE_IMAGE | OF_THE_EMULATORS)


def test_what_compose_sets_itself_is_fit_for_a_start():
    given = environment_of("api", 4566)
    assert len(given["SECRET_KEY"]) >= 32
    assert [name for name, value in given.items() if not value] == []


@pytest.mark.parametrize("name", services())
def test_a_service_is_started_again_on_a_network_that_is_nobody_elses(name):
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert not str(service.get("network_mode", "")).startswith(("service:", "container:"))


@pytest.mark.parametrize("name", services())
def test_a_service_has_no_more_rights_than_it_needs(name):
    service = services()[name]
    assert not {"privileged", "cap_add", "devices", "pid"} & set(service)
    assert "docker.sock" not in str(service)
    assert service.get("network_mode") != "host"


@pytest.mark.parametrize("name", services())
def test_a_service_says_whether_it_is_well(name):
    service = services()[name]
    stage = service.get("build", {}).get("target", "")
    if "healthcheck" in service:
        assert service["healthcheck"]["start_period"]
    else:
        assert "HEALTHCHECK" in image.stages()[stage]
        assert "--start-period=" in image.stages()[stage]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_service_waits_until_everything_is_made(name):
    waits_for = services()[name]["depends_on"]
    assert {who: how["condition"] for who, how in waits_for.items()} == {
        "localstack": "service_healthy",
        "cognito": "service_healthy",
    }
    assert "SUCCESSFUL" in services()["localstack"]["healthcheck"]["test"]


def test_everybody_uses_the_emulators_under_names_that_commands_accept():
    assert services()["cognito"]["networks"]["default"]["aliases"] == [f"cognito.{LOCALSTACK}"]
    for name in ("localstack", "api", "worker"):
        environment = services()[name]["environment"]
        pool = environment["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"]
        assert pool == f"http://cognito.{LOCALSTACK}:4567"
        rest = environment.get("AWS_ENDPOINT_URL", f"http://{LOCALSTACK}:4566")
        assert rest == f"http://{LOCALSTACK}:4566"


def test_localstack_leaves_names_below_its_own_to_docker():
    """Its name server says of all below the host of LOCALSTACK_HOST that they are itself."""
    environment = services()["localstack"]["environment"]
    assert environment["LOCALSTACK_HOST"] == f"{LOCALSTACK}:4566"
    assert environment["DNS_ADDRESS"] == "0"


def test_localstack_makes_the_pool_once_there_is_where():
    waits_for = services()["localstack"]["depends_on"]
    assert waits_for == {"cognito": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_service_can_write_to_its_folder_alone(name):
    service = services()[name]
    folder = image.environment()["DATA_DIR"]
    user = image.user_id()
    assert service["read_only"] is True
    assert service["tmpfs"] == [f"{folder}:uid={user},gid={user},mode=0700"]


def test_the_emulators_are_told_to_keep_what_they_can():
    assert services()["localstack"]["environment"]["PERSISTENCE"] == "1"
    assert services()["cognito"]["environment"]["PERSIST_STATE"] == "1"
    state = services()["cognito"]["environment"]["STATE_DIR"]
    assert state.startswith("/var/lib/ministack/")
    assert "--owner service /var/lib/ministack" in image.stages()["emulator"]


def test_development_tokens_are_off_where_more_than_loopback_is_listened_on():
    assert "HOST=0.0.0.0" in image.stages()["service"]
    for name in ("api", "worker"):
        assert services()[name]["environment"]["ALLOW_MOCK_TOKENS"] == "off"


def test_the_commands_exist():
    said = [
        str(service.get("command", "")) + str(service.get("healthcheck", ""))
        for service in services().values()
    ]
    commands = re.findall(r"manage\.py'?\"?, '?\"?(\w+)", " ".join(said) + DOCKERFILE)
    assert set(commands) == {"serve", "worker_status"}
    assert set(commands) <= set(get_commands())


def test_every_build_names_a_stage_of_the_dockerfile():
    targets = {s["build"]["target"] for s in services().values() if "build" in s}
    assert targets == {"service", "emulator"}
    assert targets <= set(image.stages())


def test_the_images_run_as_an_ordinary_user_from_locked_requirements():
    for stage in ("service", "emulator"):
        assert re.findall(r"^USER (\w+)", image.stages()[stage], re.MULTILINE) == ["service"]
    installs = [line for line in DOCKERFILE.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert [line for line in installs if "--require-hashes -r" not in line] == []


def test_what_the_dockerfile_copies_reaches_it():
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert copied == ["requirements/run.txt", "requirements/emulator.txt", "."]
    assert set(copied[:2]) <= set(image.tree())


def test_the_image_gets_every_package_of_the_service_and_nothing_else_of_python():
    beside_it = {"contract", "examples", "tests"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - beside_it
    top = {name.partition("/")[0] for name in image.tree()}
    assert top == packages | {"docs", "requirements", "manage.py", "openapi.yaml"}


def test_the_file_says_how_it_is_started():
    assert f"docker compose -f {COMPOSE.name} up" in COMPOSE.read_text()
