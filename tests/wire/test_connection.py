"""One connection on real sockets: heads that come late, cut, endless or early; uploads; ways by proxies."""

from __future__ import annotations

import hashlib
import http.client
import threading
from time import monotonic

import pytest

from miniaxios.wire import Scope, TLSOptions, connect, outgoing, parse_url
from miniaxios.wire.connection import MAX_INTERIM, Connection
from miniaxios.wire.route import Route
from miniaxios.wire.upload import Upload
from miniaxios.wire.proxies import parse_proxy
from miniaxios.wire.errors import (
    BadResponse,
    DeadlineExceeded,
    HungUp,
    InvalidRequest,
    NetworkError,
    ProxyRefused,
    Stopped,
    TLSError,
    Truncated,
    UploadFailed,
)
from tests.support.proxy import Proxy, SocksProxy
from tests.support.server import Peer, Reply, Server, closed_port, has_ipv6
from tests.support.tls import CA

from .rig import FakeStream, Via, ask, fetch, in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, List, Optional

pytestmark = pytest.mark.usefixtures("no_leaks")

WHOLE = (
    b"HTTP/1.1 200 All is well\r\n"
    b"Content-Type: text/plain\r\n"
    b"X-Long: " + b"x" * 40 + b"\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)
HEAD_END = WHOLE.index(b"\r\n\r\n") + 4


def cutting(data: bytes, end: Any) -> Server:
    """A server that sends as many bytes of ``data`` as the path says, and then ends the connection."""

    def script(conn: Peer) -> None:
        request = conn.read_request()
        assert request is not None
        conn.send(data[: int(request.path[1:])])
        end(conn)

    return Server(script)


# -- heads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Peer.close, Peer.shutdown_write], ids=["close", "half-close"])
def test_FRAME_9_a_head_cut_at_each_byte(end: Any) -> None:
    with cutting(WHOLE, end) as server, Via() as via:
        for at in range(HEAD_END):
            with pytest.raises(Truncated if at else HungUp):
                ask(via, server.url("/%d" % at))
        assert ask(via, server.url("/%d" % HEAD_END)).status == 200
        assert via.pool.idle_connections == 0
        via.pool.close()


def test_FRAME_9_a_head_reset_at_each_byte() -> None:
    with cutting(WHOLE, Peer.reset) as server, Via() as via:
        for at in range(0, HEAD_END, 3):
            with pytest.raises((Truncated, NetworkError)) as caught:
                ask(via, server.url("/%d" % at))
            assert getattr(caught.value, "code", "ECONNRESET") == "ECONNRESET"
        assert via.pool.idle_connections == 0


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE,
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2;a=b\r\nhe\r\n003\r\nllo\r\n0\r\nX: y\r\n\r\n",
    ],
    ids=["length", "interim", "bare LF", "chunked"],
)
def test_dripped_by_single_bytes(answer: bytes, tls: bool) -> None:
    with Server.replies([lambda conn: conn.drip(answer, 0)] * 2, tls=tls) as server:
        with Via(TLSOptions(ca=CA)) as via:
            for _ in range(2):
                assert fetch(via, server.url()) == b"hello"
            assert server.connections == 1 and via.pool.idle_connections == 1


@pytest.mark.parametrize("count", [1, MAX_INTERIM])
@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_FRAME_8_interim_answers_are_read_over(count: int, status: int) -> None:
    interim = b"HTTP/1.1 %d Wait\r\nX: y\r\n\r\n" % status
    with Server.replies([interim * count + WHOLE, WHOLE]) as server, Via() as via:
        assert fetch(via, server.url()) == b"hello"
        assert fetch(via, server.url()) == b"hello"
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM + 1) + WHOLE,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + WHOLE,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n" + WHOLE,
    ],
    ids=["too many", "101", "101 after 100"],
)
def test_FRAME_8_bad_interim_answers(answer: bytes) -> None:
    with Server.replies([answer, WHOLE]) as server, Via() as via:
        with pytest.raises(BadResponse):
            ask(via, server.url())
        assert fetch(via, server.url()) == b"hello"
        assert server.connections == 2


def test_an_end_after_an_interim_answer_is_no_hang_up() -> None:
    """A byte of the answer came, so the request is not sent again."""
    with Server.replies(
        [WHOLE, lambda conn: conn.send(b"HTTP/1.1 103 Early Hints\r\n\r\n") or False]
    ) as server:
        with Via() as via:
            fetch(via, server.url())
            with pytest.raises(Truncated):
                ask(via, server.url())
        assert len(server.requests) == 2


