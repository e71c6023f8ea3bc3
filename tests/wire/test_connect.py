"""From a name to a connected socket: resolving, racing, and what it is called when it fails."""

from __future__ import annotations

import errno
import gc
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.wire import connect as connect_module
from miniaxios.wire import scope as scope_module
from miniaxios.wire import stream as stream_module
from miniaxios.wire.connect import MAX_RESOLVERS, connect, connect_unix, interleave, resolve
from miniaxios.wire.errors import DeadlineExceeded, InvalidRequest, NetworkError, NotSupported, Stopped
from miniaxios.wire.scope import Scope

from ..support.ports import BlackHole, closed_port, has_ipv6
from ..support.server import Server, UnixServer
from .torture import Elapsed, StopWhenAsked, WatchedScope, client_sockets, finishes, interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

pytestmark = pytest.mark.usefixtures("no_leaks")

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
needs_unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
V4, V6 = socket.AF_INET, socket.AF_INET6


def rows(*addresses: Tuple[str, int]) -> List[Any]:
    """What getaddrinfo gives for these."""
    return [
        (V6, socket.SOCK_STREAM, 6, "", (host, port, 0, 0))
        if ":" in host
        else (V4, socket.SOCK_STREAM, 6, "", (host, port))
        for host, port in addresses
    ]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Dict[bytes, Any]:
    """Names -> what getaddrinfo gives or raises; others go to the real one."""
    table: Dict[bytes, Any] = {}
    real = socket.getaddrinfo

    def fake(host: Any, *arguments: Any, **options: Any) -> Any:
        answer = table.get(host)
        if answer is None:
            return real(host, *arguments, **options)
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return table


@contextmanager
def hanging() -> Iterator[Tuple[Callable[[], Any], threading.Event]]:
    """A resolver's answer that does not come before the block ends, and the event that it was asked."""
    asked, release = threading.Event(), threading.Event()

    def answer() -> Any:
        asked.set()
        release.wait(30)
        return rows(("127.0.0.1", 1))

    try:
        yield answer, asked
    finally:
        release.set()


def failure(call: Callable[[], Any]) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        call()
    return caught.value


# --- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [(None, False), (10.0, False), (None, True)])
@pytest.mark.parametrize(
    "answer, code",
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "ENOTFOUND"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "EAI_AGAIN"),
        (socket.gaierror(socket.EAI_FAIL, "failure"), "ENOTFOUND"),
        ([], "ENOTFOUND"),
        (lambda: [], "ENOTFOUND"),
    ],
)
def test_names_that_do_not_resolve(answer: Any, code: str, limits: Any, resolver: Dict[bytes, Any]) -> None:
    resolver[b"h"] = answer if answer != [] else (lambda: [])
    error = failure(lambda: connect("h", 80, Scope(*limits)))
    assert error.code == code and str(error) == "getaddrinfo %s h" % code
    if isinstance(answer, OSError):
        assert error.errno == answer.errno and error.__cause__ is answer


def test_names_are_asked_for_as_bytes(resolver: Dict[bytes, Any]) -> None:
    """As a str, CPython would load its IDNA codec, which small systems lack."""
    resolver[b"origin.test"] = rows(("127.0.0.1", 1))
    assert resolve("origin.test", 80, Scope(), None, None) == [(V4, ("127.0.0.1", 1))]


