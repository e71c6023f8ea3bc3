"""Ctrl-C in every phase of a call, for test_faults_processes: python3 -m tests.support.interrupts

For each phase a call is made on the main thread, and a signal sent to it once the call is there. Prints one
line of JSON for each: the phase, and what is wrong (an empty list, where all is well).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

from miniaxios import Agent, Axios

from .messages import Request
from .peer import Peer
from .proxy import Proxy
from .server import BlackHole, Server
from .tls import CA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

TIMEOUT = 20000


class Phases:
    """The calls; each sets `reached` when it is where it is to be interrupted, or all but."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.over = threading.Event()
        self.agent = Agent(max_sockets=1, ca=CA)
        self.axios = Axios(
            {"http_agent": self.agent, "https_agent": self.agent, "proxy": False, "timeout": TIMEOUT}
        )
        self.server = Server(self.serve)

    def serve(self, conn: Peer) -> None:
        while True:
            request = conn.read_head(patient=True)
            if request is None:
                return
            if request.path == "/good":
                conn.read_body(request)
                conn.respond(body=b"good")
            else:
                self.stall(conn, request)
                return

    def stall(self, conn: Peer, request: Request) -> None:
        if request.path == "/body":
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
        if request.path == "/late":
            conn.pause(0.2)
        self.reached.set()
        if request.path == "/upload":
            conn.server.closing.wait(20)  # reads no more
        conn.hold()

    # -- each returns when it was not interrupted ------------------------------------------------------

    def dns(self) -> None:
        """In the resolver, on a thread of its own."""

        def lookup(name: str) -> str:
            self.reached.set()
            self.over.wait(20)
            return "127.0.0.1"

        self.axios.get(self.server.url("/", host="name.test"), lookup=lookup)

    def connect(self) -> None:
        """No answer to the connect."""
        with BlackHole() as hole:
            self.reached.set()
            self.axios.get(hole.url())

    def pool(self) -> None:
        """Another call has the one slot."""
        with self.axios.get(self.server.url("/body"), response_type="stream"):
            self.axios.get(self.server.url("/waits"))

    def tls(self) -> None:
        """No answer to the hello."""

        def script(conn: Peer) -> None:
            self.reached.set()
            conn.hold()

        with Server(script) as silent:
            self.axios.get("https://127.0.0.1:%d/" % silent.port)

    def proxy(self) -> None:
        """No answer to CONNECT."""

        def script(conn: Peer) -> None:
            self.reached.set()
            conn.hold()

        with Proxy(connect=script) as silent:
            self.axios.get("https://origin.test/", proxy=silent.url(""))

    def upload(self) -> None:
        """The server takes no more."""
        self.axios.post(self.server.url("/upload"), bytes(30 << 20))

    def head(self) -> None:
        """No answer."""
        self.axios.get(self.server.url("/head"))

    def head_without_deadline(self) -> None:
        """No answer, and no deadline."""
        self.axios.get(self.server.url("/late"), timeout=0)

    def body(self) -> None:
        """Half a body."""
        self.axios.get(self.server.url("/body"))

    def stream(self) -> None:
        """Half a body, which is read piece by piece."""
        with self.axios.get(self.server.url("/body"), response_type="stream") as response:
            response.data.read()

    def promise(self) -> None:
        """Waiting for a promise: the call on the other thread goes on, and is cancelled here."""
        from miniaxios import CancelToken

        source = CancelToken.source()
        promise = self.axios.promises.get(self.server.url("/head"), cancel_token=source.token)
        try:
            promise.result()
        finally:
            source.cancel()
            promise.exception(10)


NAMES = [name for name, value in vars(Phases).items() if callable(value) and name not in ("serve", "stall")]
NAMES = [name for name in NAMES if not name.startswith("_")]


def press(phases: Phases, main: int) -> None:
    """Sends the signal once the call is where it should be; again where it came too early."""
    phases.reached.wait(10)
    time.sleep(0.05)  # from "about to sleep" to "asleep"
    signal.pthread_kill(main, signal.SIGINT)


def sockets() -> List[str]:
    """The sockets of this process."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink("/proc/self/fd/" + name))
        except OSError:
            continue
    return sorted(name for name in found if name.startswith("socket:"))


def settles(check: Callable[[], bool]) -> bool:
    """Whether it becomes true within some seconds: servers close their ends in their own time."""
    end = time.monotonic() + 5
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def interrupted(name: str) -> List[str]:
    """What is wrong when that phase is interrupted."""
    wrong: List[str] = []
    before, threads = sockets(), set(threading.enumerate())
    phases = Phases()
    with phases.server:
        presser = threading.Thread(target=press, args=(phases, threading.get_ident()))
        presser.start()
        try:
            getattr(phases, name)()
            wrong.append("it was not interrupted")
        except KeyboardInterrupt as error:
            if error.__cause__ is not None:
                wrong.append("it was raised from something")
        except BaseException as error:
            wrong.append("it became %r" % error)
        presser.join()
        pool = phases.agent.pool
        if any(origin.leases or origin.waiting for origin in pool._origins.values()):
            wrong.append("a slot is not free")
        phases.over.set()
        if phases.axios.get(phases.server.url("/good")).data != "good":
            wrong.append("the next answer is another's")
    phases.agent.close()
    if not settles(lambda: sockets() == before):
        wrong.append("sockets are left: %r" % sockets())
    if not settles(lambda: set(threading.enumerate()) <= threads):
        wrong.append("threads are left: %r" % threading.enumerate())
    return wrong


def main() -> None:
    """All phases, or those named."""
    for name in sys.argv[1:] or NAMES:
        result: Dict[str, Any] = {"phase": name, "wrong": interrupted(name)}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
