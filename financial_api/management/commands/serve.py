"""`manage.py serve`: the production server."""

import gc
import logging
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel import metrics
from financial_api.kernel.ports import obstacle
from financial_api.serving.server import allow_open_files, production_server
from financial_api.settings.logs import logging_settings
from infra_backends import handles
from infra_backends.checks import refuse_to_serve

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serve with granian: HOST, PORT, WORKERS and THREADS come from the environment."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the settings, which loads all that workers share, and serve until told to stop.

        The workers are forked from here: each is there at once, on the same memory. Nothing before
        that starts a thread or opens a connection.
        """
        reason = obstacle(settings.HOST, settings.PORT, "make serve")
        if reason := reason or allow_open_files(settings.CONNECTIONS, settings.THREADS):
            raise CommandError(reason)
        # In the environment too, for workers of systems on which granian does not fork.
        settings.LISTEN_ADDRESS = os.environ["LISTEN_ADDRESS"] = settings.HOST
        if "ACCESS_LOG" not in os.environ:
            os.environ["ACCESS_LOG"] = "on"
            # Each worker sets logging up anew.
            format, level = settings.LOG_FORMAT, settings.LOG_LEVEL
            settings.LOGGING = logging_settings(format, level, access=True)
        directory = settings.METRICS_DIR or settings.DATA_DIR / "metrics"
        if metrics.share(directory):
            metrics.forget_the_dead(directory)
            os.environ["METRICS_DIR"] = str(directory)
        for line in refuse_to_serve(*handles()):
            logger.warning(line)
        gc.freeze()
        production_server(
            "financial_api.rsgi:application",
            settings.HOST,
            settings.PORT,
            workers=settings.WORKERS,
            connections=settings.CONNECTIONS,
            keep_alive_seconds=settings.KEEP_ALIVE_SECONDS,
            json_lines=settings.LOG_FORMAT == "json",
        ).serve()
