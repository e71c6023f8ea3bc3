"""Loading: what a request fails with when something it needs can't be loaded, and what else is somebody's own failure."""

from __future__ import annotations

import codecs
import errno
import gzip
import os
import pickle
import sys
import threading
import types
from importlib.util import spec_from_file_location

import pytest

import miniaxios
from miniaxios import AxiosError, axios, loading
from miniaxios.loading import is_failed_load, is_of, not_loaded

from .support.fresh import needs_limits, told
from .support.server import Reply, Server


def answer(request):
    """What needs something to be loaded for it."""
    if request.path == "/gzip":
        return Reply(gzip.compress(b"unpacked"), headers=[("Content-Encoding", "gzip")])
    if request.path == "/japanese":
        return Reply("\u3042".encode("shift_jis"), headers=[("Content-Type", "text/plain; charset=shift_jis")])
    return Reply(b'{"a": 1}' if request.path == "/json" else b"plain")


FEATURES = [
    "miniaxios.get(url + 'json')",
    "miniaxios.get(url + 'json', validate_status=lambda status: True)",
    "miniaxios.get(url + 'gzip')",
    "miniaxios.get(url + 'japanese')",
    "miniaxios.get(url, params={'a': [1]})",
    "miniaxios.get(url, auth={'username': 'a', 'password': 'b'})",
    "miniaxios.post_form(url, {'a': 1})",
    "miniaxios.post(url, {'a': 1})",
    "miniaxios.axios.promises.get(url).result(20)",
]


@needs_limits
@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("feature", FEATURES)
def test_without_a_descriptor_to_load_with_a_request_fails_as_all_do_and_the_next_does_not(feature, before):
    lines = told(
        "miniaxios.axios\nfor _ in range(%d): usual()\n" % before
        # A kept connection may be all there is: when its request is through, nothing is left to load with.
        + "held = hold(); first = outcome(lambda: %s)\n" % feature
        + "for number in held: os.close(number)\n"
        + "print(first); print(type(%s.data).__name__)" % feature,
        answer=answer,
    )
    if lines[0].startswith("AxiosNetworkError"):
        assert lines[0].startswith("AxiosNetworkError EMFILE True")
    else:
        assert before, "loaded without a descriptor"
    assert lines[1:] == ["dict" if "json" in feature else "str"]


@needs_limits
def test_the_last_descriptor_is_the_connection_s_own():
    lines = told(
        "miniaxios.axios; usual(); usual(); held = hold(); print(outcome(lambda: miniaxios.get(url + 'japanese')))",
        answer=answer,
    )
    assert lines == ["AxiosNetworkError EMFILE True False"]


# -- what is not loaded -----------------------------------------------------------------------------


def test_there_is_nothing_of_what_is_not_loaded_or_only_half(monkeypatch):
    module = types.ModuleType("unheard_of")
    assert not is_of(1, "unheard_of", "Kind")
    monkeypatch.setitem(sys.modules, "unheard_of", module)
    assert not is_of(1, "unheard_of", "Kind")
    module.Kind = int
    assert is_of(1, "unheard_of", "Kind") and not is_of("1", "unheard_of", "Kind")


@pytest.mark.parametrize("name", ["miniaxios.form_data", "datetime", "enum", "ssl", "concurrent.futures", "uuid", "decimal"])
def test_a_request_does_not_mind_what_another_thread_is_just_loading(name, monkeypatch):
    class Odd(str):
        pass

    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    here = axios.create(adapter=lambda config: {"data": config.data, "status": 200, "headers": {}, "config": config})
    here.interceptors.request.use(lambda config: config)
    here.interceptors.response.use(lambda response: response.data)
    assert here.post("http://a.test", {"a": Odd("b")}, headers={"X-A": Odd("c")}) == {"a": "b"}
    with Server.handler(lambda request: Reply(request.body)) as server:
        assert axios.post(server.url(), iter([b"a", b"bc"])).data == "abc"
    for call in (lambda: axios.get("http://a.test", timeout=Odd("1")), lambda: miniaxios.Agent(min_version=1)):
        with pytest.raises(AxiosError):
            call()


# -- whose failure it is ----------------------------------------------------------------------------


