"""Config: the options of an instance or a request, how two of them merge, and how they are checked.

Rules of the room: names are kept in snake_case and answer to axios's camelCase too; a merge changes
neither of its inputs and shares no plain ``dict``, ``list`` or ``tuple`` with them (``data`` apart: a
body may be big, and nothing in the package writes to it); any other object, agents, tokens, jars,
streams, stays the same object. What is true of one option only stands in ``option_table``.
"""

from __future__ import annotations

from .errors import MISTAKES, AxiosError, bad_option
from .headers import HeaderDefaults, Headers, merge_headers
from .option_checks import ALWAYS, GROUP_NAMES, GROUPS, TRANSITIONAL, is_mapping, is_pairs
from .option_group import UNSET, OptionGroup, filled
from .option_table import NAMES, OPTIONS, validate_status
from .plain_data import LEAVES, copied, is_flat, is_plain_mapping, merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional

    Merger = Callable[[str, Any, Any], Any]

_has_no_camel = NAMES.keys().isdisjoint
_REQUEST_ONLY = tuple(name for name, option in OPTIONS.items() if option.rule == "request")


class Config(OptionGroup):
    """The options of an instance or of a request. ``Config(mapping_or_pairs=None, **options)``.

    A ``dict`` of snake_case names. ``config["max_redirects"]``, ``config["maxRedirects"]``,
    ``config.max_redirects`` and ``config.maxRedirects`` are one. A known option that is not set reads
    as its default; an unknown item is a KeyError, an unknown attribute an AttributeError; ``in`` tells
    what is set. A mapping set as ``headers`` becomes a ``HeaderDefaults``; reading ``headers`` where
    none are set sets empty ones, so that ``config.headers.common[...] = ...`` is never lost.
    Keys that are no options are kept for interceptors and adapters, as axios does.
    """

    __slots__ = ()

    _names = NAMES

    def _kept(self, name: Any, value: Any) -> Any:
        if name == "headers":
            return _as_headers(value)
        if name in GROUPS and type(value) is not OptionGroup and is_plain_mapping(value):
            return OptionGroup(value)
        return value

    def _default(self, name: Any) -> Any:
        if name == "headers":
            return self.setdefault(name, HeaderDefaults())
        if name == "transitional":
            return OptionGroup(TRANSITIONAL)
        option = OPTIONS.get(name)
        return UNSET if option is None else option.default

    def _duplicate(self, name: Any, value: Any) -> Any:
        return copied(name, value) if name == "data" else _duplicate(name, value)


def _as_headers(value: Any) -> Any:
    """``value`` as ``config.headers`` holds it; what is no headers stays, for the check to refuse."""
    if isinstance(value, (HeaderDefaults, Headers)):
        return value
    if is_mapping(value):
        return HeaderDefaults(value)
    return Headers(value) if is_pairs(value) else value


# ---- merging


def merge_config(first: Optional[Mapping[Any, Any]], second: Optional[Mapping[Any, Any]] = None) -> Config:
    """Both configs as one new :class:`Config`, the values of ``second`` before those of ``first``.

    Each option by the rule of its row in the table; unknown keys deep. A key that is absent in
    ``second`` inherits, a key given as None is given. Raises AxiosError (ERR_BAD_OPTION_VALUE) for what
    is no mapping and for a value that contains itself; a value more than 100 levels deep is
    ERR_BAD_OPTION_VALUE too, ``params`` ERR_FORM_DATA_DEPTH_EXCEEDED. Source: axios, ``mergeConfig``.
    """
    made = _named(first)  # one call into C copies a Config: another thread may be altering it
    given = _named(second)
    for name in _REQUEST_ONLY:
        made.pop(name, None)
    for name, value in made.items():
        if type(value) not in LEAVES and name not in given:
            made[name] = _duplicate(name, value)
    for name, value in given.items():
        if type(value) not in LEAVES:
            value = merge_option(name, made.get(name), value)
        made[name] = value
    return filled(Config, made)


