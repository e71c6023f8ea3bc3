"""Whether the environment asks for a proxy, and whether a descriptor is left."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Any

import pytest

from miniaxios.wire.environment import check_descriptors, names_no_proxy
from miniaxios.wire.errors import NetworkError
from tests.support.fresh import needs_limits, told
from tests.support.server import Reply, Server
from tests.support.tls import CA

NAMES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["", "http://proxy.test"])
def test_any_of_the_variables_counts_even_without_a_value(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names_no_proxy(os.environ) and names_no_proxy({}) and names_no_proxy({"no_proxy": "*"})
    assert not names_no_proxy({name: value})
    monkeypatch.setenv(name, value)
    assert not names_no_proxy(os.environ)
    monkeypatch.delenv(name)
    assert names_no_proxy(os.environ)


# -- descriptors -------------------------------------------------------------------------------------

FAILURES = [socket.gaierror(-2, "Name or service not known"), ImportError("x"), ValueError("x"), ssl.SSLError(24, "x")]


@pytest.mark.parametrize("error", [*FAILURES, OSError(errno.ENOENT, "x"), OSError("x")])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_what_fails_for_want_of_a_descriptor_is_called_so(error: Any, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_descriptors(error, "open")

    def without(*given: Any) -> int:
        raise OSError(number, "Too many open files")

    monkeypatch.setattr(os, "open", without)
    with pytest.raises(NetworkError) as raised:
        check_descriptors(error, "open")
    assert (raised.value.code, raised.value.errno) == (errno.errorcode[number], number)
    assert raised.value.__cause__ is error


def test_what_is_wrong_with_the_null_device_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "devnull", "/no/such/device")
    check_descriptors(OSError("x"), "open")
    with pytest.raises(NetworkError, match="open EMFILE"):
        check_descriptors(OSError(errno.EMFILE, "x"), "open")


ATTEMPT = """
import ssl, zlib
agent = miniaxios.Agent(%s)
def secure():
    return miniaxios.get("%s", https_agent=agent, timeout=20000)
def named():
    return miniaxios.get(url.replace("127.0.0.1", "localhost"))
miniaxios.axios
for _ in range(2):
    miniaxios.get(url)
from miniaxios.agent import shared_agent
shared_agent().close()
held = hold()
for _ in range(%d):
    os.close(held.pop())
print(outcome(%s))
while held:
    os.close(held.pop())
print(outcome(%s))
"""


@needs_limits
@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize("agent", ["ca=%r" % CA, ""], ids=["file", "system"])
def test_roots_that_can_not_be_opened(agent: str, left: int) -> None:
    """The socket may take the last descriptor; and a context without its roots is not kept."""
    begin = "os.environ['SSL_CERT_FILE'] = %r; os.environ.pop('SSL_CERT_DIR', None)\n" % CA
    with Server.handler(lambda request: Reply("secret"), tls=True) as server:
        lines = told(begin + ATTEMPT % (agent, server.url(), left, "secure", "secure"))
    assert lines[0].startswith("AxiosNetworkError EMFILE True") and lines[1:] == ["secret"]


@needs_limits
def test_a_name_that_can_not_be_looked_up_for_want_of_a_descriptor() -> None:
    lines = told(ATTEMPT % ("", "", 0, "named", "named"))
    assert lines[0].startswith("AxiosNetworkError EMFILE True") and len(lines) == 2
