"""Where the AWS resources of one installation are, and what they are called.

Read here for the service and for what provisions it, so that both mean the same ones.
"""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from financial_api.kernel import environment

EVENT_SOURCE = "acme.financial-api"
"""Who the events say they are from; the rule that passes them on looks for it."""

EMULATED_REGION = "us-east-1"
REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}"
PREFIX = r"(?!(?i:aws|ssm))[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
A_PREFIX = "1 to 40 of A-Z a-z 0-9 _ -, beginning with a letter or digit, but not with aws or ssm"
POOL_ID = r"(?P<region>[a-z0-9-]{1,30})_[0-9A-Za-z]{1,55}"
CLIENT_ID = r"[0-9A-Za-z_+]{1,128}"
"""The forms of the ids that Cognito gives to a user pool and to a client of it."""


def names_here() -> "Names":
    """Return the names under the prefix of the environment, AWS_PREFIX.

    It begins names in DynamoDB, SQS, EventBridge, SSM and Cognito, of which each allows less than
    another. Raises InvalidSettings.
    """
    prefix = environment.text("AWS_PREFIX", Names().prefix, pattern=PREFIX, valid=A_PREFIX)
    return Names(prefix)


def region_here() -> str:
    """Return AWS_REGION, else AWS_DEFAULT_REGION, else at an endpoint of its own that of emulators.

    Nothing where AWS itself is meant and no region given. Raises InvalidSettings.
    """
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if region := environment.text(name, pattern=REGION, valid="a region such as eu-west-1"):
            return region
    return EMULATED_REGION if endpoints_here().get("AWS_ENDPOINT_URL") else ""


def endpoints_here() -> dict[str, str]:
    """Return what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> name, by variable.

    Raises InvalidSettings.
    """
    names = ["AWS_ENDPOINT_URL", *(n for n in os.environ if n.startswith("AWS_ENDPOINT_URL_"))]
    urls = {
        name: environment.url(name, schemes=("http", "https"), is_whole=_is_endpoint)
        for name in names
    }
    return {name: url for name, url in urls.items() if url}


def _is_endpoint(url: str) -> bool:
    """Return True for what boto3 takes, whose hosts have no underscore."""
    return environment.has_host(url) and "_" not in urlsplit(url).netloc


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
