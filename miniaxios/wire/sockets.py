"""What sockets are asked by more than one room: to wake, whether they are ready, what their errors are called."""

from __future__ import annotations

import errno
import select
import socket
import sys

from .errors import NetworkError
from .tls import import_ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Tuple

#: The flag of a call that does not sleep, and of one that sleeps until all is there; 0 where there is none.
DONTWAIT, WAITALL = getattr(socket, "MSG_DONTWAIT", 0), getattr(socket, "MSG_WAITALL", 0)


def interrupt(sock: Any) -> None:
    """Shut a socket down both ways: wakes recv, send, connect and handshakes in other threads."""
    try:
        # The base class's method: SSLSocket.shutdown() would also drop the TLS state under the reader.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # not connected, reset or closed: nobody sleeps on it, and whoever stops has no use for it


def poll_one(number: int, reading: bool, writing: bool, seconds: Optional[float]) -> Tuple[bool, bool]:
    """``(readable, writable)`` of the descriptor, as far as asked; sleeps at most ``seconds``."""
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(number, (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0))
        events = poller.poll(milliseconds(seconds))
        found = events[0][1] if events else 0
        broken = found & (select.POLLERR | select.POLLHUP | select.POLLNVAL)
        readable = reading and bool(found & select.POLLIN or broken)
        return readable, writing and bool(found & select.POLLOUT or broken)
    watched = [number]
    reads, writes, faults = select.select(
        watched if reading else [], watched if writing else [], watched, seconds
    )
    return bool(reads or (reading and faults)), bool(writes or (writing and faults))


def milliseconds(seconds: Optional[float]) -> Optional[int]:
    """As poll() takes it. Rounded up, or the last millisecond would be spent in a busy loop."""
    return None if seconds is None else int(seconds * 1000) + (seconds > 0)


def wait_connected(socks: List[Any], seconds: Optional[float]) -> List[Any]:
    """Those of ``socks`` whose connect has ended, well or badly; sleeps at most ``seconds``.

    Without a selector of ``selectors``: its descriptor may be the one too many.
    """
    if hasattr(select, "poll"):
        poller = select.poll()
        for sock in socks:
            poller.register(sock, select.POLLOUT)
        ended = {number for number, _ in poller.poll(milliseconds(seconds))}
    else:
        _, writable, failed = select.select([], socks, socks, seconds)
        ended = {sock.fileno() for sock in writable + failed}
    return [sock for sock in socks if sock.fileno() in ended]


def network_error(error: Exception, verb: str) -> NetworkError:
    """The basement's error for one of the operating system, named as Node names it.

    ``verb``: what was going on (``"connect"``, ``"read"``, ``"write"``), the message's first word.
    """
    if sys.modules.get("ssl") is not None and isinstance(error, import_ssl().SSLError):
        return _record_error(error, verb)
    number = getattr(error, "errno", None)
    code = errno.errorcode.get(number, "") if number is not None else ""
    code = code[3:] if code.startswith("WSA") else code  # the names of Windows
    if code in ("ESHUTDOWN", "ENOTCONN", "EBADF"):
        code = "ECONNRESET"
    return NetworkError(code or "ERR_NETWORK", f"{verb} {code or error}", number)


def _record_error(error: Exception, verb: str) -> NetworkError:
    if is_ragged(error) or isinstance(error, import_ssl().SSLZeroReturnError):
        return NetworkError("ECONNRESET", f"{verb} ECONNRESET: TLS closed without notice")
    return NetworkError("EPROTO", f"{verb} EPROTO: {getattr(error, 'reason', None) or error}")


def is_ragged(error: Exception) -> bool:
    """Whether the bytes of TLS ended without its close_notify; Python 3.8 and 3.9 have no class for it."""
    reason = getattr(error, "reason", None) or ""
    return isinstance(error, import_ssl().SSLEOFError) or "UNEXPECTED_EOF" in reason


def is_unfinished(error: Exception) -> bool:
    """Whether a TLS layer that may not sleep only says that the call is to be repeated."""
    module = import_ssl()
    if isinstance(error, (module.SSLWantReadError, module.SSLWantWriteError, BlockingIOError)):
        return True
    return isinstance(error, socket.timeout) and error.errno is None  # the kernel's ETIMEDOUT has a number
