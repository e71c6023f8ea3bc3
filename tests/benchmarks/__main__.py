"""The command: python3 -m tests.benchmarks [--check] [--counts] [--json FILE] [--only CASE,CASE] [--quick]

Makes virtual environments with the peers in .venv-bench/ (the first time), starts the servers, measures each
case, prints it, and judges the goals. With --check the exit code is 1 unless all goals of the cases are met.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys

from . import counts, goals, readme, report
from .cases import CASES, Case, Effort
from .environment import PEERS, Pythons
from .measure import note
from .servers import Servers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional


def parse(arguments: List[str]) -> Any:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks", description="miniaxios beside http.client and its peers"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 unless all goals are met; implies --counts"
    )
    parser.add_argument("--counts", action="store_true", help="count instructions and system calls (slow)")
    parser.add_argument("--json", metavar="FILE", help="write everything there; - for standard output")
    parser.add_argument("--rst", metavar="FILE", help="write the tables of the README there")
    parser.add_argument("--only", metavar="CASE[,CASE]", help=", ".join(case.name for case in CASES))
    parser.add_argument("--quick", action="store_true", help="a quarter of the rounds")
    parser.add_argument("--rounds", metavar="N", type=int, default=0, help="so many rounds in every case")
    parser.add_argument(
        "--no-peers", action="store_true", help="only miniaxios, http.client and a raw socket"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="with --check: what can't be measured is fine"
    )
    chosen = parser.parse_args(arguments)
    try:
        chosen.cases = select(chosen.only)
    except ValueError as error:
        parser.error(str(error))
    return chosen


def select(names: Optional[str]) -> List[Case]:
    """The cases of those names, in the order of the table; all for None. Raises ValueError."""
    wanted = [case.name for case in CASES] if names is None else names.split(",")
    unknown = set(wanted) - {case.name for case in CASES}
    if unknown:
        raise ValueError("no such case: %s" % ", ".join(sorted(unknown)))
    return [case for case in CASES if case.name in wanted]


def certifi_of(pythons: Pythons) -> Optional[str]:
    """The bundle that came with the peers, for a machine without one."""
    home = os.path.dirname(os.path.dirname(pythons.of("requests")))
    for folder, _, files in os.walk(home) if "requests" in pythons.versions else ():
        if "cacert.pem" in files and os.path.basename(folder) == "certifi":
            return os.path.join(folder, "cacert.pem")
    return None


def measure(chosen: Any, pythons: Pythons) -> Dict[str, Any]:
    """Runs the cases and prints each; the document."""
    effort = Effort(list(pythons.versions), chosen.rounds, chosen.quick, chosen.counts or chosen.check)
    results: Dict[str, Dict[str, Any]] = {}
    with Servers(certifi_of(pythons)) as servers:
        tools = counts.tools() if effort.must_count else {}
        about = report.surroundings(servers.name, pythons.versions, pythons.missing, tools)
        about["roots"] = servers.site["root_count"]
        print(introduction(about), flush=True)
        for case in chosen.cases:
            note("measuring %s ..." % case.name)
            results[case.name] = case.run(servers.site, pythons, effort)
            print(report.of_case(case, results[case.name]), flush=True)
    return report.as_json(about, results)


def introduction(about: Dict[str, Any]) -> str:
    """When, where, with what, and what is missing."""
    lines = [
        "%s, %s, %s cores" % (about["date"], about["machine"]["cpu"], about["machine"]["cores"]),
        "%s, miniaxios %s" % (about["python"], about["miniaxios"]),
        "server: %s; %d roots in the CA file" % (about["server"], about["roots"]),
        "peers: " + (", ".join("%s %s" % pair for pair in sorted(about["peers"].items())) or "none"),
    ]
    lines += ["missing: %s (%s)" % pair for pair in sorted(about["missing"].items())]
    lines += ["not counted: there is no %s" % tool for tool, found in about["tools"].items() if not found]
    return "\n".join(lines) + "\n"


def conclude(document: Dict[str, Any], allow_missing: bool) -> int:
    """A line for each goal that is not met; the exit code of --check."""
    figures = {name: case["figures"] for name, case in document["cases"].items()}
    lines = goals.failures(figures, document["cases"], allow_missing)
    print("\n".join(lines) if lines else "all goals are met")
    return 1 if lines else 0


def main(arguments: List[str]) -> int:
    """The exit code."""
    chosen = parse(arguments)
    # Told to end, it still ends its servers.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    pythons = Pythons()
    if chosen.no_peers:
        pythons.missing = dict.fromkeys(PEERS, "not wanted")
    else:
        pythons.prepare()
    document = measure(chosen, pythons)
    code = conclude(document, chosen.allow_missing)
    if chosen.json:
        report.write(chosen.json, document)
    if chosen.rst:
        readme.write(chosen.rst, document)
    return code if chosen.check else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
