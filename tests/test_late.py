"""Late: what is loaded when, and what becomes of a request whose rooms can't be."""

from __future__ import annotations

import pytest

from .support.fresh import needs_limits, told

EVERYTHING = "['usual', 'adapter', 'dispatch', 'wire.exchange']"


@pytest.mark.parametrize("second", ["usual()", "usual('other')", "miniaxios.create().get(url)", "miniaxios.post(url, {'a': 1})"])
def test_the_second_usual_request_loads_everything(second):
    lines = told("usual(); print(loaded()); %s; print(loaded())" % second)
    assert lines == ["['usual']", EVERYTHING]


def test_a_request_that_is_not_usual_or_a_long_answer_loads_what_it_needs():
    assert told("general(); print(loaded())") == [EVERYTHING]
    assert told("usual(); print(loaded())", "chunked") == ["['usual', 'wire.exchange']"]


@needs_limits
def test_idle_connections_make_room_for_what_is_to_be_loaded():
    lines = told("usual(); held = hold(); print(outcome(general), loaded() == %s)" % EVERYTHING)
    assert lines == ["general True"]
    lines = told("usual(); held = hold(); print(outcome(lambda: usual('again')), outcome(general))")
    assert lines == ["again general"]


@needs_limits
def test_without_a_descriptor_to_load_with_the_request_fails_and_the_next_does_not():
    lines = told(
        "usual(); miniaxios.Agent(); held = hold()\n"
        "from miniaxios.agent import shared_agent; shared_agent().close()\n"
        "held.append(os.open(os.devnull, os.O_RDONLY))\n"
        "print(outcome(general)); print(outcome(usual)); os.close(held.pop()); print(outcome(general)); print(outcome(usual))"
    )
    assert lines == ["AxiosNetworkError EMFILE True False", "AxiosNetworkError EMFILE True True", "general", "usual"]


@pytest.mark.parametrize("answered", ["", "usual(); "])
def test_what_can_not_be_loaded_is_told(answered):
    lines = told(
        answered + "import errno, warnings; warnings.simplefilter('ignore'); miniaxios.axios; before = sys.meta_path[:]\n"
        "sys.meta_path.clear(); first = outcome(general), outcome(usual); sys.meta_path[:] = before\n"
        "print(*first, sep='\\n'); print(outcome(general), outcome(usual))"
    )
    general = "AxiosNetworkError ERR_NETWORK True False"
    assert lines == [general, "usual" if answered else general, "general usual"]
