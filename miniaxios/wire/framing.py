"""Where a response's body ends: from the head to a framing, from received bytes to body bytes.

Rules of the room: no input or output. A framing is fed with ``decode(data)``, whatever the pieces,
and keeps no more than an unfinished chunk line or trailer section. When it is ``done``, ``rest``
holds what came after the end: bytes that belong to no answer, a reason to drop the connection.
Each way to end a body that two readers could see differently is refused (RFC 9112 section 6.3).
"""

from __future__ import annotations

import re

from .errors import BadResponse, Truncated
from .messages import MAX_HEAD, parse_trailers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Match, Optional, Tuple, Union

    from .messages import ResponseHead

#: Bytes of one chunk's line: size, extension and line end.
MAX_CHUNK_LINE = 4 * 1024
#: Bytes of all chunk extensions of one body together; nobody reads them.
MAX_EXTENSIONS = 64 * 1024

# 16 digits are 64 bits. The extension's grammar doesn't matter to who skips it, but its characters
# do: a bare CR or LF in it may be the end of the line to another reader.
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(;[^\x00-\x08\x0a-\x1f\x7f]*)?\r\n").match
_LENGTH = re.compile(r"[0-9]{1,20}").fullmatch


class Framing:
    """What all framings have. ``done`` (bool): the body has ended. ``rest`` (bytes): what came after."""

    __slots__ = ("done", "rest")

    def __init__(self) -> None:
        self.done = False
        self.rest = b""

    def decode(self, data: bytes) -> bytes:
        """The bytes of the body in ``data``, the next bytes received. Raises BadResponse."""
        raise NotImplementedError

    def end_of_input(self) -> None:
        """The peer closed: raises Truncated unless the body may end, or has ended, here."""
        if not self.done:
            raise Truncated("the connection was closed before the end of the body")


class NoBody(Framing):
    """No body whatever the headers say; whatever comes is ``rest``."""

    __slots__ = ()

    def __init__(self) -> None:
        self.done = True
        self.rest = b""

    def decode(self, data: bytes) -> bytes:
        """Always empty."""
        self.rest += data
        return b""


class FixedLength(Framing):
    """A body of ``size`` bytes; ``remaining`` of them are still to come."""

    __slots__ = ("remaining",)

    def __init__(self, size: int) -> None:
        self.remaining = size
        self.done = size == 0
        self.rest = b""

    def decode(self, data: bytes) -> bytes:
        """As much of ``data`` as belongs to the body; not copied when that is all of it."""
        left = self.remaining - len(data)
        if left > 0:
            self.remaining = left
            return data
        self.done = True
        if left == 0:
            self.remaining = 0
            return data
        size, self.remaining = self.remaining, 0
        self.rest += data[size:]
        return data[:size]


    def advance(self, count: int) -> None:
        """``count`` bytes of the body, no more than remain, were received otherwise."""
        self.remaining -= count
        self.done = self.remaining == 0


class UntilClose(Framing):
    """A body that ends where the peer closes. Whether it closed in good order, TLS must tell."""

    __slots__ = ()

    def decode(self, data: bytes) -> bytes:
        """All of ``data``."""
        return data

    def end_of_input(self) -> None:
        """The regular end."""
        self.done = True


