"""Provisioning: everything is made once, and what drifted is put right."""

import json

import pytest
from django.core.management import call_command

from infra_backends.aws import resources
from infra_backends.aws.development_users import DEVELOPMENT_PASSWORD
from infra_backends.aws.names import EVENT_SOURCE
from infra_backends.aws.provisioning.changes import Outcome, ProvisioningError
from infra_backends.aws.tables import TABLES
from tests.aws.installations import altered, installation


@pytest.fixture
def fresh(aws):
    """An installation of which nothing exists yet."""
    with installation(aws) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def provisioned(aws):
    """An installation that was provisioned once, and is whole again after each test."""
    with installation(aws) as provisioned:
        provisioned.provision()
        yield provisioned


def test_a_second_provisioning_changes_nothing(fresh):
    first, second = fresh.provision(), fresh.provision()
    assert not [change for change in first if change.outcome is Outcome.UNCHANGED]
    assert [(change.kind, change.name) for change in first] == [
        (change.kind, change.name) for change in second
    ]
    assert altered(second) == {}


def test_the_tables_are_as_they_are_described(provisioned):
    for table in TABLES:
        name = provisioned.table(table.name)
        actual = provisioned.clients.dynamodb.describe_table(TableName=name)["Table"]
        assert [key["AttributeName"] for key in actual["KeySchema"]] == list(table.key)
        found = actual.get("GlobalSecondaryIndexes", []) + actual.get("LocalSecondaryIndexes", [])
        assert {index["IndexName"] for index in found} == {index.name for index in table.indexes}
        expiry = provisioned.clients.dynamodb.describe_time_to_live(TableName=name)
        assert expiry["TimeToLiveDescription"].get("AttributeName") == table.expiry
        backups = provisioned.clients.dynamodb.describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_pool_takes_users_from_administrators_only(provisioned):
    cognito = provisioned.clients.cognito
    pool = cognito.describe_user_pool(UserPoolId=provisioned.pool_id)["UserPool"]
    assert pool["Name"] == provisioned.names.user_pool
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    mutable = {attribute["Name"]: attribute["Mutable"] for attribute in pool["SchemaAttributes"]}
    assert mutable["custom:role"] is True
    assert mutable["custom:ecosystemId"] is False


def test_the_client_has_no_secret_and_two_flows(provisioned):
    client = provisioned.clients.cognito.describe_user_pool_client(
        UserPoolId=provisioned.pool_id, ClientId=provisioned.client_id
    )["UserPoolClient"]
    assert client["ClientName"] == provisioned.names.user_pool_client
    assert "ClientSecret" not in client
    assert set(client["ExplicitAuthFlows"]) == {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }


def test_no_user_can_write_a_role_or_an_ecosystem_id(fresh):
    """No emulator enforces it, so it is the description that is held to it.

    An empty list would not do: to AWS it says all attributes.
    """
    writable = resources.user_pool_client(fresh.names)["WriteAttributes"]
    assert writable
    assert not [name for name in writable if name.startswith("custom:")]


@pytest.mark.parametrize(
    ("email", "ecosystem_id", "role"),
    [("user@test.com", "user-001", "user"), ("admin@test.com", "admin-001", "admin")],
)
def test_the_development_users_can_sign_in(provisioned, email, ecosystem_id, role):
    cognito = provisioned.clients.cognito
    signed_in = cognito.initiate_auth(
        ClientId=provisioned.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": DEVELOPMENT_PASSWORD},
    )
    assert signed_in["AuthenticationResult"]["IdToken"]
    user = cognito.admin_get_user(UserPoolId=provisioned.pool_id, Username=email)
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    assert attributes["custom:ecosystemId"] == ecosystem_id
    assert attributes["custom:role"] == role


@pytest.mark.usefixtures("delivering")
def test_an_event_on_the_bus_arrives_in_the_queue(provisioned):
    provisioned.clients.events.put_events(
        Entries=[
            {
                "EventBusName": provisioned.names.bus,
                "Source": source,
                "DetailType": "card.created",
                "Detail": json.dumps({"from": source}),
            }
            for source in ("somebody.else", EVENT_SOURCE)
        ]
    )
    url = provisioned.queue_url(provisioned.names.events_queue)
    answer = provisioned.clients.sqs.receive_message(
        QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10
    )
    bodies = [json.loads(message["Body"]) for message in answer["Messages"]]
    assert [body["detail"] for body in bodies] == [{"from": EVENT_SOURCE}]


