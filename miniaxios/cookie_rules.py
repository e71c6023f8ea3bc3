"""The rules of RFC 6265bis that need no jar: one ``Set-Cookie`` line, domains, paths, dates.

Rules of the room: pure, linear, and nothing raises for whatever a server sends.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

MAX_PAIR = 4096
MAX_ATTRIBUTE = 1024
MAX_LINE = 16384
#: Seconds. RFC 6265bis section 5.5: no cookie outlives 400 days.
MAX_LIFETIME = 400 * 86400
_MAX_DIGITS = 20

_BLANKS = " \t"
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOST = re.compile(r"[a-z0-9_.:-]+\Z")
_DIGITS = frozenset("0123456789")


class CookieLine:
    """One ``Set-Cookie``: ``name``, ``value`` (raw), ``domain`` (bare, lower case) and ``path``
    (str or None), ``has_domain``, ``secure`` (bool), ``expires`` (seconds since 1970, or None for
    the session), ``rest`` (``HttpOnly``, ``SameSite``)."""

    __slots__ = ("name", "value", "domain", "has_domain", "path", "secure", "expires", "rest")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value
        self.domain: Optional[str] = None
        self.has_domain = False
        self.path: Optional[str] = None
        self.secure = False
        self.expires: Optional[int] = None
        self.rest: Dict[str, str] = {}


def parse_set_cookie(text: str, now: float) -> Optional[CookieLine]:
    """What one ``Set-Cookie`` says, or None when it must be ignored. RFC 6265bis section 5.6.

    Ignored: controls but TAB anywhere, no name, name and value over 4096 characters together, a
    line over 16 KiB, a ``Domain`` that is no host name. Attributes over 1024 characters don't count.
    """
    if len(text) > MAX_LINE or _CONTROLS.search(text):
        return None
    pair, *attributes = text.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(_BLANKS), value.strip(_BLANKS)
    if not equals or not name or len(name) + len(value) > MAX_PAIR or " " in name or "\t" in name:
        return None
    line = CookieLine(name, value)
    given = _attributes(attributes)
    line.secure = "secure" in given
    line.has_domain = "domain" in given
    line.domain = given.get("domain", "").lower() or None
    if line.domain is not None:
        line.domain = line.domain[1:] if line.domain[0] == "." else line.domain
        line.domain = line.domain[:-1] if line.domain[-1:] == "." else line.domain
        if not _HOST.match(line.domain):
            return None
    line.path = given["path"] if given.get("path", "").startswith("/") else None
    line.expires = _expiry(given, now)
    line.rest = {shown: given[key] for key, shown in _KEPT if key in given}
    return line


_KEPT = (("httponly", "HttpOnly"), ("samesite", "SameSite"))


def _attributes(parts: List[str]) -> Dict[str, str]:
    """Names in lower case; the last of a name counts."""
    given: Dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        value = value.strip(_BLANKS)
        if len(value) <= MAX_ATTRIBUTE:
            given[name.strip(_BLANKS).lower()] = value
    return given


# --- time ------------------------------------------------------------------------------------


def _expiry(given: Dict[str, str], now: float) -> Optional[int]:
    """Seconds since 1970; ``Max-Age`` counts more than ``Expires``; neither is more than 400 days off."""
    latest = int(now) + MAX_LIFETIME
    age = _max_age(given.get("max-age", ""))
    if age is not None:
        return min(int(now) + age, latest) if age > 0 else 0
    moment = cookie_date(given.get("expires", ""))
    return None if moment is None else min(moment, latest)


def _max_age(text: str) -> Optional[int]:
    digits = text[1:] if text[:1] == "-" else text
    if not digits or not _DIGITS.issuperset(digits):
        return None
    if text[0] == "-":
        return 0
    return int(digits) if len(digits) <= _MAX_DIGITS else MAX_LIFETIME


_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def cookie_date(text: str) -> Optional[int]:
    """Seconds since 1970 of a date as servers write it, or None. RFC 6265bis section 5.1.1."""
    clock = day = month = year = None
    for token in _DELIMITERS.split(text):
        if clock is None and _TIME.match(token):
            clock = _TIME.match(token)
        elif day is None and _DAY.match(token):
            day = _DAY.match(token)
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and _YEAR.match(token):
            year = _YEAR.match(token)
    if clock is None or day is None or month is None or year is None:
        return None
    return _moment(_full_year(int(year.group(1))), month, int(day.group(1)), *map(int, clock.groups()))


def _full_year(year: int) -> int:
    if 70 <= year <= 99:
        return year + 1900
    return year + 2000 if year <= 69 else year


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> Optional[int]:
    from datetime import datetime, timezone

    if year < 1601:
        return None
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc).timestamp())
    except ValueError:  # no such day, no such hour
        return None


# --- hosts and paths -------------------------------------------------------------------------


def url_name(url: Any) -> str:
    """The host of ``url`` as cookies know it: lower case, no trailing dot, no brackets."""
    host: str = url.host.lower()
    return (host[:-1] if host.endswith(".") else host).strip("[]")


def url_path(url: Any) -> str:
    """The path of ``url`` without its query; ``/`` at least."""
    path: str = url.path or "/"
    return path.partition("?")[0]


def is_secure(url: Any) -> bool:
    """Whether ``url`` is fetched over TLS."""
    return bool(url.scheme == "https")


def is_address(host: str) -> bool:
    """Whether ``host`` (without brackets) is an IP address: a name never ends in a number."""
    return ":" in host or _DIGITS.issuperset(host.rpartition(".")[2])


def jar_domain(host: str) -> str:
    """What ``http.cookiejar`` calls a cookie of ``host`` alone: dotless ones get ``.local``."""
    if ":" in host:
        return f"[{host}].local"
    return host if "." in host else host + ".local"


def domain_matches(host: str, domain: str) -> bool:
    """RFC 6265bis section 5.1.3: equal, or below at the border of a label; addresses only equal."""
    if host == domain:
        return True
    return bool(domain) and host.endswith("." + domain) and not is_address(host)


def path_matches(path: str, cookie_path: str) -> bool:
    """RFC 6265bis section 5.1.4: equal, or below at a ``/``."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def default_path(path: str) -> str:
    """The path of a cookie that names none: the directory of the URL. Same section."""
    return path[: path.rfind("/")] or "/"


