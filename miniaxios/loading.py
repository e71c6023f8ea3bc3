"""Loading: what is not loaded, or not yet, and what a request fails with when something it needs can't be.

Rooms and modules of the standard library are loaded when they are first needed. A process that has no descriptor left
then gets an OSError of the import system, which says nothing of a request. And a process that forks while another
thread loads has the modules in its child half loaded, and locked for ever.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock

from .errors import AxiosError, AxiosNetworkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    from .config import Config

    Loaded = TypeVar("Loaded")

#: Seconds that a fork waits for what is being loaded, and another thread for its turn. It takes milliseconds, but an
#: interrupt may leave the lock behind.
PATIENCE = 5.0

#: The files that frames of the import system name.
_IMPORTERS = ("<frozen importlib", "<frozen zipimport")


def is_of(value: object, module: str, name: str) -> bool:
    """Whether ``value`` is an instance of ``module.name``, without loading it: till then there is none.

    Another thread may just be loading it: then there is none either.
    """
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)


def is_failed_load(error: Exception) -> bool:
    """Whether an import of ours failed: of one of these rooms, or of what one of them needs.

    ``error``: an ImportError or OSError that is being handled. What an import raises is an OSError where no
    descriptor is left; whose import it was, the frames tell.
    """
    at, importer, is_import = error.__traceback__, "", False
    while at is not None:
        frame = at.tb_frame
        is_import = frame.f_code.co_filename.startswith(_IMPORTERS)
        if is_import or frame.f_code.co_name == "<module>":
            break
        name = frame.f_globals.get("__name__", "")
        if name != "encodings":  # codecs are looked up there, and it imports them
            importer = name
        at = at.tb_next
    while at is not None:
        is_import = at.tb_frame.f_code.co_filename.startswith(_IMPORTERS)
        at = at.tb_next
    # Of an ImportError the import system shows no frames of its own.
    return (is_import or isinstance(error, ImportError)) and importer.startswith(f"{__package__}.")


def not_loaded(error: Exception, config: Config) -> AxiosError:
    """What to raise for a failed import. Idle connections are closed: the next request may load it then."""
    import errno

    free_descriptors()
    number = getattr(error, "errno", None)
    if number is None:
        # Of a module in machine code the system's loader says it in words alone.
        number = next((each for each in (errno.EMFILE, errno.ENFILE) if os.strerror(each) in str(error)), None)
    code = AxiosError.ERR_NETWORK if number is None else errno.errorcode.get(number, AxiosError.ERR_NETWORK)
    made = AxiosNetworkError(f"load {code}: {error}", code, config)
    made.errno = number
    return made


def free_descriptors() -> bool:
    """Close idle connections, which hold some. Returns whether there were any."""
    free = getattr(sys.modules.get(f"{__package__}.wire.via"), "free_all_descriptors", None)
    return free is not None and free()


# -- fork --------------------------------------------------------------------------------------------

_lock: Any = RLock()


def unforked(load: Callable[[], Loaded]) -> Loaded:
    """What ``load()`` returns, which loads rooms; a fork by another thread waits for it."""
    lock = _lock
    is_held = lock.acquire(timeout=PATIENCE)
    try:
        return load()
    finally:
        if is_held:
            lock.release()


def _before_fork() -> None:
    _lock.acquire(timeout=PATIENCE)


def _after_fork_in_parent() -> None:
    try:
        _lock.release()
    except RuntimeError:
        return  # it was waited for in vain, and is another thread's


def _after_fork_in_child() -> None:
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
