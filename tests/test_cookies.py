"""Cookies between responses, requests and a standard cookie jar."""

from __future__ import annotations

import http.cookiejar
import re
import threading
import time
import urllib.request
from typing import Any, List, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.cookies import MAX_IN_ALL, MAX_PER_DOMAIN, cookie_header, store_cookies, xsrf_token
from miniaxios.wire.url import parse_url


def stored(
    url: str, *values: str, jar: Optional[http.cookiejar.CookieJar] = None
) -> http.cookiejar.CookieJar:
    jar = http.cookiejar.CookieJar() if jar is None else jar
    store_cookies(jar, parse_url(url), list(values))
    return jar


def sent(jar: http.cookiejar.CookieJar, url: str) -> Optional[str]:
    return cookie_header(jar, parse_url(url))


def made(name: str = "a", value: Any = "b", domain: str = "a.com", **changes: Any) -> http.cookiejar.Cookie:
    given = {
        "version": 0,
        "port": None,
        "port_specified": False,
        "domain_specified": True,
        "path": "/",
        "domain_initial_dot": domain.startswith("."),
        "path_specified": True,
        "secure": False,
        "expires": None,
        "discard": True,
        "comment": None,
        "comment_url": None,
        "rest": {},
    }
    given.update(changes)
    return http.cookiejar.Cookie(name=name, value=value, domain=domain, **given)


COOKIE_1 = [
    # from, Set-Cookie, to, sent?
    ("http://a.com/", "s=1", "http://a.com/x", True),
    ("http://a.com/", "s=1", "http://a.com:8080/", True),
    ("http://a.com/", "s=1", "http://A.COM./", True),
    ("http://a.com./", "s=1", "http://a.com/", True),
    ("http://a.com/", "s=1", "http://www.a.com/", False),
    ("http://www.a.com/", "s=1", "http://a.com/", False),
    ("http://a.com/", "s=1; Domain=a.com", "http://www.a.com/", True),
    ("http://a.com/", "s=1; Domain=.A.com", "http://www.a.com/", True),
    ("http://www.a.com/", "s=1; Domain=a.com", "http://a.com/", True),
    ("http://www.a.com/", "s=1; Domain=a.com", "http://evila.com/", False),
    ("http://evila.com/", "s=1; Domain=a.com", "http://a.com/", False),
    ("http://a.com/", "s=1; Domain=www.a.com", "http://www.a.com/", False),
    ("http://a.com/", "s=1; Domain=b.com", "http://b.com/", False),
    ("http://a.com/", "s=1; Domain=com", "http://b.com/", False),
    ("http://a.com/", "s=1; Domain=.", "http://a.com/", False),
    ("http://a.com/", "s=1; Domain=", "http://a.com/", True),
    ("http://a.com/", "s=1; Domain=", "http://www.a.com/", False),
    ("http://a.co.uk/", "s=1; Domain=co.uk", "http://a.co.uk/", False),
    ("http://co.uk/", "s=1; Domain=co.uk", "http://co.uk/", True),
    ("http://co.uk/", "s=1; Domain=co.uk", "http://a.co.uk/", False),
    ("http://me.github.io/", "s=1; Domain=github.io", "http://you.github.io/", False),
    ("http://127.0.0.1/", "s=1", "http://127.0.0.1/", True),
    ("http://127.0.0.1/", "s=1; Domain=127.0.0.1", "http://127.0.0.1/", True),
    ("http://127.0.0.1/", "s=1; Domain=0.0.1", "http://127.0.0.1/", False),
    ("http://127.0.0.1/", "s=1", "http://127.0.0.2/", False),
    ("http://[::1]/", "s=1", "http://[::1]:81/", True),
    ("http://[::1]/", "s=1", "http://[::2]/", False),
    ("http://localhost/", "s=1", "http://localhost:99/", True),
    ("http://localhost/", "s=1; Domain=localhost", "http://localhost/", True),
    ("http://localhost/", "s=1", "http://www.localhost/", False),
    ("http://a.com/x/y", "s=1", "http://a.com/x/z", True),
    ("http://a.com/x/y", "s=1", "http://a.com/x", True),
    ("http://a.com/x/y", "s=1", "http://a.com/xy", False),
    ("http://a.com/x/y", "s=1", "http://a.com/", False),
    ("http://a.com/x/y?/q/r", "s=1", "http://a.com/x/z", True),
    ("http://a.com/", "s=1; Path=/x", "http://a.com/x/y", True),
    ("http://a.com/", "s=1; Path=/x", "http://a.com/xy", False),
    ("http://a.com/", "s=1; Path=/x", "http://a.com/?/x", False),
]


