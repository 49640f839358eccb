"""What is wrong with the settings of the Cognito backend is said at start, not at night."""

import runpy

import pytest

from infra_backends import identity
from infra_backends.identity.cognito import Backend
from tests.aws.signing import CLIENT_ID, POOL_ID
from tests.support.emulators import REGION

IDS = {"user_pool_id": POOL_ID, "client_id": CLIENT_ID}
PATH = "/acme/financial-api/"


def faults(**options):
    return " ".join(message.msg for message in Backend(region=REGION, **options).check())


@pytest.mark.parametrize("options", [IDS, {"parameters": PATH}, IDS | {"parameters": PATH}])
def test_ids_or_where_to_find_them_are_enough(options):
    assert faults(**options) == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "PARAMETERS must be a path"),
        ({"parameters": "acme"}, "PARAMETERS must be a path"),
        ({"user_pool_id": POOL_ID, "parameters": PATH}, "only one is given"),
        ({"client_id": CLIENT_ID, "parameters": PATH}, "only one is given"),
        (IDS | {"user_pool_id": "my-pool"}, "'my-pool' is no user pool's id"),
        (IDS | {"user_pool_id": "eu-west-1_Test12345"}, "not in the region us-east-1"),
        (IDS | {"client_id": "a/b"}, "'a/b' is no client's id"),
        (IDS | {"keys_url": "keys.json"}, "'keys.json', which is no URL"),
    ],
)
def test_a_mistake_is_named(options, said):
    assert said in faults(**options)


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "http://localhost:4566"])
def test_development_tokens_may_be_taken_beside_an_emulators(url):
    assert faults(**IDS, accept_development_tokens=True, endpoint_url=url) == ""


@pytest.mark.parametrize("url", [None, "https://cognito-idp.us-east-1.amazonaws.com"])
def test_development_tokens_may_not_be_taken_beside_those_of_aws(url, monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    said = faults(**IDS, accept_development_tokens=True, endpoint_url=url)
    assert "cognito-idp.us-east-1.amazonaws.com" in said


def test_the_settings_for_aws_give_options_that_the_backend_has(settings, monkeypatch):
    given = {
        "SECRET_KEY": "only-for-tests" * 3,
        "COGNITO_USER_POOL_ID": POOL_ID,
        "COGNITO_CLIENT_ID": CLIENT_ID,
        "COGNITO_KEYS_URL": "http://127.0.0.1:4566/keys.json",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings.IDENTITY = runpy.run_module("financial_api.settings.aws")["IDENTITY"]
    assert settings.IDENTITY["OPTIONS"]["KEYS_URL"] == given["COGNITO_KEYS_URL"]
    identity.validate()
