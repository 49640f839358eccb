"""AWS, or an emulator of it: DynamoDB, Cognito, EventBridge or SQS, and SSM; no database.

`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` say where the services are, as for every AWS
tool; without them it is AWS itself. Credentials come by boto3's own chain.
"""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from financial_api.kernel.loopback import is_loopback
from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import (
    ALLOW_MOCK_TOKENS,
    DATA_DIR,
    DISABLED_ACCOUNTS,
    LOCALHOST_ORIGINS,
    LOG_LEVEL,
    OUTBOX_SHARDS,
    THREADS,
    env,
)
from financial_api.settings.logs import logging_settings
from financial_api.settings.secret_key import own_secret_key
from financial_api.settings.whatsapp import messaging_settings
from infra_backends.aws.names import Names

ENDPOINT_URL = env.str("AWS_ENDPOINT_URL", "")
"""Where an emulator is; the clients find it by themselves."""
IS_EMULATED = is_loopback(urlsplit(ENDPOINT_URL).hostname or "")
if ALLOW_MOCK_TOKENS and not ENDPOINT_URL:
    raise ImproperlyConfigured(
        "ALLOW_MOCK_TOKENS is on, but without AWS_ENDPOINT_URL this is AWS itself."
    )

SECRET_KEY = env.str("SECRET_KEY", "") or (own_secret_key(DATA_DIR) if IS_EMULATED else "")
"""On AWS it must be given, since every process that serves needs the same."""

CORS_ALLOWED_ORIGIN_REGEXES = LOCALHOST_ORIGINS if IS_EMULATED else []

AWS_REGION = env.str("AWS_REGION", env.str("AWS_DEFAULT_REGION", "us-east-1"))
AWS_PREFIX = env.str("AWS_PREFIX", "acme-")
_names = Names(AWS_PREFIX)
_connections = THREADS + 16

PERSISTENCE = {
    "BACKEND": "infra_backends.persistence.dynamodb",
    "OPTIONS": {
        "REGION": AWS_REGION,
        "PREFIX": AWS_PREFIX,
        "OUTBOX_SHARDS": OUTBOX_SHARDS,
        "CONNECTIONS": _connections,
        "BOTO3_CLIENT": env.bool("DYNAMODB_BOTO3_CLIENT", False),
    },
}
IDENTITY = {
    "BACKEND": "infra_backends.identity.cognito",
    "OPTIONS": {
        "REGION": AWS_REGION,
        "USER_POOL_ID": env.str("COGNITO_USER_POOL_ID", ""),
        "CLIENT_ID": env.str("COGNITO_CLIENT_ID", ""),
        "PARAMETERS": _names.parameters,
        "ACCEPT_DEVELOPMENT_TOKENS": ALLOW_MOCK_TOKENS,
        "DISABLED_ACCOUNTS": DISABLED_ACCOUNTS,
        "CONNECTIONS": _connections,
        "KEYS_URL": env.str("COGNITO_KEYS_URL", ""),
    },
}
_TRANSPORTS = {
    "eventbridge": {
        "BACKEND": "infra_backends.events.eventbridge",
        "OPTIONS": {"REGION": AWS_REGION, "BUS": env.str("EVENT_BUS", _names.bus)},
    },
    "fifo": {
        "BACKEND": "infra_backends.events.fifo",
        "OPTIONS": {"REGION": AWS_REGION, "QUEUE": env.str("EVENT_QUEUE", _names.ordered_queue)},
    },
}
EVENT_TRANSPORT = env.str("EVENT_TRANSPORT", "eventbridge")
if EVENT_TRANSPORT not in _TRANSPORTS:
    raise ImproperlyConfigured(
        f"EVENT_TRANSPORT is {EVENT_TRANSPORT!r}; valid are {', '.join(_TRANSPORTS)}."
    )
EVENTS = _TRANSPORTS[EVENT_TRANSPORT]

# Celery's broker is SQS: the queue that was provisioned, by its URL, and no other.
_sqs = urlsplit(env.str("AWS_ENDPOINT_URL_SQS", "") or ENDPOINT_URL)
CELERY_TASK_DEFAULT_QUEUE = _names.tasks_queue
CELERY_QUEUE_URL = env.str(
    "CELERY_QUEUE_URL", f"{_sqs.geturl()}/000000000000/{_names.tasks_queue}" if IS_EMULATED else ""
)
_broker = f"sqs://{_sqs.netloc}//" if _sqs.netloc else "sqs://"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", _broker if CELERY_QUEUE_URL else "")
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

REMOTE_CONFIG = {
    "BACKEND": "infra_backends.config.ssm",
    "OPTIONS": {
        "REGION": AWS_REGION,
        "PATH": _names.parameters,
        "CACHE_SECONDS": env.float("REMOTE_CONFIG_CACHE_SECONDS", 30.0),
    },
}
MESSAGING = messaging_settings(on_terminal=IS_EMULATED)

LOG_FORMAT = env.str("LOG_FORMAT", "json")
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)
