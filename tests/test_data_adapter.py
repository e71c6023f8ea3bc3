"""``data:`` URLs through the public API."""

from __future__ import annotations

import base64
import io
import json

import pytest

from miniaxios import AxiosError, axios


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.mark.parametrize(
    "url, options, expected",
    [
        ("data:,hello%20there", {}, "hello there"),
        ("DATA:,hi", {}, "hi"),
        ("data:text/plain;charset=latin-1,%E9", {}, "é"),
        ("data:text/plain;charset=utf-8,%C3%A9", {}, "é"),
        ("data:application/json,{\"a\":1}", {}, {"a": 1}),
        ("data:,{\"a\":1}", {"response_type": "json"}, {"a": 1}),
        ("data:,{\"a\":1}", {"response_type": "text"}, '{"a":1}'),
        ("data:;base64,aGk=", {"response_type": "arraybuffer"}, b"hi"),
        ("data:;base64,aGk", {}, "hi"),
        ("data:,", {}, ""),
        ("data:,", {"response_type": "arraybuffer"}, b""),
        ("data:,a#b?c", {}, "a#b?c"),
        ("data:,%E9", {"response_encoding": "latin-1"}, "é"),
    ],
)
def test_bodies(url, options, expected):
    response = axios.get(url, **options)
    assert response.data == expected
    assert (response.status, response.status_text, response.request) == (200, "OK", None)
    assert response.config.url == url and response.duration >= 0


def test_media_type_and_blob():
    response = axios.get("data:image/png;base64,AAEC", response_type="blob")
    assert response.headers["content-type"] == "image/png"
    assert (response.data.type, response.data.size, response.data.read()) == ("image/png", 3, b"\0\1\2")
    assert axios.get("data:,x").headers["content-type"] == "text/plain;charset=US-ASCII"


def test_document():
    assert axios.get("data:text/xml,<a><b/></a>", response_type="document").data.tag == "a"
    error = failed(axios.get, "data:text/xml,<!DOCTYPE a><a/>", response_type="document")
    assert error.code == "ERR_BAD_RESPONSE" and error.response.status == 200


def test_stream():
    with axios.get("data:text/plain;charset=latin-1,a%0D%0A%E9%0Ab", response_type="stream") as response:
        assert isinstance(response.data, io.RawIOBase)
        assert list(response.data.iter_lines()) == ["a", "é", "b"]
        assert response.data.read() == b""
    assert response.data.closed
    stream = axios.get("data:,abcdef", response_type="stream").data
    assert stream.read(2) == b"ab" and stream.pipe(io.BytesIO()).getvalue() == b"cdef"
    stream.close()
    with pytest.raises(ValueError):
        stream.read()
    sink = type("Sink", (), {"write": lambda self, data: (_ for _ in ()).throw(OSError(28, "full"))})()
    error = failed(axios.get("data:,abc", response_type="stream").data.pipe, sink)
    assert error.code == "ENOSPC" and error.config.url == "data:,abc"


@pytest.mark.parametrize("method", ["post", "head", "delete", "put"])
@pytest.mark.parametrize("response_type", [None, "stream", "blob", "arraybuffer"])
def test_other_methods_are_answered_with_405(method, response_type):
    error = failed(axios.request, "data:,x", method=method, response_type=response_type)
    assert str(error) == "Request failed with status code 405" and error.code == "ERR_BAD_REQUEST"
    assert error.response.status_text == "method not allowed"
    data = error.response.data
    assert data in ("", b"") or data.read() == b""
    assert axios.request("data:,x", method=method, validate_status=None).status == 405


@pytest.mark.parametrize("url", ["data:", "data:text/plain", "data:text/plain;base64"])
def test_bad_urls(url):
    error = failed(axios.get, url)
    assert error.code == "ERR_BAD_REQUEST" and str(error) == "Invalid URL" and error.config.url == url


@pytest.mark.parametrize("url", ["data:,12345678901", "data:;base64," + base64.b64encode(b"x" * 11).decode(), "data:," + "%20" * 11])
@pytest.mark.parametrize("response_type", [None, "stream", "arraybuffer"])
def test_LIMIT_1_max_content_length(url, response_type):
    error = failed(axios.get, url, max_content_length=10, response_type=response_type)
    assert error.code == "ERR_BAD_RESPONSE" and str(error) == "maxContentLength size of 10 exceeded"
    axios.get(url, max_content_length=11)
    axios.get(url, maxContentLength=-1)


def test_transforms_interceptors_and_status():
    client = axios.create(transform_response=[lambda data, headers, status: (data, status)])
    client.interceptors.response.use(lambda response: response.data)
    assert client.get("data:,x") == ("x", 200)
    assert failed(axios.get, "data:,x", validate_status=lambda status: status == 201).code == "ERR_BAD_RESPONSE"
    assert json.loads(json.dumps(failed(axios.get, "data:").to_json()))["code"] == "ERR_BAD_REQUEST"


def test_a_base_url_goes_in_front():
    assert axios.get_uri("data:,x", base_url="http://h/api") == "http://h/api/data:,x"


def test_a_redirect_does_not_lead_there():
    from tests.support.server import Reply, Server

    with Server.replies([Reply.redirect("data:,evil")]) as server:
        assert failed(axios.get, server.url()).code == "ERR_FR_REDIRECTION_FAILURE"
