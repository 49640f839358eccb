"""docker-compose.aws.yml and the Dockerfile: what can be held to without a Docker daemon."""

import re
import subprocess
import sys

import jsonschema
import pytest
from django.core.management import get_commands

from infra_backends.aws.provisioning.locality import LOCALSTACK
from tests.support.compose import COMPOSE, ROOT, loaded, schema, services
from tests.support.store import LEFT_OUT, LeftOut

DOCKERFILE = (ROOT / "Dockerfile").read_text()


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
    images += [name for name in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) if ":" in name]
    assert "localstack/localstack:4.14.0" in images
    assert [image for image in images if not re.search(r":[\w.-]*\d", image)] == []


def test_ports_are_published_on_loopback_only():
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


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
    assert "healthcheck" in service or "HEALTHCHECK" in stages()[stage]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_service_waits_until_everything_is_made(name):
    waits_for = services()[name]["depends_on"]
    assert {who: how["condition"] for who, how in waits_for.items()} == {
        "localstack": "service_healthy",
        "cognito": "service_healthy",
    }
    assert "SUCCESSFUL" in services()["localstack"]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_service_uses_both_emulators_under_the_name_that_commands_accept(name):
    environment = services()[name]["environment"]
    emulators = [value for key, value in environment.items() if "ENDPOINT_URL" in key]
    assert [url.split(":")[1] for url in emulators] == [f"//{LOCALSTACK}"] * 2
    assert services()["cognito"]["network_mode"] == f"service:{LOCALSTACK}"


def test_the_emulators_are_told_to_keep_what_they_can():
    assert services()["localstack"]["environment"]["PERSISTENCE"] == "1"
    assert services()["cognito"]["environment"]["PERSIST_STATE"] == "1"
    state = services()["cognito"]["environment"]["STATE_DIR"]
    assert state.startswith("/var/lib/ministack/")
    assert "--owner service /var/lib/ministack" in stages()["emulator"]


def test_development_tokens_are_off_where_more_than_loopback_is_listened_on():
    assert "HOST=0.0.0.0" in stages()["service"]
    for name in ("api", "worker"):
        assert services()[name]["environment"]["ALLOW_MOCK_TOKENS"] == "off"


def test_the_commands_exist():
    said = [
        str(service.get("command", "")) + str(service.get("healthcheck", ""))
        for service in services().values()
    ]
    commands = re.findall(r"manage\.py'?\"?, '?\"?(\w+)", " ".join(said) + DOCKERFILE)
    assert set(commands) == {"serve", "outbox_status"}
    assert set(commands) <= set(get_commands())


def test_every_build_names_a_stage_of_the_dockerfile():
    targets = {s["build"]["target"] for s in services().values() if "build" in s}
    assert targets == {"service", "emulator"}
    assert targets <= set(stages())


def test_the_images_run_as_an_ordinary_user_from_locked_requirements():
    for stage in ("service", "emulator"):
        assert re.findall(r"^USER (\w+)", stages()[stage], re.MULTILINE) == ["service"]
    installs = [line for line in DOCKERFILE.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert [line for line in installs if "--require-hashes -r" not in line] == []


def test_what_the_dockerfile_copies_reaches_it():
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert copied == ["requirements/run.txt", "requirements/emulator.txt", "."]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert {"requirements", "manage.py"} <= set(kept_by_dockerignore())


def test_the_image_gets_every_package_of_the_service_and_nothing_else_of_python():
    beside_it = {"contract", "examples", "tests"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - beside_it
    code = {name for name in kept_by_dockerignore() if name not in {"requirements", "manage.py"}}
    assert code == packages


def test_the_health_check_of_the_image_runs():
    """Python reads its one line, and nobody answers at the port."""
    [line] = re.findall(r'\["python", "-c", "(.*)"\]', stages()["service"])
    asked = subprocess.run(
        [sys.executable, "-c", line.replace('\\"', '"')],
        env={"PORT": "9"},
        capture_output=True,
        text=True,
    )
    assert "Connection refused" in asked.stderr


def stages():
    """Return the text of each stage of the Dockerfile."""
    parts = re.split(r"^FROM \S+ AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def kept_by_dockerignore():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    return [line[1:] for line in lines if line.startswith("!")]


def test_the_file_says_how_it_is_started():
    assert f"docker compose -f {COMPOSE.name} up" in COMPOSE.read_text()
