"""The staircase: a config goes down as one ``wire.Request``, and what comes back, or fails, goes up.

Rules of the room: options are read here for the basement, which takes none; every class of
``wire.errors`` is translated in one table; exceptions of the caller's own callbacks pass unchanged.
"""

from __future__ import annotations

import errno
import os

from .agent import shared_agent, shared_agents
from .cancel import subscription
from .charsets import decode_body, text_decoder
from .config import Config
from .errors import (
    AxiosConnectionError,
    AxiosError,
    AxiosNetworkError,
    AxiosTimeoutError,
    CanceledError,
)
from .headers import Headers
from .request_body import body_for
from .request_headers import HopHooks, prepare_headers
from .response import RequestDetails, Response, settle
from .urls import append_query, split_url
from .wire import URL, Pace, Policy, Request, Scope, errors, exchange, parse_proxy, parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, FrozenSet, List, Mapping, Optional, Tuple, Type

    from .progress import ProgressReporter
    from .wire import Response as WireResponse

#: Node's codes that stand for a broken or refused connection, Python's ConnectionError.
CONNECTION_CODES = frozenset(("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE"))

#: Redirects followed where the option is not set.
MAX_REDIRECTS = 5

#: What most requests leave alone: one look in C spares those two dozen.
_UNUSUAL = frozenset((
    "cancel_token", "signal", "http_agent", "https_agent", "proxy", "insecure_http_parser", "family", "lookup",
    "max_rate", "on_upload_progress", "before_redirect", "sensitive_headers", "response_encoding", "socket_path",
    "allowed_socket_paths",
))  # fmt: skip

#: Class of the basement -> class and code upstairs. The first that fits counts.
TRANSLATIONS: Tuple[Tuple[Type[Exception], Type[AxiosError], str], ...] = (
    (errors.UnsupportedScheme, AxiosError, AxiosError.ERR_BAD_REQUEST),
    (errors.InvalidURL, AxiosError, AxiosError.ERR_INVALID_URL),
    (errors.InvalidRequest, AxiosError, AxiosError.ERR_BAD_OPTION_VALUE),
    (errors.NotSupported, AxiosError, AxiosError.ERR_NOT_SUPPORT),
    (errors.BadResponse, AxiosError, AxiosError.ERR_BAD_RESPONSE),
    (errors.UploadTooLarge, AxiosError, AxiosError.ERR_BAD_REQUEST),
    (errors.UploadFailed, AxiosError, AxiosError.ERR_BAD_REQUEST),
    (errors.TooManyRedirects, AxiosError, AxiosError.ERR_FR_TOO_MANY_REDIRECTS),
    (errors.RedirectFailed, AxiosError, AxiosError.ERR_FR_REDIRECTION_FAILURE),
    # None of today's; but whatever fails below is an AxiosError above.
    (errors.WireError, AxiosNetworkError, AxiosError.ERR_NETWORK),
)


def http_adapter(config: Config) -> Response:
    """Perform the request of ``config`` over HTTP/1.1 and settle by its status.

    Returns a :class:`Response`; raises AxiosError with a code of the contract, or unchanged what a
    callback of the caller raised. Source: axios, ``lib/adapters/http``.
    """
    if not isinstance(config, Config):
        config = Config(config)
    # A plain dict's get: Config's own answers to two spellings and with defaults, at ten times the cost.
    option = dict(config).get
    text, query = split_url(option)
    if text[:5].lower() == "data:":
        from .data_adapter import data_response

        limit = limit_of(option("max_content_length"))
        return settle_body(data_response(config, append_query(text, query), limit), config)
    return settle_body(_Call(config, option, text, query).perform(), config)


