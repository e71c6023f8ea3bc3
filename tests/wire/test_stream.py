"""System calls on real sockets: deadlines, the stop-button, errors by their names."""

from __future__ import annotations

import errno
import gc
import select
import socket
import ssl
import struct
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from miniaxios.wire import scope as scope_module
from miniaxios.wire import secure_stream as secure_module
from miniaxios.wire import sockets as sockets_module
from miniaxios.wire import stream as stream_module
from miniaxios.wire.errors import DeadlineExceeded, NetworkError, Stopped
from miniaxios.wire.scope import Scope
from miniaxios.wire.secure_stream import start_tls
from miniaxios.wire.sockets import WAITALL
from miniaxios.wire.stream import Stream, interrupt, network_error

from ..support.peer import Peer
from ..support.server import Server
from ..support.tls import CA, server_context
from .streams import dial, pair, read_all, trusting
from .torture import Elapsed, StopWhenAsked, WatchedScope, client_sockets, interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional

pytestmark = pytest.mark.usefixtures("no_leaks")

MiB = 1 << 20


def small_buffers(stream: Stream, size: int = 4096) -> None:
    """Few bytes fit into the kernel."""
    socket.socket.setsockopt(stream.sock, socket.SOL_SOCKET, socket.SO_SNDBUF, size)


@contextmanager
def deaf(tls: bool, scope: Scope) -> Iterator[Stream]:
    """A stream to a peer that never reads."""
    with Server(lambda conn: conn.pause(30), tls=tls) as server, dial(server, scope) as stream:
        yield stream


@contextmanager
def dripping(tls: bool, scope: Scope) -> Iterator[Stream]:
    """A stream to a peer that sends a byte now and then, for ever."""
    endless = iter(lambda: b"x", b"")
    with Server(lambda conn: conn.drip(endless), tls=tls) as server, dial(server, scope) as stream:
        yield stream


def send_for_ever(stream: Stream) -> None:
    while True:
        stream.sendall(bytes(MiB))


def wait_for_ever(stream: Stream) -> None:
    while True:
        readable, _ = stream.wait(True, False)
        assert not readable or stream.receive_now() is None  # a session ticket


def receive_for_ever(stream: Stream) -> None:
    while True:
        assert stream.receive(10)


# --- deadlines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "where, work",
    [(deaf, send_for_ever), (deaf, wait_for_ever), (deaf, receive_for_ever), (dripping, receive_for_ever)],
)
def test_FLOOD_4_deadline(where: Any, work: Callable[[Stream], None], tls: bool) -> None:
    scope = Scope(10.0)
    with where(tls, scope) as stream:
        scope.timeout = 0.3
        scope.restart()
        busy = time.thread_time()
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            work(stream)
        assert 0.29 <= took.seconds < 5
        assert time.thread_time() - busy < 0.2, "slept, and did not try all the time"


def stalled_handshake(conn: Peer) -> None:
    conn.hold()


def dripping_handshake(conn: Peer) -> None:
    # The beginning of a record that is never complete.
    conn.drip(iter([b"\x16\x03\x03\x40\x00"] + [b"\x02"] * 10**4))


@pytest.mark.parametrize("script", [stalled_handshake, dripping_handshake])
def test_FLOOD_4_deadline_of_a_handshake(script: Callable[[Peer], None]) -> None:
    with Server(script) as server, Elapsed() as took, pytest.raises(DeadlineExceeded):
        with dial(server, Scope(0.3), tls=True):
            pass
    assert 0.29 <= took.seconds < 5


def test_a_passed_deadline_touches_no_socket() -> None:
    with pair() as (stream, far):
        far.sendall(b"here already")
        stream.scope.deadline = 0.0
        for call in (stream.receive, lambda: stream.sendall(b"x"), lambda: stream.wait(True, True)):
            with pytest.raises(DeadlineExceeded):
                call()


