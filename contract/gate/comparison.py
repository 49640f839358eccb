"""Compares two documents, operation by operation."""

from collections.abc import Iterator, Mapping

from contract.gate import inputs, outputs
from contract.gate.document import Document
from contract.gate.essence import essence
from contract.gate.findings import Finding, breaks, harmless
from contract.gate.operations import Key, Operation, operations

EVERY_OPERATION = "every operation"


def compare(released: Document, current: Document) -> list[Finding]:
    """Return all that is otherwise in `current`, in the order of the released operations.

    Raises UnreadableContract.
    """
    return list(dict.fromkeys(_findings(released, current)))


def _findings(released: Document, current: Document) -> Iterator[Finding]:
    before, after = operations(released), operations(current)
    yield from _servers(released, current)
    yield from _webhooks(released, current)
    for key, operation in before.items():
        if key not in after:
            yield _gone(operation, after)
            continue
        yield from _identity(operation, after[key])
        yield from inputs.compare(released, current, operation, after[key])
        yield from outputs.compare(released, current, operation, after[key])
    for key, operation in after.items():
        if key not in before:
            yield harmless(operation.name, operation.name, "is new")


def _gone(operation: Operation, after: Mapping[Key, Operation]) -> Finding:
    text = f"clients that call {operation.name} will find nothing there any more"
    moved = [
        other.name
        for other in after.values()
        if operation.operation_id and other.operation_id == operation.operation_id
    ]
    if moved:
        text += f": `{operation.operation_id}` is {moved[0]} now"
    return breaks(operation.name, operation.name, text)


def _identity(before: Operation, after: Operation) -> Iterator[Finding]:
    old, new = before.operation_id, after.operation_id
    if old and old != new:
        text = f"generated clients that call `{old}` for {before.name} will not find it any more"
        yield breaks(before.name, old, f"{text}: it is {f'`{new}`' if new else 'nameless'} now")
    elif old != new:
        yield harmless(before.name, new, f"is called `{new}`")
    for keyword in sorted(before.rest.keys() | after.rest.keys()):
        if before.rest.get(keyword) != after.rest.get(keyword):
            text = (
                f"clients of {before.name} may break: its `{keyword}` is otherwise, and it cannot "
                "be told what that changes"
            )
            yield breaks(before.name, keyword, text)


def _servers(released: Document, current: Document) -> Iterator[Finding]:
    old, new = _addresses(released), _addresses(current)
    for address in old:
        if address not in new:
            text = f"clients that call the server {address} are not told of it any more"
            yield breaks(EVERY_OPERATION, address, text)
    for address in new:
        if address not in old:
            yield harmless(EVERY_OPERATION, address, f"the server {address} is new")


def _addresses(document: Document) -> list[str]:
    """Return the addresses of the servers; without any there is `/`."""
    servers = document.entries(document.root.get("servers"), "`servers`")
    return [str(document.mapping(one, "a server").get("url")) for one in servers] or ["/"]


def _webhooks(released: Document, current: Document) -> Iterator[Finding]:
    """Compare what the service calls, of which it can only be told whether it is the same."""
    old, new = (
        document.mapping(document.root.get("webhooks", {}), "`webhooks`")
        for document in (released, current)
    )
    for name, node in old.items():
        if name not in new or essence(released, node) != essence(current, new[name]):
            text = f"those whom the webhook `{name}` calls may meet what they do not know"
            yield breaks(EVERY_OPERATION, str(name), text)
    for name in sorted(new.keys() - old.keys()):
        yield harmless(EVERY_OPERATION, str(name), f"the webhook `{name}` is new")
