"""Failures: what went wrong in the basement, as the error of axios that is raised for it.

Rules of the room: every class of ``wire.errors`` is translated here, in one table.
"""

from __future__ import annotations

import errno

from .errors import AxiosConnectionError, AxiosError, AxiosNetworkError, AxiosTimeoutError, CanceledError
from .response import RequestDetails
from .wire import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple, Type

    from .config import Config
    from .wire import Policy

#: Node's codes that stand for a broken or refused connection, Python's ConnectionError.
CONNECTION_CODES = frozenset(("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE"))

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


def failure(error: errors.WireError, config: Config, policy: Policy) -> AxiosError:
    """The AxiosError to raise; its cause is what the basement's own error came of, if anything.

    ``policy``: that of the exchange, which tells how far the call got.
    """
    made = translated(error, config, policy)
    if isinstance(error, errors.Stopped):
        # A token's reason is one object for all its requests: it must not gather their frames.
        made.__cause__ = None
        return made.with_traceback(None)
    cause: BaseException = error
    while isinstance(cause, errors.WireError) and cause.__cause__ is not None:
        cause = cause.__cause__
    made.__cause__ = cause
    return made


def translated(error: errors.WireError, config: Config, policy: Policy) -> AxiosError:
    """The AxiosError for an error of the basement."""
    request = details_of(policy)
    if isinstance(error, errors.Stopped):
        # A stream that was closed while it was cancelled was cancelled.
        scope = policy.scope
        return _canceled(scope.reason if scope.stopped else error.reason, config, request)
    if isinstance(error, errors.DeadlineExceeded):
        return _timed_out(config, request)
    if isinstance(error, errors.NetworkError):
        made = _network_class(error.code)(str(error), error.code, config, request)
        if isinstance(made, OSError):
            made.errno = getattr(errno, error.code, None) if error.errno is None else error.errno
        return made
    kind, code = next((row[1], row[2]) for row in TRANSLATIONS if isinstance(error, row[0]))
    return kind(str(error), code, config, request)


def details_of(policy: Policy) -> Optional[RequestDetails]:
    """The last hop, for ``response.request`` and ``error.request``."""
    hop = policy.current
    return None if hop is None else RequestDetails.of_hop(hop, policy.history)


def is_misread(error: errors.WireError) -> bool:
    """Whether an answer is cut short or malformed: the head is honest, and what came of the body is not shown."""
    return isinstance(error, errors.BadResponse) and not isinstance(error, errors.BodyTooLarge)


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
