"""python -O -W error -m tests.hardening: one probe of each id on each route, without pytest. 0: all is well."""

from __future__ import annotations

import sys

from .probes import PROBES
from .world import ROUTES, World


def main() -> int:
    """Prints each problem; the exit code."""
    first = {probe.id: probe for probe in reversed(PROBES) if not probe.routes}
    found = []
    with World() as world:
        for number, probe in enumerate(first.values()):
            route = ROUTES[number % len(ROUTES)]
            found += ["%s: %s" % (probe, text) for text in world.problems_on(probe, route)]
            found += ["%s as a proxy: %s" % (probe, text) for text in world.problems_of_a_proxy(probe)]
    print("\n".join(found) or "%d probes" % len(first))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
