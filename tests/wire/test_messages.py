"""Heads of responses: what is read and what is refused, byte for byte."""

from __future__ import annotations

import http.client
import io
import re
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.wire import messages
from miniaxios.wire.errors import BadResponse
from miniaxios.wire.messages import (
    check_head_so_far,
    find_head_end,
    keep_alive,
    parse_response_head,
    parse_trailers,
)
from miniaxios.wire.names import OWN_NAMES, PEER_NAMES
from miniaxios.wire.request_head import render_request_head

OK = b"HTTP/1.1 200 OK\r\n"


def fields(block: bytes, lenient: bool = False) -> List[Tuple[str, str]]:
    return parse_response_head(OK + block + b"\r\n", lenient).headers


def test_a_head_is_read_as_it_stands() -> None:
    head = parse_response_head(
        b"HTTP/1.0 404 Not  Here\r\nContent-Type: text/plain\r\nX-a:1\r\nx-A: \t 2 3 \t\r\nEmpty:\r\nBlank:  \r\n\r\n"
    )
    assert (head.version, head.status, head.reason) == (10, 404, "Not  Here")
    assert head.headers == [("Content-Type", "text/plain"), ("X-a", "1"), ("x-A", "2 3"), ("Empty", ""), ("Blank", "")]
    assert head.get_all("x-a") == ["1", "2 3"]
    assert head.get_all("x-b") == []
    assert "404" in repr(head) and "text/plain" not in repr(head)


@pytest.mark.parametrize("line", [b"HTTP/1.1 200", b"HTTP/1.1 200 "])
def test_FRAME_6_reason_may_be_missing(line: bytes) -> None:
    assert parse_response_head(line + b"\r\n\r\n").reason == ""
    assert parse_response_head(line + b"\n\n").reason == ""


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_head_may_be_bytes_or_bytearray(kind: type) -> None:
    assert parse_response_head(kind(OK + b"A: b\r\n\r\n")).headers == [("A", "b")]


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("status_line", [
    b"HTTP/1.1 +200 OK", b"HTTP/1.1 99 OK", b"HTTP/1.1 600 OK", b"HTTP/1.1 1000 OK", b"HTTP/1.1 000 OK",
    b"HTTP/2.7 200 OK", b"HTTP/1.10 200 OK", b"HTTP/1.2 200 OK", b"HTTP/2 200", b"HTTP/0.9 200 OK", b"ICY 200 OK",
    b"<html>", b"http/1.1 200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b" HTTP/1.1 200 OK", b"HTTP/1.1 20 OK",
    b"HTTP/1.1 200OK", b"HTTP/1.1 2\xb2\xb2 OK", b"", b"HTTP/1.1 200 OK\r", b"HTTP/1.1 200 O\rX: y", b"HTTP/1.1", b"HTTP/1.1 ",
])
def test_FRAME_6_status_lines_refused(status_line: bytes, lenient: bool) -> None:
    with pytest.raises(BadResponse):
        parse_response_head(status_line + b"\r\nA: b\r\n\r\n", lenient)


@pytest.mark.parametrize("char", [b"\0", b"\x0b", b"\x7f", b"\x1b", b"\x85"])
def test_FRAME_6_controls_in_the_reason(char: bytes) -> None:
    with pytest.raises(BadResponse, match="control"):
        parse_response_head(b"HTTP/1.1 200 O" + char + b"K\r\n\r\n")


REFUSED = {
    "folded": b"A: b\r\n c\r\n",
    "folded with TAB": b"A: b\r\n\tc\r\n",
    "folded first line": b" A: b\r\n",
    "blank folded line": b"A: b\r\n \r\n",
    "space before colon": b"A : b\r\n",
    "TAB before colon": b"A\t: b\r\n",
    "no colon": b"A\r\n",
    "no colon, more lines": b"A\r\nContent-Length: 5\r\n",
    "empty name": b": b\r\n",
    "name with space": b"A B: c\r\n",
    "name with separator": b"A(B): c\r\n",
    "name not ASCII": b"\xc3\x84: c\r\n",
    "name with NUL": b"A\0: c\r\n",
    "bare CR": b"A: b\rc\r\n",
    "bare CR that hides a line": b"A: b\rContent-Length: 5\r\n",
    "CR CR LF": b"A: b\r\r\n",
    "CR before name": b"\rA: b\r\n",
    "NUL": b"A: b\0c\r\n",
    "VT": b"A: b\x0bc\r\n",
    "FF": b"A: b\x0cc\r\n",
    "FS": b"A: b\x1cc\r\n",
    "DEL": b"A: b\x7fc\r\n",
    "NEL": b"A: b\x85c\r\n",
    "NEL as UTF-8": b"A: b\xc2\x85c\r\n",
    "blank line inside": b"A: b\r\n\r\nC: d\r\n",
    "LF blank line inside": b"A: b\n\nC: d\r\n",
}


