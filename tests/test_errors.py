"""AxiosError: what it is, what it shows and what it keeps to itself."""

from __future__ import annotations

import copy
import http.cookiejar
import json
import pickle
import time
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

import miniaxios
from miniaxios import Agent, AxiosError, CanceledError, axios
from miniaxios.errors import (
    AxiosConnectionError,
    AxiosNetworkError,
    AxiosTimeoutError,
    bad_option,
    config_snapshot,
    is_axios_error,
    is_cancel,
    is_secret,
    mask_location,
    mask_url,
    snapshot,
)
from miniaxios.wire.redirects import SECRET_HEADERS
from tests.support.proxy import Proxy
from tests.support.server import Reply, Server, closed_port
from tests.support.tls import CA

SECRET = "hunter2"
MASK = "[REDACTED ****]"
KINDS = [AxiosError, AxiosTimeoutError, AxiosConnectionError, AxiosNetworkError, CanceledError]


def renderings(error):
    """Every text and every pickle that the package makes of an error."""
    yield str(error)
    yield repr(error)
    yield json.dumps(error.to_json())
    yield "".join(traceback.format_exception(type(error), error, error.__traceback__, chain=False)[-1:])
    yield repr(error.config)
    yield repr(error.request)
    yield repr(error.response)
    for protocol in range(2, 6):
        yield repr(pickle.dumps(error, protocol))
    copied = copy.copy(error)
    yield repr((vars(copied), copied.config))


# -- the class ---------------------------------------------------------------------------------------


CODES = (
    "ERR_BAD_OPTION_VALUE ERR_BAD_OPTION ECONNABORTED ETIMEDOUT ECONNREFUSED ERR_NETWORK"
    " ERR_FR_TOO_MANY_REDIRECTS ERR_DEPRECATED ERR_BAD_RESPONSE ERR_BAD_REQUEST ERR_NOT_SUPPORT"
    " ERR_INVALID_URL ERR_CANCELED ERR_FORM_DATA_DEPTH_EXCEEDED ERR_FR_REDIRECTION_FAILURE ECONNRESET ENOENT"
    " ENOTFOUND EAI_AGAIN EPIPE EHOSTUNREACH ENETUNREACH CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT"
    " SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
    " ERR_TLS_CERT_ALTNAME_INVALID EPROTO"
).split()


@pytest.mark.parametrize("code", CODES)
def test_codes_are_class_attributes(code):
    assert getattr(AxiosError, code) == code


def test_arguments_and_attributes():
    response = miniaxios.Response(status=404)
    error = AxiosError("m", "ERR_BAD_REQUEST", {"url": "/"}, "request", response)
    assert (error.message, error.code, error.config, error.request) == ("m", "ERR_BAD_REQUEST", {"url": "/"}, "request")
    assert error.response is response and error.status == 404 and error.cause is None
    assert str(error) == "m" and error.args == ("m",)
    assert repr(error) == "AxiosError('m', 'ERR_BAD_REQUEST')"
    bare = AxiosError()
    assert (str(bare), bare.code, bare.config, bare.request, bare.response, bare.status) == ("", None, None, None, None, None)


@pytest.mark.parametrize(
    "kind, builtin",
    [(AxiosTimeoutError, TimeoutError), (AxiosConnectionError, ConnectionError), (AxiosNetworkError, OSError)],
)
def test_kinds_are_builtins_too_and_show_the_message_alone(kind, builtin):
    error = kind("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED", {}, None, None)
    assert isinstance(error, (builtin, OSError)) and isinstance(error, AxiosError)
    # An OSError would make of its first two arguments: [Errno connect ...] ECONNREFUSED.
    assert str(error) == "connect ECONNREFUSED 127.0.0.1:1"
    assert error.strerror is None and error.errno is None


