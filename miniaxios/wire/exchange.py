"""Exchange: a request goes out, its answer's head comes in, redirects are followed.

Senders nested like dolls: :func:`exchange` (redirects) > ``_send`` (one hop, one lease) >
``_converse`` (one connection, and the one silent resend). Rules of the room: whatever ends a hop
early gives its lease back; policy comes from above, in a :class:`Policy`.
"""

from __future__ import annotations

from .body import Response
from .connection import CONTINUE_WAIT, SMALL_BODY
from .errors import HungUp, InvalidRequest, NetworkError, TooManyRedirects, UploadFailed, UploadTooLarge
from .messages import OWN_NAMES, frame_request, render_request_head
from .proxies import route_for
from .redirects import next_hop
from .route import Route
from .tls import TLSOptions
from .upload import Pace, Sending, Upload
from .url import URL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, FrozenSet, List, Mapping, Optional, Protocol, Set, Tuple, Union

    from .connection import Connection
    from .messages import ResponseHead
    from .pool import Lease, Pool
    from .proxies import Proxy
    from .redirects import Redirect
    from .scope import Scope

    class Via(Protocol):
        """What an agent lends to the basement."""

        pool: Pool
        tls: TLSOptions
        local_address: Optional[str]

    Pairs = List[Tuple[str, str]]
    Body = Union[None, bytes, Upload]

#: Methods that may be sent twice, as the second does what the first did. RFC 9110 section 9.2.2.
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"))

#: Headers that the exchange adds itself, or has to look at when the caller gives them.
MANAGED = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "expect", "proxy-authorization")
)

#: Routes that one pool keeps.
MOST_ROUTES = 256

#: What the operating system says when a process, or the machine, has no descriptor left.
OUT_OF_FILES = frozenset(("EMFILE", "ENFILE"))


class Request:
    """What goes out in one hop: ``method`` (str, upper case), ``url`` (URL), ``headers`` (list of
    pairs), ``body`` (None, bytes, or an :class:`Upload`)."""

    __slots__ = ("method", "url", "headers", "body")

    def __init__(self, method: str, url: URL, headers: Pairs, body: Body = None) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body


class Policy:
    """What holds for all hops of one call.

    ``agents``: scheme -> pool, TLS and local address; ``proxy``: a Proxy, False for none, None for
    what ``environ`` says; ``max_body_length``: bytes, or -1; ``sensitive``: lower-case header names
    dropped on the way to another origin; ``before_hop(redirect, response)`` may alter or raise;
    ``on_head(url, head)`` sees every answer; ``current`` and ``history`` tell how far the call got.
    """

    __slots__ = (
        "scope", "agents", "proxy", "environ", "max_redirects", "max_body_length", "lenient", "family",
        "lookup", "socket_path", "sensitive", "upload_progress", "upload_rate", "before_hop", "on_head",
        "current", "history",
    )  # fmt: skip

    def __init__(self, scope: Scope, agents: Mapping[str, Via], environ: Mapping[str, str]) -> None:
        self.scope = scope
        self.agents = agents
        self.environ = environ
        self.proxy: Union[Proxy, bool, None] = None
        self.max_redirects = 5
        self.max_body_length = -1
        self.lenient = False
        self.family: Optional[int] = None
        self.lookup: Optional[Callable[[str], Any]] = None
        self.socket_path: Optional[str] = None
        self.sensitive: FrozenSet[str] = frozenset()
        self.upload_progress: Optional[Callable[[int], None]] = None
        self.upload_rate: Optional[float] = None
        self.before_hop: Optional[Callable[[Redirect, Response], None]] = None
        self.on_head: Optional[Callable[[URL, ResponseHead], None]] = None
        self.current: Optional[Request] = None
        self.history: List[str] = []


