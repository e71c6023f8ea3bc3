"""Calls: each call hands its arguments on, named and otherwise as they are."""

from __future__ import annotations

import pytest

from miniaxios.calls import ABSENT, Calls


class Noted(Calls):
    """Returns what a call was made of."""

    def _call(self, method, url, config, options, data=ABSENT, is_form=False):
        return method, url, config, options, data, is_form


CONFIG = {"timeout": 5}


@pytest.mark.parametrize("verb", ["get", "delete", "head", "options"])
def test_calls_without_data(verb):
    call = getattr(Noted(), verb)
    assert call("u", CONFIG, method="x") == (verb, "u", CONFIG, {"method": "x"}, ABSENT, False)
    assert call() == (verb, None, None, {}, ABSENT, False)
    assert call(data=1)[3:5] == ({"data": 1}, ABSENT), "here it is an option like any other"


@pytest.mark.parametrize("verb", ["post", "put", "patch", "query", "post_form", "put_form", "patch_form"])
def test_calls_with_data(verb):
    call = getattr(Noted(), verb)
    method, _, form = verb.partition("_")
    assert call("u", "d", CONFIG, headers=None) == (method, "u", CONFIG, {"headers": None}, "d", bool(form))
    assert call("u") == (method, "u", None, {}, None, bool(form))


def test_request_and_the_call_itself():
    for call in (Noted(), Noted().request):
        assert call("u", CONFIG, url="v") == (None, "u", CONFIG, {"url": "v"}, ABSENT, False)
        assert call(CONFIG) == (None, CONFIG, None, {}, ABSENT, False)


def test_a_kind_of_calls_has_to_say_what_becomes_of_them():
    with pytest.raises(NotImplementedError):
        Calls().get("u")
