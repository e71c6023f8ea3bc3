"""Counts, which repeat on a busy machine where times do not: instructions by callgrind, system calls by strace.

The same is run with N and with 2 N requests; the difference is free of what starting costs. Where a tool is
missing or may not trace here, its figures are missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile

from ..__main__ import ROOT
from .environment import child_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

    from .environment import Pythons

#: Requests of the shorter run.
INSTRUCTIONS_OF = 300
CALLS_OF = 100

#: The system calls by which something is sent.
SENDS = {"sendto", "sendmsg", "sendmmsg", "write", "writev", "sendfile", "send"}


def collected(text: str) -> int:
    """Callgrind's total. Raises ValueError."""
    match = re.search(r"Collected : (\d+)", text)
    if match is None:
        raise ValueError("callgrind says no total: %s" % text[-300:])
    return int(match.group(1))


def call_table(text: str) -> Dict[str, int]:
    """Calls by name out of the table of `strace -c`."""
    found = {}
    for line in text.splitlines():
        cells = line.split()
        if len(cells) >= 5 and cells[3].isdigit() and cells[-1] != "total":
            found[cells[-1]] = int(cells[3])
    return found


def per_request(short: Dict[str, int], long: Dict[str, int], requests: int) -> Dict[str, float]:
    """By name, what one request more costs; what does not come with each is left out."""
    names = sorted(set(short) | set(long))
    each = {name: (long.get(name, 0) - short.get(name, 0)) / requests for name in names}
    return {name: value for name, value in each.items() if round(value, 2)}


class Counter:
    """Counts for the contenders of one operation."""

    def __init__(self, operation: str, site: Dict[str, Any], pythons: Pythons) -> None:
        self._operation = operation
        self._site = site
        self._pythons = pythons

    def _worker(self, name: str, count: int) -> List[str]:
        # The interpreter itself: what is a script or a shim would be traced in its stead.
        python = os.path.abspath(self._pythons.of(name))
        return [
            python,
            "-m",
            "tests.benchmarks.worker",
            self._operation,
            name,
            self._site["file"],
            str(count),
        ]

    def _run(self, command: List[str]) -> str:
        """What it says on standard error. Raises OSError, ValueError."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=child_environment(PYTHONHASHSEED="0"),
        )
        text = done.stderr.decode(errors="replace")
        if done.returncode:
            raise ValueError("%s failed: %s" % (command[0], text[-300:]))
        return text

    def instructions(self, name: str) -> Optional[float]:
        """For each request."""
        if shutil.which("valgrind") is None:
            return None
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=no"]

        def total(count: int) -> int:
            return collected(self._run(tool + self._worker(name, count)))

        def difference() -> float:
            self._run(self._worker(name, 1))  # what has to be compiled is compiled by this one
            return (total(2 * INSTRUCTIONS_OF) - total(INSTRUCTIONS_OF)) / INSTRUCTIONS_OF

        return self._try(difference)

    def calls(self, name: str) -> Optional[Dict[str, float]]:
        """System calls for each request, by name."""
        if shutil.which("strace") is None:
            return None

        def table(count: int) -> Dict[str, int]:
            with tempfile.NamedTemporaryFile("r", prefix="calls-") as file:
                self._run(["strace", "-c", "-f", "-o", file.name] + self._worker(name, count))
                return call_table(file.read())

        return self._try(lambda: per_request(table(CALLS_OF), table(2 * CALLS_OF), CALLS_OF))

    def _try(self, count: Callable[[], Any]) -> Any:
        """None where the tool does not work here."""
        try:
            return count()
        except (OSError, ValueError):
            return None


def figures(instructions: Optional[float], calls: Optional[Dict[str, float]]) -> Dict[str, float]:
    """As the goals name them; what is not known is left out."""
    found = {}
    if instructions is not None:
        found["instructions"] = instructions
    if calls is not None:
        found["syscalls"] = sum(calls.values())
        found["sends"] = sum(value for name, value in calls.items() if name in SENDS)
    return found


def tools() -> Dict[str, bool]:
    """Which of them are there."""
    return {tool: shutil.which(tool) is not None for tool in ("valgrind", "strace")}
