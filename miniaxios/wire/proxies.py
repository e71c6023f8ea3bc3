"""Which proxy a request goes through, if any. Pure: the environment comes as an argument.

Rules of the room: a proxy that can't be understood is an error, never a direct connection; every
mode, redirect and retry asks :func:`route_for`; no message and no ``repr`` shows credentials.
"""

from __future__ import annotations

import os

from .environment import names_no_proxy
from .errors import InvalidRequest, InvalidURL
from .hosts import DIGITS, address_of, normal_host
from .url import clean_text, parse_authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Hashable, Mapping, Optional, Tuple, Union

    from .url import URL

    Address = Tuple[int, int]

#: Protocols of proxies, and the port of each where none is given.
DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
SUPPORTED = tuple(DEFAULT_PORTS)

_TLS_FILES = ("ca", "cert", "key")


class Proxy:
    """One proxy server. Immutable by convention; made by :func:`parse_proxy`.

    ``scheme``: one of :data:`SUPPORTED`; ``"https"`` is TLS to the proxy itself. ``host``: as the
    resolver takes it (ASCII, no brackets, zone id kept). ``port``: int, 1 to 65535. ``username``,
    ``password``: str, or both None. ``authorization``: the value of ``Proxy-Authorization``
    (``"Basic …"``) or None. ``tls``: dict with any of ``ca``, ``cert``, ``key`` (path or PEM, str or
    bytes), ``servername`` (str), ``reject_unauthorized`` (bool), or None. ``key``: for the pool.
    """

    __slots__ = ("scheme", "host", "port", "username", "password", "authorization", "tls", "key")

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        username: Optional[str] = None,
        password: Optional[str] = None,
        tls: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.authorization = None if username is None else _basic(username, password or "")
        self.tls = tls
        # Hashable, credentials and TLS settings included: proxies with equal keys may share a
        # connection, others never. Not for display.
        self.key: Hashable = (scheme, host, port, self.authorization, tuple(sorted((tls or {}).items())))

    @property
    def name(self) -> str:
        """The host without zone and trailing dot: what its certificate is checked for, and SNI."""
        host = self.host.partition("%")[0]
        return host[:-1] if host[-1] == "." else host

    def __repr__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        mask = "" if self.username is None else "[REDACTED ****]@"
        return f"<Proxy {self.scheme}://{mask}{host}:{self.port}>"


def _basic(username: str, password: str) -> str:
    from binascii import b2a_base64

    try:
        return "Basic " + b2a_base64(f"{username}:{password}".encode(), newline=False).decode("ascii")
    except UnicodeEncodeError:
        raise _bad("lone surrogate in the credentials") from None


