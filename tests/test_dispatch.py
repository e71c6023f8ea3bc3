"""Dispatch: what an adapter gets and may return, when cancellation is looked at, what becomes of errors."""

from __future__ import annotations

import io
from collections import OrderedDict
from concurrent.futures import Future

import pytest

from miniaxios import (
    AbortController,
    AxiosError,
    CanceledError,
    CancelToken,
    Config,
    FormData,
    Headers,
    Promise,
    Response,
    URLSearchParams,
    axios,
)
from miniaxios.dispatch import dispatch
from tests.support.server import Reply, Server

URL = "http://a.test/x"
OWN_ERROR = ValueError("the caller's own")


def answer(**parts):
    """An adapter that answers so, whatever it is asked."""
    return lambda config: {"data": "", "status": 200, "headers": {}, **parts}


def fail(error):
    def adapter(config):
        raise error

    return adapter


class Stream(io.BytesIO):
    """Something that has to be closed."""


# ---- what an adapter may return ---------------------------------------------------------------


def future(value):
    made = Future()
    made.set_result(value)
    return made


MAPPING = {
    "data": '{"a": 1}',
    "status": 404,
    "status_text": "Gone Fishing",
    "headers": {"X-A": "1", "Set-Cookie": ["a=1", "b=2"]},
    "request": "how",
}
CAMEL = {**{key: MAPPING[key] for key in MAPPING if key != "status_text"}, "statusText": "Gone Fishing"}


def made(headers):
    """A Response of the same parts."""
    return lambda config: Response('{"a": 1}', 404, "Gone Fishing", headers, config, "how")


MADE = {
    "mapping": lambda config: dict(MAPPING),
    "camelCase": lambda config: dict(CAMEL),
    "OrderedDict": lambda config: OrderedDict(MAPPING),
    "promise": lambda config: Promise.resolve(dict(MAPPING)),
    "promise of a promise": lambda config: future(Promise.resolve(dict(MAPPING))),
    "future": lambda config: future(dict(MAPPING)),
    "Response": made(Headers(MAPPING["headers"])),
    "Response with plain headers": made(MAPPING["headers"]),
    "promise of a Response": lambda config: Promise.resolve(made(MAPPING["headers"])(config)),
}


@pytest.mark.parametrize("adapter", MADE.values(), ids=list(MADE))
def test_what_an_adapter_may_return(adapter):
    """It settles by the status itself, or not at all: a 404 from one of one's own is a response."""
    for response in (axios.get(URL, adapter=adapter), axios.promises.get(URL, adapter=adapter).result(10)):
        assert type(response) is Response
        assert response.data == {"a": 1}, "the transforms are for every adapter"
        assert (response.status, response.status_text, response.request) == (404, "Gone Fishing", "how")
        assert type(response.headers) is Headers
        assert (response.headers["x-a"], response.headers.get_set_cookie()) == ("1", ["a=1", "b=2"])
        assert response.config["url"] == URL
        assert isinstance(response.duration, int) and response.duration >= 0


def test_a_mapping_may_leave_things_out():
    response = axios.get(URL, adapter=lambda config: {})
    assert (response.data, response.status, response.status_text, response.request) == (None, None, "", None)
    assert dict(response.headers) == {} and response.config["url"] == URL


def test_an_object_that_is_like_a_response_is_kept():
    class Answer:
        status, data, headers = 200, "[1]", {"X-A": "1"}

    given = Answer()
    response = axios.get(URL, adapter=lambda config: given)
    assert response is given
    assert (given.data, given.headers["x-a"]) == ([1], "1")


@pytest.mark.parametrize("value", [None, 5, "text", b"bytes", [200], object()])
def test_an_adapter_that_returns_no_response(value):
    with pytest.raises(AxiosError) as caught:
        axios.get(URL, adapter=lambda config: value)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"
    assert caught.value.message == "option adapter must return a response, not " + type(value).__name__
    assert caught.value.config["url"] == URL


@pytest.mark.parametrize(
    "fail_how", [fail, lambda error: lambda config: Promise.reject(error)], ids=["raises", "rejects"]
)
@pytest.mark.parametrize("error", [OWN_ERROR, KeyError("x"), AxiosError("of its own", "ERR_NETWORK")])
def test_what_an_adapter_raises_passes_unchanged(fail_how, error):
    with pytest.raises(type(error)) as caught:
        axios.get(URL, adapter=fail_how(error))
    assert caught.value is error


