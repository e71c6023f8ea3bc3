"""Usual: the shorter way and the general one can't be told apart by anything but the time they take."""

from __future__ import annotations

import copy
import datetime
import gc
import pickle
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import miniaxios.adapter
import miniaxios.client
import miniaxios.late
import miniaxios.usual
import miniaxios.wire.exchange
from miniaxios import AbortController, Agent, AxiosError, CanceledError, CancelToken, Config, Headers, axios
from miniaxios.option_table import OPTIONS
from miniaxios.response import Response
from miniaxios.usual import _HARMLESS, _PLAIN
from miniaxios.wire import errors
from miniaxios.wire.codings import decoder_for
from miniaxios.wire.messages import parse_response_head

URL = "http://a.test/x?q=1"


def recorder(config):
    """An adapter that sends nothing."""
    return {"data": "", "status": 200, "headers": {}, "config": config}


class Alarm(Exception):
    """What a handler of a signal raises."""


class Text(str):
    """A text that is none of the exact type."""


class Wire:
    """An answer of the basement."""

    def __init__(self, head, body):
        self.head = parse_response_head(head)
        self.status, self.reason = self.head.status, self.head.reason
        self.is_decoded = False
        self.length = None
        self.seen = []
        self._body = body

    def prepare(self, limit=-1, decode=True, progress=None, pace=None, on_end=None):
        self.seen.append(("prepare", limit, decode, progress, pace))
        codings = self.head.get_all("content-encoding")
        self.is_decoded = bool(decode and codings and decoder_for(codings) is not None)

    def read_all(self):
        self.seen.append("read")
        if isinstance(self._body, BaseException):
            raise self._body
        return self._body

    def close(self):
        self.seen.append("close")


class Stage:
    """In the place of ``exchange``: says what it was told to, and keeps what it was asked."""

    def __init__(self, head=b"HTTP/1.1 200 OK\r\n\r\n", body=b"{}", fails=None, hops=()):
        self.head, self.body, self.fails, self.hops = head, body, fails, hops
        self.asked = []

    def __call__(self, request, policy):
        facts = [
            (name, getattr(policy, name))
            for name in policy.__slots__
            if name not in ("scope", "current", "history")
        ]
        scope = policy.scope
        facts += [scope.timeout, scope.stoppable, scope.stopped]
        body = request.body
        self.asked.append((request.method, str(request.url), list(request.headers), body, facts))
        request.headers = [("Host", "a.test"), *request.headers]
        if self.fails is not None and not self.hops:
            raise self.fails
        policy.current = request
        policy.history.extend(self.hops)
        if self.fails is not None:
            raise self.fails
        self.wire = Wire(self.head, self.body)
        return self.wire


def shape(value):
    """``value`` with the types and the order of all that is in it."""
    if isinstance(value, Headers):
        return type(value), value.entries(), list(value.items())
    if isinstance(value, dict):
        return type(value), [(key, shape(item)) for key, item in dict.items(value)]
    if isinstance(value, (list, tuple)):
        return type(value), [shape(item) for item in value]
    if isinstance(value, (str, int, float, bytes, type(None))):
        return type(value), value
    return type(value), id(value) if callable(value) else None


def details(request):
    if request is None:
        return None
    names = ("method", "url", "path", "host", "protocol", "headers", "redirects")
    return [(name, shape(getattr(request, name))) for name in names]


def answer(response):
    if response is None:
        return None
    config = response.config
    assert config is response.config and response.request is response.request
    assert response.headers is response.headers and type(response.duration) is int
    return [
        shape(response.data), response.status, response.status_text, shape(response.headers), shape(config),
        details(response.request), type(response),
    ]  # fmt: skip


def outcome(stage, is_usual, made, missing, method, args, options):
    """What comes of a call, whichever way it takes, in a form that can be compared."""
    instance = axios.create(made)
    for name in missing:
        dict.pop(instance.defaults, name, None)
    if not is_usual:
        starter = miniaxios.client.Starter()
        template = starter.current(instance.defaults)
        if template is not None:
            template.usual = False
        instance._starter = starter
    try:
        found = "answer", answer(getattr(instance, method)(*args, **options))
    except AxiosError as error:
        cause = error.__cause__
        response = error.response
        assert response is None or response.config is error.config
        found = (
            type(error), error.code, error.message, error.status, shape(error.config), details(error.request),
            answer(response), type(cause), str(cause), type(error.__context__), getattr(error, "errno", None),
        )  # fmt: skip
    except Exception as error:
        found = type(error), str(error)
    return found, stage.asked, getattr(getattr(stage, "wire", None), "seen", None)