def endless(piece: bytes, start: bytes = b"") -> Any:
    def script(conn: Peer) -> None:
        conn.read_request()
        conn.send(start)
        while not conn.gone.is_set():
            conn.send(piece * 256)

    return script


@pytest.mark.parametrize(
    "script",
    [
        endless(b"X: y\r\n", b"HTTP/1.1 200 OK\r\n"),
        endless(b"a", b"HTTP/1.1 200 OK\r\nX: "),
        endless(b"a", b"HTTP/1.1 200 "),
        endless(b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"),
        endless(b"\r\n"),
        endless(b"SSH-2.0-OpenSSH_9.6\r\n"),
        endless(b"\0"),
    ],
    ids=["lines", "one line", "status line", "100s", "103s", "blank lines", "ssh", "nul"],
)
def test_FLOOD_1_2_endless_heads_end(script: Any) -> None:
    with Server(script) as server, Via() as via:
        with pytest.raises(BadResponse):
            ask(via, server.url())
        assert server.peers[0].sent < 1 << 23


@pytest.mark.parametrize("size", [30_000, 200_000])
def test_a_large_head_is_honest(size: int) -> None:
    head = (
        b"HTTP/1.1 200 OK\r\n" + b"X-A: %s\r\n" % (b"x" * 990) * (size // 1000) + b"Content-Length: 0\r\n\r\n"
    )
    with Server.replies([head, WHOLE]) as server, Via() as via:
        assert len(ask(via, server.url()).head.headers) == size // 1000 + 1
        assert fetch(via, server.url()) == b"hello"
        assert server.connections == 1


def test_FLOOD_4_a_dripped_head_does_not_outlive_the_deadline() -> None:
    slow = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10000
    with Server(lambda conn: conn.drip(slow, 0.05)) as server, Via() as via:
        begun = monotonic()
        with pytest.raises(DeadlineExceeded):
            ask(via, server.url(), scope=Scope(0.3))
        assert 0.29 <= monotonic() - begun < 5


def test_lenient_heads_are_an_option() -> None:
    odd = b"HTTP/1.1 200 OK\r\nX : folded\r\n value\r\nContent-Length: 5\r\n\r\nhello"
    with Server.replies([odd, odd]) as server, Via() as via:
        with pytest.raises(BadResponse):
            fetch(via, server.url())
        assert fetch(via, server.url(), lenient=True) == b"hello"


# -- the queue of a kept connection ------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
def test_QUEUE_1_unsolicited_bytes_cost_the_connection(tls: bool) -> None:
    said = threading.Event()

    def evil(conn: Peer) -> None:
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
        conn.wait(idle)
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")
        said.set()

    idle = threading.Event()
    with Server.replies([evil, Reply(b"true")], tls=tls) as server, Via(TLSOptions(ca=CA)) as via:
        assert fetch(via, server.url()) == b"good"
        assert via.pool.idle_connections == 1
        idle.set()
        assert said.wait(5)
        assert fetch(via, server.url()) == b"true"
        assert server.connections == 2


GLUED = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"


@pytest.mark.parametrize(
    "first, method, body",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", "GET", b"good"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n", "GET", b"good"),
    ],
)
@pytest.mark.parametrize("extra", [GLUED, b"\r\n", b"x" * 9000], ids=["reply", "line end", "9000"])
def test_QUEUE_1_glued_bytes_cost_the_connection(
    first: bytes, method: str, body: bytes, extra: bytes
) -> None:
    with Server.replies([first + extra, Reply(b"true")]) as server, Via() as via:
        assert fetch(via, server.url(), method) == body
        assert via.pool.idle_connections == 0
        assert fetch(via, server.url()) == b"true"
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer, kept",
    [
        (Reply(b"x"), True),
        (Reply([b"x"]), True),
        (Reply(b"x", headers=[("Connection", "keep-alive")]), True),
        (Reply(b"x", headers=[("Connection", "x"), ("Connection", "close")]), False),
        (Reply(b"x", headers=[("Connection", "x, CLOSE ,y")]), False),
        (Reply(b"x", headers=[("Connection", "closed")]), True),
        (Reply(b"x", version="1.0"), False),
        (Reply(b"x", version="1.0", headers=[("Connection", "keep-alive")]), False),
        (Reply(b"x", framing="close"), False),
        (Reply(status=204), True),
        (Reply(status=204, headers=[("Content-Length", "5")]), False),
        (Reply(b"x", 404), True),
        (Reply(b"x", 500), True),
    ],
)
def test_QUEUE_2_which_connections_are_kept(answer: Reply, kept: bool) -> None:
    with Server.handler(lambda request: answer) as server, Via() as via:
        fetch(via, server.url())
        assert via.pool.idle_connections == kept


