"""Axios: what a call makes of its arguments, and what instances share and do not share."""

from __future__ import annotations

import copy
import inspect
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import Axios, AxiosError, Config, Headers, axios
from miniaxios.client import Interceptors
from tests.support.server import Reply, Server

URL = "http://a.test/x"


def recorder(config):
    """An adapter that sends nothing."""
    return {"data": "", "status": 200, "headers": {}, "config": config}


def instance(**options):
    """One whose requests stay here; what an adapter would get is ``response.config``."""
    return axios.create(adapter=recorder, **options)


WITHOUT_DATA = ["get", "delete", "head", "options"]
WITH_DATA = {
    "post": "post",
    "put": "put",
    "patch": "patch",
    "query": "query",
    "post_form": "post",
    "put_form": "put",
    "patch_form": "patch",
}

# ---- what a call makes of its arguments -------------------------------------------------------


@pytest.mark.parametrize("verb", WITHOUT_DATA)
def test_verbs_without_data_take_a_body_from_the_config(verb):
    config = getattr(instance(), verb)(URL, {"data": {"a": 1}, "method": "put"}).config
    assert (config["method"], config["url"], config["data"]) == (verb, URL, '{"a":1}')


@pytest.mark.parametrize("verb", WITH_DATA)
@pytest.mark.parametrize(
    "call",
    [
        lambda do: do(URL, None, {"data": {"a": 1}}),
        lambda do: do(URL, config={"data": {"a": 1}}),
        lambda do: do(URL),
    ],
)
def test_verbs_with_data_send_nothing_for_none(verb, call):
    config = call(getattr(instance(), verb)).config
    assert (config["method"], config["data"]) == (WITH_DATA[verb], None)


def test_verbs_with_data_take_it_by_keyword_too():
    assert instance().post(url=URL, data="x", timeout=5).config["data"] == "x"


@pytest.mark.parametrize("verb", [*WITHOUT_DATA, *WITH_DATA])
def test_the_arguments_beat_the_config(verb):
    do = getattr(instance(), verb)
    own = {"url": "http://b.test/", "method": "purge", "data": "from the config"}
    config = do(URL, "data", own).config if verb in WITH_DATA else do(URL, own).config
    assert (config["url"], config["method"]) == (URL, WITH_DATA.get(verb, verb))
    assert config["data"] == ("from the config" if verb in WITHOUT_DATA else "data")


@pytest.mark.parametrize("verb", [*WITHOUT_DATA, *WITH_DATA])
def test_the_url_of_the_config_counts_without_an_argument(verb):
    assert getattr(instance(), verb)(config={"url": URL}).config["url"] == URL


@pytest.mark.parametrize(
    "call",
    [
        lambda here: here({"url": URL, "method": "POST", "data": "x", "timeout": 7}),
        lambda here: here(URL, {"method": "POST", "data": "x", "timeout": 7}),
        lambda here: here(URL, method="POST", data="x", timeout=7),
        lambda here: here({"url": URL, "method": "POST"}, data="x", timeout=7),
        lambda here: here({"url": URL, "method": "POST", "timeout": 1}, {"data": "x", "timeout": 7}),
        lambda here: here({"url": URL, "data": "x"}, {"method": "POST", "timeout": 1}, timeout=7),
        lambda here: here(Config(url=URL, method="POST", data="x", timeout=7)),
        lambda here: here.request({"url": URL, "method": "POST", "data": "x", "timeout": 7}),
        lambda here: here.request(URL, {"method": "POST", "data": "x"}, timeout=7),
        lambda here: here.request(url=URL, method="POST", data="x", timeout=7),
        lambda here: here(config={"url": URL, "method": "POST", "data": "x"}, timeout=7),
    ],
)
def test_a_config_and_a_url_with_a_config(call):
    config = call(instance()).config
    assert (config["url"], config["method"], config["data"], config["timeout"]) == (URL, "post", "x", 7)


def test_a_config_and_keywords_merge_and_the_keyword_counts():
    got = instance().get(
        URL,
        {"headers": {"X-A": "1", "X-B": "1"}, "params": {"a": 1, "b": 1}, "timeout": 1},
        headers={"x-b": "2", "X-C": "2"},
        params={"b": 2},
        timeout=2,
    )
    assert [got.config.headers.get(name) for name in ("X-A", "X-B", "X-C")] == ["1", "2", "2"]
    assert (got.config["params"], got.config["timeout"]) == ({"a": 1, "b": 2}, 2)


