"""How a log record becomes a line, and what never gets into one.

A line is text for a terminal, or one JSON object. Both are redacted last, whoever wrote them:
what libraries put into their messages and errors is not ours to choose.
"""

import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from financial_api.kernel import clock, log_context
from financial_api.kernel.encoding import dumps

_REDACTED = "[redacted]"
_CONFIDENTIAL = (
    r"authorization|password|passwd|secret|token|api[-_]?key|secret[-_]?key|access[-_]?key"
    r"|idempotency[-_]?key|x-webhook-secret|cookie|signature|credential"
)
_REDACTIONS: Sequence[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = (
    (re.compile(r"\bBearer\s+[^\s\"',;]+", re.IGNORECASE), f"Bearer {_REDACTED}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), _REDACTED),
    (re.compile(r"\bmock\.[\w+/=-]+(\.[^\s\"',;]*)?"), _REDACTED),
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), _REDACTED),
    (re.compile(r"(?<=://)[^\s]+@"), f"{_REDACTED}@"),
    (re.compile(r"((?:https?://|/)[^\s?\"'<>]*)\?[^\s\"'<>]+"), rf"\1?{_REDACTED}"),
    (
        re.compile(
            rf"(\b(?:{_CONFIDENTIAL})\b[\"']?\s*[:=]\s*)(?!Bearer\b)(\"[^\"]*\"|'[^']*'|[^\s\"',;]+)",
            re.IGNORECASE,
        ),
        rf"\1{_REDACTED}",
    ),
    (re.compile(r"(?<![\w.-])\+?\d{10,15}(?![\w-]|\.\d)"), "[number]"),
)


def redacted(text: str) -> str:
    """Return a text without tokens, keys, passwords, query strings and telephone numbers."""
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return text


class LineFormatter(logging.Formatter):
    """Text for a person at a terminal; an exception takes several lines."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, whatever the record holds.

    `timestamp` (UTC, ISO 8601), `level`, `logger`, `message`, `process`; what `log_context` knows;
    `exception`, the traceback, where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": clock.iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted(record.getMessage()),
            "process": record.process,
            **log_context.current(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = redacted(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = redacted(self.formatStack(record.stack_info))
        return _encoded(line)


def _encoded(line: dict[str, Any]) -> str:
    """Return a line as JSON; lone surrogates, which no JSON may hold, become question marks."""
    try:
        return dumps(line).decode()
    except (TypeError, UnicodeEncodeError):
        plain = {name: str(value).encode(errors="replace").decode() for name, value in line.items()}
        return dumps(plain).decode()
