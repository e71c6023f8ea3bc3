"""Promise, ``all_`` and ``spread``.

Rules of the room: a Promise is a ``concurrent.futures.Future`` and keeps all that is promised there.

Handlers run on the thread that settles the promise, or at once on the caller's if it is settled
already. Chains are worked off in a loop, however long. A handler that settles or chains promises
itself has their handlers run at once too, ``DEPTH`` levels deep, and after its own return beyond that;
a handler should not wait for what only its own thread can settle.

Whatever is raised in a handler or a job, KeyboardInterrupt included, rejects. A rejection that nobody
looked at is logged when the promise is collected. To have looked means: ``result``, ``exception``,
``then``, ``catch``, ``finally_``, ``await``, ``add_done_callback``, or given to ``all``.

Exceptions hold their frames, and frames their variables: a frame through which an exception passes
drops its reference to the promise, or every rejected promise would be a cycle, and reported late.
"""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError, Future
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING, RUNNING

from .crew import CREW
from .monitor import Monitor
from .reactions import Finally, Follow, Member, Then, help_with, settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Iterable, List, Optional

    from .reactions import Outcome

    AnyFuture = Future[Any]
else:
    AnyFuture = Future

#: The states in which a Future is done.
_DONE = frozenset((CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED))

#: Whether a Future has the fields that we know, and no others.
_IS_AS_KNOWN = vars(Future()).keys() == {
    "_condition", "_state", "_result", "_exception", "_waiters", "_done_callbacks"
}  # fmt: skip


