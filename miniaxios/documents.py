"""XML for ``response_type="document"``.

Rules of the room: no document type declaration is ever handed to the parser, so that there are no
entities to expand and nothing to fetch. The bytes are made text by our own list of charsets and
given to the parser as UTF-8: what was looked at is then exactly what is parsed, whatever encoding
the document claims to be in.
"""

from __future__ import annotations

import re

from .charsets import charset_of, decode_body, find_codec
from .errors import AxiosError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional
    from xml.etree.ElementTree import Element

#: Deeper documents are refused: much of what one does with an element tree recurses.
MAX_DEPTH = 256

_DECLARED = re.compile(
    rb"<\?xml[ \t\r\n][^>]{0,200}?encoding[ \t\r\n]{0,9}=[ \t\r\n]{0,9}[\"']([A-Za-z0-9._:-]{1,40})[\"']"
)
_UNMARKED = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
_BLANK = " \t\r\n"


def parse_document(
    data: bytes, content_type: Optional[str] = None, response_encoding: Optional[str] = None
) -> Optional[Element]:
    """The root ``xml.etree.ElementTree.Element`` of an XML document; None for an empty body.

    The charset is the caller's ``response_encoding``, else a byte order mark, the ``charset`` of
    ``content_type``, the XML declaration, UTF-8 (RFC 7303 section 3).

    Raises AxiosError: ``ERR_BAD_RESPONSE`` for malformed documents, for any DTD and for more than
    256 levels; ``ERR_NOT_SUPPORT`` where the interpreter comes without expat.
    """
    if not data:
        return None
    text = decode_body(data, _media_type(data, content_type), response_encoding)
    if _has_doctype(text):
        raise _refused("the document has a DTD, which is not accepted")
    root: Element = _parse(text)
    _check_depth(root)
    return root


def _media_type(data: bytes, content_type: Optional[str]) -> Optional[str]:
    """``content_type``, or where that names no charset one that tells the document's own."""
    if charset_of(content_type) is not None:
        return content_type
    for start, codec in _UNMARKED:
        if data.startswith(start):
            return "text/xml; charset=" + codec
    found = _DECLARED.match(data[:300])
    name = found.group(1).decode("ascii") if found else "utf-8"
    # A document that could be read this far in ASCII is not in UTF-16, whatever it says.
    codec = find_codec(name) or "utf-8"
    return "text/xml; charset=" + ("utf-8" if codec.startswith(("utf-16", "utf-32")) else codec)


def _has_doctype(text: str) -> bool:
    """Whether a declaration stands before the root element. Linear: each search goes on forwards."""
    at = 0
    while True:
        while text[at : at + 1] and text[at] in _BLANK:
            at += 1
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            end = text.find("?>", at + 2)
        else:
            return text.startswith("<!", at)
        if end < 0:
            return False  # unclosed: the parser will say so
        at = text.index(">", end) + 1


def _parse(text: str) -> Any:
    try:
        from xml.etree.ElementTree import ParseError, XMLParser

        parser = XMLParser(encoding="utf-8")
    except ImportError as error:
        raise AxiosError(
            "response_type document needs the XML parser (pyexpat), which this Python lacks",
            AxiosError.ERR_NOT_SUPPORT,
        ) from error
    try:
        parser.feed(text.encode("utf-8", "replace"))
        return parser.close()
    except ParseError as error:
        raise _refused(f"the document is malformed: {error}") from error


def _check_depth(root: Any) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise _refused(f"the document is nested more than {MAX_DEPTH} levels deep")


def _refused(message: str) -> AxiosError:
    return AxiosError(message, AxiosError.ERR_BAD_RESPONSE)
