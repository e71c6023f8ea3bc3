"""Redirects: whether, where to, with what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.wire import redirects
from miniaxios.wire.errors import InvalidURL, RedirectFailed, UnsupportedScheme
from miniaxios.wire.redirects import SECRET_HEADERS, next_hop
from miniaxios.wire.url import parse_url

HERE = parse_url("http://a.com/dir/page?q=1#part")


def hop(location="/next", status=302, method="GET", headers=(), has_body=False, url=HERE, sensitive=()):
    return next_hop(method, url, list(headers), has_body, status, location, sensitive)


def test_followed_statuses():
    followed = [status for status in range(100, 600) if hop(status=status)]
    assert followed == [301, 302, 303, 307, 308]


@pytest.mark.parametrize("location", [None, "", " ", "\t "])
def test_REDIR_4_without_a_location_the_answer_is_final(location):
    assert hop(location) is None


METHODS = {
    301: {"POST": "GET"},
    302: {"POST": "GET"},
    303: {"POST": "GET", "PUT": "GET", "PATCH": "GET", "DELETE": "GET", "OPTIONS": "GET", "PROPFIND": "GET"},
    307: {},
    308: {},
}
VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]
BODY_HEADERS = [
    ("Content-Type", "text/plain"), ("content-length", "5"), ("CONTENT-ENCODING", "gzip"),
    ("Content-MD5", "x"),
    ("Transfer-Encoding", "chunked"), ("Expect", "100-continue"), ("Trailer", "x"), ("content_type", "x"),
]  # fmt: skip
OTHER_HEADERS = [("Accept", "*/*"), ("X-Content", "kept"), ("X-Repeated", "1"), ("x-repeated", "2")]


@pytest.mark.parametrize("status", sorted(METHODS))
@pytest.mark.parametrize("method", VERBS)
@pytest.mark.parametrize("has_body", [True, False])
def test_REDIR_2_method_and_body(status, method, has_body):
    headers = OTHER_HEADERS[:2] + BODY_HEADERS + OTHER_HEADERS[2:]
    found = hop(status=status, method=method, headers=headers, has_body=has_body)
    expected = METHODS[status].get(method, method)
    assert found.method == expected
    assert found.keeps_body is (has_body and expected == method)
    assert found.headers == (headers if expected == method else OTHER_HEADERS)
    assert not found.crossed_origin


TARGETS = [
    ("//b.com", "http://b.com/#part"),
    ("?q", "http://a.com/dir/page?q#part"),
    ("other", "http://a.com/dir/other#part"),
    ("../x/./y", "http://a.com/x/y#part"),
    ("/x#new", "http://a.com/x#new"),
    ("http://u:p@b.com/", "http://b.com/#part"),
    ("HTTPS://B.com:443", "https://b.com/#part"),
    ("/a b", "http://a.com/a%20b#part"),
    (" /x\t", "http://a.com/x#part"),
    ("/caf\xc3\xa9", "http://a.com/caf%C3%A9#part"),
    ("http://b\xc3\xbccher.de/", "http://xn--bcher-kva.de/#part"),
    ("/caf\xe9?\xff", "http://a.com/caf%E9?%FF#part"),
    ("/€", "http://a.com/%E2%82%AC#part"),
    ("/%c3%a9%zz", "http://a.com/%c3%a9%zz#part"),
]


@pytest.mark.parametrize("location, expected", TARGETS)
def test_REDIR_3_targets(location, expected):
    found = hop(location)
    assert str(found.url) == expected
    assert found.url.username is found.url.password is None
    assert "u:p" not in repr(found)


@pytest.mark.parametrize(
    "location",
    ["http:b", "http:\\\\b", "/\\b", "http://", "//", "http://a..b/", "http://h:99999/", "http://a b/",
     "/\r\tX", "/\0",
     "/\r\nX: 1", "http://b\xe9.com/", "http://[::1/", "/" + "x" * (1 << 20)],
)  # fmt: skip
def test_REDIR_3_bad_locations(location):
    with pytest.raises(RedirectFailed, match="^Redirected request failed: Invalid URL") as caught:
        hop(location)
    assert isinstance(caught.value.__cause__, InvalidURL)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "data:,x", "ftp://h/", "javascript:alert(1)"])
def test_REDIR_3_other_schemes(location):
    with pytest.raises(RedirectFailed, match="Unsupported protocol") as caught:
        hop(location)
    assert isinstance(caught.value.__cause__, UnsupportedScheme)


def test_LEAK_1_a_bad_location_is_not_shown():
    with pytest.raises(RedirectFailed) as caught:
        hop("http://u:secret@h:x/?secret#secret")
    assert "secret" not in str(caught.value)


SECRETS = [
    "Authorization", "AUTHORIZATION", "Cookie", "Proxy-Authorization", "X-XSRF-TOKEN", "X-CSRF-Token",
    "X-API-Key",
    "x_api_key", "ApiKey", "X-Auth-Token", "X-Amz-Security-Token", "PRIVATE-TOKEN", "X-Acme-Api-Key",
    "xi-api-key",
    "X-Client-Secret",
]  # fmt: skip
CROSSINGS = [
    ("http://a.com/", "http://b.com/"),
    ("http://a.com/", "http://x.a.com/"),
    ("http://x.a.com/", "http://a.com/"),
    ("http://a.com/", "http://a.com:81/"),
    ("https://a.com/", "http://a.com/"),
    ("http://a.com/", "https://a.com/"),
    ("http://a.com:443/", "https://a.com/"),
    ("http://a.com/", "//b.com"),
]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("start, location", CROSSINGS)
def test_REDIR_1_secrets_stay_home(name, start, location):
    headers = [("Accept", "x"), (name, "secret"), (name.lower(), "secret")]
    found = hop(location, url=parse_url(start), headers=headers)
    assert found.crossed_origin
    assert found.headers == [("Accept", "x")]


@pytest.mark.parametrize("name", SECRETS)
def test_same_origin_keeps_secrets(name):
    for location in ("/x", "http://A.com:80/x", "?y", "//a.com/", "http://a.com./"):
        found = hop(location, headers=[(name, "secret")])
        assert not found.crossed_origin and found.headers == [(name, "secret")]


@pytest.mark.parametrize("location", ["/x", "http://b.com/"])
def test_REDIR_1_host_is_always_made_anew(location):
    found = hop(location, headers=[("Host", "c.com"), ("hOST", "d.com"), ("X", "y")])
    assert found.headers == [("X", "y")]
    assert hop("/x", headers=[("Host", "c.com")]).url.host == "a.com"


def test_REDIR_1_names_of_the_caller():
    headers = [("X-Mine", "1"), ("X-Other", "2"), ("My-Xsrf", "3")]
    names = ("x-MINE", "my_xsrf")
    assert hop("http://b.com/", headers=headers, sensitive=names).headers == [("X-Other", "2")]
    assert hop("/x", headers=headers, sensitive=names).headers == headers


def test_honest_headers_go_along():
    honest = "Accept User-Agent Range If-None-Match Idempotency-Key X-Request-Id Sec-WebSocket-Key Origin"
    headers = [(name, "x") for name in honest.split()]
    assert hop("http://b.com/", headers=headers).headers == headers


def test_secret_names_are_as_they_are_compared():
    for name in SECRET_HEADERS:
        assert name == redirects._folded(name)


def test_arguments_are_left_alone():
    headers = [("Authorization", "x"), ("Host", "h")]
    hop("http://b.com/", headers=headers)
    next_hop("POST", HERE, headers, True, 302, "http://b.com/")
    assert headers == [("Authorization", "x"), ("Host", "h")]


CHAIN = st.lists(
    st.tuples(
        st.sampled_from(["http://a.com/", "https://a.com/", "http://b.com/", "http://a.com:81/", "/x"]),
        st.sampled_from([301, 302, 303, 307, 308]),
    ),
    min_size=1,
    max_size=6,
)
NAMES = st.sampled_from([*SECRETS, "Host", "X-Mine", "Content-Type", "Accept"])


@given(CHAIN, st.lists(st.tuples(NAMES, st.just("v")), max_size=8), st.sampled_from(VERBS))
def test_REDIR_1_what_was_dropped_never_comes_back(chain, headers, method):
    url, crossed, body, sent = HERE, False, True, headers
    for location, status in chain:
        found = next_hop(method, url, sent, body, status, location, ("X-Mine",))
        crossed = crossed or found.crossed_origin
        assert set(found.headers) <= set(sent)
        assert not any(name == "Host" for name, _ in found.headers)
        if crossed:
            assert not {name for name, _ in found.headers} & {*SECRETS, "X-Mine"}
        assert body or not found.keeps_body
        url, method, sent, body = found.url, found.method, found.headers, found.keeps_body


LOCATIONS = st.text(max_size=40) | st.text("htp:/@.?#\\ab\xe9\xc3\xa9 \t\r[]%", max_size=25)


@given(LOCATIONS, st.sampled_from([302, 307]))
def test_REDIR_3_any_location_is_a_hop_or_a_typed_error(location, status):
    try:
        found = hop(location, status=status)
    except RedirectFailed:
        return
    assert found is None or found.url.target.isascii()
