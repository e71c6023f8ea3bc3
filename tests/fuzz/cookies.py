"""``Set-Cookie`` lines into a jar, and what goes out to whom."""

from __future__ import annotations

import re
from http.cookiejar import CookieJar

from miniaxios.cookies import cookie_header, cookies_for, store_cookies, xsrf_token
from miniaxios.wire.url import parse_url

from .runner import Target, demand
from .source import PART, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

_URLS = [
    parse_url(text)
    for text in (
        "http://example.com/", "https://example.com/a/b", "https://www.example.com/a", "http://sub.www.example.com/",
        "http://other.org/", "https://example.com./", "http://notexample.com/", "https://x.github.io/",
        "http://127.0.0.1:8080/", "http://1.127.0.0.1.example/", "https://[::1]/", "http://localhost/",
        "https://a.co.uk/", "https://b.co.uk/",
    )
]  # fmt: skip
_DOMAINS = (
    "example.com", ".example.com", "EXAMPLE.COM", "com", ".", "", "co.uk", "127.0.0.1", "0.0.1",
    "localhost", "www.example.com", "ample.com", "..example.com", "example.com.",
)  # fmt: skip
_DATES = (
    "Wed, 21 Oct 2099 07:28:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "21-Oct-99 7:8:9", "99999999",
    "Mon, 32 Foo 20222 25:61:61", "1 jan 1600 0:0:0",
)  # fmt: skip
_ATTRIBUTES = (
    lambda source: "Domain=" + source.one(_DOMAINS),
    lambda source: "Path=" + source.one(("/", "/a", "/a/", "x", "", "//")),
    lambda source: "Max-Age=" + source.number(),
    lambda source: "Expires=" + source.one(_DATES),
    lambda source: source.one(("Secure", "secure", "SECURE=1", "HttpOnly", "SameSite=None", "SameSite")),
    lambda source: source.text(),
)
_NAMES = (
    "a", "a", "sid", "__Secure-a", "__Host-b", "__secure-A", "$Version", "", " ", "x y", "caf\u00e9",
    "XSRF-TOKEN", "a" * 5000,
)  # fmt: skip
# What may be sent: no control, no separator between cookies inside a name or a value.
_SENDABLE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*\Z")


class Cookies(Target):
    """A case is a list of Set-Cookie values; by whom they are sent, the dice decide."""

    name = "cookies"

    def make(self, source: Source) -> bytes:
        lines = [source.spoiled(self._line(source), probability=0.3) for _ in range(1 + source.size(12))]
        return PART.join(lines * (1 + source.size(300)) if source.chance(0.02) else lines)

    def _line(self, source: Source) -> bytes:
        pair = (
            source.one(_NAMES)
            + source.one(("=", "=", "=", ""))
            + source.one((source.text(), '"q;v"', "v", "%0d%0a"))
        )
        attributes = [source.one(_ATTRIBUTES)(source) for _ in range(source.size(5))]
        return source.one(("; ", ";", " ;")).join([pair, *attributes]).encode("latin-1", "replace")

    def check(self, data: bytes, source: Source) -> str:
        jar = CookieJar()
        origins = []
        lines = [line.decode("latin-1") for line in data.split(PART)]
        step = max(1, len(lines) // (1 + source.below(3)))
        for at in range(0, len(lines), step):
            origins.append(source.one(_URLS))
            store_cookies(jar, origins[-1], lines[at : at + step])
        demand(len(jar) <= min(3000, 50 * len(_URLS) * 2), "the jar is bounded", len(jar))
        for url in _URLS:
            _judge(jar, url, origins)
        return "stored" if len(jar) else "none stored"


def _judge(jar: CookieJar, url: Any, origins: List[Any]) -> None:
    header = cookie_header(jar, url)
    sent = cookies_for(jar, url)
    demand((header is None) == (not sent), "a header for cookies, and none for none", header)
    demand(header is None or _SENDABLE.match(header), "the header can be sent", header)
    demand(header is None or header.count(";") == len(sent) - 1, "no cookie is two", header)
    for cookie in sent:
        demand(not cookie.secure or url.scheme == "https", "Secure cookies go over TLS alone", header, url)
    if sent and not any(_related(url.name, origin.name) for origin in origins):
        demand(False, "cookies go to no stranger", header, url, origins)
    xsrf_token(jar, url, "XSRF-TOKEN")


def _related(first: str, second: str) -> bool:
    """Whether one host could set a cookie for the other: equal, or under one registrable name."""
    if first == second:
        return True
    if ":" in first + second or first.rpartition(".")[2].isdigit() or second.rpartition(".")[2].isdigit():
        return False
    tails = [name.rsplit(".", 2)[-2:] for name in (first, second)]
    return tails[0] == tails[1] and tails[0] not in (["co", "uk"], ["github", "io"])
