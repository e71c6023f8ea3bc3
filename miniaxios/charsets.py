"""From bytes to text: which charset a body is in, and decoding that never fails.

Rules of the room: only text codecs of the list below are ever looked up, since Python's registry
also holds codecs that transform, that are quadratic, and that remember every name they were asked
for. A charset that the *server* names and that is not on the list means UTF-8; one that the
*caller* names is an error. Malformed bytes become U+FFFD.

A byte order mark at the start is removed, once. UTF-8's beats whatever the server declared
(WHATWG Encoding, "decode"); those of UTF-16 and UTF-32 count where nothing else, or a Unicode
charset, was declared.
"""

from __future__ import annotations

from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import codecs
    from typing import Dict, Optional, Tuple, Union

    Data = Union[bytes, bytearray, memoryview]

UTF_8 = "utf-8"
_LONGEST_NAME = 40
#: A longer Content-Type is not honest; what stands beyond is not searched.
_LONGEST_TYPE = 1024

_BOMS: Tuple[Tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", UTF_8),
    (b"\xff\xfe\x00\x00", "utf-32-le"),  # before UTF-16's, which it begins with
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LONGEST_BOM = 4
_MARK_BYTES = frozenset(mark[0] for mark, _ in _BOMS)
_UNICODE = frozenset((UTF_8, "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))

# Names without their "-", "_", "." and blanks. First the codec, then what else it is called.
# Without a mark UTF-16 and UTF-32 are little-endian, as the WHATWG and Node have it.
_NAMES = """
utf-8 utf8 utf8sig unicode11utf8 unicode20utf8 u8
utf-16-le utf16 utf16le u16 ucs2 unicode csunicode iso10646ucs2
utf-16-be utf16be unicodefffe
utf-32-le utf32 utf32le u32
utf-32-be utf32be
ascii ascii usascii ansix341968 iso646us 646
latin-1 latin1 l1 iso88591 88591 iso885911987 csisolatin1 ibm819 cp819 binary
iso8859-2 latin2 l2 iso88592 csisolatin2
iso8859-3 latin3 l3 iso88593 csisolatin3
iso8859-4 latin4 l4 iso88594 csisolatin4
iso8859-5 cyrillic iso88595 csisolatincyrillic
iso8859-6 arabic iso88596 csisolatinarabic asmo708
iso8859-7 greek greek8 iso88597 csisolatingreek ecma118
iso8859-8 hebrew iso88598 iso88598i iso88598e csisolatinhebrew
iso8859-9 latin5 l5 iso88599 csisolatin5
iso8859-10 latin6 l6 iso885910 csisolatin6
iso8859-11 thai iso885911
iso8859-13 latin7 l7 iso885913
iso8859-14 latin8 l8 iso885914
iso8859-15 latin9 l9 iso885915
iso8859-16 latin10 l10 iso885916
cp1250 cp1250 windows1250 xcp1250
cp1251 cp1251 windows1251 xcp1251
cp1252 cp1252 windows1252 xcp1252 ansi
cp1253 cp1253 windows1253 xcp1253
cp1254 cp1254 windows1254 xcp1254
cp1255 cp1255 windows1255 xcp1255
cp1256 cp1256 windows1256 xcp1256
cp1257 cp1257 windows1257 xcp1257
cp1258 cp1258 windows1258 xcp1258
cp437 cp437 ibm437
cp850 cp850 ibm850
cp852 cp852 ibm852
cp855 cp855 ibm855
cp858 cp858 ibm858
cp862 cp862 ibm862
cp866 cp866 ibm866 csibm866
cp874 cp874 windows874 dos874
koi8-r koi8r koi koi8 cskoi8r
koi8-u koi8u koi8ru
koi8-t koi8t
kz1048 kz1048 rk1048 strk10482002
ptcp154 ptcp154 pt154 cp154 cyrillicasian
tis-620 tis620
mac-roman macroman macintosh mac csmacintosh xmacroman
mac-latin2 maclatin2 maccentraleurope
mac-cyrillic maccyrillic xmaccyrillic xmacukrainian
mac-greek macgreek
mac-turkish macturkish
mac-iceland maciceland
shift_jis shiftjis sjis csshiftjis xsjis
cp932 cp932 ms932 mskanji windows31j
shift_jisx0213 shiftjisx0213
euc_jp eucjp ujis xeucjp cseucpkdfmtjapanese
gbk gbk cp936 ms936 936 xgbk
gb2312 gb2312 csgb2312 euccn csiso58gb231280 gb231280
gb18030 gb18030 gb180302000
big5 big5 big5tw csbig5 xxbig5
cp950 cp950 ms950
big5hkscs big5hkscs hkscs
euc_kr euckr cseuckr ksc5601 ksx1001 ksc56011987 ksc56011989 korean
cp949 cp949 ms949 uhc windows949
johab johab cp1361 ms1361
"""

_PLAIN = str.maketrans("", "", "-_. :")
_codecs: Dict[str, str] = {}


def find_codec(name: object) -> Optional[str]:
    """Python's name of the text codec that ``name`` means, or None when it is not on the list.

    ``name``: at most 40 ASCII characters; case and ``-``, ``_``, ``.`` do not matter.
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not name.isascii():
        return None
    if not _codecs:
        for line in _NAMES.strip().splitlines():
            codec, *labels = line.split()
            _codecs.update(dict.fromkeys(labels, codec))
    return _codecs.get(name.lower().translate(_PLAIN))


def charset_of(content_type: Optional[str]) -> Optional[str]:
    """The ``charset`` parameter of a media type as it was written, unquoted; None without one.

    The first counts when there are several. ``;`` within quotes separates nothing, and a backslash
    there quotes the next character (RFC 9110 section 5.6.6). Linear in the length of the text.
    """
    if not content_type or "charset" not in content_type.lower():
        return None
    for parameter in _split_outside_quotes(content_type[:_LONGEST_TYPE])[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").strip() or None
    return None


def _split_outside_quotes(text: str) -> list[str]:
    if '"' not in text:
        return text.split(";")
    parts, start, quoted, escaped = [], 0, False, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def decode_body(
    data: Data, content_type: Optional[str] = None, response_encoding: Optional[str] = None
) -> str:
    """The text of a whole body.

    The charset is ``response_encoding`` (the caller's option), else the ``charset`` parameter of
    ``content_type`` (the response's header), else UTF-8. Raises AxiosError
    ``ERR_BAD_OPTION_VALUE`` for an unknown ``response_encoding``, and nothing for whatever data.
    """
    if response_encoding is None and (
        content_type == "application/json" or not content_type or "charset" not in content_type.lower()
    ):
        if not data or data[0] not in _MARK_BYTES:
            return data.decode(UTF_8, "replace") if isinstance(data, bytes) else str(data, UTF_8, "replace")
    start = bytes(data[:_LONGEST_BOM])
    codec, skipped = _choose(start, content_type, response_encoding)
    text = str(memoryview(data)[skipped:] if skipped else data, codec, "replace")
    return text[1:] if not skipped and text.startswith("\ufeff") else text


class TextDecoder:
    """The same piece by piece: the pieces' texts together are what :func:`decode_body` gives.

    Made by :func:`text_decoder`. ``decode(data, final=False) -> str``; the last call has ``final``.
    """

    def __init__(self, content_type: Optional[str], response_encoding: Optional[str]) -> None:
        self._declared = content_type, response_encoding
        self._start = b""
        self._decoder: Optional[codecs.IncrementalDecoder] = None
        self._at_start = False

    def decode(self, data: Data, final: bool = False) -> str:
        """Text of the next bytes; what ends within a character waits for the next call."""
        if self._decoder is None:
            data = self._start = self._start + bytes(data)
            if not final and len(data) < _LONGEST_BOM and any(mark.startswith(data) for mark, _ in _BOMS):
                return ""
            data = self._open(data)
        decoder = self._decoder
        text = decoder.decode(bytes(data), final) if decoder is not None else ""
        if text and self._at_start:
            self._at_start = False
            return text[1:] if text[0] == "\ufeff" else text
        return text

    def _open(self, start: bytes) -> bytes:
        from codecs import getincrementaldecoder

        codec, skipped = _choose(start[:_LONGEST_BOM], *self._declared)
        self._decoder = getincrementaldecoder(codec)("replace")
        self._at_start = not skipped
        self._start = b""
        return start[skipped:]


def text_decoder(content_type: Optional[str] = None, response_encoding: Optional[str] = None) -> TextDecoder:
    """A :class:`TextDecoder`; arguments and errors as those of :func:`decode_body`."""
    if response_encoding is not None:
        _required(response_encoding)
    return TextDecoder(content_type, response_encoding)


def _choose(start: bytes, content_type: Optional[str], wanted: Optional[str]) -> Tuple[str, int]:
    """The codec, and the length of the mark to skip. ``start``: the first four bytes."""
    declared = _declared(content_type) if wanted is None else _required(wanted)
    if start[:1] in b"\xef\xff\xfe\x00":
        for mark, codec in _BOMS:
            if start.startswith(mark) and _heeds(declared, codec, wanted is not None):
                return codec, len(mark)
    return declared or UTF_8, 0


def _heeds(declared: Optional[str], marked: str, by_caller: bool) -> bool:
    """Whether a mark beats what was declared; against the caller's word it only tells byte orders."""
    if by_caller:
        return declared is not None and declared[:6] == marked[:6]
    return marked == UTF_8 or declared is None or declared in _UNICODE


def _declared(content_type: Optional[str]) -> Optional[str]:
    name = charset_of(content_type)
    return None if name is None else _usable(find_codec(name))


def _required(name: object) -> str:
    codec = _usable(find_codec(name))
    if codec is None:
        raise AxiosError(
            "option response_encoding must be the name of a text charset, such as utf-8 or latin-1",
            AxiosError.ERR_BAD_OPTION_VALUE,
        )
    return codec


def _usable(codec: Optional[str]) -> Optional[str]:
    """``codec`` where this interpreter has it: small builds come without those of East Asia."""
    if codec is None or codec == UTF_8:
        return codec
    from codecs import lookup

    try:
        lookup(codec)
    except LookupError:
        return None
    return codec
