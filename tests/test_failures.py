"""Failures: every error of the basement has one upstairs."""

from __future__ import annotations

import errno
import inspect

import pytest

from miniaxios import AxiosError, Config
from miniaxios.failures import TRANSLATIONS, failure
from miniaxios.wire import Policy, Scope, errors

WIRE_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.WireError)
}

#: class of the basement -> (an instance, code upstairs, builtin class)
EXPECTED = {
    "WireError": (errors.WireError("m"), "ERR_NETWORK", OSError),
    "InvalidRequest": (errors.InvalidRequest("m"), "ERR_BAD_OPTION_VALUE", None),
    "InvalidURL": (errors.InvalidURL("m"), "ERR_INVALID_URL", None),
    "UnsupportedScheme": (errors.UnsupportedScheme("m"), "ERR_BAD_REQUEST", None),
    "NotSupported": (errors.NotSupported("m"), "ERR_NOT_SUPPORT", None),
    "DeadlineExceeded": (errors.DeadlineExceeded("m"), "ECONNABORTED", TimeoutError),
    "Stopped": (errors.Stopped("m"), "ERR_CANCELED", None),
    "NetworkError": (errors.NetworkError("EHOSTUNREACH", "m", 113), "EHOSTUNREACH", OSError),
    "HungUp": (errors.HungUp("m"), "ECONNRESET", ConnectionError),
    "TLSError": (errors.TLSError("CERT_HAS_EXPIRED", "m"), "CERT_HAS_EXPIRED", OSError),
    "BadResponse": (errors.BadResponse("m"), "ERR_BAD_RESPONSE", None),
    "Truncated": (errors.Truncated("m"), "ERR_BAD_RESPONSE", None),
    "BodyTooLarge": (errors.BodyTooLarge("m"), "ERR_BAD_RESPONSE", None),
    "ProxyRefused": (errors.ProxyRefused("m", 407), "ERR_BAD_RESPONSE", None),
    "UploadTooLarge": (errors.UploadTooLarge("m"), "ERR_BAD_REQUEST", None),
    "UploadFailed": (errors.UploadFailed("m"), "ERR_BAD_REQUEST", None),
    "TooManyRedirects": (errors.TooManyRedirects("m"), "ERR_FR_TOO_MANY_REDIRECTS", None),
    "RedirectFailed": (errors.RedirectFailed("m"), "ERR_FR_REDIRECTION_FAILURE", None),
}


def failed(error):
    """What is raised upstairs."""
    config = Config(url="http://h/", method="get", headers={}, timeout=5)
    return failure(error, config, Policy(Scope(), {}, {}))


def test_every_class_of_the_basement_is_in_the_table():
    assert set(EXPECTED) == set(WIRE_ERRORS)
    special = (errors.Stopped, errors.DeadlineExceeded, errors.NetworkError)
    rows = [row[0] for row in TRANSLATIONS if row[0] is not errors.WireError]
    for kind in WIRE_ERRORS.values():
        assert kind is errors.WireError or issubclass(kind, (*special, *rows)), kind
    for at, kind in enumerate(rows):
        assert not any(issubclass(kind, earlier) for earlier in rows[:at]), "%s is never reached" % kind


@pytest.mark.parametrize("name", sorted(WIRE_ERRORS))
def test_translation(name):
    error, code, builtin = EXPECTED[name]
    made = failed(error)
    assert isinstance(made, AxiosError) and made.code == code and made.config["url"] == "http://h/"
    assert str(made) == ("timeout of 5ms exceeded" if code == "ECONNABORTED" else "m")
    assert isinstance(made, OSError) == (builtin is not None)
    assert builtin is None or isinstance(made, builtin)


@pytest.mark.parametrize(
    "code, builtin",
    [
        ("ECONNREFUSED", ConnectionError),
        ("ECONNRESET", ConnectionError),
        ("ECONNABORTED", ConnectionError),
        ("EPIPE", ConnectionError),
        ("ETIMEDOUT", TimeoutError),
        ("ENOTFOUND", OSError),
        ("EAI_AGAIN", OSError),
        ("ENETUNREACH", OSError),
        ("ENOENT", OSError),
        ("EMFILE", OSError),
        ("ERR_NETWORK", OSError),
    ],
)
def test_network_errors_are_builtins_with_their_number(code, builtin):
    made = failed(errors.NetworkError(code, "m"))
    assert isinstance(made, builtin) and made.code == code
    assert made.errno == getattr(errno, code, None)
    assert failed(errors.NetworkError(code, "m", 7)).errno == 7


def test_the_cause_is_what_the_basement_was_told():
    deepest = OSError(104, "reset")
    middle = errors.NetworkError("ECONNRESET", "read ECONNRESET")
    middle.__cause__ = deepest
    outer = errors.Truncated("cut")
    outer.__cause__ = middle
    assert failed(outer).cause is deepest
    assert failed(middle).cause is deepest
    lonely = errors.BadResponse("m")
    assert failed(lonely).cause is lonely
