"""The deadline and the stop-button: exact, final, and safe at any moment."""

from __future__ import annotations

import signal
import threading

import pytest

from miniaxios.wire import scope as scope_module
from miniaxios.wire.errors import DeadlineExceeded, Stopped
from miniaxios.wire.scope import LONGEST_SLEEP, Bell, Scope

from .torture import Elapsed, StopWhenAsked, WatchedScope, finishes, interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List


# --- the deadline --------------------------------------------------------------------------------------


def test_no_deadline() -> None:
    scope = Scope()
    assert scope.left() is None
    scope.restart()
    assert scope.left() is None


def test_deadline_counts_down_and_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(scope_module, "monotonic", lambda: now[0])
    scope = Scope(2.0)
    assert scope.left() == 2.0
    now[0] += 1.5
    assert scope.left() == 0.5
    now[0] += 0.5
    with pytest.raises(DeadlineExceeded):
        scope.left()
    scope.restart()
    assert scope.left() == 2.0


@pytest.mark.parametrize("timeout", [1e5, 2.0**31, 1e12, 8.64e13, float("inf")])
def test_no_sleep_is_longer_than_system_calls_take(timeout: float) -> None:
    scope = Scope(timeout, True)
    assert scope.left() == LONGEST_SLEEP
    bell = Bell()
    bell.set()
    assert scope.wait(bell)
    threading.Lock().acquire(timeout=LONGEST_SLEEP)
    assert LONGEST_SLEEP * 1000 < 2**31


def test_a_sleep_cut_in_pieces_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_module, "LONGEST_SLEEP", 0.01)
    with Elapsed() as took, pytest.raises(DeadlineExceeded):
        Scope(0.1, True).wait(Bell())
    assert took.seconds >= 0.1
    with Elapsed() as took:
        assert not Scope(60.0).wait(Bell(), 0.05)
    assert took.seconds >= 0.05


# --- the stop-button -----------------------------------------------------------------------------------


def test_stop_without_a_button() -> None:
    scope = Scope()
    calls: List[int] = []
    scope.attach(lambda: calls.append(1))
    with pytest.raises(RuntimeError):
        scope.stop()
    assert not scope.stopped and scope.detach() and not calls


def test_stop_wakes_once_with_the_first_reason() -> None:
    scope = Scope(None, True)
    calls: List[int] = []
    scope.attach(lambda: calls.append(1))
    scope.stop("first")
    scope.stop("second")
    assert calls == [1] and scope.reason == "first"
    with pytest.raises(Stopped) as caught:
        scope.left()
    assert caught.value.reason == "first"
    assert not scope.detach()


def test_stop_before() -> None:
    scope = Scope(None, True)
    scope.stop("early")
    with pytest.raises(Stopped) as caught:
        scope.attach(lambda: pytest.fail("woken"))
    assert caught.value.reason == "early"
    for wait in (lambda: scope.wait(Bell()), lambda: scope.sleep(60)):
        with pytest.raises(Stopped):
            wait()


def test_stop_comes_before_the_deadline() -> None:
    scope = Scope(-1.0, True)
    scope.stop()
    with pytest.raises(Stopped):
        scope.left()


def test_what_was_detached_is_never_woken() -> None:
    scope = Scope(None, True)
    scope.attach(lambda: pytest.fail("woken"))
    assert scope.detach()
    scope.stop()
    assert not scope.detach()


def test_a_new_attachment_replaces_the_old() -> None:
    scope = Scope(None, True)
    calls: List[str] = []
    scope.attach(lambda: calls.append("old"))
    scope.attach(lambda: calls.append("new"))
    scope.stop()
    assert calls == ["new"]


def test_detach_waits_for_a_wake_under_way() -> None:
    scope = Scope(None, True)
    entered, release, detached = threading.Event(), threading.Event(), threading.Event()

    def wake() -> None:
        entered.set()
        assert release.wait(10)
        assert not detached.is_set()

    scope.attach(wake)
    stopper = threading.Thread(target=scope.stop, daemon=True)
    stopper.start()
    assert entered.wait(10)
    results: List[bool] = []

    def detach() -> None:
        results.append(scope.detach())
        detached.set()

    detacher = threading.Thread(target=detach, daemon=True)
    detacher.start()
    assert not detached.wait(0.05)
    release.set()
    stopper.join(10)
    detacher.join(10)
    assert results == [False]


