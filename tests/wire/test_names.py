"""Names of headers: what is a token, and what is kept of strangers' names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.wire.names import TOKEN, _Names, _PeerNames, is_token

NEARLY = st.text(st.sampled_from("aZ09!~-_|`^ \t\r\n:\x00\x7f\x80\xe9\u0130\u2028,;=()<>@[]{}/?\"\\"), max_size=6)


class Liar(str):
    """Says that it is something else."""

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def strip(self, *_: object) -> str:
        return ""


@settings(max_examples=500)
@given(st.text(max_size=8) | NEARLY)
def test_law_a_token_is_what_the_pattern_says(text: str) -> None:
    assert is_token(text) is is_token(Liar(text)) is (re.fullmatch(TOKEN, text) is not None)


def test_every_character() -> None:
    for number in range(0x300):
        character = chr(number)
        expected = re.fullmatch(TOKEN, character) is not None
        assert is_token(character) is is_token("a" + character + "a") is is_token(character * 3) is expected


@pytest.mark.parametrize("thing", [None, b"a", 5, ["a"]])
def test_what_is_no_text_is_an_error(thing: object) -> None:
    with pytest.raises(TypeError):
        is_token(thing)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [_Names, _PeerNames])
def test_names_are_kept_within_bounds(kind: type) -> None:
    names = kind()
    for number in range(3 * names.MOST):
        assert names["X-%d" % number] == "x-%d" % number
        assert 0 < len(names) <= names.MOST
    before = len(names)
    assert names["A" * (names.LONGEST + 1)] == "a" * (names.LONGEST + 1)
    assert len(names) == before


def test_a_peers_name_is_a_token() -> None:
    assert _Names()["A b"] == "a b"
    with pytest.raises(KeyError):
        _PeerNames()["A b"]
