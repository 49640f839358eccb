"""Everything that calls AWS does all that it does there, each process behind a guard of its own."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from financial_api.kernel import clock
from infra_backends import persistence
from infra_backends.aws import resources
from infra_backends.aws.provisioning.user_pool import KEPT_FOR_LIFE
from infra_backends.aws.tables import TABLES
from notifications.entities import ApprovalStatus, DeliveryStatus, PendingApproval
from outbox.entities import EventStatus
from tests.aws.installations import Installation
from tests.support.api import Admin, Api, Customer, eventually, expect
from tests.support.builders import a_notification, a_pending_approval, an_event
from tests.support.emulators import Emulator
from tests.support.fork_server import FORK_SERVER
from tests.support.gateway import Gateway
from tests.support.guard import Guard, Policy, guarding
from tests.support.iam_actions import ACCOUNT
from tests.support.plants import depth
from tests.support.playing import play
from tests.support.servers import STOP_SECONDS, running
from tests.support.storing import store, the
from tests.support.webhook import SECRET, event, outcome
from tests.support.whatsapp import ANA
from tests.support.workers import Worker, working

Roles = tuple[str, ...]

API, WORKER, RELAY, PROVISIONING = "api", "worker", "relay", "provisioning"
PROVISION = ("aws_provision", "--i-know-this-is-not-local", ACCOUNT)
FIFO = {"EVENT_TRANSPORT": "fifo"}
EVERYTHING = ("--with", "cleanup", "--with", "fifo")
ALONE = {"CELERY_BROKER_URL": ""}
CLEANUP = "/v1/admin/cleanup"
SIGN_IN = ("cognito_token", "--username", "nobody@test.com", "--password", "Nobodys-own-1")


class Story:
    """An installation of which nothing exists yet, told from `aws_provision` to a cleanup.

    `guards` are those that were needed, by the roles that each has. The test's own process reads
    and writes the store beside them.
    """

    def __init__(self, here: Installation, aws: Emulator, phones: Gateway, folder: Path) -> None:
        self._here = here
        self._aws = aws
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self._policies: Mapping[str, Policy] = {}
        self.guards: dict[Roles, Guard] = {}
        self._shared = {
            "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
            "DATA_DIR": str(folder),
            "AWS_PREFIX": here.names.prefix,
            "SECRET_KEY": "the-same-for-all-processes-of-a-story",
            "THROTTLE": "off",
            "WEBHOOK_SECRET": SECRET,
            "WHATSAPP_ADMINS": f"{ANA.phone}:{ANA.ecosystem_id}:{ANA.email}",
            "WPP_BASE_URL": phones.url,
            "WPP_SECRET_KEY": phones.secret,
            "WPP_SESSION_NAME": phones.session,
        }

    def __enter__(self) -> "Story":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def policies(self) -> Mapping[str, Policy]:
        """All roles' policies, as the command prints them once the pool is there."""
        if not self._policies:
            self._policies = self._printed({"COGNITO_USER_POOL_ID": self._here.pool_id})
        return self._policies

    def guard(self, *roles: str) -> Guard:
        if roles not in self.guards:
            self.guards[roles] = self.another_guard([self.policies[role] for role in roles])
        return self.guards[roles]

    def another_guard(self, policies: list[Policy]) -> Guard:
        return self._stack.enter_context(guarding(self._aws, policies))

    def behind(self, guard: Guard, **settings: str) -> dict[str, str]:
        """Return the environment of a process that calls AWS through a guard."""
        return self._shared | guard.environment | settings

    def play(self) -> None:
        self._provision()
        with running(self.behind(self.guard(API))) as server:
            self._relay_by_hand(server.url)
            self._relay_by_a_worker(server.url)
            with self._losing_a_process_of_the_pool(server.url):
                self._operate(server.url)
                clean_up(server.url)
        with running(self.behind(self.guard(API), **FIFO)) as server:
            look_at(server.url)
        alone = self.behind(self.guard(API, RELAY), **FIFO, **ALONE)
        with running(alone) as server:
            self._visit(server.url)
            eventually(all_is_sent)

    def _provision(self) -> None:
        made = self._printed({}, "--role", PROVISIONING)
        self.guards[PROVISIONING,] = self.another_guard([made])
        self._manage(PROVISIONING, *PROVISION)
        spoil(self._here)
        self._manage(PROVISIONING, *PROVISION)

    def _relay_by_hand(self, url: str) -> None:
        expired = self._visit(url)
        with self._relaying():
            eventually(lambda: is_closed(expired) and all_is_sent())
        store(persistence, an_event(1, clock.now()))
        with self._relaying(**FIFO):
            eventually(all_is_sent)

    @contextlib.contextmanager
    def _relaying(self, **settings: str) -> Iterator[None]:
        environment = self.behind(self.guard(RELAY), **settings)
        command = ("manage.py", "outbox_relay")
        with (self._folder / "relay.log").open("wb") as output:
            relay = FORK_SERVER.start(command, os.environ | environment, output)
        try:
            yield
        finally:
            relay.terminate()
            assert relay.wait(STOP_SECONDS) == 0

    def _relay_by_a_worker(self, url: str) -> None:
        expired = self._visit(url)
        with working(self.behind(self.guard(WORKER)), "--beat", processes=2) as worker:
            self._walk_through(url)
            eventually(lambda: is_closed(expired) and all_is_sent())
            self._manage("worker_status", "worker_status")
            worker.stop()

    @contextlib.contextmanager
    def _losing_a_process_of_the_pool(self, url: str) -> Iterator[None]:
        """Kill it in a task; Celery gives that back after ten seconds, in which the block runs."""
        guard = self.guard(WORKER)
        with working(self.behind(guard, **FIFO)) as worker:
            register_somebody(url)
            eventually(all_is_sent)
            guard.once("dynamodb:Query", lambda: kill_pool(worker))
            register_somebody(url)
            yield
            eventually(lambda: guard.has_passed("sqs:ChangeMessageVisibility"))

    def _operate(self, url: str) -> None:
        """Run each command of an operator, and have the API do as much."""
        moment = clock.now()
        dead = an_event(2, moment, status=EventStatus.DEAD_LETTER)
        message = a_notification(moment, delivery_status=DeliveryStatus.DEAD_LETTER)
        another = an_event(3, moment, status=EventStatus.DEAD_LETTER)
        store(persistence, dead, message, another)
        with contextlib.closing(Admin(url)) as admin:
            redrive = f"/v1/admin/outbox/{dead.event_id}/redrive"
            expect(admin.post(redrive, {"reason": "It was cured"}), 200)
        self._manage("outbox_status", "outbox_status", status=4)
        self._manage("outbox_redrive", "outbox_redrive", "--all")
        self._redrive_alone()
        self._manage("whatsapp_status", "whatsapp_status")
        self._manage("whatsapp_status", "whatsapp_status", "--request", message.related_entity_id)
        self._manage("whatsapp_status", "whatsapp_status", "--phone", ANA.phone)
        self._manage("whatsapp_redrive", "whatsapp_redrive", "--all")
        self._manage("cognito_token", *SIGN_IN, status=1)

    def _redrive_alone(self) -> None:
        """Redrive without a broker, where the command relays what it redrives by itself."""
        store(persistence, an_event(4, clock.now(), status=EventStatus.DEAD_LETTER))
        alone = self.behind(self.guard("outbox_redrive", RELAY), **ALONE)
        assert self.run(alone, "outbox_redrive", "--all").returncode == 0

    def _visit(self, url: str) -> PendingApproval:
        """Look at the service, pay, and ask for cards.

        Returns the tracker of a request that nobody decided in time. Another one is answered, and
        a third is left for admins to be asked about.
        """
        look_at(url)
        with contextlib.ExitStack() as stack:
            admin = stack.enter_context(contextlib.closing(Admin(url)))
            hook = stack.enter_context(contextlib.closing(Api(url)))
            late, answered, asked = (
                stack.enter_context(contextlib.closing(Customer(url))) for _ in range(3)
            )
            card_id = late.card()
            expect(late.buy(card_id, 10), 201)
            expect(late.pay(card_id, 10), 201)
            for path in ("/v1/admin/card-requests", "/v1/admin/outbox"):
                expect(admin.get(path), 200)
            admin.pending_request(asked)
            request_id = admin.pending_request(answered)
            store(persistence, a_tracker(answered, request_id, clock.now()))
            assert outcome(hook, event(f"n {request_id[-8:]}"))["action"] == "rejected"
        return self._leave_undecided(url)

    def _leave_undecided(self, url: str) -> PendingApproval:
        with contextlib.closing(Admin(url)) as admin, contextlib.closing(Customer(url)) as customer:
            request_id = admin.pending_request(customer)
            tracker = a_tracker(customer, request_id, clock.now() - timedelta(days=2))
            store(persistence, tracker)
            return tracker

    def _walk_through(self, url: str) -> None:
        prefix = {"AWS_PREFIX": self._here.names.prefix}
        play(url, "--user-pool", environment=self._aws.environment | prefix)

    def _manage(self, role: str, *arguments: str, status: int = 0, **settings: str) -> None:
        ran = self.run(self.behind(self.guard(role), **settings), *arguments)
        assert ran.returncode == status, (arguments, ran.stdout + ran.stderr)

    def _printed(self, settings: Mapping[str, str], *options: str) -> Any:
        environment = self._shared | self._aws.environment | settings
        ran = self.run(environment, "aws_policies", "--account", ACCOUNT, *EVERYTHING, *options)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def run(
        self, environment: Mapping[str, str], *arguments: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of `manage.py` to its end."""
        return FORK_SERVER.run(("manage.py", *arguments), os.environ | environment)


def a_tracker(customer: Customer, request_id: str, moment: datetime) -> PendingApproval:
    """Return the tracker of a request that admins were asked about at a moment."""
    fields = {"request_id": request_id, "ecosystem_id": customer.ecosystem_id}
    return a_pending_approval(moment, **fields)


def is_closed(tracker: PendingApproval) -> bool:
    return the(persistence, tracker.key).approval_status is not ApprovalStatus.PENDING


def all_is_sent() -> bool:
    return depth() == 0


def kill_pool(worker: Worker) -> None:
    """Kill the processes that a worker without a beat has started: those of its pool."""
    pid = worker.process.pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)


def look_at(url: str) -> None:
    """Ask for readiness and metrics."""
    with contextlib.closing(Api(url)) as operator:
        expect(operator.get("/health/readiness"), 200)
        assert "financial_api_outbox_depth" in operator.http.get("/metrics").text


def register_somebody(url: str) -> None:
    with contextlib.closing(Customer(url)) as customer:
        customer.register()


def clean_up(url: str) -> None:
    with contextlib.closing(Admin(url)) as admin:
        token = expect(admin.post(CLEANUP, {}, key=""), 400)["confirmationToken"]
        expect(admin.post(CLEANUP, {"confirmationToken": token}, key=""), 200)


def spoil(here: Installation) -> None:
    """Have each kind of resource differ from its description, as after an older version."""
    clients, names = here.clients, here.names
    for table in TABLES:
        for index in table.global_indexes[:1]:
            clients.dynamodb.update_table(
                TableName=here.table(table.name),
                GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": index.name}}],
            )
    for queue in resources.queues(names):
        attributes = {"VisibilityTimeout": "7"}
        clients.sqs.set_queue_attributes(QueueUrl=here.queue_url(queue.name), Attributes=attributes)
    clients.cognito.delete_user_pool(UserPoolId=here.pool_id)
    kept = {name: resources.user_pool()[name] for name in KEPT_FOR_LIFE}
    made = clients.cognito.create_user_pool(PoolName=names.user_pool, **kept)
    clients.cognito.create_user_pool_client(
        UserPoolId=made["UserPool"]["Id"], ClientName=names.user_pool_client
    )