def _bad(reason: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid proxy: {reason}", what="proxy")


def parse_proxy(value: Union[str, Mapping[str, Any]]) -> Proxy:
    """A :class:`Proxy` of a URL (``str``) or of axios's mapping.

    URL: ``[scheme://][user:password@]host[:port]``; without a scheme it is http, as curl and Python
    have it; userinfo is percent-decoded; a path is ignored. Mapping: ``protocol`` (with or without a
    colon), ``hostname`` or else ``host``, ``port`` (int), ``auth`` (mapping, pair or
    ``"user:password"``) or ``username`` and ``password``, and the keys of ``Proxy.tls``; others are
    ignored. A missing port is the scheme's. Raises ``InvalidRequest`` with ``what="proxy"``.
    """
    if isinstance(value, Proxy):
        return value
    if isinstance(value, str):
        return _proxy_of_url(value)
    if hasattr(value, "keys"):
        return _proxy_of_mapping(dict(value))
    raise _bad(f"a URL or a mapping is expected, not {type(value).__name__}")


def _proxy_of_url(text: str) -> Proxy:
    try:
        scheme, mark, rest = clean_text(text).partition("://")
        if not mark:
            scheme, rest = "http", scheme
        scheme = _protocol(scheme)
        for end in "/?#":
            rest = rest.partition(end)[0]
        if "\\" in rest:
            raise InvalidURL("Invalid URL: backslash")
        host, zone, port, username, password = parse_authority(rest, DEFAULT_PORTS[scheme])
    except InvalidURL as error:
        raise _bad(_reason(error)) from None
    host = host if zone is None else f"{host}%{zone}"
    return Proxy(scheme, host, _port(port, scheme), username, password)


def _reason(error: InvalidURL) -> str:
    return str(error).replace("Invalid URL: ", "")


def _proxy_of_mapping(given: Dict[str, Any]) -> Proxy:
    protocol = given.get("protocol")
    scheme = "http" if protocol is None else _protocol(_text(protocol, "protocol"))
    host = _text(given.get("hostname") or given.get("host"), "host")
    # An address may come bare, which in a URL would read as a port.
    literal = host if host.startswith("[") or ":" not in host else f"[{host}]"
    try:
        name, zone, extra, _, _ = parse_authority(literal, 0)
    except InvalidURL as error:
        raise _bad(_reason(error)) from None
    if "@" in host or extra:
        raise _bad("host must be a host name or an address, nothing else")
    name = name if zone is None else f"{name}%{zone}"
    username, password = _credentials(given)
    return Proxy(scheme, name, _port(given.get("port"), scheme), username, password, _tls(given))


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise _bad(f"{name} must be a non-empty str, not {type(value).__name__}")
    return value


def _protocol(text: str) -> str:
    scheme = text.lower()
    for end in ("//", ":"):
        scheme = scheme[: -len(end)] if scheme.endswith(end) else scheme
    if scheme not in DEFAULT_PORTS:
        # Without more: the start of a mistyped URL may be the user name.
        raise _bad(f"protocol must be one of {', '.join(SUPPORTED)}")
    return scheme


def _port(port: object, scheme: str) -> int:
    if port is None:
        return DEFAULT_PORTS[scheme]
    if type(port) is not int or not 0 < port < 65536:
        raise _bad("port must be an int from 1 to 65535")
    return port


def _credentials(given: Mapping[str, Any]) -> Tuple[Optional[str], Optional[str]]:
    """User name and password; the fields of their own beat ``auth``, as in axios."""
    if given.get("username") is not None:
        return _pair(given["username"], given.get("password"))
    auth = given.get("auth")
    if auth is None:
        return None, None
    if isinstance(auth, str):
        name, _, password = auth.partition(":")
        return name, password
    if hasattr(auth, "get"):
        if auth.get("username") is None and auth.get("password") is None:
            raise InvalidRequest("Invalid proxy authorization", what="proxy")
        return _pair(auth.get("username"), auth.get("password"))
    if isinstance(auth, (tuple, list)) and len(auth) == 2:
        return _pair(auth[0], auth[1])
    raise InvalidRequest("Invalid proxy authorization", what="proxy")


def _pair(username: object, password: object) -> Tuple[str, str]:
    username = "" if username is None else username
    password = "" if password is None else password
    if not isinstance(username, str) or not isinstance(password, str):
        raise InvalidRequest("Invalid proxy authorization", what="proxy")
    return username, password


def _tls(given: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """The TLS settings in ``given``, only of types that hash by value: they are part of a pool key."""
    found: Dict[str, Any] = {}
    for name in _TLS_FILES:
        value = given.get(name)
        if value is not None:
            found[name] = _file(value, name)
    if given.get("servername") is not None:
        found["servername"] = _text(given["servername"], "servername")
    strict = given.get("reject_unauthorized", given.get("rejectUnauthorized"))
    if strict is not None:
        if not isinstance(strict, bool):
            raise _bad("reject_unauthorized must be a bool")
        found["reject_unauthorized"] = strict
    return found or None


def _file(value: object, name: str) -> Union[str, bytes]:
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (str, bytes, os.PathLike)):
        return os.fspath(value)
    raise _bad(f"{name} must be a path or PEM, not {type(value).__name__}")


def route_for(url: URL, proxy: Union[None, bool, Proxy], environ: Mapping[str, str]) -> Optional[Proxy]:
    """The proxy for ``url``, or None for a direct connection.

    ``proxy``: a :class:`Proxy` (``no_proxy`` does not touch it, as in axios), False for none, None
    for the environment's. Raises ``InvalidRequest`` with ``what="proxy"``.
    """
    if proxy is None:
        return proxy_from_environment(url, environ)
    if proxy is False:
        return None
    if isinstance(proxy, Proxy):
        return proxy
    raise _bad(f"a Proxy, False or None is expected, not {type(proxy).__name__}")


def proxy_from_environment(url: URL, environ: Mapping[str, str]) -> Optional[Proxy]:
    """The proxy that ``http_proxy``/``https_proxy``, ``all_proxy`` and ``no_proxy`` name for ``url``.

    A lower-case variable hides its upper-case twin, even when empty. ``HTTP_PROXY`` is ignored
    beside ``REQUEST_METHOD``: in a CGI script it is the client's ``Proxy`` header. Raises
    ``InvalidRequest`` for a value that is no proxy.
    """
    if names_no_proxy(environ):
        return None
    value = _variable(environ, f"{url.scheme}_proxy") or _variable(environ, "all_proxy")
    if not value or bypasses(url, _variable(environ, "no_proxy")):
        return None
    return _proxy_of_url(value)


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        # Where names have no case, only a look at the keys tells which of the two it is.
        return (value or "").strip() if name in list(environ) else ""
    if value is None:
        value = environ.get(name.upper())
    return (value or "").strip()


def bypasses(url: URL, no_proxy: str) -> bool:
    """Whether ``no_proxy`` exempts ``url``. Never raises; an entry that makes no sense is ignored.

    Entries, parted by commas or blanks, in any case: ``*``; a name (and its subdomains, as in curl,
    Go and requests); ``.name``, ``*.name`` (subdomains only); ``*name`` (any such ending); an
    address, in any spelling; a network (``10.0.0.0/8``); each but the last with ``:port``.
    ``localhost``, 127.0.0.0/8, 0.0.0.0, ``::1`` and ``::`` stand for one another, as in axios.
    """
    entries = no_proxy.lower().replace(",", " ").split()
    if not entries:
        return False
    if "*" in entries:
        return True
    name = url.name
    address = address_of(url.host) if url.is_address else None
    return any(_covers(entry, name, address, url.port) for entry in entries)


def _covers(entry: str, name: str, address: Optional[Address], port: int) -> bool:
    pattern, colon, digits = entry.rpartition(":")
    if not colon or ":" in pattern and pattern[-1:] != "]":
        pattern, digits = entry, ""  # no port, or an IPv6 address without brackets
    elif not _is_port(digits, port):
        return False
    if pattern[:1] == "[" and pattern[-1:] == "]":
        pattern = pattern[1:-1]
    pattern = pattern.partition("%")[0].rstrip(".")
    if "/" in pattern:
        return _in_network(pattern, name, address)
    if pattern[:1] in ("*", "."):
        return _ends_with(pattern.lstrip("*"), name, address)
    return _is_or_under(pattern, name, address)


def _is_port(digits: str, port: int) -> bool:
    return 0 < len(digits) <= 5 and DIGITS.issuperset(digits) and int(digits) == port


def _ends_with(suffix: str, name: str, address: Optional[Address]) -> bool:
    if not suffix:
        return True  # "*:8080"
    if address is not None:
        return False  # the labels of an address have no order that a suffix could mean
    dot = "." if suffix[0] == "." else ""
    wanted = _normal(suffix[len(dot) :])
    return wanted is not None and name.endswith(dot + wanted)


def _is_or_under(pattern: str, name: str, address: Optional[Address]) -> bool:
    own = address_of(pattern)
    wanted = None
    if own is None:
        wanted = _normal(pattern)
        if wanted is None:
            return False
        own = address_of(wanted)  # written in full-width digits
    if _is_loopback(wanted, own, None) and _is_loopback(name, address, None):
        return True
    if own is not None or address is not None:
        return own == address
    return name == wanted or name.endswith(f".{wanted}")


def _normal(text: str) -> Optional[str]:
    try:
        return normal_host(text)
    except InvalidURL:
        return None


def _in_network(pattern: str, name: str, address: Optional[Address]) -> bool:
    base_text, _, digits = pattern.partition("/")
    base_text = base_text.strip("[]")
    # "10/8" is not 0.0.0.10: of IPv4, only the full form says where its bits begin.
    base = address_of(base_text) if ":" in base_text or base_text.count(".") == 3 else None
    if base is None or not 0 < len(digits) <= 3 or not DIGITS.issuperset(digits):
        return False
    width, value = base
    prefix = int(digits)
    if width == 32 and ":" in base_text:
        prefix -= 96  # ::ffff:10.0.0.0/104
    if not 0 <= prefix <= width:
        return False
    if _is_loopback(None, base, prefix) and _is_loopback(name, address, None):
        return True
    if address is None or address[0] != width:
        return False
    return (value ^ address[1]) >> (width - prefix) == 0


def _is_loopback(name: Optional[str], address: Optional[Address], prefix: Optional[int]) -> bool:
    """Whether a name or an address, or all of a network, is of the loopback family."""
    if address is None:
        return name == "localhost"
    width, value = address
    if width == 32 and value >> 24 == 127:
        return prefix is None or prefix >= 8
    own = value == 0 or width == 128 and value == 1
    return own and (prefix is None or prefix == width)
