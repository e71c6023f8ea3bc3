from __future__ import annotations

import gzip
import io
import os
import re
import tempfile
from typing import Any, Dict, List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import multipart
from miniaxios.errors import AxiosError
from miniaxios.form_data import FormData
from miniaxios.multipart import PIECE, usable_boundary

Field = Tuple[str, Optional[str], Optional[str], bytes]


def body_of(form: FormData, boundary: Optional[str] = None) -> bytes:
    return b"".join(form.encode(boundary))


def parsed(content_type: str, body: bytes) -> List[Field]:
    """A small strict reader of multipart/form-data: (name, filename, type, content) of each part."""
    match = re.fullmatch(r"multipart/form-data; boundary=([A-Za-z0-9_-]{10,70})", content_type)
    assert match, content_type
    mark = b"--" + match.group(1).encode()
    assert body.startswith(mark) and body.endswith(b"\r\n" + mark + b"--\r\n") or body == mark + b"--\r\n"
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n"
    return [parsed_part(piece) for piece in pieces[1:-1]]


def parsed_part(piece: bytes) -> Field:
    assert piece.startswith(b"\r\n")
    head, blank, content = piece[2:].partition(b"\r\n\r\n")
    assert blank
    lines = head.split(b"\r\n")
    assert len(lines) <= 2 and not any(byte in line for line in lines for byte in (b"\r", b"\n"))
    match = re.fullmatch(
        rb'Content-Disposition: form-data; name="([^"]*)"(?:; filename="([^"]*)")?', lines[0], re.DOTALL
    )
    assert match, lines[0]
    kind = None
    if len(lines) == 2:
        assert lines[1].startswith(b"Content-Type: ")
        kind = lines[1][14:].decode("ascii")
    name, filename = (None if text is None else unescaped(text.decode()) for text in match.groups())
    assert name is not None
    return name, filename, kind, content


def unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%22", '"')


def crlf(text: str) -> bytes:
    return re.sub("\r\n|\r|\n", "\r\n", text).encode()


class Growing(io.BytesIO):
    """A file that has other bytes to give than its size says."""

    def __init__(self, size: int, given: int) -> None:
        super().__init__(bytes(size))
        self.left = given

    def read(self, size: Optional[int] = -1) -> bytes:
        size = min(self.left, size if size is not None and size >= 0 else self.left)
        self.left -= size
        return b"x" * size