def test_no_adapter_given_is_the_usual_one():
    with Server.replies([Reply(b"x")]) as server:
        assert axios.get(server.url(), adapter=None).data == "x"


def test_one_instance_may_be_the_adapter_of_another():
    inner = axios.create(adapter=answer(data="[1]", status=203))
    outer = axios.create(adapter=lambda config: inner.request(config["url"]))
    assert (outer.get(URL).data, outer.get(URL).status) == ([1], 203)
    asynchronous = axios.create(adapter=lambda config: inner.promises.request(config["url"]))
    assert asynchronous.get(URL).data == [1]


# ---- what an adapter gets ---------------------------------------------------------------------


def seen_by_adapter(*args, **options):
    got = []

    def adapter(config):
        got.append(config)
        return answer()(config)

    response = axios.request(*args, adapter=adapter, **options)
    assert response.config is got[0]
    return got[0]


def test_the_config_of_an_adapter_and_of_the_response():
    config = seen_by_adapter(
        URL,
        {"own": {"k": 1}},
        method="POST",
        data={"a": 1},
        headers={"X-A": "1"},
        params={"p": 1},
        timeout=5,
        maxRedirects=2,
    )
    assert type(config) is Config
    names = ("url", "method", "params", "timeout", "max_redirects", "own")
    assert {name: config[name] for name in names} == {
        "url": URL, "method": "post", "params": {"p": 1}, "timeout": 5, "max_redirects": 2, "own": {"k": 1}
    }  # fmt: skip
    assert config["data"] == '{"a":1}', "the body as it is sent"
    assert type(config["headers"]) is Headers
    assert dict(config["headers"]) == {
        "Accept": "application/json, text/plain, */*", "X-A": "1", "Content-Type": "application/json"
    }  # fmt: skip


def test_the_config_of_a_response_can_be_sent_again():
    with Server.handler(lambda request: Reply.json([request.method, request.target, request.text])) as server:
        first = axios.post(server.url("/x"), {"a": "ü"}, params={"p": 1})
        second = axios.request(first.config)
        assert first.data == second.data == ["POST", "/x?p=1", '{"a":"ü"}']
        assert server.requests[0].headers == server.requests[1].headers
        assert (first.config.url, second.config.url) == (server.url("/x"), server.url("/x"))


# ---- the default Content-Type -----------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"


def chunks():
    yield b"one"


