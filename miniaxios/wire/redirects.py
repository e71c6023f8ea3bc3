"""What the next request of a redirect is: a pure function of this request and of its answer.

Rules of the room: what is dropped on the way to another origin is gone for good, as the next hop is
made from the headers that are left; ``Host`` never survives a redirect; nothing is added, no
``Referer`` and no credentials. Counting hops and sending a body again are the caller's.
"""

from __future__ import annotations

from .errors import InvalidURL, RedirectFailed
from .url import join_url, same_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Optional, Tuple

    from .url import URL

    HeaderPairs = List[Tuple[str, str]]

#: Statuses that are followed, given a Location (RFC 9110 §15.4; 300, 304 and 305 mean other things).
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

#: Names, in lower case and with hyphens, of headers that another origin has no business to see.
#: Those of the standards, of XSRF guards, and the keys and tokens of well-known services.
SECRET_HEADERS = frozenset(
    "authorization cookie cookie2 proxy-authorization"
    " x-xsrf-token x-csrf-token xsrf-token csrf-token x-csrftoken"
    " api-key apikey x-api-key x-apikey x-api-token x-api-secret x-auth x-auth-key x-auth-token auth-token"
    " x-access-token access-token x-refresh-token x-id-token x-session-token x-session-id x-token"
    " x-client-secret x-secret-key x-user-token x-jwt-assertion x-authorization x-forwarded-access-token"
    " x-amz-security-token x-goog-api-key x-goog-iam-authorization-token x-functions-key"
    " ocp-apim-subscription-key x-rapidapi-key x-mashape-key x-vault-token x-consul-token x-nomad-token"
    " x-subject-token x-storage-token x-github-token private-token job-token deploy-token x-gitlab-token"
    " x-shopify-access-token x-figma-token x-plex-token x-emby-token x-sentry-auth x-redmine-api-key"
    " dd-api-key dd-application-key x-honeycomb-team x-algolia-api-key x-parse-rest-api-key"
    " x-parse-master-key x-parse-session-token x-postmark-server-token x-insert-key x-query-key".split()
)

#: Endings that mark such a header whatever its maker's name in front.
SECRET_ENDINGS = ("-api-key", "-apikey", "-api-token", "-auth-token", "-access-token", "-secret")

# Headers that speak of the body, beside those that begin with "content-".
_BODY_HEADERS = frozenset({"transfer-encoding", "trailer", "expect"})


class Redirect:
    """The next request. ``method`` (str), ``url`` (``URL``, without userinfo), ``headers`` (list of
    pairs: those that go on), ``keeps_body`` (bool: the body goes again), ``crossed_origin`` (bool:
    scheme, host or port changed, so credentials kept elsewhere must not follow either).
    """

    __slots__ = ("method", "url", "headers", "keeps_body", "crossed_origin")

    def __init__(
        self, method: str, url: URL, headers: HeaderPairs, keeps_body: bool, crossed_origin: bool
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.keeps_body = keeps_body
        self.crossed_origin = crossed_origin

    def __repr__(self) -> str:
        return f"<Redirect {self.method} {self.url}>"


def next_hop(
    method: str,
    url: URL,
    headers: HeaderPairs,
    has_body: bool,
    status: int,
    location: Optional[str],
    sensitive: Iterable[str] = (),
) -> Optional[Redirect]:
    """The request that an answer redirects to, or None where the answer is final.

    ``method``: upper case. ``headers``: as sent by the caller's side, any letter case. ``location``:
    the field's value as it stands in the head (bytes as Latin-1), None if absent. ``sensitive``: more
    header names to drop on the way to another origin, the XSRF header's among them.
    Raises ``RedirectFailed`` for a Location that can't be followed; its cause says why.
    Source: axios with follow-redirects; RFC 9110 §15.4.
    """
    if status not in REDIRECT_STATUSES or location is None or not location.strip(" \t"):
        return None
    try:
        target = join_url(url, _location_text(location.strip(" \t")))
    except InvalidURL as error:
        raise RedirectFailed(f"Redirected request failed: {error}") from error
    next_method = _next_method(method, status)
    crossed = not same_origin(url, target)
    kept = _kept_headers(headers, crossed, sensitive, next_method != method)
    return Redirect(next_method, target, kept, has_body and next_method == method, crossed)


def _next_method(method: str, status: int) -> str:
    if status in (301, 302):
        return "GET" if method == "POST" else method
    if status == 303:
        return method if method == "HEAD" else "GET"
    return method


def _location_text(location: str) -> str:
    """A Location's bytes as text: UTF-8 where they are, otherwise each byte percent-coded."""
    if location.isascii():
        return location
    try:
        raw = location.encode("latin-1")
    except UnicodeEncodeError:
        return location  # text already, not the bytes of a head
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join([chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw])


def without_secrets(headers: HeaderPairs, sensitive: Iterable[str] = ()) -> HeaderPairs:
    """The headers that may go to any origin: without those that :func:`next_hop` drops on the way to another."""
    return _kept_headers(headers, True, sensitive, False)


def _kept_headers(
    headers: HeaderPairs, crossed: bool, sensitive: Iterable[str], bodiless: bool
) -> HeaderPairs:
    named = frozenset([_folded(name) for name in sensitive]) if crossed else frozenset()
    kept = []
    for pair in headers:
        name = _folded(pair[0])
        if name == "host" or bodiless and (name.startswith("content-") or name in _BODY_HEADERS):
            continue
        if crossed and (name in SECRET_HEADERS or name in named or name.endswith(SECRET_ENDINGS)):
            continue
        kept.append(pair)
    return kept


def _folded(name: str) -> str:
    # Gateways (CGI, WSGI) read X_API_KEY and X-Api-Key as one header, so do we where secrets go.
    return name.strip().lower().replace("_", "-")
