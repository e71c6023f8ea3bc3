"""The tables of the README, made of a run's document, so that nobody copies a figure by hand."""

from __future__ import annotations

from . import goals
from .cases import BASE, CASES, EVERYBODY, OURS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

PEERS = [name for name in EVERYBODY if name != BASE]

#: Cases whose contenders compare with http.client.
COMPARED = [
    case for case in CASES if case.base == BASE and case.name not in ("silent", "drip-head", "drip-body")
]


def simple_table(rows: List[List[str]]) -> List[str]:
    """As reStructuredText; the first row is the head, and no first cell may be empty."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return [rule, lines[0], rule, *lines[1:], rule]


def times(results: Dict[str, Any]) -> List[List[str]]:
    """How many times faster than http.client each is, by the clock of the case."""
    rows = [["case", *PEERS]]
    for case in COMPARED:
        if case.name in results:
            found = results[case.name]["contenders"]
            cells = [found.get(name, {}).get(case.clock + "_ratio") for name in PEERS]
            title = case.title + (" (CPU)" if case.clock == "cpu" else "")
            rows.append([title, *["-" if cell is None else "%.2f" % cell for cell in cells]])
    return rows


def amounts(results: Dict[str, Any]) -> List[List[str]]:
    """What is judged but is no ratio to http.client."""
    rows = [["case", "figure", "goal", "measured"]]
    for case in CASES:
        for goal in goals.of(case.name) if case.name in results else ():
            if goal.figure != goals.BASE:
                sense = "at least " if goal.least else "at most "
                value = results[case.name]["figures"].get(goal.figure)
                figure = goal.figure.replace("times:", "times faster than ")
                rows.append([case.title, figure, sense + goal.amount(goal.limit), goal.amount(value)])
    return rows


def render(document: Dict[str, Any]) -> str:
    """Both tables, with when, where and with what."""
    machine = document["machine"]
    peers = ", ".join("%s %s" % pair for pair in sorted(document["peers"].items()))
    lines = ["How many times faster than bare %s (%s is this package; more is better):" % (BASE, OURS), ""]
    lines += simple_table(times(document["cases"])) + ["", "The rest of what is measured:", ""]
    lines += simple_table(amounts(document["cases"])) + [""]
    lines.append(
        "Measured %s on %s, %s cores; %s, miniaxios %s, %s; %s."
        % (
            document["date"],
            machine["cpu"],
            machine["cores"],
            document["python"],
            document["miniaxios"],
            document["server"],
            peers or "no peers",
        )
    )
    missing = ["%s (%s)" % pair for pair in sorted(document["missing"].items())]
    return "\n".join(lines + (["Missing: %s." % ", ".join(missing)] if missing else [])) + "\n"


def write(path: str, document: Dict[str, Any]) -> None:
    """To that file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(render(document))
