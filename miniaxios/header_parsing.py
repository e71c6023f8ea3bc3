"""What is read from a header: tokens, parameters, and the callers' own parsers and matchers.

Rules of the room: it is loaded when first needed; its own grammars take time linear in their input.
"""

from __future__ import annotations

from .errors import AxiosError, bad_option
from .header_values import BLANKS, name_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional


#: A letter for each mark that RFC 9110 allows in a token, so that ``isalnum`` can judge the rest.
_MARKS = {ord(mark): "x" for mark in "!#$%&'*+-.^_`|~"}


def tokens(value: str) -> Dict[str, Optional[str]]:
    """``"a=1, b; c=2"`` as ``{"a": "1", "b": None, "c": "2"}``; knows nothing of quotes.

    Source: axios, ``AxiosHeaders.get(name, true)``.
    """
    import re

    found = re.findall(r"([^\s,;=]+)\s*(?:(=)\s*([^,;]+))?", value, re.ASCII)
    return {name: text if mark else None for name, mark, text in found}


def parse_parameters(value: object) -> Dict[str, str]:
    """The ``name=value`` parts of a field value, names in lower case, quotes and escapes taken off.

    Parts end at ``;`` and ``,`` outside of quotes; a part that is no parameter is left out.
    Source: axios, ``AxiosHeaders.parseParameters``; RFC 9110 section 5.6.6.
    """
    found = {}
    for part in _parts(name_text(value)):
        name, equals, text = part.strip(BLANKS).partition("=")
        name = name.rstrip(BLANKS)
        if equals and is_token(name):
            found[name.lower()] = _unquoted(text.lstrip(BLANKS))
    return found


def is_token(name: str) -> bool:
    """Whether ``name`` is a token of RFC 9110 section 5.6.2, which every field name has to be."""
    return name.isascii() and name.translate(_MARKS).isalnum()


def _parts(text: str) -> Iterator[str]:
    start, quoted, escaped = 0, False, False
    for at, mark in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and mark == "\\":
            escaped = True
        elif mark == '"':
            quoted = not quoted
        elif not quoted and mark in ",;":
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _unquoted(text: str) -> str:
    """The inside of a quoted-string, or ``text`` itself when it isn't exactly one."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    plain: List[str] = []
    escaped = False
    for mark in text[1:-1]:
        if not escaped and mark == '"':
            return text
        if not escaped and mark == "\\":
            escaped = True
            continue
        plain.append(mark)
        escaped = False
    return text if escaped else "".join(plain)


def title_case(key: str) -> str:
    """``"content-type"`` as ``"Content-Type"``. Source: axios, ``AxiosHeaders.normalize(true)``."""
    import re

    return re.sub(r"([a-z\d])(\w*)", lambda found: found[1].upper() + found[2], key, flags=re.ASCII)


def is_pattern(thing: Any) -> bool:
    """Whether ``thing`` is a compiled regular expression for text."""
    return hasattr(thing, "search") and isinstance(getattr(thing, "pattern", None), str)


def parsed(parser: Any, value: str, name: str) -> Any:
    """``value`` through a parser that :func:`check_parser` let pass."""
    if parser is True:
        return tokens(value)
    return parser.search(value) if is_pattern(parser) else call(parser, value, name, value)


def check_parser(parser: Any) -> None:
    """ERR_BAD_OPTION_VALUE unless ``parser`` is True, a regular expression or a callable."""
    if not (parser is True or is_pattern(parser) or callable(parser)):
        raise AxiosError("parser must be boolean|regexp|function", AxiosError.ERR_BAD_OPTION_VALUE)


def matches(matcher: Any, subject: str, value: Optional[str], name: str) -> bool:
    """Whether ``matcher`` takes ``subject``: a substring, a regular expression or ``(value, name)``.

    A callable of one argument is given ``subject``. ERR_BAD_OPTION_VALUE for any other matcher.
    """
    if isinstance(matcher, str):
        return matcher in subject
    if is_pattern(matcher):
        return matcher.search(subject) is not None
    if callable(matcher):
        return bool(call(matcher, value, name, subject))
    raise bad_option("matcher", "a string, a regular expression or a callable", matcher)


def call(function: Callable[..., Any], value: Optional[str], name: str, alone: str) -> Any:
    """``function(value, name)`` as axios calls it, or ``function(alone)`` when it takes one argument.

    So ``int`` is a parser: JavaScript drops the arguments that a function doesn't take.
    """
    return function(value, name) if _takes_two(function) else function(alone)


def _takes_two(function: Callable[..., Any]) -> bool:
    if isinstance(function, type):
        return False
    code = getattr(function, "__code__", None)
    if code is not None and not code.co_flags & 0x04:  # without *args, which may hide a wrapped function
        return bool(code.co_argcount - hasattr(function, "__self__") >= 2)
    import inspect

    try:
        inspect.signature(function).bind(None, None)
    except (TypeError, ValueError):  # too many arguments; a builtin that doesn't tell
        return False
    return True