class _Call:
    """One call on its way down and up again."""

    wire: Optional[WireResponse] = None  # of a stream that is not read to its end
    upload: Optional[ProgressReporter] = None
    download: Optional[ProgressReporter] = None
    download_rate: Optional[float] = None

    def __init__(self, config: Config, option: Callable[..., Any], text: str, query: str) -> None:
        self.config = config
        self.option = option
        self.text = text
        self.query = query
        self.is_usual = is_usual = _UNUSUAL.isdisjoint(config)
        self.is_streamed = is_streamed = option("response_type") == "stream"
        # A stream has a stop-button of its own: another thread may close it under its reader.
        stoppable = is_streamed or not is_usual and self._is_listening()
        self.scope = Scope(seconds_of(option("timeout")), stoppable)
        self.policy = Policy(self.scope, shared_agents() if is_usual else self._agents(), os.environ)
        self.end: Callable[[], None] = lambda: None

    # -- down --------------------------------------------------------------------------------------

    def _is_listening(self) -> bool:
        return self.option("cancel_token") is not None or self.option("signal") is not None

    def _agents(self) -> Mapping[str, Any]:
        return {
            "http": self.option("http_agent") or shared_agent(),
            "https": self.option("https_agent") or shared_agent(),
        }

    def perform(self) -> Response:
        """The response, its body read (or a stream); raises what went wrong, translated."""
        try:
            request = self._prepare()
            if self.scope.stoppable:
                self._listen()
            return self._exchange(request)
        except errors.WireError as error:
            self.end()
            raise self.failure(error)
        except BaseException:
            self.end()
            raise

    def _listen(self) -> None:
        ear = subscription(self.config, self._stop)
        if ear is not None:
            self.end = ear.end
            ear.begin()

    def _stop(self, reason: object) -> None:
        self.scope.stop(reason)
        wire = self.wire
        if wire is not None:
            wire.close()  # nobody may be reading just now, and the connection has to go at once

    def _prepare(self) -> Request:
        config, policy, option = self.config, self.policy, self.option
        if not self.is_usual:
            self._prepare_policy()
        url = self._url()
        body = body_for(config)
        cookies = prepare_headers(config, url, option)
        policy.max_redirects = option("max_redirects", MAX_REDIRECTS)
        policy.max_body_length = limit_of(option("max_body_length"))
        policy.sensitive = sensitive_headers(option("sensitive_headers"), config["xsrf_header_name"])
        if cookies is not None or not self.is_usual:
            self._prepare_hooks(cookies, body)
        pairs = config["headers"].wire_pairs()
        return Request(config["method"].upper(), url, pairs, body)

    def _prepare_policy(self) -> None:
        """What is known before the URL is, of the options in ``_UNUSUAL``."""
        policy, option = self.policy, self.option
        policy.socket_path = socket_path_of(self.config)
        if option("response_encoding") is not None:
            text_decoder(None, option("response_encoding"))  # an unknown one is told before anything is sent
        proxy = option("proxy")
        policy.proxy = proxy if proxy is None or proxy is False else parse_proxy(proxy)
        policy.lenient = option("insecure_http_parser") is True
        policy.family = option("family")
        policy.lookup = option("lookup")
        policy.upload_rate, self.download_rate = rates_of(option("max_rate"))

    def _prepare_hooks(self, cookies: Any, body: Any) -> None:
        policy = self.policy
        if cookies is not None:
            policy.on_head = cookies.store
        self._report_upload(body)
        if cookies is not None or self.upload is not None or self.option("before_redirect") is not None:
            policy.before_hop = HopHooks(self.config, cookies, policy.sensitive, self.upload).before_hop

    def _url(self) -> URL:
        base = "http://localhost" if self.policy.socket_path is not None and self.text[:1] == "/" else ""
        url = self._parse_url(base + self.text)
        return url.with_more_query(self.query) if self.query else url

    def _parse_url(self, text: str) -> URL:
        try:
            return parse_url(text)
        except errors.InvalidURL as error:
            if "://" in text or isinstance(error, errors.UnsupportedScheme):
                raise
            raise errors.InvalidURL("option url must be an absolute URL where there is no base_url") from error

    def _report_upload(self, body: Any) -> None:
        callback = self.option("on_upload_progress")
        if callback is None or body is None:
            return
        from .progress import ProgressReporter

        total = len(body) if isinstance(body, bytes) else body.length
        self.upload = ProgressReporter(callback, total, True)
        self.policy.upload_progress = self.upload.advance

    # -- up ----------------------------------------------------------------------------------------

    def _exchange(self, request: Request) -> Response:
        wire = exchange(request, self.policy)
        try:
            if self.upload is not None:
                self.upload.finish()
            return self._receive(wire)
        except BaseException:
            wire.close()
            raise

    def _receive(self, wire: WireResponse) -> Response:
        config, option = self.config, self.option
        wire.prepare(
            limit_of(option("max_content_length")),
            option("decompress") is not False,
            None if option("on_download_progress") is None else self._download_progress(wire),
            None if self.download_rate is None else Pace(self.download_rate),
            self._ended,
        )
        headers = Headers.from_fields(wire.head.fields)
        if wire.is_decoded:
            # The length stays, as in axios: it tells what came over the wire.
            headers.delete("content-encoding")
        response = Response(None, wire.status, wire.reason, headers, config, self.details())
        if self.is_streamed:
            from .response_stream import ResponseStream

            self.wire = wire
            response.data = ResponseStream(
                wire,
                self.stream_failure,
                headers.get("content-type"),
                option("response_encoding"),
                self.scope.restart,
                config,
            )
        else:
            response.data = self._read(wire, response)
        return response

    def _read(self, wire: WireResponse, response: Response) -> bytes:
        try:
            return wire.read_all()
        except errors.BadResponse as error:
            if not is_misread(error):
                raise
            failure = self.failure(error)
            failure.response = response
            try:
                raise failure
            finally:
                del failure  # its traceback holds this frame, which must not hold it

    def _download_progress(self, wire: WireResponse) -> Callable[[int], None]:
        from .progress import ProgressReporter

        self.download = ProgressReporter(self.option("on_download_progress"), wire.length, False)
        return self.download.advance

    def _ended(self, complete: bool) -> None:
        """The body was read to its end, or given up."""
        self.end()
        self.wire = None
        for reporter in (self.upload, self.download) if complete else ():
            if reporter is not None:
                reporter.finish()

    # -- failures ----------------------------------------------------------------------------------

    def details(self) -> Optional[RequestDetails]:
        """The last hop, for ``response.request`` and ``error.request``."""
        hop = self.policy.current
        return None if hop is None else RequestDetails.of_hop(hop, self.policy.history)

    def stream_failure(self, error: Exception) -> Exception:
        """What a failed read of a stream raises."""
        return self.failure(error) if isinstance(error, errors.WireError) else error

    def failure(self, error: errors.WireError) -> AxiosError:
        """The AxiosError to raise; its cause is what the basement's own error came of, if anything."""
        made = self.translated(error)
        if isinstance(error, errors.Stopped):
            # A token's reason is one object for all its requests: it must not gather their frames.
            made.__cause__ = None
            return made.with_traceback(None)
        cause: BaseException = error
        while isinstance(cause, errors.WireError) and cause.__cause__ is not None:
            cause = cause.__cause__
        made.__cause__ = cause
        return made

    def translated(self, error: errors.WireError) -> AxiosError:
        """The AxiosError for an error of the basement."""
        config = self.config
        if isinstance(error, errors.Stopped):
            # A stream that was closed while it was cancelled was cancelled.
            reason = self.scope.reason if self.scope.stopped else error.reason
            return _canceled(reason, config, self.details())
        if isinstance(error, errors.DeadlineExceeded):
            return _timed_out(config, self.details())
        if isinstance(error, errors.NetworkError):
            made = _network_class(error.code)(str(error), error.code, config, self.details())
            if isinstance(made, OSError):
                made.errno = getattr(errno, error.code, None) if error.errno is None else error.errno
            return made
        kind, code = next((row[1], row[2]) for row in TRANSLATIONS if isinstance(error, row[0]))
        return kind(str(error), code, config, self.details())


