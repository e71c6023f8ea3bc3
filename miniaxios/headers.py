"""The headers of a config: defaults with groups by method, how two merge, what one request gets.

Rules of the room: inputs are never changed, and results share no list or group with them. ``Headers``
itself lives in ``header_fields`` and is found here too.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping

from .errors import refuse_secrets, snapshot
from .header_fields import Headers
from .header_values import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator, MutableMapping, Optional, Tuple

    _Group = MutableMapping[str, Any]
else:
    from collections.abc import MutableMapping as _Group

__all__ = ["GROUPS", "HeaderDefaults", "Headers", "flatten_headers", "merge_headers", "overlaid"]

#: Keys of ``defaults.headers`` that hold mappings of headers: for every request, or for one method.
GROUPS = frozenset("common get delete head options post put patch query purge link unlink".split())


class HeaderDefaults(dict):  # type: ignore[type-arg]
    """What ``defaults.headers`` is: headers, and groups of headers in :data:`GROUPS`.

    A group reads as an attribute or an item, and is made empty when first asked for:
    ``defaults.headers.common["X"] = "1"``, ``defaults.headers["post"]["X"] = "1"``. The group of GET is
    ``defaults.headers.get["X"]``; called, ``get`` is the ``dict``'s own method.
    Source: axios, ``defaults.headers``.
    """

    __slots__ = ()

    def __missing__(self, name: str) -> Dict[str, Any]:
        if name not in GROUPS:
            raise KeyError(name)
        group: Dict[str, Any] = self.setdefault(name, {})
        return group

    def __getattr__(self, name: str) -> Any:
        if name not in GROUPS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if dict.get(self, name) is None:  # None: a config took the group away
            self[name] = {}
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in GROUPS:
            raise AttributeError(f"{name!r} is no group of headers; set an item for a header")
        self[name] = value

    @property
    def get(self) -> Any:
        """The group of GET as a mapping; called with ``(name, default=None)``, ``dict.get``."""
        return _GetGroup(self)

    def copy(self) -> HeaderDefaults:
        """New defaults; the groups are new too."""
        return merge_headers(self, None)

    __copy__ = copy

    def __deepcopy__(self, memo: Dict[int, Any]) -> HeaderDefaults:
        return self.copy()

    def __reduce__(self) -> Tuple[Any, ...]:
        refuse_secrets(self, self)
        return type(self), (dict(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({snapshot(self)!r})"


class _GetGroup(_Group):
    """``defaults.headers.get``: the group named so, and ``dict``'s method that it stands before."""

    __slots__ = ("_owner",)

    def __init__(self, owner: HeaderDefaults) -> None:
        self._owner = owner

    def __call__(self, name: Any, default: Any = None) -> Any:
        return dict.get(self._owner, name, default)

    def _group(self) -> Dict[str, Any]:
        group: Dict[str, Any] = self._owner.__getattr__("get")
        return group

    def __getitem__(self, name: str) -> Any:
        return self._group()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._group()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._group()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group())

    def __len__(self) -> int:
        return len(self._group())

    def __repr__(self) -> str:
        return repr(snapshot(self._group()))


def _entries(headers: Any) -> Iterable[Tuple[Any, Any]]:
    """(name, value) of whatever a config may give as headers, markers and lists included."""
    if isinstance(headers, Headers):
        return headers.entries()
    if isinstance(headers, (dict, AnyMapping)):
        return list(headers.items())  # at once: another thread may be altering an instance's defaults
    return Headers(headers).entries()


def flatten_headers(headers: Any, method: str) -> Headers:
    """The headers of one request of ``method``: ``common``, then the method's group, then the rest.

    The later wins, also over the marker False of an earlier one: what is said for a request counts more
    than what is said for all. Only a mapping (or None) under a group's name is a group, so a header such
    as ``Link: <x>`` is one. ``headers`` isn't changed. Source: axios, ``Axios._request``.
    """
    made = Headers()
    if headers is None or isinstance(headers, Headers):
        return made if headers is None else headers.copy()
    put = made._put
    rest = []
    groups: Dict[str, Iterable[Tuple[Any, Any]]] = {}
    for name, value in _entries(headers):
        if type(value) is str or not (name in GROUPS or name == method):
            rest.append((name, value))
        elif isinstance(value, (dict, AnyMapping)):
            groups[name] = _entries(value)
        elif value is not None or name not in GROUPS:
            rest.append((name, value))
    for part in (groups.get("common", ()), groups.get(method, ()) if method != "common" else (), rest):
        for name, value in part:
            put(name, value, True)
    return made


def overlaid(flat: Headers, own: Any) -> Optional[Headers]:
    """New headers: ``flat``, which an instance's defaults make for a method, with those of one request on top.

    As :func:`flatten_headers` of both merged. None where ``own`` is more than names and texts and only a
    merge can tell what comes of it.
    """
    if type(own) is not dict or not GROUPS.isdisjoint(own):
        return None
    made = flat.copy()
    put = made._put
    for name, value in own.items():
        if type(name) is not str or type(value) is not str:
            return None
        put(name, value, True)
    return made


def merge_headers(first: Any, second: Any) -> HeaderDefaults:
    """New header defaults of two: ``second``'s values win, ``first``'s spellings stay.

    Names are merged without regard to case, groups one level deep and by their exact names; None in
    the place of a group takes it away. Neither input is changed or shared: values are kept as given,
    lists and groups copied. Source: axios, ``mergeConfig``, its rule for headers.
    """
    made = HeaderDefaults()
    spelling: Dict[str, str] = {}
    for part in (first, second):
        if part is None:
            continue
        for name, value in _entries(part):
            if type(value) is str:
                made[spelling.setdefault(fold(name), name)] = value
            elif isinstance(value, (dict, AnyMapping)):
                made[name] = _merged_group(dict.get(made, name), value)
            elif value is None and name in GROUPS:
                made[name] = None
            else:
                made[spelling.setdefault(fold(name), name)] = _copied(value)
    return made


def _merged_group(held: Any, group: Any) -> Dict[Any, Any]:
    merged = held if type(held) is dict else {}  # one that this merge made
    for name, value in _entries(group):
        merged[name] = value if type(value) is str else _copied(value)
    return merged


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value
