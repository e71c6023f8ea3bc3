"""What can go wrong in the basement. The staircase (``adapter.py``) translates each class once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


class WireError(Exception):
    """Base of everything that this package of rooms raises on purpose."""


class InvalidRequest(WireError):
    """The request can't be put on the wire as it was given; nothing was sent.

    ``what`` names the part at fault (``"method"``, ``"headers"``, ``"proxy"``, ...).
    """

    def __init__(self, message: str, what: str = "headers") -> None:
        super().__init__(message)
        self.what = what


class InvalidURL(WireError):
    """The URL does not parse under the strict grammar; nothing was sent."""


class UnsupportedScheme(InvalidURL):
    """The URL parses, but its scheme is neither http nor https."""


class NotSupported(WireError):
    """This interpreter lacks what the request needs (no ``ssl``, no Unix sockets)."""


class DeadlineExceeded(WireError):
    """The scope's deadline passed."""


class Stopped(WireError):
    """Somebody pressed the scope's stop-button; ``reason`` is what they gave."""

    def __init__(self, reason: object = None) -> None:
        super().__init__("stopped")
        self.reason = reason


class NetworkError(WireError):
    """A name did not resolve, a connection failed or broke. ``code`` is Node's name for it."""

    def __init__(self, code: str, message: str, errno: Optional[int] = None) -> None:
        super().__init__(message)
        self.code = code
        self.errno = errno


class HungUp(NetworkError):
    """The peer closed before the first byte of its answer: a kept connection may be resent on."""

    def __init__(self, message: str = "socket hang up") -> None:
        super().__init__("ECONNRESET", message)


class TLSError(NetworkError):
    """The handshake or the certificate failed; no byte of the request was sent."""


class BadResponse(WireError):
    """The peer's bytes are not an HTTP/1.1 response by the strict grammar, or were cut short."""


class Truncated(BadResponse):
    """The peer closed in the middle of a head or a body."""


class BodyTooLarge(BadResponse):
    """The body passed the caller's limit or the guard against decompression bombs."""


class ProxyRefused(BadResponse):
    """The proxy answered CONNECT with something other than 2xx. ``status`` is an int."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class UploadTooLarge(WireError):
    """The request's body is larger than the caller's limit."""


class UploadFailed(WireError):
    """The body's source raised, gave a wrong type or a wrong length, or can't be sent again."""


class TooManyRedirects(WireError):
    """One more redirect than the caller allows."""


class RedirectFailed(WireError):
    """The Location can't be followed."""
