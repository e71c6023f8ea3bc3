"""AxiosError and its kin: the one family of exceptions that callers see.

Rules of the room: it imports nothing of the package, and no text made here (``str``, ``repr``,
``to_json()``, a pickle) may show a secret.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Mapping, Match, Optional, Tuple, Type

MASK = "[REDACTED ****]"

#: Names (lower case, ``-`` and ``_`` removed) whose values are never shown, wherever they stand.
SECRET_NAMES: FrozenSet[str] = frozenset(
    "authorization proxyauthorization xauthorization cookie setcookie cookie2 auth xauth xauthkey"
    " xxsrftoken xcsrftoken xsrftoken csrftoken token xtoken idtoken xidtoken privatetoken xgitlabtoken"
    " jobtoken deploytoken usertoken xusertoken sessionid xsessionid xjwtassertion"
    " xamzsecuritytoken xgoogiamauthorizationtoken xvaulttoken xconsultoken xnomadtoken xsubjecttoken"
    " xstoragetoken xgithubtoken xfigmatoken xplextoken xembytoken xpostmarkservertoken"
    " xfunctionskey ocpapimsubscriptionkey xrapidapikey xmashapekey xsentryauth ddapplicationkey"
    " xhoneycombteam xparsemasterkey xinsertkey xquerykey xamzsignature signature sig".split()
)

#: Endings of such names.
SECRET_ENDINGS = (
    "apikey", "apitoken", "apisecret", "authtoken", "accesstoken", "refreshtoken", "sessiontoken",
    "secret", "secretkey", "privatekey", "password", "passwd", "passphrase",
)  # fmt: skip

#: Most values that :func:`snapshot` shows; few objects that hold one another can make any number.
MOST_VALUES = 50000

# Patterns as text, for only what fails or is printed needs them, and ``re`` is slow to load. All linear.
_USERINFO = r"://[^/?# \t\"']*@"
_FIELD = r"([?&;#])([^=?&;# \t\"']{1,64})=([^&;# \t\"']+)"  # of a query or of a fragment
_START = r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:(?=[/\\])|[Hh][Tt][Tt][Pp][Ss]?:)?[/\\]*"  # scheme and slashes
_AUTHORITY = r"[^/\\?#]*"
_LOCATIONS = frozenset(("url", "base_url", "baseURL", "proxy"))


def _plain_name(name: object) -> str:
    return str(name).lower().replace("-", "").replace("_", "")


class AxiosError(Exception):
    """What every failed request raises.

    ``AxiosError(message, code, config, request, response)``: arguments as axios has them.

    Attributes: ``message`` (str), ``code`` (str or None; one of the class attributes below or the
    name of a network error such as ``"ECONNREFUSED"``), ``config`` (the merged ``Config``),
    ``request`` (a description of the last hop), ``response`` (``Response``, when one arrived),
    ``status`` (int, of that response), ``cause`` (the exception underneath, or None).
    ``str(error)`` is the message alone. Source: axios, ``lib/core/AxiosError``.
    """

    ERR_BAD_OPTION_VALUE = "ERR_BAD_OPTION_VALUE"
    ERR_BAD_OPTION = "ERR_BAD_OPTION"
    ECONNABORTED = "ECONNABORTED"
    ETIMEDOUT = "ETIMEDOUT"
    ECONNREFUSED = "ECONNREFUSED"
    ERR_NETWORK = "ERR_NETWORK"
    ERR_FR_TOO_MANY_REDIRECTS = "ERR_FR_TOO_MANY_REDIRECTS"
    ERR_FR_REDIRECTION_FAILURE = "ERR_FR_REDIRECTION_FAILURE"
    ERR_DEPRECATED = "ERR_DEPRECATED"
    ERR_BAD_RESPONSE = "ERR_BAD_RESPONSE"
    ERR_BAD_REQUEST = "ERR_BAD_REQUEST"
    ERR_NOT_SUPPORT = "ERR_NOT_SUPPORT"
    ERR_INVALID_URL = "ERR_INVALID_URL"
    ERR_CANCELED = "ERR_CANCELED"
    ERR_FORM_DATA_DEPTH_EXCEEDED = "ERR_FORM_DATA_DEPTH_EXCEEDED"
    ECONNRESET = "ECONNRESET"
    ENOENT = "ENOENT"
    ENOTFOUND = "ENOTFOUND"
    EAI_AGAIN = "EAI_AGAIN"
    EPIPE = "EPIPE"
    EHOSTUNREACH = "EHOSTUNREACH"
    ENETUNREACH = "ENETUNREACH"
    CERT_HAS_EXPIRED = "CERT_HAS_EXPIRED"
    DEPTH_ZERO_SELF_SIGNED_CERT = "DEPTH_ZERO_SELF_SIGNED_CERT"
    SELF_SIGNED_CERT_IN_CHAIN = "SELF_SIGNED_CERT_IN_CHAIN"
    UNABLE_TO_VERIFY_LEAF_SIGNATURE = "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY = "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
    ERR_TLS_CERT_ALTNAME_INVALID = "ERR_TLS_CERT_ALTNAME_INVALID"
    EPROTO = "EPROTO"

    #: Recognised by :func:`is_axios_error` also across two vendored copies of the package.
    is_axios_error = True

    def __init__(
        self,
        message: object = "",
        code: Optional[str] = None,
        config: Any = None,
        request: Any = None,
        response: Any = None,
    ) -> None:
        # Exception's own initialiser, not the next in the MRO: an OSError would read its two
        # first arguments as errno and strerror, and print them instead of the message.
        Exception.__init__(self, message)
        self.message = str(message)
        self.code = code
        self.config = config
        self.request = request
        self.response = response
        self._status: Optional[int] = None

    @property
    def status(self) -> Optional[int]:
        """Status of ``response`` (int), or None when no response arrived."""
        found = getattr(self.response, "status", None)
        return self._status if found is None else found

    @property
    def cause(self) -> Optional[BaseException]:
        """The exception that this one was made from, or None."""
        return self.__cause__

    @classmethod
    def from_(
        cls,
        error: BaseException,
        code: Optional[str] = None,
        config: Any = None,
        request: Any = None,
        response: Any = None,
    ) -> AxiosError:
        """Wrap any exception: its text becomes the message, itself the ``cause``.

        ``code`` defaults to the ``code`` of the wrapped exception. Source: ``AxiosError.from``.
        """
        made = cls.__new__(cls)
        text = str(getattr(error, "message", None) or error)
        # Not by way of cls(): a subclass may take other arguments, as CanceledError does.
        AxiosError.__init__(made, text, code or getattr(error, "code", None), config, request, response)
        status = getattr(error, "status", None)
        made._status = status if isinstance(status, int) else None
        made.__cause__ = error
        return made

    def to_json(self) -> Dict[str, Any]:
        """A ``dict`` of plain JSON types: message, name, code, status, config, stack.

        Secrets are masked, and so are the config keys that ``config["redact"]`` names (in any
        letter case, at any depth) and the headers of ``sensitive_headers``. Of a body that is text or
        bytes only the size is told: it may hold anything. Never holds the request, the response or the
        cause. Source: ``AxiosError.toJSON``.
        """
        return {
            "message": self.message,
            "name": type(self).__name__,
            "stack": None,
            "config": None if self.config is None else config_snapshot(self.config),
            "code": self.code,
            "status": self.status,
        }

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, {self.code!r})"

    def __reduce__(self) -> Tuple[Callable[..., AxiosError], Tuple[Any, ...]]:
        # A pickle goes to logs and to other processes: it carries what to_json() may show, and
        # no sockets, streams or callables.
        config = None if self.config is None else config_snapshot(self.config)
        response = self.response if hasattr(self.response, "__reduce_response__") else None
        request = None if self.request is None else _request_snapshot(self.request, redact_of(self.config))
        number = getattr(self, "errno", None)
        return _rebuild, (type(self), self.message, self.code, config, request, response, self.status, number)


class AxiosTimeoutError(AxiosError, TimeoutError):
    """An AxiosError that ``except TimeoutError`` catches too: the deadline passed."""


class AxiosConnectionError(AxiosError, ConnectionError):
    """An AxiosError that ``except ConnectionError`` catches too: refused, reset, broken pipe."""


class AxiosNetworkError(AxiosError, OSError):
    """An AxiosError that ``except OSError`` catches too: names, routes, certificates."""


class CanceledError(AxiosError):
    """The request was cancelled by a token or a signal. ``CanceledError(message, config, request)``.

    The message is ``"canceled"`` unless one was given; the code is ``ERR_CANCELED``.
    Source: axios, ``lib/cancel/CanceledError``.
    """

    is_cancel = True

    def __init__(self, message: object = None, config: Any = None, request: Any = None) -> None:
        super().__init__("canceled" if message is None else message, self.ERR_CANCELED, config, request)


def is_axios_error(value: object) -> bool:
    """Whether ``value`` is an AxiosError (of this or of another copy of the package)."""
    return not isinstance(value, type) and getattr(value, "is_axios_error", False) is True


def is_cancel(value: object) -> bool:
    """Whether ``value`` is the error of a cancelled request. Source: ``axios.isCancel``."""
    return not isinstance(value, type) and getattr(value, "is_cancel", False) is True


#: What options and bodies that are wrong make code raise: it is caught where another way tells it better. Nothing
#: else may be: a handler of an alarm raises something of its own, or a TimeoutError, to end the call.
MISTAKES: Tuple[Type[Exception], ...] = (
    AxiosError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, Warning,
)  # fmt: skip


def bad_option(name: str, expected: str, value: object = None) -> AxiosError:
    """The error for an option of the wrong type or value: names the option and what was expected.

    The offending value's type is told, never the value itself, which may be a secret.
    """
    return AxiosError(
        f"option {name} must be {expected}, not {type(value).__name__}", AxiosError.ERR_BAD_OPTION_VALUE
    )


# -- what may be shown ---------------------------------------------------------------------------------


def snapshot(value: object, redact: FrozenSet[str] = frozenset()) -> Any:
    """``value`` as plain JSON types with secrets masked; cycles and depths over 20 are cut.

    ``redact``: more names to mask, as :func:`_plain_name` gives them.
    """
    return _Snapshot(redact).of(value)


def config_snapshot(config: Any) -> Any:
    """What may be shown of a config: as :func:`snapshot`, and nothing of a body but its size."""
    if not isinstance(config, AnyMapping):
        return snapshot(config)
    taker = _Snapshot(redact_of(config))
    # Looked at before the rest, for these three say more by where they stand than by what they are.
    own: Dict[str, Any] = {}
    for key, value in config.items():
        if key == "data" and isinstance(value, (str, bytes, bytearray, memoryview)):
            own[key] = f"<{type(value).__name__}, length {len(value)}>"
        elif key in _LOCATIONS and isinstance(value, str):
            own[key] = mask_location(value, taker.redact)
    return {**taker.of(config), **own}


class _Snapshot:
    """One snapshot on its way. ``has_masked``: whether a secret was met."""

    __slots__ = ("redact", "has_masked", "_left")

    def __init__(self, redact: FrozenSet[str]) -> None:
        self.redact = redact
        self.has_masked = False
        self._left = MOST_VALUES

    def of(self, value: object, depth: int = 0) -> Any:
        self._left -= 1
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float):
            return value if value - value == 0 else str(value)  # JSON has neither NaN nor infinity
        if isinstance(value, str):
            shown = mask_text(value, self.redact)
            self.has_masked = self.has_masked or shown != value
            return shown
        if depth > 20 or self._left < 0:
            return "..."
        if isinstance(value, AnyMapping):
            return self._mapping(value, depth + 1)
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._item(item, depth + 1) for item in value if not callable(item)]
        return f"<{type(value).__name__}>"

    def _mapping(self, value: Any, depth: int) -> Dict[str, Any]:
        return {
            str(key): self._mask() if item is not None and is_secret(key, self.redact) else self.of(item, depth)
            for key, item in value.items()
            if not callable(item)
        }

    def _item(self, item: object, depth: int) -> Any:
        # Headers and params may come as pairs.
        if isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str):
            if item[1] is not None and is_secret(item[0], self.redact):
                return [item[0], self._mask()]
        return self.of(item, depth)

    def _mask(self) -> str:
        self.has_masked = True
        return MASK


def refuse_secrets(owner: object, values: Mapping[Any, Any]) -> None:
    """Raise TypeError if a pickle of ``values``, a config or headers of the caller's, would hold a secret.

    Masks in it would be sent for the real thing by whoever loads it, so here the pickle is refused; that
    of a response or of an error, which is only looked at, has masks.
    """
    redact = redact_of(values)
    for name, value in values.items():
        taker = _Snapshot(redact)
        taker.of({name: value})
        is_location = name in _LOCATIONS and isinstance(value, str)
        if taker.has_masked or (is_location and mask_location(value, redact) != value):
            kind = type(owner).__name__
            raise TypeError(f"{name} holds a secret, and a pickle would show it: take it out of the {kind}")


def is_secret(name: object, redact: FrozenSet[str] = frozenset()) -> bool:
    """Whether what stands under ``name`` (of a header, an option, a field) is not to be shown."""
    plain = _plain_name(name)
    return plain in SECRET_NAMES or plain in redact or plain.endswith(SECRET_ENDINGS)


def mask_text(text: str, redact: FrozenSet[str] = frozenset()) -> str:
    """``text`` without a private key, and without the secrets of the URLs in it."""
    if "://" in text:
        text = mask_url(text)
    if "=" in text:
        import re

        text = re.sub(_FIELD, lambda field: _masked_field(field, redact), text)
    return MASK if "PRIVATE KEY-----" in text else text


def _masked_field(field: Match[str], redact: FrozenSet[str]) -> str:
    mark, name, _ = field.groups()
    return f"{mark}{name}={MASK}" if is_secret(name, redact) else field.group()


def mask_url(text: str) -> str:
    """``text`` without the user name and the password of the URLs in it."""
    import re

    return re.sub(_USERINFO, "://", text)


def mask_location(text: str, redact: FrozenSet[str] = frozenset()) -> str:
    """A URL, well-formed or not, without user name, password and the secrets of its query.

    Where it is malformed nobody knows which "@" was meant to end the password: then all in front of
    the last one is left out.
    """
    import re

    start = re.match(_START, text)
    begin = start.end() if start is not None else 0
    found = re.match(_AUTHORITY, text[begin:])
    authority = found.group() if found is not None else ""
    port = authority.rpartition("@")[2].rpartition(":")[2] if ":" in authority else ""
    if "@" in authority:
        text = text[:begin] + text[begin + authority.rindex("@") + 1 :]
    elif port and not port.rstrip("]").isdigit() and "@" in text:
        text = text[:begin] + text[text.rindex("@") + 1 :]
    return mask_text(text, redact)


def redact_of(config: Any) -> FrozenSet[str]:
    """The names that a config wants masked, beside the built-in ones; none where it is no mapping."""
    if not isinstance(config, AnyMapping):
        return frozenset()
    names = [config.get("xsrf_header_name")]
    for option in ("redact", "sensitive_headers"):
        given = config.get(option)
        names.extend(given if isinstance(given, (list, tuple, set, frozenset)) else ())
    return frozenset([_plain_name(name) for name in names if isinstance(name, str) and name])


def _request_snapshot(request: object, redact: FrozenSet[str]) -> Any:
    shown = ("method", "url", "path", "host", "protocol", "redirects")
    return {name: snapshot(getattr(request, name, None), redact) for name in shown}


def _rebuild(
    kind: Type[AxiosError],
    message: str,
    code: Optional[str],
    config: Any,
    request: Any,
    response: Any,
    status: Optional[int],
    number: Optional[int] = None,
) -> AxiosError:
    made = kind.__new__(kind)
    AxiosError.__init__(made, message, code, config, request, response)
    made._status = status
    if isinstance(made, OSError):
        made.errno = number
    return made
