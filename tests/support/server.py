"""A scripted server on the loopback: it sends any bytes at any pace, and remembers what it was asked.

    def script(conn):                               # runs once for each connection, in a thread of its own
        request = conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nhe")
        assert conn.wait_closed()                   # a failure here fails the test

    with Server(script) as server:
        ...client(server.url("/path"))...
    assert server.request.method == "GET"

Shorter, with keep-alive:

    Server.replies([b"HTTP/1.1 204 No Content\\r\\n\\r\\n", Reply(b"two"), Peer.reset])
    Server.handler(lambda request: Reply.json({"path": request.path}))
    Server.routes({"/a": Reply.redirect("/b"), "/b": Reply(b"here")})
    Server.silent()

On leaving the block every thread is joined and every socket closed, within bounds; a thread that hangs and
an exception in a script fail the test. A client that goes away is no failure; it is kept in `hangups`.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import ssl
import sys
import tempfile
import threading
import time
import traceback

from .messages import BadRequest, Reply, Request, chunked, ends_connection
from .peer import ClientGone, Peer, Silence, Stopped
from .ports import BlackHole, closed_port, has_ipv6, listen, poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, List, Mapping, Optional, Union

    Answer = Union[bytes, Reply, Callable[[Peer], Any], None]

__all__ = [
    "BadRequest",
    "BlackHole",
    "ClientGone",
    "Peer",
    "Reply",
    "Request",
    "Server",
    "Silence",
    "Stopped",
    "UnixServer",
    "chunked",
    "closed_port",
    "has_ipv6",
]


class Server:
    """A server on 127.0.0.1; open inside `with`.

    Args:
        script: called with the Peer of each connection; it is closed when the script returns. None: silence.
        tls: True for the `server` certificate, a certificate's name (see tls.py), or an SSLContext: each
            connection begins with a handshake. A failed handshake lands in `hangups`.
        host: "127.0.0.1", "::1", or "localhost" for both on one port (the first alone without IPv6).
        timeout: seconds that a script may wait for the client before the test fails.
        backlog: of the listening socket.

    Attributes:
        port, host: where it listens.
        connections: how many were accepted. `peers`: their Peers.
        requests: every Request whose head came in, in order. `request`: the only one.
        errors: what scripts raised; the first is raised again at the end of the block.
        hangups: ConnectionError and SSLError raised in scripts, since the client went away.
    """

    grace = 5.0  # Seconds beyond `timeout` that threads have to end, before they count as hanging.

    def __init__(
        self,
        script: Optional[Callable[[Peer], Any]] = None,
        *,
        tls: Any = None,
        host: str = "127.0.0.1",
        timeout: float = 10.0,
        backlog: int = 128,
    ) -> None:
        self.script = script if script is not None else Peer.hold
        self.tls = _context_of(tls)
        self.host = "127.0.0.1" if host == "localhost" else host
        self.timeout = timeout
        self.port = 0
        self.errors: List[BaseException] = []
        self.hangups: List[BaseException] = []
        self.peers: List[Peer] = []
        self.closing = threading.Event()
        self._deaf = threading.Event()
        self._hosts = [host] if host != "localhost" else ["127.0.0.1"] + ["::1"] * has_ipv6()
        self._backlog = backlog
        self._requests: List[Request] = []
        self._changed = threading.Condition()
        self._listeners: List[socket.socket] = []
        self._threads: List[threading.Thread] = []

    # --- ready-made scripts --------------------------------------------------------------------------

    @classmethod
    def silent(cls, **options: Any) -> Server:
        """Accepts, reads, and never says anything."""
        return cls(None, **options)

    @classmethod
    def replies(cls, answers: Iterable[Answer], **options: Any) -> Server:
        """Answers requests in order, over whatever connections they come; one too many fails the test.

        An answer is bytes (sent as they are; the connection is closed if nothing in them tells their end), a
        Reply, a function of the Peer (`Peer.reset`, `Peer.close`, your own; False from it ends the
        connection), or None (close without an answer).
        """
        waiting = iter(answers)
        lock = threading.Lock()

        def answer(request: Request) -> Answer:
            with lock:
                for one in waiting:
                    return one
            raise AssertionError("a request too many: %r" % request)

        return cls.handler(answer, **options)

    @classmethod
    def handler(cls, answer: Callable[[Request], Answer], **options: Any) -> Server:
        """Answers each request with what the function returns for it (as in `replies`), with keep-alive."""

        def script(conn: Peer) -> None:
            while True:
                request = conn.read_request(patient=True)
                if request is None or not serve(conn, request, answer(request)):
                    return

        return cls(script, **options)

    @classmethod
    def routes(cls, table: Mapping[str, Any], **options: Any) -> Server:
        """Answers by path: an answer as in `replies`, or [function of the Request]; for other paths 404."""

        def answer(request: Request) -> Answer:
            one = table.get(request.path, Reply(b"no such path", 404))
            return one[0](request) if isinstance(one, list) else one  # type: ignore[no-any-return]

        return cls.handler(answer, **options)

    # --- what tests ask ------------------------------------------------------------------------------

    @property
    def scheme(self) -> str:
        """ "http" or "https"."""
        return "https" if self.tls is not None else "http"

    @property
    def netloc(self) -> str:
        """Host and port, an IPv6 address in brackets."""
        return "%s:%d" % ("[%s]" % self.host if ":" in self.host else self.host, self.port)

    def url(self, path: str = "/", *, host: Optional[str] = None, userinfo: str = "") -> str:
        """The URL of a path (and query), with another host name or a userinfo where wanted."""
        netloc = self.netloc if host is None else "%s:%d" % (host, self.port)
        return "%s://%s%s%s" % (self.scheme, userinfo + "@" if userinfo else "", netloc, path)

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        with self._changed:
            return len(self.peers)

    @property
    def requests(self) -> List[Request]:
        """The requests so far, those of which the head came in; a copy."""
        with self._changed:
            return list(self._requests)

    @property
    def request(self) -> Request:
        """The only request; it is a failure when there is none, or another."""
        requests = self.requests
        if len(requests) != 1:
            raise AssertionError("expected one request, got %r" % requests)
        return requests[0]

    def wait_requests(self, count: int, timeout: float = 5.0) -> List[Request]:
        """The requests, once the heads of `count` are in; a failure when they don't come."""
        self._wait(lambda: len(self._requests) >= count, timeout, "%d requests" % count)
        return self.requests

    def wait_connections(self, count: int, timeout: float = 5.0) -> List[Peer]:
        """The Peers, once `count` connections are accepted; a failure when they don't come."""
        self._wait(lambda: len(self.peers) >= count, timeout, "%d connections" % count)
        return list(self.peers)

    def _wait(self, enough: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                raise AssertionError(
                    "waited for %s, got %r, %d connections; errors: %r"
                    % (what, self._requests, len(self.peers), self.errors)
                )

    def wait_gone(self, timeout: float = 5.0) -> bool:
        """Whether the client closes every connection within `timeout` seconds.

        Seen only where a script reads or writes: a `handler`, `replies`, `silent`, `hold`, `wait_closed`.
        """
        deadline = time.monotonic() + timeout
        return all(peer.gone.wait(max(0.0, deadline - time.monotonic())) for peer in list(self.peers))

    def stop_listening(self) -> None:
        """Refuses new connections from now on."""
        self._control.send(b"stop listening")
        if not self._deaf.wait(5):
            raise AssertionError("the listener does not close")

    def note(self, request: Request) -> None:
        """Called by Peer: lists a request."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    # --- life ----------------------------------------------------------------------------------------

    def __enter__(self) -> Any:
        self._listeners = self._listen()
        self.wake, self._waker = socket.socketpair()  # Becomes readable, and stays so, when the test is over.
        self._control, self._controlled = socket.socketpair()
        thread = threading.Thread(target=self._accept, name="test-server-accept", daemon=True)
        self._threads.append(thread)
        thread.start()
        return self

    def _listen(self) -> List[socket.socket]:
        for _ in range(50):
            listeners = []
            port = 0
            try:
                for host in self._hosts:
                    listeners.append(listen(host, port, self._backlog))
                    port = listeners[0].getsockname()[1]
            except OSError:  # The port is taken at the second address: try another.
                for listener in listeners:
                    listener.close()
                if len(listeners) == 0:
                    raise
                continue
            self.port = port
            return listeners
        raise AssertionError("found no port that is free on %s" % self._hosts)

    def _accept(self) -> None:
        with poller() as selector:
            for listener in self._listeners:
                listener.setblocking(False)
                selector.register(listener, selectors.EVENT_READ)
            selector.register(self._controlled, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._controlled:
                        self._controlled.recv(100)
                        self._close_listeners(selector)
                        if self.closing.is_set():  # Was set before the byte was sent that woke this thread.
                            return
                    elif not self._deaf.is_set():
                        self._accept_one(key.fileobj)

    def _close_listeners(self, selector: selectors.BaseSelector) -> None:
        # By this thread alone: a socket closed while another thread polls it goes on listening.
        while self._listeners:
            listener = self._listeners.pop()
            selector.unregister(listener)
            listener.close()
        self._deaf.set()

    def _accept_one(self, listener: Any) -> None:
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        peer = Peer(sock, self, len(self.peers), address)
        name = "test-server-%d" % peer.index
        thread = threading.Thread(target=self._converse, args=(peer,), name=name, daemon=True)
        with self._changed:
            self.peers.append(peer)
            self._threads.append(thread)
            self._changed.notify_all()
        thread.start()

    def _converse(self, peer: Peer) -> None:
        try:
            if self.tls is not None:
                peer.start_tls(self.tls)
            self.script(peer)
        except Stopped:
            pass  # The test is over.
        except (ConnectionError, ssl.SSLError) as error:
            self.hangups.append(error)
        except BaseException as error:
            self.errors.append(error)
        finally:
            peer.close()

    def __exit__(self, *details: Any) -> None:
        self.closing.set()
        self._waker.send(b"!")
        self._control.send(b"!")
        self._threads[0].join(5)
        for peer in self.peers:
            peer.interrupt()
        deadline = time.monotonic() + self.timeout + self.grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for sock in (self.wake, self._waker, self._control, self._controlled):
            sock.close()
        hung = [thread for thread in self._threads if thread.is_alive()]
        if hung:
            raise AssertionError("threads of the test server hang:\n" + "\n".join(map(_stack, hung)))
        if self.errors:
            raise self.errors[0]


class UnixServer(Server):
    """The same on a Unix socket, `socket_path`, in a folder of its own that goes away with it."""

    def __init__(self, script: Optional[Callable[[Peer], Any]] = None, **options: Any) -> None:
        super().__init__(script, **options)
        self.host = "localhost"
        self.socket_path = ""

    def _listen(self) -> List[socket.socket]:
        if not hasattr(socket, "AF_UNIX"):
            import pytest

            pytest.skip("no Unix sockets here")
        self._folder = tempfile.mkdtemp(prefix="mx")
        self.socket_path = os.path.join(self._folder, "s")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.socket_path)
        listener.listen(self._backlog)
        return [listener]

    @property
    def netloc(self) -> str:
        """What goes into URLs; there is no port."""
        return self.host

    def url(self, path: str = "/", *, host: Optional[str] = None, userinfo: str = "") -> str:
        """The URL of a path; the host in it is only a name."""
        return "%s://%s%s%s" % (self.scheme, userinfo + "@" if userinfo else "", host or self.host, path)

    def __exit__(self, *details: Any) -> None:
        try:
            super().__exit__(*details)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


def serve(conn: Peer, request: Request, answer: Answer) -> bool:
    """Gives one answer; whether the connection goes on."""
    if answer is None:
        return False
    if isinstance(answer, Reply):
        conn.send(answer.wire(request.method))
        return not (answer.ends or request.wants_close)
    if isinstance(answer, (bytes, bytearray)):
        conn.send(answer)
        return not (ends_connection(bytes(answer)) or request.wants_close)
    if callable(answer):
        return answer(conn) is not False and not conn.is_closed
    raise TypeError("not an answer: %r" % (answer,))


def _context_of(tls: Any) -> Optional[ssl.SSLContext]:
    if tls is None or tls is False or isinstance(tls, ssl.SSLContext):
        return tls or None
    from .tls import server_context

    return server_context("server" if tls is True else tls)


def _stack(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return "%s:\n%s" % (thread.name, "".join(traceback.format_stack(frame)) if frame else "")
