"""What one call says for itself: the short way for most calls, and the long one, come to the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios import AxiosError
from miniaxios.call_options import MULTIPART, own_of
from miniaxios.calls import ABSENT
from miniaxios.config import own_options

OPTIONS = st.dictionaries(
    st.sampled_from(["timeout", "headers", "params", "url", "method", "data", "responseType", "max_redirects"]),
    st.none() | st.integers() | st.text(max_size=3),
    max_size=3,
)


class Text(str):
    """A text that is none of the exact type."""


def in_long(method, url, config, options, data):
    own = own_options(url, config, options)
    if method is not None:
        own["method"] = method
    if data is not ABSENT:
        own["data"] = data
    return own


@given(
    st.sampled_from(["get", "post", None]),
    st.sampled_from(["http://a.test/", "", None, Text("/x")]),
    st.none() | OPTIONS,
    OPTIONS,
    st.sampled_from([ABSENT, None, {"a": 1}, "text"]),
)
def test_law_the_short_way_agrees_with_the_long_one(method, url, config, options, data):
    given_config, given_options = config and dict(config), dict(options)
    own = own_of(method, url, config, options, data, False)
    wanted = in_long(method, url, config, options, data)
    assert own == wanted and set(own) == set(wanted) and type(own) is dict
    assert (config, options) == (given_config, given_options)
    assert own is not config and own is not options


def test_a_new_dict_each_time():
    options = {"timeout": 5}
    first, second = (own_of("get", "/x", None, options, ABSENT, False) for _ in range(2))
    assert first == second == {"timeout": 5, "url": "/x", "method": "get"} and first is not second
    first["url"] = "/y"
    assert own_of("get", "/x", None, options, ABSENT, False) == second


def test_an_unknown_keyword_is_told():
    with pytest.raises(AxiosError) as caught:
        own_of("get", "/x", None, {"tiemout": 5}, ABSENT, False)
    assert caught.value.code == "ERR_BAD_OPTION" and "timeout" in str(caught.value)


def test_a_url_that_is_a_config():
    own = own_of(None, {"url": "/a", "timeout": 1}, {"timeout": 2}, {"method": "put"}, ABSENT, False)
    assert own == {"url": "/a", "timeout": 2, "method": "put"}


@pytest.mark.parametrize("headers, kind", [(None, MULTIPART), ({"content-type": "text/x"}, "text/x")])
def test_a_form_is_multipart_unless_the_call_says_otherwise(headers, kind):
    options = {} if headers is None else {"headers": headers}
    own = own_of("post", "/x", None, options, {"a": 1}, True)
    assert {name.lower(): value for name, value in dict(own["headers"]).items()}["content-type"] == kind
    assert own["data"] == {"a": 1}
