"""What people know of axios, row by row, each on a real loopback server: what went over the wire, and what
came of it.

The tests bear the names of the rows: General, API, Request config, Response, Config defaults, Interceptors,
Handling errors, Cancellation.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import threading
from http.cookiejar import CookieJar

import pytest

import miniaxios
from miniaxios import AxiosError, CanceledError, CancelToken, axios
from miniaxios.agent import shared_agent
from miniaxios.workers import run
from tests.support.proxy import Proxy
from tests.support.server import BlackHole, Reply, Server
from tests.support.tls import CA

#: Seconds that a promise may take before the test fails.
PATIENCE = 10


def echoed(request):
    """An answer that tells what was asked."""
    return Reply.json(
        {
            "method": request.method,
            "target": request.target,
            "headers": {name.lower(): value for name, value in request.headers},
            "body": request.body.decode("utf-8"),
        }
    )


@pytest.fixture
def server(no_leaks):
    """One that echoes; the connections that were kept to it are closed when the test is over."""
    with Server.handler(echoed) as running:
        yield running
        shared_agent().close()


@pytest.fixture
def serve(no_leaks):
    """Starts servers of any kind, and ends them with the test."""
    started = []

    def start(one):
        started.append(one.__enter__())
        return started[-1]

    yield start
    shared_agent().close()
    for one in reversed(started):
        one.__exit__()


@pytest.fixture
def global_defaults():
    """``axios.defaults``, put back afterwards as it was."""
    kept = copy.deepcopy(axios.defaults)
    yield axios.defaults
    axios.defaults.clear()
    axios.defaults.update(kept)
    assert copy.deepcopy(axios.defaults) == kept


# ---- General ----------------------------------------------------------------------------------


def test_general_get_with_a_query_in_the_url(server):
    response = axios.get(server.url("/user?ID=12345"))
    assert (server.request.method, server.request.target, server.request.body) == (
        "GET",
        "/user?ID=12345",
        b"",
    )
    assert response.data["target"] == "/user?ID=12345"


def test_general_get_with_params(server):
    response = axios.get(server.url("/user"), params={"ID": 12345, "tags": ["a", "b c"], "none": None})
    assert server.request.target == "/user?ID=12345&tags%5B%5D=a&tags%5B%5D=b+c"
    assert response.status == 200


def test_general_get_with_a_query_in_the_url_and_params(server):
    axios.get(server.url("/user?a=1#here"), {"params": {"b": 2}})
    assert server.request.target == "/user?a=1&b=2"


def test_general_post_of_an_object(server):
    response = axios.post(server.url("/user"), {"firstName": "Fred", "lastName": "Flintstone"})
    assert server.request.method == "POST"
    assert server.request.header_all("content-type") == ["application/json"]
    assert server.request.body == b'{"firstName":"Fred","lastName":"Flintstone"}'
    assert json.loads(response.data["body"]) == {"firstName": "Fred", "lastName": "Flintstone"}


def test_general_several_requests_at_once_with_all_and_spread(serve):
    both_are_there = threading.Barrier(2, timeout=5)

    def account(request):
        both_are_there.wait()  # Neither is answered before the other has come.
        return Reply.json(request.path)

    server = serve(Server.handler(account))
    requests = [axios.promises.get(server.url("/account")), axios.promises.get(server.url("/permissions"))]
    done = axios.all(requests).then(axios.spread(lambda acct, perms: (acct.data, perms.data)))
    assert done.result(PATIENCE) == ("/account", "/permissions")
    assert sorted(request.path for request in server.requests) == ["/account", "/permissions"]


def test_general_axios_of_a_config_that_posts(server):
    response = axios({"method": "post", "url": server.url("/user/12345"), "data": {"firstName": "Fred"}})
    assert (server.request.method, server.request.path) == ("POST", "/user/12345")
    assert server.request.json() == {"firstName": "Fred"}
    assert response.config.method == "post"


def test_general_get_of_a_binary_as_a_stream_piped_into_a_file(serve, tmp_path):
    picture = os.urandom(300_000)
    server = serve(Server.handler(lambda request: Reply([picture[:70_000], picture[70_000:]])))
    path = tmp_path / "ada_lovelace.jpg"
    with open(str(path), "wb") as file:
        with axios(method="get", url=server.url("/2lb.jpg"), response_type="stream") as response:
            assert response.data.pipe(file) is file
            assert not file.closed
    assert path.read_bytes() == picture
    assert axios.get(server.url(), response_type="arraybuffer").data == picture
    assert server.connections == 1, "a stream that was read to its end gives its connection back"


def test_general_create_with_base_url_timeout_and_headers(serve):
    answered = serve(Server.handler(lambda request: echoed(request) if request.path == "/api/fast" else None))
    silent = serve(Server.silent())
    instance = axios.create(
        base_url=answered.url("/api/"), timeout=150, headers={"X-Custom-Header": "foobar"}
    )
    assert instance.get("/fast").data["target"] == "/api/fast"
    assert answered.request.header_all("x-custom-header") == ["foobar"]
    with pytest.raises(AxiosError, match="timeout of 150ms exceeded"):
        instance.get(silent.url())


# ---- API --------------------------------------------------------------------------------------

SURFACES = {"axios": lambda: axios, "module": lambda: miniaxios, "instance": lambda: axios.create()}
WITHOUT_DATA = ["get", "delete", "head", "options"]
WITH_DATA = ["post", "put", "patch"]

surfaces = pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
modes = pytest.mark.parametrize("mode", ["sync", "promises"])


def calls_of(surface, mode):
    """What ``get`` and the others are looked up on, and what makes a response of their outcome."""
    if mode == "sync":
        return surface(), lambda outcome: outcome
    return surface().promises, lambda outcome: outcome.result(PATIENCE)


@surfaces
@modes
@pytest.mark.parametrize("verb", WITHOUT_DATA)
def test_api_verbs_without_data(server, surface, mode, verb):
    calls, response_of = calls_of(surface, mode)
    response = response_of(getattr(calls, verb)(server.url("/x"), {"headers": {"X-A": "1"}}, params={"q": 1}))
    assert (server.request.method, server.request.target) == (verb.upper(), "/x?q=1")
    assert server.request.header_all("x-a") == ["1"]
    assert server.request.header_all("content-type") == []
    assert response.data == "" if verb == "head" else response.data["method"] == verb.upper()


@surfaces
@modes
@pytest.mark.parametrize("verb", WITH_DATA)
def test_api_verbs_with_data(server, surface, mode, verb):
    calls, response_of = calls_of(surface, mode)
    response = response_of(
        getattr(calls, verb)(server.url("/x"), {"a": 1}, {"headers": {"X-A": "1"}}, params={"q": 1})
    )
    assert (server.request.method, server.request.target) == (verb.upper(), "/x?q=1")
    assert server.request.header_all("x-a") == ["1"]
    assert (server.request.body, response.data["body"]) == (b'{"a":1}', '{"a":1}')


@surfaces
@modes
def test_api_request(server, surface, mode):
    calls, response_of = calls_of(surface, mode)
    response_of(calls.request({"url": server.url("/one"), "method": "delete"}))
    response_of(calls.request(server.url("/two"), {"method": "put", "data": "x"}))
    response_of(calls.request(url=server.url("/three"), method="PATCH"))
    seen = [(request.method, request.path, request.body) for request in server.requests]
    assert seen == [("DELETE", "/one", b""), ("PUT", "/two", b"x"), ("PATCH", "/three", b"")]


@surfaces
def test_api_all_and_spread(server, surface):
    here = surface()
    both = here.all([here.promises.get(server.url("/a")), 7, here.promises.get(server.url("/b"))])
    unpacked = here.spread(lambda first, plain, last: (first.data["target"], plain, last.data["target"]))
    assert unpacked(both.result(PATIENCE)) == ("/a", 7, "/b")
    assert both.then(unpacked).result(PATIENCE) == ("/a", 7, "/b")


@pytest.mark.parametrize("make", [lambda: axios, lambda: axios.create()], ids=["axios", "instance"])
@modes
def test_api_axios_called_with_a_config_or_with_a_url_and_a_config(server, make, mode):
    calls, response_of = (
        (make(), lambda it: it) if mode == "sync" else (make().promises, lambda it: it.result(PATIENCE))
    )
    assert response_of(calls({"url": server.url("/one")})).data["method"] == "GET"
    assert response_of(calls(server.url("/two"))).data["method"] == "GET"
    assert (
        response_of(calls(server.url("/three"), {"method": "post", "data": {"a": 1}})).data["body"]
        == '{"a":1}'
    )
    assert [request.path for request in server.requests] == ["/one", "/two", "/three"]


def test_api_promises_then_and_catch(server):
    seen = []
    good = (
        axios.promises.get(server.url("/good"))
        .then(lambda response: response.data["target"])
        .catch(seen.append)
    )
    assert (good.result(PATIENCE), seen) == ("/good", [])
    bad = axios.promises(server.url("/bad"), {"validate_status": lambda status: False}).then(seen.append)
    assert bad.catch(lambda error: error.response.data["target"]).result(PATIENCE) == "/bad"
    assert seen == []


# ---- Request config ---------------------------------------------------------------------------


class Call:
    """Makes requests whose options are spelt and passed in one of the four ways."""

    def __init__(self, spelling, passing, serve):
        self.spelling = spelling
        self.passing = passing
        self.serve = serve

    def __call__(self, url=None, **options):
        named = (
            dict(options)
            if self.spelling == "snake"
            else {CAMEL.get(key, key): options[key] for key in options}
        )
        if self.passing == "dict":
            return axios.request(named) if url is None else axios(url, named)
        return axios.request(**named) if url is None else axios(url, **named)

    def echo(self):
        """A server that tells what it was asked."""
        return self.serve(Server.handler(echoed))

    def answering(self, *answers):
        """A server with those answers."""
        return self.serve(Server.replies(answers))


#: The cheat sheet's spelling of every option of this section, where it is another one than ours.
CAMEL = {
    "base_url": "baseURL",
    "transform_request": "transformRequest",
    "transform_response": "transformResponse",
    "params_serializer": "paramsSerializer",
    "with_credentials": "withCredentials",
    "response_type": "responseType",
    "xsrf_cookie_name": "xsrfCookieName",
    "xsrf_header_name": "xsrfHeaderName",
    "on_upload_progress": "onUploadProgress",
    "on_download_progress": "onDownloadProgress",
    "max_content_length": "maxContentLength",
    "validate_status": "validateStatus",
    "max_redirects": "maxRedirects",
    "http_agent": "httpAgent",
    "https_agent": "httpsAgent",
    "cancel_token": "cancelToken",
    "cookie_jar": "cookieJar",
}


def option_url(call):
    server = call.echo()
    assert call(url=server.url("/user")).data["target"] == "/user"
    assert server.request.path == "/user"


def option_method(call):
    server = call.echo()
    assert call(server.url(), method="Delete").config["method"] == "delete"
    assert server.request.method == "DELETE"


def option_base_url(call):
    server = call.echo()
    other = call.echo()
    call("/user", base_url=server.url("/api/"))
    call(other.url("/absolute"), base_url=server.url("/api"))
    assert (server.request.target, other.request.target) == ("/api/user", "/absolute")


def option_transform_request(call):
    server = call.echo()

    def shout(data, headers):
        headers["X-Shouted"] = "yes"
        return data.upper()

    call(
        server.url(), method="post", data="hello", transform_request=[shout, lambda data, headers: data + "!"]
    )
    assert server.request.body == b"HELLO!"
    assert server.request.header("x-shouted") == "yes"


def option_transform_response(call):
    server = call.answering(Reply(b"[1,2]", headers={"X-Factor": "10"}))
    response = call(
        server.url(), transform_response=[json.loads, lambda data, headers: data + [headers["x-factor"]]]
    )
    assert response.data == [1, 2, "10"]


def option_headers(call):
    server = call.echo()
    call(
        server.url(), headers={"X-Requested-With": "XMLHttpRequest", "accept": "text/csv", "User-Agent": None}
    )
    assert server.request.header_all("X-Requested-With") == ["XMLHttpRequest"]
    assert server.request.header_all("Accept") == ["text/csv"]
    assert server.request.header_all("User-Agent") == []


def option_params(call):
    server = call.echo()
    call(server.url("/p"), params={"ID": 12345, "q": "a b&c", "list": [1, 2]})
    call(server.url("/p"), params=[("a", 1), ("a", 2)])
    call(server.url("/p"), params=miniaxios.URLSearchParams("x=1&x=2"))
    assert [request.query for request in server.requests] == [
        "ID=12345&q=a+b%26c&list%5B%5D=1&list%5B%5D=2",
        "a=1&a=2",
        "x=1&x=2",
    ]


def option_params_serializer(call):
    server = call.echo()
    call(server.url(), params={"a": [1, 2]}, params_serializer=lambda params: "made=%d" % len(params["a"]))
    nested = "max_depth" if call.spelling == "snake" else "maxDepth"
    call(server.url(), params={"a": [1, 2]}, params_serializer={"indexes": None, nested: 3})
    assert [request.query for request in server.requests] == ["made=2", "a=1&a=2"]


def option_data(call):
    server = call.echo()
    call(server.url(), method="put", data={"firstName": "Fred"})
    call(server.url(), method="post", data="Country=Brasil&City=Belo Horizonte")
    assert [request.body for request in server.requests] == [
        b'{"firstName":"Fred"}',
        b"Country=Brasil&City=Belo Horizonte",
    ]
    types = [request.header("content-type") for request in server.requests]
    assert types == ["application/json", "application/x-www-form-urlencoded"]


def option_timeout(call):
    server = call.serve(Server.silent())
    with pytest.raises(AxiosError, match="^timeout of 100ms exceeded$") as caught:
        call(server.url(), timeout=100)
    assert caught.value.code == "ECONNABORTED"
    assert isinstance(caught.value, TimeoutError)
    assert server.wait_gone()


def option_with_credentials(call):
    own, other = call.echo(), call.answering(Reply(headers={"Set-Cookie": "sid=1"}), Reply(), Reply())
    jar = CookieJar()
    call(other.url(), cookie_jar=jar)
    call(other.url(), base_url=own.url(), cookie_jar=jar)
    call(other.url(), base_url=own.url(), cookie_jar=jar, with_credentials=True)
    assert [request.header("cookie") for request in other.requests] == [None, None, "sid=1"]


def option_adapter(call):
    asked = []

    def adapter(config):
        asked.append((config["method"], config["url"], config["data"]))
        return {
            "data": '{"from": "adapter"}',
            "status": 203,
            "statusText": "Made Up",
            "headers": {"X-A": "1"},
        }

    response = call("/nowhere", method="post", data="x", adapter=adapter)
    assert asked == [("post", "/nowhere", "x")]
    assert (response.data, response.status, response.status_text) == ({"from": "adapter"}, 203, "Made Up")
    assert response.headers["x-a"] == "1"


def option_auth(call):
    server = call.echo()
    call(
        server.url(),
        auth={"username": "janedoe", "password": "s00pers3cret"},
        headers={"Authorization": "Bearer t"},
    )
    wanted = "Basic " + base64.b64encode(b"janedoe:s00pers3cret").decode()
    assert server.request.header_all("authorization") == [wanted]


def option_response_type(call):
    server = call.answering(Reply(b"\x00\xff"), Reply(b"12"))
    assert call(server.url(), response_type="arraybuffer").data == b"\x00\xff"
    assert call(server.url(), response_type="text").data == "12"


def jar_with_a_token(call, server, name):
    jar = CookieJar()
    call(server.url(), cookie_jar=jar)
    assert [cookie.name for cookie in jar] == [name]
    return jar


def option_xsrf_cookie_name(call):
    server = call.answering(Reply(headers={"Set-Cookie": "csrftoken=t0k"}), Reply())
    jar = jar_with_a_token(call, server, "csrftoken")
    call(server.url(), cookie_jar=jar, xsrf_cookie_name="csrftoken")
    assert [request.header("x-xsrf-token") for request in server.requests] == [None, "t0k"]


def option_xsrf_header_name(call):
    server = call.answering(Reply(headers={"Set-Cookie": "XSRF-TOKEN=t0k"}), Reply())
    jar = jar_with_a_token(call, server, "XSRF-TOKEN")
    call(server.url(), cookie_jar=jar, xsrf_header_name="X-CSRFToken")
    assert [request.header("x-csrftoken") for request in server.requests] == [None, "t0k"]
    assert server.requests[1].header("x-xsrf-token") is None


def option_on_upload_progress(call):
    server = call.echo()
    events = []
    call(server.url(), method="post", data=b"x" * 200_000, on_upload_progress=events.append)
    assert len(server.request.body) == 200_000
    last = events[-1]
    assert (last.loaded, last.total, last.progress, last.upload) == (200_000, 200_000, 1.0, True)
    assert sum(event.bytes for event in events) == 200_000


def option_on_download_progress(call):
    server = call.answering(Reply(b"y" * 200_000))
    events = []
    call(server.url(), on_download_progress=events.append)
    last = events[-1]
    assert (last.loaded, last.total, last.progress, last.download) == (200_000, 200_000, 1.0, True)
    assert sum(event.bytes for event in events) == 200_000


def option_max_content_length(call):
    server = call.answering(Reply(b"x" * 2000), Reply(b"x" * 2001), Reply([b"x" * 2001]))
    assert len(call(server.url(), max_content_length=2000).data) == 2000
    for _ in range(2):
        with pytest.raises(AxiosError, match="^maxContentLength size of 2000 exceeded$") as caught:
            call(server.url(), max_content_length=2000)
        assert caught.value.code == "ERR_BAD_RESPONSE"


def option_validate_status(call):
    server = call.answering(Reply(status=404), Reply(status=404), Reply(status=200))
    assert call(server.url(), validate_status=lambda status: status < 500).status == 404
    assert call(server.url(), validate_status=None).status == 404
    with pytest.raises(AxiosError, match="Request failed with status code 200"):
        call(server.url(), validate_status=lambda status: status == 404)


def option_max_redirects(call):
    server = call.serve(Server.handler(lambda request: Reply.redirect("/again")))
    with pytest.raises(AxiosError, match="^Maximum number of redirects exceeded$") as caught:
        call(server.url(), max_redirects=2)
    assert caught.value.code == "ERR_FR_TOO_MANY_REDIRECTS"
    assert [request.path for request in server.requests] == ["/", "/again", "/again"]
    assert call(server.url(), max_redirects=0, validate_status=None).status == 302
    assert len(server.requests) == 4


def option_http_agent(call):
    server = call.echo()
    with miniaxios.Agent(keep_alive=False) as agent:
        for _ in range(2):
            call(server.url(), http_agent=agent)
    assert server.connections == 2
    with miniaxios.Agent(keep_alive=True) as agent:
        for _ in range(2):
            call(server.url(), http_agent=agent)
    assert server.connections == 3


def option_https_agent(call):
    server = call.serve(Server.handler(echoed, tls=True))
    with miniaxios.Agent(ca=CA) as agent:
        assert call(server.url("/tls"), https_agent=agent).data["target"] == "/tls"
        assert call(server.url("/tls"), https_agent=agent, http_agent=miniaxios.Agent()).status == 200
    with miniaxios.Agent(ca=CA, servername="other.invalid") as agent:
        with pytest.raises(AxiosError) as caught:
            call(server.url(), https_agent=agent)
        assert caught.value.code == "ERR_TLS_CERT_ALTNAME_INVALID"
    assert len(server.requests) == 2


def option_proxy_host_and_port(call):
    origin, proxy = call.echo(), call.serve(Proxy())
    assert call(origin.url("/x"), proxy={"host": "127.0.0.1", "port": proxy.port}).data["target"] == "/x"
    assert proxy.targets == [origin.url("/x")]
    assert proxy.requests[0].header("proxy-authorization") is None


def option_proxy_auth(call):
    origin, proxy = call.echo(), call.serve(Proxy(auth=("mikeymike", "rapunz3l")))
    through = {
        "protocol": "http",
        "host": "127.0.0.1",
        "port": proxy.port,
        "auth": {"username": "mikeymike", "password": "rapunz3l"},
    }
    assert call(origin.url("/x"), proxy=through).status == 200
    assert origin.request.header("proxy-authorization") is None
    with pytest.raises(AxiosError, match="status code 407"):
        call(origin.url("/x"), proxy={**through, "auth": ("mikeymike", "wrong")})
    assert len(origin.requests) == 1


def option_proxy_false(call, monkeypatch):
    origin, proxy = call.echo(), call.serve(Proxy())
    monkeypatch.setenv("http_proxy", proxy.url())
    assert call(origin.url("/x"), proxy=False).status == 200
    assert (proxy.requests, len(origin.requests)) == ([], 1)


def option_proxy_from_the_environment(call, monkeypatch):
    origin, proxy = call.echo(), call.serve(Proxy())
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:%d" % proxy.port)
    assert call(origin.url("/x"), proxy=None).status == 200
    assert call(origin.url("/y")).status == 200
    assert proxy.targets == [origin.url("/x"), origin.url("/y")]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    call(origin.url("/z"))
    assert len(proxy.targets) == 2


def option_cancel_token(call):
    server = call.echo()
    source = CancelToken.source()
    assert call(server.url(), cancel_token=source.token).status == 200
    source.cancel("Operation canceled by the user.")
    with pytest.raises(CanceledError, match="^Operation canceled by the user.$"):
        call(server.url(), cancel_token=source.token)
    assert len(server.requests) == 1


OPTIONS = {name[7:]: found for name, found in sorted(globals().items()) if name.startswith("option_")}


def spellings_of(name):
    base = "proxy" if name.startswith("proxy") else name
    return ["snake", "camel"] if base in CAMEL else ["snake"]


CASES = [
    pytest.param(
        name,
        spelling,
        passing,
        id="%s-%s" % (CAMEL.get(name, name) if spelling == "camel" else name, passing),
    )
    for name in OPTIONS
    for spelling in spellings_of(name)
    for passing in ("dict", "keyword")
]


@pytest.mark.parametrize("name, spelling, passing", CASES)
def test_request_config(serve, monkeypatch, name, spelling, passing):
    scenario = OPTIONS[name]
    call = Call(spelling, passing, serve)
    if "monkeypatch" in scenario.__code__.co_varnames[: scenario.__code__.co_argcount]:
        scenario(call, monkeypatch)
    else:
        scenario(call)


def test_request_config_has_every_option_of_the_cheat_sheet():
    sheet = (
        "url method baseURL transformRequest transformResponse headers params paramsSerializer data timeout"
        " withCredentials adapter auth responseType xsrfCookieName xsrfHeaderName onUploadProgress"
        " onDownloadProgress maxContentLength validateStatus maxRedirects httpAgent httpsAgent cancelToken"
    )
    tested = {CAMEL.get(name, name) for name in OPTIONS if not name.startswith("proxy")}
    assert tested == set(sheet.split())
    assert sum(name.startswith("proxy") for name in OPTIONS) == 4


# ---- Response ---------------------------------------------------------------------------------


def test_response_data_status_status_text_headers_config_request(serve):
    server = serve(
        Server.replies(
            [Reply.json({"a": [1, None]}, 201, [("X-Two", "a"), ("x-two", "b")], reason="Very Fine")]
        )
    )
    response = axios.get(server.url("/x?y=1"), headers={"X-Mine": "1"})
    assert response.data == {"a": [1, None]}
    assert (response.status, response.status_text) == (201, "Very Fine")
    assert response.headers["CONTENT-TYPE"] == "application/json"
    assert (response.headers["X-Two"], response.headers.get_all("x-two")) == ("a, b", ["a", "b"])
    assert list(response.headers)[:2] == ["content-type", "x-two"]
    assert (response.config.url, response.config.method) == (server.url("/x?y=1"), "get")
    assert response.config.headers["x-mine"] == "1"
    assert (response.request.method, response.request.url) == ("GET", server.url("/x?y=1"))
    assert (response.request.path, response.request.protocol) == ("/x?y=1", "http:")
    assert response.request.host == server.netloc
    assert dict(response.request.headers) == {name: value for name, value in server.request.headers}
    assert response.request.redirects == []
    assert isinstance(response.duration, int) and 0 <= response.duration < 5000


def test_response_request_is_the_last_hop(serve):
    server = serve(
        Server.routes({"/a": Reply.redirect("/b"), "/b": Reply.redirect("/c"), "/c": Reply(b"here")})
    )
    response = axios.get(server.url("/a"))
    assert response.data == "here"
    assert response.config.url == server.url("/a")
    assert response.request.url == server.url("/c")
    assert response.request.redirects == [server.url("/a"), server.url("/b")]


JSON = '{"größe": 1}'.encode("utf-8")


@pytest.mark.parametrize(
    "response_type, content_type, body, wanted",
    [
        ("json", "application/json", JSON, {"größe": 1}),
        ("json", "text/plain", b"no json", "no json"),
        (None, "text/plain", JSON, {"größe": 1}),
        (None, "text/html", b"<p>", "<p>"),
        ("text", "application/json", JSON, JSON.decode("utf-8")),
        ("text", "text/plain; charset=latin-1", b"\xfc", "ü"),
        ("arraybuffer", "application/octet-stream", b"\x00\xff", b"\x00\xff"),
    ],
)
def test_response_type_json_text_arraybuffer(serve, response_type, content_type, body, wanted):
    server = serve(Server.replies([Reply(body, headers={"Content-Type": content_type})]))
    assert axios.get(server.url(), response_type=response_type).data == wanted


def test_response_type_blob(serve):
    server = serve(Server.replies([Reply(b"\x89PNG", headers={"Content-Type": "image/PNG"})]))
    blob = axios.get(server.url(), response_type="blob").data
    assert isinstance(blob, io.BytesIO)
    assert (blob.type, blob.size, blob.read()) == ("image/png", 4, b"\x89PNG")


def test_response_type_document(serve):
    page = b"<?xml version='1.0'?><feed><entry id='1'>one</entry></feed>"
    server = serve(Server.replies([Reply(page, headers={"Content-Type": "application/xml"})]))
    document = axios.get(server.url(), response_type="document").data
    assert (document.tag, document.find("entry").get("id"), document.findtext("entry")) == (
        "feed",
        "1",
        "one",
    )


def test_response_type_stream(serve):
    go_on = threading.Event()

    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nfirst\n")
        conn.wait(go_on)  # The stream is handed over before its end has come.
        conn.send(b"second")
        conn.hold()

    server = serve(Server(script))
    with axios.get(server.url(), response_type="stream") as response:
        assert response.status == 200
        assert response.data.read(6) == b"first\n"
        go_on.set()
        assert response.data.read() == b"second"
        assert response.data.read(1) == b""
    assert response.data.closed


# ---- Config defaults --------------------------------------------------------------------------


def test_config_defaults_global(server, global_defaults):
    axios.defaults.base_url = server.url("/api")
    axios.defaults.headers.common["Authorization"] = "AUTH_TOKEN"
    axios.defaults.headers.post["Content-Type"] = "text/plain"
    axios.get("/one")
    miniaxios.post("/two", "x=1")
    one, two = server.requests
    assert (one.target, two.target) == ("/api/one", "/api/two")
    assert [request.header("authorization") for request in (one, two)] == ["AUTH_TOKEN"] * 2
    assert [request.header("content-type") for request in (one, two)] == [None, "text/plain"]


def test_config_defaults_global_in_the_other_spelling(server, global_defaults):
    axios.defaults["baseURL"] = server.url("/api")
    axios.defaults["headers"]["common"]["X-A"] = "1"
    assert axios.get("/one").data["headers"]["x-a"] == "1"
    assert server.request.target == "/api/one"
    assert axios.defaults.baseURL == axios.defaults["base_url"] == server.url("/api")


def test_config_defaults_of_an_instance_altered_after_creation(server):
    instance = axios.create({"baseURL": server.url("/api")})
    instance.defaults.headers.common["Authorization"] = "AUTH_TOKEN"
    instance.get("/mine")
    axios.get(server.url("/global"))
    assert [request.header("authorization") for request in server.requests] == ["AUTH_TOKEN", None]
    assert "base_url" not in axios.defaults


def test_config_defaults_order_of_precedence(serve):
    """The library's 0, then the instance's 2500, then the request's 5000."""
    assert axios.defaults.timeout == 0
    server = serve(Server.handler(echoed))
    instance = axios.create()
    seen = [instance.get(server.url()).config.timeout]
    instance.defaults.timeout = 2500
    seen.append(instance.get(server.url()).config.timeout)
    seen.append(instance.get(server.url(), {"timeout": 5000}).config.timeout)
    seen.append(instance.get(server.url(), timeout=None).config.timeout)
    assert seen == [0, 2500, 5000, None]


