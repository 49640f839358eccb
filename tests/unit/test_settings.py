"""Every setting that is documented: what it takes as it stands, and what stops the start."""

import json
from typing import Any

import pytest

from tests.support.fork_server import FORK_SERVER
from tests.support.interpreters import started
from tests.support.readme import documented_settings

TOO_LONG = "9" * 10_000
NO_NAME = "no such thing!"

BOOLEAN = ("", '"on"', "'off'", "-1", "maybe", "2", " on", TOO_LONG)
WHOLE = ("", '"8"', "-3", "many", "1.5", "0x8", " 8", "8 ", "٣", "1000001", TOO_LONG)
CHOICE = ("", '"line"', "-3", "many", "loopback,token", TOO_LONG)
NAME = ("", '"acme"', "-3", NO_NAME, TOO_LONG)
OPTIONAL_NAME = NAME[1:]
URL = (
    '"http://localhost"',
    "-3",
    "many",
    "http//localhost",
    "://localhost",
    "x://h:port",
    TOO_LONG,
)
LIST = ('"https://a.example"', NO_NAME, "a!, b", ",", TOO_LONG)
FOLDER = ("'/var'", "/a\nb", TOO_LONG)
SECRET = ('"secret"', "two\nlines", "the end ", "é", TOO_LONG)

DATABASES = (
    "mysql://h/d",
    "postgres://h:port/d",
    "postgres://h",
    "postgres://h/d?nosuch=1",
    "postgres://h/d?connect_timeout=abc",
    "postgres://h/d?ENGINE=x",
    "postgres://%2Frun/d",
    "sqlite://",
    "sqlite:///:memory:",
)
REDIS = ("redis://", "redis://h?nosuch=1", "redis://h?socket_timeout=abc", "redis://h:1/no")

AWS, SERVER = "aws", "server"

SENSELESS = {
    "HOST": (SERVER, (*NAME, "api.example.com", "127.1", "0", ":::", "a..b")),
    "PORT": (SERVER, (*WHOLE, "0", "65536")),
    "WORKERS": (SERVER, (*WHOLE, "0")),
    "THREADS": (SERVER, (*WHOLE, "0")),
    "CONNECTIONS": (SERVER, (*WHOLE, "0", "65537")),
    "KEEP_ALIVE_SECONDS": (SERVER, (*WHOLE, "0", "3601")),
    "BODY_SECONDS": (SERVER, (*WHOLE, "0", "3601")),
    "ALLOWED_HOSTS": (SERVER, ("", *LIST, "localhost:8000", "https://localhost")),
    "SECRET_KEY": (SERVER, ("", *SECRET, "x" * 31)),
    "DATA_DIR": (SERVER, ("", *FOLDER)),
    "DATABASE_URL": (
        SERVER,
        ("", *URL, *DATABASES),
    ),
    "DATABASE_CONNECTIONS": (SERVER, (*WHOLE, "0")),
    "CACHE_URL": (SERVER, (*URL, "memcached://localhost", "$REDIS", *REDIS)),
    "THROTTLE": (SERVER, BOOLEAN),
    "THROTTLE_REQUESTS_PER_MINUTE": (SERVER, (*WHOLE, "0")),
    "THROTTLE_FAILURES_PER_MINUTE": (SERVER, (*WHOLE, "0")),
    "TRUSTED_PROXIES": (SERVER, WHOLE),
    "CORS_ALLOWED_ORIGINS": (SERVER, (*LIST, "app.example.com", "https://app.example.com/")),
    "ALLOW_MOCK_TOKENS": (SERVER, (*BOOLEAN, "on")),
    "ALLOW_CLEANUP": (SERVER, BOOLEAN),
    "DISABLED_ACCOUNTS": (SERVER, LIST),
    "OUTBOX_SHARDS": (SERVER, (*WHOLE, "0")),
    "CELERY_BROKER_URL": (SERVER, (*URL, *REDIS, "kafka://h", "sentinel://h", "sqs:")),
    "CELERY_QUEUE": (SERVER, NAME),
    "METRICS": (SERVER, (*CHOICE, "token")),
    "METRICS_TOKEN": (SERVER, SECRET),
    "METRICS_DIR": (SERVER, FOLDER),
    "LOG_LEVEL": (SERVER, CHOICE),
    "ACCESS_LOG": (SERVER, BOOLEAN),
    "LOG_FORMAT": (SERVER, (*CHOICE[:1], *CHOICE[2:], '"json"')),
    "LISTEN_ADDRESS": (SERVER, OPTIONAL_NAME),
    "AWS_ENDPOINT_URL": (AWS, (*URL, "sqs://localhost", "127.0.0.1:4566", "http://my_host:1")),
    "AWS_ENDPOINT_URL_SQS": (AWS, (*URL, "sqs://localhost")),
    "AWS_REGION": (AWS, (*OPTIONAL_NAME, "europe")),
    "AWS_DEFAULT_REGION": (AWS, (*OPTIONAL_NAME, "europe")),
    "AWS_PREFIX": (AWS, (*NAME, "-", "aws-", "SSM", "a/b", "x" * 41)),
    "DYNAMODB_BOTO3_CLIENT": (AWS, BOOLEAN),
    "COGNITO_USER_POOL_ID": (AWS, (*OPTIONAL_NAME, "pool")),
    "COGNITO_CLIENT_ID": (AWS, OPTIONAL_NAME),
    "COGNITO_KEYS_URL": (AWS, URL),
    "EVENT_TRANSPORT": (AWS, (*CHOICE, "pigeon")),
    "EVENT_BUS": (AWS, NAME),
    "EVENT_QUEUE": (AWS, (*NAME, "acme-events")),
    "CELERY_QUEUE_URL": (AWS, URL),
    "REMOTE_CONFIG_CACHE_SECONDS": (AWS, (*(v for v in WHOLE if v != "1.5"), "nan", "1e3")),
    "WHATSAPP_ADMINS": (SERVER, (*LIST, "+5511999999999")),
    "WEBHOOK_SECRET": (SERVER, SECRET),
    "WPP_BASE_URL": (SERVER, (*URL, "ftp://gateway")),
    "WPP_SECRET_KEY": (SERVER, ('"secret"', "two\nlines", TOO_LONG)),
    "WPP_SESSION_NAME": (SERVER, ('"acme"', NO_NAME, TOO_LONG)),
}
"""For each setting a module that reads it, and values that nobody can mean."""

