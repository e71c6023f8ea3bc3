"""Cancellation: CancelToken, and how a request listens to its token and its signal.

Rules of the room: whoever cancels calls the listeners, on their own thread. A request that has ended
leaves nothing on the token or signal it listened to, and one with neither pays two look-ups.
Signals have a room of their own, which is opened only when one is made.
"""

from __future__ import annotations

import time

from .errors import CanceledError
from .switch import Switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Optional, Tuple

    from .abort import AbortSignal
    from .promise import Promise


class CancelTokenSource:
    """What :meth:`CancelToken.source` returns: ``token``, and ``cancel(message=None)``."""

    __slots__ = ("token", "cancel")

    def __init__(self) -> None:
        def keep(cancel: Callable[..., None]) -> None:
            self.cancel = cancel

        self.token = CancelToken(keep)


class CancelToken:
    """Something that requests can be cancelled by: ``CancelToken(executor)``.

    ``executor(cancel)`` is called at once; ``cancel(message=None, config=None, request=None)`` may be
    called from any thread, and only its first call counts. TypeError if it is no callable.
    Source: axios, ``CancelToken``.
    """

    def __init__(self, executor: Callable[[Callable[..., None]], object]) -> None:
        if not callable(executor):
            raise TypeError("executor must be a function.")
        self._switch = Switch()
        executor(self._cancel)

    def _cancel(self, message: object = None, config: Any = None, request: Any = None) -> None:
        if self._switch.fired is None:
            reason = CanceledError(message, config, request)
            self._switch.fire(reason, time.monotonic(), reason, newest_first=True)

    @staticmethod
    def source() -> CancelTokenSource:
        """An object with a new ``token`` and the ``cancel`` function that belongs to it."""
        return CancelTokenSource()

    @property
    def reason(self) -> Optional[CanceledError]:
        """The CanceledError, one and the same for all its requests, or None."""
        fired = self._switch.fired
        return None if fired is None else fired[1]

    def throw_if_requested(self) -> None:
        """Raise :attr:`reason` if there is one."""
        reason = self.reason
        if reason is not None:
            # One object raised by many requests: without this its traceback would grow each time.
            raise reason.with_traceback(None)

    def subscribe(self, listener: Callable[[CanceledError], object]) -> None:
        """Have ``listener(reason)`` called on cancellation, or at once if that has happened.

        Called on the thread that cancels, the newest first. What a listener raises is logged, and
        does not keep the others from being called.
        """
        self._switch.add(listener, repeat=True)

    def unsubscribe(self, listener: Callable[[CanceledError], object]) -> None:
        """Undo one :meth:`subscribe`. Unknown listeners are ignored."""
        self._switch.discard(listener)

    @property
    def promise(self) -> Promise:
        """A Promise that is resolved with :attr:`reason`; made when first asked for."""
        promise: Optional[Promise] = vars(self).get("_promise")
        if promise is None:
            from .promise import Promise
            from .reactions import settle

            promise = vars(self).setdefault("_promise", Promise())
            # A second thread may get here too; then the promise is settled twice, which is harmless.
            self._switch.add(lambda reason: settle(promise, None, reason))
        return promise

    def to_abort_signal(self) -> AbortSignal:
        """An AbortSignal that is aborted with :attr:`reason`; its ``unsubscribe()`` cuts the tie."""
        from .abort import TokenSignal

        return TokenSignal(self._switch)


class Subscription:
    """One request's ear on its token and its signal: tells ``stop`` of the first that fires.

    Whoever makes one keeps :meth:`end` before calling :meth:`begin`, so that no interrupt can come between.
    """

    __slots__ = ("_config", "_token", "_signal", "_stops")

    def __init__(self, config: Any, token: Any, signal: Any, stop: Callable[[CanceledError], object]) -> None:
        self._config = config
        self._token = token
        self._signal = signal
        self._stops = [stop]

    def begin(self) -> None:
        """Listen. ``stop`` is called before this returns if it has happened already."""
        token, signal = self._token, self._signal
        if token is not None:
            token.subscribe(self._stop)
        if signal is not None:
            signal.add_event_listener("abort", self._on_abort)
            if signal.aborted:
                self._on_abort()

    def _stop(self, reason: CanceledError) -> None:
        try:
            stop = self._stops.pop()
        except IndexError:
            return
        stop(reason)

    def _on_abort(self, event: object = None) -> None:
        # The signal's own reason is left out, as in axios, even for a timeout.
        self._stop(CanceledError(None, self._config))

    def end(self) -> None:
        """The request is over: ``stop`` will not be called any more."""
        self._stops.clear()
        if self._token is not None:
            self._token.unsubscribe(self._stop)
        if self._signal is not None:
            self._signal.remove_event_listener("abort", self._on_abort)


def subscription(
    config: Mapping[str, Any], stop: Callable[[CanceledError], object]
) -> Optional[Subscription]:
    """What has ``stop(reason)`` called when the config's ``cancel_token`` or ``signal`` fires.

    ``config``: a dict with snake_case names. ``stop`` is called at most once, on the thread that
    cancels; ``reason`` is the token's own CanceledError, or a fresh one with the config for a signal.
    None when the config has neither.
    """
    token, signal = _given(config)
    if token is None and signal is None:
        return None
    return Subscription(config, token, signal, stop)


def throw_if_cancelled(config: Mapping[str, Any]) -> None:
    """Raise the CanceledError if the config's ``cancel_token`` or ``signal`` has fired.

    The token's own reason; a fresh ``canceled`` with the config for a signal. Source: axios,
    ``throwIfCancellationRequested``.
    """
    token, signal = _given(config)
    if token is not None:
        token.throw_if_requested()
    if signal is not None and signal.aborted:
        raise CanceledError(None, config)


def _given(config: Mapping[str, Any]) -> Tuple[Any, Any]:
    # What a Config does beyond a dict is not needed here, and this is asked on every request.
    if isinstance(config, dict):
        return dict.get(config, "cancel_token"), dict.get(config, "signal")
    return config.get("cancel_token"), config.get("signal")
