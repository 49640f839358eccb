"""Makes the AWS resources of an installation, or brings them up to date."""

from argparse import ArgumentParser
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import BaseCommand, CommandError

from infra_backends.aws.names import names_here
from infra_backends.aws.provisioning import provision
from infra_backends.aws.provisioning.changes import ProvisioningError
from infra_backends.aws.provisioning.clients import Clients
from infra_backends.aws.provisioning.locality import NotLocal, require_account, require_local


class Command(BaseCommand):
    help = (
        "Make the AWS resources that are missing, correct those that differ, and say of each "
        "what was done. Nothing that holds data is ever deleted or overwritten."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--development-users",
            action="store_true",
            help="make user@test.com and admin@test.com too; on an emulator only",
        )
        parser.add_argument(
            "--i-know-this-is-not-local",
            metavar="ACCOUNT_ID",
            help="work on AWS itself, in this account",
        )

    def handle(
        self,
        *args: Any,
        development_users: bool,
        i_know_this_is_not_local: str | None,
        **options: Any,
    ) -> None:
        account = i_know_this_is_not_local
        if account and development_users:
            raise CommandError("Everyone knows the development users' password: not on AWS.")
        try:
            with Clients() as clients:
                if account:
                    require_account(clients, account)
                else:
                    require_local(clients)
                for change in provision(
                    clients, names_here(), with_development_users=development_users
                ):
                    if options["verbosity"]:
                        self.stdout.write(str(change))
        except NotLocal as error:
            raise CommandError(
                f"{error} For AWS itself give --i-know-this-is-not-local with the account's id."
            ) from error
        except (ProvisioningError, BotoCoreError, ClientError) as error:
            raise CommandError(str(error)) from error
