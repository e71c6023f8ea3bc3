"""Late: what is loaded when, and what becomes of a request whose rooms can't be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import miniaxios
from tests.support.server import Reply, Server

ROOT = str(Path(miniaxios.__file__).resolve().parent.parent)

BEGIN = """
import os, sys
sys.path.insert(0, sys.argv[1])
url = sys.argv[2]
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
import miniaxios

def loaded():
    return [name for name in ("usual", "adapter", "dispatch", "wire.exchange") if "miniaxios." + name in sys.modules]

def outcome(call):
    try:
        return call().data
    except miniaxios.AxiosError as error:
        return "%s %s %s %s" % (type(error).__name__, error.code, error.config is not None, error.request is not None)

def general():
    return miniaxios.get(url + "general", validate_status=lambda status: True)

def usual(path="usual"):
    return miniaxios.get(url + path)

def hold():
    import resource
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return held
"""

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of resources")


def told(source, framing="length"):
    """The lines that a fresh interpreter prints, whose requests are answered with their path."""
    with Server.handler(lambda request: Reply(request.path[1:], framing=framing)) as server:
        done = subprocess.run(
            [sys.executable, "-c", BEGIN + source, ROOT, server.url()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


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
