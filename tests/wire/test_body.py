"""Response bodies: framing and codings in situ, limits, reading like a file, and every way to end."""

from __future__ import annotations

import gc
import gzip
import io
import json
import random
import threading
import tracemalloc
import warnings
import zlib
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from miniaxios.wire import Pool, Request, Scope, TLSOptions, parse_url
from miniaxios.wire import body as body_module
from miniaxios.wire.body import Response
from miniaxios.wire.upload import Pace
from miniaxios.wire.body import CLOSED
from miniaxios.wire.errors import (
    BadResponse,
    BodyTooLarge,
    DeadlineExceeded,
    NetworkError,
    Stopped,
    Truncated,
)
from miniaxios.wire.lease import Lease
from miniaxios.wire.route import Route
from tests.support.server import Peer, Reply, Server, chunked
from tests.support.tls import CA

from .rig import FakeStream, Fragile, Interrupt, Interruption, Via, ask, fetch, in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional

pytestmark = pytest.mark.usefixtures("no_leaks")

URL = parse_url("http://a.test/")
ROUTE = Route(URL, None, TLSOptions())
OK = b"HTTP/1.1 200 OK\r\n"


def made_of(
    answers: List[bytes],
    pool: Optional[Pool] = None,
    scope: Optional[Scope] = None,
    method: str = "GET",
    **how: Any,
) -> Response:
    """A response that arrives in these pieces, without a socket; prepared."""
    lease = Lease(pool or Pool(), ROUTE)
    scope = scope or Scope(10.0)
    connection = lease.take(scope)
    connection.sock = FakeStream(scope, answers)
    connection.start(b"", None, None, scope)
    response = Response(lease, connection.read_head(), Request(method, URL, []), scope)
    response.prepare(**how)
    return response


def pieces_of(response: Any) -> Iterator[bytes]:
    return iter(response.next_piece, b"")


def with_length(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return OK + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def with_chunks(body: bytes, *headers: bytes, size: int = 7) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return OK + lines + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(parts)


def until_close(body: bytes, *headers: bytes) -> bytes:
    return OK + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


GZIP = b"Content-Encoding: gzip"
TEXT = b"".join(b"line %d of a text that compresses well\n" % number for number in range(100))


# -- where a body ends -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head, method",
    [
        (OK + b"Content-Length: 45\r\n\r\n", "HEAD"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", "HEAD"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 45\r\n\r\n", "GET"),
        (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 45\r\n\r\n", "GET"),
    ],
)
def test_FRAME_7_bodiless_with_bytes(head: bytes, method: str) -> None:
    body = with_length(b"EVIL").ljust(45)
    with Server.replies([head + body, Reply(b"true")]) as server, Via() as via:
        assert fetch(via, server.url(), method) == b""
        assert via.pool.idle_connections == 0
        assert fetch(via, server.url()) == b"true"
        assert server.connections == 2


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["close", "reset"])
@pytest.mark.parametrize(
    "whole",
    [with_length(b"0123456789"), with_chunks(b"0123456789", size=6)[:-2] + b"X-T: y\r\n\r\n"],
    ids=["length", "chunked"],
)
def test_FRAME_9_a_body_cut_at_each_byte(whole: bytes, end: Callable[[Peer], None]) -> None:
    start = whole.index(b"\r\n\r\n") + 4

    def script(conn: Peer) -> None:
        request = conn.read_request()
        assert request is not None
        conn.send(whole[: int(request.path[1:])])
        end(conn)

    with Server(script) as server, Via() as via:
        for at in range(start, len(whole)):
            response = ask(via, server.url("/%d" % at))
            response.prepare()
            got: List[bytes] = []
            with pytest.raises(Truncated):
                for piece in pieces_of(response):
                    got.append(piece)
            assert b"0123456789".startswith(b"".join(got))
            with pytest.raises(Stopped):  # and it does not end well later on
                response.next_piece()
            with pytest.raises(Truncated):
                fetch(via, server.url("/%d" % at))
        assert via.pool.idle_connections == 0
        assert fetch(via, server.url("/%d" % len(whole))) == b"0123456789"


def test_until_close() -> None:
    with Server.replies([Reply(b"all of it", framing="close")] * 2) as server, Via() as via:
        assert fetch(via, server.url()) == b"all of it"
        response = ask(via, server.url())
        assert response.will_close and response.length is None
        response.prepare()
        assert b"".join(pieces_of(response)) == b"all of it"
        assert via.pool.idle_connections == 0


def test_FRAME_9_until_close_over_tls_needs_the_notice() -> None:
    def script(conn: Peer) -> None:
        request = conn.read_request()
        assert request is not None
        conn.send(until_close(b"all of it"))
        conn.close(notify=request.path == "/fine")

    with Server(script, tls=True) as server, Via(TLSOptions(ca=CA)) as via:
        assert fetch(via, server.url("/fine")) == b"all of it"
        with pytest.raises(Truncated):
            fetch(via, server.url("/ragged"))


