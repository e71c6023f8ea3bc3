"""A response as a stream: what files do, lines, pipes. How streams end is in test_response_stream_ends."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import pickle
import re
import shutil
import tarfile
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import Agent, AxiosError, axios
from miniaxios.response_stream import ResponseStream
from tests.support.server import Reply, Server


@pytest.fixture
def client():
    with Agent(max_sockets=1) as agent:
        yield axios.create(http_agent=agent, response_type="stream", timeout=20000)


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


class Given:
    """Pieces as the basement would give them."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.closed = False

    def next_piece(self, wanted=0):
        return self.pieces.pop(0) if self.pieces else b""

    def close(self):
        self.closed = True


def stream_of(*pieces, content_type=None, response_encoding=None):
    return ResponseStream(Given(*pieces), lambda error: error, content_type, response_encoding)


# -- the manners of a file ---------------------------------------------------------------------------

BODY = bytes(range(256)) * 4 + b"\nline\r\n" * 3


@given(st.lists(st.integers(1, 300)), st.lists(st.integers(-1, 400), min_size=1))
@settings(max_examples=80)
def test_reads_of_any_size_give_the_body(cuts, sizes):
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(BODY[at : at + cut])
        at += cut
    stream = stream_of(*[piece for piece in [*pieces, BODY[at:]] if piece])
    ways = [stream.read, stream.read1, lambda size: bytes(into(stream, max(size, 0))), stream.readline]
    read = b""
    for turn in range(5000):
        size = sizes[turn % len(sizes)]
        data = ways[turn % 4](size)
        assert size < 0 or len(data) <= size
        assert turn % 4 or size < 0 or len(data) == size or read + data == BODY
        read += data
        if len(read) == len(BODY):
            break
        if not any(size for size in sizes):
            return
    assert read == BODY and stream.read() == b"" == stream.read(5) == stream.read1() == stream.readline()


def into(stream, size):
    buffer = bytearray(size)
    return buffer[: stream.readinto(buffer)]


def test_it_is_a_raw_file():
    stream = stream_of(b"abc")
    assert isinstance(stream, io.RawIOBase) and stream.readable() and not stream.writable() and not stream.seekable()
    assert stream.peek()[:2] == b"ab" and stream.read(1) == b"a"
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()
    with pytest.raises(TypeError):
        pickle.dumps(stream)
    array = memoryview(bytearray(8)).cast("H")
    assert stream.readinto(array) == 2 and array[0] == int.from_bytes(b"bc", "little" if array[0] != 0x6263 else "big")


@pytest.mark.parametrize(
    "use",
    [
        lambda s: s.read(), lambda s: s.read(0), lambda s: s.read(1), lambda s: s.read1(), lambda s: s.readall(),
        lambda s: s.readinto(bytearray(1)), lambda s: s.readline(), lambda s: s.peek(), iter, next,
        lambda s: list(s.iter_lines()), lambda s: s.pipe(io.BytesIO()),
    ],
)  # fmt: skip
def test_a_closed_stream_gives_nothing(use):
    given_ = Given(b"abcdef")
    stream = ResponseStream(given_, lambda error: error)
    assert stream.read(2) == b"ab"
    stream.close()
    stream.close()
    assert stream.closed and given_.closed
    with pytest.raises(ValueError):
        use(stream)


def test_reading_byte_by_byte_is_linear():
    stream = stream_of(bytes(300_000))
    started = time.monotonic()
    while stream.read(1):
        pass
    assert time.monotonic() - started < 10


def test_long_lines_and_many_lines():
    stream = stream_of(*[b"x" * 1000] * 1000, b"\n" * 5)
    assert len(stream.readline()) == 1_000_001 and stream.readlines() == [b"\n"] * 4
    assert stream_of(b"abc\ndef").readline(2) == b"ab"
    assert stream_of(b"abc").readline(0) == b"" and stream_of(b"a\nb").readline(None) == b"a\n"


# -- what reads files --------------------------------------------------------------------------------


