from __future__ import annotations

import re
import string
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.percent import decode_form, encode_form, encode_param, scalar_text

ALPHANUMERIC = string.ascii_letters + string.digits
PARAM_BARE = ALPHANUMERIC + "-_.!~*'():$,"
FORM_BARE = ALPHANUMERIC + "-_.*"

CLASSES = {
    "letters and digits": ALPHANUMERIC,
    "marks": "-_.!~*'()",
    "put back by axios": ":$,",
    "reserved": "/?&=#%+@;",
    "brackets": "[]{}",
    "unwise": '"<>\\^`|',
    "controls": "\x00\x01\t\n\r\x1f\x7f",
    "latin": "\u00e9\u00df\u00a0",
    "digits that are not ASCII": "\u0661\u0662\uff11",
    "wide": "\u65e5\u672c",
    "astral": "\U0001f600",
    "separators": "\u2028\ufeff",
}


@pytest.mark.parametrize("characters", CLASSES.values(), ids=list(CLASSES))
@pytest.mark.parametrize("encode, bare", [(encode_param, PARAM_BARE), (encode_form, FORM_BARE)])
def test_every_character_class(characters: str, encode, bare: str) -> None:  # type: ignore[no-untyped-def]
    for character in characters:
        escaped = "".join(f"%{byte:02X}" for byte in character.encode())
        for text in (character, "a" + character, character + "\u00e9"):
            own = character if character in bare else escaped
            assert encode(text) == text.replace(character, own).replace("\u00e9", "%C3%A9")


@pytest.mark.parametrize("encode", [encode_param, encode_form])
def test_a_space_is_a_plus_and_a_plus_is_escaped(encode) -> None:  # type: ignore[no-untyped-def]
    assert encode(" + ") == "+%2B+"
    assert encode("\u00e9 +") == "%C3%A9+%2B"
    assert encode("") == ""


def test_all_of_ascii_against_the_sets() -> None:
    for number in range(128):
        character = chr(number)
        for encode, bare in ((encode_param, PARAM_BARE), (encode_form, FORM_BARE)):
            expected = "+" if character == " " else character if character in bare else f"%{number:02X}"
            assert encode(character) == expected


@given(st.text())
def test_both_encoders_are_read_back_by_the_standard_library(text: str) -> None:
    assert unquote_plus(encode_param(text)) == text
    assert unquote_plus(encode_form(text)) == text


@given(st.text())
def test_what_is_written_is_safe_in_a_query(text: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9\-_.!~*'():$,+]|%[0-9A-F]{2})*", encode_param(text))
    assert re.fullmatch(r"(?:[A-Za-z0-9\-_.*+]|%[0-9A-F]{2})*", encode_form(text))


@given(st.text(), st.text())
def test_encoding_goes_character_by_character(left: str, right: str) -> None:
    assert encode_param(left) + encode_param(right) == encode_param(left + right)


@given(st.text())
def test_decode_form_reads_what_encode_form_wrote(text: str) -> None:
    assert decode_form(encode_form(text)) == text


@pytest.mark.parametrize(
    "text, read",
    [
        ("a+b", "a b"),
        ("%41%4a%4A", "AJJ"),
        ("100%", "100%"),
        ("%4", "%4"),
        ("%zz%", "%zz%"),
        ("% 41", "% 41"),
        ("%\u0661\u0661", "%\u0661\u0661"),
        ("%ff", "\ufffd"),
        ("%e6%97%a5", "\u65e5"),
        ("\u00e9%41", "\u00e9A"),
        ("%2B%20", "+ "),
    ],
)
def test_decode_form_leaves_bad_escapes(text: str, read: str) -> None:
    assert decode_form(text) == read


@given(st.text(alphabet="%+aF0\u00e9"))
def test_decode_form_agrees_with_the_standard_library(text: str) -> None:
    assert decode_form(text) == unquote_plus(text, errors="replace")


@pytest.mark.parametrize("encode", [encode_param, encode_form])
@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "secret\ud800"])
def test_a_lone_surrogate_is_an_error_that_shows_nothing(encode, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AxiosError) as caught:
        encode(text)
    assert caught.value.code == "ERR_BAD_REQUEST"
    assert "secret" not in repr(caught.value) and caught.value.cause is None


@given(st.text(alphabet=st.characters()))
def test_scalar_text_can_always_be_encoded(text: str) -> None:
    made = scalar_text(text)
    made.encode()
    assert scalar_text(made) == made


def test_scalar_text_joins_pairs_and_replaces_the_lone() -> None:
    assert scalar_text("\ud83d\ude00") == "\U0001f600"
    assert scalar_text("a\ud83d.\ude00") == "a\ufffd.\ufffd"
