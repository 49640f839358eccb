"""A shell that has all that AWS itself wants, to take things away from."""

import os
import secrets

from tests.support.emulators import CREDENTIALS, ENDPOINT, REGION, SERVICES, Emulator
from tests.support.ports import free_port


def bare_shell(folder: str) -> dict[str, str]:
    """Return a shell in which nothing of AWS is set, on a machine that has no role to give."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "DATA_DIR": folder,
        "PORT": str(free_port()),
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def whole_shell(folder: str, emulator: Emulator) -> dict[str, str]:
    """Return one with everything; the emulator passes for AWS itself, service by service."""
    return {
        **bare_shell(folder),
        **CREDENTIALS,
        **{f"{ENDPOINT}_{SERVICES[name]}": emulator.url_of(name) for name in SERVICES},
        "AWS_REGION": REGION,
        "AWS_PREFIX": f"none{secrets.token_hex(4)}-",
        "SECRET_KEY": secrets.token_hex(32),
        "CELERY_QUEUE_URL": f"{emulator.url_of('sqs')}/000000000000/acme-celery",
        "COGNITO_USER_POOL_ID": f"{REGION}_Example12",
        "COGNITO_CLIENT_ID": "an1example1client",
    }
