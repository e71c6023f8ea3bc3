"""Nested data laid out flat: one name and one value for each leaf, named as axios names them.

Rules of the room: ``Flattener`` knows how fields are named and when to stop; what becomes of a
field is the business of the ``append`` that it was given. It never recurses: depth and cycles are
errors of the package, not of the interpreter. Callers' keys are data and never attribute names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .errors import AxiosError, bad_option
from .form_data import FormData
from .scalars import is_date, is_enum, text_of
from .search_params import URLSearchParams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set, Tuple, Union

    Key = Union[str, int]
    Path = Tuple[Key, ...]
    Visitor = Callable[[Any, Key, Optional[Path], "Flattener"], Any]

#: Levels of nesting that are followed unless ``max_depth`` says otherwise (axios: the same).
MAX_DEPTH = 100

#: What JavaScript's trim() takes off: Python's strip() has other ideas of a blank.
BLANKS = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

LEAF, LIST, MAP = 0, 1, 2

_SHAPES = {
    str: LEAF,
    int: LEAF,
    float: LEAF,
    bool: LEAF,
    type(None): LEAF,
    bytes: LEAF,
    dict: MAP,
    list: LIST,
    tuple: LIST,
}

_LEAVES = (str, bytes, bytearray, memoryview, type, URLSearchParams, FormData)

#: Option -> (axios's spelling, default).
_OPTIONS = {
    "visitor": ("visitor", None),
    "meta_tokens": ("metaTokens", True),
    "dots": ("dots", False),
    "indexes": ("indexes", False),
    "max_depth": ("maxDepth", MAX_DEPTH),
}

_DEFAULTS: Dict[str, Any] = {name: default for name, (_, default) in _OPTIONS.items()}


def shape_of(value: Any) -> int:
    """``MAP`` for mappings and dataclasses, ``LIST`` for other collections of values, else ``LEAF``.

    Strings, bytes, open files, enum members and forms are leaves.
    """
    known = _SHAPES.get(type(value))
    if known is not None:
        return known
    # Members of a Flag are collections too, and open files may look like some.
    if isinstance(value, _LEAVES) or is_enum(value) or hasattr(value, "read"):
        return LEAF
    if isinstance(value, Mapping) or hasattr(type(value), "__dataclass_fields__"):
        return MAP
    return LIST if isinstance(value, Collection) else LEAF


def items_of(value: Any, shape: int) -> Iterable[Tuple[Any, Any]]:
    """The keys and values of something that is not a leaf; the keys of a list are its indexes."""
    if shape == LIST:
        return enumerate(value)
    if isinstance(value, Mapping):
        return value.items()
    from dataclasses import fields

    return [(field.name, getattr(value, field.name)) for field in fields(value)]


def convert_value(value: Any) -> Any:
    """Dates and booleans as their text, None as ``""``; anything else as it is.

    Source: axios, ``convertValue`` of ``toFormData``.
    """
    if value is None:
        return ""
    return text_of(value) if type(value) is bool or is_date(value) else value


class Flattener:
    """One walk over nested data. It is also the ``helpers`` that a visitor is given.

    ``append(name, value)`` receives each field. ``options``: a mapping with ``visitor``,
    ``meta_tokens``, ``dots``, ``indexes``, ``max_depth`` in either spelling, or None.
    ``convert``: what is done to a leaf before it is appended.
    A visitor is called as ``visitor(value, key, path, helpers)``, where ``path`` is a tuple of the
    keys above, or None at the top; when it returns ``True`` the value's own items are visited.
    Raises ``AxiosError``: ``ERR_FORM_DATA_DEPTH_EXCEEDED``, and ``ERR_BAD_OPTION_VALUE`` for cycles
    and bad options. Source: axios, ``toFormData``.
    """

    __slots__ = (
        "append",
        "convert_value",
        "visitor",
        "meta_tokens",
        "dots",
        "indexes",
        "max_depth",
        "_path",
        "_prefix",
    )

    def __init__(
        self,
        append: Callable[[str, Any], Any],
        options: Optional[Mapping[str, Any]] = None,
        convert: Callable[[Any], Any] = convert_value,
    ) -> None:
        found = read_options(options)
        self.append = append
        self.convert_value = convert
        self.visitor: Optional[Visitor] = found["visitor"]
        self.meta_tokens: bool = found["meta_tokens"]
        self.dots: bool = found["dots"]
        self.indexes: Optional[bool] = found["indexes"]
        self.max_depth: float = found["max_depth"]
        self._path: Optional[Path] = None
        self._prefix = ""

    @staticmethod
    def is_visitable(value: Any) -> bool:
        """Whether ``value`` has items of its own: a mapping, a dataclass, a list."""
        return shape_of(value) != LEAF

    def flatten(self, items: Iterable[Tuple[Any, Any]], root: object) -> None:
        """Append every leaf of ``items``, which are those of ``root``."""
        opened = {id(root)}
        for key, value in items:
            self.visit(key, value, opened)

    def visit(self, key: Any, value: Any, opened: Set[int]) -> None:
        """Visit one item of the top level and all that is below it."""
        frames: List[_Frame] = []
        if self._wants_items(value, key, None):
            frames.append(self._open(value, key, None, 1, opened))
        while frames:
            frame = frames[-1]
            for name, item in frame.items:
                if self._wants_items(item, name, frame.path):
                    frames.append(self._open(item, name, frame.path, len(frames) + 1, opened))
                    break
            else:
                opened.discard(id(frames.pop().value))

    def _wants_items(self, value: Any, key: Any, path: Optional[Path]) -> bool:
        if value is None:
            return False
        key = key.strip(BLANKS) if type(key) is str else plain_key(key)
        if self.visitor is None:
            return self.default_visitor(value, key, path)
        # Only True itself: a visitor that returns what append() returned wants nothing more.
        return self.visitor(value, key, path, self) is True

    def _open(self, value: Any, key: Any, path: Optional[Path], depth: int, opened: Set[int]) -> _Frame:
        if depth > self.max_depth:
            raise self._too_deep(depth)
        here = (path or ()) + (plain_key(key),)
        if id(value) in opened:
            raise _circular(".".join(map(str, here)))
        opened.add(id(value))
        shape = shape_of(value)
        # A leaf that a visitor wants opened is an item of itself, until the depth ends it.
        items = iter([(0, value)]) if shape == LEAF else iter(items_of(value, shape))
        return _Frame(value, here, items)

    def default_visitor(self, value: Any, key: Key, path: Optional[Path] = None) -> bool:
        """What is done without a visitor: appends leaves and flat lists; ``True`` for the rest."""
        shape = shape_of(value)
        if shape != LEAF and path is None and self._appended_whole(value, str(key), shape):
            return False
        if shape != LEAF:
            return True
        self.append(self._name(path, key), self.convert_value(value))
        return False

    def _appended_whole(self, value: Any, key: str, shape: int) -> bool:
        """Fields of the top level that are not opened: JSON under ``key{}``, flat lists, ``key[]``."""
        if key.endswith("{}"):
            text = json_text(value, self.max_depth)
            self.append(key if self.meta_tokens else key[:-2], text)
            return True
        if shape != LIST:
            return False
        deepest = max(map(shape_of, value), default=LEAF)
        # axios joins the lists in `key[]` with commas; a mapping would be "[object Object]", so
        # such lists are opened like any other.
        if deepest == LEAF or (deepest == LIST and key.endswith("[]")):
            self._append_list(value, _bare(key))
            return True
        return False

    def _append_list(self, values: Iterable[Any], key: str) -> None:
        numbered = self.indexes is True
        name = key if self.indexes is None else key + "[]"
        for index, value in enumerate(values):
            if value is None:
                continue
            if numbered:
                name = self._name((key,), index)
            leaf = shape_of(value) == LEAF
            self.append(name, self.convert_value(value) if leaf else joined(value))

    def _name(self, path: Optional[Path], key: Key) -> str:
        if not path:
            return str(key)
        if path is not self._path:
            # All leaves of one list or mapping share their path: its text is made once. (A visitor
            # that passes a path of its own has to pass a tuple, as it was given one.)
            tokens = [_bare(str(token)) for token in path]
            brackets = [f"[{token}]" for token in tokens[1:]]
            self._prefix = ".".join(tokens) if self.dots else tokens[0] + "".join(brackets)
            self._path = path
        token = _bare(str(key))
        return f"{self._prefix}.{token}" if self.dots else f"{self._prefix}[{token}]"

    def _too_deep(self, depth: int) -> AxiosError:
        return too_deep("Object", depth, self.max_depth)


class _Frame:
    """A mapping or a list whose items are being visited."""

    __slots__ = ("value", "path", "items")

    def __init__(self, value: Any, path: Path, items: Iterator[Tuple[Any, Any]]) -> None:
        # `value` is held so that its id stays taken for as long as the frame is open.
        self.value = value
        self.path = path
        self.items = items


def read_options(options: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """The options of a walk with their defaults, by snake_case name; other keys are left aside.

    Not to be altered. Raises ``AxiosError`` (``ERR_BAD_OPTION_VALUE``).
    """
    if options is None:
        return _DEFAULTS
    if not isinstance(options, Mapping):
        raise bad_option("form_serializer", "a mapping", options)
    found = {
        name: options[name] if name in options else options.get(camel, default)
        for name, (camel, default) in _OPTIONS.items()
    }
    if found["visitor"] is not None and not callable(found["visitor"]):
        raise bad_option("visitor", "a callable", found["visitor"])
    if found["max_depth"] is None:
        found["max_depth"] = MAX_DEPTH
    depth = found["max_depth"]
    # NaN is smaller than nothing and would be no limit at all.
    if type(depth) is bool or not isinstance(depth, (int, float)) or not depth > -1:
        raise bad_option("max_depth", "a number of levels, 0 or more", depth)
    return found


def plain_key(key: Any) -> Key:
    """A key as a visitor sees it: ``str`` and ``int`` as they are, others as their text."""
    return key if type(key) is str or type(key) is int else text_of(key)


def joined(value: Any, depth: int = 0) -> str:
    """A list as JavaScript turns it into a string: items joined by commas, None as nothing."""
    if depth > MAX_DEPTH:
        raise too_deep("Object", depth, MAX_DEPTH)
    if value is None:
        return ""
    if shape_of(value) != LIST:
        return text_of(value)
    return ",".join([joined(item, depth + 1) for item in value])


def json_text(value: Any, max_depth: float) -> str:
    """Compact JSON of a field named ``key{}``, which stands on the first level.

    Raises ``AxiosError``: depth and cycles as for fields, ``ERR_BAD_REQUEST`` for what is not JSON.
    """
    _check_depth(value, max_depth)
    from .json_body import encode_json

    return encode_json(value)


def _check_depth(value: Any, max_depth: float) -> None:
    """Walk ``value`` without recursion, before an encoder does that has no limit of its own."""
    if max_depth < 1:
        raise too_deep("Object", 1, max_depth)
    frames = [(value, iter(items_of(value, shape_of(value))))]
    opened = {id(value)}
    while frames:
        for key, item in frames[-1][1]:
            shape = shape_of(item)
            if shape == LEAF:
                continue
            if id(item) in opened:
                raise _circular(str(key))
            if len(frames) + 1 > max_depth:
                raise too_deep("Object", len(frames) + 1, max_depth)
            opened.add(id(item))
            frames.append((item, iter(items_of(item, shape))))
            break
        else:
            opened.discard(id(frames.pop()[0]))


def too_deep(what: str, depth: float, limit: float) -> AxiosError:
    """The error for nesting past the limit, in axios's words."""
    return AxiosError(
        f"{what} is too deeply nested ({depth} levels). Max depth: {limit}",
        AxiosError.ERR_FORM_DATA_DEPTH_EXCEEDED,
    )


def _circular(path: str) -> AxiosError:
    return AxiosError(f"Circular reference detected in {path}", AxiosError.ERR_BAD_OPTION_VALUE)


def _bare(token: str) -> str:
    return token[:-2] if token.endswith("[]") else token
