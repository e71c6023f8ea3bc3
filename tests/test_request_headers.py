"""Headers that other options make: who we are, credentials, cookies, the XSRF token; and the later hops."""

from __future__ import annotations

import base64
from http.cookiejar import Cookie, CookieJar

import pytest

import miniaxios
from miniaxios import Agent, AxiosError, axios
from tests.support.server import Reply, Server


@pytest.fixture
def client():
    with Agent() as agent:
        yield axios.create(http_agent=agent, timeout=30000)


@pytest.fixture
def server():
    with Server.handler(lambda request: Reply(b"ok")) as server:
        yield server


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


# -- defaults ----------------------------------------------------------------------------------------


def test_default_headers(client, server):
    client.get(server.url())
    request = server.request
    assert request.header("accept") == "application/json, text/plain, */*"
    assert request.header("user-agent") == "miniaxios/" + miniaxios.__version__
    assert "gzip" in request.header("accept-encoding")
    assert request.header("host") == server.netloc and request.header("content-type") is None
    assert len(request.names()) == len(set(request.names()))


@pytest.mark.parametrize("marker", [None, False])
@pytest.mark.parametrize("name", ["Accept", "User-Agent", "accept-encoding", "USER-AGENT"])
def test_markers_take_a_default_away(client, server, name, marker):
    client.get(server.url(), headers={name: marker})
    assert server.request.header(name) is None


def test_ones_own_headers_win(client, server):
    client.get(server.url(), headers={"user-agent": "me", "ACCEPT": "a/b", "Accept-Encoding": "identity", "host": "h.test"})
    request = server.request
    assert [request.header_all(name) for name in ("user-agent", "accept", "accept-encoding", "host")] == [
        ["me"], ["a/b"], ["identity"], ["h.test"],
    ]  # fmt: skip


def test_decompress_false_asks_for_nothing(client):
    with Server.handler(lambda request: Reply(b"raw", headers={"Content-Encoding": "gzip"})) as server:
        response = client.get(server.url(), decompress=False)
        assert server.request.header("accept-encoding") is None
        assert response.data == "raw" and response.headers["content-encoding"] == "gzip"


def test_repeats_and_spellings(client, server):
    client.get(server.url(), headers={"X-Own": ["1", "2"], "x-own-2": "3"})
    assert [pair for pair in server.request.headers if pair[0].lower().startswith("x-")] == [
        ("X-Own", "1"), ("X-Own", "2"), ("x-own-2", "3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nB: c"}, {"X": "a\nb"}, {"X": "a\0b"}, {"X": "\u20ac"}, {"X": ["ok", "a\r\n b"]}, {"X A": "1"}, {"X\n": "1"}, {"É": "1"}],
    ids=repr,
)
def test_INJ_2_what_can_not_stand_in_a_head_is_an_error(client, server, headers):
    error = failed(client.get, server.url(), headers=headers)
    assert error.code == "ERR_BAD_OPTION_VALUE" and server.connections == 0


@pytest.mark.parametrize("method", ["GE T", "", "G\r\nX: 1", "GÉT", "CONNECT"])
def test_INJ_1_methods(client, server, method):
    if method:
        assert failed(client.request, server.url(), method=method).code == "ERR_BAD_OPTION_VALUE"
        assert server.requests == []


# -- credentials -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth, text",
    [
        ({"username": "u", "password": "p"}, "u:p"),
        (("u", "p"), "u:p"),
        (["u", "p"], "u:p"),
        ({"username": "u"}, "u:"),
        ({"password": "p"}, ":p"),
        ({}, ":"),
        ({"username": "ü", "password": "pä€"}, "ü:pä€"),
        ({"username": "a:b", "password": "c:d"}, "a:b:c:d"),
        ({"username": "x" * 500, "password": ""}, "x" * 500 + ":"),
    ],
)
def test_auth(client, server, auth, text):
    client.get(server.url("/", userinfo="other:one"), auth=auth, headers={"authorization": "Bearer x"})
    assert server.request.header_all("authorization") == [basic(text)]
    assert "@" not in server.request.target and "other" not in server.request.raw.decode()