@pytest.mark.parametrize("held", [0.03, 60.0])
@pytest.mark.parametrize("timeout", [None, 10.0])
def test_the_socket_s_own_timeout_neither_fires_early_nor_late(held: float, timeout: Optional[float]) -> None:
    scope = Scope(timeout, True)
    with pair(scope) as (stream, far):
        stream._set_timeout(held)
        answer = threading.Timer(0.15, far.sendall, [b"late"])
        answer.start()
        assert stream.receive() == b"late"
        answer.join()
        stream._set_timeout(held)
        scope.timeout = 0.1
        scope.restart()
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            stream.receive()
        assert 0.1 <= took.seconds < 5


def test_the_socket_s_own_timeout_does_not_cut_a_send(no_leaks: None) -> None:
    with pair(Scope()) as (stream, far):
        small_buffers(stream)
        stream._set_timeout(0.02)
        data = DATA[: 1 << 18]
        received: List[bytes] = []

        def read_late() -> None:
            threading.Event().wait(0.1)
            while sum(map(len, received)) < len(data):
                received.append(far.recv(65536))

        reader = threading.Thread(target=read_late)
        reader.start()
        stream.sendall(data)
        reader.join()
        assert b"".join(received) == data


def test_a_stream_goes_by_the_scope_it_is_lent_to() -> None:
    with pair(Scope(0.05)) as (stream, far):
        with pytest.raises(DeadlineExceeded):
            stream.receive()
        stream.scope.detach()
        second = Scope(None, True)
        stream.lend(second)
        threading.Timer(0.1, far.sendall, [b"x"]).start()
        assert stream.receive() == b"x"


