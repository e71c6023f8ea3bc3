"""Headers: a mapping without regard to case.

Rules of the room: no value is sanitised away (one with CR, LF or NUL is kept, and the wire refuses the
request), a stored list is never changed in place, and no text made for people shows a secret.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping

from .errors import AxiosError, bad_option, refuse_secrets, snapshot
from .header_values import BLANKS, fold, gathered, joined, name_text, pairs_of_text, stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, MutableMapping, Optional, Tuple, Union

    from .header_values import Stored

    _Mapping = MutableMapping[str, str]
else:
    from collections.abc import MutableMapping as _Mapping

_ABSENT: Any = object()


def _accessors(header: str) -> Tuple[Callable[..., Any], Callable[..., Headers], Callable[..., bool]]:
    """The methods ``get_x(parser)``, ``set_x(value, rewrite)`` and ``has_x(matcher)`` of one header."""

    def get_it(self: Headers, parser: Any = None, default: Any = None) -> Any:
        return self.get(header, parser, default)

    def set_it(self: Headers, value: Any, rewrite: Optional[bool] = None) -> Headers:
        return self.set(header, value, rewrite)

    def has_it(self: Headers, matcher: Any = None) -> bool:
        return self.has(header, matcher)

    get_it.__doc__ = f"``get({header!r}, parser, default)``."
    set_it.__doc__ = f"``set({header!r}, value, rewrite)``."
    has_it.__doc__ = f"``has({header!r}, matcher)``."
    return get_it, set_it, has_it


def _checked(rewrite: Any) -> Optional[bool]:
    if rewrite is None or rewrite is True or rewrite is False:
        return rewrite
    raise bad_option("rewrite", "True, False or None", rewrite)


class Headers(_Mapping):
    """Header fields: a mutable mapping of ``str`` to ``str`` without regard to case.

    ``Headers(init=None)``: a mapping, other ``Headers``, an iterable of (name, value) pairs (the values of
    a repeated name make a list) or raw header text. The first spelling of a name is kept.

    Values are ``str()``'d as JavaScript does it (``True`` is ``"true"``, ``1.0`` is ``"1"``), blanks are
    trimmed from their ends; a list is several lines of one field. Two markers are no values: None leaves
    a header unset, and False removes it and makes ``set`` without ``rewrite`` leave it alone. As a mapping
    (``[]``, ``in``, ``len``, iteration, ``==``) it shows real values only, as ``str``: repeats joined with
    ``", "``.

    AxiosError with ERR_BAD_OPTION_VALUE for a value that has no text (a ``dict``, a generator), an entry
    that is no pair, a bad parser or matcher. Source: axios, ``AxiosHeaders``.
    """

    # Lower-case name -> value; and its spelling, where that differs (never on a response).
    __slots__ = ("_names", "_store")

    def __init__(self, init: Any = None) -> None:
        self._store: Dict[str, Stored] = {}
        self._names: Dict[str, str] = {}
        if init is not None:
            self.set(init)

    @classmethod
    def from_(cls, thing: Any = None) -> Headers:
        """``thing`` itself when it is ``Headers``, otherwise new ones. Source: ``AxiosHeaders.from``."""
        return thing if isinstance(thing, cls) else cls(thing)

    @classmethod
    def from_wire(cls, pairs: Iterable[Tuple[str, str]]) -> Headers:
        """The headers of a response: names lower-cased, repeats kept in order.

        ``pairs`` come from the parser of heads, so values are taken as they are. ``set-cookie`` is
        always a list, as in Node.
        """
        store: Dict[str, Any] = {}
        for name, value in pairs:
            name = name.lower()
            if name not in store:
                store[name] = value
            elif type(store[name]) is list:
                store[name].append(value)
            else:
                store[name] = [store[name], value]
        return cls.from_fields(store)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Headers:
        """As :meth:`from_wire`: ``fields`` by lower-case name, a ``str`` or a list of ``str`` each."""
        made = cls.__new__(cls)
        made._names = {}
        made._store = store = dict(fields)  # no stored list is ever changed, so sharing them is safe
        cookie = store.get("set-cookie")
        if type(cookie) is str:
            store["set-cookie"] = [cookie]
        return made

    def wire_pairs(self) -> List[Tuple[str, str]]:
        """What to send: (name as spelled, value) with a list expanded to its lines, markers left out."""
        spelling = self._names.get
        pairs: List[Tuple[str, str]] = []
        for key, value in self._store.items():
            if type(value) is str:
                pairs.append((spelling(key, key), value))
            elif type(value) is list:
                name = spelling(key, key)
                pairs += [(name, line) for line in value]
        return pairs

    def entries(self) -> List[Tuple[str, Any]]:
        """(name as spelled, stored value) of everything, markers and lists too; the lists are copies."""
        spelling = self._names.get
        return [
            (spelling(key, key), list(value) if type(value) is list else value)
            for key, value in self._store.items()
        ]

    def raw(self, name: str) -> Stored:
        """The stored value: ``str``, list of ``str``, the marker None or False; None when missing too."""
        value = self._store.get(fold(name))
        return list(value) if isinstance(value, list) else value

    # ---- axios's methods

    def set(self, header: Any, value: Any = _ABSENT, rewrite: Optional[bool] = None) -> Headers:
        """``set(name, value, rewrite=None)``, or ``set(mapping | pairs | raw text, rewrite=None)``.

        ``rewrite``: True always, False only when the name isn't there (a marker is), None unless the
        current value is False. Keeps the spelling of a name that is there. An empty name is ignored; one
        that is no token is kept, and the wire refuses it. Returns the headers themselves.
        """
        if isinstance(header, (str, bytes, bytearray)):
            name = name_text(header)
            # No name has a colon in it, so with one this is raw text, and a bool or None is `rewrite`.
            if value is not _ABSENT and not (":" in name and (value is None or isinstance(value, bool))):
                return self._put(name, value, _checked(rewrite))
            header = pairs_of_text(name)
        rewrite = _checked(rewrite if value is _ABSENT else value)
        return self if header is None else self._put_all(header, rewrite)

    def _put_all(self, header: Any, rewrite: Optional[bool]) -> Headers:
        if isinstance(header, Headers):
            for key, held in header._store.items():
                self._place(key, header._names.get(key, key), held, rewrite)
            return self
        if isinstance(header, AnyMapping):
            pairs: Iterable[Tuple[Any, Any]] = header.items()
        elif hasattr(header, "__iter__"):
            # Such as email.message.Message: no Mapping, as its items() may repeat a name.
            pairs = gathered(header.items() if hasattr(header, "items") else header)
        else:
            raise bad_option("headers", "a mapping, (name, value) pairs or header text", header)
        for name, value in pairs:
            self._put(name, value, rewrite)
        return self

    def _put(self, name: Any, value: Any, rewrite: Optional[bool]) -> Headers:
        if type(name) is not str:
            name = name_text(name)
        key = name.strip(BLANKS).lower()
        if key:
            kept = value.strip(BLANKS) if type(value) is str else stored(name, value)
            self._place(key, name, kept, rewrite)
        return self

    def _place(self, key: str, name: str, value: Stored, rewrite: Optional[bool]) -> None:
        store = self._store
        if key not in store:
            if name != key:
                self._names[key] = name
        elif rewrite is False or rewrite is None and store[key] is False:
            return
        store[key] = value

    def put_default(self, key: str, name: str, value: str) -> None:
        """``set(name, value, False)`` for the package's own defaults: ``key`` is the name in lower case."""
        store = self._store
        if key not in store:
            self._names[key] = name
            store[key] = value

    def get(self, name: str, parser: Any = None, default: Any = None) -> Any:
        """The value (``str``), or ``default`` when there is none.

        ``parser``: True for a map of tokens (``"a=1; b"`` is ``{"a": "1", "b": None}``), a regular
        expression for its match or None, or a callable ``(value, name)`` or ``(value)`` for what that
        returns. ERR_BAD_OPTION_VALUE for any other parser; so a default goes by its name.
        """
        if parser is not None and parser is not False:
            from . import header_parsing

            header_parsing.check_parser(parser)
        store = self._store
        # Nearly always asked for in lower case, and then a key as it is.
        key = name if type(name) is str and name in store else fold(name)
        value: Any = store.get(key)
        if value is None or value is False:
            return default
        if type(value) is list:
            value = joined(value)
        if parser is None or parser is False:
            return value
        return header_parsing.parsed(parser, value, self._names.get(key, key))

    def get_all(self, name: str) -> List[str]:
        """Every line of the field in order; an empty list when there is none. Nothing is split at commas."""
        value = self._store.get(fold(name))
        if isinstance(value, list):
            return list(value)
        return [value] if isinstance(value, str) else []

    def get_set_cookie(self) -> List[str]:
        """Every ``Set-Cookie`` line. Source: ``AxiosHeaders.getSetCookie``, WHATWG Fetch."""
        return self.get_all("set-cookie")

    def has(self, name: str, matcher: Any = None) -> bool:
        """Whether the name is there, markers included, and its value matches, which no marker does.

        ``matcher``: a substring, a regular expression, or a callable ``(value, name)`` or ``(value)``.
        """
        key = fold(name)
        if key not in self._store:
            return False
        return matcher is None or matcher is False or self._matches(key, matcher)

    def _matches(self, key: str, matcher: Any) -> bool:
        from .header_parsing import matches

        value = self._shown(key)
        return value is not None and matches(matcher, value, value, self._names.get(key, key))

    def _shown(self, key: str) -> Optional[str]:
        value = self._store.get(key)
        if isinstance(value, str):
            return value
        return joined(value) if isinstance(value, list) else None

    def delete(self, name: Union[str, List[str], None], matcher: Any = None) -> bool:
        """Remove one header, or each of a list, where its value matches; whether any was removed.

        Takes a marker away too. ``matcher`` as in :meth:`has`.
        """
        keys = map(fold, name if isinstance(name, (list, tuple, set, frozenset)) else [name])
        doomed = [key for key in dict.fromkeys(keys) if self.has(key, matcher)]
        for key in doomed:
            self._drop(key)
        return bool(doomed)

    def _drop(self, key: str) -> None:
        del self._store[key]
        self._names.pop(key, None)

    def clear(self, matcher: Any = None) -> bool:  # type: ignore[override]
        """Remove everything, or what matches by *name* (as it is spelled); whether any was removed.

        A callable is given ``(value, name)``, the value None for a marker, or the name alone.
        """
        doomed = list(self._store)
        if matcher is not None and matcher is not False:
            from .header_parsing import matches

            named = [(key, self._names.get(key, key)) for key in doomed]
            doomed = [key for key, name in named if matches(matcher, name, self._shown(key), name)]
        for key in doomed:
            self._drop(key)
        return bool(doomed)

    def normalize(self, format: bool = False) -> Headers:
        """Trim the names; with ``format`` spell them ``Content-Type``. Returns the headers themselves."""
        if format:
            from .header_parsing import title_case

            self._names = {key: title_case(key) for key in self._store}
        else:
            self._names = {key: name.strip(BLANKS) for key, name in self._names.items()}
        return self

    def concat(self: Any = None, *targets: Any) -> Headers:
        """New headers of these and the ``targets``: later values win, the first spelling stays.

        Also ``Headers.concat(first, *targets)``, of anything that ``Headers(...)`` takes. A name marked
        False stays removed. Source: ``AxiosHeaders.concat``, the method and the static one.
        """
        made = (type(self) if isinstance(self, Headers) else Headers)(self)
        for target in targets:
            made.set(target)
        return made

    def to_json(self, as_strings: bool = False) -> Dict[str, Any]:
        """A ``dict`` of the real values, names as spelled: ``str``, lists as lists or ``as_strings`` joined.

        The values are as they are: this is what to work with, not what to log.
        """
        if as_strings:
            return dict(self.items())
        return {name: value for name, value in self.entries() if value is not None and value is not False}

    @staticmethod
    def parse_parameters(value: object) -> Dict[str, str]:
        """The ``name=value`` parts of a field value: see :func:`header_parsing.parse_parameters`."""
        from .header_parsing import parse_parameters

        return parse_parameters(value)

    @classmethod
    def accessor(cls, header: Union[str, Iterable[str]]) -> type:
        """Define ``get_x``, ``set_x`` and ``has_x`` for the header(s); a method that is there stays."""
        for name in [header] if isinstance(header, str) else header:
            for verb, method in zip(("get", "set", "has"), _accessors(name)):
                attribute = f"{verb}_{fold(name).replace('-', '_')}"
                if not hasattr(cls, attribute):
                    setattr(cls, attribute, method)
        return cls

    get_accept, set_accept, has_accept = _accessors("Accept")
    get_accept_encoding, set_accept_encoding, has_accept_encoding = _accessors("Accept-Encoding")
    get_authorization, set_authorization, has_authorization = _accessors("Authorization")
    get_content_encoding, set_content_encoding, has_content_encoding = _accessors("Content-Encoding")
    get_content_length, set_content_length, has_content_length = _accessors("Content-Length")
    get_content_type, set_content_type, has_content_type = _accessors("Content-Type")
    get_user_agent, set_user_agent, has_user_agent = _accessors("User-Agent")

    # ---- the mapping

    def __getitem__(self, name: str) -> str:
        key = fold(name)
        value = self._store.get(key)
        if type(value) is str:
            return value
        if type(value) is list:
            return joined(value)
        raise KeyError(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._put(name, value, True)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._drop(fold(name))

    def __contains__(self, name: object) -> bool:
        return self._store.get(fold(name)) not in (None, False)

    def __iter__(self) -> Iterator[str]:
        for key, value in list(self._store.items()):
            if value is not None and value is not False:
                yield self._names.get(key, key)

    def __len__(self) -> int:
        return sum(value is not None and value is not False for value in self._store.values())

    def update(self, *others: Any, **named: Any) -> None:
        """``set(other, True)`` of each: unlike the mapping's own, it keeps lists and markers."""
        for other in (*others, named):
            self.set(other, True)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """``set(name, default, False)``, which leaves a marker alone; then the value, or None."""
        return self._put(name, default, False).get(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            if not isinstance(other, AnyMapping):
                return NotImplemented
            try:
                other = Headers(other)
            except AxiosError:  # values that no header has
                return False
        return self._folded() == other._folded()

    def _folded(self) -> Dict[str, str]:
        # Trimmed, as a joined list may end in a blank and a mapping's text loses it on the way in.
        shown = ((key, self._shown(key)) for key in self._store)
        return {key: value.strip(BLANKS) for key, value in shown if value is not None}

    def copy(self) -> Headers:
        """New headers with the same values, markers and spellings."""
        made = type(self).__new__(type(self))
        made._store = self._store.copy()  # no stored list is ever changed, so sharing them is safe
        made._names = self._names.copy()
        return made

    __copy__ = copy

    def __deepcopy__(self, memo: Dict[int, Any]) -> Headers:
        return self.copy()

    def __getstate__(self) -> Tuple[Dict[str, Stored], Dict[str, str]]:
        refuse_secrets(self, self)
        return self._store, self._names

    def __setstate__(self, state: Tuple[Dict[str, Stored], Dict[str, str]]) -> None:
        self._store, self._names = state

    def __repr__(self) -> str:
        return f"{type(self).__name__}({snapshot(dict(self.entries()))!r})"

    def __str__(self) -> str:
        """``Name: value`` lines as axios's ``toString`` has them, but with secrets masked."""
        return "\n".join(f"{name}: {value}" for name, value in snapshot(self).items())
