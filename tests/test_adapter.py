"""The staircase: what becomes of a failure on the wire, what a response tells of its request, exits of callbacks."""

from __future__ import annotations

import errno
import os
import io
import socket
from datetime import timedelta

import pytest

from miniaxios import Agent, AxiosError, Config, axios
from miniaxios.adapter import _UNUSUAL, _Call
from miniaxios.option_table import OPTIONS
from tests.support.server import BlackHole, Peer, Reply, Server, UnixServer, closed_port, has_ipv6


@pytest.fixture
def client():
    with Agent() as agent:
        yield axios.create(http_agent=agent, https_agent=agent)


def a_call(**options):
    config = Config(url="http://h/", method="get", headers={}, timeout=5, **options)
    return _Call(config, dict(config).get, "http://h/", "")


def test_a_call_is_usual_where_no_unusual_option_is_set():
    assert _UNUSUAL <= set(OPTIONS)
    assert a_call().is_usual and a_call(auth=("u", "p"), response_type="json", max_redirects=0).is_usual
    assert not any(a_call(**{name: None}).is_usual for name in _UNUSUAL)


# -- messages and codes, for real ------------------------------------------------------------------


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.mark.parametrize(
    "status, code", [(400, "ERR_BAD_REQUEST"), (404, "ERR_BAD_REQUEST"), (499, "ERR_BAD_REQUEST"), (500, "ERR_BAD_RESPONSE"), (304, "ERR_BAD_RESPONSE")]
)
def test_a_refused_status(no_leaks, client, status, code):
    with Server.replies([Reply.json({"why": "because"}, status, {"X": "1"})]) as server:
        error = failed(client.get, server.url("/p?q"))
        assert str(error) == "Request failed with status code %d" % status
        assert (error.code, error.status, error.response.status) == (code, status, status)
        assert error.response.data == ("" if status == 304 else {"why": "because"})
        assert error.response.headers["x"] == "1" and error.config.url == server.url("/p?q")
        assert error.request.path == "/p?q" and error.request is error.response.request
        assert error.cause is None and not isinstance(error, OSError)


def test_nobody_listens(client):
    with closed_port() as port:
        error = failed(client.get, "http://127.0.0.1:%d/" % port)
    assert str(error) == "connect ECONNREFUSED 127.0.0.1:%d" % port
    assert isinstance(error, ConnectionError) and error.code == "ECONNREFUSED"
    assert error.errno == errno.ECONNREFUSED and error.cause is not None
    assert error.request.url == "http://127.0.0.1:%d/" % port and error.response is None


@pytest.mark.parametrize("number, code", [(socket.EAI_NONAME, "ENOTFOUND"), (socket.EAI_AGAIN, "EAI_AGAIN")])
@pytest.mark.parametrize("timeout", [0, 30000])
def test_a_name_that_does_not_resolve(client, monkeypatch, number, code, timeout):
    def resolve(*arguments):
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = failed(client.get, "http://h.test/", timeout=timeout)
    assert str(error) == "getaddrinfo %s h.test" % code and error.code == code
    assert isinstance(error, OSError) and error.errno == number and isinstance(error.cause, socket.gaierror)


@pytest.mark.parametrize("name", ["EHOSTUNREACH", "ENETUNREACH", "EACCES"])
def test_a_host_that_can_not_be_reached(client, monkeypatch, name):
    def connect(self, address):
        raise OSError(getattr(errno, name), "no")

    monkeypatch.setattr(socket.socket, "connect", connect)
    error = failed(client.get, "http://127.0.0.1:9/")
    assert (error.code, str(error)) == (name, "connect %s 127.0.0.1:9" % name)
    assert isinstance(error, OSError) and error.errno == getattr(errno, name)


@pytest.mark.parametrize("end, message", [(Peer.close, "socket hang up"), (Peer.reset, "ECONNRESET")])
def test_hang_up(no_leaks, client, end, message):
    def script(conn):
        conn.read_request()
        end(conn)

    with Server(script) as server:
        error = failed(client.get, server.url())
    assert error.code == "ECONNRESET" and message in str(error)
    assert isinstance(error, ConnectionError) and error.errno == errno.ECONNRESET


