"""Fresh interpreters, which have loaded nothing, and may be left without a descriptor to load anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import miniaxios

from .server import Reply, Server

ROOT = str(Path(miniaxios.__file__).resolve().parent.parent)

BEGIN = """
import os, sys
sys.path.insert(0, sys.argv[1])
url = sys.argv[2]
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
import miniaxios

def loaded():
    return [name for name in ("usual", "adapter", "dispatch", "wire.exchange") if "miniaxios." + name in sys.modules]

def outcome(call):
    try:
        return call().data
    except miniaxios.AxiosError as error:
        return "%s %s %s %s" % (type(error).__name__, error.code, error.config is not None, error.request is not None)

def general():
    return miniaxios.get(url + "general", validate_status=lambda status: True)

def usual(path="usual"):
    return miniaxios.get(url + path)

def hold():
    import resource
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return held
"""

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of resources")


def told(source, framing="length", answer=None):
    """The lines that a fresh interpreter prints, whose requests are answered by ``answer``, or with their path."""
    with Server.handler(answer or (lambda request: Reply(request.path[1:], framing=framing))) as server:
        done = subprocess.run(
            [sys.executable, "-c", BEGIN + source, ROOT, server.url()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()
