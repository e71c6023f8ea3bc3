"""Parameters and urlencoded forms: tables of what axios writes, and laws that hold for any input."""

from __future__ import annotations

import datetime
import enum
import functools
import re
import time
import urllib.parse
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.form_data import FormData
from miniaxios.forms import serialize_params, to_form_data, urlencode_form
from miniaxios.nesting import BLANKS
from miniaxios.search_params import URLSearchParams

UTC = datetime.timezone.utc
Pairs = List[Tuple[str, str]]


def readable(query: str) -> str:
    """A query with its brackets and braces shown, as the tables write them."""
    for escaped, plain in (("%5B", "["), ("%5D", "]"), ("%7B", "{"), ("%7D", "}")):
        query = query.replace(escaped, plain)
    return query


def read(query: str) -> Pairs:
    return parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))


def code_of(function: Any, *args: Any) -> Optional[str]:
    with pytest.raises(AxiosError) as caught:
        function(*args)
    return caught.value.code


# --- tables: axios's value rules -------------------------------------------------------------


@dataclass
class Point:
    x: int
    y: Optional[int] = None
    tags: List[str] = field(default_factory=list)


class Size(enum.Enum):
    BIG = "big one"


class Marked:
    def __str__(self) -> str:
        return "marked"


VALUES = [
    ({"a": None}, ""),
    ({"a": None, "b": 1}, "b=1"),
    ({"c": "", "d": 0, "e": False, "g": float("nan")}, "c=&d=0&e=false&g=NaN"),
    (
        {"a": 1e21, "b": -0.0, "c": 10**21, "d": 1.0, "e": 1.5, "f": 1e-7},
        "a=1e%2B21&b=0&c=" + "1" + "0" * 21 + "&d=1&e=1.5&f=1e-7",
    ),
    ({"a": float("inf"), "b": float("-inf")}, "a=Infinity&b=-Infinity"),
    ({"a": True, "b": [True, False]}, "a=true&b[]=true&b[]=false"),
    ({"a": datetime.datetime(2020, 1, 1, tzinfo=UTC)}, "a=2020-01-01T00:00:00.000Z"),
    (
        {"a": [datetime.datetime(2020, 1, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))]},
        "a[]=2020-01-01T00:00:00.000Z",
    ),
    ({"a": datetime.datetime(2020, 1, 1, 12, 30)}, "a=2020-01-01T12:30:00"),
    ({"a": {"b": datetime.date(2020, 1, 1)}}, "a[b]=2020-01-01"),
    ({"a": Size.BIG, "b": Marked(), "c": b"by tes"}, "a=big+one&b=marked&c=by+tes"),
    ({"a": [1, 2]}, "a[]=1&a[]=2"),
    ({"a": (1, 2)}, "a[]=1&a[]=2"),
    (
        {"a": range(2), "b": deque([1]), "c": {"k": 1}.keys(), "d": frozenset([1])},
        "a[]=0&a[]=1&b[]=1&c[]=k&d[]=1",
    ),
    ({"a": [None, 1, None]}, "a[]=1"),
    ({"a": [], "b": {}}, ""),
    ({"a": [[], {}], "b": {"c": [], "d": None}}, ""),
    ({"a": [1, [2]]}, "a[0]=1&a[1][0]=2"),
    ({"a": [{"x": 1}, {"y": 2}]}, "a[0][x]=1&a[1][y]=2"),
    ({"a": [None, {"y": 2}]}, "a[1][y]=2"),
    ({"b": {"c": [1, 2]}}, "b[c][0]=1&b[c][1]=2"),
    ({"b": {"c": [None, 2]}}, "b[c][1]=2"),
    ({"a": {"b": {"c": 1}}}, "a[b][c]=1"),
    ({"a[]": [1, 2]}, "a[]=1&a[]=2"),
    ({"a[]": [1, [2, [3, None, True]]]}, "a[]=1&a[]=2,3,,true"),
    ({"a[]": [{"x": 1}]}, "a[0][x]=1"),
    ({"a[]": 1, "b{}": 2}, "a[]=1&b{}=2"),
    ({"a[]": {"b[]": [1]}}, "a[b][0]=1"),
    ({"a{}": {"x": [1, None]}}, "a{}={%22x%22:[1,null]}"),
    ({"a{}": [1, "\u00e9"]}, "a{}=[1,%22%C3%A9%22]"),
    ({" a ": 1, "\u00a0b\ufeff": 2, "\x1fc": 3}, "a=1&b=2&%1Fc=3"),
    ({"a": {" b ": 1}}, "a[b]=1"),
    ({2.0: "b", True: "c", 3: "d"}, "2=b&true=c&3=d"),
    ({None: 1, b"k": 2, Size.BIG: 3}, "null=1&k=2&big+one=3"),
    ({"a": "\u00e9", "\u65e5": ":$, +@[]"}, "a=%C3%A9&%E6%97%A5=:$,+%2B%40[]"),
    ({"__class__": 1, "__proto__": {"constructor": 2}}, "__class__=1&__proto__[constructor]=2"),
    ({"p": Point(1)}, "p[x]=1"),
    (Point(1, 2, ["t"]), "x=1&y=2&tags[]=t"),
    (OrderedDict(b=1, a=2), "b=1&a=2"),
    (MappingProxyType({"a": 1}), "a=1"),
    ({"a": URLSearchParams("x=1&y=2")}, "a=x%3D1%26y%3D2"),
    ([1, 2], "0=1&1=2"),
    ([{"a": 1}, None, [2, 3, 4]], "0[a]=1&2[]=2&2[]=3&2[]=4"),
    ([("a", 1), ("a", 2), ["b", None]], "a=1&a=2"),
    ([("a", [1, 2]), ("b", {"c": 3})], "a[]=1&a[]=2&b[c]=3"),
    ((("a", "x"), ("b", "y")), "a=x&b=y"),
    ({"a": 1}.items(), "a=1"),
    (iter([("a", 1)]), "a=1"),
    ({}, ""),
    ([], ""),
    (None, ""),
    (False, ""),
    ("", ""),
]


