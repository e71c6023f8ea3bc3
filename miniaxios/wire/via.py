"""Via: what requests by the same agent share beside its connections, the routes and the descriptors."""

from __future__ import annotations

from .pool import POOLS
from .route import Route
from .url import URL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from .request import Via

#: Routes that one pool keeps.
MOST_ROUTES = 256


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


def free_descriptors(agents: Mapping[str, Via]) -> bool:
    """Close the idle connections of all: without them there may be enough. Returns whether there were any."""
    return any([agent.pool.close_idle() for agent in agents.values()])


def free_all_descriptors() -> bool:
    """The same, of all agents of the process."""
    return any([pool.close_idle() for pool in tuple(POOLS)])
