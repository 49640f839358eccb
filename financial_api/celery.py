"""The Celery app: `celery -A financial_api worker -B` is a relay, and beats for itself.

The settings whose names begin with CELERY_ configure it.
"""

import logging.config
import os
import sys
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import setup_logging, task_postrun, task_prerun
from celery.worker import consumer
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from financial_api.kernel import clock, log_context
from financial_api.kernel.environment import refusing
from outbox import worker_health

RECONNECT_SECONDS = 2.0

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")

with refusing(ImportError, ImproperlyConfigured):
    settings.INSTALLED_APPS  # noqa: B018  # loads the settings

app = Celery("financial_api")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["outbox"])


class Worker(app.Worker):  # type: ignore[misc, name-defined]
    """A worker that asks SQS for tasks by plain blocking calls.

    In kombu's event loop a connection that is refused ends the asking, or the worker, for good.
    """

    def on_before_init(self, **options: Any) -> None:
        sys.stderr.write(f"The worker takes {settings.SETTINGS_MODULE} (DJANGO_SETTINGS_MODULE).\n")
        super().on_before_init(**options)

    def should_use_eventloop(self) -> bool:
        is_sqs = settings.CELERY_BROKER_URL.startswith("sqs:")
        return not is_sqs and super().should_use_eventloop()


app.Worker = Worker


class Consumer(worker_health.Watched, consumer.Consumer):  # type: ignore[misc]
    """A consumer that waits before it connects again, which with SQS always seems to succeed.

    Tasks under way go on meanwhile: a drain needs no broker.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        with warnings.catch_warnings(action="ignore", category=CPendingDeprecationWarning):
            super().on_connection_error_after_connected(exc)
        clock.sleep(RECONNECT_SECONDS)


@setup_logging.connect
def _log_as_everywhere(**_: Any) -> None:
    """Have the worker and its pool log as the settings say; Celery then leaves logging alone."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def _name_the_task(task_id: str, task: Any, **_: Any) -> None:
    log_context.begin(taskId=task_id, taskName=task.name)


@task_postrun.connect
def _forget_the_task(**_: Any) -> None:
    log_context.begin()
