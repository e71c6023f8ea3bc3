"""Host names and addresses: one spelling for each, decided once.

Whatever a caller or a server writes, what leaves this room is ASCII: a lower-case name, a dotted
quad, or a compressed IPv6 address. DNS, SNI, the ``Host`` header, cookies, ``no_proxy`` and the
origin test all use that one spelling, so no two of them can be talked into different hosts.

Rules of the room: pure, linear, and ASCII input never touches a codec or ``unicodedata``, which
cut-down interpreters do not have. Addresses are read here and not by ``ipaddress``, whose ideas
of leading zeros and of printing changed between the Pythons that we run on.
"""

from __future__ import annotations

from .errors import InvalidURL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

#: A name has at most 253 octets (RFC 1035 §2.3.4), a label 63.
MAX_NAME = 253
MAX_LABEL = 63

DIGITS = frozenset("0123456789")
HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_OCTAL_DIGITS = frozenset("01234567")
# The underscore is no letter of RFC 952, but axios takes it and the names of containers have it.
_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
_OCTETS = frozenset([str(number) for number in range(256)])
_DOTS = "\u3002\uff0e\uff61"
_IGNORED = dict.fromkeys(
    [0xAD, 0x34F, 0x180B, 0x180C, 0x180D, 0x180F, 0x200B, 0x2060, 0x2064, 0xFEFF, *range(0xFE00, 0xFE10)]
)


def normal_host(text: str) -> str:
    """The one spelling of a host name or of an IPv4 address (``str``, ASCII, lower case).

    Numbers are read as the WHATWG URL standard reads them: ``0x7f.1`` gives ``127.0.0.1``. One
    trailing dot of a name is kept, as it tells DNS not to search. Raises ``InvalidURL`` for
    whatever is neither letters-digits-hyphens (and underscores) nor an address.
    """
    if len(text) > MAX_NAME + 1:
        raise InvalidURL("Invalid URL: host name too long")
    host = text.lower() if text.isascii() else _idna(text)
    if host.encode("ascii").translate(None, _NAME_BYTES):
        raise InvalidURL("Invalid URL: forbidden character in the host")
    name = host[:-1] if host.endswith(".") else host
    if not name:
        raise InvalidURL("Invalid URL: no host")
    last = name[name.rfind(".") + 1 :]
    if last[:1] in DIGITS and _is_numeric(last):
        return _quad_of_numbers(name)
    _check_labels(name)
    return host


def _check_labels(name: str) -> None:
    if ".." in name or name[0] == "." or name[-1] == ".":
        raise InvalidURL("Invalid URL: empty label in the host name")
    if len(name) > MAX_LABEL and (len(name) > MAX_NAME or max(map(len, name.split("."))) > MAX_LABEL):
        raise InvalidURL("Invalid URL: host name or label too long")
    if "xn--" in name:
        for label in name.split("."):
            # Punycode ends in at least one character after its last hyphen. More is not asked,
            # as asking would take a codec; whatever it stands for, its bytes are the same to all.
            if label.startswith("xn--") and (len(label) == 4 or label.endswith("-")):
                raise InvalidURL("Invalid URL: bad punycode in the host name")


def _is_numeric(label: str) -> bool:
    return DIGITS.issuperset(label) or (label.startswith("0x") and HEX_DIGITS.issuperset(label[2:]))


def is_quad(name: str) -> bool:
    """Whether ``name`` is an IPv4 address in its one spelling, four plain decimals."""
    parts = name.split(".")
    return len(parts) == 4 and _OCTETS.issuperset(parts)


def _quad_of_numbers(name: str) -> str:
    if is_quad(name):
        return name
    value = ipv4_value(name)
    if value is None:
        raise InvalidURL("Invalid URL: bad IPv4 address")
    return ipv4_text(value)


def ipv4_value(name: str) -> Optional[int]:
    """The 32-bit number of ``127.0.0.1``, ``127.1``, ``0x7f.1``, ``2130706433``; None if it is none.

    ``name`` is lower-case ASCII without a trailing dot. Source: WHATWG URL, "IPv4 parser".
    """
    parts = name.split(".")
    if len(parts) > 4:
        return None
    numbers: List[int] = []
    for part in parts:
        number = _ipv4_number(part)
        if number is None:
            return None
        numbers.append(number)
    last = numbers.pop()
    if last >= 256 ** (4 - len(numbers)) or any(number > 255 for number in numbers):
        return None
    for place, number in enumerate(numbers):
        last += number << (24 - 8 * place)
    return last