BODIES = {
    "length": with_length(TEXT[:500]),
    "chunked": with_chunks(TEXT[:500]),
    "gzip": with_length(gzip.compress(TEXT[:500]), GZIP),
    "gzip chunked": with_chunks(gzip.compress(TEXT[:500]), GZIP),
    "deflate": with_length(zlib.compress(TEXT[:500]), b"Content-Encoding: deflate"),
    "twice": with_chunks(zlib.compress(gzip.compress(TEXT[:500])), b"Content-Encoding: gzip, deflate"),
    "members": with_length(gzip.compress(TEXT[:200]) + gzip.compress(TEXT[200:500]), GZIP),
}


@settings(max_examples=60)
@given(name=st.sampled_from(sorted(BODIES)), cuts=st.lists(st.integers(0, 700), max_size=30))
def test_pieces_do_not_matter(name: str, cuts: List[int]) -> None:
    whole = BODIES[name]
    places = [0, *sorted({cut for cut in cuts if 0 < cut < len(whole)}), len(whole)]
    pieces = [whole[places[at] : places[at + 1]] for at in range(len(places) - 1)]
    response = made_of(pieces)
    assert response.read_all() == TEXT[:500]
    assert response.next_piece() == b"" == response.read_all() == response.read(5)
    assert not FakeStream.alive  # a pool that nobody has keeps nothing


@pytest.mark.parametrize("name", sorted(BODIES))
def test_dripped_by_single_bytes(name: str) -> None:
    with Server.replies([lambda conn: conn.drip(BODIES[name], 0)]) as server, Via() as via:
        assert fetch(via, server.url()) == TEXT[:500]
        assert via.pool.idle_connections == 1


# -- limits ------------------------------------------------------------------------------------------

FORMS = {
    "length": with_length,
    "chunked": with_chunks,
    "until close": until_close,
    "gzip": lambda body: with_length(gzip.compress(body), GZIP),
    "gzip chunked": lambda body: with_chunks(gzip.compress(body), GZIP),
    "gzip until close": lambda body: until_close(gzip.compress(body), GZIP),
}

READERS = {
    "read_all": lambda response: response.read_all(),
    "pieces": lambda response: b"".join(pieces_of(response)),
    "read(3)": lambda response: b"".join(iter(lambda: response.read(3), b"")),
    "readline": lambda response: b"".join(response),
}


@pytest.mark.parametrize("reader", sorted(READERS))
@pytest.mark.parametrize("form", sorted(FORMS))
def test_LIMIT_1_at_and_over_the_limit(form: str, reader: str) -> None:
    read: Any = READERS[reader]

    def script(conn: Peer) -> None:
        while True:
            request = conn.read_request(patient=True)
            if request is None:
                return
            conn.send(FORMS[form](b"x" * int(request.path[1:])))  # type: ignore[operator]
            if "close" in form:
                conn.shutdown_write()

    with Server(script) as server, Via() as via:
        for size in (0, 1, 1000):
            response = ask(via, server.url("/%d" % size))
            response.prepare(limit=1000)
            assert read(response) == b"x" * size
        for size in (1001, 5000, 200_000):
            response = ask(via, server.url("/%d" % size))
            response.prepare(limit=1000)
            with pytest.raises(BodyTooLarge, match="maxContentLength size of 1000 exceeded"):
                read(response)
            with pytest.raises(Stopped):
                response.next_piece()
            assert via.pool.idle_connections == 0
        assert server.wait_gone()


def test_LIMIT_1_zero_is_a_limit() -> None:
    assert made_of([with_length(b"")], limit=0).read_all() == b""
    with pytest.raises(BodyTooLarge):
        made_of([with_length(b"x")], limit=0).read_all()


def test_LIMIT_1_the_announced_length_is_enough() -> None:
    """No byte of the body comes, and no memory is taken for it."""
    with Server(lambda conn: conn.send(OK + b"Content-Length: 99999999999\r\n\r\n") or conn.hold()) as server:
        with Via() as via:
            response = ask(via, server.url())
            response.prepare(limit=10)
            with pytest.raises(BodyTooLarge):
                response.read_all()
            assert server.wait_gone()


def test_LIMIT_1_memory_is_not_taken_by_announcement() -> None:
    tracemalloc.start()
    try:
        for head in (
            b"Content-Length: 99999999999\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n10000000000\r\n",
        ):
            with pytest.raises(Truncated):
                made_of([OK + head, b"x" * 1000]).read_all()
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_LIMIT_1_counts_decoded_bytes() -> None:
    """What can't be compressed is longer when it is coded, and still within the limit."""
    noise = random.Random(1).getrandbits(8 * 1000).to_bytes(1000, "big")
    coded = gzip.compress(noise)
    assert len(coded) > 1000
    for form in (with_length, with_chunks, until_close):
        assert made_of([form(coded, GZIP)], limit=1000).read_all() == noise
        with pytest.raises(BodyTooLarge):
            made_of([form(coded, GZIP)], limit=999).read_all()


def test_LIMIT_1_a_coding_without_output_ends() -> None:
    empty = gzip.compress(b"") * 100
    with pytest.raises(BodyTooLarge):
        made_of([OK + GZIP + b"\r\n\r\n", *[empty] * 100], limit=1000).read_all()


