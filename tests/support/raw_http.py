"""HTTP byte by byte, as no client library would send it."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Reply:
    """All that a server sent on a connection until it hung up."""

    raw: bytes

    @property
    def statuses(self) -> list[int]:
        """The status of each answer, in order; none where it hung up without one."""
        return [int(part[:3]) for part in self.raw.split(b"HTTP/1.1 ")[1:]]

    @property
    def status(self) -> int:
        """The status of the one answer."""
        [only] = self.statuses
        return only

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the first answer, their names in lower case, each as often as it came."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return [(name.strip().lower(), value.strip()) for name, _, value in pairs]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def request(method: str, target: str, *headers: str | bytes, body: bytes = b"") -> bytes:
    """Return a request as it stands, for one answer; text is sent as latin-1."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    sent = (line.encode("latin-1") if isinstance(line, str) else line for line in lines)
    return b"\r\n".join([*sent, b"", b""]) + body


def exchange(url: str, sent: bytes) -> Reply:
    """Send bytes to a server and return what comes back until it hangs up."""
    address = urlsplit(url)
    received = b""
    with socket.create_connection((address.hostname, address.port), MOST_SECONDS) as connection:
        try:
            connection.sendall(sent)
            while part := connection.recv(65_536):
                received += part
        except ConnectionError:  # it need not read to the end what it refuses
            pass
    return Reply(received)
