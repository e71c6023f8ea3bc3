"""Blob: bytes with a media type."""

from __future__ import annotations

import io
import pickle

from miniaxios.blob import Blob


def test_blob() -> None:
    blob = Blob(b"hello", "Image/PNG")
    assert isinstance(blob, io.BytesIO)
    assert (blob.type, blob.size, blob.read(2), blob.read()) == ("image/png", 5, b"he", b"llo")
    assert Blob().type == "" and Blob().size == 0
    assert "image/png" in repr(blob)


def test_LEAK_2_pickle() -> None:
    again = pickle.loads(pickle.dumps(Blob(b"hello", "a/b")))
    assert (type(again), again.read(), again.type, again.size) == (Blob, b"hello", "a/b", 5)
