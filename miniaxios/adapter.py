"""The staircase: a config goes down as one ``wire.Request``, and what comes back, or fails, goes up.

Rules of the room: options are read here for the basement, which takes none; exceptions of the caller's own
callbacks pass unchanged. Most small requests take the shorter way of ``usual`` and never load this room.
"""

from __future__ import annotations

import os

from .agent import shared_agent, shared_agents
from .cancel import subscription
from .charsets import decode_body, text_decoder
from .config import Config
from .errors import AxiosError
from .failures import details_of, failure, is_misread
from .headers import Headers
from .request_body import body_for
from .request_headers import HopHooks, prepare_headers
from .response import Response, settle
from .urls import append_query, split_url
from .wire import URL, Policy, Request, Scope, errors, parse_url
from .wire.exchange import exchange
from .wire.proxies import parse_proxy
from .wire.upload import Pace
from .wire_options import MAX_REDIRECTS, limit_of, rates_of, seconds_of, sensitive_headers, socket_path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Optional

    from .progress import ProgressReporter
    from .wire.body import Response as WireResponse

#: What most requests leave alone: one look in C spares those two dozen.
_UNUSUAL = frozenset((
    "cancel_token", "signal", "http_agent", "https_agent", "proxy", "insecure_http_parser", "family", "lookup",
    "max_rate", "on_upload_progress", "before_redirect", "sensitive_headers", "response_encoding", "socket_path",
    "allowed_socket_paths",
))  # fmt: skip


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
            raise failure(error, self.config, self.policy)
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
        response = Response(None, wire.status, wire.reason, headers, config, details_of(self.policy))
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
            made = failure(error, self.config, self.policy)
            made.response = response
            try:
                raise made
            finally:
                del made  # its traceback holds this frame, which must not hold it

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

    def stream_failure(self, error: Exception) -> Exception:
        """What a failed read of a stream raises."""
        return failure(error, self.config, self.policy) if isinstance(error, errors.WireError) else error


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
    except BaseException as error:
        # The answer that an error carries stays readable; with any other it is lost.
        if getattr(error, "response", None) is not response and hasattr(data, "close"):
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
