"""One Set-Cookie line, domains, paths and dates."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import cookie_rules as rules

NOW = 1_600_000_000.0


@pytest.mark.parametrize(
    "text, name, value",
    [
        ("a=b", "a", "b"),
        (" a = b ; Path=/", "a", "b"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ('a="q\\015\\012 %0d%0a"', "a", '"q\\015\\012 %0d%0a"'),
        ("a[b]=\xe9", "a[b]", "\xe9"),
        ("a=b\tc", "a", "b\tc"),
    ],
)
def test_INJ_5_pairs_are_never_decoded(text: str, name: str, value: str) -> None:
    line = rules.parse_set_cookie(text, NOW)
    assert line is not None and (line.name, line.value) == (name, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "=b",
        " =b",
        "a b=c",
        "a=b\x01",
        "a=b\r\nX: y",
        "a=b; Path=/\0",
        "a=b\x7f",
        "a=" + "x" * 4096,
        "a=b; Domain=exa mple.com",
        "a=b; Domain=b\xfccher.de",
        "a=b;" + "x" * 20000,
    ],
)
def test_INJ_5_FLOOD_5_ignored(text: str) -> None:
    assert rules.parse_set_cookie(text, NOW) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", {"secure": False, "domain": None, "path": None, "expires": None, "rest": {}}),
        ("Secure; HttpOnly; SameSite=Lax", {"secure": True, "rest": {"HttpOnly": "", "SameSite": "Lax"}}),
        ("DOMAIN=.Example.COM", {"domain": "example.com", "has_domain": True}),
        ("Domain=example.com.", {"domain": "example.com"}),
        ("Domain=", {"domain": None, "has_domain": True}),
        ("Domain=a.com; Domain=b.com", {"domain": "b.com"}),
        ("Path=/x", {"path": "/x"}),
        ("Path=x", {"path": None}),
        ("Path=/" + "x" * 1100, {"path": None}),
        ("Max-Age=10", {"expires": int(NOW) + 10}),
        ("Max-Age=0", {"expires": 0}),
        ("Max-Age=-1", {"expires": 0}),
        ("Max-Age=" + "9" * 900, {"expires": int(NOW) + rules.MAX_LIFETIME}),
        ("Max-Age=-" + "9" * 900, {"expires": 0}),
        ("Max-Age=+5", {"expires": None}),
        ("Max-Age=1_0", {"expires": None}),
        ("Max-Age=\u0661", {"expires": None}),
        ("Max-Age=1.5", {"expires": None}),
        ("Expires=Thu, 01 Jan 1970 00:00:10 GMT", {"expires": 10}),
        ("Expires=Thu, 01 Jan 1970 00:00:10 GMT; Max-Age=5", {"expires": int(NOW) + 5}),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", {"expires": int(NOW) + rules.MAX_LIFETIME}),
        ("Expires=soon", {"expires": None}),
    ],
)
def test_CPU_3_attributes(text: str, expected: Any) -> None:
    line = rules.parse_set_cookie("a=b; " + text, NOW)
    assert {name: getattr(line, name) for name in expected} == expected


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("Wed, 09 Jun 2021 10:18:14 GMT", 1623233894),
        ("Wednesday, 09-Jun-21 10:18:14 GMT", 1623233894),
        ("Wed Jun  9 10:18:14 2021", 1623233894),
        ("9 june 2021 10:18:14x", 1623233894),
        ("1 Jan 70 0:0:0", 0),
        ("1 Jan 69 0:0:0", 3124224000),
        ("31 Feb 2021 10:18:14", None),
        ("9 Jun 2021 24:18:14", None),
        ("9 Jun 2021 10:18:60", None),
        ("0 Jun 2021 10:18:14", None),
        ("9 Jun 1600 10:18:14", None),
        ("9 Jun 20211 10:18:14", None),
        ("9 Jun 2021", None),
        ("", None),
    ],
)
def test_cookie_date(text: str, seconds: Any) -> None:
    assert rules.cookie_date(text) == seconds


@pytest.mark.parametrize(
    "host, domain, matches",
    [
        ("a.com", "a.com", True),
        ("www.a.com", "a.com", True),
        ("evila.com", "a.com", False),
        ("a.com", "www.a.com", False),
        ("a.com", "", False),
        ("127.0.0.1", "0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::1", "1", False),
    ],
)
def test_COOKIE_1_domain_matches(host: str, domain: str, matches: bool) -> None:
    assert rules.domain_matches(host, domain) is matches


@pytest.mark.parametrize(
    "path, cookie_path, matches",
    [
        ("/", "/", True),
        ("/x", "/", True),
        ("/x/y", "/x", True),
        ("/x/y", "/x/", True),
        ("/xy", "/x", False),
        ("/x", "/x/", False),
        ("/", "/x", False),
        ("/X", "/x", False),
    ],
)
def test_COOKIE_1_path_matches(path: str, cookie_path: str, matches: bool) -> None:
    assert rules.path_matches(path, cookie_path) is matches


@pytest.mark.parametrize(
    "path, default", [("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("/a/b/c", "/a/b")]
)
def test_default_path(path: str, default: str) -> None:
    assert rules.default_path(path) == default


@pytest.mark.parametrize(
    "domain, suffix",
    [
        ("com", True),
        ("localhost", True),
        ("co.uk", True),
        ("com.au", True),
        ("github.io", True),
        ("example.com", False),
        ("bbc.co.uk", False),
        ("me.github.io", False),
        ("web.de", False),
        ("id.me", False),
        ("co.example.com", False),
    ],
)
def test_COOKIE_1_public_suffix_like(domain: str, suffix: bool) -> None:
    assert rules.public_suffix_like(domain) is suffix


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.lists(
        st.sampled_from(
            [
                "; Domain=",
                "; Path=/",
                "; Max-Age=",
                "; Expires=",
                "=",
                ";",
                "9",
                "-",
                ".",
                " ",
                "a",
                ":",
                "Jan",
                "1999",
            ]
        )
    ),
)
def test_law_nothing_raises(text: str, more: Any) -> None:
    line = rules.parse_set_cookie(text + "".join(more), NOW)
    assert line is None or (line.name and "\n" not in line.name + line.value)


@pytest.mark.parametrize(
    "piece", [";", "=", " ", "\t", "a=b;", "Expires=1:1:1 ", '"\\"', ",", "0", "1:", "\xa0"]
)
def test_CPU_1_hostile_lines(piece: str) -> None:
    begun = time.process_time()
    for text in ("a=b;Expires=" + piece * (16000 // len(piece)), piece * (1_000_000 // len(piece))):
        rules.parse_set_cookie(text, NOW)
    rules.cookie_date(piece * (100_000 // len(piece)))
    assert time.process_time() - begun < 2
