"""Prints an ID token of the user pool, and nothing else on standard output, for use in a shell."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra_backends import identity
from infra_backends.aws.development_users import DEVELOPMENT_PASSWORD, DEVELOPMENT_USERS
from infra_backends.exceptions import BackendUnavailable, SignInRefused

PASSWORD = "COGNITO_PASSWORD"  # noqa: S105  # a name


class Command(BaseCommand):
    help = "Print an ID token: TOKEN=$(manage.py cognito_token --username user@test.com)"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True, help="whom to sign in, such as an email")
        parser.add_argument("--password", help=f"default: {PASSWORD}, or a development user's")

    def handle(self, *args: Any, username: str, password: str | None, **_: Any) -> None:
        password = password or os.environ.get(PASSWORD) or _development_password(username)
        if not password:
            raise CommandError(f"Give the account's --password, or set {PASSWORD}.")
        if lines := identity.missing():
            raise CommandError("\n".join(lines))
        try:
            token = identity.sign_in(username, password)
        except SignInRefused as refusal:
            raise CommandError(f"Nobody was signed in: {refusal}.") from refusal
        except BackendUnavailable as failure:
            raise CommandError(f"The identity provider cannot be asked: {failure}.") from failure
        self.stdout.write(token)


def _development_password(username: str) -> str | None:
    """Return the password that a development user has in a pool that was provisioned locally."""
    known = {user.email for user in DEVELOPMENT_USERS}
    return DEVELOPMENT_PASSWORD if username in known else None
