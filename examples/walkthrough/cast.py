"""The people of the story, and where their tokens come from."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls the service. `email` is the one in the token."""

    name: str
    ecosystem_id: str
    role: Role
    email: str
    token: str


class NobodyToCast(Exception):
    """No people can be made; the message says why."""


class Casting(Protocol):
    """Makes people with tokens that the server accepts."""

    def new(self, name: str, role: Role = Role.USER) -> Person:
        """Return somebody the server has never seen."""


def new_ids() -> Callable[[str], str]:
    """Return what gives each person an ecosystemId that no other run gives."""
    run = secrets.token_hex(4)
    return lambda name: f"walkthrough-{run}-{name.lower()}"


def default_email(ecosystem_id: str) -> str:
    return f"{ecosystem_id}@test.local"


class DevelopmentCasting:
    """People with development tokens; their ids are new on every run."""

    def __init__(self) -> None:
        self._new_id = new_ids()

    def new(self, name: str, role: Role = Role.USER) -> Person:
        ecosystem_id = self._new_id(name)
        email = default_email(ecosystem_id)
        claims = json.dumps({"ecosystemId": ecosystem_id, "role": role, "email": email})
        token = f"mock.{base64.urlsafe_b64encode(claims.encode()).decode()}.development"
        return Person(name, ecosystem_id, role, email, token)