@pytest.mark.parametrize("params, expected", VALUES)
def test_values(params: Any, expected: str) -> None:
    assert readable(serialize_params(params)) == expected


OPTIONS = [
    ({"a": [1, 2]}, {"indexes": None}, "a=1&a=2"),
    ({"a": [1, 2]}, {"indexes": False}, "a[]=1&a[]=2"),
    ({"a": [1, 2]}, {"indexes": True}, "a[0]=1&a[1]=2"),
    ({"a": [None, 2]}, {"indexes": True}, "a[1]=2"),
    ({"a[]": [1]}, {"indexes": None}, "a=1"),
    ({"b": {"c": [1, 2]}}, {"indexes": None}, "b[c][0]=1&b[c][1]=2"),
    ({"a": [1, [2]]}, {"indexes": None}, "a[0]=1&a[1][0]=2"),
    ({"a": {"b": 1, "c": [1]}}, {"dots": True}, "a.b=1&a.c.0=1"),
    ({"e": [{"f": 1}], "d": [1]}, {"dots": True}, "e.0.f=1&d[]=1"),
    ({"d": [1]}, {"dots": True, "indexes": True}, "d.0=1"),
    ({"d": [1]}, {"dots": True, "indexes": None}, "d=1"),
    ({"a{}": {"b": 1}}, {"meta_tokens": False}, "a={%22b%22:1}"),
    ({"a{}": {"b": 1}}, {"metaTokens": False}, "a={%22b%22:1}"),
    ({"a": {"b": 1}}, {"max_depth": 1}, "a[b]=1"),
    ({"a": {"b": 1}}, {"maxDepth": float("inf")}, "a[b]=1"),
    ({"a": {"b": 1}}, {"max_depth": None, "unknown": 5}, "a[b]=1"),
    ({"a": 1}, {}, "a=1"),
]


@pytest.mark.parametrize("params, options, expected", OPTIONS)
def test_options(params: Any, options: Dict[str, Any], expected: str) -> None:
    assert readable(serialize_params(params, options)) == expected


def test_search_params_are_written_as_whatwg_has_it() -> None:
    params = URLSearchParams([("a:", "$ ~")])
    assert serialize_params(params) == "a%3A=%24+%7E"
    assert serialize_params(params, {"encode": str.upper, "indexes": None}) == "a%3A=%24+%7E"
    assert serialize_params(URLSearchParams()) == ""


def test_a_form_serves_as_its_pairs() -> None:
    form = FormData()
    form.append("a", 1)
    form.append("a", "b c")
    assert serialize_params(form) == "a=1&a=b+c"


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        "a=1",
        b"a=1",
        5,
        True,
        1.5,
        object(),
        {"a": object()},
        {"a": [object()]},
        {"a": {"b": print}},
        {"a": "\ud800"},
        {"\udc00": 1},
        {"a{}": {"b": float("nan")}},
        {"a{}": {"b": object()}},
        {"a[]": [[object()]]},
    ],
)
def test_what_cannot_be_serialised(params: Any) -> None:
    assert code_of(serialize_params, params) == "ERR_BAD_REQUEST"


