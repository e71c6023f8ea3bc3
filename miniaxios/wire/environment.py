"""Whether the environment asks for a proxy at all: most don't, and then nothing else of proxies is loaded."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# Each miss in os.environ raises and catches a KeyError, and there are six to ask for in each request: a look into the
# dict underneath, where there is one with bytes, as on POSIX, takes a tenth of the time.
_ENVIRON: Any = os.environ
_RAW: Any = getattr(_ENVIRON, "_data", None)
if type(_RAW) is not dict or not os.supports_bytes_environ:
    _RAW = None


def names_no_proxy(environ: Mapping[str, str]) -> bool:
    """Whether no variable asks for a proxy, for whatever URL."""
    if environ is _ENVIRON and _RAW is not None:
        return not (
            b"http_proxy" in _RAW
            or b"https_proxy" in _RAW
            or b"all_proxy" in _RAW
            or b"HTTP_PROXY" in _RAW
            or b"HTTPS_PROXY" in _RAW
            or b"ALL_PROXY" in _RAW
        )
    return not any(name in environ for name in _VARIABLES)