def test_LIMIT_1_of_a_coding_that_stays() -> None:
    whole = with_length(b"x" * 11, b"Content-Encoding: unheard-of")
    response = made_of([whole], limit=11)
    assert response.read_all() == b"x" * 11 and not response.is_decoded
    with pytest.raises(BodyTooLarge):
        made_of([whole], limit=10).read_all()
    with pytest.raises(BodyTooLarge):
        made_of([with_length(gzip.compress(b"x" * 11), GZIP)], limit=10, decode=False).read_all()


BOMB = gzip.compress(bytes(100 << 20), 9)


def test_DECOMP_1_a_bomb_stays_in_the_limit() -> None:
    response = made_of([with_length(BOMB, GZIP)], limit=1 << 20)
    count = 0
    with pytest.raises(BodyTooLarge):
        for piece in pieces_of(response):
            assert len(piece) <= 65536
            count += len(piece)
    assert count <= 1 << 20


def test_DECOMP_1_the_guard_against_bombs() -> None:
    response = made_of([with_length(BOMB, GZIP)])
    count = 0
    with pytest.raises(BodyTooLarge, match="200:1"):
        for piece in pieces_of(response):
            count += len(piece)
    assert 64 << 20 <= count + 65536 <= (64 << 20) + 65536


def test_DECOMP_1_a_limit_replaces_the_guard() -> None:
    response = made_of([with_length(BOMB, GZIP)], limit=100 << 20)
    assert sum(map(len, pieces_of(response))) == 100 << 20


# -- codings in situ ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines", [[b"gzip, gzip, gzip, gzip, gzip, gzip"], [b"gzip"] * 6, [b"gzip,gzip,gzip"] * 2]
)
def test_DECOMP_2_six_codings(lines: List[bytes]) -> None:
    pool = Pool(max_sockets=1)
    headers = [b"Content-Encoding: " + line for line in lines]
    lease = Lease(pool, ROUTE)
    scope = Scope(5.0)
    connection = lease.take(scope)
    connection.sock = FakeStream(scope, [with_length(b"x", *headers)])
    connection.start(b"", None, None, scope)
    response = Response(lease, connection.read_head(), Request("GET", URL, []), scope)
    with pytest.raises(BadResponse):
        response.prepare()
    response.close()
    assert not FakeStream.alive


@pytest.mark.parametrize(
    "coding, body, wanted, decoded",
    [
        (b"gzip", gzip.compress(b"hello"), b"hello", True),
        (b"x-gzip", gzip.compress(b"hello"), b"hello", True),
        (b"GZip", gzip.compress(b"hello"), b"hello", True),
        (b"gzip", gzip.compress(b"hel") + gzip.compress(b"lo"), b"hello", True),
        (b"gzip", b"", b"", True),
        (b"deflate", zlib.compress(b"hello"), b"hello", True),
        (b"deflate", zlib.compress(b"hello")[2:-4], b"hello", True),
        (b"deflate, gzip", gzip.compress(zlib.compress(b"hello")), b"hello", True),
        (b"identity", b"hello", b"hello", False),
        (b"unheard-of", b"hello", b"hello", False),
        (b"gzip, unheard-of", b"hello", b"hello", False),
    ],
)
@pytest.mark.parametrize("form", [with_length, with_chunks, until_close])
def test_DECOMP_3_codings(form: Any, coding: bytes, body: bytes, wanted: bytes, decoded: bool) -> None:
    response = made_of([form(body, b"Content-Encoding: " + coding)])
    assert response.is_decoded is decoded
    assert response.read_all() == wanted


