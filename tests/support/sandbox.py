"""Processes as a container runtime starts them from a root folder: read-only, without any rights.

By the kernel's namespaces and util-linux alone. The mounts are seen by such a process only, and are
gone with it; the network is this machine's.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.contained import RUN_SECONDS, STOP_SECONDS, Contained
from tests.support.store import LeftOut

TOOLS = ("env", "hostname", "mount", "pivot_root", "setpriv", "umount", "unshare")
HOST_FOLDERS = ("bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "usr")
"""What an image of this machine's system would hold, as far as Python needs it."""

PREPARE = """
set -eu
umask 022
root=$1 source=$2 work=$3 user=$4 writable=$5 owner=$6 host=$7 mounts=$8
shift 8
hostname "$host"
if [ "$source" ]; then
    mount --rbind "$source" "$root"
else
    mount -t tmpfs -o mode=755 tmpfs "$root"
    mkdir "$root/dev" "$root/mnt" "$root/proc" "$root/tmp" "$root/var"
fi
eval "$mounts"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
if [ "$writable" ]; then
    mkdir -p "$root$writable"
    mount -t tmpfs -o "uid=$owner,gid=$owner,mode=700" tmpfs "$root$writable"
fi
while read -r _ _ _ _ place flags _; do
    case $place in
        "$root/dev" | "$root/dev/"* | "$root/proc" | "$root/proc/"*) ;;
        "$root${writable:-/proc}") ;;
        "$root" | "$root/"*) mount -o "remount,bind,ro${flags#r[ow]}" "$place" ;;
    esac
done < /proc/self/mountinfo
cd "$root"
pivot_root . mnt
cd "$work"
umount -l /mnt
if [ "$owner" = "$user" ]; then
    exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all \\
        --ambient-caps=-all --bounding-set=-all --no-new-privs "$@"
else
    exec unshare --user --map-user "$user" --map-group "$user" setpriv --no-new-privs "$@"
fi
"""
"""Makes the root folder, has nothing but `writable` written, and becomes the command as `user`."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What processes are started in.

    `place` is an empty folder to mount on. The root is `source`, or this machine's system with
    `shown`, folders by the place that they are to have. `writable` is the one place to write to,
    and `host` the name of the machine there.
    """

    place: Path
    work: str
    user: int
    environment: Mapping[str, str]
    shown: tuple[tuple[Path, str], ...] = ()
    source: Path | None = None
    writable: str = ""
    host: str = field(default_factory=lambda: secrets.token_hex(6))

    @contextlib.contextmanager
    def running(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> Iterator[Contained]:
        """Run a command until the block ends; its process id is the command's."""
        with tempfile.NamedTemporaryFile(prefix="financial-api-log-") as output:
            process = subprocess.Popen(
                self._words(command, environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield Contained(process, Path(output.name))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_SECONDS)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, and return what it wrote."""
        return subprocess.run(
            self._words(command, environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )

    def _words(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        given = [f"{name}={value}" for name, value in (self.environment | environment).items()]
        mounts = "" if self.source else "\n".join(_mounts(self.place, self.shown))
        owner = self.user if _is_root() else 0
        place, source = self.place, self.source or ""
        arguments = [place, source, self.work, self.user, self.writable, owner, self.host]
        return [
            *_namespaces(),
            *("sh", "-c", PREPARE, "sh", *map(str, arguments), mounts),
            *("env", "--ignore-environment", *given, *command),
        ]


def require_namespaces() -> None:
    """Raise LeftOut where this machine or this user cannot have a mount of its own."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        raise LeftOut(f"there is no {', '.join(missing)}")
    tried = subprocess.run(
        [*_namespaces(), "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True
    )
    if tried.returncode:
        raise LeftOut(f"no mount can be made here ({tried.stderr.strip()})")


def python_in(environment: Path) -> tuple[tuple[Path, str], ...]:
    """Return a virtual environment as /opt/venv, and what it leans on where that is."""
    home = re.findall(r"^home = (.*)$", (environment / "pyvenv.cfg").read_text(), re.MULTILINE)
    programs = {Path(home[0], "python"), (environment / "bin/python").resolve()}
    bases = {program.parents[1] for program in programs}
    leant_on = sorted(base for base in bases if not base.is_relative_to("/usr"))
    environment = environment.resolve()
    paths = [environment, *leant_on]
    return (environment, "/opt/venv"), *((path, str(path)) for path in paths)


def _is_root() -> bool:
    return os.geteuid() == 0


def _namespaces() -> list[str]:
    return ["unshare", "--mount", "--uts", *([] if _is_root() else ["--user", "--map-root-user"])]


def _mounts(root: Path, shown: Sequence[tuple[Path, str]]) -> list[str]:
    """Return the lines that show the system's folders, and others, below a root."""
    lines = []
    for name in HOST_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            lines.append(f"ln -s {os.readlink(folder)} {root}/{name}")
        elif folder.exists():
            lines += _shown(folder, root, f"/{name}")
    for source, target in shown:
        lines += _shown(source, root, target)
    return lines


def _shown(source: Path, root: Path, target: str) -> list[str]:
    place = f"'{root}{target}'"
    return [f"[ -e {place} ] || mkdir -p {place}", f"mount --rbind '{source}' {place}"]
