"""`manage.py runserver`: Django's own, on HOST and PORT, refusing what `serve` refuses."""

import os
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import CommandError
from django.core.management.commands.runserver import Command as DjangoRunserver

from financial_api.development_server import Pool, Server
from financial_api.kernel.loopback import is_loopback
from financial_api.ports import is_free, taken


class Command(DjangoRunserver):
    default_addr = settings.HOST
    default_port = str(settings.PORT)
    server_cls = Server
    addr: str
    port: str

    def run(self, **options: Any) -> None:
        if settings.ALLOW_MOCK_TOKENS and not is_loopback(self.addr):
            raise CommandError(
                f"ALLOW_MOCK_TOKENS is on, and {self.addr} is not a loopback address."
            )
        if not is_free(self.addr, int(self.port)):
            raise CommandError(taken(int(self.port), "make run"))
        settings.LISTEN_ADDRESS = os.environ["LISTEN_ADDRESS"] = self.addr
        super().run(**options)

    def get_handler(self, *args: Any, **options: Any) -> WSGIHandler:
        return Pool(super().get_handler(*args, **options), settings.THREADS)
