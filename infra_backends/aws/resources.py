"""The AWS resources that are no tables: user pool, queues, bus and rule.

With `names`, `tables` and the kernel's `parameters` this is the only place where resources are
written down: provisioning, the reset and the CloudFormation template are made from it. Where one
refers to another the caller gives the ARN, which provisioning has as text and a template as a
reference.
"""

from dataclasses import dataclass
from typing import Any

from infra_backends.aws.names import EVENT_SOURCE, Names

MAX_RECEIVES = 5
"""How often a message is received in vain before it goes to the dead letters."""
DAY = 24 * 60 * 60

ROLE = "custom:role"
ECOSYSTEM_ID = "custom:ecosystemId"

USER_POOL_ID = "cognito/userPoolId"
CLIENT_ID = "cognito/clientId"
"""Where the ids of the pool and its client lie below `Names.parameters`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue. `visibility` and `retention` are seconds; `dead_letters` is a queue's name."""

    name: str
    dead_letters: str | None = None
    visibility: int = 30
    retention: int = 4 * DAY
    takes_events: bool = False
    """Whether the rule sends to it: events, or those that their queue did not take."""

    def describe(self, dead_letters_arn: Any = None) -> dict[str, Any]:
        """Return its attributes as CloudFormation names them; SQS itself wants each as text."""
        described: dict[str, Any] = {
            "VisibilityTimeout": self.visibility,
            "MessageRetentionPeriod": self.retention,
        }
        if self.name.endswith(".fifo"):
            described["FifoQueue"] = True
        if self.dead_letters:
            described["RedrivePolicy"] = {
                "deadLetterTargetArn": dead_letters_arn,
                "maxReceiveCount": MAX_RECEIVES,
            }
        return described


def queues(names: Names) -> tuple[Queue, ...]:
    """Return the queues, each after the one that takes its dead letters.

    Celery's visibility timeout is set here because on SQS it ignores its own, and has to be longer
    than a task may take.
    """
    return (
        Queue(name=names.events_dead_letters, retention=14 * DAY, takes_events=True),
        Queue(name=names.events_queue, dead_letters=names.events_dead_letters, takes_events=True),
        Queue(name=names.ordered_dead_letters, retention=14 * DAY),
        Queue(name=names.ordered_queue, dead_letters=names.ordered_dead_letters),
        Queue(name=names.tasks_dead_letters, retention=14 * DAY),
        Queue(name=names.tasks_queue, dead_letters=names.tasks_dead_letters, visibility=120),
    )


def queue_policy(queue_arn: Any, rule_arn: Any) -> dict[str, Any]:
    """Return the policy by which EventBridge may send what this rule matches, and nothing else."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EventsOfTheRule",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }


def event_pattern() -> dict[str, Any]:
    """Return what the rule looks for: events that say they are from this service."""
    return {"source": [EVENT_SOURCE]}


def target(queue_arn: Any, dead_letters_arn: Any) -> dict[str, Any]:
    """Return where the rule sends events, and where those go that cannot be delivered there."""
    return {
        "Id": "events-queue",
        "Arn": queue_arn,
        "DeadLetterConfig": {"Arn": dead_letters_arn},
    }


def user_pool() -> dict[str, Any]:
    """Return the user pool as CreateUserPool and CloudFormation name it, without its name."""
    return {
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "AutoVerifiedAttributes": ["email"],
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]
        },
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireLowercase": True,
                "RequireUppercase": True,
                "RequireNumbers": True,
                "RequireSymbols": False,
            }
        },
        "Schema": [
            {
                "Name": ROLE.removeprefix("custom:"),
                "AttributeDataType": "String",
                "Mutable": True,
                "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "16"},
            },
            {
                "Name": ECOSYSTEM_ID.removeprefix("custom:"),
                "AttributeDataType": "String",
                "Mutable": False,
                "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "128"},
            },
        ],
    }


def user_pool_client(names: Names) -> dict[str, Any]:
    """Return the client as CreateUserPoolClient and CloudFormation name it, without its pool.

    What it may write it writes with the token of any user who asks, so neither the role nor the
    ecosystemId may be among it.
    """
    return {
        "ClientName": names.user_pool_client,
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "ReadAttributes": ["email", "email_verified", "name", ROLE, ECOSYSTEM_ID],
        "WriteAttributes": ["email", "name"],
        "PreventUserExistenceErrors": "ENABLED",
    }
