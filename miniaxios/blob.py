"""Blob: bytes that carry their media type, for ``response_type="blob"``."""

from __future__ import annotations

import io


class Blob(io.BytesIO):
    """``Blob(data, type="")``: an ``io.BytesIO`` that knows what it holds.

    ``type``: the media type, lower case, ``""`` when unknown; ``size``: bytes that it was made of.
    Source: W3C File API, ``Blob``.
    """

    def __init__(self, data: bytes = b"", type: str = "") -> None:
        super().__init__(data)
        self.type = type.strip().lower()
        self.size = len(data)

    def __repr__(self) -> str:
        return f"<Blob {self.type[:80]!r}, {self.size} bytes>"
