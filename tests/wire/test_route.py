"""Routes: what may share a connection, what counts as one origin, what a proxy is asked."""

from __future__ import annotations

import ssl

import pytest

from miniaxios.wire import TLSOptions, parse_url
from miniaxios.wire import route as route_module
from miniaxios.wire import tls as tls_module
from miniaxios.wire.proxies import parse_proxy
from miniaxios.wire.route import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAIN = TLSOptions()


def lookup(host: str) -> str:
    return "127.0.0.1"


def route(
    url: str = "https://origin.test/", tls: TLSOptions = PLAIN, proxy: Any = None, **more: Any
) -> Route:
    return Route(parse_url(url), None if proxy is None else parse_proxy(proxy), tls, **more)


#: Each line is a way to the same origin; no two may share a connection.
WAYS = {
    "direct": {},
    "other scheme": {"url": "http://origin.test:443/"},
    "other host": {"url": "https://other.test/"},
    "trailing dot": {"url": "https://origin.test./"},
    "other port": {"url": "https://origin.test:444/"},
    "link-local": {"url": "https://[fe80::1]/"},
    "zone": {"url": "https://[fe80::1%25eth0]/"},
    "other zone": {"url": "https://[fe80::1%25eth1]/"},
    "proxy": {"proxy": "http://proxy.test"},
    "proxy port": {"proxy": "http://proxy.test:81"},
    "proxy host": {"proxy": "http://proxy2.test"},
    "proxy scheme": {"proxy": "https://proxy.test:80"},
    "socks": {"proxy": "socks5://proxy.test"},
    "socks names": {"proxy": "socks5h://proxy.test"},
    "proxy user": {"proxy": "http://u:p@proxy.test"},
    "proxy password": {"proxy": "http://u:q@proxy.test"},
    "proxy user without password": {"proxy": "http://u@proxy.test"},
    "proxy tls": {"proxy": {"protocol": "https", "host": "proxy.test", "reject_unauthorized": False}},
    "proxy ca": {"proxy": {"protocol": "https", "host": "proxy.test", "ca": "a.pem"}},
    "proxy cert": {"proxy": {"protocol": "https", "host": "proxy.test", "cert": "a.pem", "key": "a.key"}},
    "proxy servername": {"proxy": {"protocol": "https", "host": "proxy.test", "servername": "a"}},
    "proxy tls options": {"proxy": "https://proxy.test", "proxy_tls": TLSOptions(ca="x")},
    "unverified": {"tls": TLSOptions(reject_unauthorized=False)},
    "ca": {"tls": TLSOptions(ca="a.pem")},
    "other ca": {"tls": TLSOptions(ca=b"a.pem")},
    "cert": {"tls": TLSOptions(cert="a.pem", key="a.key")},
    "other cert": {"tls": TLSOptions(cert="b.pem", key="a.key")},
    "other key": {"tls": TLSOptions(cert="a.pem", key="b.key")},
    "passphrase": {"tls": TLSOptions(cert="a.pem", key="a.key", passphrase="x")},
    "servername": {"tls": TLSOptions(servername="a.test")},
    "other servername": {"tls": TLSOptions(servername="b.test")},
    "min version": {"tls": TLSOptions(min_version="TLSv1.3")},
    "context": {"tls": TLSOptions(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))},
    "other context": {"tls": TLSOptions(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))},
    "unix socket": {"socket_path": "/run/a"},
    "other unix socket": {"socket_path": "/run/b"},
    "family 4": {"family": 4},
    "family 6": {"family": 6},
    "lookup": {"lookup": lookup},
    "other lookup": {"lookup": lambda host: "127.0.0.1"},
    "local address": {"local_address": "127.0.0.1"},
    "other local address": {"local_address": "127.0.0.2"},
}


def test_POOLKEY_1_no_two_ways_share() -> None:
    keys = {name: route(**way).key for name, way in WAYS.items()}  # type: ignore[arg-type]
    for name, key in keys.items():
        assert [other for other in keys if keys[other] == key] == [name]


@pytest.mark.parametrize("name", sorted(WAYS))
def test_equal_ways_share(name: str) -> None:
    way: Any = WAYS[name]
    assert route(**way).key == route(**way).key


@pytest.mark.parametrize(
    "other", ["https://origin.test/a/b?c#d", "https://ORIGIN.test:443", "https://u:p@origin.test/"]
)
def test_path_and_userinfo_are_no_part_of_the_key(other: str) -> None:
    assert route(other).key == route().key


def test_tls_options_do_not_matter_without_tls() -> None:
    url = "http://origin.test/"
    assert route(url, TLSOptions(ca="a.pem")).key == route(url).key


def test_POOLKEY_2_a_mutated_context_is_another() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls = TLSOptions(context=context)
    before = route(tls=tls)
    context.check_hostname = False
    between = route(tls=tls)
    context.verify_mode = ssl.CERT_NONE
    after = route(tls=tls)
    assert len({before.key, between.key, after.key}) == 3
    assert before.tls_key != tls.pool_key


