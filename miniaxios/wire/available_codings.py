"""Which content codings this interpreter decodes: told in each request, while most answers have none.

Rules of the room: no decoder is imported.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

_supported: Optional[Tuple[str, ...]] = None


def supported_codings() -> Tuple[str, ...]:
    """The codings that this interpreter decodes, as Accept-Encoding names them, in our order.

    Looked up once, without importing the decoders.
    """
    global _supported
    if _supported is None:
        _supported = _find_codings()
    return _supported


def accept_encoding() -> str:
    """The default value of Accept-Encoding, such as ``"gzip, deflate"``; ``"identity"`` without any."""
    return ", ".join(supported_codings()) or "identity"


def _find_codings() -> Tuple[str, ...]:
    found = ["gzip", "deflate"] if is_importable("zlib") else []
    if is_importable("brotli") or is_importable("brotlicffi"):
        found.append("br")
    if sys.version_info >= (3, 14) and is_importable("_zstd"):
        found.append("zstd")
    return tuple(found)


def is_importable(name: str) -> bool:
    """Whether there is a module of that name."""
    if name in sys.modules:
        return sys.modules[name] is not None
    # What importlib.util.find_spec() does; to import that loads typing on some versions.
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    return any(finder.find_spec(name, None) is not None for finder in finders)
