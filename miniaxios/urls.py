"""The URL of a request: base, path and parameters put together as text.

Rules of the room: nothing is opened, resolved or percent-encoded here; the one parser of URLs is in
the basement. That a URL is there at all is checked by whoever sends it.
"""

from __future__ import annotations

from .errors import MASK, AxiosError, bad_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Optional, Tuple

_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")
_GOOD_STARTS = ("http://", "https://")
_CONTROLS_AND_SPACE = "".join(map(chr, range(0x21)))


def combine_url(base_url: Optional[str], url: Optional[str], allow_absolute_urls: bool = True) -> str:
    """``base_url`` and ``url`` with one ``/`` between them; ``url`` alone when it is absolute.

    Text is joined, no reference is resolved (RFC 3986 is not meant): ``/x`` does not replace the
    path of the base. ``allow_absolute_urls`` ``False`` joins even an absolute URL, so that the
    request stays on the base's host. Raises ``AxiosError`` (``ERR_INVALID_URL``) for ``http:`` and
    ``https:`` without ``//`` in a URL that is used. Source: axios, ``buildFullPath``, ``combineURLs``.
    """
    if base_url is None and type(url) is str and url.startswith(_GOOD_STARTS):
        return url
    base_url, url = _text("base_url", base_url), _text("url", url)
    check_scheme(url)
    if not base_url or (is_absolute_url(url) and allow_absolute_urls is not False):
        return url
    check_scheme(base_url)
    return base_url.rstrip("/") + "/" + url.lstrip("/") if url else base_url


def is_absolute_url(url: str) -> bool:
    """Whether ``url`` begins with a scheme and ``//``, or with ``//``. Source: axios, ``isAbsoluteURL``."""
    scheme, slashes, _ = url.partition("//")
    if not slashes or not scheme:
        return bool(slashes)
    # Without the colon only letters, digits and "+-." may be left, the first of them a letter.
    name = scheme[:-1]
    return scheme[-1] == ":" and name[:1].isalpha() and _SCHEME_CHARACTERS.issuperset(name)


def build_url(config: Mapping[str, Any]) -> str:
    """The URL of ``config``: its ``base_url``, ``url`` and ``params``, joined.

    ``allow_absolute_urls`` is as in :func:`combine_url`, ``params_serializer`` as in
    ``forms.serialize_params``.
    ``""`` when there is neither a URL nor a base. Raises ``AxiosError`` as :func:`combine_url` and
    ``forms.serialize_params``. Source: axios, ``getUri``.
    """
    return append_query(*split_url(dict(config).get))


def split_url(get: Callable[..., Any]) -> Tuple[str, str]:
    """The URL of a config without its ``params``, and the params as a query (``""`` without any).

    ``get``: that of a plain ``dict`` of the options. Apart, because what stands in a URL is escaped by the
    rules of URLs, and params by axios's own.
    """
    url = combine_url(get("base_url"), get("url"), get("allow_absolute_urls", True))
    params = get("params")
    if params is None:
        # Most requests have none, and then the rooms of forms are not loaded.
        return url, ""
    from .forms import serialize_params

    return url, serialize_params(params, get("params_serializer"))


def append_query(url: str, query: str) -> str:
    """``url`` with ``query`` after ``?`` or ``&``, and without its fragment; unchanged for an empty query.

    Source: axios, ``buildURL``.
    """
    if not query:
        return url
    url = url.partition("#")[0]
    return url + ("&" if "?" in url else "?") + query


def check_scheme(url: str) -> None:
    """Raise ``AxiosError`` (``ERR_INVALID_URL``) for ``http:`` or ``https:`` that no ``//`` follows.

    The message shows the URL without user name, password, values of the query and fragment.
    Blanks and controls in front, and tabs and line ends, do not hide it. Source: axios, WHATWG URL.
    """
    plain = url.lstrip(_CONTROLS_AND_SPACE).replace("\t", "").replace("\n", "").replace("\r", "")
    scheme, colon, _ = plain[:6].partition(":")
    if not colon or scheme.lower() not in ("http", "https") or plain[len(scheme) + 1 :].startswith("//"):
        return
    from json import dumps

    shown = dumps(redacted(plain), ensure_ascii=False)
    raise AxiosError(f'Invalid URL {shown}: missing "//" after protocol', AxiosError.ERR_INVALID_URL)


def redacted(url: str) -> str:
    """``url`` with a mask for user name and password, for the values of the query and for the fragment.

    The scheme, the host, the path and the names of parameters stay: they tell which request it was.
    """
    rest, hash_mark, fragment = url.partition("#")
    front, question_mark, query = rest.partition("?")
    return (
        _without_userinfo(front)
        + question_mark
        + "&".join(_masked(field, MASK) for field in query.split("&"))
        + hash_mark
        + "&".join(_masked(field, MASK) for field in fragment.split("&"))
    )


def _without_userinfo(front: str) -> str:
    scheme, colon, rest = front.partition(":")
    # A password may hold a slash when no authority was marked as one: mask up to the last "@".
    authority = rest.lstrip("/\\")
    at = authority.rfind("@")
    if at < 0:
        return front
    slashes = rest[: len(rest) - len(authority)]
    return scheme + colon + slashes + MASK + authority[at:]


def _masked(field: str, mask: str) -> str:
    name, equals, value = field.partition("=")
    if equals:
        return name + equals + (mask if value else "")
    return mask if name else ""


def _text(name: str, url: Any) -> str:
    if url is None:
        return ""
    if not isinstance(url, str):
        raise bad_option(name, "a str", url)
    return url
