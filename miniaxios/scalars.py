"""The text of one value, as it stands in a query, a form field or a multipart part.

Rules of the room: it knows no keys and no nesting; it loads no module, since a value can only be
of a class (``datetime``, ``Enum``) whose module somebody has loaded already.
"""

from __future__ import annotations


from .errors import AxiosError
from .loading import is_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

#: What a class has that defines no text of its own.
_NO_TEXT: Any = object.__str__


def text_of(value: Any, name: str = "") -> str:
    """The text that stands for ``value``.

    ``str`` as it is; numbers as :func:`number_text`; ``True`` as ``true``; ``None`` as ``null``;
    bytes decoded as UTF-8, what is not UTF-8 as U+FFFD; dates as
    :func:`date_text`; an ``Enum`` as
    its value; anything else by its ``__str__``. An object without a ``__str__`` of its own
    (a function, a generator, an open file) has no text: the default one shows its address, which
    no server wants. ``name`` is the field's name, for the message.
    Raises ``AxiosError`` (``ERR_BAD_REQUEST``). Source: axios, string conversion of JavaScript.
    """
    writer = _WRITERS.get(type(value))
    if writer is None:
        writer = _rare_text
    try:
        return writer(value)
    except AxiosError:
        raise
    except Exception as error:
        # What a class's own __str__ raises is a failure to serialise, and keeps its cause.
        raise _unsendable(value, name) from error


def number_text(value: float) -> str:
    """A float as JavaScript prints it: ``1``, ``0.1``, ``1e+21``, ``NaN``, ``-Infinity``; no ``-0``.

    Source: ECMAScript, Number::toString. Exponents begin at 1e21 and below 1e-6.
    """
    # float's own method: a subclass (NumPy has one) may print itself with its class name.
    text = float.__repr__(value)
    if text[-2:] == ".0":
        return text[:-2] if value else "0"
    if "e" not in text and "n" not in text:
        # Both languages print the shortest digits that read back to the same number.
        return text
    return _NAMES.get(text) or _without_exponent(text)


def date_text(value: Any) -> str:
    """A ``date`` or ``datetime``: an aware one in UTC with milliseconds and ``Z``, else ``isoformat()``.

    ``2020-01-01T00:00:00.000Z``; microseconds are cut, not rounded. Raises ``OverflowError`` when
    the moment lies outside the years 1 to 9999 in UTC. Source: the contract of dates that
    parameters, forms and JSON share; axios, ``toISOString``.
    """
    offset = getattr(value, "utcoffset", None)
    if offset is None or offset() is None:
        return str(value.isoformat())
    from datetime import timezone

    moment = value.astimezone(timezone.utc).replace(tzinfo=None)
    return str(moment.isoformat(timespec="milliseconds")) + "Z"


def is_date(value: object) -> bool:
    """Whether ``value`` is a ``date`` or a ``datetime``."""
    return is_of(value, "datetime", "date")


def is_enum(value: object) -> bool:
    """Whether ``value`` is a member of an ``Enum``."""
    return is_of(value, "enum", "Enum")


_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _without_exponent(text: str) -> str:
    """``repr`` of a float with an exponent, in JavaScript's layout (which has exponents more rarely)."""
    sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
    mantissa, _, exponent = text.partition("e")
    digits = mantissa.replace(".", "")
    point = int(exponent) + 1
    if 0 < point <= 21:
        # repr has an exponent only from 1e16 on: there are never digits behind the point.
        return sign + digits.ljust(point, "0")
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    return f"{sign}{mantissa}e{point - 1:+d}"


def _bytes_text(value: Any) -> str:
    return bytes(value).decode("utf-8", "replace")


def _rare_text(value: Any) -> str:
    """Text of a value whose exact class is not in the table: subclasses and other people's classes."""
    if is_enum(value):
        # Before the built-in kinds: a member of `class Colour(str, Enum)` is a str as well.
        return text_of(value.value)
    for kind, writer in _FAMILIES:
        if isinstance(value, kind):
            return writer(value)
    if is_date(value):
        return date_text(value)
    if type(value).__str__ is _NO_TEXT:
        raise _unsendable(value)
    text: str = str(value)
    return text


def _unsendable(value: object, name: str = "") -> AxiosError:
    where = f" of {name!r}" if name else ""
    return AxiosError(
        f"the value{where} cannot be sent as text: {type(value).__name__}", AxiosError.ERR_BAD_REQUEST
    )


_WRITERS: Dict[type, Callable[[Any], str]] = {
    str: lambda value: value,
    int: str,
    float: number_text,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    bytes: _bytes_text,
    bytearray: _bytes_text,
    memoryview: _bytes_text,
}

_FAMILIES: Tuple[Tuple[Any, Callable[[Any], str]], ...] = (
    # The base class's own methods: a subclass may print itself in words of its own.
    (str, str.__str__),
    (int, int.__repr__),
    (float, number_text),
    ((bytes, bytearray), _bytes_text),
)
