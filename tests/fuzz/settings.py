"""The settings of the server that is fuzzed: those of its backend, with events that get stuck.

A dead-lettered event is the one thing that a client cannot bring about, and redriving one is an
operation like any other.
"""

import os
from importlib import import_module

from tests.fuzz.settings_name import FUZZED_SETTINGS

globals().update(vars(import_module(os.environ[FUZZED_SETTINGS])))

EVENTS = {"BACKEND": "tests.fuzz.refusing"}
