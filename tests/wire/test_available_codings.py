"""What is offered to servers is what can be decoded here."""

from __future__ import annotations

import sys

import pytest

from miniaxios.wire import available_codings
from miniaxios.wire.available_codings import accept_encoding, is_importable
from miniaxios.wire.codings import decoder_for


def test_without_zlib_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("zlib", "brotli", "brotlicffi", "_zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(available_codings, "_supported", None)
    assert accept_encoding() == "identity"
    assert decoder_for(["gzip"]) is None and decoder_for(["compress"]) is None and decoder_for(["br"]) is None


def test_looking_for_a_module_does_not_load_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    assert is_importable("this") and "this" not in sys.modules
    assert is_importable("sys") and not is_importable("there_is_no_such_module")
