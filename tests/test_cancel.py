"""Cancel tokens, and how a request listens to its token and its signal."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import threading
import tracemalloc
import weakref

import pytest

from miniaxios.abort import AbortController, AbortSignal
from miniaxios.cancel import CancelToken, subscription, throw_if_cancelled
from miniaxios.errors import CanceledError, is_cancel

PATIENCE = 20  # seconds; only a test that fails waits so long
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture
def source():
    return CancelToken.source()


def subscribe(config, stop):
    """Begin to listen; returns what ends it."""
    ear = subscription(config, stop)
    ear.begin()
    return ear.end


# ---- the token


def test_executor_gets_cancel():
    kept = []
    token = CancelToken(kept.append)
    assert token.reason is None
    token.throw_if_requested()
    config, request = {"url": "/"}, object()
    kept[0]("stop it", config, request)
    assert (token.reason.message, token.reason.code) == ("stop it", "ERR_CANCELED")
    assert (token.reason.config, token.reason.request) == (config, request)
    assert is_cancel(token.reason)


@pytest.mark.parametrize("executor", [None, 1, "cancel"])
def test_executor_must_be_callable(executor):
    with pytest.raises(TypeError, match=r"^executor must be a function\.$"):
        CancelToken(executor)


def test_only_the_first_cancel_counts(source):
    source.cancel("first")
    reason = source.token.reason
    source.cancel("second")
    assert source.token.reason is reason
    assert str(reason) == "first"


def test_message_defaults(source):
    source.cancel()
    assert source.token.reason.message == "canceled"
    assert source.token.reason.config is None


def test_throw_if_requested_raises_the_same_object_and_no_longer_traceback(source):
    source.cancel("x")
    lengths = set()
    for _ in range(5):
        with pytest.raises(CanceledError) as caught:
            source.token.throw_if_requested()
        assert caught.value is source.token.reason
        lengths.add(len(list(caught.traceback)))
    assert len(lengths) == 1


def test_subscribers_are_called_newest_first_with_the_reason(source):
    calls = []
    for number in range(3):
        source.token.subscribe(lambda reason, number=number: calls.append((number, reason)))
    source.cancel("x")
    source.cancel("y")
    assert calls == [(number, source.token.reason) for number in (2, 1, 0)]


def test_subscriber_of_a_cancelled_token_is_called_at_once(source):
    source.cancel()
    calls = []
    source.token.subscribe(calls.append)
    assert calls == [source.token.reason]


def test_what_it_raises_then_is_raised(source):
    source.cancel()
    with pytest.raises(ZeroDivisionError):
        source.token.subscribe(lambda reason: 1 / 0)


def test_subscribed_twice_is_called_twice_and_unsubscribed_once(source):
    calls = []
    for _ in range(3):
        source.token.subscribe(calls.append)
    source.token.unsubscribe(calls.append)
    source.cancel()
    assert len(calls) == 2


def test_unsubscribe(source):
    class Owner:
        def hear(self, reason):
            raise AssertionError

    owner, unhashable = Owner(), type("Eq", (), {"__eq__": lambda a, b: a is b, "__call__": Owner.hear})()
    for listener in (owner.hear, unhashable):
        source.token.subscribe(listener)
    source.token.unsubscribe(owner.hear)
    source.token.unsubscribe(unhashable)
    source.token.unsubscribe(print)
    source.cancel()
    source.token.unsubscribe(print)


def test_a_failing_subscriber_is_logged_and_stops_nobody(source, caplog):
    calls = []
    source.token.subscribe(calls.append)
    source.token.subscribe(lambda reason: 1 / 0)
    source.token.subscribe(calls.append)
    with caplog.at_level(logging.ERROR, logger="miniaxios"):
        source.cancel()
    assert len(calls) == 2
    [record] = caplog.records
    assert record.name == "miniaxios" and record.exc_info[0] is ZeroDivisionError


def test_an_interrupt_in_a_subscriber_is_raised_after_all_were_called(source):
    def interrupt(reason):
        raise KeyboardInterrupt

    calls = []
    source.token.subscribe(calls.append)
    source.token.subscribe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        source.cancel()
    assert len(calls) == 1


def test_subscribing_and_cancelling_inside_a_subscriber(source):
    calls = []

    def again(reason):
        source.cancel("again")
        source.token.subscribe(calls.append)
        source.token.unsubscribe(calls.append)

    source.token.subscribe(again)
    source.cancel("once")
    assert [reason.message for reason in calls] == ["once"]


def test_many_cycles_leave_nothing_behind(source):
    resident = [object() for _ in range(1000)]
    for mark in resident:
        source.token.subscribe(lambda reason, mark=mark: None)
    before = len(source.token._switch._listeners)

    def cycle():
        for _ in range(10_000):
            listener = [].append
            source.token.subscribe(listener)
            source.token.unsubscribe(listener)

    tracemalloc.start()
    try:
        source.token.subscribe(print)  # traced from its first allocation on
        cycle()
        gc.collect()
        start = tracemalloc.get_traced_memory()[0]
        cycle()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - start < 10_000
    finally:
        tracemalloc.stop()
    assert len(source.token._switch._listeners) == before + 1


def test_every_subscriber_is_called_exactly_once_in_a_race():
    for _ in range(30):
        source = CancelToken.source()
        start, calls = threading.Barrier(3), [[] for _ in range(200)]

        def subscribe(part, source=source, start=start, calls=calls):
            start.wait()
            for call in calls[part::2]:
                source.token.subscribe(call.append)

        threads = [threading.Thread(target=subscribe, args=(part,)) for part in (0, 1)]
        for thread in threads:
            thread.start()
        start.wait()
        source.cancel()
        for thread in threads:
            thread.join()
        assert calls == [[source.token.reason]] * 200


def test_cancel_from_many_threads_has_one_reason():
    for _ in range(20):
        source, start, seen = CancelToken.source(), threading.Barrier(4), []
        source.token.subscribe(seen.append)

        def race(number, source=source, start=start):
            start.wait()
            source.cancel(str(number))

        threads = [threading.Thread(target=race, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [source.token.reason]


def test_promise(source):
    promise = source.token.promise
    assert promise is source.token.promise
    seen = []
    promise.then(seen.append).cancel()
    promise.then(lambda reason: seen.append(reason.message))
    source.cancel("x")
    assert promise.result(0) is source.token.reason
    assert seen == ["x"]


def test_promise_of_a_cancelled_token(source):
    source.cancel()
    assert source.token.promise.result(0) is source.token.reason


def test_a_forgotten_token_is_freed_without_the_collector():
    gc.disable()
    try:
        source = CancelToken.source()
        watch = weakref.ref(source.token)
        end = subscribe({"cancel_token": source.token}, print)
        end()
        del end, source
        assert watch() is None
    finally:
        gc.enable()


# ---- to_abort_signal


def test_to_abort_signal(source):
    signal, calls = source.token.to_abort_signal(), []
    assert isinstance(signal, AbortSignal)
    assert (signal.aborted, signal.reason) == (False, None)
    signal.add_event_listener("abort", calls.append)
    source.cancel("x")
    assert [event.target for event in calls] == [signal]
    assert signal.aborted and signal.reason is source.token.reason


def test_to_abort_signal_of_a_cancelled_token(source):
    source.cancel("x")
    assert source.token.to_abort_signal().reason is source.token.reason


def test_to_abort_signal_can_be_cut_off(source):
    signal, calls = source.token.to_abort_signal(), []
    signal.add_event_listener("abort", calls.append)
    signal.unsubscribe()
    source.cancel()
    assert not signal.aborted and calls == []


def test_cut_off_after_the_fact_it_stays_aborted(source):
    signal = source.token.to_abort_signal()
    source.cancel()
    signal.unsubscribe()
    assert signal.aborted


def test_signals_that_nobody_listens_to_leave_nothing_on_the_token(source):
    for _ in range(10):
        signal = source.token.to_abort_signal()
        signal.add_event_listener("abort", print)
        signal.remove_event_listener("abort", print)
    assert not source.token._switch.is_watched


# ---- a request


def test_neither_costs_nothing():
    assert subscription({"url": "/"}, print) is None
    assert subscription({"cancel_token": None, "signal": None}, print) is None
    throw_if_cancelled({})


def test_token_stops_with_its_own_reason(source):
    stops = []
    end = subscribe({"cancel_token": source.token}, stops.append)
    assert stops == []
    source.cancel("x")
    assert stops == [source.token.reason]
    end()


def test_signal_stops_with_a_fresh_error_that_has_the_config():
    controller, stops, config = AbortController(), [], {}
    config["signal"] = controller.signal
    end = subscribe(config, stops.append)
    controller.abort("my reason")
    [reason] = stops
    assert (reason.message, reason.config, reason.request) == ("canceled", config, None)
    end()
    with pytest.raises(CanceledError) as caught:
        throw_if_cancelled(config)
    assert caught.value is not reason and caught.value.config is config


@pytest.mark.parametrize("first", ["token", "signal"])
def test_of_both_the_first_counts_and_stop_is_called_once(source, first):
    controller, stops = AbortController(), []
    subscribe({"cancel_token": source.token, "signal": controller.signal}, stops.append)
    actions = [lambda: source.cancel("by token"), controller.abort]
    for act in actions if first == "token" else actions[::-1]:
        act()
    assert [reason.message for reason in stops] == ["by token" if first == "token" else "canceled"]


def test_already_cancelled_stops_before_it_returns(source):
    source.cancel("x")
    for config in ({"cancel_token": source.token}, {"signal": AbortSignal.abort()}):
        stops = []
        end = subscribe(config, stops.append)
        assert len(stops) == 1
        end()
        with pytest.raises(CanceledError):
            throw_if_cancelled(config)


def test_ended_it_is_not_stopped_and_leaves_nothing(source):
    controller, stops = AbortController(), []
    for _ in range(100):
        subscribe({"cancel_token": source.token, "signal": controller.signal}, stops.append)()
    assert not source.token._switch.is_watched and not controller.signal._switch.is_watched
    source.cancel()
    controller.abort()
    assert stops == []


def test_any_mapping_and_any_signal_will_do():
    class Foreign:
        aborted, listener = False, None

        def add_event_listener(self, kind, listener):
            self.listener = listener

        def remove_event_listener(self, kind, listener):
            assert listener == self.listener
            self.listener = None

    class Mapping:
        def __init__(self, items):
            self.get = items.get

    foreign, stops = Foreign(), []
    end = subscribe(Mapping({"signal": foreign}), stops.append)
    foreign.aborted = True
    foreign.listener(None)
    end()
    assert (len(stops), foreign.listener) == (1, None)



def test_loading_it_loads_neither_futures_nor_logging_nor_signals():
    text = (
        "import sys; sys.modules['miniaxios'] = p = type(sys)('miniaxios'); p.__path__ = ['miniaxios'];"
        "import miniaxios.cancel, miniaxios.interception;"
        "print([n for n in ('logging', 'concurrent.futures', 'miniaxios.abort', 'threading', 'typing')"
        " if n in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-S", "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"
