"""Hostile input of the caller's: headers as a mapping, pairs and Headers, lines, methods, URLs; given with
the call, by an instance, an interceptor, a transform, a hook of redirects; whole, streamed, promised;
direct, by proxies, through TLS. Nothing goes out: not a byte, not a connection.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager

import pytest

from miniaxios import Agent, AxiosError, Headers, axios
from tests.support.server import Reply, Server

PATIENCE = 20
WAYS = ["whole", "stream", "promise"]
ROUTES = ["direct", "proxy", "tls", "tunnel"]
FORMS = {"mapping": dict, "pairs": list, "Headers": Headers}


class Text(str):
    """A str of somebody's own, which claims to be harmless."""

    def __contains__(self, other):
        return False

    def strip(self, *chars):
        return "harmless"


class Untouched:
    """A server that is origin and proxy at once, and must not see anybody."""

    def __init__(self, server):
        self.server = server
        self.visits = self.asked = 0

    def url(self, route, path="/"):
        return "%s://127.0.0.1:%d%s" % ("https" if route in ("tls", "tunnel") else "http", self.server.port, path)

    def options(self, route):
        return {"proxy": self.server.url("") if route in ("proxy", "tunnel") else False}

    def begin(self):
        """Whoever came before is forgotten."""
        self.visits, self.asked = self.server.connections, len(self.server.requests)

    def check(self):
        """Connections are accepted in their order: once this one is there, so is every other."""
        with socket.create_connection((self.server.host, self.server.port), timeout=5):
            self.visits += 1
            self.server.wait_connections(self.visits)
        assert (self.server.connections, self.server.requests[self.asked :]) == (self.visits, [])


@pytest.fixture(scope="module")
def server():
    with Server.handler(lambda request: Reply(b"")) as one:
        yield Untouched(one)


@pytest.fixture
def untouched(server):
    server.begin()
    yield server
    server.check()


def failure(way, client, url, **options):
    """The error of a request that must fail."""
    options.setdefault("timeout", PATIENCE * 1000)
    if way == "promise":
        error = client.promises.request(url, **options).exception(PATIENCE)
    else:
        with pytest.raises(AxiosError) as caught:
            client.request(url, response_type="stream" if way == "stream" else None, **options)
        error = caught.value
    assert type(error) is AxiosError, repr(error)
    return error


everywhere = [pytest.mark.parametrize("route", ROUTES), pytest.mark.parametrize("way", WAYS)]


def in_every_mode(test):
    for mark in everywhere:
        test = mark(test)
    return test


# -- headers -------------------------------------------------------------------------------------------

BAD_VALUES = [
    "a\r\nEvil: 1", "a\r\n b", "a\nb", "a\rb", "a\0b", "\x7f", "a\x0bb", "a\x1bb", "\u20ac", "\ud800", "a\u2028b",
    "\r\nEvil: 1", "a\r\n\r\nGET / HTTP/1.1", Text("a\r\nEvil: 1"), ["fine", "a\r\nEvil: 1"], ("a\nb", "fine"),
    b"a\r\nEvil: 1",
]  # fmt: skip
BAD_NAMES = ["X A", "X-A ", "X\0", "X:A", "X\r\nEvil", "X\n", "(X)", "\xc4", "X\tA", Text("X A")]


def places(headers, form):
    """(client, options) for each place from which headers come; each starts its own instance."""
    given = FORMS[form](headers)
    yield "call", axios, {"headers": given}
    yield "instance", axios.create(headers=given), {}
    client = axios.create()
    client.interceptors.request.use(lambda config: {**config, "headers": given})
    yield "interceptor", client, {}

    def transform(data, own):
        for name, value in headers:
            own[name] = value
        return data

    yield "transform", axios, {"transform_request": [transform]}


@in_every_mode
@pytest.mark.parametrize("form", list(FORMS))
def test_INJ_2_header_values_from_everywhere(untouched, way, route, form):
    for value in BAD_VALUES:
        for place, client, options in places([("X-Mine", value)], form):
            error = failure(way, client, untouched.url(route), **untouched.options(route), **options)
            assert error.code == "ERR_BAD_OPTION_VALUE", (place, value, error)
            assert "Evil" not in str(error) + repr(error)