@pytest.mark.parametrize("method", ["post", "put", "patch", "query", "delete", "get", "purge"])
@pytest.mark.parametrize(
    "data, wanted",
    [
        (None, None),
        ("", None),
        (b"", None),
        (bytearray(), None),
        ({}, "application/json"),
        ([], "application/json"),
        ({"a": 1}, "application/json"),
        (URLSearchParams("a=1"), FORM + ";charset=utf-8"),
        ("text", FORM),
        (b"bytes", FORM),
        (memoryview(b"view"), FORM),
        (io.BytesIO(b"file"), FORM),
        (chunks(), FORM),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_default_content_type(method, data, wanted):
    if wanted == FORM and method not in ("post", "put", "patch"):
        wanted = None  # Only these have a form unless something says otherwise.
    config = seen_by_adapter(URL, method=method, data=data)
    assert config["headers"].get("content-type") == wanted


@pytest.mark.parametrize("given", ["text/plain", None, False])
@pytest.mark.parametrize("data", ["text", {"a": 1}, b""])
def test_a_content_type_of_ones_own_stays(given, data):
    config = seen_by_adapter(URL, method="post", data=data, headers={"content-type": given})
    assert config["headers"].get("Content-Type") == (given or None)
    assert [name.lower() for name, _ in config["headers"].wire_pairs()].count("content-type") == (
        given is not None and given is not False
    )


def test_a_form_data_gets_its_content_type_with_the_boundary():
    form = FormData()
    form.append("a", "1")
    with Server.replies([Reply(b"")]) as server:
        axios.post(server.url(), form)
        assert server.request.header("content-type").startswith("multipart/form-data; boundary=")


def test_a_method_that_an_interceptor_spells_in_upper_case_is_the_same_method():
    here = axios.create(adapter=answer())
    here.interceptors.request.use(lambda config: {**config, "method": "POST"})
    assert here.get(URL, data="x").config["headers"]["content-type"] == FORM


def test_what_is_merely_false_is_a_body():
    class Empty:
        def __bool__(self):
            return False

        def __eq__(self, other):
            raise AssertionError("never compared")

        def __iter__(self):
            return iter([b"x"])

    config = seen_by_adapter(URL, method="post", data=Empty())
    assert config["headers"]["content-type"] == FORM


# ---- transforms -------------------------------------------------------------------------------


def test_request_transforms_run_for_every_method_and_may_change_headers():
    def transform(data, headers):
        headers["X-Transformed"] = str(data)
        return "made"

    for method in ("get", "post", "purge"):
        config = seen_by_adapter(URL, method=method, transform_request=transform)
        assert (config["headers"]["x-transformed"], config["data"]) == ("None", "made")


def test_response_transforms_get_headers_and_the_status():
    seen = []
    response = axios.get(
        URL,
        adapter=answer(data="body", status=203, headers={"X-A": "1"}),
        transform_response=lambda data, headers, status: (
            seen.append((data, headers["x-a"], status)) or "made"
        ),
    )
    assert (response.data, seen) == ("made", [("body", "1", 203)])


@pytest.mark.parametrize("option", ["transform_request", "transform_response"])
@pytest.mark.parametrize("status", [200, 404])
def test_what_a_transform_raises_passes_unchanged_and_the_stream_is_closed(option, status):
    stream = Stream(b"left")

    def transform(data, headers):
        raise OWN_ERROR

    def adapter(config):
        response = Response(stream, status, "", Headers(), config)
        if status == 404:
            raise AxiosError("not found", "ERR_BAD_REQUEST", config, None, response)
        return response

    with pytest.raises(ValueError) as caught:
        axios.get(URL, adapter=adapter, **{option: transform})
    assert caught.value is OWN_ERROR
    assert stream.closed == (option == "transform_response")


def test_a_transform_is_not_called_for_a_body_without_one():
    assert axios.get(URL, adapter=answer(data="[1]"), transform_response=None).data == "[1]"
    assert axios.get(URL, adapter=answer(data="[1]"), transform_response=[]).data == "[1]"


def test_the_body_of_an_errors_response_is_transformed():
    with Server.replies([Reply.json({"why": 1}, 500)]) as server:
        with pytest.raises(AxiosError) as caught:
            axios.get(server.url())
        error = caught.value
        assert error.response.data == {"why": 1}
        assert isinstance(error.response.duration, int)


@pytest.mark.parametrize("status", [200, 500])
def test_strict_json_that_does_not_parse_carries_its_response(status):
    with Server.replies([Reply(b"{no", status)]) as server:
        with pytest.raises(AxiosError) as caught:
            axios.get(server.url(), response_type="json", transitional={"silent_json_parsing": False})
        error = caught.value
        assert (error.code, error.response.status, error.status) == ("ERR_BAD_RESPONSE", status, status)
        assert error.response.data == "{no"
        assert error.config.url == server.url()


@pytest.mark.parametrize("headers", [{"X-A": "1"}, None])
def test_the_response_of_an_adapters_own_error_may_be_a_mapping(headers):
    error = AxiosError(
        "no", "ERR_BAD_REQUEST", response={"data": '{"a": 1}', "status": 404, "headers": headers}
    )
    with pytest.raises(AxiosError) as caught:
        axios.get(URL, adapter=fail(error))
    assert caught.value is error
    assert (error.response.data, error.response.status, error.status) == ({"a": 1}, 404, 404)
    assert type(error.response.headers) is Headers
    assert error.config["url"] == URL


def test_a_stream_of_an_errors_response_can_be_read():
    with Server.replies([Reply(b"why it failed", 500)]) as server:
        with pytest.raises(AxiosError) as caught:
            axios.get(server.url(), response_type="stream")
        with caught.value.response as response:
            assert response.data.read() == b"why it failed"


# ---- cancellation -----------------------------------------------------------------------------


def cancelled_token():
    return CancelToken(lambda cancel: cancel("stop"))


def aborted_signal():
    controller = AbortController()
    controller.abort("ignored, as in axios")
    return controller.signal


@pytest.mark.parametrize("how, message", [("cancel_token", "stop"), ("signal", "canceled")])
def test_cancelled_before_the_transforms(how, message):
    option = {how: cancelled_token() if how == "cancel_token" else aborted_signal()}

    def never(*args):
        raise AssertionError("must not be called")

    with pytest.raises(CanceledError) as caught:
        axios.post(URL, "x", adapter=never, transform_request=never, **option)
    assert caught.value.message == message
    # A token's reason is shared by its requests and says nothing of one.
    assert (caught.value.config is None) == (how == "cancel_token")


def test_an_option_that_is_wrong_is_told_before_that():
    with pytest.raises(AxiosError, match="option timeout") as caught:
        axios.get(URL, cancel_token=cancelled_token(), timeout="5")
    assert not axios.is_cancel(caught.value)


def test_cancelled_requests_run_their_interceptors():
    here = axios.create(adapter=answer())
    seen = []
    here.interceptors.request.use(lambda config: seen.append("request") or config)
    here.interceptors.response.use(None, lambda error: seen.append(error) or "rescued")
    token = cancelled_token()
    assert here.get(URL, cancel_token=token) == "rescued"
    assert seen == ["request", token.reason]


def test_cancelled_after_success_discards_the_response_and_closes_its_stream():
    source = CancelToken.source()
    stream = Stream(b"left")

    def adapter(config):
        source.cancel("while it was answered")
        return Response(stream, 200, "", Headers(), config)

    def never(data):
        raise AssertionError("must not be transformed")

    with pytest.raises(CanceledError, match="while it was answered"):
        axios.get(URL, adapter=adapter, cancel_token=source.token, transform_response=never)
    assert stream.closed


@pytest.mark.parametrize("has_response", [False, True])
def test_cancelled_after_failure_replaces_the_error_and_closes_its_stream(has_response):
    source = CancelToken.source()
    stream = Stream(b"left")

    def adapter(config):
        source.cancel("while it failed")
        response = Response(stream, 404, "", Headers(), config) if has_response else None
        raise AxiosError("failed", "ERR_BAD_REQUEST", config, None, response)

    with pytest.raises(CanceledError, match="while it failed"):
        axios.get(URL, adapter=adapter, cancel_token=source.token)
    assert stream.closed == has_response


def test_cancelled_after_an_error_of_ones_own_replaces_that_too():
    controller = AbortController()

    def adapter(config):
        controller.abort()
        raise OWN_ERROR

    with pytest.raises(CanceledError):
        axios.get(URL, adapter=adapter, signal=controller.signal)


def test_an_error_that_is_a_cancellation_is_not_replaced():
    source = CancelToken.source()
    inner = CanceledError("the adapter's own")

    def adapter(config):
        source.cancel("the token's")
        raise inner

    with pytest.raises(CanceledError) as caught:
        axios.get(URL, adapter=adapter, cancel_token=source.token)
    assert caught.value is inner


# ---- configs of interceptors, errors, interrupts ----------------------------------------------


def test_options_that_an_interceptor_brings_in_are_checked():
    here = axios.create(adapter=answer())
    here.interceptors.request.use(lambda config: {**config, "maxContentLength": "5"})
    with pytest.raises(AxiosError, match="option max_content_length must be"):
        here.get(URL)


@pytest.mark.parametrize("headers", [{"X-A": "1"}, [("X-A", "1")], {"common": {"X-A": "1"}}, None])
def test_headers_that_an_interceptor_makes_anew(headers):
    made = dispatch({"url": URL, "adapter": answer(), "headers": headers, "data": "x", "method": "post"})
    sent = made.config["headers"]
    assert type(sent) is Headers
    assert sent.get("x-a") == (None if headers is None else "1")
    assert sent["content-type"] == FORM


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": "5"},
        {"transitional": {"nope": True}},
        {"url": "http:missing-slashes"},
        {"url": None},
        {"data": object(), "method": "post"},
        {"data": {"a": float("nan")}},
        {"adapter": "xhr"},
        {"headers": {"X A": "1"}},
    ],
)
def test_errors_carry_the_config(options):
    with pytest.raises(AxiosError) as caught:
        axios.request({"url": URL, **options})
    assert caught.value.config is not None and "transitional" in caught.value.config


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_interrupts_pass_unchanged_also_when_cancelled(error):
    source = CancelToken.source()

    def adapter(config):
        source.cancel()
        raise error

    with pytest.raises(type(error)) as caught:
        axios.get(URL, adapter=adapter, cancel_token=source.token)
    assert caught.value is error


def test_duration_is_that_of_the_adapter(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("miniaxios.dispatch.monotonic", lambda: clock[0])

    def adapter(config):
        clock[0] += 1.2345
        return answer()(config)

    def slow(data, headers=None):
        clock[0] += 50
        return data

    here = axios.create(transform_request=slow, transform_response=slow, adapter=adapter)
    here.interceptors.request.use(lambda config: slow(config))
    assert here.get(URL).duration == 1234
