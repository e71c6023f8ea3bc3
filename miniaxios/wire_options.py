"""Wire options: what some options say, in the basement's own terms."""

from __future__ import annotations

import os

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, FrozenSet, List, Optional, Tuple

    from .config import Config

#: Redirects followed where the option is not set.
MAX_REDIRECTS = 5


def seconds_of(timeout: Any) -> Optional[float]:
    """The option ``timeout`` (ms or a timedelta) in seconds, None where there is none."""
    if not timeout:
        return None
    if hasattr(timeout, "total_seconds"):
        return timeout.total_seconds() or None
    return timeout / 1000  # type: ignore[no-any-return]


def limit_of(length: Any) -> int:
    """A limit in bytes as the basement has it: -1 for none."""
    return -1 if length is None or length < 0 or length == float("inf") else int(length)


def rates_of(rate: Any) -> Tuple[Optional[float], Optional[float]]:
    """The option ``max_rate`` as (upload, download) in bytes a second."""
    upload, download = rate if isinstance(rate, (list, tuple)) else (rate, rate)
    return upload or None, download or None  # 0 is no limit, as in axios


def socket_path_of(config: Config) -> Optional[str]:
    """The Unix socket to use, if any. Raises AxiosError when ``allowed_socket_paths`` does not name it."""
    path: Optional[str] = config.get("socket_path")
    allowed = config.get("allowed_socket_paths")
    if path is None or allowed is None:
        return path
    names = [allowed] if isinstance(allowed, str) else allowed
    wanted = os.path.abspath(path)
    if wanted not in [os.path.abspath(name) for name in names]:
        message = f'socketPath "{path}" is not permitted by allowedSocketPaths'
        raise AxiosError(message, AxiosError.ERR_BAD_OPTION_VALUE, config)
    return wanted  # what was compared: the path as given may lead elsewhere through a link


def sensitive_headers(names: Optional[List[str]], xsrf_header: Optional[str]) -> FrozenSet[str]:
    """What to drop on the way to another origin, beside what is dropped anyway."""
    if not names:
        return frozenset((xsrf_header,)) if xsrf_header else frozenset()
    return frozenset((*names, xsrf_header) if xsrf_header else names)
