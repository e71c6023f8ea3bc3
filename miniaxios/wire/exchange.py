"""Exchange: a request goes out, its answer's head comes in, redirects are followed.

Senders nested like dolls: :func:`exchange` (redirects) > ``_send`` (one hop, one lease) >
``_converse`` (one connection, and the one silent resend). Rules of the room: whatever ends a hop
early gives its lease back; policy comes from above, in a :class:`Policy`.
"""

from __future__ import annotations

from .body import Response
from .environment import OUT_OF_FILES
from .errors import HungUp, NetworkError, TooManyRedirects, UploadFailed
from .lease import Lease
from .outgoing import Outgoing
from .proxies import proxy_from_environment, route_for
from .redirects import next_hop
from .request import Request
from .route import Route
from .tls import TLSOptions
from .upload import Upload
from .via import direct_route, free_descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from .connection import Connection
    from .messages import ResponseHead
    from .proxies import Proxy
    from .request import Policy, Via
    from .url import URL


def exchange(request: Request, policy: Policy) -> Response:
    """Send the request and those that redirects ask for; returns the last answer, its body unread.

    Raises a class of ``errors``; exceptions of the policy's hooks pass unchanged.
    """
    return _follow(_send(request, policy), policy)


def resume(lease: Lease, request: Request, policy: Policy) -> Response:
    """As :func:`exchange`, of the policy's current request, which was sent over the connection that the lease has."""
    connection: Any = lease.connection
    try:
        response = Response(lease, connection.read_head(), request, policy.scope)
    except BaseException:
        lease.give_back(False)
        raise
    return _follow(response, policy)


def _follow(response: Response, policy: Policy) -> Response:
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
        # Idle connections hold some.
        if error.code not in OUT_OF_FILES or not free_descriptors(policy.agents):
            raise
    return _once(lease.renew(), outgoing, policy)


def _once(connection: Connection, outgoing: Outgoing, policy: Policy) -> ResponseHead:
    if connection.sock is None:
        connection.open(policy.scope)
    if outgoing.is_last:
        connection.retire()
    body, sending = (None, None) if outgoing.body is None else outgoing.begin()
    connection.start(outgoing.head, body, sending, policy.scope)
    return connection.read_head(policy.lenient)
