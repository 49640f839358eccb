"""`manage.py check --deploy` finds nothing with the settings that a deployment has."""

import os
from pathlib import Path

import pytest

from tests.security.conftest import SECRET_KEY
from tests.support.fork_server import FORK_SERVER

IN_PRODUCTION = {
    "an account of AWS": {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
        "AWS_REGION": "eu-west-1",
        "SECRET_KEY": SECRET_KEY,
        "CELERY_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/000000000000/acme-celery",
        "COGNITO_USER_POOL_ID": "eu-west-1_Example12",
        "COGNITO_CLIENT_ID": "an1example1client",
        "TRUSTED_PROXIES": "1",
        "HOST": "0.0.0.0",  # noqa: S104  # as in a container
    },
    "PostgreSQL, without a proxy, since it has development tokens alone": {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.local",
        "DATABASE_URL": "postgres://api@db.internal/financial",
        "SECRET_KEY": SECRET_KEY,
    },
}


@pytest.mark.parametrize("name", IN_PRODUCTION)
def test_it_finds_nothing(name: str, tmp_path: Path) -> None:
    shell = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}  # nothing else of ours

    command = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    checked = FORK_SERVER.run(command, shell | IN_PRODUCTION[name])

    assert checked.returncode == 0, checked.stderr
