"""Makes all AWS resources from their description, or brings those that are there up to date.

Nothing here needs Django, so that LocalStack's own Python can run it.
"""

from collections.abc import Iterator
from dataclasses import replace

from infra_backends.aws.names import Names
from infra_backends.aws.provisioning import (
    development_users,
    events,
    parameters,
    queues,
    tables,
    user_pool,
)
from infra_backends.aws.provisioning.changes import Change, Outcome
from infra_backends.aws.provisioning.clients import Clients


def provision(
    clients: Clients, names: Names, *, with_development_users: bool = False
) -> Iterator[Change]:
    """Make what is missing and correct what differs; done again, it changes nothing.

    Yields what was done as it is done. Raises ProvisioningError, and botocore's errors.
    """
    yield from tables.provision(clients.dynamodb, names.prefix)
    yield from queues.provision(clients.sqs, names)
    yield from events.provision(
        clients.events,
        names,
        queue_arn=queues.arn_of(clients.sqs, names.events_queue),
        dead_letters_arn=queues.arn_of(clients.sqs, names.events_dead_letters),
    )
    rule_arn = events.rule_arn(clients.events, names)
    yield from queues.allow_events(clients.sqs, names, rule_arn)
    users = user_pool.provision(clients.cognito, names)
    yield from users.changes
    yield from parameters.provision(
        clients.ssm, names, pool_id=users.pool_id, client_id=users.client_id
    )
    if with_development_users:
        yield from development_users.provision(clients.cognito, users.pool_id)


def reset(clients: Clients, names: Names) -> Iterator[Change]:
    """Bring everything back to how a first provisioning leaves it, with the development users.

    An API may be running: the pool and its client, which it knows by their ids, keep them.
    """
    events.empty(clients.events, names)
    parameters.empty(clients.ssm, names)
    user_pool.empty(clients.cognito, names)
    emptied = {
        *queues.empty(clients.sqs, names),
        *tables.empty(clients.dynamodb, names.prefix),
    }
    for change in provision(clients, names, with_development_users=True):
        was_emptied = change.outcome is Outcome.UNCHANGED and change.name in emptied
        is_container = change.kind in {queues.KIND, tables.KIND}
        yield replace(change, outcome=Outcome.EMPTIED) if was_emptied and is_container else change
