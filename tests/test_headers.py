from __future__ import annotations

import copy
import email.message
import enum
import json
import pickle
import re
import subprocess
import sys
import types
import uuid
from decimal import Decimal
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.errors import MASK, AxiosError
from miniaxios.headers import GROUPS, HeaderDefaults, Headers, flatten_headers, merge_headers

settings.register_profile("headers", max_examples=60, deadline=None)
law = settings(settings.get_profile("headers"))

TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
names = st.text(TOKEN, min_size=1, max_size=8).filter(lambda name: name.lower() not in GROUPS)
lines = st.text(max_size=12).map(lambda text: text.strip(" \t"))
values = st.one_of(
    lines, st.lists(lines, min_size=1, max_size=3), st.none(), st.just(False), st.integers(), st.booleans()
)
plain = st.dictionaries(names, values, max_size=5)


def unique(headers: Dict[str, Any]) -> Dict[str, Any]:
    """Without names that differ in case only: what is left is one header each."""
    seen = {name.lower(): name for name in headers}
    return {name: headers[name] for name in seen.values()}


single_case = plain.map(unique)
configs = st.builds(
    lambda top, groups: {**top, **groups},
    single_case,
    st.dictionaries(st.sampled_from(sorted(GROUPS)), single_case, max_size=3),
)


def raw_of(headers: Headers) -> Dict[str, Any]:
    return {name.lower(): value for name, value in headers.entries()}


def bad_value(call: Any, *args: Any) -> AxiosError:
    with pytest.raises(AxiosError) as caught:
        call(*args)
    assert caught.value.code == AxiosError.ERR_BAD_OPTION_VALUE
    return caught.value


# ---- what goes in


@pytest.mark.parametrize(
    "init, expected",
    [
        (None, {}),
        ({}, {}),
        ("", {}),
        ({"A": "1"}, {"A": "1"}),
        ([("A", "1"), ("b", "2")], {"A": "1", "b": "2"}),
        ([["A", 1], ["a", 2]], {"A": ["1", "2"]}),
        ([("A", "1"), ("A", ["2", "3"])], {"A": ["1", "2", "3"]}),
        ([("A", 0), ("A", 1)], {"A": ["0", "1"]}),
        ([("A", "1"), ("A", None), ("A", "2")], {"A": "2"}),
        ([("A", "1"), ("A", False)], {"A": False}),
        ([("Set-Cookie", "a=1")], {"Set-Cookie": ["a=1"]}),
        ((pair for pair in [("A", "1")]), {"A": "1"}),
        ("A: 1\r\nB : 2:3 \n\nno colon\n: no name\nC:", {"a": "1", "b": "2:3", "c": ""}),
        ("X: 1\nX: 2\nAge: 1\nage: 2\nSet-Cookie: a=1", {"x": ["1", "2"], "age": "1", "set-cookie": ["a=1"]}),
        (b"A: 1", {"a": "1"}),
        ({"A": "1", "a": "2"}, {"A": "2"}),
        ({"": "1", " ": "2", None: "3"}, {}),
        ({b"A": "1", 5: "2"}, {"A": "1", "5": "2"}),
        (types.MappingProxyType({"A": "1"}), {"A": "1"}),
        (Headers({"A": False, "b": ["1", "2"]}), {"A": False, "b": ["1", "2"]}),
        (
            {"__class__": "1", "__proto__": "2", "constructor": "3"},
            {"__class__": "1", "__proto__": "2", "constructor": "3"},
        ),
    ],
)
def test_init(init: Any, expected: Dict[str, Any]) -> None:
    assert dict(Headers(init).entries()) == expected


def test_init_of_a_message_keeps_repeats() -> None:
    message = email.message.Message()
    message["X-A"] = "1"
    message["x-a"] = "2"
    assert Headers(message).get_all("X-A") == ["1", "2"]


@pytest.mark.parametrize("init", [5, object(), ["ab"], [("a",)], [("a", "b", "c")], [1], {"a": {"b": 1}}])
def test_init_of_something_else(init: Any) -> None:
    bad_value(Headers, init)


class Text(str):
    def __str__(self) -> str:
        return "hostile"

    def strip(self, *args: Any) -> str:
        return "hostile"


class Colour(enum.Enum):
    RED = "red"


