"""``data:`` URLs: a response that is written in the URL itself (RFC 2397, WHATWG Fetch).

Rules of the room: linear time, whatever the length; sizes are judged before anything is decoded.
"""

from __future__ import annotations

import re

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

DEFAULT_TYPE = "text/plain;charset=US-ASCII"

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TYPE = re.compile(f"{_TOKEN}/{_TOKEN}[ \t]*(?:;[\t\x20-\x7e]*)?\\Z")
_BLANKS = " \t\r\n\f"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_FOREIGN = bytes(set(range(256)) - set(_ALPHABET) - set(b"-_"))
_HEX = b"0123456789ABCDEFabcdef"


def is_data_url(url: str) -> bool:
    """Whether the scheme is ``data``, in any letter case."""
    return url[:5].lower() == "data:"


def parse_data_url(url: str, max_content_length: Optional[float] = -1) -> Tuple[str, bytes]:
    """``(media_type, data)`` of a ``data:`` URL.

    ``media_type`` is as written, ``text/plain;charset=US-ASCII`` when it is missing or is none. A
    ``#`` and what follows is data, and base64 is read as Node reads it: also the URL-safe alphabet,
    without padding, foreign characters skipped (axios).
    ``max_content_length``: bytes after decoding; None or negative is no limit.

    Raises AxiosError: ``ERR_BAD_REQUEST`` (``Invalid URL``) when it is no ``data:`` URL or lacks
    the comma, ``ERR_BAD_RESPONSE`` when the data is longer than the limit.
    """
    head, comma, body = url.partition(",")
    if not comma or not is_data_url(head):
        raise AxiosError("Invalid URL", AxiosError.ERR_BAD_REQUEST)
    media_type, coded = _split_coding(head[5:].strip(_BLANKS))
    limit = -1 if max_content_length is None else max_content_length
    raw = body.encode("utf-8", "replace")
    # Each escape turns three bytes into one: the data can't be shorter than this.
    if not coded:
        _check_length(len(raw) - 2 * raw.count(b"%"), limit)
    data = _unescape(raw)
    if coded:
        data = _from_base64(data, limit)
    _check_length(len(data), limit)
    return media_type, data


def _split_coding(text: str) -> Tuple[str, bool]:
    coded = False
    before, mark, last = text.rpartition(";")
    if mark and last.strip(" ").lower() == "base64":
        text, coded = before.rstrip(_BLANKS), True
    if text.startswith(";"):
        text = "text/plain" + text
    return (text if _TYPE.match(text) else DEFAULT_TYPE), coded


def _check_length(length: int, limit: float) -> None:
    if 0 <= limit < length:
        raise AxiosError(f"maxContentLength size of {limit} exceeded", AxiosError.ERR_BAD_RESPONSE)


def _unescape(data: bytes) -> bytes:
    """Percent-decoded; a ``%`` without two hexadecimal digits stays (WHATWG URL)."""
    if b"%" not in data:
        return data
    table = {bytes((high, low)): bytes((int(bytes((high, low)), 16),)) for high in _HEX for low in _HEX}
    first, *parts = data.split(b"%")
    pieces = [first]
    for part in parts:
        byte = table.get(part[:2])
        pieces.append(b"%" + part if byte is None else byte + part[2:])
    return b"".join(pieces)


def _from_base64(data: bytes, limit: float) -> bytes:
    digits = data.partition(b"=")[0].translate(_URL_SAFE, _FOREIGN)
    if len(digits) % 4 == 1:  # six bits are no byte
        digits = digits[:-1]
    _check_length(len(digits) * 3 // 4, limit)
    from binascii import a2b_base64

    return a2b_base64(digits + b"=" * (-len(digits) % 4))
