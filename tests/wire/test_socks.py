"""SOCKS5 (RFC 1928, RFC 1929): the greeting, the password, the three kinds of address, and refusals."""

from __future__ import annotations

import socket
import threading

import pytest

from miniaxios.wire import connect as connect_module
from miniaxios.wire.errors import BadResponse, DeadlineExceeded, InvalidRequest, ProxyRefused, Stopped
from miniaxios.wire.proxies import Proxy
from miniaxios.wire.scope import Scope
from miniaxios.wire.socks import REPLIES, negotiate
from miniaxios.wire.url import parse_url

from ..support.peer import Peer
from ..support.proxy import SocksProxy
from ..support.server import Server
from .streams import dial, pair
from .torture import Elapsed, StopWhenAsked, WatchedScope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

pytestmark = pytest.mark.usefixtures("no_leaks")


def shout(conn: Peer) -> None:
    conn.send(conn.read_exactly(4).upper())


def talk(
    proxy: Any,
    url: str,
    scheme: str = "socks5h",
    username: Optional[str] = None,
    password: Optional[str] = None,
    scope: Optional[Scope] = None,
) -> bytes:
    """What comes back for "ping" through the proxy."""
    with dial(proxy, scope, tls=False) as stream:
        negotiate(stream, Proxy(scheme, proxy.host, proxy.port, username, password), parse_url(url))
        stream.sendall(b"ping")
        return stream.receive()


