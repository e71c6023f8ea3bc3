"""Stream: the only room with system calls on sockets.

Resolve, connect, TLS, send, receive, look, interrupt, close. Rules of the room:

* Every call that can sleep first asks the scope how long it may, and asks again when it woke:
  a socket shut down by the stop-button reads as an end of file.
* A plain socket blocks, and poll() does the sleeping that has an end. In a handshake, and where no call
  can say for itself that it may not sleep, the socket has a timeout, which is only altered when it is
  longer than the time left: a shorter one does no harm, as it wakes the loop, which asks the scope.
* TLS reads until it has a whole record, so its socket blocks only while nothing but an end of the
  connection can end the call; with a deadline it never sleeps itself, and poll() does.
* What the operating system or OpenSSL raise leaves this room as a class of ``errors``.
"""

from __future__ import annotations

import errno
import select
import socket
import sys

from .errors import NetworkError
from .sockets import DONTWAIT, interrupt, is_ragged, is_unfinished, network_error, poll_one
from .tls import calls_of, closed, ended, import_ssl, server_name, tls_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Optional, Tuple

    from .scope import Scope

#: Bytes asked for in one receive.
RECEIVE_SIZE = 65536

#: Seconds by which a call may oversleep the deadline before the socket's timeout is set anew.
SLACK = 0.001

#: Longest single sleep, in seconds, where shutting a socket down is not known to wake its sleeper.
SLICE = None if sys.platform == "linux" else 0.1


def _sliced(scope: Scope) -> Optional[float]:
    """How long one sleep may last under ``scope`` (seconds, None for any); raises as ``scope.left()``."""
    left = scope.left()
    if SLICE is None or not scope.stoppable:
        return left
    return SLICE if left is None else min(left, SLICE)


