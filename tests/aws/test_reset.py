"""`manage.py localstack_reset`: a clean slate, for one installation and no other."""

import json

import pytest
from django.core.management import call_command

from infra_backends.aws import resources
from infra_backends.aws.names import EVENT_SOURCE
from infra_backends.aws.provisioning import queues
from infra_backends.aws.provisioning.changes import Outcome
from tests.aws.installations import altered, installation
from tests.support.emulators import moto

ITEM = {"ecosystemId": {"S": "user-007"}}


@pytest.fixture
def used(aws):
    """An installation that somebody has worked with."""
    with installation(aws) as here:
        here.provision()
        use(here)
        yield here


def use(here):
    clients, names = here.clients, here.names
    clients.dynamodb.put_item(TableName=here.table("users"), Item=ITEM)
    clients.cognito.admin_create_user(
        UserPoolId=here.pool_id, Username="new@test.com", MessageAction="SUPPRESS"
    )
    for path, text in (("limits/lowTier", "1.00"), ("limits/unheardOf", "1")):
        clients.ssm.put_parameter(
            Name=names.parameters + path, Value=text, Type="String", Overwrite=True
        )
    clients.sqs.send_message(QueueUrl=here.queue_url(names.tasks_queue), MessageBody="a task")
    clients.sqs.send_message(
        QueueUrl=here.queue_url(names.ordered_queue),
        MessageBody="an event",
        MessageGroupId="card-1",
        MessageDeduplicationId="event-1",
    )
    clients.events.put_targets(
        Rule=names.rule,
        EventBusName=names.bus,
        Targets=[{"Id": "mine", "Arn": "arn:aws:sqs:us-east-1:000000000000:mine"}],
    )


def traces(here):
    """Return what is left of what `use` did."""
    clients, names = here.clients, here.names
    items = clients.dynamodb.scan(TableName=here.table("users"))["Items"]
    users = clients.cognito.list_users(UserPoolId=here.pool_id)["Users"]
    emails = {each["Value"] for u in users for each in u["Attributes"] if each["Name"] == "email"}
    found = clients.ssm.get_parameters_by_path(Path=names.parameters, Recursive=True)
    targets = clients.events.list_targets_by_rule(Rule=names.rule, EventBusName=names.bus)
    return {
        "items": len(items),
        "users": sorted(emails - {"user@test.com", "admin@test.com"}),
        "stranger": any(each["Name"].endswith("unheardOf") for each in found["Parameters"]),
        "limit": here.parameter("limits/lowTier"),
        "targets": sorted(target["Id"] for target in targets["Targets"]),
        "messages": sum(waiting(here, queue) for queue in (names.tasks_queue, names.ordered_queue)),
    }


def waiting(here, queue):
    attribute = "ApproximateNumberOfMessages"
    answer = here.clients.sqs.get_queue_attributes(
        QueueUrl=here.queue_url(queue), AttributeNames=[attribute]
    )
    return int(answer["Attributes"][attribute])


USED = {
    "items": 1,
    "users": ["new@test.com"],
    "stranger": True,
    "limit": "1.00",
    "targets": ["events-queue", "mine"],
    "messages": 2,
}
CLEAN = {
    "items": 0,
    "users": [],
    "stranger": False,
    "limit": "2000.00",
    "targets": ["events-queue"],
    "messages": 0,
}


def test_everything_is_as_a_first_provisioning_leaves_it(used):
    assert traces(used) == USED
    used.reset()
    assert traces(used) == CLEAN
    assert altered(used.provision()) == {}


def test_it_can_be_repeated(used):
    used.reset()
    use(used)
    used.reset()
    used.reset()
    assert traces(used) == CLEAN
    assert altered(used.provision()) == {}


def test_queues_that_may_not_be_purged_again_so_soon_are_empty_all_the_same():
    """As on AWS, moto purges a queue once a minute."""
    with moto("sqs") as strict, installation(strict) as here:
        sqs = here.clients.sqs
        list(queues.provision(sqs, here.names))
        for _ in range(2):
            for _ in range(11):
                sqs.send_message(QueueUrl=here.queue_url(here.names.tasks_queue), MessageBody="a")
            list(queues.empty(sqs, here.names))
            assert waiting(here, here.names.tasks_queue) == 0


def test_where_nothing_is_yet_it_provisions(aws):
    with installation(aws) as here:
        assert {change.outcome for change in here.reset()} <= {Outcome.CREATED, Outcome.UPDATED}
        assert traces(here) == CLEAN


def test_another_installation_is_left_alone(used, aws):
    with installation(aws) as other:
        other.provision()
        use(other)
        used.reset()
        assert traces(other) == USED
        assert altered(other.provision()) == {}


def test_a_table_of_the_prefix_that_nobody_described_is_left_alone(used):
    name = used.table("notes")
    used.clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "note", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "note", "KeyType": "HASH"}],
    )
    used.reset()
    assert used.clients.dynamodb.describe_table(TableName=name)


def test_a_running_api_can_go_on_by_the_ids_that_it_knows(used):
    before = used.pool_id, used.client_id
    used.reset()
    assert (used.pool_id, used.client_id) == before


def test_a_pool_that_cannot_be_put_right_is_replaced(aws):
    with installation(aws) as here:
        mutable = {"Name": "ecosystemId", "AttributeDataType": "String", "Mutable": True}
        wrong = here.clients.cognito.create_user_pool(
            PoolName=here.names.user_pool, **resources.user_pool() | {"Schema": [mutable]}
        )["UserPool"]["Id"]
        here.reset()
        assert here.pool_id != wrong
        assert altered(here.provision()) == {}


def test_a_table_of_another_key_is_replaced(aws):
    with installation(aws) as here:
        here.clients.dynamodb.create_table(
            TableName=here.table("users"),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
        )
        here.reset()
        assert altered(here.provision()) == {}


@pytest.mark.usefixtures("delivering")
def test_events_arrive_afterwards(used):
    used.reset()
    entry = {
        "EventBusName": used.names.bus,
        "Source": EVENT_SOURCE,
        "DetailType": "card.created",
        "Detail": "{}",
    }
    used.clients.events.put_events(Entries=[entry])
    url = used.queue_url(used.names.events_queue)
    answer = used.clients.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)
    [message] = answer["Messages"]
    assert json.loads(message["Body"])["source"] == EVENT_SOURCE


def test_the_command_says_of_each_resource_what_was_done(used, capsys):
    call_command("localstack_reset")
    lines = capsys.readouterr().out.splitlines()
    assert f"emptied    table        {used.table('users')}" in lines
    assert f"emptied    queue        {used.names.tasks_queue}" in lines
    assert f"unchanged  user pool    {used.names.user_pool}" in lines
    assert "created    user         user@test.com" in lines
    assert traces(used) == CLEAN