@pytest.mark.parametrize(
    "headers, kept",
    [
        ([], True),
        ([("Connection", "Keep-Alive")], True),
        ([("connection", "TE, Close")], False),
        ([("Connection", "close")], False),
    ],
)
def test_QUEUE_2_a_request_that_says_close_is_the_last(headers: Any, kept: bool) -> None:
    def script(conn: Peer) -> None:  # a server that does not care
        while conn.read_request(patient=True) is not None:
            conn.send(WHOLE)

    with Server(script) as server, Via() as via:
        assert fetch(via, server.url(), headers=headers) == b"hello"
        assert via.pool.idle_connections == kept


def test_QUEUE_2_not_after_a_deadline() -> None:
    late = threading.Event()

    def slow(conn: Peer) -> None:
        conn.send(WHOLE[:-2])
        conn.wait(late)
        conn.send(b"lo")

    with Server.replies([slow, Reply(b"true")]) as server, Via() as via:
        response = ask(via, server.url(), scope=Scope(0.1))
        response.prepare()
        with pytest.raises(DeadlineExceeded):
            response.read_all()
        late.set()
        assert fetch(via, server.url()) == b"true"
        assert server.connections == 2


# -- uploads and early answers -----------------------------------------------------------------------

BIG = bytes(range(256)) * 4096 * 20  # 20 MiB


def pieces_of(data: bytes, size: int = 100_000) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def refusing(end: Any) -> Server:
    """Answers 413 after 1 kB of the body."""

    def script(conn: Peer) -> None:
        conn.read_head()
        conn.read_exactly(1000)
        conn.send(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 8\r\n\r\ntoo much")
        end(conn)

    return Server(script)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "end",
    [Peer.close, Peer.reset, lambda conn: conn.shutdown_write() or conn.wait_closed()],
    ids=["close", "reset", "half-close"],
)
def test_QUEUE_3_a_refusal_while_uploading(end: Any, chunked: bool) -> None:
    with refusing(end) as server, Via() as via:
        body = Upload(lambda: pieces_of(BIG)) if chunked else BIG
        response = ask(via, server.url(), "POST", body=body)
        response.prepare()
        assert (response.status, response.read_all()) == (413, b"too much")
        assert via.pool.idle_connections == 0


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_QUEUE_3_both_ways_at_once(tls: bool, chunked: bool) -> None:
    """The answer begins before the upload has ended, and neither side can wait for the other."""

    def script(conn: Peer) -> None:
        request = conn.read_head()
        assert request is not None
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: %d\r\n\r\n" % len(BIG))
        left = len(BIG)
        while left:
            piece = conn.read_some() if not chunked else conn.read_exactly(int(conn.read_until(b"\r\n"), 16))
            assert piece
            conn.send(piece)
            left -= len(piece)
            if chunked:
                assert conn.read_exactly(2) == b"\r\n"
        assert conn.wait_closed()

    with Server(script, tls=tls) as server, Via(TLSOptions(ca=CA)) as via:
        body = Upload(lambda: pieces_of(BIG)) if chunked else BIG
        answer = fetch(via, server.url(), "POST", body=body)
    assert hashlib.sha1(answer).digest() == hashlib.sha1(BIG).digest()


def test_QUEUE_3_a_paced_upload_goes_on_after_an_early_head() -> None:
    data = BIG[:1_100_000]

    def script(conn: Peer) -> None:
        request = conn.read_head()
        assert request is not None
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
        conn.send(conn.read_body(request))

    with Server(script) as server, Via() as via:
        assert fetch(via, server.url(), "POST", body=data, upload_rate=1_000_000.0) == data


ANSWERED = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate"