class Chunked(Framing):
    """The chunked transfer coding (RFC 9112 section 7.1), strictly.

    ``trailers``: the pairs of the trailer section, once done; never to be merged into the headers.
    Chunk extensions are skipped. Hardening FRAME-4, FLOOD-2, FLOOD-3.
    """

    __slots__ = ("trailers", "_held", "_left", "_extensions", "_in_trailers")

    def __init__(self) -> None:
        super().__init__()
        self.trailers: List[Tuple[str, str]] = []
        self._held = bytearray()  # an unfinished chunk line, or the trailer section so far
        self._left = 0  # bytes to come of this chunk, its CR LF included
        self._extensions = 0
        self._in_trailers = False

    def decode(self, data: bytes) -> bytes:
        """The chunks' bytes in ``data``, joined; not copied when one chunk spans all of it."""
        if self._left - 2 >= len(data):
            self._left -= len(data)
            return data
        if self.done:
            self.rest += data
            return b""
        pieces: List[bytes] = []
        at = 0
        if self._left:
            at = self._go_on(data, pieces)
        elif self._held and not self._in_trailers:
            at = self._finish_line(data)
        if not self._in_trailers:
            at = self._read_chunks(data, at, pieces)
        if self._in_trailers:
            self._read_trailers(data, at)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _go_on(self, data: bytes, pieces: List[bytes]) -> int:
        """Take the rest of a chunk that began in earlier data; gives where it ends in ``data``."""
        body = max(self._left - 2, 0)
        at = min(self._left, len(data))
        if body:
            pieces.append(data[:body])
        ending = data[body:at]
        if ending != b"\r\n"[2 - self._left + body :][: len(ending)]:
            raise BadResponse("a chunk is longer than its size says")
        self._left -= at
        return at

    def _finish_line(self, data: bytes) -> int:
        """Complete the held beginning of a chunk line; gives where the line ends in ``data``."""
        at = data.find(b"\n") + 1
        self._held += data[: at or MAX_CHUNK_LINE + 1]
        if len(self._held) > MAX_CHUNK_LINE:
            raise BadResponse(f"chunk line is longer than {MAX_CHUNK_LINE} bytes")
        if not at:
            return len(data)
        line = bytes(self._held)
        self._held.clear()
        self._begin_chunk(_CHUNK_LINE(line))
        return at

    def _begin_chunk(self, line: Optional[Match[bytes]]) -> int:
        """Take in a chunk's line; gives the number of bytes to come, its CR LF included."""
        if line is None:
            raise BadResponse("malformed chunk line in a chunked body")
        digits, extension = line.groups()
        if extension:
            if line.end() - line.start() > MAX_CHUNK_LINE:
                raise BadResponse(f"chunk line is longer than {MAX_CHUNK_LINE} bytes")
            self._extensions += len(extension)
            if self._extensions > MAX_EXTENSIONS:
                raise BadResponse(f"chunk extensions of more than {MAX_EXTENSIONS} bytes")
        size = int(digits, 16)
        if size == 0:
            self._in_trailers = True
            self._held += b"\r\n"  # the line's end: the section is complete at its CR LF CR LF
            return 0
        self._left = size + 2
        return self._left

    def _read_chunks(self, data: bytes, at: int, pieces: List[bytes]) -> int:
        """Take whole chunks from ``at`` on, and the beginning of one; gives where trailers begin."""
        size = len(data)
        left = self._left
        while at < size:
            if not left:
                line = _CHUNK_LINE(data, at)
                if line is None and data.find(b"\n", at) < 0:
                    return self._finish_line(data[at:])
                left = self._begin_chunk(line)
                at = line.end() if line else at
                if not left:
                    return at
            end = at + left
            if end > size:
                break
            if data[end - 2 : end] != b"\r\n":
                raise BadResponse("a chunk is longer than its size says")
            pieces.append(data[at : end - 2])
            at, left, self._left = end, 0, 0
        if at < size:
            self._go_on(data[at:], pieces)
        return size

    def _read_trailers(self, data: bytes, at: int) -> None:
        """Collect the trailer section up to its blank line."""
        held = self._held
        start = len(held)
        held += data[at:]
        end = held.find(b"\r\n\r\n", max(start - 3, 0))
        if re.compile(rb"(?<!\r)\n").search(held, start, len(held) if end < 0 else end):
            raise BadResponse("bare line feed in the trailers of a chunked body")
        if (end if end >= 0 else len(held)) > MAX_HEAD:
            raise BadResponse(f"trailers of more than {MAX_HEAD} bytes")
        if end < 0:
            return
        self.done = True
        self._in_trailers = False
        self.rest = bytes(held[end + 4 :])
        if end:
            self.trailers = parse_trailers(bytes(held[: end + 4]))
        held.clear()


def framing_for(method: str, head: ResponseHead) -> Framing:
    """How the body of ``head``, the answer to a request with ``method``, is framed.

    In the order of RFC 9112 section 6.3. Raises BadResponse for a Content-Length that is not one
    number of 1 to 20 digits (equal repeats are one), for Content-Length beside Transfer-Encoding,
    for any Transfer-Encoding but a single ``chunked`` on HTTP/1.1, and for a 101, which nobody
    asked for. Hardening FRAME-2, FRAME-3, FRAME-7, FRAME-8.
    """
    status = head.status
    if status < 200 or (method == "CONNECT" and status < 300):
        if status == 101:
            raise BadResponse("the server switched protocols without being asked")
        return NoBody()
    fields = head.fields
    codings = head.get_all("transfer-encoding") if "transfer-encoding" in fields else None
    lengths = fields.get("content-length")
    if codings:
        _check_codings(codings, lengths is not None, head.version)
    if type(lengths) is str and _LENGTH(lengths):
        length: Optional[int] = int(lengths)
    else:
        length = None if lengths is None else _content_length(lengths)
    if method == "HEAD" or status == 204 or status == 304:
        return NoBody()
    if codings:
        return Chunked()
    return UntilClose() if length is None else FixedLength(length)


def _check_codings(codings: List[str], has_length: bool, version: int) -> None:
    if has_length:
        raise BadResponse("the response has both Content-Length and Transfer-Encoding")
    if version < 11:
        raise BadResponse("Transfer-Encoding in an HTTP/1.0 response")
    if len(codings) > 1 or codings[0].lower() != "chunked":
        raise BadResponse("unknown Transfer-Encoding, only chunked is")


def _content_length(given: Union[str, List[str]]) -> int:
    """The one number that all the values give (RFC 9110 section 8.6)."""
    values = [given] if isinstance(given, str) else given
    numbers = {number.strip(" \t") for value in values for number in value.split(",")}
    number = numbers.pop()
    if numbers:
        raise BadResponse("the response has several different Content-Length")
    if not _LENGTH(number):
        raise BadResponse("the response has a malformed Content-Length")
    return int(number)
