#!/usr/bin/env bash
# A value that begins with a dollar sign, read by django-environ.
#
# One would guess: env.str("SECRET_KEY") is what the environment has under SECRET_KEY.
# What happens:    a value that begins with "$" is taken for the name of another variable. Where
#                  there is one, its value comes instead; where there is none, the default does,
#                  without a word, or an error that prints the value as the name of what is missing.
# Who meets it:    one in fifty who let Django generate a key: its alphabet has a dollar. With a
#                  default at hand the service then runs, and signs with another key than was set.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --quiet --disable-pip-version-check django-environ==0.14.0 django==5.2.19
"$folder/env/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

print(f"django-environ {version('django-environ')}, Django {version('django')}")
generated = get_random_secret_key()
while not generated.startswith("$"):
    generated = get_random_secret_key()
environ.Env.ENVIRON = {"SECRET_KEY": generated, "OTHER_KEY": "$SHELL", "SHELL": "/bin/sh"}
env = environ.Env()

with_default = env.str("SECRET_KEY", "made-for-development")
print("Django generated a key that begins with $; with a default, env.str gives", with_default)
print("$SHELL gives", env.str("OTHER_KEY"))
try:
    error = f"it gives {env.str('SECRET_KEY')!r}"
except ImproperlyConfigured as missing:
    error = str(missing)
names_the_secret = generated[1:] in error
print("without a default:", error.replace(generated[1:], "<all of the key but its dollar>"))
if (with_default, env.str("OTHER_KEY"), names_the_secret) != ("made-for-development", "/bin/sh", True):
    sys.exit("CHANGED: a dollar no longer begins a name")
PY
