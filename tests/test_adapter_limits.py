"""Limits, progress and rates: how much may move, who is told, how fast."""

from __future__ import annotations

import gzip
import io
import threading
import time
import tracemalloc

import pytest

from miniaxios import Agent, AxiosError, FormData, URLSearchParams, axios
from tests.support.server import Peer, Reply, Server


@pytest.fixture
def client():
    with Agent() as agent:
        yield axios.create(http_agent=agent, timeout=30000)


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


class Plain:
    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, size=-1):
        return self._file.read(min(size, 4))


def form(data):
    made = FormData()
    made.append("f", io.BytesIO(data), "f")
    return made


def piped(data):
    made = FormData()
    made.append("f", Plain(data), "f")
    return made


def pieces(data):
    for at in range(0, len(data), 4):
        yield data[at : at + 4]


# -- max_body_length ---------------------------------------------------------------------------------

KNOWN = {
    "text": lambda data: data.decode(),
    "bytes": bytes,
    "buffer": bytearray,
    "file": io.BytesIO,
    "json": lambda data: [data.decode()],
    "params": lambda data: URLSearchParams({"a": data.decode()}),
    "form": form,
}
UNKNOWN = {"stream": Plain, "generator": pieces, "piped form": piped}


@pytest.mark.parametrize("kind", sorted(KNOWN))
def test_LIMIT_2_a_known_length_is_refused_before_anything_is_sent(client, kind):
    with Server.silent() as server:
        error = failed(client.post, server.url(), KNOWN[kind](b"x" * 11), max_body_length=10)
        assert str(error) == "Request body larger than maxBodyLength limit"
        assert error.code == "ERR_BAD_REQUEST" and server.connections == 0


@pytest.mark.parametrize("kind", sorted(UNKNOWN))
def test_LIMIT_2_an_unknown_length_stops_at_the_limit(no_leaks, kind):
    with Server(Peer.hold) as server, Agent() as agent:
        data = UNKNOWN[kind](b"x" * 1_000_000)
        error = failed(axios.post, server.url(), data, max_body_length=1000, http_agent=agent, timeout=20000)
        assert str(error) == "Request body larger than maxBodyLength limit" and error.code == "ERR_BAD_REQUEST"
        assert server.wait_gone()
    assert sum(len(bytes(peer.buffer)) for peer in server.peers) < 4000


@pytest.mark.parametrize("kind", sorted({**KNOWN, **UNKNOWN}))
def test_LIMIT_2_what_fits_is_sent(client, kind):
    make = {**KNOWN, **UNKNOWN}[kind]
    with Server.handler(lambda request: Reply(str(len(request.body)))) as server:
        length = client.post(server.url(), make(b"x" * 10)).data
        assert client.post(server.url(), make(b"x" * 10), max_body_length=length).data == length
        assert failed(client.post, server.url(), make(b"x" * 10), max_body_length=length - 1).code == "ERR_BAD_REQUEST"


def test_LIMIT_2_characters_are_no_bytes(client):
    with Server.replies([Reply(b"ok")]) as server:
        assert failed(client.post, server.url(), "éé", max_body_length=3).code == "ERR_BAD_REQUEST"
        assert client.post(server.url(), "éé", max_body_length=4).data == "ok"


def test_LIMIT_2_no_limit_and_none_at_all(client):
    with Server.handler(lambda request: Reply(b"ok")) as server:
        for limit in (-1, None):
            assert client.post(server.url(), b"x" * 100, maxBodyLength=limit).data == "ok"
        assert failed(client.post, server.url(), b"x", max_body_length=0).code == "ERR_BAD_REQUEST"
        assert client.post(server.url(), b"", max_body_length=0).data == "ok"


# -- max_content_length ------------------------------------------------------------------------------

TYPES = ["json", "text", "arraybuffer", "blob", "document", "stream", None]


def answer(kind, size):
    body = b"<a>" + b"x" * (size - 7) + b"</a>"
    if kind == "gzip":
        return Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"})
    if kind == "chunked":
        return Reply([body[at : at + 7] for at in range(0, size, 7)])
    return Reply(body, framing=kind)