class Pipe:
    """A file without seek, tell or size."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)
        self.sizes: List[int] = []

    def read(self, size: int) -> bytes:
        self.sizes.append(size)
        return self.data.read(size)


# --- what stands on the wire -----------------------------------------------------------------


def test_the_bytes_of_a_form() -> None:
    form = FormData()
    form.append("a", "one\ntwo")
    form.append("f", io.BytesIO(b"\x00\n"), "x.bin", "application/x")
    assert body_of(form, "0123456789") == (
        b'--0123456789\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\ntwo\r\n'
        b'--0123456789\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n'
        b"Content-Type: application/x\r\n\r\n\x00\n\r\n"
        b"--0123456789--\r\n"
    )


def test_an_empty_form_is_its_end_alone() -> None:
    encoded = FormData().encode("0123456789")
    assert list(encoded) == [b"--0123456789--\r\n"] and encoded.length == 16


@pytest.mark.parametrize(
    "text, sent",
    [
        ("a\nb", b"a\r\nb"),
        ("a\r\nb", b"a\r\nb"),
        ("a\rb", b"a\r\nb"),
        ("\n\r", b"\r\n\r\n"),
        ("a\x0bb", b"a\x0bb"),
    ],
)
def test_line_ends_of_text_are_crlf_and_those_of_files_stay(text: str, sent: bytes) -> None:
    form = FormData()
    form.append("text", text)
    form.append("file", text, "f.txt")
    form.append("bytes", text.encode())
    encoded = form.encode()
    contents = [content for _, _, _, content in parsed(encoded.content_type, b"".join(encoded))]
    assert contents == [sent, text.encode(), text.encode()]


HOSTILE = 'a"\r\nX: y\\;%220D\u00e9\u65e5\x00\x85\u2028-'
hostile = st.text(max_size=10) | st.text(alphabet=HOSTILE, max_size=10)
# "%0D" itself is not escaped (WHATWG), so it is no different from an escaped CR.
names = hostile.filter(lambda text: not re.search("%0D|%0A|%22", text))
parts = st.lists(
    st.tuples(names, st.none() | names, st.binary(max_size=40) | hostile, st.booleans()),
    max_size=6,
)


@settings(max_examples=150)
@given(parts)
def test_INJ_3_hostile_names_come_back_as_they_were(
    fields: List[Tuple[str, Optional[str], Any, bool]],
) -> None:
    form = FormData()
    expected: List[Field] = []
    for name, filename, value, as_file in fields:
        content = value if isinstance(value, bytes) else value.encode()
        if as_file:
            form.append(name, io.BytesIO(content), filename, "x/y")
        else:
            form.append(name, value, filename, "x/y")
        if isinstance(value, str) and filename is None and not as_file:
            expected.append((name, None, "x/y", crlf(value)))
        else:
            base = "blob" if filename is None else re.split(r"[/\\]", filename)[-1] or "blob"
            expected.append((name, base, "x/y", content))
    encoded = form.encode()
    body = b"".join(encoded)
    assert parsed(encoded.content_type, body) == expected
    assert encoded.length == len(body)
    assert encoded.rewind() and b"".join(encoded) == body


@pytest.mark.parametrize(
    "name", ['a"\r\nX: y', "\r\n\r\nbody\r\n--", "\u00e9\u65e5", "a\nb", '"; filename="x']
)
def test_INJ_3_one_head_for_each_part(name: str) -> None:
    form = FormData()
    form.append(name, b"content", name, "text/plain")
    form.append(name, "content")
    encoded = form.encode()
    read = parsed(encoded.content_type, b"".join(encoded))
    filename = re.split(r"[/\\]", name)[-1]
    assert read == [(name, filename, "text/plain", b"content"), (name, None, None, b"content")]


def test_the_standard_library_reads_it_too() -> None:
    from email import message_from_bytes

    form = FormData()
    form.append("a", "1")
    form.append("b", b"\xff\x00", "x.bin")
    encoded = form.encode()
    message = message_from_bytes(
        b"Content-Type: " + encoded.content_type.encode() + b"\r\n\r\n" + b"".join(encoded)
    )
    assert message.is_multipart() and not message.defects
    first, second = message.get_payload()  # type: ignore[misc]
    assert first.get_param("name", header="content-disposition") == "a"
    assert second.get_filename() == "x.bin" and second.get_content_type() == "application/octet-stream"
    assert second.get_payload(decode=True) == b"\xff\x00"


# --- boundary --------------------------------------------------------------------------------


def test_boundaries_have_128_random_bits() -> None:
    made = {FormData().encode().boundary for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"miniaxios-boundary-[0-9a-f]{32}", boundary) for boundary in made)


@pytest.mark.parametrize("value", ["..{}..", b"..{}..", "\r\n--{}--\r\n"])
def test_a_boundary_that_stands_in_a_value_is_not_used(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    first, second = "0" * 32, "1" * 32
    given_out = iter([bytes.fromhex(first), bytes.fromhex(second)])
    monkeypatch.setattr(multipart.os, "urandom", lambda size: next(given_out))
    if isinstance(value, bytes):
        value = value.replace(b"{}", b"miniaxios-boundary-" + first.encode())
    else:
        value = value.replace("{}", "miniaxios-boundary-" + first)
    form = FormData()
    form.append("a", value)
    assert form.encode().boundary == "miniaxios-boundary-" + second


@pytest.mark.parametrize("boundary", ["0123456789", "a-_Z" * 17, "x" * 70])
def test_a_callers_boundary_is_kept(boundary: str) -> None:
    encoded = FormData().encode(boundary)
    assert encoded.boundary == boundary and encoded.content_type.endswith("boundary=" + boundary)


@pytest.mark.parametrize(
    "boundary",
    [
        "",
        "short",
        "x" * 71,
        "has space in",
        "line\r\nbreak",
        'quote"mark',
        "uml\u00e4ut-xxxx",
        "plus+plus+",
        5,
    ],
)
def test_another_boundary_is_replaced(boundary: Any) -> None:
    assert not usable_boundary(boundary)
    assert FormData().encode(boundary).boundary.startswith("miniaxios-boundary-")


def test_a_callers_boundary_that_stands_in_a_value_is_replaced() -> None:
    form = FormData()
    form.append("a", "--0123456789--")
    assert form.encode("0123456789").boundary != "0123456789"


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_files_are_read_in_pieces(size: int) -> None:
    content = os.urandom(size)
    form = FormData()
    form.append("before", "x")
    form.append("f", io.BytesIO(content))
    form.append("after", "y")
    encoded = form.encode()
    pieces = list(encoded)
    assert all(type(piece) is bytes and len(piece) <= PIECE for piece in pieces)
    assert encoded.length == sum(map(len, pieces))
    assert parsed(encoded.content_type, b"".join(pieces))[1][3] == content


def test_small_fields_share_a_piece_and_large_ones_are_not_copied() -> None:
    large = bytes(2 * PIECE)
    form = FormData()
    for number in range(50):
        form.append(f"f{number}", "small")
    form.append("large", large)
    pieces = list(form.encode())
    assert len(pieces) == 3 and pieces[1] is large


def test_nothing_is_read_before_it_is_sent() -> None:
    pipe = Pipe(b"x" * 100)
    form = FormData()
    form.append("f", pipe)
    encoded = form.encode()
    assert pipe.sizes == [] and encoded.length is None
    iterator = iter(encoded)
    next(iterator)
    assert pipe.sizes == []
    assert next(iterator) == b"x" * 100 and max(pipe.sizes) <= PIECE


def test_a_file_is_sent_from_where_it_stood() -> None:
    file = io.BytesIO(b"skipped|sent")
    file.seek(8)
    form = FormData()
    form.append("f", file)
    form.append("g", file)
    file.seek(3)
    encoded = form.encode()
    assert file.tell() == 3
    for _ in range(2):
        body = b"".join(encoded)
        assert [field[3] for field in parsed(encoded.content_type, body)] == [b"sent", b"sent"]
        assert encoded.length == len(body)
    assert [
        field[3] for field in parsed(form.encode("0123456789").content_type, body_of(form, "0123456789"))
    ] == [b"sent"] * 2


def test_real_files() -> None:
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(b"line\n" * 1000)
        file.seek(0)
        form = FormData()
        form.append("f", file)
        encoded = form.encode()
        body = b"".join(encoded)
        name, filename, kind, content = parsed(encoded.content_type, body)[0]
        assert (name, filename, kind) == ("f", os.path.basename(file.name), "text/plain")
        assert content == b"line\n" * 1000 and encoded.length == len(body)


@pytest.mark.parametrize("text", ["", "plain\n", "\u00e9\u65e5\n" * 40000])
def test_text_files_without_bytes_are_sent_as_utf_8(text: str) -> None:
    form = FormData()
    form.append("f", io.StringIO(text))
    encoded = form.encode()
    assert encoded.length is None
    pieces = list(encoded)
    assert parsed(encoded.content_type, b"".join(pieces))[0][3] == text.encode()
    assert all(len(piece) <= PIECE for piece in pieces)
    assert encoded.rewind() and list(encoded) == pieces


def test_the_length_of_a_compressed_file_is_that_of_its_content() -> None:
    packed = io.BytesIO(gzip.compress(b"content" * 1000))
    with gzip.GzipFile(fileobj=packed) as file:
        form = FormData()
        form.append("f", file)
        encoded = form.encode()
        body = b"".join(encoded)
        assert encoded.length in (None, len(body))
        assert parsed(encoded.content_type, body)[0][3] == b"content" * 1000


@pytest.mark.parametrize(
    "size, given_bytes, word",
    [
        (10, 9, "shrank"),
        (10, 0, "shrank"),
        (10, 11, "grew"),
        (0, 1, "grew"),
        (PIECE, PIECE + 1, "grew"),
        (3 * PIECE, 2 * PIECE, "shrank"),
        (PIECE, 10 * PIECE, "grew"),
    ],
)
def test_FRAME_1_a_file_that_changes_its_size(size: int, given_bytes: int, word: str) -> None:
    form = FormData()
    form.append("f", Growing(size, given_bytes))
    encoded = form.encode()
    sent: List[bytes] = []
    with pytest.raises(AxiosError, match=word) as caught:
        for piece in encoded:
            sent.append(piece)
    assert caught.value.code == "ERR_BAD_REQUEST"
    body = b"".join(sent)
    # The end of the form was not sent, so that nobody takes what was for the whole.
    assert len(body) < (encoded.length or 0) and not body.endswith(b"--\r\n")


def test_FRAME_1_a_real_file_that_changes() -> None:
    for change, word in (
        (lambda f: f.truncate(3), "shrank"),
        (lambda f: (f.seek(0, 2), f.write(b"more")), "grew"),
    ):
        with tempfile.TemporaryFile() as file:
            file.write(b"content")
            file.seek(0)
            form = FormData()
            form.append("f", file)
            encoded = form.encode()
            change(file)
            with pytest.raises(AxiosError, match=word):
                list(encoded)


def test_a_file_that_cannot_seek_is_sent_once() -> None:
    form = FormData()
    form.append("f", Pipe(b"once"))
    encoded = form.encode()
    assert encoded.rewind()
    assert b"once" in b"".join(encoded)
    assert not encoded.rewind()
    with pytest.raises(AxiosError, match="cannot be sent twice"):
        list(encoded)


def test_a_form_without_files_can_always_be_sent_again() -> None:
    form = FormData()
    form.append("a", b"1")
    encoded = form.encode()
    assert list(encoded) == list(encoded) and encoded.rewind()


class Failing:
    def __init__(self, result: Any) -> None:
        self.result = result

    def read(self, size: int) -> Any:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


@pytest.mark.parametrize("result", [OSError("disk"), ValueError("closed"), None, 5, "\ud800"])
def test_a_file_that_cannot_be_read(result: Any) -> None:
    form = FormData()
    form.append("f", Failing(result), "secret/dir/name.txt")
    with pytest.raises(AxiosError, match="cannot be read") as caught:
        list(form.encode())
    assert not isinstance(caught.value, OSError) and "secret" not in caught.value.message
    assert caught.value.cause is not None


def test_a_closed_file() -> None:
    file = io.BytesIO(b"x")
    form = FormData()
    form.append("f", file)
    file.close()
    with pytest.raises(AxiosError, match="cannot be read"):
        list(form.encode())


def test_later_changes_of_the_form_do_not_reach_the_body() -> None:
    form = FormData()
    form.append("a", "1")
    encoded = form.encode()
    form.append("b", "2")
    form.set("a", "3")
    fields: Dict[str, bytes] = {
        name: content for name, _, _, content in parsed(encoded.content_type, b"".join(encoded))
    }
    assert fields == {"a": b"1"}