def test_addresses_are_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do ``family`` and ``lookup`` touch them, as under Node; and no thread is started."""
    monkeypatch.setattr(connect_module, "_off_thread", lambda *_: pytest.fail("asked"))
    scope = Scope(5.0, True)
    for family in (None, 4, 6):
        assert resolve("127.0.0.1", 80, scope, family, lambda host: "10.0.0.1") == [(V4, ("127.0.0.1", 80))]
    if has_ipv6():
        assert resolve("::1", 80, scope, 4, None)[0][:1] == (V6,)


@pytest.mark.parametrize("family, wanted", [(None, socket.AF_UNSPEC), (4, V4), (6, V6)])
def test_family(family: Optional[int], wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[Any] = []

    def fake(*arguments: Any) -> Any:
        asked.append(arguments)
        return rows(("127.0.0.1", 80))

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    resolve("h", 80, Scope(), family, None)
    assert asked[0][:4] == (b"h", 80, wanted, socket.SOCK_STREAM)


def test_dns_hangs_deadline(resolver: Dict[bytes, Any]) -> None:
    with hanging() as (answer, _):
        resolver[b"h"] = answer
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            connect("h", 80, Scope(0.3))
        assert 0.29 <= took.seconds < 5


@pytest.mark.parametrize("lookup", [False, True])
def test_dns_hangs_stop(lookup: bool, resolver: Dict[bytes, Any]) -> None:
    with hanging() as (answer, asked):
        resolver[b"h"] = answer
        scope = WatchedScope()
        with StopWhenAsked(scope) as stop, pytest.raises(Stopped) as caught:
            connect("h", 80, scope, None, (lambda host: answer()) if lookup else None)
        assert asked.is_set() and stop.delay < 2 and caught.value.reason == "why"


def test_a_late_answer_is_dropped(resolver: Dict[bytes, Any]) -> None:
    with hanging() as (answer, _):
        resolver[b"h"] = answer
        with pytest.raises(DeadlineExceeded):
            resolve("h", 80, Scope(0.05), None, None)
    resolver[b"h"] = rows(("127.0.0.1", 7))
    assert resolve("h", 80, Scope(5.0), None, None) == [(V4, ("127.0.0.1", 7))]


def test_resolving_threads_are_counted(resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_module, "MAX_RESOLVERS", 3)
    with hanging() as (answer, _):
        resolver[b"h"] = answer
        resolver[b"quick"] = rows(("127.0.0.1", 7))
        for _ in range(3):
            with pytest.raises(DeadlineExceeded):
                resolve("h", 80, Scope(0.02), None, None)
        assert sum(thread.name == "resolve" for thread in threading.enumerate()) == 3
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            resolve("quick", 80, Scope(0.2), None, None)
        assert 0.2 <= took.seconds < 5
        scope = WatchedScope()
        with StopWhenAsked(scope) as stop, pytest.raises(Stopped):
            resolve("quick", 80, scope, None, None)
        assert stop.delay < 2
        assert sum(thread.name == "resolve" for thread in threading.enumerate()) == 3
        # Who has neither deadline nor stop-button asks in place, and needs no thread.
        assert resolve("quick", 80, Scope(), None, None) == [(V4, ("127.0.0.1", 7))]
    assert resolve("quick", 80, Scope(5.0), None, None) == [(V4, ("127.0.0.1", 7))]


def test_the_cap_holds_against_a_crowd(resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_module, "MAX_RESOLVERS", 4)
    now, most, lock = [0], [0], threading.Lock()

    def answer() -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.002)
        with lock:
            now[0] -= 1
        return rows(("127.0.0.1", 7))

    resolver[b"h"] = answer
    results: List[Any] = []
    crowd = [
        threading.Thread(target=lambda: results.append(resolve("h", 80, Scope(20.0), None, None)))
        for _ in range(24)
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert len(results) == 24 and most[0] <= 4
    assert not connect_module._resolving
    assert MAX_RESOLVERS == 64


def test_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    error = failure(lambda: resolve("h", 80, Scope(5.0), None, None))
    assert error.code == "EAGAIN"
    assert not connect_module._resolving


def test_keyboard_interrupt_while_resolving_loses_no_place(resolver: Dict[bytes, Any]) -> None:
    resolver[b"h"] = rows(("127.0.0.1", 7))

    def press() -> None:
        raise KeyboardInterrupt

    for at in range(1, 200):
        try:
            if not interrupted(
                lambda: resolve("h", 80, Scope(5.0, True), None, None),
                (connect_module, scope_module),
                at,
                press,
            ):
                break
        except KeyboardInterrupt:
            pass
    assert at > 20
    for thread in threading.enumerate():
        if thread.name == "resolve":
            thread.join(5)
    assert not connect_module._resolving


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_all_places(resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_module, "MAX_RESOLVERS", 1)
    resolver[b"quick"] = rows(("127.0.0.1", 7))
    with hanging() as (answer, _):
        resolver[b"h"] = answer
        with pytest.raises(DeadlineExceeded):
            resolve("h", 80, Scope(0.02), None, None)
        child = os.fork()
        if child == 0:
            try:
                resolve("quick", 80, Scope(5.0), None, None)
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0


# --- lookup --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer, hosts",
    [
        ("127.0.0.1", ["127.0.0.1"]),
        (["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "127.0.0.2"]),
        (("127.0.0.1", "127.0.0.2"), ["127.0.0.1", "127.0.0.2"]),
        (("127.0.0.1", 4), ["127.0.0.1"]),
        (["127.0.0.1", 4], ["127.0.0.1"]),
        ({"address": "127.0.0.1", "family": 4}, ["127.0.0.1"]),
        ([{"address": "127.0.0.1"}, {"address": "127.0.0.2", "family": 4}], ["127.0.0.1", "127.0.0.2"]),
        ([("127.0.0.1", 4), ("127.0.0.2", 4)], ["127.0.0.1", "127.0.0.2"]),
        pytest.param("::1", ["::1"], marks=needs_ipv6),
        pytest.param(["::1", "127.0.0.1"], ["::1", "127.0.0.1"], marks=needs_ipv6),
    ],
)
@pytest.mark.parametrize("limits", [(None, False), (10.0, True)], ids=["in place", "on a thread"])
def test_lookup(answer: Any, hosts: List[str], limits: Any) -> None:
    asked: List[str] = []

    def lookup(host: str) -> Any:
        asked.append(host)
        return answer

    found = resolve("origin.test", 8080, Scope(*limits), None, lookup)
    assert [address[1][:2] for address in found] == [(host, 8080) for host in hosts]
    assert asked == ["origin.test"]


@pytest.mark.parametrize(
    "answer",
    [None, "", "localhost", b"127.0.0.1", 1, ["127.0.0.1", None], {}, {"host": "127.0.0.1"}, [["127.0.0.1"]],
     "١٢٧.0.0.1", "[::1]", "127.0.0.1:80", "1.2.3.4.5", "::1\x00", object()],
)  # fmt: skip
def test_lookup_that_gives_no_address(answer: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        resolve("h", 80, Scope(), None, lambda host: answer)
    assert caught.value.what == "lookup"


def test_lookup_that_gives_nothing_of_use() -> None:
    assert failure(lambda: resolve("h", 80, Scope(), None, lambda host: [])).code == "ENOTFOUND"
    assert failure(lambda: resolve("h", 80, Scope(), 6, lambda host: "127.0.0.1")).code == "ENOTFOUND"
    assert (
        len(resolve("h", 80, Scope(), 4, lambda host: ["::1", "127.0.0.1"] if has_ipv6() else "127.0.0.1"))
        == 1
    )


@pytest.mark.parametrize("limits", [(None, False), (10.0, True)], ids=["in place", "on a thread"])
@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyError("h"), OSError(1, "x"), SystemExit(3)])
def test_what_lookup_raises_is_passed_on(error: BaseException, limits: Any) -> None:
    def lookup(host: str) -> Any:
        raise error

    with pytest.raises(type(error)) as caught:
        connect("h", 80, Scope(*limits), None, lookup)
    assert caught.value is error


# --- the order of addresses ----------------------------------------------------------------------------


ADDRESSES = st.lists(st.tuples(st.sampled_from([V4, V6]), st.integers(0, 20)), max_size=20)


@given(ADDRESSES)
def test_interleave(addresses: List[Any]) -> None:
    """RFC 8305 section 4: nothing lost, each family in its order, the families in turns while both last."""
    ordered = interleave(addresses)
    unique = list(dict.fromkeys(addresses))
    assert sorted(ordered) == sorted(unique)
    for family in (V4, V6):
        assert [a for a in ordered if a[0] == family] == [a for a in unique if a[0] == family]
    assert ordered[:1] == addresses[:1]
    shorter = min(sum(a[0] == family for a in ordered) for family in (V4, V6))
    for first, second in zip(ordered[: 2 * shorter], ordered[1 : 2 * shorter]):
        assert first[0] != second[0]


# --- connecting ----------------------------------------------------------------------------------------


def test_connect_gives_a_blocking_tuned_socket() -> None:
    for scope in (Scope(), Scope(10.0, True)):
        with Server.silent() as server:
            stream = connect("127.0.0.1", server.port, scope)
            assert stream.sock.gettimeout() is None
            assert stream.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert stream.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert stream.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
            assert not stream.sock.get_inheritable()
            if scope.stoppable:
                scope.stop()  # It is nobody's before it is lent.
            assert stream.sock.send(b"x") == 1
            stream.close()


def test_connection_refused() -> None:
    with closed_port() as port:
        for scope in (Scope(), Scope(10.0), Scope(None, True)):
            error = failure(lambda scope=scope: connect("127.0.0.1", port, scope))  # type: ignore[misc]
            assert error.code == "ECONNREFUSED" and error.errno == errno.ECONNREFUSED
            assert str(error) == "connect ECONNREFUSED 127.0.0.1:%d" % port
            assert isinstance(error.__cause__, (ConnectionRefusedError, type(None)))


@needs_ipv6
def test_connection_refused_ipv6() -> None:
    with closed_port("::1") as port:
        assert str(failure(lambda: connect("::1", port, Scope(10.0)))) == "connect ECONNREFUSED ::1:%d" % port


@pytest.mark.parametrize(
    "number", ["EHOSTUNREACH", "ENETUNREACH", "EACCES", "ETIMEDOUT", "EADDRNOTAVAIL", "EAGAIN"]
)
@pytest.mark.parametrize("count", [1, 3])
def test_errors_of_connect(
    number: str, count: int, monkeypatch: pytest.MonkeyPatch, resolver: Dict[bytes, Any]
) -> None:
    def fail(sock: Any, address: Any) -> None:
        attempts.append(address)
        raise OSError(getattr(errno, number), "no")

    attempts: List[Any] = []
    monkeypatch.setattr(socket.socket, "connect", fail)
    resolver[b"h"] = rows(*[("127.0.0.%d" % (n + 1), 80) for n in range(count)])
    with Elapsed() as took:
        error = failure(lambda: connect("h", 80, Scope(20.0, True)))
    assert error.code == number and error.errno == getattr(errno, number)
    assert str(error) == "connect %s 127.0.0.1:80" % number
    assert len(attempts) == count, "all addresses are tried"
    assert took.seconds < 5, "one after the other, without the delay"


def test_a_refusal_tells_more_than_a_missing_route(monkeypatch: pytest.MonkeyPatch, resolver: Dict[bytes, Any]) -> None:
    def fail(sock: Any, address: Any) -> None:
        number = errno.EADDRNOTAVAIL if address[0] == "127.0.0.1" else errno.ECONNREFUSED
        raise OSError(number, "no")

    monkeypatch.setattr(socket.socket, "connect", fail)
    resolver[b"h"] = rows(("127.0.0.1", 80), ("127.0.0.2", 80))
    assert str(failure(lambda: connect("h", 80, Scope(20.0)))) == "connect ECONNREFUSED 127.0.0.2:80"


@pytest.mark.parametrize("number", ["EMFILE", "ENFILE", "EAFNOSUPPORT", "ENOBUFS"])
def test_errors_of_socket(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(getattr(errno, number), "no")

    monkeypatch.setattr(connect_module.socket, "socket", fail)
    error = failure(lambda: connect("127.0.0.1", 80, Scope(20.0)))
    assert error.code == number and str(error) == "connect %s 127.0.0.1:80" % number


EMFILE = """
import resource, socket, sys
sys.path.insert(0, {root!r})
from miniaxios.wire.connect import connect, resolve
from miniaxios.wire.errors import NetworkError
from miniaxios.wire.scope import Scope
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(50)
port = listener.getsockname()[1]
both = lambda host: ["127.0.0.1", "127.0.0.2"]
connect("h", port, Scope(5.0), None, both).close()
resolve("h", port, Scope(5.0), None, both)  # on a thread: to end one, the C library opens a file once
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True: taken.append(socket.socket())
except OSError: pass
for scope in (Scope(), Scope(5.0, True)):
    for lookup in (None, both):
        try: connect("127.0.0.1" if lookup is None else "h", port, scope, None, lookup)
        except NetworkError as error: print(error.code, error)
