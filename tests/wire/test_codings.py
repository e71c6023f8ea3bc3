"""Content codings: all of them at every split, bombs, junk, cuts, chains."""

from __future__ import annotations

import gzip
import random
import sys
import types
import zlib
from typing import Callable, Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.wire import available_codings
from miniaxios.wire.available_codings import accept_encoding, supported_codings
from miniaxios.wire.codings import PIECE, Decoder, RatioGuard, decoder_for
from miniaxios.wire.errors import BadResponse, BodyTooLarge, Truncated


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush()


def two_members(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:])


FORMS: Dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": two_members,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "compress": gzip.compress,
    "x-compress": zlib.compress,
    "gzip, gzip": lambda data: gzip.compress(two_members(data)),
    "deflate, gzip": lambda data: gzip.compress(raw_deflate(data)),
    "gzip,identity,deflate": lambda data: zlib.compress(gzip.compress(data)),
}


def made(values: object) -> Decoder:
    decoder = decoder_for([values] if isinstance(values, str) else values)  # type: ignore[arg-type]
    assert decoder is not None
    return decoder


def drain(decoder: Decoder, pieces: List[bytes]) -> None:
    while True:
        piece = decoder.read()
        if not piece:
            return
        assert len(piece) <= PIECE
        pieces.append(piece)


def decode(values: object, data: bytes, step: int = 1 << 30) -> bytes:
    decoder = made(values)
    pieces: List[bytes] = []
    for at in range(0, len(data), step):
        decoder.feed(data[at : at + step])
        drain(decoder, pieces)
    decoder.finish()
    return b"".join(pieces)


PLAIN = [b"", b"a", b"hello world " * 400, random.Random(1).getrandbits(8 * 3000).to_bytes(3000, "big")]


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("plain", PLAIN, ids=["empty", "one", "text", "noise"])
def test_DECOMP_3_each_form_in_pieces_of_any_size(form: str, plain: bytes) -> None:
    coded = FORMS[form](plain)
    for step in (1, 2, 7, 1000, 1 << 30):
        assert decode(form, coded, step) == plain


@pytest.mark.parametrize("form", list(FORMS))
def test_DECOMP_3_at_every_split(form: str) -> None:
    coded = FORMS[form](b"hello, hello, hello")
    for at in range(len(coded) + 1):
        decoder = made(form)
        pieces: List[bytes] = []
        for data in (coded[:at], coded[at:]):
            decoder.feed(data)
            drain(decoder, pieces)
        decoder.finish()
        assert b"".join(pieces) == b"hello, hello, hello"


@given(st.sampled_from(sorted(FORMS)), st.binary(max_size=300), st.integers(1, 50))
@settings(max_examples=100, deadline=None)
def test_DECOMP_3_decoding_undoes_coding(form: str, plain: bytes, step: int) -> None:
    assert decode(form, FORMS[form](plain), step) == plain


@pytest.mark.parametrize("form", list(FORMS))
def test_DECOMP_3_an_empty_body_is_fine(form: str) -> None:
    decoder = made(form)
    assert decoder.read() == b""
    decoder.finish()
    assert decode(form, b"") == b""


@pytest.mark.parametrize("form", [form for form in FORMS if form != "x-gzip"])
def test_DECOMP_3_cut_anywhere(form: str) -> None:
    coded = FORMS[form](b"hello, hello, hello")
    for at in range(1, len(coded)):
        for step in (1, 1 << 30):
            with pytest.raises(Truncated):
                decode(form, coded[:at], step)


def test_DECOMP_3_cut_between_members_is_no_cut() -> None:
    first, second = gzip.compress(b"one"), gzip.compress(b"two")
    assert decode("gzip", first) == b"one"
    for at in range(1, len(second)):
        with pytest.raises(Truncated):
            decode("gzip", first + second[:at])


def test_DECOMP_3_a_bad_checksum_or_length() -> None:
    coded = gzip.compress(b"hello")
    for at in (-8, -4):
        broken = bytearray(coded)
        broken[at] ^= 1
        for step in (1, 1 << 30):
            with pytest.raises(BadResponse):
                decode("gzip", bytes(broken), step)
    broken = bytearray(zlib.compress(b"hello"))
    broken[-1] ^= 1
    with pytest.raises(BadResponse):
        decode("deflate", bytes(broken))


@pytest.mark.parametrize("form", ["gzip", "x-gzip", "deflate", "Deflate", "compress", "gzip, gzip", "deflate, gzip"])
@pytest.mark.parametrize("junk", [b"x", b"junk junk junk", b"\x1f\x8bjunk and more junk", b"\0junk"])
@pytest.mark.parametrize("step", [1, 3, 1 << 30])
def test_DECOMP_3_junk_behind_the_end(form: str, junk: bytes, step: int) -> None:
    with pytest.raises(BadResponse):
        decode(form, FORMS[form](b"hello") + junk, step)


