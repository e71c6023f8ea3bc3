"""Dispatch: transform the request, hand it to the adapter, transform the response.

Rules of the room: options are checked here, behind the interceptors, so that none of them can bring in
an unchecked one; cancellation is looked at before, after success and after failure, as in axios; what
the caller's own functions raise passes unchanged, and leaves no stream open.
"""

from __future__ import annotations

from time import monotonic

from .adapters import get_adapter
from .cancel import throw_if_cancelled
from .config import Config, check_config
from .errors import AxiosError, is_axios_error, is_cancel
from .headers import Headers, flatten_headers
from .interception import adopted
from .loading import is_failed_load, not_loaded
from .response import Response
from .transforms import transform_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Methods whose body is a form unless something says otherwise. Source: axios, dispatchRequest.
_FORM_METHODS = frozenset(("post", "put", "patch"))

FORM_TYPE = "application/x-www-form-urlencoded"

_get, _put = dict.get, dict.__setitem__


def dispatch(config: Any) -> Any:
    """Perform one request; ``config`` is what the interceptors left of it. Returns a Response."""
    if type(config) is not Config:
        config = Config(config)
    try:
        check_config(config)
    except AxiosError as error:
        if error.config is None:
            error.config = config
        raise
    return dispatch_checked(config)


def dispatch_checked(config: Config) -> Any:
    """As :func:`dispatch`, of a config whose options are known to be sound."""
    try:
        return _dispatch(config)
    except AxiosError as error:
        # A token's reason is shared by all its requests, and says nothing of one.
        if error.config is None and not is_cancel(error):
            error.config = config
        raise
    except (ImportError, OSError) as error:
        if not is_failed_load(error):
            raise
        raise not_loaded(error, config) from error


def _dispatch(config: Config) -> Any:
    throw_if_cancelled(config)
    _transform_request(config)
    adapter = _get(config, "adapter")
    adapter = get_adapter("http" if adapter is None else adapter, config)
    started = monotonic()
    try:
        response = adapter(config)
        if type(response) is not Response:
            response = _as_response(adopted(response), config)
    except Exception as error:
        if not is_cancel(error):
            _finish_failure(error, config, started)
        raise
    _finish(response, config, started)
    return response


def _transform_request(config: Config) -> None:
    # The dict's own methods, here and below: Config's answer to two spellings and with the table's defaults,
    # at ten times the cost.
    method = _get(config, "method")
    if not method:
        method = config["method"] = "get"
    headers = _get(config, "headers")
    if not isinstance(headers, Headers):
        # An interceptor's own.
        headers = config["headers"] = flatten_headers(headers, method)
    data = transform_data(_get(config, "transform_request"), _get(config, "data"), headers, None, config)
    _put(config, "data", data)
    if data is not None and not _is_empty(data) and method.lower() in _FORM_METHODS:
        headers.put_default("content-type", "Content-Type", FORM_TYPE)


def _is_empty(data: Any) -> bool:
    """Whether nothing is sent: what is merely false, such as an array of somebody's, may be a body."""
    return isinstance(data, (str, bytes, bytearray)) and not data


def _as_response(answer: Any, config: Config) -> Any:
    """What an adapter returned, as a Response: custom ones may return a mapping with axios's names."""
    if isinstance(answer, Response):
        return answer
    if hasattr(answer, "get") and not hasattr(answer, "status"):
        status_text = answer.get("status_text", answer.get("statusText"))
        return Response(
            answer.get("data"),
            answer.get("status"),
            status_text or "",
            answer.get("headers"),
            answer.get("config", config),
            answer.get("request"),
        )
    if hasattr(answer, "status"):
        return answer
    raise AxiosError(
        f"option adapter must return a response, not {type(answer).__name__}",
        AxiosError.ERR_BAD_OPTION_VALUE,
        config,
    )


def _finish(response: Any, config: Config, started: float) -> None:
    """Time and transform a response, that of an error too; one that nobody will get is closed."""
    try:
        throw_if_cancelled(config)
        response.duration = round((monotonic() - started) * 1000)
        if not isinstance(response.headers, Headers):
            response.headers = Headers(response.headers)
        response.data = transform_data(
            _get(config, "transform_response"), response.data, response.headers, response.status, config
        )
    except BaseException as error:
        _close(response)
        if is_axios_error(error) and not is_cancel(error) and getattr(error, "response", None) is None:
            # A body that is not the JSON it had to be: the caller wants to see what came with it.
            error.response = response  # type: ignore[attr-defined]
        raise


def _finish_failure(error: Any, config: Config, started: float) -> None:
    """Raise the cancellation, if there is one, in place of ``error``; else finish the response it carries."""
    response = error.response if is_axios_error(error) else None
    if response is None:
        throw_if_cancelled(config)
        return
    if not isinstance(response, Response) and hasattr(response, "get"):
        response = error.response = _as_response(response, config)
    _finish(response, config, started)


def _close(response: Any) -> None:
    close = getattr(response.data, "close", None)
    if close is not None:
        close()