@pytest.mark.parametrize("params", [iter([1, 2]), {"a", "b"}, (c for c in "ab")])
def test_iterables_have_to_be_pairs(params: Any) -> None:
    assert code_of(serialize_params, params) == "ERR_BAD_OPTION_VALUE"


@pytest.mark.parametrize(
    "serializer",
    [
        "x",
        5,
        [],
        {"encode": 1},
        {"serialize": "x"},
        {"visitor": 5},
        {"max_depth": "9"},
        {"max_depth": True},
        {"max_depth": -1},
        {"max_depth": float("nan")},
        lambda params: 5,
        lambda params: b"a=1",
        {"encode": lambda text: None},
    ],
)
def test_bad_serializers(serializer: Any) -> None:
    assert code_of(serialize_params, {"a": 1}, serializer) == "ERR_BAD_OPTION_VALUE"


def nested(levels: int, kind: str = "dict") -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"x": value} if kind == "dict" else [value]
    return value


@pytest.mark.parametrize("serialize", [serialize_params, urlencode_form, to_form_data])
@pytest.mark.parametrize("kind", ["dict", "list"])
def test_CPU_2_depth(serialize: Any, kind: str) -> None:
    assert serialize({"a": nested(100, kind)}) is not None
    for levels in (101, 100_000):
        value = nested(levels, kind)
        with pytest.raises(AxiosError) as caught:
            serialize({"a": value})
        assert caught.value.code == "ERR_FORM_DATA_DEPTH_EXCEEDED"
        assert caught.value.message == "Object is too deeply nested (101 levels). Max depth: 100"
        unravel(value)


def unravel(value: Any) -> None:
    """Take a deep value apart: old interpreters free it level by level on the C stack."""
    while isinstance(value, (dict, list)):
        value = value.pop("x") if isinstance(value, dict) else value.pop()


def test_CPU_2_depth_of_json_and_of_joined_lists() -> None:
    assert serialize_params({"a{}": nested(100)})
    assert code_of(serialize_params, {"a{}": nested(101)}) == "ERR_FORM_DATA_DEPTH_EXCEEDED"
    assert code_of(serialize_params, {"a{}": nested(1)}, {"max_depth": 0}) == "ERR_FORM_DATA_DEPTH_EXCEEDED"
    assert code_of(serialize_params, {"a[]": nested(5000, "list")}) == "ERR_FORM_DATA_DEPTH_EXCEEDED"
    deep = nested(100_000)
    assert code_of(serialize_params, {"a{}": deep}) == "ERR_FORM_DATA_DEPTH_EXCEEDED"
    unravel(deep)


def test_CPU_2_without_a_limit_nothing_recurses() -> None:
    value = nested(3000)
    assert serialize_params({"a": value}, {"max_depth": float("inf")}) == "a" + "%5Bx%5D" * 3000 + "=1"
    unravel(value)


@pytest.mark.parametrize("serialize", [serialize_params, urlencode_form, to_form_data])
def test_CPU_2_cycles(serialize: Any) -> None:
    loop: Dict[str, Any] = {"b": {}}
    loop["b"]["c"] = loop
    ring: List[Any] = []
    ring.append([ring])
    for value, path in ((loop, "b.c"), ({"a": loop}, "a.b.c"), ({"r": ring}, "r.0.0")):
        with pytest.raises(AxiosError) as caught:
            serialize(value)
        assert caught.value.code == "ERR_BAD_OPTION_VALUE"
        assert caught.value.message == "Circular reference detected in " + path
    assert code_of(serialize, {"a{}": loop}) == "ERR_BAD_OPTION_VALUE"
    assert code_of(serialize, {"a[]": ring}) == "ERR_FORM_DATA_DEPTH_EXCEEDED"


def test_what_is_shared_is_no_cycle() -> None:
    shared = {"x": 1}
    assert readable(serialize_params({"a": shared, "b": [shared, shared]})) == "a[x]=1&b[0][x]=1&b[1][x]=1"


# --- callbacks -------------------------------------------------------------------------------


def test_a_callable_or_serialize_gets_the_params_as_they_are() -> None:
    params = {"a": object()}
    for serializer in (
        lambda given: f"same={given is params}",
        {"serialize": lambda given: f"same={given is params}"},
    ):
        assert serialize_params(params, serializer) == "same=True"
    assert serialize_params("raw", lambda given: given) == "raw"
    assert serialize_params({"a": 1}, lambda given: None) == ""
    assert serialize_params({"a": 1}, URLSearchParams) == "a=1"