@pytest.mark.parametrize(
    "userinfo, text",
    [("u:p", "u:p"), ("u", "u:"), ("u:", "u:"), (":p", ":p"), ("a%40b:c%3Ad", "a@b:c:d"), ("%C3%BC:p%zz", "ü:p%zz"), ("u:p@q", "u:p@q")],
)
def test_URL_2_userinfo_serves_without_auth(client, server, userinfo, text):
    response = client.get(server.url("/", userinfo=userinfo), headers={"Authorization": "Bearer x"})
    assert server.request.header_all("authorization") == [basic(text)]
    assert "@" not in response.request.url and server.request.header("host") == server.netloc


def test_a_header_serves_without_both(client, server):
    client.get(server.url(), headers={"Authorization": "Bearer x"})
    client.get(server.url(), auth=None)
    assert [request.header("authorization") for request in server.requests] == ["Bearer x", None]


@pytest.mark.parametrize("auth", ["u:p", ("u",), ("u", "p", "q"), 5, {"username": "\ud800"}], ids=repr)
def test_auth_that_is_none(client, server, auth):
    error = failed(client.get, server.url(), auth=auth)
    assert error.code == "ERR_BAD_OPTION_VALUE" and server.connections == 0


# -- hops --------------------------------------------------------------------------------------------

SECRETS = {
    "Authorization": "Bearer s",
    "Cookie": "sid=s",
    "X-API-Key": "s",
    "x-auth-token": "s",
    "X-XSRF-TOKEN": "s",
    "Proxy-Authorization": "s",
    "X-Tenant": "s",
}


def headers_of(request):
    return {name.lower() for name in request.names()}


def test_REDIR_1_secrets_stay_with_their_origin(client):
    with Server.handler(lambda request: Reply(b"end")) as away:
        table = {"/": Reply.redirect("/same"), "/same": Reply.redirect(away.url("/x"))}
        with Server.routes(table) as server:
            headers = {**SECRETS, "X-Harmless": "1"}
            client.get(server.url("/"), headers=headers, sensitive_headers=["x-tenant"])
            direct = {name.lower() for name in SECRETS} - {"proxy-authorization"}
            for request in server.requests:
                assert direct <= headers_of(request)
            assert not {name.lower() for name in SECRETS} & headers_of(away.request)
            assert away.request.header("x-harmless") == "1" and away.request.header("host") == away.netloc
            assert away.request.header("referer") is None


@pytest.mark.parametrize("how", ["auth", "userinfo"])
def test_REDIR_1_credentials_do_not_come_back(client, how):
    with Server.handler(lambda request: Reply.redirect(home.url("/end"))) as away:
        table = {"/": Reply.redirect("/b"), "/b": Reply.redirect(away.url("/x")), "/end": Reply(b"end")}
        with Server.routes(table) as home:
            options = {"auth": ("u", "p")} if how == "auth" else {}
            response = client.get(home.url("/", userinfo="u:p" if how == "userinfo" else ""), **options)
            assert response.data == "end"
            assert [request.header("authorization") for request in home.requests] == [basic("u:p"), basic("u:p"), None]
            assert away.request.header("authorization") is None
            assert not [url for url in response.request.redirects if "@" in url]


def test_REDIR_3_userinfo_of_a_location_is_no_credential(client):
    with Server.handler(lambda request: Reply(b"end")) as away:
        with Server.replies([Reply.redirect(away.url("/x", userinfo="evil:one"))]) as server:
            response = client.get(server.url("/"))
            assert away.request.header("authorization") is None and "@" not in response.request.url