SECRETS = {"SECRET_KEY", "WEBHOOK_SECRET", "METRICS_TOKEN", "WPP_SECRET_KEY", "WHATSAPP_ADMINS"}

CASES = [(name, value) for name, (_, values) in SENSELESS.items() for value in values]

START_EACH = """
import json, os, runpy, sys, traceback
import financial_api.management.command_line

for environment in json.load(open(sys.argv[1])):
    reads, writes = os.pipe()
    if not os.fork():
        os.dup2(writes, 2)
        os.environ.update(environment)
        sys.argv = ["manage.py", "check"]
        status = 0
        try:
            runpy.run_path("manage.py", run_name="__main__")
        except SystemExit as ending:
            status = 1 if isinstance(ending.code, str) else ending.code or 0
            print(ending.code if isinstance(ending.code, str) else "", file=sys.stderr)
        except BaseException:
            status = 2
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)
    os.close(writes)
    with os.fdopen(reads) as said:
        text = said.read()
    print(json.dumps([os.waitstatus_to_exitcode(os.wait()[1]), text]))
"""
"""Runs manage.py once with each of several environments, each time in a fork of its own."""

SHOW = """
import json, sys
from django.conf import settings
print(json.dumps([getattr(settings, name) for name in sys.argv[1:]], default=str))
"""


@pytest.fixture(scope="module")
def refusals(
    bare: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], tuple[int, str]]:
    """The exit status and what was said of each setting with each senseless value."""
    environments = [
        {
            "DJANGO_SETTINGS_MODULE": f"financial_api.settings.{SENSELESS[name][0]}",
            **bare,
            name: value,
        }
        for name, value in CASES
    ]
    file = tmp_path_factory.mktemp("cases") / "environments.json"
    file.write_text(json.dumps(environments))
    ran = FORK_SERVER.run(("-c", START_EACH, str(file)), bare)
    assert ran.returncode == 0, ran.stderr
    results = [json.loads(line) for line in ran.stdout.splitlines()]
    return {case: (status, said) for case, (status, said) in zip(CASES, results, strict=True)}


