"""ministack, the emulator of AWS, as `make aws` and the tests start it.

It is an ASGI application. The server that it starts by itself takes most of a call's CPU, so here
another one has it.
"""

from pathlib import Path

EMULATOR = Path(".emulator", "bin", "uvicorn")
"""Where `make` installs it, from the project's folder."""


def command(root: Path, port: int) -> list[str]:
    """Return what starts it on a port of loopback."""
    return [
        str(root / EMULATOR),
        "ministack.app:app",
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--http", "httptools", "--loop", "uvloop", "--ws", "none"),
        *("--timeout-keep-alive", "75", "--log-level", "warning", "--no-access-log"),
    ]


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return what it reads from its environment; what it is to keep goes to a folder."""
    return {
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
    }