@pytest.mark.parametrize("block", list(REFUSED.values()), ids=list(REFUSED))
@pytest.mark.parametrize("before", [b"", b"First: 1\r\n", b"Bare: lf\n"])
@pytest.mark.parametrize("after", [b"", b"Last: 1\r\n", b"Bare: lf\n"])
def test_FRAME_5_header_lines_refused(block: bytes, before: bytes, after: bytes) -> None:
    with pytest.raises(BadResponse):
        fields(before + block + after)


@pytest.mark.parametrize("cut", range(1, 6))
def test_FRAME_9_a_cut_head_is_refused(cut: int) -> None:
    whole = OK + b"A: b\r\n\r\n"
    for lenient in (False, True):
        with pytest.raises(BadResponse):
            parse_response_head(whole[:-cut], lenient)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("blank", [b"\r\n", b"\n"])
def test_FRAME_5_bare_LF_ends_a_line(end: bytes, blank: bytes) -> None:
    for first in (b"\r\n", b"\n"):
        data = b"HTTP/1.1 200 OK" + first + b"A: b" + end + b"C: d" + end + blank
        assert parse_response_head(data).headers == [("A", "b"), ("C", "d")]
        assert parse_response_head(data, lenient=True).headers == [("A", "b"), ("C", "d")]


def test_FRAME_5_raw_utf_8_and_latin_1_are_kept() -> None:
    name = "\u2026 \u00c5\u00e9.txt"  # its UTF-8 holds bytes 0x80, 0x85
    assert fields(b"A: " + name.encode() + b"\r\n")[0][1].encode("latin-1").decode() == name
    assert fields(b"A: caf\xe9\r\n") == [("A", "caf\xe9")]
    assert fields(b"A: \xa0b\xa0\r\n") == [("A", "\xa0b\xa0")]


def test_errors_tell_the_line_and_never_its_text() -> None:
    with pytest.raises(BadResponse, match="line 3: no colon") as caught:
        fields(b"A: b\r\nhunter2\r\n")
    assert "hunter2" not in str(caught.value)


# -- lenient -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("block, expected", [
    (b"A: b\r\n c\r\n", [("A", "b c")]),
    (b"A: b\r\n \t c\r\n\td\r\nE: f\r\n", [("A", "b c d"), ("E", "f")]),
    (b"A : b\r\nC\t: d\r\n", [("A", "b"), ("C", "d")]),
    (b"no colon\r\nA: b\r\n", [("A", "b")]),
    (b": c\r\nA: b\r\n", [("A", "b")]),
    (b"A B: c\r\nA: b\r\n", [("A", "b")]),
    (b" A: b\r\nC: d\r\n", None),
    (b"A: b\x0bc\0d\r\n", [("A", "b\x0bc\0d")]),
    (b"A: b\x85c\r\n", [("A", "b\x85c")]),
])
def test_lenient_tolerates(block: bytes, expected: object) -> None:
    if expected is None:
        with pytest.raises(BadResponse):
            fields(block, lenient=True)
    else:
        assert fields(block, lenient=True) == expected
        with pytest.raises(BadResponse):
            fields(block)


@pytest.mark.parametrize("block", [
    b"A: b\rc\r\n", b"A: b\r\r\n", b"\rContent-Length: 5\r\n",
    b"Content-Length : 5\r\n", b"Content-Length\t: 5\r\n", b"content-length 5\r\n", b"Content-Length: 5\r\n 6\r\n",
    b"Content-Length: 5\0\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\r\n chunked\r\n",
    b"Transfer-Encoding: \x0bchunked\r\n", b"A: b\r\n Content-Length: 5\r\n", b"\0Transfer-Encoding: chunked\r\n",
])
def test_lenient_never_guesses_where_a_body_ends(block: bytes) -> None:
    with pytest.raises(BadResponse):
        fields(block, lenient=True)


