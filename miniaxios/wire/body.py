"""Response: an answer whose body is read here: framing, decoders, limits; it gives its lease back.

Rules of the room: bytes are counted as they arrive, raw and decoded, and the call fails before a
limit is passed; whatever ends the reading (the end, an error, a close, the garbage collector) ends
the lease, once. Only one thread reads at a time; any thread may close.
"""

from __future__ import annotations

import io
import threading

from .codings import PIECE, RatioGuard, decoder_for
from .errors import BadResponse, BodyTooLarge, NetworkError, Stopped, Truncated
from .file_reading import FileReading
from .framing import FixedLength, UntilClose, framing_for
from .messages import keep_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

    from .codings import Decoder
    from .connection import Connection
    from .messages import ResponseHead
    from .lease import Lease
    from .request import Request
    from .scope import Scope
    from .upload import Pace

#: Raw bytes of a body nobody wants that are read to keep its connection.
DRAIN_LIMIT = 65536

#: Bytes asked for in one receive, and those of a long body, where the larger size saves system calls. At
#: once it would cost some: the C library has to ask for that much memory, and gives it back for a short body.
RECEIVE_SIZE, BULK_SIZE = 65536, 262144

#: Bytes decoded at once of a body that is read at once: a sixth faster than in small pieces, and than in
#: twice as large ones, for which the C library goes to the kernel each time.
DECODED_SIZE = 1 << 19

#: Bytes still to come from which on a body of known length is read in place, and how many times as much
#: memory as there are bytes of it already may be asked for then.
LARGE, EARNEST = 1 << 20, 64

#: Bytes from which on it pays to receive no more of a stream than its reader waits for.
SOME = 16384

#: The reason with which a scope is stopped when a stream is closed under its reader.
CLOSED = "the stream was closed"


