"""The basement: sockets and RFCs. It has never heard of axios, takes no config and imports nothing above.

This is its door: what the staircase (``adapter.py``) and the agent need, and no more.
"""

from __future__ import annotations

from . import errors
from .body import Response
from .exchange import Policy, Request, exchange
from .pool import Pool
from .proxies import Proxy, parse_proxy
from .redirects import without_secrets
from .scope import Scope
from .tls import TLSOptions
from .upload import Pace, Upload, upload_from
from .url import URL, parse_url, same_origin

__all__ = [
    "errors",
    "exchange",
    "Pace",
    "parse_proxy",
    "parse_url",
    "Policy",
    "Pool",
    "Proxy",
    "Request",
    "Response",
    "same_origin",
    "Scope",
    "TLSOptions",
    "upload_from",
    "Upload",
    "URL",
    "without_secrets",
]