@pytest.mark.parametrize(
    ("queue", "dead_letters", "visibility"),
    [
        ("events_queue", "events_dead_letters", 30),
        ("ordered_queue", "ordered_dead_letters", 30),
        ("tasks_queue", "tasks_dead_letters", 120),
    ],
)
def test_a_queue_has_its_dead_letters_behind_it(provisioned, queue, dead_letters, visibility):
    url = provisioned.queue_url(getattr(provisioned.names, queue))
    sqs = provisioned.clients.sqs
    actual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(actual["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(":" + getattr(provisioned.names, dead_letters))
    assert int(redrive["maxReceiveCount"]) == resources.MAX_RECEIVES
    assert int(actual["VisibilityTimeout"]) == visibility


def without_an_index(here):
    here.clients.dynamodb.update_table(
        TableName=here.table("users"),
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "UserByFirebaseUid"}}],
    )
    return here.table("users"), "index UserByFirebaseUid"


def with_an_index_of_another_key(here):
    name, detail = without_an_index(here)
    index = {
        "IndexName": "UserByFirebaseUid",
        "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    here.clients.dynamodb.update_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "email", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )
    return name, detail


def without_expiry(here):
    here.clients.dynamodb.update_time_to_live(
        TableName=here.table("outbox"),
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expiresAtEpochSeconds"},
    )
    return here.table("outbox"), "expiry"


def without_recovery(here):
    here.clients.dynamodb.update_continuous_backups(
        TableName=here.table("cards"),
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    return here.table("cards"), "point-in-time recovery"


def with_another_attribute(queue, attribute, value):
    def damage(here):
        name = getattr(here.names, queue)
        here.clients.sqs.set_queue_attributes(
            QueueUrl=here.queue_url(name), Attributes={attribute: value}
        )
        return name, attribute

    return damage


def with_another_redrive(here):
    name = here.names.events_queue
    url = here.queue_url(name)
    attributes = here.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    redrive = json.loads(attributes["Attributes"]["RedrivePolicy"]) | {"maxReceiveCount": 99}
    here.clients.sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(redrive)}
    )
    return name, "RedrivePolicy"


def with_a_rule_for_others(here):
    here.clients.events.put_rule(
        Name=here.names.rule,
        EventBusName=here.names.bus,
        EventPattern=json.dumps({"source": ["somebody.else"]}),
    )
    return here.names.rule, "EventPattern"


def with_the_rule_off(here):
    here.clients.events.disable_rule(Name=here.names.rule, EventBusName=here.names.bus)
    return here.names.rule, "State"


def without_the_target(here):
    here.clients.events.remove_targets(
        Rule=here.names.rule, EventBusName=here.names.bus, Ids=["events-queue"]
    )
    return here.names.rule, "target"


def with_a_target_without_dead_letters(here):
    [target] = here.clients.events.list_targets_by_rule(
        Rule=here.names.rule, EventBusName=here.names.bus
    )["Targets"]
    del target["DeadLetterConfig"]
    here.clients.events.put_targets(
        Rule=here.names.rule, EventBusName=here.names.bus, Targets=[target]
    )
    return here.names.rule, "target"


def with_sign_up_for_everyone(here):
    here.clients.cognito.update_user_pool(
        UserPoolId=here.pool_id, AdminCreateUserConfig={"AllowAdminCreateUserOnly": False}
    )
    return here.names.user_pool, "AdminCreateUserConfig"


def with_a_client_that_may_write_all(here):
    here.clients.cognito.update_user_pool_client(
        UserPoolId=here.pool_id,
        ClientId=here.client_id,
        WriteAttributes=["email", "name", "custom:role"],
    )
    return here.names.user_pool_client, "WriteAttributes"


def with_the_id_of_another_pool(here):
    name = here.names.parameters + "cognito/userPoolId"
    here.clients.ssm.put_parameter(Name=name, Value="us-east-1_gone", Overwrite=True)
    return name, "value"


