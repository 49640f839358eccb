"""Prints a development token, and nothing else on standard output, so that a shell can use it."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import development_tokens
from accounts.callers import is_ecosystem_id
from accounts.entities import Role


class Command(BaseCommand):
    help = "Print a development token: TOKEN=$(manage.py mock_token --ecosystem-id user-001)"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ecosystem-id", required=True, help="whom the token speaks for")
        parser.add_argument("--role", choices=[str(role) for role in Role], default=str(Role.USER))
        parser.add_argument("--email", help="default: <ecosystem-id>@test.local")

    def handle(self, *args: Any, ecosystem_id: str, role: str, email: str | None, **_: Any) -> None:
        if not is_ecosystem_id(ecosystem_id):
            raise CommandError(
                f"{ecosystem_id!r} is no ecosystemId: 1 to 128 of A-Z a-z 0-9 _ - . : @"
            )
        if not settings.ALLOW_MOCK_TOKENS:
            self.stderr.write("Development tokens are off here (ALLOW_MOCK_TOKENS); a server with")
            self.stderr.write("these settings will refuse this one.")
        self.stdout.write(development_tokens.issue(ecosystem_id, role, email))
