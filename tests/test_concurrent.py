"""``axios.promises``: the same calls, under way at once, of the config as it was when the call was made."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading

import pytest

import miniaxios
import miniaxios.client
import miniaxios.late
from miniaxios import AxiosError, Promise, axios
from miniaxios.calls import Calls
from miniaxios.concurrent import Promises
from tests.support.server import Reply, Server

URL = "http://a.test/x"
PATIENCE = 10
CALLS = [
    "request", "get", "delete", "head", "options",
    "post", "put", "patch", "query", "post_form", "put_form", "patch_form",
]  # fmt: skip


class Gate:
    """An adapter that answers with what it was given, once the gate is open."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, config):
        assert self.open.wait(PATIENCE)
        return {"data": "", "status": 200, "headers": {}, "config": config}


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()


@pytest.mark.parametrize("call", CALLS)
def test_every_call_is_mirrored(call, gate):
    gate.open.set()
    args = (URL, "a=1") if call not in ("request", "get", "delete", "head", "options") else (URL,)
    here = axios.create(adapter=gate)
    promise = getattr(here.promises, call)(*args, headers={"Content-Type": "text/plain"})
    assert type(promise) is Promise
    got, wanted = (
        promise.result(PATIENCE).config,
        getattr(here, call)(*args, headers={"Content-Type": "text/plain"}).config,
    )
    assert {**got, "headers": dict(got["headers"])} == {**wanted, "headers": dict(wanted["headers"])}


def test_the_calls_have_their_names_signatures_and_documents():
    for call in CALLS:
        mirrored, plain = getattr(axios.promises, call), getattr(axios, call)
        assert (mirrored.__name__, mirrored.__doc__) == (plain.__name__, plain.__doc__)
        assert inspect.signature(mirrored) == inspect.signature(plain)
        assert call in dir(axios.promises)
    with pytest.raises(AttributeError, match="get_uri"):
        axios.promises.get_uri("x")


def test_a_call_is_under_way_when_it_returns(gate):
    started = threading.Event()

    def adapter(config):
        started.set()
        return gate(config)

    promise = axios.promises.get(URL, adapter=adapter)
    assert started.wait(PATIENCE), "it did not wait for somebody to ask for the result"
    assert not promise.done()
    gate.open.set()
    assert promise.result(PATIENCE).status == 200


def test_the_promises_of_the_module_are_those_of_the_default_instance():
    assert isinstance(miniaxios.promises, Promises) and isinstance(miniaxios.promises, Calls)
    assert miniaxios.promises.get("data:,x").result(PATIENCE).data == "x"


# ---- what is altered after the call is too late -----------------------------------------------


def test_config_and_data_may_be_used_again_at_once(gate):
    """A loop that reuses one dict makes as many different requests as it has turns."""
    config = {"params": {"page": 0}, "headers": {"X-N": "0"}, "own": {"list": [0]}}
    data = {"n": 0, "deep": {"list": [0]}}
    promises = []
    for number in range(5):
        config["params"]["page"] = config["own"]["list"][0] = number
        config["headers"]["X-N"] = str(number)
        data["n"] = data["deep"]["list"][0] = number
        promises.append(axios.promises.post(URL, data, config, adapter=gate))
    config["params"]["page"] = data["n"] = "too late"
    gate.open.set()
    configs = [promise.result(PATIENCE).config for promise in promises]
    assert [made["params"]["page"] for made in configs] == [0, 1, 2, 3, 4]
    assert [made["headers"]["x-n"] for made in configs] == ["0", "1", "2", "3", "4"]
    assert [made["own"] for made in configs] == [{"list": [number]} for number in range(5)]
    assert [made["data"] for made in configs] == [
        '{"n":%d,"deep":{"list":[%d]}}' % (number, number) for number in range(5)
    ]


