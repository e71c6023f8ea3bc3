"""Deadlines and cancellation in every phase of a call, through the public API."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from miniaxios import AbortController, AbortSignal, Agent, AxiosError, CancelToken, axios
from tests.support.proxy import Proxy
from tests.support.server import BlackHole, Peer, Reply, Server
from tests.support.tls import CA

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


# -- phases ------------------------------------------------------------------------------------------


class Phase:
    """A call that hangs: ``reached`` is set when it does (or all but)."""

    def __init__(self, *servers, url, reached, **options):
        self.servers = servers
        self.url = url
        self.reached = reached
        self.options = options


def signalled(script):
    """The script, and an event that is set once it begins."""
    event = threading.Event()

    def run(conn):
        event.set()
        script(conn)

    return run, event


def after_request(script):
    event = threading.Event()

    def run(conn):
        conn.read_request()
        event.set()
        script(conn)

    return run, event


def in_dns(enter):
    event, over = threading.Event(), threading.Event()

    def lookup(name):
        event.set()
        over.wait(20)
        return "127.0.0.1"

    return Phase(url="http://name.test/", reached=event, lookup=lookup, release=over.set)


def in_connect(enter):
    hole = enter(BlackHole())
    event = threading.Event()
    event.set()  # nobody sees it begin
    return Phase(url=hole.url(), reached=event)


def in_pool(enter):
    script, event = after_request(Peer.hold)
    server = enter(Server(script))
    agent = enter(Agent(max_sockets=1))
    source = CancelToken.source()
    first = threading.Thread(target=failed, args=(axios.get, server.url()), kwargs={"http_agent": agent, "cancel_token": source.token})
    first.start()
    assert event.wait(5)

    def release():
        source.cancel()
        first.join()

    return Phase(url=server.url("/second"), reached=event, http_agent=agent, release=release)


def in_tls(enter):
    script, event = signalled(Peer.hold)
    server = enter(Server(script))
    return Phase(server, url="https://127.0.0.1:%d/" % server.port, reached=event)


def in_tls_drip(enter):
    script, event = signalled(lambda conn: conn.drip([b"\x16", b"\x03", b"\x03", b"\x40", b"\x00"] + [b"\x02"] * 9999, 0.02))
    server = enter(Server(script))
    return Phase(server, url="https://127.0.0.1:%d/" % server.port, reached=event)


def in_proxy(enter):
    script, event = signalled(Peer.hold)
    proxy = enter(Proxy(connect=script))
    return Phase(proxy, url="https://origin.test/", proxy=proxy.url(""), reached=event)


def in_proxy_drip(enter):
    script, event = signalled(lambda conn: conn.drip([b"HTTP/1.1 200 OK\r\nX: "] + [b"x"] * 9999, 0.02))
    proxy = enter(Proxy(connect=script))
    return Phase(proxy, url="https://origin.test/", proxy=proxy.url(""), reached=event)


def in_https_proxy(enter):
    script, event = signalled(Peer.hold)
    server = enter(Server(script))
    return Phase(server, url="http://origin.test/", proxy="https://127.0.0.1:%d" % server.port, reached=event)


def in_upload(enter):
    def script(conn):
        conn.read_head()
        event.set()
        conn.server.closing.wait(20)  # reads no more

    event = threading.Event()
    server = enter(Server(script))
    return Phase(server, url=server.url(), method="post", data=bytes(50 << 20), reached=event)


def in_upload_source(enter):
    """The body's source dawdles: the deadline is looked at between its pieces."""
    script, event = signalled(Peer.hold)
    server = enter(Server(script))

    def pieces():
        for _ in range(2000):
            time.sleep(0.01)
            yield b"x"

    return Phase(server, url=server.url(), method="post", data=pieces(), reached=event)


def in_wait(enter):
    script, event = after_request(Peer.hold)
    server = enter(Server(script))
    return Phase(server, url=server.url(), reached=event)


