"""What the AWS resources of one installation are called; all begin with its prefix."""

from dataclasses import dataclass

EVENT_SOURCE = "acme.financial-api"
"""Who the events say they are from; the rule that passes them on looks for it."""


@dataclass(frozen=True, slots=True)
class Names:
    prefix: str = "acme-"

    @property
    def user_pool(self) -> str:
        return f"{self.prefix}financial-pool"

    @property
    def user_pool_client(self) -> str:
        return f"{self.prefix}api-client"

    @property
    def bus(self) -> str:
        return f"{self.prefix}financial-events"

    @property
    def rule(self) -> str:
        return f"{self.prefix}events-to-sqs"

    @property
    def events_queue(self) -> str:
        return f"{self.prefix}events-queue"

    @property
    def events_dead_letters(self) -> str:
        return f"{self.prefix}events-dlq"

    @property
    def ordered_queue(self) -> str:
        return f"{self.prefix}events.fifo"

    @property
    def ordered_dead_letters(self) -> str:
        return f"{self.prefix}events-dlq.fifo"

    @property
    def tasks_queue(self) -> str:
        return f"{self.prefix}celery"

    @property
    def tasks_dead_letters(self) -> str:
        return f"{self.prefix}celery-dlq"

    @property
    def parameters(self) -> str:
        """The path below which the remote configuration lies; it ends with a slash."""
        return f"/{self.prefix.strip('-')}/financial-api/"
