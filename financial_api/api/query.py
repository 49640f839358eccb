"""Reading a request's query."""

from django.http import HttpRequest

from financial_api.kernel.errors import ValidationError


def parameter(request: HttpRequest, name: str) -> str | None:
    """Return a query parameter, None without it; raise ValidationError if it is given twice."""
    given = request.GET.getlist(name)
    if len(given) > 1:
        raise ValidationError.of_field(name, "must be given once")
    return given[0] if given else None