class Promise(AnyFuture):
    """The outcome of something under way.

    ``Promise()`` is pending; whoever made it settles it, with ``set_result`` or ``set_exception``.

    ``cancel()`` succeeds on what has not begun: a job that waits for a thread, a ``then`` whose
    source is pending (its handler will not run), a promise that nobody is settling yet. It gives
    False for work under way: use a CancelToken or an AbortSignal for that. What was chained to a
    cancelled promise is rejected with ``concurrent.futures.CancelledError``.
    Sources: Promises/A+ for what follows what, PEP 3148 for the rest.
    """

    # Until __init__ is through there is nothing to report.
    _looked = True

    def __init__(self) -> None:
        if not _IS_AS_KNOWN:
            super().__init__()
        # In place of Future's Condition, which a Ctrl-C may leave locked. To make that only to throw it away
        # took two thirds of the time in here.
        self._condition: Any = Monitor()
        self._state: str = PENDING
        self._result: Any = None
        self._exception: Optional[BaseException] = None
        self._waiters: List[Any] = []
        self._done_callbacks: List[Callable[[Any], object]] = []
        self._looked = False

    @staticmethod
    def resolve(value: Any = None) -> Promise:
        """A promise of ``value``; a Promise is returned as it is, another future is followed."""
        if isinstance(value, Promise):
            return value
        promise = Promise()
        promise.set_running_or_notify_cancel()
        promise._resolve(value)
        return promise

    @staticmethod
    def reject(error: BaseException) -> Promise:
        """A promise rejected with ``error``. TypeError if that is no exception."""
        if not isinstance(error, BaseException):
            raise TypeError(f"a promise is rejected with an exception, not {type(error).__name__}")
        promise = Promise()
        promise.set_exception(error)
        return promise

    @staticmethod
    def all(iterable: Iterable[Any]) -> Promise:
        """See :func:`all_`."""
        return all_(iterable)

    def then(
        self,
        on_fulfilled: Optional[Callable[[Any], Any]] = None,
        on_rejected: Optional[Callable[[Any], Any]] = None,
    ) -> Promise:
        """A Promise of what the handler returns; what it raises rejects, a promise is followed.

        One of ``on_fulfilled(value)`` and ``on_rejected(error)`` is called, once. None passes the
        value or the error on. TypeError if one is neither callable nor None.
        """
        child = Promise()
        try:
            self.add_done_callback(Then(child, _handler(on_fulfilled), _handler(on_rejected)))
            return child
        finally:
            del child

    def catch(self, on_rejected: Optional[Callable[[Any], Any]]) -> Promise:
        """``then(None, on_rejected)``."""
        return self.then(None, on_rejected)

    def finally_(self, callback: Optional[Callable[[], Any]]) -> Promise:
        """Call ``callback()`` either way, and pass on this promise's value or error.

        What the callback raises, or the promise it returns is rejected with, takes its place; a
        promise it returns is waited for.
        """
        child = Promise()
        try:
            self.add_done_callback(Finally(child, _handler(callback)))
            return child
        finally:
            del child

    def result(self, timeout: Optional[float] = None) -> Any:
        """The value, waiting for it at most ``timeout`` seconds (None: as long as it takes).

        Raises what the promise was rejected with, ``concurrent.futures.TimeoutError``, or
        ``CancelledError`` after ``cancel()``.
        """
        self._wait(timeout)
        try:
            return super().result(0)
        finally:
            del self

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        """The error, or None if fulfilled; waits and raises as :meth:`result`."""
        self._wait(timeout)
        try:
            return super().exception(0)
        finally:
            del self

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Have ``fn(promise)`` called when settled, at once if it is. Source: ``concurrent.futures``."""
        self._looked = True
        with self._condition:
            if self._state not in _DONE:
                self._done_callbacks.append(fn)
                return
        super().add_done_callback(fn)

    def done(self) -> bool:
        """Whether it is settled or cancelled."""
        # No lock: the state is set last, and once.
        return self._state in _DONE

    def cancel(self) -> bool:
        """Cancel what has not begun; whether that succeeded. See the class."""
        if not super().cancel():
            return False
        # wait() and as_completed() count a cancelled future as done only after this.
        with self._condition:
            if self._state == CANCELLED:
                super().set_running_or_notify_cancel()
        return True

    def set_running_or_notify_cancel(self) -> bool:
        """For whoever does the work. False: it was cancelled. Source: ``concurrent.futures``."""
        with self._condition:
            if self._state == PENDING:
                self._state = RUNNING
                return True
            if self._state == CANCELLED_AND_NOTIFIED:
                return False
        return super().set_running_or_notify_cancel()

    def __await__(self) -> Generator[Any, None, Any]:
        from asyncio import wrap_future

        return wrap_future(self).__await__()

    def __del__(self) -> None:
        if self._looked or not self.done() or self.cancelled():
            return
        error = super().exception()
        if error is not None:
            text = "a promise was rejected and nobody looked at it: %r"
            trace = (type(error), error, error.__traceback__)
            logging.getLogger(__package__).error(text, error, exc_info=trace)

    def _wait(self, timeout: Optional[float]) -> None:
        """Until it is settled, or ``timeout`` seconds are over."""
        self._looked = True
        if self.done() or (timeout is not None and timeout <= 0):
            return
        help_with(self)
        worker = None if self.done() else CREW.step_aside()
        try:
            # The one that takes the lock: so either it is seen to be done, or who settles it sees us wait.
            self._condition.wait_until(super().done, timeout)
        finally:
            if worker is not None:
                CREW.step_back(worker)

    def _outcome(self) -> Outcome:
        """What a promise that is done, and was looked at, has come to."""
        if self._state == FINISHED:
            return self._exception, self._result
        return CancelledError(), None

    def _resolve(self, value: Any) -> None:
        """Settle with ``value``, or follow it if it is a future. For promises that are running."""
        if not isinstance(value, Future):
            settle(self, None, value)
        elif value is self:
            settle(self, TypeError("a promise can't wait for itself"), None)
        else:
            value.add_done_callback(Follow(self))


def all_(iterable: Iterable[Any]) -> Promise:
    """A Promise of the list of all values, in order; the first rejection rejects it.

    The iterable may hold promises, other futures and plain values. The others run on after a
    rejection. What iterating raises rejects. Source: axios ``all``, ``Promise.all``.
    """
    try:
        values: List[Any] = list(iterable)
    except Exception as error:
        return Promise.reject(error)
    futures = [(index, item) for index, item in enumerate(values) if isinstance(item, Future)]
    gathered = Promise()
    if not futures:
        gathered.set_result(values)
    left: List[None] = [None] * len(futures)
    for index, item in futures:
        Promise.resolve(item).add_done_callback(Member(gathered, values, index, left))
    return gathered


def spread(callback: Callable[..., Any]) -> Callable[[Iterable[Any]], Any]:
    """A function of one list that calls ``callback(*list)``. Source: axios ``spread``."""
    return lambda values: callback(*values)


def _handler(given: Optional[Callable[..., Any]]) -> Optional[Callable[..., Any]]:
    if given is not None and not callable(given):
        raise TypeError(f"a handler must be a callable or None, not {type(given).__name__}")
    return given
