"""Secure streams: records that come in parts, with a deadline and without (handshakes and closes: see test_tls)."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from miniaxios.wire.errors import DeadlineExceeded, NetworkError, Stopped
from miniaxios.wire.scope import Scope
from miniaxios.wire.secure_stream import SecureStream, start_tls
from tests.support.server import Peer, Server

from .streams import dial, trusting
from .test_tls import Inner
from .torture import Elapsed, StopWhenAsked, WatchedScope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

    from miniaxios.wire.stream import Stream

pytestmark = pytest.mark.usefixtures("no_leaks")


def talking(script: Callable[[Inner], None]) -> Server:
    """A server without TLS of its own: the script makes the records."""

    def run(conn: Peer) -> None:
        script(Inner(conn))
        conn.hold()

    return Server(run)


@contextmanager
def secured(server: Server, scope: Scope) -> Iterator[Stream]:
    """A secure stream to it."""
    with dial(server, scope, tls=False) as stream:
        start_tls(stream, trusting(), "localhost")
        assert type(stream) is SecureStream
        yield stream


def drip(inner: Inner) -> None:
    """A record that never gets whole: each byte makes the socket readable, and none makes TLS so."""
    record = inner.records(bytes(16000))

    def pieces() -> Iterator[bytes]:
        for byte in record[:-1]:
            yield bytes((byte,))

    inner.conn.drip(pieces())


WAYS = {
    "receive": lambda stream: stream.receive(),
    "receive_within": lambda stream: stream.receive_within(stream.sendall(b"x")),
    "receive_into": lambda stream: stream.receive_into(memoryview(bytearray(10))),
}


@pytest.mark.parametrize("way", WAYS)
def test_FLOOD_4_a_record_that_drips_is_over_in_time(way: str) -> None:
    with talking(drip) as server:
        scope = Scope(5.0)
        with secured(server, scope) as stream:
            scope.timeout = 0.5
            scope.restart()
            with Elapsed() as took, pytest.raises(DeadlineExceeded):
                WAYS[way](stream)
            assert 0.49 <= took.seconds < 5


@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_drips_can_be_stopped(way: str) -> None:
    scope = WatchedScope()
    with talking(drip) as server, secured(server, scope) as stream:
        with StopWhenAsked(scope, 0.1) as stop, pytest.raises(Stopped):
            WAYS[way](stream)
        assert stop.delay < 2


@pytest.mark.parametrize("timeout", [None, 20.0])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_whole_is_given_however_it_came(way: str, timeout: Any) -> None:
    """Two records in one segment: the second is in OpenSSL's hands already, where poll() sees nothing."""

    def script(inner: Inner) -> None:
        both = inner.records(b"first") + inner.records(b"next!")
        inner.conn.send(both[:7])
        inner.conn.send(both[7:])

    with talking(script) as server, secured(server, Scope(timeout)) as stream:
        data = b""
        while len(data) < 10:
            got = stream.receive(5)
            assert got
            data += got
        assert data == b"firstnext!"


def test_sendall_tells_the_time_that_is_left() -> None:
    with talking(lambda inner: None) as server:
        with secured(server, Scope(None)) as stream:
            assert stream.sendall(b"x") is None
        with secured(server, Scope(20.0)) as stream:
            before = stream.scope.left()
            left = stream.sendall(bytes(100000))
            assert 0 < stream.scope.left() <= left <= before
            assert stream.sendall(b"") is None


def test_the_clock_is_asked_anew_after_each_part() -> None:
    """What was left when the call began must not be slept again."""

    def script(inner: Inner) -> None:
        record = inner.records(b"late")
        inner.conn.send(record[:10])

    with talking(script) as server:
        scope = Scope(5.0)
        with secured(server, scope) as stream:
            scope.timeout = 0.4
            scope.restart()
            left = stream.sendall(b"x")
            start = time.monotonic()
            with pytest.raises(DeadlineExceeded):
                stream.receive_within(left)
            assert time.monotonic() - start < 5


@pytest.mark.parametrize("way", WAYS)
def test_a_closed_stream_is_an_error_of_the_network(way: str) -> None:
    with talking(lambda inner: None) as server, secured(server, Scope(5.0)) as stream:
        stream.close()
        with pytest.raises(NetworkError):
            WAYS[way](stream)