@pytest.mark.parametrize("origin, value, target, is_sent", COOKIE_1)
def test_COOKIE_1_match(origin: str, value: str, target: str, is_sent: bool) -> None:
    assert sent(stored(origin, value), target) == ("s=1" if is_sent else None)


COOKIE_2 = [
    ("https://a.com/", "s=1; Secure", "https://a.com/", True),
    ("https://a.com/", "s=1; Secure", "http://a.com/", False),
    ("http://a.com/", "s=1; Secure", "https://a.com/", False),
    ("https://a.com/", "s=1", "http://a.com/", True),
    ("https://a.com/", "__Secure-s=1; Secure", "https://a.com/", True),
    ("https://a.com/", "__Secure-s=1", "https://a.com/", False),
    ("http://a.com/", "__Secure-s=1; Secure", "https://a.com/", False),
    ("https://a.com/", "__Host-s=1; Secure; Path=/", "https://a.com/", True),
    ("https://a.com/", "__host-s=1; Secure; Path=/", "https://a.com/", True),
    ("https://a.com/", "__Host-s=1; Secure", "https://a.com/", False),
    ("https://a.com/", "__Host-s=1; Path=/", "https://a.com/", False),
    ("https://a.com/", "__Host-s=1; Secure; Path=/x", "https://a.com/x", False),
    ("https://a.com/", "__Host-s=1; Secure; Path=/; Domain=a.com", "https://a.com/", False),
    ("https://a.com/", "__Host-s=1; Secure; Path=/; Domain=", "https://a.com/", False),
    ("http://a.com/", "__Host-s=1; Secure; Path=/", "https://a.com/", False),
    ("http://a.com/", "s=1; Max-Age=100", "http://a.com/", True),
    ("http://a.com/", "s=1; Max-Age=0", "http://a.com/", False),
    ("http://a.com/", "s=1; Max-Age=-5", "http://a.com/", False),
    ("http://a.com/", "s=1; Max-Age=" + "9" * 1000, "http://a.com/", True),
    ("http://a.com/", "s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://a.com/", False),
]


@pytest.mark.parametrize("origin, value, target, is_sent", COOKIE_2)
def test_COOKIE_2_attributes(origin: str, value: str, target: str, is_sent: bool) -> None:
    assert sent(stored(origin, value), target) == (value.partition(";")[0] if is_sent else None)


BAD = [
    "",
    ";",
    "=",
    "bad",
    "x\x01=1",
    "x=\r\nY: 1",
    "x=1; Domain=b.com",
    "b d=1",
    "x=1; Secure",
    "x=" + "y" * 5000,
]


@pytest.mark.parametrize("bad", BAD)
def test_COOKIE_2_a_bad_cookie_never_drops_its_neighbours(bad: str) -> None:
    assert sent(stored("http://a.com/", "a=1", bad, "b=2"), "http://a.com/") == "a=1; b=2"


def test_replacing_and_deleting() -> None:
    jar = stored("http://a.com/", "a=1", "b=2", "a=3")
    assert sent(jar, "http://a.com/") == "a=3; b=2"
    stored("http://a.com/", "a=; Max-Age=0", "never=1; Max-Age=0", jar=jar)
    assert sent(jar, "http://a.com/") == "b=2"


def test_longer_paths_first() -> None:
    jar = stored("http://a.com/", "a=1; Path=/", "b=2; Path=/x/y", "c=3; Path=/x")
    assert sent(jar, "http://a.com/x/y/z") == "b=2; c=3; a=1"


@pytest.mark.parametrize("value", ["a=evil", "a=evil; Path=/x", "a=evil; Domain=a.com", "a=; Max-Age=0"])
def test_COOKIE_2_http_leaves_secure_cookies_alone(value: str) -> None:
    jar = stored("https://a.com/", "a=1; Secure; Path=/")
    stored("http://a.com/", value, jar=jar)
    assert sent(jar, "https://a.com/x") == "a=1"
    stored("http://a.com/", "other=2", jar=jar)
    assert sent(jar, "http://a.com/") == "other=2"