BROKEN = {
    "no trailer": gzip.compress(TEXT)[:-8],
    "cut": gzip.compress(TEXT)[:-20],
    "half": gzip.compress(TEXT)[: len(gzip.compress(TEXT)) // 2],
    "header only": gzip.compress(TEXT)[:10],
    "bad sum": gzip.compress(TEXT)[:-8] + b"\1\2\3\4" + gzip.compress(TEXT)[-4:],
    "bad size": gzip.compress(TEXT)[:-4] + b"\1\2\3\4",
    "junk behind": gzip.compress(TEXT) + b"junk",
    "no gzip": TEXT,
}


@pytest.mark.parametrize("name", sorted(BROKEN))
@pytest.mark.parametrize("form", [with_length, with_chunks, until_close])
def test_DECOMP_3_broken_codings(form: Any, name: str) -> None:
    for read in READERS.values():
        ends: List[bool] = []
        response = made_of([form(BROKEN[name], GZIP)], on_end=ends.append)
        with pytest.raises(BadResponse):
            read(response)
        assert ends == [False]
        for again in (response.next_piece, response.read_all):
            with pytest.raises(Stopped):
                again()


@pytest.mark.parametrize("form", [with_length, with_chunks])
def test_DECOMP_3_a_truncated_coding_in_good_framing_keeps_the_connection(form: Any) -> None:
    with Server.replies([form(BROKEN["no trailer"], GZIP), Reply(b"true")]) as server, Via() as via:
        with pytest.raises(Truncated):
            fetch(via, server.url())
        assert via.pool.idle_connections == 1
        assert fetch(via, server.url()) == b"true"
        assert server.connections == 1


def test_a_bodiless_answer_with_a_coding() -> None:
    for status, method in ((200, "HEAD"), (204, "GET"), (304, "GET")):
        answer = b"HTTP/1.1 %d X\r\nContent-Encoding: gzip\r\n\r\n" % status
        response = made_of([answer], method=method)
        assert response.read_all() == b"" and response.is_decoded


def test_decoding_does_not_outlive_the_deadline() -> None:
    scope = Scope(10.0)
    response = made_of([with_length(BOMB, GZIP)], scope=scope)
    assert response.next_piece()
    scope.deadline = monotonic() - 1
    with pytest.raises(DeadlineExceeded):
        for _ in range(3):
            response.next_piece()


def test_stopped_while_decoding() -> None:
    scope = Scope(None, stoppable=True)
    response = made_of([with_length(BOMB, GZIP)], scope=scope)
    assert response.next_piece()
    scope.stop("enough")
    with pytest.raises(Stopped):
        response.next_piece()
    assert response.isclosed()


# -- like a file -------------------------------------------------------------------------------------

OPERATIONS = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 90)),
    st.tuples(st.just("read1"), st.integers(-1, 90)),
    st.tuples(st.just("readinto"), st.integers(0, 90)),
    st.tuples(st.just("readline"), st.integers(-1, 30)),
    st.tuples(st.just("peek"), st.integers(-1, 30)),
    st.tuples(st.just("next"), st.just(0)),
)


def apply(response: Response, expected: io.BytesIO, operation: str, size: int) -> None:
    """The same operation on both; what must be equal, is."""
    if operation == "read1":
        got = response.read1(size)
        assert got == expected.read(len(got))
        assert size < 0 or len(got) <= size
        assert got or size == 0 or expected.read(1) == b""
    elif operation == "peek":
        got = response.peek(size)
        place = expected.tell()
        assert got == expected.read(len(got))
        assert got or expected.read(1) == b""
        expected.seek(place)
    elif operation == "readinto":
        ours, theirs = bytearray(size), bytearray(size)
        assert response.readinto(ours) == expected.readinto(theirs)
        assert ours == theirs
    elif operation == "next":
        assert next(response, None) == next(expected, None)  # type: ignore[call-overload]
    else:
        assert getattr(response, operation)(size) == getattr(expected, operation)(size)


@settings(max_examples=150)
@given(
    body=st.lists(
        st.sampled_from([b"a", b"bc\n", b"\n", b"\n\n", b"def" * 9, b"\r\n", b"gh\ni"]), max_size=20
    ).map(b"".join),
    name=st.sampled_from(["length", "chunked", "gzip", "gzip chunked", "until close"]),
    step=st.integers(1, 60),
    operations=st.lists(OPERATIONS, max_size=25),
    last=st.sampled_from(["read", "readlines", "read_all", "pieces"]),
)
def test_any_sequence_of_reads_gives_the_same_bytes(
    body: bytes, name: str, step: int, operations: Any, last: str
) -> None:
    whole = FORMS[name](body)  # type: ignore[operator]
    response = made_of([whole[at : at + step] for at in range(0, len(whole), step)])
    expected = io.BytesIO(body)
    for operation, size in operations:
        apply(response, expected, operation, size)
    if last == "readlines":
        assert response.readlines() == expected.readlines()
    elif last == "read":
        assert response.read() == expected.read()
    else:
        left = response.read(len(response.peek()))
        assert (
            left + (response.read_all() if last == "read_all" else b"".join(pieces_of(response)))
            == expected.read()
        )
    assert response.read() == response.read1() == response.readline() == response.peek() == b""
    assert response.readinto(bytearray(3)) == 0


def test_reading_nothing_waits_for_nothing() -> None:
    hold = threading.Event()
    with Server(
        lambda conn: conn.read_request() and conn.send(OK + b"Content-Length: 1\r\n\r\n") or conn.wait(hold)
    ) as server:
        with Via() as via:
            response = ask(via, server.url(), scope=Scope(5.0))
            response.prepare()
            assert response.read(0) == response.read1(0) == response.readline(0) == b""
            assert response.readinto(bytearray()) == 0
            response.close()
            hold.set()


def test_readinto_other_buffers() -> None:
    from array import array

    numbers = array("I", [1, 2, 3, 4])
    target = array("I", [0] * 6)
    response = made_of([with_length(numbers.tobytes())])
    assert response.readinto(target) == len(numbers.tobytes())
    assert list(target) == [1, 2, 3, 4, 0, 0]


def test_standard_readers() -> None:
    assert json.load(made_of([with_chunks(b'{"a": [1, 2]}')])) == {"a": [1, 2]}
    assert io.TextIOWrapper(made_of([with_chunks("grüße\n".encode())]), "utf-8").read() == "grüße\n"
    assert io.BufferedReader(made_of([with_chunks(TEXT)])).read() == TEXT  # type: ignore[arg-type]


