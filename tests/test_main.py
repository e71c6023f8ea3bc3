"""``python -m miniaxios``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .support.server import Reply, Server, closed_port

ROOT = Path(__file__).resolve().parent.parent


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "miniaxios", *arguments],
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        **options
    )


def test_url_writes_the_body_to_stdout_byte_for_byte():
    body = bytes(range(256)) * 1000
    with Server.handler(lambda request: Reply(body)) as server:
        done = command(server.url("/file"))
    assert (done.returncode, done.stdout, done.stderr) == (0, body, b"")
    assert server.request.method == "GET"


def test_scheme_may_be_left_out():
    with Server.handler(lambda request: Reply(b"here")) as server:
        done = command("127.0.0.1:%d/file" % server.port)
    assert (done.returncode, done.stdout) == (0, b"here")


def test_failed_status_is_told_on_stderr():
    with Server.handler(lambda request: Reply(b"no", status=404)) as server:
        done = command(server.url())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"miniaxios: Request failed with status code 404 (ERR_BAD_REQUEST)\n"


def test_refused_connection_is_told_on_stderr():
    with closed_port() as port:
        done = command("http://127.0.0.1:%d/" % port)
    assert done.returncode == 1
    assert done.stderr == b"miniaxios: connect ECONNREFUSED 127.0.0.1:%d (ECONNREFUSED)\n" % port


def test_data_url():
    assert command("data:,hello%20there").stdout == b"hello there"


def test_version_help_and_wrong_usage():
    from miniaxios import __version__

    assert command("--version").stdout.decode().strip() == "miniaxios " + __version__
    assert b"--selftest" in command("--help").stdout
    for arguments in ((), ("--nonsense",), ("a", "b")):
        done = command(*arguments)
        assert done.returncode == 2 and b"usage" in done.stderr


def test_reader_that_goes_away_is_no_error():
    with Server.handler(lambda request: Reply(b"x" * 10000000)) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "miniaxios", server.url()],
            cwd=str(ROOT),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read()
        process.stderr.close()
        assert (process.wait(60), complaint) == (0, b"")
