"""Heads of answers: status lines, header lines, interim answers."""

from __future__ import annotations

from miniaxios.headers import Headers
from miniaxios.wire.errors import BadResponse, WireError
from miniaxios.wire.framing import framing_for
from miniaxios.wire.messages import ResponseHead, keep_alive

from .readers import connection_of, plain, standard_response
from .runner import Target, demand
from .source import Source, singles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Tuple

_STATUSES = (200, 200, 200, 204, 206, 301, 304, 404, 500, 100, 103, 101, 599)
_NAMES = (
    "Content-Length", "Transfer-Encoding", "Content-Type", "Content-Encoding", "Connection", "Location",
    "Set-Cookie",
    "Server", "Date", "X-A", "x-a", "__proto__", "constructor", "ETag", "!#$%&'*+-.^_`|~", "From",
)  # fmt: skip
_VALUES = (
    "chunked", "Chunked", "gzip", "gzip, deflate", "identity", "close", "keep-alive", "Close, x",
    "text/html; charset=utf-8",
    "application/json", "/next", "a=b; Path=/; Secure", "", " ", "\t x \t", "caf\u00e9", "\u65e5",
    '"quoted \\" text"', "a,b,,c",
)  # fmt: skip


def head(source: Source, ending: str = "") -> bytes:
    """A head as servers send it, more or less; with interim ones before it now and then."""
    ending = ending or source.one(("\r\n",) * 5 + ("\n",))
    version = source.one(("1.1",) * 8 + ("1.0", "1.0", "2", "0.9", "1.2"))
    reason = source.one((" OK", " OK", " Not  Found", " ", "", " " + source.text()))
    lines = ["HTTP/%s %s%s" % (version, source.one(_STATUSES), reason)]
    lines += source.some(lambda: field(source), 12)
    if source.chance(0.05):
        lines += [field(source)] * source.size(1200)
    text = ending.join(lines) + ending + ending
    made = text.encode("utf-8" if source.chance(0.5) else "latin-1", "replace")
    return head(source, ending) + made if source.chance(0.1) else made


def field(source: Source) -> str:
    """A header line without its end."""
    name = source.one(_NAMES)
    if name == "Content-Length" and source.chance(0.8):
        return "%s: %s" % (name, source.number())
    value = source.one(_VALUES) if source.chance(0.7) else source.text(100)
    return name + source.one((": ",) * 6 + (":", ":  ", " : ")) + value


class Heads(Target):
    """Through the connection's own collecting, so that its limits and its cuts are tried too."""

    name = "heads"

    def make(self, source: Source) -> bytes:
        return source.spoiled(head(source) + source.one((b"", b"", b"hello", b"HTTP/1.1 200 OK\r\n\r\n")))

    def check(self, data: bytes, source: Source) -> str:
        lenient = source.chance(0.3)
        found = _read([data] if data else [], lenient)
        for pieces in (singles(data), source.pieces(data) if data else []):
            demand(_read(pieces, lenient) == found, "cuts make no difference", found, _read(pieces, lenient))
        if not isinstance(found[0], int):
            return str(found[0])
        _judge(found, source.one(("GET", "HEAD", "CONNECT")))
        if not lenient:
            demand(_read([data], True) == found, "lenient is not another reading", found, _read([data], True))
            _compare(data, found)
        return "accepted"


def _read(pieces: Iterable[bytes], lenient: bool) -> Tuple[Any, ...]:
    connection = connection_of(pieces)
    try:
        answer = connection.read_head(lenient)
    except WireError as error:
        return (type(error).__name__,)
    rest = b"".join(iter(connection.receive, b""))
    return answer.status, answer.version, answer.reason, answer.headers, rest


def _judge(found: Any, method: str) -> None:
    status, version, reason, headers, _ = found
    answer = ResponseHead.of(version, status, reason, headers)
    demand(200 <= status <= 599 and version in (10, 11), "status and version are in range", status, version)
    for name, value in headers:
        demand(
            name and "\r" not in value and "\n" not in name + value + reason,
            "no line ends inside",
            name,
            value,
        )
    ours = Headers.from_wire(headers)
    demand(len(ours.keys()) == len({name.lower() for name, _ in headers}), "each name is there", headers)
    keep_alive(answer)
    try:
        framing_for(method, answer)
    except BadResponse:
        return


def _compare(data: bytes, found: Any) -> None:
    theirs = None if data.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")) else standard_response(data)
    if theirs is None:
        return
    status, version, reason, headers = found[:4]
    demand(
        (theirs.status, theirs.version) == (status, version),
        "http.client reads the same status",
        theirs.status,
        found,
    )
    demand(
        theirs.reason.strip() == reason.strip(), "http.client reads the same reason", theirs.reason, reason
    )
    same = plain(theirs.headers.items()) == plain(headers)
    demand(same, "http.client reads the same headers", theirs.headers.items(), headers)
    theirs.close()
