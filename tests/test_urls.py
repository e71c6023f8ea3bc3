from __future__ import annotations

import sys
from typing import Any, Dict, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.errors import MASK, AxiosError
from miniaxios.urls import append_query, build_url, check_scheme, combine_url, is_absolute_url, redacted

BASE = "http://h/api"


@pytest.mark.parametrize(
    "base, url, combined",
    [
        (BASE, "x", "http://h/api/x"),
        (BASE, "/x", "http://h/api/x"),
        (BASE + "///", "///x", "///x"),
        (BASE + "/", "x/", "http://h/api/x/"),
        (BASE + "//", "/x", "http://h/api/x"),
        (BASE + "/", "", BASE + "/"),
        (BASE + "/", None, BASE + "/"),
        (BASE, "../z", "http://h/api/../z"),
        (BASE + "?k=1", "x", "http://h/api?k=1/x"),
        (BASE, "?a=1", "http://h/api/?a=1"),
        ("", "x", "x"),
        (None, "x", "x"),
        (None, None, ""),
        (BASE, "http://o/y", "http://o/y"),
        (BASE, "HTTP://o/y", "HTTP://o/y"),
        (BASE, "//o/y", "//o/y"),
        (BASE, "a+b-c.d1://o", "a+b-c.d1://o"),
        (BASE, "mailto:x", "http://h/api/mailto:x"),
        (BASE, "data:,x", "http://h/api/data:,x"),
        (BASE, " http://o/y", "http://h/api/ http://o/y"),
        (BASE, "1http://o/y", "http://h/api/1http://o/y"),
        (BASE, "/\\o/y", "http://h/api/\\o/y"),
    ],
)
def test_combined(base: Optional[str], url: Optional[str], combined: str) -> None:
    assert combine_url(base, url) == combined


@pytest.mark.parametrize(
    "url", ["http://evil/y", "//evil/y", "\\\\evil", "HTTP://evil", " http://evil", "..//evil", "@evil"]
)
def test_URL_3_without_absolute_urls_the_base_binds(url: str) -> None:
    assert combine_url("http://h", url, False).startswith("http://h/")
    assert combine_url("http://h/api", "http://o/y", False) == "http://h/api/http://o/y"
    assert combine_url(None, "http://o/y", False) == "http://o/y"


@given(st.text(max_size=12), st.text(max_size=12))
def test_URL_3_nothing_that_is_joined_leaves_the_base(url: str, more: str) -> None:
    try:
        assert combine_url("http://h", url + more, False).startswith("http://h")
        combined = combine_url("http://h/p", url + more)
    except AxiosError as error:
        assert error.code == "ERR_INVALID_URL"
    else:
        assert combined in (url + more, "http://h/p") or combined.startswith("http://h/p/")


@given(st.text(alphabet="aZ1+-.:/ \\\u00e9", max_size=8))
def test_absolute_urls_against_the_grammar(url: str) -> None:
    import re

    assert is_absolute_url(url) is bool(re.match(r"([A-Za-z][A-Za-z0-9+.\-]*:)?//", url))


@pytest.mark.parametrize(
    "url, shown",
    [
        ("http:h/x", "http:h/x"),
        ("https:/h", "https:/h"),
        ("HTTP:h", "HTTP:h"),
        ("http:", "http:"),
        (" \x00\x1fhttp:h", "http:h"),
        ("ht\ttp:\r\nh", "http:h"),
        ("http:\\\\h", "http:\\\\h"),
        ("http:u:p@h/x", f"http:{MASK}@h/x"),
        ("http:/u:p/w@h/x", f"http:/{MASK}@h/x"),
        (
            "https:u@p@h?token=t&b=&c#access=a&plain",
            f"https:{MASK}@h?token={MASK}&b=&{MASK}#access={MASK}&{MASK}",
        ),
    ],
)
def test_malformed_schemes(url: str, shown: str) -> None:
    from json import dumps

    for combine in (
        lambda: combine_url(None, url),
        lambda: combine_url(BASE, url),
        lambda: combine_url(url, "x"),
    ):
        with pytest.raises(AxiosError) as caught:
            combine()
        assert caught.value.code == "ERR_INVALID_URL"
        assert caught.value.message == f'Invalid URL {dumps(shown)}: missing "//" after protocol'


def test_a_base_that_is_not_used_is_not_checked() -> None:
    assert combine_url("http:h", "http://o") == "http://o"


@pytest.mark.parametrize(
    "url", ["http://h", "https://", "x", "", "httpx:h", "ftp:h", "a/http:b", "data:,http:x", "ht tp:h"]
)
def test_schemes_that_are_left_alone(url: str) -> None:
    check_scheme(url)


