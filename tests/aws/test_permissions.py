"""docs/permissions.md says what each process may do on AWS: no less does, no more is used."""

from collections.abc import Iterator

import pytest

from infra_backends import persistence
from infra_backends.persistence.dynamodb import Backend as DynamoDB
from tests.aws.installations import installation
from tests.aws.permission_story import WORKER, Story
from tests.support.api import eventually
from tests.support.emulators import REGION, Emulator
from tests.support.gateway import gateway
from tests.support.guard import Policy, allows, covers, permitted_by
from tests.support.iam_actions import Need
from tests.support.workers import working


@pytest.fixture(scope="module")
def story(aws: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """All of it, told once: each process behind a guard that has the policies of its roles."""
    with installation(aws) as here, gateway() as phones:
        store = DynamoDB(region=REGION, prefix=here.names.prefix, endpoint_url=aws.url)
        folder = tmp_path_factory.mktemp("story")
        with Story(here, aws, phones, folder) as story, persistence.use(store):
            try:
                story.play()
            except BaseException as error:
                error.add_note(f"Refused was: {refused_in(story)}")
                raise
            yield story
        store.close()


def refused_in(story: Story) -> dict[str, set[Need]]:
    return {" and ".join(r): guard.refused for r, guard in story.guards.items() if guard.refused}


def without(policy: Policy, action: str) -> Policy:
    """Return a policy that lacks one of its actions."""
    statements = [
        statement | {"Action": [kept for kept in statement["Action"] if kept != action]}
        for statement in policy["Statement"]
    ]
    assert statements != policy["Statement"]
    return {**policy, "Statement": statements}


def test_nobody_is_refused_anything(story: Story) -> None:
    assert refused_in(story) == {}


def test_nothing_is_permitted_that_nobody_needs(story: Story) -> None:
    """What passed a guard since two roles allow it, is no proof for either."""
    permitted: set[tuple[str, Need]] = set()
    needed: set[tuple[str, Need]] = set()
    for roles, guard in story.guards.items():
        for role, policy in zip(roles, guard.policies, strict=True):
            others = [other for other in guard.policies if other is not policy]
            telling = {
                need for need in guard.used if not any(allows(other, need) for other in others)
            }
            for one in permitted_by(policy):
                permitted.add((role, one))
                if any(covers(one, need) for need in telling):
                    needed.add((role, one))

    assert permitted - needed == set()


def test_each_role_of_the_table_was_played(story: Story) -> None:
    assert {role for roles in story.guards for role in roles} == set(story.policies)


def test_a_worker_that_may_not_ask_for_the_size_of_its_queue_takes_no_task(story: Story) -> None:
    policy = without(story.policies[WORKER], "sqs:GetQueueAttributes")
    guard = story.another_guard([policy])
    with working(story.behind(guard), "--beat"):
        eventually(lambda: guard.refused)

    assert {action for action, _ in guard.refused} == {"sqs:GetQueueAttributes"}
    assert not guard.has_passed("sqs:ReceiveMessage")


def test_a_command_that_may_not_read_an_index_says_so(story: Story) -> None:
    guard = story.another_guard([without(story.policies["outbox_status"], "dynamodb:Query")])
    ran = story.run(story.behind(guard), "outbox_status")

    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "CommandError: Not available: dynamodb query: AccessDeniedException: User is not authorized"
    )
    assert ran.stderr.count("\n") == 1
    assert {action for action, _ in guard.refused} == {"dynamodb:Query"}
