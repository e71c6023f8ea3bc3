"""Faults of an answer: cut at each byte, dripped, early, late, half-closed. The table is faults.rst."""

from __future__ import annotations

import gc
import gzip
import queue
import socket
import threading
import time
import warnings

import pytest

from miniaxios.wire import outgoing

from .support.faults import Scene
from .support.messages import chunked
from .support.peer import Peer

TEXT = b"hello, hello, hello"
PACKED = gzip.compress(TEXT)

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n" + TEXT,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked([TEXT[:5], TEXT[5:]], {"X-Sum": "1"}),
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "error": b"HTTP/1.1 500 No\r\nContent-Length: 19\r\n\r\n" + TEXT,
}


def read_gently(scene, path):
    """All pieces of a stream, and what ended it; the stream fails again, in the same way."""
    pieces = []
    try:
        stream = scene.axios.get(scene.url(path), response_type="stream", validate_status=None).data
    except Exception as error:
        return None, error
    with stream:
        try:
            pieces.extend(stream)
        except Exception as error:
            with pytest.raises(type(error)) as again:
                stream.read()
            assert again.value is error
            return b"".join(pieces), error
    return b"".join(pieces), None


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["end", "reset"])
@pytest.mark.parametrize("mode", ["buffered", "stream"])
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_FRAME_9_cut_at_each_byte(no_leaks, name, mode, end):
    answer = ANSWERS[name]
    head = answer.index(b"\r\n\r\n") + 4

    def fault(conn, request):
        conn.send(answer[: int(request.path[1:])])
        end(conn)

    with Scene(fault) as scene:
        for cut in range(len(answer)):
            path = "/%d" % cut
            codes = ("ECONNRESET",) if not cut else ("ERR_BAD_RESPONSE",)
            if end is Peer.reset:
                codes = ("ECONNRESET", "ERR_BAD_RESPONSE")  # how far it got before is not ours to know
            if mode == "buffered":
                error = scene.fails(codes, url=scene.url(path), validate_status=None)
                assert error.response is None or (cut >= head and error.response.status == int(answer[9:12]))
            else:
                got, error = read_gently(scene, path)
                assert error is not None and error.code in codes, (cut, got, error)
                # In the head it is the call that fails; what a stream gave before the cut is right.
                assert (got is None) if cut < head else (got is None or TEXT.startswith(got)), (cut, got)
            scene.at_rest()
        # Each on a connection of its own, and the agent is as good as new.
        assert scene.server.connections == len(answer)
        scene.recovers()


@pytest.mark.parametrize("mode", ["buffered", "stream"])
@pytest.mark.parametrize("chunks", [False, True], ids=["length", "chunked"])
def test_DECOMP_3_gzip_cut_at_each_byte_in_good_framing(no_leaks, mode, chunks):
    def fault(conn, request):
        cut = PACKED[: int(request.path[1:])]
        conn.respond(200, {"Content-Encoding": "gzip"}, [cut] if chunks else cut)
        return True

    with Scene(fault) as scene:
        for cut in range(1, len(PACKED)):
            if mode == "buffered":
                scene.fails("ERR_BAD_RESPONSE", url=scene.url("/%d" % cut))
            else:
                got, error = read_gently(scene, "/%d" % cut)
                assert error.code == "ERR_BAD_RESPONSE" and TEXT.startswith(got)
            scene.at_rest()
        scene.recovers(fresh=False)


# -- ends between and before answers -----------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["end", "reset"])
def test_before_the_request_on_a_fresh_connection(no_leaks, end, method):
    with Scene() as scene:
        scene.server.script = lambda conn: end(conn)
        scene.fails(("ECONNRESET", "EPIPE"), method=method, data=b"x" if method == "post" else None)
        assert scene.server.connections == 1, "a request was sent twice on fresh connections"
        scene.server.script = scene._script
        scene.recovers()


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["end", "reset"])
def test_an_idle_connection_ends(no_leaks, end):
    ended = threading.Event()

    def fault(conn, request):
        conn.respond(body=b"first")
        end(conn)
        ended.set()

    with Scene(fault) as scene:
        for _ in range(5):
            assert scene.axios.get(scene.url()).data == "first"
            assert ended.wait(5)
            ended.clear()
            # Not even a POST notices: the connection was seen to be dead before anything was sent.
            assert scene.axios.post(scene.url("/good/post"), b"x", timeout=5000).data == "/good/post"
        scene.recovers(fresh=False)


@pytest.mark.parametrize("method, resent", [("get", True), ("delete", True), ("post", False), ("patch", False)])
@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["end", "reset"])
def test_a_kept_connection_ends_under_the_request(no_leaks, end, method, resent):
    def fault(conn, request):
        first = request.peer is scene.server.peers[0]
        conn.read_body(request)
        if first:
            end(conn)
        else:
            conn.respond(body=b"second try")
        return not first

    with Scene(fault) as scene:
        scene.recovers()
        options = {"method": method, "data": b"x" if method == "patch" else None}
        if resent:
            assert scene.axios.request(scene.url(), **options).data == "second try"
        else:
            scene.fails("ECONNRESET", **options)
        assert len([each for each in scene.server.requests if each.path == "/fault"]) == 1 + resent
        scene.recovers(fresh=not resent)


