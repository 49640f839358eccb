"""Configuration from SSM's parameter store: what lies below a path, read while the process runs.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
"""

import logging
import math
from collections.abc import Sequence
from typing import Any

from financial_api.kernel.cache import Cache
from financial_api.kernel.parameters import PARAMETERS, Fault, Parameters, understood
from infra_backends.aws.service import Service
from infra_backends.config.base import ConfigBackend
from infra_backends.exceptions import BackendUnavailable

logger = logging.getLogger(__name__)

PAGE = 10
"""The most that SSM gives at once."""
MOST_PAGES = 20
WAIT_SECONDS = 1.5
"""How long a request waits for values, at the most, where it has none that are young enough."""


class Backend(ConfigBackend):
    """The parameters below `path`, `/acme/financial-api/` for example.

    Values are served for `cache_seconds`; who asks later has them read again in another thread, and
    has the old ones. Only where nobody has asked for another `cache_seconds`, and at first, do
    requests wait for that thread, and not for long. While SSM is away the last values serve, or the
    defaults.
    """

    def __init__(
        self,
        *,
        region: str,
        path: str,
        endpoint_url: str | None = None,
        cache_seconds: float = 30.0,
    ) -> None:
        self._service = Service("ssm", region=region, endpoint_url=endpoint_url, connections=1)
        self._path = path.rstrip("/") + "/"
        self._faults: list[Fault] = []
        self._values: Cache[None, Parameters] = Cache(
            self._path,
            BackendUnavailable,
            fresh_seconds=2 * cache_seconds,
            usable_seconds=math.inf,
            patience=WAIT_SECONDS,
            ahead_seconds=cache_seconds,
        )
        self._values.put(None, Parameters(), began_at=-2 * cache_seconds)

    def parameters(self) -> Parameters:
        return self._values.get(None, lambda: self._understand(self._read()))

    def missing(self) -> Sequence[str]:
        return self._service.missing()

    def close(self) -> None:
        """Wait for the thread, if one runs, and release the connection."""
        self._values.settle()
        self._service.close()

    def _read(self) -> dict[str, str]:
        """Return the text of each parameter by its path below ours."""
        texts: dict[str, str] = {}
        asked: dict[str, Any] = {
            "Path": self._path.rstrip("/") or "/",
            "Recursive": True,
            "WithDecryption": True,
            "MaxResults": PAGE,
        }
        for _ in range(MOST_PAGES):
            page = self._service.call("get_parameters_by_path", **asked)
            for found in page["Parameters"]:
                texts[found["Name"].removeprefix(self._path)] = found["Value"]
            if not page.get("NextToken"):
                return texts
            asked["NextToken"] = page["NextToken"]
        raise BackendUnavailable(f"more than {MOST_PAGES * PAGE} parameters")

    def _understand(self, texts: dict[str, str]) -> Parameters:
        """Return the parameters; warn of what was not just so at the refresh before."""
        parameters, faults = understood({path: texts.get(path) for path in PARAMETERS})
        for fault in faults:
            if fault not in self._faults:
                names = " and ".join(self._path + path for path in fault.texts)
                one = len(fault.texts) == 1
                does = ("is", "its default serves") if one else ("are", "their defaults serve")
                logger.warning("%s %s %s; %s", names, does[0], fault.reason, does[1])
        self._faults = faults
        return parameters