class FailingSocket:
    """A socket whose calls all raise one error."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def _fail(self, *arguments: Any) -> Any:
        self.calls += 1
        raise self.error

    recv = send = do_handshake = fileno = _fail

    def gettimeout(self) -> Optional[float]:
        return None

    def settimeout(self, seconds: Optional[float]) -> None:
        pass


@pytest.mark.parametrize("timeout", [None, 60.0])
@pytest.mark.parametrize(
    "call", [lambda s: s.receive(), lambda s: s.sendall(b"x"), lambda s: secure_module._handshake(s, None)]
)
def test_the_kernel_s_timeout_is_no_deadline(call: Callable[[Stream], Any], timeout: Optional[float]) -> None:
    sock = FailingSocket(OSError(errno.ETIMEDOUT, "Connection timed out"))
    with pytest.raises(NetworkError) as caught:
        call(Stream(sock, Scope(timeout)))
    assert caught.value.code == "ETIMEDOUT" and caught.value.errno == errno.ETIMEDOUT
    assert sock.calls == 1


# --- the stop-button -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("timeout", [None, 60.0])
@pytest.mark.parametrize(
    "where, work",
    [(deaf, send_for_ever), (deaf, wait_for_ever), (deaf, receive_for_ever), (dripping, receive_for_ever)],
)
def test_stop(where: Any, work: Callable[[Stream], None], timeout: Optional[float], tls: bool) -> None:
    scope = WatchedScope(timeout)
    with where(tls, scope) as stream:
        with StopWhenAsked(scope) as stop, pytest.raises(Stopped) as caught:
            work(stream)
        assert stop.delay < 2 and caught.value.reason == "why"
        assert not stream.scope.detach()


@pytest.mark.parametrize("moment", [0.0, 0.03])
@pytest.mark.parametrize("script", [stalled_handshake, dripping_handshake])
def test_stop_in_a_handshake(script: Callable[[Peer], None], moment: float) -> None:
    scope = WatchedScope()
    with Server(script) as server, dial(server, scope, tls=False) as stream:
        with StopWhenAsked(scope, moment) as stop, pytest.raises(Stopped):
            start_tls(stream, trusting(), "localhost")
        assert stop.delay < 2


def test_stop_before() -> None:
    scope = Scope(None, True)
    with pair() as (stream, far):
        stream.scope.detach()
        scope.stop("early")
        with pytest.raises(Stopped):
            stream.lend(scope)
        for call in (stream.receive, lambda: stream.sendall(b"x"), lambda: stream.wait(True, True)):
            with pytest.raises(Stopped):
                call()
        with pytest.raises(Stopped):
            start_tls(stream, trusting(), "localhost")


def test_stop_never_touches_what_was_detached() -> None:
    first, second = Scope(None, True), Scope(10.0, True)
    with pair(first) as (stream, far):
        assert stream.scope.detach()
        stream.lend(second)
        first.stop()
        far.sendall(b"ping")
        assert stream.receive() == b"ping"
        stream.sendall(b"pong")
        assert far.recv(10) == b"pong"
        assert stream.scope.detach()
        second.stop()
        assert not stream.is_stale()


@pytest.mark.parametrize("call", [lambda s: s.receive_now(), lambda s: s.send_now(b"x")])
def test_calls_that_do_not_sleep_know_a_stop_from_an_end(call: Callable[[Stream], Any]) -> None:
    scope = Scope(None, True)
    with pair(scope) as (stream, far):
        scope.stop()
        with pytest.raises(Stopped):
            call(stream)


def test_stop_is_noticed_where_a_shutdown_wakes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "SLICE", 0.05)
    monkeypatch.setattr(stream_module, "interrupt", lambda sock: None)
    for work in (receive_for_ever, send_for_ever, wait_for_ever):
        for timeout in (None, 60.0):
            scope = WatchedScope(timeout)
            with deaf(False, scope) as stream:
                with StopWhenAsked(scope) as stop, pytest.raises(Stopped):
                    work(stream)
                assert stop.delay < 2
    scope = WatchedScope()
    with Server.silent() as server, dial(server, scope, tls=False) as stream:
        with StopWhenAsked(scope) as stop, pytest.raises(Stopped):
            start_tls(stream, trusting(), "localhost")
        assert stop.delay < 2


def test_slices_do_not_end_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "SLICE", 0.02)
    with pair(Scope(None, True)) as (stream, far):
        threading.Timer(0.1, far.sendall, [b"x"]).start()
        assert stream.receive() == b"x"


# A stop at the moment in which ``ssl`` takes the socket over leaves its half-made object to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("tls", [False, True])
def test_a_handler_stops_its_own_thread_at_any_line(tls: bool) -> None:
    """With what it does to the socket, at any line of an exchange: Stopped, at once, and all is closed."""

    def script(conn: Peer) -> None:
        assert conn.read_until(b"?")
        conn.send(b"!")
        conn.hold()

    def talk(scope: Scope) -> None:
        with dial(server, scope) as stream:
            stream.sendall(b"what?")
            assert stream.receive() == b"!"
            assert stream.receive_now() is None
            stream.send_now(b"x")
            stream.wait(True, False, 0.0)

    with Server(script, tls=tls) as server:
        # Every seventh line; which ones differs between the versions of Python.
        for at in range(1 + sys.version_info[1] % 7, 1000, 7):
            scope = Scope(20.0, True)
            stopped = False
            try:
                came_so_far = interrupted(
                    lambda: talk(scope), (stream_module, secure_module, scope_module), at, lambda: scope.stop("handler")
                )
            except Stopped:
                stopped = came_so_far = True
            if not came_so_far:
                break
            assert scope.stopped
            gc.collect()
            assert client_sockets(server.port) == [], at
        assert at > 30 and not stopped


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("tls", [False, True])
def test_keyboard_interrupt_at_any_line_leaves_no_socket(tls: bool) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    def talk() -> None:
        with dial(server, Scope(20.0, True)) as stream:
            stream.sendall(b"what?")
            assert stream.receive() == b"what?"

    def echo(conn: Peer) -> None:
        conn.send(conn.read_exactly(5))
        conn.hold()

    with Server(echo, tls=tls) as server:
        for at in range(1, 1000, 3 if tls else 1):
            try:
                if not interrupted(talk, (stream_module, secure_module), at, press):
                    break
            except KeyboardInterrupt:
                pass
            if client_sockets(server.port):
                gc.collect()
            assert client_sockets(server.port) == [], at
        assert at > 10


@pytest.mark.parametrize("end", [Peer.reset, Peer.close])
def test_a_handshake_with_who_is_gone(end: Callable[[Peer], None]) -> None:
    """No ResourceWarning either: once closed by its peer, ``ssl`` would take the socket over and lose it."""
    go = threading.Event()

    def script(conn: Peer) -> None:
        conn.wait(go)
        end(conn)

    with Server(script) as server, dial(server, tls=False) as stream:
        go.set()
        assert sockets_module.poll_one(stream.fileno(), True, False, 5)[0]
        server._threads[-1].join(5)
        with pytest.raises(NetworkError) as caught:
            start_tls(stream, trusting(), "localhost")
        assert caught.value.code == "ECONNRESET"


def test_interrupt_takes_any_socket() -> None:
    sock = socket.socket()
    interrupt(sock)  # not connected
    sock.close()
    interrupt(sock)  # closed
    with pair() as (stream, far):
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises(NetworkError):
            stream.receive()
        stream.interrupt()  # reset


# --- sending -------------------------------------------------------------------------------------------


DATA = b"".join(number.to_bytes(4, "big") for number in range(1 << 18))  # 1 MiB, no two parts alike


def swallow(conn: Peer) -> None:
    """Reads slowly, and answers with how much it was, when it was the right bytes."""
    data = conn.read_exactly(len(DATA))
    conn.send(b"same" if data == DATA else b"other")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("timeout", [None, 10.0])
def test_partial_writes(tls: bool, timeout: Optional[float]) -> None:
    with Server(swallow, tls=tls) as server, dial(server, Scope(timeout)) as stream:
        small_buffers(stream)
        stream.sendall(DATA)
        assert read_all(stream) == b"same"


def test_partial_writes_of_one_byte() -> None:
    with pair() as (stream, far):
        real = stream.sock

        class OneByOne:
            def send(self, data: Any, *flags: int) -> int:
                return int(real.send(data[:1], *flags))

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        stream.sock = OneByOne()
        stream.sendall(bytearray(b"byte by byte"))
        stream.sock = real
        stream.close()
        assert b"".join(iter(lambda: far.recv(100), b"")) == b"byte by byte"


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("timeout", [None, 10.0])
def test_send_now_sends_what_fits_and_sleeps_never(tls: bool, timeout: Optional[float]) -> None:
    go = threading.Event()

    def script(conn: Peer) -> None:
        conn.wait(go)
        swallow(conn)

    with Server(script, tls=tls) as server, dial(server, Scope(timeout)) as stream:
        stream._arm()
        small_buffers(stream, 65536)  # more than a record of TLS
        view = memoryview(DATA)
        with Elapsed() as took:
            while True:
                count = stream.send_now(view)
                if not count:
                    break
                view = view[count:]
        assert took.seconds < 5 and 0 < len(view) < len(DATA)
        go.set()
        while view:
            assert stream.wait(False, True) == (False, True)
            view = view[stream.send_now(view) :]
        assert read_all(stream) == b"same"


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("timeout", [None, 10.0])
def test_receive_now(tls: bool, timeout: Optional[float]) -> None:
    go = threading.Event()

    def script(conn: Peer) -> None:
        conn.wait(go)
        conn.send(b"data")
        assert conn.read_exactly(2) == b"ok"

    with Server(script, tls=tls) as server, dial(server, Scope(timeout)) as stream:
        stream._arm()
        with Elapsed() as took:
            assert stream.receive_now() is None
        assert took.seconds < 5
        go.set()
        got: List[bytes] = []
        while sum(map(len, got)) < 4:
            stream.wait(True, False)
            data = stream.receive_now(2)
            got += [data] if data is not None else []  # None: a session ticket
        assert b"".join(got) == b"data"
        stream.sendall(b"ok")
        data = None
        while data is None:
            stream.wait(True, False)
            data = stream.receive_now()
        assert data == b""


@pytest.mark.parametrize("limits", [(), (10.0,), (None, True), (10.0, True)])
def test_requests_with_and_without_a_deadline_share_a_secure_stream(limits: Any) -> None:
    def echo(conn: Peer) -> None:
        while conn.read_exactly(4) == b"ping":
            conn.send(b"pong")

    with Server(echo, tls=True) as server, dial(server) as stream:
        buffer = bytearray(8)
        for scope in (Scope(), Scope(*limits), Scope(10.0), Scope(*limits), Scope(), Scope(*limits)):
            stream.scope.detach()
            assert not stream.is_stale()
            stream.lend(scope)
            stream.sendall(b"ping")
            assert stream.receive() == b"pong"
            stream.sendall(memoryview(b"pi"))
            while not stream.send_now(b"ng"):
                stream.wait(False, True)
            assert stream.receive_into(memoryview(buffer)[2:6]) == 4 and buffer == b"\0\0pong\0\0"
            assert stream.receive_now() is None
            buffer[:] = bytes(8)
        stream.sendall(b"stop")


class Foreign:
    """A TLS socket that is not ssl's, as other bindings to OpenSSL have it."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        if name in ("read", "write", "_sslobj", "recv_into"):
            raise AttributeError(name)
        return getattr(self._sock, name)

    def recv(self, size: int) -> bytes:
        try:
            return bytes(self._sock.recv(size))
        except ssl.SSLWantReadError:
            raise socket.timeout("timed out") from None


