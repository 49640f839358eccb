"""Configuration from settings: the defaults, or what `VALUES` gives by path."""

from collections.abc import Mapping
from typing import Any

from financial_api.kernel.parameters import Parameters, parse
from infra_backends.config.base import ConfigBackend
from infra_backends.exceptions import InvalidBackendError


class Backend(ConfigBackend):
    """`values` maps a parameter's path, such as `limits/lowTier`, to its text."""

    def __init__(self, *, values: Mapping[str, str] | None = None) -> None:
        fields: dict[str, Any] = {}
        for path, text in (values or {}).items():
            try:
                field, value = parse(path, str(text))
            except ValueError as error:
                raise InvalidBackendError(
                    f"{self.setting}['OPTIONS']['VALUES'][{path!r}]: {error}"
                ) from error
            fields[field] = value
        self._parameters = Parameters(**fields)

    def parameters(self) -> Parameters:
        return self._parameters
