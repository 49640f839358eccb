"""The same resources as a CloudFormation template, for an account that is managed that way."""

from typing import Any

from financial_api.kernel.parameters import default_texts
from infra_backends.aws import resources
from infra_backends.aws.names import Names
from infra_backends.aws.tables import TABLES, Table

Json = dict[str, Any]

KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""For what holds data: it outlives the stack."""


def template(names: Names) -> Json:
    """Return the template; its references take the place of the ARNs that provisioning asks for."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The Financial API's tables, users, events, queues and parameters",
        "Resources": {
            **{_id(table.name, "table"): _table(table, names) for table in TABLES},
            **_queues(names),
            **_events(names),
            **_users(names),
            **_parameters(names),
        },
    }


def _table(table: Table, names: Names) -> Json:
    properties = table.describe(names.prefix) | {
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}
    }
    if table.expiry:
        properties["TimeToLiveSpecification"] = {"AttributeName": table.expiry, "Enabled": True}
    return {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": properties}


def _queues(names: Names) -> Json:
    described: Json = {}
    for queue in resources.queues(names):
        dead_letters = queue.dead_letters and _arn(_queue_id(names, queue.dead_letters))
        described[_queue_id(names, queue.name)] = {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": queue.name, **queue.describe(dead_letters)},
        }
        if queue.takes_events:
            described[_queue_id(names, queue.name) + "Policy"] = {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": _queue_id(names, queue.name)}],
                    "PolicyDocument": resources.queue_policy(
                        _arn(_queue_id(names, queue.name)), _arn("Rule")
                    ),
                },
            }
    return described


def _events(names: Names) -> Json:
    target = resources.target(
        _arn(_queue_id(names, names.events_queue)),
        _arn(_queue_id(names, names.events_dead_letters)),
    )
    return {
        "EventBus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": names.bus}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": names.rule,
                "EventBusName": {"Ref": "EventBus"},
                "EventPattern": resources.event_pattern(),
                "State": "ENABLED",
                "Targets": [target],
            },
        },
    }


def _users(names: Names) -> Json:
    return {
        "UserPool": {
            "Type": "AWS::Cognito::UserPool",
            **KEPT,
            "Properties": {"UserPoolName": names.user_pool, **resources.user_pool()},
        },
        "UserPoolClient": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {
                "UserPoolId": {"Ref": "UserPool"},
                **resources.user_pool_client(names),
            },
        },
    }


def _parameters(names: Names) -> Json:
    ids = {
        resources.USER_POOL_ID: {"Ref": "UserPool"},
        resources.CLIENT_ID: {"Ref": "UserPoolClient"},
    }
    return {
        _id(path, "parameter"): {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": names.parameters + path, "Type": "String", "Value": value},
        }
        for path, value in {**default_texts(), **ids}.items()
    }


def _queue_id(names: Names, name: str) -> str:
    return _id(name.removeprefix(names.prefix), "queue")


def _arn(logical_id: str) -> Json:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _id(name: str, kind: str) -> str:
    """Return a name within the template, for which only letters and digits will do."""
    words = name.replace("/", "-").replace(".", "-").split("-")
    return "".join(word[:1].upper() + word[1:] for word in (*words, kind))
