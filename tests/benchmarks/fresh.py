"""What needs a new interpreter each time: the import, and a first request from the start of the process."""

from __future__ import annotations

import json
import os
import subprocess
import time

from ..__main__ import ROOT
from .environment import child_environment
from .measure import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

    from .environment import Pythons
    from .measure import Samples

#: argv: the checkout, the module. The time is that of the import statement alone.
IMPORT = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
def rss():
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
rss()
before, memory = set(sys.modules), rss()
cpu, wall = time.process_time(), time.perf_counter()
__import__(sys.argv[2])
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
memory = rss() - memory
print('{"wall": %r, "cpu": %r, "modules": %d, "rss": %d}' % (wall, cpu, len(set(sys.modules) - before), memory))
"""

#: Contender: the module that it imports.
IMPORTS = {
    name: name
    for name in ("miniaxios", "http.client", "urllib3", "aiohttp", "httpx", "niquests", "requests", "pycurl")
}

#: argv: the checkout, the URL, the file of roots, the directory of roots. Prints the document.
COLD_START = "import sys; sys.path.insert(0, sys.argv[1]); url, roots, hashed = sys.argv[2:]\n"
COLD: Dict[str, str] = {
    "miniaxios": (
        "import miniaxios\n"
        "print(miniaxios.get(url, https_agent=miniaxios.Agent(ca=roots), response_type='text').data)"
    ),
    "http.client": (
        "import http.client, ssl\n"
        "host = url.split('/')[2]\n"
        "connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=roots))\n"
        "connection.request('GET', '/small')\n"
        "print(connection.getresponse().read().decode())"
    ),
    # No client at all: what Python, OpenSSL and the roots take by themselves.
    "raw socket": (
        "import socket, ssl\n"
        "host, port = url.split('/')[2].split(':')\n"
        "context = ssl.create_default_context(cafile=roots)\n"
        "sock = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)\n"
        "sock.sendall(b'GET /small HTTP/1.1\\r\\nHost: ' + host.encode() + b'\\r\\nConnection: close\\r\\n\\r\\n')\n"
        "print(b''.join(iter(lambda: sock.recv(65536), b'')).partition(b'\\r\\n\\r\\n')[2].decode())"
    ),
    "urllib3": "import urllib3\nprint(urllib3.PoolManager(ca_certs=roots).request('GET', url).data.decode())",
    "httpx": (
        "import httpx, ssl\nprint(httpx.get(url, verify=ssl.create_default_context(cafile=roots)).text)"
    ),
    "requests": "import requests\nprint(requests.get(url, verify=roots).text)",
    "niquests": "import niquests\nprint(niquests.get(url, verify=roots).text)",
}

#: With the hashed directory; http.client stays with its file, which is what the goal compares with.
HASHED: Dict[str, str] = {
    "miniaxios": COLD["miniaxios"].replace("ca=roots", "ca=hashed"),
    "http.client": COLD["http.client"],
    "http.client, directory": COLD["http.client"].replace("cafile=roots", "capath=hashed"),
}


def spend(command: List[str]) -> Dict[str, Any]:
    """Runs it: what it printed, seconds from the start until that was in, CPU seconds of the whole process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=child_environment(),
    )
    assert process.stdout is not None and process.stderr is not None
    with process.stdout, process.stderr:
        line = process.stdout.readline()
        wall = time.perf_counter() - began
        errors = process.stderr.read()
        _, code, usage = os.wait4(process.pid, 0)
    process.returncode = code
    if code:
        raise Failed(errors.decode(errors="replace").strip()[-300:])
    return {"text": line.decode(), "wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


def importing(name: str, site: Dict[str, Any], pythons: Pythons) -> Dict[str, float]:
    """One import of one contender."""
    told = spend([pythons.of(name), "-I", "-c", IMPORT, ROOT, IMPORTS[name]])
    return dict(json.loads(told["text"]))


def cold(scripts: Dict[str, str]) -> Callable[[str, Dict[str, Any], Pythons], Dict[str, float]]:
    """One request of one contender, by that table."""

    def once(name: str, site: Dict[str, Any], pythons: Pythons) -> Dict[str, float]:
        if scripts is HASHED and not site["hashed"]:
            raise Failed("no `openssl rehash` here")
        script = COLD_START + scripts[name]
        url = site["https"] + "/small"
        told = spend([pythons.of(name), "-I", "-c", script, ROOT, url, site["roots"], site["hashed"]])
        if json.loads(told["text"]) != site["document"]:
            raise Failed("another document")
        return {"wall": told["wall"], "cpu": told["cpu"]}

    return once


FRESH: Dict[str, Callable[[str, Dict[str, Any], Pythons], Dict[str, float]]] = {
    "import": importing,
    "cold": cold(COLD),
    "cold-hashed": cold(HASHED),
}


def rounds(
    kind: str, names: List[str], site: Dict[str, Any], pythons: Pythons, count: int, failed: Dict[str, str]
) -> Samples:
    """Each in turn, so often; the first turn only fills the caches. Those that fail go into `failed`."""
    samples: Samples = {name: [] for name in names}
    for number in range(count + 1):
        for name in names:
            if name in failed:
                continue
            try:
                told = FRESH[kind](name, site, pythons)
            except (Failed, ValueError) as failure:
                failed[name] = str(failure)
                continue
            if number:
                samples[name].append(told)
    return {name: each for name, each in samples.items() if name not in failed}
