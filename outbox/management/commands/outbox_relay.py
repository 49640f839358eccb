"""`manage.py outbox_relay`: a relay of its own, until it is told to stop."""

import logging
import signal
from typing import Any

from django.core.management.base import CommandParser

from financial_api.application.chores import Upkeep, UpkeepThread
from infra_backends.exceptions import BackendUnavailable
from infra_backends.management.operator_command import OperatorCommand
from outbox.relay import SWEEP_SECONDS, Relay

logger = logging.getLogger(__name__)


class Command(OperatorCommand):
    logs_warnings = True
    help = "Drain the outbox in a loop; stops after the batch it is at on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="stop as soon as nothing is due any more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay()
        upkeep = None if options["once"] else UpkeepThread()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        sent = 0
        while not relay.is_stopping:
            just_sent = 0
            try:
                just_sent = relay.drain()
                sent += just_sent
            except BackendUnavailable as error:
                if options["once"]:
                    raise
                logger.warning("the store does not answer; trying again: %s", error)
            if options["once"] and not just_sent:
                break
            relay.wait(SWEEP_SECONDS)
        if upkeep is None:
            Upkeep().run_due()
        else:
            upkeep.stop()
        self.stdout.write(f"{sent} events sent")
