"""The body of a request on its way out: where its bytes come from, and how far it got.

Rules of the room: no I/O on sockets (``connection`` does that, and may read the answer meanwhile);
a body never goes out shorter, longer or otherwise than its head promised: it raises instead.
"""

from __future__ import annotations

import io
from time import monotonic

from .errors import InvalidRequest, UploadFailed, UploadTooLarge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, Optional

#: Bytes read from a file at once. Larger reads save system calls, up to about this size.
READ_SIZE = 262144


class Upload:
    """A body that is not in memory as ``bytes``.

    ``pieces``: a function that returns an iterable of bytes-like objects; ``length`` (bytes), or
    None where it can't be known; ``rewind``: a function that makes ``pieces`` start anew, or None
    when the source can be read once only.
    """

    __slots__ = ("length", "_pieces", "_rewind", "_begun")

    def __init__(
        self,
        pieces: Callable[[], Iterable[Any]],
        length: Optional[int] = None,
        rewind: Optional[Callable[[], object]] = None,
    ) -> None:
        self.length = length
        self._pieces = pieces
        self._rewind = rewind
        self._begun = False

    @property
    def can_restart(self) -> bool:
        """Whether the body can be sent from its start, for the first time or again."""
        return self._rewind is not None or not self._begun

    @property
    def is_repeatable(self) -> bool:
        """Whether the body can be sent again after it was sent in part."""
        return self._rewind is not None

    def begin(self) -> Iterator[Any]:
        """The pieces from the start. Raises UploadFailed when they are spent and can't be had again."""
        if self._begun and self._rewind is None:
            raise UploadFailed("the request body was sent once and can't be read again")
        try:
            if self._begun and self._rewind is not None:
                self._rewind()
            self._begun = True
            return iter(self._pieces())
        except UploadFailed:
            raise
        except Exception as error:
            raise UploadFailed(f"the request body can't be read from its start: {error}") from error


def upload_from(source: Any) -> Upload:
    """An Upload from an object with ``read()``, or from an iterable of bytes-like objects.

    Raises InvalidRequest for a file in text mode, UploadFailed for one whose position is lost.
    """
    if not hasattr(source, "read"):
        return _from_iterable(source)
    if isinstance(source, io.TextIOBase):
        raise InvalidRequest("option data: a file to be sent must be opened in binary mode", "data")
    start = _position(source)
    return Upload(
        lambda: _read_pieces(source),
        None if start is None else _size_from(source, start),
        None if start is None else lambda: source.seek(start),
    )


def _from_iterable(source: Any) -> Upload:
    # An iterator is used up by one pass, and so is what hands out the same one each time; a
    # container gives a new one.
    first = iter(source)
    if first is source or first is iter(source):
        return Upload(lambda: source)
    return Upload(_Passes(source), None, lambda: None)


class _Passes:
    """Passes over a container. One that looks new each time, but draws from a spent source, is found out."""

    def __init__(self, source: Iterable[Any]) -> None:
        self._source = source
        self._gave = False

    def __call__(self) -> Iterator[Any]:
        gave_before = self._gave
        empty = True
        for piece in self._source:
            empty = False
            self._gave = True
            yield piece
        if empty and gave_before:
            raise UploadFailed("the request body was read once and gives nothing the second time")


def _position(file: Any) -> Optional[int]:
    try:
        # Some files that can seek have no seekable(): temporary ones before Python 3.11.
        can_seek = file.seekable() if hasattr(file, "seekable") else hasattr(file, "seek")
        return int(file.tell()) if can_seek else None
    except (AttributeError, OSError, ValueError, TypeError):
        return None


def _size_from(file: Any, start: int) -> Optional[int]:
    """Bytes from ``start`` to the end, by seeking: a file number tells nothing of a decompressing reader."""
    size = None
    try:
        end = file.seek(0, io.SEEK_END)
        size = max(0, int(file.tell() if end is None else end) - start)
    except (OSError, EOFError, ValueError, TypeError):
        pass  # not known then: the body goes out in chunks
    try:
        file.seek(start)
    except (OSError, ValueError) as error:
        raise UploadFailed(f"the request body's file can't go back to where it was: {error}") from error
    return size