def _named(config: Optional[Mapping[Any, Any]]) -> Dict[Any, Any]:
    """The items of a config under our own names, in a new plain ``dict``."""
    if type(config) is Config:
        return dict(config)
    if config is None:
        return {}
    if type(config) is dict and _has_no_camel(config):
        return dict(config)
    if not is_mapping(config):
        raise bad_option("config", "a mapping", config)
    name = NAMES.get
    return {name(key, key): value for key, value in config.items()}


def merge_option(name: str, old: Any, new: Any) -> Any:
    """The value of one option, ``new`` before ``old``, by the rule of its row; shares nothing with either."""
    return _MERGERS.get(name, _merge_deep)(name, old, new)


def _duplicate(name: str, value: Any) -> Any:
    """``value`` as a merge with nothing leaves it."""
    return merge_option(name, None, value)


def _merge_request(name: str, old: Any, new: Any) -> Any:
    return new if name == "data" else copied(name, new)


def _merge_replace(name: str, old: Any, new: Any) -> Any:
    return copied(name, new)


def _merge_deep(name: str, old: Any, new: Any) -> Any:
    return merged(name, old, new)


def _merge_headers(name: str, old: Any, new: Any) -> Any:
    if not isinstance(new, dict):
        new = _as_headers(new)
        if not is_mapping(new):
            return copied(name, new)
    if not isinstance(old, dict):
        old = _as_headers(old)
        old = old if is_mapping(old) else None
    return merge_headers(old, new)


def _merge_group(name: str, old: Any, new: Any) -> Any:
    """A deep merge, or with the rule ``replace`` a copy, of mappings with members in both spellings."""
    if not is_plain_mapping(new):
        return copied(name, new)
    if old is None and type(new) is OptionGroup and is_flat(map(type, new.values())):
        return filled(OptionGroup, new)
    deep = OPTIONS[name].rule == "deep" and is_plain_mapping(old)
    return filled(OptionGroup, merged(name, _members(old) if deep else None, _members(new)))


def _members(group: Mapping[Any, Any]) -> Mapping[Any, Any]:
    if type(group) is OptionGroup:
        return group
    return {GROUP_NAMES.get(key, key): value for key, value in group.items()}


_BY_RULE: Dict[str, Merger] = {
    "request": _merge_request,
    "replace": _merge_replace,
    "given": _merge_replace,
    "deep": _merge_deep,
    "headers": _merge_headers,
    "params": _merge_deep,
}
# Unknown keys are not in it: they merge deep.
_MERGERS: Dict[str, Merger] = {
    name: _merge_group if name in GROUPS else _BY_RULE[option.rule] for name, option in OPTIONS.items()
}


# ---- making and checking


def library_defaults(
    transform_request: Optional[Callable[..., Any]] = None,
    transform_response: Optional[Callable[..., Any]] = None,
) -> Config:
    """What the first instance starts from, made anew. The transforms are those of ``transforms``.

    Options that are not in it read as their defaults. Source: axios, ``lib/defaults``.
    """
    made = Config(
        transitional=TRANSITIONAL,
        adapter=OPTIONS["adapter"].default,
        timeout=0,
        xsrf_cookie_name=OPTIONS["xsrf_cookie_name"].default,
        xsrf_header_name=OPTIONS["xsrf_header_name"].default,
        max_content_length=-1,
        max_body_length=-1,
        validate_status=validate_status,
        headers={"common": {"Accept": "application/json, text/plain, */*"}},
    )
    if transform_request is not None:
        made.transform_request = [transform_request]
    if transform_response is not None:
        made.transform_response = [transform_response]
    return made


# Name → the exact types that need no test, the default, which needs none either, and the test. ``data``
# takes anything.
_TESTS = {
    name: (frozenset(ALWAYS.get(option.accepts, ())), option.default, option.accepts)
    for name, option in OPTIONS.items()
    if name != "data"
}
_TESTS["headers"] = (frozenset((dict, HeaderDefaults, Headers)), None, OPTIONS["headers"].accepts)


