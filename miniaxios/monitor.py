"""Monitor: a lock, and a way to wait for what it guards to change.

Rules of the room: whoever may be interrupted by a signal takes the lock by a call that is one step of
the interpreter. ``threading.Condition`` takes it in a Python method: a Ctrl-C that comes before that
returns leaves it taken for good, and the thread that wants to settle a promise waits for ever.
Threads are started here, too, for that may be another wait without an end.
"""

from __future__ import annotations

import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

    Base: Any = object
    Bell = Any
else:
    Base = type(threading.RLock())


class Monitor(Base):  # type: ignore[misc]
    """Does what a ``threading.Condition`` does for a Future, and what its waiters need beside it."""

    __slots__ = ("_bells",)

    def __init__(self) -> None:
        self._bells: List[Bell] = []

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Give up the lock until somebody notifies, at most ``timeout`` seconds; whether somebody did.

        For threads that no signal interrupts, and with 0 for all: the others have :meth:`wait_until`.
        """
        if timeout is not None and timeout <= 0:
            return False
        bell = self._hang_up()
        held = self._release_save()
        try:
            return self._listen(bell, timeout)
        finally:
            self._acquire_restore(held)
            self._bells.remove(bell)

    def wait_until(self, is_so: Callable[[], bool], timeout: Optional[float] = None) -> None:
        """Without holding the lock, wait for a notification unless ``is_so()``; at most ``timeout`` s."""
        bell = self._hang_up()
        try:
            # Asked after the bell hangs: what comes true from here on rings it.
            if not is_so():
                self._listen(bell, timeout)
        finally:
            self._bells.remove(bell)

    def notify_all(self) -> None:
        """Wake all who wait."""
        if not self._bells:
            return
        for bell in tuple(self._bells):
            try:
                bell.release()
            except RuntimeError:
                continue  # it was rung before, and its owner has not got to taking it down

    def _hang_up(self) -> Bell:
        bell = threading.Lock()
        bell.acquire()
        self._bells.append(bell)
        return bell

    def _listen(self, bell: Bell, timeout: Optional[float]) -> bool:
        return bool(bell.acquire(timeout=-1 if timeout is None else max(0.0, timeout)))


def start_thread(work: Callable[..., None], name: str, is_daemon: bool, *args: Any) -> threading.Thread:
    """A thread that does ``work(*args)``. Raises RuntimeError where the system gives none.

    So it does while the interpreter ends, as for a finalizer: until Python 3.12 ``start()`` would wait there for
    ever, for a thread that never runs.
    """
    if sys.is_finalizing():
        raise RuntimeError("can't start new thread at interpreter shutdown")
    thread = threading.Thread(target=work, name=f"{__package__}-{name}", args=args, daemon=is_daemon)
    thread.start()
    return thread
