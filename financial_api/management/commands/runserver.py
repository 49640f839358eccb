"""`manage.py runserver`: Django's own, on HOST and PORT, refusing what `serve` refuses."""

import os
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.runserver import Command as DjangoRunserver
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from financial_api.kernel.ports import obstacle
from financial_api.management.development_server import Pool, Server
from infra_backends import handles, persistence
from infra_backends.checks import refuse_to_serve
from infra_backends.exceptions import BackendUnavailable

USUAL_PORT = 8000


class Command(DjangoRunserver):
    default_addr = default_addr_ipv6 = settings.HOST
    default_port = str(settings.PORT)
    server_cls = Server
    addr: str
    port: str
    _raw_ipv6: bool
    _is_brief = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--brief", action="store_true", help="say where it listens, and not what to try"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["addrport"]:
            options["use_ipv6"] = ":" in settings.HOST
        super().handle(*args, **options)

    def run(self, **options: Any) -> None:
        settings.LISTEN_ADDRESS = os.environ["LISTEN_ADDRESS"] = self.addr
        if DJANGO_AUTORELOAD_ENV not in os.environ:  # the process that reloads asks, and not each
            refuse_to_serve(*handles())
            if reason := obstacle(self.addr, int(self.port), "make run"):
                raise CommandError(reason)
        self._is_brief = options["brief"]
        super().run(**options)

    def check_migrations(self) -> None:
        """Say which migrations are missing, and serve on where the database does not answer."""
        try:
            persistence.ping()
        except BackendUnavailable as error:
            self.stderr.write(f"The store does not answer: {error}")
        else:
            super().check_migrations()

    def get_handler(self, *args: Any, **options: Any) -> WSGIHandler:
        return Pool(super().get_handler(*args, **options), settings.THREADS)

    def on_bind(self, server_port: int) -> None:
        """Say what there is, now that a client can connect."""
        url = f"http://{f'[{self.addr}]' if self._raw_ipv6 else self.addr}:{server_port}"
        self.stdout.write(f"The API listens at {url} until Ctrl-C.")
        if not self._is_brief:
            self._say_what_to_try(url, server_port)
        self.stdout.flush()

    def _say_what_to_try(self, url: str, server_port: int) -> None:
        self.stdout.write(f"\n  {url}/docs\n      every operation, to read and to try")
        if settings.ALLOW_MOCK_TOKENS:
            port = "" if server_port == USUAL_PORT else f"PORT={server_port} "
            self.stdout.write(
                "  .venv/bin/python manage.py mock_token --ecosystem-id user-001\n"
                "      a token for it\n"
                f"  {port}make walkthrough\n"
                "      the whole story, in another terminal"
            )
        self.stdout.write("")