@pytest.mark.parametrize(
    "damage",
    [
        without_an_index,
        with_an_index_of_another_key,
        without_expiry,
        without_recovery,
        with_another_attribute("tasks_queue", "VisibilityTimeout", "30"),
        with_another_attribute("tasks_dead_letters", "MessageRetentionPeriod", "345600"),
        with_another_attribute("events_queue", "Policy", ""),
        with_another_redrive,
        with_a_rule_for_others,
        with_the_rule_off,
        without_the_target,
        with_a_target_without_dead_letters,
        with_sign_up_for_everyone,
        with_a_client_that_may_write_all,
        with_the_id_of_another_pool,
    ],
)
def test_what_drifted_is_put_right_and_nothing_else_is_touched(provisioned, damage):
    name, detail = damage(provisioned)
    changes = altered(provisioned.provision())
    assert list(changes) == [name]
    assert detail in changes[name]
    assert altered(provisioned.provision()) == {}


def test_what_is_missing_is_made_and_nothing_else_is_touched(provisioned):
    clients, names = provisioned.clients, provisioned.names
    clients.dynamodb.delete_table(TableName=provisioned.table("scores"))
    clients.sqs.delete_queue(QueueUrl=provisioned.queue_url(names.ordered_queue))
    clients.ssm.delete_parameter(Name=names.parameters + "limits/lowTier")
    clients.cognito.admin_delete_user(UserPoolId=provisioned.pool_id, Username="user@test.com")
    made = [change.name for change in provisioned.provision() if change.outcome is Outcome.CREATED]
    assert made == [
        provisioned.table("scores"),
        names.ordered_queue,
        names.parameters + "limits/lowTier",
        "user@test.com",
    ]
    assert altered(provisioned.provision()) == {}


def test_a_development_user_whose_role_was_changed_gets_it_back(provisioned):
    provisioned.clients.cognito.admin_update_user_attributes(
        UserPoolId=provisioned.pool_id,
        Username="user@test.com",
        UserAttributes=[{"Name": "custom:role", "Value": "admin"}],
    )
    assert list(altered(provisioned.provision())) == ["user@test.com"]
    assert altered(provisioned.provision()) == {}


def test_a_parameter_that_somebody_changed_stays_so(provisioned):
    name = provisioned.names.parameters + "limits/lowTier"
    provisioned.clients.ssm.put_parameter(Name=name, Value="1234.00", Overwrite=True)
    assert altered(provisioned.provision()) == {}
    assert provisioned.parameter("limits/lowTier") == "1234.00"


def test_what_a_pool_was_told_besides_stays_so(provisioned):
    cognito = provisioned.clients.cognito
    with_sign_up_for_everyone(provisioned)
    cognito.update_user_pool(
        UserPoolId=provisioned.pool_id,
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
        UserPoolTags={"team": "cards"},
    )
    provisioned.provision()
    pool = cognito.describe_user_pool(UserPoolId=provisioned.pool_id)["UserPool"]
    assert pool["UserPoolTags"] == {"team": "cards"}


def test_a_table_with_another_key_is_refused_and_kept(fresh):
    name = fresh.table("scores")
    fresh.clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
    )
    with pytest.raises(ProvisioningError, match=rf"{name} has another KeySchema"):
        fresh.provision()
    assert fresh.clients.dynamodb.describe_table(TableName=name)


def test_a_pool_with_another_schema_is_refused_and_kept(fresh):
    made = fresh.clients.cognito.create_user_pool(
        PoolName=fresh.names.user_pool,
        **resources.user_pool()
        | {"Schema": [{"Name": "ecosystemId", "AttributeDataType": "String", "Mutable": True}]},
    )
    with pytest.raises(ProvisioningError, match="another custom:ecosystemId"):
        fresh.provision()
    assert fresh.clients.cognito.describe_user_pool(UserPoolId=made["UserPool"]["Id"])


def test_a_pool_that_lacks_an_attribute_gets_it(fresh):
    described = resources.user_pool()
    role = [attribute for attribute in described["Schema"] if attribute["Name"] == "role"]
    fresh.clients.cognito.create_user_pool(
        PoolName=fresh.names.user_pool, **described | {"Schema": role}
    )
    assert altered(fresh.provision())[fresh.names.user_pool] == ("custom:ecosystemId",)
    assert altered(fresh.provision()) == {}


def test_the_command_says_of_each_resource_what_was_done(fresh, capsys):
    call_command("aws_provision")
    first = capsys.readouterr().out.splitlines()
    call_command("aws_provision", "--development-users")
    second = capsys.readouterr().out.splitlines()
    assert f"created    table        {fresh.table('users')}" in first
    assert f"unchanged  table        {fresh.table('users')}" in second
    assert not [line for line in first if "user@test.com" in line]
    assert "created    user         user@test.com" in second
    assert len(second) == len(first) + 2
