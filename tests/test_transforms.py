"""The default transforms, and how a caller's transforms are called."""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import miniaxios
from miniaxios.errors import AxiosError
from miniaxios.forms import FormData, URLSearchParams
from miniaxios.headers import Headers
from miniaxios.transforms import (
    count_arguments,
    default_transform_request,
    default_transform_response,
    revive,
    transform_data,
)

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


def sent(data: Any, content_type: Any = None, config: Any = None) -> Any:
    headers = Headers() if content_type is None else Headers({"Content-Type": content_type})
    return default_transform_request(data, headers, config), headers.get("Content-Type")


@dataclasses.dataclass
class Point:
    x: int = 1


class Readable:
    def read(self, size: int = -1) -> bytes:
        return b""


# --- request ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, content_type, body, type_after",
    [
        ({"a": 1}, None, '{"a":1}', JSON_TYPE),
        ([1], None, "[1]", JSON_TYPE),
        ((1,), None, "[1]", JSON_TYPE),
        ({}, None, "{}", JSON_TYPE),
        (Point(), None, '{"x":1}', JSON_TYPE),
        ({"a": 1}, "application/vnd.api+json", '{"a":1}', "application/vnd.api+json"),
        ({"a": 1}, False, '{"a":1}', None),
        ({"a": 1}, FORM_TYPE, "a=1", FORM_TYPE),
        ([1, {"a": 2}], FORM_TYPE, "0=1&1%5Ba%5D=2", FORM_TYPE),
        (Point(), FORM_TYPE + "; charset=utf-8", "x=1", FORM_TYPE + "; charset=utf-8"),
        (URLSearchParams("a=1"), None, "a=1", FORM_TYPE + ";charset=utf-8"),
        (URLSearchParams("a=1"), "text/x", "a=1", "text/x"),
        ("text", None, "text", None),
        ("", JSON_TYPE, '""', JSON_TYPE),
        (' {"a": 1} ', JSON_TYPE, '{"a": 1}', JSON_TYPE),
        ("foo", JSON_TYPE, '"foo"', JSON_TYPE),
        ("foo", "Application/JSON; charset=utf-8", '"foo"', "Application/JSON; charset=utf-8"),
        ("NaN", JSON_TYPE, '"NaN"', JSON_TYPE),
        ("9" * 5000, JSON_TYPE, "9" * 5000, JSON_TYPE),
        (5, JSON_TYPE, "5", JSON_TYPE),
        (False, JSON_TYPE, "false", JSON_TYPE),
        (5, None, 5, None),
        (None, None, None, None),
        (None, JSON_TYPE, None, JSON_TYPE),
        (b"{}", JSON_TYPE, b"{}", JSON_TYPE),
    ],
)
def test_request(data: Any, content_type: Any, body: Any, type_after: Any) -> None:
    assert sent(data, content_type) == (body, type_after)
    assert type(sent(data, content_type)[0]) is type(body)


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        bytearray(b"x"),
        memoryview(b"xyz")[1:],
        io.BytesIO(b"x"),
        Readable(),
        iter([b"x"]),
        {b"x"},
        object(),
    ],
)
@pytest.mark.parametrize("content_type", [None, JSON_TYPE, FORM_TYPE])
def test_request_leaves_bodies_alone(data: Any, content_type: Any) -> None:
    if type(data) is object and content_type == JSON_TYPE:
        with pytest.raises(AxiosError, match="data can't be sent as JSON"):
            sent(data, content_type)
    else:
        assert sent(data, content_type)[0] is data


def test_request_forms() -> None:
    form = FormData()
    form.append("a[b]", "1")
    assert sent(form)[0] is form
    assert sent(form, JSON_TYPE) == ('{"a":{"b":"1"}}', JSON_TYPE)
    made, _ = sent({"a": {"b": 1}}, "multipart/form-data")
    assert isinstance(made, FormData) and made.get("a[b]") == "1"
    assert sent({"a": {"b": 1}}, FORM_TYPE, {"form_serializer": {"dots": True}})[0] == "a.b=1"


def test_request_does_not_change_data() -> None:
    data = {"a": [1, {"b": 2}]}
    for content_type in (None, FORM_TYPE, "multipart/form-data"):
        sent(data, content_type)
    assert data == {"a": [1, {"b": 2}]}


