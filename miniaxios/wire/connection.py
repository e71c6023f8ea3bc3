"""Connection: one keep-alive conversation with one peer, over a Stream.

Opening (through a proxy and TLS where the route says so), sending a request, reading the head of its
answer. Rules of the room: the head is read by our own strict reader, for ``http.client``'s is lenient
and slow; while a body is still going out, what comes in is looked at too, so neither side can wait
for the other for ever, and an early answer is never lost.
"""

from __future__ import annotations

from time import monotonic

from . import connect
from .errors import BadResponse, HungUp, NetworkError, ProxyRefused, Truncated
from .messages import check_head_so_far, find_head_end, parse_response_head
from .request_head import render_request_head
from .scope import Scope
from .tls import TLSOptions, context_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, List, Optional, Tuple, Union

    from .messages import ResponseHead
    from .route import Route
    from .stream import Stream
    from .upload import Sending

#: Interim (1xx) answers read before the final one.
MAX_INTERIM = 16

#: Seconds to wait for ``100 Continue`` before the body is sent anyway. RFC 9110 section 10.1.1.
CONTINUE_WAIT = 1.0

#: Bytes of a body up to which it shares one segment with the head and nothing is read meanwhile.
SMALL_BODY = 16384

#: What the operating system calls a peer that closed.
GONE = frozenset(("ECONNRESET", "EPIPE", "ECONNABORTED"))

#: Whom an idle connection works for: it has no deadline and no stop-button.
_NOBODY = Scope()


