"""A guard before an emulator, which knows no permissions: it lets pass what a policy allows."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler
from typing import Any

import urllib3

from tests.support.answering import serving
from tests.support.emulators import Emulator
from tests.support.iam_actions import Need, needs

Policy = Mapping[str, Any]
Answer = tuple[int, Mapping[str, str], bytes]
"""A status, headers and a body."""

CONNECTIONS = 32
OF_A_CONNECTION = {"connection", "content-length", "transfer-encoding"}


@dataclass(slots=True)
class Guard:
    """Stands at `url` before an emulator, and lets pass what any of the policies allows."""

    url: str
    policies: Sequence[Policy]
    used: set[Need] = field(default_factory=set)
    refused: set[Need] = field(default_factory=set)
    _orders: dict[str, Callable[[], None]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What has a process call AWS through here."""
        return Emulator(self.url).environment

    def once(self, action: str, do: Callable[[], None]) -> None:
        """Do something when an action is next asked for, before it is answered."""
        self._orders[action] = do

    def has_passed(self, action: str) -> bool:
        return action in {passed for passed, _ in self.used.copy()}

    def refusal(self, wanted: set[Need]) -> set[Need]:
        """Note what a request needs; return what of it no policy allows."""
        denied = {
            need for need in wanted if not any(allows(policy, need) for policy in self.policies)
        }
        self.used.update(wanted - denied)
        self.refused.update(denied)
        for action, _ in wanted:
            if (do := self._orders.pop(action, None)) is not None:
                do()
        return denied


def permitted_by(policy: Policy) -> set[Need]:
    """Return each action of an IAM policy's statements with each resource of theirs."""
    return {
        (action, resource)
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def covers(permitted: Need, need: Need) -> bool:
    return permitted[0] == need[0] and fnmatchcase(need[1], permitted[1])


def allows(policy: Policy, need: Need) -> bool:
    return any(covers(permitted, need) for permitted in permitted_by(policy))


def access_denied(denied: set[Need]) -> Answer:
    """Return what AWS answers; SQS adds how its older protocol names the error."""
    action, resource = min(denied)
    message = f"User is not authorized to perform: {action} on resource: {resource}"
    body = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    if action.startswith("sqs:"):
        return 403, {"x-amzn-query-error": "AccessDenied;Sender"}, body
    return 400, {}, body


@contextlib.contextmanager
def guarding(emulator: Emulator, policies: Sequence[Policy]) -> Iterator[Guard]:
    """Stand before an emulator for the length of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # whoever asked may have gone
                super().handle()

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            denied = guard.refusal(needs(self.headers, body))
            status, headers, content = access_denied(denied) if denied else self._asked(body)
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in OF_A_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _asked(self, body: bytes) -> Answer:
            url, headers = emulator.url + self.path, dict(self.headers)
            answer = behind.request(
                self.command, url, body=body, headers=headers, decode_content=False
            )
            return answer.status, answer.headers, answer.data

        def log_message(self, *_: Any) -> None:
            pass

    with urllib3.PoolManager(maxsize=CONNECTIONS, retries=False) as behind, serving(Handler) as url:
        guard = Guard(url, policies)
        yield guard
