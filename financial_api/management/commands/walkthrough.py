"""Plays the story of the HTTP contract against a running server."""

import contextlib
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from financial_api.walkthrough.cast import Casting, DevelopmentCasting
from financial_api.walkthrough.client import Client, Unreachable
from financial_api.walkthrough.report import Report
from financial_api.walkthrough.story import play
from financial_api.walkthrough.user_pool import UserPoolCasting
from infra_backends.aws.provisioning.locality import NotLocal

DIFFERS = 1
UNREACHABLE = 2


class Command(BaseCommand):
    help = (
        "Play the whole story of the HTTP contract against a running server that accepts "
        "development tokens or, with --user-pool, those of an emulator's user pool. "
        "Exit status: 0 as the contract says, 1 something differs, 2 the server cannot be reached."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")
        parser.add_argument(
            "--user-pool",
            action="store_true",
            help="give everybody an account in the user pool of the emulator that is configured",
        )

    def handle(
        self, *args: Any, base_url: str, user_pool: bool, no_color: bool, **options: Any
    ) -> None:
        report = Report(sys.stdout, colour=not no_color)
        try:
            with _casting(user_pool) as casting, Client(base_url) as client:
                as_the_contract_says = play(client, casting, report)
        except NotLocal as error:
            raise CommandError(str(error)) from error
        except Unreachable as error:
            raise CommandError(
                f"{base_url} does not answer ({error}). Is the server running there?",
                returncode=UNREACHABLE,
            ) from error
        if not as_the_contract_says:
            raise CommandError("The server differs from the contract.", returncode=DIFFERS)


def _casting(user_pool: bool) -> contextlib.AbstractContextManager[Casting]:
    return UserPoolCasting() if user_pool else contextlib.nullcontext(DevelopmentCasting())