def test_REDIR_1_a_host_of_ones_own_is_for_one_hop(client):
    with Server.routes({"/": Reply.redirect("/x"), "/x": Reply(b"end")}) as server:
        client.get(server.url("/"), headers={"Host": "evil.test"})
        assert [request.header("host") for request in server.requests] == ["evil.test", server.netloc]


# -- before_redirect ---------------------------------------------------------------------------------


def test_before_redirect_sees_and_changes(client):
    seen = []

    def hook(options, response, request):
        seen.append((dict(options), response, request))
        options["headers"]["X-Added"] = "1"
        options["headers"].delete("X-Gone")
        if options["path"] == "/2":
            options["url"] = options["url"] + "?changed"
            options["method"] = "delete"

    table = {"/1": Reply.redirect("/2", 302, close=False), "/2": Reply(b"end", headers={})}
    with Server.routes(table) as server:
        response = client.post(server.url("/1"), "body", before_redirect=hook, headers={"X-Gone": "1", "X-Kept": "2"})
        first, second = server.requests
        assert (second.method, second.target) == ("DELETE", "/2?changed")
        assert (second.header("x-added"), second.header("x-gone"), second.header("x-kept")) == ("1", None, "2")
        assert response.request.method == "DELETE" and response.request.url == server.url("/2?changed")
    ((options, answer, asked),) = seen
    assert (options["method"], options["url"], options["protocol"]) == ("GET", server.url("/2"), "http:")
    assert (options["hostname"], options["port"], options["path"]) == ("127.0.0.1", server.port, "/2")
    assert answer["status_code"] == 302 and answer["headers"]["location"] == "/2"
    assert (asked["method"], asked["url"], asked["headers"]["X-Kept"]) == ("POST", server.url("/1"), "2")


def test_before_redirect_for_each_hop_and_camel_case(client):
    seen = []
    table = {"/1": Reply.redirect("/2"), "/2": Reply.redirect("/3"), "/3": Reply(b"end")}
    with Server.routes(table) as server:
        client.get(server.url("/1"), beforeRedirect=lambda *three: seen.append(three[0]["path"]))
        client.get(server.url("/3"), before_redirect=lambda *three: seen.append("never"))
    assert seen == ["/2", "/3"]


def test_before_redirect_may_replace_the_headers(client):
    def hook(options, response, request):
        options["headers"] = {"Authorization": "Bearer new", "X": "1"}

    with Server.handler(lambda request: Reply(b"end")) as away, Server.replies([Reply.redirect(away.url("/x"))]) as server:
        client.get(server.url("/"), before_redirect=hook, headers={"Authorization": "Bearer old"})
        assert (away.request.header("authorization"), away.request.header("x")) == ("Bearer new", "1")


def test_REDIR_1_before_redirect_takes_no_secret_elsewhere(client):
    jar = jar_of()
    with Server.handler(lambda request: Reply(b"end")) as away:
        table = {"/": Reply(b"", 302, {"Location": "/x", "Set-Cookie": "sid=s"})}
        with Server.routes(table) as server:

            def hook(options, response, request):
                options["url"] = away.url("/elsewhere")
                options["headers"]["X-New"] = "1"

            headers = {name: value for name, value in SECRETS.items() if name != "Cookie"}
            client.get(server.url("/"), before_redirect=hook, headers=headers, sensitive_headers=["X-Tenant"], cookie_jar=jar)
        assert not {name.lower() for name in SECRETS} & headers_of(away.request)
        assert away.request.header("x-new") == "1" and away.request.path == "/elsewhere"


@pytest.mark.parametrize(
    "change, code",
    [
        ({"url": "ftp://h/"}, "ERR_BAD_REQUEST"),
        ({"url": "http://a b/"}, "ERR_INVALID_URL"),
        ({"method": "G T"}, "ERR_BAD_OPTION_VALUE"),
        ({"method": None}, "ERR_BAD_OPTION_VALUE"),
        ({"headers": {"X": "a\r\nb"}}, "ERR_BAD_OPTION_VALUE"),
    ],
)
def test_before_redirect_that_makes_nonsense(client, change, code):
    with Server.replies([Reply.redirect("/x")]) as server:
        error = failed(client.get, server.url("/"), before_redirect=lambda options, *rest: options.update(change))
        assert error.code == code


