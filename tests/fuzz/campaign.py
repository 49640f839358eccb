"""A run of schemathesis over the committed document: how it is set up and what came out of it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.engine import StopReason, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.schemas import BaseSchema

from tests.fuzz import isolation  # noqa: F401  # registers its check
from tests.fuzz.refusals import IN_SCENARIOS, REFUSALS
from tests.support.document import SCHEMA_FILE

ACCEPTED = ["2xx", "304"]
REFUSED = ["400", "401", "404", "405", "415"]
"""What malformed input may get: nothing about state, which is judged after it."""

LONGEST_SECONDS = 20.0
"""What any answer may take, on a machine that is busy with other tests."""

LONGEST_TEXT = 500

FEW = 10
"""How many random cases an operation gets where nobody asks for more."""

UNEXPECTED_METHODS = ["get", "post", "delete", "trace", "options", "query"]
"""Not PUT and PATCH, which go the same way as DELETE."""

STEPS = 5
"""Of a scenario, of which there are half as many as random cases of one operation, or at least
so many:"""

FEWEST_SCENARIOS = 20

CHECKED: dict[str, dict[str, Any]] = {
    "not_a_server_error": {},
    "status_code_conformance": {},
    "content_type_conformance": {},
    "response_headers_conformance": {},
    "response_schema_conformance": {},
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "positive_data_acceptance": {"expected-statuses": ACCEPTED},
    "missing_required_header": {"expected-statuses": ["400"]},
    "unsupported_method": {},
    "allow_header_conformance": {},
    "ensure_resource_availability": {},
    "ignored_auth": {},
    "strangers_find_nothing": {},
}
PROVED_BY_HEADER = {"receiveGatewayEvent"}
"""The operations whose required header is what callers prove themselves by."""

NOT_APPLICABLE = {
    "use_after_free": "it looks for what a DELETE left behind, and there is no DELETE",
    "object_level_authorization": (
        "it needs a file of fixed users, where every case here has users of its own; "
        "strangers_find_nothing asks the same of them"
    ),
}


@dataclass
class Outcome:
    """What a run found: each failure once, with the command that shows it and the answer."""

    cases: Counter[str] = field(default_factory=Counter)
    failures: dict[Failure, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def take(self, event: events.EngineEvent) -> None:
        match event:
            case events.ScenarioFinished():
                self.cases[event.phase.value] += len(event.recorder.cases)
                self._take_failures(event.recorder)
            case events.NonFatalError():
                self.errors.append(f"{event.label}: {event.info.title}: {event.info.message}")
            case events.FatalError():
                raise event.exception
            case events.EngineFinished() if event.stop_reason is not StopReason.COMPLETED:
                self.errors.append(f"The run ended early: {event.stop_reason}")

    def _take_failures(self, recorder: ScenarioRecorder) -> None:
        for case_id, results in recorder.checks.items():
            answer = recorder.find_response(case_id=case_id)
            shown = "" if answer is None else f"{answer.status_code} {answer.text[:LONGEST_TEXT]}"
            for result in results:
                if result.failure_info is not None:
                    self.failures.setdefault(
                        result.failure_info.failure, f"{result.failure_info.code_sample}\n{shown}"
                    )

    def report(self) -> str:
        """Return everything that is wrong, or nothing."""
        found = [
            f"{failure.operation}: {failure.title}\n{failure.message}\n{shown}"
            for failure, shown in self.failures.items()
        ]
        return "\n\n".join([*self.errors, *found])


def load(url: str, examples: int | None) -> BaseSchema:
    """Return the committed document, to be run against a server.

    Each operation gets so many random cases, other ones each time; by default a few, always the
    same.
    """
    deterministic = examples is None
    examples = examples or FEW
    config = schemathesis.Config.from_dict(
        {
            "base-url": url,
            "continue-on-failure": True,
            "request-timeout": 30,
            "cache": {"enabled": False},
            "output": {"sanitization": {"enabled": False}},
            "generation": {
                "max-examples": examples,
                "deterministic": deterministic,
                # A server remembers, so looking for a smaller case takes thousands in vain.
                "no-shrink": True,
                "database": "none",
            },
            "phases": {
                # Identifiers come from our hooks; what answers held would make no two runs alike.
                "examples": {"extra-data-sources": {"responses": False}},
                "coverage": {
                    "extra-data-sources": {"responses": False},
                    "unexpected-methods": UNEXPECTED_METHODS,
                },
                "fuzzing": {
                    "extra-data-sources": {"responses": False},
                    "error-feedback": {"enabled": False},
                },
                "stateful": {
                    "max-steps": STEPS,
                    "generation": {
                        "max-examples": max(FEWEST_SCENARIOS, examples // 2),
                        "no-shrink": True,
                    },
                },
            },
            "checks": _checks(),
            "operations": [_operation(name) for name in sorted({*REFUSALS, *IN_SCENARIOS})],
        }
    )
    return schemathesis.openapi.from_path(SCHEMA_FILE, config=config)


def run(schema: BaseSchema) -> Outcome:
    """Run every phase: the document's examples, boundaries, random input, and scenarios."""
    outcome = Outcome()
    for event in from_schema(schema).execute():
        outcome.take(event)
    return outcome


def _checks() -> dict[str, Any]:
    on = {name: {"enabled": True, **options} for name, options in CHECKED.items()}
    return {"enabled": False, "max_response_time": LONGEST_SECONDS, **on}


def _operation(name: str) -> dict[str, Any]:
    refusals = REFUSALS.get(name, {})
    in_scenarios = refusals | IN_SCENARIOS.get(name, {})
    checks = _accepting(refusals)
    if name in PROVED_BY_HEADER:
        checks["missing_required_header"] = {"expected-statuses": ["401"]}
    return {
        "include-operation-id": name,
        "checks": checks,
        "phases": {"stateful": {"checks": _accepting(in_scenarios)}},
    }


def _accepting(refusals: dict[int, str]) -> dict[str, Any]:
    statuses = [*ACCEPTED, *map(str, sorted(refusals))]
    return {"positive_data_acceptance": {"expected-statuses": statuses}}