def test_config_defaults_order_of_precedence_when_time_runs_out(serve):
    server = serve(Server.silent())
    instance = axios.create()
    instance.defaults.timeout = 60000
    with pytest.raises(AxiosError, match="timeout of 80ms exceeded"):
        instance.get(server.url(), timeout=80)


# ---- Interceptors -----------------------------------------------------------------------------


def test_interceptors_request_and_response_with_both_handlers(serve):
    server = serve(Server.handler(lambda request: Reply(b"body", 404 if request.path == "/bad" else 200)))
    instance = axios.create()
    seen = []

    def before(config):
        seen.append(("request", config["url"]))
        config["headers"]["X-Intercepted"] = "1"
        return config

    def request_error(error):
        seen.append(("request error", error))
        raise error

    def after(response):
        seen.append(("response", response.status))
        response.data += "!"
        return response

    def response_error(error):
        seen.append(("response error", error.response.status))
        return "rescued"

    instance.interceptors.request.use(before, request_error)
    instance.interceptors.response.use(after, response_error)
    assert instance.get(server.url("/good")).data == "body!"
    assert instance.promises.get(server.url("/bad")).result(PATIENCE) == "rescued"
    assert seen == [
        ("request", server.url("/good")),
        ("response", 200),
        ("request", server.url("/bad")),
        ("response error", 404),
    ]
    assert [request.header("x-intercepted") for request in server.requests] == ["1", "1"]


