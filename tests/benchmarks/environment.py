"""The interpreters with the peers in them, and the variables that child processes get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv

from ..__main__ import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional

#: Environment: its peers. urllib3-future, on which niquests stands, puts itself in the place of urllib3 for
#: all that share its environment; in one with it, requests and urllib3 would not be what they say.
ENVIRONMENTS: Dict[str, List[str]] = {
    "peers": ["requests", "urllib3", "httpx", "aiohttp", "pycurl"],
    "niquests": ["niquests"],
}
PEERS = [peer for peers in ENVIRONMENTS.values() for peer in peers]

FOLDER = os.path.join(ROOT, ".venv-bench")

#: Says which of the names in argv can be imported, and their versions.
PROBE = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        module = importlib.import_module(name)
    except ImportError:
        continue
    found[name] = str(getattr(module, "__version__", None) or module.version).split(" ")[0].replace("PycURL/", "")
print(json.dumps(found))
"""


def child_environment(**more: str) -> Dict[str, str]:
    """The variables for a child process: no proxies, no other trust, the package from this checkout."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy")
        and not name.startswith(("SSL_CERT_", "PYTHON", "REQUESTS_CA", "CURL_CA"))
    }
    kept.update(more, PYTHONPATH=ROOT, PYTHONDONTWRITEBYTECODE="")
    return kept


def share_a_core() -> None:
    """This process, and its children, run on the core that the servers run on.

    For exchanges of some microseconds: to wake another core that has nothing to do takes longer than most
    clients, and whether that happens depends on where the scheduler happens to put whom.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class Pythons:
    """Which interpreter has which peer.

    versions: those of the peers that are there. missing: the names of the others, each with the reason.
    """

    def __init__(self) -> None:
        self.versions: Dict[str, str] = {}
        self.missing: Dict[str, str] = {}
        self._homes: Dict[str, str] = {}

    def of(self, contender: str) -> str:
        """The interpreter for a contender, which may be a peer or one that needs nothing."""
        return self._homes.get(contender, sys.executable)

    def prepare(self) -> Pythons:
        """Makes and fills the environments, unless they are there."""
        for name, peers in ENVIRONMENTS.items():
            folder = os.path.join(FOLDER, "%d.%d" % sys.version_info[:2] + "-" + name)
            self._add(folder, peers)
        return self

    def _add(self, folder: str, peers: List[str]) -> None:
        python = interpreter(folder)
        found = probe(python, peers)
        if found is None:
            try:
                subprocess.check_call([sys.executable, "-m", "venv", "--clear", folder])
            except (OSError, subprocess.CalledProcessError) as error:
                self.missing.update((peer, "no virtual environment: %s" % error) for peer in peers)
                return
            found = {}
        wanting = [peer for peer in peers if peer not in found]
        for peer in wanting:
            print("installing %s into %s" % (peer, folder), file=sys.stderr, flush=True)
            reason = install(python, peer)
            if reason:
                self.missing[peer] = reason
        if wanting:
            found = probe(python, peers) or {}
        for peer in peers:
            if peer in found:
                self.versions[peer] = found[peer]
                self._homes[peer] = python
            else:
                self.missing.setdefault(peer, "installed, but can't be imported")


def interpreter(folder: str) -> str:
    """The interpreter of the virtual environment in that folder."""
    return str(venv.EnvBuilder().ensure_directories(folder).env_exe)


def probe(python: str, peers: List[str]) -> Optional[Dict[str, str]]:
    """Version by name of those that can be imported; None when there is no such interpreter."""
    try:
        done = subprocess.run([python, "-I", "-c", PROBE] + peers, stdout=subprocess.PIPE)
    except OSError:
        return None
    return dict(json.loads(done.stdout)) if done.returncode == 0 else None


def install(python: str, peer: str) -> str:
    """Installs it with pip; why not, or an empty string."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer]
    done = subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = [line for line in done.stderr.decode(errors="replace").splitlines() if line.startswith("ERROR")]
    return "" if done.returncode == 0 else (errors or ["pip failed"])[-1]
