"""That the test servers do what tests rely on; the clients here are raw sockets."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from tests.support.proxy import Proxy, SocksProxy
from tests.support.server import (
    BadRequest,
    BlackHole,
    Peer,
    Reply,
    Server,
    Silence,
    UnixServer,
    chunked,
    closed_port,
    has_ipv6,
)
from tests.support.tls import PASSPHRASE, certificate, client_context, key, server_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

pytestmark = pytest.mark.usefixtures("no_leaks")

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def dial(server: Any) -> socket.socket:
    """A connected client, with a timeout."""
    return socket.create_connection((server.host, server.port), timeout=5)


def exchange(sock: socket.socket, request: bytes, end: bytes) -> bytes:
    """Sends a request, and reads until what came ends so."""
    sock.sendall(request)
    data = b""
    while not data.endswith(end):
        piece = sock.recv(65536)
        if not piece:
            raise AssertionError("closed after %r" % data)
        data += piece
    return data


def read_all(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def ask(server: Any, request: bytes = GET) -> bytes:
    """One request on a connection of its own, read until the server closes."""
    with dial(server) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


# --- requests and replies ------------------------------------------------------------------------------


def test_replies_come_in_order_on_one_connection() -> None:
    with Server.replies([Reply(b"one"), b"HTTP/1.1 204 No Content\r\n\r\n", Reply([b"t", b"wo"])]) as server:
        with dial(server) as sock:
            assert exchange(sock, GET, b"one") == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"
            assert exchange(sock, GET, b"\r\n\r\n").startswith(b"HTTP/1.1 204 ")
            assert exchange(sock, GET, b"0\r\n\r\n").endswith(b"\r\n\r\n1\r\nt\r\n2\r\nwo\r\n0\r\n\r\n")
        assert server.wait_gone()
    assert server.connections == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "fields, body, read",
    [
        (b"Content-Length: 5\r\n", b"he\r\no", b"he\r\no"),
        (b"Transfer-Encoding: chunked\r\n", chunked([b"he", b"llo"]), b"hello"),
        (b"Transfer-Encoding: chunked\r\n", b"5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n", b"hello"),
        (b"", b"", b""),
    ],
)
def test_requests_are_captured_whole(fields: bytes, body: bytes, read: bytes) -> None:
    head = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y: 1\r\nx-y:  2 \r\n" + fields + b"\r\n"
    with Server.replies([Reply(b".")]) as server:
        assert ask(server, head + body).endswith(b".")
    request = server.request
    assert (request.method, request.target, request.version) == ("POST", "/a?b=c", "HTTP/1.1")
    assert (request.path, request.query) == ("/a", "b=c")
    assert request.headers[:3] == [("Host", "x"), ("X-Y", "1"), ("x-y", "2")]
    assert request.header("X-y") == "1, 2"
    assert (request.body, request.raw, request.complete) == (read, head + body, True)
    assert request.trailers == ([("T", "1")] if b"T: 1" in body else [])


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nx",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_a_malformed_request_fails_the_test(request_bytes: bytes) -> None:
    with pytest.raises(BadRequest):
        with Server.replies([Reply()]) as server:
            ask(server, request_bytes)


def test_a_request_too_many_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="a request too many: <Request GET /"):
        with Server.replies([]) as server:
            assert ask(server) == b""


def test_an_answer_without_an_end_closes_the_connection() -> None:
    with Server.replies([b"HTTP/1.1 200 OK\r\n\r\nall", Reply(b"all", framing="close")]) as server:
        for _ in range(2):
            with dial(server) as sock:
                sock.sendall(GET)
                assert read_all(sock).endswith(b"\r\n\r\nall")
    assert server.connections == 2


def test_routes_handlers_and_head() -> None:
    table = {"/a": Reply.redirect("/b"), "/b": [lambda request: Reply.json({"m": request.method})]}
    with Server.routes(table) as server, dial(server) as sock:
        answer = exchange(sock, b"GET /a?x HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n")
        assert answer == b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
        answer = exchange(sock, b"HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n")
        assert answer.endswith(b"Content-Length: 13\r\n\r\n")
        assert exchange(sock, b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n", b"}").endswith(b'{"m": "GET"}')
        assert exchange(sock, b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n", b"path").startswith(b"HTTP/1.1 404 ")


# --- scripts -------------------------------------------------------------------------------------------


def test_a_failure_in_a_script_fails_the_test() -> None:
    def script(conn: Peer) -> None:
        conn.read_request()
        raise ZeroDivisionError("in the script")

    with pytest.raises(ZeroDivisionError) as caught:
        with Server(script) as server:
            assert ask(server) == b""
            raise KeyError("in the test")
    assert isinstance(caught.value.__context__, KeyError)


def test_a_client_that_leaves_is_no_failure() -> None:
    def script(conn: Peer) -> None:
        conn.read_exactly(10)

    with Server(script) as server:
        ask(server, b"short")
    assert len(server.hangups) == 1


def test_a_silent_client_is_a_failure() -> None:
    with pytest.raises(Silence):
        with Server(Peer.read_request, timeout=0.05) as server, dial(server) as sock:
            assert sock.recv(1) == b""


def test_a_hanging_script_is_a_failure() -> None:
    release = threading.Event()
    server = Server(lambda conn: release.wait(30), timeout=0.05)
    server.grace = 0.05
    try:
        with pytest.raises(AssertionError, match="release.wait"):
            with server, dial(server):
                server.wait_connections(1)
    finally:
        release.set()


def test_drip_goes_on_until_told() -> None:
    enough = threading.Event()
    with Server(lambda conn: conn.drip(b"abc" * 1000, delay=0.001, until=enough)) as server, dial(
        server
    ) as sock:
        first = sock.recv(1)
        enough.set()
        assert first + read_all(sock) == b"abc" * 1000


def test_the_end_of_the_test_stops_every_script() -> None:
    never = threading.Event()
    scripts = {
        "drip": lambda conn: conn.drip(iter(lambda: b"x", b""), delay=60),
        "hold": Peer.hold,
        "pause": lambda conn: conn.pause(60),
        "read": lambda conn: conn.read_request(),
        "send": lambda conn: conn.send(bytes(1 << 26)),
        "wait": lambda conn: conn.wait(never),
    }
    for script in scripts.values():
        with Server(script) as server, dial(server):
            server.wait_connections(1)


def test_reset_is_seen_as_one() -> None:
    with Server.replies([Peer.reset]) as server, dial(server) as sock:
        sock.sendall(GET)
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_wait_closed_tells_whether_the_client_closed() -> None:
    results = []
    judged = threading.Event()

    def script(conn: Peer) -> None:
        results.append(conn.wait_closed(0.01))
        judged.set()
        results.append(conn.wait_closed())

    with Server(script) as server:
        with dial(server) as sock:
            sock.sendall(b"unread")
            assert judged.wait(5)
        assert server.wait_gone()
    assert results == [False, True]
    assert server.peers[0].end == "closed"
    assert server.peers[0].buffer == b"unread"


def test_silent_server_says_nothing() -> None:
    with Server.silent() as server, dial(server) as sock:
        sock.settimeout(0.05)
        sock.sendall(GET)
        with pytest.raises(socket.timeout):
            sock.recv(1)


def test_stop_listening_keeps_open_connections() -> None:
    with Server.replies([Reply(b"one")]) as server, dial(server) as sock:
        server.wait_connections(1)
        server.stop_listening()
        with pytest.raises(ConnectionRefusedError):
            dial(server)
        assert exchange(sock, GET, b"one")


def test_waiting_for_a_request_without_its_body() -> None:
    with Server.replies([]) as server, dial(server) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        (request,) = server.wait_requests(1)
        assert not request.complete
    assert request.body in (b"half", b"")
    assert len(server.hangups) == 1


# --- where it listens ----------------------------------------------------------------------------------


def test_urls() -> None:
    with Server() as server:
        assert server.url() == "http://127.0.0.1:%d/" % server.port
        assert (
            server.url("/a?b", host="localhost", userinfo="u:p")
            == "http://u:p@localhost:%d/a?b" % server.port
        )
    assert Server(tls=True).url().startswith("https://127.0.0.1:")


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_both_families() -> None:
    with Server.replies([Reply(b"4"), Reply(b"6")], host="localhost") as server:
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, server.port), timeout=5) as sock:
                exchange(sock, GET, b"4" if host == "127.0.0.1" else b"6")
    with Server(host="::1") as server:
        assert server.url() == "http://[::1]:%d/" % server.port


def test_unix_socket() -> None:
    with UnixServer.replies([Reply(b"hi")]) as server, socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(server.socket_path)
        exchange(sock, GET, b"hi")
        assert server.url("/x") == "http://localhost/x"


def test_black_hole_and_closed_port() -> None:
    with BlackHole() as hole:
        with pytest.raises(socket.timeout):
            socket.create_connection((hole.host, hole.port), timeout=0.1)
    with closed_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


# --- TLS -----------------------------------------------------------------------------------------------


def dial_tls(
    server: Any, context: ssl.SSLContext, name: str = "localhost", ragged: bool = True
) -> ssl.SSLSocket:
    """A client after its handshake."""
    sock = dial(server)
    try:
        return context.wrap_socket(sock, server_hostname=name, suppress_ragged_eofs=ragged)
    except BaseException:
        sock.close()
        raise


@pytest.mark.parametrize(
    "name, ca, host, code",
    [
        ("server", "ca", "localhost", 0),
        ("server", "ca", "127.0.0.1", 0),
        ("server", "ca", "::1", 0),
        ("server", "other-ca", "localhost", 20),  # unable to get local issuer certificate
        ("names", "ca", "origin.test", 0),
        ("names", "ca", "a.example.test", 0),
        ("names", "ca", "localhost", 62),  # host name mismatch
        ("ip-only", "ca", "127.0.0.1", 0),
        ("ip-only", "ca", "localhost", 62),
        ("wrong-name", "ca", "localhost", 62),
        ("wrong-name", "ca", "127.0.0.1", 64),  # address mismatch
        ("cn-only", "ca", "localhost", 62),
        ("expired", "ca", "localhost", 10),
        ("not-yet", "ca", "localhost", 9),
        ("self-signed", "ca", "localhost", 18),
        ("chained", "other-ca", "localhost", 0),
        ("chained-leaf", "other-ca", "localhost", 20),
        ("chained-full", "other-ca", "localhost", 0),
        ("chained-full", "ca", "localhost", 19),  # self-signed certificate in the chain
    ],
)
def test_certificates(name: str, ca: str, host: str, code: int) -> None:
    context = client_context(certificate(ca))
    if name == "cn-only" and hasattr(context, "hostname_checks_common_name"):
        context.hostname_checks_common_name = False  # What Python does anyway from 3.10 on.
    with Server.replies([Reply(b"secret")], tls=name) as server:
        if code:
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                dial_tls(server, context, host)
            assert caught.value.verify_code == code
        else:
            with dial_tls(server, context, host) as sock:
                assert exchange(sock, GET, b"secret")
            assert server.peers[0].sni == (None if ":" in host or host[0].isdigit() else host)
    assert len(server.hangups) == (1 if code else 0)


def test_client_certificates() -> None:
    with Server.replies([Reply(b"in")], tls=server_context(client_ca=certificate("ca"))) as server:
        with dial_tls(server, client_context(client="client")) as sock:
            exchange(sock, GET, b"in")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with dial_tls(server, client_context(client="other-client")) as sock:
                sock.sendall(GET)
                sock.recv(1)
    assert len(server.requests) == 1


def test_encrypted_key() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(certificate("client"), key("client-encrypted"), PASSPHRASE)
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(certificate("client"), key("client-encrypted"), "wrong")


@pytest.mark.parametrize("end, error", [(Peer.close, None), (Peer.cut, ssl.SSLError), (Peer.reset, OSError)])
def test_ends_of_tls(end: Any, error: Optional[type]) -> None:
    context = client_context()
    context.options &= ~0x80  # OP_IGNORE_UNEXPECTED_EOF, which Python 3.8 and 3.9 set with OpenSSL 3.

    def script(conn: Peer) -> None:
        conn.read_request()
        conn.send(b"half")
        end(conn)

    with Server(script, tls=True) as server, dial_tls(server, context, ragged=False) as sock:
        sock.sendall(GET)
        if error is None:
            assert read_all(sock) == b"half"
        else:
            with pytest.raises(error):
                read_all(sock)


def test_tls_after_plain_text() -> None:
    def script(conn: Peer) -> None:
        assert conn.read_until(b"\n") == b"STARTTLS\n"
        conn.send(b"ok")
        conn.start_tls()
        conn.send(conn.read_exactly(4).upper())

    with Server(script) as server, dial(server) as raw:
        exchange(raw, b"STARTTLS\n", b"ok")
        with client_context().wrap_socket(raw, server_hostname="localhost") as sock:
            assert exchange(sock, b"ping", b"PING")


# --- proxies -------------------------------------------------------------------------------------------

BASIC = b"Proxy-Authorization: Basic dTpw\r\n"


def test_proxy_forwards_and_keeps_the_connection() -> None:
    with Server.handler(lambda request: Reply(request.body or b"none")) as origin, Proxy() as proxy:
        with dial(proxy) as sock:
            first = b"GET %s HTTP/1.1\r\nHost: o\r\nProxy-Connection: keep-alive\r\n\r\n"
            assert exchange(sock, first % origin.url("/a?b").encode(), b"none").startswith(
                b"HTTP/1.1 200 OK\r\n"
            )
            second = b"POST %s HTTP/1.1\r\nHost: o\r\nContent-Length: 3\r\n\r\nabc" % origin.url("/").encode()
            assert exchange(sock, second, b"abc")
        assert proxy.wait_gone()
    assert proxy.targets == [origin.url("/a?b"), origin.url("/")]
    assert [request.target for request in origin.requests] == ["/a?b", "/"]
    assert origin.requests[0].headers == [("Host", "o"), ("Connection", "close")]
    assert proxy.connections == 1


def test_proxy_forwards_as_it_comes_and_leaves_with_the_client() -> None:
    def script(conn: Peer) -> None:
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        assert conn.wait_closed()

    with Server(script) as origin, Proxy(hosts={"origin.test": origin}) as proxy, dial(proxy) as sock:
        assert exchange(sock, b"GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n", b"half")
        sock.close()
        assert origin.wait_gone()


def test_proxy_wants_credentials() -> None:
    with Server.replies([Reply(b"hi")]) as origin, Proxy(auth=("u", "p")) as proxy, dial(proxy) as sock:
        request = b"GET %s HTTP/1.1\r\nHost: o\r\n" % origin.url().encode()
        assert exchange(sock, request + b"\r\n", b"you?").startswith(b"HTTP/1.1 407 ")
        assert exchange(sock, request + BASIC + b"\r\n", b"hi")
    assert origin.request.header("proxy-authorization") is None


@pytest.mark.parametrize("tls", [False, True])
def test_proxy_tunnels(tls: bool) -> None:
    with Server.replies([Reply(bytes(1 << 20) + b"end")]) as origin:
        with Proxy(hosts={"origin.test:443": origin}, tls=tls, auth=("u", "p")) as proxy:
            with dial_tls(proxy, client_context()) if tls else dial(proxy) as sock:
                head = b"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n" + BASIC + b"\r\n"
                assert exchange(sock, head, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
                assert len(exchange(sock, GET, b"end")) > 1 << 20
            assert origin.wait_gone()
    assert proxy.targets == ["origin.test:443"]


def test_tls_through_a_tunnel() -> None:
    with Server.replies([Reply(b"hi")], tls=True) as origin, Proxy() as proxy, dial(proxy) as raw:
        exchange(raw, b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % origin.netloc.encode(), b"\r\n\r\n")
        with client_context().wrap_socket(raw, server_hostname="localhost") as sock:
            assert exchange(sock, GET, b"hi")


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"connect": Reply(b"no", 502)}, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno"),
        ({"connect": b"junk"}, b"junk"),
        ({"connect": Peer.close}, b""),
        ({"tunnel": Peer.close}, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        ({"connect": b"HTTP/1.1 200 OK\r\n\r\nEVIL"}, b"HTTP/1.1 200 OK\r\n\r\nEVIL"),
    ],
)
def test_faults_of_connect(options: Dict[str, Any], expected: bytes) -> None:
    with Server(Peer.shutdown_write) as origin, Proxy(**options) as proxy:
        head = b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % origin.netloc.encode()
        assert ask(proxy, head) == expected


def test_proxy_to_nowhere() -> None:
    with closed_port() as port, Proxy() as proxy:
        assert ask(proxy, b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n" % port).startswith(
            b"HTTP/1.1 502 "
        )


@pytest.mark.parametrize(
    "auth, greeting, choice, target",
    [
        (None, b"\x05\x01\x00", b"\x05\x00", ("name", "origin.test", 80)),
        (("u", "p"), b"\x05\x02\x00\x02", b"\x05\x02", ("ipv4", "127.0.0.1", 80)),
    ],
)
def test_socks(
    auth: Optional[Tuple[str, str]], greeting: bytes, choice: bytes, target: Tuple[str, str, int]
) -> None:
    address = b"\x03\x0borigin.test" if target[0] == "name" else b"\x01\x7f\x00\x00\x01"
    with Server.replies([Reply(b"hi")]) as origin:
        with SocksProxy(auth=auth, hosts={target[1]: origin}) as proxy, dial(proxy) as sock:
            exchange(sock, greeting, choice)
            if auth:
                exchange(sock, b"\x01\x01u\x01p", b"\x01\x00")
            exchange(sock, b"\x05\x01\x00" + address + b"\x00\x50", b"\x05\x00\x00\x01" + bytes(6))
            assert exchange(sock, GET, b"hi")
    assert proxy.targets == [target]
    assert proxy.logins == ([auth] if auth else [])