def _read_pieces(file: Any) -> Iterator[Any]:
    while True:
        piece = file.read(READ_SIZE)
        if not piece:
            if piece is None:
                raise UploadFailed("the request body's file is in non-blocking mode and has nothing to read")
            return
        yield piece


#: What no source gives: None may be one's mistake, and must not pass for the end.
_END: Any = object()


class Pace:
    """A limit in bytes a second, with half a second of burst, as axios's ``maxRate`` has it.

    ``rate``: above 0; 0 is no limit, as in axios. ``piece``: how many bytes may move at once.
    """

    BURST = 0.5

    def __init__(self, rate: float) -> None:
        self._rate = rate or float("inf")
        self.piece = max(1, int(min(self._rate * self.BURST, 1 << 30)))
        self._free_at = 0.0

    def spend(self, count: int) -> float:
        """Account for ``count`` bytes; returns the time (monotonic) at which more may move."""
        now = monotonic()
        self._free_at = max(now, self._free_at) + count / self._rate
        return self._free_at - self.BURST


class Sending:
    """One upload under way: hands out what to send next, and counts.

    ``length``: the Content-Length that the head promises, None when the body is chunked; ``limit``:
    bytes of body allowed, or -1; ``hold``: seconds to wait for ``100 Continue`` before the first byte.
    """

    __slots__ = (
        "ready_at", "finished", "_pieces", "_length", "_limit", "_progress", "_pace", "_view", "_piece", "_count",
    )  # fmt: skip

    def __init__(
        self,
        pieces: Iterator[Any],
        length: Optional[int],
        limit: int = -1,
        progress: Optional[Callable[[int], None]] = None,
        pace: Optional[Pace] = None,
        hold: float = 0.0,
    ) -> None:
        self.ready_at = monotonic() + hold if hold else 0.0
        self.finished = False
        self._pieces = pieces
        self._length = length
        self._limit = limit
        self._progress = progress
        self._pace = pace
        self._view = memoryview(b"")
        self._piece = 0
        self._count = 0

    def next_bytes(self) -> memoryview:
        """What to send now; empty at the end, and then :attr:`finished` is set."""
        if not self._view and not self.finished:
            self._load()
        return self._view[: self._pace.piece] if self._pace else self._view

    def advance(self, count: int) -> None:
        """``count`` bytes of :meth:`next_bytes` are with the kernel."""
        self._view = self._view[count:]
        if self._pace is not None:
            self.ready_at = self._pace.spend(count)
        if self._progress is not None:
            self._report(self._progress, count)

    def _report(self, progress: Callable[[int], None], count: int) -> None:
        """Tell of body bytes alone: with chunk framing around it, a piece counts when all of it is out."""
        if self._length is None:
            count, self._piece = (0, self._piece) if self._view else (self._piece, 0)
        if count:
            progress(count)

    def _load(self) -> None:
        piece = self._next_piece()
        while piece is not None and not piece:
            piece = self._next_piece()
        if piece is not None:
            self._check(len(piece))
            self._piece = len(piece)
            self._view = piece if self._length is not None else _as_chunk(piece)
            return
        self.finished = True
        if self._length is None:
            self._view = memoryview(b"0\r\n\r\n")
        elif self._count != self._length:
            raise UploadFailed(f"the request body ended after {self._count} of {self._length} bytes")

    def _next_piece(self) -> Optional[memoryview]:
        try:
            piece = next(self._pieces, _END)
        except UploadFailed:
            raise
        except Exception as error:
            raise UploadFailed(f"the request body's source failed: {error}") from error
        if piece is _END:
            return None
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise UploadFailed(f"the request body's source gave {type(piece).__name__}, not bytes")
        view = memoryview(piece)
        if not view.nbytes:
            return memoryview(b"")
        return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())

    def _check(self, size: int) -> None:
        self._count += size
        if self._length is not None and self._count > self._length:
            raise UploadFailed(f"the request body is longer than its Content-Length of {self._length} bytes")
        if 0 <= self._limit < self._count:
            raise UploadTooLarge("Request body larger than maxBodyLength limit")


def _as_chunk(piece: memoryview) -> memoryview:
    """RFC 9112 section 7.1."""
    return memoryview(b"".join((b"%x\r\n" % len(piece), piece, b"\r\n")))
