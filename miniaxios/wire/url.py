"""URLs: parsed once, by one parser, into the parts that go on the wire.

Who connects, who writes the ``Host`` header and who compares origins all read the same ``URL``, so
there is no second reading to disagree with. Rules of the room: pure, linear in the length of the
text, and no message shows userinfo, query or fragment.

What is accepted is what axios accepts (the WHATWG URL standard), less what makes parsers disagree:
controls anywhere, backslashes before the query, spaces in the authority, escapes in the host, and
an absent ``//`` or host are refused, not repaired.
"""

from __future__ import annotations

from .errors import InvalidURL, UnsupportedScheme
from .hosts import DIGITS, HEX_DIGITS, ipv6_text, ipv6_value, normal_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Optional, Tuple

#: Bytes of UTF-8. No server takes as much; it bounds the work that a hostile text can ask for.
MAX_URL = 1 << 20

DEFAULT_PORTS = {"http": 80, "https": 443}

_CONTROLS = bytes(range(32)) + b"\x7f"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALNUM = _LETTERS + b"0123456789"
# Bytes that mean the same wherever they stand after the scheme and need no escape there.
_PLAIN = _ALNUM + b"-._~!$&()*+,;=:/?@%"
_SCHEME = frozenset((_ALNUM + b"+-._").decode())
_ZONE = frozenset((_ALNUM + b"-._~").decode())
_DOT_SEGMENTS = {".": 1, "%2e": 1, "..": 2, ".%2e": 2, "%2e.": 2, "%2e%2e": 2}

# Percent-encode sets of WHATWG URL §1.3 ("path", "special-query", "fragment"). It leaves the
# backslash of a query alone; some servers read that one as a slash, so it is coded here.
_PATH_ESCAPES = {ord(char): f"%{ord(char):02X}" for char in ' "<>`{}'}
_QUERY_ESCAPES = {ord(char): f"%{ord(char):02X}" for char in " \"<>'\\"}
_FRAGMENT_ESCAPES = {ord(char): f"%{ord(char):02X}" for char in ' "<>`'}


class _Bytes(dict):  # type: ignore[type-arg]
    """byte → its text; those over 127 are percent-coded when first met, not at import."""

    def __missing__(self, byte: int) -> str:
        self[byte] = text = chr(byte) if byte < 128 else f"%{byte:02X}"
        return text


_BYTES = _Bytes()


