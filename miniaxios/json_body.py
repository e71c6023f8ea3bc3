"""JSON for request bodies: compact UTF-8, and errors that say where.

Rules of the room: the C encoder does the work; the value is walked a second time, iteratively,
only when that failed, to find the path of the culprit. No error text shows a value, only types.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .errors import AxiosError
from .loading import is_of
from .scalars import date_text, is_date, is_enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional, Set, Tuple

    Member = Tuple[object, object]

#: Paths deeper than this are blamed when the encoder ran out of stack.
MAX_DEPTH = 100
_LONGEST_PATH = 200
_INFINITY = float("inf")
_ITSELF = object()  # the key of a value that is no member of anything

_encode: Optional[Callable[[object], str]] = None


def encode_json(value: object) -> str:
    """``value`` as compact JSON, in the order of its keys.

    Beyond what :mod:`json` knows: mappings and dataclasses become objects, ``datetime`` and
    ``date`` ISO 8601 text, ``UUID`` and ``Decimal`` their text, an ``Enum`` its value. A lone
    surrogate goes as its ``\\udXXX`` escape, as ECMAScript's well-formed ``JSON.stringify`` has it.

    Raises AxiosError ``ERR_BAD_REQUEST`` that names the path (``data.items[3].price``) for NaN and
    infinities, for types and keys that JSON lacks, for cycles and for too deep nesting.
    """
    encode = _encode or _load_encoder()
    try:
        text = encode(value)
        if not text.isascii():
            # Only surrogates fail to encode, and what replaces them is the JSON escape.
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return text
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _explained(value, error) from error


def _load_encoder() -> Callable[[object], str]:
    global _encode
    from json import JSONEncoder

    encoder = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=plain_value)
    _encode = encoder.encode
    return _encode


def plain_value(value: Any) -> object:
    """What stands for ``value`` in JSON, one level deep, when JSON has no such type itself.

    Raises TypeError for types that nothing stands for, ValueError for a NaN or infinite Decimal.
    """
    if is_date(value):
        return date_text(value)
    if is_enum(value):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass_instance(value):
        from dataclasses import fields

        return {field.name: getattr(value, field.name) for field in fields(value)}
    if is_of(value, "uuid", "UUID"):
        return str(value)
    if is_of(value, "decimal", "Decimal"):
        return _decimal_text(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def is_dataclass_instance(value: object) -> bool:
    """Whether ``value`` is an instance of a dataclass (the class itself is not)."""
    return hasattr(type(value), "__dataclass_fields__")


def _decimal_text(value: Any) -> str:
    if not value.is_finite():
        raise ValueError("a Decimal that is not finite is not JSON")
    return str(value)


# --- where it went wrong ---------------------------------------------------------------------


def _explained(value: object, error: BaseException) -> AxiosError:
    # Depth is at fault only when the stack ran out; a cycle is found by its ancestors before.
    found = _find_fault(value, MAX_DEPTH if isinstance(error, RecursionError) else sys.maxsize)
    path, reason = found or ("data", str(error))
    return AxiosError(f"{path} can't be sent as JSON: {reason}", AxiosError.ERR_BAD_REQUEST)


def _find_fault(root: object, max_depth: int) -> Optional[Tuple[str, str]]:
    """Path and reason of the first thing in ``root`` that JSON can't say, depth first."""
    labels: List[str] = []
    levels: List[Tuple[int, Iterator[Member]]] = [(0, iter([(_ITSELF, root)]))]
    ancestors: Set[int] = set()
    while levels:
        owner, members = levels[-1]
        for key, child in members:
            labels.append(_label(key))
            reason, inner = _examine(key, child, ancestors, len(levels) > max_depth)
            if reason:
                return _shortened("data" + "".join(labels)), reason
            if inner is not None:
                ancestors.add(id(child))
                levels.append((id(child), inner))
                break
            labels.pop()
        else:
            ancestors.discard(owner)
            levels.pop()
            del labels[-1:]
    return None


def _examine(
    key: object, value: Any, ancestors: Set[int], too_deep: bool
) -> Tuple[Optional[str], Optional[Iterator[Member]]]:
    """``(why not, None)``, or ``(None, members)`` of a container, or ``(None, None)`` for a good leaf."""
    if key is not _ITSELF and not isinstance(key, (str, int, float, type(None))):
        return f"a key of type {type(key).__name__}", None
    if isinstance(key, float) and not _is_finite(key):
        return "a key that is not a finite number", None
    if id(value) in ancestors:
        return "a circular reference", None
    if isinstance(value, (dict, list, tuple)):
        return ("nested too deeply", None) if too_deep else (None, _members(value))
    if value is None or isinstance(value, (str, bool)):
        return None, None
    if isinstance(value, (int, float)):
        return _number_fault(value), None
    try:
        # One more level: the stand-in may itself need one (an Enum of dates).
        return ("nested too deeply", None) if too_deep else (None, iter([(_ITSELF, plain_value(value))]))
    except (TypeError, ValueError, OverflowError) as error:
        return str(error), None


def _number_fault(value: Any) -> Optional[str]:
    if isinstance(value, float):
        return None if _is_finite(value) else "NaN and infinities are not JSON"
    try:
        int.__repr__(value)
    except ValueError as error:  # more digits than the interpreter is willing to print
        return str(error)
    return None


def _is_finite(value: float) -> bool:
    return -_INFINITY < value < _INFINITY


def _members(container: Any) -> Iterator[Member]:
    if isinstance(container, dict):
        return iter(list(container.items()))
    return iter(enumerate(container))


def _label(key: object) -> str:
    if key is _ITSELF:
        return ""
    if isinstance(key, str):
        return "." + key if key.isidentifier() else f"[{key[:40]!r}]"
    return f"[{key}]" if type(key) in (int, bool, type(None)) else f"[{type(key).__name__}]"


def _shortened(path: str) -> str:
    return path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "..."
