#!/usr/bin/env bash
# A signal's handler that is removed before the loop runs for the first time.
#
# One would guess: `remove_signal_handler` takes it away and returns True, as asyncio's own loop does
#                  and its documentation says; uvloop is a drop-in replacement.
# What happens:    uvloop returns False and keeps it: once the loop runs, the handler is called,
#                  though another was set for the signal since by `signal.signal`, which is called
#                  too. Replaced by `add_signal_handler` it is gone.
# Who meets it:    who prepares a loop that a framework has made, such as a server's workers, and
#                  wants to handle SIGTERM in its stead: both handle it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check uvloop==0.23.0
"$folder/env/bin/python" - <<'PY'
import asyncio
import os
import signal
import sys
from importlib.metadata import version

import uvloop


def called(loop):
    """Return what removing said, and which handlers a signal called then."""
    calls = []
    loop.add_signal_handler(signal.SIGUSR1, calls.append, "removed")
    said = loop.remove_signal_handler(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda *_: calls.append("set since"))

    async def send():
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.2)

    loop.run_until_complete(send())
    return said, sorted(calls)


theirs, own = called(uvloop.new_event_loop()), called(asyncio.new_event_loop())
print(f"uvloop {version('uvloop')}: remove_signal_handler returned {theirs[0]}, called: {theirs[1]}")
print(f"asyncio of {sys.version.split()[0]}: remove_signal_handler returned {own[0]}, called: {own[1]}")
if theirs != (False, ["removed", "set since"]) or own != (True, ["set since"]):
    sys.exit("CHANGED: uvloop removes the handler, or asyncio does not")
PY
