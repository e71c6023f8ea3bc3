"""The public names: all of the contract, nothing more, loaded when they are first asked for."""

from __future__ import annotations

import ast
import builtins
import os
import subprocess
import sys
import types

import pytest

import miniaxios
from miniaxios import axios
from miniaxios.public import NAMES, Statics, load

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(miniaxios.__file__)))

#: "Also public" of the contract.
CLASSES_AND_FUNCTIONS = (
    "AxiosError CanceledError CancelToken AbortController AbortSignal Axios Agent Config Headers Response"
    " Promise FormData URLSearchParams HttpStatusCode merge_config to_form_data form_to_json get_adapter"
    " is_cancel is_axios_error"
).split()
#: "Calls" of the contract, which the module has of the default instance.
CALLS = (
    "request get delete head options post put patch query post_form put_form patch_form promises get_uri"
    " create all spread defaults interceptors"
).split()


def run(source, *flags):
    """The output of a Python of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, *flags, "-c", "import sys; sys.path.insert(0, %r)\n%s" % (ROOT, source)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split()


@pytest.mark.parametrize("name", [*CLASSES_AND_FUNCTIONS, "__version__", "axios"])
def test_the_package_has_the_names_of_the_contract(name):
    assert getattr(miniaxios, name) is getattr(miniaxios, name)
    assert name in miniaxios.__all__ and name in dir(miniaxios)


@pytest.mark.parametrize("name", CALLS)
def test_the_package_has_the_calls_of_the_default_instance(name):
    assert name in dir(miniaxios)
    mine, its = getattr(miniaxios, name), getattr(axios, name)
    assert mine == its or type(mine) is type(its) is miniaxios.concurrent.Promises


@pytest.mark.parametrize("name", CLASSES_AND_FUNCTIONS)
def test_the_instance_has_the_classes_and_functions(name):
    assert getattr(axios, name) is getattr(miniaxios, name)


def test_all_is_what_the_contract_names_and_what_can_be_imported():
    named = {*CLASSES_AND_FUNCTIONS, *CALLS, "__version__", "axios"}
    assert set(miniaxios.__all__) == named - {"all"}
    assert len(set(miniaxios.__all__)) == len(miniaxios.__all__)
    for name in miniaxios.__all__:
        namespace = {}
        exec("from miniaxios import %s" % name, namespace)
        assert name in namespace


def test_a_star_import_shadows_no_builtin_and_no_module_of_the_standard_library():
    namespace = {}
    exec("from miniaxios import *", namespace)
    got = set(namespace) - {"__builtins__"}
    assert got == set(miniaxios.__all__)
    assert {name for name in got if hasattr(builtins, name)} == set()
    assert not [name for name in got if isinstance(namespace[name], types.ModuleType)]


def test_all_is_there_by_name():
    """It would take the builtin's place in a star import, but is a call like the others."""
    assert miniaxios.all([1, 2]).result(5) == axios.all([1, 2]).result(5) == [1, 2]
    assert "all" not in miniaxios.__all__ and "all" in dir(miniaxios)


def test_dir_shows_what_is_public():
    shown = {name for name in dir(miniaxios) if name[:1] != "_"}
    assert shown == {"axios", "all", *miniaxios.__all__} - {"__version__"}
    assert {"__name__", "__file__", "__doc__", "__version__", "__all__"} <= set(dir(miniaxios))


@pytest.mark.parametrize(
    "name", ["gett", "Get", "isCancel", "axiosError", "_of_the_instance", "__wrapped__", "NAMES", "load"]
)
def test_an_unknown_attribute(name):
    with pytest.raises(AttributeError) as caught:
        getattr(miniaxios, name)
    assert str(caught.value) == "module 'miniaxios' has no attribute %r" % name
    with pytest.raises(ImportError):
        exec("from miniaxios import %s" % name, {})


def test_each_name_is_loaded_from_the_room_that_the_table_names():
    for name, room in NAMES.items():
        assert load(name) is getattr(sys.modules["miniaxios." + room], name)
    with pytest.raises(KeyError):
        load("os")


def test_defaults_of_the_module_are_always_those_of_the_instance():
    kept = axios.defaults
    try:
        axios.defaults = axios.create(timeout=77).defaults
        assert miniaxios.defaults.timeout == 77
    finally:
        axios.defaults = kept
    assert miniaxios.defaults is kept


def test_type_checkers_see_what_is_there():
    """The names that the package and the instance show to type checkers are those that they have."""
    assert set(Statics.__annotations__) == set(NAMES) - {"__version__"}
    with open(miniaxios.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    told = set()
    for block in (node for node in tree.body if isinstance(node, ast.If)):
        for node in ast.walk(block):
            if isinstance(node, ast.ImportFrom):
                told |= {alias.asname for alias in node.names if alias.asname}
            elif isinstance(node, ast.Assign):
                told |= {target.id for target in node.targets}
            elif isinstance(node, ast.AnnAssign):
                told.add(node.target.id)
    assert told == {*miniaxios.__all__, "all"}


def test_no_module_of_the_package_has_a_public_name():
    """Importing it would put the module in the place of the function."""
    here = os.path.dirname(miniaxios.__file__)
    rooms = {name[:-3] if name.endswith(".py") else name for name in os.listdir(here)}
    assert rooms.isdisjoint([*miniaxios.__all__, "all"])


# ---- in a Python of its own -------------------------------------------------------------------


def test_the_first_access_by_many_threads_at_once_yields_one_instance():
    source = """
import threading, miniaxios
sys.setswitchinterval(1e-6)
start = threading.Barrier(16)
seen = []
def look(number):
    start.wait()
    # By different ways in, which all have to lead to the same one.
    if number % 2:
        seen.append((id(miniaxios.axios), id(miniaxios.defaults), id(miniaxios.AxiosError)))
    else:
        defaults = miniaxios.defaults
        seen.append((id(miniaxios.axios), id(defaults), id(miniaxios.AxiosError)))
threads = [threading.Thread(target=look, args=(number,)) for number in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join(30)
print(len(seen), len(set(seen)), miniaxios.axios is __import__("miniaxios", fromlist=["axios"]).axios)
"""
    for _ in range(3):
        assert run(source) == ["16", "1", "True"]


@pytest.mark.parametrize("name", ["AxiosError", "is_cancel", "HttpStatusCode", "__version__", "Headers"])
def test_a_name_loads_only_what_it_needs(name):
    source = (
        "from miniaxios import %s; print(*[name for name in sys.modules if name.startswith('miniaxios')])"
        % name
    )
    loaded = set(run(source, "-I", "-S"))
    assert "miniaxios." + NAMES[name] in loaded
    assert not {"miniaxios.client", "miniaxios.wire", "miniaxios.promise"} & loaded


def test_plain_calls_do_not_load_promises():
    source = """
from miniaxios import axios
axios.get("data:,x"); axios.create(); axios.get_uri("/x")
rooms = {"miniaxios.promise", "miniaxios.concurrent", "concurrent.futures", "typing"}
print(*rooms.intersection(sys.modules))
"""
    assert run(source, "-I", "-S") == []
