"""Source: the dice of one case, and what can be done to bytes with them."""

from __future__ import annotations

from random import Random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Sequence, TypeVar

    T = TypeVar("T")

#: Parts the fields of a case that has several. No valid UTF-8, so no text has it by chance.
PART = b"\xfe\xff\xfe"

NUMBERS = (
    "0", "1", "2", "10", "00", "007", "-1", "+1", "1.0", "1e3", "0x10", " 5", "5 ", "5, 5", "5,6", "1_0",
    "99999999999999999999", "999999999999999999999", "4294967296", "9223372036854775808",
    "18446744073709551616",
    "\u0661\u0662", "\uff15", "\u00b2", "9" * 400, "",
)  # fmt: skip

#: Bytes that mean something to somebody.
TOKENS: Sequence[bytes] = (
    b"\r", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r\n", b"\0", b"\t", b" ", b"\x0b", b"\x0c", b"\x1c",
    b"\x7f",
    b"\x85", b"\xa0", b"\xff", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
    b":", b";", b",", b"=", b'"', b"'", b"\\", b"/", b"//", b"?", b"#", b"@", b"[", b"]", b"%", b"%00",
    b"%0d%0a", b"%2e", b"..",
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 ", b"HTTP/2 ", b"ICY 200 OK\r\n",
    b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Content-Encoding: gzip\r\n", b"Location: /\r\n", b" folded\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n",
    b"ffffffffffffffff\r\n",
    b"\x1f\x8b\x08", b"\x78\x9c", b"__proto__", b"constructor", b"\xd9\xa3", b"\xef\xbc\x95",
) + tuple(number.encode() for number in NUMBERS)  # fmt: skip

WORDS = (
    "a", "b", "name", "x-y", "Session", "token", "value", "caf\u00e9", "\u65e5\u672c", "\U0001f600", "A_b",
    "0", "null",
)  # fmt: skip


class Source:
    """The dice of one case: the same key gives the same throws, on every machine."""

    def __init__(self, *key: object) -> None:
        self.random = Random(":".join(map(str, key)))

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random.random() < probability

    def one(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[int(self.random.random() * len(options))]

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit - 1``; 0 where there is none."""
        return int(self.random.random() * limit)

    def size(self, most: int) -> int:
        """A number from 0 to ``most``, small ones more often: all orders of magnitude count alike."""
        return min(most, int((most + 1) ** self.random.random()) - 1)

    def some(self, make: Callable[[], T], most: int) -> List[T]:
        """Up to ``most`` things, each made by ``make``."""
        return [make() for _ in range(self.size(most))]

    def bytes(self, most: int = 64) -> bytes:
        """Any bytes."""
        count = self.size(most)
        return self.random.getrandbits(8 * count).to_bytes(count, "big") if count else b""

    def text(self, most: int = 24) -> str:
        """Mostly letters, sometimes words, seldom characters of any kind."""
        kind = self.below(4)
        if kind == 0:
            return "".join(self.one(WORDS) for _ in range(1 + self.size(3)))
        if kind == 1:
            return "".join(
                chr(self.one((self.below(0x80), self.below(0x800), self.below(0xD800))))
                for _ in range(self.size(most))
            )
        return "".join(
            self.one("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._~ ") for _ in range(self.size(most))
        )

    def number(self) -> str:
        """What may stand where a number is expected."""
        return self.one(NUMBERS) if self.chance(0.3) else str(self.size(100000))

    # -- spoiling --------------------------------------------------------------------------------------

    def spoiled(self, data: bytes, tokens: Sequence[bytes] = TOKENS, probability: float = 0.7) -> bytes:
        """``data`` after some accidents, or as it is."""
        if not self.chance(probability):
            return data
        for _ in range(1 + self.size(5)):
            data = self.one(_ACCIDENTS)(self, data, tokens)
        return data

    def pieces(self, data: bytes) -> List[bytes]:
        """``data`` cut at random places; never an empty piece."""
        cuts = sorted({self.below(len(data)) for _ in range(1 + self.size(12))} | {0, len(data)})
        return [data[start:end] for start, end in zip(cuts, cuts[1:])]


def singles(data: bytes, most: int = 2500) -> List[bytes]:
    """``data`` byte by byte; what is long, only at its beginning and its end."""
    if len(data) <= most:
        return [data[at : at + 1] for at in range(len(data))]
    half = most // 2
    return [*singles(data[:half], most), data[half:-half], *singles(data[-half:], most)]


def _flip(source: Source, data: bytes, tokens: Any) -> bytes:
    at = source.below(len(data))
    return data[:at] + bytes(byte ^ (1 << source.below(8)) for byte in data[at : at + 1]) + data[at + 1 :]


def _overwrite(source: Source, data: bytes, tokens: Any) -> bytes:
    at = source.below(len(data))
    return data[:at] + bytes((source.below(256),)) + data[at + 1 :]


def _delete(source: Source, data: bytes, tokens: Any) -> bytes:
    at = source.below(len(data))
    return data[:at] + data[at + 1 + source.size(len(data) // 2) :]


def _insert(source: Source, data: bytes, tokens: Sequence[bytes]) -> bytes:
    at = source.below(len(data) + 1)
    return data[:at] + source.one(tokens) + data[at:]


def _replace(source: Source, data: bytes, tokens: Sequence[bytes]) -> bytes:
    at = source.below(len(data))
    token = source.one(tokens)
    return data[:at] + token + data[at + source.one((1, len(token))) :]


def _duplicate(source: Source, data: bytes, tokens: Any) -> bytes:
    at = source.below(len(data))
    piece = data[at : at + 1 + source.size(60)]
    return data[:at] + piece * (2 + source.size(6)) + data[at + len(piece) :]


def _flood(source: Source, data: bytes, tokens: Sequence[bytes]) -> bytes:
    """A great many of something; seldom, since it takes its time."""
    if not source.chance(0.1):
        return _insert(source, data, tokens)
    at = source.below(len(data) + 1)
    token = source.one(tokens)[:40] or b"x"
    return data[:at] + token * (1 + source.size(300000 // len(token))) + data[at:]


def _splice(source: Source, data: bytes, tokens: Any) -> bytes:
    """The beginning up to one place, and on from another."""
    return data[: source.below(len(data) + 1)] + data[source.below(len(data) + 1) :]


def _truncate(source: Source, data: bytes, tokens: Any) -> bytes:
    return data[: source.below(len(data) + 1)]


_ACCIDENTS = (
    _flip, _overwrite, _delete, _insert, _insert, _replace, _replace, _duplicate, _flood, _splice,
    _truncate,
)  # fmt: skip
