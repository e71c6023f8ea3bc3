"""The body of a multipart form (RFC 7578): boundary, part heads, and files read as they are sent.

Rules of the room: no byte of a name, a file name or a value can end its part head or its part; a
file gives exactly the bytes that the length promised, or the body fails before its end.
"""

from __future__ import annotations

import os

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, List, Optional, Union

    from .form_data import Part

#: Bytes asked of a file at once; text files are asked for so few characters that they fit in it.
PIECE = 65536

_BOUNDARY_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_NAME_ESCAPES = str.maketrans({"\r": "%0D", "\n": "%0A", '"': "%22"})


class Multipart:
    """A form ready to be sent.

    ``content_type``: ``multipart/form-data; boundary=...``. ``length``: bytes, or None when the
    length of a file can't be known. ``boundary``: ``str``.
    Iteration gives the body in pieces of bytes, from its beginning each time; a file is read in
    pieces of at most 64 KiB, from where it stood when it was appended. Iteration raises
    ``AxiosError`` (``ERR_BAD_REQUEST``): a file grew or shrank since its length was taken, it could
    not be read, or it was read once already and can't be put back.
    Source: RFC 7578; WHATWG HTML, multipart/form-data encoding algorithm; axios, ``formDataToStream``.
    """

    __slots__ = ("boundary", "content_type", "length", "_segments")

    def __init__(self, parts: Iterable[Part], boundary: Optional[str] = None) -> None:
        parts = list(parts)
        bodies = [_body(part) for part in parts]
        self.boundary = _chosen_boundary(boundary, [body for body in bodies if isinstance(body, bytes)])
        self.content_type = "multipart/form-data; boundary=" + self.boundary
        self._segments = self._laid_out(parts, bodies)
        lengths = [len(one) if isinstance(one, bytes) else one.length for one in self._segments]
        self.length: Optional[int] = None if None in lengths else sum(lengths)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[bytes]:
        for segment in self._segments:
            if isinstance(segment, bytes):
                yield segment
            else:
                yield from segment.pieces()

    def rewind(self) -> bool:
        """Whether the body can be sent (again) from its beginning; never raises.

        False when a file that can't seek has been read already; the next iteration would raise.
        """
        return all(isinstance(segment, bytes) or segment.can_start() for segment in self._segments)

    def _laid_out(self, parts: List[Part], bodies: List[Union[bytes, _File]]) -> List[Union[bytes, _File]]:
        """Heads, values and files in order; neighbours that are small become one piece."""
        mark = b"--" + self.boundary.encode()
        segments: List[Union[bytes, _File]] = []
        pending = bytearray()
        for part, body in zip(parts, bodies):
            pending += mark + b"\r\n" + _head(part)
            if isinstance(body, bytes) and len(body) < PIECE:
                pending += body
            else:
                segments += [bytes(pending), body]
                pending.clear()
            pending += b"\r\n"
        segments.append(bytes(pending + mark + b"--\r\n"))
        return segments


class _File:
    """A file of the form while it is sent."""

    __slots__ = ("file", "name", "start", "is_text", "length", "_used")

    def __init__(self, part: Part) -> None:
        self.file = part.source
        self.name = part.filename
        self.start = part.start
        self.is_text = part.is_text
        self.length = None if part.is_text or part.start is None else _length_from(part.source, part.start)
        self._used = False

    def can_start(self) -> bool:
        """Whether :meth:`pieces` can give the whole file."""
        return self.start is not None or not self._used

    def pieces(self) -> Iterator[bytes]:
        """The rest of the file from its start, and never a byte more than ``length``."""
        self._go_to_start()
        sent = 0
        while True:
            data = self._read()
            if not data:
                break
            sent += len(data)
            if self.length is not None and sent > self.length:
                raise self._failure("grew while it was sent")
            yield data
        if self.length is not None and sent < self.length:
            raise self._failure("shrank while it was sent")

    def _go_to_start(self) -> None:
        if not self.can_start():
            raise self._failure("cannot be sent twice: it cannot seek")
        self._used = True
        if self.start is not None:
            try:
                self.file.seek(self.start)
            except (OSError, ValueError) as error:
                raise self._failure("cannot be read") from error

    def _read(self) -> bytes:
        try:
            data: Any = self.file.read(PIECE // 4 if self.is_text else PIECE)
            # UTF-8 takes at most four bytes for a character.
            return data.encode() if isinstance(data, str) else bytes(memoryview(data))
        except (OSError, ValueError, TypeError) as error:
            # An OSError that left here bare would pass for a failure of the network; and None, from
            # a file that does not block, is no end of file.
            raise self._failure("cannot be read") from error

    def _failure(self, what: str) -> AxiosError:
        return AxiosError(f"file {self.name!r} of the form {what}", AxiosError.ERR_BAD_REQUEST)


def usable_boundary(boundary: Any) -> bool:
    """Whether a caller's boundary is kept: 10 to 70 ASCII letters, digits, ``-``, ``_`` (axios: the same)."""
    return (
        isinstance(boundary, str) and 10 <= len(boundary) <= 70 and _BOUNDARY_CHARACTERS.issuperset(boundary)
    )


def _chosen_boundary(wanted: Optional[str], values: List[bytes]) -> str:
    boundary = wanted if wanted is not None and usable_boundary(wanted) else _fresh_boundary()
    while any(boundary.encode() in value for value in values):
        boundary = _fresh_boundary()
    return boundary


def _fresh_boundary() -> str:
    # 128 bits that nobody can foresee: whoever writes a file's content can't end its part.
    return "miniaxios-boundary-" + os.urandom(16).hex()


def _head(part: Part) -> bytes:
    head = f'Content-Disposition: form-data; name="{part.name.translate(_NAME_ESCAPES)}"'
    if part.filename is not None:
        head += f'; filename="{part.filename.translate(_NAME_ESCAPES)}"'
    if part.content_type is not None:
        head += f"\r\nContent-Type: {part.content_type}"
    return (head + "\r\n\r\n").encode()


def _body(part: Part) -> Union[bytes, _File]:
    if part.source is not None:
        return _File(part)
    if isinstance(part.value, bytes):
        return part.value
    text: str = part.value
    if part.filename is None:
        # WHATWG: line ends of a text field are CRLF; the content of a file is left alone.
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return text.encode()


def _length_from(file: Any, start: int) -> Optional[int]:
    """Bytes from ``start`` to the end; None when that can't be found out. Leaves the file where it is."""
    try:
        here = file.tell()
        file.seek(0, 2)
        end = file.tell()
        file.seek(here)
    except (OSError, ValueError):
        return None
    return max(0, end - start) if isinstance(end, int) else None
