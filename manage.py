#!/usr/bin/env python
"""The command line, with the settings for development by default."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured

from financial_api.kernel.environment import refusing
from financial_api.management.command_line import CommandLine

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")
    with refusing(ImproperlyConfigured):
        CommandLine(sys.argv).execute()
