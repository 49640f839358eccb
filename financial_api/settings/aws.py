"""AWS, or an emulator of it: DynamoDB, Cognito, EventBridge or SQS, and SSM; no database.

`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` say where the services are, as for every AWS
tool; without them it is AWS itself. Credentials come by boto3's own chain.
"""

import os
from urllib.parse import urlsplit

from financial_api.kernel import environment
from financial_api.kernel.loopback import is_loopback
from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import (
    ACCESS_LOG,
    ALLOW_CLEANUP,
    ALLOW_MOCK_TOKENS,
    CELERY_BROKER_URL,
    DATA_DIR,
    DISABLED_ACCOUNTS,
    LOCALHOST_ORIGINS,
    LOG_LEVEL,
    OUTBOX_SHARDS,
    THREADS,
)
from financial_api.settings.logs import FORMATS, logging_settings
from financial_api.settings.secret_key import given_secret_key, secret_key
from financial_api.settings.whatsapp import messaging_settings
from infra_backends.aws.names import CLIENT_ID, POOL_ID, endpoints_here, names_here, region_here

_endpoints = endpoints_here()
ENDPOINT_URL = _endpoints.get("AWS_ENDPOINT_URL", "")
"""Where an emulator is; the clients find it by themselves."""
IS_EMULATED = is_loopback(urlsplit(ENDPOINT_URL).hostname or "")
if ALLOW_MOCK_TOKENS and not ENDPOINT_URL:
    raise environment.InvalidSettings(
        "ALLOW_MOCK_TOKENS is on, but without AWS_ENDPOINT_URL this is AWS itself."
    )

SECRET_KEY = secret_key(DATA_DIR) if IS_EMULATED else given_secret_key()
"""On AWS it must be given, since every process that serves needs the same."""

CORS_ALLOWED_ORIGIN_REGEXES = LOCALHOST_ORIGINS if IS_EMULATED else []

AWS_REGION = region_here()
_names = names_here()
_connections = THREADS + 16

PERSISTENCE = {
    "BACKEND": "infra_backends.persistence.dynamodb",
    "OPTIONS": {
        "REGION": AWS_REGION,
        "PREFIX": _names.prefix,
        "OUTBOX_SHARDS": OUTBOX_SHARDS,
        "CONNECTIONS": _connections,
        "BOTO3_CLIENT": environment.boolean("DYNAMODB_BOTO3_CLIENT", False),
    },
}
_pool_id = environment.text(
    "COGNITO_USER_POOL_ID", pattern=POOL_ID, valid="a user pool's id, such as eu-west-1_aB3dE5gH7"
)
IDENTITY = {
    "BACKEND": "infra_backends.identity.cognito",
    "OPTIONS": {
        "REGION": AWS_REGION,
        "USER_POOL_ID": _pool_id,
        "CLIENT_ID": environment.text(
            "COGNITO_CLIENT_ID", pattern=CLIENT_ID, valid="the id of a pool's client"
        ),
        "PARAMETERS": _names.parameters,
        "ACCEPT_DEVELOPMENT_TOKENS": ALLOW_MOCK_TOKENS,
        "DISABLED_ACCOUNTS": DISABLED_ACCOUNTS,
        "CONNECTIONS": _connections,
        "KEYS_URL": environment.url("COGNITO_KEYS_URL", schemes=("http", "https")),
    },
}
_bus = environment.text(
    "EVENT_BUS", _names.bus, pattern=r"\w[\w./:-]{0,1599}", valid="a bus's name or ARN"
)
_ordered_queue = environment.text(
    "EVENT_QUEUE",
    _names.ordered_queue,
    pattern=r"\w[\w-]{0,74}\.fifo",
    valid="the name of a queue, which ends with .fifo",
)
_TRANSPORTS = {
    "eventbridge": {
        "BACKEND": "infra_backends.events.eventbridge",
        "OPTIONS": {"REGION": AWS_REGION, "BUS": _bus},
    },
    "fifo": {
        "BACKEND": "infra_backends.events.fifo",
        "OPTIONS": {"REGION": AWS_REGION, "QUEUE": _ordered_queue},
    },
}
EVENT_TRANSPORT = environment.choice("EVENT_TRANSPORT", "eventbridge", among=_TRANSPORTS)
EVENTS = _TRANSPORTS[EVENT_TRANSPORT]

# Celery's broker is SQS: the queue that was provisioned, by its URL, and no other.
_sqs = urlsplit(_endpoints.get("AWS_ENDPOINT_URL_SQS", ENDPOINT_URL))
CELERY_TASK_DEFAULT_QUEUE = _names.tasks_queue
CELERY_QUEUE_URL = environment.url("CELERY_QUEUE_URL", schemes=("http", "https"))
if IS_EMULATED and not CELERY_QUEUE_URL:
    CELERY_QUEUE_URL = f"{_sqs.geturl()}/000000000000/{_names.tasks_queue}"
if CELERY_QUEUE_URL and "CELERY_BROKER_URL" not in os.environ:
    CELERY_BROKER_URL = f"sqs://{_sqs.netloc}//" if _sqs.netloc else "sqs://"
if CELERY_BROKER_URL.startswith("sqs:") and not CELERY_QUEUE_URL:
    raise environment.InvalidSettings("CELERY_BROKER_URL is SQS, which needs CELERY_QUEUE_URL.")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "region": AWS_REGION,
    "is_secure": _sqs.scheme != "http",
    "predefined_queues": {CELERY_TASK_DEFAULT_QUEUE: {"url": CELERY_QUEUE_URL}},
    "wait_time_seconds": 2,
    "polling_interval": 0.1,
    "client-config": {
        "connect_timeout": 2,
        "read_timeout": 5,
        "retries": {"total_max_attempts": 2},
    },
}

AWS_PLACE = {
    "region": AWS_REGION,
    "names": _names,
    "bus": _bus,
    "ordered_queue": _ordered_queue,
    "tasks_url": CELERY_QUEUE_URL,
    "pool": _pool_id,
    "parts": {
        EVENT_TRANSPORT,
        *(["broker"] if CELERY_BROKER_URL.startswith("sqs:") else []),
        *(["cleanup"] if ALLOW_CLEANUP else []),
    },
}
"""What is named here of an installation, for who permits what to its processes."""

REMOTE_CONFIG = {
    "BACKEND": "infra_backends.config.ssm",
    "OPTIONS": {
        "REGION": AWS_REGION,
        "PATH": _names.parameters,
        "CACHE_SECONDS": environment.seconds("REMOTE_CONFIG_CACHE_SECONDS", 30.0, most=3600),
    },
}
MESSAGING = messaging_settings(on_terminal=IS_EMULATED)

LOG_FORMAT = environment.choice("LOG_FORMAT", "json", among=FORMATS)
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL, access=ACCESS_LOG)