def test_encode_replaces_the_encoder_for_names_and_values() -> None:
    assert (
        serialize_params({"a b": ["c d", 1.0]}, {"encode": lambda text: f"<{text}>"})
        == "<a b[]>=<c d>&<a b[]>=<1>"
    )


class Encoder:
    def __call__(self, text: str, fallback: Any) -> str:
        return fallback(text)

    def method(self, text: str, fallback: Any) -> str:
        return fallback(text)


@pytest.mark.parametrize(
    "encode",
    [lambda text, fallback: fallback(text), Encoder(), Encoder().method],
)
def test_encode_may_fall_back_on_a_stricter_encoder(encode: Any) -> None:
    assert serialize_params({"a": "!'()~ :"}, {"encode": encode}) == "a=%21%27%28%29%7E+%3A"


@pytest.mark.parametrize(
    "encode, written",
    [
        (urllib.parse.quote, "a/b%20c"),
        (urllib.parse.quote_plus, "a%2Fb+c"),
        (functools.partial(urllib.parse.quote, safe=""), "a%2Fb%20c"),
        (str, "a/b c"),
        (lambda text, other=None: text if other is None else "!", "a/b c"),
    ],
)
def test_encode_of_one_argument_gets_one(encode: Any, written: str) -> None:
    assert serialize_params({"k": "a/b c"}, {"encode": encode}) == "k=" + written


def test_exceptions_of_callbacks_pass_unchanged() -> None:
    def fail(*args: Any) -> str:
        raise LookupError("mine")

    for serializer in (fail, {"serialize": fail}, {"encode": lambda text: fail()}, {"visitor": fail}):
        with pytest.raises(LookupError, match="mine"):
            serialize_params({"a": {"b": 1}}, serializer)


def test_a_visitor_sees_values_keys_and_paths() -> None:
    seen: List[Tuple[Any, Any, Any]] = []

    def visitor(value: Any, key: Any, path: Any, helpers: Any) -> Any:
        seen.append((value, key, path))
        if key == "skip":
            return None
        if key == "twice":
            helpers.append("twice", value * 2)
            return False
        return helpers.default_visitor(value, key, path)

    params = {" a ": {"b": [1, {"c": 2}]}, "skip": 1, "twice": 4, "none": None}
    assert readable(serialize_params(params, {"visitor": visitor})) == "+a+[b][0]=1&+a+[b][1][c]=2&twice=8"
    assert [(key, path) for _, key, path in seen] == [
        ("a", None),
        ("b", (" a ",)),
        (0, (" a ", "b")),
        (1, (" a ", "b")),
        ("c", (" a ", "b", 1)),
        ("skip", None),
        ("twice", None),
    ]


def test_a_visitor_that_opens_everything_ends() -> None:
    with pytest.raises(AxiosError):
        serialize_params({"a": "leaf"}, {"visitor": lambda value, key, path, helpers: True})


# --- laws ------------------------------------------------------------------------------------

#: Every class of characters that a URL treats in a way of its own, and any other.
SPECIAL = "aZ09-_.!~*'():$,/?&=#%+@;[]{}\"<>\\^`| \t\r\n\x00\x7f\u00e9\u00df\u65e5\u2028\U0001f600\u0661"
texts = st.text(max_size=12) | st.text(alphabet=SPECIAL, max_size=12)
keys = texts.map(lambda text: text.strip(BLANKS))
flat = st.dictionaries(keys, texts, max_size=8)
scalars = (
    texts
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats()
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)
plain_keys = st.text(alphabet="abcXYZ019 -_\u00e9&=+%", min_size=1, max_size=5).map(
    lambda text: text.strip() or "k"
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(plain_keys, inner, max_size=4)
    ),
    max_leaves=14,
)
nests = st.dictionaries(plain_keys, trees, max_size=5)


@given(flat)
def test_flat_text_makes_a_round_trip(params: Dict[str, str]) -> None:
    assert read(serialize_params(params)) == list(params.items())


@given(st.lists(st.tuples(keys, texts), max_size=10))
def test_pairs_make_a_round_trip_with_repeats_in_order(pairs: Pairs) -> None:
    assert read(serialize_params(pairs)) == pairs
    assert serialize_params(tuple(pairs)) == serialize_params(pairs) == serialize_params(iter(pairs))


