"""The pool: who gets which connection, who waits, and that no slot and no socket is ever lost."""

from __future__ import annotations

import gc
import os
import signal
import socket
import ssl
import threading
import warnings
from time import monotonic

import pytest

from miniaxios.wire import Pool, Scope, TLSOptions, parse_url
from miniaxios.wire import pool as pool_module
from miniaxios.wire.proxies import parse_proxy
from miniaxios.wire.errors import DeadlineExceeded, NetworkError, Stopped, TLSError
from miniaxios.wire.lease import Lease
from miniaxios.wire.route import Route
from tests.support.proxy import Proxy
from tests.support.server import Reply, Server, UnixServer, has_ipv6
from tests.support.tls import CA, PASSPHRASE, certificate, client_context, key, server_context

from .rig import FakeStream, Fragile, Interrupt, Interruption, Via, ask, fetch, in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

    from miniaxios.wire.connection import Connection

PLAIN = TLSOptions()


@pytest.fixture(autouse=True)
def no_streams_left() -> Iterator[None]:
    FakeStream.alive.clear()
    FakeStream.forgotten = 0
    yield
    left = set(FakeStream.alive)
    FakeStream.alive.clear()
    assert not left and not FakeStream.forgotten


def route(host: str = "a.test", family: Optional[int] = None) -> Route:
    return Route(parse_url(f"http://{host}/"), None, PLAIN, family=family)


def borrow(pool: Pool, way: Optional[Route] = None, scope: Optional[Scope] = None) -> Lease:
    """A lease with an open connection."""
    lease = Lease(pool, way or route())
    scope = scope or Scope(5.0)
    connection = lease.take(scope)
    if connection.sock is None:
        connection.sock = FakeStream(scope)
    return lease


def connection_of(lease: Lease) -> Connection:
    assert lease.connection is not None
    return lease.connection


def hand_back(lease: Lease, reusable: bool = True) -> None:
    """As the end of an exchange does it."""
    connection_of(lease).reclaim()
    lease.give_back(reusable)


def is_closed(stream: FakeStream) -> bool:
    return stream.closed > 0


def assert_at_rest(pool: Pool, was_interrupted: bool = False) -> None:
    """No slot is taken, nobody waits, and no origin is kept for nothing (an interrupt may leave one)."""
    pool._tidy()
    assert not pool._returned
    assert pool._lock.acquire(False)
    pool._lock.release()
    for origin in pool._origins.values():
        assert not origin.leases and not origin.waiting and (origin.idle or was_interrupted)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pool_module, "monotonic", made)
    return made


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# -- keeping and giving ------------------------------------------------------------------------------


def test_a_connection_is_used_again() -> None:
    pool = Pool()
    lease = borrow(pool)
    stream = connection_of(lease).sock
    hand_back(lease)
    assert pool.idle_connections == 1 and lease.connection is None
    again = borrow(pool)
    assert connection_of(again).sock is stream and pool.idle_connections == 0
    hand_back(again)
    assert_at_rest(pool)
    pool.close()


def test_the_last_used_goes_first() -> None:
    pool = Pool()
    first, second = borrow(pool), borrow(pool)
    streams = [connection_of(lease).sock for lease in (first, second)]
    hand_back(first)
    hand_back(second)
    third, fourth = borrow(pool), borrow(pool)
    assert [connection_of(third).sock, connection_of(fourth).sock] == streams[::-1]
    third.give_back(False)
    fourth.give_back(False)
    assert_at_rest(pool)


def test_other_keys_of_an_origin_do_not_share() -> None:
    pool = Pool()
    lease = borrow(pool, route(family=4))
    hand_back(lease)
    other = borrow(pool, route(family=6))
    assert pool.idle_connections == 1
    hand_back(other)
    assert pool.idle_connections == 2
    again = borrow(pool, route(family=4))
    assert again.route.family == connection_of(again).route.family == 4
    again.give_back(False)
    pool.close()
    assert_at_rest(pool)


@pytest.mark.parametrize("settings", [{"keep_alive": False}, {"max_free_sockets": 0}])
def test_nothing_is_kept(settings: Any) -> None:
    pool = Pool(**settings)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    hand_back(lease)
    assert is_closed(stream) and pool.idle_connections == 0
    assert_at_rest(pool)


def test_max_free_sockets_evicts_the_longest_idle_of_all() -> None:
    pool = Pool(max_free_sockets=2)
    leases = [borrow(pool, route(f"{name}.test")) for name in "abc"]
    streams = [connection_of(lease).sock for lease in leases]
    for lease in leases:
        hand_back(lease)
    assert [is_closed(stream) for stream in streams] == [True, False, False]
    assert pool.idle_connections == 2
    assert_at_rest(pool)
    pool.close()


def test_what_is_not_reusable_is_closed_at_once() -> None:
    pool = Pool()
    lease = borrow(pool)
    stream = connection_of(lease).sock
    with pool._lock:  # even while somebody else is at the lists
        lease.give_back(False)
        assert is_closed(stream)
    assert_at_rest(pool)


def test_a_stale_connection_is_passed_over() -> None:
    pool = Pool(max_sockets=3)
    leases = [borrow(pool) for _ in range(3)]
    streams = [connection_of(lease).sock for lease in leases]
    for lease in leases:
        hand_back(lease)
    streams[1].stale = streams[2].stale = True
    lease = borrow(pool)
    assert connection_of(lease).sock is streams[0]
    assert [is_closed(stream) for stream in streams] == [False, True, True]
    lease.give_back(False)
    assert_at_rest(pool)


def test_renew_closes_and_keeps_the_slot() -> None:
    pool = Pool(max_sockets=1)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    fresh = lease.renew()
    assert is_closed(stream) and fresh.sock is None
    with pytest.raises(DeadlineExceeded):
        Lease(pool, route()).take(Scope(0.01))
    lease.give_back(False)
    assert_at_rest(pool)


# -- the idle clock ----------------------------------------------------------------------------------