class Broken(FakeStream):
    """A connection whose peer has answered, or not, and takes nothing more."""

    def sendall(self, data: bytes) -> None:
        raise NetworkError("EPIPE", "write EPIPE")

    def send_now(self, data: bytes) -> int:
        raise NetworkError("EPIPE", "write EPIPE")

    def wait(self, reading: bool, writing: bool, seconds: Optional[float] = None) -> Any:
        return False, True


class HalfBroken(Broken):
    """One that still took the head."""

    def sendall(self, data: bytes) -> None:
        self.sent += data


@pytest.mark.parametrize("kind", [Broken, HalfBroken])
@pytest.mark.parametrize("body", [b"small", BIG[:100_000]], ids=["small", "large"])
def test_QUEUE_3_what_was_said_before_a_broken_pipe(
    kind: Any, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [[ANSWERED], []]
    monkeypatch.setattr(connect, "connect", lambda host, port, scope, *_: kind(scope, answers.pop(0)))
    with Via() as via:
        response = ask(via, "http://a.test/", "POST", body=body)
        response.prepare()
        assert (response.status, response.read_all()) == (408, b"late")
        if kind is Broken or body != b"small":
            assert via.pool.idle_connections == 0
            with pytest.raises(HungUp, match="EPIPE"):
                ask(via, "http://a.test/", "POST", body=body)


@pytest.mark.parametrize("kind", [Broken, HalfBroken])
@pytest.mark.parametrize("code", ["EIO", "ENOMEM", "EPROTO"])
def test_other_failures_to_send_wait_for_no_answer(
    kind: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(kind):  # type: ignore[misc]
        def send_now(self, data: bytes) -> int:
            raise NetworkError(code, "write " + code)

        if kind is Broken:
            sendall = send_now

        def receive(self, limit: int = 0) -> bytes:
            raise AssertionError("it would wait for ever")

    monkeypatch.setattr(connect, "connect", lambda host, port, scope, *_: Failing(scope))
    with Via() as via:
        with pytest.raises(NetworkError) as caught:
            ask(via, "http://a.test/", "PUT", body=BIG[:100_000])
        assert caught.value.code == code and not FakeStream.alive


def test_QUEUE_3_an_early_answer_that_is_complete_ends_the_upload() -> None:
    def script(conn: Peer) -> None:
        conn.read_head()
        conn.send(WHOLE)
        assert conn.wait_closed()

    with Server(script) as server, Via() as via:
        assert fetch(via, server.url(), "PUT", body=BIG) == b"hello"
        assert via.pool.idle_connections == 0


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 3_000_000])
@pytest.mark.parametrize("tls", [False, True])
def test_an_upload_leaves_a_clean_connection(size: int, tls: bool) -> None:
    data = BIG[:size]
    with Server.handler(lambda request: Reply(str(len(request.body)), 404), tls=tls) as server:
        with Via(TLSOptions(ca=CA)) as via:
            for body in (data, Upload(lambda: iter([data])), Upload(lambda: iter([data]), size)):
                assert fetch(via, server.url(), "POST", body=body) == b"%d" % size
        assert server.connections == 1
        assert all(request.body == data for request in server.requests)


def test_a_server_that_never_reads_and_never_answers() -> None:
    hold = threading.Event()
    with Server(lambda conn: conn.wait(hold)) as server, Via() as via:
        begun = monotonic()
        with pytest.raises(DeadlineExceeded):
            ask(via, server.url(), "POST", body=BIG, scope=Scope(0.3))
        assert 0.29 <= monotonic() - begun < 5
        hold.set()


def test_stopped_while_uploading() -> None:
    hold, begun = threading.Event(), threading.Event()

    def script(conn: Peer) -> None:
        conn.read_head()
        begun.set()
        conn.wait(hold)

    scope = Scope(None, stoppable=True)
    with Server(script) as server, Via() as via:
        errand = in_thread(ask, via, server.url(), "POST", body=BIG, scope=scope)
        assert begun.wait(5)
        scope.stop("enough")
        with pytest.raises(Stopped) as caught:
            errand.result()
        assert caught.value.reason == "enough"
        hold.set()


@pytest.mark.parametrize(
    "source, message",
    [
        ([b"a" * 50_000, 7], "gave int"),
        ([b"a" * 50_000, "text"], "gave str"),
        ([b"a" * 200_000], "longer than"),
        ([b"a" * 10], "ended after 10 of 100000"),
    ],
)
def test_FRAME_1_a_bad_source_never_makes_a_valid_body(source: List[Any], message: str) -> None:
    def script(conn: Peer) -> None:
        request = conn.read_head()
        assert request is not None
        conn.read_body(request)

    with Server(script) as server, Via() as via:
        with pytest.raises(UploadFailed, match=message):
            ask(via, server.url(), "POST", body=Upload(lambda: iter(source), 100_000))
        server.wait_requests(1)
        assert server.wait_gone()
        assert not server.request.complete
        assert via.pool.idle_connections == 0


