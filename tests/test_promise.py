"""Promises: what follows what, as a Future, and rejections that nobody looked at."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import threading
import weakref
from concurrent.futures import CancelledError, Future, InvalidStateError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.promise import Promise, all_, spread
from miniaxios.workers import run

PATIENCE = 20  # seconds; only a test that fails waits so long


@pytest.fixture
def reported(caplog):
    """The errors that were logged as unhandled, as seen without a run of the cycle collector."""
    gc.collect()
    gc.disable()
    caplog.set_level(logging.ERROR)
    caplog.clear()

    def errors():
        assert all(record.name == "miniaxios" for record in caplog.records)
        return [record.exc_info[1] for record in caplog.records]

    yield errors
    gc.enable()


def fail(value=None):
    raise ValueError("failed", value)


# ---- then, catch, finally_


def test_then_on_pending_and_on_settled():
    pending, seen = Promise(), []
    before = pending.then(seen.append)
    assert not before.done()
    pending.set_result(1)
    pending.then(seen.append)
    assert seen == [1, 1]
    assert before.result(0) is None


def test_none_passes_on():
    assert Promise.resolve(3).then().then(None, fail).result(0) == 3
    error = KeyError("x")
    assert Promise.reject(error).then(fail).then().exception(0) is error


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_a_handler_raises_rejects(kind):
    error = kind("x")

    def handler(value):
        raise error

    assert Promise.resolve(1).then(handler).exception(0) is error
    assert Promise.reject(ValueError()).catch(handler).exception(0) is error
    assert Promise.resolve(1).finally_(lambda: handler(None)).exception(0) is error


def test_catch_resumes():
    assert Promise.reject(ValueError("x")).catch(str).then(str.upper).result(0) == "X"


def test_only_one_of_two_handlers_is_called():
    with pytest.raises(ValueError):
        Promise.resolve(1).then(fail, lambda error: "not this one").result(0)


@pytest.mark.parametrize("wrap", [Promise.resolve, lambda value: run(lambda: value)])
def test_returned_promise_is_followed(wrap):
    assert Promise.resolve(1).then(lambda value: wrap(value + 1)).result(PATIENCE) == 2
    assert Promise.reject(ValueError()).catch(lambda error: wrap(5)).result(PATIENCE) == 5


def test_other_futures_are_followed():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        promise = Promise.resolve(1).then(lambda value: pool.submit(int, "7"))
        assert promise.result(PATIENCE) == 7
        failing = Promise.resolve(pool.submit(int, "x"))
        assert isinstance(failing, Promise)
        assert isinstance(failing.exception(PATIENCE), ValueError)


def test_futures_in_futures_are_followed_to_the_end():
    inner, outer = Future(), Future()
    promise = Promise.resolve(outer)
    outer.set_result(inner)
    assert not promise.done()
    inner.set_result("deep")
    assert promise.result(0) == "deep"


def test_a_promise_can_not_follow_itself():
    source = Promise()
    loop = source.then(lambda value: loop)
    source.set_result(1)
    assert isinstance(loop.exception(0), TypeError)


@pytest.mark.parametrize("returned", [None, 5, Promise.resolve(5)])
def test_finally_passes_on(returned):
    calls = []

    def callback():
        calls.append(1)
        return returned

    assert Promise.resolve("value").finally_(callback).result(0) == "value"
    error = ValueError()
    assert Promise.reject(error).finally_(callback).exception(0) is error
    assert Promise.resolve("value").finally_(None).result(0) == "value"
    assert calls == [1, 1]


def test_finally_waits_for_its_promise_and_takes_its_rejection():
    gate = Promise()
    done = Promise.resolve(1).finally_(lambda: gate)
    assert not done.done()
    gate.set_result(None)
    assert done.result(0) == 1
    error = KeyError()
    assert Promise.resolve(1).finally_(lambda: Promise.reject(error)).exception(0) is error
    assert Promise.reject(ValueError()).finally_(lambda: Promise.reject(error)).exception(0) is error


@pytest.mark.parametrize("name", ["then", "catch", "finally_"])
def test_handlers_have_to_be_callable(name):
    with pytest.raises(TypeError):
        getattr(Promise.resolve(1), name)(3)


def test_resolve_and_reject():
    promise = Promise.resolve(1)
    assert Promise.resolve(promise) is promise
    assert Promise.resolve().result(0) is None
    with pytest.raises(TypeError):
        Promise.reject("text")


# ---- the loop


@pytest.fixture
def no_gc():
    """The collector would walk through the whole of a long chain again and again."""
    gc.disable()
    yield
    gc.enable()


def test_a_long_chain_does_not_recurse(no_gc):
    first = last = Promise()
    for _ in range(100_000):
        last = last.then(lambda value: value + 1)
    first.set_result(0)
    assert last.result(0) == 100_000


def test_a_long_rejected_chain_does_not_recurse(no_gc):
    first = last = Promise()
    for _ in range(10_000):
        last = last.then(fail).finally_(int)
    first.set_exception(KeyError("far"))
    assert isinstance(last.exception(0), KeyError)


def test_a_long_chain_can_be_dropped(no_gc):
    """Deallocation must not overflow the C stack."""
    first = last = Promise()
    for _ in range(30_000):
        last = last.then(int)
    ends = weakref.ref(first), weakref.ref(last)
    del first, last
    assert [end() for end in ends] == [None, None]


def test_promises_that_return_promises_do_not_recurse():
    def count(n):
        return Promise.resolve(n - 1).then(count) if n else "end"

    assert Promise.resolve(10_000).then(count).result(0) == "end"


def test_a_handler_may_wait_for_what_it_chained():
    def nested(n):
        return 0 if n == 0 else 1 + Promise.resolve(n - 1).then(nested).result(PATIENCE)

    # Deeper than what runs at once: the wait itself runs what is queued.
    assert Promise.resolve(40).then(nested).result(0) == 40


def test_handlers_of_what_a_handler_settles_run_at_once():
    other, seen = Promise(), []
    other.then(seen.append)

    def handler(value):
        other.set_result(value)
        return list(seen)

    assert Promise.resolve(1).then(handler).result(0) == [1]


def test_handlers_run_in_the_order_of_their_registration():
    source, seen = Promise(), []
    for number in range(5):
        source.then(lambda value, number=number: seen.append(number))
    source.set_result(None)
    assert seen == [0, 1, 2, 3, 4]


def test_handlers_run_on_the_thread_that_settles():
    promise, gate = Promise(), threading.Event()
    chained = promise.then(lambda value: threading.current_thread())

    def settle_later():
        gate.wait(PATIENCE)
        promise.set_result(None)

    thread = threading.Thread(target=settle_later)
    thread.start()
    gate.set()
    thread.join()
    assert chained.result(0) is thread
    assert promise.then(lambda value: threading.current_thread()).result(0) is threading.current_thread()


# ---- all_, spread


def test_all_keeps_the_order():
    first, second, third = Promise(), Future(), Promise()
    gathered = all_(iter([first, "plain", second, third, None]))
    third.set_result(3)
    second.set_result(2)
    assert not gathered.done()
    first.set_result(1)
    assert gathered.result(0) == [1, "plain", 2, 3, None]


@pytest.mark.parametrize("empty", [[], (), iter([]), {}])
def test_all_of_nothing(empty):
    assert Promise.all(empty).result(0) == []


def test_all_the_first_rejection_counts():
    first, second, third = Promise(), Promise(), Promise()
    gathered = all_([first, second, third])
    error = ValueError("second")
    second.set_exception(error)
    assert gathered.exception(0) is error
    first.set_exception(KeyError("later"))
    third.set_result(1)
    assert gathered.exception(0) is error


def test_all_of_what_can_not_be_iterated_rejects():
    def broken():
        yield 1
        raise KeyError("broken")

    assert isinstance(all_(5).exception(0), TypeError)
    assert isinstance(all_(broken()).exception(0), KeyError)


def test_all_with_a_cancelled_one_rejects():
    cancelled = Promise()
    gathered = all_([cancelled])
    cancelled.cancel()
    assert isinstance(gathered.exception(0), CancelledError)


def test_all_flattens_and_takes_one_twice():
    inner, outer = Future(), Future()
    inner.set_result(1)
    outer.set_result(inner)
    assert all_([outer, outer]).result(0) == [1, 1]


def test_spread():
    assert spread(lambda a, b: (a, b))([1, 2]) == (1, 2)
    assert all_([run(int, "4"), 3]).then(spread(pow)).result(PATIENCE) == 64


# ---- as a Future


def test_result_and_exception_wait_and_time_out():
    promise = Promise()
    for wait in (promise.result, promise.exception):
        for timeout in (0, 0.001):
            with pytest.raises(concurrent.futures.TimeoutError):
                wait(timeout)
    promise.set_result(1)
    assert promise.exception(0) is None


def test_wait_and_as_completed():
    promises = [run(int, str(n)) for n in range(5)]
    done, pending = concurrent.futures.wait(promises, PATIENCE)
    assert (len(done), len(pending)) == (5, 0)
    assert sorted(p.result() for p in concurrent.futures.as_completed(promises, PATIENCE)) == list(range(5))


def test_await():
    async def main():
        promise = run(int, "5")
        assert await promise == 5
        assert await promise == 5
        with pytest.raises(ValueError):
            await run(int, "x")
        values = await asyncio.gather(*[asyncio.wrap_future(run(int, str(n))) for n in range(3)])
        return values

    assert asyncio.run(main()) == [0, 1, 2]


def test_done_callbacks_get_the_promise():
    promise, seen = Promise(), []
    promise.add_done_callback(seen.append)
    promise.set_result(1)
    assert seen == [promise]


def test_it_is_settled_once():
    promise = Promise.resolve(1)
    with pytest.raises(InvalidStateError):
        promise.set_result(2)
    with pytest.raises(InvalidStateError):
        promise.set_exception(ValueError())


def test_cancel_before_it_began():
    source, calls = Promise(), []
    chained = source.then(calls.append)
    assert chained.cancel() and chained.cancel() and chained.cancelled()
    done, _ = concurrent.futures.wait([chained], 0)
    assert done == {chained}
    source.set_result(1)
    assert calls == []
    with pytest.raises(CancelledError):
        chained.result(0)


def test_what_is_chained_to_a_cancelled_promise_is_rejected():
    source = Promise()
    chained = source.then(fail)
    caught = source.catch(lambda error: type(error))
    source.cancel()
    assert isinstance(chained.exception(0), CancelledError)
    assert caught.result(0) is CancelledError
    assert source.catch(repr).result(0) == "CancelledError()"


def test_cancel_is_too_late_when_it_follows_another():
    gate = Promise()
    follower = Promise.resolve(1).then(lambda value: gate)
    assert not follower.cancel()
    gate.set_result("through")
    assert follower.result(0) == "through"
    assert not follower.cancel()


def test_a_worker_of_others_may_use_it_as_a_future():
    promise = Promise()
    promise.cancel()
    assert promise.set_running_or_notify_cancel() is False
    other = Promise()
    assert other.set_running_or_notify_cancel() is True
    assert other.running() and not other.cancel()


def test_it_has_all_that_a_future_has():
    """What Future's own __init__ would set is set without it."""
    assert vars(Future()).keys() <= vars(Promise()).keys()
    assert {name: type(value) for name, value in vars(Future()).items() if name != "_condition"}.items() <= {
        name: type(value) for name, value in vars(Promise()).items()
    }.items()


