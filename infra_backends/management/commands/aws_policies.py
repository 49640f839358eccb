"""Prints what each process may do on AWS as IAM policies."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel import environment
from infra_backends.management.permissions import (
    ALWAYS,
    ANY,
    POOL,
    Permission,
    Place,
    permissions_in,
    policy,
)

PROVISIONING = "provisioning"
"""The role of who makes the pool, whose id nobody knows before."""
TABLE = "docs/permissions.md"


class Command(BaseCommand):
    help = f"Print the permissions of {TABLE} as IAM policies, for the servers' environment."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        permissions = permissions_in((settings.BASE_DIR / TABLE).read_text(encoding="utf-8"))
        roles = dict.fromkeys(role for each in permissions for role in each.roles)
        parts = sorted({each.when for each in permissions} - {ALWAYS})
        parser.set_defaults(permissions=permissions, roles=roles)
        parser.add_argument("--account", required=True, type=_account, help="the account's id")
        parser.add_argument("--role", choices=roles, help="its policy alone; else all, by role")
        for option, said in (
            ("--with", "permit what is for this too, though the settings do not have it on"),
            ("--without", "leave out what is for this alone"),
        ):
            parser.add_argument(
                option, choices=parts, action="append", default=[], help=f"{said}; repeatable"
            )

    def handle(
        self,
        *args: Any,
        account: str,
        permissions: Sequence[Permission],
        role: str | None,
        roles: Sequence[str],
        without: Sequence[str],
        **options: Any,
    ) -> None:
        place = _place(account)
        applying = {ALWAYS, *place.parts, *options["with"]}.difference(without)
        policies = {}
        for name in [role] if role else roles:
            own = [each for each in permissions if name in each.roles and each.when in applying]
            try:
                policies[name] = policy(own, _with_a_pool(place, name, own))
            except CommandError as error:
                if role:
                    raise
                self.stderr.write(f"Left out: {error}")
        self.stdout.write(json.dumps(policies[role] if role else policies, indent=2))


def _place(account: str) -> Place:
    """Return where the settings say that the installation is. Raises CommandError."""
    named: dict[str, Any] | None = getattr(settings, "AWS_PLACE", None)
    if named is None:
        raise CommandError("Only financial_api.settings.aws says where an installation is.")
    region, pool = named["region"], named["pool"]
    if not region:
        raise CommandError(environment.missing("AWS_REGION", "AWS_REGION=eu-west-1"))
    if pool and not pool.startswith(f"{region}_"):
        raise CommandError(f"COGNITO_USER_POOL_ID: {pool} is not in the region {region}.")
    try:
        partition = botocore.session.get_session().get_partition_for_region(region)
    except BotoCoreError as error:
        raise CommandError(f"AWS_REGION: {error}") from error
    return Place(partition=partition, account=account, **named)


def _with_a_pool(place: Place, role: str, permissions: Sequence[Permission]) -> Place:
    """Return a place whose pool is known, or is any for who makes it. Raises CommandError."""
    if place.pool or not any(POOL in each.words for each in permissions):
        return place
    if role != PROVISIONING:
        raise CommandError(
            f"COGNITO_USER_POOL_ID is not set, and {role} is to have no other pool than its own; "
            f"before the first aws_provision: --role {PROVISIONING}"
        )
    return replace(place, pool=ANY)


def _account(text: str) -> str:
    if re.fullmatch(r"[0-9]{12}", text) is None:
        raise ArgumentTypeError("valid are 12 digits")
    return text
