"""Outgoing: a request as bytes: its head rendered and checked, its body ready to begin (again).

Rules of the room: nothing is sent here.
"""

from __future__ import annotations

from .connection import CONTINUE_WAIT, SMALL_BODY
from .errors import InvalidRequest, UploadTooLarge
from .header_block import block_for
from .request_head import BODILESS, IDEMPOTENT, frame_request, render_fields, render_request_line
from .upload import Pace, Sending, Upload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

    from .request import Policy, Request
    from .route import Route

_FRAMING = frozenset(("content-length", "transfer-encoding"))


class Outgoing:
    """One request, to be sent over one route.

    ``may_repeat``: whether it may be sent twice; ``is_last``: whether it tells the peer to close.
    """

    __slots__ = ("head", "body", "may_repeat", "is_last", "_length", "_policy", "_expects", "_sent", "_told")

    def __init__(self, request: Request, route: Route, policy: Policy, keep_alive: bool) -> None:
        method, body = request.method, request.body
        if method == "CONNECT":
            raise InvalidRequest("method CONNECT is the proxy option's business", "method")
        block = block_for(request.headers, route, keep_alive)
        headers, lines = block.headers, block.lines
        if body is not None or method not in BODILESS or not _FRAMING.isdisjoint(block.given):
            known = None if body is None else len(body) if isinstance(body, bytes) else body.length
            headers, length = frame_request(method, headers, body is not None, known, block.given)
            if length is not None and 0 <= policy.max_body_length < length:
                raise UploadTooLarge("Request body larger than maxBodyLength limit")
            lines += render_fields(headers[len(block.headers) :])
        else:
            length = 0
        self._length = length
        target = request.url.target if route.proxy is None else _target(request, route)
        self.head = render_request_line(method, target) + lines + b"\r\n"
        request.headers = headers
        self.body = body
        self._policy = policy
        self._expects = "expect" in block.given
        self.is_last = block.is_last
        self.may_repeat = method in IDEMPOTENT and (not isinstance(body, Upload) or body.is_repeatable)
        self._sent = self._told = 0

    def begin(self) -> Tuple[Optional[bytes], Optional[Sending]]:
        """``(small body, None)``, or ``(None, Sending)`` for one that takes care to send."""
        body, policy = self.body, self._policy
        if body is None:
            return None, None
        is_plain = policy.upload_progress is None and policy.upload_rate is None and not self._expects
        if isinstance(body, bytes) and len(body) <= SMALL_BODY and is_plain:
            return body, None
        pieces = iter((body,)) if isinstance(body, bytes) else body.begin()
        self._sent = 0
        return None, Sending(
            pieces,
            self._length,
            policy.max_body_length,
            None if policy.upload_progress is None else self._report,
            None if policy.upload_rate is None else Pace(policy.upload_rate),
            CONTINUE_WAIT if self._expects else 0.0,
        )

    def _report(self, count: int) -> None:
        """Tell the caller of bytes that go out for the first time: not of those that are sent again."""
        self._sent += count
        progress, fresh = self._policy.upload_progress, self._sent - self._told
        if progress is not None and fresh > 0:
            self._told = self._sent
            progress(fresh)


def _target(request: Request, route: Route) -> str:
    # RFC 9112 section 3.2.2: a proxy is told the whole URL, an origin the path and the query.
    url = request.url
    return f"{url.scheme}://{url.host_header}{url.target}" if route.is_forward else url.target