def short(case: Any) -> str:
    return str(case)[:20].encode("unicode_escape").decode()


def test_every_documented_setting_is_tried() -> None:
    assert documented_settings() - SENSELESS.keys() == set()


@pytest.mark.parametrize(("name", "value"), CASES, ids=short)
def test_a_senseless_value_stops_the_start_with_one_line_that_names_it(
    refusals: dict[tuple[str, str], tuple[int, str]], name: str, value: str
) -> None:
    status, said = refusals[name, value]

    assert status == 1, said
    assert said.count("\n") == 1, said
    assert name in said
    assert len(said) < 300
    if name in SECRETS and len(value) > 1:
        assert value not in said


def values_of(bare: dict[str, str], *names: str, module: str = SERVER, **variables: str) -> Any:
    """Return settings as a process with more variables has them."""
    environment = bare | {"DJANGO_SETTINGS_MODULE": f"financial_api.settings.{module}"}
    ran = FORK_SERVER.run(("-c", SHOW, *names), environment | variables)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


TRICKY = '$ecret\'s #1 = "50%" \\$HOME {a} ${b} of all the long secrets'


def test_a_secret_arrives_as_it_stands(bare: dict[str, str]) -> None:
    names = ("SECRET_KEY", "WEBHOOK_SECRET", "METRICS_TOKEN")
    given = dict.fromkeys((*names, "WPP_SECRET_KEY"), TRICKY)
    given |= {"WPP_BASE_URL": "http://gateway:21465", "WPP_SESSION_NAME": "acme"}
    given |= {"CACHE_URL": "redis://:$ecret@localhost:6379/0", "ecret": "another", "HOME": "/root"}

    *secrets, messaging, cache = values_of(bare, *names, "MESSAGING", "CACHE_URL", **given)

    assert [*secrets, messaging["OPTIONS"]["SECRET_KEY"]] == [TRICKY] * 4
    assert cache == given["CACHE_URL"]


@pytest.mark.parametrize(
    ("url", "user", "password", "host"),
    [
        (
            "postgres://us$er:%24ecret%23=%22@localhost:5432/na$me",
            "us$er",
            '$ecret#="',
            "localhost",
        ),
        ("postgresql://u:p#w@db.internal/na$me?sslmode=require", "u", "p#w", "db.internal"),
        ("postgres://u:$w@one:5432,two:5433/na$me", "u", "$w", "one,two"),
        ("postgres:///na$me", "", "", ""),
    ],
)
def test_a_database_is_the_one_that_the_url_names(
    bare: dict[str, str], url: str, user: str, password: str, host: str
) -> None:
    [databases] = values_of(bare, "DATABASES", DATABASE_URL=url)

    found = databases["default"]
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == (user, password, host)
    assert found["NAME"] == "na$me"


SENSIBLE = {
    "HOST": ("0.0.0.0", "localhost", "::1", "[::]"),  # noqa: S104
    "CACHE_URL": (
        "redis://localhost",
        "rediss://u:$p@cache:6380/1?ssl_cert_reqs=none",
        "unix:///r",
    ),
    "CELERY_BROKER_URL": (
        "amqp://guest:guest@localhost:5672//",
        "amqps://u:p%23@one/%2Fvhost;amqps://u:p%23@two/%2Fvhost",
        "redis://:$p@localhost:6379/0",
        "pyamqp://localhost//",
        "sqs://",
    ),
    "CORS_ALLOWED_ORIGINS": ("https://app.example.com", "http://[::1]:3000,http://localhost"),
    "ALLOWED_HOSTS": ("*", ".example.com, api_1", "[::1]"),
    "AWS_REGION": (
        "eu-west-1",
        "us-gov-west-1",
        "cn-northwest-1",
        "us-isob-east-1",
        "mx-central-1",
    ),
    "AWS_PREFIX": ("acme-", "A", "blue_2-"),
    "EVENT_BUS": ("default", "arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/acme.1"),
    "WEBHOOK_SECRET": ("x", "two words"),
    "LOG_LEVEL": ("debug", "WARN"),
}
"""What operators do set, for which nobody should be refused."""


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in SENSIBLE.items() for v in values], ids=short
)
def test_what_makes_sense_is_let_through(bare: dict[str, str], name: str, value: str) -> None:
    module = AWS if name.startswith(("AWS", "EVENT")) else SERVER

    assert values_of(bare, "PERSISTENCE", module=module, **{name: value})


