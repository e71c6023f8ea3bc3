"""Torture: any one call of the client that can fail does fail, by whatever number it has.

    with Torture("miniaxios") as torture:
        torture.arm(7, "EIO")                  # the seventh call that could raise it raises OSError(EIO)
        ...client(...)...
        torture.disarm()
        torture.raised, torture.where          # what was raised, and in which call; None when it did not come

Only what the modules of the package see is replaced: the names ``socket``, ``select``, ``threading``, ``os``
in them, and ``ssl`` and ``zlib``, which they import when needed. Servers and proxies in the same process work
on as ever. Calls inside a replaced call do not count.

``interrupt_line`` raises KeyboardInterrupt before the n-th line that is run inside a folder.
"""

from __future__ import annotations

import errno
import linecache
import os
import select
import socket
import ssl
import sys
import threading
import types
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, List, Optional, Set, Tuple, Type

_METHODS = "connect send recv settimeout setblocking setsockopt getsockopt getpeername shutdown close".split()
_SOCKET = frozenset(("socket", "getaddrinfo", "poll", *_METHODS))
_TLS = frozenset("SSLContext load_verify_locations wrap_socket do_handshake tls.send tls.recv".split())
_FILES = frozenset(("stat", "listdir", "read", "seek", "tell"))
_OTHERS = frozenset(("Lock", "RLock", "Event", "Condition", "start", "decompressobj", "decompress"))
_SYSTEM = _SOCKET | _TLS | _FILES


_RLOCK = type(threading.RLock())


def _system_error(number: int) -> Callable[[], BaseException]:
    return lambda: OSError(number, os.strerror(number))


#: Kind of failure -> (the calls that can fail so, what they raise).
KINDS: Dict[str, Tuple[FrozenSet[str], Callable[[], BaseException]]] = {
    "EIO": (_SYSTEM, _system_error(errno.EIO)),
    "ENOMEM": (_SYSTEM, _system_error(errno.ENOMEM)),
    "EMFILE": (
        frozenset(("socket", "getaddrinfo", "stat", "load_verify_locations")),
        _system_error(errno.EMFILE),
    ),
    "EBADF": (
        frozenset(("setsockopt", "getsockopt", "poll", "shutdown", "close", "recv")),
        _system_error(errno.EBADF),
    ),
    "no name": (frozenset(("getaddrinfo",)), lambda: socket.gaierror(socket.EAI_NONAME, "no such name")),
    "TLS": (_TLS, lambda: ssl.SSLError(1, "[SSL] injected")),
    "threads": (frozenset(("start",)), lambda: RuntimeError("can't start new thread")),
    "zlib": (frozenset(("decompress",)), lambda: zlib.error("injected")),
    "memory": (_SYSTEM | _OTHERS, lambda: MemoryError("injected")),
    "interrupt": (_SYSTEM | _OTHERS, lambda: KeyboardInterrupt("injected")),
}

#: Calls that make something: were they to fail when it is made, nobody could put it away.
_MAKERS = frozenset(("socket", "wrap_socket", "SSLContext"))


