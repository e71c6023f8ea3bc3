"""URLSearchParams: an ordered list of names and values with the WHATWG's methods.

Rules of the room: names and values are always ``str`` without lone surrogates; what the class
prints, it reads back to an equal list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import AxiosError, bad_option
from .percent import decode_form, encode_form, scalar_text
from .scalars import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, List, Optional, Tuple


class URLSearchParams:
    """A query or an urlencoded form. Source: WHATWG URL, interface URLSearchParams.

    ``init``: a ``str`` (one leading ``?`` is dropped), a mapping, or an iterable of pairs. Names
    and values that are not ``str`` become text as in parameters (``1.0`` is ``1``, ``True`` is
    ``true``, ``None`` is ``null``); a list or a mapping as a value is an error.
    ``str(params)`` is the serialised form, ``len(params)`` and ``params.size`` the number of pairs.
    Raises ``AxiosError``: ``ERR_BAD_OPTION_VALUE`` for an ``init`` of another shape,
    ``ERR_BAD_REQUEST`` for a value without text.
    """

    __slots__ = ("_pairs",)

    def __init__(self, init: Any = None) -> None:
        self._pairs: List[Tuple[str, str]] = []
        if init is None:
            return
        if isinstance(init, (bytes, bytearray, memoryview)):
            init = bytes(init).decode("utf-8", "replace")
        if isinstance(init, str):
            self._parse(init[1:] if init.startswith("?") else init)
            return
        for name, value in _pairs_of(init):
            self.append(name, value)

    def _parse(self, text: str) -> None:
        for field in scalar_text(text).split("&"):
            if field:
                name, _, value = field.partition("=")
                self._pairs.append((decode_form(name), decode_form(value)))

    def append(self, name: Any, value: Any) -> None:
        """Add a pair at the end."""
        self._pairs.append((_string(name), _string(value)))

    def delete(self, name: Any, value: Any = None) -> None:
        """Remove every pair of that name, or only those that have that value too."""
        gone = self._matcher(name, value)
        self._pairs = [pair for pair in self._pairs if not gone(pair)]

    def get(self, name: Any) -> Optional[str]:
        """Value of the first pair of that name, or None."""
        wanted = _string(name)
        return next((value for key, value in self._pairs if key == wanted), None)

    def get_all(self, name: Any) -> List[str]:
        """Values of all pairs of that name, in order."""
        wanted = _string(name)
        return [value for key, value in self._pairs if key == wanted]

    def has(self, name: Any, value: Any = None) -> bool:
        """Whether there is a pair of that name (and of that value, when one is given)."""
        return any(map(self._matcher(name, value), self._pairs))

    def set(self, name: Any, value: Any) -> None:
        """Give the first pair of that name the value and remove the others; else append."""
        fresh = (_string(name), _string(value))
        kept: List[Tuple[str, str]] = []
        placed = False
        for pair in self._pairs:
            if pair[0] != fresh[0]:
                kept.append(pair)
            elif not placed:
                kept.append(fresh)
                placed = True
        self._pairs = kept if placed else kept + [fresh]

    def sort(self) -> None:
        """Order the pairs by name, by UTF-16 code units; pairs of one name keep their order."""
        self._pairs.sort(key=lambda pair: pair[0].encode("utf-16-be"))

    def keys(self) -> Iterator[str]:
        """The names, one for each pair."""
        return iter([name for name, _ in self._pairs])

    def values(self) -> Iterator[str]:
        """The values, one for each pair."""
        return iter([value for _, value in self._pairs])

    def entries(self) -> Iterator[Tuple[str, str]]:
        """The pairs ``(name, value)``, as iteration gives them."""
        return iter(list(self._pairs))

    items = entries
    __iter__ = entries

    @property
    def size(self) -> int:
        """Number of pairs."""
        return len(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __bool__(self) -> bool:
        # As in JavaScript, an object is true even when it is empty: `params or default` keeps it.
        return True

    def __contains__(self, name: object) -> bool:
        return self.has(name)

    def __getitem__(self, name: Any) -> str:
        # With keys(), this is what dict(params) asks for: the first value of each name.
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, URLSearchParams) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "&".join([encode_form(name) + "=" + encode_form(value) for name, value in self._pairs])

    def __repr__(self) -> str:
        # Names only: a query often carries a token.
        return f"<{type(self).__name__} {[name for name, _ in self._pairs]!r}>"

    @staticmethod
    def _matcher(name: Any, value: Any) -> Any:
        wanted = _string(name)
        if value is None:
            return lambda pair: pair[0] == wanted
        both = (wanted, _string(value))
        return lambda pair: pair == both


def _string(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        raise AxiosError(
            f"a value of URLSearchParams cannot be a {type(value).__name__}", AxiosError.ERR_BAD_REQUEST
        )
    return scalar_text(value if type(value) is str else text_of(value))


def _pairs_of(init: Any) -> Iterator[Tuple[Any, Any]]:
    if isinstance(init, Mapping):
        yield from init.items()
        return
    if not isinstance(init, Iterable):
        raise bad_option("init", "a str, a mapping or an iterable of pairs", init)
    for pair in init:
        if isinstance(pair, (str, bytes)) or not isinstance(pair, Iterable):
            raise bad_option("init", "an iterable of pairs (name, value)", pair)
        both = tuple(pair)
        if len(both) != 2:
            raise bad_option("init", "an iterable of pairs (name, value)", pair)
        yield both[0], both[1]
