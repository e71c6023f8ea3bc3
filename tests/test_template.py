"""Template: a request begins exactly as if the defaults were merged for it alone, whoever alters them, and when."""

from __future__ import annotations

import copy
import functools
import sys
import threading
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios import option_group
from miniaxios import Agent, Axios, AxiosError, Config, Headers, axios
from miniaxios.call_options import own_of
from miniaxios.calls import ABSENT
from miniaxios.config import _TESTS, check_config, is_sound, merge_config
from miniaxios.headers import HeaderDefaults, flatten_headers, merge_headers, overlaid
from miniaxios.option_table import OPTIONS
from miniaxios.template import DEEPEST, LONGEST_PAUSE, Starter, Template, Unwatchable, completed, template_of

URL = "http://a.test/x"


def recorder(config):
    """An adapter that sends nothing."""
    return {"data": "", "status": 200, "headers": {}, "config": config}


def shape(value):
    """``value`` with the types and the order of all that is in it: what ``==`` alone would not tell."""
    if isinstance(value, Headers):
        return type(value), value.entries()
    if isinstance(value, dict):
        return type(value), [(key, shape(item)) for key, item in dict.items(value)]
    if isinstance(value, (list, tuple)):
        return type(value), [shape(item) for item in value]
    return type(value), value if isinstance(value, (str, int, float, type(None))) else id(value)


def outcome(function, *args):
    """What comes of a call, its error included, in a form that can be compared."""
    try:
        return shape(function(*args))
    except AxiosError as error:
        return error.code, error.message


def untemplated(instance, own):
    return completed(merge_config(instance.defaults, own), instance.defaults)


def templated(instance, own):
    starter = instance._starter = instance._starter or Starter()
    options = own_of(own.get("method"), None, own, {}, ABSENT, False)
    config, is_checked = starter.begin(instance.defaults, options, starter.current(instance.defaults))
    if is_checked:
        check_config(config)
    return config


def raw(method, mapping, *args, **kwargs):
    """An alteration round the class's own methods, for values that they would not take; noted as they note it."""
    found = getattr(dict, method)(mapping, *args, **kwargs)
    option_group._note()
    return found


def vandalise(value):
    """Alter a request's config wherever that can be done in place."""
    if isinstance(value, Headers):
        value.set("X-Vandal", "1").delete("accept")
    elif isinstance(value, dict):
        for item in list(value.values()):
            vandalise(item)
        raw("update", value, {key: "vandal" for key in list(value)}, vandal=1)
    elif isinstance(value, list):
        for item in value:
            vandalise(item)
        value.append("vandal")


# ---- the law ------------------------------------------------------------------------------------

names = st.sampled_from(["X-A", "x-a", "X-B", "Accept", "ACCEPT", "common", "get", "post", "Link", "link", " x-c "])
leaves = st.sampled_from([None, True, False, 0, 1, 1.0, 0.0, -1, 2.5, "", "a", "b", b"c"])
plain = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
header_values = st.sampled_from(
    [None, False, True, 1, 1.0, "", "a", "b", " c ", ["d", "e"], ("f",), [], {"bad": 1}, print]
).map(copy.deepcopy)  # anew each time: the law alters what it finds
groups = st.dictionaries(names, header_values, max_size=3)
header_maps = st.dictionaries(names, header_values | groups, max_size=4)
real_headers = st.builds(Headers, st.just({"X-A": "h", "x-d": "i"}))
headers = header_maps | st.none() | header_maps.map(HeaderDefaults) | real_headers
plain_headers = st.dictionaries(names, st.sampled_from(["a", "b"]), max_size=3)
own_headers = headers | plain_headers | st.just([("X-A", "1")]) | st.just(5)
methods = st.sampled_from(
    ["get", "POST", "post", "purge", "propfind", "", None, 5, "common", ["get"], "no token", "\u212a"]
)
switches = st.sampled_from([{}, {"silent_json_parsing": False}, {"silentJSONParsing": True}, {"x": 1}, None]).map(copy.deepcopy)


def configs(of_headers):
    return st.fixed_dictionaries({}, optional={
        "headers": of_headers,
        "timeout": leaves,
        "max_content_length": leaves,
        "method": methods,
        "params": plain,
        "data": plain,
        "transform_request": st.sampled_from([None, [], [str], (str,), str, [5]]).map(copy.deepcopy),
        "transitional": switches,
        "auth": st.sampled_from([None, {"username": "u"}, {"password": "p"}, ("u", "p")]).map(copy.deepcopy),
        "proxy": st.sampled_from([None, False, {"host": "h", "auth": {"username": "u"}}]).map(copy.deepcopy),
        "redact": st.sampled_from([None, ["a"], {"a"}]).map(copy.deepcopy),
        "mine": plain,
    })  # fmt: skip


