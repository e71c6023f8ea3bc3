"""form_to_json: the fields of a form back to nested dicts and lists, as axios reads their names.

Rules of the room: no recursion; names are data, never attributes; a name has at most 101 parts.
"""

from __future__ import annotations

from .form_data import FormData
from .nesting import MAX_DEPTH, too_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

#: JavaScript's arrays have no index from here on; beyond it a number is a name like any other.
_INDEX_LIMIT = 2**32 - 1


def form_to_json(form: Any) -> Optional[Dict[str, Any]]:
    """The fields of a ``FormData`` as nested ``dict`` and ``list``; None for anything else.

    Names are split at ``.`` and at ``[...]``: ``a[b]``, ``a.b``; ``a[]`` appends; a name that is
    repeated collects its values in a list; indexes 0 to n-1 make a list, in any order, and with a
    gap a dict. A later nested name replaces a scalar. A name with a part ``__proto__`` is dropped,
    as in axios. Values are those of the form: ``str``, ``bytes``, files.
    Raises ``AxiosError`` (``ERR_FORM_DATA_DEPTH_EXCEEDED``). Source: axios, ``formDataToJSON``.
    """
    if not isinstance(form, FormData):
        return None
    root = _Node(is_list=False)
    for name, value in form:
        path = name_parts(name)
        if "__proto__" not in path:
            _put(root, path, value)
    return _finished(root)


def name_parts(name: str) -> List[str]:
    """The parts of a field's name: ``foo[x].y[]`` gives ``foo``, ``x``, ``y`` and an empty one.

    A bracket without its partner only separates. A name without parts is one part itself.
    Raises ``AxiosError`` (``ERR_FORM_DATA_DEPTH_EXCEEDED``) for more than 101.
    """
    parts: List[str] = []
    for number, piece in enumerate(name.split("[]")):
        if number:
            parts.append("")
        parts += filter(None, piece.replace("[", ".").replace("]", ".").split("."))
    if len(parts) > MAX_DEPTH + 1:
        raise too_deep("FormData field", MAX_DEPTH + 1, MAX_DEPTH)
    return parts or [name]


class _Node:
    """What becomes a list or a dict, once all fields are known. ``length`` is that of a list."""

    __slots__ = ("items", "is_list", "length")

    def __init__(self, is_list: bool = True) -> None:
        self.items: Dict[str, Any] = {}
        self.is_list = is_list
        self.length = 0

    def store(self, key: str, value: Any) -> None:
        """Set an item, and keep the length of the list up to date."""
        self.items[key] = value
        if _is_index(key):
            self.length = max(self.length, int(key) + 1)

    def is_dense(self) -> bool:
        """Whether the keys are exactly 0 to n-1, in any order."""
        return self.is_list and self.length == len(self.items) and all(map(_is_index, self.items))


def _put(node: _Node, path: List[str], value: Any) -> None:
    for part in path[:-1]:
        key = _open(node, part)
        below = node.items.get(key)
        if not isinstance(below, _Node):
            below = _Node()
            node.store(key, below)
        node = below
    key = _open(node, path[-1])
    node.store(key, _repeated(node.items[key], value) if key in node.items else value)


def _open(node: _Node, part: str) -> str:
    """The key for ``part`` in ``node``; a name makes a dict of a list, an empty part is the next index."""
    if not part and node.is_list:
        return str(node.length)
    if part and not (part.isascii() and part.isdigit()):
        node.is_list = False
    return part


def _repeated(old: Any, value: Any) -> _Node:
    """``old`` with ``value`` after it; what is no list yet becomes the first item of one."""
    if isinstance(old, _Node) and old.is_dense():
        old.store(str(old.length), value)
        return old
    both = _Node()
    both.store("0", old)
    both.store("1", value)
    return both


def _is_index(key: str) -> bool:
    """Whether ``key`` is an array index as JavaScript writes it: ASCII digits, no leading zero."""
    if not (key.isascii() and key.isdigit()) or len(key) > 10 or (key[0] == "0" and key != "0"):
        return False
    return int(key) < _INDEX_LIMIT


def _finished(root: _Node) -> Dict[str, Any]:
    """Plain dicts and lists in place of the nodes."""
    result: Dict[str, Any] = {}
    pending: List[Any] = [(root, result)]
    while pending:
        node, target = pending.pop()
        dense = isinstance(target, list)
        for key in map(str, range(node.length)) if dense else node.items:
            value: Any = node.items[key]
            if isinstance(value, _Node):
                child: Any = [] if value.is_dense() else {}
                pending.append((value, child))
                value = child
            if dense:
                target.append(value)
            else:
                target[key] = value
    return result
