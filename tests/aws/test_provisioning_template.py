"""The CloudFormation template says what provisioning makes."""

import json

import pytest
from django.core.management import call_command

from infra_backends.aws.names import Names
from infra_backends.aws.tables import TABLES
from infra_backends.aws.template import template
from tests.aws.installations import altered, installation

NOT_IN_THE_EMULATORS_STACKS = {"expiry", "point-in-time recovery"}
"""What ministack leaves out of a table that a stack makes; the template has it (see below)."""


@pytest.mark.usefixtures("stacks")
def test_a_stack_leaves_nothing_to_provision_but_the_development_users(aws):
    with installation(aws) as here:
        here.stack()
        lacking = {
            name: set(details) - NOT_IN_THE_EMULATORS_STACKS
            for name, details in altered(here.provision()).items()
            if not set(details) or set(details) - NOT_IN_THE_EMULATORS_STACKS
        }
    assert lacking == {"user@test.com": set(), "admin@test.com": set()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_of_the_template_expires_and_recovers_as_described(table):
    [found] = [
        resource
        for resource in template(Names())["Resources"].values()
        if resource["Properties"].get("TableName") == f"acme-{table.name}"
    ]
    properties = found["Properties"]
    expiry = properties.get("TimeToLiveSpecification", {}).get("AttributeName")
    assert expiry == table.expiry
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_what_holds_data_outlives_the_stack():
    kept = {
        resource["Type"]
        for resource in template(Names())["Resources"].values()
        if resource.get("DeletionPolicy") == "Retain"
    }
    assert kept == {"AWS::DynamoDB::Table", "AWS::Cognito::UserPool"}


def test_the_names_begin_with_the_prefix(monkeypatch, capsys):
    monkeypatch.setenv("AWS_PREFIX", "other-")
    call_command("aws_template")
    printed = capsys.readouterr().out
    assert "acme-" not in printed
    assert json.loads(printed)["Resources"]["UserPool"]["Properties"]["UserPoolName"] == (
        "other-financial-pool"
    )
