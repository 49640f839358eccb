"""What the settings let through, asked of a process that starts with them."""

import json
import os
import subprocess
from typing import Any

import pytest

from financial_api.settings.logs import QUIET, logging_settings
from tests.support.fork_server import FORK_SERVER

SECRET = "confidential"

CHATTER = f"""
import logging
import django, httpx
django.setup()
transport = httpx.MockTransport(lambda request: httpx.Response(200))
with httpx.Client(transport=transport) as client:
    client.get("http://elsewhere.test/path-{SECRET}?q={SECRET}")
for name in ("httpcore.http11", "botocore.endpoint", "urllib3.connectionpool", "kombu.transport"):
    logging.getLogger(name).info("%s {SECRET}", name)
logging.getLogger("accounts").info("our own")
logging.getLogger("httpx").warning("a warning")
"""

WORKER = """
import logging
import django
from financial_api.celery import app
django.setup()
app.log.setup(loglevel="INFO", redirect_stdouts=True)
logging.getLogger("celery.worker").info("ready")

@app.task(name="tests.speak", shared=False)
def speak():
    logging.getLogger("outbox.tasks").warning("within")

speak.apply(task_id="task-1")
logging.getLogger("outbox.tasks").warning("after")
print("said, not logged")
"""


def run(script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    settings = {"DJANGO_SETTINGS_MODULE": "financial_api.settings.memory", **environment}
    ended = FORK_SERVER.run(("-c", script), os.environ | settings)
    assert ended.returncode == 0, ended.stderr
    return ended


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("format", ["line", "json"])
def test_no_library_tells_where_it_calls(level: str, format: str) -> None:
    ended = run(CHATTER, LOG_LEVEL=level, LOG_FORMAT=format)

    assert SECRET not in ended.stdout + ended.stderr
    assert "elsewhere.test" not in ended.stderr
    assert "our own" in ended.stderr
    assert "a warning" in ended.stderr


def test_a_library_is_never_louder_than_everyone() -> None:
    assert "a warning" not in run(CHATTER, LOG_LEVEL="ERROR").stderr


def test_a_celery_worker_logs_as_the_settings_say_and_names_its_task() -> None:
    ended = run(WORKER, LOG_LEVEL="INFO", LOG_FORMAT="json")

    assert ended.stdout == "said, not logged\n"
    lines = {line["message"]: line for line in lines_of(ended.stderr)}
    assert lines["ready"]["logger"] == "celery.worker"
    assert lines["within"].items() >= {"taskId": "task-1", "taskName": "tests.speak"}.items()
    assert "taskId" not in lines["after"]


def test_lines_are_text_unless_asked_otherwise() -> None:
    assert run(CHATTER, LOG_LEVEL="INFO").stderr.splitlines()[0].endswith("INFO accounts our own")


def test_on_aws_they_are_json_unless_asked_otherwise() -> None:
    on_aws = {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "LOG_LEVEL": "INFO",
    }

    assert lines_of(run(CHATTER, **on_aws).stderr)[0]["message"] == "our own"
    assert run(CHATTER, **on_aws, LOG_FORMAT="line").stderr.splitlines()[0].endswith("our own")


def test_every_quiet_library_has_a_level_of_its_own() -> None:
    loggers = logging_settings("json", "DEBUG")["loggers"]

    assert isinstance(loggers, dict)
    assert all(loggers[name] == {"level": 30} for name in QUIET)
