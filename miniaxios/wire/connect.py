"""From a name to a connected socket: resolving, and racing the addresses.

Rules of the room: one deadline over all names and addresses together (the operating system's own
calls would spend it once for each). Resolving can't be stopped, so it happens on a daemon thread
when the request has a deadline or a stop-button, and in place when it has neither.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
from collections import deque
from time import monotonic

from .errors import InvalidRequest, NetworkError, NotSupported
from .environment import check_descriptors
from .hosts import address_of, is_quad
from .scope import Bell
from .sockets import interrupt, network_error, wait_connected
from .stream import SLICE, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Optional, Set, Tuple

    from .scope import Scope

    #: (address family, socket address)
    Address = Tuple[int, Any]

#: Seconds between the starts of two attempts. Source: RFC 8305 section 5.
ATTEMPT_DELAY = 0.25

#: Failures of this machine, which tell less than what a peer answers on another address.
NO_ROUTE = frozenset(("EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH"))

#: Threads that may hang in the resolver at the same time; one more request waits for a place.
MAX_RESOLVERS = 64

#: Seconds between two tries at a Unix socket whose backlog is full.
UNIX_RETRY = 0.02

#: One token for each thread that resolves. A set, for its methods can't be interrupted half-way: a
#: semaphore's can, and would lose a place for ever.
_resolving: Set[object] = set()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_resolving.clear)  # the threads stayed with the parent

#: How a connect says that it goes on: Windows has a name of its own for it.
_GOES_ON = (errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))


def connect(
    host: str,
    port: int,
    scope: Scope,
    family: Optional[int] = None,
    lookup: Optional[Callable[[str], Any]] = None,
    local_address: Optional[str] = None,
) -> Stream:
    """A stream to ``host``:``port``, on whichever of its addresses answers first.

    ``family``: 4, 6 or None; ``lookup``: the caller's resolver, as the option of that name.
    Raises NetworkError, DeadlineExceeded, Stopped. Source: RFC 8305.
    """
    addresses = resolve(host, port, scope, family, lookup)
    if len(addresses) > 1:
        addresses = interleave(addresses)
    if local_address is not None:
        addresses = _of_family(addresses, local_address)
    if len(addresses) == 1 and not scope.stoppable:
        return _connect_to(addresses[0], scope, local_address)
    return _Race(addresses, scope, local_address).run()


def connect_unix(path: str, scope: Scope) -> Stream:
    """A stream to the Unix socket at ``path``. Raises as :func:`connect`, and NotSupported."""
    if not hasattr(socket, "AF_UNIX"):
        raise NotSupported("this platform has no Unix sockets")
    while True:
        try:
            return _Race([(socket.AF_UNIX, path)], scope, None).run()
        except NetworkError as error:
            if error.errno != errno.EAGAIN:
                raise
        # The backlog is full. For TCP the system would try again, for these it does not.
        scope.sleep(UNIX_RETRY)


# -- names -------------------------------------------------------------------------------------------


def resolve(
    host: str, port: int, scope: Scope, family: Optional[int], lookup: Optional[Callable[[str], Any]]
) -> List[Address]:
    """All addresses of ``host``, in the resolver's order.

    An IP address is its own, whatever ``family`` and ``lookup`` say, as under Node.
    """
    if is_quad(host):
        return [(socket.AF_INET, (host, port))]
    if _is_literal(host):
        return _query(host, port, socket.AF_UNSPEC, socket.AI_NUMERICHOST)
    wanted = {4: socket.AF_INET, 6: socket.AF_INET6}.get(family or 0, socket.AF_UNSPEC)
    if lookup is None:
        found: List[Address] = _off_thread(lambda: _query(host, port, wanted, 0), scope)
        return found
    ask = lookup
    answer = _off_thread(lambda: ask(host), scope)
    found = [address for text in _listed(answer) for address in _given(text, port, wanted)]
    if not found:
        raise NetworkError("ENOTFOUND", f"lookup ENOTFOUND {host}")
    return found


def _is_literal(host: str) -> bool:
    return address_of(host.partition("%")[0]) is not None


def _listed(answer: Any) -> List[str]:
    """The addresses that a caller's ``lookup`` returned, in the forms that axios takes.

    ``address``, ``(address, family)``, ``{"address": ...}``, or a list of these.
    """
    entries = answer if isinstance(answer, (list, tuple)) and not _is_pair(answer) else [answer]
    found = [_address_in(entry) for entry in entries]
    for address in found:
        if not isinstance(address, str) or not _is_literal(address):
            raise InvalidRequest("option lookup must return an IP address or a list of them", "lookup")
    return found


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, (list, tuple)) and len(entry) == 2 and isinstance(entry[1], int)


def _address_in(entry: Any) -> Any:
    if _is_pair(entry):
        return entry[0]
    return entry.get("address") if isinstance(entry, dict) else entry


def _given(text: str, port: int, family: int) -> List[Address]:
    """A looked-up address, unless it is of a family that the caller does not want."""
    addresses = _query(text, port, socket.AF_UNSPEC, socket.AI_NUMERICHOST)
    return [address for address in addresses if family in (socket.AF_UNSPEC, address[0])]


def _query(host: str, port: int, family: int, flags: int) -> List[Address]:
    try:
        # As bytes: for a str, CPython would load its IDNA codec, which small systems may lack.
        rows = socket.getaddrinfo(host.encode("ascii"), port, family, socket.SOCK_STREAM, 0, flags)
    except socket.gaierror as error:
        check_descriptors(error, "getaddrinfo")
        code = "EAI_AGAIN" if error.errno == socket.EAI_AGAIN else "ENOTFOUND"
        raise NetworkError(code, f"getaddrinfo {code} {host}", error.errno) from error
    except OSError as error:
        raise network_error(error, "getaddrinfo") from error
    addresses: List[Address] = [(row[0], row[4]) for row in rows]
    if not addresses:
        raise NetworkError("ENOTFOUND", f"getaddrinfo ENOTFOUND {host}")
    return addresses


def _off_thread(query: Callable[[], Any], scope: Scope) -> Any:
    """The result of ``query``, waited for no longer than the scope lasts."""
    if scope.deadline is None and not scope.stoppable:
        return query()
    done = Bell()
    outcome: List[Any] = []
    token = object()

    def work() -> None:
        try:
            outcome.append((query(), None))
        except BaseException as error:  # handed over to the thread that asked
            outcome.append((None, error))
        finally:
            _resolving.discard(token)
            done.set()

    try:
        _enter(token, scope)
        if sys.is_finalizing():
            # Until Python 3.12 start() would wait for ever, for a thread that never runs.
            raise RuntimeError("can't start new thread at interpreter shutdown")
        threading.Thread(target=work, name="resolve", daemon=True).start()
    except BaseException as error:
        _resolving.discard(token)
        if isinstance(error, RuntimeError):
            raise NetworkError("EAGAIN", "no thread could be started to resolve the name") from error
        raise
    scope.wait(done)
    result, failure = outcome.pop()
    if failure is None:
        return result
    try:
        raise failure
    finally:
        del failure  # it holds this frame


def _enter(token: object, scope: Scope) -> None:
    """Wait for a place among the resolving threads. Hung ones are rare enough to ask at intervals."""
    while True:
        # Added before counting: two at once may both step back, but never both go on.
        _resolving.add(token)
        if len(_resolving) <= MAX_RESOLVERS:
            return
        _resolving.discard(token)
        scope.sleep(0.05)


# -- addresses ---------------------------------------------------------------------------------------


def interleave(addresses: List[Address]) -> List[Address]:
    """Alternate the families, each in its own order, the first one's family first. RFC 8305 section 4."""
    groups: Dict[int, Deque[Address]] = {}
    for address in addresses:
        group = groups.setdefault(address[0], deque())
        if address not in group:
            group.append(address)
    queues = list(groups.values())
    ordered: List[Address] = []
    while any(queues):
        ordered.extend(queue.popleft() for queue in queues if queue)
    return ordered


