"""Template: what every request of an instance begins with, merged and checked once and not for each.

``defaults`` may be altered by anybody, at any depth and at any time, and but for groups of options nobody is told.
So a template remembers each container of the defaults and each object in them, and is good for as long as all of
them still hold the very same objects. Identity, not equality, but for texts and functions: 1, True and 1.0 are
equal, and an object's own ``__eq__`` may say anything.

Rules of the room: a template is never altered, and a request gets copies of all that could be. What can't
be watched (somebody's own mapping, a list of a class of its own) makes no template, and then
:func:`merge_config` merges for each request; both ways come to the same. What a template holds is what
``defaults`` holds, secrets included: it is never shown.
"""

from __future__ import annotations

from functools import partial
from operator import is_

from .config import Config, check_config, is_sound, merge_config, merge_option
from .errors import MISTAKES, bad_option
from .headers import GROUPS as METHODS
from .headers import HeaderDefaults, flatten_headers, overlaid
from .option_checks import GROUPS, is_mapping
from .option_group import Edits, OptionGroup, filled
from .plain_data import LEAVES, is_flat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

    from .headers import Headers

#: Deeper defaults are merged for each request: :func:`merge_config` knows what is too deep.
DEEPEST = 10

#: Requests that go without a template at most, where templates turn out to be made in vain.
LONGEST_PAUSE = 63

_MAPPINGS = frozenset((dict, Config, OptionGroup))
# What a merge or a check looks into, subclasses too.
_LOOKED_INTO = (dict, list, tuple, set, frozenset, type(type.__dict__))
# Types of header values that always have a text; a list of them is several lines.
_HEADER_TEXTS = frozenset((str, int, float, bool, bytes, type(None)))
# Types of which what is equal is the same, where 1 is True and 1.0; and containers, which are watched themselves.
_TELLING = frozenset((str, type(filled), type(None)))
_CONTAINERS = frozenset((dict, list, tuple, Config, OptionGroup, HeaderDefaults))
_put = dict.__setitem__
_ABSENT: Any = object()


class Starter:
    """Begins the requests of one instance: from a template where there is one, and makes one where it pays.

    From any thread: a template is replaced as a whole, and of the count nothing depends but the speed.
    """

    __slots__ = ("template", "_pause", "_left")

    def __init__(self) -> None:
        self.template: Optional[Template] = None
        # Requests to let pass before the next template is made, once one was made in vain, and how many of
        # these are left: of defaults that are altered before each request every template is in vain.
        self._pause = self._left = 0

    def begin(
        self, defaults: Config, own: Dict[Any, Any], template: Optional[Template]
    ) -> Tuple[Config, bool]:
        """The config of one request, as its first interceptor gets it, and whether its options were checked.

        ``own``: the options of the request, a plain ``dict`` of snake_case names; not altered. ``template``:
        what :meth:`current` gave for it.
        """
        if template is None:
            return completed(merge_config(defaults, own), defaults), False
        return template.begin(own), is_sound(own)

    def current(self, defaults: Config) -> Optional[Template]:
        """A template of these defaults, None where there is none or where it would not pay to make one."""
        template = self.template
        if template is not None and template.holds(defaults):
            if self._pause:
                self._pause = self._left = 0
        elif self._left > 0:
            self._left -= 1
            template = None
        else:
            self._pause = self._left = min(2 * self._pause + 1, LONGEST_PAUSE)
            template = self.template = template_of(defaults)
        return template


def template_of(defaults: Config) -> Optional[Template]:
    """A template of the defaults as they are now, None where there can't be one."""
    try:
        return Template(defaults)
    except MISTAKES:
        # Whatever is wrong with them: to be told to whoever makes a request, when it is merged and checked.
        return None


def completed(config: Config, defaults: Mapping[str, Any]) -> Config:
    """``config`` with its method, and the headers of that method. Source: axios, ``Axios._request``."""
    method = _method_of(config, defaults)
    _put(config, "method", method)
    found = dict.get(config, "headers")
    if found is not None and not hasattr(found, "items"):
        raise bad_option("headers", "a mapping, Headers or a list of pairs", found)
    _put(config, "headers", flatten_headers(found, method))
    return config


def _method_of(config: Config, defaults: Mapping[str, Any]) -> str:
    # A dict's get: Config's own would answer with the library's default before the instance's is asked.
    for method in (dict.get(config, "method"), defaults.get("method")):
        if isinstance(method, str):
            if method:
                # Letters that are ASCII only in lower case stay as they are, for the check to refuse.
                return method.lower() if method.isascii() else method
        elif method is not None:
            raise bad_option("method", "an HTTP method (a token)", method)
    return "get"


