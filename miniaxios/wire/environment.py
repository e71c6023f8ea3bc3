"""Environment: what the process was given, variables that ask for a proxy, and descriptors.

Most have no such variable: then nothing else of proxies is loaded.
"""

from __future__ import annotations

import errno
import os

from .errors import NetworkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

#: What the operating system says when a process, or the machine, has no descriptor left.
OUT_OF_FILES = frozenset(("EMFILE", "ENFILE"))

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


def check_descriptors(error: Exception, verb: str) -> None:
    """Raise NetworkError, if ``error`` came about because no descriptor is left.

    Not all say so: a name that can't be looked up, a root that is not found, a module that is not loaded. So one is
    asked for. ``verb``: as for ``network_error``.
    """
    code = errno.errorcode.get(error.errno or 0, "") if type(error) is OSError else ""
    if code not in OUT_OF_FILES:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
            return
        except OSError as failure:
            code = errno.errorcode.get(failure.errno or 0, "")
    if code in OUT_OF_FILES:
        raise NetworkError(code, f"{verb} {code}", getattr(errno, code)) from error
