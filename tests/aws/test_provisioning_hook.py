"""LocalStack's hook, run as LocalStack runs it: in the files and environment that it is given."""

import os
import subprocess
import sys

import boto3
import pytest

from tests.aws.installations import altered, installation
from tests.support.compose import ROOT, services
from tests.support.emulators import REGION, ministack

LOCALSTACK = services()["localstack"]
HOOK = "etc/localstack/init/ready.d/provision.py"


@pytest.fixture
def container(tmp_path):
    """What the container sees of this folder, and a Django that cannot be imported."""
    for mount in LOCALSTACK["volumes"]:
        source, target = mount.split(":")[:2]
        if source.startswith("."):
            path = tmp_path / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(ROOT / source)
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "django.py").write_text("raise ImportError('there is no Django')")
    return tmp_path


def run(container, aws, **environment):
    """Run the hook as LocalStack does, with the hosts of this machine in place of its own."""
    given = {name: str(value) for name, value in LOCALSTACK["environment"].items()}
    given["FINANCIAL_API"] = f"{container}{given['FINANCIAL_API']}"
    given["PYTHONPATH"] = str(container / "without")
    given["PATH"] = os.environ["PATH"]
    return subprocess.run(
        [sys.executable, "-c", f"exec(open({str(container / HOOK)!r}, 'rb').read(), {{}})"],
        cwd=container,
        env=given | aws.environment | environment,
        capture_output=True,
        text=True,
    )


def test_the_container_sees_only_what_needs_no_django(container):
    imported = subprocess.run(
        [sys.executable, "-c", "import infra_backends.persistence"],
        cwd=container / "opt/financial-api",
        env={"PYTHONPATH": str(container / "without")},
        capture_output=True,
        text=True,
    )
    assert "No module named 'infra_backends.persistence'" in imported.stderr


def test_it_makes_everything_with_the_users_in_the_emulator_of_cognito(aws, container):
    with installation(aws) as here, ministack() as cognito:
        ran = run(
            container,
            aws,
            AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=cognito.url,
            AWS_PREFIX=here.names.prefix,
        )
        assert ran.returncode == 0, ran.stderr
        assert f"created    table        {here.table('users')}" in ran.stdout
        assert "created    user         admin@test.com" in ran.stdout
        assert pools(here.clients.cognito, here) == []
        elsewhere = boto3.client("cognito-idp", region_name=REGION, endpoint_url=cognito.url)
        try:
            assert pools(elsewhere, here) == [here.pool_id]
        finally:
            elsewhere.close()
        again = altered(here.provision())
        assert not [name for name in again if name.startswith(here.names.prefix + "events")]
        assert here.table("users") not in again


def test_it_fails_when_something_cannot_be_made(aws, container):
    with installation(aws) as here:
        here.clients.dynamodb.create_table(
            TableName=here.table("users"),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
        )
        own_pools = {"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": aws.url_of("cognito-idp")}
        ran = run(container, aws, **own_pools, AWS_PREFIX=here.names.prefix)
    assert ran.returncode != 0
    assert "another KeySchema" in ran.stderr


def pools(cognito, here):
    found = cognito.list_user_pools(MaxResults=60)["UserPools"]
    return [pool["Id"] for pool in found if pool["Name"] == here.names.user_pool]
