"""``run`` and the crew: how many threads, what waits, what ends, and what happens at exit."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
import time

import pytest

from miniaxios import crew
from miniaxios.errors import AxiosError
from miniaxios.promise import Promise, all_
from miniaxios.workers import run

PATIENCE = 20  # seconds; only a test that fails waits so long
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture(autouse=True)
def all_threads_end():
    """No test may leave a worker behind: a worker has to end when the queue has been empty for a moment."""
    yield
    for thread in threading.enumerate():
        if thread.name.endswith("-worker"):
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert not crew.CREW._busy and not crew.CREW._jobs and not crew.CREW._idle


def script(text):
    """stdout, stderr of a fresh interpreter that runs ``text``."""
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout, done.stderr, done.returncode


def test_run_passes_arguments_and_returns_a_promise():
    promise = run(lambda *args, **kwargs: (args, kwargs), 1, function=2)
    assert isinstance(promise, Promise)
    assert promise.result(PATIENCE) == ((1,), {"function": 2})


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_is_raised_rejects(kind):
    error = kind("x")

    def job():
        raise error

    assert run(job).exception(PATIENCE) is error


def test_returned_promise_is_followed():
    assert run(lambda: run(lambda: run(int, "3"))).result(PATIENCE) == 3


def test_context_variables_are_the_callers():
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("mine")
    promise = run(lambda: (variable.get(), variable.set("changed")))
    assert promise.result(PATIENCE)[0] == "mine"
    assert variable.get() == "mine"


def test_no_more_threads_than_allowed_and_all_jobs_are_done(monkeypatch):
    monkeypatch.setattr(crew, "STALL", PATIENCE)
    lock, gate = threading.Lock(), threading.Event()
    now, most = [0], [0]
    full = threading.Event()

    def job(number):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == crew.WORKERS:
                full.set()
        gate.wait(PATIENCE)
        with lock:
            now[0] -= 1
        return number

    promises = [run(job, number) for number in range(3 * crew.WORKERS)]
    assert full.wait(PATIENCE)
    assert len([t for t in threading.enumerate() if t.name == "miniaxios-worker"]) == crew.WORKERS
    gate.set()
    assert all_(promises).result(PATIENCE) == list(range(3 * crew.WORKERS))
    assert most[0] == crew.WORKERS


@pytest.mark.parametrize("wait", [lambda p: p.result(), lambda p: (p.exception(), p.result())[1]])
def test_jobs_that_wait_for_jobs_do_not_run_out_of_threads(wait):
    def nested(depth):
        return 0 if depth == 0 else 1 + wait(run(nested, depth - 1))

    assert run(nested, 3 * crew.WORKERS).result(PATIENCE) == 3 * crew.WORKERS


def test_a_full_crew_that_waits_lets_others_in():
    gate = Promise()
    waiting = [run(gate.result) for _ in range(2 * crew.WORKERS)]
    assert run(int, "1").result(PATIENCE) == 1
    gate.set_result("open")
    assert all_(waiting).result(PATIENCE) == ["open"] * len(waiting)


def test_threads_that_are_stuck_get_company(no_leaks):
    gate = threading.Event()
    stuck = [run(gate.wait, PATIENCE) for _ in range(5 * crew.WORKERS)]
    assert run(int, "1").result(PATIENCE) == 1
    gate.set()
    assert all_(stuck).result(PATIENCE) == [True] * len(stuck)
    # And then there are as many as before.
    for _ in range(2 * crew.WORKERS):
        run(int)
    assert run(int, "2").result(PATIENCE) == 2
    deadline = time.monotonic() + PATIENCE
    while crew.CREW._limit != crew.WORKERS and time.monotonic() < deadline:
        time.sleep(0.01)
    assert crew.CREW._limit == crew.WORKERS


def test_a_job_that_waits_for_a_thread_can_be_cancelled(monkeypatch):
    monkeypatch.setattr(crew, "STALL", PATIENCE)
    gate, calls = threading.Event(), []
    running = [run(gate.wait, PATIENCE) for _ in range(crew.WORKERS)]
    queued = run(calls.append, 1)
    chained = queued.then(calls.append)
    assert queued.cancel()
    gate.set()
    assert all_(running).result(PATIENCE) == [True] * crew.WORKERS
    assert run(int).result(PATIENCE) == 0
    assert calls == []
    assert chained.exception(0) is not None


def test_work_under_way_can_not_be_cancelled():
    gate, begun = threading.Event(), threading.Event()

    def job():
        begun.set()
        return gate.wait(PATIENCE)

    promise = run(job)
    assert begun.wait(PATIENCE)
    assert not promise.cancel()
    gate.set()
    assert promise.result(PATIENCE) is True


class NoThreads:
    """Thread.start fails as when the system is out of threads."""

    def __init__(self, monkeypatch):
        def start(thread):
            raise RuntimeError("can't start new thread")

        self.patch = monkeypatch
        self.patch.setattr(threading.Thread, "start", start)


def test_without_any_thread_the_promise_is_rejected(monkeypatch):
    NoThreads(monkeypatch)
    error = run(int).exception(PATIENCE)
    assert isinstance(error, AxiosError)
    assert (error.code, error.message) == ("ERR_NOT_SUPPORT", "can't start new thread")
    assert isinstance(error.cause, RuntimeError)
    monkeypatch.undo()
    assert run(int).result(PATIENCE) == 0


def test_with_others_at_work_the_job_waits_for_them(monkeypatch):
    gate, begun = threading.Event(), threading.Event()

    def job():
        begun.set()
        gate.wait(PATIENCE)

    first = run(job)
    assert begun.wait(PATIENCE)
    NoThreads(monkeypatch)
    second = run(int)
    assert not second.done()
    gate.set()
    assert second.result(PATIENCE) == 0
    assert first.result(PATIENCE) is None


def test_a_worker_that_would_wait_for_ever_is_told(monkeypatch):
    """The only worker waits for a job that no thread can be had for: an error, not a deadlock."""
    begun, go = threading.Event(), threading.Event()

    def job():
        begun.set()
        go.wait(PATIENCE)
        return run(int).result(PATIENCE)

    promise = run(job)
    assert begun.wait(PATIENCE)
    NoThreads(monkeypatch)
    go.set()
    assert promise.exception(PATIENCE).code == "ERR_NOT_SUPPORT"


def test_a_callback_that_ends_its_thread_costs_no_place(monkeypatch):
    monkeypatch.setattr(crew, "WORKERS", 1)
    monkeypatch.setattr(crew.CREW, "_limit", 1)
    monkeypatch.setattr(crew, "STALL", PATIENCE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    left = []

    def leave(promise):
        left.append(threading.current_thread())
        raise SystemExit

    gate = threading.Event()
    first = run(gate.wait, PATIENCE)
    first.add_done_callback(leave)
    second = run(int)
    gate.set()
    assert second.result(PATIENCE) == 0
    left[0].join(PATIENCE)
    assert not left[0].is_alive()


def test_a_thread_waits_a_moment_for_more_work(monkeypatch):
    """One request after the other is one thread, not one for each."""
    monkeypatch.setattr(crew, "LINGER", PATIENCE)
    here = run(threading.current_thread).result(PATIENCE)
    for _ in range(20):
        while not crew.CREW._idle:
            time.sleep(0.0001)
        assert run(threading.current_thread).result(PATIENCE) is here
    monkeypatch.undo()
    while not crew.CREW._idle:
        time.sleep(0.0001)
    crew.CREW._idle[0].release()  # else it would linger as long as it was told to
    here.join(PATIENCE)
    assert not here.is_alive()


def test_a_bell_that_was_never_rung_costs_no_thread(monkeypatch):
    """As after an interrupt of who wanted to ring it: the worker is off the list of the idle, and called for."""
    monkeypatch.setattr(crew, "LINGER", 0.05)
    here = run(threading.current_thread).result(PATIENCE)
    while not crew.CREW._idle:
        time.sleep(0.0001)
    with crew.CREW._lock:
        crew.CREW._idle.clear()
    calls = []
    with crew.CREW._lock:
        crew.CREW._jobs.append(SimpleJob(lambda: calls.append(threading.current_thread())))
    here.join(PATIENCE)
    assert calls == [here]


class SimpleJob(crew.Job):
    def __init__(self, work):
        self.work = work


def test_an_interrupted_submit_leaves_neither_job_nor_place(monkeypatch):
    def start(thread):
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(int)
    assert not crew.CREW._jobs and not crew.CREW._busy
    monkeypatch.undo()
    assert run(int).result(PATIENCE) == 0


def test_jobs_submitted_from_many_threads_while_workers_come_and_go(monkeypatch):
    """Neither a job that nobody does, nor a worker that nobody calls."""
    monkeypatch.setattr(crew, "LINGER", 0.001)
    monkeypatch.setattr(crew, "STALL", PATIENCE)
    monkeypatch.setattr(crew, "WORKERS", 3)
    monkeypatch.setattr(crew.CREW, "_limit", 3)
    sums = []

    def submit():
        total = 0
        for number in range(150):
            total += run(int, number).result(PATIENCE)
            if number % 10 == 0:
                time.sleep(0.001)
            promises = [run(int, 1) for _ in range(4)]
        total += sum(all_(promises).result(PATIENCE))
        sums.append(total)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [sum(range(150)) + 4] * 4


def test_a_new_crew_is_empty():
    other = crew.Crew()
    assert other.step_aside() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_the_child_starts_empty_and_works():
    """Forked while the crew is full, jobs are queued, and its lock is held."""
    out, err, code = script(
        """
