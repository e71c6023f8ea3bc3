"""The command line: python -m tests.fuzz --help"""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys

from .runner import alarm, attempt, run
from .targets import TARGETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

#: Cases that no run of --seconds gets to.
_ENDLESS = 1 << 60


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the targets; 0 when no law was broken."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=sys.modules[__package__].__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("target", nargs="*", metavar="target", help=", ".join(TARGETS))
    parser.add_argument(
        "--cases", type=int, help="cases of each target; 1000, or with --seconds as many as fit"
    )
    parser.add_argument("--seed", type=int, help="a number; by default a new one each time, which is shown")
    parser.add_argument("--seconds", type=float, help="for all targets together")
    parser.add_argument("--replay", metavar="CASE:HEX", help="one case of one target, with these bytes")
    given = parser.parse_args(arguments)
    names = given.target or list(TARGETS)
    for name in names:
        if name not in TARGETS:
            parser.error("no target %s; there are %s" % (name, ", ".join(TARGETS)))
    seed = int.from_bytes(os.urandom(4), "big") if given.seed is None else given.seed
    faulthandler.enable()
    if given.replay is not None:
        return _replay(names[0], seed, given.replay)
    print("seed %d" % seed, flush=True)
    cases = given.cases if given.cases is not None else _ENDLESS if given.seconds else 1000
    return _run(names, cases, seed, None if given.seconds is None else given.seconds / len(names))


def _run(names: List[str], cases: int, seed: int, seconds: Optional[float]) -> int:
    total, failed = 0, 0
    for name in names:
        with TARGETS[name]() as target:
            report = run(target, cases, seed, seconds)
        print(report, flush=True)
        for failure in report.failures:
            print("\n%s\n" % failure, flush=True)
        total += report.cases
        failed += len(report.failures)
    print("%d cases, %d failures" % (total, failed))
    return 1 if failed else 0


def _replay(name: str, seed: int, text: str) -> int:
    number, _, digits = text.partition(":")
    with TARGETS[name]() as target, alarm():
        outcome, reason = attempt(target, seed, int(number), bytes.fromhex(digits))
    print(outcome if reason is None else reason)
    return 0 if reason is None else 1


if __name__ == "__main__":
    sys.exit(main())
