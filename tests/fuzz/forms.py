"""Forms with hostile names and values, read back by a strict reader of multipart."""

from __future__ import annotations

import io
import re

from miniaxios.errors import AxiosError
from miniaxios.form_data import FormData

from .runner import Target, demand
from .source import PART, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Tuple

_HOSTILE = (
    'a"; filename="evil', "a\r\nX-Injected: 1", "a\n", "a\r", "\0", "%0D%0A", "\\", "\\\"",
    "..\\..\\etc/passwd", "/etc/passwd", "a;b", "caf\u00e9", "\u2028", "--",
    "--boundary-0123456789", "\r\n--boundary-0123456789--\r\n", "__proto__", "a[]", "",
)  # fmt: skip
_TYPES = (
    "", "", "text/plain", "text/html; charset=utf-8", "a\r\nX-Injected: 1", "caf\u00e9", "x/y\0",
    "image/png",
)  # fmt: skip
_BOUNDARY = "boundary-0123456789"
_HEAD = re.compile(
    r'Content-Disposition: form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?'
    r"(?:\r\nContent-Type: ([\x20-\x7e]+))?\Z"
)


class Forms(Target):
    """A case is a list of fields, each of four parts: kind, name, value, and file name or content type."""

    name = "forms"

    def make(self, source: Source) -> bytes:
        parts: List[bytes] = []
        for _ in range(1 + source.size(5)):
            name, value = (source.one(_HOSTILE) if source.chance(0.6) else source.text() for _ in range(2))
            extra = source.one(_HOSTILE) if source.chance(0.5) else source.one(_TYPES)
            parts += [
                b"%d" % source.below(5),
                *(source.spoiled(text.encode(), probability=0.2) for text in (name, value, extra)),
            ]
        return PART.join(parts)

    def check(self, data: bytes, source: Source) -> str:
        form = FormData()
        expected: List[Tuple[str, bytes, Optional[str]]] = []
        fields = data.split(PART)
        for at in range(0, len(fields) - 3, 4):
            _append(form, expected, *fields[at : at + 4])
        boundary = source.one((None, _BOUNDARY, "short", "bad boundary\r\n", "x" * 71))
        # Files are not searched for a boundary that the caller chose: they may be larger than memory.
        is_unlucky = boundary == _BOUNDARY and any(_BOUNDARY.encode() in value for _, value, _ in expected)
        multipart = form.encode(None if is_unlucky else boundary)
        body = b"".join(multipart)
        demand(multipart.length == len(body), "the length is known beforehand", multipart.length, len(body))
        demand(b"".join(multipart) == body, "a second time gives the same", body)
        demand(
            multipart.content_type == "multipart/form-data; boundary=" + multipart.boundary,
            "the type names it",
            multipart.content_type,
        )
        found = _strictly(body, multipart.boundary.encode("ascii"))
        demand(found == expected, "what is read back is what was put in", found, expected)
        return "%d fields" % len(expected) if len(expected) < 2 else "more fields"


def _append(form: FormData, expected: Any, kind: bytes, name: bytes, value: bytes, extra: bytes) -> None:
    """One field; what it should be read as goes to ``expected``."""
    title, text, hint = (part.decode("utf-8", "surrogateescape") for part in (name, value, extra))
    filename: Optional[str] = None
    try:
        if kind == b"0":
            form.append(title, text)
            value = re.sub("\r\n|\r|\n", "\r\n", text).encode()
        elif kind == b"1":
            form.append(title, value)
            filename = "blob"
        elif kind == b"2":
            form.append(title, text, None, hint)
            value = re.sub("\r\n|\r|\n", "\r\n", text).encode()
        elif kind == b"3":
            form.append(title, value, hint)
            filename = re.split(r"[/\\]", hint)[-1] or "blob"
        else:
            form.append(title, io.BytesIO(value), hint)
            filename = re.split(r"[/\\]", hint)[-1] or "blob"
    except AxiosError as error:
        demand(
            error.code in (AxiosError.ERR_BAD_REQUEST, AxiosError.ERR_BAD_OPTION_VALUE),
            "a code of the contract",
            error.code,
        )
        return
    expected.append((_escaped(title), value, None if filename is None else _escaped(filename)))


def _escaped(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _strictly(body: bytes, boundary: bytes) -> List[Tuple[str, bytes, Optional[str]]]:
    """The parts of a body: RFC 2046 section 5.1.1, with not a byte too many."""
    mark = b"\r\n--" + boundary
    *parts, end = (b"\r\n" + body).split(mark)
    demand(end == b"--\r\n", "the body ends with its last boundary", end)
    demand(not parts or parts[0] == b"", "nothing stands before the first boundary", parts[:1])
    found = []
    for part in parts[1:]:
        head, blank, value = part.partition(b"\r\n\r\n")
        demand(head.startswith(b"\r\n") and blank, "each part has a head", part)
        match = _HEAD.match(head[2:].decode("utf-8"))
        demand(match, "no name can break out of its head", head)
        name, filename, _ = match.groups()  # type: ignore[union-attr]
        found.append((name, value, filename))
    return found
