"""Which adapter serves: names, callables, lists, and what the error says when none does."""

from __future__ import annotations

import pytest

from miniaxios import AxiosError, Config, axios, get_adapter
from miniaxios.adapter import http_adapter

NONE = "There is no suitable adapter to dispatch the request "


def mine(config):
    """An adapter."""


@pytest.mark.parametrize(
    "wanted, found",
    [
        ("http", http_adapter),
        ("HTTP", http_adapter),
        (mine, mine),
        ([mine], mine),
        (("http", mine), http_adapter),
        ([mine, "http"], mine),
        (["xhr", "http", "fetch"], http_adapter),
        (["fetch", mine], mine),
        # One that serves is taken before those behind it are looked at, as in axios.
        (["http", "no-such"], http_adapter),
    ],
)
def test_the_first_that_is_available_serves(wanted, found):
    assert get_adapter(wanted) is axios.get_adapter(wanted) is found


# The texts are axios 1.21.1's, letter by letter.
@pytest.mark.parametrize(
    "wanted, message",
    [
        ("xhr", NONE + " - adapter xhr is not supported by the environment"),
        (["xhr"], NONE + " - adapter xhr is not supported by the environment"),
        (
            ["xhr", "XHR"],
            NONE
            + "since :\n- adapter xhr is not supported by the environment"
            + "\n- adapter XHR is not supported by the environment",
        ),
        ([], NONE + "as no adapter specified"),
        ((), NONE + "as no adapter specified"),
    ],
)
def test_none_is_available(wanted, message):
    config = Config(url="http://a.test/")
    with pytest.raises(AxiosError) as caught:
        get_adapter(wanted, config)
    assert (caught.value.message, caught.value.code) == (message, "ERR_NOT_SUPPORT")
    assert caught.value.config is config


@pytest.mark.parametrize("wanted", ["nope", ["nope", "http"], "__class__", ""])
def test_an_unknown_name(wanted):
    name = wanted if isinstance(wanted, str) else wanted[0]
    with pytest.raises(AxiosError) as caught:
        axios.get("http://a.test/", adapter=wanted)
    assert (caught.value.message, caught.value.code) == ("Unknown adapter '%s'" % name, None)
    assert caught.value.config.url == "http://a.test/"


def test_a_name_is_only_a_name():
    """Nothing of the caller's is looked up among the modules or attributes of the package."""
    for name in ("data_adapter", "http_adapter", "adapter", "os"):
        with pytest.raises(AxiosError, match="Unknown adapter"):
            get_adapter(name)
