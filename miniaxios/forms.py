"""The door to everything that is a form or a query: what other rooms import.

Rules of the room: exceptions of a caller's own callback pass through unchanged; whatever else can't
be serialised is an ``AxiosError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import AxiosError, bad_option
from .form_data import FormData
from .nesting import BLANKS, LEAF, MAP, Flattener, items_of, shape_of
from .percent import encode_form, encode_param, scalar_text
from .scalars import text_of
from .search_params import URLSearchParams
from .unnesting import form_to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    Items = Iterable[Tuple[Any, Any]]

__all__ = [
    "FormData",
    "URLSearchParams",
    "form_to_json",
    "serialize_params",
    "to_form_data",
    "urlencode_form",
]


def serialize_params(params: Any, serializer: Any = None) -> str:
    """``params`` as a query without ``?``; ``""`` when there is nothing to send.

    ``params``: a mapping or dataclass, ``URLSearchParams`` (written as the WHATWG has it), or a list
    of pairs; any other list is numbered. ``serializer``: a callable ``(params) -> str``, or a
    mapping with ``serialize``, ``encode``, ``indexes``, ``dots``, ``max_depth``, ``visitor``,
    ``meta_tokens``. ``encode(text)`` replaces the encoder of names and values; if it requires two
    arguments, the second is an encoder to fall back on. What they return goes into the URL as it is.

    Values: None is skipped, booleans are ``true`` and ``false``, numbers as JavaScript prints them
    (``1.0`` is ``1``; ``1e+21``; ``NaN``; no ``-0``), dates ISO 8601, bytes their UTF-8 text, others
    their ``str()``. ``a=[1, 2]`` is ``a[]=1&a[]=2``; ``indexes`` ``True`` writes ``a[0]``, ``None``
    repeats ``a``; a nested ``{"a": {"b": 1}}`` is ``a[b]=1``, with ``dots`` ``a.b=1``.

    Raises ``AxiosError``: ``ERR_FORM_DATA_DEPTH_EXCEEDED``; ``ERR_BAD_OPTION_VALUE`` for cycles and
    bad options; ``ERR_BAD_REQUEST`` for the rest. Source: axios, ``buildURL`` and ``toFormData``.
    """
    if params is None or params is False or (isinstance(params, (str, int, float)) and not params):
        return ""
    options = {"serialize": serializer} if callable(serializer) else serializer
    if options is not None and not isinstance(options, Mapping):
        raise bad_option("params_serializer", "a callable or a mapping", options)
    serialize = _callable_option(options, "serialize")
    if serialize is not None:
        return _query_of(serialize(params, options) if _required_arguments(serialize) > 1 else serialize(params))
    if isinstance(params, URLSearchParams):
        return str(params)
    return _flattened(params, options, _callable_option(options, "encode"))


def urlencode_form(data: Any, form_serializer: Optional[Mapping[str, Any]] = None) -> str:
    """``data`` as an ``application/x-www-form-urlencoded`` body.

    ``data``: a mapping, a dataclass, a list (its items are numbered), ``URLSearchParams``.
    ``form_serializer``: a mapping with ``visitor``, ``dots``, ``meta_tokens``, ``indexes``,
    ``max_depth``. Values as in :func:`serialize_params`, except that bytes go as base64; the
    encoding is the WHATWG's, which escapes more than a query's. Files can't be sent so.
    Raises ``AxiosError`` as :func:`serialize_params`. Source: axios, ``toURLEncodedForm``.
    """
    if isinstance(data, URLSearchParams):
        return str(data)
    pieces: List[str] = []

    def append(name: Any, value: Any) -> None:
        name, text = text_of(name), text_of(value, name)
        pieces.append(encode_form(scalar_text(name)) + "=" + encode_form(scalar_text(text)))

    Flattener(append, form_serializer, _base64).flatten(_members(data), data)
    return "&".join(pieces)


def to_form_data(obj: Any, form: Any = None, options: Optional[Mapping[str, Any]] = None) -> Any:
    """``form`` (a new ``FormData`` unless given) with the fields of ``obj`` appended.

    ``obj``: a mapping, a dataclass, or a list (its items are numbered). ``form``: anything with
    ``append(name, value)``. ``options``: as ``form_serializer`` of :func:`urlencode_form`.
    None is skipped, bytes and open files become file parts, other values text as in
    :func:`serialize_params`. Raises ``AxiosError`` as that does. Source: axios, ``toFormData``.
    """
    form = FormData() if form is None else form
    Flattener(form.append, options).flatten(_members(obj), obj)
    return form


def _flattened(params: Any, options: Any, encode: Optional[Callable[..., Any]]) -> str:
    pieces: List[str] = []
    write = encode_param if encode is None else _checked_encoder(encode)

    def append(name: Any, value: Any) -> None:
        name = text_of(name)
        pieces.append(write(name) + "=" + write(text_of(value, name)))

    flattener = Flattener(append, options, _as_it_is)
    items = _items_of_params(params)
    if encode is None and flattener.visitor is None:
        _write_plain(items, params, flattener, pieces)
    else:
        flattener.flatten(items, params)
    return "&".join(pieces)


def _write_plain(items: Items, root: object, flattener: Flattener, pieces: List[str]) -> None:
    """What ``flattener`` does, with a short way for the plain values of the top level."""
    opened = {id(root)}
    for key, value in items:
        if type(value) is str:
            text = encode_param(value)
        elif value is None:
            continue
        elif type(value) in _PLAIN:
            # The "+" of an exponent is all that needs an escape in a number.
            text = text_of(value).replace("+", "%2B")
        else:
            flattener.visit(key, value, opened)
            continue
        name = key.strip(BLANKS) if type(key) is str else text_of(key)
        pieces.append(encode_param(name) + "=" + text)


#: Exact classes of values that need no look at their shape.
_PLAIN = frozenset((int, float, bool))


def _items_of_params(params: Any) -> Items:
    """Pairs of a mapping, of a list of pairs, or of another iterable of pairs; else numbered items."""
    if type(params) is dict:
        return params.items()
    if not isinstance(params, (list, tuple)) and _is_stream_of_pairs(params):
        params = list(params)
        if not all(map(_is_pair, params)):
            raise bad_option("params", "a mapping, URLSearchParams or a list of pairs", params)
    if isinstance(params, (list, tuple)) and all(map(_is_pair, params)):
        return params
    return _members(params)


def _is_stream_of_pairs(params: Any) -> bool:
    """``dict.items()``, ``zip()``, generators, forms: read once, they must be pairs."""
    if isinstance(params, FormData):
        return True
    leaf = (str, bytes, bytearray, memoryview)
    return isinstance(params, Iterable) and not isinstance(params, leaf) and shape_of(params) != MAP


def _is_pair(item: Any) -> bool:
    return isinstance(item, (tuple, list)) and len(item) == 2


def _members(data: Any) -> Items:
    shape = shape_of(data)
    if shape == LEAF:
        raise AxiosError("target must be an object", AxiosError.ERR_BAD_REQUEST)
    return items_of(data, shape)


def _as_it_is(value: Any) -> Any:
    return value


def _base64(value: Any) -> Any:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return value
    from binascii import b2a_base64

    return b2a_base64(value, newline=False).decode("ascii")


def _callable_option(options: Optional[Mapping[str, Any]], name: str) -> Optional[Callable[..., Any]]:
    found = None if options is None else options.get(name)
    if found is not None and not callable(found):
        raise bad_option(f"params_serializer.{name}", "a callable", found)
    return found


def _query_of(result: Any) -> str:
    """What a caller's ``serialize`` returned, as text."""
    if result is None or isinstance(result, (str, URLSearchParams)):
        return "" if result is None else str(result)
    raise bad_option("params_serializer", "a callable that returns a str", result)


def _checked_encoder(encode: Callable[..., Any]) -> Callable[[str], str]:
    """A caller's ``encode`` as a function of one text that gives a ``str``."""
    extra = (encode_form,) if _required_arguments(encode) >= 2 else ()

    def write(text: str) -> str:
        written = encode(text, *extra)
        if not isinstance(written, str):
            raise bad_option("params_serializer.encode", "a callable that returns a str", written)
        return written

    return write


def _required_arguments(function: Any) -> int:
    """How many positional arguments a Python function cannot do without; 1 for what can't be asked.

    Optional ones do not count: ``urllib.parse.quote`` would take an encoder for its ``safe``.
    """
    if not hasattr(function, "__code__") and not hasattr(function, "__func__"):
        # Of an object its method counts; that of a built-in or a partial has no code to look at.
        function = function.__call__
    bound = hasattr(function, "__func__")
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    return 1 if code is None else code.co_argcount - bound - len(function.__defaults__ or ())
