"""Load on demand: python3 -m tests.load [--requests 100000] [--faults 1] [--threads 16]

Threads share one agent and make requests of a server in a process of its own. `--faults` per cent of them go
wrong, in every way that FAULTS lists. File descriptors, threads and memory of this process are sampled all
along (where there is a /proc), and so are the blocks that Python has allocated; they must be flat. Prints a summary; the exit code is 1 when an answer was
wrong, a code was not the expected one, or something grew.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import subprocess
import sys
import threading
import time

import miniaxios

from .support.messages import Reply, Request
from .support.peer import Peer
from .support.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

    Sample = Tuple[int, int, int, int]

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOCKETS = 8
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\nhalf"


# -- the server's side -------------------------------------------------------------------------------


def early(conn: Peer) -> bool:
    """413 before the body was read."""
    conn.send(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    return False


#: path: what the server does there. For /early it does so before it reads the body.
ANSWERS: Dict[str, Any] = {
    "/reset": Peer.reset,
    "/close": None,
    "/half": HALF,
    "/junk": b"junk\r\n\r\n",
    "/refused": Reply(b"no", 503),
    "/silence": Peer.hold,
    "/cut-gzip": Reply(gzip.compress(bytes(999))[:-8], headers={"Content-Encoding": "gzip"}),
    "/loop": Reply.redirect("/loop"),
    "/stream": Reply([bytes(5000)] * 40),
}


def answer(request: Request) -> Any:
    """For Server.handler: a fault, or the number in the query and the body's length."""
    if request.path in ANSWERS:
        return ANSWERS[request.path]
    return Reply(b"%s %d" % (request.query.encode(), len(request.body)))


def serve_one(conn: Peer) -> None:
    """A script for Server."""
    from .support.server import serve

    while True:
        request = conn.read_head(patient=True)
        if request is None:
            return
        if request.path == "/early":
            early(conn)
            return
        conn.read_body(request)
        if not serve(conn, request, answer(request)):
            return


class Forgetful(Server):
    """A Server that keeps no list of what it was asked."""

    def note(self, request: Request) -> None:
        """Not for as many as here."""


def serve_until_told() -> None:
    """The other process: says its URL, and ends with its standard input."""
    with Forgetful(serve_one, timeout=600) as server:
        print(server.url(""), flush=True)
        while sys.stdin.readline():
            server.peers[:] = [peer for peer in server.peers if not peer.is_closed]
            server._threads[:] = [thread for thread in server._threads if thread.is_alive()]
        os._exit(0)


# -- the client's side -------------------------------------------------------------------------------


