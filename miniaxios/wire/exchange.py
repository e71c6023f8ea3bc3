"""Exchange: a request goes out, its answer's head comes in, redirects are followed.

Senders nested like dolls: :func:`exchange` (redirects) > ``_send`` (one hop, one lease) >
``_converse`` (one connection, and the one silent resend). Rules of the room: whatever ends a hop
early gives its lease back; policy comes from above, in a :class:`Policy`.
"""

from __future__ import annotations

from .body import Response
from .errors import HungUp, NetworkError, TooManyRedirects, UploadFailed
from .outgoing import Outgoing
from .pool import Lease
from .proxies import proxy_from_environment, route_for
from .redirects import next_hop
from .route import Route
from .tls import TLSOptions
from .upload import Upload
from .url import URL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, FrozenSet, List, Mapping, Optional, Protocol, Tuple, Union

    from .connection import Connection
    from .messages import ResponseHead
    from .pool import Pool
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
    return follow(_send(request, policy), policy)


def follow(response: Response, policy: Policy) -> Response:
    """As :func:`exchange`, of a request whose answer is there."""
    while True:
        request = response.request
        try:
            if policy.on_head is not None:
                policy.on_head(request.url, response.head)
            following = _after(response, policy) if 300 <= response.status < 400 else None
        except BaseException:
            response.close()
            raise
        if following is None:
            response.history = policy.history
            return response
        policy.history.append(str(request.url))
        response = _send(following, policy)


def _after(response: Response, policy: Policy) -> Optional[Request]:
    """The request that a 3xx answer redirects to, or None when it is the last one."""
    request = response.request
    if policy.max_redirects == 0:
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
    outgoing = Outgoing(request, route, policy, agent.pool.keep_alive)
    policy.current = request
    lease = Lease(agent.pool, route)
    try:
        head = _converse(lease, outgoing, policy)
        return Response(lease, head, request, policy.scope)
    except BaseException:
        lease.give_back(False)
        raise


def _route(url: URL, agent: Via, policy: Policy) -> Route:
    if policy.socket_path is not None:
        return Route(url, None, agent.tls, None, policy.socket_path)
    given = policy.proxy
    proxy = proxy_from_environment(url, policy.environ) if given is None else route_for(url, given, policy.environ)
    if proxy is None and policy.family is None and policy.lookup is None:
        return direct_route(url, agent)
    proxy_tls = _proxy_tls(proxy, agent.tls) if proxy is not None and proxy.scheme == "https" else None
    return Route(url, proxy, agent.tls, proxy_tls, None, policy.family, policy.lookup, agent.local_address)


def direct_route(url: URL, agent: Via) -> Route:
    """A route that most requests go by, kept: to make one takes longer than to look whether it still holds."""
    name = (url.scheme, url.host, url.zone, url.port)
    routes = agent.pool.routes
    route = routes.get(name)
    if route is not None and route.holds(agent):
        return route
    if len(routes) >= MOST_ROUTES:
        routes.clear()
    # Without path and query, which are this request's alone.
    origin = URL(url.scheme, url.host, url.zone, url.port, "/")
    routes[name] = route = Route(origin, None, agent.tls, None, None, None, None, agent.local_address)
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


def _converse(lease: Lease, outgoing: Outgoing, policy: Policy) -> ResponseHead:
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


def _once(connection: Connection, outgoing: Outgoing, policy: Policy) -> ResponseHead:
    if connection.sock is None:
        connection.open(policy.scope)
    if outgoing.is_last:
        connection.retire()
    body, sending = (None, None) if outgoing.body is None else outgoing.begin()
    connection.start(outgoing.head, body, sending, policy.scope)
    return connection.read_head(policy.lenient)