def test_a_future_with_other_fields_makes_its_own(monkeypatch):
    monkeypatch.setattr("miniaxios.promise._IS_AS_KNOWN", False)
    assert Promise.resolve(1).then(str).result(0) == "1"


def test_cancelled_while_others_wait_is_told_once():
    promise = Promise()
    promise.cancel()
    for _ in range(3):
        assert promise.set_running_or_notify_cancel() is False
        assert promise.cancel() and promise.done()


# ---- nobody looked


def test_unlooked_at_rejection_is_reported_once_collected(reported):
    error = ValueError("mine")
    promise = Promise.reject(error)
    assert reported() == []
    del promise
    assert reported() == [error]


@pytest.mark.parametrize(
    "look",
    [
        lambda promise: promise.exception(),
        lambda promise: promise.catch(str),
        lambda promise: promise.add_done_callback(str),
        lambda promise: all_([promise]).catch(str),
        lambda promise: Promise.resolve(1).then(lambda value: promise).catch(str),
        lambda promise: promise.finally_(str).catch(str),
        lambda promise: pytest.raises(ValueError, promise.result),
    ],
)
def test_looked_at_is_not_reported(reported, look):
    promise = Promise.reject(ValueError())
    look(promise)
    del promise
    assert reported() == []


def test_awaited_is_not_reported(reported):
    async def main():
        with pytest.raises(ValueError):
            await Promise.reject(ValueError())

    asyncio.run(main())
    assert reported() == []