def test_unknown_keys_of_a_config_are_kept_for_adapters_and_interceptors():
    here = instance()
    here.defaults["retry"] = {"times": 3, "on": [1]}
    config = here.get(URL, {"retry": {"times": 5}, "myOwn": 1}).config
    assert (config["retry"], config["myOwn"]) == ({"times": 5, "on": [1]}, 1)


@pytest.mark.parametrize(
    "key", ["__proto__", "__class__", "__dict__", "__init__", "constructor", "prototype"]
)
def test_CONFIG_1_keys_are_plain_data(key):
    poison = {key: {"polluted": True}, "url": URL, "params": {key: 1}, "headers": {"X-A": "1"}}
    config = instance()(poison).config
    assert config["params"] == {key: 1}
    assert type(config) is Config
    assert not hasattr(object(), "polluted") and not hasattr(Axios, "polluted")


def test_CONFIG_1_attributes_of_a_config_object_are_not_options():
    class Odd(dict):
        headers = {"X-Evil": "1"}
        method = "delete"

    config = instance()(Odd(url=URL)).config
    assert config["method"] == "get" and "x-evil" not in config["headers"]


# ---- method and headers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "defaults, own, wanted",
    [
        ({}, {}, "get"),
        ({}, {"method": "PoSt"}, "post"),
        ({"method": "POST"}, {}, "post"),
        ({"method": "post"}, {"method": "put"}, "put"),
        ({"method": "post"}, {"method": None}, "post"),
        ({"method": "post"}, {"method": ""}, "post"),
        ({}, {"method": None}, "get"),
        ({}, {"method": "PROPFIND"}, "propfind"),
    ],
)
def test_the_method_is_the_requests_then_the_instances_then_get(defaults, own, wanted):
    here = instance()
    here.defaults.update(defaults)
    assert here(URL, own).config["method"] == wanted


def test_url_method_and_data_of_the_parent_are_not_inherited_by_create():
    parent = instance(url=URL, method="post", data="x", timeout=3)
    assert parent().request is None
    child = parent.create()
    assert child.defaults["timeout"] == 3
    assert not {"url", "method", "data"} & set(child.defaults)


@pytest.mark.parametrize(
    "verb, wanted", [("get", ["c", "g", "m"]), ("post", ["c", "p", "m"]), ("put", ["c", None, "m"])]
)
def test_headers_are_common_then_the_methods_then_the_rest(verb, wanted):
    here = instance(headers={"common": {"X-C": "c", "X-M": "c"}, "get": {"X-G": "g", "X-M": "g"}})
    here.defaults.headers.post["X-G"] = "p"
    here.defaults.headers["X-M"] = "m"
    headers = getattr(here, verb)(URL).config.headers
    assert isinstance(headers, Headers)
    assert [headers.get(name) for name in ("X-C", "X-G", "X-M")] == wanted


def test_headers_of_the_request_beat_those_of_the_instance_without_regard_to_case():
    here = instance(headers={"X-Token": "instance", "common": {"X-Other": "common"}})
    headers = here.get(URL, headers={"x-token": "request", "X-OTHER": "request"}).config.headers
    assert (headers["X-Token"], headers["X-Other"]) == ("request", "request")


@pytest.mark.parametrize(
    "given",
    [{"X-A": "1"}, [("X-A", "1")], (("X-A", "1"),), Headers({"X-A": "1"}), {"get": {"X-A": "1"}}],
    ids=lambda given: type(given).__name__,
)
def test_every_form_of_headers(given):
    headers = instance().get(URL, headers=given).config.headers
    assert (headers["x-a"], headers["accept"]) == ("1", "application/json, text/plain, */*")


def test_headers_none_is_given_and_means_none_of_the_instances():
    headers = instance(headers={"X-A": "1"}).get(URL, headers=None).config.headers
    assert dict(headers) == {}
    here = instance()
    here.defaults["headers"] = None
    assert dict(here.get(URL, headers={"X-B": "2"}).config.headers) == {"X-B": "2"}


# ---- precedence -------------------------------------------------------------------------------