def test_users_of_files(client, tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("a", "b"):
            info = tarfile.TarInfo(name)
            info.size = 5000
            tar.addfile(info, io.BytesIO(name.encode() * 5000))
    text = "".join("line %d é\n" % number for number in range(500))
    table = {
        "/tar": Reply([packed.getvalue()[:100], packed.getvalue()[100:]]),
        "/json": Reply.json({"a": [1] * 1000}, framing="chunked"),
        "/text": Reply(text),
        "/gz": Reply(gzip.compress(text.encode())),
    }
    with Server.routes(table) as server:

        def stream(path):
            return client.get(server.url(path)).data

        copied = io.BytesIO()
        shutil.copyfileobj(stream("/text"), copied)
        assert copied.getvalue().decode() == text
        assert json.load(stream("/json")) == {"a": [1] * 1000}
        with stream("/tar") as source, tarfile.open(fileobj=source, mode="r|*") as tar:
            assert {info.name: tar.extractfile(info).read() for info in tar} == {"a": b"a" * 5000, "b": b"b" * 5000}
        with io.TextIOWrapper(stream("/text"), encoding="utf-8") as lines:
            assert "".join(lines) == text
        with io.BufferedReader(stream("/text")) as buffered:
            assert buffered.read(10) == text.encode()[:10] and buffered.readline() and buffered.read().decode() in text
        assert gzip.GzipFile(fileobj=stream("/gz")).read().decode() == text
        assert b"".join(stream("/text")).decode() == text
        assert list(stream("/text").iter_lines()) == text.splitlines()
        with client.get(server.url("/text")) as response:
            assert response.data.readline().decode() == "line 0 é\n"
        assert response.data.closed
        # Read to its end, each stream gave the one connection back; closed early, the last two dropped theirs.
        assert client.get(server.url("/text")).data.read().decode() == text
        assert server.connections <= 5


def test_a_stream_is_decoded_and_transformed(client):
    seen = []
    with Server.handler(lambda request: Reply(gzip.compress(b"plain" * 1000), headers={"Content-Encoding": "gzip"})) as server:
        response = client.get(server.url(), transform_response=[lambda data: seen.append(data) or data])
        assert seen == [response.data] and response.data.read() == b"plain" * 1000
        assert not response.headers.has("content-encoding")
        raw = client.get(server.url(), decompress=False)
        assert gzip.decompress(raw.data.read()) == b"plain" * 1000 and raw.headers["content-encoding"] == "gzip"


def test_pieces_are_passed_on_as_they_come(client):
    step = [threading.Event() for _ in range(3)]

    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number, event in enumerate(step):
            conn.send(b"4\r\nab%d\n\r\n" % number)
            conn.wait(event)
        conn.send(b"0\r\n\r\n")

    with Server(script) as server:
        stream = client.get(server.url()).data
        lines = stream.iter_lines()
        assert next(lines) == "ab0"
        step[0].set()
        assert next(stream) == b"ab1\n"
        step[1].set()
        assert stream.read1(2) == b"ab" and stream.read(2) == b"2\n"
        step[2].set()
        assert stream.read() == b"" and list(lines) == []


# -- lines -------------------------------------------------------------------------------------------


def split(text):
    """What ``str.splitlines`` would give if only LF, CR LF and CR ended lines."""
    lines = re.split("\r\n|\n|\r", text)
    return lines if lines[-1] else lines[:-1]


@given(st.text(alphabet="ab\r\né\u2028\x0b\x85", max_size=40), st.lists(st.integers(1, 5), max_size=60))
@settings(max_examples=200)
def test_lines_wherever_the_pieces_end(text, cuts):
    data, pieces = text.encode(), []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    pieces = [piece for piece in [*pieces, data] if piece]
    expected = split(text)
    assert list(stream_of(*pieces).iter_lines()) == expected
    if not set(text) & set("\u2028\x0b\x85"):
        assert expected == text.splitlines()


@given(st.text(alphabet="a\r\né", max_size=20), st.sampled_from(["utf-8", "utf-16-le", "utf-16", "shift_jis", "latin-1"]))
@settings(max_examples=100)
def test_lines_in_any_charset_byte_by_byte(text, charset):
    text = text if charset != "shift_jis" else text.replace("é", "あ")
    data = text.encode(charset)
    pieces = [data[at : at + 1] for at in range(len(data))]
    assert list(stream_of(*pieces, content_type="text/plain; charset=" + charset).iter_lines()) == split(text)
    assert list(stream_of(*pieces, response_encoding=charset).iter_lines()) == split(text)


@pytest.mark.parametrize("pieces", [(b"a\r", b"\nb"), (b"a", b"\r", b"\n", b"b"), (b"a\r\nb",), (b"a\r\n", b"b")])
def test_a_line_is_given_as_soon_as_it_has_ended(pieces):
    given_ = Given(*pieces)
    lines = ResponseStream(given_, lambda error: error).iter_lines()
    assert next(lines) == "a"
    taken = len(pieces) - len(given_.pieces)
    assert b"\r" in b"".join(pieces[:taken]) and b"\r" not in b"".join(pieces[: taken - 1])
    assert list(lines) == ["b"]


# -- pipe --------------------------------------------------------------------------------------------


class Narrow(io.RawIOBase):
    """Takes three bytes at a time."""

    def __init__(self):
        super().__init__()
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data[:3])
        return min(3, len(data))