def test_INJ_5_values_come_back_as_they_came() -> None:
    value = '"\\015\\012X: y%0d%0a"'
    assert sent(stored("http://a.com/", "s=" + value), "http://a.com/") == "s=" + value


@pytest.mark.parametrize(
    "name, value",
    [
        ("a", "x\r\nY: 1"),
        ("a", "x\0"),
        ("a", "x;y"),
        ("a", "\u20ac"),
        ("a\n", "x"),
        ("a=b", "x"),
        ("", "x"),
        ("a", 5),
        (None, "x"),
        ("a", "\x85"),
    ],
)
def test_INJ_5_what_the_caller_stored_is_checked_too(name: Any, value: Any) -> None:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(made(name, value))
    jar.set_cookie(made("fine", "1"))
    assert sent(jar, "http://a.com/") == "fine=1"


@pytest.mark.parametrize(
    "cookie, target, is_sent",
    [
        (made(), "http://a.com/", True),
        (made(), "http://www.a.com/", True),
        (made(domain=".a.com"), "http://www.a.com/", True),
        (made(domain="A.com"), "http://a.com/", True),
        (made(domain_specified=False), "http://a.com/", True),
        (made(domain_specified=False), "http://www.a.com/", False),
        (made(domain="127.0.0.1"), "http://127.0.0.1/", True),
        (made(domain="0.0.1"), "http://127.0.0.1/", False),
        (made(domain="localhost"), "http://localhost/", True),
        (made(domain="localhost.local", domain_specified=False), "http://localhost/", True),
        (made(domain="", domain_specified=False), "http://a.com/", False),
        (made(domain=".co.uk"), "http://a.co.uk/", False),
        (made(domain=".com"), "http://a.com/", False),
        (made(secure=True), "http://a.com/", False),
        (made(secure=True), "https://a.com/", True),
        (made(expires=1), "http://a.com/", False),
        (made(expires=int(time.time()) + 1000), "http://a.com/", True),
        (made(path="/x"), "http://a.com/xy", False),
        (made(port="80,8080", port_specified=True), "http://a.com:8080/", True),
        (made(port="80", port_specified=True), "http://a.com:81/", False),
    ],
)
def test_cookies_of_the_caller(cookie: Any, target: str, is_sent: bool) -> None:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(cookie)
    assert sent(jar, target) == ("a=b" if is_sent else None)


def test_cookie_without_a_value() -> None:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(made("bare", None))
    assert sent(jar, "http://a.com/") == "bare"


@pytest.mark.parametrize(
    "origin", ["http://a.com/", "http://localhost/", "http://127.0.0.1/", "http://[::1]/"]
)
def test_the_standard_library_reads_what_we_stored(origin: str) -> None:
    jar = stored(origin, "s=1")
    request = urllib.request.Request(origin)
    jar.add_cookie_header(request)
    assert request.get_header("Cookie") == "s=1"


def test_the_policy_of_the_jar_is_asked() -> None:
    policy = http.cookiejar.DefaultCookiePolicy(blocked_domains=["a.com", ".a.com"])
    jar = stored("http://a.com/", "s=1", jar=http.cookiejar.CookieJar(policy))
    assert len(jar) == 0
    jar.set_cookie(made())
    assert sent(jar, "http://a.com/") is None
    assert sent(stored("http://b.com/", "s=1", jar=jar), "http://b.com/") == "s=1"


def test_files_of_cookies(tmp_path: Any) -> None:
    jar = http.cookiejar.MozillaCookieJar(str(tmp_path / "jar"))
    stored("https://a.com/", "h=1; Max-Age=100; Secure", "d=2; Domain=a.com; Max-Age=100", jar=jar)
    jar.save()
    again = http.cookiejar.MozillaCookieJar(str(tmp_path / "jar"))
    again.load()
    assert sorted((sent(again, "https://a.com/") or "").split("; ")) == ["d=2", "h=1"]
    assert sent(again, "https://www.a.com/") == "d=2"


def names(jar: http.cookiejar.CookieJar) -> List[str]:
    return sorted((cookie.name for cookie in jar), key=lambda name: (len(name), name))


