"""Config and its merge: laws that hold for any two configs, and tables for the rest."""

from __future__ import annotations

import copy
import datetime
import http.cookiejar
import io
import math
import pickle
import types
from collections import OrderedDict, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.config import Config, check_config, config_from, library_defaults, merge_config
from miniaxios.errors import AxiosError
from miniaxios.headers import HeaderDefaults, Headers
from miniaxios.option_checks import GROUP_NAMES, GROUPS, TRANSITIONAL
from miniaxios.option_group import OptionGroup
from miniaxios.option_table import NAMES, OPTIONS, validate_status

CAMEL = {option.name: option.camel for option in OPTIONS.values()}
GROUP_CAMEL = {name: camel for camel, name in GROUP_NAMES.items()}
# A config has many parts: a third of the usual number of them says as much.
law = settings(max_examples=settings.default.max_examples // 3)

REQUEST_ONLY = {"url", "method", "data"}


def first_function(*args):
    """A callable to pass for any option that takes one."""


def second_function(*args):
    """Another one."""


# ---- configs of every shape -------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b", "c", "__proto__", "constructor", "__class__", "x y", "é"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "v", "w"]))
FUNCTIONS = st.sampled_from([first_function, second_function])
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3), st.tuples(inner, inner)
    ),
    max_leaves=5,
)
MAPPINGS = st.dictionaries(WORDS, NESTED, max_size=3)
HEADER_VALUES = st.one_of(
    st.sampled_from(["1", "2", ""]), st.none(), st.just(False), st.lists(st.just("z"), max_size=2)
)
HEADER_NAMES = st.sampled_from(["X-A", "X-B", "Accept", "Content-Type"])
HEADERS = st.builds(
    lambda flat, groups: {**flat, **groups},
    st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=3),
    st.dictionaries(
        st.sampled_from(["common", "get", "post"]),
        st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=2),
        max_size=2,
    ),
)
AUTH = st.fixed_dictionaries({}, optional={"username": st.sampled_from(["u", "v"]), "password": st.just("p")})
SERIALIZER = st.fixed_dictionaries(
    {},
    optional={
        "dots": st.booleans(),
        "meta_tokens": st.booleans(),
        "max_depth": st.integers(0, 9),
        "own": NESTED,
    },
)
PROXY = st.fixed_dictionaries(
    {},
    optional={
        "host": st.sampled_from(["p", "q"]),
        "port": st.integers(1, 9),
        "reject_unauthorized": st.booleans(),
        "auth": AUTH,
    },
)
VALUES = {
    "url": st.sampled_from(["/a", "/b", None]),
    "method": st.sampled_from(["get", "POST"]),
    "data": NESTED,
    "base_url": st.sampled_from(["http://a", "", None]),
    "timeout": st.sampled_from([0, 5, None, 2.5]),
    "max_redirects": st.integers(0, 9),
    "decompress": st.booleans(),
    "validate_status": st.one_of(st.none(), FUNCTIONS),
    "transform_request": st.one_of(st.none(), FUNCTIONS, st.lists(FUNCTIONS, max_size=2)),
    "max_rate": st.one_of(st.integers(0, 9), st.lists(st.integers(0, 9), min_size=2, max_size=2)),
    "redact": st.lists(WORDS, max_size=2),
    "sensitive_headers": st.one_of(st.none(), st.tuples(WORDS)),
    "params": st.one_of(st.none(), MAPPINGS, st.lists(st.tuples(WORDS, LEAVES), max_size=2)),
    "params_serializer": st.one_of(st.none(), FUNCTIONS, SERIALIZER),
    "form_serializer": st.one_of(st.none(), SERIALIZER),
    "auth": st.one_of(st.none(), AUTH, st.just(("u", "p"))),
    "proxy": st.one_of(st.none(), st.just(False), st.just("http://p:1"), PROXY),
    "transitional": st.dictionaries(st.sampled_from(sorted(TRANSITIONAL)), st.booleans()),
    "headers": HEADERS,
    "my_key": NESTED,
    "myKey": NESTED,
    "__init__": NESTED,
}
CONFIGS = st.fixed_dictionaries({}, optional=VALUES)

