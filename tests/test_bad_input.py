"""What a caller can get wrong: each is an AxiosError with a code, says which option and what was expected,
and is raised before a byte is sent. In plain calls, and in promises, which reject with it.
"""

from __future__ import annotations

import datetime
import socket
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import Agent, AxiosError, axios
from miniaxios.option_table import OPTIONS
from tests.support.server import Reply, Server

PATIENCE = 10
modes = pytest.mark.parametrize("mode", ["sync", "promise"])


@contextmanager
def untouched():
    """A server that nobody may connect to. It would answer, so that a test fails at once."""
    with Server.handler(lambda request: Reply(b"")) as server:
        yield server
        # Connections are accepted in their order: once this one is there, so is every other.
        with socket.create_connection((server.host, server.port), timeout=5):
            server.wait_connections(1)
        assert (server.connections, server.requests) == (1, [])


@pytest.fixture
def server():
    with untouched() as one:
        yield one


def failure(mode, *args, call="request", **options):
    """The error of a request that must fail. Exactly AxiosError: its kin are for the network's faults."""
    if mode == "promise":
        error = getattr(axios.promises, call)(*args, **options).exception(PATIENCE)
    else:
        with pytest.raises(AxiosError) as caught:
            getattr(axios, call)(*args, **options)
        error = caught.value
    assert type(error) is AxiosError, repr(error)
    assert error.request is None or error.request.method
    assert error.response is None
    return error


# ---- URLs -------------------------------------------------------------------------------------


@modes
@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "/relative",
        "relative",
        "?query",
        "#fragment",
        "../up",
        "//host.test/protocol-relative",
        "http:",
        "http:/one-slash",
        "http:no-slash",
        "https:no-slash",
        "http://",
        "http:///no-host",
        "http://:80/",
        "http://a b/",
        "http://a\r\nX: y/",
        "http://127.0.0.1\t/",
        "http://127.0.0.1\\@evil.test/",
        "http://[::1/",
        "http://a%2fb/",
        "http://a..b/",
        "://x",
        "1http://x/",
    ],
)
def test_a_url_that_is_none(mode, url):
    error = failure(mode, {} if url is None else {"url": url})
    assert error.code == "ERR_INVALID_URL"
    assert "URL" in error.message
    assert error.config is not None and error.config["url"] == url


@modes
@pytest.mark.parametrize("base_url", ["", "/only/a/path", "api", "//a.test", "http:", "http:/x"])
def test_a_base_url_that_is_none(mode, base_url):
    error = failure(mode, "x", base_url=base_url)
    assert (error.code, "URL" in error.message) == ("ERR_INVALID_URL", True)


@modes
@pytest.mark.parametrize("port", ["65536", "99999", "-1", "+80", "8_0", "0x50", "٨٠", "80a", "9" * 50, "8 0"])
def test_a_port_out_of_range(mode, port):
    error = failure(mode, "http://127.0.0.1:%s/" % port)
    assert error.code == "ERR_INVALID_URL"
    assert error.message.startswith("Invalid URL") and ("port" in error.message or " " in port)


@modes
@pytest.mark.parametrize(
    "scheme", ["ftp", "file", "ws", "unix", "local_file", "gopher", "javascript", "HTTPX", "mailto"]
)
def test_SCHEME_1_an_unknown_scheme(mode, scheme):
    error = failure(mode, scheme + "://127.0.0.1/etc/passwd")
    assert error.code == "ERR_BAD_REQUEST"
    assert error.message == "Unsupported protocol %s:" % scheme.lower()


@modes
def test_no_message_shows_the_password_of_a_url(mode):
    for url in ("http:user:hunter2@h/", "http://user:hunter2@h:99999/", "ftp://user:hunter2@h/"):
        error = failure(mode, url)
        assert "hunter2" not in str(error) + repr(error) + repr(error.to_json())


# ---- methods and headers ----------------------------------------------------------------------


