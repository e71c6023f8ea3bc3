"""The house as the README describes it: imports point one way, names don't clash, rooms stay small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import miniaxios

PACKAGE = Path(miniaxios.__file__).resolve().parent
ROOMS = sorted(PACKAGE.rglob("*.py"))

#: Rooms by floor, the highest first. A room may import from floors below its own, never from its own or above.
UPSTAIRS = [
    {"__main__"},
    {"__init__", "selftest"},
    {"client"},
    {"usual"},
    {"late"},
    {"dispatch"},
    {"adapters"},
    {"adapter", "concurrent", "errands"},
    {"call_options", "data_adapter", "failures", "template", "transforms", "urls"},
    {"config", "forms", "request_headers", "response"},
    {"cancel", "headers", "unnesting", "workers"},
    {"header_fields", "nesting", "promise"},
    {
        "abort", "crew", "documents", "form_data", "header_parsing", "json_body", "option_group",
        "option_table", "response_stream", "search_params",
    },  # fmt: skip
    {
        "agent", "alarms", "charsets", "cookies", "data_url", "header_values", "interception", "multipart",
        "option_checks", "percent", "plain_data", "request_body", "scalars", "wire_options",
    },  # fmt: skip
    {"loading"},
    {
        "blob", "calls", "cookie_rules", "errors", "monitor", "progress", "public", "reactions",
        "selftest_server", "status", "switch", "version", "wire",
    },  # fmt: skip
]
BASEMENT = [
    {"__init__"},
    {"round_trip"},
    {"exchange"},
    {"via"},
    {"outgoing", "pool"},
    {"lease"},
    {"connection"},
    {"socks"},
    {"connect", "secure_stream"},
    {"body", "proxies", "redirects", "stream"},
    {"framing", "header_block", "sockets", "tls_tunnel", "url"},
    {"codings", "hosts", "messages", "request_head", "scope", "tls", "upload"},
    {"available_codings", "environment", "file_reading", "names", "request", "route"},
    {"errors"},
]


def _name(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def _imports(path):
    """(level, module, names, is only for types) of each import of the package in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", [alias.name for alias in node.names], id(node) in for_types
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name, [], id(node) in for_types


def _floors(floors):
    return {room: number for number, rooms in enumerate(floors) for room in rooms}


def _targets(level, module, names):
    """The rooms that an import names: ``from .a import b`` is room a, ``from . import b`` room b."""
    return [module.split(".")[0]] if module else names


@pytest.mark.parametrize("path", [path for path in ROOMS if path.parent == PACKAGE], ids=_name)
def test_imports_upstairs_point_down(path):
    floors = _floors(UPSTAIRS)
    assert path.stem in floors, "a new room needs its place in the table"
    for level, module, names, only_types in _imports(path):
        if level == 1 and not only_types:
            for target in _targets(level, module, names):
                assert floors[target] > floors[path.stem], "%s imports %s" % (path.stem, target)


@pytest.mark.parametrize("path", [path for path in ROOMS if path.parent.name == "wire"], ids=_name)
def test_imports_in_the_basement_point_down_and_never_up_the_stairs(path):
    floors = _floors(BASEMENT)
    assert path.stem in floors, "a new room needs its place in the table"
    for level, module, names, only_types in _imports(path):
        assert level < 2, "%s reaches upstairs for %s" % (path.stem, module)
        if level == 1 and not only_types:
            for target in _targets(level, module, names):
                assert floors[target] > floors[path.stem], "%s imports %s" % (path.stem, target)


def test_only_the_staircase_and_its_helpers_enter_the_basement_by_its_door():
    for path in ROOMS:
        if path.parent != PACKAGE:
            continue
        for level, module, _, only_types in _imports(path):
            if level == 1 and module.startswith("wire") and not only_types:
                assert path.stem in {
                    "adapter",
                    "agent",
                    "cookies",
                    "errands",
                    "failures",
                    "request_body",
                    "request_headers",
                    "selftest",
                    "usual",
                }, path.stem


def test_the_package_never_names_itself():
    for path in ROOMS:
        for level, module, _, _ in _imports(path):
            assert level or module.split(".")[0] != "miniaxios", path


def test_every_table_row_is_a_room():
    rooms = {path.stem for path in ROOMS if path.parent == PACKAGE} | {"wire"}
    assert set(_floors(UPSTAIRS)) == rooms
    assert set(_floors(BASEMENT)) == {path.stem for path in ROOMS if path.parent.name == "wire"}


def test_no_room_has_the_name_of_a_public_attribute():
    public = {*miniaxios.__all__, "all"}
    assert public.isdisjoint(path.stem for path in ROOMS if path.parent == PACKAGE)


def test_rooms_and_functions_stay_small():
    for path in ROOMS:
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") <= 450, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, "%s in %s" % (node.name, path)


def test_every_room_says_what_it_is_for():
    for path in ROOMS:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_every_public_name_has_a_docstring():
    for name in miniaxios.__all__:
        thing = getattr(miniaxios, name)
        if name not in ("__version__", "axios", "defaults", "interceptors", "promises"):
            assert (getattr(thing, "__doc__", None) or "").strip(), name