class Torture:
    """Replaces what the package's modules see, inside ``with``."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._inside = threading.local()
        self._undo: List[Tuple[Any, str, Any]] = []
        self.disarm()

    def arm(self, at: int, kind: str, late: bool = False, only: Optional[str] = None) -> None:
        """The call number ``at`` (from 1) of those that can fail so fails.

        ``late``: after it was made; ``only``: calls of other names don't count.
        """
        self.disarm()
        self._names, self._make = KINDS[kind]
        if only is not None:
            self._names = self._names & {only}
        self._late = late
        self._left = at
        self.raised: Optional[BaseException] = None
        self.where: Optional[str] = None

    def disarm(self) -> None:
        """From now on nothing fails."""
        self._left = 0

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """``function(...)``, unless it is its turn to fail."""
        if not self._left or getattr(self._inside, "yes", False):
            return function(*args, **kwargs)
        fails = self._fails(name)
        if fails and not self._is_late(name):
            raise self._error(name)
        self._inside.yes = True
        try:
            return function(*args, **kwargs)
        finally:
            self._inside.yes = False
            if fails:
                raise self._error(name)

    def _fails(self, name: str) -> bool:
        if name not in self._names or (self._late and name in _MAKERS):
            return False
        self._left -= 1
        return not self._left

    def _is_late(self, name: str) -> bool:
        # Linux closes the descriptor also when it tells of an error that a write had before.
        return self._late or (
            name == "close" and self._make not in (KINDS["memory"][1], KINDS["interrupt"][1])
        )

    def _error(self, name: str) -> BaseException:
        self.where = name
        self.raised = self._make()
        return self.raised

    # -- what is replaced ------------------------------------------------------------------------------

    def __enter__(self) -> Torture:
        stand_ins = self._stand_ins()
        for name in ("ssl", "zlib"):
            self._replace(sys.modules, name, stand_ins[name])
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == self._package:
                for each, stand_in in stand_ins.items():
                    if vars(module).get(each) is stand_in.real:
                        self._replace(vars(module), each, stand_in)
                if vars(module).get("_RLock") is _RLOCK:  # called without the function around it
                    self._replace(vars(module), "_RLock", self._wrapped("RLock", _RLOCK))
        return self

    def __exit__(self, *_: object) -> None:
        self.disarm()
        while self._undo:
            place, name, before = self._undo.pop()
            place[name] = before

    def _replace(self, place: Any, name: str, value: Any) -> None:
        self._undo.append((place, name, place[name]))
        place[name] = value

    def _stand_ins(self) -> Dict[str, Any]:
        call = self.call
        makers = {
            name: self._maker(name, getattr(threading, name))
            for name in ("Lock", "RLock", "Event", "Condition")
        }
        plain = self._failing(
            socket.socket, {name: name for name in ["__init__", *_METHODS]}, {"__init__": "socket"}
        )
        secure = self._failing(
            ssl.SSLSocket,
            {name: name for name in [*_METHODS, "do_handshake"]},
            {"send": "tls.send", "recv": "tls.recv"},
        )
        context = self._failing(
            ssl.SSLContext,
            {name: name for name in ("__new__", "load_verify_locations", "wrap_socket")},
            {"__new__": "SSLContext"},
        )
        context.sslsocket_class = secure
        return {
            "socket": _StandIn(
                socket, socket=plain, getaddrinfo=self._wrapped("getaddrinfo", socket.getaddrinfo)
            ),
            "select": _StandIn(
                select, **{"poll": lambda: _Poll(call, select.poll())} if hasattr(select, "poll") else {}
            ),
            "threading": _StandIn(
                threading, Thread=self._failing(threading.Thread, {"start": "start"}, {}), **makers
            ),
            "os": _StandIn(
                os, stat=self._wrapped("stat", os.stat), listdir=self._wrapped("listdir", os.listdir)
            ),
            "ssl": _StandIn(ssl, SSLContext=context),
            "zlib": _StandIn(
                zlib,
                decompressobj=lambda *bits: _Inflate(call, call("decompressobj", zlib.decompressobj, *bits)),
            ),
        }

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.call(name, function, *args, **kwargs)

    _maker = _wrapped

    def _failing(self, base: Type[Any], methods: Dict[str, str], names: Dict[str, str]) -> Any:
        """A subclass whose ``methods`` can fail; ``names``: what they count as, where it is another name."""
        made: Dict[str, Any] = {"__slots__": ()} if hasattr(base, "__slots__") else {}
        for method in methods:
            made[method] = self._method(names.get(method, method), getattr(base, method))
        return type("Tortured" + base.__name__, (base,), made)

    def _method(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda this, *args, **kwargs: self.call(name, function, this, *args, **kwargs)


class _StandIn(types.ModuleType):
    """A module with some of its names changed. ``real``: the module itself."""

    def __init__(self, real: types.ModuleType, **changes: Any) -> None:
        super().__init__(real.__name__)
        self.__dict__.update(changes, real=real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class _Poll:
    def __init__(self, call: Callable[..., Any], poll: Any) -> None:
        self.register = poll.register
        self._call = call
        self._poll = poll.poll

    def poll(self, *timeout: Any) -> Any:
        return self._call("poll", self._poll, *timeout)


class _Inflate:
    def __init__(self, call: Callable[..., Any], real: Any) -> None:
        self._call = call
        self._real = real

    def decompress(self, *args: Any) -> Any:
        return self._call("decompress", self._real.decompress, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class TorturedFile:
    """A binary file whose calls can fail."""

    def __init__(self, torture: Torture, file: Any) -> None:
        self._torture = torture
        self._file = file

    def read(self, size: int = -1) -> Any:
        return self._torture.call("read", self._file.read, size)

    def seek(self, *args: int) -> Any:
        return self._torture.call("seek", self._file.seek, *args)

    def tell(self) -> Any:
        return self._torture.call("tell", self._file.tell)


# -- lines -----------------------------------------------------------------------------------------------


class interrupt_line:
    """Raises KeyboardInterrupt before the line number ``at`` (from 1) that this thread runs in ``folder``.

    ``where``: which line that was, or None when there were not so many. Not inside a ``__del__``, where it
    would be lost, and not where the interpreter looks for no signals: between a ``with`` block and its end,
    and between the beginning of one and a ``try`` right behind it.
    """

    def __init__(self, at: int, folder: str) -> None:
        self._left = at
        self._folder = folder
        self._seen: Dict[int, Set[int]] = {}
        self.where: Optional[str] = None

    def __enter__(self) -> interrupt_line:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_name
        if event == "call" and (name == "__del__" or not frame.f_code.co_filename.startswith(self._folder)):
            if name != "__del__":
                return None
            # Nothing below a finalizer either.
            sys.settrace(None)
            return self._resume
        if event == "call":
            self._seen[id(frame)] = set()
        if event == "line" and not self.where and not self._is_bare(frame):
            self._left -= 1
            if not self._left:
                self.where = "%s:%d %s" % (os.path.basename(frame.f_code.co_filename), frame.f_lineno, name)
                raise KeyboardInterrupt(self.where)
        return self._trace

    def _resume(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "return":
            sys.settrace(self._trace)
        return self._resume

    def _is_bare(self, frame: types.FrameType) -> bool:
        seen = self._seen.setdefault(id(frame), set())
        again = frame.f_lineno in seen
        seen.add(frame.f_lineno)
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        return line == "try:" or (again and line.startswith("with "))
