"""The option table: every option of the contract stands in it once, with both spellings and its rule."""

from __future__ import annotations

import datetime
import http.cookiejar
import math

import pytest

from miniaxios.errors import AxiosError
from miniaxios.option_checks import ALWAYS, GROUP_NAMES, GROUPS, TRANSITIONAL
from miniaxios.option_table import NAMES, OPTIONS, RULES, validate_status

# name, axios's spelling, merge rule, default: the contract, written out a second time.
CONTRACT = """
url                   url                   request  None
method                method                request  'get'
base_url              baseURL               replace  None
allow_absolute_urls   allowAbsoluteUrls     replace  True
transform_request     transformRequest      replace  None
transform_response    transformResponse     replace  None
headers               headers               headers  None
params                params                params   None
params_serializer     paramsSerializer      replace  None
data                  data                  request  None
form_serializer       formSerializer        deep     None
timeout               timeout               replace  0
timeout_error_message timeoutErrorMessage   replace  None
with_credentials      withCredentials       replace  False
adapter               adapter               replace  'http'
auth                  auth                  deep     None
response_type         responseType          replace  None
response_encoding     responseEncoding      replace  None
xsrf_cookie_name      xsrfCookieName        replace  'XSRF-TOKEN'
xsrf_header_name      xsrfHeaderName        replace  'X-XSRF-TOKEN'
with_xsrf_token       withXSRFToken         replace  None
cookie_jar            cookieJar             replace  None
on_upload_progress    onUploadProgress      replace  None
on_download_progress  onDownloadProgress    replace  None
max_content_length    maxContentLength      replace  -1
max_body_length       maxBodyLength         replace  -1
validate_status       validateStatus        given    validate_status
max_redirects         maxRedirects          replace  5
before_redirect       beforeRedirect        replace  None
sensitive_headers     sensitiveHeaders      replace  None
http_agent            httpAgent             replace  None
https_agent           httpsAgent            replace  None
proxy                 proxy                 replace  None
socket_path           socketPath            replace  None
allowed_socket_paths  allowedSocketPaths    replace  None
cancel_token          cancelToken           replace  None
signal                signal                replace  None
decompress            decompress            replace  True
max_rate              maxRate               replace  None
family                family                replace  None
lookup                lookup                replace  None
insecure_http_parser  insecureHTTPParser    replace  False
parse_reviver         parseReviver          replace  None
transitional          transitional          deep     TRANSITIONAL
redact                redact                replace  None
"""
ROWS = [tuple(line.split(None, 3)) for line in CONTRACT.strip().splitlines()]
NAMED = {
    "validate_status": validate_status,
    "TRANSITIONAL": TRANSITIONAL,
    "None": None,
    "True": True,
    "False": False,
}


def test_table_has_each_option_of_the_contract_once_and_no_other():
    assert list(OPTIONS) == [name for name, *_ in ROWS]
    assert len({option.camel for option in OPTIONS.values()}) == len(ROWS)


@pytest.mark.parametrize(("name", "camel", "rule", "default"), ROWS)
def test_row(name, camel, rule, default):
    option = OPTIONS[name]
    value = NAMED[default] if default in NAMED else eval(default, {})
    assert (option.name, option.camel, option.rule) == (name, camel, rule)
    assert option.default == value and type(option.default) is type(value)
    assert rule in RULES
    assert NAMES.get(camel, camel) == name


@pytest.mark.parametrize("option", OPTIONS.values(), ids=repr)
def test_every_option_is_documented_and_accepts_its_default(option):
    assert option.doc.endswith(".") and 15 < len(option.doc) < 140
    assert option.expected
    option.check(option.default if option.name != "transitional" else dict(TRANSITIONAL))


def test_transitional_defaults_are_the_contracts():
    assert TRANSITIONAL == {
        "silent_json_parsing": True,
        "forced_json_parsing": True,
        "clarify_timeout_error": False,
        "legacy_interceptor_req_res_ordering": True,
    }
    assert list(GROUPS["transitional"]) == list(TRANSITIONAL)


@pytest.mark.parametrize(
    ("camel", "name"),
    [
        ("silentJSONParsing", "silent_json_parsing"),
        ("forcedJSONParsing", "forced_json_parsing"),
        ("clarifyTimeoutError", "clarify_timeout_error"),
        ("legacyInterceptorReqResOrdering", "legacy_interceptor_req_res_ordering"),
        ("maxDepth", "max_depth"),
        ("metaTokens", "meta_tokens"),
        ("rejectUnauthorized", "reject_unauthorized"),
    ],
)
def test_members_of_groups_have_both_spellings(camel, name):
    assert GROUP_NAMES[camel] == name