@pytest.mark.parametrize(
    "options, message, code",
    [
        ({"timeout": 50}, "timeout of 50ms exceeded", "ECONNABORTED"),
        ({"timeout": 50.5}, "timeout of 50.5ms exceeded", "ECONNABORTED"),
        ({"timeout": timedelta(milliseconds=50)}, "timeout of 50ms exceeded", "ECONNABORTED"),
        ({"timeout": 50, "transitional": {"clarify_timeout_error": True}}, "timeout of 50ms exceeded", "ETIMEDOUT"),
        ({"timeout": 50, "transitional": {"clarifyTimeoutError": True}}, "timeout of 50ms exceeded", "ETIMEDOUT"),
        ({"timeout": 50, "timeout_error_message": "too slow"}, "too slow", "ECONNABORTED"),
        ({"timeout": 50, "timeoutErrorMessage": "too slow"}, "too slow", "ECONNABORTED"),
    ],
)
def test_timeout(no_leaks, client, options, message, code):
    with Server.silent() as server:
        error = failed(client.get, server.url("/slow"), **options)
        assert server.wait_gone()
    assert (str(error), error.code) == (message, code)
    assert isinstance(error, TimeoutError) and error.errno == errno.ETIMEDOUT
    assert error.request.path == "/slow" and error.config.timeout == options["timeout"] and error.response is None


def test_too_many_redirects(no_leaks, client):
    with Server.handler(lambda request: Reply.redirect("/x" + request.target)) as server:
        error = failed(client.get, server.url("/"), max_redirects=2)
        assert len(server.requests) == 3
        assert (str(error), error.code) == ("Maximum number of redirects exceeded", "ERR_FR_TOO_MANY_REDIRECTS")
        assert error.response is None and error.request.path == "/x/x/"
        assert len(failed(client.get, server.url("/")).request.redirects) == 5


def test_REDIR_4_the_limit_is_five(client):
    with Server.handler(lambda request: Reply.redirect("/")) as server:
        assert failed(client.get, server.url("/")).code == "ERR_FR_TOO_MANY_REDIRECTS"
        assert len(server.requests) == 6


@pytest.mark.parametrize("response_type", [None, "stream", "arraybuffer"])
def test_REDIR_4_zero_follows_none(client, response_type):
    with Server.handler(lambda request: Reply.redirect("/x")) as server:
        error = failed(client.get, server.url("/"), max_redirects=0, response_type=response_type)
        assert (error.status, error.code) == (302, "ERR_BAD_RESPONSE")
        assert error.response.headers["location"] == "/x" and len(server.requests) == 1
        if response_type == "stream":
            error.response.data.close()


@pytest.mark.parametrize("location", ["ftp://h/", "javascript:1", "http://h:99999/", "http://a b/"])
def test_REDIR_3_a_location_that_can_not_be_followed(client, location):
    with Server.handler(lambda request: Reply.redirect(location)) as server:
        error = failed(client.get, server.url("/"))
        assert error.code == "ERR_FR_REDIRECTION_FAILURE" and len(server.requests) == 1
        assert str(error).startswith("Redirected request failed: ")
        assert error.request.path == "/"


@pytest.mark.parametrize(
    "url, code",
    [
        ("http://a b/", "ERR_INVALID_URL"),
        ("http:/h", "ERR_INVALID_URL"),
        ("", "ERR_INVALID_URL"),
        ("/relative", "ERR_INVALID_URL"),
        ("ftp://h/", "ERR_BAD_REQUEST"),
        ("file:///etc/passwd", "ERR_BAD_REQUEST"),
    ],
)
def test_SCHEME_1_urls_that_lead_nowhere(client, url, code):
    error = failed(client.get, url)
    assert error.code == code and error.config is not None and error.response is None


