"""Makes a demo user and a demo admin, and says how to try the service with them."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import development_tokens, services
from accounts.callers import Caller
from accounts.entities import Role
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable


@dataclass(frozen=True, slots=True)
class _Demo:
    title: str
    variable: str
    ecosystem_id: str
    role: Role
    email: str

    @property
    def token(self) -> str:
        return development_tokens.issue(self.ecosystem_id, self.role, self.email)


DEMO = (
    _Demo("user", "USER_TOKEN", "user-001", Role.USER, "user@test.local"),
    _Demo("admin", "ADMIN_TOKEN", "admin-001", Role.ADMIN, "admin@test.local"),
)


class Command(BaseCommand):
    help = "Register a demo user and a demo admin, and print their development tokens."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--prefix",
            default="",
            help="what their ids begin with, where user-001 and admin-001 are somebody else's",
        )

    def handle(self, *args: Any, prefix: str, **options: Any) -> None:
        if not settings.ALLOW_MOCK_TOKENS:
            self.stdout.write("Development tokens are off here (ALLOW_MOCK_TOKENS), so there is")
            self.stdout.write("nobody the demo could sign in as. Nothing was changed.")
            return
        demos = [replace(demo, ecosystem_id=prefix + demo.ecosystem_id) for demo in DEMO]
        if persistence.shared_between_processes:
            self._register(demos)
        else:
            self.stdout.write("These settings keep everything in the memory of the server's own")
            self.stdout.write("process: the demo users have to register with it (see below).")
        self._print_tokens(demos)
        self._print_next_steps()

    def _register(self, demos: Sequence[_Demo]) -> None:
        for demo in demos:
            caller = Caller(development_tokens.identify(demo.token))
            try:
                registration = services.register(caller, demo.email)
            except BackendUnavailable as error:
                raise CommandError(f"The store does not answer: {error}") from error
            done = "registered" if registration.created else "was there already"
            self.stdout.write(f"Demo {demo.title} {demo.ecosystem_id} <{demo.email}> {done}.")

    def _print_tokens(self, demos: Sequence[_Demo]) -> None:
        self.stdout.write("\nTheir development tokens, as lines for a shell:\n\n")
        for demo in demos:
            self.stdout.write(f"  {demo.variable}={demo.token}")

    def _print_next_steps(self) -> None:
        base_url = f"http://127.0.0.1:{settings.PORT}"
        self.stdout.write("\nWith the server running, and those two lines given to the shell:\n\n")
        if not persistence.shared_between_processes:
            self.stdout.write(
                f'  curl -X POST {base_url}/v1/users -H "Authorization: Bearer $USER_TOKEN"'
            )
        for path, variable in (
            ("/v1/dashboard", "USER_TOKEN"),
            ("/v1/offers", "USER_TOKEN"),
            ("/v1/admin/card-requests", "ADMIN_TOKEN"),
        ):
            self.stdout.write(f'  curl {base_url}{path} -H "Authorization: Bearer ${variable}"')
        self.stdout.write(f"\nOr let `make walkthrough BASE_URL={base_url}` play the whole story.")
