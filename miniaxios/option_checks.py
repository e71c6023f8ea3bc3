"""What each option accepts: tests of types and ranges, and the groups that are options of options.

Rules of the room: a test is ``(value) -> bool`` and looks at the value alone, never at files or the
network. Types are exact: a bool is no number, a number in a string is none either, NaN and infinity
are no limits. A value is never put into a message, for it may be a secret. To tell an object of a
class whose module may not be loaded, ask ``is_of``, or what the object can do.
"""

from __future__ import annotations

import re

from .errors import AxiosError, bad_option
from .loading import is_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

    Test = Callable[[Any], bool]


# RFC 9110 section 5.6.2, token. Compiled when a method is none of the usual ones.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_USUAL_METHODS = frozenset(
    "get post put patch delete head options GET POST PUT PATCH DELETE HEAD OPTIONS".split()
)
_RESPONSE_TYPES = frozenset("json text arraybuffer blob document stream".split())
# About 30 000 years of milliseconds: below it, no clock or wait that the value reaches overflows.
LONGEST_TIMEOUT = 10**15


def anything(value: Any) -> bool:
    """Everything passes: the option is looked at where it is used."""
    return True


def is_bool(value: Any) -> bool:
    """``True`` or ``False`` themselves: 1, 0 and None are none of them."""
    return value is True or value is False


def is_text(value: Any) -> bool:
    """A ``str``, or None."""
    return value is None or isinstance(value, str)


def is_callable(value: Any) -> bool:
    """Something that can be called, or None."""
    return value is None or callable(value)


def is_method(value: Any) -> bool:
    """A method name by RFC 9110 section 9.1, in any letter case, or None."""
    if not isinstance(value, str):
        return value is None
    return value in _USUAL_METHODS or re.fullmatch(_TOKEN, value) is not None


def is_count(value: Any) -> bool:
    """An ``int`` of 0 or more; ``True`` is no number."""
    return isinstance(value, int) and value >= 0 and not isinstance(value, bool)


def is_limit(value: Any) -> bool:
    """A number of bytes, or -1 or None where there is no limit."""
    return value is None or isinstance(value, int) and value >= -1 and not isinstance(value, bool)


def is_amount(value: Any) -> bool:
    """A finite number, 0 or more."""
    # NaN fails every comparison, and infinity this one.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LONGEST_TIMEOUT


def is_timeout(value: Any) -> bool:
    """Milliseconds, 0 or more, a ``datetime.timedelta`` that is not negative, or None."""
    if value is None or is_amount(value):
        return True
    return is_of(value, "datetime", "timedelta") and value.total_seconds() >= 0


def is_rate(value: Any) -> bool:
    """Bytes a second, a pair of such numbers (either may be None), or None."""
    if isinstance(value, (list, tuple)):
        return len(value) == 2 and all(item is None or is_amount(item) for item in value)
    return value is None or is_amount(value)


def is_family(value: Any) -> bool:
    """4, 6 or None."""
    return value is None or type(value) is int and value in (4, 6)


def is_response_type(value: Any) -> bool:
    """One of the six names, or None."""
    return value is None or isinstance(value, str) and value in _RESPONSE_TYPES


def is_texts(value: Any) -> bool:
    """A list, tuple or set of ``str``, or None; a lone ``str`` is no list of letters."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(isinstance(item, str) for item in value)
    return value is None


def is_text_or_texts(value: Any) -> bool:
    """A ``str`` or what :func:`is_texts` takes."""
    return isinstance(value, str) or is_texts(value)


def is_transform(value: Any) -> bool:
    """A callable, a list or tuple of callables, or None."""
    if isinstance(value, (list, tuple)):
        return all(map(callable, value))
    return value is None or callable(value)


def is_adapter(value: Any) -> bool:
    """A name, a callable, a list or tuple of these, or None."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(item, str) or callable(item) for item in value)
    return value is None or isinstance(value, str) or callable(value)


def is_bool_or_callable(value: Any) -> bool:
    """``True``, ``False``, None or a callable."""
    return value is None or is_bool(value) or callable(value)


