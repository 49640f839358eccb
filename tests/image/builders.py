"""What builds the image and runs its processes: docker, or buildah and the kernel's namespaces."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tests.image.pip_settings import pip_secrets
from tests.support import image
from tests.support.contained import RUN_SECONDS, STOP_SECONDS, Contained, Runtime
from tests.support.sandbox import Sandbox, require_namespaces

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class Builder(Protocol):
    """A program that builds images."""

    name: ClassVar[str]

    def works(self) -> bool:
        """Return whether it is here, and can be used."""

    def build(self, base: str, tag: str) -> None:
        """Build the image on a base. Raises subprocess.CalledProcessError."""

    def configuration(self, tag: str) -> dict[str, Any]:
        """Return what the image says of itself: User, Env, Cmd, WorkingDir, Healthcheck."""

    def running(self, tag: str) -> contextlib.AbstractContextManager[Runtime]:
        """Give what runs processes in the image, read-only and without rights."""

    def remove(self, tag: str) -> None:
        """Remove the image."""


class Docker:
    name: ClassVar[str] = "docker"

    def works(self) -> bool:
        """Return whether the client is here and its engine answers."""
        return _succeeds("docker", "info")

    def build(self, base: str, tag: str) -> None:
        os.environ["DOCKER_BUILDKIT"] = "1"
        _build(["docker", "build", "--network", "host"], base, tag)

    def configuration(self, tag: str) -> dict[str, Any]:
        return _json("docker", "image", "inspect", "--format", "{{json .Config}}", tag)

    @contextlib.contextmanager
    def running(self, tag: str) -> Iterator[Runtime]:
        yield _Containers(tag)

    def remove(self, tag: str) -> None:
        _do("docker", "image", "rm", "--force", tag)


class Buildah:
    name: ClassVar[str] = "buildah"

    def works(self) -> bool:
        """Return whether it is here; without overlays its images are copies."""
        if shutil.which("buildah") and not _succeeds("buildah", "info"):
            os.environ["STORAGE_DRIVER"] = "vfs"
        return _succeeds("buildah", "info")

    def build(self, base: str, tag: str) -> None:
        # A health check is not of the format that it builds by default.
        command = ["buildah", "build", "--format", "docker", "--isolation", "chroot"]
        _build([*command, "--network", "host"], base, tag)

    def configuration(self, tag: str) -> dict[str, Any]:
        found: dict[str, Any] = _json("buildah", "inspect", "--type", "image", tag)["Docker"]
        return dict(found["config"])

    @contextlib.contextmanager
    def running(self, tag: str) -> Iterator[Runtime]:
        require_namespaces()
        container = _said("buildah", "from", "--pull-never", tag)
        try:
            root = Path(_said("buildah", "mount", container))
            with tempfile.TemporaryDirectory(prefix="financial-api-root-") as place:
                yield Sandbox(
                    Path(place),
                    image.work_folder(),
                    image.user_id(),
                    image.environment(),
                    source=root,
                    writable=image.environment()["DATA_DIR"],
                )
        finally:
            _do("buildah", "rm", container)

    def remove(self, tag: str) -> None:
        _do("buildah", "rmi", "--force", tag)


@dataclass(frozen=True, slots=True)
class _Containers:
    """Containers of an image, on this machine's network."""

    tag: str

    @contextlib.contextmanager
    def running(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> Iterator[Contained]:
        name = f"financial-api-{secrets.token_hex(4)}"
        with tempfile.NamedTemporaryFile(prefix="financial-api-log-") as output:
            process = subprocess.Popen(
                self._words(name, command, environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                yield Contained(process, Path(output.name))
            finally:
                subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
                process.wait(STOP_SECONDS)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._words(f"financial-api-{secrets.token_hex(4)}", command, environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )

    def _words(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        user, folder = image.user_id(), image.environment()["DATA_DIR"]
        given = [word for pair in environment.items() for word in ("--env", "=".join(pair))]
        return [
            *("docker", "run", "--rm", "--name", name, "--network", "host", "--read-only"),
            *("--tmpfs", f"{folder}:uid={user},gid={user},mode=0700"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *given,
            *(self.tag, *command),
        ]


def _build(command: list[str], base: str, tag: str) -> None:
    with tempfile.TemporaryDirectory(prefix="financial-api-pip-") as folder:
        given = [word for name in PROXIES if name in os.environ for word in ("--build-arg", name)]
        for name, file in pip_secrets(Path(folder)).items():
            given += ["--secret", f"id={name},src={file}"]
        target = ["--target", "service", "--build-arg", f"BASE={base}", "--tag", tag]
        _do(*command, *target, *given, str(image.ROOT))


def _do(*command: str) -> None:
    """Run a command; what it wrote is shown where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr)
    done.check_returncode()


def _succeeds(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=RUN_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _json(*command: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_said(*command))
    return found
