"""Where bodies end: every framing, at every split, and what must not pass as one."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.wire.errors import BadResponse, Truncated
from miniaxios.wire.framing import Chunked, FixedLength, Framing, NoBody, UntilClose, framing_for
from miniaxios.wire.messages import parse_response_head


def run(framing: Framing, data: bytes, step: int = 1 << 30) -> bytes:
    out = [framing.decode(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join(out)


def chosen(block: bytes, method: str = "GET", status: int = 200, version: bytes = b"1.1") -> Framing:
    return framing_for(method, parse_response_head(b"HTTP/%s %d X\r\n" % (version, status) + block + b"\r\n"))


# -- the choice --------------------------------------------------------------------------------------


@pytest.mark.parametrize("block, kind", [
    (b"", UntilClose), (b"Content-Length: 5\r\n", FixedLength), (b"Transfer-Encoding: chunked\r\n", Chunked),
    (b"Transfer-Encoding: CHUNKED \r\n", Chunked), (b"Content-Length: 0\r\n", FixedLength),
])
def test_the_choice(block: bytes, kind: type) -> None:
    assert type(chosen(block)) is kind


@pytest.mark.parametrize("block, length", [
    (b"Content-Length: 5\r\n", 5), (b"Content-Length: 5\r\ncontent-length: 5\r\n", 5), (b"Content-Length: 5, 5\r\n", 5),
    (b"Content-Length: 5 ,\t5\r\n", 5), (b"Content-Length: 00000000000000000005\r\n", 5),
    (b"Content-Length: " + b"9" * 20 + b"\r\n", 10**20 - 1),
])
def test_FRAME_2_content_length(block: bytes, length: int) -> None:
    framing = chosen(block)
    assert isinstance(framing, FixedLength) and framing.remaining == length


@pytest.mark.parametrize("method, status", [("GET", 200), ("HEAD", 200), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("value", [
    b"+5", b"-5", b"1_0", b"5, 6", b"5,", b",5", b"0x5", "\u0665".encode(), b"", b" ", b"1" * 21, b"5" * 5000, b"5 5", b"5.0", b"5\r\nContent-Length: 10",
    b"\xb2", b"5; x", b"5, 05",
])
def test_FRAME_2_refused(value: bytes, method: str, status: int) -> None:
    with pytest.raises(BadResponse):
        chosen(b"Content-Length: " + value + b"\r\n", method, status)


@pytest.mark.parametrize("block, version", [
    (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"1.1"),
    (b"Transfer-Encoding: gzip, chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked, gzip\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked, chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: xchunked\r\n", b"1.1"),
    (b"Transfer-Encoding: \xc3\x97chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked;q=1\r\n", b"1.1"),
    (b"Transfer-Encoding: identity\r\n", b"1.1"),
    (b"Transfer-Encoding:\r\n", b"1.1"),
    (b"Transfer-Encoding: ,chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: \"chunked\"\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked\r\n", b"1.0"),
])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_FRAME_3_refused(block: bytes, version: bytes, method: str) -> None:
    with pytest.raises(BadResponse):
        chosen(block, method, version=version)


@pytest.mark.parametrize("block", [b"", b"Content-Length: 45\r\n", b"Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("method, status", [
    ("HEAD", 200), ("HEAD", 404), ("GET", 204), ("GET", 304), ("POST", 204), ("GET", 103), ("GET", 100), ("CONNECT", 200), ("CONNECT", 204),
])
def test_FRAME_7_bodiless(method: str, status: int, block: bytes) -> None:
    framing = chosen(block, method, status)
    assert type(framing) is NoBody and framing.done
    assert framing.decode(b"EVIL") == b"" and framing.rest == b"EVIL"
    framing.end_of_input()


def test_FRAME_7_connect() -> None:
    assert type(chosen(b"Content-Length: 3\r\nTransfer-Encoding: x\r\n", "CONNECT")) is NoBody
    assert type(chosen(b"Content-Length: 3\r\n", "CONNECT", 407)) is FixedLength


@pytest.mark.parametrize("method", ["GET", "CONNECT", "HEAD"])
def test_FRAME_8_switching_protocols(method: str) -> None:
    with pytest.raises(BadResponse):
        chosen(b"", method, 101)


# -- the simple framings -----------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_fixed_length(step: int) -> None:
    framing = FixedLength(5)
    assert run(framing, b"hello", step) == b"hello"
    assert framing.done and framing.rest == b"" and framing.remaining == 0
    assert run(framing, b"EVIL", step) == b"" and framing.rest == b"EVIL"
    framing = FixedLength(5)
    assert run(framing, b"helloEVIL", step) == b"hello" and framing.rest == b"EVIL" and framing.done
    framing.end_of_input()


def test_fixed_length_does_not_copy() -> None:
    data = b"x" * 1000
    framing = FixedLength(3000)
    assert framing.decode(data) is data and framing.remaining == 2000


@pytest.mark.parametrize("count", range(5))
def test_FRAME_9_fixed_length_cut(count: int) -> None:
    framing = FixedLength(5)
    framing.decode(b"x" * count)
    with pytest.raises(Truncated):
        framing.end_of_input()


def test_an_empty_body_is_done_at_once() -> None:
    framing = FixedLength(0)
    assert framing.done and framing.decode(b"EVIL") == b"" and framing.rest == b"EVIL"
    framing.end_of_input()


def test_until_close() -> None:
    framing = UntilClose()
    assert run(framing, b"hello", 2) == b"hello" and not framing.done
    framing.end_of_input()
    assert framing.done and framing.rest == b""


# -- chunked -----------------------------------------------------------------------------------------


def split(data: bytes, at: int) -> Tuple[bytes, Chunked]:
    framing = Chunked()
    body = framing.decode(data[:at])
    return body + framing.decode(data[at:]), framing


WHOLE = b"5\r\nhello\r\n0A;x=\"y\"\r\n, \r\n world\r\n1\r\n!\r\n000\r\nX-T: 1\r\nx-t:  2 \r\n\r\n"
BODY = b"hello, \r\n world!"


def test_FRAME_4_chunked_at_every_split() -> None:
    data = WHOLE + b"HTTP/1.1 200 EVIL"
    for at in range(len(data) + 1):
        body, framing = split(data, at)
        assert (body, framing.done, framing.rest) == (BODY, True, b"HTTP/1.1 200 EVIL")
        assert framing.trailers == [("X-T", "1"), ("x-t", "2")]
        framing.end_of_input()
    for step in range(1, 9):
        framing = Chunked()
        assert run(framing, data, step) == BODY and framing.rest == b"HTTP/1.1 200 EVIL"


def test_FRAME_9_chunked_cut_anywhere_but_at_the_end() -> None:
    for at in range(len(WHOLE)):
        for step in (1, 1 << 30):
            framing = Chunked()
            assert BODY.startswith(run(framing, WHOLE[:at], step))
            assert not framing.done
            with pytest.raises(Truncated):
                framing.end_of_input()


BAD_CHUNKS = [
    b"-5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b" 5 \r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n", b"1_0\r\nhello\r\n0\r\n\r\n", b"F" * 17 + b"\r\nhello", b"0" * 17 + b"\r\n\r\n", b"5\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n", b"5\r\nHELLOXX0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhello\r\n0\n\n", b"5\r\nhello\r\n0\n\r\n",
    b"5\r\nhello\r\n0\r\n\n", b"5\r\nhello\r\n0\r\nA: b\n\r\n", b"5\r\nhello\r\n0\r\nA: b\r\n\n", b"\r\n5\r\nhello\r\n0\r\n\r\n", b";x\r\n\r\n",
    b"5;a\rb\r\nhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;a\0b\r\nhello\r\n0\r\n\r\n", b"5\r\r\nhello\r\n0\r\n\r\n",
    b"5 ;a\r\nhello\r\n0\r\n\r\n", "\u0665\r\nhello\r\n0\r\n\r\n".encode(), b"5,5\r\nhello\r\n0\r\n\r\n", b"G\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nno colon\r\n\r\n", b"5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n", b"5\r\nhello\r\n0\r\nA : b\r\n\r\n",
    b"5\r\nhello\r\n0\r\nA: \0\r\n\r\n", b"5\r\nhello\r\n0\r\nA: b\rC: d\r\n\r\n", b"<html>\r\n",
]


@pytest.mark.parametrize("data", BAD_CHUNKS)
@pytest.mark.parametrize("step", [1, 2, 3, 1 << 30])
def test_FRAME_4_refused(data: bytes, step: int) -> None:
    with pytest.raises(BadResponse):
        framing = Chunked()
        run(framing, data, step)
        framing.end_of_input()  # some of them are the beginning of a line for ever


def test_FRAME_4_sixteen_digits_are_a_size() -> None:
    framing = Chunked()
    assert framing.decode(b"FFFFFFFFFFFFFFFF\r\nx") == b"x"
    assert Chunked().decode(b"000000000000000A\r\n0123456789\r\n") == b"0123456789"


def test_a_chunk_that_spans_all_of_the_data_is_not_copied() -> None:
    framing = Chunked()
    assert framing.decode(b"2000\r\n") == b""
    data = b"x" * 4096
    assert framing.decode(data) is data and framing.decode(data) is data
    assert framing.decode(b"\r\n0\r\n\r\n") == b"" and framing.done


@pytest.mark.parametrize("step", [1000, 1 << 30])
def test_FLOOD_3_chunk_lines_are_bounded(step: int) -> None:
    fine = b"5;" + b"x" * 4000 + b"\r\nhello\r\n0\r\n\r\n"
    assert run(Chunked(), fine, step) == b"hello"
    for bad in (b"5;" + b"x" * 70000 + b"\r\nhello\r\n", b"5;" + b"x" * 4096 + b"\r\nhello\r\n", b"5" * 5000, b"5;" + b"x" * 5000):
        with pytest.raises(BadResponse):
            run(Chunked(), bad, step)


@pytest.mark.parametrize("line", [b"1;" + b"x" * 4000, b"1;x"])
def test_FLOOD_3_the_sum_of_extensions_is_bounded(line: bytes) -> None:
    few = (line + b"\r\nx\r\n") * 10
    assert run(Chunked(), few) == b"x" * 10
    framing = Chunked()
    with pytest.raises(BadResponse, match="extensions"):
        for _ in range(100_000):
            framing.decode(few)


def test_FLOOD_3_small_chunks_and_small_pieces_cost_linear_time() -> None:
    many = 50_000
    data = b"1\r\nX\r\n" * many + b"0\r\n\r\n"
    framing = Chunked()
    assert framing.decode(data) == b"X" * many and framing.done
    framing = Chunked()
    assert run(framing, data, 1) == b"X" * many and framing.done
    framing = Chunked()  # held and searched again at each byte, this would take minutes
    with pytest.raises(BadResponse):
        run(framing, (b"1;" + b"x" * 4000 + b"\r\nX\r\n") * 100, 1)


def test_FLOOD_2_trailers_are_bounded() -> None:
    honest = b"0\r\n" + b"A: b\r\n" * 1000 + b"\r\n"
    framing = Chunked()
    assert run(framing, honest, 100) == b"" and len(framing.trailers) == 1000
    for piece in (b"A: b\r\n" * 100, b"A" * 1000):
        framing = Chunked()
        framing.decode(b"0\r\n")
        with pytest.raises(BadResponse):
            for _ in range(10_000):
                framing.decode(piece)
    for section in (b"A: b\r\n" * 1001, b"A: " + b"b" * 70_000 + b"\r\n"):
        with pytest.raises(BadResponse):
            Chunked().decode(b"0\r\n" + section + b"\r\n")


def test_FLOOD_4_a_drip_of_trailers_is_linear() -> None:
    section = b"A: " + b"b" * 60_000 + b"\r\n"
    framing = Chunked()
    run(framing, b"0\r\n" + section * 3 + b"\r\n", 1)
    assert framing.done and len(framing.trailers) == 3


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=6), st.data())
@settings(max_examples=150, deadline=None)
def test_FRAME_4_encoded_then_decoded_is_the_same(pieces: List[bytes], data: st.DataObject) -> None:
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(coded)), max_size=6)))
    framing = Chunked()
    parts = [framing.decode(coded[start:end]) for start, end in zip([0, *cuts], [*cuts, len(coded)])]
    assert b"".join(parts) == b"".join(pieces)
    assert framing.done and framing.rest == b"" and framing.trailers == []


@given(st.one_of(st.binary(max_size=40), st.text("015aF;x\r\n: ", max_size=40).map(str.encode)), st.integers(1, 41))
@settings(max_examples=200, deadline=None)
def test_FRAME_4_any_bytes_and_any_pieces_give_the_same(data: bytes, step: int) -> None:
    def outcome(size: int) -> object:
        framing = Chunked()
        try:
            body = run(framing, data, size)
            framing.end_of_input()
        except BadResponse:
            return BadResponse
        return body, framing.rest, framing.trailers

    assert outcome(step) == outcome(1 << 30)
