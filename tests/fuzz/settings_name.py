"""The name that a test and the settings it starts a server with have in common."""

FUZZED_SETTINGS = "FUZZED_SETTINGS"
"""Names the settings of the backend under test, which `tests.fuzz.settings` starts from."""
