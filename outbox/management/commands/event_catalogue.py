"""`manage.py event_catalogue`: what events there are and what they tell, made from the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from financial_api.application import event_catalogue as catalogue


class Command(BaseCommand):
    help = "Print the JSON Schema of all events, or the catalogue for people."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--markdown", action="store_true", help="the catalogue for people")

    def handle(self, *args: Any, **options: Any) -> None:
        text = catalogue.markdown() if options["markdown"] else catalogue.schema_text()
        self.stdout.write(text, ending="")
