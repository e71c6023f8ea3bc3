"""Which adapter performs a request: by name, as a callable, or the first of a list that is available."""

from __future__ import annotations

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

    Adapter = Callable[[Any], Any]

#: Names that axios knows and that mean something only where it runs.
ELSEWHERE = frozenset(("xhr", "fetch"))

_http: Optional[Adapter] = None


def get_adapter(adapters: Any, config: Any = None) -> Adapter:
    """The first available of ``adapters``: a name (``"http"``), a callable, or a list of them.

    Raises AxiosError: ``ERR_NOT_SUPPORT`` with the reasons when none is available, and without a
    code for an unknown name. Source: axios, ``lib/adapters/adapters``.
    """
    if callable(adapters):
        return adapters  # type: ignore[no-any-return]
    missing: List[str] = []
    for adapter in adapters if isinstance(adapters, (list, tuple)) else (adapters,):
        found = adapter if callable(adapter) else _by_name(adapter, config)
        if found is not None:
            return found
        missing.append(f"- adapter {adapter} is not supported by the environment")
    raise AxiosError(
        f"There is no suitable adapter to dispatch the request {_because(missing)}",
        AxiosError.ERR_NOT_SUPPORT,
        config,
    )


def _by_name(name: object, config: Any) -> Optional[Adapter]:
    """The adapter of that name, in any letter case; None for one that other environments have."""
    lowered = str(name).lower()
    if lowered == "http":
        return _http or _load_http()
    if lowered in ELSEWHERE:
        return None
    raise AxiosError(f"Unknown adapter '{name}'", None, config)


def _load_http() -> Adapter:
    global _http
    from .adapter import http_adapter

    _http = http_adapter
    return _http


def _because(reasons: List[str]) -> str:
    """The end of the message; its two blanks for a single reason are axios's."""
    if not reasons:
        return "as no adapter specified"
    return " " + reasons[0] if len(reasons) == 1 else "since :\n" + "\n".join(reasons)