def test_canceled_error():
    assert (str(CanceledError()), CanceledError().code) == ("canceled", "ERR_CANCELED")
    error = CanceledError("stop", {"a": 1}, "request")
    assert (error.message, error.config, error.request) == ("stop", {"a": 1}, "request")
    assert is_cancel(error) and is_axios_error(error) and not is_cancel(AxiosError("canceled", "ERR_CANCELED"))


@pytest.mark.parametrize("thing", [None, "", 1, ValueError("x"), {"is_axios_error": True}, AxiosError, CanceledError])
def test_what_is_no_axios_error(thing):
    assert is_axios_error(thing) is False
    assert is_cancel(thing) is False


def test_duck_flags_of_another_copy_of_the_package_count():
    other = type("AxiosError", (Exception,), {"is_axios_error": True, "is_cancel": True})()
    assert is_axios_error(other) and is_cancel(other)


def test_from_wraps_any_exception():
    inner = ConnectionResetError(104, "reset")
    error = AxiosError.from_(inner, "ECONNRESET", {"url": "/"}, "request", miniaxios.Response(status=500))
    assert (str(error), error.code, error.status) == ("[Errno 104] reset", "ECONNRESET", 500)
    assert error.cause is inner and error.__cause__ is inner and error.config == {"url": "/"}
    inner = AxiosError("m", "ERR_BAD_REQUEST")
    inner.response = miniaxios.Response(status=418)
    again = AxiosError.from_(inner)
    assert (again.message, again.code, again.status) == ("m", "ERR_BAD_REQUEST", 418)


@pytest.mark.parametrize("kind", KINDS)
def test_from_of_each_kind(kind):
    error = kind.from_(ValueError("boom"), "ERR_BAD_RESPONSE")
    assert type(error) is kind and (str(error), error.code) == ("boom", "ERR_BAD_RESPONSE")


def test_bad_option_tells_the_type_and_never_the_value():
    error = bad_option("auth", "a pair", SECRET)
    assert str(error) == "option auth must be a pair, not str" and error.code == "ERR_BAD_OPTION_VALUE"


# -- LEAK-2: pickles and copies ----------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("kind", KINDS)
def test_LEAK_2_pickle(kind, protocol):
    error = kind("message")
    error.code, error.config = "ECONNRESET", miniaxios.Config(url="/a", auth=("u", SECRET), adapter=print)
    if isinstance(error, OSError):
        error.errno = 104
    pickled = pickle.dumps(error, protocol)
    again = pickle.loads(pickled)
    assert SECRET.encode() not in pickled
    assert type(again) is kind and (str(again), again.code, again.config["url"]) == ("message", "ECONNRESET", "/a")
    assert getattr(again, "errno", None) == getattr(error, "errno", None)


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", KINDS)
def test_LEAK_2_copies(kind, copier):
    error = kind("message")
    error.config = miniaxios.Config(url="/a", http_agent=Agent(), headers={"Authorization": SECRET})
    copied = copier(error)
    assert type(copied) is kind and str(copied) == "message" and SECRET not in repr(vars(copied))


def test_LEAK_2_status_survives_without_a_response():
    error = AxiosError("m")
    error.response = type("Custom", (), {"status": 503, "lock": (lambda: None)})()
    again = pickle.loads(pickle.dumps(error))
    assert again.response is None and again.status == 503


# -- to_json() ---------------------------------------------------------------------------------------


def test_to_json_holds_plain_types():
    config = miniaxios.Config(url="/a", timeout=10, params={"a": [1, None, 2.5, float("nan"), (1, 2), object()]})
    error = AxiosError("m", "ERR_BAD_REQUEST", config, "request", miniaxios.Response(status=400))
    shown = error.to_json()
    assert set(shown) == {"message", "name", "stack", "config", "code", "status"}
    assert (shown["message"], shown["name"], shown["code"], shown["status"]) == ("m", "AxiosError", "ERR_BAD_REQUEST", 400)
    assert json.loads(json.dumps(shown, allow_nan=False))["config"]["timeout"] == 10
    assert shown["config"]["params"]["a"] == [1, None, 2.5, "nan", [1, 2], "<object>"]
    assert AxiosError("m").to_json()["config"] is None