def test_groups_are_options_and_agree_on_spellings():
    assert set(GROUPS) <= set(OPTIONS)
    pairs = {(row[0], name) for group in GROUPS.values() for name, row in group.items()}
    assert len({camel for camel, _ in pairs}) == len(pairs) == len({name for _, name in pairs})


@pytest.mark.parametrize(
    ("status", "fine"), [(199, 0), (200, 1), (204, 1), (299, 1), (300, 0), (304, 0), (500, 0)]
)
def test_validate_status_takes_200_to_299(status, fine):
    assert validate_status(status) is bool(fine)


class Duck:
    """Has what an agent, a token, a signal and URLSearchParams are known by."""

    pool = aborted = None
    subscribe = throw_if_requested = add_event_listener = append = get_all = print


class Store:
    """A mapping that is no dict."""

    def items(self):
        return [("a", "b")]


F, D, NAN, INF = print, Duck(), math.nan, math.inf
SECOND = datetime.timedelta(seconds=1)
SERIALIZER_GOOD = [
    {},
    {"dots": True},
    {"max_depth": 3},
    {"maxDepth": INF},
    {"indexes": None},
    {"other": 1},
    Store(),
]
SERIALIZER_BAD = [
    "qs",
    1,
    [],
    {"dots": 1},
    {"indexes": "x"},
    {"max_depth": NAN},
    {"maxDepth": -1},
    {"max_depth": True},
]
TEXT = (["", "x", None], [1, b"x", ["x"], True, {}])
CALLABLE = ([F, None, Duck], [1, "print", [F], True])
BOOL = ([True, False], [1, 0, None, "true", []])
TRANSFORM = ([F, [F, F], (F,), [], None], [1, "x", [F, 1], {"a": F}, {F}])
LIMIT = ([-1, 0, 1, 10**30, None], [-2, 1.0, NAN, INF, "1", True, False, -1.0, [1]])
TEXTS = ([["a"], ("a", "b"), [], {"a"}, None], ["a", [1], {"a": 1}, 3])
AGENT = ([D, None], [1, "agent", {}, F])

# What each option takes and what it refuses.
CASES = {
    "url": TEXT,
    "method": (
        ["get", "PROPFIND", "x-y", "!#$", None],
        ["", "GE T", "GET\n", "a:b", "né", b"GET", 1, ["get"]],
    ),
    "base_url": TEXT,
    "allow_absolute_urls": BOOL,
    "transform_request": TRANSFORM,
    "transform_response": TRANSFORM,
    "headers": (
        [{}, {"A": "1"}, [("A", "1")], [["A", "1"]], [], None, Store()],
        ["A: 1", 1, [1], [("A",)], F],
    ),
    "params": ([{}, [("a", 1)], [["a", 1]], (), None, D, Store()], ["a=1", 1, ["a"], [("a",)], {"a"}, F]),
    "params_serializer": (
        [F, None, {"encode": F}, *SERIALIZER_GOOD],
        [{"encode": 1}, {"serialize": "x"}, *SERIALIZER_BAD],
    ),
    "data": ([None, 1, "x", b"x", {}, [], F, D], []),
    "form_serializer": ([None, {"visitor": F}, *SERIALIZER_GOOD], [F, {"visitor": 1}, *SERIALIZER_BAD]),
    "timeout": (
        [0, 1, 0.5, 10**9, None, SECOND, datetime.timedelta()],
        [-1, -0.5, NAN, INF, -INF, True, False, "1", "200ms", [1], {}, -SECOND, 10**400],
    ),
    "timeout_error_message": TEXT,
    "with_credentials": BOOL,
    "adapter": (["http", F, ["http", F], (), None], [1, [1], {"a": 1}, [None], True]),
    "auth": (
        [{"username": "u", "password": "p"}, {}, {"username": "u"}, ("u", "p"), ["u", ""], None, Store()],
        ["u:p", ("u",), ("u", "p", "x"), ("u", 1), {"username": 1}, {"password": b"p"}, 1, F, True],
    ),
    "response_type": (
        ["json", "text", "arraybuffer", "blob", "document", "stream", None],
        ["JSON", "xml", "", 1, ["json"], "formdata", b"json"],
    ),
    "response_encoding": TEXT,
    "xsrf_cookie_name": TEXT,
    "xsrf_header_name": TEXT,
    "with_xsrf_token": ([True, False, None, F], [1, 0, "yes", []]),
    "cookie_jar": ([http.cookiejar.CookieJar(), None], [{}, "a=1", 1, D]),
    "on_upload_progress": CALLABLE,
    "on_download_progress": CALLABLE,
    "max_content_length": LIMIT,
    "max_body_length": LIMIT,
    "validate_status": ([F, None], [1, True, "200", [F], range(200, 300)]),
    "max_redirects": ([0, 1, 10**6], [-1, 1.0, NAN, INF, "5", True, None, [5]]),
    "before_redirect": CALLABLE,
    "sensitive_headers": TEXTS,
    "http_agent": AGENT,
    "https_agent": AGENT,
    "proxy": (
        [
            False,
            None,
            "http://p:1",
            {"host": "p", "port": 1},
            {"auth": ("u", "p")},
            {"auth": {"username": "u"}},
            {},
        ]
        + [{"rejectUnauthorized": False, "ca": b"x", "servername": "x"}, {"auth": "u:p"}],
        [
            True,
            0,
            1,
            [],
            ("h", 1),
            {"port": "80"},
            {"port": 65536},
            {"port": True},
            {"host": 1},
            {"protocol": b""},
        ]
        + [{"auth": 1}, {"auth": ("u", 1)}, {"auth": {"username": 1}}, {"reject_unauthorized": 0}],
    ),
    "socket_path": (["/run/x", None], [b"/run/x", 1, ["/run/x"]]),
    "allowed_socket_paths": (["/x", ["/x", "/y"], (), None], [1, [b"/x"], [None], {"a": 1}]),
    "cancel_token": AGENT,
    "signal": AGENT,
    "decompress": BOOL,
    "max_rate": (
        [1, 0, 1.5, [1, 2], (1, None), None],
        [-1, NAN, INF, "1", True, [1], [1, 2, 3], [1, "2"], [-1, 1], {}],
    ),
    "family": ([4, 6, None], [0, 5, "4", True, 4.0, [4]]),
    "lookup": CALLABLE,
    "insecure_http_parser": BOOL,
    "parse_reviver": CALLABLE,
    "transitional": (
        [{}, dict(TRANSITIONAL), {"silentJSONParsing": False}],
        [
            None,
            1,
            "x",
            [],
            F,
            {"silent_json_parsing": 1},
            {"clarifyTimeoutError": None},
            {"forced_json_parsing": "true"},
        ],
    ),
    "redact": TEXTS,
}
GOOD = [(name, value) for name, (good, _) in CASES.items() for value in good]
BAD = [(name, value) for name, (_, bad) in CASES.items() for value in bad]