def test_a_failing_source_keeps_its_cause() -> None:
    def source() -> Iterator[bytes]:
        yield b"a" * 100
        raise OSError(5, "disk")

    with Server.silent() as server, Via() as via:
        with pytest.raises(UploadFailed) as caught:
            ask(via, server.url(), "POST", body=Upload(source))
        assert isinstance(caught.value.__cause__, OSError)


def test_upload_progress_counts_body_bytes_and_may_raise() -> None:
    seen: List[int] = []
    with Server.handler(lambda request: Reply(b"x")) as server, Via() as via:
        fetch(via, server.url(), "POST", body=BIG[:300_000], upload_progress=seen.append)
        assert sum(seen) == 300_000
        seen.clear()
        chunks = Upload(lambda: pieces_of(BIG[:300_000]))
        fetch(via, server.url(), "POST", body=chunks, upload_progress=seen.append)
        assert sum(seen) == 300_000
        assert server.connections == 1

        def fail(count: int) -> None:
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            ask(via, server.url(), "POST", body=BIG[:300_000], upload_progress=fail)
        assert via.pool.idle_connections == 0


# -- Expect: 100-continue ----------------------------------------------------------------------------

EXPECT = [("Expect", "100-continue")]
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    # By its name: the package's attribute is the function.
    monkeypatch.setattr(outgoing, "CONTINUE_WAIT", 0.05)


def expecting(before: bytes, after: bytes, reads_body: bool = True) -> Server:
    """Sends ``before`` when the head is in, reads the body, and sends ``after``."""

    def script(conn: Peer) -> None:
        while True:
            request = conn.read_head(patient=True)
            if request is None:
                return
            assert not conn.buffer  # the body waits
            conn.send(before)
            if reads_body:
                conn.read_body(request)
            conn.send(after)
            if not reads_body:
                assert conn.wait_closed()
                assert not conn.buffer  # and never came
                return

    return Server(script)


@pytest.mark.parametrize("body", [b"small", BIG[:100_000]], ids=["small", "large"])
@pytest.mark.parametrize(
    "before, after",
    [
        (CONTINUE, WHOLE),
        (CONTINUE * 2, WHOLE),
        (CONTINUE, CONTINUE + WHOLE),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + CONTINUE, WHOLE),
    ],
    ids=["once", "twice", "late again", "hints first"],
)
def test_QUEUE_4_continue(before: bytes, after: bytes, body: bytes) -> None:
    with expecting(before, after) as server, Via() as via:
        begun = monotonic()
        for _ in range(2):
            assert fetch(via, server.url(), "PUT", EXPECT, body) == b"hello"
        assert monotonic() - begun < 1.0  # nobody waited for the whole second
        assert server.connections == 1
        assert [request.body for request in server.requests] == [body, body]


@pytest.mark.parametrize("late", [b"", CONTINUE], ids=["never", "late"])
def test_QUEUE_4_no_continue_in_time(short_wait: None, late: bytes) -> None:
    with expecting(b"", late + WHOLE) as server, Via() as via:
        for _ in range(2):
            assert fetch(via, server.url(), "PUT", EXPECT, b"body") == b"hello"
        assert server.connections == 1


@pytest.mark.parametrize("status", [417, 401, 500, 302, 200, 204])
def test_QUEUE_4_a_final_answer_instead(status: int) -> None:
    with expecting(Reply(b"no", status).wire(), b"", reads_body=False) as server, Via() as via:
        response = ask(via, server.url(), "PUT", EXPECT, BIG[:100_000])
        response.prepare()
        response.read_all()
        assert response.status == status
        assert via.pool.idle_connections == 0


