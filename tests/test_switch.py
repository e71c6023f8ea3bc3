"""Switches: the short way for listeners of one request (tokens and signals, that stand on them: test_cancel, test_abort)."""

from __future__ import annotations

import sys
import threading

from miniaxios import switch as switch_module
from miniaxios.switch import Switch


def test_what_is_put_is_called_once_and_gone():
    made, heard = Switch(), []
    made.put(heard.append)
    assert made.is_watched
    made.fire("reason", 1.0, "event")
    made.fire("another", 2.0, "another")
    assert heard == ["event"] and not made.is_watched and made.fired == (1.0, "reason")


def test_what_is_dropped_is_not_called():
    made, heard = Switch(), []
    made.put(heard.append)
    made.drop(heard.append)
    made.drop(heard.append)
    assert not made.is_watched
    made.fire("reason", 1.0, "event")
    assert heard == []


def test_what_comes_late_is_called_at_once():
    made, heard = Switch(), []
    made.fire("reason", 1.0, "event")
    made.put(heard.append)
    assert heard == ["reason"] and not made.is_watched


def test_what_fires_at_any_step_of_put_is_heard_once():
    for at in range(1, 30):
        made, heard, left = Switch(), [], [at]

        def trace(frame, event, argument, made=made, left=left):
            if frame.f_code is not Switch.put.__code__:
                return None
            if event == "line":
                left[0] -= 1
                if left[0] == 0:
                    made.fire("reason", 1.0, "reason")
            return trace

        assert Switch.put.__code__.co_filename == switch_module.__file__
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            made.put(heard.append)
        finally:
            sys.settrace(before)
        if left[0] > 0:
            assert at > 2 and heard == [] and made.is_watched
            return
        assert heard == ["reason"] and not made.is_watched
    raise AssertionError("too many steps")


def test_what_fires_in_another_thread_is_heard_once():
    for _ in range(200):
        made, heard, gate = Switch(), [], threading.Barrier(2)
        thread = threading.Thread(target=lambda made=made, gate=gate: (gate.wait(), made.fire("reason", 1.0, "reason")))
        thread.start()
        gate.wait()
        made.put(heard.append)
        thread.join()
        assert heard == ["reason"] and not made.is_watched
