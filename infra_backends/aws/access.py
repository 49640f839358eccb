"""What no call to AWS can be made without: a region, and credentials."""

import functools
import threading

import botocore.session

from financial_api.kernel import environment
from infra_backends.aws.names import endpoints_here

LIMIT_SECONDS = 3.0
"""How long whoever is to give credentials may take: a program, a service, the machine."""

NO_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set"
EXPORT = "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def missing_access(region: str) -> list[str]:
    """Return a line for each that is missing, and what to export. Raises InvalidSettings."""
    endpoints = endpoints_here()
    for name in VARIABLES:
        environment.secret(name)
    lines = [] if region else [environment.missing("AWS_REGION", "AWS_REGION=us-east-1")]
    lines += _missing_credentials()
    if lines and not endpoints:
        why = ", so AWS itself is meant; for an emulator, as `make emulator` starts one"
        export = "AWS_ENDPOINT_URL=http://127.0.0.1:4566"
        lines.insert(0, environment.missing("AWS_ENDPOINT_URL", export, why=why))
    return lines


@functools.cache
def _missing_credentials() -> tuple[str, ...]:
    """Return what to say where boto3's own chain finds no credentials in time; asked once."""
    reasons = [f"nobody gave credentials within {LIMIT_SECONDS:.0f} seconds"]

    def ask() -> None:
        try:
            credentials = botocore.session.get_session().get_credentials()
            found = credentials and credentials.get_frozen_credentials()
            reasons[:] = [] if found else ["no profile or role gives credentials either"]
        except Exception as error:  # noqa: BLE001  # of a file, a program or a service; it is told
            reasons[:] = [" ".join(f"{type(error).__name__}: {error}".split())]

    asking = threading.Thread(target=ask, name="credentials", daemon=True)
    asking.start()
    asking.join(LIMIT_SECONDS)
    return tuple(f"{NO_CREDENTIALS}, and {reason}: export {EXPORT}" for reason in reasons)
