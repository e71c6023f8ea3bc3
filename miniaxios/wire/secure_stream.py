"""Secure stream: what a stream becomes when it speaks TLS.

Rules of the room: those of ``stream``, and one more. TLS reads until it has a whole record, so its socket blocks
only while nothing but an end of the connection can end the call; with a deadline it never sleeps itself, and poll()
does.
"""

from __future__ import annotations

import socket

from .errors import NetworkError
from .sockets import is_ragged, is_unfinished, network_error, poll_one
from .stream import RECEIVE_SIZE, Stream, sliced
from .tls import calls_of, closed, ended, import_ssl, server_name, tls_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Optional, Tuple


def start_tls(stream: Stream, context: ssl.SSLContext, server_hostname: str) -> None:
    """Shake hands as a client. Raises TLSError; afterwards every byte is encrypted."""
    name = server_name(context, server_hostname)
    try:
        stream._arm()
        wrapped = _tunnel(stream, context, name) if stream.secure else _wrap(stream, context, name)
    except (OSError, ValueError) as error:
        raise _no_handshake(stream, error, context) from error
    # The new object first, so that the stop-button finds it during the handshake.
    stream.sock = wrapped
    stream.secure = True
    stream._is_direct = False
    _handshake(stream, context)
    stream._read, stream._write, stream._pending = calls_of(wrapped)
    stream.__class__ = SecureStream


def _wrap(stream: Stream, context: ssl.SSLContext, name: Any) -> Any:
    # A peer that is gone shows here: wrap_socket() would take the descriptor over, fail, and lose it.
    stream.sock.getpeername()
    return context.wrap_socket(
        stream.sock, server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )


def _tunnel(stream: Stream, context: ssl.SSLContext, name: Any) -> Any:
    from .tls_tunnel import TLSTunnel

    return TLSTunnel(stream.sock, context, name)


def _handshake(stream: Stream, context: ssl.SSLContext) -> None:
    while True:
        try:
            stream._arm()
            stream.sock.do_handshake()
            return
        except socket.timeout as error:
            stream._overslept("handshake", error)
        except (OSError, ValueError) as error:
            if not is_unfinished(error):
                raise _no_handshake(stream, error, context) from error


def _no_handshake(stream: Stream, error: Exception, context: ssl.SSLContext) -> NetworkError:
    """What to raise for a failed handshake; a pressed stop-button raises here already."""
    stream.scope.left()
    module = import_ssl()
    if is_ragged(error):
        return NetworkError("ECONNRESET", "socket closed before the TLS handshake ended")
    if isinstance(error, (module.SSLError, ValueError)):
        return tls_error(error, context)
    return network_error(error, "handshake")


class SecureStream(Stream):
    """A stream that has shaken hands. Its socket has no timeout: it blocks, or it never sleeps."""

    __slots__ = ()

    def _may_sleep(self) -> Optional[float]:
        """Make the socket one that blocks if no time limits the call (None), and else one that never sleeps.

        Changed as seldom as that, the mode costs no system call in most requests.
        """
        left = self._left()
        if left is None:
            if self._timeout is not None:
                self._set_timeout(None)
        elif self._timeout != 0:
            self._set_timeout(0.0)
        return left

    def _go_on(self, error: OSError, verb: str) -> None:
        """Sleep until OpenSSL may go on with what it could not finish; raise what is an error."""
        if not is_unfinished(error):
            raise self._broken(verb, error) from error
        # A blocking layer inside another says so too, and may hold bytes that poll() knows nothing of.
        if self._timeout == 0:
            is_write = isinstance(error, import_ssl().SSLWantWriteError)  # a read may have to write, too
            try:
                poll_one(self.sock.fileno(), not is_write, is_write, sliced(self.scope))
            except OSError as failure:
                raise self._broken("poll", failure) from failure

    def receive(self, limit: int = RECEIVE_SIZE, *target: memoryview) -> Any:
        """See Stream; with a memoryview into that, as :meth:`receive_into`."""
        try:
            left = self._may_sleep()
        except OSError as error:
            raise self._broken("read", error) from error
        return self.receive_within(left, limit, *target)

    def receive_within(self, left: Optional[float], limit: int = RECEIVE_SIZE, *target: memoryview) -> Any:
        """See Stream and :meth:`receive`."""
        while True:
            try:
                if left is None or self._pending() or self._readable(left):
                    got = self._read(limit, *target)
                    if not got:
                        self._at_end()
                    return got
            except OSError as error:
                self._go_on(error, "read")
            left = self._left()

    def receive_all(self, size: int) -> bytes:
        """See Stream: a record is as much as comes with one call."""
        data: bytes = self.receive(size)
        return data

    def _at_end(self) -> None:
        self.scope.left()
        self._pending = ended  # it can be read again, and poll() might wait for ever

    def receive_into(self, view: memoryview, is_patient: bool = False) -> int:
        """See Stream."""
        count: int = self.receive(len(view), view)
        return count

    def sendall(self, data: Any) -> Optional[float]:
        """See Stream."""
        left = None
        while data:
            try:
                left = self._may_sleep()
                sent = self._write(data)
            except OSError as error:
                self._go_on(error, "write")
                continue
            data = memoryview(data)[sent:] if sent < len(data) else b""
        return left

    def send_now(self, data: Any) -> int:
        """See Stream."""
        try:
            if self._timeout != 0:
                self._set_timeout(0.0)
            # OpenSSL counts a piece when the kernel has all of it: small ones, so that progress shows.
            sent: int = self._write(memoryview(data)[:RECEIVE_SIZE])
        except OSError as error:
            if is_unfinished(error):
                return 0
            raise self._broken("write", error) from error
        return sent

    def receive_now(self, limit: int = RECEIVE_SIZE) -> Optional[bytes]:
        """See Stream."""
        try:
            if self._timeout != 0:
                self._set_timeout(0.0)
            data: bytes = self._read(limit)
        except OSError as error:
            if is_unfinished(error):
                return None
            raise self._broken("read", error) from error
        if not data:
            self._at_end()
        return data

    def wait(self, reading: bool, writing: bool, seconds: Optional[float] = None) -> Tuple[bool, bool]:
        """See Stream."""
        if reading and self._pending():
            self.scope.left()
            return True, False
        return super().wait(reading, writing, seconds)

    def is_stale(self) -> bool:
        """See Stream."""
        try:
            if not self._pending() and not self._readable(0.0):
                return False
            # A readable TLS socket may only hold a session ticket: then nothing comes out of it.
            if self._timeout != 0:
                self._set_timeout(0.0)
            self._read(1)
            return True
        except (OSError, ValueError) as error:
            return not is_unfinished(error)

    def close(self) -> None:
        """See Stream."""
        # First: OpenSSL's object would go on with the descriptor's number, soon another file's.
        self._read = self._write = self._pending = closed
        super().close()
