"""Faults on the way to the peer: names, addresses, TLS, proxies. The table of all faults is faults.rst."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time

import pytest

from miniaxios import Agent, axios

from .support.faults import Scene, check_error
from .support.messages import Reply
from .support.peer import Peer
from .support.proxy import Proxy
from .support.server import BlackHole, Server, closed_port
from .support.tls import CA

# -- names -------------------------------------------------------------------------------------------


@pytest.fixture
def resolver(monkeypatch):
    """What the name fault.test resolves to: `answer` is called for it."""

    class Resolver:
        answer = None

    real = socket.getaddrinfo

    def getaddrinfo(host, port, *rest):
        if host not in (b"fault.test", "fault.test"):
            return real(host, port, *rest)
        if Resolver.answer is not None:
            return Resolver.answer()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return Resolver


def no_name():
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


def try_again():
    raise socket.gaierror(socket.EAI_AGAIN, "try again")


def no_descriptor():
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("timeout", [0, 3000], ids=["in place", "on a thread"])
@pytest.mark.parametrize(
    "answer, code",
    [(no_name, "ENOTFOUND"), (try_again, "EAI_AGAIN"), (list, "ENOTFOUND"), (no_descriptor, "EMFILE")],
)
def test_a_name_fails(no_leaks, resolver, answer, code, timeout):
    with Scene() as scene:
        resolver.answer = staticmethod(answer)
        url = scene.server.url("/good/named", host="fault.test")
        error = scene.fails(code, url=url, timeout=timeout)
        assert isinstance(error, OSError)
        assert answer is list or isinstance(error.cause, OSError)
        scene.at_rest()
        resolver.answer = None
        assert scene.axios.get(url, timeout=timeout).data == "/good/named"
        scene.recovers(fresh=False)


def test_the_resolver_hangs(no_leaks, resolver):
    over = threading.Event()

    def hang():
        over.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

    with Scene() as scene:
        resolver.answer = staticmethod(hang)
        url = scene.server.url("/good/named", host="fault.test")
        try:
            for _ in range(3):
                scene.fails("ECONNABORTED", url=url, timeout=80)
                scene.at_rest()
            resolver.answer = None
            # The answers that are still to come are for nobody.
            assert scene.axios.get(url, timeout=5000).data == "/good/named"
        finally:
            over.set()
        scene.recovers(fresh=False)


# -- addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES", "ETIMEDOUT", "EADDRNOTAVAIL"])
def test_every_address_fails(no_leaks, monkeypatch, code):
    tried = []
    number = getattr(errno, code)

    class Unreachable(socket.socket):
        def connect(self, address):
            tried.append(address[0])
            raise OSError(number, os.strerror(number))

    def lookup(name):
        return ["127.0.0.1", "127.0.0.2", "127.0.0.3"]

    with Scene() as scene:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", Unreachable)
            error = scene.fails(code, url=scene.server.url(host="many.test"), lookup=lookup, timeout=5000)
        assert tried == ["127.0.0.1", "127.0.0.2", "127.0.0.3"] and error.errno == number
        assert "127.0.0.1" in str(error) and isinstance(error, OSError)
        scene.recovers()


def test_nobody_listens_and_then_somebody_does(no_leaks):
    with Scene() as scene, closed_port() as port:
        error = scene.fails("ECONNREFUSED", url="http://127.0.0.1:%d/" % port)
        assert isinstance(error, ConnectionError)
        scene.recovers()


@pytest.mark.skipif(sys.platform != "linux", reason="needs many addresses of the loopback")
def test_black_holes_share_one_deadline(no_leaks):
    with Scene() as scene, BlackHole("0.0.0.0") as hole:
        url = "http://holes.test:%d/" % hole.port
        holes = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        began = time.monotonic()
        scene.fails("ECONNABORTED", url=url, lookup=lambda name: holes, timeout=700)
        assert time.monotonic() - began < 1.4, "each address had a deadline of its own"
        scene.recovers()


# -- TLS ---------------------------------------------------------------------------------------------


def starts(hello):
    """Reads the client's hello, then says these bytes and closes."""

    def fault(conn):
        conn.read_some()
        conn.send(hello)

    return fault


def dribbles(conn):
    conn.drip([b"\x16", b"\x03", b"\x03", b"\x3f", b"\x00"] + [b"\x02"] * 9999, 0.02)


