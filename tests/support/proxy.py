"""Real proxies on threads: HTTP (forwarding and CONNECT) and SOCKS5, with faults where a test wants them.

    with Server.replies([Reply(b"hi")]) as origin, Proxy(auth=("user", "pass")) as proxy:
        ...client(origin.url(), proxy=proxy.url("", userinfo="user:pass"))...
    assert proxy.requests[0].method == "CONNECT"

A proxy is a Server: `requests` are the heads that it was sent, and `port`, `url`, `connections`, `peers`,
`wait_requests` are there too. `hosts` gives names an address, so that a test can ask for any host it likes:
`Proxy(hosts={"origin.test": origin})`, or with a port, `{"origin.test:443": origin}`; other names go to the
resolver.
"""

from __future__ import annotations

import base64
import selectors
import socket
import ssl
import struct

from .messages import BadRequest, Reply, parse_fields
from .peer import ClientGone, Peer, Stopped
from .ports import poller
from .server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

    Address = Tuple[str, int]
    Hosts = Mapping[str, Union[Server, Address]]

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "upgrade"}
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class _Routing:
    """Finds out where a name leads, and connects there."""

    def __init__(self, hosts: Optional[Hosts]) -> None:
        self.hosts = hosts or {}

    def connect(self, host: str, port: int) -> socket.socket:
        target = self.hosts.get(
            "%s:%d" % (host, port), self.hosts.get(host.lower(), (host.strip("[]"), port))
        )
        address = (target.host, target.port) if isinstance(target, Server) else target
        return socket.create_connection(address, timeout=5)