def test_to_json_redact():
    config = miniaxios.Config(
        redact=["Pin", "X-Custom"], params={"pin": "1", "in": {"PIN": 2, "b": 3}}, headers={"x-custom": "s"}, unknown=[{"pin": 4}]
    )
    shown = AxiosError("m", None, config).to_json()["config"]
    assert shown["params"] == {"pin": MASK, "in": {"PIN": MASK, "b": 3}}
    assert shown["headers"] == {"x-custom": MASK} and shown["unknown"] == [{"pin": MASK}]


def test_to_json_masks_what_the_config_calls_sensitive():
    config = miniaxios.Config(
        sensitive_headers=["X-Tenant"], xsrf_header_name="X-Guard", headers={"X-Tenant": "t", "X-Guard": "g", "X": "1"}
    )
    assert AxiosError("m", None, config).to_json()["config"]["headers"] == {"X-Tenant": MASK, "X-Guard": MASK, "X": "1"}


@pytest.mark.parametrize(
    "data, shown",
    [
        ("password=hunter2", "<str, length 16>"),
        (b'{"pin": "hunter2"}', "<bytes, length 18>"),
        (bytearray(b"hunter2"), "<bytearray, length 7>"),
        (memoryview(b"hunter2"), "<memoryview, length 7>"),
        ({"password": SECRET, "name": "n"}, {"password": MASK, "name": "n"}),
        ([{"api_key": SECRET}], [{"api_key": MASK}]),
        (None, None),
    ],
)
def test_LEAK_1_of_a_body_only_the_size_is_told(data, shown):
    assert config_snapshot({"data": data})["data"] == shown


def test_snapshot_keeps_no_callable_and_no_object():
    assert snapshot({"a": print, "b": object(), "c": [len, 1], 5: {1}}) == {"b": "<object>", "c": [1], "5": [1]}
    assert snapshot(type("Odd", (), {"items": 5})()) == "<Odd>"


def test_CPU_2_cycles_and_towers_end():
    wide = []
    wide.extend([wide] * 5)
    tower = {}
    for _ in range(60):
        tower = {"a": tower, "b": tower, "c": tower}
    started = time.monotonic()
    shown = json.dumps([snapshot(wide), snapshot(tower)])
    assert "..." in shown and len(shown) < 10_000_000
    assert time.monotonic() - started < 20


# -- LEAK-1: masks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
def test_LEAK_1_headers_that_redirects_drop_are_masked(name):
    assert is_secret(name) and is_secret(name.title())


@pytest.mark.parametrize("name", ["password", "DB_Password", "client_secret", "stripe-api-key", "accessToken", "sig"])
def test_LEAK_1_other_secret_names(name):
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["url", "cancel_token", "with_xsrf_token", "xsrf_cookie_name", "max_tokens", "next_page_token", "key", "author"]
)
def test_names_that_are_shown(name):
    assert not is_secret(name)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("http://u:hunter2@h/p", "http://h/p"),
        ("see http://u:hunter2@h/ and https://v@i:1/?a=b@c", "see http://h/ and https://i:1/?a=b@c"),
        ("http://h/a@b", "http://h/a@b"),
        ("http://u:p@q@h", "http://h"),
        ("no url@all", "no url@all"),
        ("", ""),
    ],
)
def test_LEAK_1_mask_url(text, shown):
    assert mask_url(text) == shown


