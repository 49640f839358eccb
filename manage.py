#!/usr/bin/env python
"""The command line, with the settings for development by default."""

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured

    from financial_api.kernel.environment import refusing
    from financial_api.management.command_line import CommandLine
except ModuleNotFoundError as error:
    sys.exit(f"{error}: `make run` or `make test` installs it in .venv, for .venv/bin/python.")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")
    with refusing(ImproperlyConfigured):
        CommandLine(sys.argv).execute()
