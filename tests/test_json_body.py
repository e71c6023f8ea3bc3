"""JSON for request bodies: what comes out, and errors that name the path."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import types
import uuid
from typing import Any, ClassVar, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.json_body import encode_json

UTC_PLUS_2 = datetime.timezone(datetime.timedelta(hours=2))


class Colour(enum.Enum):
    RED = "red"
    DAY = datetime.date(2020, 1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):
    YES = "yes"


@dataclasses.dataclass
class Item:
    kind: ClassVar[str] = "not a field"
    name: str
    price: float = 1.5


@dataclasses.dataclass
class Basket:
    items: List[Item]


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"a": [1, 2.5, None, True, "x"]}, '{"a":[1,2.5,null,true,"x"]}'),
        ((1, (2,)), "[1,[2]]"),
        ({"é": "日本"}, '{"é":"日本"}'),
        ("\ud800x", '"\\ud800x"'),
        ({1: 1, None: 2, False: 3, 1.5: 4}, '{"1":1,"null":2,"false":3,"1.5":4}'),
        (datetime.datetime(2020, 1, 1, 2, tzinfo=UTC_PLUS_2), '"2020-01-01T00:00:00.000Z"'),
        (datetime.datetime(2020, 1, 1, 2, 3, 4, 5), '"2020-01-01T02:03:04.000005"'),
        (datetime.date(2020, 1, 1), '"2020-01-01"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (decimal.Decimal("1.10"), '"1.10"'),
        ([Colour.RED, Colour.DAY, Level.HIGH, Word.YES], '["red","2020-01-02",3,"yes"]'),
        (Basket([Item("x")]), '{"items":[{"name":"x","price":1.5}]}'),
        ({"m": types.MappingProxyType({"a": 1})}, '{"m":{"a":1}}'),
        ({"__class__": 1, "__proto__": {"constructor": 2}}, '{"__class__":1,"__proto__":{"constructor":2}}'),
        ("", '""'),
        ({}, "{}"),
    ],
)
def test_encoded(value: Any, expected: str) -> None:
    assert encode_json(value) == expected


def cyclic() -> Any:
    value: Any = {"a": [1, {}]}
    value["a"][1]["back"] = value
    return value


def deep(levels: int = 100_000) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value, path, reason",
    [
        ({"items": [0, 1, 2, {"price": float("nan")}]}, "data.items[3].price ", "NaN"),
        ([float("inf")], "data[0] ", "infinities"),
        (float("-inf"), "data ", "infinities"),
        ({"a": {1, 2}}, "data.a ", "set"),
        ({"a": b"x"}, "data.a ", "bytes"),
        ({"odd key": object()}, "data['odd key'] ", "object"),
        ({"": {1}}, "data[''] ", "set"),
        ({"ok": 1, "k": {(1, 2): 3}}, "data.k[tuple] ", "key of type tuple"),
        ({float("nan"): 1}, "data[float] ", "key"),
        (cyclic(), "data.a[1].back ", "circular"),
        (deep(), "data[0][0]", "deeply"),
        (Basket([Item("x", float("nan"))]), "data.items[0].price ", "NaN"),
        ({"d": decimal.Decimal("NaN")}, "data.d ", "Decimal"),
        ({"t": datetime.datetime.min.replace(tzinfo=UTC_PLUS_2)}, "data.t ", ""),
        ({"t": [datetime.timedelta(1)]}, "data.t[0] ", "timedelta"),
        ({"fine": deep(150), "bad": {1}}, "data.bad ", "set"),
        ([[], [[]], {"a": {"b": ()}}, {1}], "data[3] ", "set"),
    ],
)
def test_DATA_1_CPU_2_error_names_the_path(value: Any, path: str, reason: str) -> None:
    with pytest.raises(AxiosError) as caught:
        encode_json(value)
    assert caught.value.code == "ERR_BAD_REQUEST"
    assert caught.value.message.startswith(path)
    assert reason in caught.value.message
    assert len(caught.value.message) < 400
    assert caught.value.cause is not None


def test_error_shows_no_value() -> None:
    with pytest.raises(AxiosError) as caught:
        encode_json({"password": "hunter2", "x": {"hunter2"}})
    assert "hunter2" not in caught.value.message


def test_shared_members_are_no_cycle() -> None:
    shared = {"a": 1}
    assert encode_json([shared, shared]) == '[{"a":1},{"a":1}]'
    with pytest.raises(AxiosError, match=r"^data\[2\] "):
        encode_json([shared, shared, {1}])


def test_exception_of_the_callers_code_propagates() -> None:
    @dataclasses.dataclass
    class Broken:
        a: int = dataclasses.field(init=False)

    with pytest.raises(AttributeError):
        encode_json([Broken()])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_round_trip(value: Any) -> None:
    assert json.loads(encode_json(value)) == value
