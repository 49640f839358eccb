"""`manage.py check --deploy` finds nothing with the settings that a deployment has.

But that nobody can sign in where there is no provider of identities yet.
"""

import os
import re
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
    "PostgreSQL": {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.server",
        "DATABASE_URL": "postgres://api@db.internal/financial",
        "SECRET_KEY": SECRET_KEY,
        "TRUSTED_PROXIES": "1",
    },
}
FOUND = {"an account of AWS": [], "PostgreSQL": ["infra_backends.W001"]}


@pytest.mark.parametrize("name", IN_PRODUCTION)
def test_it_finds_nothing_else(name: str, tmp_path: Path) -> None:
    shell = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}  # nothing else of ours

    checked = FORK_SERVER.run(("manage.py", "check", "--deploy"), shell | IN_PRODUCTION[name])

    assert checked.returncode == 0, checked.stderr
    assert re.findall(r"\((\w+\.[EW]\d+)\)", checked.stderr) == FOUND[name]
