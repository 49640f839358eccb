"""A request as Django has it, but for what clients could do with it."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest


class Request(WSGIRequest):
    """A request whose query is in UTF-8, whatever the Content-Type says that its body is in.

    Django decodes both with the codec that a client names, be it `hex`, and Python remembers for
    ever each that there is none of.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Leave the type to who reads the body."""
