"""`manage.py`: the project's own commands, and of Django's those that make sense here."""

import os
import sys
from difflib import get_close_matches

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand

OWN = ("accounts", "financial_api", "infra_backends", "notifications", "outbox")
OTHERS = {"check", "shell", "spectacular"}
OF_A_DATABASE = {"dbshell", "makemigrations", "migrate", "showmigrations", "sqlmigrate"}
"""What there is where DATABASES names one. Django's others would pass by the services, as `flush`
and `loaddata`, show secrets, as `diffsettings`, or are for what is not here, as `startapp`."""


class CommandLine(ManagementUtility):
    def main_help_text(self, commands_only: bool = False) -> str:
        commands = self._commands()
        if commands_only:
            return "\n".join(sorted(commands))
        of_app: dict[str, list[str]] = {app: [] for app in (*OWN, "others")}
        for name, app in sorted(commands.items()):
            package = app.partition(".")[0]
            of_app[package if package in OWN else "others"].append(name)
        lines = [f"Type '{self.prog_name} help <command>' for what one does. There are"]
        for app in of_app:
            lines += ["", f"[{app}]", *(f"    {name}" for name in of_app[app])]
        return "\n".join(lines)

    def fetch_command(self, subcommand: str) -> BaseCommand:
        commands = self._commands()
        if subcommand in OF_A_DATABASE - commands.keys():
            sys.exit(f"{settings.SETTINGS_MODULE} has no database, so there is no {subcommand}.")
        if subcommand not in commands:
            near = get_close_matches(subcommand, commands)
            hint = f" Did you mean {near[0]}?" if near else ""
            sys.exit(f"Unknown command: {subcommand!r}.{hint} '{self.prog_name} help' lists all.")
        return super().fetch_command(subcommand)

    def _commands(self) -> dict[str, str]:
        """Return the app of each command that makes sense here."""
        fault = self.settings_exception
        if fault is None and "financial_api" not in settings.INSTALLED_APPS:
            fault = ImproperlyConfigured("it has none of this service's apps")
        if fault is not None:
            module = os.environ["DJANGO_SETTINGS_MODULE"]
            sys.exit(f"DJANGO_SETTINGS_MODULE is {module!r}: {fault}.")
        sensible = OTHERS | OF_A_DATABASE if settings.DATABASES else OTHERS
        return {
            name: app
            for name, app in get_commands().items()
            if name in sensible or app.partition(".")[0] in OWN
        }
