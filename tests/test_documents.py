"""XML: parsed, and never with a DTD."""

from __future__ import annotations

import builtins
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.documents import MAX_DEPTH, parse_document
from miniaxios.errors import AxiosError

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(12))
    + "]><lolz>&l11;</lolz>"
)


@pytest.mark.parametrize(
    "data, content_type, text",
    [
        (b"<a>x</a>", None, "x"),
        (b"\xef\xbb\xbf<a>x</a>", None, "x"),
        (b'<?xml version="1.0"?>\n<!-- <!DOCTYPE x> --><?pi <!DOCTYPE?><a>x</a>', None, "x"),
        (b"<a><![CDATA[<!DOCTYPE x>]]></a>", None, "<!DOCTYPE x>"),
        ("<a>é</a>".encode(), None, "é"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1"), None, "é"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode(), "text/xml; charset=utf-8", "é"),
        ("<?xml version='1.0' encoding='shift_jis'?><a>日本</a>".encode("shift_jis"), None, "日本"),
        ("<a>é</a>".encode("utf-16"), None, "é"),
        ("<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16-be"), None, "é"),
        (b"<?xml version='1.0' encoding='utf-16'?><a>x</a>", None, "x"),
        (b"<a>&lt;&#65;</a>", None, "<A"),
    ],
)
def test_parsed(data: bytes, content_type: Any, text: str) -> None:
    root = parse_document(data, content_type)
    assert root is not None and root.tag == "a" and root.text == text


def test_empty_body_has_no_document() -> None:
    assert parse_document(b"") is None


ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS.encode(),
        LAUGHS.encode("utf-16"),
        ('<?xml version="1.0" encoding="utf-16"?>' + LAUGHS).encode("utf-16-be"),
        b'<?xml version="1.0" encoding="cp037"?>' + LAUGHS.encode("cp037"),
        ENTITY.encode(),
        b"\xef\xbb\xbf \n" + ENTITY.encode(),
        b"<!-- x --><?pi?> <!-- y -->" + ENTITY.encode(),
        b"<!DOCTYPE html><html/>",
        b"<!doctype html><html/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b"<!ENTITY x 'y'><a/>",
    ],
)
def test_DATA_3_any_dtd_is_refused(data: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(AxiosError) as caught:
        parse_document(data)
    assert caught.value.code == "ERR_BAD_RESPONSE"
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>&x;</a>",
        b"<!-- <a/>",
        b"<?x <a/>",
        b"\0",
        b"<a/><!DOCTYPE a>",
        b" ",
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(AxiosError) as caught:
        parse_document(data)
    assert caught.value.code == "ERR_BAD_RESPONSE"


def test_CPU_2_depth() -> None:
    fine = b"<a>" * (MAX_DEPTH - 1) + b"</a>" * (MAX_DEPTH - 1)
    assert parse_document(fine) is not None
    for depth in (MAX_DEPTH + 1, 200_000):
        with pytest.raises(AxiosError, match="levels deep"):
            parse_document(b"<a>" * depth + b"</a>" * depth)


@pytest.mark.parametrize("piece", [b"<?", b"<!--", b"<!---->", b"<??>", b"<", b" ", b"-->", b"?>"])
def test_CPU_1_hostile_prologs(piece: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(AxiosError):
        parse_document(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begun < 2


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<!", "<?", "?>", "<!--", "-->", "<a>", "</a>", "DOCTYPE a", "[", "]", ">", " ", "x"]
        )
    )
)
def test_law_only_axios_errors(tokens: Any) -> None:
    try:
        parse_document("".join(tokens).encode())
    except AxiosError as error:
        assert error.code == "ERR_BAD_RESPONSE"


def test_without_expat(monkeypatch: Any) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any) -> Any:
        if name.startswith("xml"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(AxiosError) as caught:
        parse_document(b"<a/>")
    assert caught.value.code == "ERR_NOT_SUPPORT"