def test_CPU_2_json_text_nested_too_deeply() -> None:
    with pytest.raises(AxiosError) as caught:
        sent("[" * 100_000, JSON_TYPE)
    assert caught.value.code == "ERR_BAD_REQUEST"


# --- response --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, data",
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("42", 42),
        ('"x"', "x"),
        ("null", None),
        (" \n true ", True),
        ("", ""),
        ("   ", "   "),
        ("text", "text"),
        ("<html>", "<html>"),
        ("{broken", "{broken"),
        ("NaN", "NaN"),
        ("[Infinity]", "[Infinity]"),
        ("-Infinity", "-Infinity"),
        ("1 2", "1 2"),
        ('"\\ud800"', "\ud800"),
        ('{"a":1,"a":2}', {"a": 2}),
        (b'{"a":1}', {"a": 1}),
        (b"\xff\xfe", b"\xff\xfe"),
        (b"", b""),
        (None, None),
        ({"a": "1"}, {"a": "1"}),
    ],
)
@pytest.mark.parametrize("config", [None, {}, {"response_type": "json"}])
def test_response(text: Any, data: Any, config: Any) -> None:
    assert default_transform_response(text, None, 200, config) == data


@pytest.mark.parametrize("kind", ["text", "arraybuffer", "blob", "document", "stream"])
def test_response_of_other_types_is_not_parsed(kind: str) -> None:
    assert default_transform_response("1", config={"response_type": kind}) == "1"
    assert default_transform_response(b"1", config={"response_type": kind}) == b"1"


@pytest.mark.parametrize(
    "transitional, kind, parsed",
    [
        ({"forced_json_parsing": False}, None, False),
        ({"forced_json_parsing": False}, "json", True),
        ({"forced_json_parsing": True}, None, True),
        ({"silent_json_parsing": False}, None, True),
    ],
)
def test_response_forced(transitional: Any, kind: Any, parsed: bool) -> None:
    config = {"transitional": transitional, "response_type": kind}
    assert default_transform_response("1", config=config) == (1 if parsed else "1")
    assert default_transform_response("x", config={"transitional": transitional}) == "x"


