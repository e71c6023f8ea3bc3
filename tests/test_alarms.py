"""Alarms: one thread while there is something to wait for, and none otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from miniaxios.alarms import Alarms
from miniaxios.errors import AxiosError

PATIENCE = 20  # seconds; only a test that fails waits so long
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture
def alarms():
    alarms = Alarms()
    yield alarms
    for owner in list(alarms._set):
        alarms.cancel(owner)


def in_an_hour():
    return time.monotonic() + 3600


def ended(thread):
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_rings_in_the_order_of_the_moments(alarms):
    order, last = [], threading.Event()
    now = time.monotonic()
    with alarms._changed:  # or the machine may be so slow that some ring before the others are set
        alarms.set("far", in_an_hour(), lambda: order.append("far"))
        alarms.set("last", now + 0.02, lambda: (order.append("last"), last.set()))
        alarms.set("first", now + 0.01, lambda: order.append("first"))
        alarms.set("past", now - 5, lambda: order.append("past"))
    assert last.wait(PATIENCE)
    assert order == ["past", "first", "last"]
    assert set(alarms._set) == {"far"}


def test_those_that_are_late_ring_in_the_order_of_the_moments_too(alarms):
    order, last = [], threading.Event()
    with alarms._changed:
        now = time.monotonic()
        alarms.set("last", now - 1, lambda: (order.append("last"), last.set()))
        alarms.set("first", now - 3, lambda: order.append("first"))
        alarms.set("second", now - 2, lambda: order.append("second"))
    assert last.wait(PATIENCE)
    assert order == ["first", "second", "last"]


def test_the_thread_ends_with_the_last_alarm(alarms):
    for owner in range(3):
        alarms.set(owner, in_an_hour(), print)
    thread = alarms._thread
    assert thread.daemon and thread.is_alive()
    for owner in range(3):
        assert alarms._thread is thread
        alarms.cancel(owner)
    assert ended(thread)
    assert alarms._thread is None


def test_many_set_and_cancelled_leave_nothing(alarms):
    alarms.set("stays", in_an_hour(), print)
    for owner in range(10_000):
        alarms.set(owner, in_an_hour(), print)
        alarms.cancel(owner)
    assert set(alarms._set) == {"stays"}


def test_one_alarm_for_each_owner(alarms):
    rung, done = [], threading.Event()
    soon = time.monotonic() + 0.02
    alarms.set("owner", soon, lambda: rung.append(1))
    alarms.set("owner", soon, lambda: rung.append(2))
    alarms.set("other", soon, done.set)
    assert done.wait(PATIENCE)
    assert rung == [1]


def test_cancelling_what_is_not_set(alarms):
    alarms.cancel("nothing")
    assert alarms._thread is None


def test_an_interrupt_does_not_stop_the_alarms_of_others(alarms, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda args: None)

    def leave():
        raise SystemExit

    done = threading.Event()
    alarms.set("later", time.monotonic() + 0.05, done.set)
    alarms.set("leaves", time.monotonic(), leave)
    first = alarms._thread
    assert done.wait(PATIENCE)
    assert first is None or ended(first)


def test_without_a_thread_it_is_an_error(alarms, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(AxiosError) as caught:
        alarms.set("owner", in_an_hour(), print)
    assert caught.value.code == "ERR_NOT_SUPPORT"
    assert not alarms._set and alarms._thread is None


def test_they_do_not_keep_the_process_alive():
    text = (
        "from miniaxios.abort import AbortSignal\nAbortSignal.timeout(3e6).add_event_listener('abort', print)"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_starts_with_none():
    text = """
import os, threading, warnings
warnings.simplefilter("ignore")
from miniaxios.abort import AbortSignal
from miniaxios.alarms import ALARMS
AbortSignal.timeout(3e6).add_event_listener("abort", print)
with ALARMS._changed:
    child = os.fork()
    if child == 0:
        heard = threading.Event()
        assert not ALARMS._set
        AbortSignal.timeout(1).add_event_listener("abort", lambda event: heard.set())
        os._exit(7 if heard.wait(20) else 1)
print(os.waitpid(child, 0)[1] >> 8)
"""
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("7", "")