def test_every_option_has_cases():
    assert set(CASES) == set(OPTIONS)
    assert all(good and (bad or name == "data") for name, (good, bad) in CASES.items())


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_CONFIG_2_accepts(name, value):
    OPTIONS[name].check(value)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_CONFIG_2_refuses(name, value):
    with pytest.raises(AxiosError) as caught:
        OPTIONS[name].check(value)
    assert caught.value.code == "ERR_BAD_OPTION_VALUE"
    assert caught.value.message.startswith(f"option {name}") and " must be " in caught.value.message


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_redirects", "5", "option max_redirects must be an integer, 0 or more, not str"),
        (
            "transitional",
            {"silentJSONParsing": 1},
            "option transitional.silent_json_parsing must be True or False, not int",
        ),
        ("params_serializer", {"encode": 1}, "option params_serializer.encode must be callable, not int"),
        ("proxy", {"port": "8080"}, "option proxy.port must be an integer from 0 to 65535, not str"),
        ("auth", {"password": 5}, "option auth.password must be a string, not int"),
    ],
)
def test_messages_name_option_and_member(name, value, message):
    with pytest.raises(AxiosError) as caught:
        OPTIONS[name].check(value)
    assert caught.value.message == message


@pytest.mark.parametrize("key", ["foo", "__proto__", "advertise_everything", 5])
def test_unknown_switch_is_a_bad_option(key):
    with pytest.raises(AxiosError, match="^Unknown option (%s|int)$" % key) as caught:
        OPTIONS["transitional"].check({key: True})
    assert caught.value.code == "ERR_BAD_OPTION"


@pytest.mark.parametrize(("name", "value"), BAD + [("auth", {"username": "u", "password": ["hunter2"]})])
def test_LEAK_1_messages_tell_the_type_and_never_the_value(name, value):
    with pytest.raises(AxiosError) as caught:
        OPTIONS[name].check(value)
    assert "hunter2" not in repr(caught.value)


SAMPLES = {
    bool: [True, False],
    str: ["", "x", "\r\n"],
    type(None): [None],
    type(lambda: 0): [lambda: 0],
    dict: [{}, {1: 2}],
}


@pytest.mark.parametrize("test", ALWAYS, ids=lambda test: test.__name__)
def test_types_that_skip_their_test_would_pass_it(test):
    for kind in ALWAYS[test]:
        assert all(test(value) for value in SAMPLES[kind])