taken.pop().close()
connect("h", port, Scope(5.0), None, both).close()
print("recovered")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits here")
def test_no_descriptor_left() -> None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", "-c", EMFILE.format(root=root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 5 and lines[-1] == "recovered", done.stdout.decode()
    assert all(line.startswith("EMFILE connect EMFILE 127.0.0.1:") for line in lines[:4])


# --- the race ------------------------------------------------------------------------------------------


@contextmanager
def black_hole_rows(count: int) -> Iterator[List[Any]]:
    holes = [BlackHole() for _ in range(count)]
    entered: List[BlackHole] = []
    try:
        for hole in holes:
            entered.append(hole.__enter__())
        yield rows(*[(hole.host, hole.port) for hole in holes])
    finally:
        for hole in entered:
            hole.__exit__()


@pytest.mark.parametrize("count, stoppable", [(1, True), (1, False), (3, False)])
def test_a_black_hole_deadline(count: int, stoppable: bool, resolver: Dict[bytes, Any]) -> None:
    """One deadline for all addresses together."""
    with black_hole_rows(count) as resolver[b"h"]:
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            connect("h", 80, Scope(0.3, stoppable))
        assert 0.29 <= took.seconds < 3


@pytest.mark.parametrize(
    "count, timeout, moment", [(1, None, 0.0), (1, 60.0, 0.03), (3, None, 0.3), (3, 60.0, 0.03)]
)
def test_a_black_hole_stop(
    count: int, timeout: Optional[float], moment: float, resolver: Dict[bytes, Any]
) -> None:
    with black_hole_rows(count) as resolver[b"h"]:
        scope = WatchedScope(timeout)
        with StopWhenAsked(scope, moment) as stop, pytest.raises(Stopped) as caught:
            connect("h", 80, scope)
        assert stop.delay < 2 and caught.value.reason == "why"