def check_config(config: Mapping[Any, Any]) -> None:
    """Raise AxiosError unless each option has a value of the type and range of its row in the table.

    ERR_BAD_OPTION_VALUE names the option and what it must be, never the value; a switch that
    ``transitional`` does not have is ERR_BAD_OPTION. Keys that are no options are not looked at.
    """
    options = config if type(config) is Config else _named(config)
    fault = _fault_in(options)
    if fault is not None:
        raise bad_option(fault, OPTIONS[fault].expected, options[fault])


def is_sound(options: Dict[Any, Any]) -> bool:
    """Whether :func:`check_config` would pass ``options``, a plain ``dict`` of snake_case names."""
    try:
        return _fault_in(options) is None
    except MISTAKES:  # a member of a group, or what an object of somebody's own raised at a look
        return False


def _fault_in(options: Dict[Any, Any]) -> Optional[str]:
    """The first option with a value that is not for it; a test may raise, to name a member of a group."""
    test_of = _TESTS.get
    for name, value in options.items():
        row = test_of(name)
        if row is None:
            continue
        kinds, default, test = row
        if type(value) not in kinds and value is not default and not test(value):
            return str(name)
    return None


def config_from(url: Any, config: Optional[Mapping[Any, Any]], options: Mapping[str, Any]) -> Config:
    """As :func:`own_options`, as a :class:`Config`."""
    return filled(Config, own_options(url, config, options))


def own_options(url: Any, config: Optional[Mapping[Any, Any]], options: Mapping[str, Any]) -> Dict[Any, Any]:
    """The request's own options of one call, by snake_case name: ``config`` < keyword ``options`` < ``url``.

    ``url``: str, or None when it is in the config. Unknown keys of ``config`` are kept; an unknown
    keyword is an AxiosError (ERR_BAD_OPTION) that names the nearest option, and a ``config`` that is
    neither a mapping nor None is ERR_BAD_OPTION_VALUE. Where both give an option, the two merge by its
    rule. The ``dict`` is new, but values are not copied: :func:`merge_config` does that, and nothing may
    alter them before.
    """
    keywords = _keywords(options) if options else {}
    made = keywords if config is None else _named(config)
    if keywords and made is not keywords:
        # On top of what the config has, for a merge would drop its ``url``, ``method`` and ``data``.
        made = {**made, **merge_config(made, keywords)}
    if url is not None:
        made["url"] = url
    return made


_KNOWN = OPTIONS.keys()


def _keywords(options: Mapping[str, Any]) -> Dict[Any, Any]:
    if _KNOWN >= options.keys():
        return dict(options)
    named = _named(options)
    for name in named:
        if name not in OPTIONS:
            raise _unknown(name)
    return named


# What other clients for Python call it.
_ELSEWHERE = {
    "json": "data", "content": "data", "body": "data", "files": "data", "cookies": "cookie_jar",
    "proxies": "proxy", "stream": "response_type", "allow_redirects": "max_redirects",
    "follow_redirects": "max_redirects", "verify": "https_agent", "cert": "https_agent", "ca": "https_agent",
    "rejectUnauthorized": "https_agent", "reject_unauthorized": "https_agent", "keep_alive": "http_agent",
}  # fmt: skip


def _unknown(name: str) -> AxiosError:
    """The error for a keyword that no option has."""
    nearest = _ELSEWHERE.get(name)
    if nearest is None:
        import difflib  # only here, where a call fails anyway

        shapes = {option.replace("_", ""): option for option in OPTIONS}
        wanted = name[:64].replace("_", "").lower()
        nearest = shapes[difflib.get_close_matches(wanted, shapes, 1, 0.0)[0]]
    return AxiosError(f"Unknown option {name[:64]} (did you mean {nearest}?)", AxiosError.ERR_BAD_OPTION)
