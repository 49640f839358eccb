"""Prints the AWS resources as a CloudFormation template."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from infra_backends.aws.names import names_here
from infra_backends.aws.template import template


class Command(BaseCommand):
    help = "Print a CloudFormation template of all AWS resources, for the prefix in AWS_PREFIX."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(template(names_here()), indent=2))