def is_mapping(value: Any) -> bool:
    """Whether ``value`` can be read as a mapping: a ``dict``, or an object with ``items()``."""
    return isinstance(value, dict) or callable(getattr(type(value), "items", None))


def is_pairs(value: Any) -> bool:
    """Whether ``value`` is a list or tuple of pairs (lists or tuples of two)."""
    return isinstance(value, (list, tuple)) and all(
        isinstance(item, (list, tuple)) and len(item) == 2 for item in value
    )


def is_headers(value: Any) -> bool:
    """A mapping, pairs, or None."""
    return isinstance(value, dict) or value is None or is_mapping(value) or is_pairs(value)


def is_params(value: Any) -> bool:
    """A mapping, pairs, None, or what has the methods of ``URLSearchParams``."""
    return is_headers(value) or _has(value, "append", "get_all")


def _has(value: Any, *names: str) -> bool:
    # Names of ours only; never one that came from the caller.
    return all(hasattr(value, name) for name in names)


def is_token(value: Any) -> bool:
    """What has the methods of a ``CancelToken``, or None."""
    return value is None or _has(value, "subscribe", "throw_if_requested")


def is_signal(value: Any) -> bool:
    """What has the members of an ``AbortSignal``, or None."""
    return value is None or _has(value, "aborted", "add_event_listener")


def is_agent(value: Any) -> bool:
    """What has the pool of an ``Agent``, or None."""
    return value is None or _has(value, "pool")


def is_jar(value: Any) -> bool:
    """What has the two methods of a ``CookieJar`` that requests need, or None."""
    return value is None or _has(value, "add_cookie_header", "extract_cookies")


# ---- groups: options whose value is a mapping of options


def is_indexes(value: Any) -> bool:
    """None, ``False`` or ``True``: which brackets list items get in a field name."""
    return value is None or is_bool(value)


def is_depth(value: Any) -> bool:
    """A number of levels; infinity, as in axios, or None for no limit of one's own."""
    return value is None or is_count(value) or isinstance(value, float) and value == float("inf")


def is_port(value: Any) -> bool:
    """A TCP port, or None."""
    return value is None or is_count(value) and value <= 65535


def is_proxy_auth(value: Any) -> bool:
    """Credentials of a proxy: ``user:password``, a pair or a mapping."""
    if is_mapping(value):
        return all(is_text(item) for key, item in value.items() if key in ("username", "password"))
    return isinstance(value, str) or is_auth(value)


def is_optional_bool(value: Any) -> bool:
    """``True``, ``False`` or None."""
    return value is None or is_bool(value)


#: A test and the words for what it wants, as rows of the tables here and in ``option_table`` use them.
BOOL = (is_bool, "True or False")
SWITCH = (is_optional_bool, "True or False")
TEXT = (is_text, "a string")
CALLABLE = (is_callable, "callable")
INDEXES = (is_indexes, "None, False or True")
DEPTH = (is_depth, "a number of levels, 0 or more")
FREE = (anything, "anything")

#: Members of each group: snake name → (axios's spelling, test, what is expected).
GROUPS: Dict[str, Dict[str, Tuple[str, Test, str]]] = {
    "transitional": {
        "silent_json_parsing": ("silentJSONParsing", *BOOL),
        "forced_json_parsing": ("forcedJSONParsing", *BOOL),
        "clarify_timeout_error": ("clarifyTimeoutError", *BOOL),
        "legacy_interceptor_req_res_ordering": ("legacyInterceptorReqResOrdering", *BOOL),
    },
    "params_serializer": {
        "encode": ("encode", *CALLABLE),
        "serialize": ("serialize", *CALLABLE),
        "visitor": ("visitor", *CALLABLE),
        "indexes": ("indexes", *INDEXES),
        "dots": ("dots", *SWITCH),
        "meta_tokens": ("metaTokens", *SWITCH),
        "max_depth": ("maxDepth", *DEPTH),
    },
    "form_serializer": {
        "visitor": ("visitor", *CALLABLE),
        "indexes": ("indexes", *INDEXES),
        "dots": ("dots", *SWITCH),
        "meta_tokens": ("metaTokens", *SWITCH),
        "max_depth": ("maxDepth", *DEPTH),
    },
    "auth": {"username": ("username", *TEXT), "password": ("password", *TEXT)},
    "proxy": {
        "protocol": ("protocol", *TEXT),
        "host": ("host", *TEXT),
        "hostname": ("hostname", *TEXT),
        "port": ("port", is_port, "an integer from 0 to 65535"),
        "auth": ("auth", is_proxy_auth, "a mapping with username and password, a pair or a string"),
        "username": ("username", *TEXT),
        "password": ("password", *TEXT),
        "ca": ("ca", *FREE),
        "cert": ("cert", *FREE),
        "key": ("key", *FREE),
        "servername": ("servername", *TEXT),
        "reject_unauthorized": ("rejectUnauthorized", *SWITCH),
    },
}

