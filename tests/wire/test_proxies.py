"""Proxies: what describes one, which one the environment names, and what no_proxy exempts."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.wire import proxies
from miniaxios.wire.errors import InvalidRequest
from miniaxios.wire.proxies import Proxy, bypasses, parse_proxy, proxy_from_environment, route_for
from miniaxios.wire.url import parse_url


def short(proxy):
    return proxy and (proxy.scheme, proxy.host, proxy.port, proxy.username, proxy.password)


ALADDIN = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617 §2


PROXIES = [
    ("http://p:3128", ("http", "p", 3128, None, None)),
    ("p:3128", ("http", "p", 3128, None, None)),
    ("p", ("http", "p", 80, None, None)),
    ("  HTTPS://P.Example/  ", ("https", "p.example", 443, None, None)),
    ("http://p:3128/path?x#y", ("http", "p", 3128, None, None)),
    ("socks5://p", ("socks5", "p", 1080, None, None)),
    ("socks5h://u:p@p:9050", ("socks5h", "p", 9050, "u", "p")),
    ("http://us%40er:p%3Aw%2F@p", ("http", "p", 80, "us@er", "p:w/")),
    ("us%40er:pw@p:1", ("http", "p", 1, "us@er", "pw")),
    ("http://u@p", ("http", "p", 80, "u", None)),
    ("http://[::1]:3128", ("http", "::1", 3128, None, None)),
    ("http://[fe80::1%25eth0]", ("http", "fe80::1%eth0", 80, None, None)),
    ({"host": "p"}, ("http", "p", 80, None, None)),
    ({"host": "p", "port": 3128, "protocol": "https:"}, ("https", "p", 3128, None, None)),
    ({"host": "p", "protocol": "HTTPS"}, ("https", "p", 443, None, None)),
    ({"host": "p", "protocol": "https://"}, ("https", "p", 443, None, None)),
    ({"host": "p", "protocol": "socks5"}, ("socks5", "p", 1080, None, None)),
    ({"host": "a", "hostname": "b"}, ("http", "b", 80, None, None)),
    ({"host": "a", "hostname": ""}, ("http", "a", 80, None, None)),
    ({"host": "::1", "port": None}, ("http", "::1", 80, None, None)),
    ({"host": "[::1]"}, ("http", "::1", 80, None, None)),
    ({"host": "fe80::1%eth0"}, ("http", "fe80::1%eth0", 80, None, None)),
    ({"host": "p", "auth": {"username": "u", "password": "w"}}, ("http", "p", 80, "u", "w")),
    ({"host": "p", "auth": {"username": "u"}}, ("http", "p", 80, "u", "")),
    ({"host": "p", "auth": {"password": "w"}}, ("http", "p", 80, "", "w")),
    ({"host": "p", "auth": "u:w:x"}, ("http", "p", 80, "u", "w:x")),
    ({"host": "p", "auth": ("u", "w")}, ("http", "p", 80, "u", "w")),
    ({"host": "p", "auth": ["u", None]}, ("http", "p", 80, "u", "")),
    ({"host": "p", "auth": None}, ("http", "p", 80, None, None)),
    ({"host": "p", "username": "u", "password": "w"}, ("http", "p", 80, "u", "w")),
    ({"host": "p", "username": "u", "auth": "x:y"}, ("http", "p", 80, "u", "")),
    ({"host": "p", "unknown": object(), "__class__": "x"}, ("http", "p", 80, None, None)),
]


@pytest.mark.parametrize("value, expected", PROXIES)
def test_parse_proxy(value, expected):
    proxy = parse_proxy(value)
    assert short(proxy) == expected
    assert parse_proxy(proxy) is proxy
    assert proxy.scheme in proxies.SUPPORTED


def test_authorization_is_basic_in_utf_8():
    assert parse_proxy("http://Aladdin:open%20sesame@p").authorization == ALADDIN
    assert parse_proxy({"host": "p", "auth": "Aladdin:open sesame"}).authorization == ALADDIN
    assert parse_proxy({"host": "p", "auth": ("é", "")}).authorization == "Basic w6k6"
    assert parse_proxy("http://u@p").authorization == "Basic dTo="
    assert parse_proxy("p").authorization is None


@pytest.mark.parametrize("value", [
    "", " ", "http://", "://p", "//p", "ftp://p", "socks4://p", "socks://p", "http:p", "http://p:0",
    "http://p:65536",
    "http://p:x", "http://p:80:90", "http://a b", "http://a..b", "http://p\r\nX: 1", "http://p\0",
    "http://p\\@q", "a\\b",
    "http://u\n:p@h", "http://[::1", "http://@", "http:///p", "%", "http://p%41", "\ud800", "x" * 2000000,
    {}, {"host": ""}, {"host": None}, {"host": 5}, {"port": 80}, {"host": "http://p"}, {"host": "p:80"},
    {"host": "p/"},
    {"host": "u@p"}, {"host": "[::1]:80"}, {"host": "a b"}, {"host": "p\r\n"}, {"host": "a\\b"},
    {"host": "[::1"},
    {"host": "p", "port": 0}, {"host": "p", "port": 65536}, {"host": "p", "port": "80"},
    {"host": "p", "port": True},
    {"host": "p", "port": 80.0}, {"host": "p", "port": -1}, {"host": "p", "protocol": ""},
    {"host": "p", "protocol": 5},
    {"host": "p", "protocol": "ftp"}, {"host": "p", "auth": {}}, {"host": "p", "auth": 5},
    {"host": "p", "auth": ("u",)},
    {"host": "p", "auth": {"username": 5}}, {"host": "p", "username": b"u"},
    {"host": "p", "auth": "\ud800:x"},
    {"host": "p", "ca": 5}, {"host": "p", "servername": 5}, {"host": "p", "reject_unauthorized": 0},
    {"host": "p", "rejectUnauthorized": "false"},
    None, True, False, 5, b"http://p", ["p"], ("p", 80),
])  # fmt: skip
def test_PROXY_4_bad_proxies_are_errors(value):
    with pytest.raises(InvalidRequest) as caught:
        parse_proxy(value)
    assert caught.value.what == "proxy"
    assert str(caught.value).startswith("Invalid proxy") and len(str(caught.value)) < 120


@pytest.mark.parametrize("value", [
    "http://u:secret@p:99999", "secret://u:secret@p", "u:secret@a b", "http://u:secret@", "secret:secret@p:0",
    {"host": "p", "auth": {"username": 1, "password": "secret"}}, {"host": "secret@p"}, {"host": "secret p"},
])  # fmt: skip
def test_LEAK_1_messages_show_no_secret(value):
    with pytest.raises(InvalidRequest) as caught:
        parse_proxy(value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_LEAK_1_repr_is_masked():
    text = repr(parse_proxy("https://us:secret@[::1]:3128"))
    assert text == "<Proxy https://[REDACTED ****]@[::1]:3128>"
    assert repr(parse_proxy("p")) == "<Proxy http://p:80>"


@pytest.mark.parametrize("value, name", [("P.com.", "p.com"), ("[fe80::1%25x]", "fe80::1"), ("p", "p")])
def test_TLS_2_name_for_certificates(value, name):
    assert parse_proxy(value).name == name


def test_tls_settings():
    given_ = {
        "protocol": "https", "host": "p", "ca": bytearray(b"PEM"), "cert": "/c", "servername": "n",
        "rejectUnauthorized": False,
    }  # fmt: skip
    proxy = parse_proxy(given_)
    assert proxy.tls == {"ca": b"PEM", "cert": "/c", "servername": "n", "reject_unauthorized": False}
    assert parse_proxy({"host": "p"}).tls is None

    class Path(os.PathLike):
        def __fspath__(self):
            return "/k"

    assert parse_proxy({"host": "p", "key": Path()}).tls == {"key": "/k"}


def test_POOLKEY_1_key_tells_proxies_apart():
    distinct = [
        "http://p", "https://p", "http://q", "http://p:81", "http://u@p", "http://u:x@p", "http://u:y@p",
        "http://v:x@p",
        {"host": "p", "ca": "a"}, {"host": "p", "ca": "b"}, {"host": "p", "cert": "a"},
        {"host": "p", "servername": "a"},
        {"host": "p", "reject_unauthorized": True}, {"host": "p", "reject_unauthorized": False},
    ]  # fmt: skip
    keys = [parse_proxy(value).key for value in distinct]
    assert len(set(keys)) == len(keys)
    assert parse_proxy("http://u:x@p:80").key == parse_proxy({"host": "P", "auth": "u:x", "port": 80}).key


# The environment

HTTP, HTTPS = "http://target/", "https://target/"
ENVIRONMENTS = [
    (HTTP, {}, None),
    (HTTP, {"http_proxy": "p:1"}, ("http", "p", 1)),
    (HTTPS, {"http_proxy": "p:1"}, None),
    (HTTPS, {"https_proxy": "p:1"}, ("http", "p", 1)),
    (HTTPS, {"HTTPS_PROXY": "https://p:1"}, ("https", "p", 1)),
    (HTTP, {"all_proxy": "socks5://p"}, ("socks5", "p", 1080)),
    (HTTPS, {"ALL_PROXY": "p:1", "https_proxy": "q:2"}, ("http", "q", 2)),
    (HTTPS, {"ALL_PROXY": "p:1", "https_proxy": ""}, ("http", "p", 1)),
    (HTTP, {"http_proxy": "p:1", "HTTP_PROXY": "q:2"}, ("http", "p", 1)),
    (HTTP, {"HTTP_PROXY": "q:2"}, ("http", "q", 2)),
    (HTTP, {"http_proxy": "", "HTTP_PROXY": "q:2"}, None),
    (HTTP, {"http_proxy": "  p:1 \n"}, ("http", "p", 1)),
    (HTTP, {"http_proxy": "   "}, None),
    (HTTP, {"http_proxy": "p:1", "no_proxy": "target"}, None),
    (HTTP, {"http_proxy": "p:1", "NO_PROXY": "target"}, None),
    (HTTP, {"http_proxy": "p:1", "no_proxy": "", "NO_PROXY": "target"}, ("http", "p", 1)),
    (HTTP, {"http_proxy": "p:1", "no_proxy": "other", "NO_PROXY": "target"}, ("http", "p", 1)),
    (HTTP, {"http_proxy": "garbage in\\it", "no_proxy": "*"}, None),
    (HTTP, {"HTTP_PROXY": "p:1", "REQUEST_METHOD": "GET"}, None),
    (HTTP, {"http_proxy": "p:1", "REQUEST_METHOD": "GET"}, ("http", "p", 1)),
    (HTTP, {"HTTP_PROXY": "q:2", "all_proxy": "p:1", "REQUEST_METHOD": ""}, ("http", "p", 1)),
    (HTTPS, {"HTTPS_PROXY": "p:1", "REQUEST_METHOD": "GET"}, ("http", "p", 1)),
]


@pytest.mark.parametrize("url, environ, expected", ENVIRONMENTS)
def test_ENV_1_environment(url, environ, expected):
    found = proxy_from_environment(parse_url(url), environ)
    assert (found and short(found)[:3]) == expected


def test_environment_userinfo_is_decoded():
    assert proxy_from_environment(parse_url(HTTP), {"http_proxy": "us%40er:p%3Aw@p"}).username == "us@er"


@pytest.mark.parametrize("value", ["http://", "ftp://p", "p:x", "a b", "http://p:99999", ":", "?", "\udc80"])
def test_PROXY_4_garbage_never_goes_direct(value):
    with pytest.raises(InvalidRequest) as caught:
        proxy_from_environment(parse_url(HTTP), {"http_proxy": value})
    assert caught.value.what == "proxy"


def test_the_process_environment_is_read_each_time(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
            monkeypatch.delenv(name)
    url = parse_url(HTTP)
    assert proxy_from_environment(url, os.environ) is None
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "p:1")
        assert short(proxy_from_environment(url, os.environ))[:3] == ("http", "p", 1)
        monkeypatch.delenv(name)
        assert proxy_from_environment(url, os.environ) is None


def test_route_for():
    url, environ = parse_url(HTTP), {"http_proxy": "p:1", "no_proxy": "*"}
    proxy = parse_proxy("q:2")
    assert route_for(url, proxy, environ) is proxy
    assert route_for(url, None, environ) is None
    assert short(route_for(url, None, {"http_proxy": "p:1"}))[:3] == ("http", "p", 1)
    assert route_for(url, False, {"http_proxy": "p:1"}) is None
    for value in (True, 0, "", "p:1", {}):
        with pytest.raises(InvalidRequest):
            route_for(url, value, {})


# no_proxy

NO_PROXY = [
    # names
    ("a.com", "a.com", True), ("a.com", "A.COM", True), ("A.com", "a.com", True), ("xa.com", "a.com", False),
    ("x.a.com", "a.com", True), ("y.x.a.com", "a.com", True), ("a.com", "x.a.com", False),
    ("a.com", "a.co", False),
    ("a.com.evil", "a.com", False), ("a.com", "b.com, a.com", True), ("a.com", "b.com a.com", True),
    ("a.com", "b.com,,\ta.com ,", True), ("a.com", "b.coma.com", False), ("a.com", "com", True),
    ("localhost.", "localhost", True), ("a.com.", "a.com", True), ("a.com", "a.com.", True),
    ("a.com", "a.com..", True),
    ("a.com", "", False), ("a.com", " , ", False), ("a.com", ".", False), ("a.com", ",", False),
    # suffixes
    ("x.a.com", ".a.com", True), ("a.com", ".a.com", False), ("xa.com", ".a.com", False),
    ("x.a.com", "*.a.com", True),
    ("a.com", "*.a.com", False), ("xa.com", "*a.com", True), ("x.a.com.", ".a.com.", True),
    ("x.a.com", ".A.com", True),
    ("x.a.com", "x.*.com", False), ("x.a.com", "x*", False),
    # everything
    ("a.com", "*", True), ("a.com", "b.com, *", True), ("[::1]", "*", True), ("a.com", "*:80", True),
    ("a.com", "*:81", False),
    ("10.0.0.1", "*:80", True),
    # ports
    ("a.com", "a.com:80", True), ("a.com:8080", "a.com:80", False), ("a.com:8080", "a.com:8080", True),
    ("x.a.com", ".a.com:80", True), ("x.a.com", ".a.com:443", False), ("a.com", "a.com:", False),
    ("a.com", "a.com:x", False),
    ("a.com", "a.com:٨٠", False), ("a.com", "a.com:00080", True),
    ("a.com", "a.com:" + "0" * 50 + "80", False),
    ("a.com", ":80", False), ("[::1]:81", "[::1]:81", True), ("[::1]:81", "[::1]:80", False),
    ("10.0.0.1", "10.0.0.1:80", True),
    # addresses
    ("10.0.0.1", "10.0.0.1", True), ("10.0.0.1", "10.0.0.2", False), ("10.1", "10.0.0.1", True),
    ("10.0.0.1", "10.1", True),
    ("0xa.1", "012.1", True), ("10.0.0.1", "0.0.1", False), ("10.0.0.1", ".0.0.1", False),
    ("10.0.0.1", "*.1", False),
    ("[::ffff:10.0.0.1]", "10.0.0.1", True), ("10.0.0.1", "::ffff:a00:1", True),
    ("[2001:db8::1]", "2001:DB8:0::1", True),
    ("[2001:db8::1]", "[2001:db8::1]", True), ("[2001:db8::1]", "2001:db8::2", False),
    ("[fe80::1%25a.com]", "a.com", False),
    ("[fe80::1%25eth0]", "fe80::1", True), ("[fe80::1]", "fe80::1%eth0", True),
    ("10.0.0.1", "１０.0.0.1", True),
    # networks
    ("10.9.9.9", "10.0.0.0/8", True), ("11.0.0.1", "10.0.0.0/8", False), ("10.0.0.1", "10.0.0.1/32", True),
    ("10.0.0.2", "10.0.0.1/32", False), ("1.2.3.4", "0.0.0.0/0", True), ("10.0.0.1", "10.0.0.0/33", False),
    ("10.0.0.1", "10/8", False), ("10.0.0.1", "10.0.0.0/", False), ("10.0.0.1", "10.0.0.0/+8", False),
    ("10.0.0.1", "10.0.0.0/8/8", False), ("10.0.0.1", "/8", False), ("a.com", "10.0.0.0/8", False),
    ("[fd00::1]", "fd00::/8", True), ("[fd00::1]", "[fd00::]/8", True), ("[fe00::1]", "fd00::/8", False),
    ("[fd00::1]", "10.0.0.0/8", False), ("10.0.0.1", "::/0", False),
    ("10.0.0.1", "::ffff:10.0.0.0/104", True),
    ("10.0.0.1", "::ffff:10.0.0.0/8", False), ("[::ffff:10.0.0.1]", "10.0.0.0/8", True),
    ("172.17.3.4", "172.16.0.0/12", True),
    ("172.32.3.4", "172.16.0.0/12", False), ("10.0.0.1", "a.com/8", False),
    # loopback
    ("localhost", "127.0.0.1", True), ("127.0.0.1", "localhost", True), ("127.9.9.9", "localhost", True),
    ("[::1]", "localhost", True), ("localhost", "::1", True), ("[::1]:80", "127.0.0.1", True),
    ("0.0.0.0", "localhost", True),
    ("[::]", "127.0.0.1", True), ("LOCALHOST", "0.0.0.0", True), ("[::ffff:127.0.0.1]", "::1", True),
    ("localhost", "127.0.0.0/8", True), ("127.0.0.1", "127.0.0.0/8", True), ("localhost", "0.0.0.0/0", False),
    ("localhost:81", "127.0.0.1:80", False), ("localhost:81", "127.0.0.1:81", True),
    ("128.0.0.1", "localhost", False),
    ("x.localhost", "127.0.0.1", False), ("x.localhost", "localhost", True), ("localhost", "a.com", False),
    ("localhost", "10.0.0.0/8", False), ("127.0.0.1", "126.0.0.0/7", True),
    ("localhost", "126.0.0.0/7", False),
    # international names
    ("bücher.de", "bücher.de", True), ("bücher.de", "xn--bcher-kva.de", True),
    ("xn--bcher-kva.de", "BÜCHER.de", True),
    ("x.bücher.de", ".bücher.de", True), ("a.com", "a\ud800.com", False), ("a.com", "ü" * 1000, False),
]  # fmt: skip


@pytest.mark.parametrize("host, no_proxy, expected", NO_PROXY)
def test_NOPROXY_1(host, no_proxy, expected):
    assert bypasses(parse_url(f"http://{host}/"), no_proxy) is expected


def test_NOPROXY_1_effective_port_of_https():
    assert bypasses(parse_url("https://a.com/"), "a.com:443")
    assert not bypasses(parse_url("https://a.com/"), "a.com:80")


HOSTS = st.sampled_from(["a.com", "localhost", "10.0.0.1", "[::1]", "[fe80::1%251]", "xn--bcher-kva.de"])


@given(HOSTS, st.text(max_size=60) | st.text("a.com*:/[]0158x,% \u3002é٨", max_size=40))
def test_bypasses_is_total(host, no_proxy):
    assert bypasses(parse_url(f"http://{host}/"), no_proxy) in (True, False)


@given(st.text(max_size=40) | st.text("htps:/@u[]1.%x\\ ", max_size=20))
def test_parse_proxy_is_total(text):
    try:
        proxy = parse_proxy(text)
    except InvalidRequest:
        return
    assert isinstance(proxy, Proxy) and proxy.host.isascii() and 0 < proxy.port < 65536


PIECES = ["a.com,", ",", " ", ".", "*", "*.", ":", "[", "1.", "1", "/", "/8,", "é,", "é", "x--"]


@pytest.mark.parametrize("piece", PIECES)
def test_CPU_1_no_proxy_linear(piece):
    url = parse_url("http://x.example/")
    start = time.perf_counter()
    for _ in range(2):
        bypasses(url, piece * (50_000 // len(piece)))
    # A fraction of a second where it is linear, minutes where it is not.
    assert time.perf_counter() - start < 10