@pytest.mark.parametrize("limits", [(), (10.0,)])
def test_a_secure_socket_of_another_make(limits: Any) -> None:
    class Context(ssl.SSLContext):
        def wrap_socket(self, *arguments: Any, **options: Any) -> Any:
            return Foreign(super().wrap_socket(*arguments, **options))

    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(CA)
    go = threading.Event()

    def script(conn: Peer) -> None:
        assert conn.read_exactly(1) == b"?"
        conn.send(b"!")
        conn.wait(go)
        conn.send(b"more")
        conn.hold()

    with Server(script, tls=True) as server, dial(server, Scope(*limits), tls=False) as stream:
        start_tls(stream, context, "localhost")
        assert stream.receive_now() is None
        stream.sendall(b"?")
        assert stream.receive() == b"!"
        assert not stream.is_stale()
        threading.Timer(0.1, go.set).start()
        buffer = bytearray(2)
        assert stream.receive_into(memoryview(buffer)) == 2 and buffer == b"mo"
        assert stream.wait(True, False) == (True, False) and stream.is_stale()


# --- staleness -----------------------------------------------------------------------------------------


def idle_for(conn: Peer, then: Callable[[Peer], Any], go: threading.Event) -> None:
    assert conn.read_exactly(1) == b"?"
    conn.send(b"!")
    conn.wait(go)
    then(conn)
    if not conn.is_closed:
        conn.hold()


