"""Interceptors: order, both ways of an error, ids. The tables were checked against axios 1.21.1."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.interception import InterceptorManager, adopted, run_chain
from miniaxios.promise import Promise
from miniaxios.workers import run


class Stage:
    """Two managers, a dispatch that answers, and a log of who was called with what."""

    def __init__(self):
        self.request = InterceptorManager()
        self.response = InterceptorManager()
        self.log = []
        self.failure = None

    def dispatch(self, config):
        self.log.append("dispatch:" + config["n"] if "n" in config else "dispatch")
        if self.failure is not None:
            raise self.failure
        return "response"

    def run(self, legacy_order=True, **config):
        return run_chain(config, self.request, self.response, self.dispatch, legacy_order)

    def passing(self, name):
        def fulfilled(value):
            self.log.append(name)
            return value

        def rejected(error):
            self.log.append(f"{name}!{error}")
            raise error

        return fulfilled, rejected

    def raising(self, name):
        def fulfilled(value):
            self.log.append(name)
            raise ValueError(name)

        return fulfilled, self.passing(name)[1]

    def text(self, *args, **kwargs):
        """What happened, in one line."""
        try:
            outcome = f"ok {self.run(*args, **kwargs)}"
        except Exception as error:
            outcome = f"{type(error).__name__} {error}"
        return ",".join(self.log) + " => " + outcome


@pytest.fixture
def stage():
    return Stage()


def test_nothing_registered_is_a_plain_call(stage):
    assert stage.text() == "dispatch => ok response"


@pytest.mark.parametrize("synchronous", [True, False])
@pytest.mark.parametrize("legacy, order", [(True, "r2,r1"), (False, "r1,r2")])
def test_order(stage, synchronous, legacy, order):
    for name in ("r1", "r2"):
        stage.request.use(*stage.passing(name), synchronous=synchronous)
    for name in ("s1", "s2"):
        stage.response.use(*stage.passing(name))
    assert stage.text(legacy) == f"{order},dispatch,s1,s2 => ok response"


@pytest.mark.parametrize(
    "synchronous, expected",
    [
        (True, "r2,r2!r2,s1!r2 => ValueError r2"),
        (False, "r2,r1!r2,s1!r2 => ValueError r2"),
    ],
)
def test_who_hears_of_an_error_in_the_first_to_run(stage, synchronous, expected):
    stage.request.use(*stage.passing("r1"), synchronous=synchronous)
    stage.request.use(*stage.raising("r2"), synchronous=synchronous)
    stage.response.use(*stage.passing("s1"))
    assert stage.text() == expected


@pytest.mark.parametrize(
    "synchronous, expected",
    [
        (True, "r2,r1,r1!r1,s1!r1 => ValueError r1"),
        (False, "r2,r1,s1!r1 => ValueError r1"),
    ],
)
def test_who_hears_of_an_error_in_the_last_to_run(stage, synchronous, expected):
    stage.request.use(*stage.raising("r1"), synchronous=synchronous)
    stage.request.use(*stage.passing("r2"), synchronous=synchronous)
    stage.response.use(*stage.passing("s1"))
    assert stage.text() == expected


@pytest.mark.parametrize(
    "synchronous, expected",
    [
        # Its own handler returned: the remaining ones are left out, the last good config goes.
        (True, "r2,rec,dispatch:orig,s1 => ok response"),
        (False, "r2,r1!r2,s1!r2 => ValueError r2"),
    ],
)
def test_own_rejected_returns(stage, synchronous, expected):
    stage.request.use(*stage.passing("r1"), synchronous=synchronous)
    fulfilled, _ = stage.raising("r2")
    stage.request.use(
        fulfilled, lambda error: stage.log.append("rec") or {"n": "other"}, synchronous=synchronous
    )
    stage.response.use(*stage.passing("s1"))
    assert stage.text(n="orig") == expected


@pytest.mark.parametrize(
    "synchronous, expected",
    [
        (True, "r2,s1!r2 => ValueError r2"),
        (False, "r2,rec,dispatch:fresh,s1 => ok response"),
    ],
)
def test_rejected_of_the_next_returns_a_config(stage, synchronous, expected):
    stage.request.use(
        stage.passing("r1")[0],
        lambda error: stage.log.append("rec") or {"n": "fresh"},
        synchronous=synchronous,
    )
    stage.request.use(stage.raising("r2")[0], synchronous=synchronous)
    stage.response.use(*stage.passing("s1"))
    assert stage.text() == expected


@pytest.mark.parametrize(
    "answer, expected",
    [
        (lambda: Promise.reject(KeyError("y")), "s1!'y' => KeyError 'y'"),
        (lambda: Promise.resolve(1), "dispatch,s1 => ok response"),
        (lambda: None, "dispatch,s1 => ok response"),
    ],
)
def test_synchronous_own_rejected_gives_a_promise(stage, answer, expected):
    def fulfilled(config):
        raise ValueError("x")

    stage.request.use(fulfilled, lambda error: answer(), synchronous=True)
    stage.response.use(*stage.passing("s1"))
    assert stage.text() == expected


def test_one_that_is_not_synchronous_makes_all_asynchronous(stage):
    stage.request.use(*stage.passing("r1"))
    stage.request.use(*stage.raising("r2"), synchronous=True)
    assert stage.text() == "r2,r1!r2 => ValueError r2"


def test_left_out_ones_do_not_decide_the_mode(stage):
    stage.request.use(*stage.raising("r1"), synchronous=True)
    stage.request.use(*stage.passing("r2"), run_when=lambda config: False)
    assert stage.text() == "r1,r1!r1 => ValueError r1"


@pytest.mark.parametrize("answer, runs", [(False, False), (0, True), (None, True), ("", True), (True, True)])
def test_run_when_skips_on_exactly_false(stage, answer, runs):
    stage.request.use(*stage.passing("r1"), run_when=lambda config: answer)
    assert stage.text() == ("r1,dispatch" if runs else "dispatch") + " => ok response"


@pytest.mark.parametrize("legacy, order", [(True, "r2,r1"), (False, "r1,r2")])
def test_run_when_is_asked_before_any_runs(stage, legacy, order):
    for number in "12":
        ask = stage.passing("w" + number)[0]
        stage.request.use(*stage.passing("r" + number), run_when=ask)
    assert stage.text(legacy) == f"w1,w2,{order},dispatch => ok response"


def test_run_when_that_raises_is_not_seen_by_response_interceptors(stage):
    stage.request.use(*stage.passing("r1"))
    stage.request.use(*stage.passing("r2"), run_when=stage.raising("w")[0])
    stage.response.use(*stage.passing("s1"))
    assert stage.text() == "w => ValueError w"


def test_run_when_gets_the_config(stage):
    stage.request.use(*stage.passing("r1"), run_when=lambda config: config["go"])
    assert stage.text(go=False) == "dispatch => ok response"


def test_run_when_of_a_response_interceptor_is_ignored(stage):
    stage.response.use(*stage.passing("s1"), run_when=lambda config: False)
    assert stage.text() == "dispatch,s1 => ok response"


def test_response_error_is_handled_by_the_next_and_resumes(stage):
    stage.failure = ValueError("adapter")
    stage.response.use(stage.passing("s1")[0], lambda error: stage.log.append("s1!") or "recovered")
    stage.response.use(*stage.passing("s2"))
    assert stage.text() == "dispatch,s1!,s2 => ok recovered"


def test_response_handler_that_raises_skips_its_own_rejected(stage):
    stage.response.use(*stage.raising("s1"))
    stage.response.use(stage.passing("s2")[0], lambda error: f"handled {error}")
    assert stage.text() == "dispatch,s1 => ok handled s1"


@pytest.mark.parametrize("value", [None, 0, "text", {"a": 1}])
def test_what_a_response_interceptor_returns_replaces_the_response(stage, value):
    seen = []
    stage.response.use(lambda response: value)
    stage.response.use(lambda response: seen.append(response) or response)
    assert stage.run() is value
    assert seen == [value]


@pytest.mark.parametrize("synchronous", [True, False])
def test_missing_handlers_pass_on(stage, synchronous):
    stage.request.use(synchronous=synchronous)
    stage.request.use(None, lambda error: 1 / 0, synchronous=synchronous)
    stage.response.use()
    assert stage.text() == "dispatch => ok response"


@pytest.mark.parametrize("synchronous", [True, False])
@pytest.mark.parametrize("wrong, name", [(None, "NoneType"), ("http://x/", "str"), (3, "int")])
def test_request_interceptor_that_returns_no_config(stage, synchronous, wrong, name):
    stage.request.use(lambda config: wrong, synchronous=synchronous)
    seen = []

    def look(error):
        seen.append(error)
        raise error

    stage.response.use(None, look)
    with pytest.raises(AxiosError) as caught:
        stage.run()
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"
    assert caught.value.message == f"a request interceptor must return the config (a mapping), not {name}"
    assert seen == [caught.value]
    assert stage.log == []


def test_a_rejected_handler_must_return_a_config_too(stage):
    stage.request.use(None, lambda error: None)
    stage.request.use(stage.raising("r2")[0])
    with pytest.raises(AxiosError) as caught:
        stage.run()
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@pytest.mark.parametrize("synchronous", [True, False])
@pytest.mark.parametrize("wrap", [Promise.resolve, lambda value: run(lambda: value)])
def test_promises_of_interceptors_are_waited_for(stage, synchronous, wrap):
    stage.request.use(lambda config: wrap(dict(config, n="p")), synchronous=synchronous)
    stage.response.use(lambda response: wrap(response + "!"))
    assert stage.text() == "dispatch:p => ok response!"


def test_a_rejected_promise_is_an_error(stage):
    stage.request.use(lambda config: Promise.reject(ValueError("no")))
    stage.response.use(*stage.passing("s1"))
    assert stage.text() == "s1!no => ValueError no"


def test_any_mapping_is_a_config(stage):
    class Other:
        def keys(self):
            return ["n"]

    other = Other()
    stage.request.use(lambda config: other)
    got = []
    run_chain({}, stage.request, stage.response, got.append, True)
    assert got == [other]


def test_the_same_exception_reaches_the_caller(stage):
    stage.failure = ValueError("same")
    stage.response.use(*stage.passing("s1"))
    with pytest.raises(ValueError) as caught:
        stage.run()
    assert caught.value is stage.failure


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interrupts_pass_all_handlers(stage, kind):
    def interrupt(value):
        raise kind

    for manager, synchronous in ((stage.request, False), (stage.response, True)):
        manager.use(interrupt, lambda error: {}, synchronous=synchronous)
        manager.use(None, lambda error: {})
        with pytest.raises(kind):
            stage.run()
        manager.clear()


def test_ejecting_and_adding_count_from_the_next_request(stage):
    number = stage.request.use(*stage.passing("r1"))

    def change(config):
        stage.log.append("r2")
        stage.request.eject(number)
        stage.response.use(*stage.passing("s1"))
        return config

    stage.request.use(change)
    assert stage.text() == "r2,r1,dispatch => ok response"
    stage.log.clear()
    assert stage.text() == "r2,dispatch,s1 => ok response"


def test_ids_are_never_given_twice():
    manager = InterceptorManager()
    assert [manager.use(), manager.use()] == [0, 1]
    manager.eject(1)
    assert manager.use() == 2
    manager.clear()
    assert manager.handlers == []
    assert manager.use() == 3


@pytest.mark.parametrize("known", [1, "1", 1.0])
def test_eject(known):
    manager = InterceptorManager()
    for _ in range(3):
        manager.use()
    manager.eject(known)
    manager.eject(known)
    assert [handler.id for handler in manager.handlers] == [0, 2]


@pytest.mark.parametrize(
    "unknown", [7, -1, "01", " 1", "1.0", "", "١", "1" * 5000, None, True, False, [], object()]
)
def test_eject_ignores_what_is_no_id(unknown):
    manager = InterceptorManager()
    for _ in range(2):
        manager.use()
    manager.eject(unknown)
    assert len(manager.handlers) == 2


def test_handlers_tell_what_was_registered():
    manager = InterceptorManager()
    manager.use(len, repr, {"synchronous": True, "runWhen": callable})
    manager.use(len, repr, synchronous=True, runWhen=callable)
    manager.use(len, repr, synchronous=True, run_when=callable)
    for handler in manager.handlers:
        assert (handler.fulfilled, handler.rejected) == (len, repr)
        assert (handler.synchronous, handler.run_when) == (True, callable)


@pytest.mark.parametrize("arguments", [(1,), (None, "x"), (None, None, {"run_when": 3})])
def test_use_refuses_what_can_not_be_called(arguments):
    with pytest.raises(AxiosError) as caught:
        InterceptorManager().use(*arguments)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


def test_thousands_are_no_deeper_than_one(stage):
    for _ in range(5000):
        stage.request.use(lambda config: dict(config, n=str(int(config["n"]) + 1)))
        stage.response.use(lambda response: response)
    assert stage.text(n="0") == "dispatch:5000 => ok response"


def test_an_error_makes_no_cycle(stage):
    class Marked(Exception):
        pass

    stage.failure = Marked()
    for manager in (stage.request, stage.response):
        manager.use(lambda value: value)
    watch = weakref.ref(stage.failure)
    gc.disable()
    try:
        with pytest.raises(Marked):
            stage.run()
        stage.failure = None
        assert watch() is None
    finally:
        gc.enable()


def test_registering_from_many_threads_loses_nothing():
    manager = InterceptorManager()
    start = threading.Barrier(8)
    kept = []

    def work():
        start.wait()
        ids = [manager.use() for _ in range(200)]
        for number in ids[::2]:
            manager.eject(number)
        kept.extend(ids[1::2])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(kept)) == 800
    assert sorted(handler.id for handler in manager.handlers) == sorted(kept)


def test_adopted():
    inner, outer = Future(), Future()
    inner.set_result("deep")
    outer.set_result(inner)
    assert adopted(outer) == "deep"
    assert adopted(outer.cancel) == outer.cancel


def promise_chain(pairs, value):
    """What a chain of ``then`` makes of the same pairs: the law that both modes go back to."""
    promise = Promise.resolve(value)
    for fulfilled, rejected in pairs:
        promise = promise.then(fulfilled, rejected)
    error = promise.exception(5)
    return repr(error) if error else promise.result()


ACTIONS = {
    "none": lambda name: None,
    "pass": lambda name: lambda value: {"by": name, "was": repr(value)},
    "raise": lambda name: lambda value: (_ for _ in ()).throw(ValueError(name, repr(value))),
    "promise": lambda name: lambda value: Promise.resolve({"by": name, "was": repr(value)}),
}
PAIRS = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.sampled_from(sorted(ACTIONS))), max_size=5)


@settings(max_examples=150, deadline=None)
@given(PAIRS, PAIRS, st.booleans())
def test_a_chain_is_a_chain_of_promises(requests, responses, legacy_order):
    def pairs_of(kinds, side):
        return [
            (ACTIONS[good](f"{side}{at}"), ACTIONS[bad](f"{side}{at}!"))
            for at, (good, bad) in enumerate(kinds)
        ]

    managers = InterceptorManager(), InterceptorManager()
    before, after = pairs_of(requests, "r"), pairs_of(responses, "s")
    for manager, pairs in zip(managers, (before, after)):
        for pair in pairs:
            manager.use(*pair)
    try:
        outcome = run_chain(
            {}, managers[0], managers[1], lambda config: dict(config, sent=True), legacy_order
        )
    except ValueError as error:
        outcome = repr(error)
    in_order = before[::-1] if legacy_order else before
    # Without an asynchronous request interceptor axios takes the other mode, which is the same then.
    dispatch = (lambda config: dict(config, sent=True), None)
    assert outcome == promise_chain([*in_order, dispatch, *after], {})
