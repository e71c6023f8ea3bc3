"""Stream: the only room with system calls on sockets.

Resolve, connect, TLS, send, receive, look, interrupt, close. Rules of the room:

* Every call that can sleep first asks the scope how long it may, and asks again when it woke:
  a socket shut down by the stop-button reads as an end of file.
* A plain socket blocks, and poll() does the sleeping that has an end. In a handshake, and where no call
  can say for itself that it may not sleep, the socket has a timeout, which is only altered when it is
  longer than the time left: a shorter one does no harm, as it wakes the loop, which asks the scope.
* What the operating system or OpenSSL raise leaves this room as a class of ``errors``.
"""

from __future__ import annotations

import errno
import select
import socket
import sys

from .errors import NetworkError
from .sockets import DONTWAIT, WAITALL, interrupt, network_error, poll_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple

    from .scope import Scope

#: Bytes asked for in one receive.
RECEIVE_SIZE = 65536

#: Seconds by which a call may oversleep the deadline before the socket's timeout is set anew.
SLACK = 0.001

#: Longest single sleep, in seconds, where shutting a socket down is not known to wake its sleeper.
SLICE = None if sys.platform == "linux" else 0.1


def sliced(scope: Scope) -> Optional[float]:
    """How long one sleep may last under ``scope`` (seconds, None for any); raises as ``scope.left()``."""
    left = scope.left()
    if SLICE is None or not scope.stoppable:
        return left
    return SLICE if left is None else min(left, SLICE)


class Stream:
    """A connected socket under the scope of the request that uses it; ``start_tls`` makes it a secure one."""

    __slots__ = ("sock", "scope", "secure", "_timeout", "_is_direct", "_poller", "_read", "_write", "_pending")

    # Of a secure one alone: what reads, writes, and tells how much was read already.
    _read: Any
    _write: Any
    _pending: Any

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
        """From now on work under ``scope``, until it is detached. Raises Stopped when that is stopped already."""
        self.scope = scope
        if scope.stoppable:
            scope.attach(self.interrupt)

    def interrupt(self) -> None:
        """Wake whoever sleeps on this socket, from another thread."""
        interrupt(getattr(self.sock, "outermost", self.sock))

    def _arm(self) -> None:
        left = self._left()
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
        self._set_timeout(sliced(self.scope))

    # -- bytes -------------------------------------------------------------------------------------

    def receive(self, limit: int = RECEIVE_SIZE) -> bytes:
        """The next bytes, at least one; ``b""`` at an orderly end. Raises NetworkError, Stopped, ..."""
        if not self._is_direct:
            return self._receive_under_timeout(limit)
        return self.receive_within(self._left(), limit)

    def receive_all(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer at the end, or where it would take more than one call to wait for them."""
        if not self._is_direct or self._left() is not None:
            return self.receive(size)
        try:
            data: bytes = self.sock.recv(size, WAITALL)
        except OSError as error:
            raise self._broken("read", error) from error
        if len(data) < size:
            self.scope.left()
        return data

    def receive_within(self, left: Optional[float], limit: int = RECEIVE_SIZE) -> bytes:
        """The same, by whom :meth:`sendall` has just told the time that is left."""
        if not self._is_direct:
            return self._receive_under_timeout(limit)
        data: bytes
        poller = self._poller
        while True:
            try:
                if left is None:
                    data = self.sock.recv(limit)  # who stops it shuts the socket down
                # As _readable() has it: of a timeout's cost in a small request, a call less is a tenth.
                elif self._readable(left) if poller is None else poller.poll(int(left * 1000) + 1):
                    data = self.sock.recv(limit, DONTWAIT)
                else:
                    left = self._left()
                    continue
            except BlockingIOError:
                left = self._left()
                continue
            except OSError as error:
                raise self._broken("read", error) from error
            if not data:
                self.scope.left()
            return data

    def _left(self) -> Optional[float]:
        return self.scope.left() if SLICE is None else sliced(self.scope)

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

    def receive_into(self, view: memoryview, is_patient: bool = False) -> int:
        """As :meth:`receive`, or :meth:`receive_all` if patient, into ``view``; how many bytes, 0 at an orderly end."""
        if not self._is_direct:
            data = self._receive_under_timeout(min(len(view), RECEIVE_SIZE))
            view[: len(data)] = data
            return len(data)
        scope = self.scope
        while True:
            left = self._left()
            try:
                if left is not None and not self._readable(left):
                    continue
                flags = DONTWAIT if left is not None else WAITALL if is_patient else 0
                count: int = self.sock.recv_into(view, 0, flags)
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

    def sendall(self, data: Any) -> Optional[float]:
        """Send every byte of ``data``, which should be small: nothing is read meanwhile.

        Returns how long one sleep may last then, as the scope says it (seconds, None for any).
        """
        if self._is_direct:
            left = self.scope.left() if SLICE is None else sliced(self.scope)
            count = self.send_now(data)
            if count == len(data):
                return left
            self._send_rest(memoryview(data)[count:])
            return self._left()
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
        return None  # not asked: the socket's timeout knows

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
        left = sliced(self.scope)
        if seconds is not None and (left is None or seconds < left):
            left = seconds
        try:
            ready = poll_one(self.sock.fileno(), reading, writing, left)
        except OSError as error:
            raise self._broken("poll", error) from error
        self.scope.left()
        return ready

    # -- the ends of its life ----------------------------------------------------------------------

    def is_stale(self) -> bool:
        """Whether an idle connection is unusable: closed by the peer, or with bytes nobody asked for."""
        poller = self._poller
        try:
            return self._readable(0.0) if poller is None else bool(poller.poll(0))
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
