"""``run``: a function call on a thread, as a promise.

Rules of the room: the call sees the context variables of its caller, and whatever it raises, be it
SystemExit, rejects the promise and nothing else. Which thread, and how many, is the crew's affair.
"""

from __future__ import annotations

from contextvars import copy_context

from .crew import CREW, Job
from .promise import Promise
from .reactions import settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Optional, Tuple

    from .errors import AxiosError

_NO_KWARGS: Mapping[str, Any] = {}


def run(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Promise:
    """A Promise of ``function(*args, **kwargs)``, under way on a thread (see ``crew``).

    The function sees the caller's context variables as they are now. A promise that it returns is
    followed. When the system gives no thread at all, rejected with AxiosError ``ERR_NOT_SUPPORT``.
    """
    promise = Promise()
    CREW.submit(_Call(promise, function, args, kwargs))
    return promise


class _Call(Job):
    __slots__ = ("_promise", "_context", "_function", "_args", "_kwargs")

    def __init__(
        self,
        promise: Promise,
        function: Callable[..., Any],
        args: Tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        self._promise: Optional[Promise] = promise
        self._context = copy_context()
        self._function = function
        self._args = args
        # An empty dict for each of a thousand that wait would be 64 KiB.
        self._kwargs = kwargs or _NO_KWARGS

    def work(self) -> None:
        promise, self._promise = self._promise, None
        if promise is None or not promise.set_running_or_notify_cancel():
            return
        try:
            try:
                value = self._context.run(self._function, *self._args, **self._kwargs)
            except BaseException as error:
                settle(promise, error, None)
            else:
                promise._resolve(value)
        finally:
            del promise

    def refuse(self, error: AxiosError) -> None:
        promise, self._promise = self._promise, None
        if promise is not None and promise.set_running_or_notify_cancel():
            settle(promise, error, None)
