"""A thousand threads on one agent, and `python -m tests.load` in small."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from miniaxios import Agent, Axios, AxiosError, CancelToken

from .load import ROOT
from .support.messages import Reply
from .support.server import Server

CROWD = 1000
SOCKETS = 10


@pytest.fixture
def small_stacks():
    before = threading.stack_size(256 * 1024)
    yield
    threading.stack_size(before)


class Crowd:
    """A thousand calls of one agent at once, each on a thread."""

    def __init__(self, agent, url, call=None):
        self.axios = Axios({"http_agent": agent, "proxy": False, "timeout": 60000})
        self.url = url
        self.call = call or self.echo
        self.barrier = threading.Barrier(CROWD + 1)
        self.outcomes = {}
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(CROWD)]

    def echo(self, number):
        return self.axios.get("%s/%d" % (self.url, number), response_type="text").data

    def work(self, number):
        self.barrier.wait(60)
        try:
            self.outcomes[number] = self.call(number)
        except BaseException as error:
            self.outcomes[number] = error

    def start(self):
        for thread in self.threads:
            thread.start()
        self.barrier.wait(60)

    def join(self):
        for thread in self.threads:
            thread.join(60)
        assert len(self.outcomes) == CROWD, "some hang"
        return self.outcomes


class Gate:
    """Answers that wait until it is opened; counts who waits."""

    def __init__(self):
        self.open = threading.Event()
        self.full = threading.Event()
        self.lock = threading.Lock()
        self.busy = 0
        self.most = 0

    def __call__(self, request):
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
            if self.busy == SOCKETS:
                self.full.set()
        if not self.open.is_set():
            request.peer.wait(self.open, 60)
        with self.lock:
            self.busy -= 1
        return Reply(request.target[1:])


class House:
    """A gate for the crowd, and a second one for those who look whether all is well afterwards."""

    def __init__(self):
        self.gate = Gate()
        self.again = Gate()

    def __call__(self, request):
        return (self.again if request.path == "/again" else self.gate)(request)


def wait_for(check):
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def waiting(agent):
    return sum(len(origin.waiting) for origin in tuple(agent.pool._origins.values()))


def assert_all_slots(agent, server, gate):
    """All sockets of the agent can still be used at once, no more, and nobody has one now."""
    assert not any(origin.leases or origin.waiting for origin in agent.pool._origins.values())
    axios = Axios({"http_agent": agent, "proxy": False, "timeout": 30000})
    found = []

    def work():
        found.append(axios.get(server.url("/again")).data)

    threads = [threading.Thread(target=work) for _ in range(SOCKETS + 5)]
    for thread in threads:
        thread.start()
    assert gate.full.wait(10), "a slot is lost"
    gate.open.set()
    for thread in threads:
        thread.join()
    assert found == ["again"] * (SOCKETS + 5) and gate.most == SOCKETS


def test_a_thousand_threads(no_leaks, small_stacks):
    """Every answer belongs to its request; ten sockets are enough, and more are not made."""
    house = House()
    with Server.handler(house) as server, Agent(max_sockets=SOCKETS) as agent:
        crowd = Crowd(agent, server.url(""))
        crowd.start()
        assert house.gate.full.wait(30)
        wait_for(lambda: waiting(agent) == CROWD - SOCKETS)
        house.gate.open.set()
        assert crowd.join() == {number: str(number) for number in range(CROWD)}
        assert server.connections == SOCKETS and house.gate.most == SOCKETS
        assert_all_slots(agent, server, house.again)


def test_waiting_counts_against_the_deadline(no_leaks, small_stacks):
    house = House()
    with Server.handler(house) as server, Agent(max_sockets=SOCKETS) as agent:
        crowd = Crowd(agent, server.url(""))
        crowd.axios.defaults["timeout"] = 800
        began = time.monotonic()
        crowd.start()
        for outcome in crowd.join().values():
            assert isinstance(outcome, AxiosError) and outcome.code == "ECONNABORTED", outcome
        assert 0.7 <= time.monotonic() - began < 15
        house.gate.open.set()
        assert_all_slots(agent, server, house.again)


def test_the_waiting_can_be_cancelled(no_leaks, small_stacks):
    """All at once, by the token that they share; who has another, or none, is served."""
    house = House()
    source = CancelToken.source()
    spared = set(range(0, CROWD, 10))

    def call(number):
        token = None if number in spared else source.token
        url = "%s/%d" % (crowd.url, number)
        return crowd.axios.get(url, response_type="text", cancel_token=token).data

    with Server.handler(house) as server, Agent(max_sockets=SOCKETS) as agent:
        crowd = Crowd(agent, server.url(""), call)
        crowd.start()
        assert house.gate.full.wait(30)
        wait_for(lambda: waiting(agent) == CROWD - SOCKETS)
        pressed = time.monotonic()
        source.cancel("enough")
        wait_for(lambda: len(crowd.outcomes) >= CROWD - len(spared))
        assert time.monotonic() - pressed < 10
        house.gate.open.set()
        for number, outcome in crowd.join().items():
            assert outcome == str(number) if number in spared else outcome is source.token.reason
        assert not source.token._switch.is_watched
        assert_all_slots(agent, server, house.again)


def test_load_in_small():
    """The command of this folder, with many faults."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.load", "--requests", "1500", "--faults", "20"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert b"flat" in done.stdout
