"""Liveness and readiness."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from financial_api.api.fields import EnumField, MomentField
from financial_api.api.responses import json_response
from financial_api.api.schema import EXAMPLE_TIME, operation
from financial_api.api.views import PublicViewSet
from financial_api.kernel import clock, deadline
from financial_api.kernel.cache import Cache
from infra_backends import events, identity, persistence
from infra_backends.exceptions import BackendUnavailable
from outbox.status import LATE

logger = logging.getLogger(__name__)

A = TypeVar("A")

TAG = "Health"
LIMIT_SECONDS = 2.0
RESULT_FRESH_SECONDS = 1.0

_DEPENDENCIES: dict[str, Callable[[], None]] = {
    "database": lambda: persistence.ping(),
    "message_stream": lambda: events.ping(),
    "auth_provider": lambda: identity.ping(),
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which dependencies answer, and what an operator should know besides."""

    healthy: dict[str, bool]
    warnings: list[str]

    @property
    def is_ready(self) -> bool:
        return all(self.healthy.values())


_results: Cache[None, Readiness] = Cache(
    "readiness",
    BackendUnavailable,
    fresh_seconds=RESULT_FRESH_SECONDS,
    usable_seconds=RESULT_FRESH_SECONDS,
)
_asking = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readiness")


def readiness() -> Readiness:
    """Ask every dependency, all at once and for two seconds at the most."""
    asked = {name: _ask(ask) for name, ask in _DEPENDENCIES.items()}
    oldest = _ask(lambda: persistence.outbox.oldest_unsent())
    everything: list[Future[Any]] = [*asked.values(), oldest]
    wait(everything, timeout=LIMIT_SECONDS)
    return Readiness(
        {name: _succeeded(name, future) for name, future in asked.items()},
        _backlog_warnings(oldest.result()) if _succeeded("outbox", oldest) else [],
    )


def _ask(question: Callable[[], A]) -> "Future[A]":
    """Ask in another thread, which does not wait longer for an answer than anyone here does."""

    def ask() -> A:
        with deadline.within(LIMIT_SECONDS):
            return question()

    return _asking.submit(ask)


def _succeeded(name: str, asked: Future[Any]) -> bool:
    if not asked.done():
        logger.warning("%s does not answer within %s s", name, LIMIT_SECONDS)
        return False
    error = asked.exception()
    if error is not None:
        logger.warning("%s does not answer: %s", name, type(error).__name__)
    return error is None


def _backlog_warnings(oldest: datetime | None) -> list[str]:
    if oldest is None or clock.now() - oldest <= LATE:
        return []
    minutes = int((clock.now() - oldest).total_seconds() // 60)
    return [f"outbox_backlog: the oldest unsent event is {minutes} minutes old"]


class LivenessSerializer(serializers.Serializer[Any]):
    status = EnumField("ok")
    timestamp = MomentField()


class DependenciesSerializer(serializers.Serializer[Any]):
    database = EnumField("healthy", "unhealthy")
    message_stream = EnumField("healthy", "unhealthy")
    auth_provider = EnumField("healthy", "unhealthy")


class ReadinessSerializer(serializers.Serializer[Any]):
    status = EnumField("healthy", "unhealthy")
    dependencies = DependenciesSerializer()
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


def _word(healthy: bool) -> str:
    return "healthy" if healthy else "unhealthy"


def present_readiness(result: Readiness) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "status": _word(result.is_ready),
        "dependencies": {name: _word(healthy) for name, healthy in result.healthy.items()},
    }
    if result.warnings:
        shown["warnings"] = result.warnings
    return shown


def _example(healthy: bool) -> dict[str, Any]:
    return present_readiness(Readiness(dict.fromkeys(_DEPENDENCIES, healthy), []))


class LivenessViewSet(PublicViewSet):
    @operation(
        "getLiveness",
        "Whether the process answers",
        description="503 when no request was finished for ten seconds, while some waited.",
        tag=TAG,
        answers={
            200: (LivenessSerializer, "It does.", {"status": "ok", "timestamp": EXAMPLE_TIME})
        },
        public=True,
    )
    def retrieve(self, request: Request) -> HttpResponse:
        return json_response({"status": "ok", "timestamp": clock.iso(clock.now())})


class ReadinessViewSet(PublicViewSet):
    @operation(
        "getReadiness",
        "Whether the service can do its work",
        tag=TAG,
        answers={
            200: (ReadinessSerializer, "Every dependency answers.", _example(True)),
            503: (ReadinessSerializer, "Some dependency does not answer.", _example(False)),
        },
        public=True,
    )
    def retrieve(self, request: Request) -> HttpResponse:
        result = _results.get(None, readiness)
        response = json_response(present_readiness(result), 200 if result.is_ready else 503)
        if not result.is_ready:
            response["Retry-After"] = "1"
        return response
