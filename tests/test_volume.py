"""Much of everything: memory stays flat, nothing is left on a token."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from miniaxios import Agent, CancelToken, axios

from .support.server import Peer, Reply, Server

ROOT = Path(__file__).resolve().parent.parent

UPLOAD = """
import resource, sys, tempfile
sys.path.insert(0, sys.argv[1])
from miniaxios import FormData, axios
axios.post(sys.argv[2], b"warm", proxy=False)
with tempfile.TemporaryFile() as file:
    file.truncate({size})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    axios.post(sys.argv[2], {body}, proxy=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""

SIZE = 256 * 1024 * 1024


def _swallow(conn: Peer) -> None:
    """Reads whole requests without keeping them."""
    while True:
        request = conn.read_head()
        if request is None:
            return
        left = int(request.header("content-length") or 0)
        received.append(left)
        while left:
            left -= len(conn.read_exactly(min(left, 1 << 20)))
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


received = []


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
@pytest.mark.parametrize("body", ["file", "(lambda form: (form.append('f', file), form)[1])(FormData())"])
def test_256_MiB_go_up_in_flat_memory(body):
    del received[:]
    with Server(_swallow, timeout=60) as server:
        done = subprocess.run(
            [sys.executable, "-c", UPLOAD.format(size=SIZE, body=body), str(ROOT), server.url()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert received[-1] >= SIZE
    assert int(done.stdout) < 8 * 1024, "KiB more than before"


def test_ten_thousand_requests_leave_nothing_on_their_token(no_leaks):
    source = CancelToken.source()
    with Server.handler(lambda request: Reply(b"")) as server, Agent() as agent:
        for _ in range(10000):
            axios.get(server.url(), cancel_token=source.token, http_agent=agent)
        assert len(server.requests) == 10000 and server.connections == 1
    assert not source.token._switch.is_watched