@pytest.mark.parametrize("kind", ["length", "chunked", "close", "gzip"])
@pytest.mark.parametrize("response_type", TYPES)
def test_LIMIT_1_in_each_response_type(no_leaks, client, response_type, kind):
    client.defaults.http_agent.close()
    with Agent() as agent, Server.handler(lambda request: answer(kind, 2001)) as server:

        def get(limit):
            response = client.get(server.url(), response_type=response_type, max_content_length=limit, http_agent=agent)
            return response.data.read() if response_type == "stream" else response.data

        error = failed(get, 2000)
        assert (str(error), error.code) == ("maxContentLength size of 2000 exceeded", "ERR_BAD_RESPONSE")
        assert error.response is None
        assert get(2001) is not None and get(-1) is not None and get(None) is not None
        assert kind == "close" or server.connections == 2


def test_LIMIT_1_zero_and_errors(client):
    with Server.handler(lambda request: Reply(b"x" * 10, 404)) as server:
        assert failed(client.get, server.url(), max_content_length=0).code == "ERR_BAD_RESPONSE"
        assert failed(client.get, server.url(), max_content_length=10).status == 404
        assert client.head(server.url(), max_content_length=0, validate_status=None).status == 404


def test_LIMIT_1_a_stream_gives_what_came_before_the_limit(client):
    seen = threading.Event()

    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n1234567890")
        conn.wait(seen)
        conn.send(b"x")
        assert conn.wait_closed()

    with Server(script) as server:
        stream = client.get(server.url(), response_type="stream", max_content_length=10).data
        assert stream.read(10) == b"1234567890"
        seen.set()
        for _ in range(2):
            assert str(failed(stream.read)) == "maxContentLength size of 10 exceeded"


def test_LIMIT_1_an_announced_flood_costs_nothing(client):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"

    def script(conn):
        conn.read_request()
        conn.send(head)
        assert conn.wait_closed()

    with Server(script) as server:
        assert failed(client.get, server.url(), max_content_length=1000).code == "ERR_BAD_RESPONSE"


@pytest.mark.parametrize("response_type", [None, "arraybuffer", "stream"])
def test_DECOMP_1_a_bomb_stays_within_the_limit(client, response_type):
    bomb = gzip.compress(bytes(200 << 20), 1)
    with Server.replies([Reply(bomb, headers={"Content-Encoding": "gzip"})]) as server:
        tracemalloc.start()
        try:

            def get():
                response = client.get(server.url(), response_type=response_type, max_content_length=1 << 20)
                return response.data.read()

            assert failed(get).code == "ERR_BAD_RESPONSE"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 << 20


# -- progress ----------------------------------------------------------------------------------------


class Events:
    def __init__(self):
        self.seen = []

    def __call__(self, event):
        self.seen.append(event)

    @property
    def last(self):
        return self.seen[-1].loaded

    def check(self, loaded, total, upload):
        assert self.seen, "no event at all"
        sizes = [event.loaded for event in self.seen]
        assert sizes == sorted(sizes) and sizes[-1] == loaded and sum(event.bytes for event in self.seen) == loaded
        for event in self.seen:
            assert (event.total, event.length_computable) == (total, total is not None)
            assert (event.upload, event.download) == (upload, not upload)
            assert event.progress == (event.loaded / total if total else None)


@pytest.mark.parametrize(
    "data, total",
    [
        (lambda: b"x" * 300_000, 300_000),
        (lambda: "x" * 10, 10),
        (lambda: io.BytesIO(b"x" * 300_000), 300_000),
        (lambda: pieces(b"x" * 4000), None),
        (lambda: Plain(b"x" * 4000), None),
    ],
)
def test_upload_progress(client, data, total):
    events = Events()
    with Server.handler(lambda request: Reply(str(len(request.body)))) as server:
        sent = client.post(server.url(), data(), on_upload_progress=events).data
    events.check(sent, total, True)


@pytest.mark.parametrize("kind, total", [("length", 3000), ("chunked", None), ("close", None)])
@pytest.mark.parametrize("response_type", [None, "stream"])
def test_download_progress(client, kind, total, response_type):
    events = Events()
    with Server.handler(lambda request: answer(kind, 3000)) as server:
        data = client.get(server.url(), on_download_progress=events, response_type=response_type).data
        if response_type == "stream":
            assert data.read(10) and events.seen
            data.read()
    loaded = events.last
    assert loaded == 3000 if total else loaded >= 3000
    events.check(loaded, total, False)


def test_download_progress_counts_what_came_over_the_wire(client):
    events = Events()
    coded = gzip.compress(bytes(100_000))
    with Server.replies([Reply(coded, headers={"Content-Encoding": "gzip"})]) as server:
        assert len(client.get(server.url(), on_download_progress=events, response_type="arraybuffer").data) == 100_000
    events.check(len(coded), len(coded), False)