def test_small_reads_of_a_large_piece_are_linear() -> None:
    """Each used to copy what was left of the piece."""
    piece = b"x" * 65536

    def seconds(count: int) -> float:
        response = made_of([OK + b"\r\n", *[piece] * count])
        begun = monotonic()
        while response.read(16):
            pass
        return monotonic() - begun

    assert seconds(8) < 5


# -- reading and closing on two threads --------------------------------------------------------------


def test_closed_by_another_thread_while_blocked() -> None:
    reading, hold = threading.Event(), threading.Event()
    with Server(
        lambda conn: (
            conn.read_request() and conn.send(OK + b"Content-Length: 9\r\n\r\nhalf") or conn.wait_closed()
        )
    ) as server:
        with Via(max_sockets=1) as via:
            response = ask(via, server.url(), scope=Scope(None, stoppable=True))
            ends: List[bool] = []
            response.prepare(on_end=ends.append)

            def read() -> bytes:
                first = response.next_piece()
                assert first == b"half"
                reading.set()
                return response.next_piece()

            errand = in_thread(read)
            assert reading.wait(5)
            response.close()
            with pytest.raises(Stopped) as caught:
                errand.result()
            assert caught.value.reason == CLOSED
            response.close()
            with pytest.raises(Stopped):
                response.next_piece()
            assert ends == [False]
            assert server.peers[0].gone.wait(5)
            hold.set()


def test_closed_while_a_reader_is_just_leaving() -> None:
    """The reader has its piece already and will not come again: the closing must not be lost."""
    inside, closed = threading.Event(), threading.Event()

    def progress(count: int) -> None:
        inside.set()
        assert closed.wait(5)

    pool = Pool(max_sockets=1)
    for stoppable in (False, True):
        inside.clear()
        closed.clear()
        scope = Scope(10.0, stoppable)
        ends: List[bool] = []
        response = made_of([with_length(b"x" * 10)[:-5]], pool, scope, progress=progress, on_end=ends.append)
        errand = in_thread(response.next_piece)
        assert inside.wait(5)
        response.close()
        assert ends == []
        closed.set()
        assert errand.result() == b"x" * 5
        assert ends == [False] and response.isclosed()
        assert not FakeStream.alive
        Lease(pool, ROUTE).take(Scope(1.0))


def test_a_reader_that_comes_while_another_closes() -> None:
    response = made_of([with_length(b"x" * 10)[:-5], b"xxxxx"])
    response._is_closing = True  # the first thing that close() does
    with pytest.raises(Stopped):
        response.next_piece()
    assert response.isclosed() and not FakeStream.alive


def test_stopped_with_the_last_piece() -> None:
    """The body is whole, but its connection was shut down."""
    pool = Pool()
    scope = Scope(None, stoppable=True)
    response = made_of([with_length(b"x" * 10)], pool, scope, progress=lambda count: scope.stop())
    assert response.next_piece() == b"x" * 10
    assert pool.idle_connections == 0 and not FakeStream.alive


def test_closed_by_its_own_callback() -> None:
    def progress(count: int) -> None:
        response.close()

    ends: List[bool] = []
    response = made_of([with_length(b"x" * 10)[:-5], b"xxxxx"], progress=progress, on_end=ends.append)
    assert response.next_piece() == b"xxxxx"
    assert ends == [False] and not FakeStream.alive


def test_closing_races_with_finishing() -> None:
    """Whoever wins: the slot is free afterwards, and a connection in the pool is a whole one."""
    with Server.handler(lambda request: Reply([b"ab", b"cd"])) as server, Via(max_sockets=1) as via:
        for turn in range(150):
            response = ask(via, server.url(), scope=Scope(5.0, stoppable=True))
            ends: List[bool] = []
            response.prepare(on_end=ends.append)
            errand = in_thread(response.read_all)
            for _ in range(turn % 7 * 20):
                pass
            response.close()
            try:
                assert errand.result() == b"abcd"
                assert ends == [True]
            except Stopped:
                assert ends == [False]
            assert fetch(via, server.url(), scope=Scope(5.0)) == b"abcd"


def test_stop_races_with_giving_back() -> None:
    """A scope that is stopped late must not touch a connection that went back to the pool."""
    with Server.handler(lambda request: Reply(b"abcd")) as server, Via(max_sockets=1) as via:
        for turn in range(150):
            scope = Scope(5.0, stoppable=True)
            response = ask(via, server.url(), scope=scope)
            response.prepare()
            errand = in_thread(scope.stop, "late")
            for _ in range(turn % 7 * 20):
                pass
            try:
                assert response.read_all() == b"abcd"
            except Stopped:
                pass
            assert fetch(via, server.url()) == b"abcd"
            errand.result()


def test_the_scope_of_the_last_exchange_has_no_hold_on_an_idle_connection() -> None:
    with Server.handler(lambda request: Reply(b"abcd")) as server, Via() as via:
        scope = Scope(None, stoppable=True)
        assert fetch(via, server.url(), scope=scope) == b"abcd"
        scope.stop("late")
        assert fetch(via, server.url()) == b"abcd"
        assert server.connections == 1