def test_before_redirect_that_refuses_by_an_axios_error(client):
    mine = AxiosError("not there", "ERR_BAD_REQUEST")

    def hook(*arguments):
        raise mine

    with Server.replies([Reply.redirect("/x")]) as server:
        assert failed(client.get, server.url("/"), before_redirect=hook) is mine


# -- cookies -----------------------------------------------------------------------------------------


def jar_of(**cookies):
    jar = CookieJar()
    for name, value in cookies.items():
        jar.set_cookie(
            Cookie(0, name, value, None, False, "127.0.0.1", True, False, "/", True, False, None, True, None, None, {})
        )
    return jar


def test_cookies_are_kept_and_sent(client):
    jar = CookieJar()
    table = {
        "/in": Reply(b"", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/deep")]),
        "/deep/x": Reply(b""),
        "/404": Reply(b"", 404, {"Set-Cookie": "c=3; Path=/"}),
    }
    with Server.routes(table) as server:
        client.get(server.url("/in"), cookie_jar=jar)
        client.get(server.url("/deep/x"), cookieJar=jar)
        failed(client.get, server.url("/404"), cookie_jar=jar)
        client.get(server.url("/in"), cookie_jar=jar)
        client.get(server.url("/in"))
        sent = [request.header("cookie") for request in server.requests]
    assert sent[0] is None and sorted(sent[1].split("; ")) == ["a=1", "b=2"]
    assert sorted(sent[3].split("; ")) == ["a=1", "c=3"] and sent[4] is None


def test_cookies_of_hops(client):
    table = {
        "/login": Reply(b"", 302, {"Location": "/home", "Set-Cookie": "sid=1; Path=/"}),
        "/home": Reply(b"", 302, {"Location": "/out", "Set-Cookie": "extra=2; Path=/"}),
        "/out": Reply(b"", 302, {"Location": "/end", "Set-Cookie": "sid=; Max-Age=0; Path=/"}),
        "/end": Reply(b"end"),
    }
    jar = CookieJar()
    with Server.routes(table) as server:
        client.get(server.url("/login"), cookie_jar=jar)
        sent = [request.header("cookie") for request in server.requests]
    assert sent == [None, "sid=1", "sid=1; extra=2", "extra=2"]


@pytest.mark.parametrize("credentials", [False, True])
def test_cookies_and_other_origins(client, credentials):
    # To a cookie two ports of one host are one site: only the own-site rule keeps them apart.
    with Server.handler(lambda request: Reply(b"", headers={"Set-Cookie": "away=1; Path=/"})) as away:
        with Server.handler(lambda request: Reply.redirect(away.url("/x"))) as server:
            jar = jar_of(sid="1")
            client.get(server.url("/"), cookie_jar=jar, with_credentials=credentials)
            assert server.request.header("cookie") == "sid=1"
            assert away.request.header("cookie") == ("sid=1" if credentials else None)
            assert ("away" in [cookie.name for cookie in jar]) is credentials


@pytest.mark.parametrize("credentials", [False, True])
def test_the_own_site_is_that_of_base_url(client, credentials):
    with Server.handler(lambda request: Reply(b"")) as away, Server.handler(lambda request: Reply(b"")) as server:
        options = {"cookie_jar": jar_of(sid="1"), "base_url": server.url("/api"), "with_credentials": credentials}
        client.get("/x", **options)
        client.get(away.url("/x"), **options)
        assert server.request.header("cookie") == "sid=1"
        assert away.request.header("cookie") == ("sid=1" if credentials else None)


def test_a_cookie_header_of_ones_own_beats_the_jar(client):
    with Server.handler(lambda request: Reply(b"", headers={"Set-Cookie": "new=1"})) as server:
        jar = jar_of(sid="1")
        client.get(server.url(), cookie_jar=jar, headers={"cookie": "mine=1"})
        assert server.request.header_all("cookie") == ["mine=1"]
        assert {cookie.name for cookie in jar} == {"sid", "new"}


def test_INJ_5_what_a_server_set_injects_nothing(client):
    values = ["s=a\x01b", 's="\\015\\012X: y"', "ok=1"]

    def answer(request):
        head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + "".join("Set-Cookie: %s\r\n" % value for value in values[1:])
        return head.encode("latin-1") + b"\r\n"

    jar = CookieJar()
    with Server.handler(answer) as server:
        client.get(server.url(), cookie_jar=jar)
        client.get(server.url(), cookie_jar=jar)
        cookie = server.requests[1].header("cookie")
        assert "ok=1" in cookie and server.requests[1].header("x") is None


# -- the XSRF token ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, same, cross",
    [
        ({}, True, False),
        ({"with_xsrf_token": None}, True, False),
        ({"with_xsrf_token": False}, False, False),
        ({"with_xsrf_token": True}, True, True),
        ({"withXSRFToken": True}, True, True),
        ({"with_xsrf_token": lambda config: True}, True, True),
        ({"with_xsrf_token": lambda config: False}, False, False),
        ({"with_xsrf_token": lambda config: "yes"}, False, False),
        ({"with_xsrf_token": lambda config: config.url.endswith("same")}, True, False),
    ],
)
def test_XSRF_1_where_the_token_goes(client, options, same, cross):
    jar = jar_of(**{"XSRF-TOKEN": "tok"})
    with Server.handler(lambda request: Reply(b"")) as away, Server.handler(lambda request: Reply(b"")) as server:
        client.get(server.url("/same"), cookie_jar=jar, base_url=server.url("/"), **options)
        client.get(away.url("/cross"), cookie_jar=jar, base_url=server.url("/"), **options)
        assert server.request.header("x-xsrf-token") == ("tok" if same else None)
        assert away.request.header("x-xsrf-token") == ("tok" if cross else None)