def test_QUEUE_4_an_answer_between_continue_and_body() -> None:
    """Once it was asked for, the body is sent, even if the head of the answer is here already."""
    data = BIG[:300_000]

    def script(conn: Peer) -> None:
        request = conn.read_head()
        assert request is not None
        conn.send(CONTINUE + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
        conn.send(conn.read_body(request))

    with Server(script) as server, Via() as via:
        assert fetch(via, server.url(), "PUT", EXPECT, data) == data


def test_QUEUE_4_without_a_body_nothing_waits() -> None:
    with Server.handler(lambda request: CONTINUE + WHOLE) as server, Via() as via:
        assert fetch(via, server.url(), headers=EXPECT) == b"hello"


# -- forward proxies ---------------------------------------------------------------------------------


def test_a_forward_proxy_is_told_the_whole_url_and_kept() -> None:
    with Server.handler(lambda request: Reply(request.target)) as origin, Proxy() as proxy, Via() as via:
        through = parse_proxy(proxy.url(""))
        for path in ("/a?b=c", "/d"):
            assert fetch(via, origin.url(path), proxy=through) == path.encode()
        assert proxy.targets == [origin.url("/a?b=c"), origin.url("/d")]
        assert [request.header("host") for request in proxy.requests] == [origin.netloc] * 2
        assert proxy.connections == 1


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_ipv6_hosts_are_in_brackets() -> None:
    with Server.handler(lambda request: Reply(request.header("host") or ""), host="::1") as origin:
        with Proxy() as proxy, Via() as via:
            netloc = "[::1]:%d" % origin.port
            assert fetch(via, origin.url()) == netloc.encode()
            assert fetch(via, origin.url(), proxy=parse_proxy(proxy.url(""))) == netloc.encode()
            assert proxy.targets == ["http://%s/" % netloc]
    with Server.handler(lambda request: Reply(b"x"), host="::1", tls=True) as origin, Proxy() as proxy:
        with Via(TLSOptions(ca=CA)) as via:
            fetch(via, origin.url(), proxy=parse_proxy(proxy.url("")))
            assert proxy.targets == ["[::1]:%d" % origin.port]
            assert proxy.requests[0].header("host") == "[::1]:%d" % origin.port


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_an_ipv6_proxy() -> None:
    with Server.handler(lambda request: Reply(b"x")) as origin, Proxy(host="::1") as proxy, Via() as via:
        assert fetch(via, origin.url(), proxy=parse_proxy(proxy.url(""))) == b"x"
        assert proxy.connections == 1


@pytest.mark.parametrize(
    "tls", [{"ca": "/no/such/file"}, {"cert": "/no/such/file"}, {"min_version": "SSLv3"}]
)
def test_bad_tls_options_touch_no_socket(tls: Any) -> None:
    with Server(Peer.hold) as origin, Via(TLSOptions(**tls)) as via:
        with pytest.raises(InvalidRequest):
            ask(via, "https://%s/" % origin.netloc)
        assert origin.connections == 0


# -- CONNECT -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer, error, message",
    [
        (Reply(b"who are you?", 407), ProxyRefused, "407 Proxy Authentication Required"),
        (Reply.redirect("https://evil.test/"), ProxyRefused, "302"),
        (Reply(b"x", 502), ProxyRefused, "502 Bad Gateway"),
        (Reply(b"x", 199 + 101), ProxyRefused, "300"),
        (Reply(status=404, reason=""), ProxyRefused, "404$"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", BadResponse, "behind"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", BadResponse, "behind"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", BadResponse, "switched"),
        (b"hello, I am a teapot\r\n\r\n", BadResponse, "malformed status line"),
        (lambda conn: conn.send(b"HTTP/1.1 2"), Truncated, "inside its head"),
        (lambda conn: conn.send(b"SSH-2.0-x\r\n"), BadResponse, "not HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Truncated, "inside its head"),
        (Peer.close, NetworkError, "socket hang up"),
        (Peer.reset, NetworkError, "ECONNRESET"),
        (endless(b"X: y\r\n", b"HTTP/1.1 200 OK\r\n"), BadResponse, "larger"),
    ],
)
def test_PROXY_2_connect_fails(answer: Any, error: Any, message: str) -> None:
    if callable(answer) and answer not in (Peer.close, Peer.reset):
        script = answer

        def answer(conn: Peer) -> None:
            try:
                script(Unread(conn))
            except ConnectionError:
                return

    with Server(Peer.hold) as origin, Proxy(connect=answer, tunnel=Peer.hold) as proxy:
        with Via(TLSOptions(ca=CA)) as via:
            url = "https://%s/" % origin.netloc
            with pytest.raises(error, match=message) as caught:
                ask(via, url, proxy=parse_proxy(proxy.url("")), headers=[("Authorization", "secret")])
            if error is ProxyRefused:
                assert caught.value.status == answer.status  # type: ignore[union-attr]
            assert via.pool.idle_connections == 0
        assert origin.connections == 0
        assert "secret" not in repr([request.raw for request in proxy.requests])


class Unread:
    """A Peer whose request was read already."""

    def __init__(self, conn: Peer) -> None:
        self._conn = conn

    def read_request(self) -> None:
        return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)


@pytest.mark.parametrize(
    "connect, tunnel", [(Peer.hold, None), (None, Peer.hold)], ids=["CONNECT", "handshake"]
)
def test_PROXY_2_a_silent_proxy(connect: Any, tunnel: Any) -> None:
    with Server(Peer.hold) as origin, Proxy(connect=connect, tunnel=tunnel) as proxy, Via() as via:
        begun = monotonic()
        with pytest.raises(DeadlineExceeded):
            ask(via, "https://%s/" % origin.netloc, proxy=parse_proxy(proxy.url("")), scope=Scope(0.3))
        assert 0.29 <= monotonic() - begun < 5


@pytest.mark.parametrize(
    "tunnel, code",
    [
        (Peer.close, "ECONNRESET"),
        (Peer.reset, "ECONNRESET"),
        (lambda conn: conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"), "EPROTO"),
        (lambda conn: (conn.read_exactly(1), conn.send(b"junk" * 10)), "EPROTO"),
    ],
    ids=["dropped", "reset", "plain text", "late junk"],
)
def test_PROXY_2_a_tunnel_that_is_none(tunnel: Any, code: str) -> None:
    def behave(conn: Peer) -> None:
        tunnel(conn)
        if not conn.is_closed:
            conn.wait_closed()

    with Server(Peer.hold) as origin, Proxy(tunnel=behave) as proxy, Via(TLSOptions(ca=CA)) as via:
        with pytest.raises((NetworkError, BadResponse)) as caught:
            ask(via, "https://%s/" % origin.netloc, proxy=parse_proxy(proxy.url("")))
        if isinstance(caught.value, BadResponse):  # the plain text came in one segment with the head
            assert code == "EPROTO" and "behind" in str(caught.value)
        else:
            assert caught.value.code == code
        assert not isinstance(caught.value, HungUp)
        assert origin.connections == 0


def test_a_tunnel_is_kept() -> None:
    with Server.handler(lambda request: Reply(request.target), tls=True) as origin:
        with Proxy(auth=("u", "p")) as proxy, Via(TLSOptions(ca=CA)) as via:
            through = parse_proxy(proxy.url("", userinfo="u:p"))
            for path in ("/a", "/b"):
                assert fetch(via, origin.url(path), proxy=through) == path.encode()
            assert proxy.targets == [origin.netloc]
            assert origin.connections == 1
            via.pool.close()
    assert all(request.header("proxy-authorization") is None for request in origin.requests)


@pytest.mark.parametrize("host", ["a b", "a\r\nX: 1", "ü.test"])
def test_INJ_4_what_connect_can_not_name(host: str) -> None:
    from miniaxios.wire.connection import Connection
    from miniaxios.wire.route import Route
    from miniaxios.wire.url import URL

    class Stream:
        def sendall(self, data: bytes) -> None:
            raise AssertionError(data)

    route = Route(URL("https", host, None, 443, "/"), parse_proxy("http://proxy.test"), TLSOptions())
    try:
        connection = Connection(route)
    except http.client.HTTPException:
        return  # refused even sooner
    with pytest.raises(InvalidRequest):
        connection._tunnel(Stream())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "proxy_cert, origin_cert, proxy_tls, tls, code",
    [
        ("server", "names", {}, {}, None),
        ("server", "server", {}, {}, "ERR_TLS_CERT_ALTNAME_INVALID"),  # valid proxy, wrong name of the origin
        ("wrong-name", "names", {}, {}, "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("self-signed", "names", {}, {}, "DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("names", "names", {}, {}, "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("names", "names", {"servername": "proxy.test"}, {}, None),
        ("self-signed", "names", {"reject_unauthorized": False}, {}, None),
        ("self-signed", "self-signed", {"reject_unauthorized": False}, {}, "DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("self-signed", "self-signed", {}, {"reject_unauthorized": False}, "DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("server", "self-signed", {}, {"reject_unauthorized": False}, None),
        ("server", "server", {}, {"servername": "localhost"}, None),
    ],
)
def test_PROXY_3_both_names_are_checked(
    proxy_cert: str, origin_cert: str, proxy_tls: Any, tls: Any, code: Optional[str]
) -> None:
    with Server.handler(lambda request: Reply(request.peer.sni or ""), tls=origin_cert) as origin:
        with Proxy(tls=proxy_cert, hosts={"origin.test": origin}) as proxy:
            with Via(TLSOptions(ca=CA, **tls)) as via:
                through = parse_proxy(
                    {"protocol": "https", "host": proxy.host, "port": proxy.port, **proxy_tls}
                )
                url = origin.url("/", host="origin.test")
                if code is None:
                    for _ in range(2):
                        wanted = tls.get("servername", "origin.test").encode()
                        assert fetch(via, url, proxy=through) == wanted
                    assert proxy.connections == 1
                else:
                    with pytest.raises(TLSError) as caught:
                        ask(via, url, proxy=through)
                    assert caught.value.code == code
                    assert origin.requests == []


def test_PROXY_3_large_bodies_through_tls_in_tls() -> None:
    data = BIG[:3_000_000]
    with Server.handler(lambda request: Reply(request.body), tls=True) as origin, Proxy(tls=True) as proxy:
        with Via(TLSOptions(ca=CA)) as via:
            through = parse_proxy(proxy.url(""))
            for _ in range(2):
                assert fetch(via, origin.url(), "PUT", body=data, proxy=through) == data
            assert proxy.connections == 1


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h"])
def test_PROXY_4_a_proxy_that_is_down_is_never_left_out(scheme: str, tls: bool) -> None:
    with Server.handler(lambda request: Reply(b"x"), tls=tls) as origin, closed_port() as port:
        with Via(TLSOptions(ca=CA)) as via:
            environ = {"all_proxy": "%s://127.0.0.1:%d" % (scheme, port)}
            for settings in ({"environ": environ}, {"proxy": parse_proxy(environ["all_proxy"])}):
                with pytest.raises(NetworkError) as caught:
                    ask(via, origin.url(), **settings)  # type: ignore[arg-type]
                assert caught.value.code == "ECONNREFUSED"
        assert origin.connections == 0


def test_PROXY_4_a_bad_proxy_is_an_error() -> None:
    with Server.handler(lambda request: Reply(b"x")) as origin, Via() as via:
        with pytest.raises(InvalidRequest):
            ask(via, origin.url(), environ={"http_proxy": "ftp://127.0.0.1:1"})
        assert origin.connections == 0


def test_PROXY_4_https_never_goes_in_clear() -> None:
    with Server.handler(lambda request: Reply(b"x"), tls=True) as origin, Proxy() as proxy:
        with Via(TLSOptions(ca=CA)) as via:
            headers = [("Authorization", "Bearer secret"), ("Cookie", "a=b")]
            fetch(via, origin.url("/hidden"), "PUT", headers, b"body", proxy=parse_proxy(proxy.url("")))
        sent = b"".join(request.raw for request in proxy.requests)
        assert proxy.requests[0].names() == ["host"]
        assert b"secret" not in sent and b"hidden" not in sent


def test_a_socks_tunnel() -> None:
    with Server.handler(lambda request: Reply(request.target)) as origin:
        with SocksProxy(auth=("u", "p"), hosts={"origin.test": origin}) as proxy, Via() as via:
            through = parse_proxy("socks5h://u:p@%s:%d" % (proxy.host, proxy.port))
            for path in ("/a", "/b"):
                assert fetch(via, origin.url(path, host="origin.test"), proxy=through) == path.encode()
            assert proxy.targets == [("name", "origin.test", origin.port)]
            with pytest.raises(ProxyRefused):
                wrong = parse_proxy("socks5h://u:x@%s:%d" % (proxy.host, proxy.port))
                fetch(via, origin.url(host="origin.test"), proxy=wrong)


def test_a_closed_connection_has_no_finalizer_in_which_an_interrupt_would_be_lost() -> None:
    connection = Connection(Route(parse_url("http://a.test/"), None, TLSOptions()))
    connection.sock = FakeStream(Scope(1.0))
    assert hasattr(type(connection), "__del__")
    connection.close()
    assert not hasattr(type(connection), "__del__") and connection.is_stale()
    connection.close()
