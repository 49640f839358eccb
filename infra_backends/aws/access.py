"""What no call to AWS can be made without: a region, and credentials."""

import functools

import botocore.session
from botocore.exceptions import BotoCoreError

from financial_api.kernel.environment import missing
from infra_backends.aws.names import endpoints_here


def missing_access(region: str) -> list[str]:
    """Return a line for each that is missing, and what to export."""
    lines = [] if region else [missing("AWS_REGION", "AWS_REGION=us-east-1")]
    lines += _missing_credentials()
    if lines and not endpoints_here():
        why = ", so AWS itself is meant; for an emulator, as `make emulator` starts one"
        lines.append(missing("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL=http://127.0.0.1:4566", why=why))
    return lines


@functools.cache
def _missing_credentials() -> tuple[str, ...]:
    """Return what to say where boto3's own chain finds no credentials.

    Asked once in a process: at its end the chain asks the machine for a role, for seconds where
    there is none.
    """
    reason = "no profile or role gives credentials either"
    try:
        if botocore.session.get_session().get_credentials():
            return ()
    except BotoCoreError as error:
        reason = str(error)
    export = "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
    return (missing("AWS_ACCESS_KEY_ID", export, why=f", and {reason}"),)