@given(st.lists(st.tuples(st.from_regex(r"[!#-'*+.^_`|~0-9A-Za-z-]{1,8}", fullmatch=True),
                          st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)), max_size=5))
@settings(max_examples=100, deadline=None)
def test_lenient_agrees_with_strict_on_valid_heads(pairs: List[Tuple[str, str]]) -> None:
    block = "".join(f"{name}:{value}\r\n" for name, value in pairs).encode()
    assert fields(block, lenient=True) == fields(block) == [(name, value.strip(" ")) for name, value in pairs]


# -- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lenient", [False, True])
def test_FLOOD_1_limits_of_a_head(lenient: bool) -> None:
    line = b"A: " + b"b" * 60000 + b"\r\n"
    assert len(fields(b"A: b\r\n" * 1000, lenient)) == 1000
    assert len(fields(b"A: " + b"b" * 30000 + b"\r\n", lenient)) == 1
    assert len(fields(line * 4, lenient)) == 4
    for block in (b"A: b\r\n" * 1001, b"A:\n" * 1001, b"A: " + b"b" * 65536 + b"\r\n", line * 5):
        with pytest.raises(BadResponse):
            fields(block, lenient)
    assert parse_response_head(b"HTTP/1.1 200 " + b"o" * 8000 + b"\r\n\r\n", lenient).status == 200
    with pytest.raises(BadResponse, match="status line"):
        parse_response_head(b"HTTP/1.1 200 " + b"o" * 8192 + b"\r\n\r\n", lenient)


def test_FLOOD_1_a_head_that_grows_is_stopped() -> None:
    for fine in (b"", b"H", b"HTTP/1.", b"HTTP/1.1 200 OK", OK + b"A: " + b"b" * 200000):
        check_head_so_far(fine)
    for bad in (b"X", b"HTTP/2", b"HTTP/2.0 200", b"HTTP/0", b"\r\n", b"HTTP/1.1 " + b"2" * 8192,
                bytearray(OK + b"A: b\r\n" * 50000), b"ICY"):
        with pytest.raises(BadResponse):
            check_head_so_far(bad)


@pytest.mark.parametrize("text", [
    b"a" * 200_000, b"a:" + b" " * 200_000 + b"\n", (b"a: " + b" " * 60000 + b"\n") * 4, b"a" * 60000 + b"\r", b"\r" * 200_000,
    b": " * 100_000, b" \t" * 100_000, b"a:\n" * 60_000, b"a:b\r" * 60_000, b"\xc2\x85" * 30000, b"\n " * 100_000,
])
def test_CPU_1_malformed_heads_cost_linear_time(text: bytes) -> None:
    for lenient in (False, True):  # a quadratic pattern would take minutes
        for end in (b"\r\n\r\n", b"\n\n", b"!\r\n\r\n"):
            try:
                parse_response_head(OK + text + end, lenient)
            except BadResponse:
                pass


@pytest.mark.parametrize("text", [b"a" * 200_000, b"a: " + b" " * 200_000, b"a" * 100_000 + b":\r" * 50_000])
def test_CPU_1_without_the_limits_too(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_check_limits", lambda *_: None)
    for lenient in (False, True):
        for end in (b"\n\n", b"\r\n\r\n", b"\x0b\r\n\r\n"):
            try:
                parse_response_head(OK + text + end, lenient)
            except BadResponse:
                pass


# -- the end of a head -------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", b"HTTP/1.1 200 OK\nA: b\n\n", b"HTTP/1.1 200 OK\r\nA: b\n\r\n",
    b"HTTP/1.1 200 OK\nA: b\r\n\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n", b"\n",
])
def test_find_head_end_at_every_split(head: bytes) -> None:
    data = head + b"body\r\n\r\nmore\n\n"
    assert find_head_end(data) == len(head)
    for first in range(len(data) + 1):
        buffer = bytearray(data[:first])
        end = find_head_end(buffer)
        if end < 0:
            assert first < len(head)
            buffer += data[first:]
            end = find_head_end(buffer, first)
        assert end == len(head)


def test_FLOOD_4_find_head_end_of_a_drip_is_linear() -> None:
    data = b"A: bcdefgh\r\n" * 20_000 + b"\r\n"  # searched again at each byte, this would be minutes
    buffer = bytearray()
    end = -1
    for at in range(len(data)):
        assert end < 0
        buffer += data[at : at + 1]
        end = find_head_end(buffer, at)
    assert end == len(data)


