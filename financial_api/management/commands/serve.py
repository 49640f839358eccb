"""`manage.py serve`: the production server."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel import metrics
from financial_api.kernel.ports import is_free, taken

STOP_SECONDS = 10
"""How long requests under way may still take once the server is told to stop."""

LOGGING_OF_GRANIAN = settings.BASE_DIR / "financial_api/settings/granian_json.json"


class Command(BaseCommand):
    help = "Serve with granian: HOST, PORT, WORKERS and THREADS come from the environment."

    def handle(self, *args: Any, **options: Any) -> None:
        """Become the server; a signal then reaches it directly."""
        if not is_free(settings.HOST, settings.PORT):
            raise CommandError(taken(settings.PORT, "make serve"))
        os.environ["LISTEN_ADDRESS"] = settings.HOST
        os.environ["DJANGO_SETTINGS_MODULE"] = settings.SETTINGS_MODULE
        directory = settings.METRICS_DIR or settings.DATA_DIR / "metrics"
        os.environ["METRICS_DIR"] = str(directory)
        metrics.forget_the_dead(directory)
        command = server_command("financial_api.wsgi:application", settings.PORT)
        if settings.LOG_FORMAT == "json":
            command += ["--log-config", str(LOGGING_OF_GRANIAN)]
        else:
            self._say_what_to_try()
        os.execv(sys.executable, command)  # noqa: S606  # no shell, and every word is ours

    def _say_what_to_try(self) -> None:
        """Name the documentation; granian says by itself once it listens."""
        host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        self.stdout.write(f"Every operation is described at http://{host}:{settings.PORT}/docs")
        self.stdout.flush()


def server_command(application: str, port: int) -> list[str]:
    """Return the command that serves a WSGI application as the settings say."""
    return [
        sys.executable,
        *("-m", "granian", application),
        *("--interface", "wsgi", "--no-ws", "--http", "1"),
        *("--host", settings.HOST, "--port", str(port)),
        *("--workers", str(settings.WORKERS)),
        *("--blocking-threads", str(settings.THREADS)),
        *("--backpressure", str(2 * settings.THREADS)),
        *("--http1-header-read-timeout", "10000"),
        *("--workers-kill-timeout", str(STOP_SECONDS)),
        "--respawn-failed-workers",
    ]
