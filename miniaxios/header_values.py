"""What is written in a header: names and values as text.

Rules of the room: pure functions, each linear in the length of its input; nothing is sanitised away
(what can't be sent, the wire refuses) and nothing is guessed.
"""

from __future__ import annotations

from .errors import AxiosError, bad_option
from .loading import is_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator, List, Tuple, Union

    #: How a value is kept: text, several lines of text, or a marker (None "left unset", False "removed").
    Stored = Union[str, List[str], bool, None]

#: RFC 9110 section 5.6.3 "OWS": the only characters trimmed from the ends of a value.
BLANKS = " \t"

#: Fields that have one value: of several lines of raw header text the first counts, as in axios.
SINGLE = frozenset(
    "age authorization content-length content-type etag expires from host if-modified-since"
    " if-unmodified-since last-modified location max-forwards proxy-authorization referer"
    " retry-after server user-agent".split()
)


def fold(name: object) -> str:
    """``name`` as it is looked up: outer blanks off, lower case; ``""`` for what can't be a name."""
    return (name if type(name) is str else name_text(name)).strip(BLANKS).lower()


def name_text(name: object) -> str:
    """A header's name as an exact ``str``: bytes are Latin-1, None is ``""``, numbers are written out."""
    if isinstance(name, str):
        return str.__str__(name)
    if isinstance(name, (bytes, bytearray)):
        return name.decode("latin-1")
    return "" if name is None else str(name)


def stored(name: object, value: object) -> Stored:
    """``value`` as it is kept; ERR_BAD_OPTION_VALUE naming the header when it has no text of its own.

    Markers inside a list are left out, and a list of nothing is the marker None.
    """
    if type(value) is str:
        return value.strip(BLANKS)
    if value is None:
        return None
    if value is False:
        return False
    if isinstance(value, (list, tuple)):
        return [value_text(name, item) for item in value if not _is_marker(item)] or None
    return value_text(name, value)


def value_text(name: object, value: object) -> str:
    """One value as text: numbers and booleans as JavaScript writes them, bytes as Latin-1."""
    if isinstance(value, str):
        # The base class's methods: a subclass (a str Enum, say) may show itself in another way.
        return str.strip(value, BLANKS)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("latin-1").strip(BLANKS)
    if is_of(value, "enum", "Enum"):
        return value_text(name, getattr(value, "value", None))
    if _is_speechless(value):
        expected = "text, a number, a boolean or a list of them"
        raise bad_option(f"headers[{name_text(name)!r}]", expected, value)
    return str(value).strip(BLANKS)


def _is_speechless(value: object) -> bool:
    """Whether ``str(value)`` would put Python's own notation, or an address in memory, on the wire."""
    kind = type(value)
    shown = kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__
    return value is None or not shown or callable(value) or hasattr(kind, "__iter__")


def number_text(value: float) -> str:
    """A float as ECMA-262's Number::toString has it: ``1.0`` is ``1``, ``1e16`` is written out."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    power, digits = int(exponent or "0"), whole + fraction
    if exponent and 0 <= power < 21:
        mantissa = digits.ljust(power + 1, "0")
    elif exponent and -7 < power < 0:
        mantissa = "0." + "0" * (-power - 1) + digits
    elif exponent:
        mantissa += f"e{power:+d}"
    elif fraction == "0":
        mantissa = whole
    return "-" + mantissa if value < 0 else mantissa


def joined(values: List[str]) -> str:
    """Several lines of a field as one text (RFC 9110 section 5.3); ``get_all`` tells them apart."""
    return ", ".join(values)


def pairs_of_text(text: str) -> Iterator[Tuple[str, str]]:
    """The fields of raw header text: names in lower case, lines without a colon left out.

    Of a field that has one value the first line counts. Source: axios, ``parseHeaders``.
    """
    seen = set()
    for line in text.split("\n"):
        name, colon, value = (line[:-1] if line.endswith("\r") else line).partition(":")
        key = fold(name)
        if colon and key and not (key in seen and key in SINGLE):
            seen.add(key)
            yield key, value.strip(BLANKS)


def gathered(pairs: Iterable[object]) -> Iterator[Tuple[str, Any]]:
    """(name, value) once for each name, in the first spelling; the values of repeats make a list.

    A marker (None, False) replaces what came before it, and is replaced by what comes after.
    ERR_BAD_OPTION_VALUE for an entry that is no pair.
    """
    found: Dict[str, Tuple[str, List[Any]]] = {}
    for entry in pairs:
        if not isinstance(entry, (list, tuple)) or len(entry) != 2:
            raise AxiosError("Object iterator must return a key-value pair", AxiosError.ERR_BAD_OPTION_VALUE)
        name, value = name_text(entry[0]), entry[1]
        _, values = found.setdefault(fold(name), (name, []))
        if _is_marker(value) or len(values) == 1 and _is_marker(values[0]):
            values.clear()
        if isinstance(value, (list, tuple)):
            values.extend(value)
        else:
            values.append(value)
    for key, (name, values) in found.items():
        alone = len(values) == 1 and (key != "set-cookie" or _is_marker(values[0]))
        yield name, values[0] if alone else values


def _is_marker(value: object) -> bool:
    return value is None or value is False
