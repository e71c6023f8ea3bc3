"""The README's Python examples, run as they stand, against a server that plays api.example.com.

The server is the environment's http proxy, so the examples keep their URLs and real sockets carry them.
A ``print(...)`` line with a comment must print what the comment says.
"""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from pathlib import Path

import pytest

from .support.server import Peer, Reply, Request, Server

README = Path(__file__).resolve().parent.parent / "README.rst"


def _blocks():
    """(line number, source) of each ``code-block:: python``."""
    lines = README.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines):
        if line.strip() == ".. code-block:: python":
            body = []
            for following in lines[number + 1 :]:
                if following.strip() and not following.startswith("    "):
                    break
                body.append(following)
            yield number + 2, textwrap.dedent("\n".join(body))


def _answer(request: Request):
    path = request.target.split("example.com", 1)[1].partition("?")[0]
    if path == "/never":
        return Peer.hold
    if path == "/missing":
        return Reply.json({"error": "no such page"}, 404)
    if path == "/lines":
        return Reply(b"one\n")
    return Reply.json({"name": "Fred", "method": request.method})


def _expected(source: str):
    return re.findall(r"print\(.*\) *# (.*)$", source, re.M)


@pytest.fixture
def example_server(monkeypatch):
    with Server.handler(_answer) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:%d" % server.port)
        yield server


def test_examples_do_what_they_say(example_server):
    blocks = list(_blocks())
    assert len(blocks) >= 9
    namespace = {}
    for number, source in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile("\n" * number + source, str(README), "exec"), namespace)
        printed = out.getvalue().split("\n")[:-1]
        assert printed == _expected(source), "README.rst, the block of line %d" % number


def test_every_option_of_the_table_is_in_the_readme():
    from miniaxios.option_table import OPTIONS

    text = README.read_text(encoding="utf-8")
    assert [name for name in OPTIONS if "``%s``" % name not in text] == []


def test_commands_of_the_readme_are_the_ones_of_ci():
    commands = re.findall(r"^    \$ (.*)$", README.read_text(encoding="utf-8"), re.M)
    assert commands == ["python3 -m miniaxios --selftest", "python3 -m tests"]
    script = README.parent / ".ci" / "run"
    if script.exists():  # not in a source distribution
        lines = script.read_text(encoding="utf-8")
        assert all(command in lines for command in commands)