class Proxy(Server):
    """An HTTP proxy.

    Args:
        auth: a pair; anything else than Basic credentials of these is answered with 407.
        tls: TLS to the proxy itself, as for Server.
        hosts: where names lead, see above.
        connect: what answers CONNECT in place of the tunnel: bytes or a Reply (then it closes, unless a 2xx
            is among the bytes: then the tunnel is opened behind them, junk after the head included), or a
            function of the Peer (`Peer.hold` for silence, `Peer.reset`, `Peer.close`).
        tunnel: a function of the Peer that takes over after the 200 in place of the origin
            (`Peer.close` drops the tunnel at once).
        options: as for Server (host, timeout, backlog).
    """

    def __init__(
        self,
        *,
        auth: Optional[Tuple[str, str]] = None,
        tls: Any = None,
        hosts: Optional[Hosts] = None,
        connect: Union[bytes, Reply, Callable[[Peer], Any], None] = None,
        tunnel: Optional[Callable[[Peer], Any]] = None,
        **options: Any,
    ) -> None:
        super().__init__(self._serve, tls=tls, **options)
        self.credentials = (
            None if auth is None else "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        )
        self.on_connect = connect
        self.tunnel = tunnel
        self._routing = _Routing(hosts)

    @property
    def targets(self) -> List[str]:
        """The request targets so far: `host:port` of each CONNECT, URLs of the rest."""
        return [request.target for request in self.requests]

    def _serve(self, conn: Peer) -> None:
        while True:
            request = conn.read_head(patient=True)
            if request is None:
                return
            given = request.header("proxy-authorization")
            if self.credentials is not None and given != self.credentials:
                conn.read_body(request)
                conn.respond(407, {"Proxy-Authenticate": 'Basic realm="test"'}, b"who are you?")
                continue
            if request.method == "CONNECT":
                self._connect(conn, request.target)
                return
            if not self._forward(conn, request):
                return

    # --- CONNECT -------------------------------------------------------------------------------------

    def _connect(self, conn: Peer, target: str) -> None:
        answer = self.on_connect
        if callable(answer):
            answer(conn)
            return
        if isinstance(answer, Reply):
            answer = answer.wire()
        if answer is not None and not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
            conn.send(answer)
            return
        if self.tunnel is not None:
            conn.send(answer or ESTABLISHED)
            self.tunnel(conn)
            return
        host, _, port = target.rpartition(":")
        try:
            origin = self._routing.connect(host, int(port))
        except OSError as error:
            conn.respond(502, body=str(error), close=True)
            return
        with origin:
            conn.send(answer or ESTABLISHED)
            splice(conn, origin)

    # --- forwarding ----------------------------------------------------------------------------------

    def _forward(self, conn: Peer, request: Any) -> bool:
        """Sends a request in absolute form on to its origin; whether the client's connection goes on."""
        scheme, _, rest = request.target.partition("://")
        netloc, slash, path = rest.partition("/")
        if scheme != "http" or not netloc:
            conn.respond(400, body="absolute-form wanted, got " + request.target, close=True)
            return False
        host, _, port = netloc.rpartition(":") if netloc.rpartition(":")[2].isdigit() else (netloc, "", "80")
        conn.read_body(request)
        try:
            origin = self._routing.connect(host, int(port))
        except OSError as error:
            conn.respond(502, body=str(error), close=True)
            return False
        with origin:
            origin.sendall(_origin_form(request, slash + path or "/"))
            return _relay_answer(conn, origin, request.method) and not request.wants_close


def _origin_form(request: Any, path: str) -> bytes:
    head = "%s %s HTTP/1.1\r\n" % (request.method, path)
    for name, value in request.headers:
        if name.lower() not in HOP_BY_HOP and not name.lower().startswith("proxy-"):
            head += "%s: %s\r\n" % (name, value)
    body: bytes = request.raw.partition(b"\r\n\r\n")[2]
    return (head + "Connection: close\r\n\r\n").encode("latin-1") + body


def _relay_answer(conn: Peer, origin: socket.socket, method: str) -> bool:
    """The origin's answer as it comes; whether its end could be told without the connection's end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = _piece(conn, origin)
        if not piece:  # What came goes on as it is: the client is to judge it.
            conn.send(data)
            return False
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, _, fields = head.partition(b"\r\n")
    kept = [(name, value) for name, value in parse_fields(fields) if name.lower() not in HOP_BY_HOP]
    lines = [first] + [("%s: %s" % pair).encode("latin-1") for pair in kept]
    conn.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    while True:
        piece = _piece(conn, origin)
        if not piece:
            break
        conn.send(piece)
    if method == "HEAD" or first[9:12] in (b"204", b"304"):
        return True
    return any(name.lower() in ("content-length", "transfer-encoding") for name, _ in kept)


def _piece(conn: Peer, origin: socket.socket) -> bytes:
    """What the origin sends next, b"" at its end; raises when the client goes away or the test is over."""
    with poller() as selector:
        selector.register(origin, selectors.EVENT_READ)
        selector.register(conn.server.wake, selectors.EVENT_READ)
        if not isinstance(conn.sock, ssl.SSLSocket):  # One can't peek into TLS.
            selector.register(conn.sock, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if origin in ready:
                return origin.recv(65536)
            if conn.server.wake in ready:
                raise Stopped("the test is over")
            if not conn.sock.recv(1, socket.MSG_PEEK):
                conn.saw_end("closed")
                raise ClientGone("the client left before the answer")
            selector.unregister(conn.sock)


# --- tunnels -------------------------------------------------------------------------------------------


class _Way:
    """One direction of a tunnel."""

    def __init__(self, source: socket.socket, sink: socket.socket, finish: Callable[[], None]) -> None:
        self.source = source
        self.sink = sink
        self.finish = finish
        self.waiting = b""
        self.ended = False
        self.done = False

    def pull(self) -> None:
        """Takes what the source has."""
        try:
            while len(self.waiting) < 1 << 20:
                piece = self.source.recv(65536)
                if not piece:
                    self.ended = True
                    return
                self.waiting += piece
        except (BlockingIOError, ssl.SSLWantReadError):
            pass

    def push(self) -> None:
        """Gives the sink what it takes; its end too, once all is given."""
        try:
            while self.waiting:
                self.waiting = self.waiting[self.sink.send(self.waiting) :]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        if self.ended and not self.waiting and not self.done:
            self.done = True
            self.finish()


def splice(conn: Peer, origin: socket.socket) -> None:
    """Carries bytes both ways until both ends have ended, one is broken, or the test is over."""
    ways = [
        _Way(conn.sock, origin, lambda: origin.shutdown(socket.SHUT_WR)),
        _Way(origin, conn.sock, conn.shutdown_write),
    ]
    ways[0].waiting = bytes(conn.buffer)
    conn.sock.settimeout(0)
    origin.settimeout(0)
    while not all(way.done for way in ways):
        try:
            for way in ways:
                if not way.ended:
                    way.pull()
                way.push()
        except OSError:
            break  # A reset on one side is one on the other.
        if ways[0].ended:
            conn.saw_end("closed")
        if not _wait(ways, conn.server.wake):
            return
    if not all(way.done for way in ways):
        conn.reset()


def _wait(ways: List[_Way], wake: socket.socket) -> bool:
    """Waits until some way can go on; False when the test is over."""
    events: Dict[socket.socket, int] = {}
    for way in ways:
        if not way.ended and len(way.waiting) < 1 << 20:
            events[way.source] = events.get(way.source, 0) | selectors.EVENT_READ
        if way.waiting:
            events[way.sink] = events.get(way.sink, 0) | selectors.EVENT_WRITE
    if not events:
        return True
    with poller() as selector:
        for sock, mask in events.items():
            selector.register(sock, mask)
        selector.register(wake, selectors.EVENT_READ)
        return all(key.fileobj is not wake for key, _ in selector.select())


# --- SOCKS5 --------------------------------------------------------------------------------------------


class SocksProxy(Server):
    """A SOCKS5 proxy (RFC 1928, 1929), CONNECT only.

    Args:
        auth: a pair that the client has to give; None: no authentication.
        hosts: as for Proxy.
        reply: the reply code of the answer; other than 0 it then closes.
        options: as for Server.

    Attributes:
        targets: (kind, host, port) of each CONNECT; kind is "ipv4", "ipv6" or "name".
        methods: the methods that each client offered.
        logins: the pairs that clients gave.
    """

    def __init__(
        self,
        *,
        auth: Optional[Tuple[str, str]] = None,
        hosts: Optional[Hosts] = None,
        reply: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(self._serve, **options)
        self.auth = auth
        self.reply = reply
        self.targets: List[Tuple[str, str, int]] = []
        self.methods: List[bytes] = []
        self.logins: List[Tuple[str, str]] = []
        self._routing = _Routing(hosts)

    @property
    def scheme(self) -> str:
        """For `url`."""
        return "socks5"

    def _serve(self, conn: Peer) -> None:
        if not self._admit(conn):
            return
        version, command, _, kind = conn.read_exactly(4)
        if (version, command) != (5, 1):
            raise BadRequest("not a SOCKS5 CONNECT")
        name, host = self._read_host(conn, kind)
        port = struct.unpack(">H", conn.read_exactly(2))[0]
        self.targets.append((name, host, port))
        origin = None
        code = self.reply
        if not code:
            try:
                origin = self._routing.connect(host, port)
            except OSError:
                code = 5  # connection refused
        conn.send(b"\x05" + bytes([code]) + b"\x00\x01" + bytes(6))
        if origin is not None:
            with origin:
                splice(conn, origin)

    def _admit(self, conn: Peer) -> bool:
        version, count = conn.read_exactly(2)
        if version != 5:
            raise BadRequest("not SOCKS5")
        offered = conn.read_exactly(count)
        self.methods.append(offered)
        wanted = 0 if self.auth is None else 2
        if wanted not in offered:
            conn.send(b"\x05\xff")
            return False
        conn.send(b"\x05" + bytes([wanted]))
        if self.auth is None:
            return True
        if conn.read_exactly(1) != b"\x01":
            raise BadRequest("not RFC 1929")
        user, password = (conn.read_exactly(conn.read_exactly(1)[0]).decode("utf-8") for _ in range(2))
        self.logins.append((user, password))
        good = (user, password) == self.auth
        conn.send(b"\x01\x00" if good else b"\x01\x01")
        return good

    @staticmethod
    def _read_host(conn: Peer, kind: int) -> Tuple[str, str]:
        if kind == 1:
            return "ipv4", socket.inet_ntop(socket.AF_INET, conn.read_exactly(4))
        if kind == 4:
            return "ipv6", socket.inet_ntop(socket.AF_INET6, conn.read_exactly(16))
        if kind != 3:
            raise BadRequest("unknown kind of address: %d" % kind)
        return "name", conn.read_exactly(conn.read_exactly(1)[0]).decode("ascii")
