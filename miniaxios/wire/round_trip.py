"""Round trip: a small request and its small answer, in one go.

Most requests are such ones. For them what ``exchange`` does in steps that can stop and go on, with a lease, a
response that is read, and a policy, comes to little: an idle connection, one send, one receive, and an answer that is
all there. It is done here without the steps, in a third of the instructions (43 000 instead of 119 000 for a GET).

Rules of the room: nothing is decided here that isn't decided alike in ``exchange``, ``connection``, ``body``
and ``framing``. An answer that is not all there, or in any way unlike most, is theirs: its bytes are put back as if
nobody had looked, and they are loaded when the first comes. A connection belongs to whoever runs here until the pool
has it; an interrupt closes it.
"""

from __future__ import annotations

from .connection import SMALL_BODY, Connection
from .environment import OUT_OF_FILES
from .errors import HungUp, NetworkError
from .header_block import MANAGED, block_for
from .messages import SHORT_HEAD, read_usual_head
from .request import Request
from .request_head import BODILESS, IDEMPOTENT, render_request_line
from .sockets import network_error
from .via import direct_route, free_descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Mapping, Optional, Tuple, Union

    from .body import Response
    from .messages import Fields, StatusLine
    from .lease import Lease
    from .request import Policy, Via
    from .scope import Scope
    from .url import URL

    Pairs = List[Tuple[str, str]]
    #: Status line, fields and body, all of it.
    Answer = Tuple[StatusLine, Fields, bytes]


class Errand:
    """A request that is made again and again, ready to be sent but for its body. Immutable.

    ``method`` (upper case), ``url`` and ``headers`` (pairs) are as an exchange has them; ``has_body``: whether each
    time there is one, and ``has_length`` whether its length is told; ``front``: what is sent before that. The ``agent``
    is not kept, so that it goes with its connections when it is forgotten.
    Raises InvalidRequest for what can't be sent, and ValueError where the headers are about the connection or the
    length, which takes an exchange.
    """

    __slots__ = ("method", "url", "route", "may_repeat", "has_body", "has_length", "front", "_headers")

    def __init__(self, method: str, url: URL, headers: Pairs, agent: Via, has_body: bool) -> None:
        self.method = method
        self.url = url
        self.route = route = direct_route(url, agent)
        block = block_for(headers, route, agent.pool.keep_alive)
        if method == "CONNECT" or not MANAGED.isdisjoint(block.given):
            raise ValueError(method)
        self.may_repeat = method in IDEMPOTENT
        self.has_body = has_body
        self.has_length = has_body or method not in BODILESS
        self._headers = block.headers
        front = render_request_line(method, url.target) + block.lines
        self.front = front if self.has_length else front + b"\r\n"

    def headers(self, length: int) -> Pairs:
        """All that are sent with a body of so many bytes."""
        return [*self._headers, ("Content-Length", str(length))] if self.has_length else self._headers

    def request(self, body: bytes) -> Request:
        """The request as it is sent."""
        return Request(self.method, self.url, self.headers(len(body)), body if self.has_body else None)

    def rendered(self, body: bytes) -> bytes:
        """All its bytes."""
        if not self.has_length:
            return self.front
        return b"%bContent-Length: %d\r\n\r\n%b" % (self.front, len(body), body)


def round_trip(
    errand: Errand, agents: Mapping[str, Via], body: bytes, scope: Scope, limit: int
) -> Union[Answer, Lease, None]:
    """The answer as ``(status line, fields, body)``, if it is small and plain.

    Else the lease of the connection that has what came so far, or None where nothing was sent: both are for
    :func:`the_long_way`. ``agents``: by scheme, such that the errand's route holds; ``limit``: bytes of a body, -1 for
    any. Raises as ``exchange`` does.
    """
    route = errand.route
    pool = agents[route.scheme].pool
    if pool.max_sockets is not None or len(body) > SMALL_BODY:
        return None
    generation = pool.generation
    request = errand.rendered(body) if errand.has_length else errand.front
    connection, is_new, was_sent = None, False, False
    try:
        connection = pool.borrow(route)
        while connection is not None and connection.is_stale():
            connection.close()
            connection = pool.borrow(route)
        if connection is None:
            is_new = True
            connection = Connection(route)
            connection.open(scope)
        was_sent = True
        try:
            data = connection.ask(request, scope)
        except HungUp:
            if is_new or not errand.may_repeat:
                raise
            connection.close()
            connection = Connection(route)
            connection.open(scope)
            data = connection.ask(request, scope)
        answer, is_last = _plain_answer(data, errand.method, limit)
        if answer is None:
            connection.unread(data)
            return pool.adopt(connection, generation)
        is_last = not connection.reclaim() or is_last
    except NetworkError as error:
        if connection is not None:
            connection.close()
        if error.code in OUT_OF_FILES and not was_sent and free_descriptors(agents):
            return None
        raise
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    # From here on the pool owns it, even if an interrupt comes before this thread knows.
    if is_last:
        connection.close()
    else:
        pool.keep(connection, generation)
    return answer


def the_long_way(request: Request, policy: Policy, lease: Optional[Lease]) -> Response:
    """What ``exchange`` makes of the request, or of what came of it so far."""
    if lease is not None:
        policy.current = request
    try:
        room = _room or _load_room(policy)
    except BaseException as error:
        if lease is not None:
            lease.give_back(False)
        if isinstance(error, (OSError, ImportError)):
            raise network_error(error, "load") from error
        raise
    response: Response
    response = room.exchange(request, policy) if lease is None else room.resume(lease, request, policy)
    return response


#: Kept, for a look at what is loaded takes 10 000 instructions.
_room: Any = None


def _load_room(policy: Policy) -> Any:
    global _room
    try:
        from . import exchange
    except OSError as error:
        if network_error(error, "load").code not in OUT_OF_FILES or not free_descriptors(policy.agents):
            raise
        from . import exchange
    _room = exchange
    return exchange


def _plain_answer(data: bytes, method: str, limit: int) -> Tuple[Optional[Answer], bool]:
    """The answer in ``data`` if that is all of it, and nothing in it needs care; and whether the peer will close."""
    head, blank, body = data.partition(b"\r\n\r\n")
    found = read_usual_head(head) if blank and len(head) <= SHORT_HEAD else None
    if found is None:
        return None, False
    line, fields, _ = found
    version, status, _ = line
    if version != 11 or method == "HEAD":
        return None, False
    if status != 200 and (status < 200 or 300 <= status < 400 or status == 204):
        return None, False
    if fields.get("content-length") != str(len(body)) or 0 <= limit < len(body):
        return None, False
    if "transfer-encoding" in fields or "content-encoding" in fields:
        return None, False
    said = fields.get("connection")
    if said is None or said == "keep-alive":
        return (line, fields, body), False
    return ((line, fields, body), True) if said == "close" else (None, False)