@pytest.mark.parametrize("age, kept", [(0.0, True), (9.99, True), (10.0, False), (1e9, False), (-50.0, True)])
def test_idle_timeout(clock: Clock, age: float, kept: bool) -> None:
    pool = Pool(idle_timeout=10.0)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    hand_back(lease)
    clock.now += age
    again = borrow(pool)
    assert (connection_of(again).sock is stream) is kept
    assert is_closed(stream) is not kept
    again.give_back(False)
    assert_at_rest(pool)


def test_idle_timeout_of_zero_keeps_nothing(clock: Clock) -> None:
    pool = Pool(idle_timeout=0)
    hand_back(borrow(pool))
    lease = borrow(pool)
    assert pool.idle_connections == 0
    lease.give_back(False)
    assert_at_rest(pool)


def test_connections_of_other_origins_expire_too(clock: Clock) -> None:
    pool = Pool(idle_timeout=10.0)
    old, young = borrow(pool, route("a.test")), borrow(pool, route("b.test"))
    streams = [connection_of(lease).sock for lease in (old, young)]
    hand_back(old)
    clock.now += 5
    hand_back(young)
    clock.now += 6
    lease = borrow(pool, route("c.test"))
    assert [is_closed(stream) for stream in streams] == [True, False]
    assert set(pool._origins) == {route("b.test").origin, route("c.test").origin}
    lease.give_back(False)
    pool.close()
    assert pool._origins == {}


def test_idle_timeout_between_two_sweeps(clock: Clock) -> None:
    pool = Pool(idle_timeout=0.5)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    hand_back(lease)
    borrow(pool, route("b.test")).give_back(False)  # looks at all origins
    clock.now += 0.6
    again = borrow(pool)
    assert is_closed(stream) and connection_of(again).sock is not stream
    again.give_back(False)
    assert_at_rest(pool)


def test_use_makes_young_again(clock: Clock) -> None:
    pool = Pool(idle_timeout=10.0)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    for _ in range(5):
        hand_back(lease)
        clock.now += 9
        lease = borrow(pool)
        assert connection_of(lease).sock is stream
    lease.give_back(False)


# -- closing -----------------------------------------------------------------------------------------


def test_close_with_leases_out() -> None:
    pool = Pool()
    idle, out = borrow(pool), borrow(pool)
    streams = [connection_of(lease).sock for lease in (idle, out)]
    hand_back(idle)
    pool.close()
    assert [is_closed(stream) for stream in streams] == [True, False]
    hand_back(out)
    assert is_closed(streams[1]) and pool.idle_connections == 0
    pool.close()
    assert_at_rest(pool)
    # And it can be used again.
    hand_back(borrow(pool))
    assert pool.idle_connections == 1
    pool.close()


def test_close_idle_says_whether_there_were_any() -> None:
    pool = Pool()
    assert pool.close_idle() is False
    out, idle = borrow(pool), borrow(pool)
    hand_back(idle)
    assert pool.close_idle() is True
    hand_back(out)
    assert pool.idle_connections == 1
    pool.close()


def test_close_while_one_waits_loses_no_slot() -> None:
    pool = Pool(max_sockets=1)
    first = borrow(pool)
    scope = Scope(None, stoppable=True)
    waiter = Lease(pool, route())
    errand = in_thread(waiter.take, scope)
    wait_for_waiters(pool, 1)
    pool.close()
    scope.stop("enough")
    with pytest.raises(Stopped):
        errand.result()
    waiter.give_back(False)
    hand_back(first)
    assert_at_rest(pool)
    borrow(pool).give_back(False)  # the slot is there


def test_forgetting_the_pool_closes_without_a_warning() -> None:
    with Server.handler(lambda request: Reply(b"x")) as server:
        via = Via()
        assert fetch(via, server.url()) == b"x"
        unread = ask(via, server.url())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del via, unread
            gc.collect()
        assert server.wait_gone()


# -- slots -------------------------------------------------------------------------------------------


def wait_for_waiters(pool: Pool, count: int, name: str = "a.test") -> None:
    deadline = monotonic() + 5
    origin = pool._origins[route(name).origin]
    while len(origin.waiting) < count:
        assert monotonic() < deadline
        threading.Event().wait(0.001)


def test_waiters_are_served_in_order() -> None:
    pool = Pool(max_sockets=1)
    first = borrow(pool)
    served: List[int] = []

    def work(number: int) -> None:
        lease = borrow(pool, scope=Scope(10.0, stoppable=True))
        served.append(number)
        hand_back(lease)

    errands = []
    for number in range(8):
        errands.append(in_thread(work, number))
        wait_for_waiters(pool, number + 1)
    hand_back(first)
    for errand in errands:
        errand.result()
    assert served == list(range(8))
    assert_at_rest(pool)
    pool.close()


def test_a_newcomer_does_not_overtake() -> None:
    pool = Pool(max_sockets=1)
    first = borrow(pool)
    waiter = Lease(pool, route())
    errand = in_thread(waiter.take, Scope(10.0))
    wait_for_waiters(pool, 1)
    with pool._lock:
        hand_back(first)  # noted only: the newcomer is the one who tidies up
    with pytest.raises(DeadlineExceeded):
        Lease(pool, route()).take(Scope(0.02))
    assert errand.result() is waiter.connection
    waiter.give_back(False)
    assert_at_rest(pool)


def test_origins_wait_apart() -> None:
    pool = Pool(max_sockets=1)
    one, other = borrow(pool, route("a.test")), borrow(pool, route("b.test"))
    with pytest.raises(DeadlineExceeded):
        Lease(pool, route("a.test")).take(Scope(0.01))
    one.give_back(False)
    other.give_back(False)
    assert_at_rest(pool)


def test_keys_of_an_origin_count_together_and_idle_ones_make_room() -> None:
    pool = Pool(max_sockets=2)
    one, other = borrow(pool, route(family=4)), borrow(pool, route(family=4))
    streams = [connection_of(lease).sock for lease in (one, other)]
    with pytest.raises(DeadlineExceeded):
        Lease(pool, route(family=6)).take(Scope(0.01))
    hand_back(one)
    hand_back(other)
    third = borrow(pool, route(family=6))  # 1 in use and 2 idle would be 3 sockets
    assert [is_closed(stream) for stream in streams] == [True, False]
    fourth = borrow(pool, route(family=6))
    assert [is_closed(stream) for stream in streams] == [True, True]
    third.give_back(False)
    fourth.give_back(False)
    assert_at_rest(pool)


