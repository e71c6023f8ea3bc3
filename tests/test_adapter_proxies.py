"""Proxies, as the options and the environment name them, through the public API."""

from __future__ import annotations

import base64

import pytest

from miniaxios import Agent, AxiosError, axios
from tests.support.proxy import Proxy, SocksProxy
from tests.support.server import Peer, Reply, Server, closed_port
from tests.support.tls import CA


@pytest.fixture
def client():
    with Agent(ca=CA) as agent:
        yield axios.create(http_agent=agent, https_agent=agent, timeout=30000)


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


WAYS = ["url", "mapping", "camel", "environment", "ENVIRONMENT", "all"]


def way_to(proxy, way, monkeypatch, userinfo="u:p"):
    """Options that lead through the proxy."""
    name, _, password = userinfo.partition(":")
    if way == "url":
        return {"proxy": proxy.url("", userinfo=userinfo)}
    if way in ("mapping", "camel"):
        auth = {"username": name, "password": password}
        host = {"hostname": proxy.host} if way == "camel" else {"host": proxy.host}
        return {"proxy": {"protocol": proxy.scheme, "port": proxy.port, "auth": auth if userinfo else None, **host}}
    address = proxy.url("", userinfo=userinfo)
    for variable in {"environment": ["http_proxy", "https_proxy"], "ENVIRONMENT": ["HTTP_PROXY", "HTTPS_PROXY"], "all": ["all_proxy"]}[way]:
        monkeypatch.setenv(variable, address)
    return {}


@pytest.mark.parametrize("way", WAYS)
def test_http_goes_in_absolute_form(no_leaks, monkeypatch, way):
    with Server.handler(lambda request: Reply(b"ok")) as origin, Proxy(auth=("u", "p"), hosts={"origin.test": origin}) as proxy:
        with Agent() as agent:
            response = axios.get(
                "http://a:b@origin.test/x?y", http_agent=agent, timeout=20000, **way_to(proxy, way, monkeypatch)
            )
        assert response.data == "ok" and proxy.targets == ["http://origin.test/x?y"]
        # Each credential where it belongs.
        assert origin.request.header("authorization") == basic("a:b")
        assert origin.request.header("proxy-authorization") is None
        assert proxy.requests[0].header("proxy-authorization") == basic("u:p")
        request = response.request
        assert (request.url, request.host, request.path) == ("http://origin.test/x?y", "origin.test", "/x?y")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tls", [False, True])
def test_https_goes_through_a_tunnel(no_leaks, monkeypatch, way, tls):
    with Server.handler(lambda request: Reply(b"ok"), tls="names") as origin:
        with Proxy(auth=("u", "p"), hosts={"origin.test:443": origin}, tls=tls) as proxy, Agent(ca=CA) as agent:
            options = way_to(proxy, way, monkeypatch)
            for _ in range(2):
                response = axios.get("https://origin.test/x", https_agent=agent, timeout=20000, **options)
                assert response.data == "ok"
        assert proxy.targets == ["origin.test:443"]  # one tunnel serves both
        assert proxy.requests[0].header("proxy-authorization") == basic("u:p")
        assert not proxy.requests[0].header("authorization")
        for request in origin.requests:
            assert request.target == "/x" and request.header("proxy-authorization") is None
        assert response.request.protocol == "https:" and response.request.host == "origin.test"


def test_socks(client):
    with Server.handler(lambda request: Reply(b"ok")) as origin:
        with SocksProxy(auth=("u", "p"), hosts={"origin.test": origin}) as proxy:
            address = proxy.url("", userinfo="u:p").replace("socks5:", "socks5h:")
            assert client.get("http://origin.test/x", proxy=address).data == "ok"
            assert proxy.targets == [("name", "origin.test", 80)] and proxy.logins == [("u", "p")]
        assert origin.request.target == "/x"


@pytest.mark.parametrize(
    "no_proxy, url, proxied",
    [
        ("", "/", True),
        ("*", "/", False),
        ("127.0.0.1", "/", False),
        ("localhost", "/", False),
        ("127.0.0.0/8", "/", False),
        ("example.test", "/", True),
        ("127.0.0.1:1", "/", True),
    ],
)
def test_no_proxy(client, monkeypatch, no_proxy, url, proxied):
    with Server.handler(lambda request: Reply(b"ok")) as origin, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        monkeypatch.setenv("no_proxy", no_proxy)
        assert client.get(origin.url(url)).data == "ok"
        assert bool(proxy.requests) is proxied
        # The option is not touched by it.
        assert client.get(origin.url(url), proxy=proxy.url("")).data == "ok"
        assert len(proxy.requests) == 1 + proxied


def test_proxy_false_and_none(client, monkeypatch):
    with Server.handler(lambda request: Reply(b"ok")) as origin, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        client.get(origin.url(), proxy=False)
        assert proxy.requests == []
        client.get(origin.url(), proxy=None)
        client.create(proxy=False).get(origin.url(), proxy=None)
        assert len(proxy.requests) == 2


def test_ENV_1_a_cgi_script_ignores_HTTP_PROXY(client, monkeypatch):
    with Server.handler(lambda request: Reply(b"ok")) as origin, closed_port() as port:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:%d" % port)
        monkeypatch.setenv("REQUEST_METHOD", "GET")
        assert client.get(origin.url()).data == "ok"