@in_every_mode
@pytest.mark.parametrize("form", list(FORMS))
def test_INJ_2_header_names_from_everywhere(untouched, way, route, form):
    for name in BAD_NAMES:
        for place, client, options in places([(name, "1")], form):
            error = failure(way, client, untouched.url(route), **untouched.options(route), **options)
            assert error.code == "ERR_BAD_OPTION_VALUE", (place, name, error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("name, value", [("X-Mine", "a\r\nEvil: 1"), ("X A", "1"), ("Content-Length", "7"), ("Host", "a\nb")])
def test_INJ_2_headers_of_a_redirect_hook(no_leaks, way, form, name, value):
    """The hook may set headers for the next hop: they are checked like any others."""

    def hook(options, *details):
        options["headers"] = FORMS[form]([(name, value)])

    with Server.handler(lambda request: Reply.redirect("/next")) as server, Agent() as agent:
        error = failure(way, axios, server.url(), before_redirect=hook, http_agent=agent)
        assert error.code == "ERR_BAD_OPTION_VALUE"
        assert server.request.path == "/"


# -- lengths -------------------------------------------------------------------------------------------

BAD_FRAMING = [
    ([("Content-Length", "3")], b"12345"),
    ([("Content-Length", "9")], b"12345"),
    ([("content-length", "5, 5")], b"12345"),
    ([("Content-Length", "+5")], b"12345"),
    ([("Content-Length", "05")], b"12345"),
    ([("Content-Length", "٥")], b"12345"),
    ([("Content-Length", "5" * 5000)], b"12345"),
    ([("Content-Length", ["5", "5"])], b"12345"),
    ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], b"12345"),
    ([("Transfer-Encoding", "chunked")], b"12345"),
    ([("TRANSFER-ENCODING", "chunked")], b"12345"),
    ([("Transfer-Encoding", "identity")], b"12345"),
    ([("Transfer-Encoding", "gzip, chunked")], iter([b"12345"])),
    ([("Content-Length", "1")], None),
]


@in_every_mode
@pytest.mark.parametrize("form", list(FORMS))
def test_FRAME_1_lengths_from_everywhere(untouched, way, route, form):
    for headers, data in BAD_FRAMING:
        for place, client, options in places(headers, form):
            options = {**untouched.options(route), **options, "method": "post", "data": data}
            error = failure(way, client, untouched.url(route), **options)
            assert error.code == "ERR_BAD_OPTION_VALUE", (place, headers, error)


# -- methods, URLs, proxies ----------------------------------------------------------------------------

BAD_METHODS = ["GE T", "G:ET", "G\xc9T", "GET\r\nX: 1", "GET\n", " GET", "G\0ET", "GET /x HTTP/1.1\r\n", "\u212aEEP", "connect", Text("GE T")]
BAD_URLS = [
    "://127.0.0.1{port}\\@evil.test/", "://127.0.0.1{port}/\r\nX: y", "://127.0.0.1{port}/\0",
    "://127.0.0.1\t{port}/", "://127.0.0.1{port}\r\nHost: evil/", ":\\\\127.0.0.1{port}", "://a%2fb{port}/", "://[::1]x/",
    "://a..b/", "://a\u2100b/", "://127.0.0.1:+80/", "://127.0.0.1:\u0668\u0660/", "://127.0.0.1:8_0/",
    "://%31%32%37.0.0.1{port}/", "://[v1.x]/", "://xn--/", "://" + "a" * 60000 + "/", "://127.0.0.1{port}\\/",
]  # fmt: skip


@in_every_mode
def test_INJ_1_methods_everywhere(untouched, way, route):
    for method in BAD_METHODS:
        client = axios.create(method=method)
        for one, options in ((axios, {"method": method}), (client, {})):
            error = failure(way, one, untouched.url(route), **untouched.options(route), **options)
            assert error.code == "ERR_BAD_OPTION_VALUE", (method, error)


def outcome(way, url, **options):
    """A message of failure, or None for what was sent after all."""
    try:
        if way == "promise":
            axios.promises.get(url, **options).result(PATIENCE)
        else:
            axios.get(url, **options)
    except AxiosError as error:
        return error
    return None