@modes
@pytest.mark.parametrize(
    "method",
    ["GE T", "G:ET", "GÉT", "GET\r\nX: 1", "GET\n", " GET", "GET ", "G\0ET", "get()", "\u212aEEP", "G,ET"],
)
def test_INJ_1_a_bad_method(server, mode, method):
    error = failure(mode, server.url(), method=method)
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert error.message == "option method must be an HTTP method (a token), not str"


@modes
@pytest.mark.parametrize(
    "method", [5, b"GET", ["get"], True, object()], ids=lambda value: type(value).__name__
)
def test_a_method_of_the_wrong_type(server, mode, method):
    error = failure(mode, server.url(), method=method)
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert error.message.startswith("option method must be an HTTP method (a token), not ")


@modes
def test_CONNECT_is_not_for_callers(server, mode):
    error = failure(mode, server.url(), method="connect")
    assert (error.code, "CONNECT" in error.message) == ("ERR_BAD_OPTION_VALUE", True)


@modes
@pytest.mark.parametrize("name", ["X A", "X\r\nA", "X:A", "X\0", "(X)", "Ä", "X\tA", "X-A\n"])
def test_INJ_2_a_bad_header_name(server, mode, name):
    error = failure(mode, server.url(), headers={name: "1"})
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert "header name must be a valid HTTP token" in error.message
    assert not {"\r", "\n", "\0"} & set(error.message), "the message is fit for a log"


class Text(str):
    """A str of somebody's own."""


@modes
@pytest.mark.parametrize(
    "value",
    ["a\r\nEvil: 1", "a\r\n b", "a\nb", "a\rb", "a\0b", "a\x7fb", "a\x0bb", "€", "\ud800", "a\x85€"],
    ids=ascii,
)
@pytest.mark.parametrize("form", [str, Text, lambda value: ["fine", value], lambda value: (value, "fine")])
def test_INJ_2_a_bad_header_value(server, mode, value, form):
    error = failure(mode, server.url(), headers={"X-Mine": form(value)})
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert "header X-Mine" in error.message and "Latin-1" in error.message
    assert value not in error.message, "it may be a secret"


@modes
@pytest.mark.parametrize("value", [object(), {"a": 1}, [["a"]], [{}], {1, 2}], ids=repr)
def test_a_header_value_that_is_no_text(server, mode, value):
    error = failure(mode, server.url(), headers={"X-Mine": value})
    assert (error.code, "X-Mine" in error.message) == ("ERR_BAD_OPTION_VALUE", True)


@modes
@pytest.mark.parametrize("headers", [{"X-A": "1\r\nX: y"}, {"X A": "1"}])
def test_INJ_2_headers_are_checked_behind_interceptors_and_transforms(server, mode, headers):
    def transform(data, given):
        for name, value in headers.items():
            given[name] = value
        return data

    here = axios.create()
    here.interceptors.request.use(lambda config: {**config, "headers": headers})
    for client, options in ((here, {}), (axios, {"transform_request": transform})):
        if mode == "sync":
            with pytest.raises(AxiosError) as caught:
                client.get(server.url(), **options)
            error = caught.value
        else:
            error = client.promises.get(server.url(), **options).exception(PATIENCE)
        assert error.code == "ERR_BAD_OPTION_VALUE"


@modes
@pytest.mark.parametrize(
    "headers, data",
    [
        ({"Content-Length": "3"}, "12345"),
        ({"Content-Length": "9"}, "12345"),
        ({"Content-Length": "5", "Transfer-Encoding": "chunked"}, "12345"),
        ({"Transfer-Encoding": "chunked"}, "12345"),
        ({"Transfer-Encoding": "gzip"}, iter([b"x"])),
        ({"Content-Length": "x"}, "12345"),
    ],
    ids=repr,
)
def test_FRAME_1_a_length_of_ones_own_that_does_not_fit(mode, headers, data):
    with untouched() as server:
        error = failure(mode, server.url(), data, {"headers": headers}, call="post")
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert "Content-Length" in error.message or "Transfer-Encoding" in error.message