def test_a_scope_that_goes_on_is_attached_again() -> None:
    """Two exchanges on one connection under one scope, as redirects make them."""
    asked = threading.Event()

    def silent(conn: Peer) -> None:
        asked.set()
        conn.wait_closed()

    with Server.replies([Reply(b"x"), silent]) as server, Via() as via:
        scope = Scope(5.0, stoppable=True)
        fetch(via, server.url(), scope=scope)
        errand = in_thread(fetch, via, server.url(), scope=scope)
        assert asked.wait(5)
        begun = monotonic()
        scope.stop("enough")
        with pytest.raises(Stopped):
            errand.result()
        assert monotonic() - begun < 2
        assert server.connections == 1


# -- the ends ----------------------------------------------------------------------------------------


def test_a_forgotten_response_leaves_nothing() -> None:
    def script(conn: Peer) -> None:
        conn.read_request()
        conn.send(OK + b"Content-Length: 9\r\n\r\nhalf")
        assert conn.wait_closed()

    with Server(script) as server, Via(max_sockets=1) as via, warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, circular in enumerate((False, True, False)):
            response = ask(via, server.url(), scope=Scope(5.0))
            response.prepare()
            assert response.next_piece()
            if circular:
                response.me = response  # type: ignore[attr-defined]
            del response
            gc.collect()
            assert server.wait_connections(number + 1)[number].gone.wait(5)


ENDINGS = {
    "complete": (with_length(b"0123456789"), {}, True),
    "chunked": (with_chunks(b"0123456789"), {}, True),
    "until close": (until_close(b"0123456789"), {}, True),
    "empty": (with_length(b""), {}, True),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", {}, True),
    "gzip": (with_length(gzip.compress(TEXT), GZIP), {}, True),
    "cut": (with_length(b"0123456789")[:-1], {}, False),
    "cut chunk": (with_chunks(b"0123456789")[:-1], {}, False),
    "bad chunk": (with_chunks(b"0123456789")[:-5] + b"x\r\n", {}, False),
    "cut gzip": (with_length(BROKEN["no trailer"], GZIP), {}, False),
    "broken gzip": (with_length(BROKEN["bad sum"], GZIP), {}, False),
    "limit": (with_length(b"0123456789"), {"limit": 9}, False),
    "limit chunked": (with_chunks(b"0123456789"), {"limit": 9}, False),
    "limit gzip": (with_length(gzip.compress(TEXT), GZIP), {"limit": 9}, False),
    "progress": (with_length(b"0123456789"), {"progress": lambda count: 1 / 0}, False),
}


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_on_end_is_called_once(name: str) -> None:
    whole, how, complete = ENDINGS[name]
    for read in READERS.values():
        for step in (1, 7, 100_000):
            ends: List[bool] = []
            pool = Pool(max_sockets=1)
            pieces = [whole[at : at + step] for at in range(0, len(whole), step)]
            response = made_of(pieces, pool, on_end=ends.append, **how)  # type: ignore[arg-type]
            if complete:
                read(response)
            else:
                with pytest.raises((BadResponse, ZeroDivisionError)):
                    read(response)
            assert ends == [complete]
            response.close()
            response.close()
            assert ends == [complete] and response.isclosed()
            Lease(pool, ROUTE).take(Scope(1.0))
            pool.close()


def test_on_end_when_closed_or_forgotten() -> None:
    ends: List[bool] = []
    response = made_of([with_length(b"0123456789")], on_end=ends.append)
    response.close()
    response.close()
    assert ends == [False]
    response = made_of([with_length(b"0123456789")], on_end=ends.append)
    del response
    gc.collect()
    assert ends == [False, False]
    with made_of([with_length(b"0123456789")], on_end=ends.append) as response:
        assert response.read(3) == b"012"
    assert ends == [False, False, True]  # all of it was there already, and read ahead
    scope = Scope(None, stoppable=True)
    response = made_of([OK + b"Content-Length: 9\r\n\r\n"], scope=scope, on_end=ends.append)
    scope.stop()
    with pytest.raises(Stopped):
        response.read_all()
    assert ends == [False, False, True, False]


def test_on_end_may_raise() -> None:
    def fail(complete: bool) -> None:
        calls.append(complete)
        raise LookupError("mine")

    calls: List[bool] = []
    pool = Pool(max_sockets=1)
    response = made_of([with_length(b"0123456789")], pool, on_end=fail)
    with pytest.raises(LookupError, match="mine"):
        response.read_all()
    response.close()
    assert calls == [True]
    Lease(pool, ROUTE).take(Scope(1.0))
    pool.close()


def test_on_end_when_closing_is_interrupted() -> None:
    ends: List[bool] = []
    pool = Pool(max_sockets=1)
    response = made_of([with_length(b"0123456789")], pool, on_end=ends.append)
    sock = response._connection.sock  # type: ignore[union-attr]
    sock.close()
    response._connection.sock = Fragile(sock.scope)  # type: ignore[union-attr]
    with pytest.raises(Interrupt) as caught:
        response.close()
    assert ends == [False] and caught.value.args == ("in close",)
    Lease(pool, ROUTE).take(Scope(0.5))
    response.close()
    assert ends == [False]


