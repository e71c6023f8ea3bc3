"""Proxies as the environment and the option name them, and ``no_proxy``."""

from __future__ import annotations

import re

from miniaxios.wire.errors import InvalidRequest
from miniaxios.wire.proxies import DEFAULT_PORTS, Proxy, bypasses, parse_proxy, proxy_from_environment
from miniaxios.wire.url import parse_url

from .runner import Target, demand
from .source import PART, Source
from .urls import HOSTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

#: A password that nobody else has: it may be in no message.
SECRET = "s3cr3t-p4ss"
_URLS = [
    parse_url(text)
    for text in (
        "http://example.com/", "https://www.example.com:8443/", "http://127.0.0.1/", "http://10.1.2.3:81/",
        "https://[::1]/", "http://[fe80::1]/", "http://localhost./",
    )
]  # fmt: skip
_ENTRIES = (
    "example.com", ".example.com", "*.example.com", "*", "*example.com", "www.example.com:8443",
    "example.com:443", "10.0.0.0/8", "10/8", "10.1.2.3/33",
    "::1/128", "[::1]", "[::1]:443", "fe80::/10", "::ffff:10.0.0.0/104", "localhost", "127.0.0.0/8", "0/0",
    "0.0.0.0/0", "::/0", "/", ":", ":80", "*:80", "*.", ".", "..",
    "\uff11\uff10.1.2.3", "b\u00fccher.example", "[", "]", "[]", "%", "a%b", "1.2.3.4/\u0668", "x" * 300,
)  # fmt: skip
_SCHEMES = (
    "http://", "http://", "https://", "socks5://", "socks5h://", "", "socks4://", "ftp://", "HTTP://",
    "http:", "//",
)  # fmt: skip
_USERS = (
    "", "", "user:%s@" % SECRET, "%%40:%s@" % SECRET, "%s@" % SECRET, ":%s@" % SECRET, "a:%s@b@" % SECRET,
    "\u00e9:%s@" % SECRET,
)  # fmt: skip
_PORTS = ("", "", ":3128", ":0", ":65536", ":x", ":", ":\u0668", ":3128:1")


class Proxies(Target):
    """A case is the text of a proxy and a list for ``no_proxy``."""

    name = "proxies"
    # Thirty thousand entries, asked a dozen times: more than any environment can hold.
    case_seconds = 20.0

    def make(self, source: Source) -> bytes:
        if source.chance(0.4):
            proxy = (
                source.one(_SCHEMES[:6]) + source.one(_USERS) + source.one(HOSTS[:8]) + source.one(_PORTS[:3])
            )
        else:
            proxy = self._wild(source)
        entries = [
            source.one(_ENTRIES) if source.chance(0.8) else source.text() for _ in range(source.size(8))
        ]
        no_proxy = source.one((",", ", ", " ", ",,")).join(entries)
        return (
            source.spoiled(proxy.encode(), probability=0.3)
            + PART
            + source.spoiled(no_proxy.encode(), probability=0.4)
        )

    @staticmethod
    def _wild(source: Source) -> str:
        return (
            source.one(_SCHEMES)
            + source.one(_USERS)
            + source.one(HOSTS)
            + source.one(_PORTS)
            + source.one(("", "/", "/p?q#f", "\\"))
        )

    def check(self, data: bytes, source: Source) -> str:
        text, _, no_proxy = (part.decode("utf-8", "surrogateescape") for part in data.partition(PART))
        verdict = _no_proxy(no_proxy, source)
        proxy = _parsed(text)
        environ = {"http_proxy": text, "ALL_PROXY": text, "no_proxy": no_proxy}
        url = source.one(_URLS)
        try:
            chosen = proxy_from_environment(url, environ)
        except InvalidRequest as error:
            demand(proxy is None and error.what == "proxy", "the environment is read as the option is", text)
            _keeps_secret(str(error), text)
        else:
            empty = not text.strip()
            direct = empty or bypasses(url, no_proxy.strip())
            same = (
                (chosen is None)
                if direct
                else proxy is not None and chosen is not None and chosen.key == proxy.key
            )
            demand(same, "the environment's proxy, or none", chosen, proxy, no_proxy)
        return "%s, %s" % ("refused" if proxy is None else "accepted", verdict)


def _parsed(text: str) -> Optional[Proxy]:
    try:
        proxy = parse_proxy(text.strip())
    except InvalidRequest as error:
        demand(error.what == "proxy", "it says that it is about the proxy", error.what)
        _keeps_secret(str(error), text)
        return None
    _keeps_secret(repr(proxy), text)
    demand(
        proxy.scheme in DEFAULT_PORTS and 0 < proxy.port < 65536 and proxy.host.isascii() and proxy.name,
        "it can be connected to",
        proxy,
    )
    demand(proxy.authorization is None or proxy.authorization.isascii(), "its credentials can be sent", proxy)
    hash(proxy.key)
    return proxy


def _keeps_secret(message: str, text: str) -> None:
    # Without its "@" a password is a host or a path, and so may be shown.
    authority = re.split("[/?#]", text.partition("://")[2] or text)[0]
    demand(
        SECRET not in message or SECRET + "@" not in authority, "no message shows a password", message, text
    )


def _no_proxy(no_proxy: str, source: Source) -> str:
    found = "direct" if any(bypasses(url, no_proxy) for url in _URLS) else "proxied"
    url = source.one(_URLS)
    before = bypasses(url, no_proxy)
    demand(
        before == bypasses(url, no_proxy.upper()) or not no_proxy.isascii(),
        "letter case makes no difference",
        no_proxy,
    )
    more = "%s,%s" % (no_proxy, source.one(_ENTRIES))
    demand(bypasses(url, more) or not before, "one more entry takes nothing away", more, url)
    demand(bypasses(url, no_proxy + "," + url.host), "a host that is named goes direct", no_proxy, url)
    demand(bypasses(url, no_proxy + " *"), "the asterisk is all", no_proxy)
    return found