# -- properties --------------------------------------------------------------------------------------

TOKENS = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=10)
VALUES = st.text(st.characters(min_codepoint=9, max_codepoint=255), max_size=20).map(
    lambda text: re.sub(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]", "", text).strip(" \t")
)
PAIRS = st.lists(st.tuples(TOKENS, VALUES), max_size=6)


@given(PAIRS, st.integers(100, 599))
@settings(max_examples=150, deadline=None)
def test_agrees_with_http_client_on_valid_heads(pairs: List[Tuple[str, str]], status: int) -> None:
    block = "".join(f"{name}: {value}\r\n" for name, value in pairs).encode("latin-1") + b"\r\n"
    head = parse_response_head(b"HTTP/1.1 %d x\r\n" % status + block)
    assert head.status == status
    assert head.headers == [(n, v.strip(" \t")) for n, v in http.client.parse_headers(io.BytesIO(block)).items()]


@given(st.one_of(st.binary(max_size=60), st.text("HTP/1. 20\r\n:aA\t\0", max_size=60).map(str.encode)), st.booleans())
@settings(max_examples=200, deadline=None)
def test_FRAME_5_any_bytes_give_a_head_or_BadResponse(data: bytes, lenient: bool) -> None:
    for head in (data, OK + data, OK + data + b"\r\n\r\n", OK + data + b"\n\n"):
        try:
            parsed = parse_response_head(head, lenient)
        except BadResponse:
            continue
        assert all(name and not set(name) & set(" \t:\r\n\0") for name, _ in parsed.headers)
        assert not any(set(value) & set("\r\n") for _, value in parsed.headers)
        assert find_head_end(head) == len(head)


def test_trailers_are_read_strictly() -> None:
    assert parse_trailers(b"\r\nA:  b \r\nC: d\r\n\r\n") == [("A", "b"), ("C", "d")]
    assert parse_trailers(b"\r\n\r\n") == []
    for bad in (b"\r\nA: b\n\r\n", b"\r\nA b\r\n\r\n", b"\r\nA: b\r\n c\r\n\r\n", b"\r\nA: \0\r\n\r\n", b"\r\nA : b\r\n\r\n",
                b"\r\n" + b"A: b\r\n" * 1001 + b"\r\n"):
        with pytest.raises(BadResponse):
            parse_trailers(bad)


# -- reuse -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head, expected", [
    (b"HTTP/1.1 200 OK\r\n\r\n", True),
    (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", True),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nCONNECTION: Close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: x ,\tclose , y\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: closed, not-close\r\n\r\n", True),
    (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", False),
    (b"HTTP/1.0 200 OK\r\n\r\n", False),
])
def test_QUEUE_2_keep_alive(head: bytes, expected: bool) -> None:
    assert keep_alive(parse_response_head(head)) is expected


@pytest.mark.parametrize("status, line, expected", [
    (204, b"", True), (304, b"", True), (204, b"Content-Length: 0\r\n", True), (204, b"Content-Length: 45\r\n", False),
    (304, b"Content-Length: 45\r\n", False), (304, b"Transfer-Encoding: chunked\r\n", False),
    (200, b"Content-Length: 45\r\n", True),
])
def test_FRAME_7_an_announced_body_that_must_not_come(status: int, line: bytes, expected: bool) -> None:
    assert keep_alive(parse_response_head(b"HTTP/1.1 %d X\r\n" % status + line + b"\r\n")) is expected


# -- short ways, which must lead where the long ones lead ------------------------------------------------

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"


def read_slowly(data: bytes) -> object:
    """A strict head without obs-text, line by line: (version, status, reason, headers), or None."""
    lines = data.decode("latin-1").replace("\r\n", "\n").split("\n")
    first = re.fullmatch(r"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t -~]*))?", lines[0])
    if first is None or lines[-2:] != ["", ""] or len(lines) < 3:
        return None
    headers = []
    for line in lines[1:-2]:
        found = re.fullmatch(rf"({TOKEN}):([\t -~]*)", line)
        if found is None:
            return None
        headers.append((found.group(1), found.group(2).strip(" \t")))
    return 10 + int(first.group(1)), int(first.group(2)), (first.group(3) or "").strip(" \t"), headers


