"""``python -m miniaxios --selftest``: every feature once, against a server of its own on the loopback.

Rules of the room: one row, one request (or a few), one line in plain words; a row that does not do
what it says fails the whole run. Nothing but loopback is touched, and no file outlives its row.
"""

from __future__ import annotations

import sys
import threading

from .agent import Agent
from .selftest_server import EchoServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, TextIO, Tuple

    Row = Tuple[str, str, Callable[["Bench"], str]]


class Failed(Exception):
    """A row did not do what it says."""


class Bench:
    """What the rows work with: a client without proxies, and the server."""

    def __init__(self, server: EchoServer, agent: Agent) -> None:
        from .client import Axios

        self.server = server
        self.url = server.url
        # Proxies of the environment would answer in the server's place.
        self.axios = Axios({"proxy": False, "timeout": 10000, "http_agent": agent})


def expect(condition: bool, what: str) -> None:
    """Fail the row unless ``condition`` holds."""
    if not condition:
        raise Failed(what)


ROWS: List[Row] = []


def row(group: str, name: str) -> Callable[[Callable[[Bench], str]], Callable[[Bench], str]]:
    """Register a function as a row: it returns what came back, in words."""

    def register(function: Callable[[Bench], str]) -> Callable[[Bench], str]:
        ROWS.append((group, name, function))
        return function

    return register


# -- General -----------------------------------------------------------------------------------------


@row("General", "GET with a query in the URL")
def _query(bench: Bench) -> str:
    data = bench.axios.get(f"{bench.url}/user?ID=12345").data
    expect(data["target"] == "/user?ID=12345", "the query got lost")
    return f"the server saw {data['target']}"


@row("General", "GET with params")
def _params(bench: Bench) -> str:
    data = bench.axios.get(f"{bench.url}/user", params={"ID": 12345, "tags": ["a", "b"]}).data
    expect(data["target"] == "/user?ID=12345&tags%5B%5D=a&tags%5B%5D=b", "the params are wrong")
    return f"the server saw {data['target']}"


@row("General", "POST of an object")
def _post(bench: Bench) -> str:
    data = bench.axios.post(f"{bench.url}/user", {"firstName": "Fred", "lastName": "Flintstone"}).data
    expect(data["body"] == '{"firstName":"Fred","lastName":"Flintstone"}', "the body is wrong")
    return f"the server got {data['body']} as {data['headers']['content-type']}"


@row("General", "several requests at once, with all and spread")
def _all(bench: Bench) -> str:
    axios = bench.axios
    both = axios.all([axios.promises.get(f"{bench.url}/account"), axios.promises.get(f"{bench.url}/permissions")])
    seen = both.then(axios.spread(lambda one, other: (one.data["target"], other.data["target"]))).result(10)
    expect(seen == ("/account", "/permissions"), "the answers are mixed up")
    return f"answers for {seen[0]} and {seen[1]}, in order"


@row("General", "axios(config)")
def _config(bench: Bench) -> str:
    data = bench.axios({"method": "post", "url": f"{bench.url}/user", "data": {"a": 1}}).data
    expect((data["method"], data["body"]) == ("POST", '{"a":1}'), "the config was not followed")
    return f"the server saw {data['method']} {data['target']}"


@row("General", "a binary, streamed into a file")
def _stream(bench: Bench) -> str:
    import tempfile

    with tempfile.TemporaryFile() as file:
        bench.axios.get(f"{bench.url}/bytes/300000", response_type="stream").data.pipe(file)
        size = file.tell()
    expect(size == 300000, f"the file has {size} bytes")
    return f"{size} bytes are in the file"


@row("General", "an instance with base_url, timeout and headers")
def _create(bench: Bench) -> str:
    instance = bench.axios.create(base_url=f"{bench.url}/api/", timeout=5000, headers={"X-Custom-Header": "foobar"})
    data = instance.get("/users").data
    expect(data["target"] == "/api/users" and data["headers"]["x-custom-header"] == "foobar", "defaults got lost")
    return f"the server saw {data['target']} with X-Custom-Header: foobar"


# -- API ---------------------------------------------------------------------------------------------


@row("API", "request get delete head options post put patch")
def _verbs(bench: Bench) -> str:
    axios, url = bench.axios, bench.url
    seen = [axios.request(url=url).data["method"], axios.get(url).data["method"], axios.delete(url).data["method"]]
    expect(axios.head(url).data == "", "HEAD brought a body")
    seen += [axios.options(url).data["method"], axios.post(url).data["method"]]
    seen += [axios.put(url).data["method"], axios.patch(url).data["method"]]
    expect(seen == ["GET", "GET", "DELETE", "OPTIONS", "POST", "PUT", "PATCH"], f"the server saw {seen}")
    return f"the server saw {' '.join(seen)} and HEAD"