@given(texts, texts)
def test_keys_are_trimmed_as_javascript_trims(key: str, value: str) -> None:
    assert read(serialize_params({key: value})) == [(key.strip(BLANKS), value)]


@given(st.sampled_from(SPECIAL), texts, texts)
def test_every_special_character_survives_anywhere(character: str, before: str, after: str) -> None:
    text = before + character + after
    assert read(serialize_params({"k" + text + "k": text})) == [("k" + text + "k", text)]


@settings(max_examples=50)
@given(nests)
def test_only_safe_characters_are_written(params: Dict[str, Any]) -> None:
    query = serialize_params(params)
    assert re.fullmatch(r"(?:[A-Za-z0-9\-_.!~*'():$,+&=]|%[0-9A-F]{2})*", query)


@given(st.dictionaries(keys, texts | st.none(), max_size=8))
def test_none_is_as_if_it_were_not_there(params: Dict[str, Optional[str]]) -> None:
    left = {key: value for key, value in params.items() if value is not None}
    assert serialize_params(params) == serialize_params(left)


@settings(max_examples=50)
@given(flat, flat)
def test_pairs_are_written_one_by_one(left: Dict[str, str], right: Dict[str, str]) -> None:
    both = list(left.items()) + list(right.items())
    parts = [serialize_params([pair]) for pair in both]
    assert serialize_params(both) == "&".join(parts)


@given(st.dictionaries(keys, st.integers() | st.booleans() | st.floats(), max_size=6))
def test_flat_scalars_equal_their_text(params: Dict[str, Any]) -> None:
    assert serialize_params(params) == serialize_params(
        {key: text_model(value) for key, value in params.items()}
    )


@given(st.lists(texts, max_size=6), plain_keys)
def test_the_three_ways_to_write_a_list(values: List[str], key: str) -> None:
    names = {False: lambda at: f"{key}[]", None: lambda at: key, True: lambda at: f"{key}[{at}]"}
    for indexes, name in names.items():
        expected = [(name(at), value) for at, value in enumerate(values)]
        assert read(serialize_params({key: values}, {"indexes": indexes})) == expected
        assert read(serialize_params({key: tuple(values)}, {"indexes": indexes})) == expected