@pytest.mark.parametrize(
    "url, scheme, target",
    [
        ("http://origin.test/", "socks5h", ("name", "origin.test", 80)),
        ("https://origin.test/", "socks5h", ("name", "origin.test", 443)),
        ("http://origin.test.:8080/", "socks5h", ("name", "origin.test", 8080)),
        ("http://localhost:81/", "socks5", ("ipv4", "127.0.0.1", 81)),
        ("http://127.0.0.1:65535/", "socks5", ("ipv4", "127.0.0.1", 65535)),
        ("http://127.0.0.1:1/", "socks5h", ("ipv4", "127.0.0.1", 1)),
        ("http://[::1]:80/", "socks5", ("ipv6", "::1", 80)),
        ("http://[2001:db8::7]/", "socks5h", ("ipv6", "2001:db8::7", 80)),
    ],
)
def test_addresses(
    url: str, scheme: str, target: Tuple[str, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def only_ipv4(host: Any, *arguments: Any) -> Any:
        if host == b"localhost":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", arguments[0]))]
        return real(host, *arguments)

    with Server(shout) as origin, SocksProxy(hosts={target[1]: origin}) as proxy:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", only_ipv4)
            assert talk(proxy, url, scheme) == b"PING"
    assert proxy.targets == [target]
    assert proxy.methods == [b"\x00"] and proxy.logins == []


def test_a_name_is_resolved_here_or_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[Any] = []
    real = socket.getaddrinfo

    def resolver(host: Any, port: int, *arguments: Any) -> Any:
        if host != b"origin.test":
            return real(host, port, *arguments)
        asked.append(host)
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%1", port, 0, 1))]

    with Server(shout) as origin:
        for scheme, kind, host in (("socks5", "ipv6", "fe80::1"), ("socks5h", "name", "origin.test")):
            with SocksProxy(hosts={host: origin}) as proxy, dial(proxy, tls=False) as stream:
                with monkeypatch.context() as patch:
                    patch.setattr(socket, "getaddrinfo", resolver)
                    negotiate(stream, Proxy(scheme, proxy.host, proxy.port), parse_url("http://origin.test/"))
                stream.sendall(b"ping")
                assert stream.receive() == b"PING"
            assert proxy.targets == [(kind, host, 80)]
    assert asked == [b"origin.test"]


@pytest.mark.parametrize(
    "username, password", [("u", "p"), ("u", ""), ("ü" * 127, "p" * 255), ("a b", "ß:@")]
)
def test_passwords(username: str, password: str) -> None:
    login = (username, password)
    with Server(shout) as origin, SocksProxy(auth=login, hosts={"origin.test": origin}) as proxy:
        assert talk(proxy, "http://origin.test/", "socks5h", username, password or None) == b"PING"
    assert proxy.logins == [(username, password)]
    assert proxy.methods == [b"\x00\x02"]


def test_a_password_that_nobody_asks_for() -> None:
    with Server(shout) as origin, SocksProxy(hosts={"origin.test": origin}) as proxy:
        assert talk(proxy, "http://origin.test/", "socks5h", "u", "p") == b"PING"
    assert proxy.logins == []


def test_a_wrong_password_is_not_shown() -> None:
    with SocksProxy(auth=("u", "right")) as proxy, pytest.raises(ProxyRefused) as caught:
        talk(proxy, "http://origin.test/", "socks5h", "user-name", "wrong-word")
    assert "user-name" not in str(caught.value) and "wrong-word" not in str(caught.value)


def test_a_password_is_missing() -> None:
    with SocksProxy(auth=("u", "p")) as proxy, pytest.raises(ProxyRefused):
        talk(proxy, "http://origin.test/")


@pytest.mark.parametrize(
    "username, password", [("", "p"), ("u" * 256, "p"), ("u", "p" * 256), ("ü" * 128, "")]
)
def test_names_that_do_not_fit_are_refused_before_a_byte_is_sent(username: str, password: str) -> None:
    with pair() as (stream, far):
        with pytest.raises(InvalidRequest) as caught:
            negotiate(stream, Proxy("socks5h", "h", 1, username, password), parse_url("http://h/"))
        assert caught.value.what == "proxy"
        far.settimeout(0)
        with pytest.raises(BlockingIOError):
            far.recv(1)


@pytest.mark.parametrize("code", [*REPLIES, 9, 255])
def test_refusals(code: int) -> None:
    with SocksProxy(reply=code) as proxy, pytest.raises(ProxyRefused) as caught:
        talk(proxy, "http://origin.test/")
    assert caught.value.status == code and str(REPLIES.get(code, code)) in str(caught.value)


def test_the_origin_refuses() -> None:
    with SocksProxy(hosts={"origin.test": ("127.0.0.1", 1)}) as proxy, pytest.raises(ProxyRefused) as caught:
        talk(proxy, "http://origin.test/")
    assert caught.value.status == 5 and "connection refused" in str(caught.value)


ANSWERS = [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", BadResponse, "SOCKS5"),
    (b"\x04\x5a" + bytes(6), BadResponse, "SOCKS5"),
    (b"", BadResponse, "closed"),
    (b"\x05", BadResponse, "closed"),
    (b"\x05\xff", ProxyRefused, "authentication"),
    (b"\x05\x01", ProxyRefused, "authentication"),  # GSSAPI, which was not offered
    (b"\x05\x02", ProxyRefused, "authentication"),  # a password, which was not offered
    (b"\x05\x00", BadResponse, "closed"),
    (b"\x05\x00\x05\x00\x00", BadResponse, "closed"),
    (b"\x05\x00\x04\x00\x00\x01" + bytes(6), BadResponse, "malformed"),
    (b"\x05\x00\x05\x00\x00\x02" + bytes(6), BadResponse, "malformed"),
    (b"\x05\x00\x05\x00\x00\x01" + bytes(5), BadResponse, "closed"),
    (b"\x05\x00\x05\x00\x00\x03\x09" + bytes(10), BadResponse, "closed"),
    (b"\x05\x00\x05\x01\x00\x00" + bytes(6), ProxyRefused, "general failure"),  # without a kind of address
    (b"\x05\x00\x05\x02", ProxyRefused, "not allowed"),  # and cut short
]


def fixed(answer: bytes) -> Callable[[Peer], None]:
    def script(conn: Peer) -> None:
        conn.send(answer)
        conn.shutdown_write()
        conn.hold()

    return script


@pytest.mark.parametrize("answer, kind, word", ANSWERS)
def test_faults(answer: bytes, kind: Any, word: str) -> None:
    with Server(fixed(answer)) as proxy, pytest.raises(kind) as caught:
        talk(proxy, "http://origin.test/")
    assert type(caught.value) is kind and word in str(caught.value)


@pytest.mark.parametrize(
    "bound",
    [b"\x01" + bytes(4), b"\x04" + bytes(16), b"\x03\x05proxy", b"\x03\x00", b"\x03\xff" + bytes(255)],
    ids=["ipv4", "ipv6", "name", "empty", "long"],
)
def test_the_answer_is_read_to_its_last_byte_and_no_further(bound: bytes) -> None:
    """Whatever kind of address it names; dripping, and glued to the origin's first bytes."""
    answer = b"\x05\x00" + b"\x05\x00\x00" + bound + b"\x12\x34"

    def drip(conn: Peer) -> None:
        conn.drip(answer, 0.0005)
        conn.send(b"origin")
        conn.hold()

    def glued(conn: Peer) -> None:
        conn.send(answer + b"origin")
        conn.hold()

    for script in (drip, glued):
        with Server(script) as proxy, dial(proxy) as stream:
            negotiate(stream, Proxy("socks5h", proxy.host, proxy.port), parse_url("http://origin.test/"))
            assert stream.receive() == b"origin"


def test_FLOOD_4_dripping_replies_deadline() -> None:
    def script(conn: Peer) -> None:
        conn.drip(b"\x05\x00\x05\x00\x00\x03\xff" + bytes(300), 0.02)

    with Server(script) as proxy, Elapsed() as took, pytest.raises(DeadlineExceeded):
        talk(proxy, "http://origin.test/", scope=Scope(0.3))
    assert 0.29 <= took.seconds < 5


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_stop_after_resolving(scheme: str) -> None:
    """Waiting for the resolver must not cost the socket its stop-button."""
    scope = WatchedScope()
    told = threading.Event()

    def script(conn: Peer) -> None:
        conn.read_exactly(3)
        conn.send(b"\x05\x00")
        conn.read_exactly(4)
        told.set()
        conn.hold()

    class AfterConnect(StopWhenAsked):
        def _work(self) -> None:
            assert told.wait(10)
            super()._work()

    with Server(script) as proxy, dial(proxy, scope) as stream:
        with AfterConnect(scope) as stop, pytest.raises(Stopped):
            negotiate(stream, Proxy(scheme, proxy.host, proxy.port), parse_url("http://localhost/"))
        assert stop.delay < 2


def test_the_name_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    with SocksProxy() as proxy, dial(proxy, tls=False) as stream:
        monkeypatch.setattr(connect_module.socket, "getaddrinfo", fail)
        with pytest.raises(Exception) as caught:
            negotiate(stream, Proxy("socks5", proxy.host, proxy.port), parse_url("http://origin.test/"))
        assert getattr(caught.value, "code", None) == "ENOTFOUND"
        monkeypatch.undo()
    assert proxy.targets == []