@pytest.mark.parametrize("tls", [False, "1.2", "1.3"])
@pytest.mark.parametrize(
    "then",
    [
        Peer.close,
        Peer.cut,
        Peer.reset,
        lambda conn: conn.send(b"unasked"),
        lambda conn: conn.shutdown_write(),
    ],
    ids=["close", "cut", "reset", "bytes", "half-close"],
)
def test_QUEUE_1_stale(then: Callable[[Peer], Any], tls: Any) -> None:
    go = threading.Event()
    with Server(lambda conn: idle_for(conn, then, go), tls=context_of(tls)) as server:
        with dial(server) as stream:
            stream.sendall(b"?")
            assert stream.receive() == b"!"
            for _ in range(3):
                assert not stream.is_stale()
            go.set()
            assert sockets_module.poll_one(stream.fileno(), True, False, 5)[0]
            assert stream.is_stale()
    server.hangups.clear()


def context_of(tls: Any) -> Any:
    if not tls:
        return None
    version = ssl.TLSVersion.TLSv1_3 if tls == "1.3" else ssl.TLSVersion.TLSv1_2
    return server_context(minimum=version, maximum=version)


def test_QUEUE_1_session_tickets_are_not_stale() -> None:
    """A server of TLS 1.3 sends them on its own; they may lie unread in the kernel."""
    with Server.silent(tls=context_of("1.3")) as server, dial(server) as stream:
        assert stream.sock.version() == "TLSv1.3"
        assert sockets_module.poll_one(stream.fileno(), True, False, 5)[0], "no ticket came"
        # They may come in several segments, and a look takes what is there.
        looks = 0
        while sockets_module.poll_one(stream.fileno(), True, False, 0.05)[0]:
            assert not stream.is_stale()
            looks += 1
            assert looks < 20, "a look left them where they were"
        assert looks and not stream.is_stale()


