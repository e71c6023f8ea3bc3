"""Cookies between responses, requests and the caller's ``http.cookiejar.CookieJar``.

The jar is the standard library's, so that the caller can fill, save and share it; the rules are
those of RFC 6265bis, which the standard library does not keep: its host-only cookies go to
subdomains, it takes ``Domain=co.uk``, ``Secure`` and the name prefixes from anybody.

Rules of the room: loaded only when there is a jar. The jar's own policy is asked as well, and can
only forbid. What a server sent is never decoded (no ``%``, no octal escapes, no quotes), is judged
cookie by cookie, and once more before it is sent. Linear in the length of what is received.
"""

from __future__ import annotations

import re
import time
from copy import copy
from http.cookiejar import Cookie, CookieJar

from .cookie_rules import (
    CookieLine,
    default_path,
    domain_matches,
    is_address,
    is_secure,
    jar_domain,
    parse_set_cookie,
    path_matches,
    public_suffix_like,
    url_name,
    url_path,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional

MAX_PER_DOMAIN = 50
MAX_IN_ALL = 3000

# What can stand in a Cookie header: no separator, no control, nothing beyond Latin-1.
_NAME = re.compile(r"[!-:<>-~\xa1-\xff]+\Z")
_VALUE = re.compile(r"[\t -:<-~\xa0-\xff]*\Z")


def store_cookies(jar: CookieJar, url: Any, set_cookie_values: Iterable[str]) -> None:
    """Put what the ``Set-Cookie`` headers of the response from ``url`` set into ``jar``.

    ``url``: parsed, with ``scheme``, ``host``, ``port`` and ``path``. A value that breaks a rule
    is passed over, and its neighbours are kept. Afterwards the jar holds at most 50 cookies for
    each domain and 3000 in all, or as many as before when it held more; the oldest go first.
    Raises nothing for whatever a server sends. Source: RFC 6265bis section 5.7.
    """
    before = _all(jar)
    guarded = [] if is_secure(url) else [cookie for cookie in before if cookie.secure]
    request = _PolicyRequest(url)
    for value in set_cookie_values:
        line = parse_set_cookie(value, time.time())
        cookie = None if line is None else _cookie(line, url)
        if cookie is None or (guarded and _gets_in_the_way(cookie, guarded)):
            continue
        if cookie.is_expired():
            _remove(jar, cookie)
        else:
            jar.set_cookie_if_ok(cookie, request)  # type: ignore[arg-type]
    _trim(jar, before)


def cookie_header(jar: CookieJar, url: Any) -> Optional[str]:
    """The value of ``Cookie`` for a request to ``url``, or None when no cookie is for it.

    Longer paths first. Left out are cookies that can't stand in a header, and those that the caller
    stored without a domain: they belong to no site.
    Source: RFC 6265bis section 5.8.3.
    """
    cookies = cookies_for(jar, url)
    return "; ".join(c.name if c.value is None else f"{c.name}={c.value}" for c in cookies) or None


def xsrf_token(jar: CookieJar, url: Any, cookie_name: str) -> Optional[str]:
    """The value, as it is stored, of the cookie of that very name that a request to ``url`` carries."""
    for cookie in cookies_for(jar, url):
        if cookie.name == cookie_name:
            return cookie.value
    return None


def cookies_for(jar: CookieJar, url: Any) -> List[Cookie]:
    """The cookies of ``jar`` that a request to ``url`` carries, in the order of sending."""
    now = int(time.time())
    policy: Any = getattr(jar, "_policy", None)
    if policy is not None:
        policy._now = now  # the jar's own methods tell it the time so
    request = _PolicyRequest(url)
    found = [
        cookie
        for cookie in _all(jar)
        if _is_for(cookie, url)
        and not cookie.is_expired(now)
        and _can_be_sent(cookie)
        and (policy is None or _policy_agrees(policy, _as_stored(cookie, url), request))
    ]
    found.sort(key=lambda cookie: -len(cookie.path))
    return found


def _can_be_sent(cookie: Cookie) -> bool:
    """Whether name and value are safe in a header; the caller may have put anything in the jar."""
    name, value = cookie.name, cookie.value
    if not isinstance(name, str) or not isinstance(value, (str, type(None))):
        return False
    return bool(_NAME.match(name) and _VALUE.match(value or ""))


# --- receiving -------------------------------------------------------------------------------


def _cookie(line: CookieLine, url: Any) -> Optional[Cookie]:
    """The Cookie that ``line`` sets for ``url``, or None when it may not."""
    host = url_name(url)
    domain = line.domain
    if line.secure and not is_secure(url):
        return None
    if domain is not None and domain != host and not domain_matches(host, domain):
        return None
    if domain is not None and (is_address(host) or public_suffix_like(domain)):
        if domain != host:
            return None
        domain = None  # nothing lies below: a cookie of this host alone
    if not _prefix_holds(line):
        return None
    return Cookie(
        version=0,
        name=line.name,
        value=line.value,
        port=None,
        port_specified=False,
        domain=jar_domain(host) if domain is None else "." + domain,
        domain_specified=domain is not None,
        domain_initial_dot=domain is not None,
        path=line.path or default_path(url_path(url)),
        path_specified=line.path is not None,
        secure=line.secure,
        expires=line.expires,
        discard=line.expires is None,
        comment=None,
        comment_url=None,
        rest=line.rest,
    )


def _prefix_holds(line: CookieLine) -> bool:
    """RFC 6265bis section 4.1.3: what ``__Secure-`` and ``__Host-`` promise of a cookie."""
    name = line.name.lower()
    if name.startswith("__secure-"):
        return line.secure
    if name.startswith("__host-"):
        return line.secure and not line.has_domain and line.path == "/"
    return True


def _gets_in_the_way(new: Cookie, guarded: List[Cookie]) -> bool:
    """Whether ``new``, from plain http, would replace or hide a Secure cookie. Section 5.7, step 11."""
    ours = _bare(new.domain)
    return any(
        old.name == new.name
        and path_matches(new.path, old.path)
        and (domain_matches(ours, _bare(old.domain)) or domain_matches(_bare(old.domain), ours))
        for old in guarded
    )


def _remove(jar: CookieJar, cookie: Cookie) -> None:
    try:
        jar.clear(cookie.domain, cookie.path, cookie.name)
    except KeyError:
        pass  # a server may expire what was never there


def _trim(jar: CookieJar, before: List[Cookie]) -> None:
    """Drop expired cookies, then the oldest, until the limits hold; but none for what was there before."""
    cookies = _all(jar)
    held, now = _per_domain(before), _per_domain(cookies)
    limits = {domain: max(MAX_PER_DOMAIN, held.get(domain, 0)) for domain in now}
    spare = max(MAX_IN_ALL, len(before)) - len(cookies)
    if spare >= 0 and all(count <= limits[domain] for domain, count in now.items()):
        return
    # A jar keeps the order of insertion within a path, which is the nearest to age that it knows.
    for cookie in sorted(cookies, key=lambda each: not each.is_expired()):
        if spare < 0 or now[cookie.domain] > limits[cookie.domain]:
            _remove(jar, cookie)
            now[cookie.domain] -= 1
            spare += 1


def _per_domain(cookies: List[Cookie]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for cookie in cookies:
        counts[cookie.domain] = counts.get(cookie.domain, 0) + 1
    return counts


# --- sending ---------------------------------------------------------------------------------


def _is_for(cookie: Cookie, url: Any) -> bool:
    if cookie.secure and not is_secure(url):
        return False
    host, domain = url_name(url), _bare(cookie.domain)
    if domain != host:
        below = cookie.domain_specified or cookie.domain.startswith(".")
        if not below or not domain_matches(host, domain) or public_suffix_like(domain):
            return False
    return path_matches(url_path(url), cookie.path or "/")


def _bare(domain: str) -> str:
    """The host that a jar's ``domain`` means: no dots or brackets around it, not the jar's own ``.local``."""
    bare = domain.lower().strip(".")
    if bare.endswith(".local"):
        host = bare[:-6].strip("[]")
        return host if jar_domain(host) == bare else bare
    return bare.strip("[]")


def _policy_agrees(policy: Any, cookie: Cookie, request: Any) -> bool:
    return bool(
        policy.domain_return_ok(cookie.domain, request)
        and policy.path_return_ok(cookie.path, request)
        and policy.return_ok(cookie, request)
    )


def _as_stored(cookie: Cookie, url: Any) -> Cookie:
    """``cookie`` as the standard policy wants to see it: with ``.local`` behind a dotless host."""
    host, domain = url_name(url), cookie.domain.lower()
    if _bare(domain) == host and not domain.endswith(jar_domain(host)):
        domain = jar_domain(host)
    if domain == cookie.domain:
        return cookie
    cookie = copy(cookie)
    cookie.domain = domain
    return cookie


def _all(jar: Any) -> List[Cookie]:
    # Iterating over a jar is not safe while another thread stores in it; the jar has a lock.
    lock = getattr(jar, "_cookies_lock", None)
    if lock is None:
        return list(jar)
    with lock:
        if type(jar).__iter__ is not CookieJar.__iter__:
            return list(jar)
        # Its own iterator goes by name in Python 3.8, not by age.
        by_path = [paths for domain in jar._cookies.values() for paths in domain.values()]
        return [cookie for names in by_path for cookie in names.values()]


class _PolicyRequest:
    """What a ``CookiePolicy`` asks of a request. Source: http.cookiejar's documentation."""

    unverifiable = False

    def __init__(self, url: Any) -> None:
        name = url_name(url)
        self.origin_req_host = f"[{name}]" if ":" in name else name
        self.host = f"{self.origin_req_host}:{url.port}"
        self.type = url.scheme
        self._url = f"{url.scheme}://{self.host}{url_path(url)}"

    def get_full_url(self) -> str:
        return self._url

    def has_header(self, name: str) -> bool:
        return False

    def get_header(self, name: str, default: Any = None) -> Any:
        return default

    def header_items(self) -> List[Any]:
        return []
