"""Interceptors: who may change a request before it is sent, and a response before it is handed over.

Rules of the room: everything runs in the calling thread, in a loop (a thousand interceptors are no
deeper than one). An error is carried from pair to pair as axios's promise chain carries it;
``KeyboardInterrupt`` and the like are nobody's to handle and pass straight through.

No lock: ids come from an atomic counter, and lists are changed by single operations of the
interpreter. So a signal handler or a forked child can never meet a lock that is held.
"""

from __future__ import annotations

from itertools import count

from .errors import AxiosError, bad_option
from .loading import is_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, List, Mapping, Optional, Sequence, Tuple

    #: An error or None, and the value when there is no error.
    Outcome = Tuple[Optional[Exception], Any]


class Interceptor:
    """One registered pair: ``id``, ``fulfilled``, ``rejected``, ``synchronous``, ``run_when``."""

    __slots__ = ("id", "fulfilled", "rejected", "synchronous", "run_when")

    def __init__(
        self,
        number: int,
        fulfilled: Optional[Callable[[Any], Any]],
        rejected: Optional[Callable[[Exception], Any]],
        synchronous: bool,
        run_when: Optional[Callable[[Any], Any]],
    ) -> None:
        self.id = number
        self.fulfilled = fulfilled
        self.rejected = rejected
        self.synchronous = synchronous
        self.run_when = run_when


class InterceptorManager:
    """``axios.interceptors.request`` and ``.response``: ``use``, ``eject``, ``clear``.

    ``handlers`` is the list of :class:`Interceptor`, oldest first; ejected ones are gone from it.
    A request that is under way keeps to the interceptors it began with. May be used from any
    thread. Source: axios, ``InterceptorManager``.
    """

    def __init__(self) -> None:
        self.handlers: List[Interceptor] = []
        self._numbers = count()

    def use(
        self,
        fulfilled: Optional[Callable[[Any], Any]] = None,
        rejected: Optional[Callable[[Exception], Any]] = None,
        options: Optional[Mapping[str, Any]] = None,
        *,
        synchronous: bool = False,
        run_when: Optional[Callable[[Any], Any]] = None,
        runWhen: Optional[Callable[[Any], Any]] = None,
    ) -> int:
        """Add an interceptor; returns its id (int, never given twice), for :meth:`eject`.

        ``fulfilled(config) -> config`` for requests, ``fulfilled(response) -> anything`` for
        responses; ``rejected(error)`` likewise. Either may return a promise or future, which is
        waited for. ``run_when(config)``: the request interceptor is left out when exactly ``False``
        comes back. ``synchronous``: see :func:`run_chain`. Both are ignored for responses.
        ``options``: axios's third argument, a mapping of the same two.
        Raises AxiosError ``ERR_BAD_OPTION_VALUE`` for what is neither callable nor None.
        """
        given = options or {}
        condition = run_when or runWhen or given.get("run_when") or given.get("runWhen")
        for name, value in (("fulfilled", fulfilled), ("rejected", rejected), ("run_when", condition)):
            if value is not None and not callable(value):
                raise bad_option(name, "a callable or None", value)
        number = next(self._numbers)
        at_once = bool(synchronous or given.get("synchronous"))
        self.handlers.append(Interceptor(number, fulfilled, rejected, at_once, condition))
        return number

    def eject(self, interceptor_id: object) -> None:
        """Remove what :meth:`use` returned this id for (an int, or its canonical ``str``).

        Unknown ids are ignored.
        """
        number = _number_of(interceptor_id)
        for handler in tuple(self.handlers):
            if handler.id == number:
                # By identity and in one step: an index may be stale when another thread ejects.
                try:
                    self.handlers.remove(handler)
                except ValueError:
                    return

    def clear(self) -> None:
        """Remove all interceptors. Ids go on counting."""
        self.handlers.clear()


