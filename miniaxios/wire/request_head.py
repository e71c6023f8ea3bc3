"""Heads of requests: method, target and headers in, bytes out.

Rules of the room: no input or output and no state. What another reader could see differently is refused
(:class:`~.errors.InvalidRequest`); refusals never quote a header's value.
"""

from __future__ import annotations

import re

from .errors import InvalidRequest
from .names import is_token, OWN_NAMES, TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, List, Optional, Sequence, Tuple

    Pairs = List[Tuple[str, str]]

_NAME_AND_VALUE = ": ".join
_VISIBLE = bytes(range(0x21, 0x7F))
# What may be in the value of a header that is sent.
_SENDABLE = bytes([byte for byte in range(256) if byte == 9 or (byte >= 0x20 and byte != 0x7F)])

# Plain strings, compiled when they are used for the first time: most programs never do.
_VALUE = r"[\t\x20-\x7e\x80-\xff]*"
_TARGET = r"[\x21-\x7e]+"
_AUTHORITY = r"(?:[A-Za-z0-9.\-_]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}"
_LENGTH = r"0|[1-9][0-9]{0,19}"

#: Methods that say nothing of a body when there is none; all others say ``Content-Length: 0``, for a
#: body could be expected (RFC 9110 section 8.6; the list is Node's).
BODILESS = frozenset(("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"))

#: Methods that may be sent twice, as the second does what the first did. RFC 9110 section 9.2.2.
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"))


def render_request_head(method: str, target: str, headers: Pairs) -> bytes:
    """The request line, the header lines and the blank line, as sent.

    ``method``: a token. ``target``: printable ASCII without blanks; for CONNECT ``host:port``.
    ``headers``: pairs of str, sent in the spelling given, as Latin-1. Raises InvalidRequest with
    ``what`` ``"method"``, ``"url"`` or ``"headers"``. Hardening INJ-1, INJ-2, INJ-4.
    """
    line = render_request_line(method, target)
    if method == "CONNECT" and not re.fullmatch(_AUTHORITY, target):
        raise InvalidRequest("the target of CONNECT must be host:port", "url")
    return line + render_fields(headers) + b"\r\n"


def render_request_line(method: str, target: str) -> bytes:
    """The first line of it, with its CR LF; for CONNECT see there."""
    try:
        # join() takes the text itself; formatting would ask a subclass of str for its opinion.
        line = " ".join((method, target, "HTTP/1.1\r\n")).encode("latin-1")
    except (TypeError, UnicodeEncodeError):
        raise _culprit(method, target) from None
    # Two blanks, which were joined here, a token before the first and something between them.
    if line.translate(None, _VISIBLE) != b"  \r\n" or b"  " in line or not is_token(method):
        raise _culprit(method, target)
    return line


def render_fields(headers: Pairs) -> bytes:
    """The header lines, each with its CR LF."""
    try:
        lines = "\r\n".join([*map(_NAME_AND_VALUE, headers), ""]).encode("latin-1")
    except (TypeError, UnicodeEncodeError):
        raise _culprit("GET", "/", headers) from None
    # What may not be sent is only there where it ends the lines that were joined here. For a head with
    # cookies this takes a quarter less time than a pattern for all of it.
    if lines.translate(None, _SENDABLE) != b"\r\n" * len(headers) or not _are_tokens(headers):
        raise _culprit("GET", "/", headers)
    return lines


def _are_tokens(headers: Pairs) -> bool:
    """Whether all names are tokens."""
    known = OWN_NAMES
    for name, _ in headers:
        # A subclass of str may lie about what it equals, but not to a pattern.
        if type(name) is not str or name not in known:
            if not is_token(name):
                return False
            known[name]  # so that it is known the next time
    return True


def _culprit(method: str, target: str, headers: Sequence[Tuple[str, str]] = ()) -> InvalidRequest:
    """What is wrong with a head that did not pass as a whole."""
    if not isinstance(method, str) or not re.fullmatch(TOKEN, method):
        return InvalidRequest(f"invalid request method {_shown(method)}", "method")
    if not isinstance(target, str) or not re.fullmatch(_TARGET, target):
        return InvalidRequest("the request target holds blanks, controls or non-ASCII characters", "url")
    for name, value in headers:
        if not isinstance(name, str) or not re.fullmatch(TOKEN, name):
            return InvalidRequest(f"header name must be a valid HTTP token, not {_shown(name)}")
        if not isinstance(value, str):
            return InvalidRequest(f"value of header {name} must be str, not {type(value).__name__}")
        if not re.fullmatch(_VALUE, value):
            return InvalidRequest(f"value of header {name} holds controls or characters beyond Latin-1")
    return InvalidRequest("malformed request head")


def _shown(name: object) -> str:
    return ascii(name[:40]) if isinstance(name, str) else f"a {type(name).__name__}"


def frame_request(
    method: str, headers: Pairs, has_body: bool, length: Optional[int] = None, given: Optional[AbstractSet[str]] = None
) -> Tuple[Pairs, Optional[int]]:
    """``headers`` with the lines that tell how long the body is, and the bytes to send.

    ``length``: the body's size in bytes, or None when it can't be known. The second result is the
    exact number of bytes the sender has to send (0 without a body), or None for chunked. These
    lines belong to the library: the caller's are kept where they say the same, a caller's
    Content-Length also for a body of unknown length, which is then held to it. Everything else
    raises InvalidRequest. ``headers`` is never changed in place; ``given``: their names in lower case,
    where those are at hand. Hardening FRAME-1.
    """
    if not has_body:
        length = 0
    if given is None or "content-length" in given or "transfer-encoding" in given:
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        codings = [value for name, value in headers if name.lower() == "transfer-encoding"]
    else:
        lengths = codings = []
    if lengths or codings:
        return headers, _callers_length(lengths, codings, length)
    if length is None:
        return headers + [("Transfer-Encoding", "chunked")], None
    if has_body or method not in BODILESS:
        return headers + [("Content-Length", str(length))], length
    return headers, 0


def _callers_length(lengths: List[str], codings: List[str], length: Optional[int]) -> Optional[int]:
    if codings:
        if lengths or len(codings) > 1 or length is not None or codings[0].lower() != "chunked":
            raise InvalidRequest(
                "header Transfer-Encoding may only be chunked, for a body of unknown length, without Content-Length"
            )
        return None
    if len(lengths) > 1:
        raise InvalidRequest("more than one header Content-Length")
    if not re.fullmatch(_LENGTH, lengths[0]):
        raise InvalidRequest("header Content-Length must be a number of bytes")
    given = int(lengths[0])
    if length is not None and given != length:
        raise InvalidRequest("header Content-Length does not fit the length of the body")
    return given
