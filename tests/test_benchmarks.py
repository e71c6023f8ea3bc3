"""The benchmark's gate, its arithmetic and its table; what it measures, it measures only when it is run."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from contextlib import closing

import pytest

from .__main__ import ROOT
from .benchmarks import __main__ as command
from .benchmarks import counts, goals, report
from .benchmarks.cases import CASES, OPTIONS, OURS, Effort
from .benchmarks.contenders import CONTENDERS
from .benchmarks.environment import Pythons, child_environment
from .benchmarks.measure import Failed, Field, Worker, paired, quartiles, summary
from .benchmarks.operations import OPERATIONS, Wrong
from .benchmarks.payloads import compact, facts, gzipped, small_document
from .support.tls import CA

NAMES = {case.name for case in CASES}


# -- goals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sense, value, verdict",
    [
        ("at least", 2.0, goals.MET),
        ("at least", 1.99, goals.MISSED),
        ("at most", 2.0, goals.MET),
        ("at most", 2.01, goals.MISSED),
    ],
)
def test_a_goal_is_judged(sense, value, verdict):
    assert goals.Goal("x", "figure", sense, 2).judge({"figure": value}) == verdict


def test_a_goal_without_its_figure_is_not_measured():
    assert goals.Goal("x", "figure", "at most", 2).judge({}) == goals.MISSING


def test_a_goal_knows_only_two_senses():
    with pytest.raises(ValueError):
        goals.Goal("x", "figure", "about", 2)


def fulfilled():
    """Figures that meet every goal, by case."""
    found = {name: {} for name in NAMES}
    for goal in goals.GOALS:
        found[goal.case][goal.figure] = goal.limit
    return found


def test_every_goal_is_gated():
    assert goals.failures(fulfilled(), NAMES) == []
    for goal in goals.GOALS:
        figures = fulfilled()
        figures[goal.case][goal.figure] += -0.001 if goal.least else 0.001
        assert len(goals.failures(figures, NAMES)) == 1, str(goal)
        assert goals.failures(figures, NAMES - {goal.case}) == []
        del figures[goal.case][goal.figure]
        assert len(goals.failures(figures, NAMES)) == 1, str(goal)
        assert goals.failures(figures, NAMES, allow_missing=True) == []


def document(figures):
    about = {
        "date": "2026-02-03 10:15 UTC",
        "machine": {"cpu": "a CPU", "cores": 2},
        "python": "CPython 3.8",
        "miniaxios": "1.0",
        "server": "nginx 1",
        "peers": {},
        "missing": {"pycurl": "not wanted"},
        "tools": {},
    }
    return report.as_json(
        about, {name: {"contenders": {}, "missing": {}, "figures": each} for name, each in figures.items()}
    )


@pytest.mark.parametrize(
    "change, arguments, code",
    [
        (None, ["--check"], 0),
        (100.0, ["--check"], 1),
        (100.0, [], 0),
        (100.0, ["--check", "--allow-missing"], 1),
        ("missing", ["--check"], 1),
        ("missing", ["--check", "--allow-missing"], 0),
    ],
)
def test_exit_code(monkeypatch, capsys, tmp_path, change, arguments, code):
    figures = fulfilled()
    if change == "missing":
        del figures["cancel"]["latency_ms"]
    elif change is not None:
        figures["cancel"]["latency_ms"] = change
    monkeypatch.setattr(command, "measure", lambda chosen, pythons: document(figures))
    path, table = tmp_path / "figures.json", tmp_path / "figures.rst"
    monkeypatch.setattr(command.signal, "signal", lambda number, handler: None)
    assert command.main(arguments + ["--no-peers", "--json", str(path), "--rst", str(table)]) == code
    assert ("cancel: latency_ms" in capsys.readouterr().out) == (code == 1 or change == 100)
    assert json.loads(path.read_text())["cases"].keys() == NAMES
    assert "64 MiB from a file" in table.read_text()


def test_json_has_every_goal_with_its_verdict():
    figures = fulfilled()
    figures["get"]["instructions"] = 999999
    cases = json.loads(json.dumps(document(figures)))["cases"]
    assert sum(len(case["goals"]) for case in cases.values()) == len(goals.GOALS)
    judged = {goal["figure"]: goal for goal in cases["get"]["goals"]}
    assert judged["instructions"] == {
        "figure": "instructions",
        "sense": "at most",
        "goal": 265000,
        "edge": 205000,
        "value": 999999,
        "verdict": goals.MISSED,
    }
    assert judged["syscalls"]["verdict"] == goals.MET


def test_unknown_case_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.parse(["--only", "get,nonsense"])
    assert "nonsense" in capsys.readouterr().err
    assert [case.name for case in command.parse(["--only", "post,get"]).cases] == ["get", "post"]


# -- cases -------------------------------------------------------------------------------------------


def test_every_case_has_goals_and_every_goal_a_case():
    assert {goal.case for goal in goals.GOALS} == NAMES
    assert len(NAMES) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_goal_has_a_figure(case):
    """Whatever a goal is about, the case derives from what is measured."""
    one = {"wall": 0.5, "cpu": 0.25, "modules": 3, "rss": 9, "latency_ms": 1.0}
    samples = {name: [one, one, one] for group in case.groups for name in group}
    found = summary(samples, case.base)
    if case.memory:
        found[OURS].update(peak=1 << 20, threads=2)
    if OURS in case.counted:
        found[OURS].update(counts.figures(1.0, {"sendto": 1.0, "recvfrom": 1.0}))
    figures = case.figures(found, samples)
    assert [str(goal) for goal in goals.of(case.name) if goal.figure not in figures] == []
    assert str(case.title) in report.of_case(case, {"contenders": found, "figures": figures, "missing": {}})


def test_options_are_contenders():
    assert {"%s, %s" % (OURS, option) for option in OPTIONS} <= set(CONTENDERS)


def test_effort():
    assert Effort([]).rounds(61) == 61
    assert Effort([], is_quick=True).rounds(61) == 15
    assert Effort([], 5, is_quick=True).rounds(61) == 5


# -- arithmetic --------------------------------------------------------------------------------------


def test_rounds_are_compared_one_by_one():
    slow = [{"wall": 4.0, "cpu": 1.0}, {"wall": 40.0, "cpu": 1.0}, {"wall": 6.0, "cpu": 1.0}]
    fast = [{"wall": 2.0, "cpu": 2.0}, {"wall": 20.0, "cpu": 2.0}, {"wall": 2.0, "cpu": 2.0}]
    assert paired(slow, fast, "wall") == [2, 2, 3]
    found = summary({"a": slow, "b": fast}, "a")["b"]
    assert (found["wall"], found["wall_best"], found["wall_worst"]) == (2, 2, 20)
    assert (found["wall_ratio"], found["cpu_ratio"]) == (2, 0.5)
    assert "wall_ratio" not in summary({"b": fast}, "a")["b"]
    fast[2] = {"wall": 1.0, "cpu": 2.0}
    assert summary({"a": slow, "b": fast}, "a", by_best=True)["b"]["wall_ratio"] == 4


def test_quartiles():
    assert quartiles([5, 1, 4, 2, 3, 6, 7, 8]) == (3, 6)
    assert quartiles([1]) == (1, 1)


STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           3       220           recvfrom
 30.00    0.000300           3       120         1 sendto
  1.00    0.000010           1         7         7 ioctl
------ ----------- ----------- --------- --------- ----------------
100.00    0.000910           2       347         8 total
"""