class _Closed:
    """A connection, but for its finalizer, in which a Ctrl-C would be lost: what is closed has none."""

    sock: Any = None

    def __init__(self, route: Route) -> None:
        self.route = route
        self.idle_since = 0.0
        self.sending: Optional[Sending] = None
        self._unread: bytes = b""
        self._is_spent = False
        self._awaits_continue = False
        self._send_failure: Optional[NetworkError] = None

    def is_stale(self) -> bool:
        """Whether the peer closed the idle connection or sent something unasked."""
        return self.sock is None or bool(self._unread) or self.sock.is_stale()

    def retire(self) -> None:
        """This exchange is the connection's last."""
        self._is_spent = True

    # -- opening -----------------------------------------------------------------------------------

    def open(self, scope: Scope) -> None:
        """Connect, through the route's proxy and TLS. Raises NetworkError, TLSError, ProxyRefused, ..."""
        route, proxy = self.route, self.route.proxy
        proxy_tls = _tls_to_proxy(route)
        # Before there is a socket: options that make no context, or a Python without ssl, touch no peer.
        proxy_context = None if proxy_tls is None else context_for(proxy_tls)
        context = context_for(route.tls) if route.scheme == "https" else None
        self._reach(scope)
        stream: Stream = self.sock
        stream.lend(scope)
        if proxy is not None and proxy_tls is not None and proxy_context is not None:
            _start_tls(stream, proxy_context, proxy_tls.servername or proxy.name)
        if route.is_tunnel:
            self._tunnel(stream)
        if context is not None:
            # Without a trailing dot, RFC 6066 section 3.
            _start_tls(stream, context, route.tls.servername or route.url.name)
            if route.tls.pool_key != route.tls_key:
                # The caller altered their context meanwhile: under the route's key this connection
                # would serve requests that it was not made for.
                self.retire()

    def _reach(self, scope: Scope) -> None:
        route = self.route
        if route.socket_path is not None:
            self.sock = connect.connect_unix(route.socket_path, scope)
            return
        host, port = route.url.connect_host, route.port
        if route.proxy is not None:
            host, port = route.proxy.host, route.proxy.port
        self.sock = connect.connect(host, port, scope, route.family, route.lookup, route.local_address)

    def _tunnel(self, stream: Stream) -> None:
        proxy = self.route.proxy
        if proxy is None:
            return
        if proxy.scheme.startswith("socks"):
            from .socks import negotiate

            negotiate(stream, proxy, self.route.url)
            return
        host = self.route.host
        authority = f"[{host}]:{self.route.port}" if ":" in host else f"{host}:{self.route.port}"
        headers = [("Host", authority)]
        if proxy.authorization is not None:
            headers.append(("Proxy-Authorization", proxy.authorization))
        stream.sendall(render_request_head("CONNECT", authority, headers))
        head = self.read_head()
        if not 200 <= head.status < 300:
            raise ProxyRefused(f"proxy refused the tunnel: {head.status} {head.reason}".rstrip(), head.status)
        if self._unread:
            # RFC 9110 section 9.3.6: the tunnel begins right after the head, and TLS speaks first there.
            raise BadResponse("proxy sent bytes behind its answer to CONNECT")

    # -- one exchange ------------------------------------------------------------------------------

    def start(self, head: bytes, body: Union[bytes, None], sending: Optional[Sending], scope: Scope) -> None:
        """Send the head, and as much of the body as needs no care; :meth:`receive` sends the rest.

        ``body``: a small one that goes out with the head; ``sending``: any other.
        """
        self._send_failure = None
        self.sending = sending
        self._awaits_continue = sending is not None and sending.ready_at > 0
        stream: Stream = self.sock
        if stream.scope is not scope:
            stream.lend(scope)
        try:
            stream.sendall(head + body if body else head)
        except NetworkError as error:
            self._send_failed(error)

    def ask(self, request: bytes, scope: Scope) -> bytes:
        """Send a whole request, which should be small, and receive the first bytes of what comes; raises HungUp.

        As :meth:`start` and :meth:`read_head` do, on a connection that is new or was idle, in two thirds of the steps.
        """
        stream: Stream = self.sock
        if scope.stoppable:
            stream.lend(scope)
        else:
            stream.scope = scope
        try:
            left = stream.sendall(request)
        except NetworkError as error:
            self._send_failed(error)
            return self._first_bytes()
        try:
            data = stream.receive_within(left)
        except NetworkError as error:
            if error.code not in GONE:
                raise
            raise HungUp(str(error)) from error
        if not data:
            raise HungUp("socket hang up")
        return data

    def read_head(self, lenient: bool = False) -> ResponseHead:
        """The head of the final answer; interim ones are read over. Source: RFC 9110 section 15.2."""
        for count in range(MAX_INTERIM + 1):
            head = parse_response_head(self._collect_head(count > 0), lenient)
            if head.status >= 200:
                # A refusal, or an answer that needs no body: what was not sent never will be.
                if self.sending is not None and (head.status >= 300 or self._awaits_continue):
                    self.cut_upload()
                return head
            if head.status == 101:
                raise BadResponse("the server switched protocols unasked")
            if head.status == 100 and self._awaits_continue and self.sending is not None:
                self._awaits_continue = False
                self.sending.ready_at = 0.0
        raise BadResponse(f"more than {MAX_INTERIM} interim responses")

    def cut_upload(self) -> None:
        """Send no more of the body: the answer is there, or never will be."""
        self.sending = None
        self._is_spent = True

    def _send_failed(self, error: NetworkError) -> None:
        """Go on to reading if the peer closed: what it may have said before is worth more than the error."""
        if error.code not in GONE:
            raise error  # from a peer that is there still, an answer might never come
        self._send_failure = error
        self.cut_upload()

    def _collect_head(self, has_begun: bool) -> bytes:
        """The bytes of one head. ``has_begun``: an interim one was there before it."""
        data = self.receive() if has_begun else self._first_bytes()
        end = find_head_end(data)
        if end < 0:
            data, end = self._collect_long_head(data)
        if end < len(data):
            self._unread = data[end:]
            return data[:end]
        return data

    def _first_bytes(self) -> bytes:
        """What the peer says first, at least one byte; HungUp when it is gone without a word."""
        try:
            data = self.receive()
        except HungUp:
            raise
        except NetworkError as error:
            if error.code not in GONE:
                raise
            raise HungUp(str(self._send_failure or error)) from error
        if not data:
            raise HungUp(str(self._send_failure or "socket hang up")) from self._send_failure
        return data

    def _collect_long_head(self, start: bytes) -> Tuple[bytes, int]:
        """A head that came in several pieces. A bytearray, for a head may drip in byte by byte."""
        gathered = bytearray(start)
        end = -1
        while end < 0:
            check_head_so_far(gathered)
            more = self.receive()
            if not more:
                raise Truncated("the response ended inside its head")
            searched = len(gathered)
            gathered += more
            end = find_head_end(gathered, searched)
        return bytes(gathered), end

    def receive(self, limit: int = 65536) -> bytes:
        """The next bytes from the peer, ``b""`` at its end; sends what is left of the body meanwhile."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        stream: Stream = self.sock
        if self.sending is None:
            return stream.receive(limit)
        return self._receive_while_sending(stream, self.sending, limit)

    def receive_all(self, size: int) -> bytes:
        """As :meth:`receive`, if possible ``size`` bytes: one that sleeps until they are there takes less time."""
        if self._unread or self.sending is not None:
            return self.receive(size)
        stream: Stream = self.sock
        return stream.receive_all(size)

    def receive_into(self, view: memoryview, is_patient: bool) -> int:
        """As :meth:`receive`, or :meth:`receive_all` if patient, into ``view``; how many bytes, 0 at the peer's end."""
        if self._unread or self.sending is not None:
            data = self.receive(len(view))
            count = min(len(data), len(view))
            view[:count] = data[:count]
            if count < len(data):
                self.unread(data[count:])
            return count
        stream: Stream = self.sock
        return stream.receive_into(view, is_patient)

    def _receive_while_sending(self, stream: Stream, sending: Sending, limit: int) -> bytes:
        while True:
            held = sending.ready_at - monotonic() if sending.ready_at else 0.0
            waiting = b"" if held > 0 else sending.next_bytes()
            if held <= 0 and not waiting:
                self.sending = None
                return stream.receive(limit)
            readable, writable = stream.wait(True, held <= 0, held if held > 0 else None)
            if readable:
                data = stream.receive_now(limit)
                if data is not None:
                    return data
            if writable:
                try:
                    count = stream.send_now(waiting)
                except NetworkError as error:
                    self._send_failed(error)
                    return stream.receive(limit)
                self._awaits_continue = False
                sending.advance(count)

    def take_unread(self, size: int) -> Optional[bytes]:
        """What came behind the head, if it is ``size`` bytes, no fewer and no more; else None."""
        data = self._unread
        if len(data) != size or self.sending is not None:
            return None
        self._unread = b""
        return data

    def receive_now(self) -> Optional[bytes]:
        """What is there already: bytes, ``b""`` at the end, or None."""
        if self._unread:
            return self.receive()
        stream: Stream = self.sock
        return stream.receive_now()

    def unread(self, data: bytes) -> None:
        """Put back bytes that lie behind the end of the message."""
        self._unread = data + self._unread

    def reclaim(self) -> bool:
        """Take the stream out of its scope; returns whether the next request may use it.

        Then the last one was sent whole, nothing is left to read, and nobody pressed the stop-button.
        """
        stream: Optional[Stream] = self.sock
        if stream is None:
            return False
        scope = stream.scope
        is_whole = not scope.stoppable or scope.detach()  # if not, the stop-button shut the socket down
        # The scope may go on with another connection, or come back to this one: in both cases it has
        # to be attached anew, and must not be detached by whoever closes this one late.
        stream.scope = _NOBODY
        return is_whole and self.sending is None and not self._is_spent and not self._unread

    def close(self) -> None:
        """Close the socket. Closing twice does no harm."""
        stream: Optional[Stream] = self.sock
        self.sending = None
        if stream is None:
            return
        self.reclaim()
        try:
            stream.close()
        except OSError:
            # What the peer did before is of no interest to who closes, and others wait to be closed.
            self._is_spent = True
        self.sock = None
        self.__class__ = _Closed