secrets = st.text(alphabet="sS3cr\u00e9t!:/@", min_size=1, max_size=8).map(
    lambda text: "SECRET" + text + "SECRET"
)


@given(secrets, secrets, secrets, secrets, st.sampled_from(["", "/", "\\", "//", "\t/"]))
def test_LEAK_1_no_secret_is_shown(user: str, password: str, value: str, fragment: str, slashes: str) -> None:
    url = f"http:{slashes}{user}:{password}@host/path?name={value}&{value}#{fragment}&x={fragment}"
    assert "SECRET" not in redacted(url) and "name=" in redacted(url) and "host/path" in redacted(url)


@pytest.mark.parametrize(
    "url, query, expected",
    [
        ("/p", "", "/p"),
        ("/p#hash", "", "/p#hash"),
        ("/p", "a=1", "/p?a=1"),
        ("/p#hash", "a=1", "/p?a=1"),
        ("/p?x=1#hash?y", "a=1", "/p?x=1&a=1"),
        ("/p#hash?y", "a=1", "/p?a=1"),
        ("/p?", "a=1", "/p?&a=1"),
        ("/p?x=1&", "a=1", "/p?x=1&&a=1"),
        ("", "a=1", "?a=1"),
    ],
)
def test_a_query_is_appended(url: str, query: str, expected: str) -> None:
    assert append_query(url, query) == expected


@pytest.mark.parametrize(
    "config, expected",
    [
        ({}, ""),
        ({"url": "/p"}, "/p"),
        ({"url": "/p", "params": None}, "/p"),
        ({"url": "/p#h", "params": {}}, "/p#h"),
        ({"url": "/p#h", "params": {"a": None}}, "/p#h"),
        ({"url": "/p#h", "params": {"a": [1]}}, "/p?a%5B%5D=1"),
        ({"base_url": BASE, "url": "x?k=v", "params": {"a": 1}}, "http://h/api/x?k=v&a=1"),
        ({"base_url": BASE, "params": {"a": 1}}, "http://h/api?a=1"),
        ({"base_url": BASE, "url": "http://o", "allow_absolute_urls": False}, "http://h/api/http://o"),
        ({"base_url": BASE, "url": "http://o", "allow_absolute_urls": True}, "http://o"),
        ({"url": "/\u00e9 \u65e5", "params": {"\u00e9": " "}}, "/\u00e9 \u65e5?%C3%A9=+"),
        ({"url": "/p", "params": {"a": [1, 2]}, "params_serializer": {"indexes": None}}, "/p?a=1&a=2"),
        ({"url": "/p", "params": "raw", "params_serializer": lambda params: params}, "/p?raw"),
    ],
)
def test_built(config: Dict[str, Any], expected: str) -> None:
    assert build_url(config) == expected


@pytest.mark.parametrize("config", [{"url": 5}, {"url": b"/p"}, {"base_url": ["x"], "url": "y"}])
def test_urls_that_are_no_text(config: Dict[str, Any]) -> None:
    with pytest.raises(AxiosError) as caught:
        build_url(config)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@given(
    st.sampled_from(["/p", "/p?", "/p?x=1", "", "http://h"]),
    st.sampled_from(["", "#h", "#h?a#b"]),
    st.dictionaries(st.text(alphabet="abc&=#? ", min_size=1, max_size=4), st.text(max_size=5), max_size=4),
)
def test_params_follow_what_is_there_and_replace_the_fragment(
    url: str, fragment: str, params: Dict[str, str]
) -> None:
    built = build_url({"url": url + fragment, "params": params})
    if not params:
        assert built == url + fragment
    else:
        assert built.startswith(url + ("&" if "?" in url else "?")) and "#" not in built
        assert built.count("=") - url.count("=") == len(params)


def test_a_url_without_params_loads_no_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    # None in sys.modules makes the import itself fail.
    monkeypatch.setitem(sys.modules, "miniaxios.forms", None)
    assert build_url({"base_url": BASE, "url": "x"}) == "http://h/api/x"
    with pytest.raises(ImportError):
        build_url({"url": "x", "params": {"a": 1}})


def test_CPU_1_long_urls_take_linear_time() -> None:
    for text in ("/" * 300_000, "@" * 300_000, "?&" * 150_000, "#" * 300_000, "http:" + "@/" * 150_000):
        try:
            combine_url(text, text)
        except AxiosError as error:
            assert error.code == "ERR_INVALID_URL"
        redacted("http:" + text)