def test_pipe(client, tmp_path):
    body = os.urandom(200_000)
    with Server.handler(lambda request: Reply(body)) as server:
        path = tmp_path / "file"
        with open(str(path), "wb") as file:
            assert client.get(server.url()).data.pipe(file) is file
            assert not file.closed
        assert path.read_bytes() == body
        with open(str(path), "wb", buffering=0) as raw:
            client.get(server.url()).data.pipe(raw)
        assert path.read_bytes() == body
        assert client.get(server.url()).data.pipe(Narrow()).data == body
        assert server.connections == 1


@pytest.mark.parametrize("answer", [None, True, -1, 0, 10**9, "x", 2.0])
def test_pipe_to_a_function_that_says_what_it_likes(answer):
    taken = []

    class Sink:
        def write(self, data):
            taken.append(data)
            return answer

    stream_of(b"abc", b"def").pipe(Sink())
    assert taken == [b"abc", b"def"] and all(type(data) is bytes for data in taken)


def test_pipe_to_a_raw_file_that_does_not_block():
    class Full(Narrow):
        def write(self, data):
            return None

    error = failed(stream_of(b"abc").pipe, Full())
    assert error.code == "EAGAIN" and isinstance(error.cause, BlockingIOError)


def endless(conn):
    conn.read_request()
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            conn.send(b"400\r\n" + bytes(1024) + b"\r\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("buffering", [0, -1])
def test_pipe_to_a_full_disk(no_leaks, client, buffering):
    client.defaults.http_agent = agent = Agent(max_sockets=1)
    with agent, Server(endless) as server:
        response = client.get(server.url("/big"))
        file = open("/dev/full", "wb", buffering=buffering)
        try:
            error = failed(response.data.pipe, file)
        finally:
            with contextlib.suppress(OSError):
                file.close()
        assert error.code == "ENOSPC" and isinstance(error, OSError) and error.errno == error.cause.errno == 28
        assert isinstance(error.cause, OSError) and not isinstance(error.cause, AxiosError)
        assert error.config.url == server.url("/big") and response.data.closed


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, AxiosError])
def test_pipe_to_what_raises(no_leaks, client, exception):
    class Sink:
        def write(self, data):
            raise exception("boom")

    client.defaults.http_agent = agent = Agent(max_sockets=1)
    with agent, Server(endless) as server:
        stream = client.get(server.url()).data
        with pytest.raises(exception) as caught:
            stream.pipe(Sink())
        assert type(caught.value) is exception and stream.closed


def test_pipe_to_what_is_no_sink():
    with pytest.raises(AttributeError):
        stream_of(b"abc").pipe(object())