def test_data_is_as_it_was_when_an_interceptor_waits(gate):
    here = axios.create(adapter=gate)
    here.interceptors.request.use(lambda config: gate.open.wait(PATIENCE) and config)
    data = {"a": [1]}
    promise = here.promises.put(URL, data)
    data["a"].append("too late")
    gate.open.set()
    assert promise.result(PATIENCE).config["data"] == '{"a":[1]}'


def test_what_is_no_plain_container_is_not_copied(gate):
    gate.open.set()
    form = miniaxios.FormData()
    assert axios.promises.post(URL, form, adapter=gate).result(PATIENCE).config["data"] is form


def test_defaults_of_the_instance_are_those_of_the_call(gate):
    here = axios.create(adapter=gate, headers={"common": {"Authorization": "first"}})
    here.interceptors.request.use(lambda config: gate.open.wait(PATIENCE) and config)
    promise = here.promises.get(URL)
    here.defaults.headers.common["Authorization"] = "second"
    here.defaults.timeout = 99
    gate.open.set()
    config = promise.result(PATIENCE).config
    assert (config.headers["authorization"], config.timeout) == ("first", 0)


def test_all_of_that_is_so_even_if_no_thread_is_free_for_a_while(gate, monkeypatch):
    waiting = []
    monkeypatch.setattr("miniaxios.concurrent.run", lambda function, *args: waiting.append((function, args)))
    gate.open.set()
    here = axios.create(adapter=gate, timeout=1)
    ran = []
    first = here.interceptors.request.use(lambda config: ran.append("request") or config)
    here.interceptors.response.use(lambda response: ran.append("response") or response)
    data = {"a": 1}
    here.promises.post(URL, data)
    here.interceptors.request.eject(first)
    here.interceptors.response.clear()
    here.interceptors.response.use(lambda response: ran.append("too late") or response)
    here.defaults.timeout = data["a"] = 2
    ((function, args),) = waiting
    config = function(*args).config
    assert ran == ["request", "response"]
    assert (config.timeout, config["data"]) == (1, '{"a":1}')


def test_the_short_way_is_taken_of_what_things_were_when_the_call_was_made(monkeypatch):
    waiting = []
    monkeypatch.setattr("miniaxios.concurrent.run", lambda function, *args: waiting.append((function, args)))
    monkeypatch.setattr(miniaxios.late, "_ways", (None, None))
    with Server.handler(lambda request: Reply.json([request.method, request.target, request.body.decode()])) as server:
        here = axios.create(base_url=server.url(), timeout=5000)
        data = {"a": [1]}
        here.promises.post("/x", data)
        here.promises.get("/y", timeout=4000, cancel_token=miniaxios.CancelToken.source().token)
        headers, params = {"X-A": "1"}, {"b": 2}
        here.promises.get("/z", headers=headers, params=params)
        data["a"].append(2)
        headers["X-A"] = params["b"] = "altered"
        here.defaults.base_url = "http://nobody.test/"
        here.interceptors.response.use(lambda response: pytest.fail("too late"))
        posted, got, asked = (function(*args) for function, args in waiting)
    assert posted.data == ["POST", "/x", '{"a":[1]}'] and posted.config.base_url == server.url()
    assert got.data == ["GET", "/y", ""] and got.config.timeout == 4000
    assert asked.data == ["GET", "/z?b=2", ""] and asked.request.headers["X-A"] == "1" and asked.config.params == {"b": 2}


def test_what_turns_out_to_be_unusual_goes_the_general_way_of_what_things_were(monkeypatch):
    waiting = []
    monkeypatch.setattr("miniaxios.concurrent.run", lambda function, *args: waiting.append((function, args)))
    with Server.handler(lambda request: Reply.json(request.body.decode())) as server:
        here = axios.create(base_url=server.url(), timeout=5000)
        here.promises.post("/x", "text", timeout=4000)  # no JSON
        here.promises.get("http:/a")
        here.promises.get("/x", timeout=-1)
        here.defaults.base_url, here.defaults.timeout = "http://nobody.test/", 1
        outcomes = []
        for function, args in waiting:
            try:
                outcomes.append(function(*args).data)
            except AxiosError as error:
                outcomes.append((error.code, error.config.timeout))
    assert outcomes == ["text", ("ERR_INVALID_URL", 5000), ("ERR_BAD_OPTION_VALUE", -1)]