class Stream:
    """A connected socket under the scope of the request that uses it; :meth:`start_tls` makes it a secure one.

    It has the methods that :mod:`http.client` expects of a socket (``sendall``, ``close``), so that
    a connection can hold it as its ``sock``.
    """

    __slots__ = ("sock", "scope", "secure", "_timeout", "_is_direct", "_poller", "_read", "_write", "_pending")

    def __init__(self, sock: Any, scope: Scope) -> None:
        self.sock = sock
        self.scope = scope
        self.secure = False
        self._timeout: Optional[float] = sock.gettimeout()
        #: Whether the socket has no timeout, each call says for itself whether it may sleep, and poll()
        #: does the sleeping. A timeout of the socket's own costs a system call at each change, and one more
        #: in front of each send and receive: together a third of the time of a small exchange.
        self._is_direct = self._timeout is None and DONTWAIT != 0
        self._poller: Any = None

    # -- whose time is running ---------------------------------------------------------------------

    def lend(self, scope: Scope) -> None:
        """From now on work under ``scope``. Raises Stopped when that is stopped already."""
        self.scope = scope
        if scope.stoppable:
            scope.attach(self.interrupt)

    def reclaim(self) -> bool:
        """Leave the scope. Returns False when its stop-button was pressed: the socket is dead then."""
        return self.scope.detach()

    def interrupt(self) -> None:
        """Wake whoever sleeps on this socket, from another thread."""
        interrupt(getattr(self.sock, "outermost", self.sock))

    def _arm(self) -> None:
        left = self.scope.left() if SLICE is None else _sliced(self.scope)
        held = self._timeout
        if left is None:
            if held is not None:
                self._set_timeout(None)
        elif not held or held > left + SLACK:  # 0 is no timeout to be kept: it never sleeps
            self._set_timeout(left)

    def _set_timeout(self, seconds: Optional[float]) -> None:
        self.sock.settimeout(seconds)
        self._timeout = seconds
        self._is_direct = seconds is None and not self.secure and DONTWAIT != 0

    def _overslept(self, verb: str, error: OSError) -> None:
        """The socket's own timeout fired: raise if the scope agrees, else sleep on with what is left."""
        if error.errno is not None:  # the kernel's ETIMEDOUT comes as the same class
            raise self._broken(verb, error) from error
        self._set_timeout(_sliced(self.scope))

    # -- bytes -------------------------------------------------------------------------------------

    def receive(self, limit: int = RECEIVE_SIZE) -> bytes:
        """The next bytes, at least one; ``b""`` at an orderly end. Raises NetworkError, Stopped, ..."""
        if not self._is_direct:
            return self._receive_under_timeout(limit)
        scope = self.scope
        data: bytes
        while True:
            left = scope.left() if SLICE is None else _sliced(scope)
            try:
                if left is None:
                    data = self.sock.recv(limit)  # who stops it shuts the socket down
                elif self._readable(left):
                    data = self.sock.recv(limit, DONTWAIT)
                else:
                    continue
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._broken("read", error) from error
            if not data:
                scope.left()
            return data

    def _receive_under_timeout(self, limit: int) -> bytes:
        while True:
            try:
                self._arm()
                data: bytes = self.sock.recv(limit)
            except socket.timeout as error:
                self._overslept("read", error)
                continue
            except OSError as error:
                raise self._broken("read", error) from error
            if not data:
                self.scope.left()
            return data

    def receive_into(self, view: memoryview) -> int:
        """As :meth:`receive`, into ``view``; returns how many bytes, 0 at an orderly end."""
        if not self._is_direct:
            data = self._receive_under_timeout(min(len(view), RECEIVE_SIZE))
            view[: len(data)] = data
            return len(data)
        scope = self.scope
        while True:
            left = scope.left() if SLICE is None else _sliced(scope)
            try:
                if left is not None and not self._readable(left):
                    continue
                count: int = self.sock.recv_into(view, 0, 0 if left is None else DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._broken("read", error) from error
            if not count:
                scope.left()
            return count

    def _readable(self, seconds: float) -> bool:
        """Sleep until there is something to read, or an end or an error to be told of."""
        poller = self._poller
        if poller is None:
            number = self.sock.fileno()
            if number < 0:
                raise OSError(errno.EBADF, "closed")  # poll() passes over those
            if not hasattr(select, "poll"):
                return poll_one(number, True, False, seconds)[0]
            poller = self._poller = select.poll()
            poller.register(number, select.POLLIN)
        # Rounded up, or the last millisecond would be spent in a busy loop.
        return bool(poller.poll(int(seconds * 1000) + 1 if seconds else 0))

    def sendall(self, data: Any) -> None:
        """Send every byte of ``data``, which should be small: nothing is read meanwhile."""
        if self._is_direct:
            self.scope.left()
            count = self.send_now(data)
            if count < len(data):
                self._send_rest(memoryview(data)[count:])
            return
        view = memoryview(data)
        while view:
            try:
                self._arm()
                sent = self.sock.send(view)
            except socket.timeout as error:
                self._overslept("write", error)
                continue
            except OSError as error:
                raise self._broken("write", error) from error
            view = view[sent:]

    def _send_rest(self, view: memoryview) -> None:
        while view:
            self.wait(False, True)
            view = view[self.send_now(view) :]

    def send_now(self, data: Any) -> int:
        """Send what the kernel takes without sleeping; returns how many bytes, perhaps 0."""
        try:
            # With a timeout Python waits before it calls, whatever the flags say.
            if self._is_direct:
                sent: int = self.sock.send(data, DONTWAIT)
            else:
                sent = self._without_sleep(self.sock.send, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._broken("write", error) from error
        return sent

    def receive_now(self, limit: int = RECEIVE_SIZE) -> Optional[bytes]:
        """What has arrived, ``b""`` at an orderly end, None when there is nothing yet."""
        data: bytes
        try:
            if self._is_direct:
                data = self.sock.recv(limit, DONTWAIT)
            else:
                data = self._without_sleep(self.sock.recv, limit)
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._broken("read", error) from error
        if not data:
            self.scope.left()
        return data

    def _without_sleep(self, call: Any, argument: Any) -> Any:
        self.sock.settimeout(0)
        try:
            return call(argument)
        finally:
            self.sock.settimeout(self._timeout)

    def wait(self, reading: bool, writing: bool, seconds: Optional[float] = None) -> Tuple[bool, bool]:
        """Sleep until the socket is readable or writable, at most ``seconds`` (float).

        Returns ``(readable, writable)``. Raises Stopped or DeadlineExceeded.
        """
        left = _sliced(self.scope)
        if seconds is not None and (left is None or seconds < left):
            left = seconds
        try:
            ready = poll_one(self.sock.fileno(), reading, writing, left)
        except OSError as error:
            raise self._broken("poll", error) from error
        self.scope.left()
        return ready

    # -- the ends of its life ----------------------------------------------------------------------

    def start_tls(self, context: ssl.SSLContext, server_hostname: str) -> None:
        """Shake hands as a client. Raises TLSError; afterwards every byte is encrypted."""
        name = server_name(context, server_hostname)
        try:
            self._arm()
            wrapped = self._tunnel(context, name) if self.secure else self._wrap(context, name)
        except (OSError, ValueError) as error:
            raise self._no_handshake(error, context) from error
        # The new object first, so that the stop-button finds it during the handshake.
        self.sock = wrapped
        self.secure = True
        self._is_direct = False
        self._handshake(context)
        self._read, self._write, self._pending = calls_of(wrapped)
        self.__class__ = SecureStream

    def _wrap(self, context: ssl.SSLContext, name: Any) -> Any:
        # A peer that is gone shows here: wrap_socket() would take the descriptor over, fail, and lose it.
        self.sock.getpeername()
        return context.wrap_socket(
            self.sock, server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )

    def _tunnel(self, context: ssl.SSLContext, name: Any) -> Any:
        from .tls_tunnel import TLSTunnel

        return TLSTunnel(self.sock, context, name)

    def _handshake(self, context: ssl.SSLContext) -> None:
        while True:
            try:
                self._arm()
                self.sock.do_handshake()
                return
            except socket.timeout as error:
                self._overslept("handshake", error)
            except (OSError, ValueError) as error:
                if not is_unfinished(error):
                    raise self._no_handshake(error, context) from error

    def _no_handshake(self, error: Exception, context: ssl.SSLContext) -> NetworkError:
        """What to raise for a failed handshake; a pressed stop-button raises here already."""
        self.scope.left()
        module = import_ssl()
        if is_ragged(error):
            return NetworkError("ECONNRESET", "socket closed before the TLS handshake ended")
        if isinstance(error, (module.SSLError, ValueError)):
            return tls_error(error, context)
        return network_error(error, "handshake")

    def is_stale(self) -> bool:
        """Whether an idle connection is unusable: closed by the peer, or with bytes nobody asked for."""
        try:
            return self._readable(0.0)
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        """Close the socket; closing twice does no harm."""
        self._poller = None  # its number may soon be another file's
        self.sock.close()

    def fileno(self) -> int:
        number: int = self.sock.fileno()
        return number

    def _broken(self, verb: str, error: Exception) -> NetworkError:
        """What to raise for an error of the socket; a pressed stop-button raises here already."""
        self.scope.left()
        return network_error(error, verb)


class SecureStream(Stream):
    """A stream that has shaken hands. Its socket has no timeout: it blocks, or it never sleeps."""

    __slots__ = ()

    def _may_sleep(self) -> Optional[float]:
        """Make the socket one that blocks if no time limits the call (None), and else one that never sleeps.

        Changed as seldom as that, the mode costs no system call in most requests.
        """
        left = self.scope.left() if SLICE is None else _sliced(self.scope)
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
                poll_one(self.sock.fileno(), not is_write, is_write, _sliced(self.scope))
            except OSError as failure:
                raise self._broken("poll", failure) from failure

    def receive(self, limit: int = RECEIVE_SIZE, *target: memoryview) -> Any:
        """See Stream; with a memoryview into that, as :meth:`receive_into`."""
        while True:
            try:
                left = self._may_sleep()
                if left is not None and not self._pending() and not self._readable(left):
                    continue
                got = self._read(limit, *target)
            except OSError as error:
                self._go_on(error, "read")
                continue
            if not got:
                self._at_end()
            return got

    def _at_end(self) -> None:
        self.scope.left()
        self._pending = ended  # it can be read again, and poll() might wait for ever

    def receive_into(self, view: memoryview) -> int:
        """See Stream."""
        count: int = self.receive(len(view), view)
        return count

    def sendall(self, data: Any) -> None:
        """See Stream."""
        while data:
            try:
                self._may_sleep()
                sent = self._write(data)
            except OSError as error:
                self._go_on(error, "write")
                continue
            if sent == len(data):
                return
            data = memoryview(data)[sent:]

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