def test_absent_inherits_and_none_is_given():
    here = instance(timeout=5, base_url="http://b.test/", params={"p": 1}, auth=("u", "p"), max_redirects=2)
    inherited = here.get("/x").config
    assert (inherited["timeout"], inherited["params"], inherited["max_redirects"]) == (5, {"p": 1}, 2)
    nothing = {"timeout": None, "base_url": None, "params": None, "auth": None, "validate_status": None}
    given = here.get("/x", nothing).config
    assert {name: given[name] for name in nothing} == nothing


def test_lists_are_replaced_and_mappings_are_merged():
    here = instance(params={"a": 1, "l": [1, 2]}, transform_request=[lambda data, headers: "first"])
    config = here.post(
        URL, "x", params={"b": 2, "l": [3]}, transform_request=lambda data, headers: "second"
    ).config
    assert (config["params"], config["data"]) == ({"a": 1, "l": [3], "b": 2}, "second")


def test_an_axios_of_its_own_has_the_librarys_defaults_too():
    here = Axios({"timeout": 9, "adapter": recorder})
    assert here.post(URL, {"a": 1}).config["data"] == '{"a":1}'
    assert (here.defaults.timeout, Axios().defaults.timeout) == (9, 0)
    assert here.get(URL).config.headers["Accept"] == "application/json, text/plain, */*"


# ---- create -----------------------------------------------------------------------------------


def test_create_is_isolated_from_its_parent_both_ways():
    given = {"headers": {"common": {"X-A": "1"}}, "params": {"deep": {"list": [1]}}, "my": {"own": [1]}}
    parent = instance(params=given["params"])
    child = parent.create(given)
    before = copy.deepcopy(parent.defaults)
    child.defaults.headers.common["X-A"] = "2"
    child.defaults["params"]["deep"]["list"].append(2)
    child.defaults["my"]["own"].append(2)
    child.defaults["timeout"] = 3
    assert parent.defaults == before
    assert given == {
        "headers": {"common": {"X-A": "1"}},
        "params": {"deep": {"list": [1]}},
        "my": {"own": [1]},
    }
    parent.defaults.headers.common["X-A"] = "3"
    parent.defaults["timeout"] = 9
    assert (child.defaults.headers.common["X-A"], child.defaults["timeout"]) == ("2", 3)


def test_create_starts_from_the_parents_defaults_as_they_are_now():
    parent = instance(timeout=1)
    parent.defaults.timeout = 2
    parent.defaults.headers.common["X-A"] = "now"
    child = parent.create(base_url="http://c.test")
    assert (child.defaults.timeout, child.defaults.headers.common["X-A"]) == (2, "now")
    assert child.get("/x").config["adapter"] is recorder


def test_create_does_not_take_interceptors_over():
    parent = instance()
    parent.interceptors.request.use(lambda config: {**config, "timeout": 99})
    parent.interceptors.response.use(lambda response: "intercepted")
    child = parent.create()
    assert child.get(URL).config["timeout"] == 0
    child.interceptors.response.use(lambda response: "child's")
    assert (parent.get(URL), child.get(URL)) == ("intercepted", "child's")


def test_create_keeps_the_class_and_instances_create():
    class Mine(Axios):
        pass

    child = Mine({"adapter": recorder}).create().create(timeout=4)
    assert type(child) is Mine and child.get(URL).config["timeout"] == 4


def test_create_takes_what_is_no_plain_container_as_it_is():
    marker = object()
    assert instance().create({"my_own": marker}).defaults["my_own"] is marker


# ---- get_uri ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, wanted",
    [
        ({"url": "/x", "params": {"a": [1, 2], "b": "x y"}}, "/x?a%5B%5D=1&a%5B%5D=2&b=x+y"),
        ({"url": "/x", "base_url": "http://a.test/v1/"}, "http://a.test/v1/x"),
        ({"url": "/x", "baseURL": "http://a.test"}, "http://a.test/x"),
        ({"url": "http://b.test/y", "base_url": "http://a.test"}, "http://b.test/y"),
        ({"url": "http://b.test/y", "base_url": "http://a.test", "allow_absolute_urls": False},
         "http://a.test/http://b.test/y"),
        ({"base_url": "http://a.test/"}, "http://a.test/"),
        ({"url": "/x?a=1#part", "params": {"b": 2}}, "/x?a=1&b=2"),
        ({"url": "/x#part"}, "/x#part"),
        ({"url": "/x", "params": {"a": 1}, "params_serializer": lambda params: "made"}, "/x?made"),
        ({}, ""),
        (None, ""),
    ],
)  # fmt: skip
def test_get_uri(given, wanted):
    assert axios.get_uri(given) == wanted
    if given:
        assert axios.get_uri(**given) == wanted