def _of_family(addresses: List[Address], local_address: str) -> List[Address]:
    """The addresses that can be reached from ``local_address`` at all."""
    if not _is_literal(local_address):
        raise InvalidRequest("option local_address must be an IP address", "agent")
    family = socket.AF_INET6 if ":" in local_address else socket.AF_INET
    found = [address for address in addresses if address[0] == family]
    if not found:
        raise NetworkError("EINVAL", f"bind EINVAL {local_address}", errno.EINVAL)
    return found


def _connect_to(address: Address, scope: Scope, local_address: Optional[str]) -> Stream:
    """The short way, at half the cost of a race: nothing to race with, and nobody who could stop it."""
    left = scope.left()
    sock = _open(address, local_address)
    try:
        if left is None:
            sock.connect(address[1])
        else:
            # One address, one call: here the system's own deadline is the whole one.
            sock.settimeout(left)
            sock.connect(address[1])
            sock.settimeout(None)
        return Stream(sock, scope)
    except BaseException as error:
        sock.close()
        if isinstance(error, (OSError, ValueError)):
            scope.left()
            raise _refused(error, address) from error
        raise


def _open(address: Address, local_address: Optional[str]) -> socket.socket:
    sock = None
    try:
        sock = socket.socket(address[0], socket.SOCK_STREAM)
        if address[0] != _UNIX:
            for setting in _SETTINGS:
                sock.setsockopt(*setting)
            if local_address is not None:
                sock.bind((local_address, 0))
        return sock
    except BaseException as error:
        if sock is not None:
            sock.close()
        if isinstance(error, OSError):
            raise _refused(error, address) from error
        raise


