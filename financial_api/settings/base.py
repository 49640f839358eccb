"""What every way of running shares. The modules beside this one choose the backends.

Everything a person may want to change comes from the environment; README.md lists the names.
"""

from pathlib import Path

from accounts.callers import ECOSYSTEM_ID
from financial_api.kernel import environment
from financial_api.kernel.ports import HIGHEST
from financial_api.settings.brokers import BROKERS, are_brokers, is_redis
from financial_api.settings.hosts import hosts_served
from financial_api.settings.logs import FORMATS, LEVELS, logging_settings
from notifications.admins import admins_from

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = Path(environment.text("DATA_DIR", str(BASE_DIR / ".data"), valid="a folder"))

DEBUG = False

ROOT_URLCONF = "financial_api.urls"
WSGI_APPLICATION = "financial_api.wsgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

INSTALLED_APPS = [
    "financial_api",
    "accounts",
    "infra_backends",
    "outbox",
    "notifications",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "financial_api.api.middleware.EdgeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "financial_api.api.hosts.HostMiddleware",
    "financial_api.api.cors.CorsMiddleware",
    "financial_api.api.refusals.RefusalMiddleware",
]

DATABASES: dict[str, object] = {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# How `manage.py serve` and `runserver` listen.
HOST = environment.address("HOST", "127.0.0.1")
PORT = environment.whole("PORT", 8000, least=1, most=HIGHEST)
LISTEN_ADDRESS = environment.text("LISTEN_ADDRESS", pattern=r"[\w:][\w.:%-]*", valid="an address")
"""Where this process listens: said by the command that starts it, not by a person."""
WORKERS = environment.whole("WORKERS", 1, least=1, most=256)
THREADS = environment.whole("THREADS", 64, least=1, most=1024)
CONNECTIONS = environment.whole("CONNECTIONS", 4096, least=1, most=65_536)
"""How many connections a worker holds; to hold one takes no thread."""
KEEP_ALIVE_SECONDS = environment.whole("KEEP_ALIVE_SECONDS", 75, least=1, most=3600)
"""How long a connection may say nothing, or half of a head, or take nothing of an answer."""
BODY_SECONDS = environment.whole("BODY_SECONDS", 30, least=1, most=3600)
"""How long a body may be on its way."""

# Requests.
MAX_BODY_BYTES = 64 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
TRUSTED_PROXIES = environment.whole("TRUSTED_PROXIES", 0, least=0, most=16)
"""How many proxies in front append to X-Forwarded-For; 0 believes the connection alone."""

# Throttling.
THROTTLE = environment.boolean("THROTTLE", True)
_PER_MINUTE = {"least": 1, "most": 1_000_000}
THROTTLE_REQUESTS_PER_MINUTE = environment.whole("THROTTLE_REQUESTS_PER_MINUTE", 100, **_PER_MINUTE)
THROTTLE_FAILURES_PER_MINUTE = environment.whole("THROTTLE_FAILURES_PER_MINUTE", 10, **_PER_MINUTE)
CACHE_URL = environment.url(
    "CACHE_URL",
    schemes=("redis", "rediss", "unix"),
    is_whole=is_redis,
)
"""A Redis that all processes count in; without one each counts for itself."""

# Cross-origin requests.
CORS_ALLOWED_ORIGINS = environment.words(
    "CORS_ALLOWED_ORIGINS",
    pattern=r"[a-z][a-z0-9+.-]*://([\w.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?",
    valid="origins such as https://app.example.com",
)
LOCALHOST_ORIGINS = [r"^http://localhost(:\d+)?$"]
"""The pages of a developer, which are allowed wherever the service runs for one."""
CORS_ALLOW_HEADERS = [
    "content-type",
    "authorization",
    "idempotency-key",
    "if-none-match",
    "x-request-id",
    "traceparent",
]
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS", "PATCH", "POST"]
CORS_EXPOSE_HEADERS = [
    "X-Request-ID",
    "ETag",
    "Idempotent-Replayed",
    "Retry-After",
    "X-Stale-Data",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
]

# Headers that keep browsers honest.
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SILENCED_SYSTEM_CHECKS = [
    # CSRF: a browser adds nothing by itself that lets anyone in here. There are no cookies, and
    # a page of another origin can send neither Authorization nor X-Webhook-Secret unasked.
    "security.W003",
    # Redirecting to HTTPS is the proxy's. Here it would drop the body of what was posted, after
    # the token had come in clear, and fail the health checks of a balancer that speaks HTTP.
    "security.W008",
]

# What only a developer or an operator switches on.
ALLOW_MOCK_TOKENS = environment.boolean("ALLOW_MOCK_TOKENS", False)
ALLOWED_HOSTS = hosts_served(allow_mock_tokens=ALLOW_MOCK_TOKENS)
ALLOW_CLEANUP = environment.boolean("ALLOW_CLEANUP", False)
DISABLED_ACCOUNTS = environment.words(
    "DISABLED_ACCOUNTS", pattern=ECOSYSTEM_ID.pattern, valid="ecosystemIds"
)
"""ecosystemIds whose development tokens count as those of an account the provider disabled."""

OUTBOX_SHARDS = environment.whole("OUTBOX_SHARDS", 8, least=1, most=256)

# The Celery worker, which is the relay where there is a broker; without one each process that
# serves drains the outbox itself. What a task has to do is in the store, never in its message, so
# there are no arguments, results or retries, and any number of beats does no harm.
CELERY_BROKER_URL = environment.url(
    "CELERY_BROKER_URL",
    schemes=BROKERS,
    is_whole=are_brokers,
)
CELERY_TASK_DEFAULT_QUEUE = environment.text(
    "CELERY_QUEUE", "acme-celery", pattern=r"\w[\w.-]{0,79}", valid="the name of a queue"
)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CONSUMER = "financial_api.celery:Consumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "drain": {"task": "outbox.drain", "schedule": 5.0, "options": {"expires": 30.0}},
    "upkeep": {"task": "outbox.upkeep", "schedule": 5.0, "options": {"expires": 10.0}},
}

