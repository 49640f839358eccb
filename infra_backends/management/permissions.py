"""What each process may do on AWS: the table of docs/permissions.md, and IAM policies from it."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from financial_api.kernel.parameters import default_texts
from infra_backends.aws.names import REGION, Names
from infra_backends.aws.resources import CLIENT_ID, USER_POOL_ID, queues
from infra_backends.aws.tables import TABLES

ROW = re.compile(r"^\| (`[^|]*) \| (\w+) \| `([\w:-]+)` \| (`[^|]*) \| [^|]+ \|$", re.MULTILINE)
AWS_QUEUE = re.compile(
    rf"https://(?:[\w-]+\.)*({REGION})\.(?:[\w-]+\.)*amazonaws\.com(?:\.cn)?/([0-9]{{12}})/([\w-]+)"
)
"""The URL of a queue on AWS itself: its region, account and name."""
ALWAYS = "always"
ANY = "*"
POOL = "pool"


@dataclass(frozen=True, slots=True)
class Permission:
    """A line of the table: an action on what `words` mean. `when` it applies is ALWAYS, or a part
    of the service that is optional.
    """

    roles: tuple[str, ...]
    when: str
    action: str
    words: tuple[str, ...]


def permissions_in(table: str) -> tuple[Permission, ...]:
    """Return the lines of the table in a document."""
    return tuple(
        Permission(_words(roles), when, action, _words(words))
        for roles, when, action, words in ROW.findall(table)
    )


def _words(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an installation is, and what its settings name.

    `bus` is a name or an ARN, `pool` the user pool's id; without `tasks_url` the tasks are in the
    queue that is provisioned. `parts` are those of the service that are on, of the optional ones.
    """

    partition: str
    region: str
    account: str
    names: Names
    bus: str
    ordered_queue: str
    tasks_url: str
    pool: str
    parts: Collection[str]

    def arns(self, action: str, word: str) -> list[str]:
        """Return the ARNs that a word of the table means. Raises KeyError where it means none."""
        if word == ANY:
            return [ANY]
        service = action.partition(":")[0]
        return [self._arn(service, resource) for resource in self._meanings[service][word]]

    def _arn(self, service: str, resource: str) -> str:
        if resource.startswith("arn:"):
            return resource
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def _tasks(self) -> str:
        if there := AWS_QUEUE.fullmatch(self.tasks_url):
            return ":".join(("arn", self.partition, "sqs", *there.groups()))
        return urlsplit(self.tasks_url).path.rpartition("/")[2] or self.names.tasks_queue

    @cached_property
    def _meanings(self) -> Mapping[str, Mapping[str, list[str]]]:
        """The resources that each word means, by service: the ends of their ARNs, or all."""
        names = self.names
        tables = {table.name: f"table/{names.prefix}{table.name}" for table in TABLES}
        indexes = {
            f"{table.name}.{index.name}": [f"{tables[table.name]}/index/{index.name}"]
            for table in TABLES
            for index in table.indexes
        }
        below = {
            path: f"parameter{names.parameters}{path}"
            for path in (*default_texts(), USER_POOL_ID, CLIENT_ID)
        }
        bus = self.bus if self.bus.startswith("arn:") else f"event-bus/{self.bus}"
        return {
            "dynamodb": {
                **{name: [table] for name, table in tables.items()},
                **indexes,
                "each table": list(tables.values()),
            },
            "sqs": {
                "tasks": [self._tasks],
                "ordered": [self.ordered_queue],
                "each queue": [queue.name for queue in queues(names)],
            },
            "events": {
                "bus": [bus],
                "own bus": [f"event-bus/{names.bus}"],
                "own rule": [f"rule/{names.bus}/{names.rule}"],
            },
            "cognito-idp": {POOL: [f"userpool/{self.pool}"]},
            "ssm": {
                **{path: [parameter] for path, parameter in below.items()},
                "path": [f"parameter{names.parameters.rstrip('/')}"],
                "each parameter": list(below.values()),
            },
        }


def policy(permissions: Iterable[Permission], place: Place) -> dict[str, Any]:
    """Return an IAM policy that allows these and nothing else, in as few statements as do."""
    actions: dict[str, set[str]] = defaultdict(set)
    for permission in permissions:
        for word in permission.words:
            for arn in place.arns(permission.action, word):
                actions[arn].add(permission.action)
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for arn, allowed in actions.items():
        together[tuple(sorted(allowed))].append(arn)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(allowed), "Resource": arns}
            for allowed, arns in together.items()
        ],
    }
