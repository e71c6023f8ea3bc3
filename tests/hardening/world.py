"""Where each probe is tried: the servers, the routes to them, the ways to ask, and the verdict.

    with World() as world:
        assert world.problems(probe) == []

A probe is tried as an answer to the first request of a connection, to the one after a good exchange, and to
the one that a redirect asked for; asked for in whole, as a stream and by a promise. A route has three of these
nine, all routes together have them all; with MINIAXIOS_HYPOTHESIS=long each route has them all. After each the
agent is asked for something good, which has to come over another connection where the first is spoiled.
Verdicts are lists of sentences, so that they count under `python -O` too.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack

from miniaxios import Agent, AxiosError, axios

from ..support.server import Peer, Reply, Server
from ..support.tls import CA, server_context
from .probes import BY_KEY, PROBES, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

PATIENCE = 20  # seconds
SECRETS = ("t0ken", "pa55word")
ROUTES = ("direct", "proxy", "tls", "tunnel")
WAYS = ("whole", "stream", "promise")
PLACES = ("first", "second", "redirect")


class Outcome:
    """What came of one request: `data` (bytes, its body) or `error`; `headers` of the answer."""

    def __init__(self) -> None:
        self.data: Optional[bytes] = None
        self.error: Optional[AxiosError] = None
        self.headers: Any = {}

    @property
    def short(self) -> Any:
        """The body, or the error's code."""
        return self.data if self.error is None else self.error.code


def ask(way: str, url: str, **options: Any) -> Outcome:
    """A request, made in one of the WAYS, and read to its end."""
    outcome = Outcome()
    options = {"timeout": PATIENCE * 1000, "headers": {"Authorization": "Bearer t0ken"}, **options}
    try:
        if way == "promise":
            response = axios.promises.request(url, response_type="arraybuffer", **options).result(PATIENCE + 5)
        else:
            kind = "stream" if way == "stream" else "arraybuffer"
            response = axios.request(url, response_type=kind, **options)
        with response:
            outcome.headers = response.headers
            outcome.data = response.data.read() if way == "stream" else response.data
    except AxiosError as error:
        outcome.error = error
        if getattr(error.response, "data", None) is not None and way == "stream":
            error.response.data.close()
    return outcome


def renderings(error: AxiosError) -> str:
    """Everything in which an error shows itself."""
    return "\n".join([str(error), repr(error), json.dumps(error.to_json(), default=repr), repr(error.__cause__)])


