"""`/metrics` for Prometheus: who may read it, and what is asked of the outbox meanwhile."""

import hmac
import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from financial_api.api.context import is_from_this_machine
from financial_api.api.views import PublicViewSet
from financial_api.kernel import clock, deadline, metrics
from financial_api.kernel.cache import Cache
from financial_api.kernel.errors import NotFound
from financial_api.kernel.metrics import Gauge
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from outbox.entities import Backlog

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 2.0
FRESH_SECONDS = 5.0


class MetricsViewSet(PublicViewSet):
    """To those who may not read it, it does not exist."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not may_read(self.django_request):
            raise NotFound("There is no such route.")

    def retrieve(self, request: Request) -> HttpResponse:
        content = metrics.exposition(_gauges(_latest()))
        return HttpResponse(content, content_type=metrics.CONTENT_TYPE)


def may_read(request: HttpRequest) -> bool:
    """Return True for who has the token, or is on this machine, as METRICS says."""
    if settings.METRICS == "token":
        given = request.META.get("HTTP_AUTHORIZATION", "").strip()
        return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    if settings.METRICS == "loopback":
        return is_from_this_machine(request)
    return False


_backlogs: Cache[None, Sequence[Backlog]] = Cache(
    "the outbox's depth",
    BackendUnavailable,
    fresh_seconds=FRESH_SECONDS,
    usable_seconds=FRESH_SECONDS,
    leave_thread=lambda: persistence.leave_thread(),
    aside=True,
)


def _latest() -> Sequence[Backlog]:
    """Return the backlog of each shard, or none where the store does not say in time."""
    try:
        with deadline.within(LIMIT_SECONDS):
            return _backlogs.get(None, _ask)
    except BackendUnavailable as error:
        logger.warning("%s", error)
        return []


def _ask() -> Sequence[Backlog]:
    return [persistence.outbox.backlog(shard) for shard in range(persistence.outbox.shards)]


def _gauges(backlogs: Sequence[Backlog]) -> list[Gauge]:
    """Return depth and oldest age of each shard; nothing of an outbox that is not known."""
    if not backlogs:
        return []
    now = clock.now()
    ages = [(now - b.oldest).total_seconds() if b.oldest else 0.0 for b in backlogs]
    return [
        Gauge(
            "financial_api_outbox_depth",
            "Events not yet sent, in all processes' one outbox.",
            [(str(shard), float(backlog.depth)) for shard, backlog in enumerate(backlogs)],
            label="shard",
        ),
        Gauge(
            "financial_api_outbox_oldest_seconds",
            "Age of the oldest event not yet sent; 0 without one.",
            [(str(shard), age) for shard, age in enumerate(ages)],
            label="shard",
        ),
    ]