def test_then_hands_the_duty_on(reported):
    error = ValueError()
    Promise.reject(error).then(str)
    assert reported() == [error]


def test_a_failing_handler_is_reported_without_the_cycle_collector(reported):
    for settled_before in (True, False):
        source = Promise()
        if settled_before:
            source.set_result(1)
        source.then(fail)
        if not settled_before:
            source.set_result(1)
    Promise.resolve(1).finally_(fail)
    assert [type(error) for error in reported()] == [ValueError] * 3


def test_a_failing_job_is_reported_without_the_cycle_collector(reported):
    begun, gate, threads = threading.Event(), threading.Event(), []
    error = ValueError("in a job")

    def job():
        threads.append(threading.current_thread())
        begun.set()
        gate.wait(PATIENCE)
        raise error

    run(job)
    assert begun.wait(PATIENCE)
    gate.set()
    threads[0].join(PATIENCE)
    assert reported() == [error]


def test_own_cancel_is_not_reported_but_what_it_rejects_is(reported):
    promise = Promise()
    promise.cancel()
    del promise
    assert reported() == []
    source = Promise()
    source.then(str)
    source.cancel()
    assert [type(error) for error in reported()] == [CancelledError]


def test_fulfilled_and_pending_are_not_reported(reported):
    Promise.resolve(1)
    Promise()
    assert reported() == []