def test_the_table_of_strace_is_read():
    assert counts.call_table(STRACE) == {"recvfrom": 220, "sendto": 120, "ioctl": 7}


def test_what_starting_costs_is_not_counted():
    each = counts.per_request(
        {"recvfrom": 220, "sendto": 120, "ioctl": 7}, {"recvfrom": 420, "sendto": 220, "ioctl": 7}, 100
    )
    assert each == {"recvfrom": 2, "sendto": 1}
    assert counts.figures(None, each) == {"syscalls": 3, "sends": 1}
    assert counts.figures(5.0, None) == {"instructions": 5.0}


def test_the_total_of_callgrind_is_read():
    assert counts.collected("==1== Events    : Ir\n==1== Collected : 123456\n") == 123456
    with pytest.raises(ValueError):
        counts.collected("==1== nothing\n")


def test_what_can_not_be_counted_is_left_out(monkeypatch):
    monkeypatch.setattr(counts.shutil, "which", lambda tool: None)
    counter = counts.Counter("get", {"file": ""}, Pythons())
    assert counter.instructions(OURS) is None
    assert counter.calls(OURS) is None
    assert counts.tools() == {"valgrind": False, "strace": False}


# -- processes ---------------------------------------------------------------------------------------


def test_a_worker_works_and_says_what_went_wrong(tmp_path):
    path = tmp_path / "site.json"
    path.write_text("{}")
    worker = Worker(sys.executable, "pipeline", [OURS], {"file": str(path)})
    try:
        assert worker.ask("prove", OURS) == {}
        told = worker.ask("time", OURS, 10)
        assert 0 < told["wall"] < 1 and 0 <= told["cpu"] < 1
        with pytest.raises(Failed):
            worker.ask("prove", "nobody")
    finally:
        worker.close()


def test_who_can_not_start_is_out(tmp_path):
    path = tmp_path / "site.json"
    path.write_text("{}")
    with Field("pipeline", [["nobody"]], {"file": str(path)}, Pythons()) as field:
        field.prepare(0)
        assert field.rounds(1) == {}
        assert "KeyError" in field.failed["nobody"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The server in Python, with small files under the names of the large ones."""
    folder = tmp_path_factory.mktemp("payloads")
    small, large = compact(small_document()), bytes(range(256)) * 2000
    for name, data in [("small.json", small), ("buffered", large), ("streamed", large)]:
        (folder / name).write_bytes(data)
    (folder / "small.json.gz").write_bytes(gzipped(small))
    (folder / "large.json.gz").write_bytes(gzipped(large))
    command_line = [sys.executable, "-m", "tests.benchmarks.serve", str(folder)]
    process = subprocess.Popen(
        command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=child_environment()
    )
    with process.stdin, process.stdout:
        plain, secure = json.loads(process.stdout.readline())
        known = {name: facts(large) for name in ("buffered", "streamed", "large")}
        known.update(document=small_document(), small=facts(small), ca=CA)
        known.update(path=str(folder / "buffered"), small_path=str(folder / "small.json"))
        known.update(http="http://127.0.0.1:%d" % plain, https="https://127.0.0.1:%d" % secure)
        yield dict(known, special=known["http"])
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    "operation, name",
    [
        (operation, name)
        for operation in OPERATIONS
        for name in ("http.client", OURS, "raw socket")
        if (operation, name) != ("gzip", "raw socket")  # which decodes nothing
    ],
)
def test_operations_check_what_they_get(site, operation, name):
    wrong = {"size": 1, "crc": zlib.crc32(b"x"), "tail": b"x".hex()}
    other = dict(site, document={}, buffered=wrong, streamed=wrong, large=wrong)
    with closing(CONTENDERS[name](site["ca"])) as contender:
        action = OPERATIONS[operation](contender, site)
        action.idle()
        action.prove()
        action.run(2)
        with pytest.raises(Wrong):
            OPERATIONS[operation](contender, other).run(1)


def test_small_document_is_of_one_kibibyte():
    assert len(compact(small_document())) == 1024
