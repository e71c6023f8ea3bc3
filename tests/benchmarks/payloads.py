"""What the servers serve: made anew for each run, the same bytes each time."""

from __future__ import annotations

import json
import os
import random
import subprocess
import zlib

from ..support.tls import CA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

MIB = 1 << 20
BUFFERED = 64 * MIB
STREAMED = 256 * MIB
DOCUMENT = 10 * MIB

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"

#: With the five that nginx writes, these are twenty.
MORE_HEADERS: Dict[str, str] = {
    "Cache-Control": "private, max-age=0, must-revalidate",
    "ETag": 'W/"5f3-18c2a7d9e40"',
    "Last-Modified": "Tue, 03 Feb 2026 10:15:30 GMT",
    "Vary": "Accept, Accept-Encoding, Origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, X-RateLimit-Remaining",
    "X-RateLimit-Limit": "5000",
    "X-RateLimit-Remaining": "4987",
    "X-Request-Id": "7d1f6c52-6f0e-4f0e-9b1c-0a4f5be2d9c1",
    "Link": "</items?page=2>; rel=next",
}


def small_document() -> Any:
    """What the small answers say: a record of 1 KiB as JSON, of which a text is the most.

    Parsing it costs everybody the same few microseconds, so that the clients are what differs.
    """
    document = {
        "id": 17,
        "name": "A customer",
        "email": "someone@example.test",
        "tags": ["a", "b", "c"],
        "address": {"street": "1 Long Street", "city": "Nowhere", "country": None},
        "orders": [{"id": number, "total": number * 1.25, "paid": True} for number in range(3)],
        "notes": "",
    }
    document["notes"] = ("lorem ipsum " * 100)[: 1024 - len(compact(document))]
    return document


def compact(document: Any) -> bytes:
    """As JSON, without a blank."""
    return json.dumps(document, separators=(",", ":")).encode()


def large_document() -> bytes:
    """JSON of 10 MiB, of records such as an API gives; gzip makes two fifths of it."""
    dice = random.Random(10)
    words = ["%x" % dice.getrandbits(dice.randrange(8, 40)) for _ in range(3000)]
    pieces: List[bytes] = []
    size = 0
    while size < DOCUMENT:
        record = {
            "id": len(pieces),
            "score": dice.random(),
            "tags": dice.sample(words, 5),
            "text": " ".join(dice.sample(words, 12)),
        }
        pieces.append(compact(record))
        size += len(pieces[-1]) + 1
    return b"[" + b",".join(pieces) + b"]"


def gzipped(data: bytes) -> bytes:
    """As `gzip -6` has it, without a time."""
    coder = zlib.compressobj(6, zlib.DEFLATED, 31)
    return coder.compress(data) + coder.flush()


class Payloads:
    """The files, in a folder of their own, and what is in them."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.document = small_document()
        self.small = compact(self.document)

    def path(self, name: str) -> str:
        """Where that file is."""
        return os.path.join(self.folder, name)

    def write(self) -> Dict[str, Any]:
        """Writes them all; what is known about them, for those who check."""
        block = random.Random(1).getrandbits(8 * MIB).to_bytes(MIB, "little")
        self._write("small.json", self.small)
        self._write("small.json.gz", gzipped(self.small))
        document = large_document()
        self._write("large.json.gz", gzipped(document))
        self._write("buffered", *[block] * (BUFFERED // MIB))
        self._write_sparse("streamed", block, STREAMED)
        return {
            "document": self.document,
            "buffered": facts(block * (BUFFERED // MIB)),
            "streamed": facts(block + bytes(STREAMED - 2 * MIB) + block),
            "large": facts(document),
            "small": facts(self.small),
            "path": self.path("buffered"),
            "small_path": self.path("small.json"),
        }

    def _write(self, name: str, *pieces: bytes) -> None:
        with open(self.path(name), "wb") as file:
            file.writelines(pieces)

    def _write_sparse(self, name: str, block: bytes, size: int) -> None:
        """The block at both ends, nothing between them."""
        with open(self.path(name), "wb") as file:
            file.write(block)
            file.seek(size - len(block))
            file.write(block)


def facts(data: bytes) -> Dict[str, Any]:
    """By which an answer is known: its size, its checksum, its last bytes."""
    return {"size": len(data), "crc": zlib.crc32(data), "tail": data[-16:].hex()}


class Roots:
    """A file of many roots with the one of the tests among them, and the same as a hashed directory.

    count: how many there are. origin: where they come from. hashed: "" where there is no `openssl rehash`.
    """

    def __init__(self, folder: str, fallback: Optional[str]) -> None:
        self.file = os.path.join(folder, "roots.pem")
        self.hashed = os.path.join(folder, "roots")
        self.origin = next((path for path in (SYSTEM_ROOTS, fallback) if path and os.path.exists(path)), "")
        text = _read(self.origin) + _read(CA) if self.origin else _read(CA)
        with open(self.file, "w", encoding="ascii") as file:
            file.write(text)
        self.count = text.count("-----BEGIN CERTIFICATE-----")
        if not self._hash(text):
            self.hashed = ""

    def _hash(self, text: str) -> bool:
        os.mkdir(self.hashed)
        end = "-----END CERTIFICATE-----\n"
        for number, part in enumerate(text.split(end)[:-1]):
            with open(os.path.join(self.hashed, "%d.pem" % number), "w", encoding="ascii") as file:
                file.write(part[part.index("-----BEGIN") :] + end)
        try:
            done = subprocess.run(
                ["openssl", "rehash", self.hashed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError:
            return False
        return done.returncode == 0


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        # Comments of a bundle may hold any letters; only the certificates count.
        return file.read().encode("ascii", "ignore").decode()