# Without the Public Suffix List, which is large and changes weekly: what registries of countries
# commonly put under their own letters, and hosts that many strangers share. A suffix that is not
# known here lets siblings set cookies for each other, as every client without the list does.
_SECOND_LEVEL = frozenset(
    "ac co com edu gen go gob gouv gov govt gub ltd mil muni ne net nhs nom or org plc police sch".split()
)
_SHARED = frozenset(
    "amazonaws.com appspot.com azurewebsites.net azurestaticapps.net blogspot.com cloudapp.net cloudfront.net"
    " cloudfunctions.net codeberg.page deno.dev elasticbeanstalk.com firebaseapp.com fly.dev github.io"
    " githubusercontent.com gitlab.io glitch.me herokuapp.com netlify.app ngrok.io ngrok-free.app"
    " onrender.com pages.dev pythonanywhere.com readthedocs.io repl.co run.app surge.sh trafficmanager.net"
    " vercel.app web.app wixsite.com workers.dev wordpress.com uk.com us.com eu.com de.com me.uk id.au"
    " web.za gv.at ad.jp ed.jp gr.jp lg.jp".split()
)


def public_suffix_like(domain: str) -> bool:
    """Whether strangers may own hosts under ``domain``: a guess, see the comment above.

    One label; two of which the last is a country's and the first a common second level
    (``co.uk``, ``com.au``); the well-known hosts of many customers (``github.io``).
    """
    labels = domain.split(".")
    if len(labels) == 1 or domain in _SHARED:
        return True
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVEL
