"""Any call that can fail does fail, and any line may be the last: nothing leaks, and the next request works.

A sample runs by default; MINIAXIOS_TORTURE=full fails every single call and line, in every way.
"""

from __future__ import annotations

import gc
import gzip
import itertools
import os
import threading
import time
from pathlib import Path

import pytest

import miniaxios
from miniaxios.concurrent import Promises  # noqa: F401, what is loaded when needed is loaded before
from miniaxios.crew import CREW
from miniaxios.wire import tls

from .fuzz.runner import alarm, time_limit
from .support.proxy import Proxy
from .support.server import Reply, Server
from .support.tls import CA
from .support.torture import KINDS, Torture, TorturedFile, interrupt_line

PACKAGE = str(Path(miniaxios.__file__).resolve().parent) + os.sep
FULL = os.environ.get("MINIAXIOS_TORTURE") == "full"
TEXT = b"some text, " * 2000
#: Seconds after which a call hangs.
PATIENCE = 4.0
UPLOAD = b"0123456789abcdef" * 8192

needs_descriptors = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="descriptors can't be listed here"
)


class Rig:
    """Servers for all cases, and one client at a time: ``agent`` of one connection per origin, ``token``."""

    def __init__(self):
        self.secure = Server.handler(self.answer, tls=True, timeout=60)
        self.plain = Server.handler(self.answer, timeout=60)
        self.proxy = Proxy(timeout=60)

    def answer(self, request):
        if request.path == "/redirect":
            return Reply.redirect(self.secure.url("/gzip"))
        if request.path == "/gzip":
            return Reply(gzip.compress(TEXT), headers={"Content-Encoding": "gzip"})
        if request.path == "/chunks":
            return Reply([TEXT[:10], TEXT[10:]])
        return Reply(b"%d bytes" % len(request.body))

    def renew(self):
        # A context would still be made of the classes of the case before.
        tls._contexts.clear()
        self.agent = miniaxios.Agent(max_sockets=1, ca=CA)
        self.source = miniaxios.CancelToken.source()
        self.axios = miniaxios.Axios(
            {"http_agent": self.agent, "https_agent": self.agent, "proxy": False, "timeout": 3000}
        )

    def check_usable(self):
        """Whoever lost the slot would wait here for ever."""
        for server in (self.plain, self.secure):
            assert self.axios.get(server.url("/"), response_type="text").data == "0 bytes"


@pytest.fixture(scope="module")
def rig():
    made = Rig()
    with made.secure, made.plain, made.proxy:
        yield made
    tls._contexts.clear()


# -- what is tried: each gives (what came, what has to come when nothing is amiss) ------------------------


def plain(rig, torture):
    return rig.axios.get(rig.plain.url("/"), response_type="text").data, "0 bytes"


def inline(rig, torture):
    """Without a deadline, so that names are resolved in place."""
    return rig.axios.get(
        rig.plain.url("/", host="localhost"), response_type="text", timeout=0
    ).data, "0 bytes"


def everything(rig, torture):
    """A redirect, a proxy with CONNECT, TLS, gzip, and a token."""
    answer = rig.axios.get(
        rig.plain.url("/redirect"),
        response_type="arraybuffer",
        proxy=rig.proxy.url("", host="localhost"),
        cancel_token=rig.source.token,
    )
    return answer.data, TEXT


def stream(rig, torture):
    with rig.axios.get(
        rig.plain.url("/chunks"), response_type="stream", cancel_token=rig.source.token
    ) as answer:
        return answer.data.read(), TEXT


def abandoned(rig, torture):
    with rig.axios.get(rig.secure.url("/chunks"), response_type="stream") as answer:
        return answer.data.read(5), TEXT[:5]


def upload(rig, torture):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "certs", "ca.pem")
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return rig.axios.post(rig.plain.url("/"), TorturedFile(torture, file)).data, "%d bytes" % size


def promised(rig, torture):
    return rig.axios.promises.post(rig.plain.url("/"), UPLOAD).result(60).data, "%d bytes" % len(UPLOAD)


def kept(rig, torture):
    """Over a connection that is there already."""
    return plain(rig, torture)


SCENARIOS = {
    each.__name__: each for each in (plain, kept, inline, everything, stream, abandoned, upload, promised)
}


# -- one case --------------------------------------------------------------------------------------------


def outcome_of(scenario, rig, torture):
    """What came of it, in words; raises when it is none of the things that may come of it."""
    try:
        found, expected = scenario(rig, torture)
    except miniaxios.AxiosError as error:
        assert isinstance(error.code, str) and error.code, repr(error)
        assert not isinstance(error, TimeoutError), "it waits for what can't come"
        str(error), repr(error)
        return error.code
    except BaseException as error:
        if error is not torture.raised or not isinstance(error, (MemoryError, KeyboardInterrupt)):
            raise
        return "itself"
    assert found == expected
    return "fine"


def descriptors():
    """The open files of this process, as they are called."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink("/proc/self/fd/" + name))
        except OSError:
            continue
    return found


def assert_nothing_left(before, threads, patience=5.0):
    """Servers close their ends when they see that ours is closed, in their own time."""
    end = time.monotonic() + patience
    while True:
        left = [name for name in descriptors() - before if not name.startswith("/proc/")]
        running = [thread for thread in threading.enumerate() if thread not in threads]
        if not left and not running:
            return
        assert time.monotonic() < end, (left, running)
        time.sleep(0.001)


def run_case(rig, scenario, kind, late, at, only=None):
    """Which call was the number ``at``, that failed; None where there is none."""
    before, threads = descriptors(), set(threading.enumerate())
    with Torture("miniaxios") as torture:
        rig.renew()
        if scenario is kept:
            plain(rig, torture)
        torture.arm(at, kind, late, only)
        with alarm(), time_limit(PATIENCE):
            outcome = outcome_of(scenario, rig, torture)
        torture.disarm()
        assert not rig.source.token._switch.is_watched, "the token is still listened to"
        if torture.where is None:
            assert outcome == "fine"
        rig.check_usable()
        rig.agent.close()
    assert_nothing_left(before, threads)
    assert not CREW._busy and not CREW._jobs, "the crew counts on a thread, or has a job, that nobody has"
    return torture.where


def until_missed(attempt, step=1, offset=0):
    """``attempt(at)`` for every number, or every so many, until it gives None, for there are no more.

    Three times, since not all calls are as many each time: a connect may succeed at once. Returns how
    often there was one, and what went wrong.
    """
    count, misses, wrong = 0, 0, []
    for at in itertools.count(1) if FULL else itertools.count(1 + offset % step, step):
        try:
            gc.disable()  # nothing may depend on it
            missed = attempt(at) is None
        except BaseException as error:
            wrong.append((at, repr(error)[:300]))
            missed = False
        finally:
            gc.enable()
        misses = misses + 1 if missed else 0
        count += not missed
        if misses == 3 or len(wrong) == 10:
            return count, wrong


# How the sample is drawn: every so many calls, of these kinds.
STEPS = {
    "plain": 2,
    "kept": 1,
    "inline": 3,
    "everything": 9,
    "stream": 5,
    "abandoned": 7,
    "upload": 5,
    "promised": 5,
}
LATE = ("memory", "interrupt")


WAYS = [(kind, late) for kind in KINDS for late in (False, True) if kind in LATE or not late]


@needs_descriptors
@pytest.mark.parametrize(
    "kind, late", WAYS, ids=["%s, %s" % (kind, "late" if late else "early") for kind, late in WAYS]
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_any_call_may_fail(rig, name, kind, late):
    step, offset = STEPS[name], len(kind) + late
    _, wrong = until_missed(lambda at: run_case(rig, SCENARIOS[name], kind, late, at), step, offset)
    assert not wrong, wrong


@needs_descriptors
@pytest.mark.parametrize(
    "name, kind, calls",
    [
        ("plain", "EIO", "socket connect setsockopt poll send recv settimeout"),
        ("inline", "EIO", "getaddrinfo"),
        ("everything", "memory", "start Lock stat SSLContext load_verify_locations wrap_socket do_handshake"),
        ("everything", "memory", "tls.send tls.recv decompressobj decompress RLock"),
        ("everything", "zlib", "decompress"),
        ("promised", "threads", "start"),
        ("everything", "TLS", "SSLContext wrap_socket do_handshake tls.send tls.recv"),
        ("upload", "memory", "read seek tell"),
        ("abandoned", "interrupt", "close"),
    ],
)
def test_calls_are_reached(rig, name, kind, calls):
    """The tests above would pass as well if nothing ever failed."""
    for call in calls.split():
        assert run_case(rig, SCENARIOS[name], kind, False, 1, call) == call


# -- lines -----------------------------------------------------------------------------------------------


def run_line(rig, scenario, at):
    """Which line was the number ``at``, before which the call was interrupted; None where there is none."""
    before, threads = descriptors(), set(threading.enumerate())
    rig.renew()
    plain(rig, None)
    with alarm(), time_limit(PATIENCE):
        where = interrupted(rig, scenario, at)
    rig.axios.defaults["timeout"] = 3000
    assert rig.axios.get(rig.plain.url("/"), response_type="text").data == "0 bytes", where
    assert rig.agent.pool.idle_connections <= 1
    rig.agent.close()
    assert_nothing_left(before, threads)
    return where


def interrupted(rig, scenario, at):
    """In a function of its own, so that nothing holds the frames of the call when it is over."""
    with interrupt_line(at, PACKAGE) as line:
        try:
            found, expected = scenario(rig, None)
        except KeyboardInterrupt:
            return line.where
    assert line.where is None, "the interrupt was swallowed at " + line.where
    assert found == expected
    return None


@needs_descriptors
@pytest.mark.parametrize("scenario, step", [(plain, 11), (stream, 23)], ids=["plain", "stream"])
def test_any_line_may_be_interrupted(rig, scenario, step):
    count, wrong = until_missed(lambda at: run_line(rig, scenario, at), step, 3)
    assert not wrong, wrong
    assert count > 20
