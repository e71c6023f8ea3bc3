"""Round trips: whatever a server does, one can't be told apart from an exchange by anything but time."""

from __future__ import annotations

import errno
import gc
import gzip
import os
import sys
import threading
import weakref

import pytest
import miniaxios.wire
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.wire import Errand, Pool, Request, Scope, TLSOptions, connect, messages, parse_url, round_trip
from miniaxios.wire import the_long_way
from miniaxios.wire.exchange import exchange
from miniaxios.wire.connection import SMALL_BODY
from miniaxios.wire.errors import (
    BadResponse,
    BodyTooLarge,
    DeadlineExceeded,
    HungUp,
    InvalidRequest,
    NetworkError,
    Stopped,
    Truncated,
    WireError,
)
from miniaxios.wire.lease import Lease
from miniaxios.wire.stream import Stream
from tests.support.server import Peer, Reply, Server, closed_port
from tests.support.tls import CA

from .rig import FakeStream, Interrupt, Interruption, Via, ask, fetch, in_thread, near_the_end_of_the_stack
from .rig import policy_of
from .test_pool import Shared, in_child, needs_fork
from .test_pool import assert_at_rest as assert_all_at_rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

pytestmark = pytest.mark.usefixtures("no_leaks")

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture(autouse=True)
def no_streams() -> None:
    FakeStream.alive.clear()
    FakeStream.forgotten = 0


