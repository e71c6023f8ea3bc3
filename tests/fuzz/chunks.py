"""Bodies in the chunked transfer coding."""

from __future__ import annotations

from miniaxios.wire.errors import BadResponse
from miniaxios.wire.framing import Chunked

from .heads import field
from .readers import standard_body, standard_response
from .runner import Target, demand
from .source import Source, singles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Tuple

_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_SIZES = (
    "%x", "%x", "%X", "%04x", "%x;a=b", '%x;n="v;"', "%x ", " %x", "0x%x", "-%x", "+%x", "%x;" + "e" * 60,
    "%020x",
)  # fmt: skip
_TOKENS = (
    b"\r\n", b"\r", b"\n", b"0\r\n", b"0\r\n\r\n", b"1\r\nx\r\n", b";", b";a=b\r\n",
    b"ffffffffffffffff\r\n", b"fffffffffffffffff\r\n",
    b"X-T: 1\r\n", b" x\r\n", b"\0", b"A: b", b"7fffffff\r\n", b"\xd9\xa1\r\n", b"1_0\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
)  # fmt: skip


def chunked(source: Source) -> bytes:
    """A chunked body, most of it well-formed."""
    made = b""
    for _ in range(source.size(8)):
        piece = source.bytes(300) or b"x"
        size = source.one(_SIZES if source.chance(0.2) else _SIZES[:4]) % len(piece)
        made += size.encode() + b"\r\n" + piece + b"\r\n"
    trailers = "".join(field(source) + "\r\n" for _ in range(source.size(3) if source.chance(0.3) else 0))
    return made + source.one(("0", "0", "000", "0;x")).encode() + b"\r\n" + trailers.encode() + b"\r\n"


class Chunks(Target):
    """The framing alone."""

    name = "chunks"

    def make(self, source: Source) -> bytes:
        junk = source.one((b"", b"", b"junk", b"HTTP/1.1 200 OK\r\n\r\n"))
        return source.spoiled(chunked(source) + junk, _TOKENS)

    def check(self, data: bytes, source: Source) -> str:
        found = _read([data])
        for pieces in (singles(data), source.pieces(data) if data else []):
            demand(_read(pieces) == found, "cuts make no difference", found, _read(pieces))
        if found[0] != "whole":
            return str(found[0])
        _, body, trailers, rest = found
        demand(
            len(body) + len(rest) < len(data), "no byte comes from nowhere", len(body), len(rest), len(data)
        )
        demand(data.endswith(rest), "what lies behind the end is untouched", rest)
        for name, value in trailers:
            demand("\n" not in name + value and "\r" not in value, "no line ends inside", name, value)
        theirs = standard_response(_HEAD + data)
        theirs_body = None if theirs is None else standard_body(theirs)
        demand(
            theirs_body is None or theirs_body == body, "http.client reads the same body", theirs_body, body
        )
        return "accepted"


def _read(pieces: Iterable[bytes]) -> Tuple[Any, ...]:
    framing = Chunked()
    body = []
    try:
        for piece in pieces:
            body.append(framing.decode(piece))
        framing.end_of_input()
    except BadResponse as error:
        return (type(error).__name__,)
    return "whole", b"".join(body), framing.trailers, framing.rest