def exchange(request: Request, policy: Policy) -> Response:
    """Send the request and those that redirects ask for; returns the last answer, its body unread.

    Raises a class of ``errors``; exceptions of the policy's hooks pass unchanged.
    """
    while True:
        response = _send(request, policy)
        try:
            following = _after(response, policy)
        except BaseException:
            response.close()
            raise
        if following is None:
            response.history = policy.history
            return response
        policy.history.append(str(request.url))
        request = following


def _after(response: Response, policy: Policy) -> Optional[Request]:
    """The request that the answer redirects to, or None when the answer is the last one."""
    request = response.request
    if policy.on_head is not None:
        policy.on_head(request.url, response.head)
    if response.status < 300 or response.status >= 400 or policy.max_redirects == 0:
        return None
    locations = response.head.get_all("location")
    redirect = next_hop(
        request.method,
        request.url,
        request.headers,
        request.body is not None,
        response.status,
        locations[0] if locations else None,
        policy.sensitive,
    )
    if redirect is None:
        return None
    if len(policy.history) >= policy.max_redirects:
        raise TooManyRedirects("Maximum number of redirects exceeded")
    body = request.body if redirect.keeps_body else None
    if isinstance(body, Upload) and not body.can_restart:
        raise UploadFailed("the request body was sent once and can't be sent again for the redirect")
    # Before the hook: the caller's code may make requests itself, and must not wait for this slot.
    response.discard()
    if policy.before_hop is not None:
        policy.before_hop(redirect, response)
    return Request(redirect.method, redirect.url, redirect.headers, body)


# -- one hop -----------------------------------------------------------------------------------------


def _send(request: Request, policy: Policy) -> Response:
    agent = policy.agents[request.url.scheme]
    route = _route(request.url, agent, policy)
    # Rendered before a connection is asked for: a request that can't be sent touches no socket.
    outgoing = _Outgoing(request, route, policy, agent.pool.keep_alive)
    policy.current = request
    lease = agent.pool.lease(route)
    try:
        head = _converse(lease, outgoing, policy)
        return Response(lease, head, request, policy.scope)
    except BaseException:
        lease.give_back(False)
        raise


def _route(url: URL, agent: Via, policy: Policy) -> Route:
    if policy.socket_path is not None:
        return Route(url, None, agent.tls, None, policy.socket_path)
    proxy = route_for(url, policy.proxy, policy.environ)
    if proxy is None and policy.family is None and policy.lookup is None:
        return _direct_route(url, agent)
    proxy_tls = _proxy_tls(proxy, agent.tls) if proxy is not None and proxy.scheme == "https" else None
    return Route(url, proxy, agent.tls, proxy_tls, None, policy.family, policy.lookup, agent.local_address)


def _direct_route(url: URL, agent: Via) -> Route:
    """A route that most requests go by, kept: to make one takes longer than to look whether it still holds."""
    name = (url.scheme, url.host, url.zone, url.port)
    routes = agent.pool.routes
    route = routes.get(name)
    tls = agent.tls
    if route is not None and route.tls is tls and route.local_address == agent.local_address:
        # A caller's context, and the files of the options, may have been altered meanwhile.
        if route.tls_key is None or route.tls_key == tls.pool_key:
            return route
    if len(routes) >= MOST_ROUTES:
        routes.clear()
    # Without path and query, which are this request's alone.
    origin = URL(url.scheme, url.host, url.zone, url.port, "/")
    routes[name] = route = Route(origin, None, tls, None, None, None, None, agent.local_address)
    return route


def _proxy_tls(proxy: Proxy, origin: TLSOptions) -> TLSOptions:
    """TLS to the proxy has its own options; of the agent's, only the trusted roots count there."""
    own = proxy.tls or {}
    return TLSOptions(
        own.get("ca", origin.ca),
        own.get("cert"),
        own.get("key"),
        own.get("passphrase"),
        own.get("reject_unauthorized", True),
        own.get("servername"),
    )