class Load:
    """Work for many threads on one agent, and what came of it."""

    def __init__(self, url: str, requests: int, faults: float, threads: int) -> None:
        self.url = url
        self.requests = requests
        self.share = faults / 100
        self.threads = threads
        self.agent = miniaxios.Agent(max_sockets=SOCKETS)
        self.axios = miniaxios.Axios(
            {"http_agent": self.agent, "proxy": False, "timeout": 60000, "validate_status": None}
        )
        self.source = miniaxios.CancelToken.source()
        self.lock = threading.Lock()
        self.done = 0
        self.counts: Dict[str, int] = {}
        self.wrong: List[str] = []

    def run(self) -> None:
        """Do it all."""
        workers = [threading.Thread(target=self.work, args=(number,)) for number in range(self.threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def take(self) -> Optional[int]:
        """The number of the next request, None when there is none."""
        with self.lock:
            if self.done >= self.requests or len(self.wrong) > 20:
                return None
            self.done += 1
            return self.done

    def work(self, seed: int) -> None:
        """One thread."""
        dice = random.Random(seed)
        for number in iter(self.take, None):
            kind = dice.choice(FAULTS) if dice.random() < self.share else (good, "fine")
            outcome = self.attempt(kind[0], number)
            with self.lock:
                self.counts[outcome] = self.counts.get(outcome, 0) + 1
                if outcome not in kind[1].split():
                    self.wrong.append("%d: %s instead of %s" % (number, outcome, kind[1]))

    def attempt(self, call: Callable[..., Any], number: int) -> str:
        """What came of it: "fine", or a code."""
        try:
            call(self, number)
        except miniaxios.AxiosError as error:
            return error.code or "no code"
        except BaseException as error:
            return repr(error)
        return "fine"


def good(load: Load, number: int) -> None:
    """An ordinary request: each gets its own answer."""
    url, body = "%s/?%d" % (load.url, number), bytes(number % 5000)
    if number % 3:
        found = load.axios.get(url, response_type="text").data
        expected = "%d 0" % number
    else:
        found = load.axios.post(url, body, response_type="text", cancel_token=load.source.token).data
        expected = "%d %d" % (number, len(body))
    if found != expected:
        raise AssertionError("%s instead of %s" % (found, expected))


def get(path: str, **options: Any) -> Callable[[Load, int], Any]:
    """A request for that path."""
    return lambda load, number: load.axios.get(load.url + path, **options)


def cancelled(load: Load, number: int) -> None:
    """Cancelled while it waits."""
    source = miniaxios.CancelToken.source()
    timer = threading.Timer(0.01, source.cancel)
    timer.start()
    try:
        load.axios.get(load.url + "/silence", cancel_token=source.token)
    finally:
        timer.join()


def forgotten(load: Load, number: int) -> None:
    """A stream that nobody reads to its end."""
    load.axios.get(load.url + "/stream", response_type="stream").data.read(10)


def left(load: Load, number: int) -> None:
    """A stream that is closed early."""
    with load.axios.get(load.url + "/stream", response_type="stream") as response:
        response.data.read(10)


def failing_source(load: Load, number: int) -> None:
    """A body that ends in an exception."""

    def pieces() -> Any:
        yield bytes(20000)
        raise OSError(5, "no more")

    load.axios.post(load.url + "/", pieces())


def refused_upload(load: Load, number: int) -> None:
    """A refusal before the body was read."""
    if load.axios.post(load.url + "/early", bytes(1 << 20)).status != 413:
        raise AssertionError("not 413")


#: What goes wrong, and what may come of it.
FAULTS: List[Tuple[Callable[[Load, int], Any], str]] = [
    (get("/reset"), "ECONNRESET"),
    (get("/close"), "ECONNRESET"),
    (get("/half"), "ERR_BAD_RESPONSE"),
    (get("/half", response_type="stream", transform_response=lambda stream: stream.read()), "ERR_BAD_RESPONSE"),
    (get("/junk"), "ERR_BAD_RESPONSE"),
    (get("/refused"), "fine"),
    (get("/refused", validate_status=lambda status: status < 400), "ERR_BAD_RESPONSE"),
    (get("/silence", timeout=20), "ECONNABORTED"),
    (get("/cut-gzip"), "ERR_BAD_RESPONSE"),
    (get("/loop"), "ERR_FR_TOO_MANY_REDIRECTS"),
    (get("/stream", max_content_length=999), "ERR_BAD_RESPONSE"),
    (cancelled, "ERR_CANCELED"),
    (forgotten, "fine"),
    (left, "fine"),
    (failing_source, "ERR_BAD_REQUEST"),
    (refused_upload, "fine ECONNRESET"),
]


# -- what it costs -----------------------------------------------------------------------------------


#: What is sampled, and by how much it may grow: a factor, and so many more.
COSTS = [("file descriptors", 1.0, 4), ("threads", 1.0, 4), ("KiB of memory", 1.1, 2048), ("blocks", 1.02, 1000)]

#: The GNU C library gives each thread an arena of its own; they fill up for so long that a leak could hide.
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}


def sample() -> Sample:
    """What this process has of each of COSTS; 0 where that can't be told."""
    blocks = sys.getallocatedblocks()
    try:
        descriptors = len(os.listdir("/proc/self/fd"))
        with open("/proc/self/statm", "rb") as file:
            memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except (OSError, AttributeError, ValueError):
        return 0, threading.active_count(), 0, blocks
    return descriptors, threading.active_count(), memory, blocks


def watch(load: Load, pipe: Any, over: threading.Event) -> List[Tuple[int, Sample]]:
    """(requests done, sample) about a hundred times; tells the server to tidy up too."""
    samples = []
    step = max(1, load.requests // 100)
    while not over.wait(0.05):
        if load.done >= len(samples) * step:
            samples.append((load.done, sample()))
            pipe.write(b"tidy\n")
            pipe.flush()
    return samples


def grown(samples: List[Tuple[int, Sample]]) -> List[str]:
    """What is not flat: the last quarter against the second one, the first being the warming up.

    Medians, for what is in use just then goes up and down.
    """
    quarter = len(samples) // 4
    if quarter < 10:
        return []  # too few to tell
    wrong = []
    for at, (name, share, most) in enumerate(COSTS):
        early_on, at_last = (
            sorted(each[at] for _, each in part)[quarter // 2]
            for part in (samples[quarter : 2 * quarter], samples[-quarter:])
        )
        if at_last > early_on * share + most:
            wrong.append("%s grew from %d to %d" % (name, early_on, at_last))
    return wrong


def measure(url: str, pipe: Any, arguments: Any) -> int:
    """Runs, prints, judges; the exit code."""
    load = Load(url, arguments.requests, arguments.faults, arguments.threads)
    over = threading.Event()
    before = sample()
    samples: List[Tuple[int, Sample]] = []
    watcher = threading.Thread(target=lambda: samples.extend(watch(load, pipe, over)))
    watcher.start()
    began = time.monotonic()
    load.run()
    seconds = time.monotonic() - began
    over.set()
    watcher.join()
    wrong = load.wrong + grown(samples)
    pool = load.agent.pool
    if any(origin.leases or origin.waiting for origin in pool._origins.values()):
        wrong.append("a slot is not free")
    if load.source.token._switch.is_watched:
        wrong.append("the token is still listened to")
    load.agent.close()
    if sample()[0] > before[0]:
        wrong.append("file descriptors are left: %d, before %d" % (sample()[0], before[0]))
    show(load, seconds, before, samples, wrong)
    return 1 if wrong else 0


def show(load: Load, seconds: float, before: Any, samples: List[Any], wrong: List[str]) -> None:
    """The summary."""
    print("%d requests in %.1f s on %d threads, %d sockets: %d a second" % (
        load.done, seconds, load.threads, SOCKETS, load.done / seconds,
    ))  # fmt: skip
    for outcome, count in sorted(load.counts.items(), key=lambda item: -item[1]):
        print("%8d %s" % (count, outcome))
    print("requests  files  threads      KiB   blocks")
    picked = [(number, *each) for number, each in samples[:: max(1, len(samples) // 10)]]
    for row in [(0, *before), *picked, (load.done, *sample())]:
        print("%8d %6d %8d %8d %8d" % row)
    print("\n".join(wrong) if wrong else "flat, and every answer was the right one")


def main() -> int:
    """Reads the arguments; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=100000)
    parser.add_argument("--faults", type=float, default=1.0, help="per cent")
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve_until_told()
    if os.name == "posix" and "MALLOC_ARENA_MAX" not in os.environ:
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, "-m", "tests.load", *sys.argv[1:]], {**os.environ, **ONE_ARENA})
    command = [sys.executable, "-m", "tests.load", "--serve"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        if server.stdin is None or server.stdout is None:
            return 1
        url = server.stdout.readline().decode().strip()
        try:
            return measure(url, server.stdin, arguments)
        finally:
            server.stdin.close()


if __name__ == "__main__":
    sys.exit(main())
