from __future__ import annotations

from typing import Any, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.form_data import FormData
from miniaxios.forms import form_to_json, to_form_data
from miniaxios.search_params import URLSearchParams
from miniaxios.unnesting import name_parts


def form_of(fields: List[Tuple[str, Any]]) -> FormData:
    form = FormData()
    for name, value in fields:
        form.append(name, value)
    return form


@pytest.mark.parametrize(
    "fields, expected",
    [
        ([], {}),
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("a", "2")], {"a": ["1", "2"]}),
        ([("a", "1"), ("a", "2"), ("a", "3")], {"a": ["1", "2", "3"]}),
        ([("a[]", "1")], {"a": ["1"]}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[b][c]", "1")], {"a": {"b": {"c": "1"}}}),
        ([("a.b.c", "1"), ("a.b[d]", "2")], {"a": {"b": {"c": "1", "d": "2"}}}),
        ([("a[bar.baz]", "1")], {"a": {"bar": {"baz": "1"}}}),
        ([("a[0]", "x"), ("a[1]", "y")], {"a": ["x", "y"]}),
        ([("a[1]", "y"), ("a[0]", "x")], {"a": ["x", "y"]}),
        ([("a[0]", "x"), ("a[2]", "z")], {"a": {"0": "x", "2": "z"}}),
        ([("a[5]", "x"), ("a[]", "y")], {"a": {"5": "x", "6": "y"}}),
        ([("a[0]", "x"), ("a[b]", "y")], {"a": {"0": "x", "b": "y"}}),
        ([("a[01]", "x")], {"a": {"01": "x"}}),
        ([("a[\u0660]", "x")], {"a": {"\u0660": "x"}}),
        ([("a[4294967295]", "x")], {"a": {"4294967295": "x"}}),
        ([("a[" + "9" * 5000 + "]", "x")], {"a": {"9" * 5000: "x"}}),
        ([("a[0][x]", "1"), ("a[1][x]", "2")], {"a": [{"x": "1"}, {"x": "2"}]}),
        ([("a[][x]", "1"), ("a[][x]", "2")], {"a": [{"x": "1"}, {"x": "2"}]}),
        ([("a", "1"), ("a[b]", "2")], {"a": {"b": "2"}}),
        ([("a[b]", "1"), ("a", "2")], {"a": [{"b": "1"}, "2"]}),
        ([("a[]", "1"), ("a", "2")], {"a": ["1", "2"]}),
        ([("a[b]", "1"), ("a[]", "2")], {"a": {"b": "1", "": "2"}}),
        ([("0", "a"), ("1", "b")], {"0": "a", "1": "b"}),
        ([("user-name", "a"), ("user name", "b")], {"user-name": "a", "user name": "b"}),
        ([("a[b", "1"), ("c]d", "2")], {"a": {"b": "1"}, "c": {"d": "2"}}),
        ([("", "1"), (".", "2")], {"": "1", ".": "2"}),
        ([("a", b"\xff")], {"a": b"\xff"}),
    ],
)
def test_fields(fields: List[Tuple[str, Any]], expected: Any) -> None:
    assert form_to_json(form_of(fields)) == expected


@pytest.mark.parametrize("value", [None, {}, "a=1", [], URLSearchParams("a=1")])
def test_what_is_no_form_is_none(value: Any) -> None:
    assert form_to_json(value) is None


def test_CONFIG_1_names_of_javascript_and_python_are_data() -> None:
    fields = [
        ("__proto__[x]", "1"),
        ("a[__proto__]", "1"),
        ("a.__proto__.b", "2"),
        ("__class__", "3"),
        ("constructor[prototype]", "4"),
        ("__init__.__globals__", "5"),
    ]
    assert form_to_json(form_of(fields)) == {
        "__class__": "3",
        "constructor": {"prototype": "4"},
        "__init__": {"__globals__": "5"},
    }
    assert type(form_to_json(form_of(fields))) is dict


@pytest.mark.parametrize("part", ["[x]", ".x", "[]"])
def test_CPU_2_depth(part: str) -> None:
    assert form_to_json(form_of([("a" + part * 100, "1")]))
    for levels in (101, 100_000):
        with pytest.raises(AxiosError) as caught:
            form_to_json(form_of([("a" + part * levels, "1")]))
        assert caught.value.code == "ERR_FORM_DATA_DEPTH_EXCEEDED"
        assert caught.value.message == "FormData field is too deeply nested (101 levels). Max depth: 100"


def test_depth_fits_that_of_to_form_data() -> None:
    value: Any = "leaf"
    for _ in range(100):
        value = {"x": value}
    assert form_to_json(to_form_data({"a": value})) == {"a": value}


@given(st.text(alphabet="ab0.[]"))
def test_any_name_has_parts(name: str) -> None:
    parts = name_parts(name)
    assert parts == [name] or not any(mark in part for part in parts for mark in ".[]")
    assert len(parts) <= len(name) + 1


names = st.text(alphabet='abc-_ \u00e9"&=', min_size=1, max_size=4).filter(lambda text: text.strip() == text)
leaves = st.text(max_size=5)
# What a form can't say is left out: empty lists and dicts leave no field, None is skipped, and a
# dict whose keys are digits is a list.
shapes = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)
values = st.dictionaries(names, shapes, max_size=4)


@settings(max_examples=150)
@given(values)
def test_nested_data_makes_a_round_trip(value: Any) -> None:
    assert form_to_json(to_form_data(value)) == value


@given(values)
def test_with_indexes_and_dots_too(value: Any) -> None:
    assert form_to_json(to_form_data(value, None, {"indexes": True})) == value
    assert form_to_json(to_form_data(value, None, {"indexes": True, "dots": True})) == value


@given(st.lists(st.tuples(st.text(alphabet="ab01.[]", max_size=7), st.just("v")), max_size=6))
def test_any_names_give_plain_data_with_every_value_or_fewer(fields: List[Tuple[str, Any]]) -> None:
    def count(value: Any) -> int:
        assert type(value) in (dict, list, str)
        if isinstance(value, str):
            return 1
        return sum(map(count, value.values() if isinstance(value, dict) else value))

    assert count(form_to_json(form_of(fields))) <= len(fields)