HOSTILE = [
    "[" * 100_000,
    '{"a":' * 100_000,
    "[" + "1" * 5000 + "]",
    "NaN",
    "[1,]",
    "x" * 100,
    '"\x01"',
    "\ufeff1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_DATA_1_silent_keeps_text_and_strict_raises(text: str) -> None:
    assert default_transform_response(text) is text
    strict = {"response_type": "json", "transitional": {"silent_json_parsing": False}}
    with pytest.raises(AxiosError) as caught:
        default_transform_response(text, config=strict)
    assert caught.value.code == "ERR_BAD_RESPONSE"
    assert caught.value.config is strict
    assert caught.value.cause is not None


def test_strict_and_empty_is_no_error() -> None:
    strict = {"response_type": "json", "transitional": {"silent_json_parsing": False}}
    assert default_transform_response("", config=strict) == ""


def test_reviver_order_and_keys() -> None:
    seen = []

    def reviver(key: str, value: Any) -> Any:
        seen.append((key, json.dumps(value)))
        return value * 2 if isinstance(value, int) else value

    config = {"parse_reviver": reviver}
    assert default_transform_response('{"a":[1,{"b":2}],"c":{},"d":[]}', config=config) == {
        "a": [2, {"b": 4}],
        "c": {},
        "d": [],
    }
    assert [key for key, _ in seen] == ["0", "b", "1", "a", "c", "d", ""]
    assert seen[3] == ("a", '[2, {"b": 4}]')
    assert default_transform_response("7", config=config) == 14
    assert default_transform_response("no json", config=config) == "no json"


def test_reviver_exceptions_propagate() -> None:
    def reviver(key: str, value: Any) -> Any:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        default_transform_response("[1]", config={"parse_reviver": reviver})


def test_CPU_2_revive_is_iterative() -> None:
    value: Any = []
    for _ in range(50_000):
        value = [value]
    calls = []
    assert revive(value, lambda key, item: calls.append(key) or item) is value
    assert len(calls) == 50_001


def recursive_revive(value: Any, reviver: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        value = {name: recursive_revive(item, reviver, name) for name, item in value.items()}
    elif isinstance(value, list):
        value = [recursive_revive(item, reviver, str(at)) for at, item in enumerate(value)]
    return reviver(key, value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_law_out_and_back(value: Any) -> None:
    body = sent(value, JSON_TYPE)[0] if value is not None else "null"
    text = body if isinstance(body, str) else body.decode("utf-8")
    if not isinstance(value, str):  # a str that is JSON already goes as it is
        assert default_transform_response(text) == value


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_law_revive_is_the_recursive_one(value: Any) -> None:
    text = json.dumps(value)
    mark = lambda key, item: [key, item]  # noqa: E731
    assert revive(json.loads(text), mark) == recursive_revive(json.loads(text), mark)


# --- calling ---------------------------------------------------------------------------------


class Methods:
    def one(self, data: Any) -> Any: ...
    def two(self, data: Any, headers: Any) -> Any: ...
    @staticmethod
    def static(data: Any, headers: Any) -> Any: ...
    @classmethod
    def of_class(cls, data: Any, headers: Any, status: Any) -> Any: ...
    def __call__(self, data: Any, headers: Any) -> Any: ...


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Wrapping:
    @wrapped
    def method(self, data: Any) -> Any:
        return data


@pytest.mark.parametrize(
    "transform, count",
    [
        (lambda data: data, 1),
        (lambda data, headers: data, 2),
        (lambda data, headers, status: data, 3),
        (lambda data, headers=None: data, 2),
        (lambda data, headers=None, status=None: data, 3),
        (lambda data, h, status=None: data, 3),
        (lambda data, key="k": data, 1),
        (lambda data, status=None: data, 1),
        (lambda *args: args, 3),
        (lambda data, *, headers=None: data, 1),
        (Methods().one, 1),
        (Methods().two, 2),
        (Methods.static, 2),
        (Methods().of_class, 3),
        (Methods(), 2),
        (Methods, 1),
        (Wrapping().method, 1),
        (wrapped(lambda data, headers: data), 2),
        (functools.partial(lambda extra, data: data, 1), 1),
        (functools.partial(lambda extra, data, headers: data, 1), 2),
        (json.loads, 1),
        (str.strip, 1),
        (str.upper, 1),
        (Point, 1),
        (len, 1),
        (int, 1),
        (dict, 1),
    ],
)
def test_count_arguments(transform: Any, count: int) -> None:
    assert count_arguments(transform) == count


def test_transform_data() -> None:
    headers = Headers()
    assert transform_data(None, "x", headers) == "x"
    assert transform_data([], "x", headers) == "x"
    assert transform_data(str.upper, "x", headers, 200) == "X"
    assert transform_data((lambda d: d + "1", lambda d, h: (d, h)), "x", headers, 200) == ("x1", headers)
    assert transform_data(lambda *args: args, "x", headers) == ("x", headers)
    assert transform_data(lambda *args: args, "x", headers, 200) == ("x", headers, 200)
    assert transform_data(lambda d, h, s: s, "x", headers, 200) == 200
    assert transform_data(lambda d, h, s: s, "x", headers) is None


def test_transform_data_gives_config_to_the_defaults() -> None:
    config = {"response_type": "text", "form_serializer": {"dots": True}}
    assert transform_data([default_transform_response], "1", Headers(), 200, config) == "1"
    headers = Headers({"Content-Type": FORM_TYPE})
    assert transform_data([default_transform_request], {"a": {"b": 1}}, headers, None, config) == "a.b=1"


def test_transform_exceptions_propagate() -> None:
    with pytest.raises(ZeroDivisionError):
        transform_data(lambda data: 1 / 0, "x", Headers())


BRACKETS = """
import gc, sys
sys.path.insert(0, sys.argv[1])
from miniaxios.transforms import json_or_text

def count(phase, details):
    counted[0] += 1

counted = [0]
gc.callbacks.append(count)
kept = []
for body in ("[" * 100000, '{"a":' * 50000):
    for threshold in (1, 2, 3, 5, 10, 50, 300, 700):
        gc.set_threshold(threshold)
        for number in range(25):
            kept.append([[] for _ in range(number)])
            assert json_or_text(body) is body
            kept.clear()
assert gc.isenabled() and counted[0]
gc.disable()
assert json_or_text("[1]") == [1] and not gc.isenabled()
print("lives")
"""


def test_CPU_2_a_body_of_brackets_does_not_end_the_process_with_a_collector_that_tells():
    root = os.path.dirname(os.path.dirname(miniaxios.__file__))
    done = subprocess.run(
        [sys.executable, "-c", BRACKETS, root], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, b"lives"), done.stderr.decode()[-2000:]