class _Rest(io.RawIOBase):
    """What is left of a body as a file: the pieces that came already, and what ``fill`` reads."""

    def __init__(self, pieces: List[bytes], fill: Callable[[memoryview], int]) -> None:
        self._pieces = pieces[::-1]
        self._fill = fill

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As io has it."""
        if not self._pieces:
            return self._fill(buffer)
        piece = self._pieces.pop()
        buffer[: len(piece)] = piece
        return len(piece)


class Response(FileReading):
    """An ``http.client`` response with our own reading.

    ``status`` (int), ``reason`` (str), ``head`` (ResponseHead), ``request`` (the Request of this hop),
    ``history`` (the URLs requested before it), ``is_decoded`` (whether content codings are taken off),
    ``length`` (the Content-Length that is honoured, or None).

    Reading a body that was closed, or failed before, raises Stopped.
    """

    # A slot for what every response sets: with a dict alone, to make one takes half as long again.
    __slots__ = (
        "head", "version", "status", "code", "reason", "headers", "msg", "request", "history", "length",
        "will_close", "closed", "_method", "_scope", "_framing", "_busy", "_connection", "_lease", "_limit",
        "_raw_limit", "_raw_count", "_progress", "_on_end", "_is_watched", "_end",
    )  # fmt: skip

    # What HTTPResponse would set in its initialiser, and what only some responses alter.
    fp: Any = None
    debuglevel = 0
    is_decoded = False
    _decoder: Optional[Decoder] = None
    _guard: Optional[RatioGuard] = None
    _is_bulk = False  # whether all of it is read at once
    _count = 0
    _pace: Optional[Pace] = None
    _piece_size = RECEIVE_SIZE
    _is_closing = False

    def __init__(self, lease: Lease, head: ResponseHead, request: Request, scope: Scope) -> None:
        # HTTPResponse's own initialiser would make a buffered file of the socket, which reads ahead
        # beyond the message and past the limits.
        # A plain attribute: io's own, which its close() sets by a call of flush(), takes ten times as long,
        # and this is all that io's finalizer asks for.
        self.closed = False
        self._end: Optional[bool] = None  # whether the body was read to its end; None while that is open
        self._limit = self._raw_limit = -1
        self._raw_count = 0
        self._progress: Optional[Callable[[int], None]] = None
        self._on_end: Optional[Callable[[bool], None]] = None
        self._is_watched = False  # whether each piece has to be looked at: for a limit, progress or a pace
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
        if pace is not None:
            self._pace = pace
            self._piece_size = min(pace.piece, RECEIVE_SIZE)
        self._on_end = on_end
        if decode and "content-encoding" in self.head.fields:
            self._decode(self.head.get_all("content-encoding"))
        self._is_watched = self._raw_limit >= 0 or progress is not None or pace is not None
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

    def next_piece(self, wanted: int = 0) -> bytes:
        """The next bytes of the body, decoded; ``b""`` at the end, and ever after.

        ``wanted``: of how many more the caller waits for, 0 for as many as come; nothing but a hint. Raises
        Truncated, BadResponse, BodyTooLarge, NetworkError, DeadlineExceeded, Stopped.
        """
        piece: bytes = self._guarded(self._next_piece, wanted)
        return piece

    def _guarded(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a step of reading: one at a time, and one that fails is the last."""
        try:
            with self._busy:
                try:
                    return step(*arguments)
                except BaseException:
                    self._abandon()
                    raise
        finally:
            if self._is_closing:
                # Another thread closed while this one was reading, and left the rest to it.
                self.close()

    def _may_go_on(self) -> bool:
        """False at the end of the body; raises Stopped when it was given up before."""
        if self._end:
            return False
        if self._end is not None or self._is_closing:
            raise Stopped(CLOSED)
        return True

    def _next_piece(self, wanted: int) -> bytes:
        if not self._may_go_on():
            return b""
        framing, decoder = self._framing, self._decoder
        while True:
            if decoder is not None:
                piece = decoder.read(self._room())
                if piece:
                    self._account(len(piece))
                    return piece
            if framing.done:
                return self._at_end()
            data = framing.decode(self._receive(wanted))
            if not data:
                continue
            self._raw_count += len(data)
            if self._is_watched:
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

    def _connection_for_reading(self) -> Connection:
        connection = self._connection
        if connection is None:
            raise Stopped(CLOSED)
        if self._raw_limit >= 0 and self.length is not None and self.length > self._raw_limit:
            raise self._too_large()
        return connection

    def _receive(self, wanted: int) -> bytes:
        connection, framing = self._connection_for_reading(), self._framing
        size, is_plain = self._piece_size, self._decoder is None
        try:
            is_patient = wanted >= SOME and self._progress is None and self._pace is None
            if is_patient and is_plain and isinstance(framing, FixedLength):
                # In the very piece that is handed out, where larger ones would have to be cut and copied.
                data = connection.receive_all(min(wanted, framing.remaining, BULK_SIZE))
            else:
                if self._pace is None and (is_plain or self._is_bulk) and self._raw_count >= BULK_SIZE:
                    size = BULK_SIZE
                data = connection.receive(size)
        except NetworkError as error:
            raise Truncated(f"the response was cut short: {error}") from error
        if not data:
            self._framing.end_of_input()
        return data

    def _arrived(self, count: int) -> None:
        """``count`` more bytes of the body are here, still coded if it is, and counted."""
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

    def _room(self) -> int:
        """Bytes that may be decoded next: of those that the limit forbids, one, which will tell."""
        size = DECODED_SIZE if self._is_bulk else PIECE
        return size if self._limit < 0 else min(size, self._limit - self._count + 1)

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
        first: Optional[bytes] = self._guarded(self._all_at_once)
        if first is not None:
            return first
        self._is_bulk = True
        first = self.next_piece()
        if self._end or not first:
            return first
        framing = self._framing
        if self._decoder is None and isinstance(framing, FixedLength) and framing.remaining > LARGE:
            return self._read_in_place(first, framing)
        sink = io.BytesIO()
        while first:
            sink.write(first)
            first = self.next_piece()
        return sink.getvalue()

    def _all_at_once(self) -> Optional[bytes]:
        """A body of known length, neither coded nor watched, that came with its head: most small ones do.

        Step by step as in :meth:`_next_piece`, reading one takes twice as long.
        """
        framing, connection = self._framing, self._connection
        if self._end is not None or self._is_closing or self._is_watched or self._decoder is not None:
            return None
        if connection is None or not isinstance(framing, FixedLength):
            return None
        data = connection.take_unread(framing.remaining)
        if data is not None:
            self._raw_count += len(data)
            framing.advance(len(data))
            self._finish()
        return data

    def _read_in_place(self, first: bytes, framing: FixedLength) -> bytes:
        """A long body straight into the bytes object that is returned: no piece is copied, and none doubled.

        Memory for all of it is asked for when a part of it has arrived: a length is easily said.
        """
        pieces, count = [first], len(first)
        while count < framing.remaining // EARNEST:
            pieces.append(self.next_piece())
            count += len(pieces[-1])
        # Of all that makes bytes, this alone neither fills them with zeros before nor copies them after.
        return io.BufferedReader(_Rest(pieces, self._fill), 1).read(count + framing.remaining)

    def _fill(self, view: memoryview) -> int:
        """The next bytes of a body of known length, not coded, into ``view``; how many, 0 at the end."""
        count: int = self._guarded(self._next_into, view)
        return count

    def _next_into(self, view: memoryview) -> int:
        framing: Any = self._framing
        if not self._may_go_on() or framing.done:
            return 0
        connection = self._connection_for_reading()
        size = framing.remaining if self._pace is None else min(framing.remaining, self._piece_size)
        try:
            count = connection.receive_into(view[:size], self._progress is None)
        except NetworkError as error:
            raise Truncated(f"the response was cut short: {error}") from error
        if not count:
            framing.end_of_input()
        framing.advance(count)
        self._raw_count += count
        if self._is_watched:
            self._arrived(count)
        if framing.done:
            self._finish()
        return count

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
        lease.give_back(connection.reclaim() and not self.will_close)
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
            self.closed = True
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
