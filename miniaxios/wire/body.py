"""Response: an answer whose body is read here: framing, decoders, limits; it gives its lease back.

Rules of the room: bytes are counted as they arrive, raw and decoded, and the call fails before a
limit is passed; whatever ends the reading (the end, an error, a close, the garbage collector) ends
the lease, once. Only one thread reads at a time; any thread may close.
"""

from __future__ import annotations

import http.client
import io
import threading

from .codings import RatioGuard, decoder_for
from .errors import BadResponse, BodyTooLarge, NetworkError, Stopped, Truncated
from .framing import FixedLength, UntilClose, framing_for
from .messages import keep_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

    from .codings import Decoder
    from .connection import Connection
    from .exchange import Request
    from .messages import ResponseHead
    from .pool import Lease
    from .scope import Scope
    from .upload import Pace

#: Raw bytes of a body nobody wants that are read to keep its connection.
DRAIN_LIMIT = 65536

#: Bytes asked for in one receive.
RECEIVE_SIZE = 65536

#: The reason with which a scope is stopped when a stream is closed under its reader.
CLOSED = "the stream was closed"


class Response(http.client.HTTPResponse):
    """An ``http.client`` response with our own reading.

    ``status`` (int), ``reason`` (str), ``head`` (ResponseHead), ``request`` (the Request of this hop),
    ``history`` (the URLs requested before it), ``is_decoded`` (whether content codings are taken off),
    ``length`` (the Content-Length that is honoured, or None).

    Reading a body that was closed, or failed before, raises Stopped.
    """

    # What HTTPResponse would set in its initialiser, and the state of a response that was not prepared.
    fp: Any = None
    debuglevel = 0
    is_decoded = False
    _decoder: Optional[Decoder] = None
    _guard: Optional[RatioGuard] = None
    _limit = -1
    _raw_limit = -1
    _raw_count = 0
    _count = 0
    _left = b""  # decoded bytes that were read ahead, from _at on
    _at = 0
    _progress: Optional[Callable[[int], None]] = None
    _pace: Optional[Pace] = None
    _piece_size = RECEIVE_SIZE
    _on_end: Optional[Callable[[bool], None]] = None
    _is_closing = False
    #: Whether the body was read to its end; None while that is open.
    _end: Optional[bool] = None

    def __init__(self, lease: Lease, head: ResponseHead, request: Request, scope: Scope) -> None:
        # HTTPResponse's own initialiser would make a buffered file of the socket, which reads ahead
        # beyond the message and past the limits.
        self.head = head
        self.version = head.version
        self.status = self.code = head.status
        self.reason = head.reason
        self.headers = self.msg = head  # type: ignore[assignment]
        self.request = request
        self.history: List[str] = []
        self._method = request.method
        self._scope = scope
        self._framing = framing = framing_for(request.method, head)
        self.length = framing.remaining if isinstance(framing, FixedLength) else None
        self.will_close = isinstance(framing, UntilClose) or not keep_alive(head)
        self._busy = threading.Lock()
        self._connection: Optional[Connection] = lease.connection
        self._lease: Optional[Lease] = lease
        if framing.done:
            self._finish()

    def prepare(
        self,
        limit: int = -1,
        decode: bool = True,
        progress: Optional[Callable[[int], None]] = None,
        pace: Optional[Pace] = None,
        on_end: Optional[Callable[[bool], None]] = None,
    ) -> None:
        """Say how the body is to be read. Not called for answers that nobody reads (redirects).

        ``limit``: bytes allowed, -1 for any; ``decode``: whether content codings are taken off;
        ``progress``: called with the size of each raw piece; ``on_end``: called once, with whether the
        body was read to its end.
        """
        self._limit = self._raw_limit = limit
        self._progress = progress
        self._pace = pace
        if pace is not None:
            self._piece_size = min(pace.piece, RECEIVE_SIZE)
        self._on_end = on_end
        codings = self.head.get_all("content-encoding") if decode else None
        if codings:
            self._decode(codings)
        if self._end is not None and on_end is not None:
            on_end(self._end)

    def _decode(self, codings: List[str]) -> None:
        self._decoder = decoder_for(codings)
        # Without a body there is nothing to decode, and nothing that is coded in an unknown way.
        bodiless = self.request.method == "HEAD" or self.status == 204
        self.is_decoded = bodiless or self._decoder is not None
        if self._framing.done:
            self._decoder = None
        if self._decoder is None:
            return
        if self._limit < 0:
            self._guard = RatioGuard()
        else:
            # The limit is for decoded bytes. What can't be compressed grows a little when it is coded,
            # and a coding may go on for ever without an output.
            self._raw_limit = 2 * self._limit + 65536

    # -- reading -----------------------------------------------------------------------------------

    def next_piece(self) -> bytes:
        """The next bytes of the body, decoded; ``b""`` at the end, and ever after.

        Raises Truncated, BadResponse, BodyTooLarge, NetworkError, DeadlineExceeded, Stopped.
        """
        try:
            with self._busy:
                try:
                    return self._next_piece()
                except BaseException:
                    self._abandon()
                    raise
        finally:
            if self._is_closing:
                # Another thread closed while this one was reading, and left the rest to it.
                self.close()

    def _next_piece(self) -> bytes:
        if self._end:
            return b""
        if self._end is not None or self._is_closing:
            raise Stopped(CLOSED)
        framing, decoder = self._framing, self._decoder
        while True:
            if decoder is not None:
                piece = decoder.read()
                if piece:
                    self._account(len(piece))
                    return piece
            if framing.done:
                return self._at_end()
            data = framing.decode(self._receive())
            if not data:
                continue
            self._arrived(len(data))
            if decoder is None:
                if framing.done:
                    self._finish()
                return data
            decoder.feed(data)

    def _at_end(self) -> bytes:
        # The connection is whole even if the coding inside is not.
        self._release()
        if self._decoder is not None:
            self._decoder.finish()
        self._ended(True)
        return b""

    def _receive(self) -> bytes:
        connection = self._connection
        if connection is None:
            raise Stopped(CLOSED)
        if self._raw_limit >= 0 and self.length is not None and self.length > self._raw_limit:
            raise self._too_large()
        try:
            data = connection.receive(self._piece_size)
        except NetworkError as error:
            raise Truncated(f"the response was cut short: {error}") from error
        if not data:
            self._framing.end_of_input()
        return data

    def _arrived(self, count: int) -> None:
        """``count`` more bytes of the body are here, still coded if it is."""
        self._raw_count += count
        if 0 <= self._raw_limit < self._raw_count:
            raise self._too_large()
        if self._progress is not None:
            self._progress(count)
        if self._pace is not None:
            self._slow_down(self._pace, count)

    def _slow_down(self, pace: Pace, count: int) -> None:
        from time import monotonic

        wait = pace.spend(count) - monotonic()
        if wait > 0:
            self._scope.sleep(wait)

    def _account(self, size: int) -> None:
        """``size`` more bytes are decoded."""
        self._count += size
        if 0 <= self._limit < self._count:
            raise self._too_large()
        if self._guard is not None:
            self._guard.check(self._raw_count, self._count)
        # Decoding may take longer than receiving, and no system call asks meanwhile.
        self._scope.left()

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"maxContentLength size of {self._limit} exceeded")

    def read_all(self) -> bytes:
        """The whole body, or what is left of it."""
        first = self.next_piece()
        second = b"" if self._end else self.next_piece()
        if not second:
            return first
        sink = io.BytesIO()
        sink.write(first)
        while second:
            sink.write(second)
            second = self.next_piece()
        return sink.getvalue()

    # -- reading as from a file --------------------------------------------------------------------

    def _load(self) -> bool:
        """See to it that something is read ahead; False at the end."""
        if not self._left:
            self._left = self.next_piece()
        return bool(self._left)

    def _take(self, size: int) -> bytes:
        """Up to ``size`` bytes of what was read ahead."""
        end = self._at + size
        data = self._left[self._at : end]
        if end < len(self._left):
            self._at = end
        else:
            self._left, self._at = b"", 0
        return data

    def read(self, amt: Optional[int] = None) -> bytes:
        """``amt`` bytes (fewer at the end only), or all that is left with None or a negative number."""
        if amt is None or amt < 0:
            left = self._take(len(self._left))
            return left + self.read_all() if left else self.read_all()
        parts: List[bytes] = []
        while amt > 0 and self._load():
            parts.append(self._take(amt))
            amt -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, b: Any) -> int:
        """Fill ``b``; returns how many bytes were written, fewer than its size at the end only."""
        with memoryview(b) as view, view.cast("B") as target:
            data = self.read(len(target))
            target[: len(data)] = data
        return len(data)

    def read1(self, n: Optional[int] = -1) -> bytes:
        """What comes with one receive, at most ``n`` bytes."""
        if n == 0 or not self._load():
            return b""
        return self._take(len(self._left) if n is None or n < 0 else n)

    def peek(self, n: int = -1) -> bytes:
        """The next bytes, which stay to be read: none at the end only, at most ``n`` if that is positive."""
        self._load()
        return self._left[self._at : self._at + n if n > 0 else None]

    def __iter__(self) -> Response:
        """The lines."""
        return self

    def readline(self, limit: Optional[int] = -1) -> bytes:
        """Up to and with the next LF, at most ``limit`` bytes."""
        missing = float("inf") if limit is None or limit < 0 else limit
        parts: List[bytes] = []
        while missing > 0 and self._load():
            end = self._left.find(b"\n", self._at) + 1
            parts.append(self._take(int(min((end or len(self._left)) - self._at, missing))))
            missing -= len(parts[-1])
            if parts[-1].endswith(b"\n"):
                break
        return b"".join(parts)

    # -- the end -----------------------------------------------------------------------------------

    def _finish(self) -> None:
        self._release()
        self._ended(True)

    def _release(self) -> None:
        """The last raw byte is in: give the lease back, with the connection if that is good for more."""
        lease, connection = self._lease, self._connection
        if lease is None or connection is None:
            return
        if self._framing.rest:
            connection.unread(self._framing.rest)
        is_whole = connection.reclaim()
        lease.give_back(is_whole and not self.will_close and connection.is_clean)
        # At last: had an interrupt come before, _abandon() would still know what to give back.
        self._lease = self._connection = None

    def _abandon(self) -> None:
        """End the lease without reuse."""
        lease = self._lease
        try:
            if lease is not None:
                lease.give_back(False)
            self._lease = self._connection = None
        finally:
            self._ended(False)

    def _ended(self, complete: bool) -> None:
        if self._end is None:
            self._end = complete
            # For io's finalizer, which would call close(), and in which a Ctrl-C would be lost.
            io.BufferedIOBase.close(self)
            if self._on_end is not None:
                self._on_end(complete)

    def discard(self) -> None:
        """Read the rest if it is short and here already, so that the connection lives; else close it."""
        try:
            is_whole = self._drain()
        except (BadResponse, NetworkError):
            is_whole = False  # nobody wants this body: that it is broken is no reason to fail
        if is_whole:
            self._finish()
        else:
            self._abandon()

    def _drain(self) -> bool:
        left = DRAIN_LIMIT
        while not self._framing.done:
            if self._connection is None or self.will_close or left <= 0:
                return False
            data = self._connection.receive_now()
            if not data:
                return False
            left -= len(data)
            self._framing.decode(data)
        return True

    def close(self) -> None:
        """End the response; a body not read to its end costs its connection. From any thread.

        A read under way in another thread ends with Stopped.
        """
        if getattr(self, "_lease", None) is None:
            return  # over, or never came to life
        # Before the look at the lock: who reads now will see it on leaving, and who comes later at once.
        self._is_closing = True
        if not self._busy.locked():
            with self._busy:
                self._abandon()
        elif self._scope.stoppable:
            self._scope.stop(CLOSED)

    def isclosed(self) -> bool:
        """Whether the connection is gone from this response."""
        return self._lease is None

    def flush(self) -> None:
        """Nothing is ever written."""