def test_both_ways_in_camel_case(client):
    up, down = Events(), Events()
    with Server.handler(lambda request: Reply(request.body)) as server:
        client.post(server.url(), "12345", onUploadProgress=up, onDownloadProgress=down)
    up.check(5, 5, True)
    down.check(5, 5, False)


def test_no_bytes_no_events(client):
    events = Events()
    with Server.handler(lambda request: Reply(b"", 204)) as server:
        client.post(server.url(), None, on_upload_progress=events, on_download_progress=events)
        client.get(server.url(), on_upload_progress=events, on_download_progress=events)
    assert events.seen == []


def test_few_events_for_many_pieces(client):
    events = Events()
    with Server.handler(lambda request: Reply([b"x"] * 5000)) as server:
        started = time.monotonic()
        client.get(server.url(), on_download_progress=events)
        most = (time.monotonic() - started) * 3 + 3
    assert len(events.seen) <= most


@pytest.mark.parametrize("data", [lambda: io.BytesIO(b"x" * 100), lambda: Again(b"x" * 60, b"x" * 40)])
def test_progress_does_not_count_twice_what_a_redirect_sends_twice(client, data):
    events = Events()
    with Server.routes({"/": Reply.redirect("/x", 307), "/x": Reply(b"ok")}) as server:
        client.post(server.url("/"), data(), on_upload_progress=events)
        assert [len(request.body) for request in server.requests] == [100, 100]
    assert events.last == 100


class Again:
    def __init__(self, *pieces):
        self.pieces = pieces

    def __iter__(self):
        return iter(self.pieces)


def test_QUEUE_3_progress_of_an_upload_that_is_cut_short(client):
    events = Events()

    def script(conn):
        conn.read_head()
        conn.read_exactly(1000)
        conn.respond(413, body=b"too much", close=True)

    with Server(script) as server:
        error = failed(client.post, server.url(), bytes(50 << 20), on_upload_progress=events)
        assert (error.status, error.response.data) == (413, "too much")
    assert events.last < 50 << 20


def test_upload_goes_on_while_the_answer_comes_in(client):
    up = Events()

    def script(conn):
        request = conn.read_head()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        conn.read_body(request)
        conn.send(b"done")

    with Server(script) as server:
        assert client.post(server.url(), io.BytesIO(bytes(3 << 20)), on_upload_progress=up).data == "done"
        assert len(server.request.body) == 3 << 20
    up.check(3 << 20, 3 << 20, True)


# -- max_rate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [200_000, [200_000, None], [200_000, 0]])
def test_max_rate_of_an_upload(client, rate):
    with Server.handler(lambda request: Reply(str(len(request.body)))) as server:
        started = time.monotonic()
        assert client.post(server.url(), bytes(400_000), max_rate=rate).data == 400_000
        # Two seconds' worth, less the bursts at its ends.
        assert 0.9 < time.monotonic() - started < 8


@pytest.mark.parametrize("rate", [200_000, [None, 200_000]])
@pytest.mark.parametrize("response_type", ["arraybuffer", "stream"])
def test_max_rate_of_a_download(client, rate, response_type):
    with Server.replies([Reply(bytes(200_000))]) as server:
        started = time.monotonic()
        data = client.get(server.url(), maxRate=rate, response_type=response_type).data
        assert len(data if response_type == "arraybuffer" else data.read()) == 200_000
        assert 0.4 < time.monotonic() - started < 5


@pytest.mark.parametrize("rate", [0, None, [0, 0], (None, None), 10**12])
def test_no_rate(client, rate):
    with Server.handler(lambda request: Reply(request.body)) as server:
        started = time.monotonic()
        assert len(client.post(server.url(), bytes(300_000), max_rate=rate, response_type="arraybuffer").data) == 300_000
        assert time.monotonic() - started < 3


def test_a_rate_does_not_outlive_the_deadline(no_leaks):
    with Server(Peer.hold) as server, Agent() as agent:
        started = time.monotonic()
        error = failed(axios.post, server.url(), bytes(1_000_000), max_rate=1000, timeout=300, http_agent=agent)
        assert error.code == "ECONNABORTED" and 0.29 <= time.monotonic() - started < 5
        assert server.wait_gone()