@pytest.mark.parametrize("step", [1, 3, 1 << 30])
def test_DECOMP_3_padding_of_zeros_behind_gzip(step: int) -> None:
    coded = gzip.compress(b"hello")
    assert decode("gzip", coded + bytes(600), step) == b"hello"
    assert decode("gzip", coded + bytes(5) + coded, step) == b"hellohello"
    for bad in (bytes(20), bytes(5) + coded):
        with pytest.raises(BadResponse):
            decode("gzip", bad, step)


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("data", [b"plain text", b"\xff" * 50, b"{}", b"<html></html>", b"\x06\x07\x08"])
def test_what_is_not_coded_is_refused(form: str, data: bytes) -> None:
    with pytest.raises(BadResponse):
        decode(form, data)


@given(st.sampled_from(sorted(FORMS)), st.binary(max_size=80), st.integers(0, 40), st.integers(1, 81))
@settings(max_examples=200, deadline=None)
def test_DECOMP_3_any_bytes_give_bytes_or_BadResponse(form: str, data: bytes, keep: int, step: int) -> None:
    for coded in (data, FORMS[form](b"hello, hello")[:keep] + data):
        try:
            assert isinstance(decode(form, coded, step), bytes)
        except BadResponse:
            pass


def test_DECOMP_3_after_an_error_everything_is_an_error() -> None:
    decoder = made("gzip")
    decoder.feed(b"not gzip")
    for call in (decoder.read, decoder.read, decoder.finish, lambda: decoder.feed(b"x")):
        with pytest.raises(BadResponse):
            call()


def test_DECOMP_3_thousands_of_empty_members_end() -> None:
    assert decode("gzip", gzip.compress(b"") * 5000) == b""
    assert decode("gzip", gzip.compress(b"") * 500 + gzip.compress(b"x"), 7) == b"x"


def test_feeding_again_before_all_is_read_loses_nothing() -> None:
    plain = b"hello world " * 50_000
    coded = gzip.compress(plain)
    decoder = made("gzip")
    pieces = []
    for at in range(0, len(coded), 100):
        decoder.feed(coded[at : at + 100])
        pieces.append(decoder.read())
    drain(decoder, pieces)
    decoder.finish()
    assert b"".join(pieces) == plain


# -- bombs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gzip", "deflate", "Deflate"])
def test_DECOMP_1_a_bomb_comes_in_small_pieces(form: str) -> None:
    coded = FORMS[form](bytes(3_000_000))
    assert len(coded) < 4000
    decoder = made(form)
    decoder.feed(coded)
    assert 0 < len(decoder.read()) <= PIECE  # and here whoever pulls may stop
    assert decode(form, coded) == bytes(3_000_000)
    assert decode(form, coded, 100) == bytes(3_000_000)


def test_DECOMP_1_a_bomb_in_three_layers() -> None:
    coded = gzip.compress(gzip.compress(gzip.compress(bytes(10_000_000))))
    assert len(coded) < 500
    decoder = made("gzip, gzip, gzip")
    decoder.feed(coded)
    for _ in range(20):
        assert 0 < len(decoder.read()) <= PIECE


def test_DECOMP_1_a_bomb_that_only_blows_up_between_the_layers() -> None:
    # Empty stored blocks: a raw deflate stream of any length that decodes to nothing.
    inner = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0\0\0\xff\xff" * 200_000
    coded = b"".join(inner.compress(block) for _ in range(80)) + inner.flush()
    decoder = made("deflate, gzip")
    with pytest.raises(BodyTooLarge):
        for at in range(0, len(coded), 1000):
            decoder.feed(coded[at : at + 1000])
            assert decoder.read() == b""


def test_DECOMP_1_big_input_costs_linear_time() -> None:
    plain = random.Random(2).getrandbits(8 * 2_000_000).to_bytes(2_000_000, "big")
    assert decode("gzip", gzip.compress(plain, 1)) == plain


def test_DECOMP_1_the_ratio_guard() -> None:
    guard = RatioGuard()
    mib = 1024 * 1024
    guard.check(1, 64 * mib)
    guard.check(mib, 200 * mib)
    with pytest.raises(BodyTooLarge):
        guard.check(mib, 200 * mib + 1)
    with pytest.raises(BodyTooLarge):
        guard.check(1, 64 * mib + 1)
    with pytest.raises(BodyTooLarge):
        RatioGuard(floor=10, ratio=2).check(5, 11)


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [
    [], [""], ["identity"], ["identity, IDENTITY", ""], ["br-x"], ["gzip, unknown"], ["unknown", "gzip"], ["gzip;q=1"], ["gzip gzip"], ["x-br"],
    ["g\u017eip"],
])
def test_DECOMP_2_nothing_to_undo_or_unknown(values: List[str]) -> None:
    assert decoder_for(values) is None


@pytest.mark.parametrize("values", [
    ["GZIP"], [" gzip\t"], [",gzip,,"], ["identity", "gzip"], ["X-GZip"], ["gzip, identity"],
])
def test_DECOMP_2_spellings(values: List[str]) -> None:
    assert decode(values, gzip.compress(b"hello")) == b"hello"


