"""What all tests of faults share: a server that goes wrong on demand, and what has to be true afterwards.

    with Scene(lambda conn, request: conn.reset()) as scene:
        scene.fails("ECONNRESET")
        scene.recovers()

A Scene has an Agent with one connection per origin and one token for all its calls; every call carries a
secret in a header. `recovers` shows that no slot, connection or subscription was left behind, and that the
next request of the same agent to the same origin gets its own answer. Threads and sockets are the affair of
the fixture `no_leaks`.
"""

from __future__ import annotations

import json
import time

import pytest

from miniaxios import Agent, Axios, AxiosError, CancelToken

from .server import Peer, Server
from .tls import CA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from .messages import Request

    Fault = Callable[[Peer, Request], Any]

GOOD = "/good"
SECRET = "hunter2-of-the-caller"

#: Seconds within which a call without a deadline fails: only a test that fails waits so long.
PATIENCE = 5.0


class Scene:
    """A server with a fault, and a client.

    Args:
        fault: called with the Peer and the Request (its body is not read yet) for every path but GOOD; the
            connection is closed when it returns, unless it returns True.
        tls: as for Server.
        agent: options of the Agent.

    Attributes:
        server, agent, axios, source: source is the one of the token.
    """

    def __init__(self, fault: Optional[Fault] = None, *, tls: Any = None, **agent: Any) -> None:
        self.fault = fault if fault is not None else lambda conn, request: conn.hold()
        self.server = Server(self._script, tls=tls)
        self.agent = Agent(max_sockets=1, ca=CA, **agent)
        self.source = CancelToken.source()
        self.axios = Axios(
            {
                "http_agent": self.agent,
                "https_agent": self.agent,
                "proxy": False,
                "cancel_token": self.source.token,
                "timeout": 20000,  # for tests that fail: none hangs
                "headers": {"Authorization": "Bearer " + SECRET},
            }
        )

    def __enter__(self) -> Scene:
        self.server.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self.agent.close()
        self.server.__exit__(*details)

    def url(self, path: str = "/fault") -> str:
        """The URL of a path; by a name that the certificate knows."""
        return self.server.url(path, host="localhost" if self.server.tls else None)

    def _script(self, conn: Peer) -> None:
        while True:
            request = conn.read_head(patient=True)
            if request is None:
                return
            if request.path.startswith(GOOD):
                conn.read_body(request)
                conn.respond(body=request.target)
            elif self.fault(conn, request) is not True:
                return

    def fails(self, code: Any, call: Optional[Callable[[], Any]] = None, **options: Any) -> AxiosError:
        """A call fails, with one of the codes, in time; returns the error.

        call: what to do; by default a request for /fault with these options, a stream being read as well.
        """
        codes = (code,) if isinstance(code, str) else code
        began = time.monotonic()
        with pytest.raises(AxiosError) as caught:
            if call is not None:
                call()
            else:
                response = self.axios.request({"url": self.url(), **options})
                if options.get("response_type") == "stream":
                    with response:
                        response.data.read()
        elapsed = time.monotonic() - began
        check_error(caught.value, codes)
        demand(elapsed < PATIENCE, "it took %.1f s" % elapsed)
        if "timeout" in options and caught.value.code == "ECONNABORTED":
            demand(elapsed >= options["timeout"] / 1000 - 0.01, "it gave up after %.3f s" % elapsed)
            demand(isinstance(caught.value, TimeoutError), "it is no TimeoutError")
        return caught.value

    def at_rest(self) -> None:
        """Nobody has a slot, waits for one, or listens to the token."""
        pool = self.agent.pool
        taken = any(each.leases or each.waiting for each in pool._origins.values())
        demand(not (pool._returned or taken), "a slot is not free")
        demand(not self.source.token._switch.is_watched, "the token is still listened to")

    def recovers(self, fresh: bool = True) -> None:
        """All is at rest, and the next request gets its own answer, on a new connection if `fresh`."""
        self.at_rest()
        before = self.server.requests
        used = before[-1].peer if before else None
        path = "%s/%d" % (GOOD, len(before))
        found = self.axios.get(self.url(path), timeout=10000).data
        demand(found == path, "the next answer is another's: %r" % found)
        if used is not None and fresh:
            demand(self.server.requests[-1].peer is not used, "a broken connection was used again")
        self.at_rest()


def check_error(error: Any, codes: Any) -> None:
    """What holds for every error: a code, a config, and no secret in any of its forms."""
    demand(error.code in codes, "%s: %r" % (error.code, error))
    # A token's reason is one object for all its calls: it has the config of none.
    demand(error.config is not None or error.code == "ERR_CANCELED", "it has no config")
    shown = "%s %r %s" % (error, error, json.dumps(error.to_json(), default=repr))
    demand(str(error) and SECRET not in shown, "it shows a secret, or nothing: " + shown)


def demand(what: Any, message: str) -> None:
    """What ``assert`` does in test modules, also under ``python -O``."""
    if not what:
        raise AssertionError(message)
