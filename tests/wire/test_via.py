"""What an agent lends: routes that are kept, and descriptors."""

from __future__ import annotations

from miniaxios.wire import TLSOptions, parse_url
from miniaxios.wire.via import MOST_ROUTES, direct_route, free_descriptors
from tests.support.server import Reply, Server

from .rig import Via, fetch


def test_a_route_serves_all_requests_to_an_origin() -> None:
    with Via() as via:
        route = direct_route(parse_url("http://a.test/x?y"), via)
        assert direct_route(parse_url("http://a.test:80/z"), via) is route
        assert route.url.target == "/" and route.key[0] == route.origin  # type: ignore[index]
        others = ["https://a.test/", "http://b.test/", "http://a.test:81/", "http://[fe80::1%25a]/", "http://[fe80::1%25b]/"]
        routes = [route, *(direct_route(parse_url(url), via) for url in others)]
        assert len({id(each) for each in routes}) == len({each.key for each in routes}) == len(routes)


def test_a_route_is_made_anew_where_the_agent_was_altered() -> None:
    with Via() as via:
        url = parse_url("https://a.test/")
        route = direct_route(url, via)
        via.tls = TLSOptions(reject_unauthorized=False)
        changed = direct_route(url, via)
        assert changed is not route and changed.key != route.key
        via.local_address = "127.0.0.1"
        assert direct_route(url, via).local_address == "127.0.0.1"


def test_routes_are_bounded() -> None:
    with Via() as via:
        for number in range(2 * MOST_ROUTES + 1):
            direct_route(parse_url("http://%d.test/" % number), via)
            assert 0 < len(via.pool.routes) <= MOST_ROUTES


def test_descriptors_are_freed_of_all_agents() -> None:
    with Server.handler(lambda request: Reply(b"x")) as server, Via() as one, Via() as other:
        agents = {"http": one, "https": other}
        assert not free_descriptors(agents)
        fetch(one, server.url())
        fetch(other, server.url())
        assert free_descriptors(agents)
        assert one.pool.idle_connections == other.pool.idle_connections == 0
        assert server.wait_gone()