def test_DECOMP_2_lines_are_one_list_and_the_last_is_undone_first() -> None:
    assert decode(["deflate", "gzip"], gzip.compress(zlib.compress(b"hello"))) == b"hello"
    with pytest.raises(BadResponse):
        decode(["gzip", "deflate"], gzip.compress(zlib.compress(b"hello")))


def test_DECOMP_2_five_codings_and_no_more() -> None:
    coded = b"hello"
    for _ in range(5):
        coded = gzip.compress(coded)
    assert decode(", ".join(["gzip"] * 5), coded) == b"hello"
    for values in ([", ".join(["gzip"] * 6)], ["gzip"] * 6, ["gzip, gzip"] * 3, ["unknown"] * 6, ["identity"] * 6):
        with pytest.raises(BadResponse):
            decoder_for(values)


def test_DECOMP_2_only_what_is_decoded_is_offered() -> None:
    assert supported_codings() is supported_codings()
    assert supported_codings()[:2] == ("gzip", "deflate")
    assert accept_encoding() == ", ".join(supported_codings())
    for name in supported_codings():
        assert decoder_for([name]) is not None


class FakeBrotli:
    """Its code: ``*`` is 100,000 zeros, ``.`` the end, ``!`` a fault. Of old: no bound on the output."""

    class error(Exception):
        pass

    def __init__(self) -> None:
        self.held = b""
        self.over = False

    def process(self, data: bytes) -> bytes:
        if b"!" in data or (self.over and data) or data.find(b".") not in (-1, len(data) - 1):
            raise self.error("broken")
        self.over = self.over or b"." in data
        return data.replace(b".", b"").replace(b"*", bytes(100_000))

    def is_finished(self) -> bool:
        return self.over


class FakeBoundedBrotli(FakeBrotli):
    """As of late: a bound, a rough one."""

    def process(self, data: bytes, output_buffer_limit: int = 0) -> bytes:
        self.held += super().process(data)
        out, self.held = self.held[: output_buffer_limit + 100], self.held[output_buffer_limit + 100 :]
        return out

    def can_accept_more_data(self) -> bool:
        return not self.held

    def is_finished(self) -> bool:
        return self.over and not self.held


@pytest.mark.parametrize("kind", [FakeBrotli, FakeBoundedBrotli])
@pytest.mark.parametrize("name", ["brotli", "brotlicffi"])
def test_DECOMP_1_brotli_in_both_generations(kind: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.ModuleType(name)
    fake.Decompressor = kind  # type: ignore[attr-defined]
    fake.error = FakeBrotli.error  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "brotli", None)
    monkeypatch.setitem(sys.modules, name, fake)
    monkeypatch.setattr(available_codings, "_supported", None)
    assert "br" in accept_encoding().split(", ")
    for step in (1, 7, 1 << 30):
        assert decode("br", b"hello*world**.", step) == b"hello" + bytes(100_000) + b"world" + bytes(200_000)
        assert decode("br, gzip", gzip.compress(b"a" * 50 + b"."), step) == b"a" * 50
        for bad in (b"hello!", b"hello", b"hello.x", b"hello*"):
            with pytest.raises(BadResponse):
                decode("br", bad, step)


@pytest.mark.skipif("zstd" not in supported_codings(), reason="needs Python 3.14")
def test_zstd() -> None:
    zstd = pytest.importorskip("compression.zstd")
    for plain in PLAIN:
        coded = zstd.compress(plain)
        for step in (1, 7, 1 << 30):
            assert decode("zstd", coded, step) == plain
            assert decode("zstd", coded + zstd.compress(b"more"), step) == plain + b"more"
            with pytest.raises(BadResponse):
                decode("zstd", coded + b"junk", step)
            if coded[:-1]:
                with pytest.raises(Truncated):
                    decode("zstd", coded[:-1], step)


@pytest.mark.skipif("br" not in supported_codings(), reason="needs the brotli module")
def test_real_brotli() -> None:
    brotli = pytest.importorskip("brotli")
    for plain in [*PLAIN, bytes(3_000_000)]:
        coded = brotli.compress(plain)
        for step in (1, 7, 1 << 30):
            assert decode("br", coded, step) == plain
            with pytest.raises(BadResponse):
                decode("br", coded + b"junk", step)


@given(st.binary(max_size=3000), st.integers(1, 400), st.integers(1, 500), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_pieces_of_any_size_make_the_whole(data: bytes, size: int, step: int, repeats: int) -> None:
    data *= repeats
    coded = gzip.compress(data)
    decoder = decoder_for(["gzip"])
    assert decoder is not None
    found = []
    for at in range(0, len(coded), step):
        decoder.feed(coded[at : at + step])
        while True:
            piece = decoder.read(size)
            if not piece:
                break
            assert len(piece) <= size
            found.append(piece)
    decoder.finish()
    assert b"".join(found) == data