def shared():
    """What a deep copy shares."""
    return {id(thing): thing for thing in (*AGENTS, LIVE.token, DEAD.token)}


def both(patch, make_stage, made, method, args, options, missing=()):
    outcomes = []
    for is_usual in (True, False):
        stage = make_stage()
        patch(stage)
        outcomes.append(
            outcome(stage, is_usual, copy.deepcopy(made, shared()), missing, method, copy.deepcopy(args), dict(options))
        )
    return outcomes


def put_on(monkeypatch, stage):
    monkeypatch.setattr(miniaxios.adapter, "exchange", stage)
    monkeypatch.setattr(miniaxios.wire.exchange, "exchange", stage)
    monkeypatch.setattr(miniaxios.usual, "round_trip", lambda *_: None)


@pytest.fixture
def patch(monkeypatch):
    return lambda stage: put_on(monkeypatch, stage)


HEADS = [
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=latin-1\r\nContent-Encoding: gzip\r\nSet-Cookie: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: text/html;charset=latin-1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: strange\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nX-A: 1\r\n\r\n",
    b"HTTP/1.1 500 \r\n\r\n",
]
BODIES = [
    b"", b"{}", b'{"a": [1, 2.5, null]}', b" \n[1]\t ", b'"text"', b"text", b"NaN", b"{} x", b"\xe9\xff", b"tru", b"  ",
    b"\xef\xbb\xbf{}", b"\xff\xfe1\x00", b"\x00\x00\x00\x00", b"[" * 100000, b"1" * 5000, b"-", b"1 2",
]  # fmt: skip
FAILURES = [
    lambda: None,
    lambda: errors.NetworkError("ECONNREFUSED", "connect ECONNREFUSED"),
    lambda: errors.DeadlineExceeded("late"),
    lambda: errors.BadResponse("malformed"),
    lambda: errors.BodyTooLarge("large"),
    lambda: errors.Truncated("short"),
    lambda: errors.InvalidRequest("no token"),
    lambda: errors.TooManyRedirects("many"),
    lambda: errors.UploadTooLarge("large"),
    lambda: ValueError("a bug"),
]
DATA = [
    None, {}, {"a": 1}, [1, "\u00fc", "\ud800"], (1,), "text", "", b"bytes", 5, True, float("nan"), {"a": float("nan")},
    {"a": {1, 2}}, {"when": datetime.date(2024, 1, 1)},
]  # fmt: skip
URLS = [
    URL, Text(URL), "/x", "x", "", None, "HTTP://A.test/\u00fc y#f", "http://u:p@a.test/", "https://a.test", "ftp://a.test/",
    "http:/a", "//a.test/x", "http://a.test:99999/", "data:text/plain,x", 5,
]  # fmt: skip
METHODS = ["get", "delete", "head", "options", "post", "put", "patch", "query", "request"]


def few(options, most):
    """At most so many of the options: of many some would nearly always be unusual."""
    names = st.lists(st.sampled_from(sorted(options)), max_size=most, unique=True)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries({name: st.sampled_from(options[name]) for name in chosen})
    )