def test_PROXY_2_a_refused_tunnel_names_the_status(client, no_leaks):
    with Proxy(auth=("u", "p")) as proxy:
        error = failed(client.get, "https://origin.test/", proxy=proxy.url(""))
    assert error.code == "ERR_BAD_RESPONSE" and "407" in str(error) and error.response is None and error.status is None


def test_PROXY_1_a_forwarding_proxy_answers_for_itself(client):
    with Proxy(auth=("u", "p")) as proxy:
        error = failed(client.get, "http://origin.test/", proxy=proxy.url(""))
        assert (error.status, error.response.data) == (407, "who are you?")


@pytest.mark.parametrize(
    "connect, code",
    [
        (Reply(b"no", 502), "ERR_BAD_RESPONSE"),
        (Reply(b"", 302, {"Location": "http://evil.test/"}), "ERR_BAD_RESPONSE"),
        (b"junk\r\n\r\n", "ERR_BAD_RESPONSE"),
        (Peer.close, "ECONNRESET"),
        (Peer.reset, "ECONNRESET"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", "ERR_BAD_RESPONSE"),
    ],
    ids=["502", "302", "junk", "close", "reset", "evil"],
)
def test_PROXY_2_what_a_proxy_says_to_connect(client, no_leaks, connect, code):
    client.defaults.https_agent = agent = Agent(ca=CA)
    with agent, Server.silent(tls=True) as origin:
        with Proxy(connect=connect, hosts={"localhost": origin}) as proxy:
            error = failed(client.get, "https://localhost:%d/" % origin.port, proxy=proxy.url(""))
            assert error.code in (code, "EPROTO") and error.response is None
        assert origin.requests == []


def test_PROXY_4_a_proxy_that_is_down_is_not_gone_around(client):
    with Server.silent() as origin, closed_port() as port:
        for scheme in ("http", "https"):
            error = failed(client.get, "%s://127.0.0.1:%d/" % (scheme, origin.port), proxy="http://127.0.0.1:%d" % port)
            assert error.code == "ECONNREFUSED" and str(error) == "connect ECONNREFUSED 127.0.0.1:%d" % port
        assert origin.connections == 0


@pytest.mark.parametrize("proxy", ["ftp://h", "http://", "http://a b", {"host": ""}, {"port": 1}, {"host": "h", "port": "1"}, True, 5])
def test_PROXY_4_a_bad_proxy_is_an_error(client, proxy):
    with Server.silent() as origin:
        assert failed(client.get, origin.url(), proxy=proxy).code == "ERR_BAD_OPTION_VALUE"
        assert origin.connections == 0


@pytest.mark.parametrize("wrong", ["proxy", "origin"])
def test_PROXY_3_each_side_is_verified(client, no_leaks, wrong):
    client.defaults.https_agent = agent = Agent(ca=CA)
    with agent, Server.silent(tls="names" if wrong == "proxy" else "wrong-name") as origin:
        with Proxy(tls="wrong-name" if wrong == "proxy" else True, hosts={"origin.test:443": origin}) as proxy:
            error = failed(client.get, "https://origin.test/", proxy=proxy.url(""))
            assert error.code == "ERR_TLS_CERT_ALTNAME_INVALID"
            assert len(proxy.requests) == (0 if wrong == "proxy" else 1) and origin.requests == []


def test_PROXY_3_the_agents_leniency_does_not_reach_the_proxy(client):
    with Server.handler(lambda request: Reply(b"ok"), tls="self-signed") as origin:
        with Proxy(tls="self-signed", hosts={"origin.test:443": origin}) as proxy, Agent(reject_unauthorized=False) as agent:
            address = {"protocol": "https", "host": proxy.host, "port": proxy.port}
            error = failed(client.get, "https://origin.test/", proxy=address, https_agent=agent)
            assert error.code in ("DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY") and not proxy.requests
            lenient = {**address, "rejectUnauthorized": False}
            assert client.get("https://origin.test/", proxy=lenient, https_agent=agent).data == "ok"


def test_PROXY_1_hops_ask_anew(client, monkeypatch):
    with Server.handler(lambda request: Reply(b"end")) as away:
        with Server.handler(lambda request: Reply.redirect(away.url("/x"))) as origin:
            with Proxy(auth=("u", "p"), hosts={"origin.test": origin}) as proxy:
                monkeypatch.setenv("http_proxy", proxy.url("", userinfo="u:p"))
                monkeypatch.setenv("no_proxy", "127.0.0.1")
                response = client.get("http://origin.test/")
                assert response.data == "end" and proxy.targets == ["http://origin.test/"]
                assert response.request.redirects == ["http://origin.test/"]
        assert away.request.header("proxy-authorization") is None and away.request.target == "/x"


def test_PROXY_1_a_header_of_ones_own_goes_to_no_origin(client):
    with Server.handler(lambda request: Reply(b"ok"), tls="names") as origin, Proxy(hosts={"origin.test:443": origin}) as proxy:
        headers = {"Proxy-Authorization": "Basic eDp5"}
        assert client.get("https://origin.test/", proxy=proxy.url(""), headers=headers).data == "ok"
        assert origin.request.header("proxy-authorization") is None
    with Server.handler(lambda request: Reply(b"ok")) as origin:
        client.get(origin.url(), headers=headers)
        assert origin.request.header("proxy-authorization") is None
