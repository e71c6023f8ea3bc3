from __future__ import annotations

import enum
import io
from collections import UserDict, deque, namedtuple
from dataclasses import dataclass
from typing import Any, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.form_data import FormData
from miniaxios.nesting import (
    LEAF,
    LIST,
    MAP,
    Flattener,
    convert_value,
    joined,
    json_text,
    plain_key,
    shape_of,
)
from miniaxios.search_params import URLSearchParams


@dataclass
class Point:
    x: int = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Word(str):
    pass


@pytest.mark.parametrize(
    "value, shape",
    [
        ({}, MAP),
        (UserDict(), MAP),
        (Point(), MAP),
        ([], LIST),
        ((), LIST),
        (set(), LIST),
        (frozenset(), LIST),
        (deque(), LIST),
        (range(3), LIST),
        ({}.keys(), LIST),
        ({}.values(), LIST),
        (namedtuple("Pair", "a b")(1, 2), LIST),
        ("text", LEAF),
        (Word("text"), LEAF),
        (b"", LEAF),
        (bytearray(), LEAF),
        (memoryview(b""), LEAF),
        (None, LEAF),
        (1, LEAF),
        (1.5, LEAF),
        (True, LEAF),
        (object(), LEAF),
        (Point, LEAF),
        (dict, LEAF),
        (print, LEAF),
        (Access.READ | Access.WRITE, LEAF),
        (io.BytesIO(), LEAF),
        (iter([]), LEAF),
        (FormData(), LEAF),
        (URLSearchParams(), LEAF),
    ],
)
def test_shapes(value: Any, shape: int) -> None:
    assert shape_of(value) == shape
    assert Flattener.is_visitable(value) is (shape != LEAF)


def test_converted_values() -> None:
    marker = object()
    assert convert_value(marker) is marker
    assert (convert_value(None), convert_value(True), convert_value(1)) == ("", "true", 1)


def test_keys_that_are_no_text() -> None:
    assert [plain_key(key) for key in ("a", 1, True, 1.0, None, b"b")] == ["a", 1, "true", "1", "null", "b"]


@pytest.mark.parametrize(
    "value, text",
    [([1, [2, [None, True]], "a,b"], "1,2,,true,a,b"), ([], ""), ([[], []], ","), (5, "5"), (None, "")],
)
def test_joined(value: Any, text: str) -> None:
    assert joined(value) == text


@given(st.recursive(st.integers(), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=10))
def test_joining_forgets_the_nesting(value: Any) -> None:
    assert joined(value) == ",".join(map(str, leaves(value)))


def leaves(value: Any) -> List[int]:
    return [value] if isinstance(value, int) else [leaf for item in value for leaf in leaves(item)]


def test_json_text_is_compact() -> None:
    assert json_text({"a": [1, None, "\u00e9"], "p": Point()}, 100) == '{"a":[1,null,"\u00e9"],"p":{"x":1}}'


def test_a_path_of_a_visitors_own() -> None:
    fields: List[Tuple[str, Any]] = []
    flattener = Flattener(lambda name, value: fields.append((name, value)))
    flattener.default_visitor(1, "k")
    flattener.default_visitor(2, "k", ("a", 0))
    flattener.default_visitor(3, "k[]", ("a[]", "b[]"))
    flattener.default_visitor([4], "k", ())
    assert fields == [("k", 1), ("a[0][k]", 2), ("a[b][k]", 3)]


def test_a_walk_may_be_over_a_list() -> None:
    fields: List[Tuple[str, Any]] = []
    Flattener(lambda name, value: fields.append((name, value))).flatten(enumerate(["x", [None, 1]]), object())
    assert fields == [("0", "x"), ("1[]", 1)]
