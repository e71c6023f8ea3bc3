"""TLSTunnel: TLS over a socket that speaks TLS itself, for an https origin behind an https proxy.

Rules of the room: it has the part of a socket's interface that ``Stream`` uses, and a call sleeps once
at most, so that ``Stream`` can ask its scope again; what it could not finish it goes on with when it
is called again with the same arguments, as OpenSSL itself wants it.
"""

from __future__ import annotations

from .tls import import_ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Callable, Optional, Union

#: Bytes of one TLS record at most (RFC 8446 section 5.1): more at once would only lie in memory.
RECORD = 16384


class TLSTunnel:
    """TLS through memory: ``SSLContext.wrap_socket`` takes plain sockets alone.

    ``outer``: a connected ``SSLSocket``; ``server_hostname``: as ``wrap_bio`` takes it. Raises what
    an ``SSLSocket`` raises, and ``SSLWantReadError`` from a blocking call that is to be repeated.
    """

    __slots__ = ("outermost", "_incoming", "_outgoing", "_want_read", "_object", "_owed")

    def __init__(self, outer: Any, context: ssl.SSLContext, server_hostname: Union[str, bytes]) -> None:
        module = import_ssl()
        #: The socket under both layers, for ``shutdown`` by another thread.
        self.outermost = outer
        self._incoming = module.MemoryBIO()
        self._outgoing = module.MemoryBIO()
        self._want_read = module.SSLWantReadError
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._owed = 0  # bytes of data whose records are made, but not all with the kernel

    def do_handshake(self) -> None:
        """Shake hands, or go on with it."""
        self._drive(self._object.do_handshake)
        self._flush()

    def recv(self, size: int) -> bytes:
        """As a socket's."""
        data: bytes = self._drive(lambda: self._object.read(size))
        return data

    def send(self, data: Any) -> int:
        """As a socket's; bytes count as sent once their records have left for the outer layer."""
        if not self._owed:
            piece = memoryview(data)[:RECORD]
            self._owed = self._drive(lambda: self._object.write(piece))
        self._flush()
        count, self._owed = self._owed, 0
        return count

    def _drive(self, step: Callable[[], Any]) -> Any:
        is_fed = False
        while True:
            try:
                return step()
            except self._want_read:
                if is_fed and self.outermost.gettimeout() != 0:
                    raise
                self._feed()
                is_fed = True

    def _feed(self) -> None:
        # Records of the body wait for their sender: a peer that answers early may never read them,
        # and its answer must be read all the same.
        if not self._owed:
            self._flush()
        data = self.outermost.recv(65536)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        view = memoryview(self._outgoing.read())
        while view:
            try:
                view = view[self.outermost.send(view) :]
            except BaseException:
                self._outgoing.write(view)  # what was not sent leads the next records
                raise

    def pending(self) -> int:
        """Whether (as a count) something may be read without waiting for the network."""
        count: int = self._object.pending() + self._incoming.pending + self.outermost.pending()
        return count

    def settimeout(self, seconds: Optional[float]) -> None:
        """As a socket's."""
        self.outermost.settimeout(seconds)

    def fileno(self) -> int:
        """As a socket's."""
        number: int = self.outermost.fileno()
        return number

    def close(self) -> None:
        """As a socket's."""
        self.outermost.close()
