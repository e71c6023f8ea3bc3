"""Origin: a server of one thread that answers with whatever bytes it is told to, and otherwise honestly."""

from __future__ import annotations

import selectors
import socket
import threading

from tests.support.ports import listen, poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Sequence


class Origin:
    """Listens on ``port`` of 127.0.0.1, inside ``with``.

    Requests for ``.../case`` get the pieces of :meth:`arm`; CONNECT is refused; all others get their own
    target as a body. ``connections``: how many were accepted so far.
    """

    def __enter__(self) -> Origin:
        self._listener = listen("127.0.0.1", 0, 128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._wake, self._waker = socket.socketpair()
        self._inbound: Dict[socket.socket, bytearray] = {}
        self.arm([], True)
        self._thread = threading.Thread(target=self._serve, name="fuzz-origin", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waker.send(b"!")
        self._thread.join(10)
        for sock in (self._listener, self._wake, self._waker, *self._inbound):
            sock.close()

    def arm(self, pieces: Sequence[bytes], closes: bool) -> None:
        """Say what the next request for a case gets, and whether that is the last of its connection."""
        self._pieces = list(pieces)
        self._closes = closes
        #: Set once all pieces are with the kernel, or the client is gone.
        self.sent = threading.Event()

    # -- the thread ------------------------------------------------------------------------------------

    def _serve(self) -> None:
        with poller() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    sock: Any = key.fileobj
                    if sock is self._wake:
                        return
                    if sock is self._listener:
                        self._accept(selector)
                    else:
                        self._go_on(sock, selector)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(10)
        self.connections += 1
        self._inbound[sock] = bytearray()
        selector.register(sock, selectors.EVENT_READ)

    def _go_on(self, sock: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            data = sock.recv(65536)
        except OSError:
            data = b""
        inbound = self._inbound[sock]
        inbound += data
        if not data:
            selector.unregister(sock)
            del self._inbound[sock]
            sock.close()
            return
        end = inbound.find(b"\r\n\r\n")
        if end >= 0:
            method, target = bytes(inbound[:end]).split(b" ", 2)[:2]
            inbound.clear()
            self._answer(sock, method, target)

    def _answer(self, sock: socket.socket, method: bytes, target: bytes) -> None:
        pieces: List[bytes] = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target)]
        is_case = target.endswith(b"/case")
        if is_case:
            pieces = self._pieces
        elif method == b"CONNECT":
            pieces = [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]
        sent = self.sent
        try:
            for piece in pieces:
                sock.sendall(piece)
            if is_case and self._closes:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the client has seen enough
        finally:
            if is_case:
                sent.set()