def cut_hello(end):
    """The first bytes of a real server hello, and then the end."""

    def fault(conn):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            import ssl

            from .support.tls import server_context

            inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
            half = server_context().wrap_bio(inside, outside, server_side=True)
            inside.write(conn.read_some())
            try:
                half.do_handshake()
            except ssl.SSLWantReadError:
                conn.send(outside.read()[:200])
        end(conn)

    return fault


ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake_failure
TLS_FAULTS = {
    "silence": (Peer.hold, "ECONNABORTED"),
    "drip": (dribbles, "ECONNABORTED"),
    "end": (Peer.close, "ECONNRESET"),
    "reset": (Peer.reset, "ECONNRESET"),
    "end after the hello": (starts(b""), "ECONNRESET"),
    "plain text": (starts(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nEVIL"), "EPROTO"),
    "alert": (starts(ALERT), "EPROTO"),
    "garbage": (starts(bytes(range(100))), "EPROTO"),
    "end in its hello": (cut_hello(Peer.close), "ECONNRESET"),
    "reset in its hello": (cut_hello(Peer.reset), "ECONNRESET"),
}


@pytest.mark.parametrize("name", sorted(TLS_FAULTS))
def test_TLS_handshakes_that_fail_leave_nothing(no_leaks, name):
    fault, code = TLS_FAULTS[name]
    seen = []

    def script(conn):
        if conn.index == 0:
            fault(conn)
            seen.append(bytes(conn.buffer))
            return
        conn.start_tls()
        while conn.read_request(patient=True):
            conn.respond(body=b"good")

    with Server(script) as server, Agent(max_sockets=1, ca=CA) as agent:
        url = "https://localhost:%d/" % server.port
        options = {"https_agent": agent, "proxy": False, "timeout": 200 if code == "ECONNABORTED" else 5000}
        with pytest.raises(OSError) as caught:
            axios.post(url, b"secret body", family=4, **options)
        check_error(caught.value, (code, "ECONNRESET") if code == "EPROTO" and name != "alert" else (code,))
        options["timeout"] = 10000
        assert axios.get(url, family=4, **options).data == "good"
        assert [request.method for request in server.requests] == ["GET"], "it went out in clear"
        assert server.connections == 2


# -- proxies -----------------------------------------------------------------------------------------


def drips_head(conn):
    conn.drip([b"HTTP/1.1 200 OK\r\nX: "] + [b"x"] * 9999, 0.02)


#: What the proxy does with CONNECT, or behind its 200; the code.
PROXY_FAULTS = {
    "silence": ({"connect": Peer.hold}, "ECONNABORTED"),
    "drip": ({"connect": drips_head}, "ECONNABORTED"),
    "end": ({"connect": Peer.close}, "ECONNRESET"),
    "reset": ({"connect": Peer.reset}, "ECONNRESET"),
    "407": ({"connect": Reply(b"who?", 407)}, "ERR_BAD_RESPONSE"),
    "502": ({"connect": Reply(b"down", 502)}, "ERR_BAD_RESPONSE"),
    "endless 407": ({"connect": b"HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n"}, "ERR_BAD_RESPONSE"),
    "junk": ({"connect": b"junk\r\n\r\n"}, "ERR_BAD_RESPONSE"),
    "cut head": ({"connect": lambda conn: conn.send(b"HTTP/1.1 200 OK\r\nX")}, "ERR_BAD_RESPONSE"),
    "dropped tunnel": ({"tunnel": Peer.close}, "ECONNRESET"),
    "reset tunnel": ({"tunnel": Peer.reset}, "ECONNRESET"),
    "silent tunnel": ({"tunnel": Peer.hold}, "ECONNABORTED"),
}


@pytest.mark.parametrize("name", sorted(PROXY_FAULTS))
def test_PROXY_faults_of_a_tunnel(no_leaks, name):
    settings, code = PROXY_FAULTS[name]
    with Server.handler(lambda request: Reply(request.target), tls=True) as origin, Agent(max_sockets=1, ca=CA) as agent:
        with Proxy(hosts={"localhost": origin}, **settings) as proxy:
            options = {
                "https_agent": agent,
                "proxy": proxy.url("", userinfo="u:hunter2-of-the-caller"),
                "timeout": 200 if code == "ECONNABORTED" else 5000,
            }
            with pytest.raises(Exception) as caught:
                axios.get(origin.url("/1", host="localhost"), **options)
            check_error(caught.value, (code,))
            assert caught.value.response is None and origin.connections == 0, "it went past the proxy"
            proxy.on_connect = proxy.tunnel = None
            options["timeout"] = 10000
            assert axios.get(origin.url("/2", host="localhost"), **options).data == "/2"
            assert len(proxy.requests) == 2 and agent.pool.idle_connections == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_PROXY_down_and_up_again(no_leaks, scheme):
    with Server.silent() as origin, Agent(max_sockets=1, ca=CA) as agent, closed_port() as port:
        options = {"http_agent": agent, "https_agent": agent, "proxy": "http://127.0.0.1:%d" % port}
        with pytest.raises(ConnectionError) as caught:
            axios.get("%s://127.0.0.1:%d/" % (scheme, origin.port), **options)
        check_error(caught.value, ("ECONNREFUSED",))
        assert origin.connections == 0 and not agent.pool._origins


@pytest.mark.parametrize(
    "fault, code",
    [(Peer.hold, "ECONNABORTED"), (Peer.close, "ECONNRESET"), (Peer.reset, "ECONNRESET")],
    ids=["silence", "end", "reset"],
)
def test_PROXY_faults_while_forwarding(no_leaks, fault, code):
    def script(conn):
        request = conn.read_request(patient=True)
        if request is not None and request.target.endswith("/fault"):
            fault(conn)
        elif request is not None:
            conn.respond(body=request.target)

    with Server.silent() as origin, Server(script) as proxy, Agent(max_sockets=1) as agent:
        options = {"http_agent": agent, "proxy": proxy.url("")}
        with pytest.raises(OSError) as caught:
            axios.get(origin.url("/fault"), timeout=200 if code == "ECONNABORTED" else 5000, **options)
        check_error(caught.value, (code,))
        assert axios.get(origin.url("/x"), timeout=10000, **options).data == origin.url("/x")
        assert origin.connections == 0
