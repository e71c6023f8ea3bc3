"""Call options: what one call says for itself, of its arguments.

Rules of the room: nothing is merged with defaults here and no value is checked; a new ``dict`` comes of each call,
and its values are the caller's own.
"""

from __future__ import annotations

from .calls import ABSENT
from .config import config_from, merge_config, own_options
from .headers import flatten_headers, merge_headers
from .option_table import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Optional

    Given = Optional[Mapping[str, Any]]

MULTIPART = "multipart/form-data"

_NAMES = frozenset(OPTIONS)


def own_of(
    method: Optional[str],
    url: Any,
    config: Given,
    options: Dict[str, Any],
    data: Any = ABSENT,
    is_form: bool = False,
) -> Dict[Any, Any]:
    """The options of one call, a ``dict`` of snake_case names: a new one, or ``options``, those given by keyword."""
    if config is None and data is ABSENT and method is not None and type(url) is str and not is_form:
        # What the rest would come to, for most calls.
        if not options:
            return {"url": url, "method": method}
        if _NAMES.issuperset(options):
            options["url"], options["method"] = url, method
            return options
    if method is None and hasattr(url, "items"):
        url, config = None, url if config is None else _joined(url, config)
    own = own_options(url, config, options)
    if method is not None:
        own["method"] = method
    if data is not ABSENT:
        own["data"] = data  # the argument beats the config, also when it is None, as in axios
    if is_form:
        _mark_as_form(own)
    return own


def _joined(first: Mapping[str, Any], second: Given) -> Mapping[str, Any]:
    """Two configs of one call; a merge alone would drop the ``url``, ``method`` and ``data`` of the first."""
    return {**config_from(None, first, {}), **merge_config(first, second)}


def _mark_as_form(own: Dict[Any, Any]) -> None:
    """Ask for multipart, unless the call itself has a ``Content-Type``; an instance's counts less.

    Source: axios's documents (``postForm`` with another type); in axios itself multipart always wins.
    """
    given = own.get("headers")
    if not flatten_headers(given, own["method"]).has("Content-Type"):
        own["headers"] = merge_headers(given, {"Content-Type": MULTIPART})