# ---- bodies -----------------------------------------------------------------------------------


def circular():
    made = {"list": [1]}
    made["list"].append(made)
    return made


@modes
@pytest.mark.parametrize(
    "data, path",
    [
        ({"a": [1, {"b": object()}]}, "data.a[1].b"),
        ({"a": float("nan")}, "data.a"),
        ([float("inf")], "data[0]"),
        ({"a": {1, 2}}, "data.a"),
        ({"a": {(1, 2): 3}}, "data.a"),
        ({"a": b"bytes"}, "data.a"),
        (circular(), "data.list[1]"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_unserialisable_body_names_the_path(server, mode, data, path):
    error = failure(mode, server.url(), data, call="post")
    assert error.code == "ERR_BAD_REQUEST"
    assert error.message.startswith(path + " can't be sent as JSON: ") or error.message.startswith(path + "[")


@modes
@pytest.mark.parametrize(
    "data", [5, 1.5, True, object(), {1, 2}, range(3)], ids=lambda value: type(value).__name__
)
def test_a_body_that_is_none(server, mode, data):
    error = failure(mode, server.url(), data, call="post")
    assert error.code == "ERR_BAD_REQUEST"
    assert error.message.startswith("Data after transformation must be a string, bytes, ")
    assert error.message.endswith(", not " + type(data).__name__)


@modes
def test_CPU_2_a_body_that_is_too_deep(server, mode):
    data = []
    for _ in range(100_000):
        data = [data]
    try:
        error = failure(mode, server.url(), data, call="post")
        assert error.code == "ERR_BAD_REQUEST"
        for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            error = failure(
                mode, server.url(), data, {"headers": {"Content-Type": content_type}}, call="post"
            )
            assert error.code == "ERR_FORM_DATA_DEPTH_EXCEEDED"
        error = failure(mode, server.url(), params={"a": data})
        assert error.code == "ERR_FORM_DATA_DEPTH_EXCEEDED"
        assert failure(mode, server.url(), {"own": data}).code == "ERR_BAD_OPTION_VALUE"
    finally:
        while data:  # Freed level by level, or the interpreter would do so recursively.
            data = data.pop()


@modes
def test_params_that_contain_themselves(server, mode):
    error = failure(mode, server.url(), params=circular())
    assert (error.code, error.message) == ("ERR_BAD_OPTION_VALUE", "Circular reference detected in params")


# ---- options of the wrong type ----------------------------------------------------------------

#: Values by kind, each as a strategy. A kind is what an option takes or doesn't; see ACCEPTS.
KINDS = {
    "true": st.just(True),
    "false": st.just(False),
    "minus one": st.just(-1),
    "negative": st.integers(max_value=-2),
    "zero": st.just(0),
    "count": st.integers(7, 10**6),
    "enormous": st.integers(10**20, 10**25),
    "fraction": st.floats(0.01, 1e6).filter(lambda value: value != int(value)),
    "no number": st.sampled_from([float("nan"), float("inf"), float("-inf"), -0.5, 1e300]),
    "text": st.text(min_size=1).filter(lambda value: value not in ("json", "text", "blob", "stream")),
    "digits": st.integers(0, 10**6).map(str),
    "bytes": st.binary(),
    "texts": st.lists(st.text(), min_size=3),
    "numbers": st.lists(st.integers(), min_size=3),
    "pair of numbers": st.tuples(st.integers(0, 9), st.integers(0, 9)),
    "pairs": st.lists(st.tuples(st.text("abc", min_size=1), st.text("abc")), min_size=3),
    "mapping": st.dictionaries(st.sampled_from(["silent", "x"]), st.integers(), min_size=1),
    "set": st.sets(st.integers(), min_size=1),
    "texts of a set": st.sets(st.text(), min_size=1),
    "function": st.just(lambda *args: None),
    "functions": st.lists(st.just(lambda *args: None), min_size=3),
    "object": st.builds(object),
    "time": st.timedeltas(min_value=datetime.timedelta(0)),
    "negative time": st.timedeltas(max_value=datetime.timedelta(seconds=-1)),
}
ALL_TEXT = {"text", "digits"}
NUMBERS = {"zero", "count", "fraction"}
BOOLS = {"true", "false"}
LIMIT = {"minus one", "zero", "count", "enormous"}
TEXTS = {"texts", "texts of a set"}
TRANSFORM = {"function", "functions"}
MAP = {"mapping", "pairs"}

#: What each option takes, by the table of the contract. Whatever else there is has to be refused. None is not
#: among the kinds: that it is "given" is tested option by option elsewhere.
ACCEPTS = {
    "url": ALL_TEXT,
    "method": ALL_TEXT,
    "base_url": ALL_TEXT,
    "allow_absolute_urls": BOOLS,
    "transform_request": TRANSFORM,
    "transform_response": TRANSFORM,
    "headers": MAP,
    "params": MAP,
    "params_serializer": {"function", "mapping"},
    "form_serializer": {"mapping"},
    "timeout": NUMBERS | {"time"},
    "timeout_error_message": ALL_TEXT,
    "with_credentials": BOOLS,
    "adapter": ALL_TEXT | TRANSFORM | {"texts"},
    "auth": {"mapping"},
    "response_type": set(),
    "response_encoding": ALL_TEXT,
    "xsrf_cookie_name": ALL_TEXT,
    "xsrf_header_name": ALL_TEXT,
    "with_xsrf_token": BOOLS | {"function"},
    "cookie_jar": set(),
    "on_upload_progress": {"function"},
    "on_download_progress": {"function"},
    "max_content_length": LIMIT,
    "max_body_length": LIMIT,
    "validate_status": {"function"},
    "max_redirects": {"zero", "count", "enormous"},
    "before_redirect": {"function"},
    "sensitive_headers": TEXTS,
    "http_agent": set(),
    "https_agent": set(),
    "proxy": {"mapping", "false"} | ALL_TEXT,
    "socket_path": ALL_TEXT,
    "allowed_socket_paths": ALL_TEXT | TEXTS,
    "cancel_token": set(),
    "signal": set(),
    "decompress": BOOLS,
    "max_rate": NUMBERS | {"pair of numbers"},
    "family": set(),
    "lookup": {"function"},
    "insecure_http_parser": BOOLS,
    "parse_reviver": {"function"},
    "transitional": {"mapping"},
    "redact": TEXTS,
}


def test_the_table_here_is_that_of_the_options():
    # ``data`` takes anything; what can't be sent is tested above.
    assert set(ACCEPTS) == set(OPTIONS) - {"data"}
    assert set().union(*ACCEPTS.values()) <= set(KINDS)


@modes
@pytest.mark.parametrize("name", sorted(ACCEPTS))
def test_CONFIG_2_an_option_of_the_wrong_type(mode, name):
    option = OPTIONS[name]
    wrong = st.one_of([KINDS[kind] for kind in sorted(set(KINDS) - ACCEPTS[name])])

    with untouched() as server:

        @settings(max_examples=20)
        @given(wrong, st.sampled_from([option.name, option.camel]), st.booleans())
        def refused(value, spelling, is_keyword):
            config = {"url": server.url(), spelling: value}
            error = failure(mode, **config) if is_keyword else failure(mode, config)
            assert error.code == "ERR_BAD_OPTION_VALUE"
            assert error.message == "option %s must be %s, not %s" % (
                name,
                option.expected,
                type(value).__name__,
            )

        refused()


@modes
@pytest.mark.parametrize("name", sorted(set(ACCEPTS) - {"url"}))
def test_an_option_of_the_wrong_type_in_the_defaults(mode, name):
    with untouched() as server:
        instance = axios.create(**{name: object()})
        if mode == "promise":
            error = instance.promises.request(server.url()).exception(PATIENCE)
        else:
            with pytest.raises(AxiosError) as caught:
                instance.request(server.url())
            error = caught.value
        assert error.code == "ERR_BAD_OPTION_VALUE"
        assert error.message.startswith("option %s must be " % name)


@modes
@pytest.mark.parametrize(
    "options, named",
    [
        ({"auth": {"username": 5}}, "auth.username must be a string"),
        ({"auth": {"username": "u", "password": b"p"}}, "auth.password must be a string"),
        ({"auth": ("u", 5)}, "auth must be a mapping with username and password, or a pair"),
        ({"auth": ("u", "p", "x")}, "auth must be"),
        ({"proxy": {"host": 5}}, "proxy.host must be a string"),
        ({"proxy": {"host": "h", "port": 65536}}, "proxy.port must be an integer from 0 to 65535"),
        ({"proxy": {"host": "h", "port": "80"}}, "proxy.port must be an integer"),
        ({"proxy": {"host": "h", "auth": 5}}, "proxy.auth must be"),
        (
            {"proxy": {"host": "h", "rejectUnauthorized": 0}},
            "proxy.reject_unauthorized must be True or False",
        ),
        (
            {"transitional": {"silentJSONParsing": 1}},
            "transitional.silent_json_parsing must be True or False",
        ),
        ({"params_serializer": {"encode": 5}}, "params_serializer.encode must be callable"),
        ({"params_serializer": {"indexes": 1}}, "params_serializer.indexes must be None, False or True"),
        ({"paramsSerializer": {"maxDepth": "9"}}, "params_serializer.max_depth must be a number of levels"),
        ({"form_serializer": {"visitor": 5}}, "form_serializer.visitor must be callable"),
        ({"transform_request": [5]}, "transform_request must be callable or a list of callables"),
        ({"adapter": [5]}, "adapter must be a name, callable or a list of them"),
        ({"max_rate": [1, 2, 3]}, "max_rate must be a number of bytes a second, or a pair of them"),
        ({"max_rate": [1, "2"]}, "max_rate must be"),
        ({"family": 5}, "family must be 4 or 6"),
        ({"family": True}, "family must be 4 or 6"),
        ({"response_type": "formdata"}, "response_type must be one of json, text, arraybuffer"),
        ({"headers": [("only one",)]}, "headers must be a mapping, Headers or a list of pairs"),
        ({"headers": "X-A: 1"}, "headers must be a mapping, Headers or a list of pairs"),
        ({"params": "a=1"}, "params must be a mapping, URLSearchParams or a list of pairs"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_members_and_forms_of_options(server, mode, options, named):
    error = failure(mode, server.url(), options)
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert error.message.startswith("option " + named)


@modes
@pytest.mark.parametrize(
    "proxy", ["http://", {}, "gopher://h:1", {"host": "a b"}, {"host": "a\r\nX: 1"}], ids=repr
)
def test_PROXY_4_a_bad_proxy_never_goes_direct(server, mode, proxy):
    error = failure(mode, server.url(), proxy=proxy)
    assert (error.code, "proxy" in error.message.lower()) == ("ERR_BAD_OPTION_VALUE", True)


@modes
@pytest.mark.parametrize("call", ["get", "post", "post_form"])
@pytest.mark.parametrize(
    "config", [5, "text", ["list"], True, object()], ids=lambda value: type(value).__name__
)
def test_a_config_that_is_none(server, mode, call, config):
    args = (server.url(), config) if call == "get" else (server.url(), None, config)
    error = failure(mode, *args, call=call)
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert error.message.startswith("option config must be a mapping, not ")


@modes
def test_two_configs_of_which_one_is_none(server, mode):
    error = failure(mode, {"url": server.url()}, "text")
    assert error.message == "option config must be a mapping, not str"


# ---- unknown options --------------------------------------------------------------------------


@modes
@pytest.mark.parametrize(
    "name, nearest",
    [
        ("tiemout", "timeout"),
        ("baseUrl", "base_url"),
        ("baseurl", "base_url"),
        ("maxRedirect", "max_redirects"),
        ("response_typ", "response_type"),
        ("header", "headers"),
        ("param", "params"),
        ("withXsrfToken", "with_xsrf_token"),
        ("json", "data"),
        ("cookies", "cookie_jar"),
        ("verify", "https_agent"),
        ("stream", "response_type"),
        ("allow_redirects", "max_redirects"),
    ],
)
@pytest.mark.parametrize("call", ["request", "get", "post"])
def test_an_unknown_keyword_names_the_nearest_option(server, mode, name, nearest, call):
    error = failure(mode, server.url(), call=call, **{name: 1})
    assert error.code == "ERR_BAD_OPTION"
    assert error.message == "Unknown option %s (did you mean %s?)" % (name, nearest)


@pytest.mark.parametrize("call", [axios.create, axios.get_uri])
def test_an_unknown_keyword_of_the_other_calls(call):
    with pytest.raises(AxiosError, match="Unknown option tiemout") as caught:
        call(tiemout=5)
    assert caught.value.code == "ERR_BAD_OPTION"


@modes
def test_an_unknown_switch(server, mode):
    error = failure(mode, server.url(), transitional={"silentJsonParsing": True})
    assert (error.code, error.message) == ("ERR_BAD_OPTION", "Unknown option silentJsonParsing")


#: What a keyword may be; the last two are the names of parameters.
KNOWN = {*OPTIONS, *(option.camel for option in OPTIONS.values()), "config", "self"}


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=5000).filter(lambda name: name not in KNOWN))
def test_any_unknown_keyword_is_told_and_not_at_length(name):
    with pytest.raises(AxiosError, match="did you mean") as caught:
        axios.get("http://a.test/", **{name: 1})
    assert caught.value.code == "ERR_BAD_OPTION" and len(caught.value.message) < 150


# ---- what is thrown at everything else --------------------------------------------------------


@pytest.mark.parametrize(
    "options, name",
    [
        ({"max_sockets": 0}, "agent.max_sockets"),
        ({"maxSockets": "5"}, "agent.max_sockets"),
        ({"timeout": "5"}, "agent.timeout"),
        ({"reject_unauthorized": 0}, "agent.reject_unauthorized"),
        ({"keepAlive": 1}, "agent.keep_alive"),
        ({"ca": 5}, "agent.ca"),
    ],
)
def test_an_agent_of_wrong_options(options, name):
    with pytest.raises(AxiosError, match="option " + name) as caught:
        Agent(**options)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


def test_an_agent_of_unknown_options():
    with pytest.raises(AxiosError, match="Unknown option rejectUnauthorised of Agent") as caught:
        Agent(rejectUnauthorised=False)
    assert caught.value.code == "ERR_BAD_OPTION"


@pytest.mark.parametrize("which", ["request", "response"])
@pytest.mark.parametrize("handlers", [(5,), (None, "x")])
def test_an_interceptor_that_is_none(which, handlers):
    with pytest.raises(AxiosError, match="must be a callable or None") as caught:
        getattr(axios.create().interceptors, which).use(*handlers)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@modes
@pytest.mark.parametrize("returned", [None, 5, "config", [1]])
def test_an_interceptor_that_returns_no_config(mode, returned):
    here = axios.create()
    here.interceptors.request.use(lambda config: returned)
    with untouched() as server:
        if mode == "promise":
            error = here.promises.get(server.url()).exception(PATIENCE)
        else:
            with pytest.raises(AxiosError) as caught:
                here.get(server.url())
            error = caught.value
    assert error.code == "ERR_BAD_OPTION_VALUE"
    assert "a request interceptor must return the config" in error.message
