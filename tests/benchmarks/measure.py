"""Rounds: every contender in a process of its own, each in turn, A B C A B C; then medians and ratios.

What is compared is what was measured in the same round, for a busy machine is busy for its neighbour as well;
the median of those ratios is the figure, and the quarters of them tell how far to trust it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

from ..__main__ import ROOT
from .environment import child_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from .environment import Pythons

    Samples = Dict[str, List[Dict[str, float]]]


class Failed(Exception):
    """A contender did not do what it was told."""


class Worker:
    """A worker process, for one contender or for several that are compared closely. A context manager."""

    def __init__(self, python: str, operation: str, names: List[str], site: Dict[str, Any]) -> None:
        self.names = names
        command = [python, "-m", "tests.benchmarks.worker", operation, ";".join(names), site["file"]]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=child_environment(),
            start_new_session=True,
        )

    def ask(self, do: str, name: str, count: int = 1) -> Dict[str, float]:
        """What it says to that order. Raises Failed."""
        order = json.dumps({"do": do, "name": name, "count": count}) + "\n"
        try:
            self._pipe("stdin").write(order.encode())
            self._pipe("stdin").flush()
        except OSError:
            pass  # It ended; why, it has said.
        line = self._pipe("stdout").readline()
        if not line:
            raise Failed("ended: " + self._pipe("stderr").read().decode(errors="replace").strip()[-500:])
        told: Dict[str, Any] = json.loads(line)
        if "error" in told:
            raise Failed(told["error"])
        return told

    def _pipe(self, name: str) -> Any:
        return getattr(self._process, name)

    def close(self) -> None:
        """Whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for name in ("stdin", "stdout", "stderr"):
            try:
                self._pipe(name).close()
            except OSError:
                pass


class Field:
    """The workers of one case. Those that fail are out, and why is told. A context manager."""

    def __init__(
        self, operation: str, groups: List[List[str]], site: Dict[str, Any], pythons: Pythons
    ) -> None:
        self.failed: Dict[str, str] = {}
        self.counts: Dict[str, int] = {}
        self._operation = operation
        self._groups = groups
        self._site = site
        self._pythons = pythons
        self._workers: List[Worker] = []

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *details: Any) -> None:
        while self._workers:
            self._workers.pop().close()

    def _start(self, names: List[str]) -> Worker:
        worker = Worker(self._pythons.of(names[0]), self._operation, names, self._site)
        self._workers.append(worker)
        return worker

    def _turn(self, do: str, worker: Worker, name: str, count: int = 1) -> Optional[Dict[str, float]]:
        if name in self.failed:
            return None
        try:
            return worker.ask(do, name, count)
        except Failed as failure:
            self.failed[name] = str(failure)
            return None

    def prepare(self, seconds: float) -> None:
        """Starts and proves them all, and finds out how often each gets its thing done in so many seconds."""
        for names in self._groups:
            worker = self._start(names)
            for name in names:
                self._turn("prove", worker, name)
                self.counts[name] = 1
                first = self._turn("time", worker, name, 5) if seconds else None
                if first is not None:
                    self.counts[name] = max(1, min(20000, int(seconds / max(first["wall"], 1e-7))))

    def rounds(self, rounds: int, must_renew: bool = False) -> Samples:
        """What each measured in each round; only those that came through all of them.

        must_renew: new processes for each round. Where a process happens to lay large blocks changes what
        filling them costs by half, and stays the same as long as it lives.
        """
        samples: Samples = {name: [] for names in self._groups for name in names}
        for number in range(rounds):
            if must_renew and number:
                self._renew()
            for worker, name in [(worker, name) for worker in self._workers for name in worker.names]:
                told = self._turn("time", worker, name, self.counts[name])
                if told is not None:
                    samples[name].append(told)
        return {name: each for name, each in samples.items() if name not in self.failed}

    def _renew(self) -> None:
        """New processes, each of which has done its thing twice: then nothing is left that is loaded late."""
        while self._workers:
            self._workers.pop().close()
        for names in self._groups:
            worker = self._start(names)
            for name in names:
                self._turn("time", worker, name, 2)

    def memory(self, times: int) -> Dict[str, Dict[str, float]]:
        """What each needs on top of idle: medians over new processes."""
        found: Dict[str, List[Dict[str, float]]] = {}
        for _ in range(times):
            for names in self._groups:
                worker = self._start(names[:1])
                told = self._turn("memory", worker, names[0])
                self._workers.remove(worker)
                worker.close()
                if told:
                    found.setdefault(names[0], []).append(told)
        return {
            name: {key: median(one[key] for one in each) for key in each[0]} for name, each in found.items()
        }


def quartiles(values: List[float]) -> Tuple[float, float]:
    """The first and the third."""
    ordered = sorted(values)
    return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]


def summary(samples: Samples, base: str, by_best: bool = False) -> Dict[str, Dict[str, Any]]:
    """Of each contender the medians, the best, and how many times faster than the base it is, by wall and CPU.

    `wall_ratio`, `cpu_ratio` are missing where the base is. by_best: see faster.
    """
    return {name: _summary(each, samples.get(base), by_best) for name, each in samples.items()}


def _summary(
    mine: List[Dict[str, float]], theirs: Optional[List[Dict[str, float]]], by_best: bool
) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for key in mine[0]:
        values = [one[key] for one in mine]
        found.update({key: median(values), key + "_best": min(values), key + "_worst": max(values)})
        if theirs and key in ("wall", "cpu"):
            ratio = faster(theirs, mine, key, by_best)
            found.update({key + "_ratio": ratio, key + "_spread": quartiles(paired(theirs, mine, key))})
    return found


def paired(slow: List[Dict[str, float]], fast: List[Dict[str, float]], key: str) -> List[float]:
    """How many times faster, round by round."""
    return [one[key] / max(other[key], 1e-9) for one, other in zip(slow, fast)]


def faster(slow: List[Dict[str, float]], fast: List[Dict[str, float]], key: str, by_best: bool) -> float:
    """How many times faster: the median of the rounds, or best against best.

    The latter is for rounds in new processes, of which some are lucky and some are not: they come in two heaps,
    and the median of their ratios falls into the one or the other.
    """
    if by_best:
        return min(one[key] for one in slow) / max(min(one[key] for one in fast), 1e-9)
    return median(paired(slow, fast, key))


def note(text: str) -> None:
    """To the person who waits."""
    print(text, file=sys.stderr, flush=True)
