"""`manage.py aws_policies`: the table of docs/permissions.md as IAM policies."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra_backends.aws.names import Names
from infra_backends.management.permissions import Permission, Place, permissions_in, policy
from tests.support.fork_server import FORK_SERVER, ROOT

DOCUMENT = (ROOT / "docs" / "permissions.md").read_text()
PERMISSIONS = permissions_in(DOCUMENT)
ACCOUNT = "123456789012"
LONGEST = 6144
"""The characters of a managed policy, blanks not counted, that AWS takes."""
POOL = "eu-west-1_aB3dE5gH7"
EVERYTHING = ("--with", "broker", "--with", "cleanup", "--with", "eventbridge", "--with", "fifo")

PLACE = Place(
    partition="aws",
    region="eu-west-1",
    account=ACCOUNT,
    names=Names("some-"),
    bus="a-bus",
    ordered_queue="a-queue.fifo",
    tasks_url="http://127.0.0.1:4566/000000000000/some-tasks",
    pool=POOL,
    parts=(),
)


def printed(folder: Path, *options: str, **variables: str) -> Any:
    """Return what the command prints, or the line in which it refuses."""
    ran = run(folder, *options, **variables)
    return json.loads(ran.stdout) if ran.returncode == 0 else ran.stderr


def run(folder: Path, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
        "AWS_REGION": "eu-west-1",
    }
    command = ("manage.py", "aws_policies", "--account", ACCOUNT, *options)
    return FORK_SERVER.run(command, environment | variables)


def resources_of(made: dict[str, Any], action: str) -> list[str]:
    return [
        resource
        for statement in made["Statement"]
        if action in statement["Action"]
        for resource in statement["Resource"]
    ]


def test_every_row_of_the_table_is_a_line() -> None:
    table = DOCUMENT.partition("\n## The table\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]

    assert len(rows) > 60
    assert len(PERMISSIONS) == len(rows)


def test_no_line_stands_there_twice() -> None:
    each = [
        (role, line.when, line.action, word)
        for line in PERMISSIONS
        for role in line.roles
        for word in line.words
    ]
    assert len(set(each)) == len(each)


def test_everything_is_permitted_by_name() -> None:
    made = policy(PERMISSIONS, PLACE)

    actions = {action for statement in made["Statement"] for action in statement["Action"]}
    assert [action for action in actions if "*" in action] == []
    wide = {
        action
        for statement in made["Statement"]
        for resource in statement["Resource"]
        if "*" in resource
        for action in statement["Action"]
    }
    assert wide == {"cognito-idp:ListUserPools", "cognito-idp:CreateUserPool"}


@pytest.mark.parametrize(
    ("action", "word", "arns"),
    [
        ("dynamodb:Query", "outbox.PendingEvents", ["table/some-outbox/index/PendingEvents"]),
        ("dynamodb:PutItem", "users", ["table/some-users"]),
        ("sqs:SendMessage", "tasks", ["some-tasks"]),
        ("sqs:SendMessage", "ordered", ["a-queue.fifo"]),
        ("events:PutEvents", "bus", ["event-bus/a-bus"]),
        ("events:PutRule", "own rule", ["rule/some-financial-events/some-events-to-sqs"]),
        ("ssm:GetParametersByPath", "path", ["parameter/some/financial-api"]),
        ("cognito-idp:AdminGetUser", "pool", ["userpool/eu-west-1_aB3dE5gH7"]),
    ],
)
def test_a_word_means_a_resource_of_the_installation(
    action: str, word: str, arns: list[str]
) -> None:
    service = action.partition(":")[0]

    assert PLACE.arns(action, word) == [f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{e}" for e in arns]


def test_a_bus_may_be_anothers() -> None:
    arn = "arn:aws:events:eu-west-1:210987654321:event-bus/theirs"

    assert replace(PLACE, bus=arn).arns("events:PutEvents", "bus") == [arn]


def test_a_word_that_means_nothing_is_refused() -> None:
    with pytest.raises(KeyError):
        policy([Permission(("api",), "always", "dynamodb:Query", ("outbox.NoIndex",))], PLACE)


@pytest.mark.parametrize(
    "region",
    ["ap-southeast-1", "eusc-de-east-1", "cn-northwest-1", "us-gov-west-1", "us-isof-south-1"],
)
def test_each_roles_policy_is_short_enough_whatever_is_named(tmp_path: Path, region: str) -> None:
    policies = printed(
        tmp_path,
        *EVERYTHING,
        AWS_REGION=region,
        AWS_PREFIX="a" * 40,
        COGNITO_USER_POOL_ID=f"{region}_{'a' * 55}",
        EVENT_BUS="a" * 256,
        EVENT_QUEUE=f"{'a' * 75}.fifo",
        CELERY_QUEUE_URL=f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{'a' * 80}",
    )

    assert {role for line in PERMISSIONS for role in line.roles} == set(policies)
    longest = max(len(re.sub(r"\s", "", json.dumps(made))) for made in policies.values())
    assert longest <= LONGEST


def test_what_the_settings_name_is_permitted(tmp_path: Path) -> None:
    made = printed(
        tmp_path,
        *("--role", "worker", "--with", "fifo"),
        EVENT_BUS="their-bus",
        EVENT_QUEUE="their-queue.fifo",
        CELERY_QUEUE_URL=f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/their-tasks",
    )

    assert resources_of(made, "events:PutEvents")[0].endswith(":event-bus/their-bus")
    assert resources_of(made, "sqs:ReceiveMessage")[0].endswith(":their-tasks")
    assert resources_of(made, "sqs:GetQueueUrl")[0].endswith(":their-queue.fifo")


@pytest.mark.parametrize(
    ("partition", "url", "queue"),
    [
        ("aws", "https://sqs.us-west-2.amazonaws.com/210987654321/q", "us-west-2:210987654321:q"),
        ("aws", "https://us-west-2.queue.amazonaws.com/210987654321/q", "us-west-2:210987654321:q"),
        (
            "aws-cn",
            "https://sqs.cn-north-1.amazonaws.com.cn/210987654321/q",
            "cn-north-1:210987654321:q",
        ),
        ("aws", "http://127.0.0.1:4566/000000000000/q", f"eu-west-1:{ACCOUNT}:q"),
        ("aws", "", f"eu-west-1:{ACCOUNT}:some-celery"),
    ],
)
def test_a_queue_is_where_its_url_on_aws_says(partition: str, url: str, queue: str) -> None:
    place = replace(PLACE, partition=partition, tasks_url=url)

    assert place.arns("sqs:SendMessage", "tasks") == [f"arn:{partition}:sqs:{queue}"]


CLEANUP, EVENTBRIDGE, FIFO = "dynamodb:DeleteItem", "events:DescribeEventBus", "sqs:GetQueueUrl"
BROKER = "sqs:SendMessage"
OPTIONAL = {CLEANUP, EVENTBRIDGE, FIFO, BROKER}


@pytest.mark.parametrize(
    ("variables", "options", "permitted"),
    [
        ({}, (), {EVENTBRIDGE}),
        ({"ALLOW_CLEANUP": "on"}, (), {EVENTBRIDGE, CLEANUP}),
        ({"EVENT_TRANSPORT": "fifo"}, (), {FIFO}),
        (
            {"CELERY_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/q"},
            (),
            {EVENTBRIDGE, BROKER},
        ),
        ({"CELERY_BROKER_URL": "redis://127.0.0.1"}, (), {EVENTBRIDGE}),
        ({}, EVERYTHING, OPTIONAL),
        ({"ALLOW_CLEANUP": "on"}, ("--without", "cleanup", "--without", "eventbridge"), set()),
    ],
    ids=["nothing", "cleanup", "fifo", "a queue", "another broker", "all with", "without"],
)
def test_what_the_settings_have_on_is_permitted_if_no_option_differs(
    tmp_path: Path, variables: dict[str, str], options: tuple[str, ...], permitted: set[str]
) -> None:
    made = printed(tmp_path, "--role", "api", *options, COGNITO_USER_POOL_ID=POOL, **variables)

    assert {action for action in OPTIONAL if resources_of(made, action)} == permitted
    assert resources_of(made, "dynamodb:PutItem")


def test_who_makes_the_pool_may_before_its_id_is_known_and_nobody_else(tmp_path: Path) -> None:
    made = printed(tmp_path, "--role", "provisioning")
    refused = printed(tmp_path, "--role", "api")

    assert resources_of(made, "cognito-idp:DescribeUserPool")[0].endswith(":userpool/*")
    assert refused == (
        "CommandError: COGNITO_USER_POOL_ID is not set, and api is to have no other pool than its "
        "own; before the first aws_provision: --role provisioning\n"
    )


def test_policies_that_need_no_pool_are_printed_before_its_id_is_known(tmp_path: Path) -> None:
    ran = run(tmp_path)

    assert set(json.loads(ran.stdout)) == {r for line in PERMISSIONS for r in line.roles} - {"api"}
    assert ran.stderr.startswith("Left out: COGNITO_USER_POOL_ID is not set, and api ")
    assert (ran.returncode, ran.stderr.count("\n")) == (0, 1)


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        ((), {"DJANGO_SETTINGS_MODULE": "financial_api.settings.memory"}, "Only financial_api."),
        ((), {"AWS_REGION": ""}, "AWS_REGION is not set: export AWS_REGION=eu-west-1\n"),
        ((), {"AWS_REGION": "zz-nowhere-1"}, "AWS_REGION: Unknown region"),
        ((), {"COGNITO_USER_POOL_ID": "us-east-1_a"}, "us-east-1_a is not in the region eu-west-1"),
        (("--account", "12345"), {}, "valid are 12 digits"),
        (("--role", "nobody"), {}, "invalid choice: 'nobody'"),
    ],
    ids=[
        "settings without AWS",
        "no region",
        "an unknown one",
        "anothers pool",
        "no account",
        "no role",
    ],
)
def test_nonsense_is_refused(
    tmp_path: Path, options: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    assert said in printed(tmp_path, *options, **variables)
