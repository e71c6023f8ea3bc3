"""Ports: to listen on, to be refused at, to wait at for ever."""

from __future__ import annotations

import selectors
import socket
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List


def poller() -> selectors.BaseSelector:
    """A selector that holds no file descriptor and knows no highest one, where there is such."""
    return getattr(selectors, "PollSelector", selectors.SelectSelector)()


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket; port 0 for any."""
    listener = socket.socket(family_of(host), socket.SOCK_STREAM)
    try:
        listener.bind((host, port))
        listener.listen(backlog)
    except BaseException:
        listener.close()
        raise
    return listener


def family_of(host: str) -> socket.AddressFamily:
    """AF_INET6 for an IPv6 address, else AF_INET."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class BlackHole:
    """A port that answers no connect: its listener accepts nothing and its backlog is full.

    Skips the test where the system does not work so.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self._socks: List[socket.socket] = []

    def __enter__(self) -> BlackHole:
        listener = listen(self.host, 0, 0)
        self._socks.append(listener)
        self.port: int = listener.getsockname()[1]
        for _ in range(64):
            filler = socket.socket(listener.family, socket.SOCK_STREAM)
            self._socks.append(filler)
            filler.settimeout(0.1)
            try:
                filler.connect(listener.getsockname())
            except OSError:  # This one is not let in, so the next will not be either.
                return self
        self.__exit__()
        import pytest

        pytest.skip("the backlog of a listener can't be filled here")

    def __exit__(self, *details: Any) -> None:
        while self._socks:
            self._socks.pop().close()

    def url(self, path: str = "/", scheme: str = "http") -> str:
        """A URL that leads into it."""
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d%s" % (scheme, host, self.port, path)


@contextmanager
def closed_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port that refuses connections for as long as the block lasts: bound, so nobody else gets it."""
    with socket.socket(family_of(host), socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        yield sock.getsockname()[1]


def has_ipv6() -> bool:
    """Whether ::1 can be listened on."""
    if "::1" not in _ipv6:
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
                sock.bind(("::1", 0))
            _ipv6["::1"] = True
        except OSError:
            _ipv6["::1"] = False
    return _ipv6["::1"]


_ipv6: Dict[str, bool] = {}