@pytest.mark.parametrize(
    "one, other, equal",
    [
        ({}, {"proxy": "http://proxy.test"}, True),
        ({}, {"tls": TLSOptions(ca="a")}, True),
        ({}, {"url": "https://origin.test/other"}, True),
        ({}, {"url": "http://origin.test/"}, False),
        ({}, {"url": "https://origin.test:8443/"}, False),
        ({}, {"socket_path": "/run/a"}, False),
        ({"url": "https://[fe80::1%25a]/"}, {"url": "https://[fe80::1%25b]/"}, False),
    ],
)
def test_origin(one: Any, other: Any, equal: bool) -> None:
    assert (route(**one).origin == route(**other).origin) is equal


@pytest.mark.parametrize(
    "url, proxy, tunnel, forward",
    [
        ("http://a.test/", None, False, False),
        ("https://a.test/", None, False, False),
        ("http://a.test/", "http://p", False, True),
        ("https://a.test/", "http://p", True, False),
        ("http://a.test/", "https://p", False, True),
        ("https://a.test/", "https://p", True, False),
        ("http://a.test/", "socks5://p", True, False),
        ("https://a.test/", "socks5h://p", True, False),
    ],
)
def test_what_the_proxy_is_asked(url: str, proxy: Any, tunnel: bool, forward: bool) -> None:
    made = route(url, proxy=proxy)
    assert (made.is_tunnel, made.is_forward) == (tunnel, forward)


# -- whether a route holds -----------------------------------------------------------------------------


class Lender:
    """What an agent lends to a route."""

    def __init__(self, tls: TLSOptions = PLAIN, local_address: Any = None) -> None:
        self.tls = tls
        self.local_address = local_address


def made_for(agent: Any, url: str = "https://origin.test/") -> Route:
    return Route(parse_url(url), None, agent.tls, local_address=agent.local_address)


def test_a_route_holds_while_nothing_changes() -> None:
    agent: Any = Lender(local_address="127.0.0.1")
    for url in ("https://origin.test/", "http://origin.test/"):
        made = made_for(agent, url)
        assert made.holds(agent) and made.holds(agent)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_route_of_another_agent_does_not_hold(scheme: str) -> None:
    made = made_for(Lender(TLSOptions()), f"{scheme}://origin.test/")
    other: Any = Lender(TLSOptions())
    assert made.key == made_for(other, f"{scheme}://origin.test/").key, "they are equal, but not the same"
    assert not made.holds(other)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_route_does_not_hold_from_another_address(scheme: str) -> None:
    agent: Any = Lender()
    made = made_for(agent, f"{scheme}://origin.test/")
    agent.local_address = "127.0.0.1"
    assert not made.holds(agent)
    agent.local_address = None
    assert made.holds(agent)
    agent.tls = TLSOptions()
    assert not made.holds(agent)


@pytest.mark.parametrize("option", ["ca", "cert", "key"])
def test_POOLKEY_1_a_route_does_not_hold_once_a_file_was_written_anew(
    option: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(route_module, "monotonic", lambda: clock[0])
    file = tmp_path / "file.pem"
    file.write_text("one")
    options: Any = {"cert": "a.pem", option: str(file)}
    agent: Any = Lender(TLSOptions(**options))
    secure, plain = made_for(agent), made_for(agent, "http://origin.test/")
    assert secure.holds(agent)
    file.write_text("another")
    clock[0] += route_module.LOOK
    assert not secure.holds(agent) and made_for(agent).holds(agent)
    file.unlink()
    assert not secure.holds(agent), "what did not hold is looked at each time"
    assert plain.holds(agent), "what plain text has nothing to do with"


def test_the_files_are_looked_at_as_often_as_is_said(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, looks = [1000.0], []
    monkeypatch.setattr(route_module, "monotonic", lambda: clock[0])
    stamp = tls_module._stamp
    monkeypatch.setattr(tls_module, "_stamp", lambda path: looks.append(path) or stamp(path))
    file = tmp_path / "file.pem"
    file.write_text("one")
    agent: Any = Lender(TLSOptions(ca=str(file)))
    made = made_for(agent)
    looks.clear()
    assert route_module.LOOK <= 0.1
    for at in (0, 0.4, 0.8, 1.2, 1.6, 2.4):
        clock[0] = 1000 + at * route_module.LOOK
        assert made.holds(agent)
    assert len(looks) == 3


def test_POOLKEY_2_a_route_holds_while_the_context_is_as_it_was() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    agent: Any = Lender(TLSOptions(context=context))
    made = made_for(agent)
    context.check_hostname = False
    assert not made.holds(agent)
    context.check_hostname = True
    assert made.holds(agent)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_route_does_not_hold_once_other_roots_are_trusted(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent: Any = Lender(TLSOptions())
    made = made_for(agent)
    monkeypatch.setenv(name, str(tmp_path))
    assert not made.holds(agent)
    monkeypatch.delenv(name)
    assert made.holds(agent)
