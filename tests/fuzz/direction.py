"""What stands between a generated case and the wire: real identifiers, callers and keys.

What was generated to be refused is left as it is.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import schemathesis
from schemathesis import AuthContext, Case, HookContext, Response
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.schemas import BaseSchema

from tests.fuzz.cast import Cast, Target
from tests.support.api import Customer
from tests.support.webhook import SECRET

NOBODY = "Bearer nobody-yet"
"""Stands for the caller of a case until it is known what the case is called on."""

_SHORTEST_KEY = 16
_AMOUNTS = ("amount", "creditLimit")


class SomebodysToken:
    """Says of each case that takes a token that it has one; whose it is, is seen to later."""

    def get(self, case: Case, context: AuthContext) -> str:
        return NOBODY

    def set(self, case: Case, data: str, context: AuthContext) -> None:
        case.headers["Authorization"] = data


class Direction:
    """Prepares each call of a run for the server, and notes how it was answered."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._sent: tuple[str, Target] | None = None
        self._answers: defaultdict[str, Counter[int]] = defaultdict(Counter)

    @contextmanager
    def given_to(self, schema: BaseSchema) -> Iterator[None]:
        """Direct the calls of a schema's run; there can be one at a time in a process."""
        schema.auth(refresh_interval=None)(SomebodysToken)

        def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
            self.prepare(case)

        def after_call(context: HookContext, case: Case, response: Response) -> None:
            self.note(case, response)

        hooks = (before_call, after_call)
        for hook in hooks:
            schemathesis.hook(hook)
        try:
            yield
        finally:
            for hook in hooks:
                GLOBAL_HOOK_DISPATCHER.unregister(hook)

    def succeeded(self, operation_id: str) -> bool:
        """Return True if an operation was answered 2xx at least once."""
        return any(200 <= status < 300 for status in self._answers[operation_id])

    def prepare(self, case: Case) -> None:
        operation_id = operation_id_of(case)
        target = self._linked(case) or self._cast.target(operation_id)
        self._sent = case.id, target
        if not _is_negative(case, ParameterLocation.PATH):
            declared = {parameter.name for parameter in case.operation.path_parameters}
            case.path_parameters.update(
                {name: value for name, value in target.path.items() if name in declared}
            )
        if case.headers.get("Authorization") == NOBODY:
            case.headers["Authorization"] = target.caller.http.headers["Authorization"]
            if _takes_secret(case):
                case.headers["X-Webhook-Secret"] = SECRET
        key = case.headers.get("Idempotency-Key")
        if key is not None and not _is_negative(case, ParameterLocation.HEADER):
            case.headers["Idempotency-Key"] = _fresh_key(len(key))
        if not _is_negative(case, ParameterLocation.QUERY):
            self._prepare_query(case)
        if not _is_negative(case, ParameterLocation.BODY) and isinstance(case.body, dict):
            case.body = {
                name: round(value, 2) if name in _AMOUNTS and _is_number(value) else value
                for name, value in case.body.items()
            }

    def note(self, case: Case, response: Response) -> None:
        """Count an answer, and give up the target of a success."""
        if case.method.upper() != case.operation.method.upper():
            return
        operation_id = operation_id_of(case)
        self._answers[operation_id][response.status_code] += 1
        if self._sent is None or self._sent[0] != case.id or not 200 <= response.status_code < 300:
            return
        target = self._sent[1]
        if operation_id == "createCardRequest":
            self._note_owner(target.caller, response.json()["request"])
        self._cast.used(operation_id, target)

    def _note_owner(self, owner: Customer, request: dict[str, Any]) -> None:
        self._cast.owns(owner, request["requestId"])
        if "card" in request:
            self._cast.owns(owner, request["card"]["cardId"])

    def _linked(self, case: Case) -> Target | None:
        """Return what a step of a scenario took over from the one before it, if it did."""
        meta = case.meta
        if meta is None or meta.phase.name is not TestPhase.STATEFUL:
            return None
        for name in ("cardId", "requestId"):
            owner = self._cast.owner_of(str(case.path_parameters.get(name)))
            if owner is None:
                continue
            linked = {name: case.path_parameters[name]}
            if not case.path.startswith("/v1/admin/"):
                return Target(owner, linked)
            if "userSlug" in case.path_parameters:
                linked["userSlug"] = owner.ecosystem_id
            return Target(self._cast.admin, linked)
        return None

    def _prepare_query(self, case: Case) -> None:
        """Name an admin who has done something, and a page that there is."""
        if "actor" in case.query:
            case.query["actor"] = self._cast.admin.ecosystem_id
        if "cursor" not in case.query:
            return
        del case.query["cursor"]
        authorization = case.headers.get("Authorization", "")
        first = self._cast.admin.http.get(
            case.formatted_path,
            params={**case.query, "limit": 1},
            headers={"Authorization": authorization},
        )
        cursor = first.json().get("pagination", {}).get("nextCursor")
        if cursor is not None:
            case.query["cursor"] = cursor


def operation_id_of(case: Case) -> str:
    name: str = case.operation.definition.raw["operationId"]
    return name


def _takes_secret(case: Case) -> bool:
    return any("webhookSecret" in one for one in case.operation.definition.raw.get("security", ()))


def _is_negative(case: Case, location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


def _is_number(value: Any) -> bool:
    """Return False for what a scenario took over from an answer that had none, which is null."""
    return isinstance(value, int | float)


def _fresh_key(length: int) -> str:
    """Return a key that nobody has used, as long as the generated one if that is long enough."""
    return secrets.token_urlsafe(48)[: max(_SHORTEST_KEY, length)]
