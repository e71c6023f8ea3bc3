"""Every request option, declared once: its two names, default, merge rule, check and meaning.

Rules of the room: a fact about an option that holds everywhere is said here and nowhere else. Who
merges, checks, documents or completes options reads this table. What values look like is the
business of ``option_checks``.
"""

from __future__ import annotations

from .errors import bad_option
from .option_checks import (
    BOOL,
    CALLABLE,
    FREE,
    TEXT,
    TRANSITIONAL,
    is_adapter,
    is_agent,
    is_auth,
    is_bool_or_callable,
    is_callable,
    is_count,
    is_family,
    is_form_serializer,
    is_headers,
    is_jar,
    is_limit,
    is_method,
    is_params,
    is_params_serializer,
    is_proxy,
    is_rate,
    is_response_type,
    is_signal,
    is_text_or_texts,
    is_texts,
    is_timeout,
    is_token,
    is_transform,
    is_transitional,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet

    from .option_checks import Test

#: How the value of an instance and the value of a request become one (axios, ``mergeConfig``).
#: ``request``: only the request's. ``replace``: the request's where given, else the instance's.
#: ``given``: the same, and None is a meaning of its own. ``deep``: mappings merge, all else replaces.
#: ``headers``: deep, names without regard to case. ``params``: deep, with axios's error for cycles.
RULES: FrozenSet[str] = frozenset(("request", "replace", "given", "deep", "headers", "params"))


class Option:
    """One row of the table.

    ``name`` (snake_case), ``camel`` (axios's spelling), ``default`` (what an unset option reads as),
    ``rule`` (one of :data:`RULES`), ``accepts`` (``(value) -> bool``; for a group of options it may
    raise, to name the member at fault), ``expected`` (the end of "must be ..."), ``doc``.
    """

    __slots__ = ("name", "camel", "default", "rule", "accepts", "expected", "doc")

    def __init__(
        self, name: str, camel: str, default: Any, rule: str, accepts: Test, expected: str, doc: str
    ) -> None:
        self.name = name
        self.camel = camel
        self.default = default
        self.rule = rule
        self.accepts = accepts
        self.expected = expected
        self.doc = doc

    def __repr__(self) -> str:
        return f"Option({self.name!r})"

    def check(self, value: Any) -> None:
        """Raise AxiosError (ERR_BAD_OPTION_VALUE) naming the option, unless ``value`` may stand here."""
        if not self.accepts(value):
            raise bad_option(self.name, self.expected, value)


def validate_status(status: int) -> bool:
    """Whether a status is a success, 200 to 299: the default of the option. Source: axios."""
    return 200 <= status < 300


_ROWS = (
    Option("url", "url", None, "request", *TEXT, "What to ask for: absolute, or relative to ``base_url``."),
    Option(
        "method", "method", "get", "request", is_method, "an HTTP method (a token)",
        "HTTP method in any letter case; any token may be used, ``PROPFIND`` for one.",
    ),
    Option("base_url", "baseURL", None, "replace", *TEXT, "Put in front of a ``url`` that is not absolute."),
    Option(
        "allow_absolute_urls", "allowAbsoluteUrls", True, "replace", *BOOL,
        "With False even an absolute ``url`` is put behind ``base_url``.",
    ),
    Option(
        "transform_request", "transformRequest", None, "replace", is_transform,
        "callable or a list of callables",
        "``(data, headers) -> data``, one or several in turn, before sending; may change ``headers``.",
    ),
    Option(
        "transform_response", "transformResponse", None, "replace", is_transform,
        "callable or a list of callables",
        "``(data)``, ``(data, headers)`` or ``(data, headers, status)``, in turn, on what came back.",
    ),
    Option(
        "headers", "headers", None, "headers", is_headers, "a mapping, Headers or a list of pairs",
        "Headers to send, and groups of them by method. None leaves one unset, False removes it for good.",
    ),
    Option(
        "params", "params", None, "params", is_params, "a mapping, URLSearchParams or a list of pairs",
        "What to add to the query of the URL.",
    ),
    Option(
        "params_serializer", "paramsSerializer", None, "replace", is_params_serializer,
        "callable or a mapping",
        "How ``params`` become text: a function, or the settings of the usual one.",
    ),
    Option("data", "data", None, "request", *FREE, "The body; from the request alone, by reference."),
    Option(
        "form_serializer", "formSerializer", None, "deep", is_form_serializer, "a mapping",
        "How nested data becomes the fields of a form.",
    ),
    Option(
        "timeout", "timeout", 0, "replace", is_timeout, "a number of milliseconds, 0 or more, or a timedelta",
        "Milliseconds (or a ``timedelta``) that the whole call may take; 0 or None is for ever.",
    ),
    Option(
        "timeout_error_message", "timeoutErrorMessage", None, "replace", *TEXT,
        "Message of the error that a passed deadline raises.",
    ),
    Option(
        "with_credentials", "withCredentials", False, "replace", *BOOL,
        "Whether cookies of ``cookie_jar`` travel to other origins than the request's own site too.",
    ),
    Option(
        "adapter", "adapter", "http", "replace", is_adapter, "a name, callable or a list of them",
        "What carries the request out: a name, ``(config) -> response``, or a list of which one serves.",
    ),
    Option(
        "auth", "auth", None, "deep", is_auth, "a mapping with username and password, or a pair",
        "Credentials for the Basic scheme; they take the place of an ``Authorization`` header.",
    ),
    Option(
        "response_type", "responseType", None, "replace", is_response_type,
        "one of json, text, arraybuffer, blob, document, stream",
        "The form in which the body of the response is wanted.",
    ),
    Option(
        "response_encoding", "responseEncoding", None, "replace", *TEXT,
        "Charset to decode the response by, whatever its ``Content-Type`` says.",
    ),
    Option(
        "xsrf_cookie_name", "xsrfCookieName", "XSRF-TOKEN", "replace", *TEXT,
        "Cookie that holds the token against cross-site forgery.",
    ),
    Option(
        "xsrf_header_name", "xsrfHeaderName", "X-XSRF-TOKEN", "replace", *TEXT,
        "Header in which that token is sent back.",
    ),
    Option(
        "with_xsrf_token", "withXSRFToken", None, "replace", is_bool_or_callable,
        "True, False, None or callable",
        "Whether the token is sent: None to the own site only, True to all, or ``(config) -> bool``.",
    ),
    Option(
        "cookie_jar", "cookieJar", None, "replace", is_jar, "an http.cookiejar.CookieJar",
        "Where cookies are kept and taken from.",
    ),
    Option(
        "on_upload_progress", "onUploadProgress", None, "replace", *CALLABLE,
        "``(event)``, called now and then while the body is sent.",
    ),
    Option(
        "on_download_progress", "onDownloadProgress", None, "replace", *CALLABLE,
        "``(event)``, called now and then while the response comes in.",
    ),
    Option(
        "max_content_length", "maxContentLength", -1, "replace", is_limit, "a whole number of bytes, or -1",
        "Most bytes of response body, counted after decoding. -1 or None: no limit.",
    ),
    Option(
        "max_body_length", "maxBodyLength", -1, "replace", is_limit, "a whole number of bytes, or -1",
        "Most bytes of request body. -1 or None: no limit.",
    ),
    Option(
        "validate_status", "validateStatus", validate_status, "given", is_callable, "callable or None",
        "``(status) -> bool``: whether the call succeeds or raises. None lets every status pass.",
    ),
    Option(
        "max_redirects", "maxRedirects", 5, "replace", is_count, "an integer, 0 or more",
        "How many redirects to follow before giving up; 0 follows none and hands over the 3xx.",
    ),
    Option(
        "before_redirect", "beforeRedirect", None, "replace", *CALLABLE,
        "``(options, response_details, request_details)``, before each hop; may change or refuse it.",
    ),
    Option(
        "sensitive_headers", "sensitiveHeaders", None, "replace", is_texts, "a list of strings",
        "More names of headers that a redirect to another origin loses.",
    ),
    Option(
        "http_agent", "httpAgent", None, "replace", is_agent, "an Agent",
        "Pool of connections for ``http:``; the shared one unless given.",
    ),
    Option(
        "https_agent", "httpsAgent", None, "replace", is_agent, "an Agent",
        "Pool of connections and TLS settings for ``https:``; the shared one unless given.",
    ),
    Option(
        # Not merged deep, as axios does: credentials and TLS of one proxy must not go to another.
        "proxy", "proxy", None, "replace", is_proxy, "a mapping, a URL or False",
        "Proxy to go through; False for none, None for what the environment says.",
    ),
    Option(
        "socket_path", "socketPath", None, "replace", *TEXT,
        "Unix socket to connect to, in place of the URL's host.",
    ),
    Option(
        "allowed_socket_paths", "allowedSocketPaths", None, "replace", is_text_or_texts,
        "a string or a list of strings",
        "The only socket paths that may be used.",
    ),
    Option(
        "cancel_token", "cancelToken", None, "replace", is_token, "a CancelToken",
        "Token whose source can call the request off.",
    ),
    Option(
        "signal", "signal", None, "replace", is_signal, "an AbortSignal",
        "Signal that calls the request off when it is aborted.",
    ),
    Option(
        "decompress", "decompress", True, "replace", *BOOL,
        "Whether content codings of the response are undone.",
    ),
    Option(
        "max_rate", "maxRate", None, "replace", is_rate, "a number of bytes a second, or a pair of them",
        "Bytes a second, for both directions or as ``[upload, download]``. 0 or None: no limit.",
    ),
    Option("family", "family", None, "replace", is_family, "4 or 6", "Use IPv4 or IPv6 addresses only."),
    Option(
        "lookup", "lookup", None, "replace", *CALLABLE,
        "``(hostname) -> address or list of addresses``, in place of the system's resolver.",
    ),
    Option(
        "insecure_http_parser", "insecureHTTPParser", False, "replace", *BOOL,
        "Whether to put up with malformed response heads.",
    ),
    Option(
        "parse_reviver", "parseReviver", None, "replace", *CALLABLE,
        "``(key, value) -> value`` for everything in parsed JSON, innermost first.",
    ),
    Option(
        "transitional", "transitional", TRANSITIONAL, "deep", is_transitional, "a mapping of booleans",
        "Switches for behaviour that axios changed between its versions.",
    ),
    Option(
        "redact", "redact", None, "replace", is_texts, "a list of strings",
        "More config keys to mask in ``AxiosError.to_json()``.",
    ),
)  # fmt: skip

#: The table: snake name → :class:`Option`.
OPTIONS: Dict[str, Option] = {option.name: option for option in _ROWS}

#: axios's spelling → ours, where they differ.
NAMES: Dict[str, str] = {option.camel: option.name for option in _ROWS if option.camel != option.name}
