"""Faults on the caller's side: sources, sinks, callbacks, cancellation, narrow sockets, clocks, threads.

The table is faults.rst.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import socket
import threading
import time

import pytest

from miniaxios import axios

from .support.faults import Scene
from .support.messages import Reply
from .support.server import Server

# -- the body's source -------------------------------------------------------------------------------


class Broken(Exception):
    """What a source raises."""


def then(*pieces):
    """A generator of these pieces; an exception is raised."""
    for piece in pieces:
        if isinstance(piece, BaseException):
            raise piece
        yield piece


class Liar(io.BytesIO):
    """A file that is not as long as it says: `read` gives what `says` has not counted."""

    def __init__(self, real, shown):
        super().__init__(real)
        self.shown = shown

    def seek(self, offset, whence=0):
        super().seek(offset, whence)
        return self.shown if whence == 2 else offset


class Failing(io.BytesIO):
    """A file of 200 kB whose second read fails, or gives something odd."""

    def __init__(self, outcome):
        super().__init__(bytes(200000))
        self.outcome = outcome
        self.count = 0

    def read(self, size=-1):
        self.count += 1
        if self.count == 1:
            return super().read(10000)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


SOURCES = {
    "raises at once": lambda: then(Broken()),
    "raises later": lambda: then(b"x" * 70000, b"y", Broken()),
    "raises OSError": lambda: then(b"x", OSError(errno.EIO, "io")),
    "gives str": lambda: then(b"x", "text"),
    "gives None": lambda: then(b"x", None),
    "gives int": lambda: then(b"x", 5),
    "file raises": lambda: Failing(OSError(errno.EIO, "io")),
    "file gives str": lambda: Failing("text"),
    "file would block": lambda: Failing(None),
    "file ends early": lambda: Failing(b""),
    "file shrinks": lambda: Liar(b"short", 10),
    "file grows": lambda: Liar(b"x" * 100000, 70000),
}
CAUSES = {"raises at once": Broken, "raises later": Broken, "raises OSError": OSError, "file raises": OSError}


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_FRAME_1_a_source_fails(no_leaks, name):
    def fault(conn, request):
        conn.read_body(request)  # ends with the connection; were it whole, the client would be answered
        conn.respond(body=b"taken")

    with Scene(fault) as scene:
        error = scene.fails("ERR_BAD_REQUEST", method="post", data=SOURCES[name]())
        assert name not in CAUSES or isinstance(error.cause, CAUSES[name])
        # The head may never have gone out. If it did, the body has no valid end.
        assert not any(request.complete for request in scene.server.requests)
        scene.recovers()


# -- the sink ----------------------------------------------------------------------------------------


def streaming(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        while not conn.server.closing.is_set():
            conn.send(b"10000\r\n" + bytes(65536) + b"\r\n")
    except ConnectionError:
        conn.saw_end("reset")


class Callback:
    """A sink whose second write fails."""

    def __init__(self, error):
        self.error = error
        self.count = 0

    def write(self, data):
        self.count += 1
        if self.count == 2:
            raise self.error


def full_disk(opened):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    return opened(open("/dev/full", "wb", buffering=0))


def closed_pipe(opened):
    reading, writing = os.pipe()
    os.close(reading)
    return opened(os.fdopen(writing, "wb", buffering=0))


def closed_file():
    sink = io.BytesIO()
    sink.close()
    return sink


SINKS = {
    "full disk": (full_disk, "ENOSPC"),
    "closed pipe": (closed_pipe, "EPIPE"),
    "raises OSError": (lambda opened: Callback(OSError(errno.EDQUOT, "quota")), "EDQUOT"),
    "raises": (lambda opened: Callback(Broken()), Broken),
    "is interrupted": (lambda opened: Callback(KeyboardInterrupt()), KeyboardInterrupt),
    "is closed": (lambda opened: closed_file(), ValueError),
}


@pytest.mark.parametrize("name", sorted(SINKS))
def test_a_sink_fails(no_leaks, name):
    made, expected = SINKS[name]
    opened = []

    def open_one(file):
        opened.append(file)
        return file

    with Scene(streaming) as scene:
        sink = made(open_one)
        stream = scene.axios.get(scene.url(), response_type="stream").data
        if isinstance(expected, str):
            error = scene.fails(expected, lambda: stream.pipe(sink))
            assert isinstance(error.cause, OSError) and error.errno == getattr(errno, expected)
        else:
            with pytest.raises(expected):
                stream.pipe(sink)
        assert stream.closed and scene.server.peers[0].gone.wait(5)
        for file in opened:
            try:
                file.close()
            except OSError:
                continue  # the full disk says it again
        scene.recovers()


# -- callbacks ---------------------------------------------------------------------------------------

KINDS = [Broken, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit, OSError]

#: Where the caller's code runs: options with a callback that raises. Upload and download are gzip or large.
PLACES = {
    "params_serializer": lambda boom: {"params": {"a": 1}, "params_serializer": boom},
    "transform_request": lambda boom: {"transform_request": [boom]},
    "lookup": lambda boom: {"lookup": boom},
    "upload progress": lambda boom: {"on_upload_progress": boom},
    "before_redirect": lambda boom: {"before_redirect": boom},
    "download progress": lambda boom: {"on_download_progress": boom},
    "validate_status": lambda boom: {"validate_status": boom},
    "transform_response": lambda boom: {"transform_response": [boom]},
    "parse_reviver": lambda boom: {"parse_reviver": boom, "response_type": "json"},
    "adapter": lambda boom: {"adapter": boom},
    "request interceptor": lambda boom: {"interceptor": ("request", boom)},
    "response interceptor": lambda boom: {"interceptor": ("response", boom)},
}


def redirecting(conn, request):
    """A redirect, then some JSON in gzip, while the body is still coming in or not."""
    conn.read_body(request)
    if request.path == "/fault":
        conn.send(Reply.redirect("/json", 307).wire())
    else:
        conn.respond(200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"a": [1, 2]}' + b" " * 99999))
    return True


def call_with(scene, options):
    options = dict(options)
    kind, interceptor = options.pop("interceptor", (None, None))
    if kind is not None:
        getattr(scene.axios.interceptors, kind).use(interceptor)
    try:
        return scene.axios.post(scene.url_of_name(), b"x" * 100000, **options)
    finally:
        if kind is not None:
            getattr(scene.axios.interceptors, kind).clear()


class NamedScene(Scene):
    """A Scene that is called by a name, so that `lookup` is asked."""

    def url_of_name(self):
        self.axios.defaults.setdefault("lookup", lambda name: "127.0.0.1")
        return self.server.url("/fault", host="named.test")


@pytest.mark.parametrize("timeout", [0, 5000], ids=["no deadline", "deadline"])
@pytest.mark.parametrize("place", sorted(PLACES))
def test_an_exception_in_a_callback(no_leaks, place, timeout):
    with NamedScene(redirecting) as scene:
        for kind in KINDS:
            raised = kind("from the caller's code")

            def boom(*args, raised=raised):
                raise raised

            with pytest.raises(kind) as caught:
                call_with(scene, {"timeout": timeout, **PLACES[place](boom)})
            assert caught.value is raised
            # While the exception, and with it every frame, is still here.
            scene.recovers(fresh=False)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_in_a_source_passes_unchanged(no_leaks, kind):
    with Scene(lambda conn, request: conn.hold()) as scene:
        raised = kind()
        with pytest.raises(kind) as caught:
            scene.axios.post(scene.url(), then(b"x" * 100000, raised))
        assert caught.value is raised
        scene.recovers()


# -- cancellation ------------------------------------------------------------------------------------


def cancelling(scene, answer):
    def callback(*arguments):
        scene.source.cancel("enough")
        return answer(*arguments) if callable(answer) else answer

    return callback


#: Phases in which nobody sleeps: the caller's own code runs there. See test_adapter_deadlines for the others.
CANCEL_PLACES = {
    "params_serializer": lambda scene: {"params": {"a": 1}, "params_serializer": cancelling(scene, "a=1")},
    "transform_request": lambda scene: {"transform_request": [cancelling(scene, lambda data, headers: data)]},
    "lookup": lambda scene: {"lookup": cancelling(scene, "127.0.0.1")},
    "upload progress": lambda scene: {"on_upload_progress": cancelling(scene, None)},
    "before_redirect": lambda scene: {"before_redirect": cancelling(scene, None)},
    "decode": lambda scene: {"on_download_progress": cancelling(scene, None)},
    "validate_status": lambda scene: {"validate_status": cancelling(scene, True)},
    "request interceptor": lambda scene: {"interceptor": ("request", cancelling(scene, lambda config: config))},
}


@pytest.mark.parametrize("mode", [None, "stream"], ids=["buffered", "stream"])
@pytest.mark.parametrize("place", sorted(CANCEL_PLACES))
def test_cancel_in_the_callers_own_code(no_leaks, place, mode):
    from miniaxios import CancelToken

    with NamedScene(redirecting) as scene:
        began = time.monotonic()

        def call():
            answer = call_with(scene, {"response_type": mode, **CANCEL_PLACES[place](scene)})
            with answer:
                answer.data.read()

        error = scene.fails("ERR_CANCELED", call)
        assert error is scene.source.token.reason and error.message == "enough"
        assert time.monotonic() - began < 3
        scene.at_rest()
        scene.source = CancelToken.source()
        scene.axios.defaults["cancel_token"] = scene.source.token
        scene.recovers(fresh=False)


def test_cancel_after_the_answer_changes_nothing(no_leaks):
    with Scene(redirecting) as scene:
        answer = scene.axios.post(scene.url(), b"x")
        scene.source.cancel()
        assert answer.data == {"a": [1, 2]} and answer.status == 200
        scene.at_rest()
        assert scene.agent.pool.idle_connections == 1


# -- narrow sockets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [None, True], ids=["plain", "tls"])
@pytest.mark.parametrize("kind", ["bytes", "chunks", "file"])
def test_partial_writes(no_leaks, monkeypatch, kind, tls):
    """A tiny send buffer, a slow reader, and sends that take a few bytes only."""

    class Narrow(socket.socket):
        def connect(self, address):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            super().connect(address)

        def send(self, data, *flags):
            return super().send(memoryview(data)[:777], *flags)

    body = bytes(range(256)) * 400
    heard = []

    def fault(conn, request):
        while len(heard) < 5:
            heard.append(conn.read_exactly(10))
            conn.pause(0.005)
        conn.buffer[:0] = b"".join(heard)
        conn.read_body(request)
        conn.respond(body=b"taken")
        return True

    data = {"bytes": body, "chunks": iter([body[:70000], body[70000:]]), "file": io.BytesIO(body)}[kind]
    with Scene(fault, tls=tls) as scene:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", Narrow)
            assert scene.axios.post(scene.url(), data, timeout=20000).data == "taken"
        assert scene.server.requests[0].body == body
        scene.recovers(fresh=False)


def test_a_server_that_takes_nothing(no_leaks):
    def fault(conn, request):
        conn.server.closing.wait(20)

    with Scene(fault) as scene:
        scene.fails("ECONNABORTED", method="post", data=bytes(30 << 20), timeout=300)
        scene.recovers()


# -- clocks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-86400.0, 86400.0], ids=["back", "forward"])
def test_the_wall_clock_jumps(no_leaks, monkeypatch, jump):
    """Deadlines and the age of idle connections go by the monotonic clock."""
    real = time.time
    offset = [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])

    def fault(conn, request):
        offset[0] += jump
        conn.hold()

    with Scene(fault) as scene:
        scene.recovers()
        offset[0] += jump
        scene.recovers(fresh=False)
        assert scene.server.connections == 1, "an idle connection aged by the wall clock"
        began = time.monotonic()
        scene.fails("ECONNABORTED", timeout=200)
        assert time.monotonic() - began >= 0.19
        scene.recovers()


# -- no more threads ---------------------------------------------------------------------------------


def test_no_more_threads(no_leaks, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    with Scene() as scene:
        with monkeypatch.context() as patched:
            scene.recovers()  # the server's own thread is there now
            patched.setattr(threading.Thread, "start", start)
            url = "http://named.test:%d/" % scene.server.port
            error = scene.fails("EAGAIN", url=url, timeout=5000)
            assert isinstance(error, OSError) and isinstance(error.cause, RuntimeError)
            promise = scene.axios.promises.get(scene.url("/good/promised"))
            assert promise.exception(5).code == "ERR_NOT_SUPPORT"
            # Without a name to resolve, no thread is needed at all.
            scene.recovers(fresh=False)
        assert scene.axios.promises.get(scene.url("/good/promised")).result(10).data == "/good/promised"
        scene.recovers(fresh=False)


def test_many_faults_in_a_row_leave_nothing(no_leaks):
    """One agent, one token: whatever went wrong before, the next request is right."""

    def answer(request):
        short = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf"
        return [None, short, b"junk\r\n\r\n", Reply(b"no", 500)][int(request.query) % 4]

    with Scene() as scene, Server.handler(answer) as server:
        for number in range(60):
            codes = ["ECONNRESET", "ERR_BAD_RESPONSE", "ERR_BAD_RESPONSE", "ERR_BAD_RESPONSE"]
            scene.fails(codes[number % 4], url=server.url("/?%d" % number))
            if number % 10 == 0:
                scene.recovers(fresh=False)
    assert axios.defaults.get("http_agent") is None
