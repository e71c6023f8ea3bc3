"""The cases: what is measured, of whom, by which clock, how often, and how the figures of the goals come of it."""

from __future__ import annotations

from statistics import median

from . import counts, fresh
from .concurrency import IDEAL
from .environment import PEERS
from .measure import Field, faster, paired, summary
from .payloads import BUFFERED, DOCUMENT, MIB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

    from .environment import Pythons
    from .measure import Samples

    Figures = Dict[str, float]
    Derive = Callable[[Dict[str, Any], Samples], Figures]

OURS = "miniaxios"
BASE = "http.client"
EVERYBODY = ["raw socket", "pycurl", OURS, BASE, "urllib3", "aiohttp", "httpx", "niquests", "requests"]
CLIENTS = EVERYBODY[1:]
COUNTED = [OURS, BASE, "urllib3", "httpx", "requests"]
#: Why a peer is missing that could not be installed; said once, not with each case.
ABSENT = "not installed"

OPTIONS = ["timeout", "cancel token"]


class Case:
    """A row of the goals, or some of one.

    groups: contenders; those of one group share a process. base: whom all are compared with. clock: "wall" or
    "cpu", by which the goals compare. rounds, seconds: how many, and how long each contender works in each; with
    0 it does its thing once. memory: whether peaks are measured. must_renew: whether each round has new
    processes. counted: whose instructions and system calls are. derive: the figures beside `times:...`, out of
    the summary and the samples.
    """

    def __init__(
        self,
        name: str,
        title: str,
        operation: str = "",
        contenders: Optional[List[str]] = None,
        *,
        groups: Optional[List[List[str]]] = None,
        base: str = BASE,
        clock: str = "wall",
        rounds: int = 61,
        seconds: float = 0.025,
        memory: bool = False,
        must_renew: bool = False,
        counted: Optional[List[str]] = None,
        derive: Optional[Derive] = None,
    ) -> None:
        self.name = name
        self.title = title
        self.operation = operation or name
        self.groups = groups or [[one] for one in contenders or []]
        self.base = base
        self.clock = clock
        self.rounds = rounds
        self.seconds = seconds
        self.memory = memory
        self.must_renew = must_renew
        self.counted = counted or []
        self._derive = derive

    def run(self, site: Dict[str, Any], pythons: Pythons, effort: Effort) -> Dict[str, Any]:
        """Measures it: contenders with their summaries, the figures, and those that failed or are missing."""
        groups = [group for group in self.groups if group[0] not in PEERS or group[0] in effort.peers]
        missing = {group[0]: ABSENT for group in self.groups if group not in groups}
        if self.operation in fresh.FRESH:
            samples, peaks = self._fresh(groups, site, pythons, effort, missing), {}
        else:
            with Field(self.operation, groups, site, pythons) as field:
                field.prepare(effort.seconds(self.seconds))
                samples = field.rounds(effort.rounds(self.rounds), self.must_renew)
                peaks = field.memory(effort.memory) if self.memory else {}
            missing.update(field.failed)
        found = summary(samples, self.base, self.must_renew)
        for name, peak in peaks.items():
            found.get(name, {}).update(peak)
        if effort.must_count:
            self._count(found, site, pythons)
        return {"contenders": found, "figures": self.figures(found, samples), "missing": missing}

    def _fresh(
        self,
        groups: List[List[str]],
        site: Dict[str, Any],
        pythons: Pythons,
        effort: Effort,
        failed: Dict[str, str],
    ) -> Samples:
        names = [name for group in groups for name in group]
        return fresh.rounds(self.operation, names, site, pythons, effort.rounds(self.rounds), failed)

    def _count(self, found: Dict[str, Dict[str, Any]], site: Dict[str, Any], pythons: Pythons) -> None:
        counter = counts.Counter(self.operation, site, pythons)
        for name in self.counted:
            if name in found:
                found[name].update(counts.figures(counter.instructions(name), counter.calls(name)))

    def figures(self, found: Dict[str, Dict[str, Any]], samples: Samples) -> Figures:
        """What goals are about. Of a contender that failed there is nothing."""
        if OURS not in found:
            return {}
        mine = found[OURS]
        plain = ("instructions", "syscalls", "sends", "threads")
        figures: Figures = {key: float(mine[key]) for key in plain if key in mine}
        for name, theirs in samples.items():
            if name != OURS:
                figures["times:" + name] = faster(theirs, samples[OURS], self.clock, self.must_renew)
        if "peak" in mine:
            figures["peak_mib"] = mine["peak"] / MIB
        if self._derive is not None:
            figures.update(self._derive(found, samples))
        return figures