def caught(call):
    try:
        call()
    except (ImportError, OSError) as error:
        return error
    raise AssertionError("nothing was raised")


def of_ours(source):
    """A function that runs ``source`` as one of the package's rooms."""
    room = types.ModuleType("miniaxios.room")
    exec("def function(*given):\n    %s" % source, vars(room))
    return room.function


class Finder:
    """Finds every module that is called so, in one file."""

    def __init__(self, path):
        self.path = path

    def find_spec(self, name, path=None, target=None):
        return spec_from_file_location(name, self.path) if name == "unheard_of" else None


@pytest.fixture(params=["its file is gone", "what it needs can't be loaded", "it is not there"])
def unloadable(request, monkeypatch, tmp_path):
    """A module that fails to load with an OSError, with an ImportError, or is none."""
    path = tmp_path / "module.py"
    if request.param == "what it needs can't be loaded":
        path.write_text("def look():\n    from json import what_it_has_not\nlook()\n")
    if request.param != "it is not there":
        monkeypatch.setattr(sys, "meta_path", [Finder(str(path)), *sys.meta_path])
    return request.param


def test_an_import_of_ours_that_fails_is_told_from_one_of_the_caller_s(unloadable):
    ours = of_ours("import unheard_of")
    theirs = of_ours("given[0]()")

    def transform():
        import unheard_of  # noqa: F401

    assert is_failed_load(caught(ours))
    assert not is_failed_load(caught(lambda: theirs(transform)))
    assert not is_failed_load(caught(transform))


class Failing:
    """A finder in Python, as other tools have; its own frame is the last."""

    def __init__(self, error):
        self.error = error

    def find_spec(self, name, path=None, target=None):
        if name == "unheard_of":
            raise self.error.with_traceback(None)


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ImportError("x.so: Too many open files")])
def test_a_finder_of_another_make_fails_too(error, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [Failing(error), *sys.meta_path])
    for source in ("import unheard_of", "from unheard_of import name", "import unheard_of.part as x", "import_module('unheard_of')"):
        room = of_ours("from importlib import import_module; %s" % source)
        assert is_failed_load(caught(room)), source
    assert not is_failed_load(caught(lambda: __import__("unheard_of")))


def test_an_alarm_in_the_middle_of_an_import_is_no_failed_load(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [Failing(TimeoutError("alarm")), *sys.meta_path])
    assert not is_failed_load(caught(of_ours("import unheard_of")))


def test_a_caller_s_function_that_is_no_python_is_the_caller_s_too():
    assert not is_failed_load(caught(lambda: of_ours("given[0](given[1])")(pickle.loads, b"cunheard_of\nX\n.")))
    with Server.handler(lambda request: Reply(b"cunheard_of\nX\n.")) as server:
        error = caught(lambda: axios.get(server.url(), response_type="arraybuffer", transform_response=pickle.loads))
    assert type(error) is ModuleNotFoundError


def test_a_codec_that_can_not_be_loaded_is_ours(monkeypatch):
    def search(name):
        raise OSError(24, "Too many open files")

    search = types.FunctionType(search.__code__, {"__name__": "encodings", "OSError": OSError})
    codecs.register(search)
    assert is_failed_load(caught(of_ours("'x'.encode('unheard_of_codec')")))


def raising(error):
    raise error


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ImportError("mine")])
def test_what_somebody_raises_is_no_failed_load(error):
    assert not is_failed_load(caught(lambda: raising(error)))
    assert not is_failed_load(caught(lambda: of_ours("given[0](given[1])")(raising, error)))


@pytest.mark.parametrize("options", [{}, {"validate_status": None}, {"cancel_token": miniaxios.CancelToken.source().token}])
def test_what_a_caller_s_own_function_fails_to_load_passes_unchanged(unloadable, options):
    def transform(data, headers, status=None):
        import unheard_of  # noqa: F401

    with Server.handler(lambda request: Reply("x")) as server:
        error = caught(lambda: axios.get(server.url(), transform_response=transform, **options))
        assert not isinstance(error, AxiosError)
        error = caught(lambda: axios.post(server.url(), "x", transform_request=transform, **options))
        assert not isinstance(error, AxiosError)


