"""What happens when a promise is settled, and the loop in which it happens.

Rules of the room: a reaction is a done-callback that settles one other promise, its child. Running
them one inside the other would overflow the stack in long chains. So the outermost runs a loop, and
while the loop itself settles a child, reactions to that only queue up. While a handler runs the loop
is not collecting: what the handler sets off runs at once, in a loop of its own, as far as ``DEPTH``.

A reaction lets go of its child when it has run, for it stays in the callbacks of its source.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import CancelledError, Future, InvalidStateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, List, Optional, Tuple

    from .promise import Promise

    AnyFuture = Future[Any]
    #: An error or None, and the value when there is no error.
    Outcome = Tuple[Optional[BaseException], Any]

#: Handlers within handlers that run at once.
DEPTH = 20


class Reaction:
    """A done-callback that settles ``child``, in the loop of its thread."""

    __slots__ = ("child",)

    def __init__(self, child: Promise) -> None:
        self.child: Optional[Promise] = child

    def __call__(self, source: AnyFuture) -> None:
        _TURN.post(self, source)

    def run(self, source: AnyFuture) -> None:
        """``source`` is settled: do what is to be done. Called once."""
        raise NotImplementedError

    def begin(self) -> bool:
        """Claim the child; False if it was cancelled."""
        if self.child is not None and self.child.set_running_or_notify_cancel():
            return True
        self.child = None
        return False

    def conclude(self, error: Optional[BaseException], value: Any) -> None:
        """Settle the child, or have it follow ``value``, and let go of it."""
        child, self.child = self.child, None
        if child is not None:
            if error is None:
                child._resolve(value)
            else:
                settle(child, error, None)
        del child, error


class Then(Reaction):
    """Calls one of two handlers and settles the child with what comes of it."""

    __slots__ = ("_on_fulfilled", "_on_rejected")

    def __init__(
        self,
        child: Promise,
        on_fulfilled: Optional[Callable[[Any], Any]],
        on_rejected: Optional[Callable[[Any], Any]],
    ) -> None:
        super().__init__(child)
        self._on_fulfilled = on_fulfilled
        self._on_rejected = on_rejected

    def run(self, source: AnyFuture) -> None:
        """Source: Promises/A+ 2.2."""
        if not self.begin():
            return
        error, value = outcome_of(source)
        del source
        handler = self._on_fulfilled if error is None else self._on_rejected
        if handler is not None:
            error, value = _TURN.call(handler, value if error is None else error)
        self.conclude(error, value)
        del error


class Follow(Reaction):
    """Settles the child as the source is settled. Source: Promises/A+ 2.3.2."""

    __slots__ = ()

    def run(self, source: AnyFuture) -> None:
        """Pass it on."""
        self.conclude(*outcome_of(source))


class Finally(Reaction):
    """Calls the callback and settles the child as the source was, unless the callback fails."""

    __slots__ = ("_callback",)

    def __init__(self, child: Promise, callback: Optional[Callable[[], Any]]) -> None:
        super().__init__(child)
        self._callback = callback

    def run(self, source: AnyFuture) -> None:
        """Source: ECMAScript, ``Promise.prototype.finally``."""
        if not self.begin():
            return
        error, value = outcome_of(source)
        del source
        failure, returned = (None, None) if self._callback is None else _TURN.call(self._callback)
        if failure is None and isinstance(returned, Future) and self.child is not None:
            returned.add_done_callback(_Restore(self.child, error, value))
            self.child = None
        else:
            self.conclude(failure or error, value)
        del failure, error


class _Restore(Reaction):
    """The promise that a ``finally_`` waited for is settled: on with the outcome from before."""

    __slots__ = ("_error", "_value")

    def __init__(self, child: Promise, error: Optional[BaseException], value: Any) -> None:
        super().__init__(child)
        self._error = error
        self._value = value

    def run(self, source: AnyFuture) -> None:
        self.conclude(outcome_of(source)[0] or self._error, self._value)
        self._error = self._value = None


class Member(Reaction):
    """One of the promises of an ``all``: the last one to be fulfilled, or the first to fail, settles."""

    __slots__ = ("_values", "_index", "_left")

    def __init__(self, child: Promise, values: List[Any], index: int, left: List[None]) -> None:
        super().__init__(child)
        self._values = values
        self._index = index
        self._left = left

    def __call__(self, source: AnyFuture) -> None:
        """``left`` has an item for each that is pending: taking one off is atomic, counting is not."""
        error, value = outcome_of(source)
        if error is None:
            self._values[self._index] = value
            self._left.pop()
            if self._left:
                # Nothing comes of it, so it needs no turn in the loop: all but one of a thousand end here.
                self.child = None
                return
        del error
        _TURN.post(self, source)

    def run(self, source: AnyFuture) -> None:
        """The one that settles."""
        error = outcome_of(source)[0]
        self.conclude(error, None if error is not None else self._values)
        del error


class _Turn(threading.local):
    """The loops under way on this thread: the queue of each, outermost first."""

    def __init__(self) -> None:
        self.queues: List[Deque[Tuple[Reaction, AnyFuture]]] = []
        self.is_collecting = False

    def post(self, reaction: Reaction, source: AnyFuture) -> None:
        """Run ``reaction`` and all that comes of it; or queue it, see the head of the file."""
        if self.is_collecting or len(self.queues) >= DEPTH:
            self.queues[-1].append((reaction, source))
            return
        queue = deque([(reaction, source)])
        self.queues.append(queue)
        self.is_collecting = True
        try:
            while queue:
                reaction, source = queue.popleft()
                reaction.run(source)
        finally:
            self.queues.pop()
            self.is_collecting = False

    def call(self, handler: Callable[..., Any], *args: Any) -> Outcome:
        """Call a handler: what it sets off is not for the loop that called it."""
        self.is_collecting = False
        try:
            return attempt(handler, *args)
        finally:
            self.is_collecting = True

    def help(self, promise: AnyFuture) -> None:
        """Run what is queued on this thread until ``promise`` is settled.

        For a handler that is about to wait: nobody else would run what it waits for.
        """
        before, self.is_collecting = self.is_collecting, True
        try:
            for queue in reversed(self.queues):
                while queue and not promise.done():
                    reaction, source = queue.popleft()
                    reaction.run(source)
        finally:
            self.is_collecting = before


_TURN = _Turn()


def help_with(promise: AnyFuture) -> None:
    """Before this thread waits for ``promise``: run what only this thread can run."""
    if _TURN.queues:
        _TURN.help(promise)


def attempt(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Outcome:
    """The outcome of a call. Any exception: it belongs to the promise, which gives it to who looks."""
    try:
        return None, function(*args, **kwargs)
    except BaseException as error:
        return error, None


def outcome_of(source: AnyFuture) -> Outcome:
    """The outcome of a future that is done."""
    peek = getattr(source, "_outcome", None)
    if peek is not None:
        return peek()  # type: ignore[no-any-return]  # a Promise: without its locks
    if source.cancelled():
        return CancelledError(), None
    error = source.exception()
    return (error, None) if error is not None else (None, source.result())


def settle(promise: AnyFuture, error: Optional[BaseException], value: Any) -> None:
    """Reject ``promise`` with ``error``, or without one fulfil it with ``value``, as it is.

    Nothing happens if it is settled or cancelled: the first settlement counts, as in JavaScript.
    """
    try:
        if error is None:
            promise.set_result(value)
        else:
            promise.set_exception(error)
    except InvalidStateError:
        return
    finally:
        del promise, error
