"""Heads of responses: bytes in, a ResponseHead out.

Rules of the room: no input or output and no state. What can't be read without a doubt is refused
(:class:`~.errors.BadResponse`); refusals never quote a header's value. Every check is linear in
the size of the head: no pattern here has two ways to match the same text.
"""

from __future__ import annotations

import re

from .errors import BadResponse
from .names import PEER_NAMES, TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, NoReturn, Optional, Sequence, Tuple, Union

    Pairs = List[Tuple[str, str]]
    Buffer = Union[bytes, bytearray]
    Fields = Dict[str, Union[str, List[str]]]
    StatusLine = Tuple[int, int, str]

#: Bytes of a whole head, its blank line included. Whoever collects a head stops there.
MAX_HEAD = 256 * 1024
#: Bytes of the status line.
MAX_STATUS_LINE = 8 * 1024
#: Bytes of one header line.
MAX_LINE = 64 * 1024
#: Header lines of one head.
MAX_LINES = 1000

_TEXT = bytes(byte for byte in range(256) if byte in b"\t\r\n" or (byte >= 0x20 and byte != 0x7F))

_VERSIONS = {"HTTP/1.1 ": 11, "HTTP/1.0 ": 10}

# Patterns as plain strings, compiled when they are used for the first time: most programs never do. They match
# lines, not heads: their anchors make each line a fresh start, so that one that does not match costs its own length
# once.
_FIELD_LINES = rf"(?m)^({TOKEN}): ?(.*)\r\n"
_BLANK_LINE = rb"\n\r?\n"
_FIELD_LINE = rf"({TOKEN}):([^\x00-\x08\x0a-\x1f\x7f]*)"
_LOOSE_FIELD = rf"(?s)({TOKEN})[ \t]*:(.*)"
_C1 = r"[\x80-\x9f]"

#: Status lines as they were parsed. A server sends few; this many are kept, up to this size.
_status_lines: Dict[str, StatusLine] = {}
_MOST_STATUS_LINES, _LONGEST_STATUS_LINE = 100, 64

#: Bytes of a head from which on it is measured against the limits above.
SHORT_HEAD = 2048


class _Lines(dict):  # type: ignore[type-arg]
    """Header lines met so far, as ``(name in lower case, value)``: a server sends most of its own each time.

    What it contains is sound: printable ASCII, a token, and a colon with a blank behind it. Any other line
    is a KeyError or a ValueError, and may be sound all the same. Bounded in number and size, since strangers
    choose them; cookies are not kept.
    """

    MOST, LONGEST = 500, 128

    def __missing__(self, line: str) -> Tuple[str, str]:
        name, value = line.split(": ", 1)
        if not (line.isascii() and line.isprintable()):
            raise KeyError(name)
        pair = PEER_NAMES[name], value.strip()
        if len(line) <= self.LONGEST and pair[0] != "set-cookie":
            if len(self) >= self.MOST:
                self.clear()
            self[line] = pair
        return pair


_read_line = _Lines().__getitem__


class ResponseHead:
    """Status line and header lines of one response.

    ``version`` (int): 10 or 11. ``status`` (int): 100 to 599. ``reason`` (str): may be empty.
    ``headers``: list of ``(name, value)``, both str, decoded as Latin-1, in the order and the
    spelling of the wire, blanks around the value removed. ``fields``: the same as a dict of the names
    in lower case, in order of their first line; a value is a str, or the list of all where there are
    several lines. Never changed.
    """

    __slots__ = ("version", "status", "reason", "fields", "_headers")

    def __init__(self, line: StatusLine, fields: Fields, headers: Sequence[Union[str, Sequence[str]]]) -> None:
        # headers: pairs, or whole lines with a blank behind the colon.
        self.version, self.status, self.reason = line
        self.fields = fields
        self._headers = headers

    @classmethod
    def of(cls, version: int, status: int, reason: str, headers: Pairs) -> ResponseHead:
        """One made of its headers."""
        return cls((version, status, reason), _gathered(headers), headers)

    @property
    def headers(self) -> Pairs:
        """See the class."""
        pairs = [each.split(": ", 1) if isinstance(each, str) else each for each in self._headers]
        return [(name, value.strip(" \t")) for name, value in pairs]

    def get_all(self, lower_name: str) -> List[str]:
        """The values of all lines with that name (given in lower case), in order; maybe none."""
        found = self.fields.get(lower_name)
        if found is None:
            return []
        return [found] if isinstance(found, str) else found[:]

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status}, {len(self._headers)} header lines>"