def containers(value):
    """Every container of the defaults that can be altered in place."""
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def alter(draw, defaults):
    """Alter the defaults somewhere, at any depth."""
    chosen = draw(st.sampled_from(list(containers(defaults))))
    if isinstance(chosen, list):
        chosen.append(draw(leaves))
    elif chosen is defaults:
        raw("update", chosen, draw(configs(headers)))
    elif dict.__len__(chosen) and draw(st.booleans()):
        key = draw(st.sampled_from(list(chosen)))
        value = raw("pop", chosen, key)
        if draw(st.booleans()):  # renamed, or put at the end
            raw("__setitem__", chosen, draw(st.sampled_from([key, "X-A", "new"])), value)
    else:
        raw("__setitem__", chosen, draw(st.sampled_from(["X-A", "X-New", "a", *chosen])), draw(header_values | plain))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_law_a_request_begins_as_if_merged_for_it_alone(data):
    instance = axios.create()
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            alter(data.draw, instance.defaults)
        own = data.draw(configs(own_headers))
        kept = shape(own)
        begun = outcome(templated, instance, own)
        assert begun == outcome(untemplated, instance, own)
        assert shape(own) == kept
        try:
            vandalise({key: value for key, value in templated(instance, own).items() if key != "data"})
        except AxiosError:
            pass
        assert outcome(untemplated, instance, own) == begun == outcome(templated, instance, own)


@settings(max_examples=200, deadline=None)
@given(header_maps, own_headers, st.sampled_from(["get", "post", "link"]))
def test_law_overlaid_headers_are_merged_and_flattened_headers(given_defaults, own, method):
    defaults = merge_headers(given_defaults, None)  # as a template has them: of one name there is one spelling
    flat = outcome(flatten_headers, defaults, method)
    if flat[0] is not Headers:
        return
    made = overlaid(flatten_headers(defaults, method), own)
    if made is not None:
        assert shape(made) == outcome(lambda: flatten_headers(merge_headers(defaults, own), method))
    assert outcome(flatten_headers, defaults, method) == flat


@given(configs(own_headers))
def test_law_sound_is_what_the_check_passes(own):
    own = dict(Config(own))
    try:
        check_config(own)
    except AxiosError:
        assert not is_sound(own)
    else:
        assert is_sound(own)


def test_the_defaults_of_the_table_pass_their_tests():
    for name, (_, default, test) in _TESTS.items():
        assert default is None or test(default), name
        assert default is not None or name not in ("max_redirects", "decompress") and test(None), name


# ---- alterations --------------------------------------------------------------------------------

ALTERATIONS = {
    "an option": lambda d: d.update(timeout=5),
    "an option in camelCase": lambda d: d.__setitem__("maxContentLength", 5),
    "True for 1": lambda d: d.__setitem__("number", True),
    "1.0 for 1": lambda d: d.__setitem__("number", 1.0),
    "one that is equal to anything": lambda d: d.__setitem__("number", Anything()),
    "an option less": lambda d: d.pop("timeout"),
    "another name": lambda d: d.__setitem__("max_redirects", d.pop("last")),
    "none left": lambda d: d.clear(),
    "a header": lambda d: d.headers.__setitem__("X-A", "2"),
    "a header for all": lambda d: d.headers.common.__setitem__("X-B", "2"),
    "a header for one method": lambda d: d.headers.get.__setitem__("X-B", "2"),
    "another name of a header": lambda d: d.headers.__setitem__("X-Z", d.headers.pop("X-A")),
    "a line of a header": lambda d: d.headers["X-List"].append("3"),
    "all headers": lambda d: d.__setitem__("headers", {"X-New": "1"}),
    "no headers": lambda d: d.__delitem__("headers"),
    "Headers": lambda d: d.__setitem__("headers", Headers({"X-New": "1"})),
    "a transform more": lambda d: d.transform_response.append(str.lower),
    "a transform more, first": lambda d: d.transform_request.insert(0, str.lower),
    "no transforms": lambda d: d.transform_request.clear(),
    "a switch": lambda d: d.transitional.__setitem__("silentJSONParsing", False),
    "a number for a switch": lambda d: d.transitional.__setitem__("silent_json_parsing", 1),
    "a parameter": lambda d: d.params["list"][0].__setitem__("deep", 2),
    "an unknown option, deep": lambda d: d["mine"]["tuple"][0].append(3),
    "credentials": lambda d: d.auth.update(password="new"),
    "the method": lambda d: d.__setitem__("method", "POST"),
}  # fmt: skip


