"""`manage.py contract_gate`: whether openapi.yaml keeps what the released contract promised."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from financial_api.contract_gate.document import UnreadableContract, parse, read_text
from financial_api.contract_gate.report import report
from financial_api.contract_gate.verdict import judge, objection


class Command(BaseCommand):
    help = (
        "Fail if openapi.yaml breaks clients of the released contract, unless a new major version "
        "says so in its changelog. With --release, make it the released one."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        root = Path(settings.BASE_DIR)
        parser.add_argument("--released", type=Path, default=root / "contract" / "released.yaml")
        parser.add_argument("--current", type=Path, default=root / "openapi.yaml")
        parser.add_argument("--changelog", type=Path, default=root / "CHANGELOG.md")
        parser.add_argument("--release", action="store_true", help="write the released contract")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            released, current = read_text(options["released"]), read_text(options["current"])
            verdict = judge(
                parse(released, str(options["released"])),
                parse(current, str(options["current"])),
                read_text(options["changelog"]),
            )
        except UnreadableContract as error:
            raise CommandError(str(error), returncode=2) from error
        if not verdict.passes:
            raise CommandError(report(verdict))
        self.stdout.write(report(verdict))
        if options["release"]:
            refused = objection(verdict, differs=released != current)
            if refused is not None:
                raise CommandError(f"Not released: {refused}.")
            options["released"].write_text(current, encoding="utf-8")
            self.stdout.write(f"Released as {verdict.current}.")
