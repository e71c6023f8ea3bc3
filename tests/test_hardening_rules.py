"""Rules of hardening.rst that hold for the whole package and need no server."""

from __future__ import annotations

import ast
import configparser
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import miniaxios
from miniaxios import FormData, HttpStatusCode

PACKAGE = Path(miniaxios.__file__).resolve().parent
ROOT = Path(__file__).resolve().parent.parent
ROOMS = sorted(PACKAGE.rglob("*.py"))

#: Modules of others that are used where they happen to be there, and never needed.
GUESTS = {"brotli", "brotlicffi", "certifi"}


def nodes(path, *kinds):
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds)]


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_CPU_4_nothing_rests_on_assert(path):
    assert not nodes(path, ast.Assert)
    assert not [node for node in nodes(path, ast.Name) if node.id == "__debug__"]


# -- boundaries ----------------------------------------------------------------------------------------


def boundary():
    return FormData().encode().boundary


def test_RAND_1_boundaries_are_not_those_of_the_random_module():
    made = set()
    for _ in range(2000):
        random.seed(0)
        made.add(boundary())
    assert len(made) == 2000
    assert all(re.search("[0-9a-f]{32}$", one) for one in made), "128 bits"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_RAND_1_a_forked_child_has_boundaries_of_its_own():
    script = (
        "import os\n"
        "from miniaxios import FormData\n"
        "FormData().encode()\n"
        "child = os.fork()\n"
        "if child: os.waitpid(child, 0)\n"
        "print(FormData().encode().boundary, flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=str(ROOT), stdout=subprocess.PIPE, timeout=60)
    made = done.stdout.decode().split()
    assert done.returncode == 0 and len(set(made)) == 2, made


def test_RAND_1_the_random_module_is_not_used():
    for path in ROOMS:
        for node in nodes(path, ast.Import, ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert "random" not in names, path


# -- caller's and peer's words are never code ----------------------------------------------------------


def test_CONFIG_1_nothing_is_evaluated_or_unpickled():
    forbidden = {"eval", "exec", "compile", "__import__"}
    for path in ROOMS:
        for node in nodes(path, ast.Call):
            assert getattr(node.func, "id", "") not in forbidden, "%s:%d" % (path, node.lineno)
        for node in nodes(path, ast.Import):
            assert not {alias.name for alias in node.names} & {"pickle", "marshal", "shelve"}, path


# -- supply --------------------------------------------------------------------------------------------


def test_SUPPLY_1_no_dependencies_and_no_hooks():
    config = configparser.ConfigParser()
    config.read(str(ROOT / "setup.cfg"), encoding="utf-8")
    assert "install_requires" not in config["options"] and "setup_requires" not in config["options"]
    assert "options.entry_points" not in config
    calls = nodes(ROOT / "setup.py", ast.Call)
    assert {call.func.id for call in calls} <= {"setup", "find_spec"}
    given = [keyword.arg for call in calls if call.func.id == "setup" for keyword in call.keywords]
    assert set(given) <= {"setup_requires"}, "no commands of its own"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="needs sys.stdlib_module_names")
@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_SUPPLY_1_only_the_standard_library_is_imported(path):
    names = []
    for node in nodes(path, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif not node.level:
            names.append(node.module)
    # `compression.zstd` came with 3.14.
    known = sys.stdlib_module_names | GUESTS | {"compression"}
    assert {name.partition(".")[0] for name in names} <= known


def test_there_is_something_to_look_at():
    """Else the tests above would be pleased with an empty folder."""
    assert len(ROOMS) > 50 and HttpStatusCode.Ok == 200