@pytest.mark.parametrize(
    "answer", [b"junk\r\n\r\n", b"HTTP/1.1 099 X\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nA"]
)
def test_an_answer_that_is_not_http(no_leaks, client, answer):
    def script(conn):
        conn.read_request()
        conn.send(answer)
        if not answer.endswith(b"\r\n\r\n"):
            conn.shutdown_write()
        assert conn.wait_closed()

    with Server(script) as server:
        error = failed(client.get, server.url())
    assert error.code == "ERR_BAD_RESPONSE" and error.response is None and error.request is not None


CUT = {
    "length": b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 9\r\n\r\nhalf",
    "chunked": b"HTTP/1.1 200 OK\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "gzip": b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
    "bad gzip": b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
}


@pytest.mark.parametrize("kind", sorted(CUT))
def test_a_truncated_body_has_its_head_on_the_error(no_leaks, client, kind):
    with Server.replies([lambda conn: conn.send(CUT[kind]) or False]) as server:
        error = failed(client.get, server.url())
    assert error.code == "ERR_BAD_RESPONSE" and error.status == 200
    assert error.response.headers["x"] == "1" and not error.response.data and error.response.request is not None


def test_a_reset_in_the_body(no_leaks, client):
    def script(conn):
        conn.read_request()
        conn.send(CUT["length"])
        conn.reset()

    with Server(script) as server:
        error = failed(client.get, server.url())
    # Which of the two it is, is for the kernel to say: it may throw away what it has received.
    assert error.code in ("ERR_BAD_RESPONSE", "ECONNRESET")


# -- what a response tells of its request ------------------------------------------------------------


def test_details_of_a_direct_request(client):
    with Server.replies([Reply(b"hi", 200, {"X": "1"}, reason="Fine")]) as server:
        url = server.url("/a/b?c=d#e", userinfo="u:p")
        response = client.post(url, "body", headers={"X-One": "1"})
        request = response.request
        assert (response.status, response.status_text, response.data) == (200, "Fine", "hi")
        assert response.duration >= 0 and response.config.url == url
        assert (request.method, request.path, request.protocol) == ("POST", "/a/b?c=d", "http:")
        assert request.url == server.url("/a/b?c=d#e") and request.host == server.netloc
        assert request.redirects == [] and request.headers["x-one"] == "1"
        sent = [(name, value) for name, value in server.request.headers]
        assert list(request.headers.items()) == sent


def test_details_after_redirects(client):
    table = {"/1": Reply.redirect("/2?x=1"), "/2": Reply.redirect("3", 307), "/3": Reply(b"end")}
    with Server.routes(table) as server:
        response = client.post(server.url("/1", userinfo="u:p"), "body")
        request = response.request
        assert request.redirects == [server.url("/1"), server.url("/2?x=1")]
        assert (request.method, request.url) == ("GET", server.url("/3"))
        assert request.headers.has("authorization") and not request.headers.has("content-type")


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_details_of_ipv6(client):
    with Server.replies([Reply(b"hi")], host="::1") as server:
        request = client.get(server.url("/x", userinfo="u:p")).request
        assert request.host == "[::1]:%d" % server.port == server.request.header("host")
        assert request.url == server.url("/x")


# -- exceptions of callbacks -------------------------------------------------------------------------


class Boom(Exception):
    """What the callbacks raise."""


def boom(*arguments, **options):
    raise Boom


CALLBACKS = {
    "transform_request": ({"transform_request": [boom]}, 0),
    "transform_response": ({"transform_response": [boom]}, 1),
    "validate_status": ({"validate_status": boom}, 1),
    "before_redirect": ({"before_redirect": boom}, 1),
    "on_upload_progress": ({"on_upload_progress": boom}, 1),
    "on_download_progress": ({"on_download_progress": boom}, 1),
    "lookup": ({"lookup": boom}, 0),
    "with_xsrf_token": ({"with_xsrf_token": boom}, 0),
    "params_serializer": ({"params": {"a": 1}, "params_serializer": boom}, 0),
}


