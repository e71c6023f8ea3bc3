"""Route: which peer a request goes to, by which way, and what a connection to it must have been made with."""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Hashable, Optional, Tuple

    from .proxies import Proxy
    from .request import Via
    from .tls import TLSOptions
    from .url import URL


#: Seconds after which files of TLS options are looked at again before a kept connection is used.
LOOK = 0.1


class Route:
    """The way to one origin. Immutable, as far as anybody can tell.

    ``proxy``: a Proxy or None; ``tls``, ``proxy_tls``: TLSOptions for the origin and for an https
    proxy; ``socket_path``: a Unix socket (str) instead of host and port; ``family``: 4, 6 or None;
    ``lookup``: the caller's resolver; ``local_address``: an IP address (str) to connect from.

    ``origin``: what ``max_sockets`` counts by. ``key``: connections are shared between requests with
    equal keys alone. ``is_tunnel``: the proxy only passes bytes on (CONNECT or SOCKS). ``is_forward``:
    the proxy reads the request itself, and needs its target in absolute form. ``blocks``: where the header
    lines of requests over it are kept, see ``outgoing``.
    """

    __slots__ = (
        "scheme", "host", "port", "url", "proxy", "tls", "proxy_tls", "socket_path", "family", "lookup",
        "local_address", "host_header", "origin", "tls_key", "key", "is_tunnel", "is_forward",
        "blocks", "_looked",
    )  # fmt: skip

    def __init__(
        self,
        url: URL,
        proxy: Optional[Proxy],
        tls: TLSOptions,
        proxy_tls: Optional[TLSOptions] = None,
        socket_path: Optional[str] = None,
        family: Optional[int] = None,
        lookup: Optional[Callable[[str], Any]] = None,
        local_address: Optional[str] = None,
    ) -> None:
        self.url = url
        self.scheme = scheme = url.scheme
        self.host = url.host
        self.port = url.port
        self.proxy = proxy
        self.tls = tls
        self.proxy_tls = proxy_tls
        self.socket_path = socket_path
        self.family = family
        self.lookup = lookup
        self.local_address = local_address
        self.host_header = url.host_header
        self.origin: Tuple[Any, ...] = (scheme, url.connect_host, url.port, socket_path)
        #: What the TLS options were when the route was made: a caller's context may be altered later.
        self.tls_key: Hashable = tls.pool_key if scheme == "https" else None
        self.key: Hashable = (
            self.origin,
            None if proxy is None else proxy.key,
            self.tls_key,
            None if proxy_tls is None else proxy_tls.pool_key,
            family,
            lookup,
            local_address,
        )
        self.is_tunnel = proxy is not None and (scheme == "https" or proxy.scheme.startswith("socks"))
        self.is_forward = proxy is not None and not self.is_tunnel
        self.blocks: Dict[Hashable, Any] = {}
        self._looked = 0.0  # when, by the monotonic clock, the files were as they are in the key

    def holds(self, agent: Via) -> bool:
        """Whether the agent would still make a direct route of these options, as they are now."""
        tls = agent.tls
        if self.tls is not tls or self.local_address != agent.local_address:
            return False
        if self.tls_key is None:
            return True
        # A caller's context, and the files of the options, may have been altered meanwhile. To ask the system
        # for the files in each request would take a tenth of the time of a small one; connections that are
        # made meanwhile ask always.
        now = monotonic()
        if tls.context is None and now - self._looked < LOOK:
            return True
        if self.tls_key != tls.pool_key:
            return False
        self._looked = now
        return True
