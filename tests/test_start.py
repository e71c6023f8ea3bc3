"""How light the start is, and where the package runs: other names, zip files, cut-down Pythons."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import miniaxios

PACKAGE = Path(miniaxios.__file__).resolve().parent

#: Modules that a request over plain http without a body must not load: each costs milliseconds.
HEAVY = [
    "asyncio", "concurrent.futures", "dataclasses", "decimal", "difflib", "http.cookiejar", "inspect", "ipaddress",
    "logging", "mimetypes", "secrets", "tempfile", "typing", "urllib.request", "uuid", "xml", "zlib",
]  # fmt: skip

SERVE = """
import socket, threading
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
def serve():
    peer, _ = listener.accept()
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nbody")
    peer.close()
threading.Thread(target=serve).start()
url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
"""


def run(source, *flags, path=PACKAGE.parent):
    """Run ``source`` in a fresh interpreter that sees only the standard library and ``path``."""
    source = "import sys; sys.path.insert(0, %r)\n" % str(path) + source
    done = subprocess.run(
        [sys.executable, *flags, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split()


def test_import_loads_the_door_and_nothing_else():
    source = "before = set(sys.modules); import miniaxios; print(*sorted(set(sys.modules) - before))"
    loaded = run(source, "-I", "-S")
    ours = [name for name in loaded if name.startswith("miniaxios")]
    assert ours == ["miniaxios", "miniaxios.public"]
    assert len(loaded) <= 30
    assert not set(HEAVY) & set(loaded)
    assert not {"http.client", "ssl", "socket", "re", "json", "email"} & set(loaded)


@pytest.mark.parametrize("options", ["", "proxy=False"])
def test_plain_request_loads_nothing_that_it_does_not_need(options):
    # Where it takes the general way, http.client is loaded, and itself loads ssl where there is one, and email.
    before = "import http.client; " if options else ""
    source = SERVE + (
        before + "before = set(sys.modules)\n"
        "import os; [os.environ.pop(name) for name in list(os.environ) if name.lower().endswith('_proxy')]\n"
        "from miniaxios import axios; assert axios.get(url, %s).data == 'body'\n"
        "print(*sorted(set(sys.modules) - before))" % options
    )
    loaded = run(source, "-I", "-S")
    assert not set(HEAVY) & set(loaded)
    assert options or not {"http", "http.client", "email", "ssl", "miniaxios.adapter", "miniaxios.wire.exchange"} & set(loaded)


GET = SERVE + "print(axios.get(url, proxy=False).data)"


@pytest.mark.parametrize("flags", [["-I", "-S"], ["-O"], ["-W", "error", "-X", "dev"]], ids=" ".join)
def test_runs_with_flags(flags):
    assert run("from miniaxios import axios\n" + GET, *flags) == ["body"]


def test_runs_under_another_name(tmp_path):
    vendored = tmp_path / "my_app" / "_vendor" / "client"
    shutil.copytree(str(PACKAGE), str(vendored), ignore=shutil.ignore_patterns("__pycache__"))
    source = (
        "from my_app._vendor.client import axios, Promise\n"
        + GET
        + "\nassert not any(name.split('.')[0] == 'miniaxios' for name in sys.modules)\n"
        "print(axios.promises.get('data:,hi').result().data, Promise.__module__)"
    )
    assert run(source, "-I", path=tmp_path) == ["body", "hi", "my_app._vendor.client.promise"]


def test_runs_from_a_zip(tmp_path):
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(str(archive), "w") as bundle:
        for path in PACKAGE.rglob("*.py"):
            bundle.write(str(path), str(path.relative_to(PACKAGE.parent)))
    assert run("from miniaxios import axios\n" + GET, "-I", "-S", path=archive) == ["body"]
    done = subprocess.run(
        [sys.executable, "-m", "miniaxios", "data:,from%20the%20zip"],
        env={"PYTHONPATH": str(archive)},
        cwd=str(tmp_path),
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert done.stdout == b"from the zip"


@pytest.mark.parametrize(
    "missing", ["ssl _ssl", "zlib", "unicodedata encodings.idna", "logging ctypes", "hashlib _hashlib uuid multiprocessing"]
)
def test_runs_without_parts_of_the_standard_library(missing):
    block = "for name in %r.split(): sys.modules[name] = None\n" % missing
    assert run(block + "from miniaxios import axios\n" + GET, "-I") == ["body"]


def test_https_without_ssl_says_what_is_missing():
    source = (
        "sys.modules['ssl'] = sys.modules['_ssl'] = None\n"
        "import miniaxios\n"
        "try: miniaxios.get('https://127.0.0.1:1/', proxy=False)\n"
        "except miniaxios.AxiosError as error: print(error.code)"
    )
    assert run(source, "-I") == ["ERR_NOT_SUPPORT"]


def test_two_copies_know_each_others_errors(tmp_path):
    shutil.copytree(str(PACKAGE), str(tmp_path / "copy"), ignore=shutil.ignore_patterns("__pycache__"))
    source = (
        "sys.path.insert(0, %r)\nimport miniaxios, copy as module, importlib\n"
        "other = importlib.import_module('copy') if hasattr(module, 'axios') else module\n"
        "print(miniaxios.is_axios_error(other.AxiosError('x')), miniaxios.is_cancel(other.CanceledError()))"
    ) % str(PACKAGE.parent)
    assert run(source, "-I", path=tmp_path) == ["True", "True"]
