"""A response as a stream: ends of every kind, other threads, time, cancellation."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import threading
import time

import pytest

from miniaxios import AbortController, Agent, AxiosError, CancelToken, axios
from tests.support.server import Reply, Server


@pytest.fixture
def client():
    with Agent(max_sockets=1) as agent:
        yield axios.create(http_agent=agent, response_type="stream", timeout=20000)


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


def endless(conn):
    conn.read_request()
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            conn.send(b"400\r\n" + bytes(1024) + b"\r\n")


# -- ends --------------------------------------------------------------------------------------------

CUTS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
}


@pytest.mark.parametrize("kind", sorted(CUTS))
def test_FRAME_9_a_stream_raises_at_the_cut_and_ever_after(no_leaks, client, kind):
    client.defaults.http_agent = agent = Agent(max_sockets=1)
    with agent, Server.replies([lambda conn: conn.send(CUTS[kind]) or False, Reply(b"next")]) as server:
        stream = client.get(server.url()).data
        assert stream.read(4) == b"half"
        first = failed(stream.read, 1)
        assert first.code == "ERR_BAD_RESPONSE" and first.config is not None and first.request.path == "/"
        for use in (stream.read, stream.read1, stream.readline, lambda: next(stream), lambda: list(stream.iter_lines())):
            assert failed(use) is first
        # Its slot is free though nobody closed it.
        assert client.get(server.url()).data.read() == b"next"


@pytest.mark.parametrize("way", ["close", "with", "forget"])
def test_a_stream_that_is_left_early_drops_its_connection(no_leaks, client, way):
    client.defaults.http_agent = agent = Agent(max_sockets=1)

    def script(conn):
        if conn.index == 0:
            endless(conn)
        else:
            conn.read_request()
            conn.respond(body=b"next")

    with agent, Server(script) as server:
        response = client.get(server.url())
        assert response.data.read(10) == bytes(10)
        if way == "close":
            response.data.close()
        elif way == "with":
            with response:
                pass
        else:
            del response
            gc.collect()
        # max_sockets is 1: this would wait for ever if the slot were lost.
        assert client.get(server.url()).data.read() == b"next"


def test_RES_1_forgetting_needs_no_garbage_collector(client):
    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        assert conn.wait_closed()

    gc.collect()
    gc.disable()
    try:
        with Server(script) as server:
            source = CancelToken.source()
            client.get(server.url(), cancel_token=source.token, on_download_progress=lambda event: None)
            assert server.wait_gone()
            assert not source.token._switch.is_watched
    finally:
        gc.enable()


def test_reading_to_the_end_gives_the_connection_back(client):
    with Server.handler(lambda request: Reply([b"ab", b"cd"])) as server:
        for _ in range(3):
            stream = client.get(server.url()).data
            assert stream.read() == b"abcd"  # neither closed nor forgotten
        assert server.connections == 1


def test_an_error_response_stays_readable(client):
    with Server.handler(lambda request: Reply(b"not here", 404)) as server:
        error = failed(client.get, server.url())
        assert error.status == 404 and error.response.data.read() == b"not here"
        with pytest.raises(AxiosError) as caught:
            client.get(server.url())
        caught.value.response.data.close()
        assert client.get(server.url(), validate_status=None).data.read() == b"not here"


# -- other threads, time, cancellation ---------------------------------------------------------------


def half(conn):
    conn.read_request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    assert conn.wait_closed(10)


def later(function, blocked):
    """Call ``function`` from another thread once this one is (as good as) blocked."""

    def work():
        blocked.wait(10)
        time.sleep(0.05)
        function()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("use", [lambda s: s.read(9), lambda s: s.read(), lambda s: list(s), lambda s: list(s.iter_lines())])
def test_close_from_another_thread_ends_a_read(no_leaks, client, use):
    client.defaults.http_agent = agent = Agent()
    blocked = threading.Event()
    with agent, Server(half) as server:
        stream = client.get(server.url(), timeout=0).data
        thread = later(stream.close, blocked)
        blocked.set()
        started = time.monotonic()
        error = failed(use, stream)
        assert error.code == "ERR_CANCELED" and axios.is_cancel(error) and time.monotonic() - started < 5
        thread.join()
        assert stream.closed
        with pytest.raises(ValueError):
            stream.read()


@pytest.mark.parametrize("how", ["token", "signal"])
@pytest.mark.parametrize("use", [lambda s: s.read(9), lambda s: s.read(), lambda s: list(s)])
def test_cancel_ends_a_read(no_leaks, client, how, use):
    client.defaults.http_agent = agent = Agent()
    blocked, source, controller = threading.Event(), CancelToken.source(), AbortController()
    options = {"cancel_token": source.token} if how == "token" else {"signal": controller.signal}
    cancel = (lambda: source.cancel("enough")) if how == "token" else controller.abort
    with agent, Server(half) as server:
        stream = client.get(server.url(), **options).data
        thread = later(cancel, blocked)
        blocked.set()
        error = failed(use, stream)
        assert axios.is_cancel(error) and error.message == ("enough" if how == "token" else "canceled")
        assert axios.is_cancel(failed(stream.read))
        thread.join()
        assert server.wait_gone()


@pytest.mark.parametrize("how", ["token", "signal"])
def test_cancel_between_two_reads_closes_the_socket_at_once(no_leaks, client, how):
    client.defaults.http_agent = agent = Agent(max_sockets=1)
    source, controller = CancelToken.source(), AbortController()
    options = {"cancel_token": source.token} if how == "token" else {"signal": controller.signal}

    def script(conn):
        if conn.index == 0:
            half(conn)
        else:
            conn.read_request()
            conn.respond(body=b"next")

    with agent, Server(script) as server:
        stream = client.get(server.url(), **options).data
        assert stream.read(4) == b"half"
        source.cancel("enough") if how == "token" else controller.abort()
        assert server.peers[0].gone.wait(5)
        assert client.get(server.url()).data.read() == b"next"  # the slot is free, too
        error = failed(stream.read)
        assert axios.is_cancel(error) and error.message == ("enough" if how == "token" else "canceled")


def test_cancel_after_the_end_does_nothing(client):
    source = CancelToken.source()
    with Server.handler(lambda request: Reply(b"all")) as server:
        stream = client.get(server.url(), cancel_token=source.token).data
        assert stream.read(3) == b"all" and stream.read() == b""
        source.cancel()
        assert stream.read() == b""
        assert client.get(server.url()).data.read() == b"all"
        assert server.connections == 1


@pytest.mark.parametrize("use", [lambda s: s.read(9), lambda s: s.read(), lambda s: s.read1(), lambda s: list(s)])
def test_FLOOD_4_each_read_has_the_timeout_to_itself(no_leaks, client, use):
    client.defaults.http_agent = agent = Agent()
    with agent, Server(half) as server:
        stream = client.get(server.url(), timeout=250).data
        assert stream.read(2) == b"ha"
        time.sleep(0.3)  # the caller's own time does not count
        assert stream.read(2) == b"lf"
        started = time.monotonic()
        error = failed(use, stream)
        assert 0.24 <= time.monotonic() - started < 5
        assert isinstance(error, TimeoutError) and str(error) == "timeout of 250ms exceeded"
        assert failed(stream.read) is error


DRIPS = {
    "bytes": (b"Content-Length: 99999", [b"x"] * 9999),
    "extensions": (b"Transfer-Encoding: chunked", [b"5;"] + [b"x"] * 9999),
    "gzip": (b"Content-Encoding: gzip\r\nContent-Length: 99999", [b"\x1f\x8b\x08\x08\0\0\0\0\0\0"] + [b"x"] * 9999),
}


@pytest.mark.parametrize("kind", sorted(DRIPS))
@pytest.mark.parametrize("use", [lambda s: s.read(5000), lambda s: s.read(), lambda s: s.readline()])
def test_FLOOD_4_a_drip_does_not_outlive_a_read(no_leaks, client, kind, use):
    header, pieces = DRIPS[kind]

    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n")
        conn.drip(pieces, 0.02)

    client.defaults.http_agent = agent = Agent()
    with agent, Server(script) as server:
        stream = client.get(server.url(), timeout=300).data
        started = time.monotonic()
        error = failed(use, stream)
        assert 0.29 <= time.monotonic() - started < 5 and isinstance(error, TimeoutError)


def test_a_stream_read_by_two_threads_gives_each_byte_once(client):
    body = os.urandom(500_000)
    taken = []
    with Server.handler(lambda request: Reply(body)) as server:
        stream = client.get(server.url()).data

        def work():
            for piece in iter(lambda: stream._response.next_piece(), b""):
                taken.append(piece)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(map(len, taken)) == len(body)


def test_FRAME_9_tls_cut_is_no_end(no_leaks):
    from tests.support.tls import CA

    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        conn.cut()

    with Agent(ca=CA) as agent, Server(script, tls=True) as server:
        stream = axios.get(server.url(host="localhost"), https_agent=agent, response_type="stream").data
        assert stream.read(4) == b"half"
        assert failed(stream.read).code in ("ERR_BAD_RESPONSE", "ECONNRESET")


def test_sockets_are_really_gone(client):
    """The descriptor is closed, not only shut down."""
    with Server(half) as server:
        stream = client.get(server.url()).data
        sock = stream._response._connection.sock.sock
        assert isinstance(sock, socket.socket) and sock.fileno() >= 0
        stream.close()
        assert sock.fileno() == -1