def test_interceptors_request_error_handler(server):
    instance = axios.create()
    instance.interceptors.request.use(None, lambda error: {"url": server.url("/instead"), "method": "get"})

    def failing(config):
        raise ValueError("no")

    instance.interceptors.request.use(failing)  # The newest runs first; what it raises goes to the next.
    instance.get(server.url("/never"))
    assert server.request.path == "/instead"


def test_interceptors_eject(server):
    instance = axios.create()
    number = instance.interceptors.request.use(lambda config: config["headers"].set("X-Mine", "1") and config)
    instance.get(server.url())
    instance.interceptors.request.eject(number)
    instance.get(server.url())
    assert [request.header("x-mine") for request in server.requests] == ["1", None]


def test_interceptors_on_an_instance_are_not_the_others(server):
    instance = axios.create()
    instance.interceptors.request.use(lambda config: config["headers"].set("X-Mine", "1") and config)
    axios.get(server.url())
    instance.create().get(server.url())
    instance.get(server.url())
    assert [request.header("x-mine") for request in server.requests] == [None, None, "1"]


# ---- Handling errors --------------------------------------------------------------------------


@modes
def test_handling_errors_with_a_response(serve, mode):
    server = serve(Server.replies([Reply.json({"why": "not here"}, 404, {"X-Why": "lost"})]))
    calls, response_of = calls_of(SURFACES["axios"], mode)
    with pytest.raises(AxiosError) as caught:
        response_of(calls.get(server.url("/user/12345"), headers={"X-A": "1"}))
    error = caught.value
    assert error.response.data == {"why": "not here"}
    assert (error.response.status, error.status) == (404, 404)
    assert error.response.headers["X-Why"] == "lost"
    assert error.request.url == server.url("/user/12345")
    assert error.message == str(error) == "Request failed with status code 404"
    assert error.code == "ERR_BAD_REQUEST"
    assert (error.config.url, error.config.headers["x-a"]) == (server.url("/user/12345"), "1")
    assert error.config is error.response.config
    assert axios.is_axios_error(error) and not axios.is_cancel(error)


