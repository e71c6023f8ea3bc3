"""Whole exchanges: one silent resend and no other, redirects hop by hop, and nothing left behind."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
from time import monotonic

import pytest

from miniaxios.wire import Pool, Request, Scope, TLSOptions, connect, parse_url
from miniaxios.wire.exchange import exchange
from miniaxios.wire.upload import Upload, upload_from
from miniaxios.wire.proxies import parse_proxy
from miniaxios.wire.errors import (
    BadResponse,
    DeadlineExceeded,
    HungUp,
    InvalidRequest,
    NetworkError,
    RedirectFailed,
    Stopped,
    TooManyRedirects,
    Truncated,
    UploadFailed,
    UploadTooLarge,
)
from tests.support.proxy import Proxy
from tests.support.server import Peer, Reply, Server
from tests.support.tls import CA

from .rig import FakeStream, Interrupt, Interruption, Via, ask, fetch, in_thread, near_the_end_of_the_stack
from .rig import policy_of
from .test_pool import Shared, in_child, needs_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List

pytestmark = pytest.mark.usefixtures("no_leaks")

LARGE = bytes(range(256)) * 4096


@pytest.fixture(autouse=True)
def no_streams() -> None:
    FakeStream.alive.clear()
    FakeStream.forgotten = 0


def once(data: bytes) -> Upload:
    """A body that can be had once only."""
    return upload_from(iter([data[: len(data) // 2], data[len(data) // 2 :]]))


def a_file(data: bytes) -> Upload:
    """A body from the middle of a file."""
    file = io.BytesIO(b"before" + data)
    file.seek(6)
    return upload_from(file)


def saying(body: bytes, **options: Any) -> Server:
    """A server that answers everything with this body."""
    return Server.handler(lambda request: Reply(body), **options)


# -- what goes out -----------------------------------------------------------------------------------


def test_headers_of_the_connection() -> None:
    with Server.handler(lambda request: Reply(b"x")) as server, Via() as via:
        headers = [("X-A", "b"), ("x-a", "c")]
        request = Request("GET", parse_url(server.url("/p?q")), headers)
        exchange(request, policy_of(via)).close()
        expected = [("Host", server.netloc), ("X-A", "b"), ("x-a", "c"), ("Connection", "keep-alive")]
        assert server.request.headers == expected == request.headers
        assert server.request.target == "/p?q"
        assert headers == [("X-A", "b"), ("x-a", "c")]


def test_own_host_and_connection_are_kept() -> None:
    with Server.handler(lambda request: Reply(b"x")) as server, Via() as via:
        headers = [("X", "y"), ("HOST", "virtual.test"), ("connection", "keep-alive")]
        fetch(via, server.url(), headers=headers)
        assert server.request.headers == headers


def test_without_keep_alive_the_request_says_so() -> None:
    with Server.handler(lambda request: Reply(b"x")) as server, Via(keep_alive=False) as via:
        for _ in range(2):
            fetch(via, server.url())
        assert [request.header("connection") for request in server.requests] == ["close", "close"]
        assert server.connections == 2


@pytest.mark.parametrize(
    "method, headers, body",
    [
        ("GE T", [], None),
        ("CONNECT", [], None),
        ("GET", [("X", "a\r\nb")], None),
        ("GET", [("X Y", "a")], None),
        ("GET", [("Host", "a.test"), ("host", "b.test")], None),
        ("POST", [("Content-Length", "3")], b"hello"),
        ("POST", [("Transfer-Encoding", "chunked")], b"hello"),
    ],
)
def test_INJ_what_can_not_be_sent_touches_no_socket(method: str, headers: Any, body: Any) -> None:
    with Server.silent() as server, Via(max_sockets=1) as via:
        with pytest.raises(InvalidRequest):
            ask(via, server.url(), method, headers, body)
        assert server.connections == 0
        assert via.pool._origins == {}


@pytest.mark.parametrize("body", [b"x" * 11, Upload(lambda: [b"x" * 11], 11), a_file(b"x" * 11)])
def test_LIMIT_2_known_lengths(body: Any) -> None:
    with Server.silent() as server, Via() as via:
        with pytest.raises(UploadTooLarge):
            ask(via, server.url(), "POST", body=body, max_body_length=10)
        assert server.connections == 0


def test_LIMIT_2_unknown_lengths() -> None:
    drawn: List[int] = []

    def source() -> Iterator[bytes]:
        for number in range(100):
            drawn.append(number)
            yield b"x"

    with Server.handler(lambda request: Reply(request.body)) as server, Via() as via:
        assert fetch(via, server.url(), "POST", body=once(b"x" * 10), max_body_length=10) == b"x" * 10
        with pytest.raises(UploadTooLarge):
            ask(via, server.url(), "POST", body=Upload(source), max_body_length=10)
        assert len(drawn) == 11
        assert via.pool.idle_connections == 0


def test_unix_sockets_take_no_proxy() -> None:
    from tests.support.server import UnixServer

    with UnixServer.handler(lambda request: Reply(request.target)) as server, Via() as via:
        environ = {"http_proxy": "http://127.0.0.1:1"}
        path = server.socket_path
        assert fetch(via, "http://localhost/a", socket_path=path, environ=environ) == b"/a"
        with pytest.raises(NetworkError) as caught:
            fetch(via, "http://localhost/a", socket_path=path + "x")
        assert caught.value.code == "ENOENT"


# -- the silent resend -------------------------------------------------------------------------------


def dying(second: Callable[[Peer], Any], third: Any = None) -> Server:
    """Answers one request, lets the second one (on the same connection) die, and answers the rest."""
    return Server.replies([Reply(b"first"), second, third or Reply(b"third"), Reply(b"fourth")])


DEATHS = {
    "closed": Peer.close,
    "reset": Peer.reset,
    "half-closed": lambda conn: conn.shutdown_write() or False,
}


@pytest.mark.parametrize("death", sorted(DEATHS))
@pytest.mark.parametrize(
    "method, body",
    [
        ("GET", None),
        ("HEAD", None),
        ("OPTIONS", None),
        ("DELETE", None),
        ("TRACE", None),
        ("PUT", b"small"),
        ("PUT", LARGE),
        ("QUERY", b"small"),
        ("PUT", "file"),
        ("PUT", "list"),
    ],
)
def test_resent_once(method: str, body: Any, death: str) -> None:
    data = LARGE if body in ("file", "list") else body
    if body == "file":
        body = a_file(LARGE)
    elif body == "list":
        body = upload_from([LARGE[:1000], LARGE[1000:]])
    with dying(DEATHS[death]) as server, Via(max_sockets=1) as via:
        assert fetch(via, server.url()) == b"first"
        assert fetch(via, server.url("/again"), method, body=body) == (b"" if method == "HEAD" else b"third")
        paths = [request.path for request in server.requests]
        assert paths == ["/", "/again", "/again"]
        assert server.requests[2].body == (data or b"")
        assert [request.peer.index for request in server.requests] == [0, 0, 1]
        assert fetch(via, server.url()) == b"fourth"
        assert server.connections == 2


@pytest.mark.parametrize(
    "method, body",
    [
        ("POST", None),
        ("POST", b"small"),
        ("POST", LARGE),
        ("PATCH", b"small"),
        ("PUT", "once"),
        ("GET", "once"),
    ],
)
def test_not_resent(method: str, body: Any) -> None:
    with dying(Peer.close) as server, Via(max_sockets=1) as via:
        fetch(via, server.url())
        with pytest.raises(HungUp) as caught:
            ask(via, server.url("/again"), method, body=once(LARGE) if body == "once" else body)
        assert caught.value.code == "ECONNRESET"
        assert len(server.requests) == 2
        assert fetch(via, server.url()) == b"third"


@pytest.mark.parametrize("death", sorted(DEATHS))
def test_never_resent_on_a_fresh_connection(death: str) -> None:
    with Server.replies([DEATHS[death], Reply(b"x")]) as server, Via() as via:
        with pytest.raises(HungUp):
            ask(via, server.url())
        assert len(server.requests) == 1


def test_resent_only_once() -> None:
    with dying(Peer.close, Peer.close) as server, Via(max_sockets=1) as via:
        fetch(via, server.url())
        with pytest.raises(HungUp):
            ask(via, server.url())
        assert len(server.requests) == 3
        assert fetch(via, server.url()) == b"fourth"


@pytest.mark.parametrize(
    "said", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"]
)
@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
def test_not_resent_once_a_byte_of_the_answer_came(said: bytes, end: Any) -> None:
    with dying(lambda conn: conn.send(said) or end(conn)) as server, Via() as via:
        fetch(via, server.url())
        with pytest.raises((Truncated, NetworkError)) as caught:
            fetch(via, server.url())
        assert not isinstance(caught.value, HungUp) or end is Peer.reset
        assert len(server.requests) == 2 or end is Peer.reset


def test_not_resent_after_a_timeout() -> None:
    with dying(Peer.hold) as server, Via() as via:
        fetch(via, server.url())
        begun = monotonic()
        with pytest.raises(DeadlineExceeded):
            ask(via, server.url(), scope=Scope(0.3))
        assert 0.29 <= monotonic() - begun < 5
        assert len(server.requests) == 2


def test_not_resent_after_a_stop() -> None:
    asked = threading.Event()
    with dying(lambda conn: asked.set() or conn.hold()) as server, Via() as via:
        fetch(via, server.url())
        scope = Scope(None, stoppable=True)
        errand = in_thread(ask, via, server.url(), scope=scope)
        assert asked.wait(5)
        scope.stop("enough")
        with pytest.raises(Stopped):
            errand.result()
        assert len(server.requests) == 2


@pytest.mark.parametrize("code", ["ETIMEDOUT", "EPROTO", "EHOSTUNREACH"])
def test_not_resent_after_other_failures(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: List[FakeStream] = []

    def dial(host: str, port: int, scope: Scope, *_: Any) -> Any:
        made.append(FakeStream(scope, [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]))
        return made[-1]

    def fail(limit: int = 0) -> bytes:
        raise NetworkError(code, "read " + code)

    monkeypatch.setattr(connect, "connect", dial)
    with Via() as via:
        fetch(via, "http://a.test/")
        made[0].receive = fail  # type: ignore[method-assign]
        with pytest.raises(NetworkError) as caught:
            fetch(via, "http://a.test/")
        assert caught.value.code == code and not isinstance(caught.value, HungUp)
        assert len(made) == 1


def test_an_idle_connection_that_was_closed_is_replaced_for_any_method() -> None:
    with Server.replies(
        [lambda conn: conn.respond(body=b"first") or conn.close(), Reply(b"second")]
    ) as server:
        with Via() as via:
            fetch(via, server.url())
            deadline = monotonic() + 5
            (idle,) = via.pool._origins[next(iter(via.pool._origins))].idle
            while not idle.is_stale():
                assert monotonic() < deadline
            assert fetch(via, server.url(), "POST", body=once(b"body")) == b"second"
            assert len(server.requests) == 2


def test_upload_progress_is_not_told_twice_of_a_resend() -> None:
    def half(conn: Peer) -> None:
        conn.read_head()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        conn.read_head(patient=True)
        conn.read_exactly(300_000)
        conn.reset()

    scripts = [half]

    def script(conn: Peer) -> None:
        if scripts:
            return scripts.pop()(conn)
        request = conn.read_request()
        assert request is not None
        conn.respond(body=str(len(request.body)))

    seen: List[int] = []
    with Server(script) as server, Via() as via:
        fetch(via, server.url())
        assert fetch(via, server.url(), "PUT", body=LARGE, upload_progress=seen.append) == b"%d" % len(LARGE)
        assert sum(seen) == len(LARGE)
        assert server.connections == 2


# -- descriptors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["EMFILE", "ENFILE"])
def test_idle_connections_make_room_for_descriptors(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original, refused = connect.connect, []

    def dial(*args: Any) -> Any:
        if via.pool.idle_connections or other.pool.idle_connections:
            refused.append(code)
            raise NetworkError(code, "connect " + code)
        return original(*args)

    with saying(b"x") as one, saying(b"y") as two:
        with Via() as via, Via() as other:
            fetch(via, one.url())
            fetch(other, one.url())
            monkeypatch.setattr(connect, "connect", dial)
            policy = policy_of(via)
            policy.agents = {"http": via, "https": other}
            response = exchange(Request("GET", parse_url(two.url()), []), policy)
            assert refused == [code] and response.status == 200
            response.close()
            assert one.wait_gone()


def test_without_idle_connections_the_lack_of_descriptors_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def dial(*args: Any) -> Any:
        calls.append(args)
        raise NetworkError("EMFILE", "connect EMFILE")

    monkeypatch.setattr(connect, "connect", dial)
    with Via() as via, pytest.raises(NetworkError) as caught:
        ask(via, "http://a.test/")
    assert caught.value.code == "EMFILE" and len(calls) == 1


@needs_fork
def test_real_lack_of_descriptors() -> None:
    import resource

    with saying(b"x") as one, saying(b"y") as two:

        def child() -> None:
            via = Via()
            assert fetch(via, one.url()) == b"x"
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            with pytest.raises(OSError):
                while True:
                    os.dup(0)
            assert fetch(via, two.url()) == b"y"
            assert via.pool.idle_connections == 1
            via.pool.close()

        in_child(child)


# -- redirects: methods and bodies -------------------------------------------------------------------

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def next_method(verb: str, status: int) -> str:
    if status in (307, 308) or verb in ("GET", "HEAD"):
        return verb
    return "GET" if status == 303 or verb == "POST" else verb


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("verb", VERBS)
def test_REDIR_2_six_verbs_five_codes(verb: str, status: int) -> None:
    body = None if verb in ("GET", "HEAD") else b'{"a": 1}'
    headers = [("X-Kept", "yes")]
    if body is not None:
        headers += [("Content-Type", "application/json"), ("Content-Language", "en")]
    table = {"/": Reply.redirect("/next", status), "/next": Reply(b"there")}
    with Server.routes(table) as server, Via() as via:
        response = ask(via, server.url(), verb, headers, body)
        response.prepare()
        response.read_all()
        assert response.history == [server.url()] and str(response.request.url) == server.url("/next")
        first, second = server.requests
        assert (first.method, second.method) == (verb, next_method(verb, status))
        keeps = body is not None and second.method == verb
        assert second.body == (body if keeps else b"")
        described = {"content-type", "content-language", "content-length"} & set(second.names())
        assert described == ({"content-type", "content-language", "content-length"} if keeps else set())
        assert second.header("x-kept") == "yes" and second.header("host") == server.netloc
        assert server.connections == 1


@pytest.mark.parametrize("size", [5, len(LARGE)])
@pytest.mark.parametrize(
    "make", [lambda data: data, a_file, lambda data: upload_from([data])], ids=["bytes", "file", "list"]
)
def test_REDIR_2_bodies_are_sent_again(make: Any, size: int) -> None:
    data = LARGE[:size]
    table = {
        "/": Reply.redirect("/a", 307),
        "/a": Reply.redirect("/b", 308),
        "/b": [lambda request: Reply(request.body)],
    }
    with Server.routes(table) as server, Via() as via:
        assert fetch(via, server.url(), "POST", body=make(data)) == data
        assert [request.body for request in server.requests] == [data] * 3
        assert server.connections == 1


def test_REDIR_2_a_body_that_is_spent_is_refused() -> None:
    table = {"/": Reply.redirect("/a", 307), "/a": Reply(b"x")}
    with Server.routes(table) as server, Via(max_sockets=1) as via:
        with pytest.raises(UploadFailed):
            ask(via, server.url(), "POST", body=once(b"data"), before_hop=lambda *_: 1 / 0)
        assert len(server.requests) == 1
        table["/"] = Reply.redirect("/a", 303)
        assert fetch(via, server.url(), "POST", body=once(b"data")) == b"x"  # which needs it no more


def test_REDIR_2_a_redirect_while_uploading() -> None:
    """The answer comes early; the rest of the body is for the next hop alone."""

    def early(conn: Peer) -> None:
        request = conn.read_head()
        assert request is not None
        if request.path == "/":
            conn.read_exactly(1000)
            conn.send(Reply.redirect("/next", 307).wire())
            conn.wait_closed()
        else:
            conn.respond(body=conn.read_body(request))

    with Server(early) as server, Via() as via:
        assert fetch(via, server.url(), "PUT", body=LARGE * 10) == LARGE * 10
        assert server.connections == 2


# -- redirects: how many -----------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_REDIR_4_exactly_so_many(limit: int) -> None:
    def answer(request: Any) -> Reply:
        left = int(request.path[1:])
        return Reply.redirect("/%d" % (left - 1)) if left else Reply(b"there")

    with Server.handler(answer) as server, Via() as via:
        assert fetch(via, server.url("/%d" % limit), max_redirects=limit) == b"there"
        assert len(server.requests) == limit + 1
        with pytest.raises(TooManyRedirects):
            ask(via, server.url("/%d" % (limit + 1)), max_redirects=limit)
        assert len(server.requests) == 2 * (limit + 1)
        assert server.connections <= 2


@pytest.mark.parametrize(
    "table",
    [
        {"/": Reply.redirect("/")},
        {"/": Reply.redirect("/b"), "/b": Reply.redirect("/")},
        {"/": [lambda request: Reply.redirect("/?" + request.query + "x")]},
        {"/": Reply.redirect("/#x", 307)},
    ],
    ids=["self", "cycle", "growing", "fragment"],
)
def test_REDIR_4_loops_end(table: Any) -> None:
    with Server.routes(table) as server, Via() as via:
        policy = policy_of(via, max_redirects=4)
        with pytest.raises(TooManyRedirects):
            exchange(Request("GET", parse_url(server.url()), []), policy)
        assert len(server.requests) == 5
        assert len(policy.history) == 4


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_REDIR_4_none_is_followed_with_a_limit_of_zero(status: int) -> None:
    reply = Reply(b"look there", status, [("Location", "/next")])
    with Server.handler(lambda request: reply) as server, Via() as via:
        response = ask(via, server.url(), "POST", body=once(b"x"), max_redirects=0)
        response.prepare()
        assert (response.status, response.read_all(), response.history) == (status, b"look there", [])
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "status, headers",
    [
        (300, [("Location", "/x")]),
        (304, [("Location", "/x")]),
        (305, [("Location", "/x")]),
        (306, [("Location", "/x")]),
        (302, []),
        (302, [("Location", "")]),
        (200, [("Location", "/x")]),
        (201, [("Location", "/x")]),
        (200, [("Refresh", "0; url=/x")]),
    ],
)
def test_REDIR_4_what_is_no_redirect(status: int, headers: Any) -> None:
    with Server.handler(lambda request: Reply(b"", status, headers)) as server, Via() as via:
        assert ask(via, server.url()).status == status
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    [
        "ftp://a.test/",
        "file:///etc/passwd",
        "data:,x",
        "javascript:x",
        "http://",
        "http:\\\\b",
        "http://a b/",
    ],
)
def test_REDIR_3_what_can_not_be_followed(location: str) -> None:
    with Server.handler(lambda request: Reply.redirect(location)) as server, Via(max_sockets=1) as via:
        with pytest.raises(RedirectFailed):
            ask(via, server.url())
        assert len(server.requests) == 1


def test_the_deadline_is_for_all_hops() -> None:
    def slow(request: Any) -> Reply:
        threading.Event().wait(0.05)
        return Reply.redirect("/")

    with Server.handler(slow) as server, Via() as via:
        begun = monotonic()
        with pytest.raises(DeadlineExceeded):
            ask(via, server.url(), scope=Scope(0.3), max_redirects=10_000)
        assert 0.29 <= monotonic() - begun < 5


def test_stopped_on_the_second_hop_over_the_same_connection() -> None:
    asked = threading.Event()

    def silent(conn: Peer) -> None:
        asked.set()
        conn.wait_closed()

    with Server.routes({"/": Reply.redirect("/b"), "/b": silent}) as server, Via() as via:
        scope = Scope(None, stoppable=True)
        errand = in_thread(ask, via, server.url(), scope=scope)
        assert asked.wait(5)
        scope.stop("enough")
        with pytest.raises(Stopped):
            errand.result()
        assert server.connections == 1


# -- redirects: their bodies -------------------------------------------------------------------------

FOUND = b"HTTP/1.1 302 Found\r\nLocation: /next\r\n"


@pytest.mark.parametrize(
    "rest, kept",
    [
        (b"Content-Length: 0\r\n\r\n", True),
        (b"Content-Length: 5\r\n\r\nmoved", True),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\n0\r\n\r\n", True),
        (b"Content-Length: 20000\r\n\r\n" + bytes(20000), True),
        (b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk", True),
        (b"Content-Length: 5\r\nConnection: close\r\n\r\nmoved", False),
        (b"Content-Length: 6\r\n\r\nmoved", False),
        (b"Content-Length: 5\r\n\r\nmoved too much", False),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\nbroken", False),
        (b"Transfer-Encoding: chunked\r\n\r\nbroken\r\n", False),
        (b"Content-Length: 9999999999\r\n\r\nmoved", False),
        (b"\r\nuntil close", False),
    ],
)
def test_DECOMP_4_bodies_of_redirects(rest: bytes, kept: bool) -> None:
    def script(conn: Peer) -> None:
        while True:
            request = conn.read_request(patient=True)
            if request is None:
                return
            conn.send(FOUND + rest if request.path == "/" else Reply(b"there").wire())

    with Server(script) as server, Via() as via:
        assert fetch(via, server.url()) == b"there"
        used = [request.peer.index for request in server.requests]
        # What is on its way still when the head is read may look like a body that is not there.
        assert used == [0, 0] or not kept or len(rest) > 1000
        assert kept or used == [0, 1]


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["close", "reset"])
@pytest.mark.parametrize("rest", [b"Content-Length: 99\r\n\r\nmoved", b"Transfer-Encoding: chunked\r\n\r\n9"])
def test_a_redirect_whose_body_is_cut_is_followed(rest: bytes, end: Any) -> None:
    table = {"/": lambda conn: conn.send(FOUND + rest) or end(conn), "/next": Reply(b"there")}
    with Server.routes(table) as server, Via() as via:
        assert fetch(via, server.url()) == b"there"


@pytest.mark.parametrize(
    "framing", [b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 99999999999\r\n\r\n"]
)
def test_DECOMP_4_a_redirect_with_an_endless_body_goes_on_at_once(framing: bytes) -> None:
    def endless(conn: Peer) -> None:
        conn.send(FOUND + b"Content-Encoding: gzip\r\n" + framing)
        piece = b"10000\r\n" + bytes(65536) + b"\r\n" if b"chunked" in framing else bytes(65536)
        while True:
            conn.send(piece)

    with Server.routes({"/": endless, "/next": Reply(b"there")}) as server, Via() as via:
        assert fetch(via, server.url(), scope=Scope(5.0)) == b"there"
        assert server.peers[0].sent < 1 << 24


def test_DECOMP_4_no_more_than_a_little_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    head = FOUND + b"Content-Length: 99999999999\r\n\r\n"
    made: List[FakeStream] = []

    def dial(host: str, port: int, scope: Scope, *_: Any) -> Any:
        made.append(FakeStream(scope, [FINE] if made else [head] + [bytes(65536)] * 1000))
        return made[-1]

    monkeypatch.setattr(connect, "connect", dial)
    with Via() as via:
        assert fetch(via, "http://a.test/") == b"hi"
        assert len(made[0].answers) > 990 and made[0].closed


# -- redirects: secrets ------------------------------------------------------------------------------

SECRETS = [
    ("Authorization", "Bearer s"),
    ("authorization", "Bearer t"),
    ("Cookie", "s=1"),
    ("X-API-Key", "s"),
    ("X-XSRF-TOKEN", "s"),
    ("X-Mine", "s"),
    ("PROXY-AUTHORIZATION", "s"),
]


def capture(request: Any) -> str:
    return " ".join(sorted(set(request.names())))


def test_REDIR_1_nothing_secret_goes_to_another_origin_and_comes_back() -> None:
    with Server.routes({}) as one, Server.routes({}) as two, Via() as via:
        one_table = {"/": Reply.redirect(two.url("/")), "/back": Reply(b"back")}
        two_table = {"/": Reply.redirect(one.url("/back"))}
        one.script = Server.routes(one_table).script
        two.script = Server.routes(two_table).script
        headers = [*SECRETS, ("X-Plain", "p"), ("Host", "virtual.test")]
        assert fetch(via, one.url(), headers=headers, sensitive=frozenset({"x-mine"})) == b"back"
    first, last = one.requests
    (other,) = two.requests
    assert capture(first) == "authorization connection cookie host x-api-key x-mine x-plain x-xsrf-token"
    assert first.header("host") == "virtual.test"
    for request, server in ((other, two), (last, one)):
        assert capture(request) == "connection host x-plain"
        assert request.header("host") == server.netloc


def test_REDIR_1_secrets_stay_on_their_origin() -> None:
    with Server.routes({"/": Reply.redirect("/next"), "/next": Reply(b"x")}) as server, Via() as via:
        fetch(via, server.url(), headers=SECRETS)
        assert (
            capture(server.requests[1])
            == "authorization connection cookie host x-api-key x-mine x-xsrf-token"
        )


@pytest.mark.parametrize(
    "first, second", [(False, True), (True, False)], ids=["http to https", "https to http"]
)
def test_REDIR_1_another_scheme_is_another_origin(first: bool, second: bool) -> None:
    with Server.handler(lambda request: Reply(b"x"), tls=second) as two:
        with Server.handler(lambda request: Reply.redirect(two.url()), tls=first) as one:
            with Via(TLSOptions(ca=CA)) as via:
                assert fetch(via, one.url(), headers=SECRETS) == b"x"
    assert capture(two.request) == "connection host x-mine"


def test_REDIR_5_userinfo_and_referer_are_not_passed_on() -> None:
    with Server.routes({"/": Reply.redirect("/next"), "/next": Reply(b"x")}) as server, Via() as via:
        response = ask(via, server.url(userinfo="u:p"))
        assert response.history == [server.url()]
        assert server.requests[1].names() == ["host", "connection"]
        response.close()


# -- Proxy-Authorization -----------------------------------------------------------------------------

OWN = [("Proxy-Authorization", "Basic b3duOm93bg==")]


def test_PROXY_1_never_to_an_origin() -> None:
    with saying(b"x") as plain, saying(b"x", tls=True) as secure:
        with Proxy(auth=("u", "p")) as proxy, Via(TLSOptions(ca=CA)) as via:
            through = parse_proxy(proxy.url("", userinfo="u:p"))
            fetch(via, plain.url(), headers=OWN)
            fetch(via, secure.url(), headers=OWN)
            fetch(via, plain.url(), headers=OWN, proxy=through)
            fetch(via, secure.url(), headers=OWN, proxy=through)
            sent = [request.header_all("proxy-authorization") for request in proxy.requests]
            assert sent == [[proxy.credentials]] * 2  # the option's, and once
        for request in plain.requests + secure.requests:
            assert request.header("proxy-authorization") is None


def test_PROXY_1_ones_own_go_to_a_proxy_that_has_no_others() -> None:
    with saying(b"x") as origin, Proxy(auth=("own", "own")) as proxy, Via() as via:
        assert fetch(via, origin.url(), headers=OWN, proxy=parse_proxy(proxy.url(""))) == b"x"
        assert origin.request.header("proxy-authorization") is None


def test_PROXY_1_a_hop_past_the_proxy() -> None:
    """A redirect leads from a proxied origin to one that no_proxy exempts."""
    with Server.handler(lambda request: Reply(b"x")) as direct, Proxy(auth=("u", "p")) as proxy:
        with Server.handler(lambda request: Reply.redirect(direct.url())) as proxied, Via() as via:
            environ = {"http_proxy": proxy.url("", userinfo="u:p"), "no_proxy": direct.netloc}
            proxy._routing.hosts = {"origin.test": proxied}
            response = ask(via, "http://origin.test/", environ=environ)
            assert response.status == 200
            response.close()
    assert direct.request.names() == ["host", "connection"]
    assert len(proxy.requests) == 1


def test_PROXY_1_from_one_proxy_to_another() -> None:
    with Server.handler(lambda request: Reply(b"x"), tls=True) as second:
        with Server.handler(lambda request: Reply.redirect(second.url())) as first:
            with Proxy(auth=("a", "a")) as one, Proxy(auth=("b", "b")) as two, Via(TLSOptions(ca=CA)) as via:
                environ = {
                    "http_proxy": one.url("", userinfo="a:a"),
                    "https_proxy": two.url("", userinfo="b:b"),
                }
                assert fetch(via, first.url(), environ=environ) == b"x"
                for proxy in (one, two):
                    assert proxy.requests[0].header_all("proxy-authorization") == [proxy.credentials]
    assert second.request.header("proxy-authorization") is None


def test_PROXY_1_credentials_of_one_proxy_do_not_reach_another_on_the_same_origin() -> None:
    """The environment changes between two hops."""
    with Server.routes({"/": Reply.redirect("/next"), "/next": Reply(b"x")}) as origin:
        with Proxy(auth=("u", "p")) as one, Proxy() as two, Via() as via:
            environ = {"http_proxy": one.url("", userinfo="u:p")}

            def before_hop(redirect: Any, response: Any) -> None:
                environ["http_proxy"] = two.url("")

            response = ask(via, origin.url(), environ=environ, before_hop=before_hop)
            assert response.status == 200
            response.close()
            assert two.requests[0].header("proxy-authorization") is None
            assert response.request.headers == [("Host", origin.netloc), ("Connection", "keep-alive")]


# -- hooks -------------------------------------------------------------------------------------------


def test_every_head_is_seen() -> None:
    seen: List[Any] = []
    with Server.routes({"/": Reply.redirect("/b"), "/b": Reply(b"x", 404)}) as server, Via() as via:
        fetch(via, server.url(), on_head=lambda url, head: seen.append((str(url), head.status)))
        assert seen == [(server.url("/"), 302), (server.url("/b"), 404)]


def test_before_hop_may_change_the_request() -> None:
    def before_hop(redirect: Any, response: Any) -> None:
        assert response.status == 302
        redirect.headers = [*redirect.headers, ("X-New", "yes")]
        redirect.method = "DELETE"
        redirect.url = parse_url(server.url("/elsewhere"))

    with Server.handler(
        lambda request: Reply.redirect("/next") if request.path == "/" else Reply(b"x")
    ) as server:
        with Via() as via:
            fetch(via, server.url(), before_hop=before_hop)
        second = server.requests[1]
        assert (second.method, second.path, second.header("x-new")) == ("DELETE", "/elsewhere", "yes")


def test_before_hop_may_make_requests() -> None:
    """It holds no connection meanwhile: one slot is enough for both."""

    def before_hop(redirect: Any, response: Any) -> None:
        assert fetch(via, server.url("/side"), scope=Scope(5.0)) == b"side"

    table = {
        "/": Reply(b"moved", 302, [("Location", "/next")]),
        "/next": Reply(b"x"),
        "/side": Reply(b"side"),
    }
    with Server.routes(table) as server, Via(max_sockets=1) as via:
        assert fetch(via, server.url(), before_hop=before_hop) == b"x"


@pytest.mark.parametrize("hook", ["before_hop", "on_head"])
def test_hooks_may_raise(hook: str) -> None:
    def fail(*_: Any) -> None:
        raise LookupError("mine")

    kept: List[BaseException] = []  # with their tracebacks, and what those refer to
    moved = Reply(b"moved", 302, [("Location", "/next")])
    with Server.handler(lambda request: moved) as server, Via(max_sockets=1) as via:
        for _ in range(2):
            with pytest.raises(LookupError, match="mine") as caught:
                ask(via, server.url(), scope=Scope(5.0), **{hook: fail})
            kept.append(caught.value)
        assert [request.path for request in server.requests] == ["/", "/"]


def test_how_far_the_call_got() -> None:
    with Server.routes({"/": Reply.redirect("/b"), "/b": Peer.close}) as server, Via() as via:
        policy = policy_of(via)
        with pytest.raises(NetworkError):
            exchange(Request("GET", parse_url(server.url()), []), policy)
        assert policy.history == [server.url()]
        assert policy.current is not None and str(policy.current.url) == server.url("/b")


# -- interrupts and failures -------------------------------------------------------------------------

FILES = ("wire/exchange.py", "wire/pool.py", "wire/lease.py", "wire/connection.py", "wire/body.py", "wire/route.py")


def scripted(monkeypatch: pytest.MonkeyPatch, *conversations: List[bytes]) -> Callable[[], None]:
    """Connections that answer so, in the order in which they are made; returns how to begin anew."""
    waiting: List[List[bytes]] = []

    def dial(host: str, port: int, scope: Scope, *_: Any) -> Any:
        return FakeStream(scope, waiting.pop(0) if waiting else [])

    def begin() -> None:
        waiting[:] = [list(answers) for answers in conversations]

    monkeypatch.setattr(connect, "connect", dial)
    return begin


MOVED = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nhi"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    "conversations",
    [
        [[MOVED, FINE]],
        [[MOVED[:-1]], [FINE]],
        [[MOVED, b""], [FINE]],  # the kept connection dies, the request is sent again
        [[b"junk"]],
    ],
    ids=["redirect", "cut redirect", "resend", "junk"],
)
def test_interrupted_anywhere_nothing_is_lost(conversations: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    begin = scripted(monkeypatch, *conversations)
    pool = Pool(max_sockets=1)
    via: Any = Shared(pool)
    gc.disable()
    try:
        for at in range(10_000):
            begin()
            interruption = Interruption(at, FILES)
            try:
                with interruption:
                    fetch(via, "http://a.test/", max_redirects=3)
            except (Interrupt, BadResponse):
                pass
            begin()
            assert_usable(via, conversations)
            pool.close_idle()
            assert not FakeStream.alive and not FakeStream.forgotten
            if not interruption.reached:
                break
        assert at > 100
    finally:
        gc.enable()


def assert_usable(via: Any, conversations: Any) -> None:
    try:
        fetch(via, "http://a.test/", scope=Scope(0.5), max_redirects=3)
    except BadResponse:
        assert conversations == [[b"junk"]]


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, SystemExit, RecursionError, OSError])
@pytest.mark.parametrize("place", ["connect", "receive", "sendall", "lend", "is_stale"])
def test_failures_of_every_kind_pass_and_leave_nothing(
    error: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = scripted(monkeypatch, [FINE, FINE], [FINE])
    original = connect.connect
    pool = Pool(max_sockets=1)
    via: Any = Shared(pool)

    def fail(*_: Any) -> Any:
        raise error("injected")

    begin()
    if place == "is_stale":
        fetch(via, "http://a.test/")
    with monkeypatch.context() as patch:
        if place == "connect":
            patch.setattr(connect, "connect", fail)
        else:
            patch.setattr(FakeStream, place, fail)
        with pytest.raises(error, match="injected"):
            fetch(via, "http://a.test/")
    assert connect.connect is original
    assert not FakeStream.alive and not FakeStream.forgotten
    begin()
    assert fetch(via, "http://a.test/", scope=Scope(1.0)) == b"hi"
    pool.close()


def test_deep_in_the_stack_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """RecursionError comes wherever the stack happens to end."""
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    begin = scripted(monkeypatch, *[[FINE] * 3] * 50)
    pool = Pool(max_sockets=1)
    via: Any = Shared(pool)

    def go() -> None:
        begin()
        fetch(via, "http://a.test/")

    def after() -> None:
        begin()
        assert fetch(via, "http://a.test/", scope=Scope(0.5)) == b"hi"

    near_the_end_of_the_stack(go, after)
    pool.close()
    assert not FakeStream.alive and not FakeStream.forgotten


# -- routes that are kept ------------------------------------------------------------------------------


def test_a_kept_route_notices_what_was_altered() -> None:
    environ = {}
    with Server.replies([Reply(b"1")] * 8) as server, Via() as via, Proxy() as proxy:
        url = server.url("/a?b#c")
        assert fetch(via, url, environ=environ) == fetch(via, url, environ=environ) == b"1"
        assert server.connections == 1
        (kept,) = via.pool.routes.values()
        assert str(kept.url) == server.url("/"), "of the path and the query nothing is kept"
        environ["http_proxy"] = proxy.url()
        assert fetch(via, url, environ=environ) == b"1" and len(proxy.requests) == 1
        del environ["http_proxy"]
        via.local_address = "127.0.0.1"
        count = server.connections
        assert fetch(via, url, environ=environ) == b"1" and server.connections == count + 1
        via.tls = TLSOptions()
        assert fetch(via, url, environ=environ) == b"1"
        assert all(route.tls is via.tls for route in via.pool.routes.values())


def test_FLOOD_5_kept_routes_are_bounded() -> None:
    via = Via()
    policy = policy_of(via)
    # The package's name for it is the function's.
    exchange_module = sys.modules[exchange.__module__]
    for number in range(1000):
        exchange_module._route(parse_url("http://h%d.test/" % number), via, policy)
    assert 0 < len(via.pool.routes) <= 256