@in_every_mode
def test_URL_1_URL_4_URL_5_bad_urls_everywhere(untouched, way, route):
    scheme = "https" if route in ("tls", "tunnel") else "http"
    for pattern in BAD_URLS:
        url = scheme + pattern.replace("{port}", ":%d" % untouched.server.port)
        for options in ({}, {"base_url": url}, {"base_url": "http://127.0.0.1:1/"}):
            target = "x" if options.get("base_url") == url else url
            error = outcome(way, target, timeout=PATIENCE * 1000, **untouched.options(route), **options)
            assert error is not None and error.code == "ERR_INVALID_URL", (url, options, error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scheme", ["file", "ftp", "unix", "local_file", "gopher", "javascript", "ws"])
def test_SCHEME_1_by_every_way(untouched, way, scheme):
    for route in ROUTES:
        error = failure(way, axios, scheme + "://127.0.0.1:%d/etc/passwd" % untouched.server.port, **untouched.options(route))
        assert error.code == "ERR_BAD_REQUEST"


@in_every_mode
def test_INJ_1_INJ_4_hosts_and_proxies_everywhere(untouched, way, route):
    proxies = [
        {"host": "a b", "port": 1}, {"host": "127.0.0.1\r\nX: 1", "port": 1}, {"host": "a\0b"}, {"host": "a/b"},
        {"host": "a@b"}, "http://a b", "http://a\r\nX: 1", "ftp://127.0.0.1", "http://", {"host": "h", "port": 65536},
    ]  # fmt: skip
    for proxy in proxies:
        error = failure(way, axios, untouched.url(route), proxy=proxy)
        assert error.code == "ERR_BAD_OPTION_VALUE", (proxy, error)


@pytest.mark.parametrize("way", WAYS)
def test_INJ_1_what_callbacks_return_is_no_part_of_the_line(no_leaks, way):
    """The serializer's text is the caller's, too: blanks and line ends are coded or refused."""
    with Server.handler(lambda request: Reply(request.target)) as server, Agent() as agent:
        for text in ("a=b c", "a=b\r\nEvil: 1", "a=\0", "a=b HTTP/1.1\r\nHost: x\r\n\r\nGET /"):
            options = {"params": {"a": 1}, "params_serializer": lambda params, text=text: text, "http_agent": agent}
            error = outcome(way, server.url(), timeout=PATIENCE * 1000, **options)
            assert error is None or error.code in ("ERR_INVALID_URL", "ERR_BAD_OPTION_VALUE")
        # The server's own reader is strict: whatever arrived was one well-formed request.
        assert not any("Evil" in name for request in server.requests for name in request.names())


# -- what a redirect takes along -----------------------------------------------------------------------

SECRETS = {
    "Authorization": "s3cret", "cookie": "s3cret", "PROXY-authorization": "s3cret", "X-XSRF-Token": "s3cret",
    "x-api-KEY": "s3cret", "X_Api_Key": "s3cret", "X-Mine": "s3cret", "Api-Key": "s3cret",
}  # fmt: skip


@contextmanager
def two_origins():
    """Two servers: the first sends to the second, the second back to the first's /end."""
    with Server.handler(lambda request: Reply(b"end") if request.path == "/end" else Reply.redirect(two.url("/there"))) as one:
        with Server.handler(lambda request: Reply.redirect(one.url("/end"))) as two:
            yield one, two


def get(way, client, url, **options):
    """A request that goes well, its body read."""
    options = {"timeout": PATIENCE * 1000, **options}
    if way == "promise":
        return client.promises.get(url, **options).result(PATIENCE)
    with client.get(url, response_type="stream" if way == "stream" else None, **options) as response:
        if way == "stream":
            response.data.read()
        return response


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", list(FORMS))
def test_REDIR_1_secrets_in_any_form_from_everywhere(no_leaks, way, form):
    for _, client, options in places(list(SECRETS.items()), form):
        with two_origins() as (one, two), Agent() as agent:
            options = {**options, "http_agent": agent, "sensitive_headers": ["x-mine"], "proxy": False}
            get(way, client, one.url("/start"), **options)
            assert str(one.requests[0].headers).count("s3cret") == len(SECRETS) - 1, "all but the proxy's"
            for request in (two.request, one.requests[1]):
                assert "s3cret" not in str(request.headers), request.headers


@pytest.mark.parametrize("way", WAYS)
def test_REDIR_1_AUTH_1_credentials_stay_with_their_origin(no_leaks, way):
    """Those of `auth` and of the URL; what was dropped does not come back with the origin."""
    for options in ({"auth": {"username": "me", "password": "s3cret"}}, {}):
        with two_origins() as (one, two), Agent() as agent:
            url = one.url("/start", userinfo="" if options else "me:s3cret")
            get(way, axios, url, http_agent=agent, proxy=False, **options)
            assert one.requests[0].header("authorization") == "Basic bWU6czNjcmV0"
            for request in (two.request, one.requests[1]):
                assert not {"authorization", "referer"} & set(request.names())


# -- credentials ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Digest realm="x", nonce="y", qop="auth"', "Negotiate"])
def test_AUTH_1_a_challenge_is_answered_by_nobody(no_leaks, monkeypatch, tmp_path, way, challenge):
    """One request, no retry; and no netrc, wherever one lies."""
    text = "machine 127.0.0.1 login me password s3cret\ndefault login me password s3cret\n"
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text(text, encoding="ascii")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Server.handler(lambda request: Reply(b"no", 401, {"WWW-Authenticate": challenge})) as server, Agent() as agent:
        get(way, axios, server.url(), http_agent=agent, validate_status=lambda status: status == 401)
        assert server.request.header("authorization") is None


@pytest.mark.parametrize("way", WAYS)
def test_AUTH_1_the_host_is_what_was_parsed(no_leaks, way):
    """`a:80@host`: the first part is a user's name and password, whatever it looks like."""
    with Server.handler(lambda request: Reply(b"ok")) as server, Agent() as agent:
        get(way, axios, server.url(userinfo="evil.test:80"), http_agent=agent)
        assert server.request.header("host") == server.netloc
        assert server.request.header("authorization") == "Basic ZXZpbC50ZXN0Ojgw"