# Mappings always meet mappings and leaves leaves: where merging is associative.
TREE = st.fixed_dictionaries(
    {},
    optional={
        "n": LEAVES,
        "l": st.lists(LEAVES, max_size=2),
        "m": st.fixed_dictionaries({}, optional={"k": LEAVES}),
    },
)
REGULAR = st.fixed_dictionaries(
    {},
    optional={
        **{name: values for name, values in VALUES.items() if name not in ("my_key", "myKey", "__init__")},
        "auth": AUTH,
        "form_serializer": SERIALIZER.map(lambda group: {k: v for k, v in group.items() if k != "own"}),
        "proxy": PROXY,
        "params": TREE,
        "myTree": TREE,
    },
)


def in_camel(config):
    """The same config in axios's spelling, the members of groups too."""
    made = {}
    for name, value in config.items():
        if name in GROUPS and isinstance(value, dict):
            value = {GROUP_CAMEL.get(key, key): item for key, item in value.items()}
        made[CAMEL.get(name, name)] = value
    return made


def expected_deep(old, new):
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{key: expected_deep(old.get(key), value) for key, value in new.items()}}


def containers(value, found=None):
    """Identities of the plain containers in a value, itself included."""
    found = {} if found is None else found
    if isinstance(value, (dict, list, tuple)) and value != ():
        found[id(value)] = value
        for item in value.values() if isinstance(value, dict) else value:
            containers(item, found)
    return found


# ---- laws ---------------------------------------------------------------------------------------


@law
@given(CONFIGS, CONFIGS)
def test_law_absent_inherits(first, second):
    merged = merge_config(first, second)
    lone = merge_config(first, None)
    for name in set(first) - set(second) - REQUEST_ONLY:
        assert merged[name] == first[name] == lone[name]


@law
@given(CONFIGS, CONFIGS)
def test_law_given_wins(first, second):
    merged = merge_config(first, second)
    for name, value in second.items():
        if not isinstance(value, dict):
            assert merged[name] == value and type(merged[name]) is type(value)


@law
@given(CONFIGS, CONFIGS)
def test_law_keys_are_those_of_both_but_for_the_requests_own(first, second):
    assert set(merge_config(first, second)) == (set(first) - REQUEST_ONLY) | set(second)


@law
@given(CONFIGS, CONFIGS)
def test_law_request_options_are_never_inherited(first, second):
    merged = merge_config(first, second)
    for name in REQUEST_ONLY:
        assert (name in merged) is (name in second)
        assert name not in second or merged[name] == second[name]


@law
@given(CONFIGS, CONFIGS)
def test_law_each_option_by_its_rule(first, second):
    merged = merge_config(first, second)
    for name in set(first) & set(second) - {"headers"}:
        rule = OPTIONS[name].rule if name in OPTIONS else "deep"
        deep = rule in ("deep", "params")
        assert merged[name] == (expected_deep(first[name], second[name]) if deep else second[name])


@law
@given(HEADERS, HEADERS)
def test_law_headers_merge_by_name_and_groups_one_level_deep(first, second):
    merged = merge_config({"headers": first}, {"headers": second}).headers
    assert type(merged) is HeaderDefaults
    assert dict(merged) == expected_deep(first, second)


@law
@given(CONFIGS, CONFIGS)
def test_law_inputs_never_change(first, second):
    copies = copy.deepcopy((first, second))
    merge_config(first, second)
    config_from("/x", second, {"timeout": 1, "headers": {"X-New": "1"}, "params": {"new": 1}})
    assert (first, second) == copies


@law
@given(CONFIGS, CONFIGS)
def test_law_no_plain_container_is_shared(first, second):
    merged = merge_config(first, second)
    merged.pop("data", None)
    shared = set(containers(merged)) & (set(containers(first)) | set(containers(second)))
    assert not shared


@law
@given(CONFIGS, CONFIGS)
def test_law_both_spellings_are_equal(first, second):
    expected = merge_config(first, second)
    assert merge_config(in_camel(first), in_camel(second)) == expected
    assert merge_config(in_camel(first), second) == expected
    assert merge_config(Config(first), Config(in_camel(second))) == expected


@law
@given(CONFIGS)
def test_law_empty_configs_change_nothing(config):
    config.pop("headers", None)  # names of headers are another law's
    assert merge_config({}, config) == config
    assert merge_config(None, config) == config
    inherited = {name: value for name, value in config.items() if name not in REQUEST_ONLY}
    assert merge_config(config, {}) == inherited
    assert merge_config(config) == inherited


