"""What came back: Response, the description of the request that it answers, and the verdict on it.

Rules of the room: nothing made here for the eye or for a pickle shows a secret or holds a socket.
"""

from __future__ import annotations

import io

from .errors import MASK, AxiosError, config_snapshot, is_secret, redact_of, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, FrozenSet, Iterable, List, Optional, Tuple

    Pairs = List[Tuple[str, Any]]


class _Later:
    """An attribute that is made when somebody looks, of the source that :meth:`Response.of_source` was given."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, response: Optional[Response], kind: object = None) -> Any:
        if response is None:
            return self
        source = vars(response).get("_source")
        if source is None:
            raise AttributeError(f"{type(response).__name__!r} object has no attribute {self._name!r}")
        # In one step: another thread may be looking too.
        return vars(response).setdefault(self._name, getattr(source, self._name)())


class Response:
    """A response, and a context manager that closes its stream.

    ``data``: the body, in the form that ``response_type`` asked for and the transforms made of it.
    ``status`` (int), ``status_text`` (str, as the server sent it), ``headers`` (:class:`Headers`),
    ``config`` (the :class:`Config` of the request), ``request`` (:class:`RequestDetails` of the last
    hop, or None), ``duration`` (int, ms; for a stream until its head arrived).
    Source: axios, "Response Schema".

    A pickle or a copy holds no stream (its ``data`` is None), the config as plain values, and masks
    in place of secrets.
    """

    #: Told by :class:`AxiosError` from responses of custom adapters, which need not pickle.
    __reduce_response__ = True

    def __init__(
        self,
        data: Any = None,
        status: Any = None,
        status_text: str = "",
        headers: Any = None,
        config: Any = None,
        request: Any = None,
        duration: Optional[int] = None,
    ) -> None:
        self.data = data
        self.status = status
        self.status_text = status_text
        self.headers = headers
        self.config = config
        self.request = request
        self.duration = duration

    @classmethod
    def of_source(cls, source: Any, status: int, status_text: str) -> Response:
        """One whose ``headers``, ``config`` and ``request`` are what the source's methods of these names return.

        Hardly any caller looks at all of them.
        """
        made = cls.__new__(cls)
        made._source = source
        made.status = status
        made.status_text = status_text
        return made

    data: Any = None
    duration: Optional[int] = None
    headers: Any = _Later("headers")
    config: Any = _Later("config")
    request: Any = _Later("request")
    _source: Any

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        if _is_stream(self.data) and hasattr(self.data, "close"):
            self.data.close()

    def __repr__(self) -> str:
        return f"<Response {self.status} {str(self.status_text or '')[:40]!r}>"

    def __reduce__(self) -> Tuple[Any, ...]:
        redact = redact_of(self.config)
        request = self.request
        return _rebuild, (
            type(self),
            None if _is_stream(self.data) else self.data,
            self.status,
            self.status_text,
            _shown_pairs(self.headers, redact),
            None if self.config is None else config_snapshot(self.config),
            request.masked(redact) if isinstance(request, RequestDetails) else None,
            self.duration,
        )


#: What :meth:`RequestDetails.of_hop` leaves for later.
_PUT_OFF = frozenset(("method", "url", "path", "host", "protocol", "redirects", "_headers"))


class RequestDetails:
    """The last request that was sent: what ``response.request`` and ``error.request`` are.

    ``method`` (upper case), ``url`` (absolute, without user name and password), ``path`` (with the
    query), ``host`` (with a port that is not the scheme's), ``protocol`` (``"https:"``), ``headers``
    (:class:`Headers` as sent), ``redirects`` (list of the URLs requested before, the first included).
    """

    _hop: Optional[Tuple[str, Any, Any, Tuple[str, ...]]] = None

    def __init__(
        self,
        method: str,
        url: str,
        path: str = "/",
        host: str = "",
        protocol: str = "",
        headers: Any = None,
        redirects: Iterable[str] = (),
    ) -> None:
        self.method = method
        self.url = without_userinfo(url)
        self.path = path
        self.host = host
        self.protocol = protocol
        self._headers = headers
        self.redirects = [without_userinfo(each) for each in redirects]

    @classmethod
    def of_hop(cls, hop: Any, redirects: Iterable[str]) -> RequestDetails:
        """Those of a request of the basement, whatever becomes of ``redirects`` later.

        Hardly any caller looks, so they are written out when somebody does.
        """
        made = cls.__new__(cls)
        made._hop = (hop.method, hop.url, hop.headers, tuple(redirects))
        return made

    def __getattr__(self, name: str) -> Any:
        if self._hop is None or name not in _PUT_OFF:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        method, url, headers, redirects = self._hop
        made = RequestDetails(
            method, str(url), url.target, url.host_header, f"{url.scheme}:", headers, redirects
        )
        parts = {**vars(made), **vars(self)}  # what was set meanwhile stays
        vars(self).update(parts)  # in one step: another thread may be looking too
        return parts[name]

    @property
    def headers(self) -> Any:
        """The :class:`Headers` as sent."""
        if isinstance(self._headers, list):
            # Made when asked for: hardly any caller looks.
            from .headers import Headers

            self._headers = Headers(self._headers)
        return self._headers

    def __repr__(self) -> str:
        # The query may hold secrets, and control characters are not for terminals.
        shown = f"{self.protocol}//{self.host}{self.path.partition('?')[0]}"
        return f"<RequestDetails {self.method} {ascii(shown[:200])[1:-1]}>"

    def masked(self, redact: FrozenSet[str] = frozenset()) -> RequestDetails:
        """A copy with masks in place of secrets; ``redact``: more of their names, see ``redact_of``."""
        return _rebuild_details(
            type(self),
            self.method,
            snapshot(self.url, redact),
            snapshot(self.path, redact),
            self.host,
            self.protocol,
            _shown_pairs(self.headers, redact),
            snapshot(self.redirects, redact),
        )

    def __reduce__(self) -> Tuple[Any, ...]:
        made = self.masked()
        rest = (made.url, made.path, made.host, made.protocol, _shown_pairs(made.headers), made.redirects)
        return _rebuild_details, (type(self), made.method, *rest)


def settle(response: Any, validate_status: Optional[Callable[[int], Any]]) -> Any:
    """Return ``response`` when its status is fine, else raise the AxiosError that carries it.

    ``validate_status(status)``: true means fine; without it, or without a status, everything is.
    Its own exceptions propagate unchanged. The code is ``ERR_BAD_REQUEST`` for 400 to 499, else
    ``ERR_BAD_RESPONSE``. Source: axios, ``lib/core/settle``.
    """
    status = response.status
    if not status or validate_status is None or validate_status(status):
        return response
    raise AxiosError(
        f"Request failed with status code {status}",
        AxiosError.ERR_BAD_REQUEST if 400 <= status < 500 else AxiosError.ERR_BAD_RESPONSE,
        response.config,
        response.request,
        response,
    )


def without_userinfo(url: str) -> str:
    """``url`` without ``user:password@``; everything else in it stays as it is."""
    scheme, mark, rest = url.partition("://")
    if not mark or "@" not in rest:
        return url
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    return scheme + mark + rest[rest.rfind("@", 0, end) + 1 :]


def _is_stream(data: Any) -> bool:
    """Whether ``data`` is read from somewhere else: neither pickled nor left open."""
    if isinstance(data, io.BytesIO):
        return False
    return hasattr(data, "read") or hasattr(data, "__next__")


def _shown_pairs(headers: Any, redact: FrozenSet[str] = frozenset()) -> Optional[Pairs]:
    if headers is None:
        return None
    every = getattr(headers, "get_all", None)
    return [
        (name, MASK if is_secret(name, redact) else every(name) if every is not None else value)
        for name, value in headers.items()
    ]


def _headers_from(pairs: Optional[Pairs]) -> Any:
    if pairs is None:
        return None
    from .headers import Headers

    return Headers(dict(pairs))


def _rebuild(
    kind: Any, data: Any, status: Any, status_text: str, pairs: Optional[Pairs], *rest: Any
) -> Response:
    made: Response = kind.__new__(kind)
    Response.__init__(made, data, status, status_text, _headers_from(pairs), *rest)
    return made


def _rebuild_details(
    kind: Any,
    method: str,
    url: str,
    path: str,
    host: str,
    protocol: str,
    pairs: Optional[Pairs],
    redirects: List[str],
) -> RequestDetails:
    made: RequestDetails = kind.__new__(kind)
    RequestDetails.__init__(made, method, url, path, host, protocol, _headers_from(pairs), redirects)
    return made
