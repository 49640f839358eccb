"""AWS, or an emulator of it: DynamoDB, Cognito, EventBridge or SQS, and SSM; no database.

`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` say where the services are, as for every AWS
tool; without them it is AWS itself. Credentials come by boto3's own chain.
"""

from django.core.exceptions import ImproperlyConfigured

from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import ALLOW_MOCK_TOKENS, OUTBOX_SHARDS, THREADS, env
from infra_backends.aws.names import Names

SECRET_KEY = env.str("SECRET_KEY")

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
        "CONNECTIONS": _connections,
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
REMOTE_CONFIG = {
    "BACKEND": "infra_backends.config.ssm",
    "OPTIONS": {"REGION": AWS_REGION, "PATH": _names.parameters},
}