@law
@given(CONFIGS)
def test_law_merging_is_idempotent(config):
    once = merge_config({}, config)
    assert merge_config(once, config) == once == merge_config({}, once)


@law
@given(REGULAR, REGULAR, REGULAR)
def test_law_create_then_request_equals_one_merge(library, instance, request):
    created = merge_config(merge_config(library, instance), request)
    assert created == merge_config(library, merge_config(instance, request))


@law
@given(
    st.dictionaries(st.sampled_from(["timeout", "base_url", "params"]), st.just("library")), CONFIGS, CONFIGS
)
def test_law_order_of_precedence(library, instance, request):
    merged = merge_config(merge_config(library, instance), request)
    for name in ("timeout", "base_url"):
        holders = [config[name] for config in (request, instance, library) if name in config]
        assert merged.get(name) == (holders[0] if holders else OPTIONS[name].default)


@law
@given(st.dictionaries(st.sampled_from(["my_key", "axios-retry", "__dict__", "camelKey"]), NESTED), MAPPINGS)
def test_law_unknown_keys_are_kept_and_merge_deep(config, more):
    assert merge_config(config, {}) == config
    both = merge_config({"axios-retry": config}, {"axios-retry": more})
    assert both["axios-retry"] == expected_deep(config, more)


@law
@given(CONFIGS)
def test_law_reading_does_not_depend_on_the_spelling(config):
    made = Config(in_camel(config))
    for name, option in OPTIONS.items():
        assert (name in made) is (option.camel in made) is (name in config)
        for value in (
            made[option.camel],
            getattr(made, name),
            getattr(made, option.camel),
            made.get(option.camel),
        ):
            assert value == made[name]
    assert all(made[name] == value for name, value in config.items())


@law
@given(CONFIGS)
def test_law_copies_are_equal(config):
    made = merge_config({}, config)
    for twin in (copy.copy(made), made.copy(), copy.deepcopy(made), Config(made), merge_config({}, made)):
        assert type(twin) is Config and twin == made and twin is not made
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        try:
            pickled = pickle.dumps(made, protocol)
        except TypeError:
            assert "[REDACTED ****]" in repr(made)
        else:
            assert pickle.loads(pickled) == made
    whole = Config(config)
    assert not set(containers(copy.deepcopy(whole))) & set(containers(whole))


@law
@given(CONFIGS)
def test_law_what_the_library_makes_passes_its_check(config):
    check_config(merge_config(library_defaults(), {**config, "transitional": {}, "headers": {}}))


# ---- the merge, case by case --------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"transitional"}))
def test_none_is_given(name):
    merged = merge_config({name: {"a": 1}}, {name: None})
    assert name in merged and merged[name] is None
    assert merge_config({name: None}, {name: {"a": "1"}})[name] == {"a": "1"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            {"params": {"a": {"x": 1}, "b": [1, 2]}},
            {"params": {"a": {"y": 2}, "b": [3]}},
            {"a": {"x": 1, "y": 2}, "b": [3]},
        ),
        ({"params": {"a": 1}}, {"params": {"a": None}}, {"a": None}),
        ({"params": {"a": 1}}, {"params": None}, None),
        ({"params": {"a": 1}}, {"params": [("b", 2)]}, [("b", 2)]),
        ({"params": [("b", 2)]}, {"params": {"a": 1}}, {"a": 1}),
        ({"params": {"a": {"x": 1}}}, {"params": {"a": 5}}, {"a": 5}),
        (
            {"params": {"__proto__": {"x": 1}}},
            {"params": {"__proto__": {"y": 1}}},
            {"__proto__": {"x": 1, "y": 1}},
        ),
    ],
)
def test_params_merge_deep(first, second, expected):
    assert merge_config(first, second)["params"] == expected


def test_serializers_replace_and_merge():
    first = {"paramsSerializer": {"indexes": None}, "formSerializer": {"indexes": None, "maxDepth": 3}}
    merged = merge_config(first, {"params_serializer": {"dots": True}, "form_serializer": {"max_depth": 4}})
    assert merged.params_serializer == {"dots": True}
    assert merged.form_serializer == {"indexes": None, "max_depth": 4}