def text_model(value: Any) -> str:
    """Texts of the scalars above, without the library's own code."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.strftime("%m-%dT%H:%M:%S.").join(
            [f"{value.year:04}-", f"{value.microsecond // 1000:03}Z"]
        )
    if isinstance(value, float):
        from miniaxios.scalars import number_text

        return number_text(value)
    return str(value)


def model(value: Any, name: str, dots: bool) -> Pairs:
    """What a value below the top level becomes; plainly recursive."""
    if value is None:
        return []
    if isinstance(value, (dict, list, tuple)):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        return [
            pair
            for key, item in members
            for pair in model(item, f"{name}.{key}" if dots else f"{name}[{key}]", dots)
        ]
    return [(name, text_model(value))]


def model_of_top(params: Dict[str, Any], dots: bool, indexes: Optional[bool]) -> Pairs:
    pairs: Pairs = []
    for key, value in params.items():
        flat_list = isinstance(value, (list, tuple)) and not any(
            isinstance(v, (dict, list, tuple)) for v in value
        )
        if flat_list and indexes is not True:
            name = key + "[]" if indexes is False else key
            pairs += [(name, text_model(item)) for item in value if item is not None]
        else:
            pairs += model(value, key, dots)
    return pairs


@settings(max_examples=100)
@given(nests, st.booleans(), st.sampled_from([None, False, True]))
def test_nested_shapes_against_a_model(params: Dict[str, Any], dots: bool, indexes: Optional[bool]) -> None:
    expected = model_of_top(params, dots, indexes)
    options = {"dots": dots, "indexes": indexes}
    assert read(serialize_params(params, options)) == expected
    assert read(urlencode_form(params, options)) == expected
    assert list(to_form_data(params, None, options)) == expected


@settings(max_examples=50)
@given(nests)
def test_one_way_for_all_callers(params: Dict[str, Any]) -> None:
    """The short way of flat values, an encoder and a visitor give what the plain call gives."""
    plain = serialize_params(params)
    assert serialize_params(list(params.items())) == plain
    assert serialize_params(MappingProxyType(params)) == plain
    visitor = {"visitor": lambda value, key, path, helpers: helpers.default_visitor(value, key, path)}
    assert serialize_params(params, visitor) == plain
    assert read(serialize_params(params, {"encode": urllib.parse.quote_plus})) == read(plain)
    assert list(URLSearchParams(plain)) == read(plain)


@settings(max_examples=50)
@given(nests)
def test_params_are_never_changed(params: Dict[str, Any]) -> None:
    before = repr(params)
    serialize_params(params)
    to_form_data(params)
    assert repr(params) == before


@given(st.dictionaries(plain_keys, st.lists(texts, min_size=1, max_size=3) | texts, max_size=4))
def test_an_encoder_is_called_once_for_each_name_and_value(params: Dict[str, Any]) -> None:
    called: List[str] = []

    def encode(text: str) -> str:
        called.append(text)
        return urllib.parse.quote_plus(text)

    query = serialize_params(params, {"encode": encode})
    assert called == [text for pair in read(query) for text in pair]


def test_the_cost_of_a_key_does_not_grow_with_their_number() -> None:
    def seconds(count: int) -> float:
        params = {f"key{number}": "a value" for number in range(count)}
        best = float("inf")
        for _ in range(5):
            begun = time.thread_time()
            serialize_params(params)
            best = min(best, time.thread_time() - begun)
        return best

    # Thirty times the keys; a cost that grew with the number would be nine hundred times the time.
    assert seconds(30_000) < 200 * seconds(1_000)


# --- urlencoded bodies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, options, expected",
    [
        ([1, {"a": 2}], None, "0=1&1[a]=2"),
        ([("a", 1)], None, "0[]=a&0[]=1"),
        (
            {"a": b"\xff\xfe", "b": {"c": bytearray(b"x")}, "d": [memoryview(b"y")]},
            None,
            "a=%2F%2F4%3D&b[c]=eA%3D%3D&d[]=eQ%3D%3D",
        ),
        ({"a": "!'()~:$, *"}, None, "a=%21%27%28%29%7E%3A%24%2C+*"),
        ({"a": None, "b": True, "c": ""}, None, "b=true&c="),
        ({"a": [1, 2]}, {"indexes": None}, "a=1&a=2"),
        ({"a": {"b": 1}}, {"dots": True}, "a.b=1"),
        ({"a{}": {"b": 1}}, {"metaTokens": False}, "a={%22b%22%3A1}"),
        ({"a": "\ud800"}, None, "a=%EF%BF%BD"),
        (Point(1), None, "x=1"),
        (URLSearchParams("a=~"), None, "a=%7E"),
        ({}, None, ""),
    ],
)
def test_urlencoded_bodies(data: Any, options: Any, expected: str) -> None:
    assert readable(urlencode_form(data, options)) == expected


@pytest.mark.parametrize("data", ["text", 5, None, b"x", {"f": open}])
def test_what_is_no_urlencoded_form(data: Any) -> None:
    assert code_of(urlencode_form, data) == "ERR_BAD_REQUEST"


@given(flat)
def test_flat_forms_make_a_round_trip(data: Dict[str, str]) -> None:
    assert read(urlencode_form(data)) == list(data.items())
    assert list(URLSearchParams(urlencode_form(data))) == list(data.items())


# --- to_form_data ----------------------------------------------------------------------------


def test_to_form_data_keeps_bytes_and_files() -> None:
    import io

    file = io.BytesIO(b"content")
    form = to_form_data({"a": {"b": b"\xff"}, "f": file, "g": [file], "n": None, "t": True})
    assert list(form) == [("a[b]", b"\xff"), ("f", file), ("g[]", file), ("t", "true")]


def test_to_form_data_appends_to_what_it_is_given() -> None:
    form = FormData()
    form.append("first", "1")
    assert to_form_data({"a": 1}, form) is form and list(form) == [("first", "1"), ("a", "1")]
    params = URLSearchParams()
    assert to_form_data({"a": 1.5}, params) is params and str(params) == "a=1.5"


@pytest.mark.parametrize("value", ["text", 5, None, b"x", FormData()])
def test_to_form_data_wants_an_object(value: Any) -> None:
    assert code_of(to_form_data, value) == "ERR_BAD_REQUEST"


def test_to_form_data_wants_options_that_are_a_mapping() -> None:
    assert code_of(to_form_data, {}, None, "dots") == "ERR_BAD_OPTION_VALUE"


def test_a_serializer_of_two_arguments_gets_the_options():
    options = {"serialize": lambda params, given: "%s-%s" % (params["a"], given["dots"]), "dots": True}
    assert serialize_params({"a": 1}, options) == "1-True"
    assert serialize_params({"a": 1}, {"serialize": lambda params, extra=0: "one"}) == "one"
