"""The Celery app: `celery -A financial_api worker -B` is a relay, and beats for itself.

The settings whose names begin with CELERY_ configure it.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")

app = Celery("financial_api")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["outbox"])


@celeryd_init.connect
def _require_a_broker(**_: Any) -> None:
    if not settings.CELERY_BROKER_URL:
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL is not set, so there is nothing for a worker to wait for: each "
            "process that serves drains the outbox itself."
        )
