"""The headers that a request gets from options other than ``headers``: who we are, what we can decode,
credentials, cookies and the XSRF token; and what the later hops of a redirect get.

Rules of the room: a secret goes to where it was meant to go; no hop gives back what one before lost.
"""

from __future__ import annotations

from .errors import AxiosError, bad_option
from .headers import Headers
from .version import __version__
from .wire.available_codings import accept_encoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

    from .config import Config
    from .progress import ProgressReporter
    from .wire import URL
    from .wire.body import Response as WireResponse

    Pairs = List[Tuple[str, str]]

USER_AGENT = f"miniaxios/{__version__}"


def prepare_headers(config: Config, url: URL, option: Callable[[str], Any]) -> Optional[CookieTraffic]:
    """Complete ``config.headers`` for ``url``; returns who minds the cookies, if the config has a jar.

    ``option(name)``: what is set in the config, else None.
    """
    headers = config["headers"]
    introduce(headers, option("decompress") is not False)
    auth = option("auth")
    if auth is not None or url.username is not None or url.password is not None:
        _authorize(config, auth, headers, url)
    jar = option("cookie_jar")
    if jar is None:
        return None
    traffic = CookieTraffic(config, jar, url)
    traffic.prepare(headers)
    return traffic


def introduce(headers: Headers, is_decoding: bool = True) -> None:
    """Say who we are and what we decode, where the caller does not say it."""
    headers.put_default("user-agent", "User-Agent", USER_AGENT)
    if is_decoding:
        headers.put_default("accept-encoding", "Accept-Encoding", accept_encoding())


def _authorize(config: Config, auth: Any, headers: Any, url: URL) -> None:
    """Basic credentials: the option ``auth``, else those of the URL, before any header. RFC 7617."""
    if auth is None:
        username, password = url.username, url.password
    else:
        username, password = (auth.get("username"), auth.get("password")) if hasattr(auth, "get") else auth
    from base64 import b64encode

    name, secret = ("" if part is None else part for part in (username, password))
    try:
        pair = f"{name}:{secret}".encode()
    except UnicodeEncodeError:
        message = "option auth holds a lone surrogate"
        # Without its cause, which shows the password.
        raise AxiosError(message, AxiosError.ERR_BAD_OPTION_VALUE, config) from None
    headers.set("Authorization", "Basic " + b64encode(pair).decode("ascii"), True)


class CookieTraffic:
    """The cookies of one call, hop by hop.

    The own site is the origin of ``base_url``, or of the first URL; other origins take part with
    ``with_credentials`` alone.
    """

    def __init__(self, config: Config, jar: Any, url: URL) -> None:
        from .wire import parse_url

        self._jar = jar
        self._everywhere = config.get("with_credentials") is True
        base = config.get("base_url")
        self._site = parse_url(base).origin if base and "://" in base else url.origin
        self._config = config
        self._url = url
        self._is_ours = False

    def _takes_part(self, url: URL) -> bool:
        return self._everywhere or url.origin == self._site

    def prepare(self, headers: Any) -> None:
        """Set ``Cookie`` (unless the caller did) and the XSRF header for the first hop."""
        from .cookies import cookie_header

        self._is_ours = not headers.has("cookie")
        if self._is_ours and self._takes_part(self._url):
            value = cookie_header(self._jar, self._url)
            if value:
                headers.set("Cookie", value)
        self._set_xsrf(headers)

    def _set_xsrf(self, headers: Any) -> None:
        from .cookies import xsrf_token

        config = self._config
        wanted = config.get("with_xsrf_token")
        if callable(wanted):
            wanted = wanted(config)
        # Only True itself opens other origins: any other truthy value may be a slip.
        if wanted is not True and not (wanted is None and self._url.origin == self._site):
            return
        cookie_name, header_name = config.get("xsrf_cookie_name"), config.get("xsrf_header_name")
        token = xsrf_token(self._jar, self._url, cookie_name) if cookie_name and header_name else None
        if token is not None:
            headers.set(header_name, token)

    def store(self, url: URL, head: Any) -> None:
        """Keep the cookies of an answer."""
        values = head.get_all("set-cookie")
        if values and self._takes_part(url):
            from .cookies import store_cookies

            store_cookies(self._jar, url, values)

    def renew(self, pairs: Pairs, url: URL) -> Pairs:
        """The header pairs for the next hop: with the jar's cookies for ``url``, and no others of the jar."""
        if not self._is_ours:
            return pairs
        from .cookies import cookie_header

        kept = [pair for pair in pairs if pair[0].lower() != "cookie"]
        value = cookie_header(self._jar, url) if self._takes_part(url) else None
        return [*kept, ("Cookie", value)] if value else kept


class HopHooks:
    """What happens between two hops: the caller's ``before_redirect``, cookies, the upload's progress."""

    def __init__(
        self, config: Config, cookies: Any, sensitive: FrozenSet[str], upload: Optional[ProgressReporter]
    ) -> None:
        self._config = config
        self._cookies = cookies
        self._sensitive = sensitive
        self._upload = upload

    def before_hop(self, redirect: Any, response: WireResponse) -> None:
        if self._upload is not None:
            self._upload.restart()
        if self._cookies is not None:
            redirect.headers = self._cookies.renew(redirect.headers, redirect.url)
        callback = self._config.get("before_redirect")
        if callback is not None:
            self._ask(callback, redirect, response)

    def _ask(self, callback: Callable[..., object], redirect: Any, response: WireResponse) -> None:
        url: URL = redirect.url
        options = {
            "method": redirect.method,
            "url": str(url),
            "headers": Headers(redirect.headers),
            "protocol": f"{url.scheme}:",
            "hostname": url.host,
            "port": url.port,
            "path": url.target,
        }
        before = response.request
        callback(
            options,
            {"headers": Headers.from_wire(response.head.headers), "status_code": response.status},
            {"headers": Headers(before.headers), "url": str(before.url), "method": before.method},
        )
        self._take(options, redirect)

    def _take(self, options: Dict[str, Any], redirect: Any) -> None:
        """What the callback made of the next hop: its own headers go where it says, inherited secrets not."""
        inherited = frozenset(redirect.headers)
        method, target, headers = options.get("method"), options.get("url"), options.get("headers")
        if not isinstance(method, str) or not isinstance(target, str) or headers is None:
            expected = "a function that leaves options with a method, a url and headers"
            raise bad_option("before_redirect", expected, method if isinstance(target, str) else target)
        redirect.method = method.upper()
        pairs = (headers if isinstance(headers, Headers) else Headers(headers)).wire_pairs()
        if target != str(redirect.url):
            from .wire import parse_url, same_origin
            from .wire.redirects import without_secrets

            url = parse_url(target)
            if not same_origin(url, redirect.url):
                harmless = frozenset(without_secrets(redirect.headers, self._sensitive))
                pairs = [pair for pair in pairs if pair in harmless or pair not in inherited]
            redirect.url = url
        redirect.headers = pairs
