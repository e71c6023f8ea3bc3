"""What is shown: a table for each case, a line for each goal, and all of it as JSON."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys

from . import goals
from .cases import ABSENT
from .payloads import MIB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

    from .cases import Case


def cpu_model() -> str:
    """As the kernel has it, or the platform."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def surroundings(
    server: str, versions: Dict[str, str], missing: Dict[str, str], tools: Dict[str, bool]
) -> Dict[str, Any]:
    """When, where, and with what."""
    import miniaxios

    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count(), "system": platform.platform()},
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
        "python": "%s %s" % (platform.python_implementation(), platform.python_version()),
        "miniaxios": miniaxios.__version__,
        "server": server,
        "peers": versions,
        "missing": missing,
        "tools": tools,
    }


def microseconds(seconds: float) -> str:
    """With as many digits as mean something."""
    value = seconds * 1e6
    return "%.0f us" % value if value >= 100 else "%.1f us" % value


def ratio(summary: Dict[str, Any], clock: str) -> str:
    """With the quarters: 2.41x (2.30-2.52)."""
    if clock + "_ratio" not in summary:
        return ""
    low, high = summary[clock + "_spread"]
    return "%.2fx (%.2f-%.2f)" % (summary[clock + "_ratio"], low, high)


def others(summary: Dict[str, Any]) -> str:
    """The rest of what is known of a contender."""
    shown: List[Tuple[str, Callable[[float], str]]] = [
        ("instructions", lambda value: "%.0f k instructions" % (value / 1000)),
        ("syscalls", lambda value: "%.3g system calls" % value),
        ("sends", lambda value: "%.3g sends" % value),
        ("modules", lambda value: "%d modules" % value),
        ("rss", lambda value: "%.2f MiB" % (value / MIB)),
        ("peak", lambda value: "peak %.2f MiB" % (value / MIB)),
        ("threads", lambda value: "%d threads" % value if value > 1 else ""),
        ("latency_ms", lambda value: "%.2f ms" % value),
    ]
    texts = [show(summary[key]) for key, show in shown if key in summary]
    return ", ".join(text for text in texts if text)


def table(rows: List[List[str]]) -> List[str]:
    """Lines with columns of even width."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def of_case(case: Case, result: Dict[str, Any]) -> str:
    """Its contenders, fastest first, and its goals."""
    rows = [["", "wall", "to " + case.base, "CPU", "to " + case.base, ""]]
    ordered = sorted(result["contenders"].items(), key=lambda item: float(item[1][case.clock]))
    for name, each in ordered:
        times = [
            microseconds(each["wall"]),
            ratio(each, "wall"),
            microseconds(each["cpu"]),
            ratio(each, "cpu"),
        ]
        rows.append([name, *times, others(each)])
    lines = ["%s: %s" % (case.name, case.title)] + ["  " + line for line in table(rows)]
    lines += ["  %s: %s" % pair for pair in sorted(result["missing"].items()) if pair[1] != ABSENT]
    return (
        "\n".join(lines + ["  " + line for line in of_goals(goals.of(case.name), result["figures"])]) + "\n"
    )


def of_goals(some: List[goals.Goal], figures: Dict[str, float]) -> List[str]:
    """What was wanted, what it is, and whether it was met."""
    lines = []
    for goal in some:
        value = goal.amount(figures.get(goal.figure))
        edge = "" if goal.edge is None else ", edge %s" % goal.amount(goal.edge)
        lines.append("-> %-12s %s%s: is %s" % (goal.judge(figures), goal, edge, value))
    return lines


def as_json(about: Dict[str, Any], results: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    """All of it."""
    cases = {}
    for name, result in results.items():
        judged = [
            {
                "figure": goal.figure,
                "sense": "at least" if goal.least else "at most",
                "goal": goal.limit,
                "edge": goal.edge,
                "value": result["figures"].get(goal.figure),
                "verdict": goal.judge(result["figures"]),
            }
            for goal in goals.of(name)
        ]
        cases[name] = dict(result, goals=judged)
    return dict(about, cases=cases)


def write(path: str, document: Dict[str, Any]) -> None:
    """To a file, or to standard output for "-"."""
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