def is_misread(error: errors.WireError) -> bool:
    """Whether an answer is cut short or malformed: the head is honest, and what came of the body is not shown."""
    return isinstance(error, errors.BadResponse) and not isinstance(error, errors.BodyTooLarge)


def failure(error: errors.WireError, config: Config, policy: Policy) -> AxiosError:
    """The AxiosError to raise where the exchange of a request failed that was made without a call."""
    call = _Call(config, dict(config).get, "", "")
    call.scope, call.policy = policy.scope, policy
    return call.failure(error)


def settle_body(response: Response, config: Config) -> Response:
    """Give the body the form that ``response_type`` asks for, and settle by the status.

    Source: axios; ``blob`` and ``document`` as the contract has them.
    """
    data = response.data
    try:
        _shape(response, config)
        settle(response, config["validate_status"])
        if dict.get(config, "response_type") == "document":
            # After the verdict: an error page that is no XML must not hide its status.
            response.data = _document(data, response, config)
    except BaseException as failure:
        # The answer that an error carries stays readable; with any other it is lost.
        if getattr(failure, "response", None) is not response and hasattr(data, "close"):
            data.close()
        raise
    return response


def _shape(response: Response, config: Config) -> None:
    kind = dict.get(config, "response_type")
    data = response.data
    if kind not in ("stream", "arraybuffer", "blob"):
        content_type = response.headers.get("content-type")
        response.data = decode_body(data, content_type, dict.get(config, "response_encoding")) if data else ""
    elif kind == "blob":
        from .blob import Blob

        response.data = Blob(data, response.headers.get("content-type") or "")


