"""The goals: one table, and what it takes to say of each whether it was met.

A goal is about a figure of a case. Figures are floats by name; `times:PEER` is how many times faster than that
peer in the same run (by wall, or by CPU where the case says so).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Optional

    Figures = Dict[str, float]

MET, MISSED, MISSING = "met", "missed", "not measured"


class Goal:
    """What a figure of a case has to be.

    least: at least so much; otherwise at most. limit: the goal. edge: what prototypes reached, or None.
    """

    __slots__ = ("case", "figure", "least", "limit", "edge", "unit")

    def __init__(
        self, case: str, figure: str, sense: str, limit: float, edge: Optional[float] = None, unit: str = ""
    ) -> None:
        if sense not in ("at least", "at most"):
            raise ValueError(sense)
        self.case = case
        self.figure = figure
        self.least = sense == "at least"
        self.limit = limit
        self.edge = edge
        self.unit = unit

    def judge(self, figures: Figures) -> str:
        """MET, MISSED or MISSING, by the figures of its case."""
        if self.figure not in figures:
            return MISSING
        value = figures[self.figure]
        return MET if (value >= self.limit if self.least else value <= self.limit) else MISSED

    def __str__(self) -> str:
        sense = "at least" if self.least else "at most"
        return "%s: %s %s %s" % (self.case, self.figure, sense, self.amount(self.limit))

    def amount(self, value: Optional[float]) -> str:
        """With its unit."""
        if value is None:
            return "-"
        number = "%.0f" % value if value >= 1000 else "%.3g" % value
        return number + (" " + self.unit if self.unit else "x" if self.figure.startswith("times:") else "")


BASE = "times:http.client"

GOALS: List[Goal] = [
    Goal("import", BASE, "at least", 4, 5),
    Goal("import", "modules", "at most", 30),
    Goal("import", "rss_mib", "at most", 1.5, 1, "MiB"),
    Goal("cold", BASE, "at least", 1, 1.2),
    Goal("cold", "times:requests", "at least", 2.2),
    Goal("cold-hashed", BASE, "at least", 1, 2),
    Goal("get", BASE, "at least", 2, 2.6),
    Goal("get", "times:urllib3", "at least", 4.4),
    Goal("get", "times:requests", "at least", 13),
    Goal("get", "instructions", "at most", 265000, 205000),
    Goal("get", "syscalls", "at most", 4),
    Goal("headers", BASE, "at least", 2.2, 3),
    Goal("options", "timeout", "at least", 0.95, 1),
    Goal("options", "cancel token", "at least", 0.95, 1),
    Goal("close", BASE, "at least", 1.5, 2.2),
    Goal("post", BASE, "at least", 2.3, 3.1),
    Goal("post", "sends", "at most", 1),
    Goal("tls", BASE, "at least", 2, 2.5),
    Goal("buffered", BASE, "at least", 0.95, 1),
    Goal("buffered", "peak_share", "at most", 1.02, None, "of the payload"),
    Goal("streamed", BASE, "at least", 1, 1.2),
    Goal("streamed", "peak_mib", "at most", 1, None, "MiB"),
    Goal("gzip", BASE, "at least", 1, 1.07),
    Goal("gzip", "peak_share", "at most", 2.3, 1.3, "of the payload"),
    Goal("upload", BASE, "at least", 1.6, 2.1),
    Goal("upload", "peak_mib", "at most", 1.5, None, "MiB"),
    Goal("all", "wall_share", "at most", 1.15, None, "of the ideal"),
    Goal("all", BASE, "at least", 1.6, 2.5),
    Goal("all", "threads", "at most", 34),
    Goal("all", "peak_mib", "at most", 8, None, "MiB"),
    Goal("params", "times:urlencode", "at least", 1.5, 2),
    Goal("params", "growth of the cost per key to 10,000", "at most", 1.15, 1),
    Goal("pipeline", "cpu_us", "at most", 14, 6, "us"),
    Goal("pipeline", "interceptor_us", "at most", 0.3, None, "us"),
    Goal("pipeline", "growth of the cost per interceptor from 10 to 100", "at most", 1.15, 1),
    Goal("silent", "shortest_ms", "at least", 500, None, "ms"),
    Goal("silent", "longest_ms", "at most", 515, 503, "ms"),
    Goal("drip-head", "shortest_ms", "at least", 500, None, "ms"),
    Goal("drip-head", "longest_ms", "at most", 515, 503, "ms"),
    Goal("drip-body", "shortest_ms", "at least", 500, None, "ms"),
    Goal("drip-body", "longest_ms", "at most", 515, 503, "ms"),
    Goal("cancel", "latency_ms", "at most", 5, 0.5, "ms"),
]


def of(case: str) -> List[Goal]:
    """Those about that case."""
    return [goal for goal in GOALS if goal.case == case]


def failures(figures: Dict[str, Figures], cases: Iterable[str], allow_missing: bool = False) -> List[str]:
    """A line for each goal of those cases that is not met; one that could not be measured is not met either."""
    lines = []
    for goal in (goal for case in cases for goal in of(case)):
        mine = figures.get(goal.case, {})
        verdict = goal.judge(mine)
        if verdict == MISSED:
            lines.append("missed: %s, is %s" % (goal, goal.amount(mine[goal.figure])))
        elif verdict == MISSING and not allow_missing:
            lines.append("not measured: %s" % goal)
    return lines