@pytest.mark.parametrize(
    ("texts", "switch"),
    [(("on", "TRUE", "Yes", "1"), True), (("off", "False", "NO", "0"), False)],
    ids=["on", "off"],
)
def test_a_switch_is_given_in_any_of_its_words_and_cases(
    bare: dict[str, str], texts: tuple[str, ...], switch: bool
) -> None:
    for text in texts:
        assert values_of(bare, "THROTTLE", "ALLOW_CLEANUP", THROTTLE=text, ALLOW_CLEANUP=text) == [
            switch,
            switch,
        ]


def test_blanks_around_commas_do_not_matter(bare: dict[str, str]) -> None:
    origins = "https://a.example , https://b.example:8443,,http://localhost:3000 "

    assert values_of(bare, "CORS_ALLOWED_ORIGINS", CORS_ALLOWED_ORIGINS=origins) == [
        ["https://a.example", "https://b.example:8443", "http://localhost:3000"]
    ]


def test_what_may_be_left_out_may_be_empty(bare: dict[str, str]) -> None:
    names = ("CACHE_URL", "WEBHOOK_SECRET", "METRICS_TOKEN", "WHATSAPP_ADMINS", "DISABLED_ACCOUNTS")

    assert values_of(bare, *names, **dict.fromkeys(names, "")) == ["", "", "", {}, []]


ENTRANCES = {
    "serve": ("manage.py", "serve"),
    "runserver": ("manage.py", "runserver"),
    "worker": ("-m", "celery", "-A", "financial_api", "worker"),
    "migrate": ("manage.py", "migrate"),
    "outbox_status": ("manage.py", "outbox_status"),
    "localstack_reset": ("manage.py", "localstack_reset"),
    "aws_local": ("manage.py", "aws_local"),
    "help": ("manage.py",),
    "wsgi": ("-c", "import financial_api.wsgi"),
}
"""Every kind of process that reads settings."""


@pytest.mark.parametrize("command", ENTRANCES.values(), ids=ENTRANCES)
def test_whatever_is_started_says_it_in_one_line(
    bare: dict[str, str], command: tuple[str, ...]
) -> None:
    ran = started(command, bare | {"THROTTLE": '"on"'})

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr == "THROTTLE is '\"on\"'; the quotes are a part of it: take them away.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("EMULATOR_PORT", v) for v in WHOLE] + [("PERSIST", v) for v in ("", "'on'")],
)
def test_so_does_the_emulator_of_its_own_settings(
    bare: dict[str, str], name: str, value: str
) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "financial_api.settings.local", name: value}

    ran = FORK_SERVER.run(("manage.py", "aws_local", "--emulator-only"), bare | settings)

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"{name} is ")
    assert ran.stderr.count("\n") == 1


def test_a_secret_key_that_was_kept_whole_is_used_again(bare: dict[str, str]) -> None:
    [first] = values_of(bare, "SECRET_KEY")

    assert len(first) >= 50
    assert values_of(bare, "SECRET_KEY") == [first]


def test_a_secret_key_that_was_not_kept_whole_is_refused(
    bare: dict[str, str], tmp_path: Any
) -> None:
    (tmp_path / "secret_key").write_text("half")

    ran = started(("manage.py", "check"), bare | {"DATA_DIR": str(tmp_path)})

    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "SECRET_KEY" in ran.stderr


def test_where_no_secret_key_can_be_kept_one_must_be_given(bare: dict[str, str]) -> None:
    ran = started(("manage.py", "check"), bare | {"DATA_DIR": "/proc/nowhere"})

    assert ran.returncode == 1
    assert ran.stderr.startswith("SECRET_KEY is not set, and none can be kept in DATA_DIR: /proc")
    assert ran.stderr.count("\n") == 1
