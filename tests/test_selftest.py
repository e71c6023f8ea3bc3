"""The self-test itself: every group has rows, a row that fails is told and counted."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from miniaxios import selftest

ROOT = Path(__file__).resolve().parent.parent

GROUPS = {
    "General",
    "API",
    "Request config",
    "Response",
    "Config defaults",
    "Interceptors",
    "Handling errors",
    "Cancellation",
}


def test_every_group_has_a_row():
    assert {group for group, _, _ in selftest.ROWS} == GROUPS


def test_run_prints_a_line_for_each_row_and_a_summary(no_leaks):
    out = io.StringIO()
    assert selftest.run(out) == 0
    lines = out.getvalue().splitlines()
    assert len(lines) == len(selftest.ROWS) + 1
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert lines[-1].startswith("%d of %d rows passed; Python %d." % (len(lines) - 1, len(lines) - 1, sys.version_info[0]))


def test_a_failing_row_is_told_and_fails_the_run(monkeypatch, no_leaks):
    def row(bench):
        selftest.expect(False, "the row is meant to fail")

    monkeypatch.setattr(selftest, "ROWS", [("General", "bad", row), selftest.ROWS[0]])
    out = io.StringIO()
    assert selftest.run(out) == 1
    lines = out.getvalue().splitlines()
    assert lines[0] == "FAIL  General: bad: Failed: the row is meant to fail"
    assert lines[2].startswith("1 of 2 rows passed;")


def test_proxies_of_the_environment_do_not_matter():
    environment = dict(os.environ, http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1")
    done = subprocess.run(
        [sys.executable, "-m", "miniaxios", "--selftest"],
        cwd=str(ROOT),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout.decode()