class Unwatchable(ValueError):
    """The defaults hold something whose changes would not be seen."""


class Template:
    """What requests begin with for as long as ``defaults`` are what they are now.

    Raises :class:`Unwatchable`, and AxiosError for defaults that no request can begin with.
    """

    __slots__ = ("base", "usual", "_defaults", "_edits", "_groups", "_hold", "_fresh", "_grouped", "_flat")

    def __init__(self, defaults: Config) -> None:
        if type(defaults) is not Config:
            raise Unwatchable
        self._edits = Edits.last  # before the reading, which may miss what is altered meanwhile
        watch = _Watch()
        # All is made of what was seen, not of the defaults: those may have changed since.
        seen = watch.copy_of(defaults)
        check_config(seen)  # before the merge, which drops the method
        base = merge_config(seen)
        self._defaults = defaults
        # Groups of options, which tell when they are altered, and all the rest.
        self._groups, self._hold = watch.groups, watch.others.hold()
        self._grouped: Any = dict.get(base, "headers")
        self._flat: Dict[str, Headers] = {}
        #: What was merged, not to be altered.
        self.base: Dict[Any, Any] = dict(base)
        #: The shorter way of usual requests, False where there is none, None while nobody has looked.
        self.usual: Any = None
        #: What each request gets a copy of: name, value, how it is copied.
        self._fresh: List[Tuple[str, Any, Callable[[Any], Any]]] = [
            (name, value, _copier(name, value))
            for name, value in base.items()
            if type(value) not in LEAVES and name != "headers"
        ]

    def holds(self, defaults: Config) -> bool:
        """Whether these are the defaults that it was made of, and not one object in them is another.

        Half a microsecond, where merging what they hold takes eight.
        """
        if defaults is not self._defaults:
            return False
        edits = Edits.last
        if edits != self._edits:
            # Some group of options was altered, perhaps one of these.
            if not self._groups.are_the_same():
                return False
            self._edits = edits
        return self._hold()

    def begin(self, own: Dict[Any, Any]) -> Config:
        """What the first interceptor gets: ``completed(merge_config(defaults, own), defaults)``.

        ``own``: the options of one request, a plain ``dict`` of snake_case names; not altered.
        """
        flat, given = self.flattened(own.get("method")), own.get("headers", _ABSENT)
        headers = flat if flat is None or given is _ABSENT else overlaid(flat, given)
        base, made = self.base, filled(Config, self.base)
        for name, value, copy in self._fresh:
            _put(made, name, copy(value))
        for name, value in own.items():
            if type(value) not in LEAVES and (headers is None or name != "headers"):
                value = merge_option(name, base.get(name), value)
            _put(made, name, value)
        if headers is None:
            return completed(made, self._defaults)
        _put(made, "headers", headers.copy() if given is _ABSENT else headers)
        return made

    def flattened(self, method: Any) -> Optional[Headers]:
        """The headers of a usual method, not to be altered; None for any other, which may be no method at all."""
        if type(method) is not str or method not in METHODS:
            return None
        flat = self._flat.get(method)
        if flat is None:
            flat = self._flat[method] = flatten_headers(self._grouped, method)
        return flat


def _copier(name: str, value: Any) -> Callable[[Any], Any]:
    """How a request comes to a value of its own."""
    kind = type(value)
    if kind is list and is_flat(map(type, value)):
        return list.copy
    if kind is OptionGroup and is_flat(map(type, value.values())):
        return partial(filled, OptionGroup)
    return lambda held: merge_option(name, None, held)


