"""Which charset a body is in, and decoding that never fails."""

from __future__ import annotations

import codecs
import time
from typing import Any, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import charsets
from miniaxios.charsets import charset_of, decode_body, find_codec, text_decoder
from miniaxios.errors import AxiosError

find_codec("utf-8")
ALL_CODECS = sorted(set(charsets._codecs.values()))


@pytest.mark.parametrize("codec", ALL_CODECS)
def test_listed_codecs_are_text_codecs(codec: str) -> None:
    assert codecs.lookup(codec)._is_text_encoding  # type: ignore[attr-defined]
    assert find_codec(codec) == codec


@pytest.mark.parametrize(
    "name",
    "idna punycode unicode_escape raw_unicode_escape hex base64 rot13 zlib undefined mbcs utf-7 palmos"
    " utf-8\0 utf--8x nonsense".split()
    + ["", " ", "u" * 100_000, "utf-8" + "\u0661", "utf8\u200b", None, 8, b"utf-8"],
)
def test_DATA_2_names_off_the_list(name: Any) -> None:
    assert find_codec(name) is None


@pytest.mark.parametrize(
    "name, codec",
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("Latin1", "latin-1"),
        ("ISO-8859-1", "latin-1"),
        ("iso_8859-15", "iso8859-15"),
        ("windows-1251", "cp1251"),
        ("Shift_JIS", "shift_jis"),
        ("EUC-JP", "euc_jp"),
        ("GB18030", "gb18030"),
        ("Big5", "big5"),
        ("KOI8-R", "koi8-r"),
        ("macintosh", "mac-roman"),
        ("utf-16", "utf-16-le"),
        ("ucs2", "utf-16-le"),
        ("US-ASCII", "ascii"),
    ],
)
def test_names(name: str, codec: str) -> None:
    assert find_codec(name) == codec


@pytest.mark.parametrize(
    "content_type, charset",
    [
        (None, None),
        ("", None),
        ("text/html", None),
        ("text/html; charset=utf-8", "utf-8"),
        ("text/html;CHARSET=Latin1", "Latin1"),
        ('text/html; charset="utf-8"; x=y', "utf-8"),
        ("text/html; charset='utf-8'", "utf-8"),
        ('text/html; a="; charset=x"; charset=utf-8', "utf-8"),
        ('text/html; a="\\";charset=x"; charset=utf-8', "utf-8"),
        ("text/html; charset=a; charset=b", "a"),
        ("text/html; charset=", None),
        ("text/html; charset", None),
        ("text/html; xcharset=a", None),
        ("charset=a", None),
        ('text/html; a="unclosed; charset=x', None),
        ("text/html ; charset = utf-8 ", "utf-8"),
    ],
)
def test_charset_of(content_type: Any, charset: Any) -> None:
    assert charset_of(content_type) == charset


@pytest.mark.parametrize(
    "data, content_type, encoding, text",
    [
        (b"", None, None, ""),
        ("é".encode(), None, None, "é"),
        (b"\xe9", "text/plain; charset=latin1", None, "é"),
        (b"\xe9", "text/plain; charset=utf-8", "latin1", "é"),
        (b"a\xffb", None, None, "a\ufffdb"),
        (b"\xe9", "text/plain; charset=us-ascii", None, "\ufffd"),
        ("é".encode(), "text/plain; charset=unheard-of", None, "é"),
        ("é".encode(), "text/plain; charset=idna", None, "é"),
        (b"\xef\xbb\xbfx", None, None, "x"),
        (b"\xef\xbb\xbf\xef\xbb\xbfx", None, None, "\ufeffx"),
        (b"\xef\xbb\xbf\xc3\xa9", "text/plain; charset=latin1", None, "é"),
        (b"\xef\xbb\xbfx", None, "latin1", "ï»¿x"),
        (b"\xff\xfex\0", None, None, "x"),
        (b"\xfe\xff\0x", "text/plain; charset=utf-16", None, "x"),
        (b"\xfe\xff\0x", None, "utf-16", "x"),
        (b"\xff\xfex\0", "text/plain; charset=utf-16be", None, "x"),
        (b"x\0", "text/plain; charset=utf-16", None, "x"),
        (b"\0x", "text/plain; charset=utf-16be", None, "x"),
        (b"\xff\xfe\0\0x\0\0\0", None, None, "x"),
        (b"\xff\xfe", "text/plain; charset=latin1", None, "ÿþ"),
        ("日本".encode("shift_jis"), "text/plain; charset=Shift_JIS", None, "日本"),
        ("日本".encode("gb18030"), "text/plain; charset=gb2312", "gb18030", "日本"),
        (bytearray(b"\xef\xbb\xbfx"), None, None, "x"),
        (memoryview(b"abc"), None, None, "abc"),
    ],
)
def test_decode_body(data: Any, content_type: Any, encoding: Any, text: str) -> None:
    assert decode_body(data, content_type, encoding) == text
    decoder = text_decoder(content_type, encoding)
    assert (
        "".join([decoder.decode(bytes([byte])) for byte in bytes(data)]) + decoder.decode(b"", True) == text
    )


@pytest.mark.parametrize("name", ["hex", "nonsense", "", 8, True, b"utf-8", "x" * 50])
def test_unknown_response_encoding(name: Any) -> None:
    for decode in (lambda: decode_body(b"x", None, name), lambda: text_decoder(None, name)):
        with pytest.raises(AxiosError) as caught:
            decode()
        assert caught.value.code == "ERR_BAD_OPTION_VALUE"
        assert "response_encoding" in caught.value.message


def test_text_is_not_held_back_when_it_can_be_no_mark() -> None:
    decoder = text_decoder()
    assert decoder.decode(b"a") == "a"
    assert decoder.decode(b"\xc3") == ""
    assert decoder.decode(b"\xa9") == "é"


def pieces(data: bytes, cuts: List[int]) -> List[bytes]:
    made = []
    for cut in cuts:
        made.append(data[:cut])
        data = data[cut:]
    return [*made, data]


AWKWARD = st.lists(
    st.sampled_from(
        [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0", b"\0\0", b"\x1b$B", b"\x81", b"\xed\xa0", b"a"]
    )
    | st.binary(max_size=4),
    max_size=6,
).map(b"".join)


@settings(max_examples=200, deadline=None)
@given(AWKWARD, st.lists(st.integers(0, 4), max_size=8), st.sampled_from([None, *ALL_CODECS]), st.booleans())
def test_law_any_split_decodes_as_the_whole(
    data: bytes, cuts: List[int], codec: Any, by_caller: bool
) -> None:
    content_type = None if codec is None or by_caller else "text/plain; charset=" + codec
    encoding = codec if by_caller else None
    decoder = text_decoder(content_type, encoding)
    text = "".join([decoder.decode(piece) for piece in pieces(data, cuts)]) + decoder.decode(b"", True)
    assert text == decode_body(data, content_type, encoding)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_law_utf_8_round_trip(text: str) -> None:
    assert (
        decode_body(b"\xef\xbb\xbf" + text.encode("utf-8", "replace"))
        == text.encode("utf-8", "replace").decode()
    )


@pytest.mark.parametrize("piece", [";", '"', '\\"', ';a="', "charset", " ", "=", ';charset="\\'])
def test_CPU_1_hostile_content_types(piece: str) -> None:
    content_type = "text/html;charset" + piece * (1_000_000 // len(piece))
    begun = time.process_time()
    charset_of(content_type)
    assert time.process_time() - begun < 1