def test_waiting_counts_against_the_deadline() -> None:
    pool = Pool(max_sockets=1)
    first = borrow(pool)
    begun = monotonic()
    with pytest.raises(DeadlineExceeded):
        Lease(pool, route()).take(Scope(0.3))
    assert 0.29 <= monotonic() - begun < 5
    first.give_back(False)
    assert_at_rest(pool)


def test_stop_while_waiting() -> None:
    pool = Pool(max_sockets=1)
    first = borrow(pool)
    scope = Scope(None, stoppable=True)
    lease = Lease(pool, route())
    errand = in_thread(lease.take, scope)
    wait_for_waiters(pool, 1)
    scope.stop("why")
    with pytest.raises(Stopped) as caught:
        errand.result()
    assert caught.value.reason == "why"
    lease.give_back(False)
    hand_back(first)
    assert_at_rest(pool)
    pool.close()


def test_stopped_just_when_served() -> None:
    """The slot was granted, but its owner gives up: the next one has it."""
    pool = Pool(max_sockets=1)
    first = borrow(pool)
    scope = Scope(None, stoppable=True)
    doomed, next_one = Lease(pool, route()), Lease(pool, route())
    errand = in_thread(doomed.take, scope)
    wait_for_waiters(pool, 1)
    waiting = in_thread(next_one.take, Scope(10.0))
    wait_for_waiters(pool, 2)
    with scope._lock:  # type: ignore[union-attr]  # its owner can't leave wait() before both have happened
        hand_back(first)
        scope.stop("late")
    with pytest.raises(Stopped):
        errand.result()
    doomed.give_back(False)
    assert waiting.result() is next_one.connection
    next_one.give_back(False)
    assert_at_rest(pool)


def test_waking_without_a_slot_is_no_slot() -> None:
    class Impatient(Scope):
        waits = 0

        def wait(self, event: Any, seconds: Optional[float] = None) -> bool:
            self.waits += 1
            if self.waits < 4:
                return False
            raise DeadlineExceeded("over")

    pool = Pool(max_sockets=1)
    first = borrow(pool)
    lease = Lease(pool, route())
    with pytest.raises(DeadlineExceeded):
        lease.take(Impatient())
    assert lease.connection is None
    lease.give_back(False)
    first.give_back(False)
    assert_at_rest(pool)


def test_give_back_twice() -> None:
    pool = Pool(max_sockets=2)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    hand_back(lease)
    other = borrow(pool)
    assert connection_of(other).sock is stream
    lease.give_back(True)
    lease.give_back(False)
    assert not is_closed(stream) and connection_of(other).sock is stream
    third = borrow(pool)
    with pytest.raises(DeadlineExceeded):
        Lease(pool, route()).take(Scope(0.01))
    other.give_back(False)
    other.give_back(True)
    third.give_back(False)
    assert_at_rest(pool)


def test_the_first_giving_back_counts() -> None:
    pool = Pool()
    lease = borrow(pool)
    with pool._lock:
        hand_back(lease)
        lease.give_back(False)
    pool._tidy()
    assert pool.idle_connections == 1
    pool.close()


def test_a_lease_that_took_nothing() -> None:
    pool = Pool(max_sockets=1)
    Lease(pool, route()).give_back(False)
    Lease(pool, route()).give_back(True)
    assert_at_rest(pool)


def test_a_forgotten_lease_ends() -> None:
    pool = Pool(max_sockets=1)
    lease = borrow(pool)
    stream = connection_of(lease).sock
    del lease
    gc.collect()
    assert is_closed(stream)
    borrow(pool).give_back(False)
    assert_at_rest(pool)


# -- finalizers --------------------------------------------------------------------------------------


class Cycle:
    """Garbage that gives a lease back when it is collected."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.me = self

    def __del__(self) -> None:
        self.lease.give_back(False)


@pytest.fixture
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a slot waits to be told."""
    monkeypatch.setattr(pool_module, "PATIENCE", 60.0)


def test_given_back_while_the_lock_is_held(no_second_look: None) -> None:
    pool = Pool(max_sockets=1)
    lease = borrow(pool)
    waiter = Lease(pool, route())
    errand = in_thread(waiter.take, Scope(10.0))
    wait_for_waiters(pool, 1)
    with pool._lock:
        lease.give_back(False)
        assert list(pool._returned) == [lease]
    pool.close_idle()  # whoever lets the lock go tidies up
    assert errand.result() is waiter.connection
    waiter.give_back(False)
    assert_at_rest(pool)


