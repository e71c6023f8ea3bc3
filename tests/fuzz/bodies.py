"""Bodies of answers once they are whole: charsets, JSON, XML."""

from __future__ import annotations

import json

from miniaxios.charsets import decode_body, text_decoder
from miniaxios.documents import parse_document
from miniaxios.errors import AxiosError
from miniaxios.headers import Headers
from miniaxios.json_body import encode_json
from miniaxios.transforms import default_transform_response

from .runner import Target, demand
from .source import PART, Source, singles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Optional

_CHARSETS = (
    "utf-8", "UTF8", "latin-1", "iso-8859-1", "windows-1252", "utf-16", "utf-16be", "utf-32", "utf-7",
    "shift_jis", "gb18030", "euc-kr", "big5", "ascii",
    "zlib", "hex", "rot13", "base64", "punycode", "idna", "unicode_escape", "raw_unicode_escape",
    "undefined", "mbcs", "string-escape", "x" * 100, "",
    "utf-8\0", "../../etc", "\u0661", "utf\u20108", "UTF-8\u017f",
)  # fmt: skip
_TYPES = (
    "application/json", "text/html; charset=%s", 'text/plain; charset="%s"',
    "text/plain;CHARSET=%s;charset=utf-8", "a/b; x=\"; charset=hex\"; charset=%s",
    "; charset=%s", "charset=%s", "", "text/xml", '"', 'a/b; q="\\', "text/plain; charset=%s; " + "x" * 2000,
)  # fmt: skip
_JSON = (
    "null", "true", "1", "-0.0", "1e400", "1" * 5000, "NaN", "Infinity", '"\\ud800"', '"\\u0000"', "[]",
    "{}", '{"a":{"__proto__":[1,2.5,null]}}', '{"a":1,"a":2}',
    "[" * 2000 + "]" * 2000, '{"a":' * 500, '"\u65e5"', "[1,]", "{'a':1}", "\u00a0[1]", "01", "1 2",
    '"' + "\\n" * 50 + '"', "\ufeff[1]",
)  # fmt: skip
_XML = (
    "<a/>", "<a><b c='d'>x</b></a>", '<?xml version="1.0" encoding="latin-1"?><a>\u00e9</a>',
    "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>" * 300 + "</a>" * 300, "<a>", "<a>&#0;</a>",
    "<a>&lt;</a>", "<!-- --><?p ?><a/>", "<a xmlns:x='y'><x:b/></a>", '<?xml encoding="utf-7"?><a/>',
)  # fmt: skip
_TOKENS = tuple(text.encode()[:60] for text in (*_JSON, *_XML)) + (
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0\0\xfe\xff",
    b"\xed\xa0\x80",
    b"\x1b$B",
    b"+AGE-",
    b"\\u",
    b"<!DOCTYPE",
    b"]]>",
    b'"',
    b"e",
    b"-",
    b"{",
    b"[",
)


class Bodies(Target):
    """A case is a Content-Type and a body."""

    name = "bodies"

    def make(self, source: Source) -> bytes:
        kind = source.one(_TYPES)
        kind = kind % source.one(_CHARSETS) if "%s" in kind else kind
        text = source.one((_JSON, (_value(source),), (_value(source),), _XML, (source.text(200),)))
        body = source.one(text).encode(
            source.one(("utf-8", "utf-8", "utf-16", "utf-32", "latin-1")), "replace"
        )
        return source.spoiled(kind.encode(), probability=0.2) + PART + source.spoiled(body, _TOKENS, 0.5)

    def check(self, data: bytes, source: Source) -> str:
        kind, _, body = data.partition(PART)
        content_type = kind.decode("latin-1")
        wanted = source.one(_CHARSETS) if source.chance(0.3) else None
        text = _text(body, content_type, wanted)
        if text is None:
            return "unknown charset"
        for pieces in (singles(body), source.pieces(body) if body else []):
            other = _piecewise(pieces, content_type, wanted)
            demand(other == text, "cuts make no difference", content_type, wanted, text, other)
        Headers({"content-type": content_type}).get("content-type")
        verdict = _json(text, source)
        _xml(body, content_type, wanted)
        return verdict


def _value(source: Source, depth: int = 0) -> str:
    """Some JSON."""
    kind = source.below(4 if depth > 4 else 6)
    if kind == 4:
        return "[%s]" % ",".join(source.some(lambda: _value(source, depth + 1), 5))
    if kind == 5:
        return "{%s}" % ", ".join(
            source.some(lambda: json.dumps(source.text()) + ":" + _value(source, depth + 1), 5)
        )
    return source.one(
        (json.dumps(source.text()), source.number(), "1.5e%d" % source.size(400), source.one(_JSON[:14]))
    )


def _text(body: bytes, content_type: str, wanted: Optional[str]) -> Optional[str]:
    try:
        text = decode_body(body, content_type, wanted)
    except AxiosError as error:
        demand(
            wanted is not None and error.code == AxiosError.ERR_BAD_OPTION_VALUE,
            "only the caller's charset may fail",
            content_type,
            error,
        )
        return None
    demand(len(text) <= 2 * len(body) + 2, "text is not much longer than its bytes", len(text), len(body))
    return text


def _piecewise(pieces: Iterable[bytes], content_type: str, wanted: Optional[str]) -> str:
    decoder = text_decoder(content_type, wanted)
    return "".join([decoder.decode(piece) for piece in pieces]) + decoder.decode(b"", True)


def _json(text: str, source: Source) -> str:
    config: Any = {
        "response_type": source.one((None, "json")),
        "transitional": {"silent_json_parsing": source.chance(0.5)},
    }
    try:
        value = default_transform_response(text, None, 200, config)
    except AxiosError as error:
        demand(error.code == AxiosError.ERR_BAD_RESPONSE, "what is no JSON is a bad response", error.code)
        return "JSON refused"
    if value is text or isinstance(value, str) and value == text:
        return "text"
    demand(json.loads(text) == value, "json reads the same", text, value)
    try:
        again = encode_json(value)
    except AxiosError:
        return "JSON that can't go back"  # a number beyond all floats reads as infinity
    demand(json.loads(again) == value, "what is written reads the same", again, value)
    return "JSON"


def _xml(body: bytes, content_type: str, wanted: Optional[str]) -> None:
    try:
        root = parse_document(body, content_type, wanted)
    except AxiosError as error:
        demand(error.code == AxiosError.ERR_BAD_RESPONSE, "what is no XML is a bad response", error.code)
        return
    demand(root is None or isinstance(root.tag, str), "a document has a root", root)