def test_progress_counts_bytes_of_the_body() -> None:
    for form, size in ((with_length, 400), (with_chunks, 400), (until_close, 400)):
        seen: List[int] = []
        made_of([form(TEXT[:400]) + b"behind" * (form is not until_close)], progress=seen.append).read_all()
        assert sum(seen) == size
    coded = gzip.compress(TEXT)
    seen = []
    response = made_of([with_chunks(coded, GZIP)], progress=seen.append)
    assert response.read_all() == TEXT
    assert sum(seen) == len(coded)


def test_progress_may_raise() -> None:
    def fail(count: int) -> None:
        raise LookupError("mine")

    with Server.handler(lambda request: Reply(b"abcd")) as server, Via() as via:
        response = ask(via, server.url())
        response.prepare(progress=fail)
        with pytest.raises(LookupError, match="mine"):
            response.read_all()
        assert via.pool.idle_connections == 0
        assert server.wait_gone()


# -- time --------------------------------------------------------------------------------------------


def test_FLOOD_4_a_dripped_body_does_not_outlive_the_deadline() -> None:
    def script(conn: Peer) -> None:
        conn.read_request()
        conn.drip(OK + b"Content-Length: 9999\r\n\r\n" + b"x" * 9999, 0.05)

    with Server(script) as server, Via() as via:
        begun = monotonic()
        scope = Scope(0.3)
        with pytest.raises(DeadlineExceeded):
            conn = ask(via, server.url(), scope=scope)
            conn.prepare()
            conn.read_all()
        assert 0.29 <= monotonic() - begun < 5


def test_pace_slows_down() -> None:
    begun = monotonic()
    response = made_of([with_length(bytes(60_000))], pace=Pace(100_000.0))
    assert response.read_all() == bytes(60_000)
    assert 0.09 <= monotonic() - begun < 5  # half a second's worth is free


def test_stopped_while_slowed_down() -> None:
    scope = Scope(None, stoppable=True)
    seen = threading.Event()
    response = made_of(
        [with_length(bytes(60_000))], scope=scope, pace=Pace(10.0), progress=lambda count: seen.set()
    )
    errand = in_thread(response.read_all)
    assert seen.wait(5)
    scope.stop("enough")
    with pytest.raises(Stopped):
        errand.result()
    assert not FakeStream.alive


# -- interrupts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chunked", "gzip", "no body", "cut"])
def test_interrupted_anywhere_the_slot_is_free(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    whole, how, _ = ENDINGS[name]
    pool = Pool(max_sockets=1)
    FakeStream.forgotten = 0
    gc.disable()
    try:
        for at in range(10_000):
            ends: List[bool] = []
            response = made_of([whole[:-9], whole[-9:]], pool, on_end=ends.append)
            interruption = Interruption(at, ("wire/body.py", "wire/pool.py", "wire/lease.py", "wire/connection.py"))
            try:
                with interruption:
                    response.read_all()
            except (Interrupt, NetworkError, BadResponse):
                pass
            del response
            assert len(ends) <= 1
            Lease(pool, ROUTE).take(Scope(0.5))
            pool.close_idle()
            assert not FakeStream.alive and not FakeStream.forgotten
            if not interruption.reached:
                break
        assert at > 5
    finally:
        gc.enable()


# -- a long body, read in place ----------------------------------------------------------------------


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "LARGE", 4)
    monkeypatch.setattr(body_module, "EARNEST", 4)


def cut(data: bytes, sizes: List[int]) -> List[bytes]:
    found = []
    for size in sizes:
        found.append(data[:size])
        data = data[size:]
    return [piece for piece in [*found, data] if piece]


@pytest.mark.usefixtures("small_is_large")
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200), st.lists(st.integers(1, 60), max_size=8), st.integers(0, 60))
def test_in_place_is_as_piece_by_piece(body: bytes, sizes: List[int], taken: int) -> None:
    counts: List[int] = []
    pool = Pool()
    response = made_of(cut(with_length(body), [*sizes]), pool, progress=counts.append)
    start = response.read(taken)
    assert start + response.read() == body
    assert sum(counts) == len(body) and pool.idle_connections == 1
    assert response.next_piece() == response.read_all() == b""
    pool.close()


@pytest.mark.usefixtures("small_is_large")
def test_in_place_at_every_split_and_every_cut() -> None:
    body = bytes(range(40))
    answer = with_length(body)
    for at in range(1, len(answer)):
        pool = Pool()
        assert made_of([answer[:at], answer[at:]], pool).read_all() == body
        pool.close()
    for end in range(answer.index(b"\r\n\r\n") + 4, len(answer)):
        pool = Pool()
        with pytest.raises(Truncated):
            made_of([answer[:end]], pool).read_all()
        assert pool.idle_connections == 0


@pytest.mark.usefixtures("small_is_large")
def test_QUEUE_1_in_place_takes_no_byte_behind_the_body() -> None:
    body = bytes(range(40))
    for size in (1, 7, 60, 100):
        pool = Pool()
        answer = with_length(body) + b"EVIL"
        assert made_of([answer[at : at + size] for at in range(0, len(answer), size)], pool).read_all() == body
        if size == 100:
            assert pool.idle_connections == 0
        pool.close()