def _ipv4_number(part: str) -> Optional[int]:
    if part.startswith("0x"):
        digits, base, allowed = part[2:], 16, HEX_DIGITS
    elif part[:1] == "0":
        digits, base, allowed = part[1:], 8, _OCTAL_DIGITS
    else:
        digits, base, allowed = part, 10, DIGITS
    if not part or len(digits) > 20 or not allowed.issuperset(digits):
        return None
    return int(digits, base) if digits else 0


def ipv4_text(value: int) -> str:
    """``2130706433`` → ``"127.0.0.1"``."""
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def ipv6_value(text: str) -> Optional[int]:
    """The 128-bit number of an IPv6 address without brackets and zone; None if it is none.

    Source: RFC 4291 §2.2; an IPv4 address at its end is four plain decimals (WHATWG).
    """
    if len(text) > 45:
        return None
    head, shortened, tail = text.partition("::")
    left = _groups(head)
    right = _groups(tail)
    if left is None or right is None:
        return None
    if shortened:
        if _ends_in_quad(head) or len(left) + len(right) > 7:
            return None
        left += [0] * (8 - len(left) - len(right))
    groups = left + right
    if len(groups) != 8:
        return None
    value = 0
    for group in groups:
        value = value << 16 | group
    return value


def _ends_in_quad(text: str) -> bool:
    return "." in text


def _groups(text: str) -> Optional[List[int]]:
    if not text:
        return []
    parts = text.split(":")
    if _ends_in_quad(parts[-1]):
        octets = parts.pop().split(".")
        if len(octets) != 4 or not _OCTETS.issuperset(octets):
            return None
        high, upper, lower, low = map(int, octets)
        parts += ["%x" % (high << 8 | upper), "%x" % (lower << 8 | low)]
    if not all(0 < len(part) <= 4 and HEX_DIGITS.issuperset(part) for part in parts):
        return None
    return [int(part, 16) for part in parts]


def ipv6_text(value: int) -> str:
    """The shortest spelling: lower case, the first longest run of zeros as ``::`` (RFC 5952 §4)."""
    groups = [value >> (112 - 16 * place) & 0xFFFF for place in range(8)]
    start, length = 0, 1
    place = 0
    while place < 8:
        end = place
        while end < 8 and not groups[end]:
            end += 1
        if end - place > length:
            start, length = place, end - place
        place = end + 1
    texts = ["%x" % group for group in groups]
    if length < 2:
        return ":".join(texts)
    return ":".join(texts[:start]) + "::" + ":".join(texts[start + length :])


def address_of(text: str) -> Optional[Tuple[int, int]]:
    """``(32, number)`` or ``(128, number)`` of an address in any spelling, or None for a name.

    ``text``: lower case, no brackets, no zone. An IPv4 address inside IPv6 (``::ffff:10.0.0.1``)
    is that IPv4 address.
    """
    if ":" not in text:
        value = ipv4_value(text) if text[:1] in DIGITS else None
        return None if value is None else (32, value)
    value = ipv6_value(text)
    if value is None:
        return None
    return (32, value & 0xFFFFFFFF) if value >> 32 == 0xFFFF else (128, value)


def _idna(text: str) -> str:
    """``text`` with its international labels in punycode: UTS 46, non-transitional, as axios has it.

    Narrower than UTS 46: characters that join invisibly are refused, and the rules for names that
    run right to left are the registries' to check.
    """
    try:
        mapped = _mapped(text)
        if _mapped(mapped) != mapped:
            raise InvalidURL("Invalid URL: unstable international host name")
        return ".".join([label if label.isascii() else _a_label(label) for label in mapped.split(".")])
    except (ModuleNotFoundError, LookupError) as error:  # another ImportError is no lack of this Python's
        raise InvalidURL("Invalid URL: this Python can not encode international host names") from error


def _mapped(text: str) -> str:
    from unicodedata import normalize

    for character in text:
        # U+2488 is "1." in one character: only the full stops of Asian scripts part labels.
        if not character.isascii() and character not in _DOTS and "." in normalize("NFKC", character):
            raise InvalidURL("Invalid URL: forbidden character in the host")
    # The standard library's own codec is of 2003: it makes "ss" of the sharp s, another domain.
    folded = [
        char if char in "ßς" else normalize("NFKC", char).casefold() for char in text.translate(_IGNORED)
    ]
    return normalize("NFKC", "".join(folded)).replace("\u3002", ".")


def _a_label(label: str) -> str:
    from unicodedata import category

    kinds = [category(character) for character in label]
    if kinds[0][0] == "M" or any(kind[0] in "CZ" for kind in kinds) or label.startswith("xn--"):
        raise InvalidURL("Invalid URL: forbidden character in the host")
    return "xn--" + label.encode("punycode").decode("ascii")
