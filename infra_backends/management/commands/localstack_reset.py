"""Gives a developer a clean slate on the emulator."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import BaseCommand, CommandError

from infra_backends.aws.names import names_here
from infra_backends.aws.provisioning import reset
from infra_backends.aws.provisioning.changes import ProvisioningError
from infra_backends.aws.provisioning.clients import Clients
from infra_backends.aws.provisioning.locality import NotLocal, require_local


class Command(BaseCommand):
    help = (
        "Bring the emulator's resources of this prefix back to how a first provisioning leaves "
        "them: tables and queues empty, parameters at their defaults, the two development users. "
        "Only on loopback, localstack and names below it, never on AWS itself."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with Clients() as clients:
                require_local(clients)
                changes = list(reset(clients, names_here()))
        except (NotLocal, ProvisioningError, BotoCoreError, ClientError) as error:
            raise CommandError(str(error)) from error
        for change in changes:
            self.stdout.write(str(change))
