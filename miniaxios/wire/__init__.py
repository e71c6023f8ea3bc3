"""The basement: sockets and RFCs. It has never heard of axios, takes no config and imports nothing above.

This is its door: what the staircase (``adapter.py``) and the agent need for most requests, and no more. Behind
it, ``exchange``, ``proxies``, ``redirects`` and ``upload`` are loaded when a request needs them: with ``http.client``, which
the reader of long bodies comes of, they take as long as all the rest.
"""

from __future__ import annotations

from . import errors
from .environment import names_no_proxy
from .pool import Pool
from .request import Policy, Request
from .round_trip import Errand, round_trip, the_long_way
from .scope import Button, Deadline, Scope
from .tls import TLSOptions
from .url import URL, parse_url, same_origin

__all__ = [
    "Button",
    "Deadline",
    "Errand",
    "errors",
    "names_no_proxy",
    "parse_url",
    "Policy",
    "Pool",
    "Request",
    "round_trip",
    "same_origin",
    "Scope",
    "the_long_way",
    "TLSOptions",
    "URL",
]
