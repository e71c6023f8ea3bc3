"""Faults of the process: stopped, forked, out of files or memory, interrupted, ended, locked down.

Each in a process of its own. The table is faults.rst.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from .support.messages import Reply
from .support.server import Server
from .support.tls import CA

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

#: Seconds; only a test that fails waits so long.
PATIENCE = 30

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")


def python(source, *arguments, flags=(), **options):
    """A fresh interpreter under way with that source."""
    prefix = "import sys; sys.path.insert(0, %r)\n" % ROOT
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    options.setdefault("cwd", ROOT)
    # As the parent runs, and each warning an error: a process must also end without a word.
    flags = ["-X", "dev", "-W", "error", *(["-O"] if sys.flags.optimize else []), *flags]
    return subprocess.Popen([sys.executable, *flags, "-c", prefix + source, *arguments], **options)


def finish(child, patience=PATIENCE):
    """What it said, and how long it took to end. Fails if it does not end, or ends badly."""
    began = time.monotonic()
    try:
        said, errors = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        pytest.fail("it hangs")
    assert (child.returncode, errors or b"") == (0, b"")
    return (said or b"").decode(), time.monotonic() - began


# -- stopped -----------------------------------------------------------------------------------------

FROZEN = """
import time
import miniaxios
offset = 0.0
real = time.time
time.time = lambda: real() + offset
agent = miniaxios.Agent(max_sockets=1)
def get(path):
    print(miniaxios.get(sys.argv[1] + path, http_agent=agent, timeout=10000, proxy=False).data, flush=True)
get("/warm")
sys.stdin.readline()
offset = float(sys.argv[2])
get("/thawed")
get("/again")
agent.close()
"""


@posix
@pytest.mark.parametrize("jump", ["-86400", "86400"], ids=["back", "forward"])
@pytest.mark.parametrize("end", ["close", "reset", "stay"])
def test_frozen_and_thawed_with_an_idle_connection(no_leaks, end, jump):
    """As a function that is suspended between two events: the server closed, the clock jumped."""
    told, ended = threading.Event(), threading.Event()

    def script(conn):
        while True:
            request = conn.read_request(patient=True)
            if request is None:
                return
            conn.respond(body=request.target)
            if request.path == "/warm" and end != "stay":
                conn.wait(told)
                getattr(conn, end)()
                ended.set()
                return

    with Server(script) as server:
        child = python(FROZEN, server.url(""), jump, stdin=subprocess.PIPE)
        try:
            assert child.stdout.readline() == b"/warm\n"
            child.send_signal(signal.SIGSTOP)
            told.set()
            assert end == "stay" or ended.wait(5)
            # What it is told meanwhile waits for it: it wakes to a closed connection, and a line.
            child.stdin.write(b"go\n")
            child.stdin.flush()
            child.send_signal(signal.SIGCONT)
            said, _ = finish(child)
        finally:
            child.kill()
            child.communicate()
        assert said.split() == ["/thawed", "/again"]
        assert server.connections == (1 if end == "stay" else 2)


# -- forked ------------------------------------------------------------------------------------------

FORK = """
import os, signal, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of fork() beside threads
import miniaxios
agent = miniaxios.Agent(max_sockets=3)
url = sys.argv[1]
def get(path, **options):
    found = miniaxios.get(url + path, http_agent=agent, timeout=10000, proxy=False, **options).data
    if found != path:
        raise SystemExit("%s got %s" % (path, found))
stop = False
failures = []
def work(number):
    count = 0
    try:
        while not stop:
            count += 1
            get("/parent/%d/%d" % (number, count))
    except BaseException as error:
        failures.append(error)
threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
get("/warm")
statuses = []
for turn in range(8):  # at whatever moment the threads are just then, holding whatever lock
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # one that hangs would outlive the test
        code = 1
        try:
            for number in range(3):
                get("/child/%d/%d" % (turn, number))
            promise = miniaxios.axios.promises.get(url + "/child/promised", http_agent=agent, proxy=False)
            code = 0 if promise.result(10).data == "/child/promised" else 2
        finally:
            os._exit(code)
    statuses.append(os.waitpid(child, 0)[1])
stop = True
for thread in threads:
    thread.join()