def _converse(lease: Lease, outgoing: _Outgoing, policy: Policy) -> ResponseHead:
    connection = lease.take(policy.scope)
    is_new = connection.sock is None
    try:
        return _once(connection, outgoing, policy)
    except HungUp:
        if is_new or not outgoing.may_repeat:
            raise
    except NetworkError as error:
        # Idle connections hold descriptors: without them there may be enough.
        if error.code not in OUT_OF_FILES or not _free_descriptors(policy):
            raise
    return _once(lease.renew(), outgoing, policy)


def _free_descriptors(policy: Policy) -> bool:
    return any([agent.pool.close_idle() for agent in policy.agents.values()])


def _once(connection: Connection, outgoing: _Outgoing, policy: Policy) -> ResponseHead:
    if connection.sock is None:
        connection.open(policy.scope)
    if outgoing.is_last:
        connection.retire()
    body, sending = outgoing.begin()
    connection.start(outgoing.head, body, sending, policy.scope)
    return connection.read_head(policy.lenient)


class _Outgoing:
    """A request as bytes: its head rendered, its body ready to begin (again).

    ``may_repeat``: whether it may be sent twice; ``is_last``: whether it tells the peer to close.
    """

    __slots__ = ("head", "may_repeat", "is_last", "_body", "_length", "_policy", "_expects", "_sent", "_told")

    def __init__(self, request: Request, route: Route, policy: Policy, keep_alive: bool) -> None:
        if request.method == "CONNECT":
            raise InvalidRequest("method CONNECT is the proxy option's business", "method")
        body = request.body
        lower = OWN_NAMES
        given = {lower[name] for name, _ in request.headers}
        if MANAGED.isdisjoint(given):
            headers = [("Host", route.host_header), *request.headers, _KEEP_ALIVE if keep_alive else _CLOSE]
        else:
            headers = _own_headers(request, route, given, keep_alive)
        known = None if body is None else len(body) if isinstance(body, bytes) else body.length
        headers, self._length = frame_request(request.method, headers, body is not None, known, given)
        if self._length is not None and 0 <= policy.max_body_length < self._length:
            raise UploadTooLarge("Request body larger than maxBodyLength limit")
        request.headers = headers
        if route.proxy is None:
            self.head = render_request_head(request.method, request.url.target, headers)
        else:
            self.head = render_request_head(
                request.method, _target(request.url, route), headers + _proxy_credentials(route)
            )
        self._body = body
        self._policy = policy
        self._expects = "expect" in given
        self.is_last = not keep_alive or ("connection" in given and _says_close(headers))
        repeatable = not isinstance(body, Upload) or body.is_repeatable
        self.may_repeat = repeatable and request.method in IDEMPOTENT
        self._sent = self._told = 0

    def begin(self) -> Tuple[Optional[bytes], Optional[Sending]]:
        """``(small body, None)``, or ``(None, Sending)`` for one that takes care to send."""
        body, policy = self._body, self._policy
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


def _own_headers(request: Request, route: Route, given: Set[str], keep_alive: bool) -> Pairs:
    """The caller's headers with those that are the connection's business; ``given``: their names."""
    headers = request.headers
    if "proxy-authorization" in given:
        headers = _without_proxy_authorization(headers, route)
    if "host" not in given:
        headers = [("Host", request.url.host_header), *headers]
    elif sum([name.lower() == "host" for name, _ in headers]) > 1:
        raise InvalidRequest("more than one header Host")  # RFC 9112 section 3.2
    if "connection" not in given:
        headers = [*headers, _KEEP_ALIVE if keep_alive else _CLOSE]
    return headers


_KEEP_ALIVE, _CLOSE = ("Connection", "keep-alive"), ("Connection", "close")


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


def _target(url: URL, route: Route) -> str:
    # RFC 9112 section 3.2.2: a proxy is told the whole URL, an origin the path and the query.
    return f"{url.scheme}://{url.host_header}{url.target}" if route.is_forward else url.target