def run_chain(
    config: Any,
    request_manager: InterceptorManager,
    response_manager: InterceptorManager,
    dispatch: Callable[[Any], Any],
    legacy_order: bool = True,
    dispatch_unaltered: Optional[Callable[[Any], Any]] = None,
) -> Any:
    """Request interceptors, ``dispatch(config)``, response interceptors; returns the response.

    ``dispatch_unaltered`` takes the place of ``dispatch`` where no request interceptor had the config.

    Requests: newest first, or oldest first unless ``legacy_order``; responses: oldest first. Every
    ``run_when`` is asked before any interceptor runs, and what it raises is raised at once.

    What a request interceptor raises goes to the ``rejected`` of the next one to run, which may
    return a config to go on with. When all of them are ``synchronous`` it goes to its own
    ``rejected`` instead; if that returns, the last good config is dispatched and the remaining
    interceptors are left out. An error left over, and what ``dispatch`` raises, goes to the
    ``rejected`` of the response interceptors. A request interceptor that returns no config has
    failed with ``ERR_BAD_OPTION_VALUE``. Source: axios, ``Axios.prototype.request``.
    """
    handlers = tuple(request_manager.handlers)
    after = tuple(response_manager.handlers)
    if not handlers and dispatch_unaltered is not None:
        dispatch = dispatch_unaltered
    before = _wanted(handlers, config)
    if legacy_order:
        before.reverse()
    run = _run_synchronous if all([handler.synchronous for handler in before]) else _run_requests
    error, value = run(config, before)
    try:
        if error is None:
            if not after:
                return dispatch(value)
            error, value = _attempt(dispatch, value)
        error, value = _run_responses(error, value, after)
        if error is not None:
            raise error
        return value
    finally:
        # The error's traceback holds this frame; the frame must not hold the error.
        del error


def adopted(value: Any) -> Any:
    """``value``, or what it settles to when it is a promise or any ``concurrent.futures.Future``.

    Waits; raises what the future was rejected with.
    """
    while is_of(value, "concurrent.futures", "Future"):
        value = value.result()
    return value


def _number_of(interceptor_id: object) -> object:
    if isinstance(interceptor_id, bool):
        return None
    if isinstance(interceptor_id, str):
        if len(interceptor_id) > 20 or not (interceptor_id.isascii() and interceptor_id.isdigit()):
            return None
        number = int(interceptor_id)
        return number if str(number) == interceptor_id else None
    return interceptor_id


def _wanted(handlers: Iterable[Interceptor], config: Any) -> List[Interceptor]:
    return [
        handler
        for handler in handlers
        if handler.run_when is None or handler.run_when(config) is not False
    ]


def _config_of(value: Any) -> Any:
    value = adopted(value)
    if isinstance(value, dict) or hasattr(value, "keys"):
        return value
    raise AxiosError(
        f"a request interceptor must return the config (a mapping), not {type(value).__name__}",
        AxiosError.ERR_BAD_OPTION_VALUE,
    )


def _attempt(function: Callable[[Any], Any], argument: Any) -> Outcome:
    try:
        return None, function(argument)
    except Exception as error:
        return error, None


def _run_requests(config: Any, handlers: Sequence[Interceptor]) -> Outcome:
    error: Optional[Exception] = None
    for handler in handlers:
        step = handler.fulfilled if error is None else handler.rejected
        if step is None:
            continue
        try:
            config = step(config if error is None else error)
            if not isinstance(config, dict):
                config = _config_of(config)
            error = None
        except Exception as failure:
            error = failure
    try:
        return error, config
    finally:
        del error


def _run_synchronous(config: Any, handlers: Sequence[Interceptor]) -> Outcome:
    for handler in handlers:
        if handler.fulfilled is None:
            continue
        try:
            changed = handler.fulfilled(config)
            config = changed if isinstance(changed, dict) else _config_of(changed)
        except Exception as error:
            if handler.rejected is None:
                return error, None
            # What it returns is not a config, in axios neither: only whether it raises counts.
            return _attempt(_waited(handler.rejected), error)[0], config
    return None, config


def _waited(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda argument: adopted(function(argument))


def _run_responses(error: Optional[Exception], value: Any, handlers: Sequence[Interceptor]) -> Outcome:
    for handler in handlers:
        step = handler.fulfilled if error is None else handler.rejected
        if step is None:
            continue
        try:
            result = step(value if error is None else error)
            # Most give back what they were given: that needs no look at its type.
            value = result if result is value else adopted(result)
            error = None
        except Exception as failure:
            error = failure
    try:
        return error, value
    finally:
        del error