import os, threading, warnings
warnings.simplefilter("ignore")
from miniaxios import crew
from miniaxios.workers import run
gate = threading.Event()
jobs = [run(gate.wait, 30) for _ in range(crew.WORKERS + 5)]
with crew.CREW._lock:
    child = os.fork()
    if child == 0:
        assert not crew.CREW._jobs and not crew.CREW._busy
        ok = run(lambda: run(int, "7").result(20)).result(20)
        os._exit(ok)
status = os.waitpid(child, 0)[1]
gate.set()
print(status >> 8, sum(job.result(30) for job in jobs) == crew.WORKERS + 5)
"""
    )
    assert (out.split(), err, code) == (["7", "True"], "", 0)


def test_at_exit_work_under_way_is_finished():
    out, err, code = script(
        """
import threading, time
from miniaxios import crew
from miniaxios.workers import run
main = threading.main_thread()
def job(n):
    main.join(0.05)  # the main thread has nothing left to do, and yet we go on
    return n
for n in range(crew.WORKERS + 3):
    run(job, n).then(lambda n: run(job, n)).then(lambda n: print("done", flush=True))
"""
    )
    assert (out.count("done"), err, code) == (crew.WORKERS + 3, "", 0)


def test_at_exit_a_rejection_that_nobody_looked_at_is_told():
    out, err, code = script(
        """
from miniaxios.promise import Promise
from miniaxios.workers import run
kept = Promise.reject(KeyError("kept"))
run(int, "dropped")
"""
    )
    assert "KeyError: 'kept'" in err and "ValueError: invalid literal" in err
    assert err.count("nobody looked at it") == 2
    assert code == 0