# ---- whatever is wrong rejects ----------------------------------------------------------------


@pytest.mark.parametrize(
    "make, code",
    [
        (lambda calls: calls.get(URL, tiemout=5), "ERR_BAD_OPTION"),
        (lambda calls: calls.get(URL, 5), "ERR_BAD_OPTION_VALUE"),
        (lambda calls: calls.get(URL, timeout="5"), "ERR_BAD_OPTION_VALUE"),
        (lambda calls: calls(5), "ERR_BAD_OPTION_VALUE"),
        (lambda calls: calls.get(URL, method=5, headers=5), "ERR_BAD_OPTION_VALUE"),
        (lambda calls: calls({"url": URL, "params": 5}, {"timeout": 5}), "ERR_BAD_OPTION_VALUE"),
        (lambda calls: calls.get("/relative"), "ERR_INVALID_URL"),
        (
            lambda calls: calls.post(URL, float("nan"), headers={"Content-Type": "application/json"}),
            "ERR_BAD_REQUEST",
        ),
    ],
)
def test_what_is_wrong_rejects_and_does_not_raise(make, code):
    promise = make(axios.promises)
    seen = promise.catch(lambda error: error).result(PATIENCE)
    assert type(seen) is AxiosError and seen.code == code
    with pytest.raises(AxiosError) as caught:
        make(axios)
    assert (caught.value.code, caught.value.message) == (seen.code, seen.message)


@pytest.mark.parametrize("depth", [0, 150])
def test_data_that_cannot_be_copied_fails_as_in_a_plain_call(depth):
    data = []
    inner = data
    for _ in range(depth):
        inner.append([])
        inner = inner[0]
    inner.append(data)
    with pytest.raises(AxiosError) as plain:
        axios.post(URL, data)
    error = axios.promises.post(URL, data).exception(PATIENCE)
    assert (error.code, error.message) == (plain.value.code, plain.value.message)
    assert "circular" in error.message or depth


def test_deep_data_that_can_be_sent_is_sent(gate):
    gate.open.set()
    data = inner = []
    for _ in range(150):
        inner.append([])
        inner = inner[0]
    sent = axios.promises.post(URL, data, adapter=gate).result(PATIENCE).config["data"]
    assert sent == "[" * 151 + "]" * 151


@pytest.mark.parametrize("error", [ValueError("own"), KeyboardInterrupt(), SystemExit(1)])
def test_what_a_callback_raises_rejects_unchanged(error):
    def adapter(config):
        raise error

    assert axios.promises.get(URL, adapter=adapter).exception(PATIENCE) is error


# ---- as futures, and in a coroutine -----------------------------------------------------------


def test_they_are_futures():
    with Server.handler(lambda request: Reply(request.path)) as server:
        promises = {axios.promises.get(server.url("/%d" % number)): "/%d" % number for number in range(4)}
        for promise in concurrent.futures.as_completed(promises, timeout=PATIENCE):
            assert promise.result().data == promises[promise]
        miniaxios.agent.shared_agent().close()


def test_they_can_be_awaited():
    with Server.handler(lambda request: Reply(request.path)) as server:

        async def main():
            one, two = await asyncio.gather(
                axios.promises.get(server.url("/1")), axios.promises.get(server.url("/2"))
            )
            with pytest.raises(AxiosError):
                await axios.promises.get(server.url("/3"), validate_status=lambda status: False)
            return one.data, two.data

        assert asyncio.run(main()) == ("/1", "/2")
        miniaxios.agent.shared_agent().close()
