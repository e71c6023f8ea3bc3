"""Monitor: it wakes who waits, and no interrupt leaves it locked."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import wait
from pathlib import Path

import pytest

from miniaxios import AbortSignal, AxiosError
from miniaxios.monitor import Monitor
from miniaxios.promise import Promise

from .support.fresh import told

PATIENCE = 20  # seconds; only a test that fails waits so long

#: The main thread does nothing but look at a promise, and is interrupted at it, again and again. Each time
#: another thread must be able to settle the promise.
STORM = """
import os, random, signal, threading, time
from miniaxios.promise import Promise

go = threading.Event()

def interrupt():
    while True:
        go.wait()
        go.clear()
        time.sleep(random.random() * 0.002)
        os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
for _ in range(150):
    promise, settled = Promise(), threading.Event()
    promise.set_running_or_notify_cancel()
    try:
        go.set()
        while True:
            promise.done(), promise.cancelled(), promise.running()
    except KeyboardInterrupt:
        pass
    threading.Thread(target=lambda: (promise.set_result(1), settled.set()), daemon=True).start()
    assert settled.wait(20), "an interrupt left the promise locked"
print("done")
"""


def test_wait_gives_the_lock_up_and_takes_it_again():
    monitor, seen = Monitor(), []

    def change() -> None:
        with monitor:
            seen.append("changed")
            monitor.notify_all()

    thread = threading.Thread(target=change)
    with monitor, monitor:  # re-entrant, and all of it is given up
        thread.start()
        assert monitor.wait(PATIENCE)
        assert seen == ["changed"]
        assert monitor._is_owned()
    assert not monitor._is_owned()
    thread.join(PATIENCE)
    assert monitor._bells == []


@pytest.mark.parametrize("timeout", [0, -1, 0.01])
def test_wait_tells_that_nobody_notified(timeout):
    monitor = Monitor()
    with monitor:
        assert not monitor.wait(timeout)
    monitor.wait_until(lambda: False, timeout)
    assert monitor._bells == []


def test_wait_until_does_not_wait_for_what_is_so():
    monitor = Monitor()
    monitor.wait_until(lambda: True)
    assert monitor._bells == []


def test_notify_all_wakes_all_and_harms_nobody():
    monitor, state = Monitor(), []
    monitor.notify_all()
    threads = [threading.Thread(target=monitor.wait_until, args=(lambda: bool(state),)) for _ in range(10)]
    for thread in threads:
        thread.start()
    state.append(1)
    monitor.notify_all()
    monitor.notify_all()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert monitor._bells == []


def test_the_library_of_futures_can_wait_for_a_promise():
    promise = Promise()
    assert wait([promise], timeout=0).not_done == {promise}
    thread = threading.Thread(target=promise.set_result, args=(1,))
    thread.start()
    assert wait([promise], timeout=PATIENCE).done == {promise}
    thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of its own to send")
@pytest.mark.skipif(sys.version_info < (3, 10), reason="before 3.10 any with-statement may be cut off at its end")
def test_no_interrupt_leaves_a_promise_locked():
    root = Path(__file__).resolve().parent.parent
    ended = subprocess.run(
        [sys.executable, "-c", STORM], cwd=str(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
    )
    assert ended.stdout.decode().strip() == "done"


# -- threads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, code",
    [
        ("miniaxios.axios.promises.get(url).result(20)", "ERR_NOT_SUPPORT"),
        ("miniaxios.get(url, signal=miniaxios.AbortSignal.timeout(20000))", "ERR_NOT_SUPPORT"),
        ("miniaxios.get(url.replace('127.0.0.1', 'localhost'), timeout=20000)", "EAGAIN"),
    ],
)
@pytest.mark.parametrize("before", [0, 2])
def test_what_needs_a_thread_fails_at_once_where_the_interpreter_ends(call, code, before):
    """In a finalizer that runs then; to wait for a thread that never runs would be for ever."""
    lines = told(
        "for _ in range(%d): usual()\n" % before
        + "class Last:\n"
        + "    def __init__(self): self.me = self\n"
        + "    def __del__(self):\n"
        + "        try: %s\n" % call
        + "        except miniaxios.AxiosError as error: print(error.code, flush=True)\n"
        + "Last()\n"
    )
    assert lines == [code]


def test_a_thread_that_may_not_be_a_daemon_is_an_error(monkeypatch):
    """As in some interpreters inside another."""

    def refuse(*given, **named):
        raise RuntimeError("daemon threads are disabled in this (sub)interpreter")

    monkeypatch.setattr(threading, "Thread", refuse)
    with pytest.raises(AxiosError) as raised:
        AbortSignal.timeout(1000).add_event_listener("abort", print)
    assert raised.value.code == "ERR_NOT_SUPPORT"