REST_FRAMEWORK = {
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "financial_api.api.schema.ContractSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Financial API",
    "DESCRIPTION": "Credit cards: users with a score, card requests, purchases and payments.",
    "VERSION": "1.2.0",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/v1",
    "SERVERS": [{"url": "/", "description": "This server"}],
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # what is required, is so in a PATCH as well
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["financial_api.api.schema.share"],
    "TAGS": [
        {"name": "Users", "description": "Registration and the dashboard."},
        {"name": "Cards", "description": "Offers, cards and card requests."},
        {"name": "Transactions", "description": "Purchases and payments."},
        {"name": "Admin", "description": "What needs the role `admin`."},
        {"name": "WhatsApp", "description": "What the WhatsApp gateway calls."},
        {"name": "Operations", "description": "The outbox and cleanup, for admins."},
        {"name": "Health", "description": "For load balancers and people on call."},
    ],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "bearerAuth": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of the identity provider, or a development token.",
            },
            "webhookSecret": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Webhook-Secret",
                "description": "The secret that this service and the WhatsApp gateway share.",
            },
        }
    },
}

# WhatsApp: who is asked, and the gateway that asks them.
WHATSAPP_ADMINS = admins_from(environment.text("WHATSAPP_ADMINS", secret=True))
WEBHOOK_SECRET = environment.secret("WEBHOOK_SECRET")
"""What the gateway proves itself by; without one the webhook refuses everybody."""

# Watching it.
METRICS_TOKEN = environment.secret("METRICS_TOKEN")
METRICS = environment.choice(
    "METRICS", "token" if METRICS_TOKEN else "loopback", among=("loopback", "token", "off")
)
"""Who may read /metrics: `loopback`, who has the `token`, or nobody (`off`)."""
if METRICS == "token" and not METRICS_TOKEN:
    raise environment.InvalidSettings("METRICS is token, but METRICS_TOKEN is not set.")
_metrics_dir = environment.text("METRICS_DIR", valid="a folder")
METRICS_DIR = Path(_metrics_dir) if _metrics_dir else None
"""Where processes of one machine count together; without it each counts for itself."""
LOG_LEVEL = environment.choice("LOG_LEVEL", "WARNING", among=LEVELS)
LOG_FORMAT = environment.choice("LOG_FORMAT", "line", among=FORMATS)
ACCESS_LOG = environment.boolean("ACCESS_LOG", False)
"""Whether each request leaves a line; under `manage.py serve` it does unless this is off."""
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL, access=ACCESS_LOG)