@pytest.mark.parametrize("name", sorted(CALLBACKS))
@pytest.mark.parametrize("response_type", [None, "stream"])
@pytest.mark.parametrize("timeout", [0, 30000])
def test_an_exception_of_a_callback_is_raised_unchanged(no_leaks, client, name, response_type, timeout):
    from http.cookiejar import CookieJar

    options, heads = CALLBACKS[name]
    agent = Agent(max_sockets=1)
    table = {"/": Reply.redirect("/x", 307) if name == "before_redirect" else Reply(b"body"), "/x": Reply(b"ok"), "/next": Reply(b"next")}
    with agent, Server.routes(table) as server:
        url = server.url("/") if name != "lookup" else server.url("/", host="name.test")
        options = {"cookie_jar": CookieJar(), "timeout": timeout, "http_agent": agent, **options}
        with pytest.raises(Boom) as caught:
            response = client.post(url, b"body", response_type=response_type, **options)
            response.data.read()  # a stream's progress is told while it is read
        assert type(caught.value) is Boom and caught.value.__cause__ is None
        # The one slot is free again, and the answer to the next request is its own.
        assert client.get(server.url("/next"), http_agent=agent, timeout=30000).data == "next"
        assert len(server.requests) in (heads + 1, heads + 1 - (name == "on_upload_progress"))


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit, MemoryError, OSError, StopIteration])
@pytest.mark.parametrize("name", ["validate_status", "on_download_progress", "on_upload_progress", "before_redirect", "lookup"])
def test_exceptions_of_any_kind_pass(no_leaks, client, name, exception):
    def callback(*arguments):
        raise exception

    with Agent(max_sockets=1) as agent, Server.routes({"/": Reply.redirect("/x", 307), "/x": Reply(b"x")}) as server:
        url = server.url("/", host="name.test" if name == "lookup" else None)
        with pytest.raises(exception) as caught:
            client.post(url, b"body", http_agent=agent, timeout=20000, **{name: callback})
        assert type(caught.value) is exception
        assert client.get(server.url("/x"), http_agent=agent, timeout=20000).data == "x"


def test_validate_status_that_raises_closes_a_stream(no_leaks, client):
    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        assert conn.wait_closed()

    with Server(script) as server:
        with pytest.raises(Boom) as caught:
            client.get(server.url(), response_type="stream", validate_status=boom)
        assert server.wait_gone()  # while the exception, and with it every frame, is still here
        assert caught.value is not None


def test_the_last_progress_event_may_raise_too(no_leaks):
    def last(event):
        if event.loaded == event.total:
            raise Boom

    with Agent(max_sockets=1) as agent, Server.handler(lambda request: Reply(bytes(1 << 20))) as server:
        with pytest.raises(Boom) as caught:
            axios.post(server.url(), io.BytesIO(b"x" * 600_000), on_upload_progress=last, http_agent=agent)
        # While the exception, and with it every frame, is still here.
        assert axios.get(server.url(), http_agent=agent, timeout=5000).status == 200 and caught.value is not None


# -- sockets, names, families ------------------------------------------------------------------------


def test_socket_path(no_leaks, client):
    with UnixServer.handler(lambda request: Reply(request.target)) as server:
        for url in ("http://localhost/x?y", "http://example.test:81/x?y", "/x?y"):
            response = client.get(url, socket_path=server.socket_path)
            assert response.data == "/x?y"
        assert [request.header("host") for request in server.requests] == ["localhost", "example.test:81", "localhost"]
        assert response.request.host == "localhost"
        # A Unix socket beats every proxy.
        assert client.get("/z", socketPath=server.socket_path, proxy="http://127.0.0.1:1").data == "/z"


def test_socket_path_that_is_not_there(client):
    error = failed(client.get, "http://h/", socket_path="/nowhere/at.all")
    assert error.code == "ENOENT" and isinstance(error, OSError) and error.errno == errno.ENOENT
    assert str(error) == "connect ENOENT /nowhere/at.all"


