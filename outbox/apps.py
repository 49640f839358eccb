from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "outbox"

    def ready(self) -> None:
        """Have sent events and expired keys deleted from time to time."""
        from outbox import retention, upkeep

        upkeep.chore("retention", every_seconds=retention.EVERY_SECONDS)(retention.sweep)