def test_QUEUE_1_bytes_that_openssl_holds_are_stale() -> None:
    with Server(lambda conn: (conn.send(b"!more"), conn.hold()), tls=True) as server, dial(server) as stream:
        assert stream.receive(1) == b"!"
        assert stream.sock.pending() == 4
        assert not sockets_module.poll_one(stream.fileno(), True, False, 0)[0]
        assert stream.is_stale()


def assert_every_call_is_refused(stream: Stream) -> None:
    """It is closed."""
    for call in (
        stream.receive,
        lambda: stream.receive_all(9),
        lambda: stream.receive_within(1.0),
        lambda: stream.receive_into(memoryview(bytearray(9))),
        lambda: stream.receive_into(memoryview(bytearray(9)), True),
        lambda: stream.sendall(b"x"),
        stream.receive_now,
        lambda: stream.send_now(b"x"),
    ):
        with pytest.raises(NetworkError) as caught:
            call()
        assert caught.value.code == "ECONNRESET"


def test_a_closed_stream_is_stale() -> None:
    with pair() as (stream, _):
        stream.close()
        stream.close()
        assert stream.is_stale() and stream.fileno() == -1
        for timeout in (10.0, 5.0):
            stream.scope.timeout = timeout  # so that its own timeout has to be set anew, too
            stream.scope.restart()
            assert_every_call_is_refused(stream)
            with pytest.raises(NetworkError):
                start_tls(stream, trusting(), "localhost")


def test_a_closed_secure_stream_uses_no_descriptor_that_another_has_now() -> None:
    """OpenSSL's own object would go on with the number."""
    with Server(lambda conn: conn.hold(), tls=True) as server, dial(server) as stream:
        number = stream.fileno()
        stream.close()
        near, far = socket.socketpair()
        with near, far:
            assert number in (near.fileno(), far.fileno())
            near.send(b"another's")
            far.send(b"another's")
            assert_every_call_is_refused(stream)
            assert stream.is_stale()
            stream.close()
            assert near.recv(99) == far.recv(99) == b"another's"
    server.hangups.clear()


# --- ends ----------------------------------------------------------------------------------------------


def test_an_end_that_is_read_again() -> None:
    """TLS has an end of its own, after which the connection may stay open and silent."""

    def script(conn: Peer) -> None:
        try:
            conn.sock.unwrap()
        except OSError:
            pass
        conn.hold()

    for receive in (Stream.receive, lambda stream: stream.receive_into(memoryview(bytearray(9)))):
        with Server(script, tls=True) as server, dial(server, Scope(5.0)) as stream:
            assert not receive(stream)
            assert not receive(stream)
            assert not stream.receive_now() and stream.is_stale()
            assert stream.wait(True, False) == (True, False)
        server.hangups.clear()