def in_body(enter):
    def script(conn):
        conn.send(HEAD)
        event.set()
        conn.hold()

    run, event = after_request(script)
    server = enter(Server(run))
    return Phase(server, url=server.url(), reached=event)


def in_tls_wait(enter):
    script, event = after_request(Peer.hold)
    server = enter(Server(script, tls=True))
    return Phase(server, url=server.url(host="localhost"), reached=event)


def dripping(pieces):
    def phase(enter):
        script, event = after_request(lambda conn: conn.drip(pieces, 0.02))
        server = enter(Server(script))
        return Phase(server, url=server.url(), reached=event)

    return phase


def in_chain(enter):
    event = threading.Event()

    def answer(request):
        request.peer.pause(0.02)
        if len(request.target) > 4:
            event.set()
        return Reply.redirect(request.target + "x")

    server = enter(Server.handler(answer))
    return Phase(server, url=server.url("/"), reached=event, max_redirects=100000)


PHASES = {
    "dns": in_dns,
    "connect": in_connect,
    "pool": in_pool,
    "tls": in_tls,
    "tls drip": in_tls_drip,
    "proxy": in_proxy,
    "proxy drip": in_proxy_drip,
    "tls to the proxy": in_https_proxy,
    "upload": in_upload,
    "source": in_upload_source,
    "wait": in_wait,
    "wait over tls": in_tls_wait,
    "status drip": dripping([b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1"] + [b" "] * 3 + [b"x"] * 9999),
    "head drip": dripping([b"HTTP/1.1 200 OK\r\nX: "] + [b"x"] * 9999),
    "interim drip": dripping([b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 103 Early\r\nX: "] + [b"y"] * 9999),
    "body": in_body,
    "body drip": dripping([HEAD] + [b"x"] * 9998),
    "chunk drip": dripping([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"] + [b"x"] * 4000),
    "close drip": dripping([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"] + [b"x"] * 9999),
    "gzip drip": dripping([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0"] + [b"x"] * 9900),
    "error body drip": dripping([b"HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\n"] + [b"x"] * 9998),
    "redirect chain": in_chain,
}


@pytest.fixture
def enter():
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield stack.enter_context


def start(phase, enter):
    options = dict(phase.options)
    release = options.pop("release", None)
    if "http_agent" not in options:
        agent = enter(Agent(ca=CA))
        options.update(http_agent=agent, https_agent=agent)

    return options, release or (lambda: None)


@pytest.mark.parametrize("name", sorted(PHASES))
def test_FLOOD_4_the_deadline_holds(no_leaks, enter, name):
    phase = PHASES[name](enter)
    options, finish = start(phase, enter)
    started = time.monotonic()
    error = failed(axios.request, phase.url, timeout=300, **options)
    elapsed = time.monotonic() - started
    assert (error.code, str(error)) == ("ECONNABORTED", "timeout of 300ms exceeded")
    assert isinstance(error, TimeoutError) and error.response is None and error.request is not None
    assert 0.29 <= elapsed < 5
    if name != "upload":  # its script does not look
        assert all(server.wait_gone() for server in phase.servers)
    finish()


@pytest.mark.parametrize("how", ["token", "signal"])
@pytest.mark.parametrize("name", sorted(PHASES))
def test_cancel_in_any_phase(no_leaks, enter, name, how):
    phase = PHASES[name](enter)
    options, finish = start(phase, enter)
    source, controller = CancelToken.source(), AbortController()
    if how == "token":
        options["cancel_token"] = source.token
    else:
        options["signal"] = controller.signal
    pressed = []

    def press():
        assert phase.reached.wait(5)
        time.sleep(0.03)  # from "about to block" to "blocked"
        pressed.append(time.monotonic())
        source.cancel("enough") if how == "token" else controller.abort("reason")

    thread = threading.Thread(target=press)
    thread.start()
    error = failed(axios.request, phase.url, **options)
    elapsed = time.monotonic() - pressed[0]
    thread.join()
    assert axios.is_cancel(error) and error.code == "ERR_CANCELED" and not isinstance(error, OSError)
    assert error.message == ("enough" if how == "token" else "canceled")
    assert (error is source.token.reason) is (how == "token")
    assert elapsed < 2
    if name != "upload":
        assert all(server.wait_gone() for server in phase.servers)
    assert not source.token._switch.is_watched and not controller.signal._switch.is_watched
    finish()


@pytest.mark.parametrize("name", ["dns", "wait", "body drip", "pool"])
def test_abort_signal_timeout_is_a_cancellation(no_leaks, enter, name):
    phase = PHASES[name](enter)
    options, finish = start(phase, enter)
    started = time.monotonic()
    error = failed(axios.request, phase.url, signal=AbortSignal.any([AbortSignal.timeout(200)]), **options)
    assert axios.is_cancel(error) and 0.19 <= time.monotonic() - started < 5
    finish()


# -- before, after, between --------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["token", "signal"])
def test_cancelled_before_the_start_nothing_is_sent(how):
    source = CancelToken.source()
    source.cancel("early")
    options = {"cancel_token": source.token} if how == "token" else {"signal": AbortSignal.abort()}
    with Server.silent() as server:
        error = failed(axios.get, server.url(), **options)
        assert axios.is_cancel(error) and server.connections == 0
        assert error.message == ("early" if how == "token" else "canceled")


def test_a_finished_response_is_not_touched(no_leaks):
    source = CancelToken.source()
    with Server.handler(lambda request: Reply(b"ok")) as server, Agent() as agent:
        response = axios.get(server.url(), cancel_token=source.token, http_agent=agent)
        source.cancel()
        assert response.data == "ok"
        assert axios.get(server.url(), http_agent=agent).data == "ok" and server.connections == 1


def test_both_a_token_and_a_signal(no_leaks):
    source, controller = CancelToken.source(), AbortController()
    with Server(Peer.hold) as server, Agent() as agent:
        options = {"cancel_token": source.token, "signal": controller.signal, "http_agent": agent}
        threading.Timer(0.05, controller.abort).start()
        assert failed(axios.get, server.url(), **options).message == "canceled"
        assert source.token.reason is None and not source.token._switch.is_watched


def test_cancel_from_a_callback(no_leaks):
    source = CancelToken.source()
    with Server(Peer.hold) as server, Agent() as agent:
        for name in ("on_upload_progress", "lookup"):
            source = CancelToken.source()

            def callback(argument, source=source):
                source.cancel("from within")
                return "127.0.0.1"

            error = failed(
                axios.post, server.url("/", host="n.test"), b"x" * 100000, cancel_token=source.token, http_agent=agent,
                **{"lookup": lambda name: "127.0.0.1", name: callback},
            )  # fmt: skip
            assert error.message == "from within"


def depth_of(error):
    depth, frame = 0, error.__traceback__
    while frame is not None:
        depth, frame = depth + 1, frame.tb_next
    return depth


def test_one_token_for_many_requests_and_its_reason_stays_small(no_leaks):
    source = CancelToken.source()
    errors = []
    with Server(Peer.hold) as server, Agent() as agent:

        def work():
            errors.append(failed(axios.get, server.url(), cancel_token=source.token, http_agent=agent))

        threads = [threading.Thread(target=work) for _ in range(24)]
        for thread in threads:
            thread.start()
        server.wait_connections(24)
        source.cancel("all")
        for thread in threads:
            thread.join()
        assert depth_of(source.token.reason) < 60
        for _ in range(20):
            errors.append(failed(axios.get, server.url(), cancel_token=source.token, http_agent=agent))
    assert len(errors) == 44 and all(error is source.token.reason for error in errors)
    assert depth_of(source.token.reason) < 60 and source.token.reason.__cause__ is None


def test_many_requests_leave_nothing_on_their_token(no_leaks):
    source, controller = CancelToken.source(), AbortController()
    agent = Agent()
    with agent, Server.handler(lambda request: Reply(b"ok", 404 if "bad" in request.target else 200)) as server:
        for turn in range(200):
            options = {"cancel_token": source.token, "signal": controller.signal, "http_agent": agent}
            if turn % 4 == 0:
                failed(axios.get, server.url("/bad"), **options)
            elif turn % 4 == 1:
                axios.get(server.url(), response_type="stream", **options).data.read()
            elif turn % 4 == 2:
                axios.get(server.url(), response_type="stream", **options).data.close()
            else:
                axios.get(server.url(), **options)
            assert not source.token._switch.is_watched and not controller.signal._switch.is_watched
    assert source.token._switch._listeners == {} and controller.signal._switch._listeners == {}


def boom(*arguments):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "options",
    [
        {"lookup": boom}, {"on_upload_progress": boom}, {"on_download_progress": boom}, {"before_redirect": boom},
        {"validate_status": boom}, {"transform_response": [boom]}, {"params_serializer": boom, "params": {"a": 1}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("response_type", [None, "stream"])
def test_callbacks_that_raise_leave_nothing_on_the_token(no_leaks, options, response_type):
    source = CancelToken.source()
    with Server.routes({"/": Reply.redirect("/x", 307), "/x": Reply(b"x")}) as server, Agent() as agent:
        url = server.url("/", host="n.test" if "lookup" in options else None)
        with pytest.raises(ZeroDivisionError):
            options = {"response_type": response_type, "cancel_token": source.token, "http_agent": agent, **options}
            axios.post(url, b"body", **options).data.read()
        assert not source.token._switch.is_watched


def test_an_uncancelled_request_pays_no_thread(no_leaks, monkeypatch):
    def start(self):
        raise AssertionError("a thread was started")

    with Server.handler(lambda request: Reply(b"ok")) as server, Agent() as agent:
        axios.get(server.url(), http_agent=agent)
        monkeypatch.setattr(threading.Thread, "start", start)
        assert axios.get(server.url(), http_agent=agent, cancel_token=CancelToken.source().token, timeout=9999).data == "ok"


# -- what time does not do ---------------------------------------------------------------------------


def test_a_slow_but_steady_answer_is_in_time():
    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        conn.drip(b"x" * 20, 0.01)

    for timeout in (0, None, 30000):
        with Server(script) as server:
            assert axios.get(server.url(), timeout=timeout).data == "x" * 20


@pytest.mark.parametrize("timeout", [-1, "100", True, float("nan"), float("inf"), [1], {}])
def test_CONFIG_2_odd_timeouts(timeout):
    error = failed(axios.get, "http://h/", timeout=timeout)
    assert error.code == "ERR_BAD_OPTION_VALUE"


def test_a_clock_that_jumps_changes_nothing(monkeypatch):
    with Server.handler(lambda request: Reply(b"ok")) as server:
        monkeypatch.setattr(time, "time", lambda: 0.0)
        assert axios.get(server.url(), timeout=20000).data == "ok"


def test_QUEUE_2_after_a_timeout_in_the_body_the_connection_is_not_used_again(no_leaks):
    late = threading.Event()

    def script(conn):
        if conn.read_request().target == "/late":
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhalf")
            conn.wait(late)
            with pytest.raises((OSError, AssertionError)):
                for _ in range(100):
                    conn.send(b"HTTP/1.1 200 EVIL\r\n\r\n")
                    conn.pause(0.01)
                raise AssertionError
            return
        conn.respond(body=b"good")

    with Agent() as agent, Server(script) as server:
        assert failed(axios.get, server.url("/late"), timeout=100, http_agent=agent).code == "ECONNABORTED"
        late.set()
        assert axios.get(server.url("/next"), http_agent=agent, timeout=20000).data == "good"


def test_threads_in_the_resolver_end(no_leaks, monkeypatch):
    over = threading.Event()
    original = socket.getaddrinfo

    def resolve(*arguments):
        over.wait(20)
        return original(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for _ in range(3):
        assert failed(axios.get, "http://name.test/", timeout=60).code == "ECONNABORTED"
    over.set()
