"""Pool: which connection serves which request.

Rules of the room: under its lock lists are changed and nothing else is done; what is to be closed is
closed outside. A slot belongs to a :class:`Lease` that the borrower holds before asking. What comes back
from a finalizer, in the middle of anything, is only noted, and whoever holds the lock tidies up. A finalizer
or a signal handler may also make a request there, or close the pool: what its own thread has begun below is
then left alone. A connection has one owner at any time; an interrupt between two owners leaves it with none,
and then it closes itself.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from collections import deque
from time import monotonic

from .connection import Connection, close_all
from .lease import Lease
from .scope import Bell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Deque, Dict, Hashable, List, Optional, Set

    from .route import Route
    from .scope import Scope

#: Seconds after which one who waits for a slot looks whether somebody was interrupted before tidying up.
PATIENCE = 1.0

#: Seconds between two looks for connections of other origins that have been idle for too long.
SWEEP = 1.0

#: No pool's generation: what is of this one is not kept.
NEVER = -1

#: Notes that the idle connections are to be closed.
CLOSING = object()


class _Origin:
    """What the pool knows of one origin."""

    __slots__ = ("leases", "idle", "waiting")

    def __init__(self) -> None:
        #: Who holds a slot, by ``id()``: were they held here, none could be forgotten.
        self.leases: Set[int] = set()
        self.idle: List[Connection] = []  # the longest idle one first
        self.waiting: Deque[Lease] = deque()


class Pool:
    """Connections kept for reuse. Thread-safe and fork-safe.

    ``max_sockets``: connections per origin, idle ones included, or None; ``max_free_sockets``: idle
    connections in all; ``idle_timeout``: seconds that an idle connection is kept; ``keep_alive``:
    whether any is.
    """

    def __init__(
        self,
        max_sockets: Optional[int] = None,
        max_free_sockets: int = 256,
        idle_timeout: float = 60.0,
        keep_alive: bool = True,
    ) -> None:
        self.max_sockets = max_sockets
        self.max_free_sockets = max_free_sockets
        self.idle_timeout = idle_timeout
        self.keep_alive = keep_alive
        self.generation = 0
        self._start_empty()
        POOLS.add(self)

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._origins: Dict[Hashable, _Origin] = {}
        self._returned: Deque[Any] = deque()  # leases, and CLOSING where the idle ones are to be closed
        self._surplus: List[Connection] = []  # to be closed by whoever comes first, without the lock
        self._next_sweep = 0.0
        self._most_idle = 0  # no fewer than there are: counting them at each return would take too long
        #: Routes that requests are likely to go again; kept by the exchange.
        self.routes: Dict[Hashable, Route] = {}

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        self.generation += 1
        self.routes.clear()
        self.close_idle()

    def close_idle(self) -> bool:
        """Close the idle connections only, to free file descriptors. Returns whether there were any."""
        if self._lock.locked() and self._is_under_way():
            self._returned.append(CLOSING)
            return False
        try:
            with self._lock:
                had_some = self.idle_connections > 0
                self._expire(float("inf"))
            return had_some
        finally:
            self._clear_away()

    @property
    def idle_connections(self) -> int:
        """How many connections are kept for reuse at the moment."""
        return sum([len(origin.idle) for origin in self._origins.copy().values()])

    # -- taking ------------------------------------------------------------------------------------

    def _serve_later(self, lease: Lease, scope: Scope) -> None:
        """Wait for the lease's turn, until it was served."""
        while True:
            turn, looked = lease._turn, False
            while turn is not None and not scope.wait(turn, PATIENCE):
                if not looked:
                    # A response that was forgotten in a cycle holds its slot until it is collected.
                    looked = True
                    gc.collect()
                self._tidy()
            if self._serve_now(lease):
                return

    def _serve_now(self, lease: Lease) -> bool:
        """Give the lease a slot, and an idle connection where there is one; False where it has to wait."""
        if self._lock.locked() and self._is_under_way():
            # With a connection of its own, also where that is one too many: to wait would be for ever.
            if self.max_sockets is not None:
                lease._generation = NEVER
            return True
        now = monotonic()
        try:
            with self._lock:
                if self._returned or now >= self._next_sweep:
                    self._catch_up(now)
                origin = self._origin_named(lease.route.origin)
                if self.max_sockets is None:
                    origin.leases.add(id(lease))
                elif not self._admit(origin, lease):
                    return False
                lease.connection = self._pick(origin, lease.route, now - self.idle_timeout)
                return True
        finally:
            if self._surplus or self._returned:
                self._clear_away()

    def borrow(self, route: Route) -> Optional[Connection]:
        """An idle connection, not looked at yet, or None: without a lease, where connections are not counted.

        Whoever borrows it owns it until they :meth:`keep` it; forgotten, it closes itself. Its origin may stay
        here without any until somebody sweeps.
        """
        if self._lock.locked() and self._is_under_way():
            return None
        now = monotonic()
        if now < self._next_sweep:
            found = None
            with self._lock:
                origin = self._origins.get(route.origin)
                idle = None if origin is None else origin.idle
                if idle and idle[-1].route is route and idle[0].idle_since > now - self.idle_timeout:
                    found = idle.pop()  # as _pick() has it; with the like in keep() 1600 instructions of 90 000 less
            if found is not None:
                if self._returned:
                    self._clear_away()
                return found
        return self._borrow_with_care(route, now)

    def _borrow_with_care(self, route: Route, now: float) -> Optional[Connection]:
        try:
            with self._lock:
                self._catch_up(now)
                origin = self._origins.get(route.origin)
                return None if origin is None else self._pick(origin, route, now - self.idle_timeout)
        finally:
            if self._surplus or self._returned:
                self._clear_away()

    def _catch_up(self, now: float) -> None:
        """What is to be done now and then, under the lock."""
        self._absorb()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP
            self._expire(now - self.idle_timeout)

    def _admit(self, origin: _Origin, lease: Lease) -> bool:
        if self._may_have_slot(origin, lease):
            origin.leases.add(id(lease))
            return True
        lease._turn = Bell()
        origin.waiting.append(lease)
        return False

    def _may_have_slot(self, origin: _Origin, lease: Lease) -> bool:
        leases = origin.leases
        return self.max_sockets is None or len(leases) < self.max_sockets or id(lease) in leases

    def _pick(self, origin: _Origin, route: Route, too_old: float) -> Optional[Connection]:
        idle = origin.idle
        if not idle:
            return None
        if idle[0].idle_since <= too_old:
            _drop_old(idle, too_old, self._surplus)
        elif idle[-1].route is route:
            return idle.pop()  # what the search would come to
        for at in range(len(idle) - 1, -1, -1):  # the most recently used is the least likely to be dead
            if idle[at].route.key == route.key:
                return idle.pop(at)
        if idle and self.max_sockets is not None and len(origin.leases) + len(idle) > self.max_sockets:
            self._surplus.append(idle.pop(0))
        return None

    def _expire(self, too_old: float) -> None:
        """Drop what has been idle since ``too_old`` (monotonic) or longer."""
        for name, origin in tuple(self._origins.items()):
            _drop_old(origin.idle, too_old, self._surplus)
            self._forget_if_empty(name, origin)

    def _forget_if_empty(self, name: Hashable, origin: _Origin) -> None:
        if not (origin.idle or origin.leases or origin.waiting):
            self._origins.pop(name, None)

    # -- giving back -------------------------------------------------------------------------------

    def keep(self, connection: Connection, generation: int) -> None:
        """Take back a connection that was borrowed, or made without a lease, in that generation, fit for reuse."""
        if self._lock.locked() and self._is_under_way():
            connection.close()
            return
        is_kept = False
        with self._lock:
            origin = self._origins.get(connection.route.origin)
            if origin is not None and self._most_idle < self.max_free_sockets:
                if self.keep_alive and generation == self.generation:
                    connection.idle_since = monotonic()
                    self._most_idle += 1
                    origin.idle.append(connection)  # as _store() has it
                    is_kept = True
        if not is_kept:
            self._keep_with_care(connection, generation)
        elif self._returned:
            self._clear_away()

    def _keep_with_care(self, connection: Connection, generation: int) -> None:
        try:
            with self._lock:
                origin = self._origin_named(connection.route.origin)
                self._store(connection, origin, generation)
                self._forget_if_empty(connection.route.origin, origin)
        finally:
            if self._surplus or self._returned:
                self._clear_away()

    def adopt(self, connection: Connection, generation: int) -> Lease:
        """A lease of a connection that was borrowed, or made without one, and is needed for longer."""
        lease = Lease(self, connection.route)
        lease._generation = generation
        lease.connection = connection
        if self._lock.locked() and self._is_under_way():
            return lease
        try:
            with self._lock:
                self._origin_named(connection.route.origin).leases.add(id(lease))
        finally:
            if self._surplus or self._returned:
                self._clear_away()
        return lease

    def _origin_named(self, name: Hashable) -> _Origin:
        origin = self._origins.get(name)
        if origin is None:
            origin = self._origins[name] = _Origin()
        return origin

    def _store(self, connection: Connection, origin: _Origin, generation: int) -> None:
        """Add a connection that is fit for reuse to the idle ones, if any are kept."""
        if not self.keep_alive or generation != self.generation:
            self._surplus.append(connection)
            return
        connection.idle_since = monotonic()
        self._most_idle += 1
        origin.idle.append(connection)
        if self._most_idle > self.max_free_sockets:
            self._recount()

    def _is_under_way(self) -> bool:
        """Whether this very thread holds the lock, below: then a signal handler or a finalizer runs on top of it.

        Looked up in the stack, and only while somebody holds it: an owner to be noted each time costs more.
        """
        frame: Any = sys._getframe(2)
        while frame is not None:
            if frame.f_code in _UNDER_LOCK and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back
        return False

    def _tidy(self) -> None:
        """Absorb what was returned, unless somebody holds the lock: they will, after letting it go."""
        while self._returned and not self._lock.locked():
            try:
                with self._lock:
                    self._absorb()
            finally:
                if self._surplus:
                    close_all(self._surplus)

    def _clear_away(self) -> None:
        try:
            close_all(self._surplus)
        finally:
            self._tidy()

    def _absorb(self) -> None:
        """End the leases that came back: what they held becomes idle, or surplus."""
        returned = self._returned
        while returned:
            # Taken off the list when it is done: ending a lease again, after an interrupt, does no harm.
            lease = returned[0]
            if lease is CLOSING:
                self._expire(float("inf"))
                returned.popleft()
                continue
            name = lease.route.origin
            origin = self._origins.get(name)
            connection, lease.connection = lease.connection, None
            if origin is None:
                if connection is not None:
                    self._surplus.append(connection)
                returned.popleft()
                continue
            origin.leases.discard(id(lease))
            if lease._turn is not None and lease in origin.waiting:
                origin.waiting.remove(lease)
            if connection is not None:
                if lease._reusable:
                    self._store(connection, origin, lease._generation)
                else:
                    self._surplus.append(connection)
            if origin.waiting:
                self._grant(origin)
            if not origin.idle:
                self._forget_if_empty(name, origin)
            returned.popleft()

    def _recount(self) -> None:
        self._most_idle = self.idle_connections
        if self._most_idle > self.max_free_sockets:
            self._evict()

    def _evict(self) -> None:
        """Drop the longest idle connection of all."""
        names = [name for name, origin in self._origins.items() if origin.idle]
        stalest = min(names, key=lambda name: self._origins[name].idle[0].idle_since)
        origin = self._origins[stalest]
        self._surplus.append(origin.idle.pop(0))
        self._forget_if_empty(stalest, origin)

    def _grant(self, origin: _Origin) -> None:
        waiting = origin.waiting
        while waiting and self._may_have_slot(origin, waiting[0]):
            # Off the queue at last: who is granted twice, after an interrupt, has one slot all the same.
            lease = waiting[0]
            origin.leases.add(id(lease))
            if lease._turn is not None:
                lease._turn.set()
            waiting.popleft()

    # -- fork --------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """In a child process: start empty, with a new lock; the parent's sockets go on in the parent."""
        inherited = [connection for origin in self._origins.values() for connection in origin.idle]
        self.generation += 1
        self._start_empty()
        close_all(inherited)  # frees the descriptors here; says nothing to the peer


def _drop_old(idle: List[Connection], too_old: float, surplus: List[Connection]) -> None:
    while idle and idle[0].idle_since <= too_old:
        surplus.append(idle.pop(0))


#: Code that holds the lock.
_UNDER_LOCK = frozenset(
    function.__code__
    for function in (
        Pool.close_idle, Pool._serve_now, Pool.borrow, Pool._borrow_with_care, Pool.keep, Pool._keep_with_care,
        Pool.adopt, Pool._tidy,
    )  # fmt: skip
)

POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork() -> None:
    for pool in tuple(POOLS):
        pool._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