def test_a_router_forgets_a_kept_connection(no_leaks):
    """Packets go nowhere, and nobody says so: the request ends with its deadline, the next one is fine."""
    with Scene(lambda conn, request: conn.hold()) as scene:
        scene.recovers()
        scene.fails("ECONNABORTED", timeout=200)
        assert scene.server.connections == 1, "it was the kept connection"
        scene.recovers()
        assert scene.server.connections == 2
        assert scene.server.peers[0].gone.wait(5)


# -- half-closed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, "stream"], ids=["buffered", "stream"])
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", ANSWERS["length"][:-7], ANSWERS["chunked"][:-2]])
def test_the_server_ends_its_half(no_leaks, sent, mode):
    def fault(conn, request):
        conn.send(sent)
        conn.shutdown_write()
        assert conn.wait_closed()

    with Scene(fault) as scene:
        scene.fails("ERR_BAD_RESPONSE" if sent else "ECONNRESET", response_type=mode)
        scene.recovers()


def test_the_server_ends_its_half_behind_a_whole_answer(no_leaks):
    def fault(conn, request):
        conn.send(ANSWERS["length"])
        conn.shutdown_write()
        assert conn.wait_closed()

    with Scene(fault) as scene:
        assert scene.axios.get(scene.url()).data == TEXT.decode()
        scene.server.peers[0].gone.wait(0.05)
        scene.recovers()


def test_the_server_hears_no_more_but_answers(no_leaks):
    def fault(conn, request):
        conn.sock.shutdown(socket.SHUT_RD)
        conn.send(ANSWERS["length"])

    with Scene(fault) as scene:
        assert scene.axios.post(scene.url(), b"x" * 200000).data == TEXT.decode()
        scene.recovers()


# -- early answers, and both ways at once ------------------------------------------------------------

REFUSAL = b"HTTP/1.1 413 No\r\nContent-Length: 9\r\n\r\ntoo large"


def ends_half(conn):
    conn.shutdown_write()
    conn.read_all()


def resets_soon(conn):
    conn.pause(0.05)
    conn.reset()


@pytest.mark.parametrize("end", [ends_half, Peer.close, resets_soon], ids=["end", "close", "reset"])
@pytest.mark.parametrize("kind", ["bytes", "chunks"])
def test_QUEUE_3_an_early_refusal(no_leaks, kind, end):
    def fault(conn, request):
        conn.read_exactly(1000)
        conn.send(REFUSAL)
        end(conn)

    body = bytes(20 << 20)
    with Scene(fault) as scene:
        data = body if kind == "bytes" else (body[:100000] for _ in range(200))
        error = scene.fails("ERR_BAD_REQUEST", method="post", data=data)
        assert (error.status, error.response.data) == (413, "too large")
        scene.recovers()


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["end", "reset"])
def test_QUEUE_3_an_end_without_a_word(no_leaks, end):
    def fault(conn, request):
        conn.read_exactly(1000)
        end(conn)

    with Scene(fault) as scene:
        scene.fails(("ECONNRESET", "EPIPE"), method="post", data=bytes(20 << 20))
        scene.recovers()


@pytest.mark.parametrize("mode", ["arraybuffer", "stream"])
def test_both_write_at_once(no_leaks, mode):
    """Neither reads before it has written: whoever only writes first waits for ever."""
    size = 12 << 20

    def fault(conn, request):
        conn.sock.settimeout(20)
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        conn.send(bytes(size - 1))
        conn.read_body(request)
        conn.send(b"!")  # an answer that is complete before would end the upload
        return True

    with Scene(fault) as scene:
        response = scene.axios.post(scene.url(), bytes(size), response_type=mode, timeout=20000)
        with response:
            data = response.data.read() if mode == "stream" else response.data
        assert len(data) == size
        scene.recovers(fresh=False)
    assert scene.server.requests[0].complete and len(scene.server.requests[0].body) == size


@pytest.fixture
def brief_continue(monkeypatch):
    monkeypatch.setattr(outgoing, "CONTINUE_WAIT", 0.15)


@pytest.fixture
def patient_continue(monkeypatch):
    """However slow the machine is, the answer comes before the wait is over."""
    monkeypatch.setattr(outgoing, "CONTINUE_WAIT", 20.0)


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def says(*words, delay=0.0):
    def fault(conn, request):
        conn.pause(delay)
        for word in words:
            conn.send(word)
        conn.read_body(request)
        conn.respond(body=b"taken")
        return True

    return fault


