"""The contract of a configuration backend: the numbers that change at run time."""

from abc import ABC, abstractmethod

from financial_api.kernel.parameters import Parameters
from infra_backends.base import BaseBackend


class ConfigBackend(BaseBackend, ABC):
    setting = "REMOTE_CONFIG"

    @abstractmethod
    def parameters(self) -> Parameters:
        """Return the parameters now, of bounded age.

        Never raises: what is missing or makes no sense has its default, with one warning logged.
        """