class Anything:
    """An object that is equal to whatever it is compared with."""

    def __eq__(self, other):
        return True

    __hash__ = None


def rich():
    return axios.create(
        adapter=recorder,
        headers={"X-A": "1", "X-List": ["1", "2"], "common": {"X-C": "1"}, "get": {"X-G": "1"}},
        config={
            "params": {"list": [{"deep": 1}]},
            "auth": {"username": "u", "password": "p"},
            "number": 1,
            "mine": {"tuple": ([1, 2],)},
            "last": 3,
        },
    )


@pytest.mark.parametrize("alteration", ALTERATIONS.values(), ids=list(ALTERATIONS))
def test_an_alteration_is_seen_by_the_next_request(alteration):
    instance, own = rich(), {"url": URL}
    before = templated(instance, own)
    assert instance._starter.template.holds(instance.defaults)
    alteration(instance.defaults)
    assert not instance._starter.template.holds(instance.defaults)
    after = outcome(templated, instance, own)
    assert after == outcome(untemplated, instance, own) != shape(before)
    for method in ("get", "post", "purge", "x"):
        own["method"] = method
        assert outcome(templated, instance, own) == outcome(untemplated, instance, own)


def test_more_is_seen_in_the_last_of_all_containers():
    instance = axios.create(adapter=recorder)
    instance.get(URL)
    assert instance.defaults["transform_response"] is list(containers(instance.defaults))[-1]
    instance.defaults["transform_response"].append(lambda data: "seen")
    assert instance.get(URL).data == "seen"


def test_what_goes_from_one_list_to_the_next_is_seen():
    instance = axios.create(
        adapter=recorder, transform_request=[str, lambda data: "moved"], transform_response=[lambda data: data]
    )
    assert instance.get(URL).data == ""
    instance.defaults.transform_response.insert(0, instance.defaults.transform_request.pop())
    assert instance.get(URL).data == "moved"


@pytest.mark.parametrize("name", ["headers", "transitional", "params", "mine", "transform_request"])
def test_a_container_in_the_place_of_an_equal_one_is_watched_from_then_on(name):
    instance, own = rich(), {"url": URL, "method": "get"}
    templated(instance, own)
    raw("__setitem__", instance.defaults, name, copy.deepcopy(instance.defaults[name]))
    templated(instance, own)
    held = instance.defaults[name]
    if name == "transform_request":
        held.append(str)
    else:
        held["silent_json_parsing"] = False
    assert outcome(templated, instance, own) == outcome(untemplated, instance, own)


def test_defaults_may_be_another_mapping():
    instance = rich()
    templated(instance, {"url": URL})
    for kind in (Config, dict, MappingProxyType):
        given = {"adapter": recorder, "maxRedirects": 7}
        instance.defaults = kind(given)
        assert instance.get(URL).config.max_redirects == 7
        if kind is not MappingProxyType:
            instance.defaults["maxRedirects"] = 8
            assert instance.get(URL).config.max_redirects == 8


def test_what_does_not_change_is_merged_once(monkeypatch):
    instance = rich()
    instance.get(URL)
    template = instance._starter.template
    instance.get(URL, timeout=1, headers={"X-A": "2"})
    instance.post(URL, {"a": 1}, auth=("u", "p"))
    instance.request(URL, params={"a": 1})
    assert instance._starter.template is template is not None


def counted(monkeypatch):
    made = []
    monkeypatch.setattr("miniaxios.template.Template", lambda defaults: made.append(1) or Template(defaults))
    return made


def test_templates_made_in_vain_become_rare(monkeypatch):
    made, instance = counted(monkeypatch), rich()
    for number in range(500):
        instance.defaults.headers["X-A"] = str(number)
        assert instance.get(URL).config.headers["X-A"] == str(number)
    assert len(made) < 20
    for _ in range(LONGEST_PAUSE + 2):
        instance.get(URL)
    made.clear()
    for number in range(20):  # altered now and then: each time it pays
        instance.defaults.headers["X-A"] = str(number)
        assert [instance.get(URL).config.headers["X-A"] for _ in range(2)] == [str(number)] * 2
    assert len(made) == 20


