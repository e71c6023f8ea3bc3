"""Running the cases of a target: bounded time, bounded memory, and short reproductions of what fails."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from contextlib import contextmanager

from .source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Type

#: Each how many cases the memory that one takes is measured.
MEASURED = 128
#: Bytes of memory that any case may take, and how many more for each byte of its data.
MEMORY, MEMORY_PER_BYTE = 16 << 20, 64


class Broken(AssertionError):
    """A law is broken."""


class TooSlow(BaseException):
    """A case takes longer than it may. No Exception, or somebody could catch it."""


def demand(holds: Any, law: str, *details: object) -> None:
    """Raise Broken unless ``holds``; not an ``assert``, for the laws hold under ``python -O`` too."""
    if not holds:
        raise Broken(law + "".join("\n    %s" % _shown(detail) for detail in details))


def _shown(detail: object) -> str:
    text = repr(detail)
    return text if len(text) <= 400 else text[:300] + " ... " + text[-80:]


class Target:
    """One reader of ours. ``name``: what it is called on the command line.

    ``make(source) -> bytes`` makes the data of a case; ``check(data, source) -> str`` judges it, and says
    in a word what came of it. All that ``check`` decides by dice it decides with ``source``, so that the
    data alone can be made shorter. A context manager, for those that need a server.
    """

    name = ""
    #: Seconds that one case may take.
    case_seconds = 5.0

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def make(self, source: Source) -> bytes:
        raise NotImplementedError

    def check(self, data: bytes, source: Source) -> str:
        raise NotImplementedError


class Failure:
    """A case that broke a law: ``target``, ``seed``, ``number``, ``data`` (made short), ``reason``."""

    def __init__(self, target: str, seed: int, number: int, data: bytes, reason: str) -> None:
        self.target = target
        self.seed = seed
        self.number = number
        self.data = data
        self.reason = reason

    def __str__(self) -> str:
        again = "python -m tests.fuzz %s --seed %d --replay %d:%s"
        return ("%s, seed %d, case %d, %d bytes: %s\n  %r\n  " + again) % (
            self.target, self.seed, self.number, len(self.data), self.reason, self.data[:1000],
            self.target, self.seed, self.number, self.data.hex(),
        )  # fmt: skip


class Report:
    """What came of a run. ``outcomes``: word -> count; ``slowest``: seconds and case."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.cases = 0
        self.outcomes: Dict[str, int] = {}
        self.slowest = (0.0, 0)
        self.seconds = 0.0
        self.failures: List[Failure] = []

    def __str__(self) -> str:
        outcomes = ", ".join(
            "%s %d" % pair for pair in sorted(self.outcomes.items(), key=lambda pair: -pair[1])
        )
        return "%-10s %7d cases, %d failures, %.0f s, slowest %.0f ms (case %d); %s" % (
            self.target, self.cases, len(self.failures), self.seconds,
            self.slowest[0] * 1000, self.slowest[1], outcomes
        )  # fmt: skip


def run(
    target: Target, cases: int, seed: int, seconds: Optional[float] = None, most_failures: int = 3
) -> Report:
    """Run cases 0, 1, 2 ... of ``target``, which is open: so many, or as many as fit into ``seconds``."""
    report = Report(target.name)
    begun = time.monotonic()
    with alarm():
        while report.cases < cases and len(report.failures) < most_failures:
            if seconds is not None and time.monotonic() - begun > seconds:
                break
            _run_one(target, seed, report.cases, report)
            report.cases += 1
    report.seconds = time.monotonic() - begun
    return report


def _run_one(target: Target, seed: int, number: int, report: Report) -> None:
    data = target.make(Source(seed, target.name, number, "make"))
    began = time.perf_counter()
    outcome, reason = attempt(target, seed, number, data, number % MEASURED == 0)
    report.slowest = max(report.slowest, (time.perf_counter() - began, number))
    report.outcomes[outcome] = report.outcomes.get(outcome, 0) + 1
    if reason is not None:
        data = shortest(data, lambda shorter: attempt(target, seed, number, shorter)[0] == outcome)
        reason = attempt(target, seed, number, data)[1] or reason
        report.failures.append(Failure(target.name, seed, number, data, reason))


def attempt(target: Target, seed: int, number: int, data: bytes, measured: bool = False) -> Any:
    """``(outcome, None)`` of one case, or ``("FAILED ...", the reason)``."""
    source = Source(seed, target.name, number, "check")
    try:
        with time_limit(target.case_seconds):
            if not measured:
                return target.check(data, source), None
            return _measured(lambda: target.check(data, source), len(data)), None
    except Broken as error:
        return "FAILED: " + str(error).partition("\n")[0], str(error)
    except TooSlow:
        return "FAILED: too slow", "it takes more than %s s" % target.case_seconds
    except Exception as error:
        return "FAILED: %s" % type(error).__name__, traceback.format_exc()


def _measured(check: Callable[[], str], size: int) -> str:
    import tracemalloc

    tracemalloc.start()
    try:
        outcome = check()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    demand(peak <= MEMORY + MEMORY_PER_BYTE * size, "memory is bounded", peak, size)
    return outcome


def shortest(
    data: bytes, fails: Callable[[bytes], bool], attempts: int = 800, seconds: float = 20.0
) -> bytes:
    """The shortest data found, in so many attempts, that fails: first lines are left out, then bytes."""
    deadline = time.monotonic() + seconds
    left = [attempts]

    def judge(shorter: List[bytes]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and time.monotonic() < deadline and fails(b"".join(shorter))

    lines = _thinned(data.splitlines(True), judge, 1)  # what belongs together may begin at any line
    return b"".join(_thinned([bytes((byte,)) for byte in b"".join(lines)], judge))


def _thinned(units: List[bytes], judge: Callable[[List[bytes]], bool], stride: int = 0) -> List[bytes]:
    """What is left of ``units`` when ever shorter runs of them are left out, as long as ``judge`` agrees.

    ``stride``: how far apart the runs begin; by default they don't overlap.
    """
    step = max(1, len(units) // 2)
    while step:
        at, found = 0, False
        while at < len(units):
            shorter = units[:at] + units[at + step :]
            if judge(shorter):
                units, found = shorter, True
            else:
                at += stride or step
        if not found or step > 1:
            step //= 2
    return units


# -- time ------------------------------------------------------------------------------------------------


def _can_interrupt() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextmanager
def alarm() -> Iterator[None]:
    """Lets ``time_limit`` interrupt, where the system can; elsewhere a hang hangs."""
    if not _can_interrupt():
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise TooSlow()

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


class time_limit:
    """Interrupts what takes longer than so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self.began = time.perf_counter()
        if _can_interrupt() and callable(signal.getsignal(signal.SIGALRM)):
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        if _can_interrupt():
            signal.setitimer(signal.ITIMER_REAL, 0)
        if kind is None and time.perf_counter() - self.began > self.seconds:
            raise TooSlow()