# ---- laws

VALUES = st.integers(-5, 5)
HANDLERS = {
    "add": lambda value: value + 1,
    "promise": lambda value: Promise.resolve(value * 2),
    "nested": lambda value: Promise.resolve(Promise.resolve(value - 3)),
    "fail": fail,
    "reject": lambda value: Promise.reject(KeyError(value)),
}
NAMES = st.lists(st.sampled_from(sorted(HANDLERS)), max_size=6)


def outcome(promise):
    error = promise.exception(PATIENCE)
    return repr(error) if error else promise.result(0)


@settings(max_examples=100, deadline=None)
@given(VALUES, NAMES)
def test_law_then_is_composition(value, names):
    def composed(value):
        for name in names:
            value = HANDLERS[name](value)
            if isinstance(value, Promise):
                value = value.result(0)
        return value

    try:
        expected = composed(value)
    except Exception as error:
        expected = repr(error)
    for settled_before in (True, False):
        first = promise = Promise()
        if settled_before:
            first.set_result(value)
        for name in names:
            promise = promise.then(HANDLERS[name])
        if not settled_before:
            first.set_result(value)
        assert outcome(promise) == expected
    assert outcome(Promise.resolve(value).then(composed)) == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 6), VALUES, st.booleans(), st.sampled_from([Promise, Future]))
def test_law_following_flattens(depth, value, fails, kind):
    innermost = kind()
    promise = Promise.resolve(innermost)
    for _ in range(depth):
        promise = Promise.resolve(None).then(lambda _, inner=promise: inner)
    if fails:
        innermost.set_exception(KeyError(value))
    else:
        innermost.set_result(value)
    assert outcome(promise) == (repr(KeyError(value)) if fails else value)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(VALUES, st.sampled_from(["plain", "promise", "future"]), st.booleans())), st.randoms()
)
def test_law_all(items, random):
    """Values in the order given; or the rejection that came first."""
    make = {
        "plain": lambda value: value,
        "promise": lambda value: Promise(),
        "future": lambda value: Future(),
    }
    members = [make[kind](value) for value, kind, _ in items]
    gathered = all_(members)
    order = [at for at, member in enumerate(members) if isinstance(member, Future)]
    random.shuffle(order)
    first_error = None
    for at in order:
        value, _, fails = items[at]
        if fails:
            error = KeyError(at)
            first_error = first_error or error
            members[at].set_exception(error)
        else:
            members[at].set_result(value)
    if first_error is None:
        assert gathered.result(0) == [value for value, _, _ in items]
    else:
        assert gathered.exception(0) is first_error


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=8), st.booleans())
def test_law_each_handler_is_called_once(handlers, fails):
    """However many hang on one promise, before or after it is settled: one of each pair, once."""
    source, calls = Promise(), []

    def attach(number):
        source.then(lambda value: calls.append((number, "ok")), lambda error: calls.append((number, "bad")))

    for number, (early, _) in enumerate(handlers):
        if early:
            attach(number)
    if fails:
        source.set_exception(ValueError())
    else:
        source.set_result(1)
    for number, (early, _) in enumerate(handlers):
        if not early:
            attach(number)
    assert sorted(calls) == [(number, "bad" if fails else "ok") for number in range(len(handlers))]
    source.catch(str)


def test_settled_from_many_threads_once():
    for _ in range(20):
        start, calls = threading.Barrier(4), []
        promise = Promise()
        promise.then(calls.append, calls.append)

        def race(number, promise=promise, start=start, calls=calls):
            start.wait()
            if number == 0:
                promise.then(calls.append, calls.append)
            else:
                try:
                    promise.set_result(number)
                except InvalidStateError:
                    return

        threads = [threading.Thread(target=race, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert calls == [promise.result(0)] * 2