class World:
    """A server that answers as the path says, plain and with TLS.

    `/fine`: a good answer; `/answer/KEY`: that probe's; `/moved/KEY`: a redirect to it. As a proxy it takes
    the same paths in absolute form; CONNECT to `origin.test:443`, where it goes on as the origin itself; and
    CONNECT to `KEY.test:443`, which it answers as the probe says.
    """

    def __init__(self) -> None:
        self.plain = Server(self._serve)
        self.tls = Server(self._serve, tls=True)
        self.names = server_context("names")
        self.faults: List[str] = []
        #: Where the last bad answer went out.
        self.culprit: Optional[Peer] = None
        self._stack = ExitStack()

    def __enter__(self) -> World:
        for server in (self.plain, self.tls):
            self._stack.enter_context(server)
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.__exit__(*details)

    # -- the servers' side -----------------------------------------------------------------------------

    def _serve(self, conn: Peer) -> None:
        while True:
            request = conn.read_head(patient=True)
            if request is None:
                return
            if request.target == "origin.test:443":
                conn.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                conn.start_tls(self.names)
                continue
            if request.method == "CONNECT":
                probe = BY_KEY[request.target.partition(".")[0]]
                # An answer that is only a good head makes a tunnel, of which it then is the end.
                self._answer(conn, probe, callable(probe.answer) or probe.answer[-4:] != b"\r\n\r\n")
                return
            path = "/" + request.path.partition("://")[2].partition("/")[2] if "://" in request.path else request.path
            probe = BY_KEY.get(path.rpartition("/")[2])
            is_early = path.startswith("/answer/") and probe is not None and probe.id == "QUEUE_3"
            if not is_early:
                conn.read_body(request)
            if path.startswith("/moved/"):
                moved = Reply(b"elsewhere", 307, {"Location": "/answer/" + path.rpartition("/")[2]})
                conn.send(moved.wire(request.method))
            elif path.startswith("/answer/") and probe is not None:
                if not self._answer(conn, probe):
                    return
                if is_early:
                    conn.read_body(request)  # who has sent all of it before reading may go on
            else:
                conn.respond(200, {"X-Connection": name_of(conn)}, b"fine")

    def _answer(self, conn: Peer, probe: Probe, hold: bool = True) -> bool:
        """Whether the connection may go on."""
        self.culprit = conn
        if callable(probe.answer):
            probe.answer(conn)
        else:
            conn.send(probe.answer)
        if probe.then != "hold" or not hold:
            (conn.cut if probe.then == "cut" else conn.close)()
            return False
        if probe.again is not False:
            return True
        if not conn.wait_closed(PATIENCE):
            self.faults.append("the connection is left open")
        elif b" HTTP/1.1\r\n" in conn.buffer:
            self.faults.append("another request came over the connection")
        return False

    # -- the client's side -----------------------------------------------------------------------------

    def route(self, name: str, agent: Agent) -> Dict[str, Any]:
        """Options of a route, with the `base_url` that leads there."""
        options: Dict[str, Any] = {"http_agent": agent, "https_agent": agent, "proxy": False}
        if name in ("proxy", "tunnel"):
            options["base_url"] = "%s://origin.test" % ("http" if name == "proxy" else "https")
            options["proxy"] = self.plain.url("", userinfo="me:pa55word")
        else:
            options["base_url"] = (self.tls if name == "tls" else self.plain).url("")
        return options

    def problems(self, probe: Probe) -> List[str]:
        """What goes wrong with a probe, on all its routes; empty when nothing does."""
        return [text for route in probe.routes or ROUTES for text in self.problems_on(probe, route)]

    def problems_on(self, probe: Probe, route: str) -> List[str]:
        """What goes wrong with a probe on a route, in its ways and places."""
        found: List[str] = []
        for ways in _ways(probe, route):
            with Agent(ca=CA) as agent:
                options = self.route(route, agent)
                for way, place in zip(ways, PLACES):
                    for text in self._try(probe, way, place, options):
                        found.append("%s, %s, %s: %s" % (route, way, place, text))
        return found

    def _try(self, probe: Probe, way: str, place: str, options: Dict[str, Any]) -> List[str]:
        self.faults = found = []
        before = None if place == "first" else ask(way, "/fine", **options).headers.get("x-connection")
        self.culprit = None
        path = ("/moved/" if place == "redirect" else "/answer/") + probe.key
        outcome = ask(way, path, **{**options, **probe.options})
        found += self._judge(probe, outcome)
        culprit = self.culprit
        if culprit is None:
            return found + ["the probe was never asked for, but %r" % (outcome.error or outcome.data)]
        if before is not None and name_of(culprit) != before:
            found.append("%s is no second request, the first came on %s" % (name_of(culprit), before))
        return found + self._aftermath(probe, way, culprit, options)

    @staticmethod
    def _judge(probe: Probe, outcome: Outcome) -> List[str]:
        found = []
        if outcome.short != probe.expected:
            found.append("expected %r, got %r" % (probe.expected, outcome.error or outcome.data))
        if outcome.error is not None:
            shown = renderings(outcome.error)
            found += ["%s is shown" % secret for secret in SECRETS if secret in shown]
            found += ["the error has no config"] if outcome.error.config is None else []
        if outcome.headers.get("set-cookie"):
            found.append("a trailer became a header")
        return found

    @staticmethod
    def _aftermath(probe: Probe, way: str, culprit: Peer, options: Dict[str, Any]) -> List[str]:
        """The next request gets its own answer, over another connection where the first is spoiled."""
        found = []
        fine = ask(way, "/fine", **options)
        if fine.data != b"fine":
            found.append("the next request got %r" % (fine.error or fine.data))
        elif probe.again is not None and (fine.headers["x-connection"] == name_of(culprit)) is not probe.again:
            found.append("the connection was %sused again" % ("not " if probe.again else ""))
        if probe.again is False and probe.then == "hold" and not culprit.gone.wait(PATIENCE):
            found.append("the socket is left open")
        return found

    def problems_of_a_proxy(self, probe: Probe) -> List[str]:
        """The same bytes as the answer to CONNECT: whatever they are, no tunnel and no answer comes of them."""
        found: List[str] = []
        for way, *_ in _ways(probe, "proxy"):
            with Agent(ca=CA) as agent:
                options = {**self.route("proxy", agent), **probe.options}
                outcome = ask(way, "https://%s.test/" % probe.key, **{**options, "base_url": None})
            # What comes behind a good head in a segment of its own, or never, is read as TLS.
            if outcome.short not in ("ERR_BAD_RESPONSE", "EPROTO", "ECONNRESET"):
                found.append("%s: expected an error, got %r" % (way, outcome.error or outcome.data))
            elif outcome.error is not None and outcome.error.response is not None:
                found.append("%s: the proxy's words are shown as the origin's" % way)
        return found


def _ways(probe: Probe, route: str) -> List[List[str]]:
    """Rows of one way for each place. A row in turn: four routes see all three, so all nine pairs; or all rows."""
    turns = [[WAYS[(place + turn) % 3] for place in range(3)] for turn in range(3)]
    if os.environ.get("MINIAXIOS_HYPOTHESIS") == "long":
        return turns
    return [turns[(PROBES.index(probe) + ROUTES.index(route)) % 3]]


def name_of(conn: Peer) -> str:
    """Tells a connection from the others."""
    return "%s-%d" % (conn.server.scheme, conn.index)
