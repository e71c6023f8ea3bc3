"""What a hostile server answers, and what has to come of it. Data only.

Ids are those of ../hardening.rst. A body that must never be seen says EVIL.
"""

from __future__ import annotations

import gzip
import itertools
import re
import zlib

from ..support.server import Peer, Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Sequence, Union

    Outcome = Union[str, bytes]

#: What lies behind a bad answer, in the hope that somebody takes it for the answer to the next request.
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
BAD = "ERR_BAD_RESPONSE"


class Probe:
    """One answer.

    Args:
        id: of the table, as in names of tests ("FRAME_2"). `name`: short, unique under the id.
        answer: bytes, or a function of the Peer that sends them.
        expected: an error's code, or the body (bytes) that has to arrive.
        then: what the server does next: "hold" the connection open, "close" it, or "cut" it without TLS's
            close_notify.
        again: whether the connection may serve the next request: True, False, or None for either.
        routes: the routes on which it makes sense; all when empty.
        options: of the request.
    """

    def __init__(
        self,
        id: str,
        name: str,
        answer: Union[bytes, Callable[[Peer], Any]],
        expected: Outcome = BAD,
        then: str = "hold",
        again: Any = False,
        routes: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.id = id
        self.name = name
        self.answer = answer
        self.expected = expected
        self.then = then
        self.again = again
        self.routes = routes
        self.options: Dict[str, Any] = options
        #: Fit for a path and for a host name.
        self.key = re.sub("[^a-z0-9]+", "-", ("%s-%s" % (id, name)).lower())

    def __repr__(self) -> str:
        return self.key


def ok(*fields: bytes, body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """An answer with these header lines."""
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def sized(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """The same with an honest Content-Length."""
    return ok(*fields, b"Content-Length: %d" % len(body), body=body, status=status)


def chunked(body: bytes) -> bytes:
    """The same, with a body that is in chunked coding as it stands."""
    return ok(b"Transfer-Encoding: chunked", body=body)


def endless(start: bytes, pieces: Callable[[], Iterator[bytes]]) -> Callable[[Peer], None]:
    """Sends pieces until the client has had enough."""

    def send(conn: Peer) -> None:
        conn.send(start)
        try:
            for piece in pieces():
                conn.send(piece)
        except Stopped:
            raise
        except (ConnectionError, OSError):
            conn.saw_end("reset")

    return send


def _lengths() -> Iterator[Probe]:
    bad = {
        "plus": b"+5", "minus": b"-5", "underscore": b"1_0", "list": b"5, 6", "hex": b"0x5", "arabic": b"\xd9\xa5",
        "empty": b"", "two words": b"5 5", "21 digits": b"0" * 20 + b"5", "fraction": b"5.0", "quoted": b'"5"',
        "empty in a list": b"5,",
    }  # fmt: skip
    for name, value in bad.items():
        yield Probe("FRAME_2", name, ok(b"Content-Length: " + value, body=b"hello" + EVIL))
    yield Probe("FRAME_2", "unequal", ok(b"Content-Length: 5", b"Content-Length: 51", body=b"hello" + EVIL))
    yield Probe("FRAME_2", "equal", ok(b"Content-Length: 5", b"content-length: 5", body=b"hello"), b"hello", again=None)
    yield Probe("CPU_3", "length", ok(b"Content-Length: " + b"9" * 5000, body=b"hello"))
    yield Probe("CPU_3", "status", b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n")
    yield Probe("CPU_3", "chunk", chunked(b"9" * 4000 + b"\r\nhello"))


def _codings_of_transfer() -> Iterator[Probe]:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    bad = {
        "length beside it": [b"Content-Length: 3", b"Transfer-Encoding: chunked"],
        "length behind it": [b"Transfer-Encoding: chunked", b"Content-Length: 3"],
        "gzip before it": [b"Transfer-Encoding: gzip, chunked"],
        "xchunked": [b"Transfer-Encoding: xchunked"],
        "identity": [b"Transfer-Encoding: identity"],
        "twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
        "twice in a line": [b"Transfer-Encoding: chunked, chunked"],
        "empty": [b"Transfer-Encoding:"],
        "quoted": [b'Transfer-Encoding: "chunked"'],
    }
    for name, fields in bad.items():
        yield Probe("FRAME_3", name, ok(*fields, body=body + EVIL))
    old = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield Probe("FRAME_3", "in HTTP 1.0", old + body + EVIL)


def _chunks() -> Iterator[Probe]:
    sizes = {
        "minus": b"-5", "plus": b"+5", "hex mark": b"0x5", "blank before": b" 5", "blank behind": b"5 ",
        "underscore": b"1_0", "17 digits": b"F" * 17, "no digit": b"", "letter": b"g", "bare CR": b"5\r",
        "LF in an extension": b"5;a\nb", "CR in an extension": b"5;a\rb", "arabic": b"\xd9\xa5",
    }  # fmt: skip
    for name, size in sizes.items():
        yield Probe("FRAME_4", name, chunked(size + b"\r\nhello\r\n0\r\n\r\n" + EVIL))
    yield Probe("FRAME_4", "bare LF", chunked(b"5\nhello\r\n0\r\n\r\n" + EVIL))
    yield Probe("FRAME_4", "bare LF behind data", chunked(b"5\r\nhello\n0\r\n\r\n" + EVIL))
    yield Probe("FRAME_4", "no end of line", chunked(b"5\r\nhelloXX0\r\n\r\n" + EVIL))
    yield Probe("FRAME_4", "bare LF at the end", chunked(b"5\r\nhello\r\n0\n\n" + EVIL))
    yield Probe("FRAME_4", "no last line end", chunked(b"5\r\nhello\r\n0\r\n"), then="close")


def _heads() -> Iterator[Probe]:
    lines = {
        "fold": b"X-A: 1\r\n 2", "fold with a tab": b"X-A: 1\r\n\t2", "blank before the colon": b"X-A : 1",
        "tab before the colon": b"X-A\t: 1", "no colon": b"X-A", "no name": b": 1", "blank in the name": b"X A: 1",
        "NUL": b"X-A: 1\x002", "CR": b"X-A: 1\rContent-Length: 0", "VT": b"X-A: 1\x0b2", "FF": b"X-A: 1\x0c2",
        "FS": b"X-A: 1\x1c2", "NEL": b"X-A: 1\x852", "DEL": b"X-A: 1\x7f2", "NUL in the name": b"X\x00A: 1",
        "beyond ASCII in the name": b"X-\xc3\xa4: 1", "location of two lines": b"Location: /\r\tX",
    }  # fmt: skip
    for name, line in lines.items():
        yield Probe("FRAME_5", name, ok(line, b"Content-Length: 5", body=b"hello" + EVIL))
    yield Probe("FRAME_5", "fold at once", b"HTTP/1.1 200 OK\r\n X-A: 1\r\nContent-Length: 0\r\n\r\n" + EVIL)
    first = {
        "plus": b"HTTP/1.1 +200 OK", "99": b"HTTP/1.1 99 OK", "600": b"HTTP/1.1 600 OK", "1000": b"HTTP/1.1 1000 OK",
        "0200": b"HTTP/1.1 0200 OK", "2.7": b"HTTP/2.7 200 OK", "1.10": b"HTTP/1.10 200 OK", "icy": b"ICY 200 OK",
        "0.9": b"<html>hello</html>", "two blanks": b"HTTP/1.1  200 OK", "tab": b"HTTP/1.1\t200 OK",
        "small letters": b"http/1.1 200 OK", "blank first": b" HTTP/1.1 200 OK", "arabic": b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK",
        "comma": b"HTTP/1,1 200 OK", "control": b"HTTP/1.1 200 O\x00K", "HTTP 2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    }  # fmt: skip
    for name, line in first.items():
        yield Probe("FRAME_6", name, line + b"\r\nContent-Length: 5\r\n\r\nhello" + EVIL)


def _bodiless() -> Iterator[Probe]:
    all_fine: Dict[str, Any] = {"expected": b"", "validate_status": None}
    for status in (b"204 No Content", b"304 Not Modified"):
        length = ok(b"Content-Length: %d" % len(EVIL), body=EVIL, status=status)
        yield Probe("FRAME_7", status[:3].decode() + " with a length", length, **all_fine)
        coded = ok(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n", status=status)
        yield Probe("FRAME_7", status[:3].decode() + " with chunks", coded, **all_fine)
        yield Probe("FRAME_7", status[:3].decode() + " glued", ok(body=EVIL, status=status), **all_fine)
    yield Probe("FRAME_7", "HEAD", sized(EVIL), method="head", **all_fine)
    for first in (b"100 Continue", b"102 Processing", b"103 Early Hints", b"199 Whatever"):
        interim = ok(b"Link: </x>", b"Content-Length: 3", status=first)
        yield Probe("FRAME_8", first[:3].decode(), interim + interim + sized(b"true"), b"true", again=True)
    yield Probe("FRAME_8", "101", ok(b"Upgrade: h2c", b"Connection: Upgrade", status=b"101 Switching") + EVIL)
    yield Probe("FRAME_8", "interim with a body", ok(b"Content-Length: 3", body=b"abc", status=b"103 Hints") + EVIL)


def _cuts() -> Iterator[Probe]:
    cut: Dict[str, bytes] = {
        "in the status": b"HTTP/1.1 20",
        "in a name": b"HTTP/1.1 200 OK\r\nContent-Len",
        "before the blank line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        "behind an interim answer": ok(status=b"103 Hints"),
        "in the body": ok(b"Content-Length: 10", body=b"hello"),
        "before the body": ok(b"Content-Length: 10"),
        "in a chunk": chunked(b"5\r\nhel"),
        "before the last chunk": chunked(b"5\r\nhello\r\n"),
        "in the trailers": chunked(b"5\r\nhello\r\n0\r\nX-A: 1\r\n"),
        "in gzip": sized(gzip.compress(b"hello" * 50)[:-9], b"Content-Encoding: gzip"),
    }
    for name, answer in cut.items():
        yield Probe("FRAME_9", name, answer, then="close")
    until_close = ok(b"Connection: close", body=b"hello")
    yield Probe("FRAME_9", "no close_notify", until_close, then="cut", routes=("tls", "tunnel"))
    yield Probe("FRAME_9", "the end of the connection", until_close, b"hello", then="close")


def _queues() -> Iterator[Probe]:
    yield Probe("QUEUE_1", "glued", sized(b"true") + EVIL, b"true")
    yield Probe("QUEUE_1", "glued behind chunks", chunked(b"4\r\ntrue\r\n0\r\n\r\n") + EVIL, b"true")
    yield Probe("QUEUE_1", "9000 bytes", sized(b"true") + b"x" * 9000, b"true")
    yield Probe("QUEUE_1", "a line end", sized(b"true") + b"\r\n", b"true")
    yield Probe("QUEUE_2", "close in a second line", sized(b"true", b"Connection: x", b"Connection: Close"), b"true")
    yield Probe("QUEUE_2", "close in a list", sized(b"true", b"Connection: keep-alive, close"), b"true")
    old = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\ntrue"
    yield Probe("QUEUE_2", "HTTP 1.0", old, b"true")
    big: Dict[str, Any] = {"method": "post", "data": bytes(4 << 20), "validate_status": None, "again": None}
    yield Probe("QUEUE_3", "a refusal", sized(b"too large", status=b"413 Too Large"), b"too large", **big)


def _limits() -> Iterator[Probe]:
    ten: Dict[str, Any] = {"max_content_length": 10}
    packed = gzip.compress(bytes(10 << 20))
    bodies = {
        "length": sized(b"x" * 11),
        "announced": ok(b"Content-Length: 4294967296"),
        "chunks": chunked(b"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"),
        "a big chunk": chunked(b"FFFFFFFF\r\nhello world"),
        "an error": sized(b"x" * 11, status=b"500 Oh"),
    }
    for name, answer in bodies.items():
        yield Probe("LIMIT_1", name, answer, **ten)
    yield Probe("LIMIT_1", "until the end", endless(ok(), lambda: itertools.repeat(b"x" * 5)), **ten)
    yield Probe("LIMIT_1", "just fits", sized(b"x" * 10), b"x" * 10, again=True, **ten)
    yield Probe("LIMIT_3", "4 GiB announced", ok(b"Content-Length: 4294967296", body=b"hello"), then="close")
    yield Probe("LIMIT_3", "2 EiB announced", ok(b"Content-Length: 2305843009213693952", body=b"hello"), then="close")
    yield Probe("LIMIT_3", "a chunk of 4 GiB", chunked(b"FFFFFFFF\r\nhello"), then="close")
    yield Probe("DECOMP_1", "a bomb", sized(packed, b"Content-Encoding: gzip"), max_content_length=1000)
    thrice = gzip.compress(gzip.compress(packed))
    yield Probe("DECOMP_1", "in three layers", sized(thrice, b"Content-Encoding: gzip, gzip, gzip"), max_content_length=100000)


def _codings() -> Iterator[Probe]:
    six = b"hello"
    for _ in range(6):
        six = gzip.compress(six)
    yield Probe("DECOMP_2", "six in a line", sized(six, b"Content-Encoding: " + b", ".join([b"gzip"] * 6)), again=None)
    yield Probe("DECOMP_2", "six lines", sized(six, *[b"Content-Encoding: gzip"] * 6), again=None)
    yield Probe("DECOMP_2", "unknown", sized(b"\x01\x02", b"Content-Encoding: x-mine"), b"\x01\x02", again=True)
    packed = gzip.compress(b"hello")
    spoiled = packed[:-8] + b"\0\0\0\0" + packed[-4:]
    members = sized(gzip.compress(b"hel") + gzip.compress(b"lo"), b"Content-Encoding: gzip")
    raw = zlib.compressobj(wbits=-15)
    yield Probe("DECOMP_3", "two members", members, b"hello", again=True)
    yield Probe("DECOMP_3", "raw deflate", sized(raw.compress(b"hello") + raw.flush(), b"Content-Encoding: deflate"), b"hello", again=True)
    yield Probe("DECOMP_3", "empty", sized(b"", b"Content-Encoding: gzip"), b"", again=True)
    for name, data in (("cut", packed[:-5]), ("checksum", spoiled), ("not gzip", b"hello"), ("junk", packed + b"\x1f\x8b\x08junk")):
        yield Probe("DECOMP_3", name, sized(data, b"Content-Encoding: gzip"), again=None)
    hop = ok(b"Location: /fine", b"Content-Encoding: gzip", b"Content-Length: 107374182400", body=b"\x1f\x8bnever", status=b"302 Found")
    yield Probe("DECOMP_4", "a redirect of 100 GB", hop, b"fine")
    endless_hop = ok(b"Location: /fine", b"Transfer-Encoding: chunked", status=b"302 Found")
    yield Probe("DECOMP_4", "an endless redirect", endless(endless_hop, lambda: itertools.repeat(b"400\r\n" + b"x" * 1024 + b"\r\n")), b"fine")


def _floods() -> Iterator[Probe]:
    start = b"HTTP/1.1 200 OK\r\n"
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(1001))
    yield Probe("FLOOD_1", "endless lines", endless(start, lambda: itertools.repeat(b"X-A: " + b"a" * 1000 + b"\r\n")))
    yield Probe("FLOOD_1", "an endless line", endless(start + b"X-A: ", lambda: itertools.repeat(b"a" * 4096)))
    yield Probe("FLOOD_1", "an endless status", endless(b"HTTP/1.1 200 ", lambda: itertools.repeat(b"a" * 1024)))
    yield Probe("FLOOD_1", "a status of 9 KiB", ok(b"Content-Length: 0", status=b"200 " + b"a" * 9216))
    yield Probe("FLOOD_1", "99 lines of 64 KiB", endless(start, lambda: iter([b"X-A: " + b"a" * 65500 + b"\r\n"] * 99)))
    yield Probe("FLOOD_1", "1001 lines", start + many + b"Content-Length: 0\r\n\r\n")
    honest = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 240) for number in range(120))
    yield Probe("FLOOD_1", "120 lines and 30 KiB", start + honest + b"Content-Length: 4\r\n\r\ntrue", b"true", again=True)
    yield Probe("FLOOD_2", "endless interim answers", endless(b"", lambda: itertools.repeat(ok(status=b"100 Continue"))))
    yield Probe("FLOOD_2", "17 interim answers", ok(status=b"103 Hints") * 17 + sized(b"true"))
    chunk = b"4\r\ntrue\r\n0\r\n"
    yield Probe("FLOOD_2", "endless trailers", endless(chunked(chunk), lambda: itertools.repeat(b"X-A: " + b"a" * 1000 + b"\r\n")))
    yield Probe("FLOOD_2", "trailers are no headers", chunked(chunk + b"Set-Cookie: a=b\r\n\r\n"), b"true", again=True)
    yield Probe("FLOOD_3", "a long extension", chunked(b"5;" + b"a" * 70000 + b"\r\nhello\r\n0\r\n\r\n"))
    yield Probe("FLOOD_3", "many extensions", endless(chunked(b""), lambda: itertools.repeat(b"1;" + b"a" * 4000 + b"\r\nx\r\n")))
    yield Probe("FLOOD_3", "an endless size", endless(chunked(b""), lambda: itertools.repeat(b"0" * 1024)))


def _redirects() -> Iterator[Probe]:
    targets = {
        "file": b"file:///etc/passwd", "data": b"data:,EVIL", "ftp": b"ftp://127.0.0.1/", "javascript": b"javascript:1",
        "unix": b"unix:/run/x", "blank": b"http://a b/", "port": b"http://127.0.0.1:99999/", "bracket": b"http://[::1",
        "backslash": b"http:\\\\127.0.0.1\\", "tab": b"http://127.0.0.1\t:1/",
    }  # fmt: skip
    for name, target in targets.items():
        answer = ok(b"Location: " + target, b"Content-Length: 0", status=b"302 Found")
        yield Probe("REDIR_3", name, answer, "ERR_FR_REDIRECTION_FAILURE", again=None)
    loop = ok(b"Location: ?again", b"Content-Length: 0", status=b"302 Found")
    yield Probe("REDIR_4", "a loop", loop, "ERR_FR_TOO_MANY_REDIRECTS", again=None)
    final = {"expected": b"here", "validate_status": None, "again": True}
    yield Probe("REDIR_4", "no location", sized(b"here", status=b"302 Found"), **final)  # type: ignore[arg-type]
    yield Probe("REDIR_4", "refresh", sized(b"here", b"Refresh: 0; url=/fine"), **final)  # type: ignore[arg-type]


_TABLES = (_lengths, _codings_of_transfer, _chunks, _heads, _bodiless, _cuts, _queues, _limits, _codings, _floods, _redirects)
PROBES: List[Probe] = [probe for table in _TABLES for probe in table()]
BY_KEY: Dict[str, Probe] = {probe.key: probe for probe in PROBES}
