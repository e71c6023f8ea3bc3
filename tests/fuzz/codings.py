"""Content codings: gzip, deflate, raw deflate, what else the interpreter has, and chains of them."""

from __future__ import annotations

import gzip
import zlib

from miniaxios.wire.available_codings import supported_codings
from miniaxios.wire.codings import PIECE, decoder_for
from miniaxios.wire.errors import BadResponse

from .runner import Target, demand
from .source import Source, singles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Tuple

#: Decoded bytes after which a bomb is left alone.
_ENOUGH = 1 << 20


def _deflated(data: bytes, bits: int, source: Source) -> bytes:
    coder = zlib.compressobj(source.one((0, 1, 6, 9)), zlib.DEFLATED, bits)
    return (
        coder.compress(data) + (coder.flush(zlib.Z_FULL_FLUSH) if source.chance(0.2) else b"") + coder.flush()
    )


def _gzipped(data: bytes, source: Source) -> bytes:
    cut = source.below(len(data) + 1) if source.chance(0.2) else len(data)
    members = [_deflated(part, 31, source) for part in (data[:cut], data[cut:]) if part]
    return b"".join(members or [_deflated(b"", 31, source)]) + bytes(
        source.size(600) if source.chance(0.1) else 0
    )


def _brotli(data: bytes, source: Source) -> bytes:
    from importlib import import_module

    return bytes(import_module("brotli").compress(data, quality=source.one((0, 4))))


def _zstd(data: bytes, source: Source) -> bytes:
    from importlib import import_module

    return bytes(import_module("compression.zstd").compress(data))


_CODERS: Dict[str, Callable[[bytes, Source], bytes]] = {
    "gzip": _gzipped,
    "x-gzip": _gzipped,
    "compress": lambda data, source: _deflated(data, source.one((15, 31)), source),
    "deflate": lambda data, source: _deflated(data, source.one((15, -15)), source),
    "identity": lambda data, source: data,
    "br": _brotli,
    "zstd": _zstd,
}


def coded(source: Source, most: int = 3000) -> Tuple[List[str], bytes, bytes]:
    """``(codings, coded bytes, what they mean)``."""
    names = ["gzip", "gzip", "deflate", "x-gzip", "compress", "identity"]
    names += [name for name in ("br", "zstd") if name in supported_codings()]
    chain = [source.one(names) for _ in range(source.one((1, 1, 1, 2, 3, 5)))]
    plain = (
        source.bytes(most) if source.chance(0.5) else source.one((b"a", b"hello ", b"\0")) * source.size(most)
    )
    if source.chance(0.01):
        plain = bytes(source.size(5 << 20))
    made = plain
    for name in chain:
        made = _CODERS[name](made, source)
    return chain, made, plain


class Codings(Target):
    """The decoders alone. A case is the list of codings, a line feed, and the coded bytes."""

    name = "codings"

    def make(self, source: Source) -> bytes:
        chain, made, _ = coded(source)
        if source.chance(0.05):
            chain.append(source.one(("br", "zstd", "identity", "", "unknown", "GZIP")))
        return ", ".join(chain).encode() + b"\n" + source.spoiled(made)

    def check(self, data: bytes, source: Source) -> str:
        if source.chance(0.3):
            _round_trip(source)
        head, _, body = data.partition(b"\n")
        names = [head.decode("latin-1")]
        found = _decode(names, [body] if body else [])
        for pieces in (singles(body), source.pieces(body) if body else []):
            other = _decode(names, pieces)
            demand(_agree(found, other), "cuts make no difference", found, other)
        if found[0] == "whole":
            _compare(head, body, found[1])
        return str(found[0])


def _round_trip(source: Source) -> None:
    chain, made, plain = coded(source)
    if len(plain) <= _ENOUGH and (sum(name != "identity" for name in chain) < 2 or len(plain) < 10000):
        found = _decode([", ".join(chain)], source.pieces(made) if made else [])
        undone = found == ("whole", plain) or (found == ("not coded",) and set(chain) == {"identity"})
        demand(undone, "what was coded is decoded", chain, made, found)


def _decode(names: List[str], pieces: Iterable[bytes]) -> Tuple[Any, ...]:
    made = []
    size = 0
    try:
        decoder = decoder_for(names)
        if decoder is None:
            return ("not coded",)
        for piece in pieces:
            decoder.feed(piece)
            for got in iter(decoder.read, b""):
                demand(len(got) <= PIECE, "one pull gives a piece at most", len(got))
                made.append(got)
                size += len(got)
                if size > _ENOUGH:
                    return "enough", b"".join(made)[:_ENOUGH]
        decoder.finish()
    except BadResponse as error:
        return (type(error).__name__,)
    return "whole", b"".join(made)


def _agree(first: Any, second: Any) -> bool:
    if first == second:
        return True
    # Broken behind a great deal of output: which of the two shows first depends on the cuts.
    kinds = {first[0], second[0]}
    return "enough" in kinds and "whole" not in kinds


def _compare(head: bytes, body: bytes, ours: bytes) -> None:
    """One coding that we accept, the standard library accepts, and reads the same."""
    name = head.strip().lower()
    if name in (b"gzip", b"x-gzip") and body:
        demand(gzip.decompress(body) == ours, "gzip reads the same", body, ours)
    elif name == b"deflate" and body:
        bits = 15 if body[0] & 0x0F == 8 else -15
        demand(zlib.decompress(body, bits) == ours, "zlib reads the same", body, ours)
