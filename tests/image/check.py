"""Builds the image `service` and holds its container to what `tests/aws/test_image.py` asks.

python -m tests.image.check [BASE]

BASE is the image to build on, by default that of the Dockerfile. Docker is taken where its engine
answers, else buildah. What is started and made here is gone afterwards, the image too.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

from infra_backends.aws.names import Names
from tests.image.builders import Buildah, Builder, Docker
from tests.support import image
from tests.support.api import eventually
from tests.support.compose import environment_of, health_check_of, on_loopback, services
from tests.support.contained import Runtime, proper_rights, rights, serving, walkthrough
from tests.support.emulators import Emulator, ministack
from tests.support.servers import provisioned
from tests.support.store import LeftOut

MODULE = "tests.image.check"
HINT = "CONTRIBUTING.md says how a base is made where no registry is reached"
TAG = "localhost/financial-api:check"
BUILDERS: tuple[type[Builder], ...] = (Docker, Buildah)
FACTS = (
    "import platform, sys; release = platform.freedesktop_os_release(); "
    "print(release['PRETTY_NAME'] + ', Python ' + sys.version.split()[0])"
)


def main() -> int:
    base = (sys.argv[1:] or [image.argument("BASE")])[0]
    builder = next((builder for builder in (kind() for kind in BUILDERS) if builder.works()), None)
    if builder is None:
        print("image-check: neither docker nor buildah can be used here", file=sys.stderr)
        return 1
    if builder.name == "buildah" and os.geteuid():
        os.execvp("buildah", ["buildah", "unshare", sys.executable, "-m", MODULE, base])  # noqa: S606
    print(f"image-check: {builder.name} builds on {base} …", flush=True)
    try:
        builder.build(base, TAG)
    except subprocess.CalledProcessError:
        print(f"image-check: {builder.name} cannot build on {base}; {HINT}", file=sys.stderr)
        return 1
    try:
        facts = _check(builder)
    except LeftOut as reason:
        print(f"image-check: it is built, but not run, since {reason}", file=sys.stderr)
        return 1
    finally:
        builder.remove(TAG)
    print(f"image-check: green, built by {builder.name} on {base} ({facts})")
    return 0


def _check(builder: Builder) -> str:
    """Hold the image to all of it, and return what is in it. Raises AssertionError, LeftOut."""
    _check_configuration(builder.configuration(TAG))
    with builder.running(TAG) as runtime, ministack() as emulator:
        assert rights(runtime) == proper_rights(image.environment()["DATA_DIR"])
        _say("a user without capabilities may write to DATA_DIR and to shared memory alone")
        with provisioned(emulator, Names().prefix):
            _check_running(runtime, emulator)
        return runtime.run(["python", "-c", FACTS], {}).stdout.strip()


def _check_configuration(found: Mapping[str, object]) -> None:
    env = found["Env"]
    assert isinstance(env, list)
    said = dict(pair.split("=", 1) for pair in env)
    assert said["PATH"].startswith("/opt/venv/bin:")
    assert (image.environment() | {"PATH": said["PATH"]}).items() <= said.items()
    assert found["User"] == "service"
    assert found["WorkingDir"] == image.work_folder()
    assert found["Cmd"] == image.command()
    health_check = found["Healthcheck"]
    assert isinstance(health_check, dict)
    assert health_check["Test"] == ["CMD", *image.health_check()]
    _say("user, environment, command and health check are the Dockerfile's")


def _check_running(runtime: Runtime, emulator: Emulator) -> None:
    """Run API and worker on an emulator, as compose does but for its names."""
    port = int(emulator.url.rpartition(":")[2])
    environment = on_loopback(environment_of("api", port)) | {"THROTTLE": "off"}
    worker = services()["worker"]["command"]
    with serving(runtime, environment) as api, runtime.running(worker, environment):
        eventually(lambda: runtime.run(health_check_of("worker"), environment).returncode == 0)
        eventually(lambda: runtime.run(image.health_check(), api.environment).returncode == 0)
        _say("API and worker are well by their health checks")
        assert api.get("/openapi.yaml").content == image.SCHEMA.read_bytes()
        assert api.get("/docs/swagger-ui-bundle.js").is_success
        _say("/docs has its schema")
        played = walkthrough(api.url, emulator.environment)
        assert played.returncode == 0, played.stdout + played.stderr
        _say(f"the walkthrough: {played.stdout.strip().splitlines()[-1]}")


def _say(what: str) -> None:
    print(f"  ok  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