@pytest.mark.parametrize(
    "text, shown",
    [
        ("http://u:hunter2@h/p", "http://h/p"),
        ("http://u:hun ter2@h/", "http://h/"),
        ("http://u:hunter2#x@h/", "http://h/"),
        ("http://u:hunter2/x@h/", "http://h/"),
        ("http://u:hunter2?x@h/", "http://h/"),
        ("http:/u:hunter2@h/", "http:/h/"),
        ("http:u:hunter2@h/", "http:h/"),
        (r"http:\\u:hunter2@h/", "http:\\\\h/"),
        ("//u:hunter2@h/", "//h/"),
        ("u:hunter2@h:8080", "h:8080"),
        ("  http://u:hunter2@h", "  http://h"),
        ("socks5h://u:hunter2@h:1080", "socks5h://h:1080"),
        ("/users/me@example.com", "/users/me@example.com"),
        ("http://h:8080/me@example.com", "http://h:8080/me@example.com"),
        ("http://[::1]:80/me@x", "http://[::1]:80/me@x"),
        ("http://[::1]/me@x", "http://[::1]/me@x"),
        ("http://h/?access_token=hunter2&a=b#id_token=hunter2", f"http://h/?access_token={MASK}&a=b#id_token={MASK}"),
        ("/p?page=2&api_key=hunter2", f"/p?page=2&api_key={MASK}"),
        ("", ""),
    ],
)
def test_LEAK_1_mask_location(text, shown):
    assert mask_location(text) == shown


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "//", "HTTP://", "http:/", "http:"]))
def test_LEAK_1_userinfo_never_survives(noise, start):
    noise = noise.replace("@", "").replace("\n", "")
    shown = mask_location(f"{start}{noise}:{SECRET}@host/path")
    # What comes before an early end of the authority is a host, of which nobody knows better.
    if not set(noise) & set("/\\?#[]:") and noise.strip():
        assert SECRET not in shown and shown.endswith("host/path")


