"""hardening.rst tells the truth: each row has tests, each test is there, and none that bears an id is missing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
#: How many ids each class has: a row that goes astray is missed.
CLASSES = {
    "INJ": 5, "FRAME": 9, "QUEUE": 4, "POOLKEY": 2, "LIMIT": 3, "DECOMP": 4, "FLOOD": 5, "CPU": 4, "REDIR": 5,
    "SCHEME": 1, "PROXY": 4, "NOPROXY": 1, "URL": 5, "XSRF": 1, "COOKIE": 3, "AUTH": 1, "TLS": 3, "CONFIG": 3,
    "RAND": 1, "LEAK": 3, "RES": 1, "DATA": 3, "ENV": 1, "SUPPLY": 1,
}  # fmt: skip
IDS = ["%s-%d" % (name, number) for name, count in CLASSES.items() for number in range(1, count + 1)]

TEXT = (FOLDER / "hardening.rst").read_text(encoding="utf-8")
TABLE, _, REST = TEXT.partition("\nLeft out")


def rows():
    """Id -> the other cells of its row, as text."""
    found = {}
    for row in re.split(r"^   \* - ", TABLE, flags=re.M)[2:]:
        cells = re.split(r"^     - ", row, flags=re.M)
        assert len(cells) == 4, "four cells: %r" % row
        assert cells[0].strip() not in found, "twice: " + cells[0]
        found[cells[0].strip()] = cells[1:]
    return found


ROWS = rows()


def references(cell):
    """(file, beginning of a name) of each test in a cell."""
    return re.findall(r"^(?: {7})?\| ``(\S+\.py)::(test_\w*)``$", cell, flags=re.M)


def names_of_tests():
    """File -> names of its tests."""
    found = {}
    for path in FOLDER.rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        found[path.relative_to(FOLDER).as_posix()] = [name for name in names if name.startswith("test_")]
    return found


TESTS = names_of_tests()


def ids_in(name):
    """The ids that a test's name bears: FLOOD_1_2 is two, RFC_8305 none."""
    for kind, numbers in re.findall(r"(?<![A-Z])([A-Z]+)((?:_[0-9]+)+)", name):
        if kind in CLASSES:
            for number in numbers[1:].split("_"):
                yield "%s-%s" % (kind, number)


@pytest.mark.parametrize("id", IDS)
def test_each_id_has_a_row_with_tests_or_a_reason(id):
    if id not in ROWS:
        assert re.search(r"^\* [^\n]*\b%s\b" % id, REST, flags=re.M), "no row, and no reason for having none"
        return
    duty, cell, advisories = ROWS[id]
    assert duty.strip().endswith(".") and len(duty.split()) > 5
    given = references(cell)
    assert given and len(given) == cell.count("::"), cell
    for file, start in given:
        assert any(name.startswith(start) for name in TESTS.get(file, [])), "no such test: %s::%s" % (file, start)
    for one in re.split(r"[;,] ", " ".join(advisories.split())):
        assert re.fullmatch(r"(?:[\w.() -]+ )?CVE-\d{4}-\d{4,7}|none that we know of", one), one


def test_rows_are_of_known_ids_in_their_order():
    assert list(ROWS) == [id for id in IDS if id in ROWS]


def test_no_test_that_bears_an_id_is_missing_from_its_row():
    missing = []
    for file, names in TESTS.items():
        for name in names:
            for id in ids_in(name):
                given = references(ROWS[id][1]) if id in ROWS else []
                if not any(file == other and name.startswith(start) for other, start in given):
                    missing.append("%s::%s under %s" % (file, name, id))
    assert not missing, "\n".join(missing)


def test_the_readers_of_this_file_read():
    assert references("     | ``x``\n") == []
    assert references("| ``a/test_b.py::test_C_1``\n       | ``test_d.py::test_e``\n") == [
        ("a/test_b.py", "test_C_1"),
        ("test_d.py", "test_e"),
    ]
    assert list(ids_in("test_FLOOD_1_2_URL_4_of_RFC_8305")) == ["FLOOD-1", "FLOOD-2", "URL-4"]
    assert len(TESTS) > 50 and "test_URL_3_without_absolute_urls_the_base_binds" in TESTS["test_urls.py"]
