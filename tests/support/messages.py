"""HTTP/1.1 as the test server reads and writes it: a strict reader, and a plain writer.

Nothing is shared with the code under test: a bug there must not hide behind the same bug here.
The reader is strict on purpose; a client that sends a malformed request fails the test.
"""

from __future__ import annotations

import json as _json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, List, Mapping, Optional, Tuple, Union

    HeaderInit = Union[Mapping[str, Any], Iterable[Tuple[str, str]]]
    Body = Union[bytes, str, Iterable[bytes]]

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
VERSION = re.compile(rb"HTTP/1\.[01]\Z")
FIELD_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
TARGET = re.compile(rb"[\x21-\x7e]+\Z")
REASONS = {
    100: "Continue",
    101: "Switching Protocols",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    204: "No Content",
    206: "Partial Content",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    407: "Proxy Authentication Required",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class BadRequest(AssertionError):
    """The client sent something that is not HTTP/1.1 (RFC 9112); always a failed test."""


class Request:
    """One request as it came: `method`, `target`, `version` ("HTTP/1.1"), `headers` (pairs, names as
    written), `body` (bytes, unchunked), `trailers` (pairs), `raw` (every byte of it, as on the wire).

    A request is listed as soon as its head is in; `complete` tells whether its body is.
    `peer` is the connection it came on.
    """

    def __init__(self, head: bytes, peer: Any = None) -> None:
        self.peer = peer
        self.raw = head
        self.body = b""
        self.trailers: List[Tuple[str, str]] = []
        self.complete = False
        first, _, rest = head.partition(b"\r\n")
        parts = first.split(b" ")
        if len(parts) != 3 or not all(map(re.match, (TOKEN, TARGET, VERSION), parts)):
            raise BadRequest("not a request line: %r" % first)
        self.method, self.target, self.version = (part.decode("ascii") for part in parts)
        self.headers = parse_fields(rest)
        if self.header_all("transfer-encoding") and self.header_all("content-length"):
            raise BadRequest("Content-Length beside Transfer-Encoding: %r" % head)
        if self.version == "HTTP/1.1" and len(self.header_all("host")) != 1:
            raise BadRequest("not exactly one Host field: %r" % head)

    def __repr__(self) -> str:
        return "<Request %s %s, body of %d bytes>" % (self.method, self.target, len(self.body))

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the first "?" of the target, or ""."""
        return self.target.partition("?")[2]

    def header(self, name: str, default: Optional[str] = None) -> Optional[str]:
        """The value of a field, repeats joined by ", "; `default` when there is none."""
        values = self.header_all(name)
        return ", ".join(values) if values else default

    def header_all(self, name: str) -> List[str]:
        """The values of every field of that name, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def names(self) -> List[str]:
        """The names of the fields in order, lower-cased."""
        return [key.lower() for key, _ in self.headers]

    def json(self) -> Any:
        """The body, parsed."""
        return _json.loads(self.body.decode("utf-8"))

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8")

    @property
    def framing(self) -> Tuple[str, int]:
        """("chunked", 0) or ("length", n); raises BadRequest for anything else."""
        codings = self.header_all("transfer-encoding")
        if codings:
            if [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise BadRequest("unknown Transfer-Encoding: %r" % codings)
            return "chunked", 0
        lengths = self.header_all("content-length")
        if not lengths:
            return "length", 0
        if len(lengths) != 1 or not re.match(r"[0-9]{1,18}\Z", lengths[0]):
            raise BadRequest("bad Content-Length: %r" % lengths)
        return "length", int(lengths[0])

    @property
    def wants_close(self) -> bool:
        """Whether the client asks for the connection to be closed after the answer."""
        options = (self.header("connection") or "").lower()
        return "close" in options or (self.version == "HTTP/1.0" and "keep-alive" not in options)


def parse_fields(block: bytes) -> List[Tuple[str, str]]:
    """The header fields of a head without its first line; `block` ends in an empty line."""
    fields = []
    for line in block.split(b"\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name) or not FIELD_VALUE.match(value):
            raise BadRequest("not a header field: %r" % line)
        fields.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
    return fields


def pairs_of(headers: HeaderInit) -> List[Tuple[str, str]]:
    """Header fields as pairs; a list as the value of a mapping repeats the field."""
    given: Any = headers.items() if hasattr(headers, "items") else headers
    fields: List[Tuple[str, str]] = []
    for name, value in given:
        fields.extend((name, str(each)) for each in (value if isinstance(value, (list, tuple)) else [value]))
    return fields


def chunked(data: Union[bytes, Iterable[bytes]], trailers: HeaderInit = ()) -> bytes:
    """A body in chunked coding: bytes are one chunk, an iterable one chunk for each piece."""
    pieces = [data] if isinstance(data, bytes) else list(data)
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    tail = "".join("%s: %s\r\n" % pair for pair in pairs_of(trailers))
    return body + b"0\r\n" + tail.encode("latin-1") + b"\r\n"


class Reply:
    """A well-formed answer; whoever wants a malformed one writes bytes.

    Args:
        body: bytes; str (sent as UTF-8); or an iterable of bytes, one chunk each.
        status: the status code.
        headers: a mapping (a list repeats the field) or pairs.
        framing: "length" (the default), "chunked" (the default for an iterable), "close" (the end of
            the connection ends the body), or "none" (no framing field is added).
        close: adds "Connection: close", and the server then closes.
        reason: the reason phrase; by default the usual one.
        version: "1.1" or "1.0".
    """

    def __init__(
        self,
        body: Body = b"",
        status: int = 200,
        headers: HeaderInit = (),
        *,
        framing: str = "",
        close: bool = False,
        reason: Optional[str] = None,
        version: str = "1.1",
    ) -> None:
        if isinstance(body, str):
            body = body.encode("utf-8")
        self.pieces = [body] if isinstance(body, (bytes, bytearray)) else list(body)
        self.framing = framing or ("length" if isinstance(body, (bytes, bytearray)) else "chunked")
        self.status = status
        self.headers = pairs_of(headers)
        self.reason = REASONS.get(status, "Unknown") if reason is None else reason
        self.version = version
        self.bodiless = 100 <= status < 200 or status in (204, 304)
        self.ends = close or (self.framing == "close" and not self.bodiless)
        self.close = close

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: HeaderInit = (), **options: Any) -> Reply:
        """An answer of JSON, with its Content-Type."""
        fields = [("Content-Type", "application/json")] + pairs_of(headers)
        return cls(_json.dumps(value).encode("utf-8"), status, fields, **options)

    @classmethod
    def redirect(cls, location: str, status: int = 302, **options: Any) -> Reply:
        """A redirect."""
        return cls(b"", status, [("Location", location)], **options)

    def head(self) -> bytes:
        """The status line and the fields, with the empty line."""
        fields = list(self.headers)
        names = {name.lower() for name, _ in fields}
        if not self.bodiless and not names & {"content-length", "transfer-encoding"}:
            if self.framing == "length":
                fields.append(("Content-Length", str(sum(map(len, self.pieces)))))
            elif self.framing == "chunked":
                fields.append(("Transfer-Encoding", "chunked"))
        if self.close:
            fields.append(("Connection", "close"))
        first = "HTTP/%s %d %s\r\n" % (self.version, self.status, self.reason)
        return (first + "".join("%s: %s\r\n" % pair for pair in fields) + "\r\n").encode("latin-1")

    def wire(self, method: str = "GET") -> bytes:
        """All of the answer to a request of that method (HEAD gets the head alone)."""
        if method == "HEAD" or self.bodiless:
            return self.head()
        body = chunked(self.pieces) if self.framing == "chunked" else b"".join(self.pieces)
        return self.head() + body


def ends_connection(answer: bytes) -> bool:
    """Whether raw bytes of an answer leave nothing that could tell where it ends, or say close."""
    head = answer.partition(b"\r\n\r\n")[0].lower()
    if re.search(rb"\r\nconnection:[^\r]*close", head):
        return True
    if re.match(rb"http/1\.1 (?:1[0-9][0-9]|204|304) ", head):
        return False
    return not re.search(rb"\r\n(?:content-length:|transfer-encoding:[^\r]*chunked)", head)
