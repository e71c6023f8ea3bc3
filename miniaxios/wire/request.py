"""What goes down into the basement: a request, and what holds for all hops of its call.

Rules of the room: nothing is done here, and nothing is loaded. Most requests never need the rooms that follow
redirects and read long bodies, but all are told from here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, FrozenSet, List, Mapping, Optional, Protocol, Tuple, Union

    from .body import Response
    from .messages import ResponseHead
    from .pool import Pool
    from .proxies import Proxy
    from .redirects import Redirect
    from .scope import Scope
    from .tls import TLSOptions
    from .upload import Upload
    from .url import URL

    class Via(Protocol):
        """What an agent lends to the basement."""

        pool: Pool
        tls: TLSOptions
        local_address: Optional[str]

    Pairs = List[Tuple[str, str]]
    Body = Union[None, bytes, Upload]


class Request:
    """What goes out in one hop: ``method`` (str, upper case), ``url`` (URL), ``headers`` (list of
    pairs), ``body`` (None, bytes, or an :class:`Upload`)."""

    __slots__ = ("method", "url", "headers", "body")

    def __init__(self, method: str, url: URL, headers: Pairs, body: Body = None) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body


class Policy:
    """What holds for all hops of one call.

    ``agents``: scheme -> pool, TLS and local address; ``proxy``: a Proxy, False for none, None for
    what ``environ`` says; ``max_body_length``: bytes, or -1; ``sensitive``: lower-case header names
    dropped on the way to another origin; ``before_hop(redirect, response)`` may alter or raise;
    ``on_head(url, head)`` sees every answer; ``current`` and ``history`` tell how far the call got.
    """

    __slots__ = (
        "scope", "agents", "proxy", "environ", "max_redirects", "max_body_length", "lenient", "family",
        "lookup", "socket_path", "sensitive", "upload_progress", "upload_rate", "before_hop", "on_head",
        "current", "history",
    )  # fmt: skip

    def __init__(self, scope: Scope, agents: Mapping[str, Via], environ: Mapping[str, str]) -> None:
        self.scope = scope
        self.agents = agents
        self.environ = environ
        self.proxy: Union[Proxy, bool, None] = None
        self.max_redirects = 5
        self.max_body_length = -1
        self.lenient = False
        self.family: Optional[int] = None
        self.lookup: Optional[Callable[[str], Any]] = None
        self.socket_path: Optional[str] = None
        self.sensitive: FrozenSet[str] = frozenset()
        self.upload_progress: Optional[Callable[[int], None]] = None
        self.upload_rate: Optional[float] = None
        self.before_hop: Optional[Callable[[Redirect, Response], None]] = None
        self.on_head: Optional[Callable[[URL, ResponseHead], None]] = None
        self.current: Optional[Request] = None
        self.history: List[str] = []