@pytest.mark.usefixtures("small_is_large")
def test_LIMIT_1_in_place_knows_limits() -> None:
    for limit, fits in ((39, False), (40, True)):
        pool = Pool()
        response = made_of(cut(with_length(bytes(40)), [50, 3, 3]), pool, limit=limit)
        if fits:
            assert response.read_all() == bytes(40)
        else:
            with pytest.raises(BodyTooLarge):
                response.read_all()
        pool.close()


@pytest.mark.usefixtures("small_is_large")
def test_in_place_under_a_pace() -> None:
    pool = Pool()
    assert made_of(cut(with_length(bytes(40)), [45, 20]), pool, pace=Pace(1e6)).read_all() == bytes(40)
    pool.close()


@pytest.mark.usefixtures("small_is_large")
def test_in_place_interrupted_anywhere_the_slot_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)
    pool = Pool(max_sockets=1)
    FakeStream.alive.clear()
    FakeStream.forgotten = 0
    gc.disable()
    try:
        for at in range(10_000):
            ends: List[bool] = []
            response = made_of(cut(with_length(bytes(40)), [45, 4]), pool, on_end=ends.append)
            interruption = Interruption(at, ("wire/body.py", "wire/pool.py", "wire/lease.py", "wire/connection.py"))
            try:
                with interruption:
                    data = response.read_all()
                assert data == bytes(40)
            except Interrupt:
                response.close()  # as the caller of read_all() does
            del response
            assert len(ends) <= 1
            Lease(pool, ROUTE).take(Scope(0.5))
            pool.close_idle()
            assert not FakeStream.alive and not FakeStream.forgotten
            if not interruption.reached:
                break
        assert at > 50
    finally:
        gc.enable()


@pytest.mark.parametrize("timeout", [None, 20.0])
@pytest.mark.parametrize("tls", [False, True])
def test_in_place_over_sockets(timeout: Optional[float], tls: bool) -> None:
    body = random.Random(2).getrandbits(8 * 5_000_000).to_bytes(5_000_000, "big")
    replies = [Reply(body), Reply(b"next")]
    with Server.replies(replies, tls=tls) as server, Via(TLSOptions(ca=CA)) as via:
        assert fetch(via, server.url(), scope=Scope(timeout)) == body
        assert fetch(via, server.url(), scope=Scope(timeout)) == b"next"
        assert server.connections == 1


def test_in_place_is_closed_by_another_thread() -> None:
    with Server.replies([OK + b"Content-Length: 9000000\r\n\r\n" + bytes(3_000_000)]) as server, Via() as via:
        response = ask(via, server.url(), scope=Scope(20.0, True))
        response.prepare()
        errand = in_thread(response.read_all)
        while response._raw_count < 2_000_000:
            threading.Event().wait(0.01)
        response.close()
        with pytest.raises((Stopped, Truncated)):
            errand.result()
        assert via.pool.idle_connections == 0


def test_LIMIT_1_memory_is_asked_for_when_a_part_is_there() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Truncated):
            made_of([OK + b"Content-Length: 9999999999\r\n\r\n", *[bytes(65536)] * 40]).read_all()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", ["read_all", "next_piece"])
def test_progress_is_told_while_more_is_waited_for(way: str) -> None:
    """Without a deadline a call may sleep until all is there: not where somebody wants to see it come."""
    told, counts = threading.Event(), []

    def script(conn: Peer) -> None:
        conn.read_request()
        conn.send(OK + b"Content-Length: 3000000\r\n\r\n" + bytes(1_500_000))
        conn.wait(told)
        conn.send(bytes(1_500_000))
        conn.hold()

    def progress(count: int) -> None:
        counts.append(count)
        if sum(counts) >= 1_500_000:
            told.set()

    with Server(script) as server, Via() as via:
        response = ask(via, server.url(), scope=Scope(None))
        response.prepare(progress=progress)
        if way == "read_all":
            assert len(response.read_all()) == 3_000_000
        else:
            assert sum(map(len, iter(lambda: response.next_piece(200_000), b""))) == 3_000_000
        assert sum(counts) == 3_000_000


@pytest.mark.parametrize("way", ["read_all", "next_piece"])
def test_who_waits_for_all_of_it_is_woken_by_a_close(way: str) -> None:
    with Server.replies([OK + b"Content-Length: 9000000\r\n\r\n" + bytes(3_000_000)]) as server, Via() as via:
        response = ask(via, server.url(), scope=Scope(None, True))
        response.prepare()
        count = [0]

        def read() -> None:
            if way == "read_all":
                response.read_all()
            else:
                for piece in iter(lambda: response.next_piece(200_000), b""):
                    count[0] += len(piece)

        errand = in_thread(read)
        while not response._busy.locked() or way == "next_piece" and count[0] < 2_700_000:
            threading.Event().wait(0.01)
        response.close()
        with pytest.raises((Stopped, Truncated)):
            errand.result()
        assert via.pool.idle_connections == 0