def test_stop_before_connecting() -> None:
    with Server.silent() as server:
        scope = Scope(None, True)
        scope.stop()
        with pytest.raises(Stopped):
            connect("127.0.0.1", server.port, scope)
        assert server.connections == 0


def test_a_stop_that_makes_the_last_attempt_fail_is_a_stop() -> None:
    class Late(Scope):
        """Stopped right after a look that found nothing."""

        def left(self) -> Optional[float]:
            left = super().left()
            if connecting:
                self.stop("late")
            return left

    connecting: List[bool] = []
    real = connect_module.wait_connected

    def watched(*arguments: Any) -> Any:
        ended = real(*arguments)
        connecting.append(True)
        return ended

    with closed_port() as port, pytest.MonkeyPatch.context() as patch:
        patch.setattr(connect_module, "wait_connected", watched)
        with pytest.raises(Stopped):
            connect("127.0.0.1", port, Late(20.0, True))


def test_a_handler_stops_its_own_thread_at_any_line_of_a_connect() -> None:
    """Also between the last look at the scope and the system call: the black hole must not swallow it."""
    with BlackHole() as hole:
        for at in range(1, 500):
            scope = Scope(None, True)
            rescue = threading.Timer(0.3, scope.stop, ["too late"])
            rescue.daemon = True
            rescue.start()

            def run(at: int = at, scope: Scope = scope) -> None:
                modules = (connect_module, scope_module, stream_module)
                interrupted(
                    lambda: connect("127.0.0.1", hole.port, scope), modules, at, lambda: scope.stop("handler")
                )

            _, error = finishes(run)
            rescue.cancel()
            assert type(error) is Stopped
            if error.reason == "too late":
                break  # It slept before the line came: then all lines were tried.
    assert at > 50


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # An object that Ctrl-C finds half-made goes to the collector.
@pytest.mark.parametrize(
    "limits, lines", [((), 20), ((60.0,), 22), ((60.0, True), 40)], ids=["short", "timed", "race"]
)
@pytest.mark.parametrize("lookup", [None, lambda host: ["127.0.0.1", "127.0.0.2"]])
def test_keyboard_interrupt_at_any_line_of_a_connect_leaves_no_socket(
    lookup: Any, limits: Any, lines: int
) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    with Server.silent() as server:
        for at in range(1, 500):
            try:
                reached = interrupted(
                    lambda: connect("h" if lookup else "127.0.0.1", server.port, Scope(*limits), None, lookup).close(),
                    (connect_module, stream_module), at, press,
                )  # fmt: skip
                if not reached:
                    break
            except KeyboardInterrupt:
                pass
            if client_sockets(server.port):
                gc.collect()
            assert client_sockets(server.port) == [], at
        assert at > lines


