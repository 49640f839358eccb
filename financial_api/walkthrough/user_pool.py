"""People with accounts in the user pool of an emulator, made as they come into the story."""

from types import TracebackType
from typing import Self

from accounts.development_tokens import default_email
from accounts.entities import Role
from financial_api.walkthrough.cast import Person, new_ids
from infra_backends import identity
from infra_backends.aws.development_users import DEVELOPMENT_PASSWORD, DevelopmentUser
from infra_backends.aws.provisioning import development_users, user_pool
from infra_backends.aws.provisioning.clients import Clients, names_here
from infra_backends.aws.provisioning.locality import NotLocal, require_local


class UserPoolCasting:
    """Makes accounts and signs them in. Raises NotLocal where the pool is not an emulator's."""

    def __init__(self) -> None:
        self._new_id = new_ids()
        self._clients = Clients()
        require_local(self._clients)
        pool_id = user_pool.find(self._clients.cognito, names_here())
        if pool_id is None:
            raise NotLocal(f"There is no user pool {names_here().user_pool}.")
        self._pool_id = pool_id

    def new(self, name: str, role: Role = Role.USER) -> Person:
        ecosystem_id = self._new_id(name)
        user = DevelopmentUser(default_email(ecosystem_id), ecosystem_id, role)
        development_users.create(self._clients.cognito, self._pool_id, user)
        token = identity.sign_in(user.email, DEVELOPMENT_PASSWORD)
        return Person(name, ecosystem_id, role, user.email, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clients.__exit__(kind, error, traceback)