def says_again(conn, request):
    conn.send(CONTINUE)
    conn.read_body(request)
    conn.send(CONTINUE)
    conn.respond(body=b"taken")
    return True


CONTINUES = {
    "at once": says(CONTINUE),
    "twice": says(CONTINUE, CONTINUE),
    "late": says(CONTINUE, delay=0.3),
    "never": says(),
    "before and behind": says_again,
}


@pytest.mark.parametrize("name", sorted(CONTINUES))
def test_QUEUE_4_continue(no_leaks, brief_continue, name):
    with Scene(CONTINUES[name]) as scene:
        data = b"x" * 100000
        answer = scene.axios.post(scene.url(), data, headers={"Expect": "100-continue"}, timeout=5000)
        assert answer.data == "taken" and scene.server.request.body == data
        scene.recovers(fresh=False)


@pytest.mark.parametrize("status", [200, 401, 417])
def test_QUEUE_4_a_final_answer_instead_of_continue(no_leaks, patient_continue, status):
    heard = queue.Queue()

    def fault(conn, request):
        conn.respond(status, body=b"no need")
        heard.put(conn.read_all())

    with Scene(fault) as scene:
        options = {"method": "post", "data": b"x" * 100000, "headers": {"Expect": "100-continue"}}
        if status == 200:
            assert scene.axios.request(scene.url(), **options).data == "no need"
        else:
            assert scene.fails("ERR_BAD_REQUEST", **options).status == status
        scene.recovers()
    assert heard.get(timeout=20) == b"", "the body went out all the same"


def test_QUEUE_4_silence_after_the_body(no_leaks, brief_continue):
    with Scene(lambda conn, request: conn.hold()) as scene:
        scene.fails("ECONNABORTED", method="post", data=b"x", headers={"Expect": "100-continue"}, timeout=400)
        scene.recovers()


# -- time --------------------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "status": [b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" "],
    "headers": [OK + b"X: "],
    "body": [OK + b"Content-Length: 99999\r\n\r\n"],
    "chunk size": [CHUNKED + b"5;"],
    "chunk": [CHUNKED + b"ffff\r\n"],
    "trailers": [CHUNKED + b"1\r\nx\r\n0\r\nX: "],
    "error body": [b"HTTP/1.1 503 No\r\nContent-Length: 99999\r\n\r\n"],
    "redirect": [b"HTTP/1.1 302 No\r\nLocation: /"],
}


@pytest.mark.parametrize("mode", ["buffered", "stream"])
@pytest.mark.parametrize("name", sorted(DRIPS))
def test_FLOOD_4_drips(no_leaks, name, mode):
    def fault(conn, request):
        conn.drip(DRIPS[name] + [b"0"] * 9999, 0.02)

    with Scene(fault) as scene:
        options = {"timeout": 150, "validate_status": None}
        if mode == "stream":
            response = []

            def call():
                response.append(scene.axios.get(scene.url(), response_type="stream", **options))
                response[0].data.read()

            began = time.monotonic()
            scene.fails("ECONNABORTED", call)
            assert time.monotonic() - began >= 0.14
            for each in response:
                each.data.close()
        else:
            scene.fails("ECONNABORTED", **options)
        scene.recovers()
        assert scene.server.peers[0].gone.wait(5)


@pytest.mark.parametrize("ask", ["read", "next", "readline", "iter_lines"])
def test_a_stream_pauses_for_longer_than_the_timeout(no_leaks, ask):
    def fault(conn, request):
        conn.send(CHUNKED + b"4\r\none\n\r\n")
        conn.hold()

    with Scene(fault) as scene:
        response = scene.axios.get(scene.url(), response_type="stream", timeout=200)
        stream = response.data
        assert stream.read1() == b"one\n"
        calls = {
            "read": stream.read,
            "next": lambda: next(stream),
            "readline": stream.readline,
            "iter_lines": lambda: next(stream.iter_lines()),
        }
        began = time.monotonic()
        scene.fails("ECONNABORTED", calls[ask])
        assert time.monotonic() - began >= 0.19
        began = time.monotonic()
        stream.close()
        assert time.monotonic() - began < 1
        scene.recovers()


# -- left behind -------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["unread", "in the middle", "error"])
def test_a_stream_that_is_forgotten(no_leaks, where):
    def fault(conn, request):
        conn.send(b"HTTP/1.1 %s OK\r\nContent-Length: 99\r\n\r\nhalf" % request.target[-3:].encode())
        assert conn.wait_closed()

    def call(scene):
        status = "500" if where == "error" else "200"
        try:
            stream = scene.axios.get(scene.url("/" + status), response_type="stream").data
            if where == "in the middle":
                assert stream.read(2) == b"ha"
        except Exception as error:
            assert error.status == 500

    with Scene(fault) as scene:
        gc.disable()  # the count of references is enough
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                call(scene)
            assert scene.server.peers[0].gone.wait(5)
            scene.recovers()
        finally:
            gc.enable()
