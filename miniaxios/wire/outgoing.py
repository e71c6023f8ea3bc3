"""Outgoing: a request as bytes: its head rendered and checked, its body ready to begin (again).

Rules of the room: nothing is sent here. The header lines of a request are rendered once and kept with its
route, for most requests have the headers of the one before; the request line and the length are its own.
"""

from __future__ import annotations

from .connection import CONTINUE_WAIT, SMALL_BODY
from .errors import InvalidRequest, UploadTooLarge
from .names import OWN_NAMES
from .request_head import BODILESS, frame_request, render_fields, render_request_line
from .upload import Pace, Sending, Upload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, List, Optional, Tuple, Union

    from .exchange import Policy, Request
    from .route import Route

    Pairs = List[Tuple[str, str]]
    Body = Union[None, bytes, Upload]

#: Methods that may be sent twice, as the second does what the first did. RFC 9110 section 9.2.2.
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"))

#: Headers that are added here, or have to be looked at when the caller gives them.
MANAGED = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "expect", "proxy-authorization")
)
_FRAMING = frozenset(("content-length", "transfer-encoding"))

_KEEP_ALIVE, _CLOSE = ("Connection", "keep-alive"), ("Connection", "close")

#: Sets of header lines kept with one route, and the bytes up to which one is.
MOST_BLOCKS, LONGEST_BLOCK = 16, 4096


class Block:
    """The header lines of a request, but for those of its length.

    ``headers``: pairs, as the next hop inherits them; ``lines``: as sent, checked; ``given``: the names
    that the caller gave, in lower case; ``is_last``: whether they tell the peer to close.
    """

    __slots__ = ("headers", "lines", "given", "is_last")

    def __init__(self, given_headers: Pairs, route: Route, keep_alive: bool) -> None:
        lower = OWN_NAMES
        given = {lower[name] for name, _ in given_headers}
        if MANAGED.isdisjoint(given):
            headers = [("Host", route.host_header), *given_headers, _KEEP_ALIVE if keep_alive else _CLOSE]
        else:
            headers = _own_headers(given_headers, route, given, keep_alive)
        self.headers = headers
        self.given: AbstractSet[str] = given
        self.is_last = not keep_alive or ("connection" in given and _says_close(headers))
        self.lines = render_fields(headers + _proxy_credentials(route) if route.is_forward else headers)


def block_for(headers: Pairs, route: Route, keep_alive: bool) -> Block:
    """The block of these headers: the one that was made before, where that can be told.

    To make one takes four times as long as to find it.
    """
    key = tuple(headers)
    blocks = route.blocks
    try:
        found: Optional[Block] = blocks.get(key)
    except TypeError:  # something that can't be hashed, and is no header either
        return Block(headers, route, keep_alive)
    if found is None:
        found = Block(headers, route, keep_alive)
        # A subclass of str may say that it equals another text.
        if len(found.lines) <= LONGEST_BLOCK and all([type(part) is str for pair in key for part in pair]):
            if len(blocks) >= MOST_BLOCKS:
                blocks.clear()
            blocks[key] = found
    return found


class Outgoing:
    """One request, to be sent over one route.

    ``may_repeat``: whether it may be sent twice; ``is_last``: whether it tells the peer to close.
    """

    __slots__ = ("head", "body", "may_repeat", "is_last", "_length", "_policy", "_expects", "_sent", "_told")

    def __init__(self, request: Request, route: Route, policy: Policy, keep_alive: bool) -> None:
        method, body = request.method, request.body
        if method == "CONNECT":
            raise InvalidRequest("method CONNECT is the proxy option's business", "method")
        block = block_for(request.headers, route, keep_alive)
        headers, lines = block.headers, block.lines
        if body is not None or method not in BODILESS or not _FRAMING.isdisjoint(block.given):
            known = None if body is None else len(body) if isinstance(body, bytes) else body.length
            headers, length = frame_request(method, headers, body is not None, known, block.given)
            if length is not None and 0 <= policy.max_body_length < length:
                raise UploadTooLarge("Request body larger than maxBodyLength limit")
            lines += render_fields(headers[len(block.headers) :])
        else:
            length = 0
        self._length = length
        target = request.url.target if route.proxy is None else _target(request, route)
        self.head = render_request_line(method, target) + lines + b"\r\n"
        request.headers = headers
        self.body = body
        self._policy = policy
        self._expects = "expect" in block.given
        self.is_last = block.is_last
        self.may_repeat = method in IDEMPOTENT and (not isinstance(body, Upload) or body.is_repeatable)
        self._sent = self._told = 0

    def begin(self) -> Tuple[Optional[bytes], Optional[Sending]]:
        """``(small body, None)``, or ``(None, Sending)`` for one that takes care to send."""
        body, policy = self.body, self._policy
        if body is None:
            return None, None
        is_plain = policy.upload_progress is None and policy.upload_rate is None and not self._expects
        if isinstance(body, bytes) and len(body) <= SMALL_BODY and is_plain:
            return body, None
        pieces = iter((body,)) if isinstance(body, bytes) else body.begin()
        self._sent = 0
        return None, Sending(
            pieces,
            self._length,
            policy.max_body_length,
            None if policy.upload_progress is None else self._report,
            None if policy.upload_rate is None else Pace(policy.upload_rate),
            CONTINUE_WAIT if self._expects else 0.0,
        )

    def _report(self, count: int) -> None:
        """Tell the caller of bytes that go out for the first time: not of those that are sent again."""
        self._sent += count
        progress, fresh = self._policy.upload_progress, self._sent - self._told
        if progress is not None and fresh > 0:
            self._told = self._sent
            progress(fresh)


def _own_headers(headers: Pairs, route: Route, given: AbstractSet[str], keep_alive: bool) -> Pairs:
    """The caller's headers with those that are the connection's business; ``given``: their names."""
    if "proxy-authorization" in given:
        headers = _without_proxy_authorization(headers, route)
    if "host" not in given:
        headers = [("Host", route.host_header), *headers]
    elif sum([name.lower() == "host" for name, _ in headers]) > 1:
        raise InvalidRequest("more than one header Host")  # RFC 9112 section 3.2
    if "connection" not in given:
        headers = [*headers, _KEEP_ALIVE if keep_alive else _CLOSE]
    return headers


def _says_close(headers: Pairs) -> bool:
    values = [value.lower() for name, value in headers if name.lower() == "connection"]
    return any(option.strip(" \t") == "close" for value in values for option in value.split(","))


def _proxy_credentials(route: Route) -> Pairs:
    """What a proxy that reads the request wants to know: never a part of ``Request.headers``, which the
    next hop inherits, perhaps by another way."""
    if route.proxy is None or route.is_tunnel or route.proxy.authorization is None:
        return []
    return [("Proxy-Authorization", route.proxy.authorization)]


def _without_proxy_authorization(headers: Pairs, route: Route) -> Pairs:
    """The caller's own proxy credentials go to a proxy that reads the request, and to nobody else."""
    if route.is_forward and route.proxy is not None and route.proxy.authorization is None:
        return headers
    return [pair for pair in headers if pair[0].lower() != "proxy-authorization"]


def _target(request: Request, route: Route) -> str:
    # RFC 9112 section 3.2.2: a proxy is told the whole URL, an origin the path and the query.
    url = request.url
    return f"{url.scheme}://{url.host_header}{url.target}" if route.is_forward else url.target