@pytest.mark.parametrize("options", [{}, {"validate_status": None}])
def test_a_failed_load_in_a_request_is_an_error_of_axios(unloadable, options, monkeypatch):
    # Both ways decode the text of an answer; here they can't.
    monkeypatch.setattr("miniaxios.usual.decode_body", of_ours("import unheard_of"))
    monkeypatch.setattr("miniaxios.adapter.decode_body", of_ours("import unheard_of"))
    with Server.handler(lambda request: Reply("x")) as server:
        with pytest.raises(AxiosError) as raised:
            axios.get(server.url("/x"), **options)
    error = raised.value
    assert error.code == ("ENOENT" if unloadable == "its file is gone" else "ERR_NETWORK")
    assert error.config.url.endswith("/x") and error.__cause__ is not None and error.message.startswith("load ")


def test_the_error_says_what_could_not_be_loaded():
    made = not_loaded(OSError(24, "Too many open files"), axios.defaults)
    assert (made.code, made.errno, made.config) == ("EMFILE", 24, axios.defaults) and isinstance(made, OSError)
    words = "module.so: cannot open shared object file: %s" % os.strerror(errno.EMFILE)
    assert not_loaded(ImportError(words), axios.defaults).code == "EMFILE"
    assert not_loaded(ImportError("no such module"), axios.defaults).code == "ERR_NETWORK"


# -- fork --------------------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

SLOWLY = """
import signal, threading
begun, go_on = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "miniaxios." + %r:
            begun.set()
            go_on.wait(20)

%s
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=usual, args=("another",))
thread.start()
begun.wait(20)
threading.Timer(0.3, go_on.set).start()
number = os.fork()
if not number:
    signal.alarm(20)
    os._exit(go_on.is_set() and usual("third") == "third" and general() and 7)
print(os.waitpid(number, 0)[1] >> 8)
thread.join()
"""


@needs_fork
@pytest.mark.parametrize("room, before", [("adapter", "usual()"), ("usual", "miniaxios.axios")])
def test_a_fork_waits_for_what_another_thread_loads(room, before):
    assert told("def usual(path=''): return miniaxios.get(url + path).data\n" + SLOWLY % (room, before)) == ["7"]


@needs_fork
def test_what_was_left_behind_stops_nobody(monkeypatch):
    """An interrupt may come before it could be told that the loading, or the fork, is over."""
    monkeypatch.setattr(loading, "PATIENCE", 0.05)
    other = threading.get_ident() + 1
    loading._forks["left"] = other
    assert loading.unforked(lambda: "loaded") == "loaded" and not loading._forks
    loading._loaders["left"] = other
    number = os.fork()
    if not number:
        os._exit(loading.unforked(lambda: 7) if not loading._loaders and not loading._forks else 1)
    assert os.waitpid(number, 0)[1] >> 8 == 7
    assert not loading._loaders and not loading._forks


@needs_fork
def test_who_forks_while_it_loads_does_not_wait_for_itself():
    number = loading.unforked(os.fork)
    if not number:
        os._exit(loading.unforked(lambda: 7) if not loading._loaders and not loading._forks else 1)
    assert os.waitpid(number, 0)[1] >> 8 == 7
    assert not loading._loaders and not loading._forks


def test_what_fails_to_load_is_no_longer_loading():
    for error in (ImportError, KeyboardInterrupt):
        with pytest.raises(error):
            loading.unforked(lambda: raising(error()))
        assert not loading._loaders


@needs_fork
def test_many_load_while_many_fork():
    go, loaded = threading.Event(), []

    def load():
        go.wait(20)
        for _ in range(50):
            loaded.append(loading.unforked(lambda: 1))

    def fork():
        go.wait(20)
        for _ in range(5):
            number = os.fork()
            if not number:
                os._exit(loading.unforked(lambda: 7))
            statuses.append(os.waitpid(number, 0)[1] >> 8)

    statuses = []
    threads = [threading.Thread(target=work) for work in [load] * 20 + [fork] * 3]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(60)
    assert len(loaded) == 1000 and statuses == [7] * 15
    assert not loading._loaders and not loading._forks