class Size(str, enum.Enum):
    BIG = "big"


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    "value, expected",
    [
        (True, "true"),
        (["a", True, 1, None, False], ["a", "true", "1"]),
        ((1, 2), ["1", "2"]),
        ([], None),
        ([None], None),
        (None, None),
        (False, False),
        (0, "0"),
        (-5, "-5"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1.25e21, "1.25e+21"),
        (1e300, "1e+300"),
        (5e-324, "5e-324"),
        (1e-7, "1e-7"),
        (1.5e-5, "0.000015"),
        (-1.5e-6, "-0.0000015"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (" \t a b\t ", "a b"),
        (b" caf\xe9 ", "caf\xe9"),
        (bytearray(b"x"), "x"),
        (memoryview(b"x"), "x"),
        (Text(" x "), "x"),
        (Colour.RED, "red"),
        (Size.BIG, "big"),
        (Level.LOW, "1"),
        (Decimal("1.50"), "1.50"),
        (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    assert Headers({"X": value}).raw("x") == expected
    assert type(Headers({"X": value}).raw("x")) is type(expected)


@pytest.mark.parametrize(
    "value", [{}, {"a": 1}, set(), [["a"]], [{}], object(), len, iter([]), Headers({"a": "1"})]
)
def test_values_without_text(value: Any) -> None:
    message = str(bad_value(Headers, {"X-Odd": value}))
    assert "X-Odd" in message and "0x" not in message
    bad_value(Headers().set, "X-Odd", value)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\r\n b", "a\0b", "\x7f", "\n", "a\r\n", "\u20ac", "\x0b"])
def test_INJ_2_nothing_is_removed_from_values(value: str) -> None:
    for headers in (Headers({"X": value}), Headers([("X", value)]), Headers().set("X", [value])):
        assert headers.wire_pairs() == [("X", value)]


@pytest.mark.parametrize("name", ["X A", "X-A ", "X\0", "X\r\n", "X:", "X\u00e9", "bad: name"])
def test_INJ_2_names_stay_as_given_for_the_wire_to_refuse(name: str) -> None:
    assert Headers({name: "1"}).wire_pairs() == Headers().set(name, "1").wire_pairs() == [(name, "1")]


# ---- set


@pytest.mark.parametrize(
    "current, rewrite, expected",
    [
        ({}, None, "new"),
        ({}, True, "new"),
        ({}, False, "new"),
        ({"X": "old"}, None, "new"),
        ({"X": "old"}, True, "new"),
        ({"X": "old"}, False, "old"),
        ({"X": None}, None, "new"),
        ({"X": None}, True, "new"),
        ({"X": None}, False, None),
        ({"X": False}, None, False),
        ({"X": False}, True, "new"),
        ({"X": False}, False, False),
    ],
)
def test_set_and_rewrite(current: Dict[str, Any], rewrite: Any, expected: Any) -> None:
    assert Headers(current).set("x", "new", rewrite).raw("X") == expected
    assert Headers(current).set({"x": "new"}, rewrite).raw("X") == expected
    assert Headers(current).set({"x": "new"}, rewrite=rewrite).raw("X") == expected
    assert Headers(current).set([("x", "new")], rewrite).raw("X") == expected
    assert Headers(current).set(Headers({"x": "new"}), rewrite).raw("X") == expected
    assert Headers(current).set("x: new", rewrite).raw("X") == expected


def test_set_returns_the_headers_and_keeps_the_first_spelling() -> None:
    headers = Headers({"X-One": "1"})
    assert headers.set("x-ONE", "2") is headers
    assert headers.wire_pairs() == [("X-One", "2")]
    headers.delete("X-one")
    assert headers.set("x-ONE", "3").wire_pairs() == [("x-ONE", "3")]


def test_set_without_a_value() -> None:
    assert dict(Headers().set("X").entries()) == {}
    assert dict(Headers().set(None).entries()) == {}


@pytest.mark.parametrize("rewrite", [1, 0, "yes", str])
def test_set_with_a_bad_rewrite(rewrite: Any) -> None:
    bad_value(Headers().set, "X", "1", rewrite)
    bad_value(Headers().set, {"X": "1"}, rewrite)


def test_set_false_and_true_are_values_of_a_name() -> None:
    assert Headers().set("X", False).raw("X") is False
    assert Headers().set("X", True).raw("X") == "true"


# ---- get


def test_get() -> None:
    headers = Headers({"X": "1", "L": ["1", "2"], "None": None, "False": False})
    assert headers.get("x") == headers.get("x", False) == "1"
    assert headers.get("l") == "1, 2"
    assert headers.get("none") is headers.get("false") is headers.get("missing") is None
    assert headers.get("missing", default="d") == headers.get("none", None, "d") == "d"


@pytest.mark.parametrize(
    "value, expected",
    [
        ("a=1, b; c=2", {"a": "1", "b": None, "c": "2"}),
        ("no-cache,max-age=5", {"no-cache": None, "max-age": "5"}),
        ("text/html; charset=utf-8", {"text/html": None, "charset": "utf-8"}),
        ("timeout = 5 x", {"timeout": "5 x"}),
        (["a=1", "b"], {"a": "1", "b": None}),
        ("", {}),
        ("__class__=1", {"__class__": "1"}),
    ],
)
def test_get_tokens(value: Any, expected: Dict[str, Any]) -> None:
    assert Headers({"X": value}).get("x", True) == expected


def test_get_with_a_regular_expression() -> None:
    headers = Headers({"X": "max-age=25"})
    assert headers.get("x", re.compile(r"(\d+)"))[1] == "25"
    assert headers.get("x", re.compile("z")) is None
    assert headers.get("missing", re.compile("z")) is None


class Parser:
    def __call__(self, value: str, name: str) -> Any:
        return self, value, name

    def two(self, value: str, name: str) -> Any:
        return value, name

    def one(self, value: str) -> Any:
        return value


def test_get_with_a_callable() -> None:
    headers = Headers({"X-Len": "25"})
    parser = Parser()
    assert headers.get("x-len", lambda value, name: (value, name)) == ("25", "X-Len")
    assert headers.get("x-len", parser.two) == ("25", "X-Len")
    assert headers.get("x-len", parser) == (parser, "25", "X-Len")
    assert headers.get("x-len", lambda *args: args) == ("25", "X-Len")
    assert headers.get("x-len", parser.one) == headers.get("x-len", lambda value: value) == "25"
    assert headers.get("x-len", int) == headers.get("x-len", json.loads) == 25
    assert headers.get("x-len", len) == 2
    assert headers.get("missing", int) is None


def test_what_a_parser_raises_is_the_callers() -> None:
    with pytest.raises(ValueError):
        Headers({"X": "x"}).get("x", int)


@pytest.mark.parametrize("parser", [1, "default", "", b"x", re.compile(b"x"), {}, []])
def test_get_with_a_bad_parser(parser: Any) -> None:
    error = bad_value(Headers({"X": "1"}).get, "X", parser)
    assert error.message == "parser must be boolean|regexp|function"
    bad_value(Headers().get, "missing", parser)


def test_repeats_read_as_one_text() -> None:
    pairs = [
        ("X-A", "1"),
        ("Location", "/a"),
        ("x-a", "2"),
        ("location", "/b"),
        ("Cookie", "a"),
        ("Cookie", "b"),
    ]
    headers = Headers.from_wire(pairs)
    assert headers["x-a"] == "1, 2"
    assert headers["cookie"] == "a, b"
    assert headers["location"] == "/a, /b" and headers.get_all("location") == ["/a", "/b"]


def test_lists_that_come_out_are_copies() -> None:
    headers = Headers({"X": ["1", "2"]})
    for taken in (
        headers.raw("x"),
        headers.get_all("x"),
        dict(headers.entries())["X"],
        headers.to_json()["X"],
    ):
        assert taken == ["1", "2"]
        assert isinstance(taken, list)
        taken.append("3")
    assert headers.get_all("x") == ["1", "2"]


def test_lists_that_go_in_are_copied() -> None:
    given_list = ["1"]
    headers = Headers({"X": given_list})
    twin = headers.copy()
    given_list.append("2")
    assert headers.get_all("x") == twin.get_all("x") == ["1"]


def test_set_cookie() -> None:
    one = Headers.from_wire([("Set-Cookie", "a=1, b")])
    assert one.get_set_cookie() == ["a=1, b"] and one.to_json() == {"set-cookie": ["a=1, b"]}
    assert Headers.from_wire([("Set-Cookie", "a"), ("set-cookie", "b")]).get_set_cookie() == ["a", "b"]
    assert Headers({"Set-Cookie": "a"}).get_set_cookie() == ["a"]
    assert Headers({"Set-Cookie": False}).get_set_cookie() == Headers().get_set_cookie() == []


# ---- has, delete, clear


@pytest.mark.parametrize(
    "matcher, expected",
    [
        (None, True),
        (False, True),
        ("lu", True),
        ("LU", False),
        (re.compile("^val"), True),
        (re.compile("^al"), False),
        (lambda value, name: (value, name) == ("value", "X-One"), True),
        (lambda value: value == "value", True),
        (lambda value: 0, False),
    ],
)
def test_has_and_delete_with_a_matcher(matcher: Any, expected: bool) -> None:
    headers = Headers({"X-One": "value"})
    assert headers.has("x-one", matcher) is expected
    assert headers.has("x-two", matcher) is False
    assert headers.delete("x-one", matcher) is expected
    assert ("X-One" in headers) is not expected


def test_has_counts_markers_and_the_mapping_does_not() -> None:
    headers = Headers({"A": None, "B": False, "C": "1"})
    assert headers.has("a") and headers.has("b") and headers.has("c") and not headers.has("d")
    assert not headers.has("a", "") and not headers.has("b", lambda value: True)
    assert [name in headers for name in "abcd"] == [False, False, True, False]
    assert list(headers) == ["C"] and len(headers) == 1 and dict(headers) == {"C": "1"}
    assert headers.wire_pairs() == [("C", "1")] and headers.to_json() == {"C": "1"}
    for name in "ab":
        with pytest.raises(KeyError):
            headers[name]
        with pytest.raises(KeyError):
            del headers[name]


@pytest.mark.parametrize("matcher", [1, True, object(), ["x"]])
def test_bad_matchers(matcher: Any) -> None:
    headers = Headers({"X": "1"})
    for call in (headers.has, headers.delete):
        bad_value(call, "x", matcher)
    bad_value(headers.clear, matcher)
    assert headers == {"X": "1"}


def test_delete() -> None:
    headers = Headers({"A": "1", "B": False, "C": ["1", "2"], "D": "4"})
    assert headers.delete("a") is True and headers.delete("a") is False
    assert headers.delete(["b", "C", "c", "missing"]) is True
    assert headers.delete(["b", "C"]) is False
    assert headers.delete("") is headers.delete(None) is False
    assert headers.entries() == [("D", "4")]
    del headers["d"]
    assert headers.entries() == []


@pytest.mark.parametrize(
    "matcher, left",
    [
        (None, []),
        ("x-", ["Accept", "X-Upper"]),
        (re.compile("^x-", re.I), ["Accept"]),
        (lambda value, name: value == "1", ["x-gone", "X-Upper"]),
        (lambda value, name: value is None, ["Accept", "x-one", "X-Upper"]),
        (lambda name: name.startswith("x"), ["Accept", "X-Upper"]),
        ("nothing", ["Accept", "x-one", "x-gone", "X-Upper"]),
    ],
)
def test_clear_matches_names(matcher: Any, left: List[str]) -> None:
    headers = Headers([("Accept", "1"), ("x-one", "1"), ("x-gone", False), ("X-Upper", "2")])
    assert headers.clear(matcher) is (len(left) < 4)
    assert [name for name, _ in headers.entries()] == left


# ---- normalize, concat, to_json, accessors


@pytest.mark.parametrize(
    "name, expected",
    [
        ("content-type", "Content-Type"),
        ("ETAG", "Etag"),
        ("x_foo_bar", "X_foo_bar"),
        ("_q", "_Q"),
        ("x-9a", "X-9a"),
        (" x-a\t", "X-A"),
    ],
)
def test_normalize_with_format(name: str, expected: str) -> None:
    headers = Headers({name: "1"})
    assert headers.normalize(True) is headers
    assert headers.wire_pairs() == [(expected, "1")]
    assert headers.set(name, "2").wire_pairs() == [(expected, "2")]


def test_normalize_trims_names() -> None:
    assert Headers({" X-One ": "1", "two": "2"}).normalize().wire_pairs() == [("X-One", "1"), ("two", "2")]


def test_concat_both_spellings() -> None:
    first, second = Headers({"A": "1", "B": "2"}), {"b": "3", "C": False}
    for made in (
        first.concat(second, None),
        Headers.concat(first, second),
        Headers.concat({"A": "1", "B": "2"}, second),
    ):
        assert type(made) is Headers
        assert made.entries() == [("A", "1"), ("B", "3"), ("C", False)]
    assert first.entries() == [("A", "1"), ("B", "2")]
    assert first.concat() == first and first.concat() is not first
    assert Headers.concat() == Headers.concat(None) == {}
    assert Headers.concat({"A": False}, {"a": "1"}).raw("A") is False


def test_from() -> None:
    headers = Headers({"A": "1"})
    assert Headers.from_(headers) is headers
    assert Headers.from_({"A": "1"}) == headers
    assert Headers.from_() == Headers.from_(None) == {}


def test_subclasses_make_their_own_kind() -> None:
    class Mine(Headers):
        pass

    assert (
        type(Mine.from_({}))
        is type(Mine({}).concat({}))
        is type(Mine({}).copy())
        is type(Mine.from_wire([]))
        is Mine
    )
    assert repr(Mine()) == "Mine({})"


def test_to_json() -> None:
    headers = Headers({"A": "1", "B": ["1", "2"], "C": None, "D": False})
    assert headers.to_json() == {"A": "1", "B": ["1", "2"]}
    assert headers.to_json(True) == {"A": "1", "B": "1, 2"}
    assert json.loads(json.dumps(headers.to_json())) == headers.to_json()


@pytest.mark.parametrize(
    "snake, name",
    [
        ("content_type", "Content-Type"),
        ("content_length", "Content-Length"),
        ("content_encoding", "Content-Encoding"),
        ("accept", "Accept"),
        ("accept_encoding", "Accept-Encoding"),
        ("user_agent", "User-Agent"),
        ("authorization", "Authorization"),
    ],
)
def test_accessors(snake: str, name: str) -> None:
    headers = Headers()
    get, set_, has = (getattr(headers, f"{verb}_{snake}") for verb in ("get", "set", "has"))
    assert get() is None and has() is False
    assert set_("a=1") is headers and headers.wire_pairs() == [(name, "a=1")]
    assert set_("b", False) is headers and get() == "a=1"
    assert get(True) == {"a": "1"} and get(len) == 3
    assert has("=1") is True and has("b") is False
    set_(False)
    assert set_("c").raw(name) is False and set_("c", True).raw(name) == "c"


def test_accessors_of_ones_own() -> None:
    class Mine(Headers):
        pass

    assert Mine.accessor("X-Trace-Id") is Mine
    assert Mine.accessor(["All", "X-Two"]) is Mine
    mine: Any = Mine({"x-trace-id": "1"})
    assert mine.get_x_trace_id() == "1" and mine.has_x_two() is False
    assert mine.get_all("x-trace-id") == ["1"]
    assert not hasattr(Headers, "get_x_trace_id")


@pytest.mark.parametrize(
    "value, expected",
    [
        (
            'text/html; Charset="u\\"t,f"; b = c ;d; =e; f=g;h="x',
            {"charset": 'u"t,f', "b": "c", "f": "g", "h": '"x'},
        ),
        ("constructor=1, __class__=2", {"constructor": "1", "__class__": "2"}),
        ('a="b;c"; d=""', {"a": "b;c", "d": ""}),
        ('a="b"c"', {"a": '"b"c"'}),
        ('a="b\\"', {"a": '"b\\"'}),
        ("b\u00e4d=1; b@d=2; a=\u00e4", {"a": "\u00e4"}),
        ("", {}),
        (None, {}),
    ],
)
def test_parse_parameters(value: Any, expected: Dict[str, str]) -> None:
    assert Headers.parse_parameters(value) == expected


@pytest.mark.parametrize("piece", ["a", "a ", " ", "=", '"', '\\"', "a=", ",", ";", "a=1;", "\xa0"])
def test_CPU_1_long_values(piece: str) -> None:
    value = piece * (200_000 // len(piece))
    headers = Headers({"X": value})
    assert isinstance(headers.get("x", True), dict)
    assert isinstance(Headers.parse_parameters(value), dict)


# ---- the mapping


def test_mapping_methods() -> None:
    headers = Headers({"A": "1"})
    headers["b"] = 2
    headers["a"] = ["x", "y"]
    assert dict(headers) == {"A": "x, y", "b": "2"}
    assert list(headers.items()) == [("A", "x, y"), ("b", "2")] and list(headers.values()) == ["x, y", "2"]
    assert headers.pop("B") == "2" and headers.pop("B", "none") == "none"
    assert headers.setdefault("a", "z") == "x, y" and headers.setdefault("C", "z") == "z"
    headers.update({"a": "1"}, D="4")
    headers.update([("E", ["1", "2"])])
    headers.update(Headers({"c": False}))
    assert headers.entries() == [("A", "1"), ("C", False), ("D", "4"), ("E", ["1", "2"])]
    assert headers.setdefault("c", "5") is None
    headers["c"] = "6"
    assert headers["C"] == "6"
    assert 5 not in headers and None not in headers
    with pytest.raises(KeyError):
        headers["missing"]


def test_the_headers_may_change_while_they_are_walked() -> None:
    headers = Headers({"A": "1", "B": "2"})
    for name in headers:
        headers.delete(name)
    assert not headers


@pytest.mark.parametrize(
    "other, equal",
    [
        ({"x": "1", "Y": "a, b"}, True),
        ({"X": 1, "y": ["a", "b"]}, True),
        (Headers([("Y", "a"), ("x", "1"), ("y", "b")]), True),
        (Headers({"X": "1", "Y": ["a", "b"], "Z": None}), True),
        (types.MappingProxyType({"X": "1", "Y": "a, b"}), True),
        ({"X": "1"}, False),
        ({"X": "1", "Y": "a,b"}, False),
        ({"X": {}}, False),
        ([("X", "1"), ("Y", "a, b")], False),
        (None, False),
        (5, False),
    ],
)
def test_equality(other: Any, equal: bool) -> None:
    headers = Headers({"X": "1", "Y": ["a", "b"], "Gone": False})
    assert (headers == other) is (other == headers) is equal
    assert (headers != other) is not equal


def test_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(Headers())


def test_LEAK_1_nothing_secret_is_shown() -> None:
    headers = Headers(
        {
            "Authorization": "s3cret",
            "PROXY-authorization": "s3cret",
            "cookie": "s3cret",
            "Set-Cookie": ["s3cret", "s3cret"],
            "X-Api-Key": "s3cret",
            "Location": "http://u:s3cret@host/",
            "Accept": "shown",
        }
    )
    defaults = merge_headers(headers, {"common": headers, "get": headers})
    for shown in (
        repr(headers),
        str(headers),
        f"{headers}",
        repr(defaults),
        str(defaults),
        repr(defaults.get),
    ):
        assert "s3cret" not in shown
        assert "shown" in shown and MASK in shown and "Authorization" in shown


def test_str_is_lines() -> None:
    assert str(Headers({"A": "1", "b": ["1", "2"], "C": False})) == "A: 1\nb: 1, 2"


def test_LEAK_2_pickle_and_copy() -> None:
    headers = Headers({"A": "1", "b": ["1", "2"], "C": False, "D": None})
    twins = [pickle.loads(pickle.dumps(headers, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (*twins, copy.copy(headers), copy.deepcopy(headers), headers.copy(), Headers(headers)):
        assert type(twin) is Headers and twin.entries() == headers.entries()
        twin.set("A", "changed").set("New", "1")
        assert headers["A"] == "1" and "new" not in headers


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["authorization", "Cookie", "Set-Cookie", "Proxy-Authorization", "X-Api-Key"])
def test_LEAK_2_headers_with_a_secret_do_not_pickle(name: str, protocol: int) -> None:
    pairs = {"A": "1", name: "hunter2"}
    for headers in (Headers(pairs), HeaderDefaults(pairs), HeaderDefaults({"common": pairs})):
        with pytest.raises(TypeError, match="holds a secret"):
            pickle.dumps(headers, protocol)
        assert copy.copy(headers) == headers == copy.deepcopy(headers)


def test_HeaderDefaults_groups() -> None:
    defaults = HeaderDefaults({"X": "1"})
    defaults.common["A"] = "1"
    defaults["common"]["B"] = "2"
    defaults.post["C"] = "3"
    defaults.purge = {"D": "4"}
    defaults["link"]["E"] = "5"
    assert defaults == {
        "X": "1",
        "common": {"A": "1", "B": "2"},
        "post": {"C": "3"},
        "purge": {"D": "4"},
        "link": {"E": "5"},
    }
    for missing in ("nothing", "__wrapped__", "Common"):
        with pytest.raises(AttributeError):
            getattr(defaults, missing)
        with pytest.raises(KeyError):
            defaults[missing]
        with pytest.raises(AttributeError):
            setattr(defaults, missing, {})
    defaults["delete"] = None
    assert defaults.delete == {} and defaults["delete"] is defaults.delete


def test_HeaderDefaults_get_is_the_group_and_the_method() -> None:
    defaults = HeaderDefaults({"X": "1"})
    assert defaults.get("X") == "1" and defaults.get("missing") is None and defaults.get("missing", 5) == 5
    defaults.get["A"] = "1"
    defaults.get["B"] = "2"
    del defaults.get["B"]
    assert defaults["get"] == {"A": "1"} and defaults.get == {"A": "1"} and len(defaults.get) == 1
    assert defaults.get["A"] == "1" and "A" in defaults.get and list(defaults.get) == ["A"]
    defaults.get = {"C": "3"}
    assert dict(defaults.get) == {"C": "3"} and defaults.get("get") == {"C": "3"}


def test_HeaderDefaults_copies() -> None:
    defaults = HeaderDefaults({"X": ["1"], "common": {"A": "1"}})
    for twin in (defaults.copy(), copy.deepcopy(defaults), pickle.loads(pickle.dumps(defaults))):
        assert type(twin) is HeaderDefaults and twin == defaults
        twin.common["A"] = "2"
        twin["X"].append("2")
        twin.put["B"] = "1"
    assert type(copy.copy(defaults)) is HeaderDefaults
    assert defaults == {"X": ["1"], "common": {"A": "1"}}


# ---- flatten


@pytest.mark.parametrize(
    "headers, method, expected",
    [
        (None, "get", []),
        ({}, "get", []),
        ({"common": {"A": "1"}, "get": {"a": "2", "B": "1"}, "b": "2"}, "get", [("A", "2"), ("B", "2")]),
        ({"b": "2", "get": {"B": "1"}, "common": {"A": "1"}}, "get", [("A", "1"), ("B", "2")]),
        ({"common": {"A": "1"}, "post": {"B": "1"}}, "get", [("A", "1")]),
        ({"common": None, "get": None, "X": "1"}, "get", [("X", "1")]),
        ({"common": {"A": "1"}, "a": None}, "get", []),
        ({"common": {"A": "1"}, "a": False}, "get", []),
        ({"common": {"A": False}, "a": "1"}, "get", [("A", "1")]),
        ({"Link": "<x>", "link": {"B": "1"}}, "link", [("B", "1"), ("Link", "<x>")]),
        ({"link": "<x>", "common": "odd"}, "get", [("link", "<x>"), ("common", "odd")]),
        ({"link": ["<x>", "<y>"]}, "get", [("link", "<x>"), ("link", "<y>")]),
        ({"propfind": {"Depth": 1}}, "propfind", [("Depth", "1")]),
        ({"common": {"A": "1"}}, "common", [("A", "1")]),
        ({"common": Headers({"A": ["1", "2"]})}, "get", [("A", "1"), ("A", "2")]),
        ({"common": types.MappingProxyType({"A": "1"})}, "get", [("A", "1")]),
        (types.MappingProxyType({"common": {"A": "1"}}), "get", [("A", "1")]),
        (HeaderDefaults({"get": {"A": "1"}}), "get", [("A", "1")]),
        (Headers({"A": "1", "get": "x"}), "get", [("A", "1"), ("get", "x")]),
        ([("A", "1"), ("A", "2")], "get", [("A", "1"), ("A", "2")]),
        ("A: 1", "get", [("a", "1")]),
    ],
)
def test_flatten(headers: Any, method: str, expected: List[Tuple[str, str]]) -> None:
    assert flatten_headers(headers, method).wire_pairs() == expected


def test_flatten_refuses_a_mapping_that_is_no_group() -> None:
    assert "propfind" in str(bad_value(flatten_headers, {"propfind": {"Depth": 1}}, "get"))


def test_flatten_makes_new_headers() -> None:
    headers = Headers({"A": "1"})
    assert flatten_headers(headers, "get") is not headers
    flatten_headers(headers, "get").set("A", "2")
    assert headers["A"] == "1"


def test_flatten_keeps_markers_against_later_defaults() -> None:
    flat = flatten_headers({"common": {"Accept": "x"}, "accept": False, "User-Agent": None}, "get")
    assert flat.set("Accept", "default").raw("accept") is False
    assert flat.set("User-Agent", "default", False).raw("user-agent") is None


# ---- merge


@pytest.mark.parametrize(
    "first, second, expected",
    [
        (None, None, {}),
        ({"A": "1"}, {"a": "2", "B": 3}, {"A": "2", "B": 3}),
        ({"A": "1"}, {"a": None}, {"A": None}),
        ({"A": False}, {"a": "1"}, {"A": "1"}),
        ({"common": {"A": "1"}}, {"common": {"B": "2"}}, {"common": {"A": "1", "B": "2"}}),
        ({"common": {"A": "1"}}, {"common": {"a": "2"}}, {"common": {"A": "1", "a": "2"}}),
        ({"common": {"A": "1"}}, {"common": None}, {"common": None}),
        ({"common": None}, {"common": {"A": "1"}}, {"common": {"A": "1"}}),
        ({"link": {"A": "1"}}, {"Link": "<x>"}, {"link": {"A": "1"}, "Link": "<x>"}),
        ({"propfind": {"A": "1"}}, {"propfind": {"B": "1"}}, {"propfind": {"A": "1", "B": "1"}}),
        ({"X": ["1"]}, {"x": ["2"]}, {"X": ["2"]}),
        (Headers({"X": ["1", "2"], "Y": False}), None, {"X": ["1", "2"], "Y": False}),
        ({"common": {"A": "1"}}, [("A", "1"), ("A", "2")], {"common": {"A": "1"}, "A": ["1", "2"]}),
        ({}, "A: 1", {"a": "1"}),
        ({"__class__": "1"}, {"__CLASS__": "2"}, {"__class__": "2"}),
    ],
)
def test_merge(first: Any, second: Any, expected: Dict[str, Any]) -> None:
    merged = merge_headers(first, second)
    assert type(merged) is HeaderDefaults and dict(merged) == expected


def test_CONFIG_3_merge_shares_nothing() -> None:
    first = {"X": ["1"], "common": {"A": ["1"]}, "get": {"B": "1"}}
    second = {"Y": ["1"], "common": {"C": ["1"]}}
    before = copy.deepcopy((first, second))
    merged = merge_headers(first, second)
    merged["X"].append("2")
    merged["Y"].append("2")
    for group in (merged.common, merged["get"]):
        group["New"] = "1"
    merged.common["A"].append("2")
    merged.common["C"].append("2")
    assert (first, second) == before


# ---- laws


@law
@given(names, lines, st.data())
def test_law_case_does_not_matter(name: str, value: str, data: Any) -> None:
    other = "".join(data.draw(st.sampled_from([mark.lower(), mark.upper()])) for mark in name)
    headers = Headers({name: value})
    assert headers[other] == headers.get(other) == value
    assert other in headers and headers.has(other) and headers == {other: value}
    headers[other] = "new"
    assert headers.wire_pairs() == [(name, "new")]
    assert headers.delete(other) and name not in headers


@law
@given(plain, names, lines)
def test_law_set_then_get(init: Dict[str, Any], name: str, value: str) -> None:
    headers = Headers(init).set(name, value, True)
    assert headers[name] == value and headers.get_all(name) == [value] and headers.raw(name) == value
    before = raw_of(Headers(init))
    assert {**before, name.lower(): value} == raw_of(headers)


@law
@given(plain, names)
def test_law_delete(init: Dict[str, Any], name: str) -> None:
    headers = Headers(init)
    before = raw_of(headers)
    there = name.lower() in before
    assert headers.delete(name) is there
    before.pop(name.lower(), None)
    assert raw_of(headers) == before and not headers.has(name)


@law
@given(single_case, single_case)
def test_law_concat_later_wins_and_first_spelling_stays(
    first: Dict[str, Any], second: Dict[str, Any]
) -> None:
    one, two = Headers(first), Headers(second)
    made, blocked = (
        Headers.concat(first, second),
        {name for name, value in raw_of(one).items() if value is False},
    )
    wins = {name: value for name, value in raw_of(two).items() if name not in blocked}
    assert raw_of(made) == {**raw_of(one), **wins}
    spelled = [name for name, _ in one.entries()]
    assert [name for name, _ in made.entries()][: len(spelled)] == spelled
    assert one.concat(two).entries() == made.entries()


@law
@given(st.lists(st.tuples(st.one_of(names, st.sampled_from(["Set-Cookie", "X", "x"])), lines), max_size=8))
def test_law_from_wire_keeps_every_value_in_order(pairs: List[Tuple[str, str]]) -> None:
    headers = Headers.from_wire(pairs)
    for name, _ in pairs:
        assert headers.get_all(name) == [value for other, value in pairs if other.lower() == name.lower()]
    assert sorted(headers.wire_pairs()) == sorted((name.lower(), value) for name, value in pairs)
    assert all(name == name.lower() for name in headers)
    assert Headers(pairs).get_all("x") == headers.get_all("X")
    assert Headers.from_wire(headers.wire_pairs()).entries() == headers.entries()


@law
@given(plain)
def test_law_mapping_contract(init: Dict[str, Any]) -> None:
    headers = Headers(init)
    assert len(headers) == len(list(headers)) == len(dict(headers)) == len(headers.items())
    assert all(
        type(value) is str and headers[name] == value and name in headers for name, value in headers.items()
    )
    assert dict(headers) == headers.to_json(True) == headers and bool(headers) is (len(headers) > 0)
    assert Headers(headers).entries() == headers.entries()
    if MASK in str(headers):
        with pytest.raises(TypeError):
            pickle.dumps(headers)
    else:
        assert pickle.loads(pickle.dumps(headers)).entries() == headers.entries()
    assert Headers(headers.to_json()) == headers and Headers(dict(headers)) == headers


@law
@given(configs, st.sampled_from(sorted(GROUPS - {"common"})))
def test_law_flatten_precedence(config: Dict[str, Any], method: str) -> None:
    before = copy.deepcopy(config)
    flat = flatten_headers(config, method)
    expected: Dict[str, Any] = {}
    for part in (config.get("common", {}), config.get(method, {})):
        expected.update(raw_of(Headers(part)))
    expected.update(raw_of(Headers({name: value for name, value in config.items() if name not in GROUPS})))
    assert raw_of(flat) == expected
    assert config == before


@law
@given(configs, configs)
def test_law_merge(first: Dict[str, Any], second: Dict[str, Any]) -> None:
    before = copy.deepcopy((first, second))
    merged = merge_headers(first, second)
    assert (first, second) == before
    for empty in ({}, None, Headers(), HeaderDefaults()):
        assert merge_headers(first, empty) == first == merge_headers(empty, first)
    for name, value in second.items():
        if name in GROUPS:
            assert merged[name] == {**first.get(name, {}), **value}
        else:
            assert [held for key, held in merged.items() if key.lower() == name.lower()] == [value]
    assert list(merged)[: len(first)] == list(first)


@law
@given(configs, configs, st.sampled_from(sorted(GROUPS - {"common"})))
def test_law_top_level_of_a_merge_beats_its_groups(
    first: Dict[str, Any], second: Dict[str, Any], method: str
) -> None:
    flat = flatten_headers(merge_headers(first, second), method)
    for config in (first, second):
        top = raw_of(Headers({name: value for name, value in config.items() if name not in GROUPS}))
        if config is first:
            beaten = {name.lower() for name in second if name not in GROUPS}
            top = {name: value for name, value in top.items() if name not in beaten}
        assert {name: flat.raw(name) for name in top} == top


def test_SUPPLY_start_up_loads_nothing_heavy() -> None:
    code = (
        "import sys; from miniaxios.headers import Headers, flatten_headers\n"
        "Headers({'A': 1}).get('a'); flatten_headers({'A': True}, 'get').wire_pairs()\n"
        "heavy = 'typing', 'enum', 're', 'inspect', 'json', 'email', 'dataclasses'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    root = __file__.rsplit("tests", 1)[0]
    script = (
        f"import sys; sys.path.insert(0, {root!r}); import types\npackage = types.ModuleType('miniaxios')\n"
    )
    script += f"package.__path__ = [{root + 'miniaxios'!r}]; sys.modules['miniaxios'] = package\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script + code], stdout=subprocess.PIPE, check=True
    )
    assert done.stdout.split() == [b"[]"]


# ---- what the package itself sets and reads -----------------------------------------------------


@law
@given(plain, st.sampled_from(["Accept", "X-A", "x-a", "Content-Type"]))
def test_law_put_default_is_set_without_rewrite(init: Dict[str, Any], name: str) -> None:
    headers, expected = Headers(init), Headers(init)
    headers.put_default(name.lower(), name, "v")
    expected.set(name, "v", False)
    assert headers.entries() == expected.entries()
    assert headers.wire_pairs() == expected.wire_pairs()


def test_from_fields_is_from_wire() -> None:
    pairs = [("A", "1"), ("B", "2"), ("a", "3"), ("Set-Cookie", "c")]
    fields = {"a": ["1", "3"], "b": "2", "set-cookie": "c"}
    headers = Headers.from_fields(fields)
    assert headers.entries() == Headers.from_wire(pairs).entries()
    headers.set("a", "new").delete("b")
    headers.get_all("set-cookie").append("d")
    assert fields == {"a": ["1", "3"], "b": "2", "set-cookie": "c"}