def test_allowed_socket_paths(client):
    with UnixServer.handler(lambda request: Reply(b"in")) as server:
        path = server.socket_path
        for allowed in (path, [path], ["/other", path], (path,), path.replace("/s", "/./s")):
            assert client.get("/", socket_path=path, allowed_socket_paths=allowed).data == "in"
        for allowed in ([], "/other", [path + "x"]):
            error = failed(client.get, "/", socket_path=path, allowedSocketPaths=allowed)
            assert error.code == "ERR_BAD_OPTION_VALUE"
            assert str(error) == 'socketPath "%s" is not permitted by allowedSocketPaths' % path
        assert len(server.requests) == 5
        assert client.get(server.url("/"), socket_path=path, allowed_socket_paths=None).data == "in"


def test_allowed_socket_paths_are_not_left_by_a_link(client, tmp_path):
    """What is compared is what is connected to: a link before ".." leads elsewhere than the text says."""
    with UnixServer.handler(lambda request: Reply(b"in")) as server:
        below = os.path.join(os.path.dirname(server.socket_path), "below")
        os.mkdir(below)
        (tmp_path / "link").symlink_to(below)
        path = os.path.join(str(tmp_path), "link", "..", os.path.basename(server.socket_path))
        assert os.path.exists(path)
        allowed = os.path.abspath(path)
        assert failed(client.get, "/", socket_path=path, allowed_socket_paths=allowed).code == "ENOENT"


@pytest.mark.parametrize(
    "answer",
    ["127.0.0.1", ["127.0.0.1"], ("127.0.0.1", 4), {"address": "127.0.0.1", "family": 4}, [{"address": "127.0.0.1"}]],
    ids=str,
)
def test_lookup(client, answer):
    asked = []

    def lookup(name):
        asked.append(name)
        return answer

    with Server.replies([Reply(b"hi"), Reply(b"hi")]) as server:
        for timeout in (0, 30000):
            agent = Agent()
            with agent:
                response = client.get(server.url("/", host="Name.test"), lookup=lookup, timeout=timeout, http_agent=agent)
            assert response.request.host == "name.test:%d" % server.port
        assert asked == ["name.test", "name.test"]
        assert server.requests[0].header("host") == "name.test:%d" % server.port


@pytest.mark.parametrize("answer", ["name.test", 5, None, [None], [5], {"family": 4}], ids=str)
def test_lookup_that_gives_no_address(client, answer):
    error = failed(client.get, "http://name.test/", lookup=lambda name: answer)
    assert error.code == "ERR_BAD_OPTION_VALUE"


def test_lookup_that_finds_nothing(client):
    assert failed(client.get, "http://name.test/", lookup=lambda name: []).code == "ENOTFOUND"


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_family(client):
    with Server.handler(lambda request: Reply(request.peer.address[0]), host="localhost") as server:
        url = server.url("/", host="both.test")
        both = lambda name: ["127.0.0.1", "::1"]  # noqa: E731
        assert client.get(url, lookup=both, family=4).data == "127.0.0.1"
        assert client.get(url, lookup=both, family=6).data == "::1"


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_the_next_address_is_tried(client):
    with Server.replies([Reply(b"hi")]) as server:
        url = server.url("/", host="both.test")
        assert client.get(url, lookup=lambda name: ["::1", "127.0.0.1"]).data == "hi"


def test_a_hole_among_the_addresses_costs_little(no_leaks, client):
    with BlackHole() as hole, Server.replies([Reply(b"hi")], host="127.0.0.1") as server:
        # Another address of the loopback, on the port of the server, would refuse; so the hole's port is
        # asked for at the hole alone, and the deadline is over both.
        error = failed(client.get, hole.url(), lookup=lambda name: ["127.0.0.1"], timeout=100)
        assert error.code == "ECONNABORTED"
        assert client.get(server.url()).data == "hi"


def test_insecure_http_parser(client):
    answer = b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 2\r\n\r\nhi"
    with Server.handler(lambda request: answer) as server:
        assert failed(client.get, server.url()).code == "ERR_BAD_RESPONSE"
        assert client.get(server.url(), insecure_http_parser=True).data == "hi"