AGENTS = [Agent(), Agent(max_sockets=1)]
LIVE, DEAD = CancelToken.source(), CancelToken.source()
DEAD.cancel("over")
HEADERS = [
    None, {}, {"X-A": "1"}, {"content-type": "application/json", "ACCEPT": "text/plain"}, {"Host": "other.test"},
    {"Connection": "close"}, {"Content-Length": "3"}, {"X-Bad": "a\nb"}, {"X-\u00e4": "1"}, {"X-L": "\u00e4"}, {1: "2"},
    {"x-a": "1", "X-A": "2"}, Headers({"X-H": "1"}), {Text("X-A"): "1"}, {"X-A": Text("1")}, {"Content-Type": "text/plain"}, {"content-type": None}, {"Content-Type": False},
    {"User-Agent": "me"}, {"accept-encoding": False, "X-B": ["1", "2"]}, {"post": {"Content-Type": "application/json"}},
    {"common": {"X-C": "3"}, "get": {"X-D": "4"}}, {"Content-Type": "application/x-www-form-urlencoded"},
]  # fmt: skip
DEFAULTS = {
    "headers": HEADERS,
    "base_url": [None, "", "http://base.test/v1", "http://u:p@base.test", "http:base", "/rel"],
    "allow_absolute_urls": [True, False],
    "timeout": [None, 0, 1, 5000, 2.5, datetime.timedelta(seconds=3), datetime.timedelta(), "x"],
    "timeout_error_message": [None, "late"],
    "max_content_length": [None, -1, 0, 5],
    "max_body_length": [None, -1, 0, 5],
    "max_redirects": [0, 3],
    "xsrf_header_name": [None, "", "X-T"],
    "adapter": ["http", "HTTP", None, "xhr", ["xhr", "http"], recorder],
    "validate_status": [None, lambda status: True, lambda status: 1 / 0],
    "transform_request": [None, [], str, lambda data, headers: headers.set("X-T", "1") and data],
    "transform_response": [None, [], lambda data: [data]],
    "transitional": [
        None, {}, {"forced_json_parsing": False}, {"silentJSONParsing": False}, {"clarify_timeout_error": True}
    ],
    "decompress": [True, False],
    "response_type": [None, "json", "text", "arraybuffer"],
    "params": [None, {}, {"a": 1}],
    "auth": [None, ("u", "p")],
    "data": ["never"],
    "method": ["post", None],
    "mine": [None, 1, {"deep": [1]}],
    "redact": [None, ["mine"]],
    "http_agent": [None, AGENTS[0]],
    "https_agent": [None, AGENTS[1]],
    "cancel_token": [LIVE.token],
}  # fmt: skip
OWN = {
    "headers": HEADERS,
    "timeout": [
        None, 0, 5, 2.5, datetime.timedelta(seconds=3), True, -1, float("nan"), "x", 10**15, 10**15 + 1, 2**53, 1e17, 5e-324,
        0.0, float("inf"),
    ],
    "cancel_token": [None, LIVE.token, DEAD.token, 5],
    "http_agent": [None, *AGENTS, "x"],
    "https_agent": [None, AGENTS[0]],
    "signal": [None, AbortController().signal],
    "method": ["get", Text("get"), "POST", "propfind", "", 5, ["get"]],
    "params": [
        None, {}, {"b": 2}, {"b": "\u00fc &=#", "a[]": ""}, {"n": None, "t": True, "f": 2.0, "g": -0.0, "i": 1}, {"l": [1]},
        {1: 2}, {Text("a"): 1}, {"a": Text("b")}, {"nan": float("nan")}, "a=1", [["a", 1]],
    ],
    "response_type": [None, "json", "text", "arraybuffer", "blob", "TEXT", Text("text"), ["text"]],
    "max_redirects": [1],
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_law_both_ways_come_to_the_same(data):
    with pytest.MonkeyPatch.context() as monkeypatch:
        def patch(stage):
            put_on(monkeypatch, stage)

        draw = data.draw
        head, body = draw(st.sampled_from(HEADS)), draw(st.sampled_from(BODIES))
        fails = draw(st.just(FAILURES[0]) | st.sampled_from(FAILURES))
        broken = draw(st.just(FAILURES[0]) | st.sampled_from(FAILURES))
        hops = draw(st.sampled_from([(), ("http://a.test/first",)]))
        method, url = draw(st.sampled_from(METHODS)), draw(st.just(URL) | st.sampled_from(URLS))
        args = [url]
        if method in ("post", "put", "patch", "query"):
            args.append(draw(st.sampled_from(DATA)))
        made = draw(few(DEFAULTS, 2))
        options = draw(st.just({}) | st.just({}) | few(OWN, 2))
        if method != "request":
            options.pop("method", None)

        def stage():
            return Stage(head, broken() or body, fails(), hops)

        missing = draw(st.just([]) | st.lists(st.sampled_from(sorted(axios.defaults)), max_size=2))
        usual, general = both(patch, stage, made, method, args, options, missing)
        assert usual == general


ALONE = (
    [({name: value}, {}, URL, {"a": 1}) for name, values in DEFAULTS.items() for value in values]
    + [({}, {name: value}, URL, {"a": 1}) for name, values in OWN.items() for value in values]
    + [({}, {}, url, {"a": 1}) for url in URLS]
    + [({"base_url": "http://base.test"}, {}, url, {"a": 1}) for url in URLS]
    + [({"base_url": "http://base.test", "allow_absolute_urls": False}, {}, URL, {"a": 1})]
    + [({}, {}, URL, data) for data in DATA]
)


@pytest.mark.parametrize("made, options, url, data", ALONE)
def test_both_ways_come_to_the_same_with_one_thing_that_may_be_unusual(patch, made, options, url, data):
    for method in ("get", "post", "request"):
        given = dict(options)
        if method == "post":
            args = [url, data]
        else:
            args = [url]
            given = {**given, "data": data} if method == "request" else given
        usual, general = both(patch, Stage, made, method, args, given)
        assert usual == general


@pytest.mark.parametrize("method", METHODS[:8])
@pytest.mark.parametrize("data", [None, {"a": 1}])
def test_both_ways_come_to_the_same_for_every_answer(patch, method, data):
    args = [URL, data] if method in METHODS[4:8] else [URL]
    for head in HEADS:
        for body in BODIES:
            usual, general = both(patch, lambda: Stage(head, body), {}, method, args, {})
            assert usual == general


@pytest.mark.parametrize("fails", FAILURES)
@pytest.mark.parametrize("hops", [(), ("http://a.test/first",)])
def test_both_ways_come_to_the_same_for_every_failure(patch, fails, hops):
    for clarified in (True, False):
        made = {"transitional": {"clarify_timeout_error": clarified}, "timeout": 7}
        for stage in (lambda: Stage(fails=fails(), hops=hops), lambda: Stage(body=fails() or b"", hops=hops)):
            usual, general = both(patch, stage, made, "get", [URL], {})
            assert usual == general


@pytest.mark.parametrize("name", sorted(axios.defaults))
def test_both_ways_come_to_the_same_where_a_default_is_missing(patch, name):
    usual, general = both(patch, lambda: Stage(HEADS[6]), {}, "post", [URL, {"a": 1}], {}, [name])
    assert usual == general


@pytest.mark.parametrize("head", [HEADS[0], HEADS[6]])
@pytest.mark.parametrize("fails", [lambda reason: None, errors.Stopped, lambda reason: errors.NetworkError("EPIPE", "x")])
def test_both_ways_come_to_the_same_when_cancelled_meanwhile(patch, head, fails):
    seen = []
    for is_usual in (True, False):
        source = CancelToken.source()

        class Cancelling(Stage):
            def __call__(self, request, policy):
                assert policy.scope.stoppable and not policy.scope.stopped
                source.cancel("enough")
                assert policy.scope.stopped
                self.fails = fails(policy.scope.reason)
                return super().__call__(request, policy)

        stage = Cancelling(head)
        patch(stage)
        seen.append(outcome(stage, is_usual, {}, (), "get", [URL], {"cancel_token": source.token}))
        assert not source.token._switch.is_watched
    assert seen[0] == seen[1]
    assert seen[0][0][:3] == (CanceledError, "ERR_CANCELED", "enough")


@pytest.mark.parametrize("fails", [None, errors.NetworkError("EPIPE", "x"), KeyboardInterrupt()])
def test_nothing_stays_on_the_token(patch, fails):
    patch(Stage(fails=fails))
    source = CancelToken.source()
    try:
        axios.get(URL, cancel_token=source.token)
    except BaseException as error:
        assert fails is not None and (error is fails or error.code == "EPIPE")
    assert not source.token._switch.is_watched


def test_the_shorter_way_is_taken(patch, monkeypatch):
    patch(Stage())
    monkeypatch.setattr(miniaxios.late, "_ways", (None, None))
    instance = axios.create(base_url="http://a.test", timeout=50, headers={"X-A": "1"})
    assert instance.get("/x").data == {}
    assert instance.post("/x", {"a": 1}).config.data == '{"a":1}'
    assert instance.head("/x").request.url == "http://a.test/x"
    assert instance.get("/x", timeout=5, cancel_token=LIVE.token, http_agent=AGENTS[0]).config.timeout == 5
    assert axios.create(https_agent=AGENTS[1]).get("https://a.test/").status == 200


def test_a_method_of_a_class_of_its_own_is_not_taken_for_one_met_before(patch):
    patch(Stage())
    instance = axios.create()
    assert instance.get(URL).config.method == "get"
    assert type(instance.request(URL, method=Text("get")).config.method) is str


def test_interceptors_and_unusual_options_take_the_general_way(patch, monkeypatch):
    patch(Stage())
    monkeypatch.setattr(miniaxios.usual.UsualWay, "_exchange", None)
    instance = axios.create()
    number = instance.interceptors.response.use(lambda response: "seen")
    assert instance.get(URL) == "seen"
    instance.interceptors.response.eject(number)
    instance.interceptors.request.use(lambda config: config)
    assert instance.get(URL).status == 200
    assert axios.get(URL, decompress=True).status == 200
    assert axios.create(decompress=False).get(URL).status == 200


def test_every_option_is_harmless_or_has_one_usual_value_or_is_unusual():
    assert _HARMLESS.isdisjoint(_PLAIN) and OPTIONS.keys() >= _HARMLESS | _PLAIN.keys()
    unusual = OPTIONS.keys() - _HARMLESS - _PLAIN.keys() - {"transitional", "url", "method", "data"}
    assert unusual == {
        "allowed_socket_paths", "auth", "before_redirect", "cancel_token", "cookie_jar", "family",
        "insecure_http_parser", "lookup", "max_rate", "on_download_progress", "on_upload_progress",
        "params", "parse_reviver", "proxy", "response_encoding", "response_type", "sensitive_headers", "signal",
        "socket_path",
    }  # fmt: skip


def test_an_alteration_of_the_defaults_is_seen(patch, monkeypatch):
    stage = Stage()
    patch(stage)
    instance = axios.create()
    instance.get(URL)
    instance.defaults.headers.common["X-Late"] = "1"
    instance.defaults.transform_response = [lambda data: "transformed"]
    assert instance.get(URL).data == "transformed"
    assert ("X-Late", "1") in stage.asked[-1][2]


def test_a_response_keeps_the_config_of_its_request(patch):
    patch(Stage())
    instance, sent = axios.create({"mine": {"a": [1]}}), {"a": 1}
    response, other = instance.post(URL, sent), instance.post(URL, sent)
    instance.defaults["mine"]["a"].append(2)
    instance.defaults.timeout = 77
    sent["a"] = 2
    config = response.config
    assert type(config) is Config and config.timeout == 0 and config["mine"] == {"a": [1]}
    assert config.data == '{"a":1}'
    config.headers.set("X-A", "1")
    config["mine"]["a"].append(3)
    assert "X-A" not in other.config.headers and other.config["mine"] == {"a": [1]}
    assert "X-A" not in instance.post(URL, sent).config.headers


def test_a_response_is_like_any_other(patch):
    patch(Stage(HEADS[0], b"[1]"))
    response = axios.get(URL)
    assert {"config", "request", "headers", "data", "status", "status_text", "duration"} <= set(dir(response))
    again = pickle.loads(pickle.dumps(response))
    assert again.data == [1] and again.headers["content-type"] == "application/json"
    assert again.request.url == URL and again.config["url"] == URL
    response.config = "set"
    response.headers = None
    assert response.config == "set" and response.headers is None
    with pytest.raises(AttributeError):
        Response.__new__(Response).config


def test_an_object_that_was_sent_is_not_kept(patch):
    class Order(dict):
        pass

    patch(Stage())
    order = Order(a=1)
    data = [order]
    gone = weakref.ref(order)
    response = axios.post(URL, data)
    del order, data
    gc.collect()
    assert gone() is None and response.config.data == '[{"a":1}]'


def test_headers_and_params_of_a_call_take_the_shorter_way_too(patch, monkeypatch):
    patch(Stage())
    monkeypatch.setattr(miniaxios.late, "_ways", (None, None))
    instance = axios.create(base_url="http://a.test")
    for _ in range(2):
        for value in ("1", "2"):
            headers, params = {"X-A": value}, {"a": value, "b": True}
            response = instance.get("/x?q", headers=headers, params=params)
            headers["X-A"] = params["a"] = "altered"
            assert response.request.url == "http://a.test/x?q&a=%s&b=true" % value
            assert response.request.headers["x-a"] == response.config.headers["x-a"] == value
            assert response.config.params == {"a": value, "b": True}
            posted = instance.post("/x", {"n": 1}, headers={"content-type": "application/json", "X-B": value})
            assert posted.config.data == '{"n":1}' and posted.request.headers["x-b"] == value


def test_what_is_equal_but_not_the_same_is_not_taken_for_it(patch):
    patch(Stage())
    instance = axios.create(base_url="http://a.test")
    urls = [instance.get("/x", params={"a": value}).request.url for value in (1, True, 1.5, "1", None, False, 0, 1.0, 1)]
    assert [url.partition("?")[2] for url in urls] == ["a=1", "a=true", "a=1.5", "a=1", "", "a=false", "a=0", "a=1", "a=1"]


def test_errands_are_bounded(patch):
    patch(Stage())
    instance = axios.create(base_url="http://a.test")
    for number in range(3 * miniaxios.usual.MOST_ERRANDS):
        instance.get("/x", headers={"X-A": str(number)})
        instance.get("/%d" % number)
    instance.get("/" + "x" * 1000)
    instance.get("/", headers={"X-A": "x" * 5000})
    errands = instance._starter.template.usual.errands
    assert 0 < len(errands) <= miniaxios.usual.MOST_ERRANDS
    assert all(len(text) <= miniaxios.usual.LONGEST_TEXT for _, text, _, _ in errands)
    assert not any(more and len(str(more)) > miniaxios.usual.LONGEST_MORE for _, _, _, more in errands)


@pytest.mark.parametrize("error", [TimeoutError("alarm"), Alarm("alarm"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["to_json", "parse_url", "UsualErrand"])
@pytest.mark.parametrize("call", [lambda here: here.post(URL, {"a": 1}), lambda here: here.promises.post(URL, {"a": 1}).result(10)])
def test_what_a_handler_of_a_signal_raises_ends_the_call(error, place, call, patch, monkeypatch):
    """As one that sets a limit of its own does: the other way would begin anew, without that limit."""
    stage = Stage()
    patch(stage)

    def interrupted(*given):
        raise error

    monkeypatch.setattr(miniaxios.usual, place, interrupted)
    with pytest.raises(type(error)):
        call(axios.create())
    assert not stage.asked


def test_what_a_handler_of_a_signal_raises_while_rooms_are_loaded_ends_the_call(patch, monkeypatch):
    def interrupted(load):
        raise TimeoutError("alarm")

    patch(Stage())
    monkeypatch.setattr(miniaxios.client, "unforked", interrupted)
    with pytest.raises(TimeoutError, match="alarm"):
        axios.create().get(URL)
    monkeypatch.undo()
    patch(Stage())
    monkeypatch.setattr(miniaxios.late, "unforked", interrupted)
    monkeypatch.setattr(miniaxios.late, "_ways", None)
    monkeypatch.setattr(miniaxios.late, "_had_one", True)
    for options in ({}, {"validate_status": None}):
        with pytest.raises(TimeoutError, match="alarm"):
            axios.create().get(URL, **options)


def test_what_a_handler_of_a_signal_raises_while_defaults_are_compared_ends_the_call(patch):
    class Meddling:
        def __eq__(self, other):
            raise error

        __hash__ = None

        def __call__(self, *given):
            return "meddled"

    patch(Stage())
    for error, is_passed_on in ((Alarm("alarm"), True), (ValueError("ambiguous"), False)):
        instance = axios.create()
        instance.get(URL)
        instance.defaults.transform_response[0] = Meddling()
        if is_passed_on:
            with pytest.raises(Alarm):
                instance.get(URL)
        else:
            assert instance.get(URL).data == "meddled"