def test_auth_merges_as_mapping_and_is_replaced_as_pair():
    first = {"auth": {"username": "u", "password": "p"}}
    assert merge_config(first, {"auth": {"password": "q"}}).auth == {"username": "u", "password": "q"}
    assert merge_config(first, {"auth": ("a", "b")}).auth == ("a", "b")


def test_headers_ignore_case_and_first_spelling_stays():
    merged = merge_config({"headers": {"X-Token": "1"}}, {"headers": {"x-token": "2", "X-B": None}})
    assert dict(merged.headers) == {"X-Token": "2", "X-B": None}


@pytest.mark.parametrize(
    "headers", [[("X-A", "1"), ("X-B", "2")], Headers({"X-A": "1", "X-B": "2"})], ids=["pairs", "Headers"]
)
def test_headers_may_be_pairs_or_headers(headers):
    merged = merge_config({"headers": {"common": {"A": "0"}, "x-a": "0"}}, {"headers": headers})
    assert dict(merged.headers) == {"common": {"A": "0"}, "x-a": "1", "X-B": "2"}


@pytest.mark.parametrize("first", [None, {}, {"headers": None}, {"headers": 5}])
def test_headers_that_are_no_mapping_are_replaced(first):
    assert dict(merge_config(first, {"headers": {"A": "1"}}).headers) == {"A": "1"}
    assert merge_config({"headers": {"A": "1"}}, {"headers": 5})["headers"] == 5


def test_later_spelling_wins():
    assert Config([("maxRedirects", 1), ("max_redirects", 2)]) == {"max_redirects": 2}
    assert merge_config({}, {"max_redirects": 1, "maxRedirects": 2}) == {"max_redirects": 2}
    assert config_from("/", {"max_redirects": 1, "maxRedirects": 2}, {}).max_redirects == 2


def test_objects_pass_by_reference():
    class Thing:
        """An agent, a token, a stream: not ours to copy."""

    class Store(dict):
        __slots__ = ()

    things = {
        "http_agent": Thing(),
        "cancel_token": Thing(),
        "cookie_jar": http.cookiejar.CookieJar(),
        "my_stream": io.BytesIO(),
        "params": {"when": datetime.date(2020, 1, 1)},
        "signal": Thing(),
    }
    merged = merge_config(things, {"data": Thing()})
    for name, thing in things.items():
        assert merged[name] is thing or name == "params"
    assert merged["params"]["when"] is things["params"]["when"]
    for read in (copy.deepcopy(merged), merge_config({}, merged)):
        assert read["http_agent"] is things["http_agent"] and read["data"] is merged["data"]


def test_data_is_not_copied():
    body = {"a": [1]}
    assert merge_config({}, {"data": body})["data"] is body


@pytest.mark.parametrize("kind", [OrderedDict, lambda d: defaultdict(int, d), types.MappingProxyType])
def test_kinds_of_dict_merge_as_dicts(kind):
    merged = merge_config(kind({"params": kind({"a": 1})}), kind({"params": kind({"b": 2})}))
    assert merged == {"params": {"a": 1, "b": 2}} and type(merged["params"]) is dict


@pytest.mark.parametrize("name", ["params", "my_key", "proxy", "form_serializer"])
@pytest.mark.parametrize("in_list", [False, True])
def test_CPU_2_cycles_are_found(name, in_list):
    value = {"x": 1}
    value["self"] = [value] if in_list else value
    for first, second in [({}, {name: value}), ({name: value}, {}), ({name: value}, {name: {"y": value}})]:
        with pytest.raises(AxiosError, match=f"^Circular reference detected in {name}$") as caught:
            merge_config(first, second)
        assert caught.value.code == "ERR_BAD_OPTION_VALUE"


@pytest.mark.parametrize("make", [lambda inner: {"a": inner}, lambda inner: [inner], lambda inner: (inner,)])
@pytest.mark.parametrize(
    ("name", "code"), [("params", "ERR_FORM_DATA_DEPTH_EXCEEDED"), ("my_key", "ERR_BAD_OPTION_VALUE")]
)
def test_CPU_2_depth_is_bounded(make, name, code):
    value = {"leaf": 1}
    for _ in range(100):
        value = make(value)
    assert merge_config({name: value}, {name: value})[name] == value
    for _ in range(1 + 10**4):
        value = make(value)
    for first, second in [({}, {name: value}), ({name: value}, {}), ({name: value}, {name: value})]:
        with pytest.raises(AxiosError, match="too deeply nested .101 levels.. Max depth: 100") as caught:
            merge_config(first, second)
        assert caught.value.code == code


