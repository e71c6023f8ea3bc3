"""The process in which contenders work: python -m tests.benchmarks.worker OPERATION NAMES SITE [COUNT]

NAMES: of contenders, separated by `;`. SITE: the file that describes the servers. Reads orders from standard
input, one JSON a line, and answers each with one; ends with its input. With COUNT the first contender does the
operation that often, after some that let it settle, and the process ends: for those who count from outside.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time

from .environment import share_a_core
from .operations import OPERATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

SETTLE = 20

#: Operations in which client and server wait for each other most of the time.
IN_TURNS = frozenset(("get", "headers", "options", "close", "post", "tls"))


def make(operation: str, name: str, site: Any) -> Any:
    """The Action of that contender. Imports only what it needs."""
    if operation in OPERATIONS:
        from .contenders import CONTENDERS

        return OPERATIONS[operation](CONTENDERS[name](site["ca"]), site)
    if operation == "all":
        from .concurrency import gathering

        return gathering(name, site)
    from .local import LOCAL

    return LOCAL[operation](name, site)


def timed(action: Any, count: int) -> Dict[str, float]:
    """Seconds for each, by the clock and of this process; and whatever else the action measured."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    more = action.run(count)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return dict(more or {}, wall=wall / count, cpu=cpu / count)


def status(field: str) -> int:
    """A number from /proc/self/status; 0 where there is none."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(field + ":")), 0)
    except OSError:
        return 0


def forget_peak() -> None:
    """The peak becomes what is in use now, where the kernel lets us."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        pass


def memory(action: Any) -> Dict[str, float]:
    """By how much memory grew above idle, in bytes, and the most threads, for doing it once."""
    action.idle()
    action.idle()  # some load with their second request what the first did without
    gc.collect()
    over = threading.Event()
    seen: List[int] = []

    def watch() -> None:
        while not over.wait(0.005):
            seen.append(status("Threads") - 1)  # without this one

    watcher = threading.Thread(target=watch)
    watcher.start()
    forget_peak()
    before = status("VmRSS")
    action.run(1)
    peak = status("VmHWM")
    over.set()
    watcher.join()
    if not peak:
        return {}
    return {"peak": max(0, peak - before) * 1024.0, "threads": float(max(seen + [1]))}


def obey(actions: Dict[str, Any], order: Dict[str, Any]) -> Any:
    """One order; its answer."""
    action = actions[order["name"]]
    if order["do"] == "prove":
        action.prove()
        action.prove()  # as in memory()
        return {}
    if order["do"] == "memory":
        return memory(action)
    return timed(action, order["count"])


def main(arguments: List[str]) -> None:
    """See above."""
    operation, names, path = arguments[:3]
    if operation in IN_TURNS:
        share_a_core()
    with open(path, encoding="ascii") as file:
        site = json.load(file)
    actions = {name: make(operation, name, site) for name in names.split(";")}
    if arguments[3:]:
        action = actions[names.split(";")[0]]
        action.run(SETTLE)
        # Else a collection of all that was imported falls into the one run or the other by chance.
        gc.collect()
        gc.freeze()
        action.run(int(arguments[3]))
        sys.stdout.flush()
        os._exit(0)  # The interpreter's end is none of what is counted.
    for line in sys.stdin:
        try:
            told = obey(actions, json.loads(line))
        except Exception as error:
            told = {"error": "%s: %s" % (type(error).__name__, error)}
        print(json.dumps(told), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