def test_FLOOD_5_cap_of_a_domain() -> None:
    jar = stored("http://a.com/", *[f"c{n}=1" for n in range(200)])
    assert names(jar) == [f"c{n}" for n in range(200 - MAX_PER_DOMAIN, 200)]


def test_FLOOD_5_cap_of_a_jar() -> None:
    jar = http.cookiejar.CookieJar()
    for host in range(MAX_IN_ALL // MAX_PER_DOMAIN + 5):
        stored(f"http://h{host}.com/", *[f"c{n}=1" for n in range(MAX_PER_DOMAIN)], jar=jar)
        assert len(jar) <= MAX_IN_ALL
    assert sent(jar, "http://h0.com/") is None
    assert sent(jar, "http://h60.com/") is not None


def test_FLOOD_5_a_full_jar_of_the_caller_is_kept() -> None:
    jar = http.cookiejar.CookieJar()
    for number in range(MAX_PER_DOMAIN + 10):
        jar.set_cookie(made(f"mine{number}", domain="a.com", domain_specified=False))
    stored("http://a.com/", "theirs=1", jar=jar)
    assert len(jar) == MAX_PER_DOMAIN + 10
    assert "theirs" in names(jar)


def test_FLOOD_5_expired_ones_go_first() -> None:
    jar = stored("http://a.com/", *[f"c{n}=1" for n in range(MAX_PER_DOMAIN)])
    jar.set_cookie(made("old", domain="a.com", domain_specified=False, expires=1))
    stored("http://a.com/", "new=1", jar=jar)
    assert "old" not in names(jar) and "new" in names(jar)


@pytest.mark.parametrize(
    "name, token", [("XSRF-TOKEN", "t%3D"), ("X.RF", None), (".*", None), ("xsrf-token", None)]
)
def test_XSRF_1_name_is_compared_literally(name: str, token: Any) -> None:
    jar = stored("http://a.com/", "XSRF-TOKEN=t%3D")
    assert xsrf_token(jar, parse_url("http://a.com/"), name) == token
    assert xsrf_token(jar, parse_url("http://b.com/"), name) is None


def test_CPU_1_hostile_headers() -> None:
    jar = stored("https://a.com/", *[f"c{n}=1; Secure" for n in range(50)])
    begun = time.process_time()
    stored("http://a.com/", *["c1=" + '"\\' * 2000 + ";" * 4000] * 400, jar=jar)
    assert time.process_time() - begun < 3


def test_threads_share_a_jar() -> None:
    jar = http.cookiejar.CookieJar()
    failures: List[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(30):
                stored(f"http://h{number}.com/", f"c{turn}=1; Path=/{turn}", jar=jar)
                sent(jar, f"http://h{number}.com/{turn}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and len(jar) == 120


LABELS = st.sampled_from(["a", "b", "evila", "www", "co", "com", "uk", "io", "github", "localhost"])
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join) | st.sampled_from(
    ["127.0.0.1", "127.0.0.2", "[::1]"]
)
ATTRIBUTES = st.lists(
    st.builds(
        "{}={}".format,
        st.sampled_from(["Domain", "domain ", "Path", "Max-Age", "Secure", "x"]),
        HOSTS | HOSTS.map(".{}".format) | st.sampled_from(["", "/", "/a", "100", "."]),
    ),
    max_size=4,
)


def site(host: str) -> str:
    if re.match(r"[\d\[]", host):
        return host
    labels = host.split(".")
    known = ".".join(labels[-2:]) in ("co.uk", "com.io", "co.io", "com.uk", "github.io")
    return ".".join(labels[-3:] if known else labels[-2:])


@settings(max_examples=200, deadline=None)
@given(HOSTS, HOSTS, ATTRIBUTES)
def test_law_no_cookie_reaches_another_site(origin: str, target: str, attributes: List[str]) -> None:
    jar = stored(f"https://{origin}/", "; ".join(["s=1", *attributes]))
    found = sent(jar, f"https://{target}/")
    if site(origin) != site(target):
        assert found is None
    if found is not None and origin != target:
        assert any(each.lower().startswith("domain") for each in attributes)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(st.characters(max_codepoint=255), max_size=30) | st.sampled_from(["a=1", "b=2; Path=/"]))
)
def test_law_what_is_sent_can_be_sent(values: List[str]) -> None:
    header = sent(stored("https://a.com/", *values), "https://a.com/") or ""
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", header)
    header.encode("latin-1")