def test_shared_references_are_no_cycle():
    shared = {"x": 1}
    assert merge_config({}, {"params": {"a": shared, "b": [shared]}})["params"] == {
        "a": {"x": 1},
        "b": [{"x": 1}],
    }


@pytest.mark.parametrize("bad", [5, "x", [], ["a"], print, True])
def test_configs_must_be_mappings(bad):
    for call in (lambda: merge_config(bad), lambda: merge_config({}, bad), lambda: config_from("/", bad, {})):
        with pytest.raises(AxiosError, match="^option config must be a mapping, not ") as caught:
            call()
        assert caught.value.code == "ERR_BAD_OPTION_VALUE"


def test_CONFIG_1_only_items_count():
    class Odd(dict):
        headers = {"X-Attribute": "1"}

        def __getitem__(self, key):
            raise AssertionError("asked for " + key)

    merged = merge_config(Odd(timeout=1), Odd(url="/"))
    assert merged == {"timeout": 1, "url": "/"}


def test_CONFIG_3_instances_do_not_share():
    defaults = library_defaults()
    one, two = merge_config(defaults, {}), merge_config(defaults, {})
    one.headers.common["X"] = "1"
    one.transitional.clarify_timeout_error = True
    assert "X" not in two.headers.common and "X" not in defaults.headers.common
    assert two.transitional.clarify_timeout_error is False
    assert library_defaults().transitional == TRANSITIONAL


# ---- Config ---------------------------------------------------------------------------------------


def test_one_value_under_all_its_names():
    config = Config({"baseURL": "a"}, maxRedirects=3)
    assert dict(config) == {"base_url": "a", "max_redirects": 3}
    assert (
        config["baseURL"]
        == config["base_url"]
        == config.base_url
        == config.baseURL
        == config.get("baseURL")
        == "a"
    )
    config.baseURL = "b"
    assert config.base_url == "b"
    config["withXSRFToken"] = True
    assert config.with_xsrf_token is True
    del config.baseURL
    del config["maxRedirects"]
    assert config == {"with_xsrf_token": True}


def test_unset_options_read_as_their_defaults_and_stay_unset():
    config = Config()
    for name, option in OPTIONS.items():
        if name != "headers":
            assert config[name] == config.get(name) == getattr(config, option.camel) == option.default
    assert config == {} and len(config) == 0
    assert config.validate_status is validate_status
    assert config.get("timeout", 7) == 7  # a default that is given comes first


def test_unset_headers_can_be_written():
    config = Config()
    config.headers.common["A"] = "1"
    assert config == {"headers": {"common": {"A": "1"}}}


def test_reading_transitional_gives_no_way_into_the_table():
    Config().transitional["silent_json_parsing"] = False
    assert TRANSITIONAL["silent_json_parsing"] is True


def test_partial_transitional_reads_defaults():
    config = Config(transitional={"clarifyTimeoutError": True})
    assert config.transitional == {"clarify_timeout_error": True}
    assert config.transitional["silentJSONParsing"] is config.transitional.forced_json_parsing is True
    assert config.transitional.get("clarifyTimeoutError") is True


def test_unknown_names():
    config = Config(myKey=1)
    assert config.myKey == config["myKey"] == 1 and "my_key" not in config
    for read in (lambda: config.nothing, lambda: Config().__wrapped__, lambda: config.transitional.nothing):
        with pytest.raises(AttributeError):
            read()
    for read in (lambda: config["nothing"], lambda: config.pop("nothing"), lambda: config.pop("timeout")):
        with pytest.raises(KeyError):
            read()
    assert config.get("nothing") is None and config.get("nothing", 2) == 2
    with pytest.raises(AttributeError):
        del config.timeout
    with pytest.raises(KeyError):
        del config["timeout"]


@pytest.mark.parametrize("name", ["__class__", "__dict__", "items", "get", "update"])
def test_CONFIG_1_names_of_python_are_plain_items(name):
    config = Config({name: 1})
    assert config[name] == 1 and type(config) is Config
    assert callable(Config.items) and dict(config.items()) == {name: 1}
    with pytest.raises(AttributeError):
        setattr(config, name, 2)
    assert config == {name: 1} and copy.deepcopy(config) == config


