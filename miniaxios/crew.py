"""The threads that promises work on.

Rules of the room: jobs wait in one queue, and ``WORKERS`` threads take them from it; when none of
them has got to a new job for ``STALL`` seconds, twice as many may, for a job's timeout and its
cancelling count from its start. A thread ends when the queue has been empty for ``LINGER`` seconds, so
that nothing has to be joined; it is no daemon, so that the process stays alive until all work has settled,
as under Node. A thread that waits for another job's promise says so (``step_aside``) and another one
may take its place: jobs that wait for jobs can't run out of threads. A forked child starts with an
empty queue.

Jobs are put into the queue and taken out without the lock, by single operations of the interpreter. So
that none is forgotten, who queues one looks at the list of those at work after that, and who has nothing to
do looks at the queue after going off the list.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from time import monotonic

from .alarms import ALARMS
from .errors import AxiosError
from .monitor import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Deque, List, Optional, Set

    #: A lock that is taken: the bell that wakes a worker, by which it is known.
    Worker = Any

#: Threads that work at once; those that wait for a promise not counted.
WORKERS = 32

#: Seconds without a job begun after which the threads count as stuck.
STALL = 0.1

#: Seconds that a thread without work waits for more: starting another takes as long as half a request, and
#: a caller who makes requests one by one while they are done would have one started for each.
LINGER = 0.02


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
        self._busy: Set[Worker] = set()
        self._idle: List[Worker] = []
        self._mine = threading.local()
        self._limit = WORKERS
        self._begun = 0
        self._begun_before = 0
        self._is_watched = False

    def submit(self, job: Job) -> None:
        """Queue ``job``, and have a thread for it unless enough are working."""
        try:
            self._jobs.append(job)
            # Of many jobs nearly all find a full crew that is watched, and are done with.
            if not self._is_watched or len(self._busy) < self._limit:
                self._reinforce()
                self._watch()
        except BaseException:
            # The caller has no promise of it: nobody is to do it behind their back.
            self._drop(job)
            raise

    def _drop(self, job: Job) -> None:
        try:
            self._jobs.remove(job)
        except ValueError:
            return  # somebody has taken it

    def _watch(self) -> None:
        """While jobs wait, look now and then whether the threads are stuck."""
        with self._lock:
            if not self._jobs or len(self._busy) < self._limit:
                return
            try:
                ALARMS.set(self, monotonic() + STALL, self._relieve)
            except AxiosError:
                return  # the system gives no thread for it, and would give none for the jobs
            self._is_watched = True

    def _relieve(self) -> None:
        with self._lock:
            # First of all: a job that was queued without a look is seen by what follows.
            self._is_watched = False
            is_stuck, self._begun_before = self._begun == self._begun_before, self._begun
            if is_stuck and self._jobs:
                self._limit = 2 * max(self._limit, len(self._busy))
            missing = min(len(self._jobs), self._limit - len(self._busy))
        for _ in range(missing):
            self._reinforce()
        self._watch()

    def _stand_down(self) -> None:
        """Nobody waits: no need to watch, nor for more threads than usual."""
        with self._lock:
            if self._jobs:
                return
            self._is_watched = False
            self._limit = WORKERS
            ALARMS.cancel(self)
        self._watch()

    def step_aside(self) -> Optional[Worker]:
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

    def step_back(self, worker: Worker) -> None:
        """The wait is over. There may now be one too many for a while: the first to finish ends."""
        with self._lock:
            self._busy.add(worker)

    def _reinforce(self) -> None:
        """Have one more thread at work if there is work for it, and room."""
        worker = threading.Lock()
        worker.acquire()
        try:
            if self._needs(worker):
                start_thread(self._work, "worker", False, worker)
        except RuntimeError as error:
            self._do_without(worker, error)
        except BaseException:
            # No memory, or an interrupt: a place that nobody has would be counted on for ever.
            with self._lock:
                self._busy.discard(worker)
            raise

    def _needs(self, worker: Worker) -> bool:
        """Whether a thread has to be started for ``worker``, who is on the list then: none of the idle will do."""
        with self._lock:
            if not self._jobs or len(self._busy) >= self._limit:
                return False
            if not self._idle:
                self._busy.add(worker)
                return True
            other = self._idle.pop()
            self._busy.add(other)
            other.release()
            return False

    def _do_without(self, worker: Worker, error: RuntimeError) -> None:
        """The system gives no thread: those at work will take the jobs; without any, refuse them."""
        with self._lock:
            self._busy.discard(worker)
            refused = [] if self._busy or self._idle else list(self._jobs)
            for job in refused:
                self._drop(job)
        for job in refused:
            job.refuse(AxiosError.from_(error, AxiosError.ERR_NOT_SUPPORT))

    def _work(self, worker: Worker) -> None:
        self._mine.worker = worker
        try:
            while True:
                job = self._next()
                if job is not None:
                    job.work()
                    # The job's promise is reported as unhandled when it is forgotten: forget it.
                    del job
                elif not self._rest(worker):
                    return
        finally:
            # A thread that was killed by a callback's SystemExit leaves its place to another.
            with self._lock:
                self._busy.discard(worker)
            self._reinforce()

    def _next(self) -> Optional[Job]:
        """The next job for this thread; None: there is none, or there is one thread too many."""
        try:
            if len(self._busy) > self._limit:
                return None
            job = self._jobs.popleft()
        except IndexError:
            return None
        # Not exact when two threads do it at once; whether it has changed at all is what counts.
        self._begun += 1
        if not self._jobs and (self._is_watched or self._limit != WORKERS):
            self._stand_down()
        return job

    def _rest(self, worker: Worker) -> bool:
        """Wait for work, off the list; True: there is some, and it is on the list again. False: it has to end."""
        with self._lock:
            # Off the list before the look at the queue, never after: a job that is submitted in
            # between (by a finaliser on this thread) would find the crew full and nobody coming.
            self._busy.discard(worker)
            if len(self._busy) >= self._limit:
                return False
            if self._jobs:
                self._busy.add(worker)
                return True
            self._idle.append(worker)
        worker.acquire(timeout=LINGER)
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)
                return False
            # Called for. The bell may have been rung only now, or not at all by one who was interrupted.
            worker.acquire(blocking=False)
            self._busy.add(worker)
            return True


CREW = Crew()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CREW.reset)