ENDS = st.sampled_from(["\r\n"] * 9 + ["\n", "\r", "\r\r\n", " \r\n", "\t\r\n", ""])
NAMES = st.sampled_from(["A", "a", "Content-Length", "content-length", "X Y", "", " A", "A ", "B\x7f", "Server"])
COLONS = st.sampled_from([": "] * 6 + [":", ":  ", ":\t", " :", ""])
VALUES = st.sampled_from(["1", "a  b", "a\tb", "", " ", "x:y: z", "\x01", "x\ry", "keep-alive", "\n", "~"])
STARTS = st.sampled_from(["HTTP/1.1 200 OK"] * 5 + ["HTTP/1.0 404", "HTTP/1.1 200 ", "HTTP/1.1 099 x", "HTTP/1.1  200", ""])
FIELD_LINES = st.builds(lambda *parts: "".join(parts), NAMES, COLONS, VALUES, ENDS)
HEADS = st.builds(
    lambda first, end, lines, last: (first + end + "".join(lines) + last).encode(),
    STARTS, ENDS, st.lists(FIELD_LINES, max_size=5), ENDS,
)  # fmt: skip


@given(HEADS)
@settings(max_examples=400)
def test_FRAME_5_a_head_is_read_as_line_by_line(data: bytes) -> None:
    try:
        head = parse_response_head(data)
    except BadResponse:
        assert read_slowly(data) is None
        return
    assert read_slowly(data) == (head.version, head.status, head.reason, head.headers)
    for name in {name.lower() for name, _ in head.headers}:
        values = [value for other, value in head.headers if other.lower() == name]
        assert head.get_all(name) == values
        assert head.fields[name] == (values if len(values) > 1 else values[0])
    assert list(head.fields) == list(dict.fromkeys(name.lower() for name, _ in head.headers))


def test_what_get_all_gives_is_the_callers() -> None:
    head = parse_response_head(OK + b"A: 1\r\na: 2\r\n\r\n")
    head.get_all("a").clear()
    assert head.get_all("a") == ["1", "2"]


def test_FLOOD_5_what_is_kept_of_strangers_is_bounded() -> None:
    for number in range(2000):
        block = b"X-%d: 1\r\n" % number
        parse_response_head(b"HTTP/1.1 200 OK %d\r\n" % number + block + b"\r\n")
        render_request_head("GET", "/", [("X-%d" % number, "1")])
    parse_response_head(b"HTTP/1.1 200 " + b"x" * 5000 + b"\r\n" + b"Y" * 5000 + b": 1\r\n\r\n")
    for names in (OWN_NAMES, PEER_NAMES):
        assert 0 < len(names) <= 500 and max(map(len, names)) <= 64
    assert 0 < len(messages._status_lines) <= 100 and max(map(len, messages._status_lines)) <= 64


# -- the shortest way: lines that were met before ------------------------------------------------------

KNOWN = messages._read_line.__self__  # type: ignore[attr-defined]

