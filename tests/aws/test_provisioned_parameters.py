"""By whichever way parameters were provisioned, the service reads them and has nothing to say."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command

from financial_api.kernel.parameters import PARAMETERS, Parameters, parse
from infra_backends.aws.service import Service
from infra_backends.config import ssm as ssm_module
from infra_backends.config.ssm import Backend
from infra_backends.identity.cognito.pool import RemotePool
from tests.aws.installations import Installation, altered, installation
from tests.support.api import Customer, expect
from tests.support.emulators import REGION, Emulator
from tests.support.fork_server import FORK_SERVER
from tests.support.servers import running


def by_command(here: Installation) -> None:
    call_command("aws_provision")


def by_the_hooks_module(here: Installation) -> None:
    ran = FORK_SERVER.run(("-m", "infra_backends.aws.provisioning"), dict(os.environ))
    assert ran.returncode == 0, ran.stderr


def by_the_template(here: Installation) -> None:
    here.stack()


def by_a_reset(here: Installation) -> None:
    here.provision()
    for path in PARAMETERS:
        secret = {"Value": "nonsense", "Type": "SecureString", "Overwrite": True}
        here.clients.ssm.put_parameter(Name=here.names.parameters + path, **secret)
    call_command("localstack_reset")


def texts_of(here: Installation) -> dict[str, str]:
    """Return all that lies in SSM, by path below the installation's."""
    path = here.names.parameters
    pages = here.clients.ssm.get_paginator("get_parameters_by_path").paginate(
        Path=path, Recursive=True
    )
    return {
        found["Name"].removeprefix(path): found["Value"]
        for page in pages
        for found in page["Parameters"]
    }


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssm_module, "WAIT_SECONDS", 60.0)


@pytest.mark.parametrize(
    "way",
    [by_command, by_the_hooks_module, by_the_template, by_a_reset],
    ids=lambda way: way.__name__,
)
def test_what_is_provisioned_is_what_the_service_reads(
    aws: Emulator, way: Callable[[Installation], None], caplog: pytest.LogCaptureFixture
) -> None:
    with installation(aws) as here:
        way(here)
        texts = texts_of(here)
        ids = {path for path in texts if path.startswith("cognito/")}
        assert texts.keys() - ids == PARAMETERS.keys()
        read = dict(parse(path, texts[path]) for path in texts.keys() - ids)
        assert Parameters(**read) == Parameters()
        backend = Backend(region=REGION, path=here.names.parameters, endpoint_url=aws.url_of("ssm"))
        with closing(backend), closing(_ssm(aws)) as ssm:
            assert backend.parameters() == Parameters()
            pool = RemotePool(ssm, here.names.parameters, REGION).get()
        assert (pool.pool_id, pool.client_id) == (here.pool_id, here.client_id)
    assert [record.getMessage() for record in caplog.records] == []


def test_a_server_that_starts_on_it_says_nothing(aws: Emulator, tmp_path: Path) -> None:
    with installation(aws) as here:
        here.provision()
        environment = {
            **aws.environment,
            "AWS_PREFIX": here.names.prefix,
            "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
            "DATA_DIR": str(tmp_path),
        }
        with running(environment) as server, closing(Customer(server.url)) as customer:
            customer.register()
            expect(customer.get("/v1/offers"), 200)
            assert here.names.parameters not in server.log.read_text()


def test_an_operators_secure_strings_are_left_as_they_are_and_read(aws: Emulator) -> None:
    with installation(aws) as here:
        here.provision()
        path, ssm = here.names.parameters, here.clients.ssm
        mine = {"approval/cooldownDays": " 7\n", "cognito/userPoolId": f"{here.pool_id}\n"}
        for name, text in mine.items():
            ssm.put_parameter(Name=path + name, Value=text, Type="SecureString", Overwrite=True)

        assert altered(here.provision()) == {}

        names = [path + name for name in mine]
        left = ssm.get_parameters(Names=names, WithDecryption=True)["Parameters"]
        assert {(each["Name"], each["Type"], each["Value"]) for each in left} == {
            (path + name, "SecureString", text) for name, text in mine.items()
        }
        backend = Backend(region=REGION, path=path, endpoint_url=aws.url_of("ssm"))
        with closing(backend), closing(_ssm(aws)) as service:
            assert backend.parameters() == Parameters(cooldown_days=7)
            pool = RemotePool(service, path, REGION).get()
        assert (pool.pool_id, pool.client_id) == (
            mine["cognito/userPoolId"].strip(),
            here.client_id,
        )


def test_the_id_of_another_pool_is_put_right_in_a_secure_string_that_stays_one(
    aws: Emulator,
) -> None:
    with installation(aws) as here:
        here.provision()
        name, right = here.names.parameters + "cognito/userPoolId", here.pool_id
        secret = {"Value": "us-east-1_gone", "Type": "SecureString", "Overwrite": True}
        here.clients.ssm.put_parameter(Name=name, **secret)

        assert list(altered(here.provision())) == [name]

        found = here.clients.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        assert (found["Type"], found["Value"]) == ("SecureString", right)


def _ssm(aws: Emulator) -> Service:
    return Service("ssm", region=REGION, endpoint_url=aws.url_of("ssm"), connections=1)
