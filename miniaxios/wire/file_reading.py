"""FileReading: a response read as one reads a file, out of the pieces that it gives.

Rules of the room: nothing is known here of sockets and framings; what is read ahead is the rest of one
piece, and reading by bytes or by lines copies no more of it than it hands out.
"""

from __future__ import annotations

import http.client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional


class FileReading(http.client.HTTPResponse):
    """``read``, ``readinto``, ``readline`` and their kin. A subclass has ``next_piece`` and ``read_all``."""

    __slots__ = ()

    _left = b""  # bytes that were read ahead, from _at on
    _at = 0

    def next_piece(self, wanted: int = 0) -> bytes:
        """The next bytes of the body, perhaps no more than ``wanted``; ``b""`` at the end, and ever after."""
        raise NotImplementedError

    def read_all(self) -> bytes:
        """The whole body, or what is left of it."""
        raise NotImplementedError

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

    def __iter__(self) -> FileReading:
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
