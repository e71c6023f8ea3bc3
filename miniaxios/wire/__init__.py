"""The basement: sockets and RFCs. It has never heard of axios, takes no config and imports nothing above.

This is its door: what the staircase (``adapter.py``) and the agent need, and no more.
"""

from __future__ import annotations

from . import errors
from .body import Response
from .exchange import Policy, Request, exchange, follow
from .pool import Pool
from .proxies import Proxy, names_no_proxy, parse_proxy
from .redirects import without_secrets
from .round_trip import Errand, round_trip
from .scope import Deadline, Scope
from .tls import TLSOptions
from .upload import Pace, Upload, upload_from
from .url import URL, parse_url, same_origin

__all__ = [
    "Deadline",
    "Errand",
    "errors",
    "exchange",
    "follow",
    "names_no_proxy",
    "Pace",
    "parse_proxy",
    "parse_url",
    "Policy",
    "Pool",
    "Proxy",
    "Request",
    "Response",
    "round_trip",
    "same_origin",
    "Scope",
    "TLSOptions",
    "upload_from",
    "Upload",
    "URL",
    "without_secrets",
]
