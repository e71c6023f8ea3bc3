"""The table of faults, faults.rst: every row has tests, every test that it names is there, none is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent


def table():
    """row -> its tests, as they are written."""
    rows = {}
    text = (FOLDER / "faults.rst").read_text(encoding="utf-8")
    for paragraph in text.split("\n\n"):
        row, *tests = paragraph.strip("\n").split("\n")
        if tests and all(re.match(r"    [\w/]+\.py::\w+$", line) for line in tests):
            rows[row] = [line.strip() for line in tests]
    return rows


ROWS = table()
NAMED = {test for tests in ROWS.values() for test in tests}


def names_in(path):
    """The names of the test functions in a file of this folder."""
    return re.findall(r"^def (test_\w+)", (FOLDER / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_no_row_is_lost():
    """A line that is misspelt would else just be no row."""
    text = (FOLDER / "faults.rst").read_text(encoding="utf-8")
    assert len(ROWS) > 30 and sum(map(len, ROWS.values())) == len(re.findall("^    ", text, re.MULTILINE))


@pytest.mark.parametrize("row", sorted(ROWS))
def test_the_tests_of_a_row_exist(row):
    for test in ROWS[row]:
        path, name = test.split("::")
        assert name in names_in(path), test


def test_all_tests_of_faults_have_a_row():
    paths = [path.name for path in FOLDER.glob("test_faults_*.py")] + ["test_load.py"]
    found = {"%s::%s" % (path, name) for path in paths for name in names_in(path)}
    assert len(paths) > 4 and found <= NAMED, sorted(found - NAMED)