def test_get_uri_takes_the_instances_part_and_a_url():
    here = axios.create(base_url="http://a.test/api", params={"key": 1})
    assert here.get_uri("/x", params={"q": 2}) == "http://a.test/api/x?key=1&q=2"
    assert here.get_uri({"url": "/x", "params": None}) == "http://a.test/api/x"


def test_get_uri_is_what_goes_over_the_wire():
    with Server.handler(lambda request: Reply(b"")) as server:
        config = {"base_url": server.url("/api"), "url": "x", "params": {"a": "ü/&", "n": {"m": [1]}}}
        axios.get("x", config)
        assert server.url(server.request.target) == axios.get_uri(config)


@pytest.mark.parametrize("given", [{"url": 5}, {"params": "a=1"}, {"base_url": b"http://a.test"}, 5])
def test_get_uri_checks_options(given):
    with pytest.raises(AxiosError) as caught:
        axios.get_uri(given)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"


# ---- forms ------------------------------------------------------------------------------------

FORMS = [verb for verb in WITH_DATA if verb.endswith("_form")]


def sent(make):
    with Server.handler(lambda request: Reply(b"")) as server:
        make(server.url())
        return server.request


@pytest.mark.parametrize("verb", FORMS)
def test_forms_are_multipart(verb):
    request = sent(lambda url: getattr(axios, verb)(url, {"name": "Fred", "tags": ["a", "b"]}))
    assert request.method == WITH_DATA[verb].upper()
    kind, _, boundary = request.header("content-type").partition("; boundary=")
    assert kind == "multipart/form-data" and request.text.startswith("--" + boundary)
    assert 'name="name"\r\n\r\nFred\r\n' in request.text
    assert request.text.count('name="tags[]"') == 2


@pytest.mark.parametrize("verb", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"content-type": "application/x-www-form-urlencoded"},
        [("CONTENT-TYPE", "application/x-www-form-urlencoded")],
        Headers({"Content-Type": "application/x-www-form-urlencoded"}),
        {"common": {"Content-Type": "application/x-www-form-urlencoded"}},
    ],
)
def test_forms_have_ones_own_content_type_if_the_call_gives_one(verb, headers):
    request = sent(lambda url: getattr(axios, verb)(url, {"a": "b c"}, headers=headers))
    assert request.header_all("content-type") == ["application/x-www-form-urlencoded"]
    assert request.body == b"a=b+c"


@pytest.mark.parametrize(
    "where", [{"Content-Type": "application/json"}, {"post": {"Content-Type": "application/json"}}]
)
def test_forms_do_not_listen_to_a_content_type_of_the_instance(where):
    here = axios.create(headers=where)
    request = sent(lambda url: here.post_form(url, {"a": 1}))
    assert request.header("content-type").startswith("multipart/form-data; boundary=")
    assert sent(lambda url: here.post(url, {"a": 1})).header("content-type") == "application/json"


def test_forms_leave_the_callers_headers_alone():
    headers = {"X-A": "1"}
    sent(lambda url: axios.post_form(url, {"a": 1}, {"headers": headers}))
    assert headers == {"X-A": "1"}


# ---- nothing of the caller's is altered -------------------------------------------------------

NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["", "v"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=6,
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(
            st.sampled_from(["X-A", "x-b", "Content-Type"]), st.sampled_from(["1", None, False])
        ),
        "params": st.dictionaries(st.sampled_from("abc"), NESTED, max_size=3),
        "data": st.dictionaries(st.sampled_from("abc"), NESTED, max_size=3),
        "own": NESTED,
        "timeout": st.integers(0, 5),
        "maxRedirects": st.integers(0, 5),
        "transitional": st.just({"clarifyTimeoutError": True}),
        "auth": st.just({"username": "u", "password": "p"}),
    },
)


def meddle(config):
    """An interceptor that alters whatever it gets hold of."""
    config["headers"]["X-Meddled"] = "1"
    for name in ("params", "own", "auth", "transitional"):
        if isinstance(config.get(name), dict):
            config[name]["meddled"] = True
        if isinstance(config.get(name), list):
            config[name].append("meddled")
    config["transitional"].pop("meddled", None)
    config["timeout"] = 1
    return config


