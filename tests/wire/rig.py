"""What the tests of the exchange stand on: an agent that is no Agent, and short ways to make a call."""

from __future__ import annotations

import sys
import threading
import weakref

from miniaxios.wire import Policy, Pool, Request, Scope, TLSOptions, parse_url
from miniaxios.wire.exchange import exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

    from miniaxios.wire.body import Response


class Via:
    """Pool, TLS options and local address, as an agent lends them. A context manager that closes."""

    def __init__(
        self, tls: Optional[TLSOptions] = None, local_address: Optional[str] = None, **pool: Any
    ) -> None:
        self.pool = Pool(**pool)
        self.tls = tls if tls is not None else TLSOptions()
        self.local_address = local_address

    def __enter__(self) -> Via:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.close()


def policy_of(via: Any, scope: Optional[Scope] = None, **settings: Any) -> Policy:
    """A Policy with an empty environment (unless ``environ`` is given) and these attributes."""
    policy = Policy(
        scope if scope is not None else Scope(20.0), {"http": via, "https": via}, settings.pop("environ", {})
    )
    for name, value in settings.items():
        assert hasattr(policy, name), name
        setattr(policy, name, value)
    return policy


def ask(
    via: Any,
    url: str,
    method: str = "GET",
    headers: Iterable[Tuple[str, str]] = (),
    body: Any = None,
    **settings: Any,
) -> Response:
    """Make one call; the response, not prepared. ``settings``: as for :func:`policy_of`."""
    policy = policy_of(via, **settings)
    return exchange(Request(method, parse_url(url), list(headers), body), policy)


def fetch(via: Any, url: str, *args: Any, **settings: Any) -> bytes:
    """Make one call; its body."""
    response = ask(via, url, *args, **settings)
    response.prepare()
    return response.read_all()


def in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Errand:
    """Call a function on a thread."""
    return Errand(function, args, kwargs)


class Errand:
    """A call on a thread. ``result()`` waits for it (10 s at most) and gives or raises what came of it."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._outcome: List[Any] = []
        self._thread = threading.Thread(target=self._work, args=(function, args, kwargs), daemon=True)
        self._thread.start()

    def _work(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        try:
            self._outcome.append((function(*args, **kwargs), None))
        except BaseException as error:
            self._outcome.append((None, error))

    def result(self) -> Any:
        self._thread.join(10)
        assert self._outcome, "the thread hangs"
        value, error = self._outcome[0]
        if error is not None:
            raise error
        return value


class Interrupt(BaseException):
    """Stands for KeyboardInterrupt, which would end the tests where it escapes."""


class Interruption:
    """Raises Interrupt at the n-th step inside the given files: before a line, a call's begin, or a return.

    ``reached``: whether there were so many steps. Not between the end of a ``with`` block and its
    ``__exit__``, where the interpreter itself looks for no signals.
    """

    def __init__(self, at: int, files: Iterable[str]) -> None:
        self._left = at
        self._files = tuple(files)
        self._seen: Dict[int, Set[int]] = {}  # by id: a frame held here would keep its variables alive
        self.reached = False

    def __enter__(self) -> Interruption:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        self._seen.clear()

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.endswith(self._files):
            return None
        if event == "call":
            self._seen[id(frame)] = set()
        if event == "exception" or self.reached or (event == "line" and self._is_exit(frame)):
            return self._trace
        self._left -= 1
        if self._left < 0:
            self.reached = True
            raise Interrupt("at %s:%d, %s" % (frame.f_code.co_name, frame.f_lineno, event))
        return self._trace

    def _is_exit(self, frame: FrameType) -> bool:
        import linecache

        seen = self._seen.setdefault(id(frame), set())
        again = frame.f_lineno in seen
        seen.add(frame.f_lineno)
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        return again and line.lstrip().startswith("with ")


class FakeStream:
    """A Stream without a socket: gives the answers in order, then an end of file.

    ``alive``: those that are not closed. ``forgotten``: how many were collected without being closed,
    which for a socket would mean a ResourceWarning.
    """

    secure = False
    alive: weakref.WeakSet[FakeStream] = weakref.WeakSet()
    forgotten = 0

    def __init__(self, scope: Scope, answers: Iterable[bytes] = ()) -> None:
        self.scope = scope
        self.answers = list(answers)
        self.sent = b""
        self.stale = False
        self.closed = 1  # one that is half made, as at the end of the stack, was never open
        FakeStream.alive.add(self)
        self.closed = 0

    def __del__(self) -> None:
        if not self.closed:
            FakeStream.forgotten += 1

    def lend(self, scope: Scope) -> None:
        self.scope = scope
        scope.attach(self.interrupt)

    def interrupt(self) -> None:
        self.answers = []

    def is_stale(self) -> bool:
        return self.stale

    def sendall(self, data: bytes) -> None:
        assert not self.closed
        self.sent += data

    def receive(self, limit: int = 65536) -> bytes:
        assert not self.closed
        self.scope.left()
        return self.answers.pop(0) if self.answers else b""

    def receive_within(self, left: Optional[float], limit: int = 65536) -> bytes:
        return self.receive(limit)

    def receive_all(self, size: int) -> bytes:
        return self.receive(size)

    def receive_into(self, view: memoryview, is_patient: bool = False) -> int:
        data = self.receive()
        count = min(len(data), len(view))
        view[:count] = data[:count]
        if count < len(data):
            self.answers.insert(0, data[count:])
        return count

    def receive_now(self, limit: int = 65536) -> Optional[bytes]:
        return self.receive(limit)

    def close(self) -> None:
        self.closed += 1
        FakeStream.alive.discard(self)


class Fragile(FakeStream):
    """Closing it is interrupted, once."""

    def close(self) -> None:
        was_closed = self.closed
        super().close()
        if not was_closed:
            raise Interrupt("in close")


def near_the_end_of_the_stack(go: Callable[[], Any], after: Callable[[], None]) -> None:
    """Calls ``go()`` with less and less of the stack left, and ``after()`` each time.

    It has to come off at first, and to end with RecursionError at last.
    """
    came_off: List[bool] = []

    def deeper(levels: int) -> None:
        if levels:
            return deeper(levels - 1)
        go()

    def depth() -> int:
        try:
            return 1 + depth()
        except RecursionError:
            return 1

    room = depth()
    for levels in range(max(room - 60, 1), room):
        try:
            deeper(levels)
            came_off.append(True)
        except RecursionError:
            came_off.append(False)
        after()
    assert True in came_off and False in came_off