def _gathered(headers: Iterable[Sequence[str]]) -> Fields:
    fields: Fields = {}
    for name, value in headers:
        lower, value = PEER_NAMES[name], value.strip(" \t")
        held = fields.get(lower)
        if held is None:
            fields[lower] = value
        elif isinstance(held, str):
            fields[lower] = [held, value]
        else:
            held.append(value)
    return fields


def find_head_end(buffer: Buffer, start: int = 0) -> int:
    """Index just after the blank line that ends the head in ``buffer``, or -1 when it isn't there yet.

    ``start``: the size that the buffer had at the last call, which is not searched again; a head
    that comes byte by byte costs linear time. A blank line at the very beginning counts too.
    """
    if start < 2 and buffer and buffer[0] < 14 and buffer[:1] in (b"\r", b"\n"):
        return 2 if buffer[:2] == b"\r\n" else 1 if buffer[:1] == b"\n" else -1
    begin = start - 2 if start > 2 else 0
    # Two searches for text take a quarter of the time of one for a pattern.
    at = buffer.find(b"\n\r\n", begin)
    if at >= 0 and buffer.find(b"\n\n", begin, at + 1) < 0:
        return at + 3
    found = re.compile(_BLANK_LINE).search(buffer, begin)
    return found.end() if found else -1


def check_head_so_far(buffer: Buffer) -> None:
    """Raise BadResponse when ``buffer``, which holds no whole head yet, can't become one.

    For the room that collects: an answer that isn't HTTP/1, or is endless, fails now and not when
    the time is up. Hardening FRAME-6, FLOOD-1.
    """
    if not b"HTTP/1.".startswith(buffer[:7]):
        raise BadResponse("the answer is not HTTP/1.0 or HTTP/1.1")
    if len(buffer) > MAX_HEAD:
        raise BadResponse(f"response head is larger than {MAX_HEAD} bytes")
    if len(buffer) > MAX_STATUS_LINE and buffer.find(b"\n", 0, MAX_STATUS_LINE) < 0:
        raise BadResponse(f"status line is longer than {MAX_STATUS_LINE} bytes")


def parse_response_head(data: Buffer, lenient: bool = False) -> ResponseHead:
    """The head in ``data``: status line, header lines and the blank line, nothing after it.

    Lines end with CR LF or LF. Raises BadResponse for anything else that RFC 9112 sections 3 to 5
    do not allow: folded lines, blanks before a colon, lines without a colon or a name, bare CR,
    NUL and other controls but TAB (the C1 controls too, unless they are part of valid UTF-8), and
    for heads over the limits above. Hardening FRAME-5, FRAME-6, FLOOD-1.

    ``lenient`` (the option ``insecure_http_parser``) tolerates what :func:`_parse_leniently` tells.
    """
    if len(data) > SHORT_HEAD:
        _check_limits(data)
    if lenient:
        return _parse_leniently(data)
    found = read_usual_head(data[:-4]) if data.endswith(b"\r\n\r\n") else None
    if found is not None:
        return ResponseHead(*found)
    text = data.decode("latin-1")
    at = text.find("\r\n") + 2
    line = _read_status_line(text[: at - 2]) if at > 1 else None
    headers: Pairs = re.compile(_FIELD_LINES).findall(text, at) if line else []
    # All lines but the first and the last matched, if there are that many ends of line; as many CR
    # as LF means no bare CR, since the matches account for one CR each.
    ends = len(headers) + 2
    if data.translate(None, _TEXT):
        _refuse(text)
    if not text.isascii():
        _check_not_c1(text)
    if line is None or text.count("\n") != ends or text.count("\r") != ends or text[-3:] != "\n\r\n":
        return _parse_line_feeds(text)
    version, status, reason = line
    reason, headers = _trimmed(reason, headers)
    return ResponseHead.of(version, status, reason, headers)


