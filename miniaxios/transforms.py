"""The default transforms: what becomes of ``data`` on its way out and back.

Rules of the room: a transform changes nothing that it does not understand, and never the object
that it was given. Source: axios, ``lib/defaults`` (its order of tests is kept), with two
differences: media types are compared without regard to case (RFC 9110 section 8.3.1), and ``None``
is no body at all, never the text ``null``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
MULTIPART_TYPE = "multipart/form-data"

_JSON_BLANKS = " \t\n\r"
#: A JSON text begins with one of these; anything else need not be tried (nor :mod:`json` loaded).
_JSON_STARTS = frozenset('{["-0123456789tfn')
#: What CPython allows by default since 3.11. Older ones take quadratic time for more.
_MOST_DIGITS = 4300

_parse: Optional[Callable[[str], Any]] = None
_check: Optional[Callable[[str], Any]] = None
_encode: Optional[Callable[[Any], str]] = None


# --- running a caller's transforms -----------------------------------------------------------


def transform_data(
    transforms: Any, data: Any, headers: Any, status: Optional[int] = None, config: Any = None
) -> Any:
    """Pass ``data`` through one transform or a list of them; returns what the last one returns.

    ``transforms``: a callable, a list or tuple of callables, or None. Each is called with as many
    of ``(data, headers, status)`` as it asks for by its own signature, see :func:`count_arguments`;
    the default transforms get ``config`` too. ``status`` (int) is None for a request. Exceptions of
    a transform propagate unchanged. Source: axios, ``lib/core/transformData``.
    """
    if transforms is None:
        return data
    for transform in transforms if isinstance(transforms, (list, tuple)) else (transforms,):
        if transform is default_transform_request:
            data = default_transform_request(data, headers, config)
        elif transform is default_transform_response:
            data = default_transform_response(data, headers, status, config)
        else:
            count = count_arguments(transform, 2 if status is None else 3)
            data = transform(*(data, headers, status)[:count])
    return data


def count_arguments(transform: Any, most: int = 3) -> int:
    """How many of ``(data, headers, status)`` to call ``transform`` with: 1, 2 or 3.

    All the positional parameters that it requires. An optional one is filled only when it carries
    the name of what would fill it (``headers``, ``status``), so that ``lambda data, key=key: ...``
    and ``str.strip`` are safe. ``*args`` takes ``most``. Wrappers made by ``functools.wraps`` are
    judged by what they wrap.
    """
    parameters = _parameters_of(transform)
    if parameters is None:
        return most
    required, optional = parameters
    count = len(required)
    for name in optional:
        if (count, name) not in ((1, "headers"), (2, "status")):
            break
        count += 1
    return min(max(count, 1), 3)


def _parameters_of(transform: Any) -> Optional[Tuple[List[str], List[str]]]:
    """Names of the required and of the optional positional parameters; None when any number fits."""
    bound = getattr(transform, "__self__", None) is not None
    for _ in range(10):  # a chain of wrappers, which might be a ring
        transform = getattr(transform, "__wrapped__", transform)
    code = getattr(transform, "__code__", None)
    if code is None:
        return _inspected(transform)
    names = list(code.co_varnames[1 if bound else 0 : code.co_argcount])
    if code.co_flags & 0x04:  # CO_VARARGS
        return None
    first_optional = len(names) - len(transform.__defaults__ or ())
    return names[:first_optional], names[first_optional:]


def _inspected(transform: Any) -> Optional[Tuple[List[str], List[str]]]:
    """The same for classes, partials, callable objects and functions written in C."""
    from inspect import Parameter, signature

    try:
        parameters = signature(transform).parameters.values()
    except (TypeError, ValueError):  # some of C's have no signature
        return ["data"], []
    if any(each.kind is Parameter.VAR_POSITIONAL for each in parameters):
        return None
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    positional = [each for each in parameters if each.kind in kinds]
    required = [each.name for each in positional if each.default is Parameter.empty]
    return required, [each.name for each in positional if each.default is not Parameter.empty]


# --- the way out -----------------------------------------------------------------------------


def default_transform_request(data: Any, headers: Any, config: Any = None) -> Any:
    """Turn ``data`` into what can be sent; sets ``Content-Type`` in ``headers`` where it is unset.

    ``headers``: :class:`Headers`. ``config``: mapping, of which ``form_serializer`` is read.

    - ``dict``, ``list``, ``tuple``, other mappings, dataclasses: JSON as ``bytes``, or the form
      fields that the content type asks for (``str`` urlencoded, or ``FormData``).
    - ``URLSearchParams``: its text. ``FormData``: itself, or JSON when the content type is JSON's.
    - with JSON's content type also ``str`` (as it is when it is JSON, else quoted), numbers, bools.
    - the rest (bytes, files, iterables) unchanged, the same object.

    Raises AxiosError ``ERR_BAD_REQUEST`` for what JSON can't say, and the errors of forms.
    """
    if data is None or isinstance(data, (bytes, bytearray, memoryview)):
        return data
    if isinstance(data, (dict, list, tuple)):
        return _structure(data, headers, config)
    if isinstance(data, str):
        return _json_from_text(data) if JSON_TYPE in _content_type(headers) else data
    return _object(data, headers, config)


def _structure(data: Any, headers: Any, config: Any) -> Any:
    content_type = _content_type(headers)
    if FORM_TYPE in content_type:
        from .forms import urlencode_form

        return urlencode_form(data, _form_serializer(config))
    if MULTIPART_TYPE in content_type:
        from .forms import to_form_data

        return to_form_data(data, None, _form_serializer(config))
    return _json(data, headers)


def _object(data: Any, headers: Any, config: Any) -> Any:
    """The less usual: forms, streams, dataclasses, numbers, and what only the adapter can judge."""
    if callable(getattr(data, "read", None)) or hasattr(data, "__next__"):
        return data
    from .form_data import FormData
    from .json_body import is_dataclass_instance, plain_value
    from .search_params import URLSearchParams

    if isinstance(data, FormData):
        return _json_from_form(data) if JSON_TYPE in _content_type(headers) else data
    if isinstance(data, URLSearchParams):
        headers.set_content_type(FORM_TYPE + ";charset=utf-8", False)
        return str(data)
    if isinstance(data, Mapping) or is_dataclass_instance(data):
        return _structure(plain_value(data), headers, config)
    if hasattr(data, "__iter__") or JSON_TYPE not in _content_type(headers):
        return data
    return _json(data, headers)


def _json(data: Any, headers: Any) -> str:
    encoded = to_json(data)
    headers.put_default("content-type", "Content-Type", JSON_TYPE)
    return encoded


def _json_from_form(form: Any) -> str:
    from .forms import form_to_json
    from .json_body import encode_json

    return encode_json(form_to_json(form))


def _json_from_text(text: str) -> Any:
    """JSON text goes trimmed, any other text as a JSON string. Source: axios, ``stringifySafely``."""
    from .json_body import encode_json

    try:
        (_check or _load_check())(text)
    except RecursionError:
        raise AxiosError("data is JSON that is nested too deeply", AxiosError.ERR_BAD_REQUEST) from None
    except ValueError:
        return encode_json(text)
    return text.strip(_JSON_BLANKS)


def _content_type(headers: Any) -> str:
    found = headers.get("Content-Type")
    return found.lower() if isinstance(found, str) else ""


def _form_serializer(config: Any) -> Any:
    return config.get("form_serializer") if config else None


# --- the way back ----------------------------------------------------------------------------


def default_transform_response(
    data: Any, headers: Any = None, status: Optional[int] = None, config: Any = None
) -> Any:
    """Parse ``data`` (``str``, or bytes in UTF-8) as JSON where axios would; else return it as it is.

    Parsed when ``response_type`` is ``"json"``, or unset and ``transitional.forced_json_parsing``;
    the ``Content-Type`` is not consulted. What does not parse stays as it is, except with
    ``response_type="json"`` and ``transitional.silent_json_parsing`` false: AxiosError
    ``ERR_BAD_RESPONSE``. An empty body is never an error.

    JSON is JSON as RFC 8259 has it: ``NaN`` and ``Infinity`` do not parse, nor does nesting beyond
    the interpreter's stack or an integer of more digits than it allows (4300). Of a repeated key
    the last counts. ``parse_reviver``: see :func:`revive`; its exceptions propagate unchanged.
    """
    if not isinstance(data, (str, bytes)) or not data:
        return data
    # The dict's own get: the Config's would cost as much as the parsing of a small body.
    options = config if isinstance(config, dict) else dict(config or {})
    response_type = dict.get(options, "response_type")
    wants_json = response_type == "json"
    if not wants_json and (response_type or not _switch(options, "forced_json_parsing")):
        return data
    strict = wants_json and not _switch(options, "silent_json_parsing")
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if strict:
        try:
            parsed = (_parse or _load_parse())(text)
        except (ValueError, RecursionError) as error:
            raise AxiosError.from_(error, AxiosError.ERR_BAD_RESPONSE, config) from error
    else:
        parsed = json_or_text(text)
        if parsed is text:
            return data
    reviver = dict.get(options, "parse_reviver")
    return parsed if reviver is None else revive(parsed, reviver)


def json_or_text(text: str) -> Any:
    """What ``text`` says as JSON, or the same object where it is none."""
    start = text[:1]
    if start not in _JSON_STARTS and (
        start not in _JSON_BLANKS or text.lstrip(_JSON_BLANKS)[:1] not in _JSON_STARTS
    ):
        return text
    try:
        return (_parse or _load_parse())(text)
    except (ValueError, RecursionError):
        return text


def revive(value: Any, reviver: Callable[[str, Any], Any]) -> Any:
    """Pass every member of parsed JSON through ``reviver(key, value) -> value``, innermost first.

    Keys are ``str``, also the indexes of lists (``"0"``); the last call is for the whole, with the
    key ``""``. What it returns takes the member's place (``None`` is a value: nothing is deleted).
    Changes ``value`` in place. Source: ECMAScript, ``JSON.parse``.
    """
    top: Any = {"": value}
    levels: List[Tuple[Any, Iterator[Any]]] = [(top, iter([""]))]
    waiting: List[Any] = []
    while levels:
        holder, keys = levels[-1]
        for key in keys:
            member = holder[key]
            if isinstance(member, (dict, list)) and member:
                inner = list(member) if isinstance(member, dict) else range(len(member))
                levels.append((member, iter(inner)))
                waiting.append(key)
                break
            holder[key] = reviver(str(key), member)
        else:
            levels.pop()
            if waiting:
                key = waiting.pop()
                holder = levels[-1][0]
                holder[key] = reviver(str(key), holder[key])
    return top[""]


def _switch(options: Any, name: str) -> Any:
    """A member of ``transitional``; on unless it says otherwise."""
    switches = dict.get(options, "transitional")
    if isinstance(switches, dict):
        return dict.get(switches, name, True)
    return switches.get(name, True) if switches else True


def _load_parse() -> Callable[[str], Any]:
    global _parse
    _parse = _decoder(None if hasattr(sys, "get_int_max_str_digits") else _bounded_int)
    return _parse


def to_json(data: Any) -> str:
    """As :func:`json_body.encode_json`, whose room is loaded with the first body that needs it."""
    return (_encode or _load_encode())(data)


def _load_encode() -> Callable[[Any], str]:
    global _encode
    from .json_body import encode_json

    _encode = encode_json
    return _encode


def _load_check() -> Callable[[str], Any]:
    """A parser that only judges: numbers cost nothing, however long."""
    global _check
    _check = _decoder(len, len)
    return _check


def _decoder(parse_int: Any = None, parse_float: Any = None) -> Callable[[str], Any]:
    from json import JSONDecoder

    decoder = JSONDecoder(parse_int=parse_int, parse_float=parse_float, parse_constant=_refuse_constant)

    scan: Any = decoder.scan_once  # type: ignore[attr-defined]
    if sys.version_info < (3, 10):
        scan = decoder.scan_once = _without_collections(scan)

    def parse(text: str) -> Any:
        # decode() looks for blanks at both ends by regular expressions: half a microsecond of every body.
        start = len(text) - len(text.lstrip(_JSON_BLANKS)) if text[:1] in _JSON_BLANKS else 0
        try:
            value, end = scan(text, start)
        except StopIteration:
            return decoder.decode(text)  # tells what is wrong
        if end != len(text) and text[end:].strip(_JSON_BLANKS):
            return decoder.decode(text)  # tells what is wrong with the rest
        return value

    return parse


def _without_collections(scan: Callable[[str, int], Any]) -> Callable[[str, int], Any]:
    """``scan`` without the garbage collector, which before Python 3.10 can be the end of the process.

    A finalizer, or a callback of the collector, that is called at the depth where an array in arrays is one too many
    fails with the RecursionError in the parser's place, and nobody hears of it; the parser goes on, and the interpreter
    aborts: "Cannot recover from stack overflow". So a server could end us with a body of brackets.
    """
    import gc

    def scan_alone(text: str, start: int) -> Any:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return scan(text, start)
        finally:
            if was_enabled:
                gc.enable()

    return scan_alone


def _refuse_constant(name: str) -> Dict[str, Any]:
    raise ValueError(f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"an integer of more than {_MOST_DIGITS} digits")
    return int(digits)
