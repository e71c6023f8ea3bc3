"""AbortController and AbortSignal, as the DOM standard has them.

A signal that depends on others (``any``, ``timeout``, a token's) asks them when it is read, and
listens to them only while somebody listens to it. So nothing holds it once it is forgotten, no
timer runs for a signal that nobody waits for, and a request that ends leaves nothing behind.
"""

from __future__ import annotations

import time

from .errors import CanceledError, bad_option
from .switch import Switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, List, Optional, Tuple


class AbortEvent:
    """What the listeners of a signal are called with: ``type`` (``"abort"``) and ``target``."""

    __slots__ = ("type", "target")

    def __init__(self, target: AbortSignal) -> None:
        self.type = "abort"
        self.target = target


class AbortSignal:
    """The reading end of an :class:`AbortController`. Source: WHATWG DOM, AbortSignal."""

    def __init__(self) -> None:
        self._switch = Switch()

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._poll() is not None

    @property
    def reason(self) -> Any:
        """What it was aborted with, by default a CanceledError; None before that."""
        fired = self._poll()
        return None if fired is None else fired[1]

    def throw_if_aborted(self) -> None:
        """If aborted, raise the reason, or a CanceledError when the reason is no exception."""
        fired = self._poll()
        if fired is not None:
            reason = fired[1]
            raise (
                reason.with_traceback(None) if isinstance(reason, BaseException) else CanceledError(reason)
            )

    def add_event_listener(
        self, kind: str, listener: Callable[[AbortEvent], object], options: object = None
    ) -> None:
        """Have ``listener(event)`` called on ``"abort"``, on the thread that aborts, oldest first.

        Added twice it is called once; added after the abort, or for another ``kind``, never. What
        a listener raises is logged, and does not keep the others from being called.
        """
        if kind == "abort" and not self.aborted:
            self._switch.add(listener, AbortEvent(self))
            self._watch()
            if self._switch.fired is not None:
                self._unwatch()  # aborted by another thread meanwhile

    def remove_event_listener(
        self, kind: str, listener: Callable[[AbortEvent], object], options: object = None
    ) -> None:
        """Undo :meth:`add_event_listener`. Unknown listeners are ignored."""
        if kind == "abort":
            self._switch.discard(listener)
            if not self._switch.is_watched:
                self._unwatch()
                # Another thread may have added one between the question and the answer.
                if self._switch.is_watched:
                    self._watch()

    @staticmethod
    def abort(reason: Any = None) -> AbortSignal:
        """A signal that is aborted already."""
        signal = AbortSignal()
        signal._fire(reason)
        return signal

    @staticmethod
    def timeout(milliseconds: float) -> AbortSignal:
        """A signal that is aborted after ``milliseconds`` with a TimeoutError.

        A number, not negative, or a ``timedelta``; else AxiosError ``ERR_BAD_OPTION_VALUE``. A
        request that it ends fails with a CanceledError, as in axios.
        """
        if hasattr(milliseconds, "total_seconds"):
            milliseconds = milliseconds.total_seconds() * 1000
        is_number = isinstance(milliseconds, (int, float)) and not isinstance(milliseconds, bool)
        if not is_number or not 0 <= milliseconds <= 2**53:
            raise bad_option("AbortSignal.timeout", "a number of milliseconds, 0 or more", milliseconds)
        return _TimeoutSignal(time.monotonic() + milliseconds / 1000)

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """A signal that is aborted as soon as one of ``signals`` is, with its reason."""
        sources = tuple(signals)
        for source in sources:
            if not hasattr(source, "add_event_listener") or not hasattr(source, "aborted"):
                raise bad_option("AbortSignal.any", "an iterable of AbortSignal", source)
        return _AnySignal(sources)

    def _fire(self, reason: Any, moment: Optional[float] = None) -> None:
        if reason is None:
            reason = CanceledError("This operation was aborted")
        when = time.monotonic() if moment is None else moment
        self._switch.fire(reason, when, AbortEvent(self))

    def _poll(self) -> Optional[Tuple[float, Any]]:
        """Moment and reason, after a look at what the signal depends on."""
        return self._switch.fired

    def _watch(self) -> None:
        """Somebody listens: listen to what the signal depends on. Harmless when repeated."""

    def _unwatch(self) -> None:
        """Nobody listens any more."""


class TokenSignal(AbortSignal):
    """What ``CancelToken.to_abort_signal()`` returns."""

    def __init__(self, token: Switch) -> None:
        super().__init__()
        self._token: Optional[Switch] = token

    def unsubscribe(self) -> None:
        """The token's cancellation is no longer this signal's. Source: axios, ``toAbortSignal``."""
        self._poll()
        self._unwatch()
        self._token = None

    def _follow(self, reason: Any) -> None:
        self._poll()

    def _poll(self) -> Optional[Tuple[float, Any]]:
        token = self._token
        if token is not None and token.fired is not None and self._switch.fired is None:
            moment, reason = token.fired
            self._fire(reason, moment)
        return self._switch.fired

    def _watch(self) -> None:
        if self._token is not None:
            self._token.add(self._follow)

    def _unwatch(self) -> None:
        if self._token is not None:
            self._token.discard(self._follow)


class _TimeoutSignal(AbortSignal):
    def __init__(self, moment: float) -> None:
        super().__init__()
        self._moment = moment

    def _ring(self) -> None:
        self._fire(TimeoutError("The operation was aborted due to timeout"), self._moment)

    def _poll(self) -> Optional[Tuple[float, Any]]:
        if self._switch.fired is None and time.monotonic() >= self._moment:
            self._ring()
        return self._switch.fired

    def _watch(self) -> None:
        from .alarms import ALARMS

        ALARMS.set(self, self._moment, self._ring)

    def _unwatch(self) -> None:
        from .alarms import ALARMS

        ALARMS.cancel(self)


class _AnySignal(AbortSignal):
    _sources: Tuple[AbortSignal, ...]

    def __init__(self, sources: Tuple[AbortSignal, ...]) -> None:
        super().__init__()
        # Flat, as in the standard: a tower of signals is asked without recursion.
        leaves: List[AbortSignal] = []
        for source in sources:
            leaves.extend(source._sources if isinstance(source, _AnySignal) else (source,))
        self._sources = tuple(leaves)

    def _follow(self, event: object = None) -> None:
        self._poll()

    def _poll(self) -> Optional[Tuple[float, Any]]:
        if self._switch.fired is None:
            first = min(filter(None, map(_fired, self._sources)), key=lambda fired: fired[0], default=None)
            if first is not None:
                self._fire(first[1], first[0])
                self._unwatch()
        return self._switch.fired

    def _watch(self) -> None:
        for source in self._sources:
            source.add_event_listener("abort", self._follow)
        # One may have been aborted just before: it calls no late listener.
        self._poll()

    def _unwatch(self) -> None:
        for source in self._sources:
            source.remove_event_listener("abort", self._follow)


def _fired(signal: AbortSignal) -> Optional[Tuple[float, Any]]:
    """Moment and reason of any signal; one of another library tells no moment."""
    if isinstance(signal, AbortSignal):
        return signal._poll()
    return (0.0, signal.reason) if signal.aborted else None


class AbortController:
    """``signal``, and ``abort(reason=None)``, which aborts it, from any thread. Source: WHATWG DOM."""

    def __init__(self) -> None:
        self.signal = AbortSignal()

    def abort(self, reason: Any = None) -> None:
        """Abort the signal; only the first call counts. ``reason``: by default a CanceledError."""
        self.signal._fire(reason)