def test_a_wake_that_raises_frees_the_lock() -> None:
    scope = Scope(None, True)
    scope.attach(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        scope.stop()
    assert scope.stopped
    assert finishes(scope.detach)[0] is False


# --- waiting -------------------------------------------------------------------------------------------


def test_wait_for_what_happened_and_what_did_not() -> None:
    bell = Bell()
    assert not Scope().wait(bell, 0.0)
    assert not Scope(60.0, True).wait(bell, 0.01)
    assert not Scope().wait(bell, -1.0)
    bell.set()
    bell.set()
    assert Scope().wait(bell) and Scope(60.0, True).wait(bell, 0.0)


def test_wait_takes_a_threading_event_too() -> None:
    event = threading.Event()
    event.set()
    assert Scope(5.0, True).wait(event)


def test_deadline_ends_a_wait() -> None:
    for wait in (
        lambda scope: scope.wait(Bell()),
        lambda scope: scope.sleep(60),
        lambda scope: scope.wait(Bell(), 60),
    ):
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            wait(Scope(0.1))
        assert 0.1 <= took.seconds < 5


def test_stop_wakes_a_wait() -> None:
    for wait in (lambda: scope.wait(Bell()), lambda: scope.sleep(60)):
        scope = WatchedScope()
        with StopWhenAsked(scope) as stop, pytest.raises(Stopped) as caught:
            wait()
        assert stop.delay < 2 and caught.value.reason == "why"


def test_wait_wakes_for_its_event_from_another_thread() -> None:
    bell, scope = Bell(), WatchedScope()

    def ring() -> None:
        assert scope.asked.wait(10)
        bell.set()

    threading.Thread(target=ring, daemon=True).start()
    assert scope.wait(bell)


def test_event_and_stop_together_are_a_stop() -> None:
    bell, scope = Bell(), Scope(None, True)

    def both() -> None:
        bell.set()
        scope.stop()

    with pytest.raises(Stopped):
        interrupted(lambda: scope.wait(bell), (scope_module,), 4, both)


def test_what_was_attached_before_a_wait_is_attached_after_it() -> None:
    scope = Scope(60.0, True)
    calls: List[int] = []
    scope.attach(lambda: calls.append(1))
    scope.sleep(0.0)
    assert not scope.wait(Bell(), 0.0)
    scope.stop()
    assert calls == [1]


def test_what_was_attached_before_a_wait_that_failed_is_attached_again() -> None:
    scope = Scope(0.01, True)
    calls: List[int] = []
    scope.attach(lambda: calls.append(1))
    with pytest.raises(DeadlineExceeded):
        scope.sleep(60)
    scope.stop()
    assert calls == [1]


# --- at any moment -------------------------------------------------------------------------------------


def _attach_and_look(scope: Scope) -> None:
    scope.attach(lambda: None)
    scope.left()


CALLS: List[Callable[[Scope], Any]] = [
    _attach_and_look,
    lambda scope: scope.detach(),
    lambda scope: scope.left(),
    lambda scope: scope.stop("own"),
    lambda scope: scope.wait(Bell(), 0.0),
    lambda scope: scope.wait(Bell(), 30.0),
    lambda scope: scope.sleep(30.0),
]


@pytest.mark.parametrize("call", range(len(CALLS)))
def test_a_handler_stops_its_own_thread_at_any_line(call: int) -> None:
    """As a signal handler does: on the same thread, in the middle of anything. It must not hang."""
    for at in range(1, 100):
        scope = Scope(None, True)

        def run(at: int = at, scope: Scope = scope) -> bool:
            try:
                modules = (scope_module, threading)
                return interrupted(lambda: CALLS[call](scope), modules, at, lambda: scope.stop("handler"))
            except Stopped as error:
                return bool(error.reason == "handler")

        rescue = threading.Timer(0.3, scope.stop, ["too late"])
        rescue.daemon = True
        rescue.start()
        came_so_far, error = finishes(run)
        rescue.cancel()
        if not came_so_far or scope.reason == "too late":
            break  # It slept before the line came: then all lines were tried.
        assert error is None, error
        assert scope.stopped
        with pytest.raises(Stopped):
            scope.left()
    assert at > 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.parametrize("sleep", [lambda scope: scope.sleep(30), lambda scope: scope.wait(Bell())])
def test_a_signal_handler_stops_a_sleep(sleep: Callable[[Scope], Any]) -> None:
    scope = Scope(None, True)
    before = signal.signal(signal.SIGALRM, lambda *_: scope.stop("alarm"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.03)
        with Elapsed() as took, pytest.raises(Stopped) as caught:
            sleep(scope)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert took.seconds < 5 and caught.value.reason == "alarm"


@pytest.mark.parametrize("step", ["attach", "detach"])
def test_who_interrupts_its_own_thread_stops_at_every_step_of_attach_and_detach(step: str) -> None:
    for at in range(1, 20):
        scope = Scope(None, True)
        woken: List[str] = []
        told: List[bool] = []
        if step == "detach":
            scope.attach(lambda woken=woken: woken.append("woken"))  # type: ignore[misc]

        def run(at: int = at, scope: Scope = scope, woken: List[str] = woken, told: List[bool] = told) -> bool:
            def work() -> None:
                if step == "attach":
                    scope.attach(lambda: woken.append("woken"))
                else:
                    told.append(scope.detach())

            return interrupted(work, (scope_module,), at, lambda: scope.stop("signal"))

        came_so_far, error = finishes(run)
        assert error is None or isinstance(error, Stopped)
        if came_so_far is False:
            assert not scope.stopped and at > 3
            return
        assert scope.stopped and scope.reason == "signal"
        if step == "attach":
            # Whoever attached too late is told, and whoever did in time is woken.
            assert woken or error is not None
        else:
            assert told == [not scope.stopped] or (told == [True] and not woken)
    pytest.fail("too many lines")


@pytest.mark.parametrize("order", ["attach", "detach"])
def test_a_stop_that_comes_at_the_same_moment_is_seen_by_one_of_both(order: str) -> None:
    """What was detached whole is never woken; what was attached is woken, or its owner told."""
    for _ in range(300):
        scope = Scope(None, True)
        woken: List[bool] = []
        gate = threading.Barrier(2)
        if order == "detach":
            scope.attach(lambda woken=woken: woken.append(True))  # type: ignore[misc]

        def stop(scope: Scope = scope, gate: threading.Barrier = gate) -> None:
            gate.wait()
            scope.stop("now")

        thread = threading.Thread(target=stop)
        thread.start()
        gate.wait()
        if order == "detach":
            is_whole = scope.detach()
            assert not (is_whole and woken)
            thread.join()
            assert not (is_whole and woken)
        else:
            try:
                scope.attach(lambda woken=woken: woken.append(True))  # type: ignore[misc]
                was_told = False
            except Stopped:
                was_told = True
            thread.join()
            assert woken or was_told


def test_a_bell_rings_for_a_waiter_that_the_same_thread_interrupts() -> None:
    for at in range(1, 10):
        bell = Bell()
        results: List[bool] = []

        def run(at: int = at, bell: Bell = bell, results: List[bool] = results) -> bool:
            return interrupted(lambda: results.append(bell.wait(0.3)), (scope_module,), at, bell.set)

        came_so_far, error = finishes(run)
        assert error is None
        if not came_so_far:
            assert results == [False]
            return
        assert results == [True] and bell.wait(0)
    pytest.fail("too many lines")


def test_many_ringers() -> None:
    for _ in range(50):
        bell = Bell()
        threads = [threading.Thread(target=bell.set) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert bell.wait(10)
        for thread in threads:
            thread.join()
        assert bell.wait(0)
