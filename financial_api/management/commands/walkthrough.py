"""Plays the story of the HTTP contract against a running server."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from financial_api.walkthrough.cast import DevelopmentCasting
from financial_api.walkthrough.client import Client, Unreachable
from financial_api.walkthrough.report import Report
from financial_api.walkthrough.story import play

DIFFERS = 1
UNREACHABLE = 2


class Command(BaseCommand):
    help = (
        "Play the whole story of the HTTP contract against a running server that accepts "
        "development tokens. Exit status: 0 as the contract says, 1 something differs, "
        "2 the server cannot be reached."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, base_url: str, no_color: bool, **options: Any) -> None:
        report = Report(sys.stdout, colour=not no_color)
        try:
            with Client(base_url) as client:
                as_the_contract_says = play(client, DevelopmentCasting(), report)
        except Unreachable as error:
            raise CommandError(
                f"{base_url} does not answer ({error}). Is the server running there?",
                returncode=UNREACHABLE,
            ) from error
        if not as_the_contract_says:
            raise CommandError("The server differs from the contract.", returncode=DIFFERS)
