from __future__ import annotations

import io
import os
import tempfile
from decimal import Decimal
from typing import Any, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.form_data import FormData, Part, position_of

few = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=8)


def form_of(fields: List[Tuple[Any, Any]]) -> FormData:
    form = FormData()
    for name, value in fields:
        form.append(name, value)
    return form


class Named(io.BytesIO):
    def __init__(self, name: Any, kind: Any = None) -> None:
        super().__init__(b"data")
        self.name = name
        if kind is not None:
            self.type = kind


class Pipe(io.RawIOBase):
    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return b""


@pytest.mark.parametrize(
    "value, kept",
    [
        ("text", "text"),
        (1, "1"),
        (1.0, "1"),
        (True, "true"),
        (Decimal("1.10"), "1.10"),
        (b"\xff", b"\xff"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
    ],
)
def test_values(value: Any, kept: Any) -> None:
    form = form_of([("a", value)])
    assert form.get("a") == kept and type(form.get("a")) is type(kept)


def test_files_are_kept_as_they_are() -> None:
    file = io.BytesIO(b"x")
    assert form_of([("a", file)]).get("a") is file


@pytest.mark.parametrize("value", [None, [1], (1,), {"a": 1}, {1}, frozenset()])
def test_values_that_are_no_field(value: Any) -> None:
    with pytest.raises(AxiosError) as caught:
        FormData().append("a", value)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@pytest.mark.parametrize(
    "name, value, filename", [("\ud800", "v", None), ("n", "\udfff", None), ("n", "v", "f\ud800")]
)
def test_INJ_3_lone_surrogates(name: str, value: str, filename: Any) -> None:
    with pytest.raises(AxiosError) as caught:
        FormData().append(name, value, filename)
    assert caught.value.code == "ERR_BAD_REQUEST" and "\ud800" not in caught.value.message


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain\r\nX: y",
        "text/plain\n",
        "text/\rplain",
        "a\x00b",
        "a\tb",
        "a\x7fb",
        "t\u00e9xt",
        "a\u2028b",
        b"text/plain",
        5,
    ],
)
def test_INJ_3_content_types(content_type: Any) -> None:
    for value in ("text", b"bytes", io.BytesIO(b"file")):
        form = FormData()
        for add in (form.append, form.set):
            with pytest.raises(AxiosError) as caught:
                add("a", value, "f.txt", content_type)
            assert caught.value.code == "ERR_BAD_OPTION_VALUE"
        assert len(form) == 0


def test_INJ_3_the_type_of_a_file_object_is_checked_too() -> None:
    with pytest.raises(AxiosError):
        FormData().append("a", Named("f", "text/plain\r\nX: y"))


@pytest.mark.parametrize(
    "given_name, sent",
    [
        ("photo.png", "photo.png"),
        ("/etc/passwd", "passwd"),
        ("../../x", "x"),
        ("C:\\Users\\me\\x.txt", "x.txt"),
        ("a/b\\c", "c"),
        ("dir/", "blob"),
        ("", "blob"),
        ("..", ".."),
    ],
)
def test_LEAK_3_only_the_last_part_of_a_file_name(given_name: str, sent: str) -> None:
    assert Part("a", b"", given_name, None).filename == sent
    assert Part("a", Named(given_name), None, None).filename == sent


@given(st.text())
def test_LEAK_3_no_file_name_has_a_separator(filename: str) -> None:
    sent = Part("a", "", filename, None).filename
    assert sent and "/" not in sent and "\\" not in sent


@pytest.mark.parametrize("name", [5, None, "<stdin>", "<fdopen>", ""])
def test_names_of_files_that_are_none(name: Any) -> None:
    assert Part("a", Named(name), None, None).filename == "blob"
    assert Part("a", Named(b"dir/by\xffte"), None, None).filename == "by\ufffdte"


def test_a_file_name_is_a_str() -> None:
    with pytest.raises(AxiosError) as caught:
        FormData().append("a", b"", 5)  # type: ignore[arg-type]
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@pytest.mark.parametrize(
    "value, filename, content_type, expected",
    [
        ("text", None, None, (None, None)),
        ("text", None, "text/x", (None, "text/x")),
        ("text", "f.json", None, ("f.json", "application/json")),
        (b"bytes", None, None, ("blob", "application/octet-stream")),
        (b"bytes", "a.png", None, ("a.png", "image/png")),
        (b"bytes", "a.png", "x/y; z=1", ("a.png", "x/y; z=1")),
        (b"bytes", "a.tar.gz", None, ("a.tar.gz", "application/gzip")),
        (b"bytes", "data:text/html,x.png", None, ("html,x.png", "image/png")),
        (b"bytes", "data:evil,x", None, ("data:evil,x", "application/octet-stream")),
        (b"bytes", "http:a.png", None, ("http:a.png", "image/png")),
        (b"bytes", "none", None, ("none", "application/octet-stream")),
        (Named("dir/a.txt"), None, None, ("a.txt", "text/plain")),
        (Named("a.txt", "x/own"), None, None, ("a.txt", "x/own")),
        (Named("a.txt", 5), None, None, ("a.txt", "text/plain")),
        (Named("a.txt"), "b.css", None, ("b.css", "text/css")),
    ],
)
def test_file_names_and_types(
    value: Any, filename: Any, content_type: Any, expected: Tuple[Any, Any]
) -> None:
    part = Part("a", value, filename, content_type)
    assert (part.filename, part.content_type) == expected


def test_positions() -> None:
    file = io.BytesIO(b"abc")
    file.read(1)
    assert position_of(file) == 1
    assert position_of(Pipe()) is None and position_of(object()) is None
    reader, writer = os.pipe()
    os.close(writer)
    with open(reader, "rb") as pipe:
        assert position_of(pipe) is None


def test_of_a_text_file_its_bytes_are_sent() -> None:
    with tempfile.TemporaryFile("w+", encoding="latin-1", newline="") as file:
        file.write("\u00e9\n")
        file.seek(0)
        part = Part("a", file, None, None)
        assert part.source is file.buffer and not part.is_text and part.value is file
        file.read(1)
        assert Part("a", file, None, None).is_text


@given(few, st.sampled_from("abc"), st.sampled_from("xy"))
def test_against_a_model(fields: List[Tuple[str, str]], name: str, value: str) -> None:
    form = form_of(fields)
    values = [v for n, v in fields if n == name]
    assert form.get_all(name) == values
    assert form.get(name) == (values[0] if values else None)
    assert form.has(name) is (name in form) is bool(values)
    assert list(form) == list(form.entries()) == list(form.items()) == fields
    assert list(form.keys()) == [n for n, _ in fields] and list(form.values()) == [v for _, v in fields]
    assert len(form) == len(fields) and bool(form)

    others = [pair for pair in fields if pair[0] != name]
    form.set(name, value)
    at = next((at for at, pair in enumerate(fields) if pair[0] == name), len(fields))
    assert list(form) == [p for p in fields[:at] if p[0] != name] + [(name, value)] + [
        p for p in fields[at:] if p[0] != name
    ]
    form.delete(name)
    assert list(form) == others


def test_names_need_not_be_text() -> None:
    form = form_of([(1, "a"), (True, "b")])
    assert list(form) == [("1", "a"), ("true", "b")]
    assert form.get(1) == "a" and form.has(True) and 1 in form


def test_as_an_object() -> None:
    form = form_of([("user", "me"), ("password", "secret"), ("user", "you")])
    assert dict(form) == {"user": "me", "password": "secret"}
    assert "secret" not in repr(form)
    with pytest.raises(KeyError):
        form["zz"]