def read_usual_head(head: Buffer) -> Optional[Tuple[StatusLine, Fields, List[str]]]:
    """``(version, status, reason)``, the fields and the lines of a head as nearly all are, told without its blank line.

    None for any other, which may be sound all the same: :func:`parse_response_head` knows. For heads within
    the limits above. Most lines are known from the answer before: to look them up takes a third of the time.
    """
    lines = head.decode("latin-1").split("\r\n")
    first = lines.pop(0)
    status_line = _status_lines.get(first)
    if status_line is None:
        _read_status_line(first)
        status_line = _status_lines.get(first)
        if status_line is None:
            return None
    try:
        fields: Fields = dict(map(_read_line, lines))
        if len(fields) != len(lines):
            fields = _gathered(map(_read_line, lines))
    except (KeyError, ValueError):  # no name, no colon, no blank behind it, or some other character
        return None
    return status_line, fields, lines


def _read_status_line(text: str) -> Optional[StatusLine]:
    """As :func:`_split_status_line`; kept if there is nothing in it to refuse or to cut off."""
    line = _split_status_line(text)
    if line is not None and len(text) <= _LONGEST_STATUS_LINE:
        reason = line[2]
        if reason == reason.strip(" \t") and reason.isprintable():
            if len(_status_lines) >= _MOST_STATUS_LINES:
                _status_lines.clear()
            _status_lines[text] = line
    return line


def _split_status_line(text: str) -> Optional[StatusLine]:
    """``(version, status, reason)`` of a status line without its line end; None where it is malformed.

    Step by step: every program that makes a request would have to compile a pattern, which takes 200 us.
    """
    version, status, blank = _VERSIONS.get(text[:9]), text[9:12], text[12:13]
    if version is None or len(status) != 3 or not status.isdecimal() or not "1" <= status[0] <= "5":
        return None
    return None if blank not in ("", " ") or "\n" in text else (version, int(status), text[13:])


def parse_trailers(section: Buffer) -> Pairs:
    """The trailer lines of a chunked body, as header lines are given; strict CR LF.

    ``section``: the CR LF of the last chunk's line, the trailer lines, and the CR LF of the blank
    line. Raises BadResponse as :func:`parse_response_head` does. RFC 9112 section 7.1.2.
    """
    _check_limits(section, "trailer section")
    text = section.decode("latin-1")
    pairs: Pairs = re.compile(_FIELD_LINES).findall(text, 2)
    ends = len(pairs) + 2
    if text.count("\n") != ends or text.count("\r") != ends or text[-3:] != "\n\r\n":
        raise BadResponse("malformed trailers in a chunked body")
    if section.translate(None, _TEXT):
        raise BadResponse("control character in the trailers of a chunked body")
    return _trimmed("", pairs)[1]


def _trimmed(reason: str, pairs: Pairs) -> Tuple[str, Pairs]:
    # Only SP and TAB: str.strip() would also take NBSP and NEL, which are bytes of UTF-8.
    return reason.strip(" \t"), [(name, value.strip(" \t")) for name, value in pairs]


def _check_limits(data: Buffer, what: str = "response head") -> None:
    if len(data) > MAX_HEAD:
        raise BadResponse(f"{what} is larger than {MAX_HEAD} bytes")
    if data.count(b"\n") > MAX_LINES + 2:
        raise BadResponse(f"{what} has more than {MAX_LINES} header lines")
    if len(data) > MAX_STATUS_LINE and data.find(b"\n", 0, MAX_STATUS_LINE) < 0:
        raise BadResponse(f"status line is longer than {MAX_STATUS_LINE} bytes")
    if len(data) > MAX_LINE and max(map(len, data.split(b"\n"))) > MAX_LINE:
        raise BadResponse(f"{what} has a line of more than {MAX_LINE} bytes")