@pytest.mark.parametrize("value", [1, "false", {}, "true"], ids=repr)
def test_XSRF_1_odd_values_open_nothing(client, value):
    jar = jar_of(**{"XSRF-TOKEN": "tok"})
    with Server.handler(lambda request: Reply(b"")) as away:
        try:
            client.get(away.url("/"), cookie_jar=jar, base_url="http://own.test/", with_xsrf_token=value)
        except AxiosError as error:
            assert error.code == "ERR_BAD_OPTION_VALUE"
        assert not [request for request in away.requests if request.header("x-xsrf-token")]


def test_XSRF_1_names_and_hops(client):
    jar = jar_of(tok_n="1", **{"XSRF-TOKEN": "2"})
    with Server.handler(lambda request: Reply(b"end")) as away:
        table = {"/": Reply.redirect("/b"), "/b": Reply.redirect(away.url("/x"))}
        with Server.routes(table) as server:
            names = {"xsrf_cookie_name": "tok_n", "xsrf_header_name": "X-Guard"}
            client.get(server.url("/"), cookie_jar=jar, with_xsrf_token=True, **names)
            assert [request.header("x-guard") for request in server.requests] == ["1", "1"]
            assert away.request.header("x-guard") is None
            client.get(away.url("/"), cookie_jar=jar, xsrf_cookie_name="t.*", xsrf_header_name="X-Guard")
            client.get(away.url("/"), cookie_jar=jar, xsrf_cookie_name=None)
            client.get(away.url("/"), cookie_jar=jar, xsrf_header_name=None)
            client.get(away.url("/"), headers={"X-Guard": "mine"})
            assert [request.header("x-guard") for request in away.requests[1:]] == [None, None, None, "mine"]
            assert not any(request.header("x-xsrf-token") for request in away.requests)
