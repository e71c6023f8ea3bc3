"""Streams to test servers, and bare pairs of sockets."""

from __future__ import annotations

import socket
from contextlib import contextmanager

from miniaxios.wire.connect import connect
from miniaxios.wire.scope import Scope
from miniaxios.wire.secure_stream import start_tls
from miniaxios.wire.stream import Stream
from miniaxios.wire.tls import TLSOptions, context_for

from ..support.tls import CA

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Iterator, Optional, Tuple

    from ..support.server import Server


def trusting() -> ssl.SSLContext:
    """A context that trusts the CA of the tests."""
    return context_for(TLSOptions(ca=CA))


@contextmanager
def dial(
    server: Server, scope: Optional[Scope] = None, tls: Optional[bool] = None, name: str = "localhost"
) -> Iterator[Stream]:
    """A stream to a test server, lent to ``scope``.

    tls: whether to shake hands; by default as the server does.
    """
    scope = scope or Scope(10.0)
    stream = connect(server.host, server.port, scope)
    try:
        stream.lend(scope)
        if server.tls is not None if tls is None else tls:
            start_tls(stream, trusting(), name)
        yield stream
    finally:
        stream.scope.detach()
        stream.close()


@contextmanager
def pair(scope: Optional[Scope] = None) -> Iterator[Tuple[Stream, socket.socket]]:
    """A stream, lent to ``scope``, and the blocking TCP socket at its other end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        near = socket.create_connection(listener.getsockname(), 10)
        far, _ = listener.accept()
    near.settimeout(None)
    far.settimeout(10)
    stream = Stream(near, scope or Scope(10.0))
    stream.lend(stream.scope)
    try:
        yield stream, far
    finally:
        stream.scope.detach()
        stream.close()
        far.close()


def read_all(stream: Any) -> bytes:
    """Everything to the end."""
    return b"".join(iter(stream.receive, b""))
