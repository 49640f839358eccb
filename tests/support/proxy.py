"""A TCP proxy on loopback that can be made to fail as networks do."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.support.ports import free_port

CHUNK = 65536


class Proxy:
    """Passes connections on to a port until it is told otherwise; listens at `port`."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self._is_cutting = False
        self.restore()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def refuse(self) -> None:
        """End every connection, and listen no more."""
        if self._listening is not None:
            listening, self._listening = self._listening, None
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        self._end_all()

    def cut(self) -> None:
        """End every connection now, and each new one with the first bytes that come over it."""
        self._is_cutting = True
        self._end_all()

    def restore(self) -> None:
        """Pass everything on again."""
        self._is_cutting = False
        if self._listening is None:
            self._listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
            threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(client)
            target = socket.create_connection(("127.0.0.1", self._target_port))
            stack.enter_context(target)
            with self._lock:
                self._open |= {client, target}
            stack.callback(self._forget, client, target)
            back = threading.Thread(target=self._pass_on, args=(target, client), daemon=True)
            back.start()
            self._pass_on(client, target)
            back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if self._is_cutting:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _forget(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._open -= set(sockets)

    def _end_all(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxy(target_port: int) -> Iterator[Proxy]:
    """Serve for the length of a `with` block."""
    standing = Proxy(target_port)
    try:
        yield standing
    finally:
        standing.refuse()