@pytest.mark.parametrize("unit", ["://", "://a@", "@", "?a=b", "&", "=", "http:", "/", " ", "://a"])
@pytest.mark.parametrize("function", [mask_url, mask_location, snapshot])
def test_CPU_1_masks_are_linear(function, unit):
    started = time.monotonic()
    function(unit * (300_000 // len(unit)))
    assert time.monotonic() - started < 5


def test_LEAK_1_private_keys_and_pairs():
    shown = snapshot({"key": "-----BEGIN PRIVATE KEY-----\nhunter2", "headers": [("Authorization", SECRET), ("A", "b")]})
    assert shown == {"key": MASK, "headers": [["Authorization", MASK], ["A", "b"]]}


CONFIGS = [
    {"url": f"http://user:{SECRET}@h/"},
    {"url": f"http://u:{SECRET}#@h/"},
    {"base_url": f"https://{SECRET}@h/"},
    {"url": "/", "params": {"access_token": SECRET}},
    {"url": "/", "params": [("api_key", SECRET)]},
    {"url": f"/?token={SECRET}"},
    {"auth": {"username": "u", "password": SECRET}},
    {"auth": ("u", SECRET)},
    {"proxy": f"http://u:{SECRET}@p:1"},
    {"proxy": f"u:{SECRET}@p:1"},
    {"proxy": {"host": "p", "port": 1, "auth": {"username": "u", "password": SECRET}}},
    {"proxy": {"host": "p", "username": "u", "password": SECRET}},
    {"headers": {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}", "X-API-Key": SECRET}},
    {"headers": {"common": {"Proxy-Authorization": SECRET}, "post": {"x-auth-token": [SECRET, SECRET]}}},
    {"headers": miniaxios.Headers([("AUTHORIZATION", SECRET)])},
    {"data": f"password={SECRET}"},
    {"data": {"user": {"password": SECRET}}},
    {"data": json.dumps({"pin": SECRET}).encode()},
    {"unknown": {"deep": [{"client_secret": SECRET}]}},
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_LEAK_1_no_rendering_shows_a_secret(config):
    error = AxiosError("message", "ERR_NETWORK", miniaxios.Config(config))
    for text in renderings(error):
        assert SECRET not in text


def secrets_everywhere(jar=None):
    return {
        "headers": {"X-API-Key": SECRET, "Proxy-Authorization": SECRET, "Cookie": f"sid={SECRET}"},
        "auth": ("u", SECRET),
        "params": {"access_token": SECRET},
        "data": {"password": SECRET},
        "timeout": 30000,
    }


def failure(client, url, **options):
    with pytest.raises(AxiosError) as caught:
        client.post(url, **{**secrets_everywhere(), **options})
    return caught.value


def check(error, code):
    assert error.code == code
    for text in renderings(error):
        assert SECRET not in text
    # The chain of causes is ours too, down to the standard library's own exception.
    chain = traceback.format_exception(type(error), error, None)
    assert SECRET not in "".join(chain)


def test_LEAK_1_on_real_requests():
    table = {
        "/404": Reply(b"no", 404, {"Set-Cookie": f"sid={SECRET}"}),
        "/loop": Reply.redirect("/loop"),
        "/away": Reply.redirect(f"ftp://user:{SECRET}@host/"),
        "/bad": Reply.redirect(f"http://user:{SECRET}@ho st/"),
        "/junk": b"junk\r\n\r\n",
        "/cut": lambda conn: conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") or False,
    }
    jar = http.cookiejar.CookieJar()
    with Server.routes(table) as server, Agent() as agent:
        client = axios.create(http_agent=agent, cookie_jar=jar)

        def url(path):
            return server.url(path, userinfo=f"user:{SECRET}")

        check(failure(client, url("/404")), "ERR_BAD_REQUEST")
        check(failure(client, url("/loop"), max_redirects=2), "ERR_FR_TOO_MANY_REDIRECTS")
        check(failure(client, url("/away")), "ERR_FR_REDIRECTION_FAILURE")
        check(failure(client, url("/bad")), "ERR_FR_REDIRECTION_FAILURE")
        check(failure(client, url("/junk")), "ERR_BAD_RESPONSE")
        check(failure(client, url("/cut")), "ERR_BAD_RESPONSE")
        check(failure(client, url("/404"), max_body_length=1), "ERR_BAD_REQUEST")
        check(failure(client, url("/404"), headers={"X-API-Key": f"{SECRET}\r\n"}), "ERR_BAD_OPTION_VALUE")
        check(failure(client, url("/404"), cancel_token=canceled_token()), "ERR_CANCELED")


def canceled_token():
    source = miniaxios.CancelToken.source()
    source.cancel("enough")
    return source.token


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@ho st/",
        f"http://user:{SECRET}@h:99999/?token={SECRET}",
        f"http:/user:{SECRET}@h/",
        f"http://user:{SECRET}\\@h/",
        f"ftp://user:{SECRET}@h/",
        f"user:{SECRET}@h",
    ],
)
def test_LEAK_1_bad_urls(url):
    error = failure(axios, url)
    assert error.code in ("ERR_INVALID_URL", "ERR_BAD_REQUEST")
    check(error, error.code)


def test_LEAK_1_nobody_listens_and_proxies_refuse():
    with closed_port() as port, Agent(ca=CA) as agent:
        client = axios.create(http_agent=agent, https_agent=agent)
        url = f"http://user:{SECRET}@127.0.0.1:{port}/"
        check(failure(client, url), "ECONNREFUSED")
        check(failure(client, url, proxy=f"http://u:{SECRET}@127.0.0.1:{port}"), "ECONNREFUSED")
        with Proxy(auth=("u", "other")) as proxy:
            address = proxy.url("", userinfo=f"u:{SECRET}")
            check(failure(client, "https://origin.test/", proxy=address), "ERR_BAD_RESPONSE")
            error = failure(client, "http://origin.test/", proxy=address)
            assert error.status == 407
            check(error, "ERR_BAD_REQUEST")
        check(failure(client, url, proxy=f"bad://u:{SECRET}@h"), "ERR_BAD_OPTION_VALUE")
        check(failure(client, url, proxy=f"http://u:{SECRET}@h h"), "ERR_BAD_OPTION_VALUE")


def test_LEAK_1_environment_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", f"bad://u:{SECRET}@h")
    check(failure(axios, "http://h/"), "ERR_BAD_OPTION_VALUE")