@pytest.mark.parametrize("tls", [False, True])
def test_half_close(tls: bool) -> None:
    def script(conn: Peer) -> None:
        conn.send(b"all")
        conn.shutdown_write()
        assert conn.read_exactly(5) == b"still"

    with Server(script, tls=tls) as server, dial(server) as stream:
        assert read_all(stream) == b"all"
        assert stream.receive() == b""
        stream.sendall(b"still")
        assert server.wait_connections(1)


@pytest.mark.parametrize("tls", [False, True])
def test_reset(tls: bool) -> None:
    def script(conn: Peer) -> None:
        conn.read_exactly(1)
        conn.reset()

    with Server(script, tls=tls) as server, dial(server) as stream:
        stream.sendall(b"x")
        with pytest.raises(NetworkError) as caught:
            stream.receive()
        assert caught.value.code == "ECONNRESET" and "read" in str(caught.value)
        with pytest.raises(NetworkError) as caught:
            for _ in range(1000):
                stream.sendall(bytes(65536))
        assert caught.value.code in ("EPIPE", "ECONNRESET", "EPROTO")
        with pytest.raises(NetworkError):
            for _ in range(1000):
                stream.send_now(bytes(65536))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_FRAME_9_a_ragged_end_of_TLS_is_an_error(version: str) -> None:
    def script(conn: Peer) -> None:
        conn.send(b"half")
        conn.cut()

    for receive in (lambda s: s.receive(), until_something):
        with Server(script, tls=context_of(version)) as server, dial(server) as stream:
            assert receive(stream) == b"half"
            with pytest.raises(NetworkError) as caught:
                receive(stream)
            assert caught.value.code == "ECONNRESET"


def until_something(stream: Stream) -> bytes:
    while True:
        stream.wait(True, False)
        data = stream.receive_now()
        if data is not None:
            return data


def test_garbage_instead_of_a_record() -> None:
    def script(conn: Peer) -> None:
        conn.read_exactly(1)
        socket.socket.send(conn.sock, b"HTTP/1.1 200 OK\r\n\r\n")  # past the TLS layer
        conn.wait_closed()

    with Server(script, tls=True) as server, dial(server) as stream:
        stream.sendall(b"x")
        with pytest.raises(NetworkError) as caught:
            stream.receive()
        assert caught.value.code == "EPROTO"


# --- waiting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("poll", [True, False])
def test_wait(poll: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not poll:
        monkeypatch.delattr(select, "poll")
    with pair() as (stream, far):
        assert stream.wait(True, True) == (False, True)
        assert stream.wait(True, False, 0.0) == (False, False)
        with Elapsed() as took:
            assert stream.wait(True, False, 0.05) == (False, False)
        assert 0.05 <= took.seconds < 5
        assert not stream.is_stale()
        far.sendall(b"x")
        assert stream.wait(True, False) == (True, False)
        assert stream.wait(True, True) == (True, True)
        assert stream.is_stale()
        stream.receive()
        far.close()
        assert stream.wait(True, False) == (True, False)
        stream.scope.timeout = 0.0
        stream.scope.restart()
        with pytest.raises(DeadlineExceeded):
            stream.wait(True, False)


@pytest.mark.parametrize("seconds, expected", [(None, None), (0.0, 0), (0.0004, 1), (0.001, 2), (1.5, 1501)])
def test_milliseconds_are_rounded_up(seconds: Optional[float], expected: Optional[int]) -> None:
    """Or the last one would be spent in a busy loop."""
    assert sockets_module.milliseconds(seconds) == expected


def test_wait_knows_what_openssl_holds() -> None:
    with Server(lambda conn: (conn.send(b"!more"), conn.hold()), tls=True) as server, dial(server) as stream:
        assert stream.receive(1) == b"!"
        assert stream.wait(True, True) == (True, False)
        assert stream.receive_now() == b"more"
        assert stream.wait(True, True) == (False, True)


def test_the_longest_timeouts() -> None:
    for timeout in (2.0**31, 1e12, float("inf")):
        with pair(Scope(timeout)) as (stream, far):
            far.sendall(b"x")
            assert stream.wait(True, False) == (True, False)
            assert stream.receive() == b"x"
            stream.sendall(b"x")


# --- names of errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error, code",
    [
        (ConnectionResetError(errno.ECONNRESET, "x"), "ECONNRESET"),
        (BrokenPipeError(errno.EPIPE, "x"), "EPIPE"),
        (OSError(errno.ESHUTDOWN, "x"), "ECONNRESET"),
        (OSError(errno.ENOTCONN, "x"), "ECONNRESET"),
        (OSError(errno.EBADF, "x"), "ECONNRESET"),
        (OSError(errno.EHOSTUNREACH, "x"), "EHOSTUNREACH"),
        (OSError(errno.ENETUNREACH, "x"), "ENETUNREACH"),
        (OSError(errno.ETIMEDOUT, "x"), "ETIMEDOUT"),
        (OSError(999999, "x"), "ERR_NETWORK"),
        (OSError("no number"), "ERR_NETWORK"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "ECONNRESET"),
        (ssl.SSLZeroReturnError(6, "closed"), "ECONNRESET"),
        (ssl.SSLError(1, "bad record mac"), "EPROTO"),
    ],
)
def test_names(error: Exception, code: str) -> None:
    made = network_error(error, "read")
    assert made.code == code and type(made) is NetworkError
    assert str(made).startswith("read ")