def _document(data: bytes, response: Response, config: Config) -> Any:
    from .documents import parse_document

    try:
        content_type = response.headers.get("content-type")
        return parse_document(data, content_type, config.get("response_encoding"))
    except AxiosError as error:
        error.config, error.request, error.response = config, response.request, response
        raise


def seconds_of(timeout: Any) -> Optional[float]:
    """The option ``timeout`` (ms or a timedelta) in seconds, None where there is none."""
    if not timeout:
        return None
    if hasattr(timeout, "total_seconds"):
        return timeout.total_seconds() or None
    return timeout / 1000  # type: ignore[no-any-return]


def limit_of(length: Any) -> int:
    """A limit in bytes as the basement has it: -1 for none."""
    return -1 if length is None or length < 0 or length == float("inf") else int(length)


def rates_of(rate: Any) -> Tuple[Optional[float], Optional[float]]:
    """The option ``max_rate`` as (upload, download) in bytes a second."""
    upload, download = rate if isinstance(rate, (list, tuple)) else (rate, rate)
    return upload or None, download or None  # 0 is no limit, as in axios


def socket_path_of(config: Config) -> Optional[str]:
    """The Unix socket to use, if any. Raises AxiosError when ``allowed_socket_paths`` does not name it."""
    path: Optional[str] = config.get("socket_path")
    allowed = config.get("allowed_socket_paths")
    if path is None or allowed is None:
        return path
    names = [allowed] if isinstance(allowed, str) else allowed
    wanted = os.path.abspath(path)
    if wanted not in [os.path.abspath(name) for name in names]:
        message = f'socketPath "{path}" is not permitted by allowedSocketPaths'
        raise AxiosError(message, AxiosError.ERR_BAD_OPTION_VALUE, config)
    return wanted  # what was compared: the path as given may lead elsewhere through a link


def sensitive_headers(names: Optional[List[str]], xsrf_header: Optional[str]) -> FrozenSet[str]:
    """What to drop on the way to another origin, beside what is dropped anyway."""
    if not names:
        return frozenset((xsrf_header,)) if xsrf_header else frozenset()
    return frozenset((*names, xsrf_header) if xsrf_header else names)


def _network_class(code: str) -> Type[AxiosError]:
    if code in CONNECTION_CODES:
        return AxiosConnectionError
    return AxiosTimeoutError if code == "ETIMEDOUT" else AxiosNetworkError


def _timed_out(config: Config, request: Optional[RequestDetails]) -> AxiosError:
    transitional = config.get("transitional") or {}
    code = AxiosError.ETIMEDOUT if transitional.get("clarify_timeout_error") else AxiosError.ECONNABORTED
    timeout = config.get("timeout")
    if hasattr(timeout, "total_seconds"):
        timeout = timeout.total_seconds() * 1000
    shown = int(timeout) if timeout == int(timeout) else timeout
    message = config.get("timeout_error_message") or f"timeout of {shown}ms exceeded"
    made = AxiosTimeoutError(message, code, config, request)
    made.errno = errno.ETIMEDOUT
    return made


def _canceled(reason: object, config: Config, request: Optional[RequestDetails]) -> AxiosError:
    if isinstance(reason, CanceledError):
        # A token's reason is shared by its requests and says nothing of one; a signal's is this call's.
        if config.get("cancel_token") is None and reason.request is None:
            reason.request = request
        return reason
    return CanceledError(reason, config, request)
