from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.search_params import URLSearchParams

pairs = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=8)
few_names = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=8)


@pytest.mark.parametrize(
    "init, expected",
    [
        (None, []),
        ("", []),
        ("?", []),
        ("??a", [("?a", "")]),
        ("a=1&b=2", [("a", "1"), ("b", "2")]),
        ("?a=1&&=&b", [("a", "1"), ("", ""), ("b", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("a+b=%2B%zz", [("a b", "+%zz")]),
        ("a=1;b=2", [("a", "1;b=2")]),
        (b"a=%C3%A9", [("a", "\u00e9")]),
        ({"a": 1, "b": True, "c": None, "d": 1.0}, [("a", "1"), ("b", "true"), ("c", "null"), ("d", "1")]),
        ([("a", 1), ["a", 2]], [("a", "1"), ("a", "2")]),
        (iter([("x", "y")]), [("x", "y")]),
        (URLSearchParams("a=1"), [("a", "1")]),
        ({"a": "\ud800"}, [("a", "\ufffd")]),
    ],
)
def test_init(init: object, expected: list) -> None:  # type: ignore[type-arg]
    assert list(URLSearchParams(init)) == expected


@pytest.mark.parametrize("init", [5, ["ab"], [("a",)], [("a", "b", "c")], [5]])
def test_init_of_another_shape(init: object) -> None:
    with pytest.raises(AxiosError) as caught:
        URLSearchParams(init)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@pytest.mark.parametrize("value", [[1], (1,), {"a": 1}, {1}, object()])
def test_values_without_text(value: object) -> None:
    with pytest.raises(AxiosError) as caught:
        URLSearchParams().append("a", value)
    assert caught.value.code == "ERR_BAD_REQUEST"


def test_whatwg_encoding() -> None:
    text = str(URLSearchParams([("a b", ":$,*~!'()-._@[]/\u00e9")]))
    assert text == "a+b=%3A%24%2C*%7E%21%27%28%29-._%40%5B%5D%2F%C3%A9"


@given(pairs)
def test_what_it_prints_it_reads_back(items: list) -> None:  # type: ignore[type-arg]
    params = URLSearchParams(items)
    assert list(URLSearchParams(str(params))) == items
    assert list(URLSearchParams("?" + str(params))) == items
    assert URLSearchParams(str(params)) == params
    assert str(URLSearchParams(str(params))) == str(params)


@given(pairs)
def test_the_standard_library_reads_the_same(items: list) -> None:  # type: ignore[type-arg]
    assert parse_qsl(str(URLSearchParams(items)), keep_blank_values=True) == items


@given(pairs)
def test_it_reads_what_the_standard_library_writes(items: list) -> None:  # type: ignore[type-arg]
    assert list(URLSearchParams(urlencode(items))) == items


@given(st.text())
def test_any_text_can_be_parsed_and_printing_is_stable(text: str) -> None:
    params = URLSearchParams(text)
    assert list(URLSearchParams(str(params))) == list(params)


@given(few_names, st.sampled_from("abc"), st.sampled_from("123"))
def test_set_and_delete_against_a_model(items: list, name: str, value: str) -> None:  # type: ignore[type-arg]
    params = URLSearchParams(items)
    params.set(name, value)
    assert params.get_all(name) == [value]
    others = [pair for pair in items if pair[0] != name]
    assert [pair for pair in params if pair[0] != name] == others
    first = next((at for at, pair in enumerate(items) if pair[0] == name), len(items))
    assert list(params)[first if name in dict(items) else len(others)] == (name, value)

    params = URLSearchParams(items)
    params.delete(name, value)
    assert list(params) == [pair for pair in items if pair != (name, value)]
    params.delete(name)
    assert list(params) == others and name not in params


@given(few_names, st.sampled_from("abc"))
def test_reading_against_a_model(items: list, name: str) -> None:  # type: ignore[type-arg]
    params = URLSearchParams(items)
    values = [value for key, value in items if key == name]
    assert params.get_all(name) == values
    assert params.get(name) == (values[0] if values else None)
    assert params.has(name) is bool(values) is (name in params)
    assert params.has(name, "2") is ((name, "2") in items)
    assert params.size == len(params) == len(items)
    assert list(params.keys()) == [key for key, _ in items]
    assert list(params.values()) == [value for _, value in items]
    assert list(params.entries()) == list(params.items()) == items


@given(pairs)
def test_sort_is_stable_and_by_utf_16(items: list) -> None:  # type: ignore[type-arg]
    params = URLSearchParams(items)
    params.sort()
    assert list(params) == sorted(items, key=lambda pair: pair[0].encode("utf-16-be"))


def test_sort_puts_astral_characters_before_the_private_use_area() -> None:
    params = URLSearchParams([("\uff5e", "1"), ("\U0001f600", "2")])
    params.sort()
    assert list(params.values()) == ["2", "1"]


def test_as_an_object() -> None:
    params = URLSearchParams("token=secret&a=1&a=2")
    assert "secret" not in repr(params)
    assert dict(params) == {"token": "secret", "a": "1"}
    assert params["a"] == "1" and bool(URLSearchParams())
    with pytest.raises(KeyError):
        params["zz"]
    with pytest.raises(TypeError):
        hash(params)
    assert params != "token=secret"


def test_it_may_be_changed_while_it_is_iterated() -> None:
    params = URLSearchParams("a=1&b=2")
    for name, _ in params:
        params.delete(name)
    assert len(params) == 0