def test_handling_errors_a_server_error_has_another_code(serve):
    server = serve(Server.replies([Reply(b"oops", 500)]))
    with pytest.raises(AxiosError, match="^Request failed with status code 500$") as caught:
        axios.get(server.url())
    assert (caught.value.code, caught.value.response.data) == ("ERR_BAD_RESPONSE", "oops")


def test_handling_errors_without_a_response(serve):
    server = serve(Server(lambda conn: conn.read_request()))
    with pytest.raises(AxiosError) as caught:
        axios.get(server.url("/x"))
    error = caught.value
    assert error.response is None and error.status is None
    assert (error.request.method, error.request.path) == ("GET", "/x")
    assert (error.code, error.message) == ("ECONNRESET", "socket hang up")
    assert error.config.url == server.url("/x")


def test_handling_errors_before_a_request_is_made():
    with pytest.raises(AxiosError) as caught:
        axios.get("/relative")
    error = caught.value
    assert error.request is None and error.response is None
    assert error.config.url == "/relative"
    assert error.code == "ERR_INVALID_URL"


def test_handling_errors_validate_status_as_a_function(serve):
    server = serve(Server.replies([Reply(b"x", 404), Reply(b"x", 500)]))
    instance = axios.create(validate_status=lambda status: status < 500)
    assert instance.get(server.url()).status == 404
    with pytest.raises(AxiosError) as caught:
        instance.get(server.url())
    assert caught.value.response.status == 500