#: axios's spelling → ours, for the members of all groups (no two groups disagree).
GROUP_NAMES: Dict[str, str] = {
    row[0]: name for group in GROUPS.values() for name, row in group.items() if row[0] != name
}

#: What the members of ``transitional`` are unless said. Source: axios, ``defaults/transitional``.
TRANSITIONAL: Dict[str, bool] = {
    "silent_json_parsing": True,
    "forced_json_parsing": True,
    "clarify_timeout_error": False,
    "legacy_interceptor_req_res_ordering": True,
}


_BOOLS = frozenset((bool,))


def _check_members(group: str, value: Any) -> bool:
    """Test each member that the table knows; others are the caller's own (axios allows them)."""
    members = GROUPS[group]
    for key, item in value.items():
        row = members.get(GROUP_NAMES.get(key, key))
        if row is not None and not row[1](item):
            raise bad_option(f"{group}.{GROUP_NAMES.get(key, key)}", row[2], item)
    return True


def is_transitional(value: Any) -> bool:
    """The switches, each a bool. Raises ERR_BAD_OPTION for one that does not exist, as axios does."""
    if not is_mapping(value):
        return False
    if TRANSITIONAL.keys() >= value.keys() and _BOOLS.issuperset(map(type, value.values())):
        return True
    for key, item in value.items():
        if key not in TRANSITIONAL and GROUP_NAMES.get(key, key) not in TRANSITIONAL:
            shown = key[:64] if isinstance(key, str) else type(key).__name__
            raise AxiosError(f"Unknown option {shown}", AxiosError.ERR_BAD_OPTION)
        if item is not True and item is not False:
            return _check_members("transitional", value)
    return True


def is_params_serializer(value: Any) -> bool:
    """A callable, a mapping with members of the right types, or None."""
    if value is None or callable(value):
        return True
    return is_mapping(value) and _check_members("params_serializer", value)


def is_form_serializer(value: Any) -> bool:
    """A mapping with members of the right types, or None."""
    return value is None or is_mapping(value) and _check_members("form_serializer", value)


def is_auth(value: Any) -> bool:
    """A mapping, a pair of ``str``, or None."""
    if isinstance(value, (list, tuple)):
        return len(value) == 2 and all(map(is_text, value))
    return value is None or is_mapping(value) and _check_members("auth", value)


def is_proxy(value: Any) -> bool:
    """A mapping, a URL, ``False`` or None."""
    if value is None or value is False or isinstance(value, str):
        return True
    return is_mapping(value) and _check_members("proxy", value)


_NOTHING, _FUNCTION = type(None), type(is_proxy)

#: Exact types of which a test takes every value: what spares most options of a request their test.
ALWAYS: Dict[Test, Tuple[type, ...]] = {
    is_bool: (bool,),
    is_text: (str, _NOTHING),
    is_callable: (_FUNCTION, _NOTHING),
    is_headers: (dict, _NOTHING),
    is_params: (dict, _NOTHING),
    is_adapter: (str, _FUNCTION, _NOTHING),
    is_bool_or_callable: (bool, _FUNCTION, _NOTHING),
}