class Connection(_Closed):
    """What ``http.client.HTTPConnection`` is, over a :class:`Stream` and with a strict reader.

    A connection belongs to one lease at a time. ``idle_since``: monotonic time of its return to the pool.
    """

    def __del__(self) -> None:
        """One that is forgotten, alone or with its pool, closes without a ResourceWarning."""
        if self.sock is not None:
            self.close()


def close_all(connections: List[Connection]) -> None:
    """Close what is in the list. What could not be closed, as at the end of the stack, goes back into it."""
    connection: Optional[Connection] = None
    try:
        while connections:
            try:
                connection = connections.pop()
            except IndexError:
                return  # another thread was faster
            connection.close()
            connection = None
    finally:
        if connection is not None:
            try:
                if connections:  # one close was interrupted: on with the rest
                    close_all(connections)
            finally:
                connections.append(connection)


def _start_tls(stream: Stream, context: ssl.SSLContext, server_hostname: str) -> None:
    from .secure_stream import start_tls  # most programs on small machines never ask for it

    start_tls(stream, context, server_hostname)


def _tls_to_proxy(route: Route) -> Optional[TLSOptions]:
    """What TLS to the proxy itself is made with; None where it speaks plain text."""
    if route.proxy is None or route.proxy.scheme != "https":
        return None
    return route.proxy_tls or TLSOptions()