# ---- Cancellation -----------------------------------------------------------------------------


def assert_cancelled(promise, source):
    with pytest.raises(CanceledError, match="^Operation canceled by the user.$") as caught:
        promise.result(PATIENCE)
    assert axios.is_cancel(caught.value) and caught.value is source.token.reason
    assert caught.value.code == "ERR_CANCELED"


def test_cancellation_of_a_token_from_a_source(serve):
    server = serve(Server.silent())
    source = CancelToken.source()
    promise = axios.promises.get(server.url("/user/12345"), cancel_token=source.token)
    server.wait_connections(1)
    source.cancel("Operation canceled by the user.")
    assert_cancelled(promise, source)
    assert server.wait_gone(), "the connection is closed"


def test_cancellation_of_a_blocking_call_by_another_thread(serve):
    source = CancelToken.source()

    def script(conn):
        conn.read_request()
        source.cancel("Operation canceled by the user.")
        assert conn.wait_closed()

    server = serve(Server(script))
    with pytest.raises(CanceledError) as caught:
        axios.post(server.url("/user/12345"), {"name": "new name"}, {"cancelToken": source.token})
    assert axios.is_cancel(caught.value)


def test_cancellation_of_several_requests_by_one_token(serve):
    server = serve(Server.handler(lambda request: lambda conn: conn.hold() or False))
    source = CancelToken.source()
    promises = [
        axios.promises.get(server.url("/%d" % number), cancel_token=source.token) for number in range(3)
    ]
    server.wait_requests(3)
    source.cancel("Operation canceled by the user.")
    for promise in promises:
        assert_cancelled(promise, source)
    with pytest.raises(CanceledError):
        axios.get(server.url("/late"), cancel_token=source.token)
    assert server.wait_gone()
    assert len(server.requests) == 3


