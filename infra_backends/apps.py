"""Refuses to start with a backend or an option that does not exist."""

from django.apps import AppConfig


class InfraBackendsConfig(AppConfig):
    name = "infra_backends"

    def ready(self) -> None:
        from infra_backends import checks, handles

        for handle in handles():
            handle.validate()
        checks.register_all()
