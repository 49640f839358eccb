"""How admins are reached: through a wpp-connect server, or on the terminal of a developer."""

from django.core.exceptions import ImproperlyConfigured

from financial_api.settings.base import WHATSAPP_ADMINS, env

_VARIABLES = ("WPP_BASE_URL", "WPP_SECRET_KEY", "WPP_SESSION_NAME")


def messaging_settings(*, on_terminal: bool) -> dict[str, object]:
    """Return MESSAGING: the gateway that the environment names, else the console.

    Raises ImproperlyConfigured for half a gateway, and for admins without one where the console
    will not do.
    """
    values = {name: env.str(name, "") for name in _VARIABLES}
    missing = ", ".join(name for name, value in values.items() if not value)
    if not missing:
        base_url, secret_key, session = values.values()
        return {
            "BACKEND": "infra_backends.messaging.wppconnect",
            "OPTIONS": {"BASE_URL": base_url, "SECRET_KEY": secret_key, "SESSION": session},
        }
    if any(values.values()):
        raise ImproperlyConfigured(f"The WhatsApp gateway needs {missing} as well.")
    if WHATSAPP_ADMINS and not on_terminal:
        raise ImproperlyConfigured(f"WHATSAPP_ADMINS is set, which needs {missing} as well.")
    return {"BACKEND": "infra_backends.messaging.console"}
