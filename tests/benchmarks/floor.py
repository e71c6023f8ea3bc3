"""What all contenders share, and the one that is no client at all."""

from __future__ import annotations

import json
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

PIECE = 1 << 16


def parts(url: str) -> Tuple[bool, str, int, str]:
    """Whether it is https, host, port, path."""
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    host, _, port = authority.partition(":")
    return scheme == "https", host, int(port), "/" + path


def trusting(ca: str) -> Any:
    """A context that trusts that CA file."""
    import ssl

    return ssl.create_default_context(cafile=ca)


class Contender:
    """What they share."""

    def __init__(self, ca: str) -> None:
        self.ca = ca

    def repeat(self, count: int, action: Callable[[], Any], check: Callable[[Any], None]) -> None:
        """Does it so often; each answer is checked."""
        for _ in range(count):
            check(action())

    def close(self) -> None:
        """For those who make one and live on; a worker just ends."""


class Floor(Contender):
    """No client at all: bytes made beforehand are sent, and read until as many are in as was announced."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        self._sockets: Dict[str, socket.socket] = {}
        self._requests: Dict[str, bytes] = {}

    def close(self) -> None:
        for sock in self._sockets.values():
            sock.close()

    def connected(self, url: str) -> socket.socket:
        """The socket for that URL."""
        sock = self._sockets.get(url)
        if sock is None:
            secure, host, port, _ = parts(url)
            sock = socket.create_connection((host, port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                sock = trusting(self.ca).wrap_socket(sock, server_hostname=host)
            self._sockets[url] = sock
        return sock

    def exchange(
        self, url: str, method: str = "GET", body: bytes = b"", more: str = ""
    ) -> Tuple[bytes, int, socket.socket]:
        """What came of the body with the head, how much is to come, from where."""
        sock = self.connected(url)
        if url not in self._requests:
            _, host, port, path = parts(url)
            head = "%s %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n" % (method, path, host, port, more)
            self._requests[url] = head.encode()
        sock.sendall(self._requests[url] + body)
        return self.answered(url, sock)

    def answered(self, url: str, sock: socket.socket) -> Tuple[bytes, int, socket.socket]:
        """The head of the answer is read; see exchange."""
        data = sock.recv(PIECE)
        end = data.find(b"\r\n\r\n")
        at = data.find(b"Content-Length: ") + 16
        size = int(data[at : data.find(b"\r", at)])
        if data.find(b"Connection: close", 0, end) >= 0:
            del self._sockets[url]
        rest = data[end + 4 :]
        return rest, size - len(rest), sock

    def fetch(self, url: str) -> Any:
        # A buffered reader fills one bytes object in place; a bytearray would be zeroed first, a fifth slower.
        sock = self.connected(url)
        _, host, port, path = parts(url)
        sock.sendall(("GET %s HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (path, host, port)).encode())
        with sock.makefile("rb") as reader:
            head = b"".join(iter(reader.readline, b"\r\n"))
            at = head.find(b"Content-Length: ") + 16
            return reader.read(int(head[at : head.find(b"\r", at)]))

    def get(self, url: str) -> Any:
        first, left, sock = self.exchange(url)
        while left:
            first += sock.recv(left)
            left = 0
        if url not in self._sockets:
            sock.close()
        return json.loads(first)

    def post(self, url: str, document: Any) -> Any:
        body = json.dumps(document).encode()
        more = "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        return json.loads(self.exchange(url, "POST", body, more)[0])

    def stream(self, url: str, sink: Callable[[Any], None]) -> None:
        first, left, sock = self.exchange(url)
        sink(first)
        view = memoryview(bytearray(PIECE))
        while left:
            got = sock.recv_into(view)
            if not got:
                raise ConnectionError("cut short")
            left -= got
            sink(view[:got])

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        _, host, port, target = parts(url)
        lines = dict(headers, Host="%s:%d" % (host, port))
        lines["Content-Length"] = str(os.path.getsize(path))
        head = (
            "POST %s HTTP/1.1\r\n" % target + "".join("%s: %s\r\n" % pair for pair in lines.items()) + "\r\n"
        )
        sock = self.connected(url)
        sock.sendall(head.encode())
        with open(path, "rb") as file:
            sock.sendfile(file)
        return json.loads(self.answered(url, sock)[0])
