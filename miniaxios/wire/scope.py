"""Scope: the one absolute deadline and the one stop-button of a request.

Rules of the room: it knows no sockets. A thread that is about to sleep attaches a ``wake`` function,
asks :meth:`Scope.left` how long it may sleep, and asks again after it woke: a stopped socket looks
like an end of file, so only the scope can tell the two apart.
"""

from __future__ import annotations

import threading
from time import monotonic

from .errors import DeadlineExceeded, Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Protocol

    class Waitable(Protocol):
        """A :class:`Bell`, or what is like it."""

        def set(self) -> None: ...

        def wait(self, timeout: Optional[float] = None) -> bool: ...


#: Longest single sleep, in seconds: some system calls take no more than 24 days. Who wakes asks again.
LONGEST_SLEEP = 86400.0


#: ``threading.RLock`` is a function in Python code around it.
_RLock: Any = type(threading.RLock())


class Bell:
    """An event that may be set at any moment, also by a signal handler or a finalizer. For one waiter.

    A ``threading.Event`` takes a lock in Python code: set by what interrupted its own waiter there,
    it would wait for itself for ever.
    """

    __slots__ = ("_is_set", "_lock")

    def __init__(self) -> None:
        self._is_set = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiter; setting twice does no harm."""
        self._is_set = True
        try:
            self._lock.release()
        except RuntimeError:
            return  # not locked: it was set already

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Sleep until it is set, at most ``timeout`` seconds; returns whether it is set."""
        if not self._is_set:
            self._lock.acquire(timeout=-1 if timeout is None else timeout)
        return self._is_set


class Scope:
    """Deadline and stop-button of one request.

    ``timeout``: seconds (float) from now, or None for no deadline. ``stoppable``: whether anybody
    may call :meth:`stop`; a scope that can't be stopped has no lock and attaching costs nothing.
    """

    __slots__ = ("timeout", "deadline", "stoppable", "stopped", "reason", "_lock", "_wake")

    def __init__(self, timeout: Optional[float] = None, stoppable: bool = False) -> None:
        self.timeout = timeout
        self.deadline: Optional[float] = None if timeout is None else monotonic() + timeout
        self.stoppable = stoppable
        self.stopped = False
        self.reason: object = None
        # Reentrant: a signal handler may cancel while its own thread is inside attach or detach.
        self._lock = _RLock() if stoppable else None
        self._wake: Optional[Callable[[], None]] = None

    def left(self) -> Optional[float]:
        """Seconds that one sleep may last (above 0, no longer than the deadline is away), None for any.

        Raises Stopped once the stop-button was pressed, DeadlineExceeded once the time is over.
        """
        if self.stopped:
            raise Stopped(self.reason)
        if self.deadline is None:
            return None
        left = self.deadline - monotonic()
        if left <= 0:
            raise DeadlineExceeded("the deadline passed")
        return left if left < LONGEST_SLEEP else LONGEST_SLEEP

    def restart(self) -> None:
        """Give the whole timeout anew: each read of a streamed body has it to itself."""
        if self.timeout is not None:
            self.deadline = monotonic() + self.timeout

    def attach(self, wake: Callable[[], None]) -> None:
        """Let :meth:`stop` call ``wake``, which must not block. Raises Stopped when it is too late."""
        if self._lock is None:
            return
        # Without the lock, which takes as long as all the rest: stop() says that it was called before it
        # looks for a wake, so one of the two sees the other; likewise in detach().
        self._wake = wake
        if self.stopped:
            raise Stopped(self.reason)

    def detach(self) -> bool:
        """Take ``wake`` away. Returns whether it was never called: its object is still whole.

        When this returns, no ``wake`` is running and none will.
        """
        if self._lock is None:
            return True
        self._wake = None
        if not self.stopped:
            return True
        with self._lock:  # until whoever is stopping is done
            return False

    def stop(self, reason: object = None) -> None:
        """Press the stop-button, from any thread; only the first press counts."""
        if self._lock is None:
            raise RuntimeError("this scope was made without a stop-button")
        with self._lock:
            if self.stopped:
                return
            self.reason = reason
            self.stopped = True
            # Under the lock, so that detach() waits: what was detached is never woken.
            wake = self._wake
            if wake is not None:
                wake()

    def wait(self, event: Waitable, seconds: Optional[float] = None) -> bool:
        """Sleep until ``event`` is set, at most ``seconds``; returns whether it is set.

        Raises Stopped or DeadlineExceeded as :meth:`left` does, also when the event is set too.
        What was attached before is attached again afterwards.
        """
        outer = self._wake
        self.attach(event.set)
        try:
            happened = self._sleep(event, seconds)
        finally:
            self._reattach(outer)
        self.left()
        return happened

    def _sleep(self, event: Waitable, seconds: Optional[float]) -> bool:
        end = None if seconds is None else monotonic() + seconds
        while True:
            left = self.left()
            if end is not None:
                rest = max(0.0, end - monotonic())
                left = rest if left is None else min(left, rest)
            if event.wait(left):
                return True
            if end is not None and monotonic() >= end:
                return False

    def _reattach(self, wake: Optional[Callable[[], None]]) -> None:
        if self._lock is not None:
            self._wake = wake

    def sleep(self, seconds: float) -> None:
        """Sleep ``seconds``, or raise as soon as the scope is stopped or its time is over."""
        self.wait(Bell(), seconds)


class Button(Scope):
    """A scope without a deadline that somebody may stop, made in half the time."""

    __slots__ = ()

    stoppable = True
    timeout = deadline = None

    def __init__(self) -> None:
        self.stopped = False
        self.reason = self._wake = None
        self._lock = _RLock()


class Deadline(Scope):
    """A scope of ``timeout`` seconds that nobody can stop, made in half the time."""

    __slots__ = ()

    stoppable = stopped = False
    reason = _lock = _wake = None

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.deadline = monotonic() + timeout

    def left(self) -> float:
        """See Scope."""
        left: float = self.deadline - monotonic()  # type: ignore[operator]
        if left <= 0:
            raise DeadlineExceeded("the deadline passed")
        return left if left < LONGEST_SLEEP else LONGEST_SLEEP
