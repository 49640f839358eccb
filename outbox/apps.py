from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "outbox"

    def ready(self) -> None:
        """Have sent events and expired keys deleted from time to time."""
        from financial_api.application.chores import chore
        from outbox import retention

        chore("retention", every_seconds=retention.EVERY_SECONDS)(retention.sweep)
