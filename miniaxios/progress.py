"""Progress events of one upload or download.

The room counts bytes and decides when the caller's function hears of them: the first bytes at once,
then at most three calls a second, and at the end always one with the whole count. There is no
timer: whoever moves the bytes calls ``advance`` and ``finish``, and the function runs on that thread,
so that what it raises reaches the request unchanged.
"""

from __future__ import annotations

import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Deque, Optional, Tuple

#: Seconds between two events: three a second.
INTERVAL = 1 / 3
#: Seconds of samples without which a rate would be guesswork (axios: 250 ms).
MIN_SPAN = 0.25
#: Events that the rate looks back over (axios: 50).
SAMPLES = 50


class ProgressEvent:
    """What ``on_upload_progress`` and ``on_download_progress`` are called with.

    Attributes: ``loaded`` (bytes so far, int, never more than ``total``), ``total`` (bytes, or None
    when unknown), ``progress`` (0.0 to 1.0, or None), ``bytes`` (since the event before this one),
    ``rate`` (bytes a second over the last events, or None until it can be told), ``estimated``
    (seconds left, or None), ``upload`` and ``download`` (bool), ``length_computable`` (bool),
    ``event`` (always None: there is no browser event underneath). Source: axios, progress events.
    """

    __slots__ = (
        "loaded", "total", "progress", "bytes", "rate", "estimated",
        "upload", "download", "length_computable", "event",
    )  # fmt: skip

    def __init__(
        self, loaded: int, total: Optional[int], new_bytes: int, rate: Optional[int], is_upload: bool
    ) -> None:
        self.loaded = loaded
        self.total = total
        self.progress = loaded / total if total else None
        self.bytes = new_bytes
        self.rate = rate
        self.estimated = (total - loaded) / rate if rate and total else None
        self.upload = is_upload
        self.download = not is_upload
        self.length_computable = total is not None
        self.event = None

    def __repr__(self) -> str:
        way = "upload" if self.upload else "download"
        return f"<ProgressEvent {way} {self.loaded} of {self.total} bytes>"


class ProgressReporter:
    """Counts the bytes of one direction of one request and calls ``callback(event)``.

    ``total``: bytes expected, or None when unknown. ``clock``: seconds, monotonic. Not thread-safe:
    one direction of one request is moved by one thread. Source: axios (events, three a second).
    """

    __slots__ = ("_callback", "_total", "_is_upload", "_clock", "_counted", "_reported", "_due", "_samples")

    def __init__(
        self,
        callback: Callable[[ProgressEvent], object],
        total: Optional[int],
        is_upload: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._callback = callback
        self._total = total
        self._is_upload = is_upload
        self._clock = clock
        self._counted = 0
        self._reported = 0
        self._due: Optional[float] = None
        self._samples: Deque[Tuple[float, int]] = deque(maxlen=SAMPLES)

    def advance(self, n_bytes: int) -> None:
        """``n_bytes`` more were moved; reports if an event is due. Raises what the callback raises."""
        if n_bytes <= 0:
            return
        self._counted += n_bytes
        now = self._clock()
        if self._due is None or now >= self._due:
            self._report(now)

    def finish(self) -> None:
        """All bytes were moved: reports those that no event told of yet. May be called twice.

        No bytes, no event. Raises what the callback raises.
        """
        if self._loaded() > self._reported or (self._counted and self._due is None):
            self._report(self._clock())

    def restart(self) -> None:
        """The body is sent again from its first byte (a redirect, a resend).

        Events never go back: ``loaded`` stays where it is until the count has caught up.
        """
        self._counted = 0

    def _loaded(self) -> int:
        # A peer may send more than it announced; progress beyond 100 % helps nobody.
        loaded = self._counted if self._total is None else min(self._counted, self._total)
        return max(loaded, self._reported)

    def _report(self, now: float) -> None:
        loaded = self._loaded()
        event = ProgressEvent(
            loaded, self._total, loaded - self._reported, self._rate(now, loaded), self._is_upload
        )
        # Booked before the call: a callback that raises must not be told the same bytes twice.
        self._reported = loaded
        self._due = now + INTERVAL
        self._samples.append((now, loaded))
        self._callback(event)

    def _rate(self, now: float, loaded: int) -> Optional[int]:
        if not self._samples:
            return None
        since, loaded_then = self._samples[0]
        span = now - since
        return round((loaded - loaded_then) / span) or None if span >= MIN_SPAN else None