@pytest.mark.parametrize("place", ["_pick", "_admit", "_recount", "_expire", "_grant", "_absorb"])
def test_collected_while_the_lock_is_held(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(max_free_sockets=1)
    original = getattr(Pool, place)
    collected = []

    def collecting(self: Pool, *args: Any) -> Any:
        if not collected:
            collected.append(Cycle(borrow_unlocked[0]))
            collected[0] = None
            gc.collect()
        return original(self, *args)

    pool.max_sockets = 3
    borrow_unlocked = [borrow(pool)]
    lease = borrow(pool)
    spare = borrow(pool)
    waiter = Lease(pool, route())
    errand = in_thread(waiter.take, Scope(10.0))
    wait_for_waiters(pool, 1)
    gc.disable()
    try:
        monkeypatch.setattr(Pool, place, collecting)
        hand_back(lease)
        hand_back(spare)
        pool._next_sweep = 0.0
        hand_back(borrow(pool, route("b.test")))
    finally:
        gc.enable()
    assert collected == [None]
    errand.result()
    waiter.give_back(False)
    borrow_unlocked.clear()
    pool.close()
    assert_at_rest(pool)


def test_collected_while_another_is_served(no_second_look: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the lock tidies up after letting it go, for nobody may come for a long time."""
    pool = Pool(max_sockets=1)
    doomed = [Cycle(borrow(pool))]
    waiter = Lease(pool, route())
    errand = in_thread(waiter.take, Scope(10.0))
    wait_for_waiters(pool, 1)
    original = Pool._admit

    def collecting(self: Pool, *args: Any) -> bool:
        doomed.clear()
        gc.collect()
        return original(self, *args)

    monkeypatch.setattr(Pool, "_admit", collecting)
    other = Lease(pool, route("b.test"))
    other.take(Scope(5.0))
    errand.result()
    waiter.give_back(False)
    other.give_back(False)
    assert_at_rest(pool)


def test_given_back_at_any_line_of_ones_own_wait(no_second_look: None) -> None:
    """As a finalizer or a signal handler may do it: nothing waits for a lock of its own thread."""
    from miniaxios.wire import scope as scope_module

    from .torture import interrupted

    pool = Pool(max_sockets=1)
    for at in range(1, 10_000):
        first = borrow(pool)
        lease = Lease(pool, route())

        def give_back(lease: Lease = first) -> None:
            lease.give_back(False)

        def take(lease: Lease = lease) -> None:
            lease.take(Scope(1.0))

        try:
            reached = interrupted(take, (pool_module, scope_module, threading), at, give_back)
        except DeadlineExceeded:
            reached = False  # it waits in C code by then
        lease.give_back(False)
        first.give_back(False)
        assert_at_rest(pool)
        if not reached:
            break
    assert at > 20


def as_requests_do(pool: Pool) -> None:
    """All that requests do with a pool, by the shorter way and the longer one."""
    hand_back(borrow(pool))
    connection = pool.borrow(route()) or opened(pool)
    pool.keep(connection, pool.generation)
    hand_back(pool.adopt(pool.borrow(route()) or opened(pool), pool.generation))
    pool._next_sweep = 0.0
    pool.keep(pool.borrow(route()) or opened(pool), pool.generation)


def ask_shortly(pool: Pool) -> None:
    """Where the one slot is taken by what was interrupted, there is none to wait for."""
    try:
        hand_back(borrow(pool, scope=Scope(0.002)))
    except DeadlineExceeded:
        gc.collect()


@pytest.mark.parametrize(
    "most, action", [(None, as_requests_do), (1, ask_shortly), (None, Pool.close), (1, Pool.close), (None, Pool.close_idle)]
)
def test_a_signal_handler_may_use_the_pool_at_any_line_of_it(action: Any, most: Optional[int]) -> None:
    from miniaxios.wire import lease as lease_module

    from .torture import finishes, interrupted

    pool = Pool(max_sockets=most)

    def work() -> None:
        as_requests_do(pool)
        pool.close()

    def at_each_line() -> int:
        for at in range(1, 10_000):
            if not interrupted(work, (pool_module, lease_module), at, lambda: action(pool)):
                return at
            pool.close()
            assert_at_rest(pool)
            assert not FakeStream.alive and not FakeStream.forgotten
        raise AssertionError("no end")

    lines, error = finishes(at_each_line, 60.0)
    if error is not None:
        raise error
    assert lines > 100


def test_a_connection_that_was_one_too_many_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(max_sockets=1)
    original = Pool._admit

    def admitting(self: Pool, *args: Any) -> bool:
        monkeypatch.setattr(Pool, "_admit", original)
        hand_back(borrow(pool))
        return original(self, *args)

    monkeypatch.setattr(Pool, "_admit", admitting)
    hand_back(borrow(pool))
    assert pool.idle_connections == len(FakeStream.alive) == 1
    pool.close()
    assert_at_rest(pool)


def test_an_idle_connection_is_closed_that_a_handler_could_not_close_at_once() -> None:
    pool, way = Pool(), route()
    stream = kept(pool, way)
    original = Pool._pick

    def picking(self: Pool, *args: Any) -> Any:
        self.close()  # as a handler of SIGTERM would
        assert not is_closed(stream)
        return original(self, *args)

    pool._next_sweep = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pool, "_pick", picking)
        assert pool.borrow(route("b.test")) is None
        assert not is_closed(stream)
        lease = borrow(pool, route("c.test"))
    assert is_closed(stream)
    lease.give_back(False)
    assert_at_rest(pool)


def test_another_thread_that_uses_the_pool_is_waited_for() -> None:
    pool, way = Pool(), route()
    stream = kept(pool, way)
    with pool._lock:
        errand = in_thread(pool.borrow, way)
    connection = errand.result()
    assert connection.sock is stream
    connection.close()


def test_collected_inside_ones_own_wait() -> None:
    """The waiting thread itself runs the finalizer that frees its slot."""

    class Collecting(Scope):
        def wait(self, event: Any, seconds: Optional[float] = None) -> bool:
            doomed.clear()
            gc.collect()
            return super().wait(event, seconds)

    pool = Pool(max_sockets=1)
    doomed = [Cycle(borrow(pool))]
    lease = Lease(pool, route())
    lease.take(Collecting(5.0))
    lease.give_back(False)
    assert_at_rest(pool)


# -- interrupts --------------------------------------------------------------------------------------

POOL_FILES = ("wire/pool.py", "wire/lease.py", "wire/connection.py")


def run_interrupted(scenario: Any, check: Any) -> int:
    """Run the scenario once for each step in the pool's files, interrupted there; the number of steps."""
    at = 0
    gc.disable()  # a finalizer would swallow the interrupt, and print it
    try:
        while True:
            state = scenario()
            interruption = Interruption(at, POOL_FILES)
            try:
                with interruption:
                    next(state)
            except Interrupt:
                pass
            except StopIteration:
                pass
            state.close()
            del state
            if not interruption.reached:
                return at
            check()
            at += 1
    finally:
        gc.enable()


def unraisable_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt inside a finalizer can only be printed."""
    monkeypatch.setattr("sys.unraisablehook", lambda details: None)


def test_interrupted_anywhere_no_slot_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable_is_fine(monkeypatch)
    pool = Pool(max_sockets=1, idle_timeout=1000.0)

    def scenario() -> Iterator[None]:
        lease = Lease(pool, route())
        scope = Scope(5.0)
        try:
            connection = lease.take(scope)
            if connection.sock is None:
                connection.sock = FakeStream(scope)
            connection.reclaim()
            lease.give_back(True)
        except BaseException:
            lease.give_back(False)
            raise
        yield

    def check() -> None:
        borrow(pool, scope=Scope(0.5)).give_back(False)
        pool.close_idle()
        assert_at_rest(pool, True)
        assert not FakeStream.alive

    def warm() -> Iterator[None]:
        hand_back(borrow(pool))
        return scenario()

    assert run_interrupted(scenario, check) > 30
    assert run_interrupted(warm, check) > 30


def test_interrupted_while_others_wait_and_close(monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable_is_fine(monkeypatch)
    monkeypatch.setattr(pool_module, "PATIENCE", 0.01)
    pool = Pool(max_sockets=1, max_free_sockets=1)
    waiters: List[Tuple[Lease, Any]] = []

    def scenario() -> Iterator[None]:
        hand_back(borrow(pool, route("b.test")))
        first = borrow(pool)
        waiter = Lease(pool, route())
        waiters.append((waiter, in_thread(waiter.take, Scope(5.0))))
        wait_for_waiters(pool, 1)
        return ending(first)

    def ending(first: Lease) -> Iterator[None]:
        try:
            connection_of(first).reclaim()
            first.give_back(True)
            pool.close()
        except BaseException:
            first.give_back(False)
            raise
        yield

    def check() -> None:
        waiter, errand = waiters.pop()
        errand.result()
        waiter.give_back(False)
        borrow(pool, scope=Scope(0.5)).give_back(False)
        pool.close()
        assert_at_rest(pool, True)
        assert not FakeStream.alive

    assert run_interrupted(scenario, check) > 30
    check()


def make_fragile(lease: Lease) -> FakeStream:
    connection_of(lease).sock = made = Fragile(Scope())
    return made


def test_an_interrupt_while_closing_loses_no_slot() -> None:
    """Not even while its traceback keeps everything alive."""
    pool = Pool(max_sockets=1)
    lease = borrow(pool)
    connection_of(lease).close()
    make_fragile(lease)
    with pytest.raises(Interrupt) as caught:
        lease.give_back(False)
    borrow(pool, scope=Scope(0.5)).give_back(False)
    assert_at_rest(pool)
    assert caught.value.args == ("in close",)


def test_an_interrupt_while_closing_many_closes_the_rest() -> None:
    pool = Pool()
    leases = [borrow(pool) for _ in range(4)]
    connection_of(leases[2]).close()
    streams = [make_fragile(lease) if lease is leases[2] else connection_of(lease).sock for lease in leases]
    for lease in leases:
        hand_back(lease)
    with pytest.raises(Interrupt) as caught:
        pool.close()
    assert [is_closed(stream) for stream in streams] == [True] * 4
    assert_at_rest(pool)
    assert caught.value.args == ("in close",)


def test_a_real_signal_while_waiting() -> None:
    pool = Pool(max_sockets=1)
    first = borrow(pool)

    def interrupt(*_: object) -> None:
        raise Interrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    lease = Lease(pool, route())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupt):
            lease.take(Scope(10.0))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    lease.give_back(False)
    first.give_back(False)
    assert_at_rest(pool)


# -- fork --------------------------------------------------------------------------------------------


def in_child(work: Any) -> None:
    """Run ``work`` in a forked child; a failure there fails the test."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork() beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(10)
            work()
            code = 0
        except BaseException as error:
            os.write(write, repr(error).encode()[:1000])
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    assert status == 0, said or status


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@needs_fork
def test_fork_with_a_warm_pool(no_leaks: None) -> None:
    with Server.handler(lambda request: Reply(request.path)) as server, Via(max_sockets=1) as via:
        assert fetch(via, server.url("/warm")) == b"/warm"

        def child() -> None:
            assert via.pool.idle_connections == 0
            for _ in range(2):
                assert fetch(via, server.url("/child")) == b"/child"

        in_child(child)
        assert via.pool.idle_connections == 1
        assert fetch(via, server.url("/parent")) == b"/parent"
    assert [request.peer.index for request in server.requests] == [0, 1, 1, 0]


@needs_fork
def test_fork_while_the_lock_is_held_and_a_lease_is_out() -> None:
    pool = Pool(max_sockets=1)
    lease = borrow(pool)
    stream = connection_of(lease).sock

    def child() -> None:
        other = borrow(pool, scope=Scope(2.0))
        lease.give_back(True)  # of another generation: it must not become one of ours
        assert pool.idle_connections == 0 and is_closed(stream)
        hand_back(other)
        assert pool.idle_connections == 1

    with pool._lock:
        in_child(child)
    assert not is_closed(stream)
    hand_back(lease)
    pool.close()
    assert_at_rest(pool)


# -- many threads ------------------------------------------------------------------------------------


def test_stress_every_answer_belongs_to_its_request(no_leaks: None) -> None:
    def answer(request: Any) -> Reply:
        close = request.path.endswith("7")
        return Reply(request.path, close=close, framing="chunked" if request.path.endswith("3") else "length")

    start = threading.Barrier(50)
    with Server.handler(answer) as server, Via(max_sockets=5) as via:

        def work(number: int) -> None:
            start.wait(10)
            for turn in range(6):
                path = "/%d/%d" % (number, turn * 7 + number)
                if turn == 4 and number % 5 == 0:
                    ask(via, server.url(path)).close()
                else:
                    assert fetch(via, server.url(path)) == path.encode()

        errands = [in_thread(work, number) for number in range(50)]
        for errand in errands:
            errand.result()
        assert via.pool.idle_connections <= 5
        assert_at_rest(via.pool)


def test_max_sockets_on_the_wire(no_leaks: None) -> None:
    lock, busy, most = threading.Lock(), [0], [0]

    def answer(request: Any) -> Reply:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        threading.Event().wait(0.002)
        with lock:
            busy[0] -= 1
        return Reply(request.path)

    with Server.handler(answer) as server, Via(max_sockets=3) as via:
        errands = [in_thread(fetch, via, server.url("/%d" % number)) for number in range(20)]
        assert [errand.result() for errand in errands] == [b"/%d" % number for number in range(20)]
    assert server.connections <= 3 and 1 <= most[0] <= 3


# -- keys on the wire --------------------------------------------------------------------------------


class Shared:
    """Two ways through one pool."""

    def __init__(
        self, pool: Pool, tls: Optional[TLSOptions] = None, local_address: Optional[str] = None
    ) -> None:
        self.pool = pool
        self.tls = tls or TLSOptions()
        self.local_address = local_address


def name_of(request: Any) -> Reply:
    """The common name of the client's certificate."""
    subject = request.peer.sock.getpeercert()["subject"]
    return Reply(dict(pair for row in subject for pair in row)["commonName"])


def test_POOLKEY_1_client_certificates_never_share(no_leaks: None) -> None:
    context = server_context(client_ca=CA)
    context.load_verify_locations(certificate("other-ca"))
    with Server.handler(name_of, tls=context) as server, Via() as via:
        one = Shared(via.pool, TLSOptions(ca=CA, cert=certificate("client"), key=key("client")))
        other = Shared(via.pool, TLSOptions(ca=CA, cert=certificate("other-client"), key=key("other-client")))
        names = [fetch(each, server.url()) for each in (one, other, one, other)]
    assert names[:2] == names[2:] and names[0] != names[1]
    assert server.connections == 2


def test_POOLKEY_1_encrypted_key_and_plain_key_never_share(no_leaks: None) -> None:
    with Server.handler(name_of, tls=server_context(client_ca=CA)) as server, Via() as via:
        plain = Shared(via.pool, TLSOptions(ca=CA, cert=certificate("client"), key=key("client")))
        encrypted = TLSOptions(
            ca=CA, cert=certificate("client"), key=key("client-encrypted"), passphrase=PASSPHRASE
        )
        fetch(plain, server.url())
        fetch(Shared(via.pool, encrypted), server.url())
    assert server.connections == 2


def test_POOLKEY_1_an_unverified_connection_serves_no_verified_call(no_leaks: None) -> None:
    with Server.handler(lambda request: Reply(b"x"), tls="self-signed") as server, Via() as via:
        loose = Shared(via.pool, TLSOptions(reject_unauthorized=False))
        assert fetch(loose, server.url()) == b"x"
        with pytest.raises(TLSError) as caught:
            fetch(Shared(via.pool, TLSOptions(ca=CA)), server.url())
        assert caught.value.code == "DEPTH_ZERO_SELF_SIGNED_CERT"
        assert fetch(loose, server.url()) == b"x"
    assert [request.peer.index for request in server.requests] == [0, 0]


def test_POOLKEY_1_servernames_never_share(no_leaks: None) -> None:
    with Server.handler(lambda request: Reply(request.peer.sni or ""), tls="names") as server, Via() as via:
        for name in ("example.test", "origin.test", "example.test"):
            named = Shared(via.pool, TLSOptions(ca=CA, servername=name))
            assert fetch(named, server.url()) == name.encode()
    assert server.connections == 2


def test_POOLKEY_2_a_mutated_context(no_leaks: None) -> None:
    context = client_context()
    with Server.handler(lambda request: Reply(b"x"), tls="wrong-name") as server, Via() as via:
        way = Shared(via.pool, TLSOptions(context=context))
        context.check_hostname = False
        assert fetch(way, server.url()) == b"x"
        context.check_hostname = True
        with pytest.raises(TLSError):
            fetch(way, server.url())
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        assert fetch(way, server.url()) == b"x"
    assert [request.peer.index for request in server.requests] == [0, 2]


def test_POOLKEY_2_a_context_mutated_between_route_and_handshake(no_leaks: None) -> None:
    """The call is verified by its key, but was not by its handshake: nobody else may have its connection."""
    context = client_context()
    with Server.handler(lambda request: Reply(b"x"), tls="wrong-name") as server, Via() as via:
        way = Shared(via.pool, TLSOptions(context=context))

        def lookup(host: str) -> str:
            context.check_hostname = False
            return "127.0.0.1"

        assert fetch(way, server.url(host="origin.test"), lookup=lookup) == b"x"
        assert via.pool.idle_connections == 0
        context.check_hostname = True
        context.check_hostname = False
    assert server.connections == 1


def test_POOLKEY_1_proxies_and_their_users_never_share(no_leaks: None) -> None:
    with Server.handler(lambda request: Reply(request.path)) as origin, Via() as via:
        with Proxy(auth=("u", "p")) as one, Proxy() as two:
            right = one.url("", userinfo="u:p")
            for proxy, status in (
                (right, 200),
                (one.url("", userinfo="u:q"), 407),
                (one.url(""), 407),
                (two.url(""), 200),
                (None, 200),
                (right, 200),
            ):
                given = False if proxy is None else parse_proxy(proxy)
                response = ask(via, origin.url("/x"), proxy=given)
                assert response.status == status
                response.prepare()
                response.read_all()
            used = [request.peer.index for request in one.requests]
            assert used == [0, 1, 2, 0]
            assert two.connections == 1


def test_POOLKEY_1_socket_paths_never_share(no_leaks: None) -> None:
    with UnixServer.handler(lambda request: Reply(b"one")) as one, Via() as via:
        with UnixServer.handler(lambda request: Reply(b"two")) as two:
            for server, body in ((one, b"one"), (two, b"two"), (one, b"one"), (two, b"two")):
                assert fetch(via, "http://localhost/", socket_path=server.socket_path) == body
            assert (one.connections, two.connections) == (1, 1)


def test_POOLKEY_1_local_addresses_never_share(no_leaks: None) -> None:
    def answer(request: Any) -> Reply:
        return Reply(request.peer.address[0])

    with Server.handler(answer) as server, Via() as via:
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
            try:
                assert fetch(Shared(via.pool, None, address), server.url()) == address.encode()
            except NetworkError as error:
                if error.code == "EADDRNOTAVAIL":
                    pytest.skip("127.0.0.2 is no address here")
                raise
        assert server.connections == 2


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_POOLKEY_1_families_never_share(no_leaks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    original = socket.getaddrinfo

    def both(host: Any, port: Any, family: Any, *args: Any) -> Any:
        return original("::1" if family == socket.AF_INET6 else "127.0.0.1", port, family, *args)

    monkeypatch.setattr(socket, "getaddrinfo", both)

    def answer(request: Any) -> Reply:
        return Reply("6" if ":" in request.peer.address[0] else "4")

    with Server.handler(answer, host="localhost") as server, Via() as via:
        for family in (4, 6, 4):
            assert fetch(via, server.url(host="localhost"), family=family) == b"%d" % family
        assert server.connections == 2


def test_POOLKEY_1_lookups_never_share(no_leaks: None) -> None:
    asked: Dict[str, int] = {}

    def one(host: str) -> str:
        asked["one"] = asked.get("one", 0) + 1
        return "127.0.0.1"

    def other(host: str) -> List[str]:
        asked["other"] = asked.get("other", 0) + 1
        return ["127.0.0.1"]

    with Server.handler(lambda request: Reply(b"x")) as server, Via() as via:
        for lookup in (one, other, one, other):
            fetch(via, server.url(host="origin.test"), lookup=lookup)
        assert server.connections == 2 and asked == {"one": 1, "other": 1}


# -- connections without a lease ---------------------------------------------------------------------


def opened(pool: Pool, way: Optional[Route] = None) -> Connection:
    """A connection that was made without a lease."""
    from miniaxios.wire.connection import Connection

    made = Connection(way or route())
    made.sock = FakeStream(Scope(5.0))
    return made


def kept(pool: Pool, way: Optional[Route] = None) -> Any:
    """The stream of a connection that was made without a lease, and is kept."""
    connection = opened(pool, way)
    stream = connection.sock
    pool.keep(connection, pool.generation)
    return stream


def test_what_is_kept_can_be_borrowed_and_leased() -> None:
    pool, way = Pool(), route()
    assert pool.borrow(way) is None and pool._origins == {}
    stream = kept(pool, way)
    connection = pool.borrow(way)
    assert connection is not None and connection.sock is stream and pool.idle_connections == 0
    assert pool.borrow(way) is None
    pool.keep(connection, pool.generation)
    lease = borrow(pool, way)
    assert connection_of(lease) is connection
    hand_back(lease)
    assert pool.borrow(way) is connection
    pool.keep(connection, pool.generation)
    assert_at_rest(pool)
    pool.close()
    assert is_closed(stream)
    assert_at_rest(pool)


def test_the_last_kept_is_borrowed_first() -> None:
    pool, way = Pool(), route()
    streams = [kept(pool, way) for _ in range(3)]
    borrowed = [pool.borrow(way) for _ in range(3)]
    assert [connection.sock for connection in borrowed if connection] == streams[::-1]
    for connection in borrowed:
        assert connection is not None
        connection.close()


def test_POOLKEY_1_only_by_an_equal_way() -> None:
    pool, way = Pool(), route()
    stream = kept(pool, way)
    for other in (route(family=4), route("b.test"), Route(parse_url("https://a.test:80/"), None, PLAIN)):
        assert pool.borrow(other) is None
    younger = kept(pool, route(family=4))
    connection = pool.borrow(route())  # equal, though not the same, and not the youngest
    assert connection is not None and connection.sock is stream
    pool.keep(connection, pool.generation)
    pool.close()
    assert is_closed(stream) and is_closed(younger)


@pytest.mark.parametrize("settings", [{"keep_alive": False}, {"max_free_sockets": 0}])
def test_nothing_is_kept_without_a_lease_either(settings: Any) -> None:
    pool = Pool(**settings)
    stream = kept(pool)
    assert is_closed(stream) and pool.idle_connections == 0 and pool.borrow(route()) is None
    assert_at_rest(pool)


def test_max_free_sockets_counts_what_was_kept() -> None:
    pool = Pool(max_free_sockets=1)
    streams = [kept(pool, route(f"{name}.test")) for name in "ab"]
    lease = borrow(pool, route("c.test"))
    streams.append(connection_of(lease).sock)
    hand_back(lease)
    streams.append(kept(pool, route("c.test")))
    assert [is_closed(stream) for stream in streams] == [True, True, True, False]
    assert pool.idle_connections == 1
    assert_at_rest(pool)
    pool.close()


@pytest.mark.parametrize("age, is_kept", [(0.0, True), (9.99, True), (10.0, False), (1e9, False), (-50.0, True)])
def test_idle_timeout_of_what_is_borrowed(clock: Clock, age: float, is_kept: bool) -> None:
    pool = Pool(idle_timeout=10.0)
    stream = kept(pool)
    clock.now += age
    connection = pool.borrow(route())
    assert (connection is not None) is is_kept and is_closed(stream) is not is_kept
    if connection is not None:
        connection.close()


def test_old_ones_are_dropped_and_young_ones_borrowed(clock: Clock) -> None:
    pool, way = Pool(idle_timeout=10.0), route()
    old = kept(pool, way)
    clock.now += 9.5  # before the next sweep, so that the look itself has to tell them apart
    young = kept(pool, way)
    pool._next_sweep = clock.now + 100
    clock.now += 0.5
    connection = pool.borrow(way)
    assert connection is not None and connection.sock is young and is_closed(old)
    connection.close()


def test_borrowing_and_nothing_else_sweeps_too(clock: Clock) -> None:
    pool = Pool(idle_timeout=10.0)
    stream = kept(pool, route("a.test"))
    pool.borrow(route("b.test"))
    clock.now += 10.0
    assert pool.borrow(route("b.test")) is None
    assert is_closed(stream)
    assert_at_rest(pool)


@pytest.mark.parametrize("ending", [Pool.close, Pool._forget])
def test_what_was_borrowed_before_the_end_is_not_kept(ending: Any) -> None:
    pool, way = Pool(), route()
    stream, generation = kept(pool, way), pool.generation
    connection = pool.borrow(way)
    assert connection is not None
    ending(pool)
    pool.keep(connection, generation)
    assert is_closed(stream) and pool.idle_connections == 0
    assert_at_rest(pool)
    young = kept(pool, way)
    assert not is_closed(young), "the pool itself goes on"
    pool.close()


def test_an_adopted_connection_becomes_idle() -> None:
    pool, way = Pool(), route()
    for is_borrowed in (False, True):
        connection = pool.borrow(way) if is_borrowed else opened(pool, way)
        assert connection is not None
        lease = pool.adopt(connection, pool.generation)
        assert connection_of(lease) is connection and lease.route is connection.route
        assert [len(origin.leases) for origin in pool._origins.values()] == [1]
        hand_back(lease)
        lease.give_back(False)  # once is enough
        assert pool.idle_connections == 1 and connection.sock is not None
        assert_at_rest(pool)
    pool.close()


def test_an_adopted_connection_that_is_not_reusable_or_forgotten_is_closed() -> None:
    pool = Pool()
    for is_forgotten in (False, True):
        lease: Optional[Lease] = pool.adopt(opened(pool), pool.generation)
        assert lease is not None
        stream = connection_of(lease).sock
        if not is_forgotten:
            lease.give_back(False)
        lease = None
        gc.collect()
        assert is_closed(stream) and pool.idle_connections == 0
        assert_at_rest(pool)


@pytest.mark.parametrize("ending", [Pool.close, Pool._forget])
def test_an_adopted_connection_of_another_time_is_closed(ending: Any) -> None:
    pool = Pool()
    connection, generation = opened(pool), pool.generation
    stream = connection.sock
    ending(pool)
    hand_back(pool.adopt(connection, generation))
    assert is_closed(stream) and pool.idle_connections == 0
    assert_at_rest(pool)


def test_what_comes_back_meanwhile_is_absorbed() -> None:
    """A finalizer may give a lease back while another thread holds the lock: borrowing and keeping tidy up."""
    pool, way = Pool(), route()
    for work in (lambda: pool.borrow(route("b.test")), lambda: pool.keep(opened(pool, way), pool.generation)):
        lease = borrow(pool, way)
        with pool._lock:
            hand_back(lease)
        assert len(pool._returned) == 1
        count = pool.idle_connections
        work()
        assert not pool._returned and pool.idle_connections > count
        assert_at_rest(pool)
    pool.close()


def test_a_forgotten_borrower_leaves_nothing() -> None:
    pool, way = Pool(), route()
    stream = kept(pool, way)
    connection = pool.borrow(way)
    assert connection is not None
    del connection
    gc.collect()
    assert is_closed(stream) and pool.idle_connections == 0


def test_interrupted_anywhere_one_connection_has_one_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable_is_fine(monkeypatch)
    pool, way = Pool(max_free_sockets=1), route()
    other = route("b.test")

    def scenario() -> Iterator[None]:
        kept(pool, way)
        return work()

    def work() -> Iterator[None]:
        connection = pool.borrow(way)
        if connection is not None:
            lease = pool.adopt(connection, pool.generation)
            connection.reclaim()
            lease.give_back(True)
        connection = pool.borrow(way)
        if connection is not None:
            pool.keep(connection, pool.generation)
        pool.keep(opened(pool, other), pool.generation)
        yield

    def check() -> None:
        pool._clear_away()
        idle = [connection for origin in pool._origins.values() for connection in origin.idle]
        assert all(connection.sock is not None for connection in idle)
        assert {id(connection.sock) for connection in idle} == set(map(id, FakeStream.alive))
        assert len(idle) <= 2  # one too many where nobody had the time to count them
        pool.close_idle()
        assert_at_rest(pool, True)
        assert not FakeStream.alive and not FakeStream.forgotten

    assert run_interrupted(scenario, check) > 60
    check()


def test_two_threads_never_borrow_the_same() -> None:
    pool, way = Pool(), route()
    for _ in range(3):
        kept(pool, way)
    owners: Dict[int, int] = {}
    start = threading.Barrier(6)

    def work(number: int) -> int:
        start.wait(10)
        made = 0
        for turn in range(200):
            connection = pool.borrow(way)
            if connection is None:
                connection = opened(pool, way)
                made += 1
            assert owners.setdefault(id(connection), number) == number
            if turn % 3 == 0:
                lease = pool.adopt(connection, pool.generation)
                del owners[id(connection)]
                hand_back(lease)
            elif turn % 7 == 0:
                connection.close()
                del owners[id(connection)]
            else:
                del owners[id(connection)]
                pool.keep(connection, pool.generation)
        return made

    errands = [in_thread(work, number) for number in range(6)]
    for errand in errands:
        errand.result()
    pool._tidy()
    idle = [connection for origin in pool._origins.values() for connection in origin.idle]
    assert len(set(map(id, idle))) == len(idle) and all(connection.sock is not None for connection in idle)
    assert len(FakeStream.alive) == len(idle)
    pool.close()
    assert_at_rest(pool, True)


@needs_fork
def test_fork_while_a_connection_is_borrowed() -> None:
    pool, way = Pool(), route()
    stream, generation = kept(pool, way), pool.generation
    connection = pool.borrow(way)
    assert connection is not None

    def child() -> None:
        assert pool.borrow(way) is None
        assert connection is not None
        pool.keep(connection, generation)
        assert pool.idle_connections == 0 and is_closed(stream)
        young = kept(pool, way)
        assert pool.idle_connections == 1 and not is_closed(young)

    with pool._lock:
        in_child(child)
    pool.keep(connection, generation)
    assert pool.idle_connections == 1 and not is_closed(stream)
    pool.close()
    assert_at_rest(pool)
