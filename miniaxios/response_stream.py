"""ResponseStream: the body of a response as a file that is read while it arrives.

Rules of the room: bytes are passed on as they come; whatever fails in the basement while reading is
translated like any failure of the request, and reading on fails in the same way again.
"""

from __future__ import annotations

import errno
import io

from .charsets import text_decoder
from .errors import AxiosError, AxiosNetworkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, NoReturn, Optional, Protocol, TypeVar

    Writable = TypeVar("Writable")

    class Pieces(Protocol):
        """Where the bytes come from."""

        def next_piece(self, wanted: int = 0) -> bytes: ...

        def close(self) -> None: ...


class ResponseStream(io.RawIOBase):
    """``response.data`` with ``response_type="stream"``: readable, closable, an ``io.RawIOBase``.

    Iterating gives the pieces (bytes) as they arrive. Read to the end, it gives its connection back
    to the agent; closed before, by any thread, it drops it. Reading raises AxiosError: the body was
    cut short (``ERR_BAD_RESPONSE``), a read took longer than ``timeout``, the request was cancelled or
    the stream closed by another thread meanwhile (``ERR_CANCELED``); and ValueError once it is closed.

    ``failed(error)``: what to raise for an error of ``response``; ``begin()``: called at the beginning
    of each read, which has the whole timeout to itself; ``config``: for errors made here.
    """

    def __init__(
        self,
        response: Pieces,
        failed: Callable[[Exception], Exception],
        content_type: Optional[str] = None,
        response_encoding: Optional[str] = None,
        begin: Optional[Callable[[], None]] = None,
        config: Any = None,
    ) -> None:
        self._response = response
        self._failed = failed
        self._content_type = content_type
        self._response_encoding = response_encoding
        self._on_begin = begin
        self._config = config
        self._failure: Optional[Exception] = None
        # A piece and how far it is read: who reads byte by byte must not copy the rest each time.
        self._piece = b""
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def __reduce__(self) -> NoReturn:
        raise TypeError("a response stream holds a socket and can't be pickled")

    # -- reading -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed stream")
        if self._on_begin is not None:
            self._on_begin()

    def _fill(self, wanted: int = 0) -> bool:
        """Have a piece that is not read to its end; False when there is none any more.

        ``wanted``: bytes that the caller waits for, 0 for what comes.
        """
        if self._at >= len(self._piece):
            self._piece, self._at = self._receive(wanted), 0
        return bool(self._piece)

    def _receive(self, wanted: int) -> bytes:
        if self._failure is not None:
            # The same object again: without this its traceback would grow with each try.
            raise self._failure.with_traceback(None)
        try:
            return self._response.next_piece(wanted)
        except Exception as error:
            self._failure = self._failed(error)
            raise self._failure

    def _take(self, size: int = -1) -> bytes:
        """At most ``size`` bytes of the piece that is here, all of them when negative."""
        start, piece = self._at, self._piece
        self._at = len(piece) if size < 0 else min(start + size, len(piece))
        return piece[start : self._at]

    def _next(self) -> bytes:
        return self._take() if self._fill() else b""

    def read(self, size: Optional[int] = -1) -> bytes:
        """``size`` bytes, fewer at the end only; all that is left when negative or None."""
        if size is None or size < 0:
            return self.readall()
        self._begin()
        parts: List[bytes] = []
        missing = size
        while missing > 0 and self._fill(missing):
            parts.append(self._take(missing))
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read1(self, size: int = -1) -> bytes:
        """The next bytes that arrive, at most ``size``; ``b""`` at the end."""
        self._begin()
        return self._take(size) if size and self._fill() else b""

    def readinto(self, buffer: Any) -> int:
        """Write the next bytes that arrive into ``buffer``; how many, 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read1(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """All that is left."""
        self._begin()
        return b"".join(iter(self._next, b""))

    def peek(self, size: int = 0) -> bytes:
        """The next bytes that arrive, which stay to be read; ``size`` is ignored, as in :mod:`io`."""
        self._begin()
        return self._piece[self._at :] if self._fill() else b""

    def readline(self, size: Optional[int] = -1) -> bytes:
        """Up to and with the next LF, at most ``size`` bytes."""
        self._begin()
        parts: List[bytes] = []
        missing = -1 if size is None or size < 0 else size
        while missing and self._fill():
            length = (self._piece.find(b"\n", self._at) + 1 or len(self._piece)) - self._at
            parts.append(self._take(length if missing < 0 else min(length, missing)))
            missing -= len(parts[-1]) if missing > 0 else 0
            if parts[-1].endswith(b"\n"):
                break
        return b"".join(parts)

    def readlines(self, hint: Optional[int] = -1) -> List[bytes]:
        """The lines that are left, with their LF; no more once they have ``hint`` bytes."""
        lines: List[bytes] = []
        size = 0
        for line in iter(self.readline, b""):
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        if self.closed:
            raise ValueError("I/O operation on closed stream")
        return self

    def __next__(self) -> bytes:
        self._begin()
        piece = self._next()
        if not piece:
            raise StopIteration
        return piece

    def iter_lines(self) -> Iterator[str]:
        """The lines (str, without their ends), each as soon as its end has arrived.

        Lines end with LF, CR LF or CR. The charset is that of ``response_encoding``, else of the
        response's Content-Type, else UTF-8.
        """
        decoder = text_decoder(self._content_type, self._response_encoding)
        begun: List[str] = []  # pieces of a line whose end is not there yet
        after_cr = False
        for piece in self:
            text = decoder.decode(piece)
            if after_cr and text:
                text = text[1:] if text[0] == "\n" else text
                after_cr = False
            after_cr = after_cr or text.endswith("\r")
            *ended, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            if ended:
                yield "".join(begun) + ended[0]
                yield from ended[1:]
                begun.clear()
            begun.append(rest)
        last = "".join(begun) + decoder.decode(b"", True)
        if last:
            yield last

    def pipe(self, writable: Writable) -> Writable:
        """Write the rest of the body to ``writable``, which stays open and is returned.

        A ``write`` that raises OSError becomes an AxiosError with it as its cause; the connection is
        dropped. Source: Node's ``stream.pipe``, but it returns when all is written.
        """
        write: Any = getattr(writable, "write")
        is_raw = isinstance(writable, io.RawIOBase)
        for piece in self:
            try:
                _write_all(write, piece, is_raw)
            except OSError as error:
                self.close()
                raise self._sink_failed(error) from error
            except BaseException:
                self.close()
                raise
        return writable

    def _sink_failed(self, error: OSError) -> AxiosError:
        code = errno.errorcode.get(error.errno or 0, AxiosError.ERR_NETWORK)
        message = f"writing the response failed: {error.strerror or error}"
        made = AxiosNetworkError(message, code, self._config)
        made.errno = error.errno
        return made

    # -- the end -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Drop what was not read. Closing twice does no harm; from another thread it ends a read."""
        super().close()
        response = getattr(self, "_response", None)  # the initialiser may have failed
        if response is not None:
            response.close()


def _write_all(write: Callable[[Any], Any], piece: bytes, is_raw: bool) -> None:
    """Unbuffered files may take a part only, and say how much; others need not say anything."""
    count = write(piece)
    view = memoryview(piece)
    while True:
        if is_raw and not count:
            raise BlockingIOError(errno.EAGAIN, "the file does not block and takes no more")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < len(view):
            return
        view = view[count:]
        count = write(view)
