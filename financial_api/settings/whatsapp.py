"""How admins are reached: through a wpp-connect server, or on the terminal of a developer."""

from financial_api.kernel import environment
from financial_api.settings.base import WHATSAPP_ADMINS


def messaging_settings(*, on_terminal: bool) -> dict[str, object]:
    """Return MESSAGING: the gateway that the environment names, else the console.

    Raises InvalidSettings for half a gateway, and for admins without one where the console will
    not do.
    """
    values = {
        "WPP_BASE_URL": environment.url("WPP_BASE_URL", schemes=("http", "https")),
        "WPP_SECRET_KEY": environment.text("WPP_SECRET_KEY", secret=True),
        "WPP_SESSION_NAME": environment.text(
            "WPP_SESSION_NAME", pattern=r"[A-Za-z0-9_-]{1,64}", valid="a session's name"
        ),
    }
    missing = ", ".join(name for name, value in values.items() if not value)
    if not missing:
        base_url, secret_key, session = values.values()
        return {
            "BACKEND": "infra_backends.messaging.wppconnect",
            "OPTIONS": {"BASE_URL": base_url, "SECRET_KEY": secret_key, "SESSION": session},
        }
    if any(values.values()):
        raise environment.InvalidSettings(f"The WhatsApp gateway needs {missing} as well.")
    if WHATSAPP_ADMINS and not on_terminal:
        raise environment.InvalidSettings(f"WHATSAPP_ADMINS is set, which needs {missing} as well.")
    return {"BACKEND": "infra_backends.messaging.console"}