class Effort:
    """How much is to be done. peers: which there are. wanted: so many rounds in every case, 0 for its own."""

    def __init__(
        self, peers: List[str], wanted: int = 0, is_quick: bool = False, must_count: bool = False
    ) -> None:
        self.peers = peers
        self.must_count = must_count
        self.memory = 1 if is_quick else 3
        self._wanted = wanted
        self._is_quick = is_quick

    def rounds(self, usual: int) -> int:
        """How many."""
        return self._wanted or (max(3, usual // 4) if self._is_quick else usual)

    def seconds(self, usual: float) -> float:
        """How long each."""
        return usual / 2 if self._is_quick else usual


# -- what some cases derive --------------------------------------------------------------------------


def derive_import(found: Dict[str, Any], samples: Samples) -> Figures:
    """Modules and memory."""
    return {"modules": found[OURS]["modules"], "rss_mib": found[OURS]["rss"] / MIB}


def derive_options(found: Dict[str, Any], samples: Samples) -> Figures:
    """How near the request with an option is to the one without, round by round."""
    return {
        option: median(paired(samples[OURS], samples["%s, %s" % (OURS, option)], "wall"))
        for option in OPTIONS
        if "%s, %s" % (OURS, option) in samples
    }


def share_of(payload: int) -> Derive:
    """The peak as a multiple of the payload."""

    def derive(found: Dict[str, Any], samples: Samples) -> Figures:
        return {"peak_share": found[OURS]["peak"] / payload} if "peak" in found[OURS] else {}

    return derive


def derive_all(found: Dict[str, Any], samples: Samples) -> Figures:
    """The wall as a multiple of the ideal."""
    return {"wall_share": found[OURS]["wall"] / IDEAL}


def derive_params(found: Dict[str, Any], samples: Samples) -> Figures:
    """What a key costs among ten times as many, as a multiple."""
    return {
        "growth of the cost per key to 10,000": median(
            paired(samples[OURS + ", 10,000 keys"], samples[OURS], "cpu")
        )
        / 10
    }


def derive_pipeline(found: Dict[str, Any], samples: Samples) -> Figures:
    """The best rounds, as is usual for what never waits: more is the machine's doing."""
    none, ten, hundred = (
        found[name]["cpu_best"] * 1e6
        for name in (OURS, OURS + ", 10 interceptors", OURS + ", 100 interceptors")
    )
    each_of_ten, each_of_hundred = (ten - none) / 20, (hundred - none) / 200
    return {
        "cpu_us": none,
        "interceptor_us": each_of_hundred,
        "growth of the cost per interceptor from 10 to 100": each_of_hundred / max(each_of_ten, 1e-9),
    }


def derive_elapsed(found: Dict[str, Any], samples: Samples) -> Figures:
    """The extremes."""
    return {"shortest_ms": found[OURS]["wall_best"] * 1000, "longest_ms": found[OURS]["wall_worst"] * 1000}


def derive_cancel(found: Dict[str, Any], samples: Samples) -> Figures:
    """The median and, to be seen, the worst."""
    return {"latency_ms": found[OURS]["latency_ms"], "worst_ms": found[OURS]["latency_ms_worst"]}


DEADLINES = [OURS, BASE, "requests", "httpx", "pycurl"]
BULK: Dict[str, Any] = {"clock": "cpu", "rounds": 11, "seconds": 0, "memory": True, "must_renew": True}
DROPS: Dict[str, Any] = {"rounds": 3, "seconds": 0, "derive": derive_elapsed}

CASES: List[Case] = [
    Case(
        "import", "import, fresh interpreter", contenders=list(fresh.IMPORTS), rounds=25, derive=derive_import
    ),
    Case("cold", "cold HTTPS GET, process start to answer", contenders=list(fresh.COLD), rounds=15),
    Case("cold-hashed", "the same, roots in a hashed directory", contenders=list(fresh.HASHED), rounds=15),
    Case("get", "GET of 1 KiB JSON, keep-alive", contenders=EVERYBODY, counted=COUNTED),
    Case("headers", "the same with 20 response headers", contenders=EVERYBODY, counted=[OURS, BASE]),
    Case(
        "options",
        "the same with a timeout, with a cancel token",
        "get",
        groups=[[OURS] + ["%s, %s" % (OURS, option) for option in OPTIONS]],
        base=OURS,
        rounds=101,
        counted=[OURS] + ["%s, %s" % (OURS, option) for option in OPTIONS],
        derive=derive_options,
    ),
    Case("close", "GET on a new connection", contenders=EVERYBODY, counted=[OURS, BASE]),
    Case("post", "POST of small JSON", contenders=EVERYBODY, counted=[OURS, BASE]),
    Case("tls", "GET over TLS, keep-alive", contenders=EVERYBODY, counted=[OURS, BASE]),
    Case("buffered", "64 MiB, buffered", contenders=EVERYBODY, derive=share_of(BUFFERED), **BULK),
    Case("streamed", "256 MiB, streamed", contenders=EVERYBODY, **BULK),
    Case("gzip", "10 MiB of JSON, gzip, to bytes", contenders=CLIENTS, derive=share_of(DOCUMENT), **BULK),
    Case(
        "upload",
        "64 MiB from a file",
        contenders=EVERYBODY[:4] + ["http.client, 256 KiB blocks"] + EVERYBODY[4:],
        **BULK,
    ),
    Case(
        "all",
        "1,000 requests of 10 ms, 32 at once",
        contenders=[OURS, BASE, "aiohttp", "httpx", "requests"],
        derive=derive_all,
        **dict(BULK, rounds=7),
    ),
    Case(
        "params",
        "1,000 params as a query",
        groups=[[OURS, "urlencode", OURS + ", 10,000 keys", "urlencode, 10,000 keys"]],
        base="urlencode",
        clock="cpu",
        derive=derive_params,
    ),
    Case(
        "pipeline",
        "the pipeline alone",
        groups=[[OURS, OURS + ", 10 interceptors", OURS + ", 100 interceptors"], ["httpx"], ["requests"]],
        base=OURS,
        clock="cpu",
        derive=derive_pipeline,
    ),
    Case("silent", "500 ms timeout, silent server", contenders=DEADLINES, **DROPS),
    Case("drip-head", "500 ms timeout, dripping head", contenders=DEADLINES, **DROPS),
    Case("drip-body", "500 ms timeout, dripping body", contenders=DEADLINES, **DROPS),
    Case(
        "cancel",
        "cancel from another thread",
        contenders=[OURS],
        base=OURS,
        rounds=15,
        seconds=0,
        derive=derive_cancel,
    ),
]
