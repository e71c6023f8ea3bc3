"""Percent-encoding of names and values: what is escaped, and how it is read back.

Rules of the room: two tables, one for a query as axios writes it, one for forms as the WHATWG URL
standard writes them. Text that needs no escape costs two C calls.
"""

from __future__ import annotations

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

#: encodeURIComponent's own set, and the three that axios puts back: ``:``, ``$``, ``,``.
_BARE_IN_PARAMS = _ALPHANUMERIC + "-_.!~*'()" + ":$,"

#: WHATWG URL, application/x-www-form-urlencoded percent-encode set.
_BARE_IN_FORMS = _ALPHANUMERIC + "-_.*"


def _byte_table(bare: str) -> List[str]:
    """256 strings: how each byte is written. A space is ``+`` in both forms."""
    table = [f"%{byte:02X}" for byte in range(256)]
    for character in bare:
        table[ord(character)] = character
    table[0x20] = "+"
    return table


def _encoder(bare: str) -> Callable[[str], str]:
    by_byte = _byte_table(bare)
    # A full table of ASCII, bare characters included: str.translate is slower for missing keys.
    by_character: Dict[int, str] = dict(enumerate(by_byte[:128]))
    write_byte = by_byte.__getitem__

    def encode(text: str) -> str:
        if text.isascii():
            return text if text.isalnum() else text.translate(by_character)
        try:
            return "".join(map(write_byte, text.encode()))
        except UnicodeEncodeError:
            # The characters themselves may be secret: they are not shown.
            raise AxiosError(
                "URI malformed: text with a lone surrogate", AxiosError.ERR_BAD_REQUEST
            ) from None

    return encode


encode_param = _encoder(_BARE_IN_PARAMS)
encode_param.__doc__ = """``text`` (``str``) as axios writes names and values of a query.

A space is ``+``; ``:``, ``$`` and ``,`` stay. Raises ``AxiosError`` (``ERR_BAD_REQUEST``) for a lone
surrogate. Source: axios, ``encode`` of ``buildURL``; ECMAScript, encodeURIComponent.
"""

encode_form = _encoder(_BARE_IN_FORMS)
encode_form.__doc__ = """``text`` (``str``) as forms have it: only letters, digits and ``-_.*`` stay.

A space is ``+``. Also the second argument of ``params_serializer.encode``. Raises ``AxiosError``
(``ERR_BAD_REQUEST``) for a lone surrogate. Source: WHATWG URL, urlencoded serializing.
"""

_HEX = b"0123456789ABCDEFabcdef"
_PAIRS = [bytes((high, low)) for high in _HEX for low in _HEX]
_BYTE_OF = {pair: bytes((int(pair, 16),)) for pair in _PAIRS}


def decode_form(text: str) -> str:
    """What ``encode_form`` wrote, read back: ``+`` is a space, bad escapes stay, bad UTF-8 is U+FFFD.

    Never fails. Source: WHATWG URL, urlencoded parsing.
    """
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *rest = text.encode().split(b"%")
    pieces = [first]
    for piece in rest:
        byte = _BYTE_OF.get(piece[:2])
        pieces.append(b"%" + piece if byte is None else byte + piece[2:])
    return b"".join(pieces).decode("utf-8", "replace")


def scalar_text(text: str) -> str:
    """``text`` with U+FFFD for each lone surrogate: WebIDL's USVString."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
