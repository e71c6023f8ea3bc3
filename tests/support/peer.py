"""Peer: the server's end of one connection, in the hands of a script.

Every call that waits is bounded. When the `with Server(...)` block ends, a script that waits in a Peer is
stopped (`Stopped`, which is no failure); only `wait_closed` is left to finish, since it is there to judge
the client.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import threading
import time

from .messages import BadRequest, Reply, Request, parse_fields
from .ports import poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Optional, Union

    from .server import Server

CHUNK = 65536


class Stopped(ConnectionError):
    """The test is over; ends a script."""


class ClientGone(ConnectionError):
    """The client closed in the middle of something; ends a script, and is no failure by itself."""


class Silence(AssertionError):
    """The client sent nothing for too long (`Server(timeout=...)`); fails the test."""


class Peer:
    """One accepted connection.

    Attributes:
        sock: the socket (an SSLSocket after `start_tls`), for what is not offered here.
        address: the client's address.
        index: 0 for the first connection of this server.
        gone: an Event, set once the client's end is known to be closed.
        end: how the client ended: None (not seen), "closed" or "reset".
        sent: bytes sent so far.
    """

    def __init__(self, sock: socket.socket, server: Server, index: int, address: Any) -> None:
        self.sock = sock
        self.server = server
        self.index = index
        self.address = address
        self.gone = threading.Event()
        self.end: Optional[str] = None
        self.sent = 0
        self.buffer = bytearray()
        self._busy = False
        self._interrupted = False
        self._closed = False
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:  # Some systems refuse it on a connection that was reset already.
                pass
        sock.settimeout(server.timeout)

    # --- reading -------------------------------------------------------------------------------------

    def read_request(self, patient: bool = False) -> Optional[Request]:
        """The next request, with its body; None when the client closed instead. Listed in `server.requests`.

        patient: the first byte may come as late as it likes, as between two requests of a pooled connection.
        """
        request = self.read_head(patient)
        if request is not None:
            self.read_body(request)
        return request

    def read_head(self, patient: bool = False) -> Optional[Request]:
        """The next request's head, its body left unread; None when the client closed instead."""
        if not self.buffer and not self._fill(patient):
            return None
        request = Request(self.read_until(b"\r\n\r\n"), self)
        self.server.note(request)
        return request

    def read_body(self, request: Request) -> bytes:
        """Reads the body that belongs to a head; returns it and puts it into the request."""
        kind, length = request.framing
        if kind == "chunked":
            self._read_chunks(request)
        else:
            self._read_into(request, length)
        request.complete = True
        return request.body

    def _read_into(self, request: Request, length: int) -> None:
        pieces = []
        try:
            while length:
                if not self.buffer and not self._fill():
                    raise ClientGone("the client closed with %d bytes of the body missing" % length)
                piece = bytes(self.buffer[:length])
                del self.buffer[:length]
                length -= len(piece)
                pieces.append(piece)
        finally:
            request.body += b"".join(pieces)
            request.raw += b"".join(pieces)

    def _read_chunks(self, request: Request) -> None:
        while True:
            line = self.read_until(b"\r\n")
            request.raw += line
            try:
                size = int(line[:-2].partition(b";")[0], 16)
            except ValueError:
                raise BadRequest("not a chunk size: %r" % line) from None
            if size == 0:
                break
            self._read_into(request, size)
            end = self.read_exactly(2)
            request.raw += end
            if end != b"\r\n":
                raise BadRequest("a chunk ends in %r" % end)
        while True:
            line = self.read_until(b"\r\n")
            request.raw += line
            if line == b"\r\n":
                return
            request.trailers += parse_fields(line)

    def read_until(self, marker: bytes) -> bytes:
        """Bytes up to and with the marker; ClientGone when the client closes before."""
        start = 0
        while True:
            found = self.buffer.find(marker, start)
            if found >= 0:
                return self._take(found + len(marker))
            start = max(0, len(self.buffer) - len(marker))
            if not self._fill():
                raise ClientGone("the client closed after %r" % bytes(self.buffer[:200]))

    def read_exactly(self, count: int) -> bytes:
        """That many bytes; ClientGone when the client closes before."""
        while len(self.buffer) < count:
            if not self._fill():
                raise ClientGone("the client closed, %d bytes missing" % (count - len(self.buffer)))
        return self._take(count)

    def read_some(self) -> bytes:
        """What is there, at least a byte; b"" when the client closed."""
        if not self.buffer:
            self._fill()
        return self._take(len(self.buffer))

    def read_all(self) -> bytes:
        """Everything until the client closes its end."""
        while self._fill():
            pass
        return self._take(len(self.buffer))

    def _take(self, count: int) -> bytes:
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def _fill(self, patient: bool = False) -> bool:
        """More bytes into the buffer; False at the end of the client's stream."""
        deadline = None if patient else time.monotonic() + self.server.timeout
        if not self._readable(deadline, stoppable=True):
            raise Silence("the client sent nothing for %s s" % self.server.timeout)
        # What is there already is read even at the end of the test: a script that was told of the client's
        # end in time must not depend on which thread ran first.
        self._busy = isinstance(self.sock, ssl.SSLSocket)  # It alone can block here, on half a record.
        try:
            more = self._receive()
        finally:
            self._busy = False
        if not more and self._interrupted:
            raise Stopped("the test is over")
        return more

    def _receive(self) -> bool:
        try:
            data = self.sock.recv(CHUNK)
        except (ConnectionResetError, BrokenPipeError):
            self.saw_end("reset")
            return False
        except ssl.SSLError:
            self.saw_end("closed")
            return False
        if not data:
            self.saw_end("closed")
        self.buffer += data
        return bool(data)

    def _readable(self, deadline: Optional[float], stoppable: bool) -> bool:
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        with poller() as selector:
            client = selector.register(self.sock, selectors.EVENT_READ)
            if stoppable:
                selector.register(self.server.wake, selectors.EVENT_READ)
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = [key for key, _ in selector.select(patience)]
        if ready and client not in ready:
            raise Stopped("the test is over")
        return bool(ready)

    def saw_end(self, how: str) -> None:
        """Notes that the client's end is closed."""
        if not self._interrupted:  # Else it was we who cut the connection, which says nothing of the client.
            self.end = self.end or how
            self.gone.set()

    # --- writing -------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        with _InCall(self):
            try:
                self.sock.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                self.saw_end("reset")
                raise
        self.sent += len(data)

    def respond(self, status: int = 200, headers: Any = (), body: Any = b"", **options: Any) -> None:
        """Sends a well-formed answer; `options` as for `Reply` (framing, close, reason, version)."""
        self.send(Reply(body, status, headers, **options).wire())

    def drip(
        self,
        data: Union[bytes, Iterable[bytes]],
        delay: float = 0.01,
        step: int = 1,
        until: Optional[threading.Event] = None,
    ) -> None:
        """Sends `step` bytes (or the next piece of an iterable, which may be endless) each `delay` seconds.

        Once `until` is set, what is left of bytes goes at once, and an iterable is left.
        """
        if isinstance(data, bytes):
            pieces = iter([data[at : at + step] for at in range(0, len(data), step)])
        else:
            pieces = iter(data)
        for piece in pieces:
            self.send(piece)
            if until is not None and until.is_set():
                if isinstance(data, bytes):
                    self.send(b"".join(pieces))
                return
            self.pause(delay)

    # --- waiting -------------------------------------------------------------------------------------

    def pause(self, seconds: float) -> None:
        """Waits that long; the end of the test ends the script."""
        if self.server.closing.wait(seconds):
            raise Stopped("the test is over")

    def wait(self, event: threading.Event, timeout: Optional[float] = None) -> None:
        """Waits for an event of the test; Silence when it does not come."""
        deadline = time.monotonic() + (self.server.timeout if timeout is None else timeout)
        while not event.wait(0.02):  # Two events can't be waited for at once.
            if self.server.closing.is_set():
                raise Stopped("the test is over")
            if time.monotonic() > deadline:
                raise Silence("the test did not set its event")

    def hold(self) -> None:
        """Keeps the connection open, and reads what comes, until the client closes or the test is over."""
        while self._fill(patient=True):
            pass

    def wait_closed(self, timeout: float = 5.0) -> bool:
        """Whether the client closes or resets within `timeout` seconds; what it sends stays in `buffer`.

        Not cut short by the end of the test.
        """
        deadline = time.monotonic() + timeout
        while self.end is None:
            if not self._readable(deadline, stoppable=False):
                return False
            try:
                more = self._receive()
            except OSError:
                more = False
            if not more:
                self.end = self.end or "closed"
                self.gone.set()
        return True

    # --- TLS and ends --------------------------------------------------------------------------------

    def start_tls(self, context: Optional[ssl.SSLContext] = None) -> None:
        """The server's half of a TLS handshake; by default with the `server` certificate.

        What the client asked for is then in `sni`, and `sock` tells the rest (getpeercert, version, ...).
        """
        if self.buffer:
            raise BadRequest("the client sent %r before the handshake" % bytes(self.buffer[:200]))
        if context is None:
            from .tls import server_context

            context = server_context()
        if context.sni_callback is None:
            context.sni_callback = _note_sni
        with _InCall(self):
            wrapped = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
            self.sock = wrapped
            wrapped.do_handshake()

    @property
    def sni(self) -> Optional[str]:
        """The server name of the client's hello; None when it sent none."""
        return getattr(self.sock, "sni", None)

    def reset(self) -> None:
        """Closes with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._closed = True
        self.sock.close()

    def shutdown_write(self, notify: bool = True) -> None:
        """Ends what the server sends (FIN) and leaves the other direction open.

        notify: over TLS a close_notify goes first.
        """
        if notify and isinstance(self.sock, ssl.SSLSocket):
            self._close_notify(self.sock)
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_WR)  # SSLSocket's own would drop the TLS layer.
        except OSError:  # The client has reset the connection.
            self.saw_end("reset")

    def close(self, notify: bool = True) -> None:
        """Closes; may be called again. `notify=False` leaves out TLS's close_notify, as a cut line does.

        What the client had sent already is read first, or the kernel would send a reset.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self.sock.settimeout(0)
            for _ in range(64):
                if not self.sock.recv(CHUNK):
                    break
        except OSError:
            pass
        self.shutdown_write(notify)
        self.sock.close()

    def cut(self) -> None:
        """Closes as a cut line does: no close_notify over TLS; without TLS the same as `close`."""
        self.close(notify=False)

    @staticmethod
    def _close_notify(sock: ssl.SSLSocket) -> None:
        patience = sock.gettimeout()
        sock.settimeout(0)  # Sends ours and does not wait for the client's.
        try:
            sock.unwrap()
        except (OSError, ValueError):
            pass
        sock.settimeout(patience)

    @property
    def is_closed(self) -> bool:
        """Whether the script has closed the connection."""
        return self._closed

    def interrupt(self) -> None:
        """Called by the server at the end of the test: wakes a script that is inside a system call."""
        if self._busy:
            self._interrupted = True
            try:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
            except OSError:
                pass


def _note_sni(sock: Any, name: Optional[str], context: ssl.SSLContext) -> None:
    sock.sni = name


class _InCall:
    """Marks a peer as inside a call that only a shutdown of its socket can wake."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def __enter__(self) -> None:
        self.peer._busy = True
        if self.peer.server.closing.is_set():
            self.peer._busy = False
            raise Stopped("the test is over")

    def __exit__(self, *details: object) -> None:
        self.peer._busy = False