get("/last")
agent.close()
print(sum(statuses), len(failures), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_in_the_middle_of_calls(no_leaks):
    """Each child has an empty pool and new locks; nobody gets an answer of the other's."""
    with Server.handler(lambda request: Reply(request.target)) as server:
        said, _ = finish(python(FORK, server.url("")))
    assert said.split() == ["0", "0"]


# -- out of something --------------------------------------------------------------------------------

FILES = """
import os, resource
import miniaxios
agent = miniaxios.Agent(ca=sys.argv[4])
def get(url, **options):
    return miniaxios.get(url, http_agent=agent, https_agent=agent, timeout=10000, proxy=False, **options).data
url, other, secure = sys.argv[1:4]
get(url + "/warm"), get(secure + "/warm")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
# The idle connections make room.
print(get(other + "/evicts"))
agent.close()
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
for target in (url, secure, url.replace("127.0.0.1", "localhost")):
    for turn in range(20):
        try:
            get(target + "/none")
            raise SystemExit("there was a descriptor")
        except miniaxios.AxiosError as error:
            if error.code != "EMFILE" or not isinstance(error, OSError):
                raise
os.close(held.pop())
print(get(url + "/one"))
for number in held:
    os.close(number)
print(get(secure + "/all"))
agent.close()
"""


@linux
def test_no_descriptor_left(no_leaks):
    def answer(request):
        return Reply(request.target)

    with Server.handler(answer) as server, Server.handler(answer) as other, Server.handler(answer, tls=True) as secure:
        urls = [server.url(""), other.url(""), secure.url("", host="localhost")]
        said, _ = finish(python(FILES, *urls, CA))
    assert said.split() == ["/evicts", "/one", "/all"]


MEMORY = """
import resource
import miniaxios
miniaxios.get(sys.argv[1] + "/warm", proxy=False)
limit = 1 << 29
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for mode in ("text", "stream"):
    for path in ("/length", "/chunk"):
        for most in (-1, 1 << 20):
            try:
                answer = miniaxios.get(
                    sys.argv[1] + path, proxy=False, timeout=10000, response_type=mode, max_content_length=most
                )
                if mode == "stream":
                    with answer:
                        answer.data.read()
                print("none")
            except miniaxios.AxiosError as error:
                print(error.code, "maxContentLength" in str(error))
print(miniaxios.get(sys.argv[1] + "/warm", proxy=False).data)
"""


@linux
def test_LIMIT_1_four_gibibytes_are_announced_where_there_is_half_a_one(no_leaks):
    announced = {
        "/length": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4294967296\r\n\r\nhalf",
        "/chunk": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\nhalf",
    }
    with Server.handler(lambda request: announced.get(request.path) or Reply(request.target)) as server:
        said, _ = finish(python(MEMORY, server.url("")))
    lines = said.splitlines()
    assert lines.pop() == "/warm" and len(lines) == 8
    assert all(line.startswith("ERR_BAD_RESPONSE") for line in lines), lines
    assert lines.count("ERR_BAD_RESPONSE True") >= 2, lines  # where the length is told, at once


# -- interrupted -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def interrupts():
    """What became of Ctrl-C in each phase."""
    from .support.interrupts import NAMES

    child = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.support.interrupts"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said, _ = finish(child, 90)
    results = {each["phase"]: each["wrong"] for each in map(json.loads, said.splitlines())}
    assert list(results) == NAMES
    return results


@linux
@pytest.mark.parametrize(
    "phase",
    "dns connect pool tls proxy upload head head_without_deadline body stream promise".split(),
)
def test_keyboard_interrupt(interrupts, phase):
    assert interrupts[phase] == []


STORM = """
import hashlib, io, signal
import miniaxios
count = [0]
def tick(number, frame):
    count[0] += 1
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
agent = miniaxios.Agent(max_sockets=1, ca=sys.argv[3])
body = bytes(range(256)) * 8192
def post(url, data, **options):
    return miniaxios.post(
        url, data, http_agent=agent, https_agent=agent, proxy=False, response_type="arraybuffer", **options
    ).data
for url in sys.argv[1:3]:
    for timeout in (0, 20000):
        for data in (body, io.BytesIO(body), iter([body[:99999], body[99999:]])):
            if post(url, data, timeout=timeout) != body:
                raise SystemExit("bytes were lost")
try:
    miniaxios.get(sys.argv[1] + "silence", http_agent=agent, proxy=False, timeout=300)
except miniaxios.AxiosError as error:
    code = error.code
signal.setitimer(signal.ITIMER_REAL, 0)
agent.close()
print(count[0] > 100, code)
"""


@posix
def test_a_storm_of_signals(no_leaks):
    """System calls that are interrupted every millisecond: no byte is lost, no deadline prolonged."""

    def answer(request):
        return (lambda conn: conn.hold()) if request.target.endswith("silence") else Reply(request.body)

    with Server.handler(answer) as plain, Server.handler(answer, tls=True) as secure:
        urls = [plain.url("/", host="localhost"), secure.url("/", host="localhost")]
        said, _ = finish(python(STORM, *urls, CA))
    assert said.split() == ["True", "ECONNABORTED"]


# -- the end of the process --------------------------------------------------------------------------

ENDS = {
    # name: (what it does, what it prints)
    "a call in flight on a daemon thread": (
        """
import threading
def call():
    miniaxios.get(url + "/hold", http_agent=agent, proxy=False, timeout=60000)
threading.Thread(target=call, daemon=True).start()
wait()
""",
        "",
    ),
    "a name being resolved": (
        """
import threading
def lookup(name):
    threading.Event().wait(60)
def call():
    miniaxios.get("http://name.test/", lookup=lookup, proxy=False, timeout=60000)
threading.Thread(target=call, daemon=True).start()
""",
        "",
    ),
    "an open pool": (
        """
print(miniaxios.get(url + "/a", http_agent=agent, proxy=False).data)
print(miniaxios.get(url + "/b", proxy=False).data)
""",
        "/a/b",
    ),
    "a stream half read": (
        """
stream = miniaxios.get(url + "/large", response_type="stream", http_agent=agent, proxy=False).data
print(len(stream.read(10)))
""",
        "10",
    ),
    "promises under way": (
        """
for number in range(3):
    promise = miniaxios.axios.promises.get(url + "/slow", http_agent=agent, proxy=False)
    promise.then(lambda answer: print(answer.data))
del promise
""",
        "/slow/slow/slow",
    ),
    "an exit from within": (
        """
def leave(data):
    raise SystemExit(0)
miniaxios.get(url + "/a", http_agent=agent, proxy=False, transform_response=leave)
""",
        "",
    ),
}

BEGIN = """
import miniaxios
url = sys.argv[1]
agent = miniaxios.Agent()
def wait():
    import time
    for _ in range(1000):
        if agent.pool._origins:
            time.sleep(0.05)
            return
        time.sleep(0.01)
"""


@pytest.mark.parametrize("name", sorted(ENDS))
def test_the_process_ends(no_leaks, name):
    """At once, without a word on stderr, and promises are kept."""
    source, expected = ENDS[name]

    def answer(request):
        if request.path == "/hold":
            return lambda conn: conn.hold()
        if request.path == "/slow":
            request.peer.pause(0.2)
        return Reply(bytes(5 << 20) if request.path == "/large" else request.target)

    with Server.handler(answer) as server:
        said, elapsed = finish(python(BEGIN + source, server.url("")))
    assert said.replace("\n", "") == expected
    assert elapsed < 10, "it waited for what nobody wants"


# -- locked down -------------------------------------------------------------------------------------

LOCKED = """
import os
import miniaxios
found = miniaxios.post(sys.argv[1] + "/x", {"a": 1}, timeout=10000, proxy=False).data
try:
    miniaxios.get("https://127.0.0.1:1/", proxy=False)
except miniaxios.AxiosError as error:
    code = error.code
with open(sys.argv[2], "w") as file:
    file.write("%s %s" % (found, code))
"""

NO_IPV6 = """
import errno, socket
real, names = socket.socket, socket.getaddrinfo
class NoIPv6(real):
    def __init__(self, family=-1, *rest, **more):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6 here")
        super().__init__(family, *rest, **more)
def both(host, port, *rest):
    if host != b"localhost":
        return names(host, port, *rest)
    row = (socket.SOCK_STREAM, 6, "")
    return [(socket.AF_INET6, *row, ("::1", port, 0, 0)), (socket.AF_INET, *row, ("127.0.0.1", port))]
socket.socket, socket.has_ipv6, socket.getaddrinfo = NoIPv6, False, both
sys.argv[1] = sys.argv[1].replace("127.0.0.1", "localhost")
"""

NO_TEMPORARY = """
import builtins, os
real = builtins.open
def reading(file, mode="r", *rest, **more):
    if set(mode) & set("wax+") and file != sys.argv[2]:
        raise OSError(30, "Read-only file system")
    return real(file, mode, *rest, **more)
builtins.open = reading
"""

#: name: (what comes first, environment, descriptors that are closed)
HOSTS = {
    "no IPv6": (NO_IPV6, None, ()),
    "no HOME": ("", {"PATH": os.defpath}, ()),
    "HOME that is not there": ("", {"PATH": os.defpath, "HOME": "/nonexistent", "TMPDIR": "/nonexistent"}, ()),
    "no environment at all": ("", {}, ()),
    "read-only files": (NO_TEMPORARY, None, ()),
    "no stdin": ("", None, (0,)),
    "no stdout and stderr": ("", None, (1, 2)),
    "no standard files at all": ("", None, (0, 1, 2)),
    "no ssl": ("sys.modules['ssl'] = sys.modules['_ssl'] = None\n", None, ()),
}


@posix
@pytest.mark.parametrize("name", sorted(HOSTS))
def test_locked_down_hosts(no_leaks, tmp_path, name):
    first, environment, closed = HOSTS[name]
    result = tmp_path / "result"

    def close():
        for number in closed:
            os.close(number)

    with Server.handler(lambda request: Reply(request.target)) as server:
        options = {"preexec_fn": close} if closed else {}
        child = python(
            first + LOCKED, server.url(""), str(result), flags=["-B"], env=environment, stdin=subprocess.DEVNULL, **options
        )
        finish(child)
    assert result.read_text() == "/x %s" % ("ERR_NOT_SUPPORT" if name == "no ssl" else "ECONNREFUSED")

