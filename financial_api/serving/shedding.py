"""Refusing at once what would only wait."""

from financial_api.kernel.errors import ServiceUnavailable
from financial_api.kernel.metrics import ShedReason, count_shed


class Shed(ServiceUnavailable):
    """A request that is refused for want of room; counted under its reason."""

    def __init__(self, reason: ShedReason) -> None:
        count_shed(reason)
        super().__init__(_MESSAGES[reason])


_MESSAGES = {
    ShedReason.REQUESTS: "Too many requests wait to be answered.",
    ShedReason.WAITED: "The request waited too long for its turn.",
    ShedReason.BODIES: "Too many bodies are on their way.",
    ShedReason.BODIES_OF_ADDRESS: "Too many bodies are on their way from this address.",
    ShedReason.BODIES_OF_USER: "Too many bodies of this user are on their way.",
}