def test_the_next_address_is_tried_after_a_while(resolver: Dict[bytes, Any]) -> None:
    with black_hole_rows(1) as holes, Server.silent() as server:
        resolver[b"h"] = holes + rows(("127.0.0.1", server.port))
        for scope in (Scope(), Scope(20.0), Scope(None, True)):
            with Elapsed() as took:
                stream = connect("h", 80, scope)
            assert connect_module.ATTEMPT_DELAY <= took.seconds < 5
            assert stream.sock.getpeername() == ("127.0.0.1", server.port)
            stream.close()


def test_the_first_may_still_win(resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow first address that answers before the second, which never does."""
    monkeypatch.setattr(connect_module, "ATTEMPT_DELAY", 0.0)
    with black_hole_rows(2) as holes, Server.silent() as server:
        resolver[b"h"] = holes[:1] + rows(("127.0.0.1", server.port)) + holes[1:]
        stream = connect("h", 80, Scope(20.0))
        assert stream.sock.getpeername() == ("127.0.0.1", server.port)
        stream.close()


@needs_ipv6
def test_one_family_refuses(resolver: Dict[bytes, Any]) -> None:
    with closed_port("::1") as port, Server.silent() as server:
        resolver[b"h"] = rows(("::1", port), ("127.0.0.1", server.port))
        for scope in (Scope(), Scope(20.0, True)):
            with Elapsed() as took:
                stream = connect("h", 80, scope)
            assert stream.sock.getpeername() == ("127.0.0.1", server.port)
            assert took.seconds < 5
            stream.close()


def test_a_failure_starts_the_next_at_once(
    resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an earlier attempt is still under way, too."""
    monkeypatch.setattr(connect_module, "ATTEMPT_DELAY", 1.0)
    real = socket.socket.connect

    def some_fail(sock: Any, address: Any) -> None:
        if address[1] == 1:
            raise OSError(errno.EHOSTUNREACH, "no")
        real(sock, address)

    monkeypatch.setattr(socket.socket, "connect", some_fail)
    with black_hole_rows(1) as holes, Server.silent() as server:
        resolver[b"h"] = rows(("127.0.0.1", 1)) + rows(("127.0.0.2", 1)) + rows(("127.0.0.1", server.port))
        with Elapsed() as took:
            connect("h", 80, Scope(20.0)).close()
        assert took.seconds < 1.0
        resolver[b"h"] = holes + rows(("127.0.0.1", 1)) + rows(("127.0.0.1", server.port))
        with Elapsed() as took:
            connect("h", 80, Scope(20.0)).close()
        assert 1.0 <= took.seconds < 2.0


def test_all_fail_the_first_failure_counts(resolver: Dict[bytes, Any]) -> None:
    with closed_port() as one, closed_port("127.0.0.1") as two:
        resolver[b"h"] = rows(("127.0.0.1", one), ("127.0.0.1", two))
        error = failure(lambda: connect("h", 80, Scope(20.0, True)))
        assert str(error) == "connect ECONNREFUSED 127.0.0.1:%d" % one


def test_losers_are_closed(resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made: List[socket.socket] = []
    real = connect_module._open

    def watched(*arguments: Any) -> socket.socket:
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(connect_module, "_open", watched)
    with black_hole_rows(2) as holes, closed_port() as closed, Server.silent() as server:
        resolver[b"h"] = holes + rows(("127.0.0.1", closed), ("127.0.0.1", server.port))
        stream = connect("h", 80, Scope(20.0, True))
        assert len(made) == 4
        assert [sock.fileno() == -1 for sock in made] == [True, True, True, False]
        stream.close()
        with pytest.raises(DeadlineExceeded):
            resolver[b"h"] = holes
            connect("h", 80, Scope(0.3))
        assert all(sock.fileno() == -1 for sock in made)


def test_losers_are_open_while_a_stop_may_reach_them(
    resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed earlier, their numbers could be other sockets' when the stop comes."""
    open_when_detached: List[bool] = []
    made: List[socket.socket] = []
    real = connect_module._open

    def watched(*arguments: Any) -> socket.socket:
        made.append(real(*arguments))
        return made[-1]

    class Noting(WatchedScope):
        def detach(self) -> bool:
            open_when_detached.extend(sock.fileno() != -1 for sock in made)
            return super().detach()

    scope = Noting(20.0)
    monkeypatch.setattr(connect_module, "_open", watched)
    with closed_port() as closed, Server.silent() as server:
        resolver[b"h"] = rows(("127.0.0.1", closed), ("127.0.0.1", server.port))
        connect("h", 80, scope).close()
    assert open_when_detached[-2:] == [True, True]


def test_the_race_without_poll(resolver: Dict[bytes, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(stream_module.select, "poll")
    with closed_port() as closed, black_hole_rows(1) as holes, Server.silent() as server:
        resolver[b"h"] = rows(("127.0.0.1", closed)) + holes + rows(("127.0.0.1", server.port))
        connect("h", 80, Scope(20.0)).close()
        with pytest.raises(DeadlineExceeded):
            resolver[b"h"] = holes
            connect("h", 80, Scope(0.1))


@pytest.mark.parametrize("count", [1, 2])
def test_stop_where_a_shutdown_wakes_no_connect(
    count: int, resolver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect_module, "SLICE", 0.05)
    monkeypatch.setattr(connect_module, "interrupt", lambda sock: None)
    with black_hole_rows(count) as resolver[b"h"]:
        scope = WatchedScope()
        with StopWhenAsked(scope, 0.1) as stop, pytest.raises(Stopped):
            connect("h", 80, scope)
        assert stop.delay < 2


def test_the_longest_timeout() -> None:
    with Server.silent() as server:
        for timeout in (2.0**31, 1e12, float("inf")):
            connect("127.0.0.1", server.port, Scope(timeout, True)).close()
            connect("localhost", server.port, Scope(timeout), 4).close()


# --- local_address -------------------------------------------------------------------------------------


def test_local_address() -> None:
    with Server.silent() as server:
        stream = connect("127.0.0.1", server.port, Scope(10.0), local_address="127.0.0.3")
        assert stream.sock.getsockname()[0] == "127.0.0.3"
        stream.close()
        error = failure(lambda: connect("127.0.0.1", server.port, Scope(10.0), local_address="192.0.2.77"))
        assert error.code == "EADDRNOTAVAIL"
        for name in ("localhost", "", "127.0.0.1:80", "x\0"):
            with pytest.raises(InvalidRequest):
                connect("127.0.0.1", server.port, Scope(10.0), local_address=name)


def test_local_address_chooses_the_family(resolver: Dict[bytes, Any]) -> None:
    with Server.silent() as server:
        resolver[b"h"] = rows(("::1", server.port), ("127.0.0.1", server.port))
        stream = connect("h", 80, Scope(10.0), local_address="127.0.0.1")
        assert stream.sock.family == V4
        stream.close()
        resolver[b"h"] = rows(("::1", server.port))
        error = failure(lambda: connect("h", 80, Scope(10.0), local_address="127.0.0.1"))
        assert error.code == "EINVAL" and str(error) == "bind EINVAL 127.0.0.1"


# --- Unix sockets --------------------------------------------------------------------------------------


@needs_unix
def test_unix_socket() -> None:
    with UnixServer(lambda conn: conn.send(conn.read_exactly(4).upper())) as server:
        for scope in (Scope(), Scope(10.0, True)):
            stream = connect_unix(server.socket_path, scope)
            stream.sendall(b"ping")
            assert stream.receive() == b"PING"
            stream.close()


@needs_unix
def test_unix_socket_errors(tmp_path: Any) -> None:
    missing = str(tmp_path / "none")
    error = failure(lambda: connect_unix(missing, Scope(5.0)))
    assert error.code == "ENOENT" and str(error) == "connect ENOENT " + missing
    plain = tmp_path / "file"
    plain.write_bytes(b"")
    assert failure(lambda: connect_unix(str(plain), Scope(5.0))).code == "ECONNREFUSED"
    assert failure(lambda: connect_unix("/" + "x" * 200, Scope(5.0))).code == "ERR_NETWORK"
    assert failure(lambda: connect_unix("/tmp/\ud800", Scope(5.0))).code == "ERR_NETWORK"


def test_no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    with pytest.raises(NotSupported):
        connect_unix("/x", Scope())


@needs_unix
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
def test_a_full_unix_backlog(tmp_path: Any) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        first = connect_unix(path, Scope(5.0))
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            connect_unix(path, Scope(0.2))
        assert 0.19 <= took.seconds < 5
        scope = WatchedScope()
        with StopWhenAsked(scope) as stop, pytest.raises(Stopped):
            connect_unix(path, scope)
        assert stop.delay < 2
        accepted: List[socket.socket] = []
        threading.Timer(0.1, lambda: accepted.append(listener.accept()[0])).start()
        second = connect_unix(path, Scope(10.0))
        for end in (first, second, *accepted):
            end.close()
