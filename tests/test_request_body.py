"""Every kind of body, as it goes over the wire."""

from __future__ import annotations

import array
import dataclasses
import datetime
import decimal
import enum
import gzip
import io
import json
import os
import re
import subprocess
import sys
import threading
import uuid

import pytest

from miniaxios import Agent, AxiosError, FormData, URLSearchParams, axios
from tests.support.server import Peer, Reply, Server

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client():
    with Agent() as agent:
        yield axios.create(http_agent=agent, transitional={"clarify_timeout_error": True}, timeout=30000)


@pytest.fixture
def server():
    with Server.handler(lambda request: Reply(b"ok")) as server:
        yield server


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


@dataclasses.dataclass
class Point:
    x: int
    y: "int | None" = None


class Color(enum.Enum):
    RED = "red"


# -- the table of the contract -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, body, content_type",
    [
        ({"a": [1, None, "é"]}, '{"a":[1,null,"é"]}', "application/json"),
        ([1, 2], "[1,2]", "application/json"),
        ((1, 2), "[1,2]", "application/json"),
        ({}, "{}", "application/json"),
        ([], "[]", "application/json"),
        (Point(1), '{"x":1,"y":null}', "application/json"),
        (
            {
                "d": datetime.date(2020, 1, 2),
                "t": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
                "n": datetime.datetime(2020, 1, 1),
                "u": uuid.UUID(int=1),
                "m": decimal.Decimal("1.10"),
                "e": Color.RED,
            },
            '{"d":"2020-01-02","t":"2020-01-01T00:00:00.000Z","n":"2020-01-01T00:00:00",'
            '"u":"00000000-0000-0000-0000-000000000001","m":"1.10","e":"red"}',
            "application/json",
        ),
        (URLSearchParams([("a", "1 2"), ("a", "é")]), "a=1+2&a=%C3%A9", FORM + ";charset=utf-8"),
        ("plain é", "plain é", FORM),
        (b"bytes", "bytes", FORM),
        (bytearray(b"bytes"), "bytes", FORM),
        (memoryview(b"xbytesx")[1:-1], "bytes", FORM),
        (memoryview(b"b1y2t3e4s5")[::2], "bytes", FORM),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_values(client, server, method, data, body, content_type):
    assert getattr(client, method)(server.url(), data).data == "ok"
    request = server.request
    assert request.text == body and request.header_all("content-type") == [content_type]
    assert request.header_all("content-length") == [str(len(body.encode()))]
    assert request.header("transfer-encoding") is None


@pytest.mark.parametrize(
    "data, content_type, body",
    [
        ({"a": {"b": [1, 2]}, "c": None}, FORM, "a[b][0]=1&a[b][1]=2"),
        ('{"a": 1}', "application/json", '{"a": 1}'),
        ("plain", "application/json", '"plain"'),
        (1.5, "application/json", "1.5"),
        (True, "application/json", "true"),
        ({"a": 1}, "text/plain", '{"a":1}'),
        ("text", "text/plain", "text"),
    ],
)
def test_a_content_type_of_ones_own(client, server, data, content_type, body):
    client.post(server.url(), data, headers={"Content-Type": content_type})
    from urllib.parse import unquote

    assert unquote(server.request.text) == body
    assert (server.request.header("content-type") or "").startswith(content_type)


@pytest.mark.parametrize("method", ["get", "delete", "options", "query", "report"])
def test_any_method_may_have_a_body(client, server, method):
    client.request(server.url(), method=method, data={"a": 1})
    assert server.request.method == method.upper()
    assert server.request.json() == {"a": 1} and server.request.header("content-type") == "application/json"


@pytest.mark.parametrize("method", ["get", "delete", "head"])
def test_a_text_with_another_method_has_no_content_type_of_its_own(client, server, method):
    client.request(server.url(), method=method, data="text")
    assert server.request.body == b"text" and server.request.header("content-type") is None


@pytest.mark.parametrize("data", [None, "", b"", bytearray(), memoryview(b"")], ids=repr)
@pytest.mark.parametrize("method, length", [("get", None), ("head", None), ("post", "0"), ("put", "0"), ("patch", "0")])
def test_nothing_to_send(client, server, method, length, data):
    client.request(server.url(), method=method, data=data)
    assert server.request.body == b"" and server.request.header("content-length") == length
    assert server.request.header("transfer-encoding") is None
    assert data is not None or server.request.header("content-type") is None


def test_what_is_written_in_a_buffer_later_is_not_sent(client):
    data = bytearray(b"x" * 3_000_000)

    def script(conn):
        request = conn.read_head()
        data[:] = b"y" * len(data)  # while the body is on its way
        conn.read_body(request)
        conn.respond()

    with Server(script) as server:
        client.post(server.url(), data)
        assert server.request.body == b"x" * 3_000_000


# -- files, pipes, iterables -------------------------------------------------------------------------


def test_a_file_is_sent_from_where_it_stands(client, server, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with open(str(path), "rb") as file:
        file.seek(4)
        client.put(server.url(), file)
        assert not file.closed
    assert server.request.body == b"456789" and server.request.header("content-length") == "6"
    assert server.request.header("content-type") == FORM


class Pieces:
    """An iterable that can be read as often as one likes."""

    def __init__(self, *pieces):
        self.pieces = pieces

    def __iter__(self):
        return iter(self.pieces)


class Plain:
    """No more than read()."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, size=-1):
        return self._file.read(size)


@pytest.mark.parametrize(
    "make, length",
    [
        (lambda: io.BytesIO(b"data"), "4"),
        (lambda: io.BufferedReader(io.BytesIO(b"data")), "4"),
        (lambda: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"data"))), "4"),
        (lambda: Plain(b"data"), None),
        (lambda: io.BytesIO(b""), "0"),
        (lambda: Plain(b""), None),
    ],
)
def test_objects_with_read(client, server, make, length):
    client.post(server.url(), make())
    request = server.request
    assert request.body in (b"data", b"") and request.header("content-length") == length
    assert request.header("transfer-encoding") == (None if length is not None else "chunked")


def test_a_pipe(client, server):
    reading, writing = os.pipe()
    feeder = threading.Thread(target=lambda: (os.write(writing, b"piped"), os.close(writing)))
    with os.fdopen(reading, "rb") as file:
        feeder.start()
        client.post(server.url(), file)
        feeder.join()
    assert server.request.body == b"piped" and server.request.header("transfer-encoding") == "chunked"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Pieces(b"a", b"", bytearray(b"b"), memoryview(b"c")),
        lambda: (piece for piece in (b"a", b"", b"bc")),
        lambda: iter([b"abc"]),
        lambda: map(str.encode, "abc"),
    ],
)
def test_iterables_are_chunked(client, server, make):
    client.post(server.url(), make())
    assert server.request.body == b"abc" and server.request.header_all("transfer-encoding") == ["chunked"]
    assert server.request.header("content-length") is None


def test_a_generator_is_not_read_ahead(client):
    first = threading.Event()

    def pieces():
        yield b"one"
        assert first.wait(10)  # set once the server has read the first
        yield b"two"

    def script(conn):
        conn.read_head()
        assert conn.read_exactly(8) == b"3\r\none\r\n"
        first.set()
        assert conn.read_exactly(13) == b"3\r\ntwo\r\n0\r\n\r\n"
        conn.respond()

    with Server(script) as server:
        client.post(server.url(), pieces())


@pytest.mark.parametrize(
    "data",
    [5, 1.5, True, object(), Color.RED, {1}, frozenset(), range(3), decimal.Decimal(1), datetime.date(2020, 1, 1)],
    ids=lambda value: type(value).__name__,
)
def test_what_can_not_be_sent(client, server, data):
    error = failed(client.post, server.url(), data)
    assert error.code == "ERR_BAD_REQUEST" and error.config is not None and server.connections == 0


@pytest.mark.parametrize("data", [{"a": 1}, [1], (1,)], ids=repr)
def test_what_is_left_after_ones_own_transforms(client, server, data):
    error = failed(client.post, server.url(), data, transform_request=[])
    assert error.code == "ERR_BAD_REQUEST"


@pytest.mark.parametrize(
    "data, where",
    [
        ({"a": {"b": [0, object()]}}, "a.b[1]"),
        ({"a": float("nan")}, "a"),
        ({"a": [float("inf")]}, "a[0]"),
        ({"a": b"bytes"}, "a"),
        ({"a": {1, 2}}, "a"),
    ],
)
def test_what_json_can_not_say_is_named_by_its_path(client, server, data, where):
    error = failed(client.post, server.url(), data)
    assert error.code == "ERR_BAD_REQUEST" and re.sub(r"[\[\].$\"']", "", where) in re.sub(r"[\[\].$\"']", "", str(error))
    assert server.connections == 0


def test_circles_and_lone_surrogates(client, server):
    circle = {}
    circle["a"] = circle
    assert failed(client.post, server.url(), circle).code in ("ERR_BAD_REQUEST", "ERR_BAD_OPTION_VALUE")
    assert failed(client.post, server.url(), "\ud800").code == "ERR_BAD_REQUEST"
    assert server.connections == 0


@pytest.mark.parametrize(
    "data",
    [
        Pieces("text"), Pieces(b"ok", "text"), Pieces(5), array.array("B", b"ab"), iter(["text"]),
        io.StringIO("text"),
    ],
    ids=repr,
)  # fmt: skip
def test_sources_that_give_no_bytes(no_leaks, data):
    with Server(Peer.hold) as server, Agent() as agent:
        error = failed(axios.post, server.url(), data, http_agent=agent, timeout=20000)
        assert error.code in ("ERR_BAD_REQUEST", "ERR_BAD_OPTION_VALUE")
        assert server.wait_gone()


def test_a_source_that_gives_none_has_not_ended(client, server):
    """Else what came before it would be a valid body, only short."""
    error = failed(client.post, server.url(), Pieces(b"ok", None, b"lost"))
    assert error.code == "ERR_BAD_REQUEST" and not any(request.complete for request in server.requests)


# -- sources that fail -------------------------------------------------------------------------------


class Failing(io.RawIOBase):
    def __init__(self, exception):
        super().__init__()
        self.exception = exception

    def readable(self):
        return True

    def read(self, size=-1):
        raise self.exception


def generator(exception):
    yield b"first"
    raise exception


@pytest.mark.parametrize("make", [Failing, generator])
@pytest.mark.parametrize("exception", [OSError(5, "disk"), ValueError("boom"), ConnectionResetError(104, "x")], ids=repr)
def test_a_source_that_raises_is_the_cause(no_leaks, make, exception):
    with Server(Peer.hold) as server, Agent() as agent:
        error = failed(axios.post, server.url(), make(exception), http_agent=agent, timeout=20000)
        assert error.code == "ERR_BAD_REQUEST" and error.cause is exception
        assert server.wait_gone()
    # What arrived is no request that a server could take for whole.
    assert not any(request.complete for request in server.requests)


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit, MemoryError])
def test_a_source_that_is_interrupted(no_leaks, exception):
    with Server(Peer.hold) as server, Agent() as agent:
        with pytest.raises((exception, AxiosError)) as caught:
            axios.post(server.url(), generator(exception()), http_agent=agent, timeout=20000)
        assert isinstance(caught.value, exception) or isinstance(caught.value.cause, exception)
        assert server.wait_gone()


class Lying(io.BytesIO):
    """A file whose size is not what it gives."""

    def __init__(self, given, promised):
        super().__init__(given)
        self.promised = promised

    def seek(self, position, whence=0):
        return self.promised if whence == 2 else super().seek(position, whence)


@pytest.mark.parametrize("promised", [3, 300000])
def test_FRAME_1_a_file_that_shrinks_or_grows(no_leaks, promised):
    with Server(Peer.hold) as server, Agent() as agent:
        error = failed(axios.post, server.url(), Lying(b"12345", promised), http_agent=agent, timeout=20000)
        assert error.code == "ERR_BAD_REQUEST" and server.wait_gone()


@pytest.mark.parametrize("headers", [{"Content-Length": "3"}, {"Content-Length": "9"}, {"Transfer-Encoding": "chunked", "Content-Length": "5"}])
@pytest.mark.parametrize("data", ["12345", b"12345", io.BytesIO(b"12345")], ids=repr)
def test_FRAME_1_lengths_of_ones_own(client, server, headers, data):
    error = failed(client.post, server.url(), data, headers=headers)
    assert error.code == "ERR_BAD_OPTION_VALUE" and server.connections == 0


def test_FRAME_1_a_length_that_fits(client, server):
    client.post(server.url(), "12345", headers={"Content-Length": "5"})
    assert server.request.header_all("content-length") == ["5"] and server.request.body == b"12345"


# -- forms -------------------------------------------------------------------------------------------


def parts_of(request):
    boundary = request.header("content-type").partition("boundary=")[2]
    pieces = request.body.split(b"--" + boundary.encode())
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n"
    return [tuple(piece[2:-2].partition(b"\r\n\r\n")[::2]) for piece in pieces[1:-1]]


def test_form_with_files(client, server, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG" + bytes(200_000))
    form = FormData()
    form.append("a", "é")
    form.append("n", 5)
    with open(str(path), "rb") as file:
        form.append("file", file)
        form.append("blob", io.BytesIO(b"raw"), "na\"me\r\nX: y.bin", "application/x-own")
        assert client.post(server.url(), form).data == "ok"
        assert not file.closed
    request = server.request
    assert request.header("content-type").startswith("multipart/form-data; boundary=")
    assert request.header("content-length") == str(len(request.body))
    heads, bodies = zip(*parts_of(request))
    assert bodies == ("é".encode(), b"5", path.read_bytes(), b"raw")
    assert b'filename="picture.png"' in heads[2] and b"Content-Type: image/png" in heads[2]
    assert b'filename="na%22me%0D%0AX: y.bin"' in heads[3] and heads[3].count(b"\r\n") == 1


def test_form_from_a_dict_and_post_form(client, server):
    client.post(server.url(), {"a": {"b": 1}}, headers={"Content-Type": "multipart/form-data"})
    client.post_form(server.url(), {"a": [1, 2]})
    client.put_form(server.url(), {"a": 1}, headers={"Content-Type": FORM})
    first, second, third = server.requests
    assert parts_of(first) == [(b'Content-Disposition: form-data; name="a[b]"', b"1")]
    assert [body for _, body in parts_of(second)] == [b"1", b"2"]
    assert (third.method, third.text) == ("PUT", "a=1")


def test_form_with_a_boundary_of_ones_own(client, server):
    form = FormData()
    form.append("a", "1")
    client.post(server.url(), form, headers={"Content-Type": 'multipart/form-data; boundary="my-own-boundary"'})
    assert "my-own-boundary" in server.request.header("content-type") and b"--my-own-boundary\r\n" in server.request.body


def test_form_with_a_pipe_is_chunked(client, server):
    form = FormData()
    form.append("f", Plain(b"stream"), "f.bin")
    client.post(server.url(), form)
    assert server.request.header("transfer-encoding") == "chunked" and parts_of(server.request)[0][1] == b"stream"


def test_form_whose_file_fails(no_leaks):
    form = FormData()
    form.append("f", Failing(OSError(5, "disk")), "f.bin")
    with Server(Peer.hold) as server, Agent() as agent:
        error = failed(axios.post, server.url(), form, http_agent=agent, timeout=20000)
        assert error.code == "ERR_BAD_REQUEST" and server.wait_gone()


def test_form_as_json(client, server):
    form = FormData()
    form.append("a[b]", "1")
    client.post(server.url(), form, headers={"Content-Type": "application/json"})
    assert server.request.json() == {"a": {"b": "1"}}


# -- redirects ---------------------------------------------------------------------------------------


def form():
    made = FormData()
    made.append("f", io.BytesIO(b"body"), "f")
    return made


REPEATABLE = {
    "text": lambda: "body",
    "bytes": lambda: b"body",
    "buffer": lambda: bytearray(b"body"),
    "file": lambda: io.BytesIO(b"body"),
    "iterable": lambda: Pieces(b"bo", b"dy"),
    "form": form,
}


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("kind", sorted(REPEATABLE))
def test_REDIR_2_a_body_goes_again(client, kind, status):
    with Server.routes({"/": Reply.redirect("/x", status), "/x": Reply(b"ok")}) as server:
        assert client.post(server.url("/"), REPEATABLE[kind]()).data == "ok"
        first, second = server.requests
        assert first.body == second.body and b"body" in second.body
        assert second.method == "POST" and second.header("content-type") == first.header("content-type")


@pytest.mark.parametrize("make", [lambda: generator_of(b"body"), lambda: Plain(b"body")])
def test_REDIR_2_a_body_that_is_spent_is_an_error(no_leaks, make):
    with Server.routes({"/": Reply.redirect("/x", 307), "/x": Reply(b"ok")}) as server, Agent() as agent:
        error = failed(axios.post, server.url("/"), make(), http_agent=agent)
        assert error.code == "ERR_BAD_REQUEST" and len(server.requests) == 1


def generator_of(*pieces):
    yield from pieces


@pytest.mark.parametrize("status, method", [(301, "GET"), (302, "GET"), (303, "GET")])
def test_REDIR_2_post_becomes_get_without_its_body(client, status, method):
    with Server.routes({"/": Reply.redirect("/x", status), "/x": Reply(b"ok")}) as server:
        assert client.post(server.url("/"), generator_of(b"body")).data == "ok"
        second = server.requests[1]
        assert (second.method, second.body) == (method, b"")
        assert not [name for name in second.names() if name.startswith(("content-", "transfer-"))]


# -- memory ------------------------------------------------------------------------------------------

UPLOAD = """
import io, sys, threading
sys.path.insert(0, sys.argv[2])
import resource
from miniaxios import axios, FormData

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

url, path, kind = sys.argv[1], sys.argv[3], sys.argv[4]
axios.post(url, io.BytesIO(b"warm up"), proxy=False)
before = peak()
with open(path, "rb") as file:
    data = file
    if kind == "form":
        data = FormData()
        data.append("f", file)
    elif kind == "generator":
        data = iter(lambda: file.read(65536), b"")
    assert axios.post(url, data, proxy=False).status == 200
print(peak() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="measured on Linux")
@pytest.mark.parametrize("kind", ["file", "form", "generator"])
def test_a_large_file_takes_no_memory(tmp_path, kind):
    size = 64 << 20
    path = tmp_path / "large"
    with open(str(path), "wb") as file:
        file.truncate(size)
    counted = []

    def script(conn):
        while True:
            request = conn.read_head(patient=True)
            if request is None:
                return
            length = request.framing[1]
            seen = 0
            tail = b""
            while (seen < length) if length else not tail.endswith(b"0\r\n\r\n"):
                piece = conn.read_some()
                assert piece, "the client left"
                seen += len(piece)
                tail = (tail + piece)[-5:]
            counted.append(seen)
            conn.respond()

    with Server(script, timeout=60) as server:
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        done = subprocess.run(
            [sys.executable, "-c", UPLOAD, server.url(), root, str(path), kind], stdout=subprocess.PIPE, check=True, timeout=120
        )
    assert counted[-1] >= size
    assert int(done.stdout) < 12 << 20


def test_json_round_trip_of_a_response(client, server):
    """A config that is sent again sends the same body: the data of a response's config is what was sent."""
    response = client.post(server.url(), {"a": 1})
    client.request(response.config)
    first, second = server.requests
    assert json.loads(first.text) == json.loads(second.text) == {"a": 1}
