"""Response, RequestDetails, and the verdict on a status."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest

from miniaxios.blob import Blob
from miniaxios.errors import AxiosError
from miniaxios.headers import Headers
from miniaxios.response import RequestDetails, Response, settle, without_userinfo


def details(**changes: Any) -> RequestDetails:
    given = {
        "method": "GET",
        "url": "https://user:hunter2@example.com:8443/a?token=hunter2",
        "path": "/a?token=hunter2",
        "host": "example.com:8443",
        "protocol": "https:",
        "headers": Headers({"Authorization": "Bearer hunter2", "Accept": "*/*"}),
        "redirects": ["http://user:hunter2@example.com/"],
    }
    given.update(changes)
    return RequestDetails(**given)


def response(**changes: Any) -> Response:
    given = {
        "data": {"a": 1},
        "status": 200,
        "status_text": "OK",
        "headers": Headers.from_wire([("X-A", "1"), ("X-A", "2"), ("Set-Cookie", "sid=hunter2")]),
        "config": {"url": "/a", "auth": {"username": "u", "password": "hunter2"}, "adapter": print},
        "request": details(url="https://example.com/a", path="/a"),
        "duration": 12,
    }
    given.update(changes)
    return Response(**given)


class Stream(io.RawIOBase):
    def readable(self) -> bool:
        return True


def test_context_manager_closes_a_stream_only() -> None:
    stream, blob = Stream(), Blob(b"x")
    with response(data=stream) as entered:
        assert entered.data is stream and not stream.closed
    assert stream.closed
    with response(data=blob):
        pass
    assert not blob.closed
    with response(data={"a": 1}):
        pass


def test_context_manager_passes_exceptions_on() -> None:
    stream = Stream()
    with pytest.raises(ZeroDivisionError):
        with response(data=stream):
            raise ZeroDivisionError
    assert stream.closed


def test_LEAK_1_repr() -> None:
    assert repr(response()) == "<Response 200 'OK'>"
    assert "\x1b" not in repr(response(status_text="\x1b[31m" * 100))
    assert len(repr(response(status_text="x" * 1000))) < 80
    assert repr(details()) == "<RequestDetails GET https://example.com:8443/a>"
    assert "\n" not in repr(details(path="/\n\x1b"))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_LEAK_2_pickle(protocol: int) -> None:
    pickled = pickle.dumps(response(), protocol)
    assert b"hunter2" not in pickled
    again = pickle.loads(pickled)
    assert (again.data, again.status, again.status_text, again.duration) == ({"a": 1}, 200, "OK", 12)
    assert again.headers.get_all("x-a") == ["1", "2"]
    assert "set-cookie" in again.headers
    assert again.config["url"] == "/a" and "adapter" not in again.config
    assert (again.request.url, again.request.headers["accept"]) == ("https://example.com/a", "*/*")


def test_LEAK_2_pickle_honours_redact_and_sensitive_headers() -> None:
    config = {"url": "/", "redact": ["PIN"], "sensitive_headers": ["x-ours"], "xsrf_header_name": "X-Our-Xsrf"}
    sent = Headers({"X-Ours": "hunter2", "x-our-xsrf": "hunter2", "Pin": "hunter2", "A": "1"})
    request = details(headers=sent, path="/a?pin=hunter2&b=1", url="http://example.com/a?pin=hunter2&b=1")
    request.redirects.append("http://example.com/b?pin=hunter2")
    answer = response(config=config, headers=sent.copy(), request=request)
    for thing in (answer, AxiosError("m", None, config, request, answer)):
        pickled = pickle.dumps(thing)
        assert b"hunter2" not in pickled and b"&b=1" in pickled
    assert pickle.loads(pickle.dumps(answer)).request.headers["a"] == "1"
    assert request.headers["x-ours"] == answer.headers["x-ours"] == "hunter2"


def test_LEAK_2_streams_stay_behind() -> None:
    for data in (Stream(), (byte for byte in b"x")):
        assert pickle.loads(pickle.dumps(response(data=data))).data is None
        assert copy.copy(response(data=data)).data is None
    assert pickle.loads(pickle.dumps(response(data=Blob(b"x", "a/b")))).data.read() == b"x"
    bare = pickle.loads(pickle.dumps(Response()))
    assert (bare.headers, bare.config, bare.request) == (None, None, None)


def test_LEAK_2_pickled_in_an_error() -> None:
    error = AxiosError("m", "ERR_BAD_REQUEST", {"url": "/"}, details(), response(data=Stream(), status=404))
    pickled = pickle.dumps(error)
    again = pickle.loads(pickled)
    assert b"user:hunter2" not in pickled and b"Bearer hunter2" not in pickled
    assert (again.response.status, again.status, again.response.data) == (404, 404, None)


class Hop:
    """A request of the basement."""

    method = "GET"
    headers = [("Accept", "*/*")]

    class url:
        scheme, target, host_header = "https", "/a?b=1", "h:8443"

        def __str__(self) -> str:
            return "https://h:8443/a?b=1#c"

    def __init__(self) -> None:
        self.url: Any = Hop.url()


def test_details_of_a_hop_are_those_of_their_time() -> None:
    hop, history = Hop(), ["https://h/"]
    found = RequestDetails.of_hop(hop, history)
    history.append("https://other/")
    hop.method, hop.url, hop.headers = "POST", None, [("Accept", "other")]
    assert repr(found) == "<RequestDetails GET https://h:8443/a>"
    assert (found.method, found.url, found.path) == ("GET", "https://h:8443/a?b=1#c", "/a?b=1")
    assert (found.host, found.protocol, found.redirects) == ("h:8443", "https:", ["https://h/"])
    assert found.headers["accept"] == "*/*" and found.headers is found.headers
    found = RequestDetails.of_hop(Hop(), [])
    found.url = "changed"
    assert (found.path, found.url) == ("/a?b=1", "changed")


def test_details_of_a_hop_are_like_any_others() -> None:
    for copier in (copy.copy, lambda made: pickle.loads(pickle.dumps(made))):
        look = copier(RequestDetails.of_hop(Hop(), []))
        assert (look.method, look.url, look.redirects) == ("GET", "https://h:8443/a?b=1#c", [])
    for made in (RequestDetails.of_hop(Hop(), []), details()):
        assert not hasattr(made, "nothing") and not hasattr(made, "__wrapped__")
        with pytest.raises(AttributeError, match="'RequestDetails' object has no attribute 'nothing'"):
            made.nothing


def test_REDIR_5_details_hold_no_userinfo() -> None:
    request = details()
    assert request.url == "https://example.com:8443/a?token=hunter2"
    assert request.redirects == ["http://example.com/"]


@pytest.mark.parametrize(
    "url, shown",
    [
        ("http://h/", "http://h/"),
        ("http://u:p@ss@h/x@y", "http://h/x@y"),
        ("http://h/?next=http://u@x/", "http://h/?next=http://u@x/"),
        ("http://u@h?q=a@b", "http://h?q=a@b"),
        ("http://h#a@b", "http://h#a@b"),
        ("/path@x", "/path@x"),
    ],
)
def test_without_userinfo(url: str, shown: str) -> None:
    assert without_userinfo(url) == shown


@pytest.mark.parametrize(
    "status, code",
    [(400, "ERR_BAD_REQUEST"), (499, "ERR_BAD_REQUEST")]
    + [(status, "ERR_BAD_RESPONSE") for status in (199, 302, 500, 599, 600)],
)
def test_settle_raises(status: int, code: str) -> None:
    given = response(status=status)
    with pytest.raises(AxiosError) as caught:
        settle(given, lambda value: 200 <= value < 300)
    error = caught.value
    assert (error.message, error.code) == (f"Request failed with status code {status}", code)
    assert (error.response, error.request, error.config) == (given, given.request, given.config)
    assert error.status == status


@pytest.mark.parametrize(
    "status, validate",
    [
        (200, lambda status: True),
        (500, None),
        (500, lambda status: "yes"),
        (None, lambda status: False),
        (0, bool),
    ],
)
def test_settle_returns(status: Any, validate: Any) -> None:
    given = response(status=status)
    assert settle(given, validate) is given


def test_settle_passes_exceptions_on() -> None:
    with pytest.raises(ZeroDivisionError):
        settle(response(), lambda status: 1 / 0)