def test_dict_methods_take_both_spellings():
    config = Config(timeout=1)
    config.update({"maxRedirects": 1}, baseURL="a")
    assert config.setdefault("maxRedirects", 9) == 1
    assert config.setdefault("responseType", "json") == "json"
    assert config.pop("responseType") == "json" and config.pop("responseType", None) is None
    config |= {"maxRedirects": 2}
    assert config == {"timeout": 1, "max_redirects": 2, "base_url": "a"}
    assert type(config | {"maxRate": 1}) is type({"maxRate": 1} | config) is Config
    assert (config | {"maxRedirects": 3}).max_redirects == 3
    assert ({"maxRedirects": 3} | config).max_redirects == 2
    assert type(Config.fromkeys(["maxRate"], 1)) is Config and Config.fromkeys(["maxRate"], 1) == {
        "max_rate": 1
    }


@pytest.mark.parametrize("value", [{"A": "1"}, HeaderDefaults({"A": "1"}), Headers({"A": "1"}), [("A", "1")]])
def test_headers_set_on_a_config(value):
    config = Config()
    config.headers = value
    kept = isinstance(value, (HeaderDefaults, Headers))
    assert config.headers is value if kept else isinstance(config.headers, (HeaderDefaults, Headers))
    assert config["headers"]["A"] == "1"


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "name, options",
    [
        ("auth", {"auth": {"username": "u", "password": "hunter2"}}),
        ("proxy", {"proxy": {"host": "p", "auth": ("u", "hunter2")}}),
        ("headers", {"headers": {"authorization": "Bearer hunter2"}}),
        ("headers", {"headers": {"common": {"Cookie": "a=hunter2"}}}),
        ("headers", {"headers": {"X-Ours": "hunter2"}, "sensitive_headers": ["x-ours"]}),
        ("params", {"params": [("api_key", "hunter2")]}),
        ("data", {"data": {"pin": "hunter2"}, "redact": ["PIN"]}),
        ("url", {"url": "http://user:hunter2@host/"}),
        ("url", {"url": "user:hunter2@host"}),
        ("base_url", {"baseURL": "http://host/?password=hunter2"}),
    ],
)
def test_LEAK_2_a_config_with_a_secret_does_not_pickle(protocol, name, options):
    for config in (Config(options, timeout=5), merge_config({}, options)):
        with pytest.raises(TypeError, match=f"^{name} holds a secret") as caught:
            pickle.dumps(config, protocol)
        assert "hunter2" not in str(caught.value)
        assert copy.deepcopy(config) == config == copy.copy(config)


@pytest.mark.parametrize("group", ["auth", "proxy"])
def test_LEAK_2_nor_does_a_group_of_it(group):
    config = Config({group: {"username": "u", "password": "hunter2"}})
    with pytest.raises(TypeError, match="^password holds a secret"):
        pickle.dumps(config[group])


def test_groups_set_on_a_config_answer_to_both_spellings():
    config = Config(proxy={"rejectUnauthorized": False})
    config.transitional = {}
    config.transitional["clarifyTimeoutError"] = True
    assert config.proxy == {"reject_unauthorized": False} and config.proxy.rejectUnauthorized is False
    assert merge_config(config, {}).transitional == {"clarify_timeout_error": True}
    assert type(copy.deepcopy(config).proxy) is type(pickle.loads(pickle.dumps(config)).proxy) is OptionGroup


def test_LEAK_1_repr_shows_no_secret():
    config = Config(
        auth={"username": "me", "password": "hunter2"},
        proxy={"host": "p", "auth": ("u", "hunter2")},
        headers={"Authorization": "Bearer hunter2", "common": {"X-API-Key": "hunter2"}},
        base_url="http://me:hunter2@host/",
        redact=["mySecret"],
        mySecret="hunter2",
        timeout=5,
    )
    for shown in (repr(config), str(config), f"{config}", repr(config.auth), repr(config.proxy)):
        assert "hunter2" not in shown
    assert "'timeout': 5" in repr(config)


