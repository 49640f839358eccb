"""`manage.py parameters`: what can be changed at run time, for operators, made from the code."""

from typing import Any

from django.core.management.base import BaseCommand

from financial_api.kernel.parameters import ASCENDING, PARAMETERS, default_texts
from infra_backends.aws.names import Names

PAGE = """# Parameters

Written by `make schema` from the code: what can be changed while the service runs, and is followed
within twice `REMOTE_CONFIG_CACHE_SECONDS`. On AWS each lies in SSM below `{path}`
(`acme` is `AWS_PREFIX` without its dash), as a `String` or a `SecureString`:

```
aws ssm put-parameter --overwrite --type String --name {path}limits/lowTier --value 2500
```

`manage.py aws_provision` writes the defaults of those that are missing, and leaves the others
alone. Elsewhere the defaults serve, or what `VALUES` among the `OPTIONS` of `REMOTE_CONFIG` says in
a settings module.

| parameter | default | valid | what |
| --- | --- | --- | --- |
{rows}

Blanks and line ends around a value are no part of it, and words may be in any case; a number has no
sign, exponent or separator. The default serves for one that is missing or not valid, and the log
warns of that once, with what is valid. Where one of these is over the one behind it, the defaults
of its whole line serve, with one warning that names them:

{orders}

So who raises several begins with the last, and who lowers them with the first. In a settings module
all of this stops the start.

Beside them, at `cognito/userPoolId` and `cognito/clientId`, lie the ids of the user pool and of its
client, which `manage.py aws_provision` keeps right.
"""


class Command(BaseCommand):
    help = "Print the page of the parameters that can be changed at run time."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        defaults = default_texts()
        rows = [
            f"| `{path}` | `{defaults[path]}` | {form.valid} | {meaning} |"
            for path, (_, form, meaning) in PARAMETERS.items()
        ]
        orders = ["- " + ", ".join(f"`{path}`" for path in paths) for paths in ASCENDING]
        path = Names().parameters
        page = PAGE.format(path=path, rows="\n".join(rows), orders="\n".join(orders))
        self.stdout.write(page, ending="")