def test_cancellation_by_an_executor(serve):
    server = serve(Server.silent())
    given = []
    token = CancelToken(given.append)
    promise = axios.promises.get(server.url(), cancel_token=token)
    server.wait_connections(1)
    given[0]()
    with pytest.raises(CanceledError, match="^canceled$"):
        promise.result(PATIENCE)
    assert server.wait_gone()


def test_cancellation_while_connecting():
    about_to_connect = threading.Event()
    with BlackHole() as hole:

        def lookup(host):
            about_to_connect.set()
            return hole.host

        source = CancelToken.source()
        url = "http://black.test:%d/" % hole.port
        promise = axios.promises.get(url, cancel_token=source.token, lookup=lookup)
        assert about_to_connect.wait(5)
        source.cancel("Operation canceled by the user.")
        assert_cancelled(promise, source)


def test_cancellation_while_waiting_for_the_head(serve):
    server = serve(Server.handler(lambda request: lambda conn: conn.hold() or False))
    source = CancelToken.source()
    promise = axios.promises.get(server.url(), cancel_token=source.token)
    server.wait_requests(1)
    source.cancel("Operation canceled by the user.")
    assert_cancelled(promise, source)
    assert server.wait_gone()


@pytest.mark.parametrize("response_type", ["text", "stream"])
def test_cancellation_while_reading_the_body(serve, response_type):
    source = CancelToken.source()

    def script(conn):
        conn.read_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome of it")
        conn.hold()

    server = serve(Server(script))
    seen_some = threading.Event()
    config = {"cancel_token": source.token, "response_type": response_type}
    config["on_download_progress"] = lambda event: seen_some.set()
    promise = axios.promises.get(server.url(), config)
    if response_type == "stream":
        stream = promise.result(PATIENCE).data
        promise = run(stream.read)
    assert seen_some.wait(5)
    source.cancel("Operation canceled by the user.")
    assert_cancelled(promise, source)
    assert server.wait_gone()
    if response_type == "stream":
        stream.close()


def test_cancellation_after_the_response_does_nothing(server):
    source = CancelToken.source()
    response = axios.get(server.url("/done"), cancel_token=source.token)
    source.cancel("too late")
    assert response.data["target"] == "/done"


def test_cancellation_is_cancel(server):
    token = CancelToken(lambda cancel: cancel("now"))
    with pytest.raises(AxiosError) as caught:
        axios.get(server.url(), cancel_token=token)
    assert axios.is_cancel(caught.value) and miniaxios.is_cancel(caught.value)
    for other in (None, "canceled", ValueError("canceled"), AxiosError("canceled", "ERR_CANCELED")):
        assert not axios.is_cancel(other)
    assert server.requests == []