def test_instances_have_templates_of_their_own():
    one = axios.create(adapter=recorder, timeout=1)
    one.get(URL)
    two = one.create(timeout=2)
    assert (two.get(URL).config.timeout, one.get(URL).config.timeout) == (2, 1)


# ---- what can't be watched ----------------------------------------------------------------------


class Items(list):
    pass


class OrderedItems:
    def __init__(self, init):
        self.held = init

    def items(self):
        return self.held.items()


def nested(levels):
    value = [1]
    for _ in range(levels):
        value = [value]
    return value


UNWATCHABLE = {
    "a list of a class of its own": lambda d: raw("update", d, redact=Items(["a"])),
    "a set": lambda d: raw("update", d, redact={"a"}),
    "a read-only view": lambda d: raw("update", d, mine=MappingProxyType({"a": 1})),
    "Headers": lambda d: raw("update", d, headers=Headers({"A": "1"})),
    "a plain dict of headers": lambda d: raw("update", d, headers={"A": "1"}),
    "an object as a header": lambda d: d.headers.update(A=Anything()),
    "a list in a list of lines": lambda d: d.headers.update(A=[["1"]]),
    "a name that is no text": lambda d: d.headers.update({1: "1"}),
    "somebody's mapping as credentials": lambda d: raw("update", d, auth=OrderedItems({"username": "u"})),
    "somebody's mapping in a proxy": lambda d: raw("update", d, proxy={"auth": OrderedItems({"username": "u"})}),
    "too deep": lambda d: raw("update", d, mine=nested(DEEPEST)),
}  # fmt: skip


@pytest.mark.parametrize("alteration", UNWATCHABLE.values(), ids=list(UNWATCHABLE))
def test_what_cannot_be_watched_makes_no_template(alteration):
    instance, own = rich(), {"url": URL, "method": "get"}
    templated(instance, own)
    alteration(instance.defaults)
    with pytest.raises(Unwatchable):
        Template(instance.defaults)
    assert outcome(templated, instance, own) == outcome(untemplated, instance, own)
    assert not instance._starter.template.holds(instance.defaults)


def test_defaults_that_no_request_can_begin_with_make_none_either():
    instance = axios.create(adapter=recorder)
    cyclic = []
    cyclic.append(cyclic)
    for name, value in (("timeout", "5"), ("mine", cyclic), ("transitional", {"new": True})):
        other = instance.create()
        other.defaults[name] = value
        assert template_of(other.defaults) is None
        with pytest.raises(AxiosError, match=name if name != "transitional" else "Unknown option new"):
            other.get(URL)


def test_objects_stay_the_same_objects():
    agent, jar = Agent(), type("Jar", (), {"add_cookie_header": 1, "extract_cookies": 1})()
    write = functools.partial(str)
    instance = axios.create(
        adapter=recorder, http_agent=agent, params_serializer=write, config={"cookie_jar": jar, "mine": [jar]}
    )
    config = instance.get(URL).config
    assert instance._starter.template is not None
    assert config.params_serializer is write
    assert config.http_agent is agent and config.cookie_jar is jar and config["mine"][0] is jar


# ---- checks -------------------------------------------------------------------------------------


def code_of(call, *args, **options):
    with pytest.raises(AxiosError) as caught:
        call(*args, **options)
    assert caught.value.config is not None
    return caught.value.code, caught.value.message


def test_a_bad_method_of_the_defaults_is_refused():
    instance = axios.create(adapter=recorder)
    instance.request(URL)
    instance.defaults.method = "no token"
    assert code_of(instance.request, URL)[0] == "ERR_BAD_OPTION_VALUE"


def test_an_own_option_is_checked_though_the_defaults_were_before():
    instance = axios.create(adapter=recorder)
    instance.get(URL)
    assert code_of(instance.get, URL, timeout="5")[0] == "ERR_BAD_OPTION_VALUE"
    assert "auth.username" in code_of(instance.get, URL, auth={"username": 5})[1]
    assert code_of(instance.get, URL, transitional={"new": True})[0] == "ERR_BAD_OPTION"


