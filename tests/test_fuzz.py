"""A short run of the fuzzer, always the same; and that it notices what it is there to notice.

The long run: python -m tests.fuzz --help
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from miniaxios.wire.errors import BadResponse
from miniaxios.wire.framing import Chunked

from .fuzz import chunks
from .fuzz.runner import Broken, Report, Target, demand, run, shortest
from .fuzz.source import Source, singles
from .fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
#: What fits into a second or so each.
CASES = {
    "heads": 1500, "chunks": 4000, "codings": 800, "urls": 6000, "cookies": 1500, "proxies": 1500,
    "forms": 4000, "bodies": 2500,
    "responses": 250,
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_laws_hold(name, no_leaks):
    with TARGETS[name]() as target:
        report = run(target, CASES[name], seed=1)
    assert not report.failures, "\n\n".join(map(str, report.failures))
    assert report.cases == CASES[name]


@pytest.mark.parametrize("name", TARGETS)
def test_cases_are_neither_all_good_nor_all_bad(name):
    """A target that refuses everything, or accepts everything, tries little."""
    with TARGETS[name]() as target:
        report = run(target, 100, seed=2)
    assert len(report.outcomes) > 1 and max(report.outcomes.values()) < 95, report


def test_the_seed_decides_everything():
    for name, kind in TARGETS.items():
        target = kind()
        made = [
            [target.make(Source(seed, name, number, "make")) for number in range(20)] for seed in (5, 5, 6)
        ]
        assert made[0] == made[1] != made[2], name


class Forgetful(Chunked):
    """A bug: an "x" that comes alone is lost."""

    __slots__ = ()

    def decode(self, data):
        return super().decode(data).replace(b"x", b"") if data == b"x" else super().decode(data)


def test_a_planted_bug_is_found_and_made_small(monkeypatch):
    monkeypatch.setattr(chunks, "Chunked", Forgetful)
    report = run(chunks.Chunks(), 400, seed=1)
    failure = report.failures[0]
    assert failure.reason.startswith("cuts make no difference")
    assert len(failure.data) < 100 and b"\r\nx\r\n" in failure.data
    assert "--seed 1 --replay %d:%s" % (failure.number, failure.data.hex()) in str(failure)


class Faulty(Target):
    """Breaks where the data holds both marks."""

    name = "faulty"

    def __init__(self, fault):
        self.fault = fault
        self.case_seconds = 0.05 if fault is endless else 5.0

    def make(self, source):
        return b"some bytes (and) more of them"

    def check(self, data, source):
        if b"(" in data and b")" in data:
            self.fault()
        return "fine"


def endless():
    while True:
        pass


def broken():
    demand(False, "a law")


def greedy():
    return bytes(17 << 20)


@pytest.mark.parametrize(
    "fault, reason",
    [
        (endless, "more than"),
        (broken, "a law"),
        (greedy, "memory is bounded"),
        (lambda: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_each_kind_of_failure_is_reported(fault, reason):
    if fault is endless and sys.platform == "win32":
        pytest.skip("nothing can interrupt it here")
    report = run(Faulty(fault), 1, seed=0)
    assert len(report.failures) == 1 and reason in report.failures[0].reason
    if fault is not greedy:  # memory is measured in some cases only, so what is shorter passes
        assert len(report.failures[0].data) < 15


def test_shortest_leaves_what_is_needed():
    assert shortest(b"xxaxxxbxxxx" * 3, lambda data: b"a" in data and b"b" in data) in (b"ab", b"ba")


def test_singles_are_the_data():
    data = bytes(range(256)) * 40
    assert b"".join(singles(data)) == data and len(singles(data)) == 2501
    assert singles(b"abc") == [b"a", b"b", b"c"]


def test_demand_shows_details_shortened():
    with pytest.raises(Broken) as caught:
        demand([], "a law", b"x" * 10000)
    assert str(caught.value).startswith("a law\n") and len(str(caught.value)) < 500


def test_report_counts():
    report = run(TARGETS["heads"](), 50, seed=1)
    assert isinstance(report, Report) and sum(report.outcomes.values()) == report.cases == 50


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    return done.returncode, done.stdout.decode()


def test_command_line():
    code, text = command("urls", "heads", "--cases", "30", "--seed", "9")
    assert code == 0 and text.startswith("seed 9\n") and text.endswith("60 cases, 0 failures\n"), text


def test_command_line_replays():
    line = b"5\r\nhello\r\n0\r\n\r\n"
    assert command("chunks", "--seed", "1", "--replay", "3:" + line.hex()) == (0, "accepted\n")
    with pytest.raises(BadResponse):
        Chunked().decode(b"x\r\n")
    assert command("chunks", "--seed", "1", "--replay", "3:" + b"x\r\n".hex()) == (0, "BadResponse\n")


def test_command_line_knows_its_targets():
    code, text = command("nonsense")
    assert code == 2 and "no target nonsense" in text