class _Held:
    """Containers, and all that was in them: held, so that nothing else can be what it was."""

    __slots__ = ("_mappings", "_lists", "_of_mappings", "_of_lists", "_values", "_pairs", "_inner", "_orders", "_is_told")

    def __init__(self) -> None:
        # Each mapping with its keys and a view of its values; each list with its length.
        self._mappings: List[Tuple[Any, List[str], Any]] = []
        self._lists: List[Tuple[Any, int]] = []
        self._of_mappings: List[Any] = []
        self._of_lists: List[Any] = []
        self._values: List[Any] = []
        # The same for a comparison by what is equal: each container with a copy of its content, what containers
        # a mapping has, mappings with the order of their keys if that can be another, and whether what is equal
        # is the same here.
        self._pairs: List[Tuple[Any, Any]] = []
        self._inner: List[Tuple[Any, str, Any]] = []
        self._orders: List[Tuple[Any, List[str]]] = []
        self._is_told = True

    def add_mapping(self, mapping: Any, keys: List[str], values: List[Any]) -> None:
        """Its content as it was read."""
        self._mappings.append((mapping, keys, mapping.values()))
        self._of_mappings += values
        self._pairs.append((mapping, dict(zip(keys, values))))
        self._inner += [(mapping, key, value) for key, value in zip(keys, values) if type(value) in _CONTAINERS]
        if len(keys) > 1:
            self._orders.append((mapping, keys))
        self._add([value for value in values if type(value) not in _CONTAINERS])

    def add_list(self, items: Any, values: Any) -> None:
        """Its content as it was read."""
        self._lists.append((items, len(values)))
        self._of_lists += values
        self._pairs.append((items, values))
        self._add(values)

    def _add(self, values: Any) -> None:
        self._values = self._of_mappings + self._of_lists
        self._is_told = self._is_told and _TELLING.issuperset(map(type, values))

    def hold(self) -> Callable[[], bool]:
        """What tells whether each holds what it held, once there is nothing to be added."""
        return self._are_equal if self._is_told else self.are_the_same

    def _are_equal(self) -> bool:
        """For texts and functions: a quarter of what identity takes."""
        try:
            for held, content in self._pairs:
                if held != content:
                    return False
            for mapping, key, value in self._inner:
                if dict.get(mapping, key) is not value:
                    return False  # another one, which nobody watches
            for mapping, keys in self._orders:
                if [*mapping] != keys:
                    return False
        except MISTAKES:  # of somebody's own __eq__, or because another thread is altering it
            return False
        return True

    def are_the_same(self) -> bool:
        """Whether each holds the very objects that it held."""
        now: List[Any] = []
        try:
            for mapping, keys, values in self._mappings:
                if [*mapping] != keys:
                    return False
                now += values
            for items, count in self._lists:
                if len(items) != count:
                    return False  # it may have lost to its neighbour what stands at their border
                now += items
        except RuntimeError:  # the size of a dict changed: another thread is altering it
            return False
        return len(now) == len(self._values) and all(map(is_, now, self._values))


class _Watch:
    """One reading of the defaults: what is in each container, and a copy made of that same reading."""

    __slots__ = ("groups", "others")

    def __init__(self) -> None:
        self.groups = _Held()
        self.others = _Held()

    def copy_of(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """``value`` with new containers, all of them watched. ``name``: the option it belongs to."""
        kind = type(value)
        if kind in LEAVES:
            return value
        if depth > DEEPEST:
            raise Unwatchable
        if name == "headers":
            return self._headers(value)
        if kind in _MAPPINGS:
            items = self._items(value)
            return filled(kind, {key: self.copy_of(item, name or key, depth + 1) for key, item in items})
        if kind is list or kind is tuple:
            return kind([self.copy_of(item, name, depth + 1) for item in self._list(value)])
        if isinstance(value, _LOOKED_INTO) or name in GROUPS and is_mapping(value):
            raise Unwatchable
        return value

    def _headers(self, headers: Any) -> Any:
        if type(headers) is not HeaderDefaults:
            raise Unwatchable
        made = HeaderDefaults()
        for name, value in self._items(headers):
            if type(value) is dict and name in METHODS:
                made[name] = {key: self._header(item) for key, item in self._items(value)}
            else:
                made[name] = self._header(value)
        return made

    def _header(self, value: Any) -> Any:
        kind = type(value)
        if kind is list or kind is tuple:
            value = self._list(value)
            if _HEADER_TEXTS.issuperset(map(type, value)):
                return kind(value)
        elif kind in _HEADER_TEXTS:
            return value
        raise Unwatchable

    def _items(self, mapping: Any) -> List[Tuple[str, Any]]:
        items = list(mapping.items())
        keys = [key for key, _ in items]
        if any([type(key) is not str for key in keys]):
            raise Unwatchable
        held = self.groups if isinstance(mapping, OptionGroup) else self.others
        held.add_mapping(mapping, keys, [value for _, value in items])
        return items

    def _list(self, values: Any) -> Any:
        values_now = values[:]
        self.others.add_list(values, values_now)
        return values_now