def test_names_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(errno.errorcode, 10061, "WSAECONNREFUSED")
    assert network_error(OSError(10061, "x"), "connect").code == "ECONNREFUSED"


# -- all that is waited for in one call -------------------------------------------------------------


@pytest.mark.parametrize("timeout", [None, 20.0])
@pytest.mark.parametrize("way", ["receive_all", "receive_into"])
def test_receive_all_waits_for_as_much_as_is_asked_for(way: str, timeout: Any) -> None:
    with pair(Scope(timeout)) as (stream, far):
        sender = threading.Thread(target=lambda: [far.sendall(bytes((number,)) * 1000) for number in range(200)])
        sender.start()
        data = b""
        while len(data) < 200000:
            if way == "receive_all":
                got = stream.receive_all(200000 - len(data))
            else:
                target = bytearray(200000 - len(data))
                got = bytes(target[: stream.receive_into(memoryview(target))])
            assert got
            data += got
        sender.join(10)
        assert data == b"".join(bytes((number,)) * 1000 for number in range(200))
        far.sendall(b"rest")
        far.shutdown(socket.SHUT_WR)
        assert stream.receive_all(10) == b"rest", "fewer at the end"
        assert stream.receive_all(10) == b""


@pytest.mark.skipif(not WAITALL, reason="no such flag here")
def test_receive_all_is_one_call_of_the_system_where_nothing_limits_it() -> None:
    with pair(Scope(None)) as (stream, far):
        sender = threading.Thread(target=lambda: [far.sendall(bytes(1000)) for _ in range(200)])
        sender.start()
        assert len(stream.receive_all(200000)) == 200000
        sender.join(10)


def test_FLOOD_4_receive_all_has_the_deadline_of_its_scope() -> None:
    with pair(Scope(0.4)) as (stream, far):
        far.sendall(b"some")
        assert stream.receive_all(1000) == b"some"
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            stream.receive_all(1000)
        assert took.seconds < 5


@pytest.mark.parametrize("sent", [b"", b"some"])
def test_receive_all_can_be_stopped(sent: bytes) -> None:
    """What came before the stop may be given; what comes next is the stop."""
    scope = WatchedScope()
    with pair(scope) as (stream, far):
        far.sendall(sent)
        with StopWhenAsked(scope, 0.1) as stop, pytest.raises(Stopped):
            stream.receive_all(1000)
            stream.receive_all(1000)
        assert stop.delay < 2


def test_receive_all_tells_of_a_reset() -> None:
    with pair(Scope(None)) as (stream, far):
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises(NetworkError) as caught:
            stream.receive_all(10)
        assert caught.value.code == "ECONNRESET"
