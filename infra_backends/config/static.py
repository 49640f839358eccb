"""Configuration from settings: the defaults, or what `VALUES` gives by path."""

from collections.abc import Mapping

from financial_api.kernel.parameters import Parameters, understood
from infra_backends.config.base import ConfigBackend
from infra_backends.handler import InvalidBackendError


class Backend(ConfigBackend):
    """`values` maps a parameter's path, such as `limits/lowTier`, to its text."""

    def __init__(self, *, values: Mapping[str, str] | None = None) -> None:
        texts = {path: str(text) for path, text in (values or {}).items()}
        self._parameters, faults = understood(texts)
        for fault in faults:
            place = f"{self.setting}['OPTIONS']['VALUES'][{', '.join(map(repr, fault.texts))}]"
            raise InvalidBackendError(f"{place}: {fault.reason}")

    def parameters(self) -> Parameters:
        return self._parameters
