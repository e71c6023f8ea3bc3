"""AbortController and AbortSignal, as in the DOM standard."""

from __future__ import annotations

import datetime
import gc
import logging
import threading
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.abort import AbortController, AbortSignal
from miniaxios.alarms import ALARMS
from miniaxios.cancel import CancelToken
from miniaxios.errors import AxiosError, CanceledError

PATIENCE = 20  # seconds; only a test that fails waits so long
LONG = 3_600_000  # ms


@pytest.fixture
def controller():
    return AbortController()


def test_controller(controller):
    signal = controller.signal
    assert (signal.aborted, signal.reason) == (False, None)
    signal.throw_if_aborted()
    controller.abort()
    controller.abort("later")
    assert signal.aborted and isinstance(signal.reason, CanceledError)
    assert signal is controller.signal


@pytest.mark.parametrize("reason", ["text", 0, False, ValueError("mine"), KeyboardInterrupt()])
def test_reason(controller, reason):
    controller.abort(reason)
    assert controller.signal.reason is reason
    assert AbortSignal.abort(reason).reason is reason
    with pytest.raises(BaseException) as caught:
        controller.signal.throw_if_aborted()
    if isinstance(reason, BaseException):
        assert caught.value is reason
    else:
        assert isinstance(caught.value, CanceledError) and str(caught.value) == str(reason)


def test_listeners_oldest_first_with_an_event(controller):
    calls = []
    for number in range(3):
        controller.signal.add_event_listener(
            "abort", lambda event, number=number: calls.append((number, event))
        )
    controller.abort()
    assert [number for number, _ in calls] == [0, 1, 2]
    assert {(event.type, event.target) for _, event in calls} == {("abort", controller.signal)}


def test_listener_twice_is_once_and_late_is_never(controller):
    calls = []
    for _ in range(2):
        controller.signal.add_event_listener("abort", calls.append, {"once": True})
    controller.abort()
    controller.signal.add_event_listener("abort", calls.append)
    controller.abort()
    assert len(calls) == 1


def test_other_events_and_removed_listeners(controller):
    signal, calls = controller.signal, []
    signal.add_event_listener("click", calls.append)
    signal.add_event_listener("abort", calls.append)
    signal.remove_event_listener("click", calls.append)
    assert signal._switch.is_watched
    signal.remove_event_listener("abort", calls.append)
    signal.remove_event_listener("abort", print)
    controller.abort()
    assert calls == []


def test_a_listener_that_removes_the_next(controller):
    calls = []
    controller.signal.add_event_listener(
        "abort", lambda event: event.target.remove_event_listener("abort", calls.append)
    )
    controller.signal.add_event_listener("abort", calls.append)
    controller.abort()
    assert calls == []


def test_a_failing_listener_is_logged_and_stops_nobody(controller, caplog):
    calls = []
    controller.signal.add_event_listener("abort", lambda event: 1 / 0)
    controller.signal.add_event_listener("abort", calls.append)
    with caplog.at_level(logging.ERROR, logger="miniaxios"):
        controller.abort()
    assert len(calls) == len(caplog.records) == 1


# ---- timeout


def test_timeout_rings_for_those_who_listen():
    signal, heard = AbortSignal.timeout(5), threading.Event()
    signal.add_event_listener("abort", lambda event: heard.set())
    assert heard.wait(PATIENCE)
    assert signal.aborted
    assert isinstance(signal.reason, TimeoutError)


@pytest.mark.parametrize("zero", [0, 0.0, datetime.timedelta(0)])
def test_timeout_is_seen_by_those_who_ask(zero):
    signal, calls = AbortSignal.timeout(zero), []
    assert signal.aborted
    signal.add_event_listener("abort", calls.append)
    assert calls == []


@pytest.mark.parametrize(
    "wrong", [-1, float("nan"), float("inf"), True, "5", None, 10**400, [], datetime.timedelta(-1)]
)
def test_timeout_refuses_what_is_no_time(wrong):
    with pytest.raises(AxiosError) as caught:
        AbortSignal.timeout(wrong)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


def test_timeout_that_nobody_listens_to_sets_no_alarm():
    signal = AbortSignal.timeout(LONG)
    assert not signal.aborted
    signal.add_event_listener("abort", print)
    assert signal in ALARMS._set
    thread = ALARMS._thread
    signal.remove_event_listener("abort", print)
    assert signal not in ALARMS._set
    if thread is not None:
        thread.join(PATIENCE)
        assert not thread.is_alive()


# ---- any


