"""Which user pool, and which of its clients: from the settings, or else from SSM."""

import re
from dataclasses import dataclass

from financial_api.kernel.cache import Cache
from infra_backends.aws import names
from infra_backends.aws.resources import CLIENT_ID, USER_POOL_ID
from infra_backends.aws.service import Service
from infra_backends.exceptions import BackendRefused, BackendUnavailable

FRESH_SECONDS = 60.0
USABLE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool and the one client whose tokens are taken, by their ids."""

    pool_id: str
    client_id: str

    def faults(self, region: str) -> list[str]:
        """Return what is wrong with the ids for a pool that should lie in `region`, if any."""
        faults = []
        match = re.fullmatch(names.POOL_ID, self.pool_id)
        if match is None:
            faults.append(f"{self.pool_id!r} is no user pool's id, such as {region}_aB3dE5gH7")
        elif region and match["region"] != region:
            faults.append(f"the user pool {self.pool_id} is not in the region {region}")
        if re.fullmatch(names.CLIENT_ID, self.client_id) is None:
            faults.append(f"{self.client_id!r} is no client's id")
        return faults


class NoPool(BackendUnavailable):
    """SSM answers, and gives no user pool's ids."""


class RemotePool:
    """The ids that SSM has below `path`, a minute old while it answers, or else up to a day."""

    def __init__(self, ssm: Service, path: str, region: str) -> None:
        self._ssm = ssm
        self._names = (path + USER_POOL_ID, path + CLIENT_ID)
        self._region = region
        self._pools: Cache[None, Pool] = Cache(
            "the user pool's ids",
            BackendUnavailable,
            fresh_seconds=FRESH_SECONDS,
            usable_seconds=USABLE_SECONDS,
        )

    def get(self) -> Pool:
        """Return the ids; raise BackendUnavailable if SSM gave none for a day and does not now."""
        return self._pools.get(None, self.fetch)

    def fetch(self) -> Pool:
        """Return the ids as SSM gives them now; raise NoPool, or BackendUnavailable."""
        try:
            answer = self._ssm.call("get_parameters", Names=list(self._names), WithDecryption=True)
        except BackendRefused as error:
            raise NoPool(str(error)) from error
        texts = {found["Name"]: found["Value"].strip() for found in answer["Parameters"]}
        if missing := [name for name in self._names if name not in texts]:
            raise NoPool(f"SSM has no {' and no '.join(missing)}")
        pool = Pool(*(texts[name] for name in self._names))
        if faults := pool.faults(self._region):
            raise NoPool("; ".join(faults))
        return pool
