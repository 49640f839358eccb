"""Django's LOGGING for a format and a level."""

import logging

FORMATS = ("line", "json")
LEVELS = tuple(logging.getLevelNamesMapping())
QUIET = (
    "amqp",
    "asyncio",
    "boto3",
    "botocore",
    "hpack",
    "httpcore",
    "httpx",
    "kombu",
    "redis",
    "s3transfer",
    "urllib3",
)
"""Libraries that log addresses, headers or bodies below WARNING."""


def logging_settings(format: str, level: str, *, access: bool = False) -> dict[str, object]:
    """Return what has everything logged from `level` on as text (`line`) or objects (`json`).

    Whether there is a line for each request does not depend on the level.
    """
    quiet = max(logging.WARNING, logging.getLevelNamesMapping()[level])
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "financial_api.kernel.log_lines.LineFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            },
            "json": {"()": "financial_api.kernel.log_lines.JsonFormatter"},
        },
        "handlers": {
            "console": {
                "class": "financial_api.kernel.standard_error.Handler",
                "formatter": format,
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            **{name: {"level": quiet} for name in QUIET},
            "financial_api.access": {"level": "INFO" if access else "CRITICAL"},
            "django.request": {"level": "CRITICAL"},
            "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        },
    }
