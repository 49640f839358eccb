"""`manage.py showmigrations`: Django's own."""

from django.core.management.commands.showmigrations import Command as DjangoShowMigrations

from infra_backends.persistence.orm.management.in_a_line import InALine


class Command(InALine, DjangoShowMigrations):
    pass