def test_library_defaults():
    def transform(data):
        return data

    made = library_defaults(transform, transform)
    assert made == {
        "transitional": TRANSITIONAL,
        "adapter": "http",
        "transform_request": [transform],
        "transform_response": [transform],
        "timeout": 0,
        "xsrf_cookie_name": "XSRF-TOKEN",
        "xsrf_header_name": "X-XSRF-TOKEN",
        "max_content_length": -1,
        "max_body_length": -1,
        "validate_status": validate_status,
        "headers": {"common": {"Accept": "application/json, text/plain, */*"}},
    }
    assert "transform_request" not in library_defaults()


# ---- the check, and what a call gives -----------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["snake", "camel"])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_redirects", "5", "option max_redirects must be an integer, 0 or more, not str"),
        (
            "timeout",
            math.nan,
            "option timeout must be a number of milliseconds, 0 or more, or a timedelta, not float",
        ),
        ("decompress", 1, "option decompress must be True or False, not int"),
        ("validate_status", 1, "option validate_status must be callable or None, not int"),
        ("url", 5, "option url must be a string, not int"),
        ("transitional", None, "option transitional must be a mapping of booleans, not NoneType"),
        (
            "transitional",
            {"silentJSONParsing": 0},
            "option transitional.silent_json_parsing must be True or False, not int",
        ),
    ],
)
def test_CONFIG_2_check_names_the_option(spelling, name, value, message):
    config = {name if spelling == "snake" else CAMEL[name]: value}
    for checked in (config, Config(config), merge_config({}, config)):
        with pytest.raises(AxiosError) as caught:
            check_config(checked)
        assert (caught.value.message, caught.value.code) == (message, "ERR_BAD_OPTION_VALUE")


def test_check_lets_unknown_keys_and_any_data_pass():
    check_config(Config(myKey=object(), data=object()))
    check_config({"axios-retry": {"retries": "3"}})


def test_config_from_normalises_and_positional_url_wins():
    config = {"url": "/old", "maxRedirects": 1, "myKey": 2, "method": "put", "data": 1}
    made = config_from("/new", config, {"baseURL": "b", "timeout": 3})
    assert type(made) is Config
    assert made == {
        **{"url": "/new", "max_redirects": 1, "myKey": 2, "method": "put", "data": 1},
        **{"base_url": "b", "timeout": 3},
    }
    assert config_from(None, config, {})["url"] == "/old"
    assert config_from(None, None, {}) == {}


def test_config_from_keywords_beat_the_config_by_the_rule_of_the_option():
    config = {"timeout": 1, "headers": {"A": "1", "B": "1"}, "params": {"a": 1}, "data": 1, "method": "put"}
    made = config_from("/", config, {"timeout": 2, "headers": {"b": "2"}, "params": {"b": 2}, "data": 2})
    assert dict(made) == {
        **{"url": "/", "timeout": 2, "headers": {"A": "1", "B": "2"}, "params": {"a": 1, "b": 2}},
        **{"data": 2, "method": "put"},
    }


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("timout", "timeout"),
        ("maxredirect", "max_redirects"),
        ("baseUrl", "base_url"),
        ("withXsrfToken", "with_xsrf_token"),
        ("header", "headers"),
        ("respose_type", "response_type"),
        ("json", "data"),
        ("verify", "https_agent"),
        ("allow_redirects", "max_redirects"),
        ("__class__", None),
        ("", None),
        ("x" * 10**5, None),
    ],
)
def test_unknown_keyword_names_the_nearest_option(name, nearest):
    with pytest.raises(AxiosError, match=r"^Unknown option \w* \(did you mean \w+\?\)$") as caught:
        config_from("/", None, {name: 1})
    assert caught.value.code == "ERR_BAD_OPTION" and len(caught.value.message) < 150
    assert nearest is None or f"did you mean {nearest}?" in caught.value.message


def test_camel_names_cover_every_option():
    assert {NAMES.get(camel, camel) for camel in CAMEL.values()} == set(OPTIONS)


def test_PROXY_1_credentials_of_one_proxy_do_not_reach_another():
    instance = {"proxy": {"host": "a", "port": 1, "auth": {"username": "u", "password": "p"}, "reject_unauthorized": False}}
    merged = merge_config(instance, {"proxy": {"host": "b", "port": 2}})
    assert merged["proxy"] == {"host": "b", "port": 2}
