"""The threads that promises work on.

Rules of the room: jobs wait in one queue, and ``WORKERS`` threads take them from it; when none of
them has got to a new job for ``STALL`` seconds, twice as many may, for a job's timeout and its
cancelling count from its start. A thread ends as soon as the queue is empty, so that nothing idles and
nothing has to be joined; it is no daemon, so that the process stays alive until all work has settled,
as under Node. A thread that waits for another job's promise says so (``step_aside``) and another one
may take its place: jobs that wait for jobs can't run out of threads. A forked child starts with an
empty queue.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from time import monotonic

from .alarms import ALARMS
from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, Optional, Set

#: Threads that work at once; those that wait for a promise not counted.
WORKERS = 32

#: Seconds without a job begun after which the threads count as stuck.
STALL = 0.1


class Job:
    """Something to be done on a thread. Neither method may raise."""

    __slots__ = ()

    def work(self) -> None:
        """Do it."""
        raise NotImplementedError

    def refuse(self, error: AxiosError) -> None:
        """It can't be done, for there is no thread."""
        raise NotImplementedError


class Crew:
    """The queue and the threads that work on it. Everything may be called from any thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Empty queue, no threads, a new lock: for a forked child."""
        # Re-entrant: a finaliser or a signal handler that runs under it may submit a job.
        self._lock = threading.RLock()
        self._jobs: Deque[Job] = deque()
        self._busy: Set[object] = set()
        self._mine = threading.local()
        self._limit = WORKERS
        self._begun = 0
        self._begun_before = 0
        self._is_watched = False

    def submit(self, job: Job) -> None:
        """Queue ``job``, and start a thread for it unless enough are working."""
        with self._lock:
            self._jobs.append(job)
        try:
            self._reinforce()
        except BaseException:
            # The caller has no promise of it: nobody is to do it behind their back.
            with self._lock:
                if job in self._jobs:
                    self._jobs.remove(job)
            raise
        self._watch()

    def _watch(self) -> None:
        """While jobs wait, look now and then whether the threads are stuck."""
        with self._lock:
            if not self._jobs or len(self._busy) < self._limit:
                return
            self._is_watched = True
            try:
                ALARMS.set(self, monotonic() + STALL, self._relieve)
            except AxiosError:
                return  # the system gives no thread for it, and would give none for the jobs

    def _relieve(self) -> None:
        with self._lock:
            is_stuck, self._begun_before = self._begun == self._begun_before, self._begun
            if is_stuck:
                self._limit = 2 * max(self._limit, len(self._busy))
            missing = min(len(self._jobs), self._limit - len(self._busy))
        for _ in range(missing):
            self._reinforce()
        self._watch()

    def step_aside(self) -> Optional[object]:
        """This thread is about to wait for a promise: if it is a worker, another may take its place.

        Returns what has to be given to :meth:`step_back`, or None.
        """
        worker = getattr(self._mine, "worker", None)
        with self._lock:
            if worker not in self._busy:
                return None
            self._busy.discard(worker)
        self._reinforce()
        return worker

    def step_back(self, worker: object) -> None:
        """The wait is over. There may now be one too many for a while: the first to finish ends."""
        with self._lock:
            self._busy.add(worker)

    def _reinforce(self) -> None:
        """Start one more thread if there is work for it, and room."""
        worker = object()
        with self._lock:
            if not self._jobs or len(self._busy) >= self._limit:
                return
            self._busy.add(worker)
        try:
            threading.Thread(
                target=self._work, args=(worker,), name=f"{__package__}-worker", daemon=False
            ).start()
        except RuntimeError as error:
            self._do_without(worker, error)
        except BaseException:
            # No memory, or an interrupt: a place that nobody has would be counted on for ever.
            with self._lock:
                self._busy.discard(worker)
            raise

    def _do_without(self, worker: object, error: RuntimeError) -> None:
        """The system gives no thread: those at work will take the jobs; without any, refuse them."""
        with self._lock:
            self._busy.discard(worker)
            refused = [] if self._busy else list(self._jobs)
            for job in refused:
                self._jobs.remove(job)
        for job in refused:
            job.refuse(AxiosError.from_(error, AxiosError.ERR_NOT_SUPPORT))

    def _work(self, worker: object) -> None:
        self._mine.worker = worker
        try:
            while True:
                job = self._next(worker)
                if job is None:
                    return
                job.work()
                # The job's promise is reported as unhandled when it is forgotten: forget it.
                del job
        finally:
            # A thread that was killed by a callback's SystemExit leaves its place to another.
            with self._lock:
                self._busy.discard(worker)
            self._reinforce()

    def _next(self, worker: object) -> Optional[Job]:
        """The next job for this thread; None: it is off the list, and has to end."""
        with self._lock:
            # Off the list before the look at the queue, never after: a job that is submitted in
            # between (by a finaliser on this thread) would find the crew full and nobody coming.
            self._busy.discard(worker)
            if not self._jobs or len(self._busy) >= self._limit:
                return None
            self._busy.add(worker)
            self._begun += 1
            job = self._jobs.popleft()
            if not self._jobs and self._is_watched:
                self._is_watched = False
                self._limit = WORKERS
                ALARMS.cancel(self)
            return job


CREW = Crew()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CREW.reset)
