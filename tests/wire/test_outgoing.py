"""Requests as bytes: what is kept from one to the next must make no difference."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.wire import Policy, Request, Scope, TLSOptions, parse_url
from miniaxios.wire.proxies import parse_proxy
from miniaxios.wire.errors import InvalidRequest, UploadTooLarge
from miniaxios.wire.outgoing import Outgoing
from miniaxios.wire.request_head import IDEMPOTENT
from miniaxios.wire.upload import Upload, upload_from
from miniaxios.wire.route import Route

Pairs = List[Tuple[str, str]]


def way(url: str = "http://a.test/", proxy: Optional[str] = None) -> Route:
    return Route(parse_url(url), parse_proxy(proxy) if proxy else None, TLSOptions())


def outgoing(
    headers: Pairs, route: Optional[Route] = None, method: str = "GET", body: Any = None, keep_alive: bool = True,
    limit: int = -1, url: str = "http://a.test/p?q",
) -> Outgoing:  # fmt: skip
    policy = Policy(Scope(), {}, os.environ)
    policy.max_body_length = limit
    return Outgoing(Request(method, parse_url(url), headers, body), route or way(), policy, keep_alive)


def facts(made: Outgoing) -> Any:
    return made.head, made.may_repeat, made.is_last, made.begin()[0]


NAMES = st.sampled_from(
    "A a X-B Host host Connection Expect Content-Length Transfer-Encoding Proxy-Authorization Bad\r\n".split(" ")
)
VALUES = st.sampled_from(["", "1", "2", "close", "keep-alive", "chunked", "100-continue", "b\n", "\xe9", "\u0100"])
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(HEADERS, st.sampled_from(["GET", "POST", "PUT", "get"]), st.sampled_from([None, b"", b"x"])), max_size=6),
    st.sampled_from([None, "http://u:p@proxy.test:1"]),
    st.booleans(),
)
def test_law_a_route_that_was_used_before_makes_no_difference(calls: Any, proxy: Optional[str], keep_alive: bool) -> None:
    used = way(proxy=proxy)

    def tried(route: Route, headers: Pairs, method: str, body: Any) -> Any:
        try:
            return facts(outgoing(headers, route, method, body, keep_alive))
        except InvalidRequest as error:
            return str(error), error.what

    for call in calls + calls:
        assert tried(used, *call) == tried(way(proxy=proxy), *call)


def test_a_head_byte_for_byte() -> None:
    assert outgoing([("X-A", "1")]).head == (
        b"GET /p?q HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\nConnection: keep-alive\r\n\r\n"
    )
    assert outgoing([], method="POST", body=b"abc", keep_alive=False).head == (
        b"POST /p?q HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
    )
    assert b"\r\nContent-Length: 0\r\n\r\n" in outgoing([], method="POST").head


def test_the_request_tells_what_was_sent_but_the_proxys_credentials() -> None:
    request = Request("PUT", parse_url("http://a.test/"), [("X", "1")], b"ab")
    made = Outgoing(request, way(proxy="http://u:p@proxy.test:1"), Policy(Scope(), {}, os.environ), True)
    assert request.headers == [("Host", "a.test"), ("X", "1"), ("Connection", "keep-alive"), ("Content-Length", "2")]
    assert made.head.startswith(b"PUT http://a.test/ HTTP/1.1\r\n") and b"Proxy-Authorization: Basic " in made.head


def test_limits_and_methods() -> None:
    with pytest.raises(UploadTooLarge):
        outgoing([], method="POST", body=b"abc", limit=2)
    with pytest.raises(InvalidRequest, match="CONNECT"):
        outgoing([], method="CONNECT")
    assert all(outgoing([], method=method).may_repeat for method in IDEMPOTENT)
    assert not outgoing([], method="POST").may_repeat and not outgoing([], method="PATCH").may_repeat


def test_a_body_that_can_be_read_once_is_not_repeated() -> None:
    made = upload_from(iter([b"a"]))
    assert isinstance(made, Upload)
    assert not outgoing([], method="PUT", body=made).may_repeat
