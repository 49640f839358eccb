"""The key that cursors and confirmation tokens are signed with."""

import secrets
from pathlib import Path


def own_secret_key(folder: Path) -> str:
    """Return a key that is made once and kept with the data, so that cursors outlive a restart."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()