@settings(max_examples=60)
@given(CONFIGS, NESTED, st.sampled_from(["call", "request", *WITHOUT_DATA, *WITH_DATA]))
def test_CONFIG_3_the_callers_objects_are_never_altered(config, data, verb):
    here = instance()
    here.interceptors.request.use(meddle)
    before = copy.deepcopy((config, data, here.defaults))
    for calls in (here, here.promises):
        if verb in WITH_DATA:
            made = getattr(calls, verb)(URL, data, config)
        else:
            made = calls(URL, config) if verb == "call" else getattr(calls, verb)(URL, config)
        if calls is not here:
            made.result(10)
    assert (config, data, here.defaults) == before


def test_the_callers_config_does_not_get_the_url():
    config = {"timeout": 5}
    instance()(URL, config)
    instance().get(URL, config)
    assert config == {"timeout": 5}


def test_what_is_altered_after_a_call_does_not_reach_the_response_or_the_next_call():
    here = instance()
    config = {"params": {"a": [1]}, "headers": {"X-A": "1"}}
    response = here.get(URL, config)
    config["params"]["a"].append(2)
    config["headers"]["X-A"] = "2"
    response.config["params"]["a"].append(3)
    assert response.config["headers"]["X-A"] == "1"
    assert config["params"] == {"a": [1, 2]}
    assert "x-a" not in here.get(URL).config.headers


# ---- threads ----------------------------------------------------------------------------------


def test_CONFIG_3_threads_on_one_instance_do_not_see_each_others_requests():
    with Server.handler(
        lambda request: Reply.json([request.header("authorization"), request.query, request.text])
    ) as server:
        here = axios.create(base_url=server.url())
        start = threading.Barrier(8, timeout=10)
        wrong = []

        def work(number):
            start.wait()
            for turn in range(15):
                mine = "%d-%d" % (number, turn)
                got = here.post("/x", mine, params={"q": mine}, headers={"Authorization": mine}).data
                if got != [mine, "q=" + mine, mine]:
                    wrong.append((mine, got))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert (wrong, len(server.requests)) == ([], 120)
        from miniaxios.agent import shared_agent

        shared_agent().close()


def test_defaults_may_be_altered_while_other_threads_make_requests():
    here = instance(headers={"common": {"Authorization": "token 0"}})
    stop = threading.Event()
    failures = []

    def alter():
        number = 0
        while not stop.is_set():
            number += 1
            here.defaults["own_%d" % (number % 50)] = number
            here.defaults.headers.common["Authorization"] = "token %d" % number
            here.defaults.pop("own_%d" % ((number * 7) % 50), None)

    def call():
        try:
            for _ in range(300):
                assert here.get(URL).config.headers["Authorization"].startswith("token ")
        except Exception as error:
            failures.append(error)

    altering = threading.Thread(target=alter)
    calling = [threading.Thread(target=call) for _ in range(3)]
    for thread in [altering, *calling]:
        thread.start()
    for thread in calling:
        thread.join(20)
    stop.set()
    altering.join(20)
    assert failures == []


# ---- interceptors by way of the client --------------------------------------------------------


def test_the_order_of_request_interceptors_is_a_transitional_switch():
    order = []
    here = instance()
    for name in "ab":
        here.interceptors.request.use(lambda config, name=name: order.append(name) or config)
    here.get(URL)
    here.get(URL, transitional={"legacyInterceptorReqResOrdering": False})
    assert order == ["b", "a", "a", "b"]


def test_CONFIG_3_an_interceptor_that_returns_a_minimal_dict_does_not_regain_the_instances_defaults():
    here = instance(headers={"Authorization": "secret"}, auth=("u", "p"), params={"key": "secret"}, timeout=9)
    here.interceptors.request.use(lambda config: {"url": config["url"], "adapter": recorder})
    config = here.get(URL).config
    assert type(config) is Config and dict(config["headers"]) == {}
    assert "auth" not in config and "params" not in config and "timeout" not in config
    assert (config["method"], config["url"]) == ("get", URL)


def test_interceptors_may_return_promises():
    here = instance()
    run = here.promises.get(URL).then(lambda response: {"url": "http://b.test/", "adapter": recorder})
    here.interceptors.request.use(lambda config: run)
    here.interceptors.response.use(lambda response: run.then(lambda _: response.config["url"]))
    assert here.get(URL) == "http://b.test/"