USUAL_LINES = st.builds(
    lambda name, colon, value: name + colon + value,
    st.sampled_from(["A", "a", "Set-Cookie", "set-cookie", "Content-Length", "X-Y", "", "A ", " A", "A:b", "\xc4", "A\0"]),
    st.sampled_from([": "] * 8 + [":", ":  ", " : ", ""]),
    st.one_of(
        st.sampled_from(["1", "", " ", "b: c", "b  ", "caf\xe9", "\xa0", "\xad", "b\tc", "\x7f", "\x85", "b\rc", "b\nc", "\x1cb"]),
        st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=8),
    ),
)  # fmt: skip
USUAL_HEADS = st.builds(
    lambda first, lines: "\r\n".join([first, *lines]).encode("latin-1"),
    st.sampled_from(["HTTP/1.1 200 OK", "HTTP/1.0 404 Not Found", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.1 299 caf\xe9"]),
    st.one_of(st.lists(USUAL_LINES, max_size=5), st.lists(st.builds("{}: {}".format, TOKENS, st.text("ab :", max_size=5)))),
)  # fmt: skip


@given(st.one_of(USUAL_HEADS, HEADS.map(lambda data: data[:-2])))
@settings(max_examples=400)
def test_FRAME_5_the_short_way_answers_as_the_strict_one(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "read_usual_head", lambda head: None)
        try:
            expected: object = parse_response_head(data + b"\r\n\r\n")
        except BadResponse:
            expected = None
    for kind in (bytes, bytearray):  # the second time, all lines are known
        found = messages.read_usual_head(kind(data))
        if found is None:
            continue
        assert isinstance(expected, messages.ResponseHead), "the strict way refuses it"
        head = messages.ResponseHead(*found)
        for name in ("version", "status", "reason", "headers", "fields"):
            assert getattr(head, name) == getattr(expected, name)
        assert list(head.fields) == list(expected.fields)
        assert repr(head) == repr(expected)


def test_the_short_way_is_taken_from_the_first_answer_on() -> None:
    messages._status_lines.clear()
    data = b"HTTP/1.1 200 Fine\r\nA: b\r\nContent-Length: 5"
    fields = {"a": "b", "content-length": "5"}
    assert messages.read_usual_head(data) == ((11, 200, "Fine"), fields, ["A: b", "Content-Length: 5"])
    for other in (b"", b"\r\n", b"HTTP/1.1 200 Fine\r\n", b"HTTP/1.1 200 Fine\r\n\r\nA: b", b"HTTP/1.1 200 Fine\nA: b"):
        assert messages.read_usual_head(other) is None
    assert messages.read_usual_head(b"HTTP/1.1 200 Fine") == ((11, 200, "Fine"), {}, [])
    for line in (b"HTTP/1.1 200 Fi\0ne", b"HTTP/1.1 200 \x85", b"HTTP/1.1 200 Fine ", b"HTTP/1.1 200 " + b"x" * 64, b"HTTP/2.0 200 Fine"):
        assert messages.read_usual_head(line) is None


STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([^\n]*))?")
NEARLY = st.lists(
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", " ", "2", "00", "200", "0", "6", "\xb2", "\xa0", "OK", "\n", "\r", "\t"]), max_size=6
).map("".join)


REST = st.text(st.characters(max_codepoint=255), max_size=5)


@settings(max_examples=500)
@given(NEARLY | NEARLY.map(lambda rest: "HTTP/1.1 2" + rest) | REST.map(lambda rest: "HTTP/1.0 599 " + rest))
def test_FRAME_6_law_a_status_line_is_what_the_grammar_says(text: str) -> None:
    found = STATUS_LINE.fullmatch(text)
    expected = None if found is None else (10 + int(found.group(1)), int(found.group(2)), found.group(3) or "")
    assert messages._split_status_line(text) == expected


def test_what_the_short_way_gives_is_nobody_elses() -> None:
    data = b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nB: 3"
    parse_response_head(data + b"\r\n\r\n")
    for _ in range(3):
        found = messages.read_usual_head(data)
        assert found is not None
        _, fields, lines = found
        assert fields == {"a": ["1", "2"], "b": "3"} and lines == ["A: 1", "a: 2", "B: 3"]
        held = fields["a"]
        assert isinstance(held, list)
        held.append("4")
        fields["b"] = "5"
        fields["c"] = "6"
        lines.clear()


def test_FLOOD_5_lines_of_strangers_are_kept_bounded() -> None:
    KNOWN.clear()
    parse_response_head(OK + b"\r\n")
    longest = b"A: " + b"b" * 125
    for line in (longest, longest + b"b", b"Set-Cookie: a=1", b"SET-COOKIE: b=2", b"set-cookie: "):
        assert messages.read_usual_head(OK + line) is not None
    assert list(KNOWN) == [longest.decode()], "no longer ones, and no cookies"
    for number in range(2000):
        messages.read_usual_head(OK + b"X-Stranger: %d\r\nServer: x" % number)
    assert 0 < len(KNOWN) <= 500 and max(map(len, KNOWN)) <= 128
    assert not any("cookie" in line.lower() for line in KNOWN)
    # Not even those of answers that are refused in the end.
    messages.read_usual_head(OK + b"\r\n".join(b"Y-%d: 1" % number for number in range(1000)) + b"\r\nbad")
    assert 0 < len(KNOWN) <= 500


@pytest.mark.parametrize("line", ["A:b", "A", "", "A : b", " A: b", "\xc4: b", "A: \xe9", "A: b\tc", "A: b\r", "A: b\n", "A: \0", "A: \x7f"])
def test_lines_that_are_not_known_for_sound(line: str) -> None:
    KNOWN.clear()
    for _ in range(2):
        with pytest.raises((KeyError, ValueError)):
            messages._read_line(line)
    assert not KNOWN