def answer(*lines: bytes, body: bytes = b"", status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """An answer of these lines."""
    return b"\r\n".join([status, *lines, b"", b""]) + body


def sized(body: bytes, *lines: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """One that tells the length of its body."""
    return answer(*lines, b"Content-Length: %d" % len(body), body=body, status=status)


# -- both ways ---------------------------------------------------------------------------------------


def trip(
    via: Any,
    url: str,
    method: str = "GET",
    headers: Any = (),
    body: Any = None,
    limit: int = -1,
    scope: Optional[Scope] = None,
) -> Any:
    """What a round trip gives, or the response of what goes on from there."""
    errand = Errand(method, parse_url(url), list(headers), via, body is not None)
    return run(errand, via, body or b"", scope or Scope(20.0), limit)


def run(errand: Errand, via: Any, body: bytes, scope: Scope, limit: int, policy: Any = None) -> Any:
    """The same, of an errand; as ``policy`` says, or without a redirect."""
    found = round_trip(errand, {"http": via, "https": via}, body, scope, limit)
    if isinstance(found, Lease):
        found = the_long_way(errand.request(body), policy or policy_of(via, scope, max_redirects=0), found)
    return found


def by_round_trip(via: Any, url: str, method: str, body: Any, limit: int) -> Any:
    found = trip(via, url, method, body=body, limit=limit)
    if isinstance(found, tuple):
        (version, status, reason), fields, content = found
        return version, status, reason, list(fields.items()), content
    assert found is not None
    return read(found, limit)


def by_exchange(via: Any, url: str, method: str, body: Any, limit: int) -> Any:
    return read(ask(via, url, method, body=body, max_redirects=0), limit)


def read(response: Any, limit: int = -1) -> Any:
    response.prepare(limit)
    try:
        content = response.read_all()
    except BaseException:
        response.close()
        raise
    return response.version, response.status, response.reason, list(response.head.fields.items()), content


BOTH = (by_exchange, by_round_trip)


def outcome(call: Callable[..., Any], *args: Any) -> Any:
    """What a call gives or raises, in a form that can be compared."""
    try:
        return call(*args)
    except WireError as error:
        cause = error.__cause__
        return type(error), str(error), getattr(error, "code", None), type(cause), str(cause)


def forget() -> None:
    """As if no answer had been read before."""
    messages._status_lines.clear()
    messages._read_line.__self__.clear()  # type: ignore[attr-defined]


# -- the law: any answer -----------------------------------------------------------------------------


class Case:
    """What the server says to a request, and whether it closes then."""

    def __init__(
        self, said: bytes, closes: bool = False, method: str = "GET", limit: int = -1, body: Optional[bytes] = None
    ) -> None:
        self.said = said
        self.closes = closes
        self.method = method
        self.limit = limit
        self.body = body


ZIPPED = gzip.compress(b"hello")
CHUNKED = answer(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")
MANY = [b"X-%d: v" % number for number in range(1001)]

CASES: Dict[str, Case] = {
    "plain": Case(sized(b"hello")),
    "plain, with more to say": Case(sized(b"{}", b"Content-Type: application/json", b"Server: x", b"Etag: \"1\"")),
    "404": Case(sized(b"not here", status=b"HTTP/1.1 404 Not Found")),
    "500": Case(sized(b"oh", status=b"HTTP/1.1 500 ")),
    "no reason": Case(sized(b"oh", status=b"HTTP/1.1 599")),
    "reason of blanks": Case(sized(b"oh", status=b"HTTP/1.1 201   odd  one ")),
    "reason beyond ASCII": Case(sized(b"oh", status=b"HTTP/1.1 200 caf\xe9")),
    "reason with a TAB": Case(sized(b"oh", status=b"HTTP/1.1 200 a\tb")),
    "reason with a control": Case(sized(b"oh", status=b"HTTP/1.1 200 a\x85b")),
    "reason that is long": Case(sized(b"oh", status=b"HTTP/1.1 200 " + b"o" * 100)),
    "status that is none": Case(sized(b"oh", status=b"HTTP/1.1 600 No")),
    "status 205": Case(sized(b"oh", status=b"HTTP/1.1 205 Reset")),
    "status 299": Case(sized(b"oh", status=b"HTTP/1.1 299 Fine")),
    "version that is none": Case(sized(b"oh", status=b"HTTP/2.0 200 OK")),
    "no HTTP": Case(b"220 mail.test ESMTP\r\n\r\n"),
    "empty": Case(sized(b"")),
    "empty, no length, closed": Case(answer(), closes=True),
    "all of it but the length, closed": Case(answer(b"A: b", body=b"hello"), closes=True),
    "close": Case(sized(b"hello", b"Connection: close"), closes=True),
    "close, and yet open": Case(sized(b"hello", b"Connection: close")),
    "Close": Case(sized(b"hello", b"Connection: Close")),
    "keep-alive": Case(sized(b"hello", b"Connection: keep-alive")),
    "Keep-Alive": Case(sized(b"hello", b"CONNECTION: Keep-Alive", b"Keep-Alive: timeout=5, max=100")),
    "keep-alive, close": Case(sized(b"hello", b"Connection: keep-alive, close")),
    "keep-alive and close": Case(sized(b"hello", b"Connection: keep-alive", b"Connection: close")),
    "close and keep-alive": Case(sized(b"hello", b"Connection: close", b"Connection: keep-alive")),
    "connection: upgrade": Case(sized(b"hello", b"Connection: upgrade", b"Upgrade: h2c")),
    "connection: nothing": Case(sized(b"hello", b"Connection: ")),
    "proxy-connection": Case(sized(b"hello", b"Proxy-Connection: close")),
    "HTTP/1.0": Case(sized(b"hello", status=b"HTTP/1.0 200 OK")),
    "HTTP/1.0 keep-alive": Case(sized(b"hello", b"Connection: keep-alive", status=b"HTTP/1.0 200 OK")),
    "HTTP/1.0 to the end": Case(answer(body=b"hello", status=b"HTTP/1.0 200 OK"), closes=True),
    "chunked": Case(CHUNKED),
    "chunked, trailers": Case(CHUNKED[:-2] + b"A: b\r\n\r\n"),
    "chunked, malformed": Case(answer(b"Transfer-Encoding: chunked", body=b"x\r\n")),
    "chunked, cut": Case(CHUNKED[:-4], closes=True),
    "Chunked": Case(answer(b"Transfer-Encoding: Chunked", body=b"0\r\n\r\n")),
    "coding unknown": Case(answer(b"Transfer-Encoding: gzip", body=b"x"), closes=True),
    "length and coding": Case(sized(b"0\r\n\r\n", b"Transfer-Encoding: chunked")),
    "length and identity": Case(sized(b"hello", b"Transfer-Encoding: identity")),
    "length and no coding": Case(sized(b"hello", b"Transfer-Encoding: ")),
    "gzip": Case(sized(ZIPPED, b"Content-Encoding: gzip")),
    "gzip, limit": Case(sized(ZIPPED, b"Content-Encoding: gzip"), limit=4),
    "gzip, cut inside": Case(sized(ZIPPED[:-3], b"Content-Encoding: gzip")),
    "content coding unknown": Case(sized(b"hello", b"Content-Encoding: x")),
    "content coding identity": Case(sized(b"hello", b"Content-Encoding: identity")),
    "204": Case(answer(status=b"HTTP/1.1 204 No Content")),
    "204 of length 0": Case(sized(b"", status=b"HTTP/1.1 204 No Content")),
    "204 with a body": Case(sized(b"hello", status=b"HTTP/1.1 204 No Content")),
    "304": Case(answer(b"Content-Length: 5", status=b"HTTP/1.1 304 Not Modified")),
    "304 of length 0": Case(sized(b"", status=b"HTTP/1.1 304 Not Modified")),
    "301": Case(sized(b"moved", b"Location: /b", status=b"HTTP/1.1 301 Moved")),
    "300": Case(sized(b"many", status=b"HTTP/1.1 300 Many")),
    "100 in front": Case(answer(status=b"HTTP/1.1 100 Continue") + FINE),
    "103 in front": Case(answer(b"Link: </a>", status=b"HTTP/1.1 103 Early Hints") + FINE),
    "16 interim": Case(answer(status=b"HTTP/1.1 102 P") * 16 + FINE),
    "17 interim": Case(answer(status=b"HTTP/1.1 102 P") * 17 + FINE),
    "interim with a length": Case(sized(b"", status=b"HTTP/1.1 102 P") + FINE),
    "interim and no more": Case(answer(status=b"HTTP/1.1 100 Continue"), closes=True),
    "101": Case(answer(b"Upgrade: x", status=b"HTTP/1.1 101 Switching Protocols")),
    "101 with a length": Case(sized(b"hello", status=b"HTTP/1.1 101 Switching Protocols")),
    "HEAD": Case(answer(b"Content-Length: 5"), method="HEAD"),
    "HEAD of length 0": Case(sized(b""), method="HEAD"),
    "HEAD with a body": Case(sized(b"hello"), method="HEAD"),
    "HEAD to the end": Case(answer(), method="HEAD"),
    "DELETE": Case(sized(b"gone"), method="DELETE"),
    "POST": Case(sized(b"made", status=b"HTTP/1.1 201 Created"), method="POST", body=b"{}"),
    "POST, nothing said": Case(b"", closes=True, method="POST", body=b"{}"),
    "nothing said": Case(b"", closes=True),
    "cookies": Case(sized(b"x", b"Set-Cookie: a=1", b"X: y", b"set-cookie: b=2", b"SET-COOKIE: a=1")),
    "a cookie": Case(sized(b"x", b"Set-Cookie: a=1; Path=/")),
    "a line twice": Case(sized(b"x", b"Vary: a", b"Vary: a")),
    "a name thrice": Case(sized(b"x", b"Vary: a", b"vary: ", b"Accept: b", b"VARY:  c ")),
    "length twice": Case(sized(b"hello", b"Content-Length: 5")),
    "length twice, other spelling": Case(sized(b"hello", b"content-length: 5")),
    "two lengths": Case(sized(b"hello", b"Content-Length: 6")),
    "two lengths, the last fits": Case(answer(b"Content-Length: 3", b"Content-Length: 5", body=b"hello")),
    "length as a list": Case(answer(b"Content-Length: 5, 5", body=b"hello")),
    "lengths as a list": Case(answer(b"Content-Length: 5, 6", body=b"hello")),
    "length 005": Case(answer(b"Content-Length: 005", body=b"hello")),
    "length +5": Case(answer(b"Content-Length: +5", body=b"hello")),
    "length -0": Case(answer(b"Content-Length: -0")),
    "length 5_": Case(answer(b"Content-Length: 0_5", body=b"hello")),
    "length 0x5": Case(answer(b"Content-Length: 0x5", body=b"hello")),
    "length of other digits": Case(answer(b"Content-Length: \xb2", body=b"he")),
    "length of 21 digits": Case(answer(b"Content-Length: " + b"0" * 20 + b"5", body=b"hello")),
    "length of blanks": Case(answer(b"Content-Length:    5   ", body=b"hello")),
    "length without a blank": Case(answer(b"Content-Length:5", body=b"hello")),
    "length with a TAB": Case(answer(b"Content-Length:\t5\t", body=b"hello")),
    "length of nothing": Case(answer(b"Content-Length: ", body=b"hello")),
    "length in upper case": Case(answer(b"CONTENT-LENGTH: 5", body=b"hello")),
    "length too short": Case(answer(b"Content-Length: 4", body=b"hello")),
    "length 0 and a body": Case(answer(b"Content-Length: 0", body=b"hello")),
    "a second answer behind": Case(sized(b"hello") + FINE),
    "blank lines behind": Case(sized(b"hello") + b"\r\n\r\n"),
    "length too long, cut": Case(answer(b"Content-Length: 6", body=b"hello"), closes=True),
    "huge length, cut": Case(answer(b"Content-Length: 99999999999999999999", body=b"hello"), closes=True),
    "blank line in the body": Case(sized(b"a\r\n\r\nb\r\n\r\n")),
    "body that is a head": Case(sized(FINE)),
    "bare LF": Case(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    "one bare LF": Case(b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 5\r\n\r\nhello"),
    "bare LF behind the status": Case(b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello"),
    "LF LF before CR LF CR LF": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 4\n\nB: \r\n\r\n"),
    "LF CR LF before CR LF CR LF": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 8\n\r\nB: c\r\n\r\n"),
    "LF LF at once": Case(b"HTTP/1.1 204 OK\n\nContent-Length: 5\r\n\r\nhello"),
    "two heads in one": Case(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nContent-Length: 5\r\n\r\nhello", closes=True),
    "blank line in front": Case(b"\r\n" + FINE),
    "LF in front": Case(b"\n" + FINE),
    "bare CR": Case(sized(b"hello", b"A: b\rc")),
    "bare CR that hides a length": Case(answer(b"A: b\rContent-Length: 5", body=b"hello"), closes=True),
    "CR CR LF": Case(sized(b"hello", b"A: b\r")),
    "NUL": Case(sized(b"hello", b"A: b\0c")),
    "NUL in a name": Case(sized(b"hello", b"A\0: b")),
    "DEL": Case(sized(b"hello", b"A: \x7f")),
    "TAB in a value": Case(sized(b"hello", b"A: b\tc")),
    "VT and FF": Case(sized(b"hello", b"A: b\x0b", b"B: \x0c")),
    "C1": Case(sized(b"hello", b"A: b\x85c")),
    "C1 as UTF-8": Case(sized(b"hello", b"A: b\xc2\x85c")),
    "UTF-8": Case(sized(b"hello", b"A: \xe2\x80\xa6 \xc3\x85")),
    "Latin-1": Case(sized(b"hello", b"A: caf\xe9")),
    "NBSP at the ends": Case(sized(b"hello", b"A: \xa0b\xa0")),
    "soft hyphen": Case(sized(b"hello", b"A: b\xadc")),
    "name beyond ASCII": Case(sized(b"hello", b"\xc3\x84: b")),
    "folded": Case(sized(b"hello", b"A: b", b" c")),
    "folded by TAB": Case(sized(b"hello", b"A: b", b"\tc: d")),
    "folded first": Case(sized(b"hello", b" A: b")),
    "no colon": Case(sized(b"hello", b"A")),
    "no name": Case(sized(b"hello", b": b")),
    "blank before the colon": Case(sized(b"hello", b"A : b")),
    "no blank behind the colon": Case(sized(b"hello", b"A:b")),
    "no blank, and a later one": Case(sized(b"hello", b"A:b: c")),
    "colons": Case(sized(b"hello", b"A: : b: c")),
    "name of separators": Case(sized(b"hello", b"A(B): c")),
    "name of a special attribute": Case(sized(b"hello", b"__proto__: x", b"constructor: y")),
    "long line": Case(sized(b"hello", b"A: " + b"b" * 500)),
    "long name": Case(sized(b"hello", b"A" * 200 + b": b")),
    "long head": Case(sized(b"hello", b"A: " + b"b" * 5000)),
    "head of 2048 bytes": Case(sized(b"hello", b"A: " + b"b" * (2048 - 41))),
    "head of 2049 bytes": Case(sized(b"hello", b"A: " + b"b" * (2049 - 41))),
    "line that is too long": Case(sized(b"hello", b"A: " + b"b" * 65536)),
    "status line that is too long": Case(sized(b"hello", status=b"HTTP/1.1 200 " + b"o" * 8192)),
    "head that is too long": Case(sized(b"hello", *[b"A: " + b"b" * 60000] * 5)),
    "999 lines": Case(sized(b"hello", *MANY[:999])),
    "1001 lines": Case(sized(b"hello", *MANY[:1000])),
    "endless head": Case(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50000),
    "cut in the head": Case(b"HTTP/1.1 200 OK\r\nContent-Le", closes=True),
    "cut in the status line": Case(b"HTTP/1.1 20", closes=True),
    "cut in the blank line": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r", closes=True),
    "one byte": Case(b"H", closes=True),
    "limit, exact": Case(sized(b"hello"), limit=5),
    "limit, passed": Case(sized(b"hello"), limit=4),
    "limit of nothing": Case(sized(b""), limit=0),
    "limit of nothing, passed": Case(sized(b"x"), limit=0),
    "limit, passed by a 404": Case(sized(b"hello", status=b"HTTP/1.1 404 No"), limit=1),
    "limit, passed without a length": Case(answer(body=b"hello"), closes=True, limit=4),
    "more than one receive takes": Case(sized(b"x" * 200_000)),
    "more than one receive takes, limit": Case(sized(b"x" * 200_000), limit=199_999),
}


class Saying:
    """A server that answers ``/case`` as the case has it, and all else well. ``paths``: what was asked, and where."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.server = Server(self.script)

    def script(self, conn: Peer) -> None:
        while True:
            request = conn.read_request(patient=True)
            if request is None:
                return
            if request.path != "/case":
                conn.respond(body=request.path)
                continue
            conn.send(self.case.said)
            if self.case.closes:
                return


def story(saying: Saying, way: Any, is_kept: bool) -> List[Any]:
    """All that can be seen of two requests, one after the other, each with another one behind it."""
    case, server = saying.case, saying.server
    seen: List[Any] = []
    first, before = server.connections, len(server.requests)
    forget()
    with Via() as via:
        for turn in range(2):
            if is_kept:
                assert fetch(via, server.url("/warm")) == b"/warm"
            else:
                via.pool.close_idle()
            seen.append(outcome(way, via, server.url("/case"), case.method, case.body, case.limit))
            assert_at_rest(via.pool)
            seen.append(via.pool.idle_connections)
            seen.append(fetch(via, server.url("/next")))
    seen += [(request.raw, request.peer.index - first) for request in server.requests[before:]]
    return seen


@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("name", CASES)
def test_it_is_as_an_exchange(name: str, is_kept: bool) -> None:
    saying = Saying(CASES[name])
    with saying.server:
        exchanged, tripped = [story(saying, way, is_kept) for way in BOTH]
    assert tripped == exchanged


@pytest.mark.parametrize("name", ["plain", "404", "500", "empty", "close", "keep-alive", "cookies", "POST", "limit, exact"])
def test_small_and_plain_answers_come_at_once(name: str) -> None:
    """Once their status line was met before; else all that is compared here would be two exchanges."""
    saying, kinds = Saying(CASES[name]), []
    case = saying.case
    forget()
    with saying.server as server, Via() as via:
        for _ in range(2):
            found = trip(via, server.url("/case"), case.method, body=case.body, limit=case.limit)
            kinds.append(type(found))
            if not isinstance(found, tuple):
                read(found)
    assert kinds[1] is tuple


#: What makes a server's answer, sound or not, in any order.
PARTS = st.sampled_from([
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 404 Not Found\r\n", b"HTTP/1.1 100 Continue\r\n", b"HTTP/1.1 204 None\r\n",
    b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 302 Found\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
    b"content-length: 5\r\n", b"Content-Length:5\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n",
    b"Set-Cookie: a=b\r\n", b"A: b\r\n", b"A: \r\n", b"A: b\n", b"A: b\r", b" c\r\n", b"Transfer-Encoding: chunked\r\n",
    b"\r\n", b"\n", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"\0", b"\xe9", b"Content-Encoding: gzip\r\n",
])  # fmt: skip
SOUND = st.sampled_from([sized(b"hello"), sized(b"", b"A: b"), sized(b"hello", b"Connection: close"), CHUNKED])
ANSWERS = st.one_of(
    st.builds(lambda parts: b"HTTP/1.1 200 OK\r\n" + b"".join(parts), st.lists(PARTS, max_size=8)),
    st.builds(
        lambda lines, rest: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + b"".join(lines) + b"\r\nhello" + rest,
        st.lists(PARTS, max_size=4),
        st.sampled_from([b"", b"", b"", b"x", b"\r\n"]),
    ),
    st.lists(PARTS, max_size=8).map(b"".join),
    st.lists(SOUND, min_size=1, max_size=3).map(b"".join),
    st.binary(max_size=40),
)


def in_pieces(data: bytes, cuts: List[int]) -> List[bytes]:
    edges = sorted({0, len(data), *[cut % (len(data) + 1) for cut in cuts]})
    return [data[start:end] for start, end in zip(edges, edges[1:])]


class Scripted:
    """In the place of ``connect``: connections that answer so, in the order in which they are made, then well."""

    def __init__(self, *conversations: List[bytes]) -> None:
        self.conversations = conversations
        self.begin()

    def begin(self) -> None:
        self.waiting = [list(answers) for answers in self.conversations]
        self.made: List[FakeStream] = []

    def __call__(self, host: str, port: int, scope: Scope, *_: Any) -> FakeStream:
        self.made.append(FakeStream(scope, self.waiting.pop(0) if self.waiting else [FINE] * 9))
        return self.made[-1]


def assert_at_rest(pool: Pool) -> None:
    """No slot is taken. An origin may be known without a connection, until the pool sweeps."""
    assert_all_at_rest(pool, True)


def assert_sound(pool: Pool) -> None:
    """No connection that is idle is closed, or listed twice."""
    idle = [connection for origin in pool._origins.values() for connection in origin.idle]
    assert len(set(map(id, idle))) == len(idle)
    for connection in idle:
        assert connection.sock is not None and not connection.sock.closed and connection.reclaim()


@given(ANSWERS, st.lists(st.integers(0, 200), max_size=4), st.sampled_from([-1, -1, 0, 4, 5]), st.booleans())
@settings(max_examples=300)
def test_any_bytes_in_any_pieces(data: bytes, cuts: List[int], limit: int, is_kept: bool) -> None:
    seen: List[Any] = []
    original = connect.connect
    for way in BOTH:
        script = Scripted([FINE] * is_kept + in_pieces(data, cuts))
        via: Any = Shared(Pool())
        connect.connect = script  # type: ignore[assignment]
        try:
            if is_kept:
                fetch(via, "http://a.test/")
            found = [outcome(way, via, "http://a.test/case", "GET", None, limit)]
            assert_at_rest(via.pool)
            assert_sound(via.pool)
            found += [via.pool.idle_connections, outcome(way, via, "http://a.test/next", "GET", None, -1)]
        finally:
            connect.connect = original
        found += [(stream.sent, stream.closed > 0, stream.answers) for stream in script.made]
        via.pool.close()
        assert not FakeStream.alive and not FakeStream.forgotten
        seen.append(found)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("said", [sized(b"hello", b"A: b"), CHUNKED, FINE[:-2] + b"hi"])
def test_in_two_pieces(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is sent when the first was received."""
    received, original = threading.Event(), Stream.receive_within

    def receive(self: Stream, left: Optional[float], limit: int = 65536) -> bytes:
        data = original(self, left, limit)
        received.set()
        return data

    def script(conn: Peer) -> None:
        for at in range(1, len(said)):
            conn.read_request()
            received.clear()
            conn.send(said[:at])
            conn.wait(received)
            conn.send(said[at:])
        conn.hold()

    monkeypatch.setattr(Stream, "receive_within", receive)
    with Server(script) as server, Via() as via:
        outcomes = [outcome(by_round_trip, via, server.url(), "GET", None, -1) for _ in range(1, len(said))]
        assert server.connections == 1
    assert outcomes[0][1] == 200 and outcomes == outcomes[:1] * len(outcomes)


def test_over_TLS() -> None:
    with Server.handler(lambda request: Reply(request.path), tls=True) as server:
        with Via(tls=TLSOptions(ca=CA)) as via, Via() as other:
            for number in range(3):
                found = outcome(by_round_trip, via, server.url("/%d" % number), "GET", None, -1)
                assert found[-1] == b"/%d" % number
            assert server.connections == 1
            refusals = [outcome(way, other, server.url(), "GET", None, -1) for way in BOTH]
            assert refusals[0] == refusals[1] and refusals[0][2].startswith("UNABLE_TO_")


def test_nobody_listens() -> None:
    with closed_port() as port, Via() as via:
        seen = [outcome(way, via, "http://127.0.0.1:%d/" % port, "GET", None, -1) for way in BOTH]
        assert seen[0] == seen[1] and seen[0][2] == "ECONNREFUSED"
        assert_at_rest(via.pool)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method, body", [("GET", None), ("POST", b"{}"), ("POST", None), ("DELETE", None), ("HEAD", None)])
def test_redirects_are_followed(method: str, body: Optional[bytes], status: int) -> None:
    table = {"/a": Reply.redirect("/b", status), "/b": Reply.redirect("/c", status), "/c": Reply(b"there")}
    seen = []
    with Server.routes(table) as server, Via() as via:
        headers = [("X-Kept", "yes"), ("Content-Type", "a/b")]
        for is_trip in (False, True):
            before = len(server.requests)
            policy = policy_of(via)
            if is_trip:
                errand = Errand(method, parse_url(server.url("/a")), headers, via, body is not None)
                response = run(errand, via, body or b"", policy.scope, -1, policy)
            else:
                response = exchange(Request(method, parse_url(server.url("/a")), headers, body), policy)
            raw = [request.raw for request in server.requests[before:]]
            hops = response.history, policy.history, str(response.request.url), response.request.headers
            seen.append((read(response), hops, raw))
        assert server.connections == 1
    assert seen[0] == seen[1] and len(seen[0][2]) == 3


# -- what is sent ------------------------------------------------------------------------------------

METHODS = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "QUERY", "PURGE"]
HEADER_SETS: List[List[Tuple[str, str]]] = [
    [],
    [("Accept", "application/json, */*"), ("User-Agent", "x/1")],
    [("X-A", "1"), ("x-a", "2"), ("Content-Type", "application/json"), ("Cookie", "a=b; c=d")],
    [("X-Latin", "caf\xe9"), ("Empty", ""), ("X-Tab", "a\tb")],
]


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("headers", HEADER_SETS)
def test_the_same_bytes_are_sent(headers: List[Tuple[str, str]], keep_alive: bool) -> None:
    with Server.handler(lambda request: Reply(b"x")) as server, Via(keep_alive=keep_alive) as via:
        for method in METHODS:
            for body in (None, b"", b"{}", b"x" * SMALL_BODY):
                url, before = parse_url(server.url("/p?q=%20#f")), len(server.requests)
                request = Request(method, url, list(headers), body)
                read(exchange(request, policy_of(via)))
                errand = Errand(method, url, list(headers), via, body is not None)
                found = run(errand, via, body or b"", Scope(20.0), -1)
                if not isinstance(found, tuple):
                    read(found)
                exchanged, tripped = server.requests[before:]
                assert tripped.raw == exchanged.raw == errand.rendered(body or b"")
                described = errand.request(body or b"")
                for name in ("method", "url", "headers", "body"):
                    assert getattr(described, name) == getattr(request, name)
                assert errand.headers(len(body or b"")) == request.headers
        assert (server.connections == 1) is keep_alive
        assert via.pool.idle_connections == int(keep_alive)


def test_an_errand_serves_again_and_again() -> None:
    with Server.handler(lambda request: Reply(request.body)) as server, Via() as via:
        errand = Errand("POST", parse_url(server.url()), [("X", "y")], via, True)
        for size in (0, 1, 10, 9, 1000):
            found = run(errand, via, b"z" * size, Scope(20.0), -1)
            assert (found[2] if isinstance(found, tuple) else read(found)[-1]) == b"z" * size
            errand.headers(size).clear()
        assert [request.header("content-length") for request in server.requests] == ["0", "1", "10", "9", "1000"]


@pytest.mark.parametrize("name", ["Host", "connection", "Content-Length", "transfer-encoding", "Expect", "Proxy-Authorization"])
def test_headers_that_take_an_exchange(name: str) -> None:
    with Via() as via, pytest.raises(ValueError):
        Errand("GET", parse_url("http://a.test/"), [("A", "b"), (name, "5")], via, False)
    with Via() as via, pytest.raises(ValueError):
        Errand("CONNECT", parse_url("http://a.test/"), [], via, False)


@pytest.mark.parametrize(
    "method, headers",
    [
        ("GE T", []),
        ("GET\r\n", []),
        ("", []),
        ("GET", [("X", "a\r\nb")]),
        ("GET", [("X", "\0")]),
        ("GET", [("X Y", "a")]),
        ("GET", [("", "a")]),
        ("GET", [("X", "\u20ac")]),
    ],
)
def test_INJ_what_can_not_be_sent(method: str, headers: Any) -> None:
    with Via() as via:
        with pytest.raises(InvalidRequest) as caught:
            Errand(method, parse_url("http://a.test/"), headers, via, False)
        with pytest.raises(InvalidRequest) as expected:
            ask(via, "http://a.test/", method, headers)
        assert (str(caught.value), caught.value.what) == (str(expected.value), expected.value.what)


def test_an_errand_does_not_keep_its_agent() -> None:
    via = Via()
    errand = Errand("GET", parse_url("http://a.test/"), [], via, False)
    gone, pool_gone = weakref.ref(via), weakref.ref(via.pool)
    del via
    gc.collect()
    assert gone() is None and pool_gone() is None and errand.method == "GET"


# -- what it is not for ------------------------------------------------------------------------------


def test_not_for_large_bodies_and_counted_connections() -> None:
    with Server.silent() as server:
        with Via() as via, Via(max_sockets=1) as counted:
            assert trip(via, server.url(), "POST", body=b"x" * (SMALL_BODY + 1)) is None
            assert trip(counted, server.url()) is None
            for each in (via, counted):
                assert each.pool._origins == {}
        assert server.connections == 0


@pytest.mark.parametrize("code", ["EMFILE", "ENFILE"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_descriptors_nothing_is_sent(method: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = connect.connect, []

    def dial(*args: Any) -> Any:
        calls.append(code)
        raise NetworkError(code, "connect " + code)

    with Server.handler(lambda request: Reply(request.path)) as server, Via() as via:
        with monkeypatch.context() as patch:
            patch.setattr(connect, "connect", dial)
            with pytest.raises(NetworkError) as caught:
                trip(via, server.url("/no"), method)
            assert caught.value.code == code
        assert connect.connect is original and calls == [code]
        assert_at_rest(via.pool)
        assert server.connections == 0
        assert outcome(by_round_trip, via, server.url("/yes"), method, None, -1)[-1] == b"/yes"


@needs_fork
def test_real_lack_of_descriptors() -> None:
    import resource

    with Server.handler(lambda request: Reply(b"x")) as one, Server.handler(lambda request: Reply(b"y")) as two:

        def child() -> None:
            via = Via()
            assert outcome(by_round_trip, via, one.url(), "GET", None, -1)[-1] == b"x"
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            with pytest.raises(OSError):
                while True:
                    os.dup(0)
            # Those of idle connections are freed, and what goes on from there does the rest.
            assert trip(via, two.url()) is None
            assert via.pool.idle_connections == 0
            assert fetch(via, two.url()) == b"y"
            assert outcome(by_round_trip, via, two.url(), "GET", None, -1)[-1] == b"y"
            via.pool.close()

        in_child(child)


class NoDescriptor:
    """A finder of modules that can't read any."""

    @staticmethod
    def find_spec(*_: Any) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("finders, code", [([NoDescriptor], "EMFILE"), ([], "ERR_NETWORK")])
@pytest.mark.filterwarnings("ignore:sys.meta_path is empty:ImportWarning")
def test_where_the_long_way_can_not_be_loaded(finders: Any, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server.handler(lambda request: Reply(b"x", framing="chunked")) as server, Via() as via:
        with monkeypatch.context() as patch:
            patch.delitem(sys.modules, "miniaxios.wire.exchange")
            patch.delattr(miniaxios.wire, "exchange")
            patch.setattr(sys.modules["miniaxios.wire.round_trip"], "_room", None)
            patch.setattr(sys, "meta_path", finders)
            with pytest.raises(NetworkError, match="load ") as caught:
                trip(via, server.url())
        assert caught.value.code == code and len(server.requests) == 1
        assert_given_up(via, server)
        assert read(trip(via, server.url()))[-1] == b"x"


# -- the silent resend -------------------------------------------------------------------------------

DEATHS: Dict[str, Any] = {
    "closed": Peer.close,
    "reset": Peer.reset,
    "half-closed": lambda conn: conn.shutdown_write() or False,
}


@pytest.mark.parametrize("death", sorted(DEATHS))
@pytest.mark.parametrize("method, body", [("GET", None), ("HEAD", None), ("DELETE", None), ("PUT", b"x"), ("QUERY", b"{}")])
def test_resent_once(method: str, body: Any, death: str) -> None:
    with Server.replies([Reply(b"1"), DEATHS[death], Reply(b"3"), Reply(b"4")]) as server, Via() as via:
        fetch(via, server.url())
        found = outcome(by_round_trip, via, server.url("/again"), method, body, -1)
        assert found[-1] == (b"" if method == "HEAD" else b"3")
        requests = server.requests
        assert [request.path for request in requests] == ["/", "/again", "/again"]
        assert requests[1].raw == requests[2].raw
        assert outcome(by_round_trip, via, server.url(), "GET", None, -1)[-1] == b"4"
        assert [request.peer.index for request in server.requests] == [0, 0, 1, 1]


@pytest.mark.parametrize("death", sorted(DEATHS))
@pytest.mark.parametrize("method, body", [("POST", b"{}"), ("POST", None), ("PATCH", b"{}"), ("PURGE", None)])
def test_never_resent(method: str, body: Any, death: str) -> None:
    with Server.replies([Reply(b"1"), DEATHS[death], Reply(b"3")]) as server, Via() as via:
        fetch(via, server.url())
        with pytest.raises(HungUp) as caught:
            trip(via, server.url(), method, body=body)
        assert caught.value.code == "ECONNRESET" and len(server.requests) == 2
        assert_at_rest(via.pool)
        assert via.pool.idle_connections == 0
        assert outcome(by_round_trip, via, server.url(), "GET", None, -1)[-1] == b"3"


@pytest.mark.parametrize("death", sorted(DEATHS))
def test_a_new_connection_that_dies_is_not_replaced(death: str) -> None:
    with Server.replies([DEATHS[death], Reply(b"2")]) as server, Via() as via:
        with pytest.raises(HungUp):
            trip(via, server.url())
        assert len(server.requests) == 1
        assert_at_rest(via.pool)


@pytest.mark.parametrize("death", sorted(DEATHS))
def test_never_sent_a_third_time(death: str) -> None:
    """Not even where there are more idle connections, of which each would die."""
    die = DEATHS[death]
    both = threading.Barrier(2)

    def first(conn: Peer) -> None:
        both.wait(10)
        conn.respond(body=b"1")

    with Server.replies([first, first, die, die, Reply(b"5")]) as server, Via() as via:
        errands = [in_thread(fetch, via, server.url()) for _ in range(2)]
        assert [errand.result() for errand in errands] == [b"1", b"1"]
        assert via.pool.idle_connections == 2
        with pytest.raises(HungUp):
            trip(via, server.url())
        assert len(server.requests) == 4 and server.connections == 3
        assert via.pool.idle_connections == 1


@pytest.mark.parametrize("said", [b"H", FINE[:-1], FINE[:20]])
@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
def test_not_resent_once_a_byte_of_the_answer_came(said: bytes, end: Any) -> None:
    with Server.replies([Reply(b"1"), lambda conn: conn.send(said) or end(conn), Reply(b"3")]) as server:
        with Via() as via:
            fetch(via, server.url())
            with pytest.raises((Truncated, NetworkError)) as caught:
                read(trip(via, server.url()))
            assert not isinstance(caught.value, HungUp) or end is Peer.reset
            assert len(server.requests) == 2 or end is Peer.reset
            assert_at_rest(via.pool)


@pytest.mark.parametrize("code", ["ETIMEDOUT", "EPROTO", "EHOSTUNREACH"])
def test_not_resent_after_other_failures(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(limit: int = 0) -> bytes:
        raise NetworkError(code, "read " + code)

    script = Scripted([FINE])
    monkeypatch.setattr(connect, "connect", script)
    with Via() as via:
        fetch(via, "http://a.test/")
        script.made[0].receive = fail  # type: ignore[method-assign]
        with pytest.raises(NetworkError) as caught:
            trip(via, "http://a.test/")
        assert caught.value.code == code and not isinstance(caught.value, HungUp)
        assert len(script.made) == 1 and not FakeStream.alive
        assert_at_rest(via.pool)


@pytest.mark.parametrize("way", ["closed", "reset", "unasked", "unasked answer"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stale_connections_are_not_used(method: str, way: str) -> None:
    """Whatever became of them while they were idle, the request goes out once, on another."""

    def spoil(conn: Peer) -> Any:
        conn.respond(body=b"first")
        conn.wait(idle)
        if way == "unasked":
            conn.send(b"\0")
        elif way == "unasked answer":
            conn.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif way == "reset":
            conn.reset()
        else:
            conn.close()
        return None if way in ("closed", "reset") else conn.hold()

    idle = threading.Event()
    with Server.replies([spoil, Reply(b"second"), Reply(b"third")]) as server, Via() as via:
        assert outcome(by_round_trip, via, server.url(), "GET", None, -1)[-1] == b"first"
        (connection,) = via.pool._origins[next(iter(via.pool._origins))].idle
        idle.set()
        while not connection.is_stale():
            pass
        for expected in (b"second", b"third"):
            assert outcome(by_round_trip, via, server.url(), method, None, -1)[-1] == expected
        assert connection.sock is None
        assert [request.peer.index for request in server.requests] == [0, 1, 1]
        assert via.pool.idle_connections == 1


def test_all_stale_ones_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted()
    monkeypatch.setattr(connect, "connect", script)
    with Via() as via:
        responses = [ask(via, "http://a.test/") for _ in range(4)]
        for response in responses:
            read(response)
        for stream in script.made[1:]:
            stream.stale = True
        assert isinstance(trip(via, "http://a.test/"), tuple)
        assert [stream.closed > 0 for stream in script.made] == [False, True, True, True]
        script.made[0].stale = True
        assert isinstance(trip(via, "http://a.test/"), tuple)
        assert len(script.made) == 5 and via.pool.idle_connections == 1
        assert_at_rest(via.pool)


def test_an_early_answer_to_a_request_that_could_not_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts more than the broken pipe, and the connection is not used again."""

    def fail(self: FakeStream, data: bytes) -> None:
        raise NetworkError("EPIPE", "write EPIPE")

    seen = []
    for way in BOTH:
        script = Scripted([FINE, sized(b"too slow", status=b"HTTP/1.1 408 Timeout")])
        with monkeypatch.context() as patch, Via() as via:
            patch.setattr(connect, "connect", script)
            fetch(via, "http://a.test/")
            with patch.context() as broken:
                broken.setattr(FakeStream, "sendall", fail)
                seen.append(outcome(way, via, "http://a.test/", "GET", None, -1))
            assert via.pool.idle_connections == 0 and not FakeStream.alive
    assert seen[0] == seen[1] and seen[0][1] == 408


# -- deadline and stop -------------------------------------------------------------------------------


def assert_given_up(via: Via, server: Server) -> None:
    """Nothing is kept of the request, and the next one goes its own way."""
    assert_at_rest(via.pool)
    assert via.pool.idle_connections == 0
    assert server.wait_gone()


HEAD_OF_FIVE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

SLOW: Dict[str, Callable[[Peer], Any]] = {
    "silent": Peer.hold,
    "dripping head": lambda conn: conn.drip(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 10_000, 0.005),
    "dripping interim": lambda conn: conn.drip(answer(status=b"HTTP/1.1 102 P") * 1000, 0.005),
    "half a head": lambda conn: conn.send(HEAD_OF_FIVE[:30]) or conn.hold(),
    "a head": lambda conn: conn.send(HEAD_OF_FIVE) or conn.hold(),
    "half a body": lambda conn: conn.send(HEAD_OF_FIVE + b"he") or conn.hold(),
    "dripping body": lambda conn: conn.drip(answer(b"Content-Length: 10000", body=b"x" * 10_000), 0.005, 40),
    "dripping chunks": lambda conn: conn.drip(
        [answer(b"Transfer-Encoding: chunked")] + [b"1\r\nx\r\n"] * 10_000, 0.005
    ),
}


def slow_server(slow: str) -> Server:
    """Slow where the path is ``/slow``."""
    return Server.handler(lambda request: (SLOW[slow] if request.path == "/slow" else Reply(request.path)))


@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("slow", SLOW)
def test_the_deadline_passes(slow: str, is_kept: bool) -> None:
    with slow_server(slow) as server, Via() as via:
        if is_kept:
            fetch(via, server.url("/warm"))
        with pytest.raises(DeadlineExceeded):
            read(trip(via, server.url("/slow"), scope=Scope(0.06)))
        assert [request.path for request in server.requests].count("/slow") <= 1
        assert_given_up(via, server)
        assert outcome(by_round_trip, via, server.url("/on"), "GET", None, -1)[-1] == b"/on"


@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("slow", ["silent", "half a head", "half a body"])
def test_stopped_from_another_thread(slow: str, is_kept: bool) -> None:
    with slow_server(slow) as server, Via() as via:
        if is_kept:
            fetch(via, server.url("/warm"))
        scope = Scope(None, stoppable=True)
        errand = in_thread(lambda: read(trip(via, server.url("/slow"), scope=scope)))
        server.wait_requests(2 if is_kept else 1)
        scope.stop("enough")
        with pytest.raises(Stopped) as caught:
            errand.result()
        assert caught.value.reason == "enough"
        assert [request.path for request in server.requests].count("/slow") == 1
        assert_given_up(via, server)
        assert outcome(by_round_trip, via, server.url("/on"), "GET", None, -1)[-1] == b"/on"


@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("kind", ["stopped", "late"])
def test_too_late_before_it_begins(kind: str, is_kept: bool) -> None:
    seen = []
    for way in (ask, trip):
        with slow_server("silent") as server, Via() as via:
            if is_kept:
                fetch(via, server.url("/warm"))
            scope = Scope(None if kind == "stopped" else 0.0, stoppable=True)
            if kind == "stopped":
                scope.stop("before")
            with pytest.raises((Stopped, DeadlineExceeded)) as caught:
                way(via, server.url("/slow"), scope=scope)
            seen.append((type(caught.value), str(caught.value), [request.path for request in server.requests]))
            assert_given_up(via, server)
    assert seen[0] == seen[1]


class StoppedAtLast(Scope):
    """Its stop-button is pressed when the answer is there already."""

    def detach(self) -> bool:
        self.stop("late")
        return super().detach()


def test_stopped_when_the_answer_is_there() -> None:
    """The answer counts; the socket was shut down, and is not used again."""
    seen = []
    for way in ("exchange", "trip"):
        with Server.handler(lambda request: Reply(b"x")) as server, Via() as via:
            fetch(via, server.url())
            scope = StoppedAtLast(20.0, stoppable=True)
            if way == "trip":
                seen.append(trip(via, server.url(), scope=scope)[2])
            else:
                seen.append(read(ask(via, server.url(), scope=scope))[-1])
            assert_given_up(via, server)
            assert outcome(by_round_trip, via, server.url(), "GET", None, -1)[-1] == b"x"
            assert server.connections == 2
    assert seen == [b"x", b"x"]


def test_a_scope_that_serves_many_at_once() -> None:
    """One without a deadline and a stop-button has no state."""
    scope = Scope()
    with Server.handler(lambda request: Reply(request.path)) as server, Via() as via:
        errand = Errand("GET", parse_url(server.url("/x")), [], via, False)

        def work() -> None:
            for _ in range(20):
                found = run(errand, via, b"", scope, -1)
                assert (found[2] if isinstance(found, tuple) else read(found)[-1]) == b"/x"

        errands = [in_thread(work) for _ in range(5)]
        for each in errands:
            each.result()
        assert server.connections <= 5 and via.pool.idle_connections == server.connections
        assert_at_rest(via.pool)
        assert_sound_sockets(via.pool)


def assert_sound_sockets(pool: Pool) -> None:
    idle = [connection for origin in pool._origins.values() for connection in origin.idle]
    numbers = [connection.sock.fileno() for connection in idle]
    assert len(set(numbers)) == len(numbers) and all(number >= 0 for number in numbers)


@pytest.mark.parametrize("said", [FINE, answer(b"Transfer-Encoding: chunked", body=b"2\r\nhi\r\n0\r\n\r\n")])
def test_the_agent_is_closed_meanwhile(said: bytes) -> None:
    """What comes back afterwards is of another time, and is closed."""
    asked, closed = threading.Event(), threading.Event()

    def script(conn: Peer) -> None:
        conn.read_request()
        asked.set()
        conn.wait(closed)
        conn.send(said)
        conn.hold()

    messages.parse_response_head(FINE[:-2])  # so that its status line is known
    with Server(script) as server, Via() as via:
        errand = in_thread(by_round_trip, via, server.url(), "GET", None, -1)
        assert asked.wait(5)
        via.pool.close()
        closed.set()
        assert errand.result()[-1] == b"hi"
        assert via.pool.idle_connections == 0 and server.wait_gone()
        assert_at_rest(via.pool)


def test_stress_every_answer_belongs_to_its_request() -> None:
    """Beside exchanges that use the same pool, and answers that end their connection."""

    def reply(request: Any) -> Reply:
        path = request.path
        return Reply(path, close=path.endswith("7"), framing="chunked" if path.endswith("3") else "length")

    start = threading.Barrier(20)
    with Server.handler(reply) as server, Via(max_free_sockets=10) as via:

        def work(number: int) -> None:
            start.wait(10)
            for turn in range(10):
                path = "/%d/%d" % (number, turn * 7 + number)
                if turn % 4 == 3:
                    assert fetch(via, server.url(path)) == path.encode()
                elif turn == 5 and number % 5 == 0:
                    found = trip(via, server.url(path))
                    if not isinstance(found, tuple):
                        found.close()
                else:
                    found = outcome(by_round_trip, via, server.url(path), "GET", None, -1)
                    assert found[-1] == path.encode()

        errands = [in_thread(work, number) for number in range(20)]
        for errand in errands:
            errand.result()
        assert_at_rest(via.pool)
        assert via.pool.idle_connections <= 10
        assert_sound_sockets(via.pool)


def test_a_response_that_is_forgotten_gives_its_lease_back() -> None:
    with slow_server("half a body") as server, Via() as via:
        response: Any = trip(via, server.url("/slow"))
        assert response.status == 200 and sum(len(each.leases) for each in via.pool._origins.values()) == 1
        response = None
        gc.collect()
        assert_given_up(via, server)


def test_a_response_that_is_closed_gives_its_lease_back() -> None:
    with slow_server("half a body") as server, Via() as via:
        response = trip(via, server.url("/slow"))
        response.close()
        assert_given_up(via, server)
        with pytest.raises(Stopped):
            response.read_all()


def test_an_adopted_connection_is_used_again() -> None:
    with Server.handler(lambda request: Reply(b"x" * 10, framing="chunked")) as server, Via() as via:
        for turn in range(3):
            response = trip(via, server.url())
            if turn == 1:
                response.discard()
            else:
                assert read(response)[-1] == b"x" * 10
            assert via.pool.idle_connections == 1
            assert_at_rest(via.pool)
        assert server.connections == 1


def test_too_large_is_known_before_the_body_comes() -> None:
    with Server.handler(lambda request: lambda conn: conn.send(HEAD_OF_FIVE) or conn.hold()) as server:
        with Via() as via:
            with pytest.raises(BodyTooLarge, match="maxContentLength size of 4 exceeded"):
                response = trip(via, server.url(), limit=4)
                response.prepare(4)
                response.read_all()
            assert_given_up(via, server)


# -- interrupts and failures -------------------------------------------------------------------------

FILES = ("wire/round_trip.py", "wire/exchange.py", "wire/pool.py", "wire/lease.py", "wire/connection.py", "wire/body.py", "wire/route.py")

CONVERSATIONS: Dict[str, List[List[bytes]]] = {
    "plain": [[FINE]],
    "kept": [[FINE, FINE]],
    "close": [[FINE, sized(b"x", b"Connection: close")]],
    "pieces": [[FINE, FINE[:-1], FINE[-1:]]],
    "chunked": [[CHUNKED]],
    "cut": [[FINE, FINE[:-1]]],
    "cut head": [[FINE[:20]]],
    "resend": [[FINE, b""], [FINE]],
    "resend in vain": [[FINE, b""], [b""]],
    "resend, pieces": [[FINE, b""], [FINE[:30], FINE[30:]]],
    "extra bytes": [[FINE, FINE + b"x"]],
    "junk": [[b"junk"]],
}


def two_trips(via: Any) -> None:
    """Of which the second, in most conversations, goes by the connection of the first."""
    for _ in range(2):
        found = trip(via, "http://a.test/", scope=Scope(5.0, stoppable=True))
        if not isinstance(found, tuple):
            read(found)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_interrupted_anywhere_nothing_is_lost(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    script = Scripted(*CONVERSATIONS[name])
    monkeypatch.setattr(connect, "connect", script)
    pool = Pool()
    via: Any = Shared(pool)
    messages.parse_response_head(FINE[:-2])  # so that its status line is known
    gc.disable()  # a finalizer would swallow the interrupt, and print it
    try:
        for at in range(10_000):
            script.begin()
            interruption = Interruption(at, FILES)
            try:
                with interruption:
                    two_trips(via)
            except (Interrupt, BadResponse, HungUp):
                pass
            assert not FakeStream.forgotten
            pool._tidy()
            assert_sound(pool)
            if len(FakeStream.alive) != pool.idle_connections:
                gc.collect()  # old interpreters may leave the traceback of a traced call in a cycle
            assert len(FakeStream.alive) == pool.idle_connections
            script.waiting = []
            for stream in FakeStream.alive:
                stream.answers = [FINE] * 9
            assert isinstance(trip(via, "http://a.test/"), tuple)
            pool.close_idle()
            assert_at_rest(pool)
            assert not FakeStream.alive and not FakeStream.forgotten
            if not interruption.reached:
                break
        assert at > 60
    finally:
        gc.enable()


def test_interrupted_anywhere_on_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with sockets, of which the fixture would find one that is left."""
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    with Server.handler(lambda request: Reply(request.path)) as server, Via() as via:
        fetch(via, server.url())
        errand = Errand("GET", parse_url(server.url("/x")), [], via, False)
        gc.disable()
        try:
            for at in range(10_000):
                interruption = Interruption(at, ("wire/round_trip.py", "wire/pool.py", "wire/lease.py", "wire/connection.py"))
                try:
                    with interruption:
                        run(errand, via, b"", Scope(5.0), -1)
                except Interrupt:
                    pass
                via.pool._tidy()
                assert_sound_sockets(via.pool)
                assert via.pool.idle_connections <= 1
                assert outcome(by_round_trip, via, server.url("/on"), "GET", None, -1)[-1] == b"/on"
                if not interruption.reached:
                    break
        finally:
            gc.enable()
        assert at > 40
        via.pool.close()
        assert server.wait_gone()


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, SystemExit, RecursionError, OSError])
@pytest.mark.parametrize("place", ["connect", "receive", "sendall", "lend", "is_stale", "detach"])
def test_failures_of_every_kind_pass_and_leave_nothing(
    error: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = [error("injected")]
    owner: Any = {"connect": connect, "detach": Scope}.get(place, FakeStream)
    original = getattr(owner, place)

    def fail(*args: Any) -> Any:
        if fails:
            raise fails.pop()
        return original(*args)

    script = Scripted()
    monkeypatch.setattr(connect, "connect", script)
    pool = Pool()
    via: Any = Shared(pool)
    if place != "connect":
        fetch(via, "http://a.test/")
    with monkeypatch.context() as patch:
        patch.setattr(owner, place, fail)
        with pytest.raises(error, match="injected"):
            trip(via, "http://a.test/", scope=Scope(5.0, stoppable=True))
    gc.collect()
    assert len(FakeStream.alive) == pool.idle_connections
    assert_sound(pool)
    assert_at_rest(pool)
    assert outcome(by_round_trip, via, "http://a.test/", "GET", None, -1)[1] == 200
    pool.close()


def test_deep_in_the_stack_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """RecursionError comes wherever the stack happens to end."""
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    script = Scripted()
    monkeypatch.setattr(connect, "connect", script)
    pool = Pool()
    via: Any = Shared(pool)

    def go() -> None:
        script.begin()
        trip(via, "http://a.test/")

    def after() -> None:
        script.begin()
        assert isinstance(trip(via, "http://a.test/", scope=Scope(0.5)), tuple)
        assert_sound(pool)

    near_the_end_of_the_stack(go, after)
    pool.close()
    assert not FakeStream.alive and not FakeStream.forgotten


# -- processes ---------------------------------------------------------------------------------------


@needs_fork
def test_in_a_child_the_parents_connections_are_not_used() -> None:
    with Server.handler(lambda request: Reply(request.path)) as server, Via() as via:
        errand = Errand("GET", parse_url(server.url("/x")), [], via, False)

        def go() -> None:
            found = run(errand, via, b"", Scope(5.0), -1)
            assert (found[2] if isinstance(found, tuple) else read(found)[-1]) == b"/x"

        def child() -> None:
            assert via.pool.idle_connections == 0
            go()
            go()
            assert via.pool.idle_connections == 1

        go()
        in_child(child)
        assert via.pool.idle_connections == 1
        go()
    assert [request.peer.index for request in server.requests] == [0, 1, 1, 0]