def test_interceptors_copy_is_a_snapshot():
    chains = Interceptors()
    first = chains.request.use(lambda config: config)
    snapshot = chains.copy()
    chains.request.eject(first)
    chains.response.use(lambda response: response)
    assert [len(snapshot.request.handlers), len(snapshot.response.handlers)] == [1, 0]


# ---- attributes -------------------------------------------------------------------------------


def test_public_names_are_attributes_of_every_instance():
    import miniaxios
    from miniaxios.public import NAMES

    for name in NAMES:
        if name != "__version__":
            assert getattr(axios, name) is getattr(axios.create(), name) is getattr(miniaxios, name), name
            assert name in dir(axios)


@pytest.mark.parametrize(
    "name", ["gett", "Get", "isCancel", "__version__", "_secret", "__deepcopy_it__", "cancel", "errors"]
)
def test_unknown_attributes_are_attribute_errors(name):
    with pytest.raises(AttributeError, match=name):
        getattr(axios, name)
    assert name not in dir(axios)


def test_dir_has_the_calls():
    assert {
        "get",
        "post_form",
        "get_uri",
        "create",
        "promises",
        "defaults",
        "interceptors",
        "all",
        "spread",
    } <= set(dir(axios))


def test_an_instance_without_its_parts_does_not_recurse():
    with pytest.raises(AttributeError, match="defaults"):
        Axios.__new__(Axios).get("x")


def test_signatures_are_those_of_the_contract():
    def names(call):
        return list(inspect.signature(call).parameters)

    for verb in WITHOUT_DATA:
        assert names(getattr(axios, verb)) == ["url", "config", "options"]
    for verb in WITH_DATA:
        assert names(getattr(axios, verb)) == ["url", "data", "config", "options"]
    for call in (axios.__call__, axios.request):
        assert names(call) == ["config_or_url", "config", "options"]
    assert names(axios.get_uri) == names(axios.create) == ["config", "options"]


def test_defaults_may_be_replaced_by_a_plain_dict():
    here = instance()
    here.defaults = {"adapter": recorder, "baseURL": "http://c.test", "method": "PUT"}
    config = here("/x", data="d").config
    assert (config["base_url"], config["method"], config["data"]) == ("http://c.test", "put", "d")


def test_LEAK_2_an_instance_does_not_pickle():
    import pickle

    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(axios.create(auth=("u", "p")))


class Counting(Axios):
    """With a ``request`` of its own."""

    def __init__(self, config=None):
        super().__init__(config)
        self.seen = []

    def request(self, config_or_url=None, config=None, **options):
        self.seen.append(config_or_url)
        return super().request(config_or_url, config, timeout=1234, **options)


class More(Counting):
    """That takes it over."""


@pytest.mark.parametrize("kind", [Counting, More])
def test_a_subclass_s_own_request_makes_all_calls(kind):
    here = kind({"adapter": lambda config: {"data": config.data, "status": 200, "headers": {}, "config": config}})
    data = {"a": [1]}
    for is_promised in (False, True):
        del here.seen[:]
        calls = here.promises if is_promised else here
        made = [calls.get("/a", {"headers": {"X-A": "1"}}, params={"b": 1}), calls.post("/a", data), calls.put_form("/a", data)]
        made += [calls.request("/a", method="delete"), calls({"url": "/a", "method": "head"})]
        made = [each.result(20) for each in made] if is_promised else made
        assert [each.config.method for each in made] == ["get", "post", "put", "delete", "head"]
        assert {each.config.timeout for each in made} == {1234}
        assert made[0].config.headers["x-a"] == "1" and made[0].config.params == {"b": 1}
        assert made[1].config.data == '{"a":[1]}' and made[2].config.headers["content-type"] == "multipart/form-data"
        assert len(here.seen) == 5
        posted = next(each for each in here.seen if isinstance(each, dict) and each.get("method") == "post")
        assert posted == {"url": "/a", "method": "post", "data": data}
        assert (posted["data"] is data) is not is_promised


def test_a_subclass_without_one_takes_the_way_of_all():
    class Named(Axios):
        """That adds something else."""

        name = "x"

    assert Named._call is Axios._call and not Named._has_own_request
