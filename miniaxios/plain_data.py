"""Copies and merges of plain containers: ``dict``, ``list``, ``tuple`` and what is in them.

Rules of the room: neither input is changed, and the result shares no plain container with either; any
other object is passed on as it is. Keys are data, whatever they spell. Depth is counted and cycles are
found, so that no input exhausts the stack.
"""

from __future__ import annotations

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple

#: Most levels of nesting below an option's own value. Source: axios, ``maxDepth`` of its serialiser.
MAX_DEPTH = 100

_MappingProxy = type(type.__dict__)

#: Types whose values are passed on without another look: those of nearly all options.
LEAVES = frozenset((str, int, float, bool, bytes, type(None), type(lambda: 0), type(len), type))

#: Whether types, the items' of a container, are leaves, all of them.
is_flat = LEAVES.issuperset


def is_plain_mapping(value: Any) -> bool:
    """Whether ``value`` is a ``dict`` (or a read-only view of one).

    Any other mapping is an object of somebody's class, a jar, a session, a store: not ours to copy.
    """
    return isinstance(value, dict) or type(value) is _MappingProxy


def copied(name: str, value: Any, trail: Tuple[int, ...] = ()) -> Any:
    """``value`` with its plain containers made anew, to the bottom.

    ``name``: the option, for the errors; ``trail``: the identities of the containers around ``value``.
    Raises AxiosError (ERR_BAD_OPTION_VALUE) for one that contains itself and for more than
    ``MAX_DEPTH`` levels, which in ``params`` is ERR_FORM_DATA_DEPTH_EXCEEDED, as when they are sent.
    """
    kind = type(value)
    if kind in LEAVES:
        return value
    if not trail:
        # A flat container can't contain itself: nearly always, and then all in C.
        if kind is dict and is_flat(map(type, value.values())):
            return value.copy()
        if kind is list and is_flat(map(type, value)):
            return value[:]
    if is_plain_mapping(value):
        trail = _entered(name, value, trail)
        # list(): another thread may be altering an instance's defaults.
        return {key: copied(name, item, trail) for key, item in list(value.items())}
    if isinstance(value, list):
        trail = _entered(name, value, trail)
        return [copied(name, item, trail) for item in value]
    if kind is tuple:
        trail = _entered(name, value, trail)
        return tuple([copied(name, item, trail) for item in value])
    return value


def merged(name: str, old: Any, new: Any, trail: Tuple[int, ...] = ()) -> Any:
    """``new`` over ``old``: mappings key by key, anything else replaces. As :func:`copied` otherwise."""
    if not (is_plain_mapping(old) and is_plain_mapping(new)):
        return copied(name, new, trail)
    trail = _entered(name, new, trail)
    made = {key: value if key in new else copied(name, value, trail) for key, value in list(old.items())}
    for key, value in list(new.items()):
        made[key] = value if type(value) in LEAVES else merged(name, made.get(key), value, trail)
    return made


def _entered(name: str, value: Any, trail: Tuple[int, ...]) -> Tuple[int, ...]:
    """The trail with one more container on it, unless that is one too many or on it already."""
    if id(value) in trail:
        raise AxiosError(f"Circular reference detected in {name}", AxiosError.ERR_BAD_OPTION_VALUE)
    if len(trail) > MAX_DEPTH:
        code = "ERR_FORM_DATA_DEPTH_EXCEEDED" if name == "params" else "ERR_BAD_OPTION_VALUE"
        message = f"Object is too deeply nested ({len(trail)} levels). Max depth: {MAX_DEPTH}"
        raise AxiosError(f"{message} (option {name})", code)
    return (*trail, id(value))
