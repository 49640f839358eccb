"""What is wrong with the settings of the gateway is said at start, and how to set it right."""

import pytest

from infra_backends import messaging
from infra_backends.handler import InvalidBackendError
from infra_backends.messaging.wppconnect import Backend

GIVEN = {"base_url": "http://127.0.0.1:21465", "secret_key": "key", "session": "acme"}


def faults(**options):
    return Backend(**GIVEN | options).check()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"base_url": "https://gateway.example.com"},
        {"base_url": "https://gateway.example.com/wpp/"},
        {"base_url": "http://[::1]:21465"},
        {"session": "A_b-9" + "x" * 59},
        {"secret_key": "/?#% é"},
    ],
)
def test_what_is_right_is_let_through(options):
    assert faults(**options) == []


@pytest.mark.parametrize(
    ("options", "id", "option", "variable"),
    [
        *(
            ({"base_url": url}, "infra_backends.E005", "BASE_URL", "WPP_BASE_URL")
            for url in (
                "",
                "gateway:21465",
                "//gateway",
                "ftp://gateway",
                "http://",
                "http://:21465",
                "http://gateway:99999",
                "http://gateway:0",
                "http://gateway:port",
                "http://[::1",
                "http://a..b",
                "http://user:hunter2@gateway",
                "http://gateway?key=hunter2",
                "http://gateway/#here",
                "http://gateway/a b",
                "http://gateway\r\nX: y",
                "http://gatewáy",
            )
        ),
        ({"secret_key": ""}, "infra_backends.E006", "SECRET_KEY", "WPP_SECRET_KEY"),
        *(
            ({"session": name}, "infra_backends.E007", "SESSION", "WPP_SESSION_NAME")
            for name in ("", "a b", "a/b", "é", "x" * 65, "acme\n")
        ),
    ],
)
def test_a_mistake_is_named_with_the_variable_that_sets_it_right(options, id, option, variable):
    (fault,) = faults(**options)

    assert fault.id == id
    assert fault.msg.startswith(f"MESSAGING['OPTIONS']['{option}']")
    assert variable in fault.hint
    assert "hunter2" not in f"{fault}"


def test_every_mistake_is_named():
    assert len(faults(base_url="", secret_key="", session="")) == 3


def test_the_setting_chooses_it_and_its_options(settings):
    options = {name.upper(): value for name, value in GIVEN.items()}
    settings.MESSAGING = {"BACKEND": "infra_backends.messaging.wppconnect", "OPTIONS": options}
    messaging.validate()
    assert messaging.longest_send_seconds > 0

    settings.MESSAGING = {
        "BACKEND": "infra_backends.messaging.wppconnect",
        "OPTIONS": options | {"TOKEN": "token"},
    }
    with pytest.raises(InvalidBackendError, match="BASE_URL"):
        messaging.validate()
