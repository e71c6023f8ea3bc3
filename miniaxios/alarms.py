"""Alarms: functions that are to be called at a moment to come, all on one daemon thread.

Rules of the room: the thread exists only while an alarm is set, and never keeps the process alive.
An alarm belongs to an owner, and an owner has one: setting it again changes nothing. A forked child
starts with none, for the thread that would ring them stays behind.
"""

from __future__ import annotations

import os
import threading
import time

from .errors import AxiosError
from .monitor import Monitor, start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Tuple


class Alarms:
    """The alarms of this process. ``moment`` is always in seconds of ``time.monotonic``."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: for a forked child."""
        self._changed = Monitor()
        self._set: Dict[object, Tuple[float, Callable[[], None]]] = {}
        self._thread: Optional[threading.Thread] = None
        self._next = 0.0

    def set(self, owner: object, moment: float, ring: Callable[[], None]) -> None:
        """Call ``ring()`` at ``moment``, unless ``owner`` cancels. Not again if already set.

        Raises AxiosError ``ERR_NOT_SUPPORT`` when the system gives no thread.
        """
        with self._changed:
            if owner in self._set:
                return
            self._set[owner] = (moment, ring)
            if self._thread is None:
                self._start(owner)
            elif moment < self._next:
                self._changed.notify_all()

    def cancel(self, owner: object) -> None:
        """The alarm of ``owner`` will not ring; nothing happens if none is set."""
        with self._changed:
            if self._set.pop(owner, None) is not None and not self._set:
                self._changed.notify_all()

    def _start(self, owner: Optional[object]) -> None:
        try:
            thread = start_thread(self._keep_watch, "alarms", True)
        except RuntimeError as error:
            self._set.pop(owner, None)
            raise AxiosError.from_(error, AxiosError.ERR_NOT_SUPPORT) from error
        self._thread = thread
        self._next = 0.0

    def _keep_watch(self) -> None:
        try:
            rings = self._due()
            while rings is not None:
                for ring in rings:
                    ring()
                rings = self._due()
        except BaseException:
            # A listener's SystemExit ends this thread, but not the alarms of others.
            with self._changed:
                self._thread = None
                if self._set:
                    self._start(None)
            raise

    def _due(self) -> Optional[List[Callable[[], None]]]:
        """What has to ring now, after sleeping until something has; None when no alarm is left."""
        with self._changed:
            while self._set:
                now = time.monotonic()
                owners = [owner for owner, (moment, _) in self._set.items() if moment <= now]
                if owners:
                    owners.sort(key=lambda owner: self._set[owner][0])
                    return [self._set.pop(owner)[1] for owner in owners]
                self._next = min(moment for moment, _ in self._set.values())
                self._changed.wait(min(self._next - now, threading.TIMEOUT_MAX))
            self._thread = None
            return None


ALARMS = Alarms()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=ALARMS.reset)
