"""Late: the rooms of the general way, which are loaded when a request first needs them.

The first usual request of a program does without: they take as long as all the rest, and for many programs it is
the only one. With the second they are loaded in any case. So from then on there is no lack of descriptors, no fork
and no signal handler that could find them half loaded.
"""

from __future__ import annotations

from .loading import free_descriptors, is_failed_load, not_loaded, unforked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Tuple

    from .config import Config

    Ways = Tuple[Callable[[Any], Any], Callable[[Config], Any]]

_ways: Optional[Ways] = None
_had_one = False


def general_way(config: Config) -> Ways:
    """``dispatch`` and ``dispatch_checked``; raises AxiosNetworkError where they can't be loaded."""
    if _ways is not None:
        return _ways
    try:
        return _load_with_room()
    except (ImportError, OSError) as error:
        if not is_failed_load(error):
            raise
        raise not_loaded(error, config) from error


def prepare() -> bool:
    """Whether all of it is loaded; asked for the second time, it loads it if it can."""
    global _had_one
    if _ways is None and _had_one:
        try:
            _load()
        except (ImportError, OSError) as error:
            if not is_failed_load(error):
                raise
            return False  # perhaps the next time; a request that needs it will tell
    _had_one = True
    return _ways is not None


def _load() -> Ways:
    global _ways
    _ways = unforked(_import_ways)
    return _ways


def _import_ways() -> Ways:
    from . import adapter  # what dispatch would load when it is called, with all that is below
    from .dispatch import dispatch, dispatch_checked

    del adapter
    return dispatch, dispatch_checked


def _load_with_room() -> Ways:
    """The same; where it fails and idle connections hold descriptors, once more without those."""
    try:
        return _load()
    except (ImportError, OSError) as error:
        if not is_failed_load(error) or not free_descriptors():
            raise
    return _load()
