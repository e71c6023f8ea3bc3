"""The two servers that exchanges are replayed against; they answer as those of make_vectors.js were told."""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack

import miniaxios
from miniaxios.agent import shared_agent
from miniaxios.wire.available_codings import accept_encoding
from tests.golden.values import Decoder, encode
from tests.support.server import Peer, Server, closed_port


class Stage:
    """Two servers on the loopback and what they are to answer; enter it before an exchange is replayed."""

    def __init__(self):
        self.routes = {}
        self.requests = []
        self.arrived = None
        self._noted = threading.Condition()
        self._open = ExitStack()

    def __enter__(self):
        enter = self._open.enter_context
        self.origins = {name: enter(Server.handler(self._answerer(name))).url("") for name in "AB"}
        self.origins["closed"] = "http://127.0.0.1:%d" % enter(closed_port())
        self._open.callback(shared_agent().close)
        return self

    def __exit__(self, *details):
        self._open.__exit__(*details)

    @property
    def places(self):
        """What {A}, {A.host}, {A.port} and the like stand for."""
        found = dict(self.origins)
        for name, origin in self.origins.items():
            found[name + ".host"] = origin.partition("//")[2]
            found[name + ".port"] = origin.rpartition(":")[2]
        return found

    def masked(self, text):
        """`text` with the names of the places in it."""
        for name, origin in self.origins.items():
            text = text.replace(origin, "{%s}" % name)
            text = text.replace(origin.partition("//")[2], "{%s.host}" % name)
        return text

    def _answerer(self, name):
        def answer(request):
            with self._noted:
                self.requests.append(self._recorded(name, request))
                self._noted.notify_all()
            table = self.routes.get(name, {})
            reply = table.get(request.path) or table.get("*") or {}
            if self.arrived is not None:
                self.arrived()
            return ENDINGS.get(reply.get("then")) or self.reply_bytes(reply, request.method)

        return answer

    def await_requests(self, count):
        """Waits for that many, where the client may be done before the server has seen them."""
        with self._noted:
            self._noted.wait_for(lambda: len(self.requests) >= count, 5)

    def reply_bytes(self, reply, method):
        """The bytes that make_vectors.js sends for it."""
        if "raw" in reply:
            return reply["raw"].encode("latin-1") or None
        status = reply.get("status", 200)
        decoder = Decoder(self.places)
        body = decoder.value(reply.get("body", ""))
        body = body.encode() if isinstance(body, str) else body
        bodiless = status in (204, 304)
        lines = ["HTTP/1.1 %d %s" % (status, reply.get("reason", "Reason"))]
        lines += ["%s: %s" % (name, decoder.text(value)) for name, value in reply.get("headers", [])]
        if reply.get("framing") == "chunked":
            lines.append("Transfer-Encoding: chunked")
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        elif reply.get("framing") != "close" and not bodiless:
            lines.append("Content-Length: %d" % (len(body) + reply.get("missing", 0)))
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        return head if bodiless or method == "HEAD" else head + body

    def _recorded(self, server, request):
        headers, boundary = [], None
        for name, value in request.headers:
            if _is_clients_own(name.lower(), value):
                continue
            found = re.search("boundary=([^;]+)", value) if name.lower() == "content-type" else None
            if found and not re.match("given|bad ", found.group(1)):
                boundary = found.group(1)
                value = value.replace(boundary, "BOUNDARY")
            headers.append([SPELLED.get(name.lower(), name), self.masked(value)])
        body = request.body
        if boundary is None and re.match(rb"--miniaxios-.*--\r\n\Z", body, re.DOTALL):
            boundary = body.partition(b"\r\n")[0][2:].decode()
        if boundary is not None:
            headers = [pair for pair in headers if pair[0].lower() != "content-length"]
            body = body.replace(boundary.encode(), b"BOUNDARY")
        try:
            shown = body.decode("utf-8")
        except UnicodeDecodeError:
            shown = encode(body)
        return {
            "server": server,
            "method": request.method,
            "target": self.masked(request.target),
            "headers": sorted(headers, key=lambda pair: pair[0].lower()),
            "body": shown,
        }


def _is_clients_own(name, value):
    if name in ("host", "connection"):
        return not value.startswith("x.example")
    own = {"user-agent": "miniaxios/" + miniaxios.__version__, "accept-encoding": accept_encoding()}
    return own.get(name) == value


#: axios spells these two its own way; on the wire the spelling means nothing.
SPELLED = {"content-type": "Content-Type", "authorization": "Authorization"}
ENDINGS = {"hang": Peer.hold, "reset": Peer.reset, "close": Peer.close}
