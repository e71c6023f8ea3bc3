"""What one call says for itself: the short way for most calls, and the long one, come to the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios import AxiosError
from miniaxios.call_options import MULTIPART, own_of
from miniaxios.calls import ABSENT, Calls
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
    wanted = in_long(method, url, config, options, data)
    assert (config, options) == (given_config, given_options)
    own = own_of(method, url, config, options, data, False)
    assert own == wanted and set(own) == set(wanted) and type(own) is dict
    # The keywords' own dict may be the one that comes back: each call has a new one.
    assert config == given_config and own is not config and (own is options or options == given_options)


def test_a_new_dict_each_time():
    """What a caller gave as keywords is theirs, however it was given."""
    seen = []

    class Seeing(Calls):
        def _call(self, method, url, config, options, data=ABSENT, is_form=False):
            seen.append(own_of(method, url, config, options, data, is_form))

    options, config = {"timeout": 5}, {"timeout": 6}
    for _ in range(2):
        Seeing().get("/x", **options)
        Seeing().request("/x", config, **options)
        Seeing().get("/x", config)
    assert options == {"timeout": 5} and config == {"timeout": 6} and len({id(each) for each in seen}) == 6
    assert seen[0] == {"timeout": 5, "url": "/x", "method": "get"}
    seen[0]["url"] = "/y"
    assert seen[3] == {"timeout": 5, "url": "/x", "method": "get"}


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
