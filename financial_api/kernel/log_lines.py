"""How a log record becomes a line, and what never gets into one.

A line is text for a terminal, or one JSON object. Both are redacted last, whoever wrote them:
what libraries put into their messages and errors is not ours to choose. That takes time in
proportion to a text's length: each pattern matches all that it had to look at, so that nothing is
looked at again.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from financial_api.kernel import clock, log_context
from financial_api.kernel.encoding import dumps

LONGEST = 16 * 1024
"""Characters of a message, and of a traceback, at the most."""

_REDACTED = "[redacted]"
_CONFIDENTIAL = (
    r"authorization|password|passwd|secret|token|api[-_]?key|secret[-_]?key|access[-_]?key"
    r"|idempotency[-_]?key|x-webhook-secret|cookie|signature|credential"
)


def _without_credentials(url: re.Match[str]) -> str:
    """Return what follows a `://` without what stands before its last `@`."""
    before, _, after = url[0].rpartition("@")
    return f"{_REDACTED}@{after}" if before else url[0]


def _without_query(path: re.Match[str]) -> str:
    return f"{path[1]}?{_REDACTED}" if path[2] else path[0]


_REDACTIONS: Sequence[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = (
    (re.compile(r"\bBearer\s++[^\s\"',;]++", re.IGNORECASE), f"Bearer {_REDACTED}"),
    (re.compile(r"\beyJ[\w-]*+(\.[\w-]*+){0,4}"), _REDACTED),
    (re.compile(r"\bmock\.[\w+/=-]++(\.[^\s\"',;]*+)?"), _REDACTED),
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), _REDACTED),
    (re.compile(r"(?<=://)\S++"), _without_credentials),
    (re.compile(r"(/[^\s?\"'<>]*+)(\?[^\s\"'<>]++)?"), _without_query),
    (
        re.compile(
            rf"(\b(?:{_CONFIDENTIAL})\b[\"']?\s*+[:=]\s*+)(?!Bearer\b)"
            r"(\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|(?:Basic\s++)?+[^\s\"',;]++)",
            re.IGNORECASE | re.DOTALL,
        ),
        rf"\1{_REDACTED}",
    ),
    (re.compile(r"(?<![\w.-])\+?\d{10,15}(?![\w-]|\.\d)"), "[number]"),
)

_NEEDED = re.compile(r"[:=?@]|bearer|eyj|mock\.|a[ks]ia|\d{10}", re.IGNORECASE)
"""Of what each of them needs something; most names have none of it, and are looked at once."""


def redacted(text: str) -> str:
    """Return a text without tokens, keys, passwords, query strings and telephone numbers.

    Of one that is too long the rest is left out, from the beginning of a word: half a secret may
    look like none.
    """
    kept = text if len(text) <= LONGEST else _whole_words(text[:LONGEST])
    left_out = len(text) - len(kept)
    if _NEEDED.search(kept):
        for pattern, replacement in _REDACTIONS:
            kept = pattern.sub(replacement, kept)
    return f"{kept}[{left_out} characters left out]" if left_out else kept


def _whole_words(text: str) -> str:
    return text[: max(text.rfind(" "), text.rfind("\n")) + 1]


_NO_FIELDS: Mapping[str, object] = {}


class CleanRecord(logging.LogRecord):
    """What happened at a time, and is known to hold nothing confidential: nothing is looked for.

    `fields` are those of the JSON object, `context` what `log_context` knew; as text, that follows
    the message.
    """

    def __init__(
        self,
        logger: str,
        level: int,
        message: str,
        fields: Mapping[str, object],
        context: Mapping[str, object],
        created: float,
    ) -> None:
        super().__init__(logger, level, "", 0, message, None, None)
        self.fields = fields
        self.context = context
        self.created = created
        self.msecs = created % 1 * 1000


class LineFormatter(logging.Formatter):
    """Text for a person at a terminal; an exception takes several lines."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        if not isinstance(record, CleanRecord):
            return redacted(line)
        return " ".join([line, *(f"{name}={value}" for name, value in record.context.items())])


class JsonFormatter(logging.Formatter):
    """One JSON object a line, whatever the record holds.

    `timestamp` (UTC, ISO 8601), `level`, `logger`, `message`, `process`; the record's own fields;
    what `log_context` knows; `exception`, the traceback, where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        message, fields, context = record.getMessage(), _NO_FIELDS, log_context.current()
        if isinstance(record, CleanRecord):
            fields, context = record.fields, record.context
        else:
            message = redacted(message)
        line: dict[str, Any] = {
            "timestamp": clock.iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "process": record.process,
            **fields,
            **context,
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
