"""Loading: what is not loaded, or not yet, and what a request fails with when something it needs can't be.

Rooms and modules of the standard library are loaded when they are first needed. A process that has no descriptor left
then gets an OSError of the import system, which says nothing of a request. And a process that forks while another
thread loads has the modules in its child half loaded, and locked for ever.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from time import monotonic, sleep

from .errors import AxiosError, AxiosNetworkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Tuple, TypeVar

    from .config import Config

    Loaded = TypeVar("Loaded")

#: Seconds that a fork and what is being loaded wait for each other at most: both take milliseconds.
PATIENCE = 5.0


def is_of(value: object, module: str, name: str) -> bool:
    """Whether ``value`` is an instance of ``module.name``, without loading it: till then there is none.

    Another thread may just be loading it: then there is none either.
    """
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)


def is_failed_load(error: Exception) -> bool:
    """Whether an import of ours failed: of one of these rooms, or of what one of them needs.

    ``error``: an ImportError or OSError that is being handled. What an import raises is an OSError where no
    descriptor is left. Whose import it was, the frames tell: the last of ours stands at an import, or has asked for a
    codec. An OSError without a number is of a signal handler that ran meanwhile.
    """
    if isinstance(error, OSError) and error.errno is None:
        return False
    at, last, behind = error.__traceback__, None, ""
    while at is not None:
        name = at.tb_frame.f_globals.get("__name__", "")
        if name.startswith(f"{__package__}."):
            last, behind = at, ""
        else:
            behind = behind or name
        at = at.tb_next
    if last is None:
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] in _opcodes_of_imports() or behind in ("encodings", "importlib")


def _opcodes_of_imports() -> Tuple[int, ...]:
    """Those of the two steps of an import; the second fails here, which loads nothing."""
    try:
        from sys import what_it_has_not  # type: ignore[attr-defined]

        del what_it_has_not
    except ImportError as error:
        at = error.__traceback__
        if at is not None:
            code = at.tb_frame.f_code.co_code
            return code[at.tb_lasti - 2], code[at.tb_lasti]
    return ()


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

# Who loads and who forks: a token of each, and its thread. No lock, which a crowd of threads would take in turn.
_loaders: Dict[object, int] = {}
_forks: Dict[object, int] = {}


def unforked(load: Callable[[], Loaded]) -> Loaded:
    """What ``load()`` returns, which loads rooms; a fork by another thread waits for it, and it for a fork."""
    token = object()
    try:
        _loaders[token] = get_ident()
        while _is_another_in(_forks):
            del _loaders[token]
            _wait_for(_forks)
            _loaders[token] = get_ident()
        return load()
    finally:
        _loaders.pop(token, None)


def _is_another_in(table: Dict[object, int]) -> bool:
    me = get_ident()
    return bool(table) and any([thread != me for thread in table.copy().values()])


def _wait_for(table: Dict[object, int]) -> None:
    """Until no other thread is in the table any more, which takes milliseconds."""
    end = monotonic() + PATIENCE
    while _is_another_in(table):
        if monotonic() > end:
            table.clear()  # something was interrupted, and can't tell that it is over
        sleep(0.001)


def _before_fork() -> None:
    _forks[get_ident()] = get_ident()
    _wait_for(_loaders)


def _after_fork_in_parent() -> None:
    _forks.pop(get_ident(), None)


def _after_fork_in_child() -> None:
    _loaders.clear()
    _forks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
