"""``data:`` URLs."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.data_url import DEFAULT_TYPE, is_data_url, parse_data_url
from miniaxios.errors import AxiosError


@pytest.mark.parametrize(
    "url, media_type, data",
    [
        ("data:,", DEFAULT_TYPE, b""),
        ("data:,A%20brief%20note", DEFAULT_TYPE, b"A brief note"),
        ("DATA:text/plain,x", "text/plain", b"x"),
        ("data:text/plain;charset=utf-8,%C3%A9", "text/plain;charset=utf-8", "é".encode()),
        ("data:;charset=latin1,%E9", "text/plain;charset=latin1", b"\xe9"),
        ("data:application/json,{%22a%22:[1,2]}", "application/json", b'{"a":[1,2]}'),
        ("data:text/plain;base64,aGk=", "text/plain", b"hi"),
        ("data:text/plain;charset=utf-8;base64,aGk=", "text/plain;charset=utf-8", b"hi"),
        ("data:;base64,aGk", "text/plain;charset=US-ASCII", b"hi"),
        ("data:; BASE64 ,aGk=", DEFAULT_TYPE, b"hi"),
        ("data:text/plain;base64,a G\nk%3D", "text/plain", b"hi"),
        ("data:x/y;base64,-_-_", "x/y", b"\xfb\xff\xbf"),
        ("data:x/y;base64,aGk=aGk=", "x/y", b"hi"),
        ("data:x/y;base64,aGkaa", "x/y", base64.b64decode("aGka")),
        ("data:x/y;base64,!!!", "x/y", b""),
        ("data:text/html,<a#b>", "text/html", b"<a#b>"),
        ("data:,100%", DEFAULT_TYPE, b"100%"),
        ("data:,%zz%4", DEFAULT_TYPE, b"%zz%4"),
        ("data:,é", DEFAULT_TYPE, "é".encode()),
        ("data:nonsense,x", DEFAULT_TYPE, b"x"),
        ("data:text/plain\r\nX: y,x", DEFAULT_TYPE, b"x"),
        ("data: text/plain ,x", "text/plain", b"x"),
        ("data:base64,x", DEFAULT_TYPE, b"x"),
    ],
)
def test_parsed(url: str, media_type: str, data: bytes) -> None:
    assert parse_data_url(url) == (media_type, data)


@pytest.mark.parametrize("url", ["data:", "data:text/plain", "http://x/,", ",", "", "dat:,x"])
def test_invalid(url: str) -> None:
    with pytest.raises(AxiosError, match="^Invalid URL$") as caught:
        parse_data_url(url)
    assert caught.value.code == "ERR_BAD_REQUEST"


@pytest.mark.parametrize(
    "url, length", [("data:,12345", 5), ("data:,%41%42%zz", 5), ("data:;base64,MTIzNDU=", 5)]
)
def test_LIMIT_1_data_urls(url: str, length: int) -> None:
    for limit in (length, length + 1, -1, None):
        assert len(parse_data_url(url, limit)[1]) == length
    for limit in (length - 1, 0):
        with pytest.raises(AxiosError) as caught:
            parse_data_url(url, limit)
        assert caught.value.code == "ERR_BAD_RESPONSE"
        assert caught.value.message == f"maxContentLength size of {limit} exceeded"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_law_round_trip(data: bytes) -> None:
    assert parse_data_url("data:x/y;base64," + base64.b64encode(data).decode()) == ("x/y", data)
    assert parse_data_url("data:x/y;base64," + base64.urlsafe_b64encode(data).decode()) == ("x/y", data)
    assert parse_data_url("data:x/y," + "".join(f"%{byte:02x}" for byte in data)) == ("x/y", data)


@settings(max_examples=100, deadline=None)
@given(st.text(), st.integers(0, 50))
def test_law_limit_is_exact(body: str, limit: int) -> None:
    for url in ("data:," + body, "data:;base64," + body):
        whole = parse_data_url(url)[1]
        try:
            assert parse_data_url(url, limit)[1] == whole
            assert len(whole) <= limit
        except AxiosError:
            assert len(whole) > limit


@pytest.mark.parametrize("piece", ["%", "%41", "%4", ";", ",", "=", " ", "A", "-", "\u20ac", "\t", ";base64"])
@pytest.mark.parametrize("head", ["data:", "data:,", "data:;base64,"])
def test_CPU_1_data_urls(head: str, piece: str) -> None:
    url = head + piece * (1_000_000 // len(piece))
    begun = time.process_time()
    try:
        parse_data_url(url + ("," if "," not in url else ""))
    except AxiosError as error:
        assert error.message == "Invalid URL"
    assert time.process_time() - begun < 2


def test_is_data_url() -> None:
    assert [is_data_url(url) for url in ("data:,", "Data:", "xdata:", "http://x")] == [
        True,
        True,
        False,
        False,
    ]


def test_media_type_never_holds_controls() -> None:
    samples: Any = ["\r\nA: b", "\0", "\x7f", "é"]
    for sample in samples:
        assert parse_data_url("data:text/plain;a=" + sample + "b,x")[0] == DEFAULT_TYPE
