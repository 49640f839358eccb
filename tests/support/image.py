"""The image `service` as its Dockerfile and .dockerignore describe it, without building it."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
SCHEMA = ROOT / "openapi.yaml"
USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTRUCTION = re.compile(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.MULTILINE)


def stages() -> dict[str, str]:
    """Return the text of each stage of the Dockerfile."""
    parts = re.split(r"^FROM \S+ AS (\S+)$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def argument(name: str) -> str:
    """Return the default of a build argument."""
    [value] = re.findall(rf"^ARG {name}=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return str(value)


def environment(*stages: str) -> dict[str, str]:
    """Return what stages of the image, by default all of `service`, have in the environment."""
    said = {"PATH": USUAL_PATH}
    for stage in stages or ("base", "service"):
        for text in _all_of(stage, "ENV"):
            for pair in text.replace("\\\n", " ").split():
                name, _, value = pair.partition("=")
                said[name] = value.replace(f"${name}", said.get(name, ""))
    return said


def command(stage: str = "service") -> list[str]:
    return _words(_all_of(stage, "CMD")[-1])


def health_check() -> list[str]:
    """Return the command of the image's health check."""
    return _words(_all_of("service", "HEALTHCHECK")[-1].partition("CMD")[2])


def work_folder() -> str:
    return _all_of("service", "WORKDIR")[-1]


def user_id() -> int:
    """Return the number of the user that the image runs as."""
    [name] = _all_of("service", "USER")
    [number] = re.findall(rf"useradd --uid (\d+) .*{name}$", stages()["base"], re.MULTILINE)
    return int(number)


def tree(top: Path = ROOT) -> list[str]:
    """Return the path of every file that .dockerignore lets through, sorted."""
    return sorted(_let_through(top, "", _rules()))


def copy_tree(target: Path) -> None:
    """Copy what .dockerignore lets through, writable for its owner alone, as COPY does for root."""
    for name in tree():
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, file)
        file.chmod((ROOT / name).stat().st_mode & 0o755 | 0o644)
    for folder, _, _ in os.walk(target):
        Path(folder).chmod(0o755)


def _all_of(stage: str, instruction: str) -> list[str]:
    return [text for name, text in INSTRUCTION.findall(stages()[stage]) if name == instruction]


def _words(text: str) -> list[str]:
    return [str(word) for word in json.loads(text.strip().lstrip("\\\n "))]


Rules = list[tuple[bool, re.Pattern[str]]]


def _rules() -> Rules:
    """Return in order whether each line of .dockerignore takes out, and what it matches."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    said = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [(not line.startswith("!"), _pattern(line.removeprefix("!"))) for line in said]


def _pattern(text: str) -> re.Pattern[str]:
    """Return what a pattern matches: a path, or all that is below it."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", text.strip("/"))
    return re.compile("".join(parts.get(t, re.escape(t)) for t in tokens) + "(?:/.*)?")


def _let_through(top: Path, within: str, rules: Rules) -> Iterator[str]:
    for entry in os.scandir(top / within):
        path = f"{within}/{entry.name}".lstrip("/")
        if _is_left_out(path, rules):
            continue  # nothing below what is left out is named by a rule of its own
        if entry.is_dir(follow_symlinks=False):
            yield from _let_through(top, path, rules)
        else:
            yield path


def _is_left_out(path: str, rules: Rules) -> bool:
    """Return what the last rule says that matches: each takes out or lets in again."""
    matching = [takes_out for takes_out, pattern in rules if pattern.fullmatch(path)]
    return bool(matching) and matching[-1]
