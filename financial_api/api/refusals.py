"""Answers to what the server in front refuses, in the contract's shape and with all its headers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from financial_api.api.responses import response_to

REFUSAL = "financial_api.refusal"
"""Where a request's environ holds the error it is to be answered with, whatever it asks for."""


class RefusalMiddleware:
    """The innermost layer, so that browsers, too, may read why."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = request.META.get(REFUSAL)
        return self._get_response(request) if refusal is None else response_to(refusal, request)
