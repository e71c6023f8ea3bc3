"""Fixtures for all tests: a clean environment, a check for leaks, hypothesis profiles."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, Optional, Set

_ALWAYS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("default", _ALWAYS, max_examples=40, derandomize=bool(os.environ.get("CI")))
settings.register_profile("long", _ALWAYS, max_examples=5000)
settings.load_profile(os.environ.get("MINIAXIOS_HYPOTHESIS") or "default")

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy", "ws_proxy", "wss_proxy")
_UNSET = [name for proxy in _PROXIES for name in (proxy, proxy.upper())] + [
    "REQUEST_METHOD",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSLKEYLOGFILE",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", metavar="K/N", help="only the K-th of N parts, so that parts can run side by side")


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--part")
    if wanted:
        part, parts = map(int, wanted.split("/"))
        config.pluginmanager.register(_Part(part - 1, parts))


class _Part:
    """Leaves out the files of other parts. The longer a file, the longer it is taken to run."""

    def __init__(self, part: int, parts: int) -> None:
        files = sorted(Path(__file__).parent.rglob("test_*.py"), key=lambda file: (-file.stat().st_size, file))
        # There and back again, so that not always the same part gets the longer one of two.
        order = [*range(parts), *reversed(range(parts))]
        self._others = {file for at, file in enumerate(files) if order[at % len(order)] != part}

    def pytest_ignore_collect(self, collection_path: Path) -> Optional[bool]:
        return True if collection_path in self._others else None


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no CA from the environment of whoever runs the tests."""
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)


def _sockets() -> Dict[str, str]:
    """The open sockets of this process, each as its descriptor and inode; {} where there is no /proc."""
    found: Dict[str, str] = {}
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue
        if target.startswith("socket:"):
            found[target] = "descriptor %s (%s)" % (name, target)
    return found


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fails the test if it leaves a thread or a socket behind; name it before fixtures that open some."""
    threads: Set[threading.Thread] = set(threading.enumerate())
    sockets = set(_sockets())
    yield
    left: Set[str] = set()
    for attempt in range(100):
        left = {repr(thread) for thread in threading.enumerate() if thread not in threads}
        left |= {text for inode, text in _sockets().items() if inode not in sockets}
        if not left:
            return
        if attempt == 10:
            gc.collect()
        time.sleep(0.02)  # Threads end, and sockets close, in their own time.
    pytest.fail("left behind: " + ", ".join(sorted(left)))
