"""Groups of options: what alters one says so (spellings, copies and looks: see test_config and test_option_table)."""

from __future__ import annotations

import sys

import pytest

from miniaxios import axios, option_group
from miniaxios.option_group import Edits, OptionGroup
from miniaxios.template import Template

ALTERATIONS = {
    "__setitem__": lambda group: group.__setitem__("maxRedirects", 3),
    "__delitem__": lambda group: group.__delitem__("timeout"),
    "__setattr__": lambda group: setattr(group, "max_redirects", 3),
    "__delattr__": lambda group: delattr(group, "timeout"),
    "pop": lambda group: group.pop("timeout"),
    "popitem": lambda group: group.popitem(),
    "clear": lambda group: group.clear(),
    "setdefault": lambda group: group.setdefault("max_redirects", 3),
    "update": lambda group: group.update({"max_redirects": 3}),
    "__ior__": lambda group: group.__ior__({"max_redirects": 3}),
    "__init__": lambda group: group.__init__({"max_redirects": 3}),
}


def test_everything_that_alters_a_dict_is_there():
    readers = {
        "__class_getitem__", "__contains__", "__doc__", "__eq__", "__ge__", "__getattribute__", "__getitem__", "__gt__",
        "__hash__", "__iter__", "__le__", "__len__", "__lt__", "__ne__", "__new__", "__or__", "__repr__", "__reversed__",
        "__ror__", "__sizeof__", "copy", "fromkeys", "get", "items", "keys", "values",
    }  # fmt: skip
    assert set(vars(dict)) - readers <= set(ALTERATIONS)
    assert set(ALTERATIONS) <= set(vars(OptionGroup)) | ({"__ior__"} if sys.version_info < (3, 9) else set())


@pytest.mark.parametrize("name", ALTERATIONS)
def test_every_alteration_is_noted_and_no_look_is(name):
    instance = axios.create(timeout=5)
    template = Template(instance.defaults)
    before = Edits.last
    list(instance.defaults.items()), instance.defaults.get("timeout"), instance.defaults.timeout
    instance.defaults.copy(), "timeout" in instance.defaults, repr(instance.defaults)
    assert template.holds(instance.defaults) and Edits.last == before
    ALTERATIONS[name](instance.defaults)
    assert Edits.last != before and not template.holds(instance.defaults)


def test_the_alteration_of_another_group_is_none_of_this_one():
    instance = axios.create(timeout=5)
    template = Template(instance.defaults)
    for _ in range(3):
        axios.create(timeout=6).defaults.timeout = 7
        assert template.holds(instance.defaults)


def test_a_group_within_is_watched_too():
    instance = axios.create()
    template = Template(instance.defaults)
    instance.defaults.transitional.clarify_timeout_error = True
    assert not template.holds(instance.defaults)


@pytest.mark.parametrize("name", ["__setitem__", "__delitem__", "pop", "popitem", "clear"])
def test_what_is_interrupted_at_any_step_is_seen_if_it_was_done(name):
    class Interrupt(BaseException):
        pass

    for at in range(1, 100):
        instance = axios.create(timeout=5)
        template = Template(instance.defaults)
        assert template.holds(instance.defaults)
        before, left = dict(instance.defaults), [at]

        def trace(frame, event, argument, left=left):
            if frame.f_code.co_filename != option_group.__file__:
                return None
            if event in ("call", "line", "return"):
                left[0] -= 1
                if left[0] == 0:
                    raise Interrupt
            return trace

        tracing = sys.gettrace()
        sys.settrace(trace)
        try:
            ALTERATIONS[name](instance.defaults)
        except Interrupt:
            was_cut = True
        else:
            was_cut = False
        finally:
            sys.settrace(tracing)
        assert template.holds(instance.defaults) is (dict(instance.defaults) == before)
        if not was_cut:
            return
    pytest.fail("too many steps")