class URL:
    """An http or https URL in its parts. Immutable by convention; made by :func:`parse_url`.

    ``scheme``: ``"http"`` or ``"https"``. ``host``: ASCII, lower case; a name with its one trailing
    dot if it was given, a dotted quad, or a compressed IPv6 address without brackets. ``zone``: the
    zone id of a link-local IPv6 address, or None. ``port``: int, the scheme's where none was given.
    ``path``: begins with ``/``, escaped, without dot segments. ``query``, ``fragment``: escaped,
    without their mark, or None. ``username``, ``password``: percent-decoded, or None; they appear
    in no other property and in no text made of this object.
    """

    __slots__ = ("scheme", "host", "zone", "port", "path", "query", "fragment", "username", "password")

    def __init__(
        self,
        scheme: str,
        host: str,
        zone: Optional[str],
        port: int,
        path: str,
        query: Optional[str] = None,
        fragment: Optional[str] = None,
        username: Optional[str] = None,
        password: Optional[str] = None,
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.zone = zone
        self.port = port
        self.path = path
        self.query = query
        self.fragment = fragment
        self.username = username
        self.password = password

    @property
    def target(self) -> str:
        """``/path?query`` as on the request line; a bare ``?`` is dropped, as Node drops it."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def host_header(self) -> str:
        """Value of ``Host``: brackets, a port that is not the scheme's, never zone or userinfo."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def connect_host(self) -> str:
        """What to resolve and connect to: the host, with ``%zone`` if it has one."""
        return self.host if self.zone is None else f"{self.host}%{self.zone}"

    @property
    def name(self) -> str:
        """The host without its trailing dot: for SNI, certificates, cookies, ``no_proxy``."""
        return self.host[:-1] if self.host[-1] == "." else self.host

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address: no SNI, no cookie domain, no name suffixes then."""
        # No name ends in a number, see hosts.normal_host.
        return ":" in self.host or DIGITS.issuperset(self.host[self.host.rfind(".") + 1 :] or "-")

    @property
    def origin(self) -> Tuple[str, str, int]:
        """``(scheme, host, port)``, equal for equal origins (RFC 6454 §4).

        Without the trailing dot, as certificates are checked without it, and with the zone, as
        each link has its own ``fe80::1``.
        """
        return self.scheme, self.name if self.zone is None else self.connect_host, self.port

    def with_more_query(self, query: str) -> URL:
        """This URL with ``query``, which is escaped already, behind its own; the fragment goes.

        What may not stand in a URL is found when the request line is made.
        """
        whole = f"{self.query}&{query}" if self.query else query
        return URL(self.scheme, self.host, self.zone, self.port, self.path, whole, None, self.username, self.password)

    def __str__(self) -> str:
        """The whole URL, fragment included, without userinfo."""
        zone = "" if self.zone is None else f"%25{self.zone}"
        host = f"[{self.host}{zone}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{host}{port}{self.path}{query}{fragment}"

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, URL):
            return NotImplemented
        return all(getattr(self, part) == getattr(other, part) for part in self.__slots__)

    __hash__ = None  # type: ignore[assignment]


#: URLs as they were parsed: this many, up to this size.
_parsed: Dict[str, URL] = {}
_MOST_PARSED, _LONGEST_PARSED = 256, 256


def same_origin(first: URL, second: URL) -> bool:
    """Whether scheme, host and port are equal (RFC 6454 §5)."""
    return first.origin == second.origin


def parse_url(text: str) -> URL:
    """Parse an absolute http or https URL.

    Outer spaces are stripped; an inner one in path or query becomes ``%20``. Raises ``InvalidURL``,
    or ``UnsupportedScheme`` with axios's message (``Unsupported protocol ftp:``).
    Source: WHATWG URL as Node has it, narrowed as the head of this file says.
    """
    if type(text) is not str:
        return _parse_absolute(clean_text(text))
    url = _parsed.get(text)
    if url is None:
        url = _parse_plain(text)
        if url is None:
            return _parse_absolute(clean_text(text))
        # Most programs ask for few URLs many times. Only plain ones: those have no userinfo.
        if len(text) <= _LONGEST_PARSED:
            if len(_parsed) >= _MOST_PARSED:
                _parsed.clear()
            _parsed[text] = url
    return url


def _parse_plain(text: str) -> Optional[URL]:
    """The short way for URLs in which nothing is to be escaped or resolved; None for all others."""
    scheme, start = ("https", 8) if text.startswith("https://") else ("http", 7)
    if start == 7 and not text.startswith("http://") or len(text) > MAX_URL or not text.isascii():
        return None
    if text.encode("ascii").translate(None, _PLAIN):
        return None
    location, mark, query = text[start:].partition("?")
    authority, _, path = location.partition("/")
    path = "/" + path
    if "@" in authority or "/." in path or "%2" in path:
        return None
    host, _, digits = authority.partition(":")
    if not host or ":" in digits:
        return None
    port = _port(digits, DEFAULT_PORTS[scheme])
    return URL(scheme, normal_host(host), None, port, path, query if mark else None)


def _parse_absolute(text: str) -> URL:
    scheme, rest = _split_scheme(text)
    authority, path, query, fragment = _split_rest(rest[2:])
    host, zone, port, username, password = parse_authority(authority, DEFAULT_PORTS[scheme])
    tail = _escaped_tail(path or "/", query, fragment)
    return URL(scheme, host, zone, port, *tail, username, password)


def join_url(base: URL, reference: str) -> URL:
    """Resolve a reference, such as a ``Location``, against ``base`` (RFC 3986 §5.2).

    The result has no userinfo, whether base or reference has some, and inherits the fragment of
    ``base`` where the reference has none (RFC 9110 §10.2.2). Raises as :func:`parse_url`, and
    ``InvalidURL`` for an empty reference.
    """
    text = clean_text(reference)
    if not text:
        raise InvalidURL("Invalid URL: empty reference")
    if text.startswith("//"):
        text = f"{base.scheme}:{text}"
    elif not _has_scheme(text):
        return _join_relative(base, text)
    found = _parse_plain(text) or _parse_absolute(text)
    fragment = base.fragment if found.fragment is None else found.fragment
    return URL(found.scheme, found.host, found.zone, found.port, found.path, found.query, fragment)


def _join_relative(base: URL, text: str) -> URL:
    path, query, fragment = _split_tail(text)
    if not path:
        path = base.path
        query = base.query if query is None else query
    elif path[0] != "/":
        path = base.path[: base.path.rfind("/") + 1] + path
    fragment = base.fragment if fragment is None else fragment
    tail = _escaped_tail(path, query, fragment)
    return URL(base.scheme, base.host, base.zone, base.port, *tail)


def clean_text(text: str) -> str:
    """``text`` as an exact ``str`` without outer spaces; ``InvalidURL`` if it is over-long, or has
    controls or lone surrogates.
    """
    if not isinstance(text, str):
        raise InvalidURL(f"Invalid URL: a str is expected, not {type(text).__name__}")
    # A subclass may lie in its methods: from here on it is the characters alone.
    text = str.__str__(text).strip(" ")
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidURL("Invalid URL: lone surrogate") from None
    if len(raw) > MAX_URL:
        raise InvalidURL(f"Invalid URL: longer than {MAX_URL} bytes")
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        raise InvalidURL("Invalid URL: control character")
    return text


def _has_scheme(text: str) -> bool:
    scheme, colon, _ = text.partition(":")
    return bool(colon) and _is_scheme(scheme)


def _is_scheme(text: str) -> bool:
    # RFC 3986 §3.1, and the underscore of Python's old "local_file:", to refuse it by its name.
    return text[:1].isalpha() and _SCHEME.issuperset(text)


def _split_scheme(text: str) -> Tuple[str, str]:
    if not _has_scheme(text):
        raise InvalidURL("Invalid URL: no protocol")
    scheme, _, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme not in DEFAULT_PORTS:
        if "@" in rest and not rest.startswith("//"):
            # "token:x@host" without a scheme: what looks like one is a secret.
            raise UnsupportedScheme("Unsupported protocol")
        raise UnsupportedScheme(f"Unsupported protocol {scheme[:32]}:")
    if not rest.startswith("//"):
        raise InvalidURL('Invalid URL: missing "//" after protocol')
    return scheme, rest


def _split_rest(text: str) -> Tuple[str, str, Optional[str], Optional[str]]:
    """What follows ``//`` as ``(authority, path, query, fragment)``, unescaped."""
    head, query, fragment = _split_tail(text)
    authority, slash, path = head.partition("/")
    return authority, slash + path, query, fragment


def _split_tail(text: str) -> Tuple[str, Optional[str], Optional[str]]:
    """``path?query#fragment`` in its parts (RFC 3986 §3); no backslash before the query."""
    head, fragment_mark, fragment = text.partition("#")
    path, query_mark, query = head.partition("?")
    if "\\" in path:
        raise InvalidURL("Invalid URL: backslash before the query")
    return path, query if query_mark else None, fragment if fragment_mark else None


def parse_authority(
    text: str, default_port: int
) -> Tuple[str, Optional[str], int, Optional[str], Optional[str]]:
    """``user:password@host:port`` as ``(host, zone, port, username, password)``.

    The last ``@`` splits; userinfo comes percent-decoded, None where it is absent or empty.
    Raises ``InvalidURL``.
    """
    if " " in text:
        raise InvalidURL("Invalid URL: space before the path")
    userinfo, _, location = text.rpartition("@")
    username, colon, password = userinfo.partition(":")
    zone = None
    if location[:1] == "[":
        literal, bracket, rest = location[1:].partition("]")
        if not bracket or rest[:1] not in ("", ":"):
            raise InvalidURL("Invalid URL: bad IPv6 address")
        host, zone = _ipv6_host(literal)
        digits = rest[1:]
    else:
        name, _, digits = location.partition(":")
        host = normal_host(name)
    port = _port(digits, default_port)
    if not userinfo or userinfo == ":":
        return host, zone, port, None, None
    return host, zone, port, percent_decoded(username), percent_decoded(password) if colon else None


def _ipv6_host(literal: str) -> Tuple[str, Optional[str]]:
    address, percent, zone = literal.partition("%")
    value = ipv6_value(address)
    if value is None:
        raise InvalidURL("Invalid URL: bad IPv6 address")
    if not percent:
        return ipv6_text(value), None
    if zone.startswith("25"):
        zone = zone[2:]  # RFC 6874: the mark is written as "%25" in a URL
    if value >> 118 != 0xFE80 >> 6 or not 0 < len(zone) <= 64 or not _ZONE.issuperset(zone):
        raise InvalidURL("Invalid URL: bad IPv6 zone")
    return ipv6_text(value), zone


def _port(digits: str, default: int) -> int:
    if not digits:
        return default
    if len(digits) > 5 or not DIGITS.issuperset(digits) or int(digits) > 65535:
        raise InvalidURL("Invalid URL: bad port")
    return int(digits)


def percent_decoded(text: str) -> str:
    """``text`` with its escapes decoded as UTF-8; unchanged if one is malformed, as axios has it."""
    if "%" not in text:
        return text
    pieces = text.encode("utf-8").split(b"%")
    for place in range(1, len(pieces)):
        piece = pieces[place]
        pair = piece[:2].decode("latin-1")
        if len(pair) < 2 or not HEX_DIGITS.issuperset(pair):
            return text
        pieces[place] = bytes((int(pair, 16),)) + piece[2:]
    try:
        return b"".join(pieces).decode("utf-8")
    except UnicodeDecodeError:
        return text


def _escaped_tail(
    path: str, query: Optional[str], fragment: Optional[str]
) -> Tuple[str, Optional[str], Optional[str]]:
    return (
        _without_dots(_escaped(path, _PATH_ESCAPES)),
        None if query is None else _escaped(query, _QUERY_ESCAPES),
        None if fragment is None else _escaped(fragment, _FRAGMENT_ESCAPES),
    )


def _escaped(text: str, escapes: Dict[int, str]) -> str:
    """``text`` with the characters of ``escapes`` and non-ASCII ones coded; ``%XX`` stays as it is."""
    text = text.translate(escapes)
    return text if text.isascii() else "".join(map(_BYTES.__getitem__, text.encode("utf-8")))


def _without_dots(path: str) -> str:
    """Resolve ``.`` and ``..``, also where escaped (RFC 3986 §5.2.4; WHATWG URL, "path state")."""
    if "/." not in path and "%2" not in path:
        return path
    kept = []
    segments = path.split("/")
    for segment in segments[1:]:
        dots = _DOT_SEGMENTS.get(segment.lower()) if len(segment) < 7 else None
        if not dots:
            kept.append(segment)
        elif dots == 2 and kept:
            kept.pop()
    if dots:
        kept.append("")
    return "/" + "/".join(kept)