def _check_not_c1(text: str) -> None:
    """Let the bytes 0x80 to 0x9f pass only where they are part of a UTF-8 sequence.

    NEL (0x85) is a line end to some readers, yet servers do send file names in raw UTF-8.
    """
    for line in text.split("\n"):
        if re.search(_C1, line):
            try:
                decoded = line.encode("latin-1").decode("utf-8")
            except UnicodeDecodeError:
                decoded = line
            if re.search(_C1, decoded):
                raise BadResponse("control character in the response head")


def _parse_line_feeds(text: str) -> ResponseHead:
    """A head whose lines don't all end with CR LF: bare LF is fine (RFC 9112 section 2.2)."""
    lines = text.replace("\r\n", "\n")
    again = lines.replace("\n", "\r\n")
    if "\r" in lines or again == text:
        _refuse(text)
    return parse_response_head(again.encode("latin-1"))


def _refuse(text: str) -> NoReturn:
    """Name the first fault, with its line's number and none of the peer's bytes."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-2:] != ["", ""]:
        raise BadResponse("response head does not end with a blank line")
    if not _split_status_line(lines[0]):
        raise BadResponse("malformed status line")
    for number, line in enumerate(lines[1:-2], 2):
        if not re.fullmatch(_FIELD_LINE, line):
            raise BadResponse(f"malformed response head, line {number}: {_fault(line)}")
    raise BadResponse("malformed response head: control character in the status line")


def _fault(line: str) -> str:
    name, colon, _value = line.partition(":")
    if line[:1] in (" ", "\t"):
        return "folded line"
    if not line:
        return "blank line"
    if not colon:
        return "no colon"
    if not re.fullmatch(TOKEN, name):
        return "invalid header name"
    return "control character in the value"


def _parse_leniently(data: Buffer) -> ResponseHead:
    """What ``insecure_http_parser`` tolerates, as clients of old do.

    Folded lines are joined by one space; blanks before a colon are removed; lines without a colon,
    or whose name is not a token, are skipped; controls in values and in the reason are kept.
    Still refused: a bare CR, a malformed status line, the limits, and a malformed line that
    mentions Content-Length or Transfer-Encoding: where a body ends is never a guess.
    """
    text = data.decode("latin-1").replace("\r\n", "\n")
    head, _, rest = text.partition("\n\n")
    first, *fields = re.split(r"\n(?![ \t])", head)
    line = _split_status_line(first)
    if rest or line is None or "\r" in head or text[-2:] != "\n\n":
        _refuse(text)
    headers: Pairs = []
    for field in fields:
        lowered = field.lower()
        if ("content-length" in lowered or "transfer-encoding" in lowered) and not re.fullmatch(_FIELD_LINE, field):
            raise BadResponse("malformed header line about the length of the body")
        found = re.fullmatch(_LOOSE_FIELD, field)
        if found:
            headers.append((found.group(1), re.sub(r"\n[ \t]+", " ", found.group(2)).strip(" \t")))
    version, status, reason = line
    return ResponseHead.of(version, status, reason.strip(" \t"), headers)


def keep_alive(head: ResponseHead) -> bool:
    """Whether the connection may carry another exchange once this body is read to its end.

    Only HTTP/1.1 without a ``close`` in any of its Connection lines. A 204 or 304 that announces a
    body is not trusted to send none. Hardening QUEUE-2, FRAME-7; RFC 9112 section 9.3.
    """
    if head.version != 11:
        return False
    connection = head.fields.get("connection")
    if connection is not None and connection != "keep-alive":
        for value in head.get_all("connection"):
            if "close" in [token.strip(" \t") for token in value.lower().split(",")]:
                return False
    if head.status == 204 or head.status == 304:
        announced = head.get_all("transfer-encoding") or head.get_all("content-length")
        return all(value == "0" for value in announced)
    return True
