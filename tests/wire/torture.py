"""Interrupts at every line: what a signal handler, another thread or Ctrl-C may do at a bad moment.

No ``assert`` here: outside of test modules, ``python -O`` leaves it out.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    from miniaxios.wire.scope import Scope as _Scope


def interrupted(
    run: Callable[[], Any], modules: Tuple[Any, ...], at: int, action: Callable[[], None]
) -> bool:
    """Calls ``run()``, and ``action()`` before the line number ``at`` that is run in one of ``modules``.

    Returns whether ``run`` came that far. What either raises is passed on.
    """
    files = {module.__file__ for module in modules}
    left = [at]

    def trace(frame: Any, event: str, argument: Any) -> Optional[Callable[..., Any]]:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(before)
                action()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return left[0] <= 0


def finishes(run: Callable[[], Any], seconds: float = 10.0) -> List[Any]:
    """``[result, exception]`` of ``run()`` on a thread; fails when it does not end within ``seconds``."""
    outcome: List[Any] = [None, None]

    def work() -> None:
        try:
            outcome[0] = run()
        except BaseException as error:
            outcome[1] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise AssertionError("hangs")
    return outcome


def client_sockets(port: int) -> List[int]:
    """The descriptors of this process's sockets that are connected, or connecting, to ``port``."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink("/proc/self/fd/" + name).startswith("socket:"):
                continue
            sock = socket.socket(fileno=int(name))
        except OSError:
            continue
        try:
            if sock.getpeername()[1:2] == (port,):
                found.append(int(name))
        except (OSError, IndexError, TypeError):
            pass
        finally:
            sock.detach()
    return found


class StopWhenAsked:
    """Stops a scope from another thread as soon as somebody under it is about to sleep.

    with StopWhenAsked(scope) as stop: ...; afterwards ``stop.delay`` is how long the block took to
    end after the stop (seconds).
    """

    def __init__(self, scope: WatchedScope, moment: float = 0.03, reason: object = "why") -> None:
        self.scope = scope
        self.moment = moment
        self.reason = reason
        self.delay = 0.0
        self._at = 0.0
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        if not self.scope.asked.wait(10):
            return
        time.sleep(self.moment)  # Whoever asked is asleep by now, or about to be: both must wake.
        self._at = time.monotonic()
        self.scope.stop(self.reason)

    def __enter__(self) -> StopWhenAsked:
        self.scope.asked.clear()
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._thread.join(10)
        self.delay = time.monotonic() - self._at
        if not self._at:
            raise AssertionError("nobody asked the scope")


def _watched() -> Any:
    from miniaxios.wire.scope import Scope

    class Watched(Scope):
        """A stoppable Scope that tells (the event ``asked``) when a sleeper asks for the time left."""

        __slots__ = ("asked",)

        def __init__(self, timeout: Optional[float] = None) -> None:
            super().__init__(timeout, True)
            self.asked = threading.Event()

        def left(self) -> Optional[float]:
            left = super().left()
            self.asked.set()
            return left

    return Watched


if TYPE_CHECKING:

    class WatchedScope(_Scope):
        asked: threading.Event

else:
    WatchedScope = _watched()


class Elapsed:
    """Measures a block: ``with Elapsed() as took: ...``, then ``took.seconds``."""

    def __enter__(self) -> Elapsed:
        self._start = time.monotonic()
        return self

    def __exit__(self, *details: object) -> None:
        self.seconds = time.monotonic() - self._start
