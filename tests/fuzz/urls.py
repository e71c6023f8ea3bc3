"""URLs as callers and ``Location`` headers have them, and ``data:`` URLs."""

from __future__ import annotations

from urllib.parse import urlsplit

from miniaxios.data_url import parse_data_url
from miniaxios.errors import AxiosError
from miniaxios.wire.errors import InvalidURL
from miniaxios.wire.request_head import render_request_head
from miniaxios.wire.url import URL, join_url, parse_url

from .runner import Target, demand
from .source import PART, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

HOSTS = (
    "example.com", "EXAMPLE.com.", "localhost", "127.0.0.1", "0x7f.1", "2130706433", "127.1", "010.0.0.1",
    "256.1.1.1", "1.2.3.4.5",
    "[::1]", "[::ffff:10.0.0.1]", "[fe80::1%25eth0]", "[1:2:3:4:5:6:7:8]", "[::1", "b\u00fccher.example",
    "stra\u00dfe.de", "\u65e5\u672c.jp",
    "xn--bcher-kva.example", "xn--", "a..b", ".a", "-a-", "a_b", "a%41", "\uff11\uff12\uff17.0.0.1",
    "\u2488com", "a\u3002b", "x" * 64, "a" * 63 + ".b", "",
)  # fmt: skip
_PATHS = (
    "", "/", "/a/b", "/a/../b", "/..", "/%2e%2e/x", "/.", "//x", "/a b", "/\u00e9", "/%zz", "/%", "/a;b",
    "/a:b@c", "/a\\b", "a", "../c", "./",
)  # fmt: skip
_TAILS = ("", "", "", "?", "?a=b", "?a=\u65e5&b='\"<>", "?\\", "#", "#f", "?q#f?x", "?a b", "#a b`")
_SCHEMES = (
    "http://", ) * 6 + ("https://", "HTTP://", "https:", "http:/", "//", "ftp://", "file:///",
    "javascript:", "data:", "", "http:\\\\",
)  # fmt: skip
_USERS = ("",) * 6 + ("user@", "user:pa%3As@", ":@", "a@b@", "%zz:%00@", ":p@", "\u00e9@")
_PORTS = (
    "", ) * 6 + (":80", ":443", ":8080", ":", ":0", ":65535", ":65536", ":-1", ":+80", ":\u0668\u0660",
    ":00080", ":80:80", ":8 0",
)  # fmt: skip
_DATA = (
    "data:,hi", "data:text/plain;base64,aGk=", "data:;base64,aG", "data:text/html;charset=x,%41%",
    "data:a/b;base64;x,_-", "DATA:;;;,", "data:",
)  # fmt: skip


def url(source: Source) -> str:
    """What may be meant for a URL."""
    if source.chance(0.4):
        return (
            source.one(_SCHEMES[:8])
            + source.one(_USERS[:9])
            + source.one(HOSTS[:8])
            + source.one(_PORTS[:9])
            + source.one(_PATHS)
            + source.one(_TAILS)
        )
    path = source.one(_PATHS) + (source.text() if source.chance(0.2) else "")
    return (
        source.one(_SCHEMES)
        + source.one(_USERS)
        + source.one(HOSTS)
        + source.one(_PORTS)
        + path
        + source.one(_TAILS)
    )


class URLs(Target):
    """A case is a URL and a reference to be joined to it."""

    name = "urls"

    def make(self, source: Source) -> bytes:
        if source.chance(0.1):
            return source.spoiled(source.one(_DATA).encode())
        reference = source.one(_PATHS) + source.one(_TAILS) if source.chance(0.5) else url(source)
        parts = [url(source).encode(), reference.encode()]
        return PART.join(source.spoiled(part, probability=0.4) for part in parts)

    def check(self, data: bytes, source: Source) -> str:
        text, _, reference = (part.decode("utf-8", "surrogateescape") for part in data.partition(PART))
        if text[:5].lower() == "data:":
            return _data_url(text, source.one((-1, None, 0, 5, 10**9)))
        base = _parsed(text)
        if base is None:
            return "refused"
        _judge(base)
        _compare(text, base)
        joined = _joined(base, reference)
        if joined is None:
            return "accepted, not joined"
        _judge(joined)
        demand(joined.username is None and joined.password is None, "no userinfo comes of a join", joined)
        return "accepted and joined"


def _parsed(text: str) -> Optional[URL]:
    try:
        return parse_url(text)
    except InvalidURL as error:
        demand(len(str(error)) < 200, "messages are short", str(error))
        return None


def _joined(base: URL, reference: str) -> Optional[URL]:
    try:
        return join_url(base, reference)
    except InvalidURL:
        return None


def _judge(found: URL) -> None:
    """What was accepted can be sent, and read back as the same."""
    render_request_head("GET", found.target, [("Host", found.host_header)])
    demand(
        0 <= found.port <= 65535 and found.scheme in ("http", "https"),
        "port and scheme are in range",
        found.port,
    )
    demand(
        found.path.startswith("/") and found.host == found.host.lower(),
        "path and host are normal",
        found.path,
        found.host,
    )
    again = parse_url(str(found))
    again.username, again.password = found.username, found.password
    demand(again == found, "what is written reads the same", str(found), str(again))
    split = urlsplit(str(found))
    host = (split.hostname or "").partition("%")[0]
    demand(
        (host, split.port or found.port) == (found.host, found.port),
        "urllib finds the same host",
        split,
        found.host,
    )


def _compare(text: str, found: URL) -> None:
    """Where urllib can make sense of the text itself, it goes to the same host."""
    if not text.isascii():
        return
    try:
        split = urlsplit(text.strip(" "))
        host, port = split.hostname or "", split.port
    except ValueError:
        return
    theirs = _parsed("http://%s/" % (("[%s]" % host) if ":" in host else host))
    demand(theirs is not None and theirs.host == found.host, "urllib reads the same host", host, found.host)
    demand(port is None or port == found.port, "urllib reads the same port", port, found.port)


def _data_url(text: str, limit: Optional[int]) -> str:
    try:
        media_type, body = parse_data_url(text, limit)
    except AxiosError as error:
        demand(
            error.code in (AxiosError.ERR_BAD_REQUEST, AxiosError.ERR_BAD_RESPONSE),
            "a code of the contract",
            error.code,
        )
        return "data refused"
    demand(
        isinstance(body, bytes) and (limit is None or limit < 0 or len(body) <= limit),
        "the limit holds",
        len(body),
    )
    demand(media_type.isascii() and "\n" not in media_type, "the type can be a header", media_type)
    return "data accepted"