@row("API", "axios(url, config)")
def _url_config(bench: Bench) -> str:
    data = bench.axios(bench.url, {"method": "put"}).data
    expect(data["method"] == "PUT", "the method got lost")
    return f"the server saw {data['method']}"


@row("API", "promises with then and catch")
def _promises(bench: Bench) -> str:
    promises = bench.axios.promises
    good = promises.get(bench.url).then(lambda response: response.status)
    bad = promises.get(f"{bench.url}/status/500").catch(lambda error: error.response.status)
    expect((good.result(10), bad.result(10)) == (200, 500), "a promise settled wrongly")
    return "then saw 200, catch saw 500"


# -- Request config ----------------------------------------------------------------------------------


@row("Request config", "both spellings, transforms, params_serializer, auth")
def _spellings(bench: Bench) -> str:
    data = bench.axios(
        {
            "baseURL": bench.url,
            "url": "/x",
            "method": "post",
            "data": "a",
            "params": {"q": 1},
            "paramsSerializer": lambda params: "custom=" + str(params["q"]),
            "transformRequest": [lambda data, headers: data + "b"],
            "transformResponse": [lambda data: data.upper()],
            "auth": {"username": "janedoe", "password": "s00pers3cret"},
        }
    ).data
    expect("/X?CUSTOM=1" in data and '"BODY": "AB"' in data, "an option got lost")
    expect("BASIC AMFUZWRVZTPZMDBWZXJZM2NYZXQ=" in data, "the credentials got lost")
    return "base, params, transforms and credentials arrived"


@row("Request config", "timeout")
def _timeout(bench: Bench) -> str:
    from .errors import AxiosError

    try:
        bench.axios.get(f"{bench.url}/silence", timeout=200)
    except AxiosError as error:
        expect(error.code == "ECONNABORTED" and isinstance(error, TimeoutError), f"it ended with {error.code}")
        return f"{error.message} ({error.code})"
    raise Failed("it never timed out")


@row("Request config", "max_content_length, max_redirects, gzip")
def _limits(bench: Bench) -> str:
    from .errors import AxiosError

    messages = []
    for path, options in (("/bytes/3000", {"max_content_length": 2000}), ("/redirect/9", {"max_redirects": 3})):
        try:
            bench.axios.get(bench.url + path, options)
        except AxiosError as error:
            messages.append(error.message)
    expect(len(messages) == 2, "a limit was not kept")
    response = bench.axios.get(f"{bench.url}/redirect/2")
    expect(len(response.request.redirects) == 2, "the redirects were not followed")
    return "; ".join(messages)


@row("Request config", "progress both ways")
def _progress(bench: Bench) -> str:
    up: List[Any] = []
    down: List[Any] = []
    bench.axios.post(bench.url, b"x" * 100000, on_upload_progress=up.append, on_download_progress=down.append)
    expect(bool(up and down) and up[-1].loaded == 100000 and down[-1].progress == 1, "events are missing")
    return f"{up[-1].loaded} bytes up, {down[-1].loaded} bytes down"


@row("Request config", "an http proxy with credentials")
def _proxy(bench: Bench) -> str:
    proxy = {"host": "127.0.0.1", "port": bench.server.port, "auth": {"username": "mikeymike", "password": "rapunz3l"}}
    data = bench.axios.get("http://example.test/page", proxy=proxy).data
    expect(data["target"] == "http://example.test/page", "the proxy was not asked")
    expect("proxy-authorization" in data["headers"], "the credentials got lost")
    return f"the proxy was asked for {data['target']}"


@row("Request config", "cookies and the XSRF header")
def _cookies(bench: Bench) -> str:
    import http.cookiejar

    jar = http.cookiejar.CookieJar()
    bench.axios.get(f"{bench.url}/cookie", cookie_jar=jar)
    data = bench.axios.get(bench.url, cookie_jar=jar).data
    expect(data["headers"].get("x-xsrf-token") == "token", "the token was not copied")
    return f"sent back: {data['headers']['cookie']}"


# -- Response ----------------------------------------------------------------------------------------


@row("Response", "data status status_text headers config request")
def _response(bench: Bench) -> str:
    response = bench.axios.get(f"{bench.url}/page")
    expect(response.headers["Content-Type"] == "application/json", "headers are wrong")
    expect(response.config.url == f"{bench.url}/page" and response.request.path == "/page", "config or request is wrong")
    return f"{response.status} {response.status_text}, {response.headers['content-type']}, {response.duration} ms"


