"""FormData: an ordered list of named fields, some of them files.

Rules of the room: what can't be sent safely is refused when it is appended, so that the caller's
own line is in the traceback. A file is read only when the form is sent.
"""

from __future__ import annotations

from .errors import AxiosError, bad_option
from .scalars import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, List, Optional, Tuple

    from .multipart import Multipart

_BYTES = (bytes, bytearray, memoryview)
_DEFAULT_TYPE = "application/octet-stream"

#: Names of a part that has bytes and no name (WHATWG: the same), and types by their compression.
_NO_NAME = "blob"
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


class FormData:
    """A multipart form. Source: WHATWG XHR, interface FormData; axios.

    Values are ``str``, bytes, numbers and other scalars (kept as their text), or open files (objects
    with ``read()``, kept as they are). ``len(form)`` is the number of fields, iteration gives
    ``(name, value)``. Like any object in JavaScript, a form is true even when it is empty.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: List[Part] = []

    def append(
        self, name: Any, value: Any, filename: Optional[str] = None, content_type: Optional[str] = None
    ) -> None:
        """Add a field at the end.

        ``filename``: of its path only the last part is sent; by default a file's ``name``, and
        ``blob`` for bytes. ``content_type``: by default a file's ``type``, else guessed from the
        file name, else ``application/octet-stream``; text without a file name has none.
        A file is sent from where it stands now to its end.
        Raises ``AxiosError``: ``ERR_BAD_REQUEST`` for a value without text and for lone surrogates,
        ``ERR_BAD_OPTION_VALUE`` for a ``None``, a list or a mapping, and for control characters or
        non-ASCII in ``content_type``.
        """
        self._parts.append(Part(name, value, filename, content_type))

    def set(
        self, name: Any, value: Any, filename: Optional[str] = None, content_type: Optional[str] = None
    ) -> None:
        """Replace all fields of that name by one, in the place of the first; else append.

        Arguments and errors as :meth:`append`.
        """
        fresh = Part(name, value, filename, content_type)
        place = next((at for at, part in enumerate(self._parts) if part.name == fresh.name), len(self._parts))
        rest = [part for part in self._parts[place:] if part.name != fresh.name]
        self._parts[place:] = [fresh, *rest]

    def delete(self, name: Any) -> None:
        """Remove every field of that name."""
        unwanted = text_of(name)
        self._parts = [part for part in self._parts if part.name != unwanted]

    def get(self, name: Any) -> Any:
        """Value of the first field of that name (``str``, ``bytes`` or the file), or None."""
        wanted = text_of(name)
        return next((part.value for part in self._parts if part.name == wanted), None)

    def get_all(self, name: Any) -> List[Any]:
        """Values of all fields of that name, in order."""
        wanted = text_of(name)
        return [part.value for part in self._parts if part.name == wanted]

    def has(self, name: Any) -> bool:
        """Whether there is a field of that name."""
        wanted = text_of(name)
        return any(part.name == wanted for part in self._parts)

    def keys(self) -> Iterator[str]:
        """The names, one for each field."""
        return iter([part.name for part in self._parts])

    def values(self) -> Iterator[Any]:
        """The values, one for each field."""
        return iter([part.value for part in self._parts])

    def entries(self) -> Iterator[Tuple[str, Any]]:
        """The pairs ``(name, value)``, as iteration gives them."""
        return iter([(part.name, part.value) for part in self._parts])

    items = entries
    __iter__ = entries

    def encode(self, boundary: Optional[str] = None) -> Multipart:
        """The body of this form, a :class:`~.multipart.Multipart`; later changes do not reach it.

        ``boundary``: 10 to 70 ASCII letters, digits, ``-`` and ``_``; one that does not qualify, or
        that stands in a value, is replaced by a fresh one, as in axios. Without it 128 random bits.
        """
        from .multipart import Multipart

        return Multipart(self._parts, boundary)

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        # `data or default` must not lose an empty form.
        return True

    def __contains__(self, name: object) -> bool:
        return self.has(name)

    def __getitem__(self, name: Any) -> Any:
        # With keys(), this is what dict(form) asks for: the first value of each name.
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __repr__(self) -> str:
        # Names only: values may be passwords.
        return f"<{type(self).__name__} {[part.name for part in self._parts]!r}>"


class Part:
    """One field: ``name``, ``value`` (``str``, ``bytes``, file), ``filename``, ``content_type`` (or None).

    ``start``: position of a file when it was appended, or None when it can't be asked for or set.
    ``source``: the file to read, which differs from ``value`` for a text file: its bytes are sent.
    ``is_text``: whether ``source`` may give ``str``, whose length in bytes nobody knows beforehand.
    """

    __slots__ = ("name", "value", "filename", "content_type", "source", "start", "is_text")

    def __init__(self, name: Any, value: Any, filename: Optional[str], content_type: Optional[str]) -> None:
        self.name = _sendable(text_of(name))
        self.source: Any = None
        self.start: Optional[int] = None
        self.is_text = False
        if hasattr(value, "read"):
            self.value: Any = value
            self._take_file(value)
        else:
            self.value = _plain_value(value)
        self.filename = self._filename(filename)
        self.content_type = self._type(content_type)

    def _take_file(self, file: Any) -> None:
        self.source = file
        self.start = position_of(file)
        # `encoding` is what text files have and others have not; temporary files pass it on.
        self.is_text = hasattr(file, "encoding")
        if self.is_text and self.start == 0 and hasattr(file, "buffer"):
            self.source = file.buffer
            self.is_text = False

    def _filename(self, given: Optional[str]) -> Optional[str]:
        if given is None and isinstance(self.value, str):
            return None
        if given is None:
            given = _own_name(self.source)
        elif not isinstance(given, str):
            raise bad_option("filename", "a str", given)
        # The path is nobody's business (and where it should be put there, not ours to say).
        return _sendable(given[max(given.rfind("/"), given.rfind("\\")) + 1 :]) or _NO_NAME

    def _type(self, given: Optional[str]) -> Optional[str]:
        if not given:
            own = getattr(self.source, "type", None)
            given = own if isinstance(own, str) and own else self.filename and _guessed_type(self.filename)
        if given is None:
            return None
        if not isinstance(given, str) or not (given.isascii() and given.isprintable()):
            raise bad_option("content_type", "a str of printable ASCII", given)
        return given


def position_of(file: Any) -> Optional[int]:
    """Where ``file`` stands, if it can be put there again; None for pipes and the like."""
    try:
        if hasattr(file, "seekable") and not file.seekable():
            return None
        position = file.tell()
        return position if isinstance(position, int) and hasattr(file, "seek") else None
    except (AttributeError, OSError, ValueError):
        return None


def _plain_value(value: Any) -> Any:
    if type(value) is str:
        return _sendable(value)
    if isinstance(value, _BYTES):
        return bytes(value)
    if value is None or isinstance(value, (list, tuple, dict, set, frozenset)):
        raise bad_option("value", "a str, bytes, a number or an open file", value)
    return _sendable(text_of(value))


def _sendable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        # The text itself is not shown: it may be secret.
        raise AxiosError("a form field has a lone surrogate in it", AxiosError.ERR_BAD_REQUEST) from None
    return text


def _own_name(file: Any) -> str:
    """A file's ``name``; nothing for descriptors and for names that are none, such as ``<stdin>``."""
    name = getattr(file, "name", None)
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    return "" if not isinstance(name, str) or (name[:1] == "<" and name[-1:] == ">") else name


def _guessed_type(filename: str) -> str:
    if "." not in filename:
        return _DEFAULT_TYPE
    from mimetypes import guess_type

    # "./": else a name such as `data:...` would be read as a URL, and would be its own type.
    kind, coding = guess_type("./" + filename)
    return _COMPRESSED.get(coding, _DEFAULT_TYPE) if coding else kind or _DEFAULT_TYPE