_UNIX = getattr(socket, "AF_UNIX", None)

#: Of TCP sockets. Requests go out whole, so there is nothing to gain by holding a segment back; and routers
#: forget a silent connection long before the system's two hours: 60 seconds, as axios has it.
_SETTINGS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
]
if hasattr(socket, "TCP_KEEPIDLE"):
    _SETTINGS.append((socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60))


def _refused(error: Exception, address: Address) -> NetworkError:
    where = address[1] if isinstance(address[1], str) else "{}:{}".format(*address[1][:2])
    made = network_error(error, "connect")
    made.args = (f"{made.args[0]} {where}",)
    made.__cause__ = error
    return made


class _Race:
    """Connection attempts to some addresses, started one after the other; the first to connect wins.

    No attempt blocks, not even a single one: a stop between the last look at the scope and a
    blocking connect would be lost, and so would the deadline.
    """

    def __init__(self, addresses: List[Address], scope: Scope, local_address: Optional[str]) -> None:
        self._waiting = deque(addresses)
        self._scope = scope
        self._local_address = local_address
        self._opened: List[socket.socket] = []
        self._running: Dict[socket.socket, Address] = {}
        self._next_start = 0.0
        self._failure: Optional[NetworkError] = None

    def run(self) -> Stream:
        """A stream on the winner's socket. Raises the first failure when all have failed."""
        try:
            self._scope.attach(self._interrupt)
            winner = self._first_connected()
            winner.settimeout(None)
            stream = Stream(winner, self._scope)
            self._opened.remove(winner)
            return stream
        except OSError as error:
            raise network_error(error, "connect") from error
        finally:
            # The losers are closed here, not when they lose: until detach() returns, a stop may be on
            # its way to one of them, and its number must not be another socket's by then.
            self._scope.detach()
            for sock in self._opened:
                sock.close()

    def _interrupt(self) -> None:
        for sock in tuple(self._opened):
            interrupt(sock)

    def _first_connected(self) -> socket.socket:
        while self._waiting or self._running:
            self._scope.left()
            if self._waiting and (not self._running or monotonic() >= self._next_start):
                self._start(self._waiting.popleft())
                continue
            winner = self._look()
            if winner is not None:
                return winner
        self._scope.left()  # a stop makes an attempt fail like any other
        # Taken out: its traceback will hold this frame, and the frame holds the race.
        failure, self._failure = self._failure, None
        try:
            raise failure or NetworkError("ENETUNREACH", "connect ENETUNREACH")
        finally:
            del failure

    def _start(self, address: Address) -> None:
        self._next_start = monotonic() + ATTEMPT_DELAY
        try:
            sock = _open(address, self._local_address)
        except NetworkError as error:
            self._lost(error)
            return
        self._opened.append(sock)
        sock.setblocking(False)
        try:
            sock.connect(address[1])
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) not in _GOES_ON:
                self._lost(_refused(error, address))
                return
        self._running[sock] = address

    def _look(self) -> Optional[socket.socket]:
        """Sleep until an attempt ends or the next one is due; returns the winner, if any."""
        limits = [self._scope.left(), SLICE if self._scope.stoppable else None]
        if self._waiting:
            limits.append(max(0.0, self._next_start - monotonic()))
        seconds = min((limit for limit in limits if limit is not None), default=None)
        ended = wait_connected(list(self._running), seconds)
        self._scope.left()
        for sock in ended:
            address = self._running.pop(sock)
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number == 0:
                return sock  # type: ignore[no-any-return]
            self._lost(_refused(OSError(number, "failed"), address))
        return None

    def _lost(self, error: NetworkError) -> None:
        # The first to fail names the error, unless this machine only lacks the family and a peer said no.
        if self._failure is None or (self._failure.code in NO_ROUTE and error.code not in NO_ROUTE):
            self._failure = error
        self._next_start = 0.0  # a failed attempt starts the next one at once
