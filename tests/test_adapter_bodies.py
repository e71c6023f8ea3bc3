"""Bodies of responses: each type, charsets, documents, and what there is when nothing came."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from miniaxios import Agent, AxiosError, axios
from tests.support.server import Reply, Server


@pytest.fixture
def client():
    with Agent() as agent:
        yield axios.create(http_agent=agent, https_agent=agent)


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


# -- response types ----------------------------------------------------------------------------------

JSON = '{"a": "é"}'


@pytest.mark.parametrize(
    "response_type, expected",
    [(None, {"a": "é"}), ("json", {"a": "é"}), ("text", JSON), ("arraybuffer", JSON.encode())],
)
def test_response_types(client, response_type, expected):
    with Server.replies([Reply(JSON, headers={"Content-Type": "application/json"})]) as server:
        assert client.get(server.url(), response_type=response_type).data == expected


def test_response_type_blob(client):
    with Server.replies([Reply(b"abc", headers={"Content-Type": "image/png"})]) as server:
        blob = client.get(server.url(), response_type="blob").data
        assert (blob.type, blob.size, blob.read()) == ("image/png", 3, b"abc")


def test_response_type_document(client):
    with Server.replies([Reply("<a><b>é</b></a>", headers={"Content-Type": "text/xml"})]) as server:
        root = client.get(server.url(), response_type="document").data
        assert isinstance(root, ElementTree.Element) and root[0].text == "é"


EVIL = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'


@pytest.mark.parametrize("body", [EVIL, b"<a><b></a>", b"<a>" * 300 + b"</a>" * 300])
def test_DATA_3_documents_that_are_refused(no_leaks, client, body):
    with Server.handler(lambda request: Reply(body, 200, {"X": "1"})) as server:
        error = failed(client.get, server.url(), response_type="document")
        assert error.code == "ERR_BAD_RESPONSE" and error.config is not None
        assert error.status == 200 and error.response.headers["x"] == "1" and error.request.path == "/"


@pytest.mark.parametrize("body", [EVIL, b"not xml at all"])
def test_DATA_3_a_bad_status_beats_a_bad_document(client, body):
    with Server.replies([Reply(body, 404)]) as server:
        error = failed(client.get, server.url(), response_type="document")
        assert (error.code, error.status) == ("ERR_BAD_REQUEST", 404)
        assert error.response.data == body.decode()


EMPTY = [
    ("json", ""), (None, ""), ("text", ""), ("arraybuffer", b""), ("document", None),
]  # fmt: skip


@pytest.mark.parametrize("response_type, expected", EMPTY)
@pytest.mark.parametrize("how", ["head", "204", "empty"])
def test_FRAME_7_nothing_came(client, response_type, expected, how):
    with Server.handler(lambda request: Reply(b"" if how == "empty" else b"abc", 204 if how == "204" else 200)) as server:
        for _ in range(2):
            response = client.request(server.url(), method="head" if how == "head" else "get", response_type=response_type)
            assert response.data == expected
            assert how != "head" or response.headers["content-length"] == "3"
        assert server.connections == 1


@pytest.mark.parametrize("how", ["head", "204", "empty"])
def test_FRAME_7_nothing_came_as_a_blob_or_a_stream(client, how):
    with Server.handler(lambda request: Reply(b"" if how == "empty" else b"abc", 204 if how == "204" else 200)) as server:
        method = "head" if how == "head" else "get"
        assert client.request(server.url(), method=method, response_type="blob").data.size == 0
        with client.request(server.url(), method=method, response_type="stream") as response:
            assert response.data.read() == b""


@pytest.mark.parametrize(
    "options, content_type, body, expected",
    [
        ({}, "text/plain; charset=latin-1", b"\xe9", "é"),
        ({}, "text/plain", "é".encode(), "é"),
        ({}, "text/plain; charset=punycode", "é".encode(), "é"),
        ({}, "text/plain", b"\xef\xbb\xbfx", "x"),
        ({}, "text/plain", b"\xff", "\ufffd"),
        ({"response_encoding": "latin-1"}, "text/plain; charset=utf-8", b"\xe9", "é"),
        ({"responseEncoding": "utf-16"}, "text/plain", "é".encode("utf-16"), "é"),
    ],
)
def test_DATA_2_charsets(client, options, content_type, body, expected):
    with Server.replies([Reply(body, headers={"Content-Type": content_type})]) as server:
        assert client.get(server.url(), response_type="text", **options).data == expected


@pytest.mark.parametrize("response_type", [None, "text", "stream", "arraybuffer"])
def test_DATA_2_an_unknown_response_encoding_is_told_before_anything_is_sent(client, response_type):
    with Server.silent() as server:
        error = failed(client.get, server.url(), response_encoding="unicode_escape", response_type=response_type)
        assert error.code == "ERR_BAD_OPTION_VALUE" and server.connections == 0