@row("Response", "response_type json text arraybuffer blob document stream")
def _types(bench: Bench) -> str:
    get, url = bench.axios.get, bench.url
    kinds = [
        type(get(url, response_type="json").data).__name__,
        type(get(url, response_type="text").data).__name__,
        type(get(url, response_type="arraybuffer").data).__name__,
        get(url, response_type="blob").data.type,
        get(f"{url}/xml", response_type="document").data.tag,
    ]
    with get(url, response_type="stream") as response:
        kinds.append(str(response.data.readable()))
    expect(kinds == ["dict", "str", "bytes", "application/json", "root", "True"], f"types are {kinds}")
    return ", ".join(kinds)


# -- Config defaults, interceptors, errors, cancellation ---------------------------------------------


@row("Config defaults", "library 0, instance 2500, request 5000")
def _precedence(bench: Bench) -> str:
    instance = bench.axios.create(timeout=0)
    instance.defaults.timeout = 2500
    instance.defaults.headers.common["X-Common"] = "1"
    instance.defaults.headers.post["X-Post"] = "1"
    response = instance.post(bench.url, {}, timeout=5000)
    expect(response.config.timeout == 5000 and instance.get(bench.url).config.timeout == 2500, "the order is wrong")
    expect("x-common" in response.data["headers"] and "x-post" in response.data["headers"], "headers got lost")
    return "the request's own timeout won, then the instance's"


@row("Interceptors", "request and response, and eject")
def _interceptors(bench: Bench) -> str:
    instance = bench.axios.create()

    def add_header(config: Any) -> Any:
        config.headers["X-Intercepted"] = "yes"
        return config

    number = instance.interceptors.request.use(add_header)
    instance.interceptors.response.use(lambda response: response.data["headers"].get("x-intercepted"))
    first: Any = instance.get(bench.url)
    instance.interceptors.request.eject(number)
    second: Any = instance.get(bench.url)
    expect((first, second) == ("yes", None), "the chain is wrong")
    return "the header came, and was gone after eject"


@row("Handling errors", "error.response, request, message, config, validate_status")
def _errors(bench: Bench) -> str:
    from .errors import AxiosError

    accepted = bench.axios.get(f"{bench.url}/status/404", validate_status=lambda status: status < 500)
    expect(accepted.status == 404, "validate_status was not asked")
    try:
        bench.axios.get(f"{bench.url}/status/404")
    except AxiosError as error:
        expect(error.response.status == 404 and error.request.method == "GET", "the error tells too little")
        return f"{error.message} ({error.code})"
    raise Failed("404 raised nothing")


@row("Cancellation", "CancelToken.source, from another thread")
def _cancel(bench: Bench) -> str:
    axios = bench.axios
    source = axios.CancelToken.source()
    timer = threading.Timer(0.1, source.cancel, ["Operation canceled by the user."])
    timer.start()
    try:
        axios.get(f"{bench.url}/silence", cancel_token=source.token)
    except axios.AxiosError as error:
        expect(axios.is_cancel(error), f"it ended with {error.code}")
        return str(error.message)
    finally:
        timer.join()
    raise Failed("it was not cancelled")


# -- the run -----------------------------------------------------------------------------------------


def run(out: TextIO) -> int:
    """Run all rows and print a line for each; returns 0, or 1 when one failed."""
    failures = 0
    with EchoServer() as server, Agent() as agent:
        bench = Bench(server, agent)
        for group, name, function in ROWS:
            good, words = _try(function, bench)
            failures += not good
            out.write(f"{'ok  ' if good else 'FAIL'}  {group}: {name}: {words}\n")
            out.flush()
    out.write(f"{len(ROWS) - failures} of {len(ROWS)} rows passed; {describe_python()}\n")
    return 1 if failures else 0


def _try(function: Callable[[Bench], str], bench: Bench) -> Tuple[bool, str]:
    try:
        return True, function(bench)
    except Exception as error:  # whatever it is, it is this row's result
        return False, f"{type(error).__name__}: {error}"


def describe_python() -> str:
    """What this interpreter offers, in one line: version, OpenSSL, trusted roots, codings."""
    from .wire.available_codings import supported_codings

    version = ".".join(map(str, sys.version_info[:3]))
    codings = ", ".join(supported_codings()) or "none"
    try:
        import ssl
    except ImportError:
        return f"Python {version}, no ssl (http only), codings: {codings}"
    from .wire.tls import describe_roots

    return f"Python {version}, {ssl.OPENSSL_VERSION}, CA: {describe_roots()}, codings: {codings}"
