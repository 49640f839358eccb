"""`manage.py migrate`: Django's own."""

from django.core.management.commands.migrate import Command as DjangoMigrate

from infra_backends.persistence.orm.management.in_a_line import InALine


class Command(InALine, DjangoMigrate):
    pass
