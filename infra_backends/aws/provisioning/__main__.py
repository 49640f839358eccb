"""Provisions an emulator, with the development users: python -m infra_backends.aws.provisioning

`manage.py aws_provision` without Django, for LocalStack's container.
"""

import sys

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from financial_api.kernel.environment import refusing
from infra_backends.aws.names import names_here
from infra_backends.aws.provisioning import provision
from infra_backends.aws.provisioning.changes import ProvisioningError
from infra_backends.aws.provisioning.clients import Clients
from infra_backends.aws.provisioning.locality import NotLocal, require_local
from infra_backends.aws.provisioning.waiting import wait_until

NEIGHBOUR_SECONDS = 60.0
"""How long the emulator of Cognito, in a container of its own, may take to answer."""


def main() -> None:
    names = names_here()
    with Clients() as clients:
        require_local(clients)
        wait_until(lambda: _answers(clients), clients.cognito.meta.endpoint_url, NEIGHBOUR_SECONDS)
        for change in provision(clients, names, with_development_users=True):
            sys.stdout.write(f"{change}\n")


def _answers(clients: Clients) -> bool:
    try:
        clients.cognito.list_user_pools(MaxResults=1)
    except EndpointConnectionError:
        return False
    return True


if __name__ == "__main__":
    with refusing(NotLocal, ProvisioningError, BotoCoreError, ClientError):
        main()
