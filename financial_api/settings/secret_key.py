"""The key that cursors and confirmation tokens are signed with."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from financial_api.kernel import environment

SHORTEST = 32


def given_secret_key() -> str:
    """Return SECRET_KEY, or nothing."""
    return environment.secret("SECRET_KEY", shortest=SHORTEST)


def secret_key(folder: Path) -> str:
    """Return SECRET_KEY, else one that is made once and kept, so that cursors outlive a restart.

    Raises InvalidSettings where it is neither given nor can be kept.
    """
    return given_secret_key() or _kept(folder / "secret_key")


def _kept(path: Path) -> str:
    try:
        if not path.exists():
            _make(path)
        key = path.read_text("ascii", errors="ignore")
    except OSError as error:
        raise environment.InvalidSettings(
            f"SECRET_KEY is not set, and none can be kept in DATA_DIR: {path}: {error.strerror}."
        ) from error
    if len(key) < SHORTEST:
        raise environment.InvalidSettings(
            f"SECRET_KEY is not set, and what {path} holds is shorter than {SHORTEST} characters: "
            "delete it, and another is made."
        )
    return key


def _make(path: Path) -> None:
    """Put a key there whole, unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
        file.write(secrets.token_urlsafe(50))
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
