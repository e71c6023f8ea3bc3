"""Switch: fires once and calls who listens; the heart of tokens and signals.

Rules of the room: no locks. Every state is changed by one atomic operation of a dict, so a switch may
be fired from a signal handler, from a finaliser, or in a forked child, at any moment.
"""

from __future__ import annotations

from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Tuple


class Switch:
    """Fires once, with a reason, and calls everyone who was added: the heart of tokens and signals.

    A listener is called exactly once even if it is added while another thread fires: whoever
    takes it out of the dict calls it.
    """

    __slots__ = ("_fired", "_listeners", "_numbers", "_has_repeats")

    def __init__(self) -> None:
        self._fired: Dict[str, Tuple[float, Any]] = {}
        self._listeners: Dict[Tuple[object, int], Tuple[Callable[[Any], object]]] = {}
        self._numbers = count(1)
        self._has_repeats = False

    @property
    def fired(self) -> Optional[Tuple[float, Any]]:
        """Moment (seconds of ``time.monotonic``) and reason, or None."""
        return self._fired.get("fired")

    @property
    def is_watched(self) -> bool:
        """Whether anyone waits for it."""
        return bool(self._listeners)

    def fire(self, reason: Any, moment: float, event: Any, newest_first: bool = False) -> None:
        """Set the reason, and call the listeners with ``event``. Only the first call counts."""
        mine = (moment, reason)
        if self._fired.setdefault("fired", mine) is mine:
            _call_all(self._newest_first() if newest_first else self._oldest_first(), event)

    def add(self, listener: Callable[[Any], object], event: Any = None, repeat: bool = False) -> None:
        """Keep ``listener``; once more, if ``repeat``, when it is there already.

        If it has fired, ``listener`` is called at once, with ``event`` or else the reason, and what
        it raises is raised.
        """
        mine = (listener,)
        key: Tuple[object, int] = (listener, 0)
        try:
            held = self._listeners.setdefault(key, mine)
        except TypeError:
            key = (_identity(listener), 0)
            held = self._listeners.setdefault(key, mine)
        if held is not mine and repeat:
            self._has_repeats = True
            key = (key[0], next(self._numbers))
            self._listeners[key] = mine
        fired = self._fired.get("fired")
        if fired is not None and self._listeners.pop(key, None) is not None:
            listener(fired[1] if event is None else event)

    def put(self, listener: Callable[[Any], object]) -> None:
        """As :meth:`add`, of a listener that can be hashed and is not there yet."""
        key = (listener, 0)
        self._listeners[key] = (listener,)
        if self._fired and self._listeners.pop(key, None) is not None:
            listener(self._fired["fired"][1])

    def drop(self, listener: Callable[[Any], object]) -> None:
        """Undo :meth:`put`."""
        self._listeners.pop((listener, 0), None)

    def discard(self, listener: Callable[[Any], object]) -> None:
        """Forget ``listener`` (once). Unknown ones are ignored."""
        try:
            held = self._listeners.pop((listener, 0), None)
        except TypeError:
            held = self._listeners.pop((_identity(listener), 0), None)
        if held is None and self._has_repeats:
            identity = _identity(listener)
            for key in list(self._listeners):
                if key[0] == identity and self._listeners.pop(key, None) is not None:
                    return

    def _newest_first(self) -> Iterator[Callable[[Any], object]]:
        while self._listeners:
            try:
                yield self._listeners.popitem()[1][0]
            except KeyError:
                return

    def _oldest_first(self) -> Iterator[Callable[[Any], object]]:
        for key in list(self._listeners):
            taken = self._listeners.pop(key, None)
            if taken is not None:
                yield taken[0]


def _identity(listener: object) -> object:
    # Equality, not id(): every access to a bound method makes a new object.
    try:
        hash(listener)
    except TypeError:
        return id(listener)
    return listener


def _call_all(listeners: Iterable[Callable[[Any], object]], event: Any) -> None:
    """Call every one. What one raises is logged and stops neither the others nor who cancels (as in
    DOM); only KeyboardInterrupt and the like are raised, when all have been called."""
    escaped = None
    for listener in listeners:
        try:
            listener(event)
        except Exception:
            import logging

            logging.getLogger(__package__).exception("a listener of a cancellation failed: %r", listener)
        except BaseException as error:
            escaped = error
    if escaped is not None:
        raise escaped