def test_any_follows_the_first(controller):
    other, calls = AbortController(), []
    signal = AbortSignal.any([other.signal, controller.signal])
    signal.add_event_listener("abort", calls.append)
    assert not signal.aborted
    controller.abort("first")
    other.abort("second")
    assert (signal.reason, len(calls)) == ("first", 1)
    assert not other.signal._switch.is_watched


def test_any_tells_the_first_even_if_asked_late(controller):
    other = AbortController()
    signal = AbortSignal.any([other.signal, controller.signal])
    controller.abort("first")
    other.abort("second")
    assert signal.reason == "first"


def test_any_of_none_and_of_an_aborted_one():
    assert not AbortSignal.any([]).aborted
    assert AbortSignal.any(iter([AbortController().signal, AbortSignal.abort("x")])).reason == "x"


@pytest.mark.parametrize("wrong", [[None], ["x"], [AbortController()]])
def test_any_refuses_what_is_no_signal(wrong):
    with pytest.raises(AxiosError) as caught:
        AbortSignal.any(wrong)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


def test_any_of_all_kinds(controller):
    source, calls = CancelToken.source(), []
    signals = [controller.signal, source.token.to_abort_signal(), AbortSignal.timeout(LONG)]
    signal = AbortSignal.any([AbortSignal.any(signals[:2]), signals[2]])
    signal.add_event_listener("abort", calls.append)
    source.cancel("by token")
    assert signal.reason is source.token.reason
    assert len(calls) == 1
    assert not controller.signal._switch.is_watched
    assert signals[2] not in ALARMS._set


def test_a_tower_of_any_does_not_recurse(controller):
    signal = controller.signal
    for _ in range(5000):
        signal = AbortSignal.any([signal])
    calls = []
    signal.add_event_listener("abort", calls.append)
    controller.abort("deep")
    assert signal.reason == "deep" and len(calls) == 1


def test_any_leaves_nothing_on_its_sources(controller):
    gc.disable()
    try:
        for _ in range(3):
            signal = AbortSignal.any([controller.signal])
            signal.add_event_listener("abort", print)
            assert controller.signal._switch.is_watched
            signal.remove_event_listener("abort", print)
            assert not controller.signal._switch.is_watched
            watch = weakref.ref(signal)
            del signal
            assert watch() is None
    finally:
        gc.enable()


def test_a_listened_to_signal_is_kept_by_its_sources(controller):
    heard = []
    AbortSignal.any([controller.signal]).add_event_listener("abort", heard.append)
    gc.collect()
    controller.abort()
    assert len(heard) == 1


def test_any_follows_signals_of_others():
    class Foreign:
        aborted, reason, listener = False, None, None

        def add_event_listener(self, kind, listener):
            self.listener = listener

        def remove_event_listener(self, kind, listener):
            self.listener = None

    foreign, calls = Foreign(), []
    signal = AbortSignal.any([foreign])
    signal.add_event_listener("abort", calls.append)
    foreign.aborted, foreign.reason = True, "theirs"
    foreign.listener(None)
    assert (signal.reason, len(calls), foreign.listener) == ("theirs", 1, None)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=4), st.permutations(range(5)), st.booleans()
)
def test_law_any(groups, order, listen):
    """Whatever is listened to, a signal of signals has the reason of the source that came first."""
    controllers = [AbortController() for _ in range(5)]
    signals, calls = [c.signal for c in controllers], []
    for group in groups:
        signals.append(AbortSignal.any(signals[at] for at in group))
    if listen:
        for at, signal in enumerate(signals):
            signal.add_event_listener("abort", lambda event, at=at: calls.append((at, event.target.reason)))
    for at in order:
        controllers[at].abort(at)
    for at, group in enumerate(groups, 5):
        assert signals[at].reason == min(group, key=order.index, default=None)
    expected = [(at, signal.reason) for at, signal in enumerate(signals) if signal.aborted]
    assert sorted(calls) == (expected if listen else [])


def test_threads_that_listen_and_leave_while_one_aborts():
    for _ in range(30):
        source, start = AbortController(), threading.Barrier(3)
        signal, heard = AbortSignal.any([source.signal]), []

        def listen(signal=signal, start=start, heard=heard):
            start.wait()
            for _ in range(50):
                signal.add_event_listener("abort", print)
                signal.remove_event_listener("abort", print)
            if signal.aborted:
                heard.append(1)
            else:
                signal.add_event_listener("abort", lambda event: heard.append(1))
                if signal.aborted and len(heard) < 1:
                    heard.append(1)

        threads = [threading.Thread(target=listen) for _ in range(2)]
        for thread in threads:
            thread.start()
        start.wait()
        source.abort()
        for thread in threads:
            thread.join()
        assert heard
        assert not source.signal._switch.is_watched