@pytest.mark.parametrize(
    "alter",
    [
        lambda config: config.update(timeout="5"),
        lambda config: config.transitional.update(silent_json_parsing=1),
        lambda config: config.transform_request.append(5),
    ],
)
def test_what_an_interceptor_alters_is_checked(alter):
    def run_when(config):
        alter(config)
        return False

    for use in (
        lambda chain: chain.use(lambda config: alter(config) or config),
        lambda chain: chain.use(lambda config: config, run_when=run_when),
    ):
        instance = axios.create(adapter=recorder)
        instance.get(URL)
        number = use(instance.interceptors.request)
        assert code_of(instance.get, URL)[0] == "ERR_BAD_OPTION_VALUE"
        instance.interceptors.request.eject(number)
        assert instance.get(URL).status == 200


def test_an_interceptor_may_mend_an_option():
    instance = axios.create(adapter=recorder)
    instance.interceptors.request.use(lambda config: config.update(timeout=5) or config)
    assert instance.get(URL, timeout="bad").config.timeout == 5


# ---- secrecy and threads ------------------------------------------------------------------------


def test_a_template_is_not_shown():
    instance = axios.create(adapter=recorder, auth=("user", "hunter2"), headers={"Authorization": "Bearer hunter2"})
    instance.get(URL)
    assert "hunter2" not in repr(instance._starter.template) + str(vars(instance))


def test_defaults_may_be_altered_while_requests_begin():
    instance = axios.create(adapter=recorder, headers={"common": {"X-N": "0"}})
    stop, seen, failures = threading.Event(), set(), []

    def ask():
        try:
            while not stop.is_set():
                config = instance.get(URL, headers={"X-Own": "1"}).config
                seen.add((config.headers["X-N"], config.headers["X-Own"]))
                vandalise(config)
        except Exception as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=ask) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for number in range(300):
            instance.defaults.headers.common["X-N"] = str(number)
            instance.defaults["option %d" % number] = [number]
            instance.defaults.pop("option %d" % (number - 5), None)
            assert instance.get(URL).config.headers["X-N"] == str(number)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert failures == []
    assert {own for _, own in seen} == {"1"} and {text for text, _ in seen} <= set(map(str, range(300)))


def test_a_subclass_need_not_know():
    class Mine(Axios):
        def __init__(self):
            self.defaults = Config(adapter=recorder)
            self.interceptors = axios.create().interceptors

    assert Mine().get(URL).status == 200
    assert OPTIONS["timeout"].default == 0


REPLACEMENTS = {
    "headers": lambda defaults: defaults.update(headers=HeaderDefaults(common=dict(defaults.headers.common))),
    "a group of headers": lambda defaults: defaults.headers.__setitem__("common", dict(defaults.headers.common)),
    "all": lambda defaults: (lambda kept: (defaults.clear(), defaults.update(kept)))(copy.deepcopy(dict(defaults))),
}


@pytest.mark.parametrize("replace", REPLACEMENTS.values(), ids=list(REPLACEMENTS))
@pytest.mark.parametrize("has_numbers", [True, False])
def test_an_equal_container_in_the_place_of_another_is_seen_and_watched_from_then_on(replace, has_numbers):
    instance = axios.create()
    if not has_numbers:
        instance.defaults = Config({"headers": HeaderDefaults(common={}), "transform_response": [len]})
    instance.defaults.headers.common["Authorization"] = "old"
    for _ in range(4):
        templated(instance, {"url": URL, "method": "get"})
    replace(instance.defaults)
    assert not instance._starter.template.holds(instance.defaults)
    for _ in range(4 * LONGEST_PAUSE):
        templated(instance, {"url": URL, "method": "get"})
    assert instance._starter.template.holds(instance.defaults)
    instance.defaults.headers.common["Authorization"] = "new"
    assert templated(instance, {"url": URL, "method": "get"})["headers"]["Authorization"] == "new"
    instance.defaults.headers.common.pop("Authorization")
    assert templated(instance, {"url": URL, "method": "get"})["headers"].get("Authorization") is None


def test_the_order_of_a_replaced_group_of_headers_is_seen():
    instance = axios.create(headers={"common": {"X-A": "1", "X-B": "2"}})
    templated(instance, {"url": URL, "method": "get"})
    pairs = list(instance.defaults.headers.common.items())
    instance.defaults.headers["common"] = dict(reversed(pairs))
    names = [name.lower() for name, _ in templated(instance, {"url": URL, "method": "get"})["headers"].items()]
    assert names.index("x-b") < names.index("x-a")
