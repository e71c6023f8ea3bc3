"""Header block: the header lines of a request, rendered once and kept with its route.

Rules of the room: most requests have the headers of the one before. The request line is each one's own, and so are
the lines that tell the length.
"""

from __future__ import annotations

from .errors import InvalidRequest
from .names import OWN_NAMES
from .request_head import render_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, List, Optional, Tuple

    from .route import Route

    Pairs = List[Tuple[str, str]]

#: Headers that are added here, or have to be looked at when the caller gives them.
MANAGED = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "expect", "proxy-authorization")
)

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
