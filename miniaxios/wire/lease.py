"""Lease: the right to one connection of an origin, from the moment it is asked for until it is given back.

Rules of the room: whatever interrupts the borrower, giving the lease back (as often as one likes) or forgetting it sets
things right. It may come back from a finalizer, in the middle of anything: it is then only noted, and the pool tidies up.
"""

from __future__ import annotations

from .connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from .pool import Pool
    from .route import Route
    from .scope import Bell, Scope


class _Slots:
    """Where a lease keeps what it knows."""

    __slots__ = ("route", "connection", "_pool", "_generation", "_turn", "_reusable", "_is_over")


class _EndedLease(_Slots):
    """A lease that was given back: without a finalizer, in which a Ctrl-C would be lost."""

    __slots__ = ()

    def give_back(self, reusable: bool) -> None:
        """It was; once is enough."""


class Lease(_Slots):
    """The right to one connection of an origin: asked for with :meth:`take`, ended with :meth:`give_back`."""

    __slots__ = ()

    def __init__(self, pool: Pool, route: Route) -> None:
        self.route = route
        self.connection: Optional[Connection] = None
        self._pool = pool
        self._generation = pool.generation
        self._turn: Optional[Bell] = None
        self._reusable = False
        self._is_over = False  # the last: one that is half made has nothing to give back

    def __del__(self) -> None:
        """One that was forgotten, as by an interrupt in the middle of :meth:`give_back`, ends too."""
        if not getattr(self, "_is_over", True):
            self.give_back(False)

    def take(self, scope: Scope) -> Connection:
        """An idle connection, or a new one that is not open yet; waits while the origin has no slot free.

        Raises Stopped or DeadlineExceeded while waiting; give the lease back then too.
        """
        pool = self._pool
        while True:
            if not pool._serve_now(self):
                pool._serve_later(self, scope)
            connection = self.connection
            if connection is None:
                connection = self.connection = Connection(self.route)
            elif connection.is_stale():
                connection.close()
                continue
            return connection

    def renew(self) -> Connection:
        """A new connection in place of one that failed; keeps the slot."""
        if self.connection is not None:
            self.connection.close()
        self.connection = connection = Connection(self.route)
        return connection

    def give_back(self, reusable: bool) -> None:
        """End the lease: the connection goes back to its pool if it is reusable, and is closed if not."""
        try:
            if not reusable and self.connection is not None:
                self.connection.close()
        finally:
            self._reusable = reusable
            self._pool._returned.append(self)
            self._is_over = True  # not sooner: an interrupt before would lose the slot
            self.__class__ = _EndedLease  # type: ignore[assignment]
            self._pool._tidy()
