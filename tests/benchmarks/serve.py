"""The server in Python: python -m tests.benchmarks.serve FOLDER [nginx -c FILE]

Serves what nginx can't (a slow answer, silence, dripping, an echo, a sink for uploads that tells how much it
got) and, where there is no nginx, the rest as well. Also keeps nginx, if told to: it ends when standard input
does, nginx with it, so nothing stays behind however the benchmark ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import subprocess
import sys
import threading
import zlib

from ..support.tls import server_context
from .environment import share_a_core
from .payloads import MORE_HEADERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

SLOW = 0.010
DRIPS = 40
PAUSE = 0.05

ROUTES: Dict[str, Callable[[Conversation], None]] = {}


def route(path: str) -> Callable[[Any], Any]:
    """A decorator: this is what that path does, once the request is in."""

    def keep(function: Callable[[Conversation], None]) -> Any:
        ROUTES[path] = function
        return function

    return keep


def answer(body: bytes, more: str = "", kind: str = "application/json") -> bytes:
    """A whole response."""
    head = "HTTP/1.1 200 OK\r\nServer: python\r\nDate: Tue, 03 Feb 2026 10:15:30 GMT\r\nContent-Type: %s\r\n"
    head += "Content-Length: %d\r\n%s\r\n"
    return (head % (kind, len(body), more or "Connection: keep-alive\r\n")).encode() + body


class Conversation(asyncio.BufferedProtocol):
    """One connection. Bodies need a Content-Length."""

    folder = ""
    ready: Dict[str, bytes] = {}

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        self.transport = transport
        self.space = bytearray(1 << 18)
        self.head = b""
        self.left = -1  # -1: the head is not in yet
        self.received = self.crc = 0
        self.body = b""
        self.must_sum = False

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to read to."""
        return self.space

    def buffer_updated(self, nbytes: int) -> None:
        """Some of it came. Of an upload nothing is kept, and a checksum made only where it is asked for."""
        if self.left > 0:
            self.take(memoryview(self.space)[:nbytes])
        else:
            self.head += self.space[:nbytes]
        while self.left < 0 and b"\r\n\r\n" in self.head:
            self.begin()

    def begin(self) -> None:
        """A head is in."""
        head, _, rest = self.head.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.path = lines[0].split(" ")[1]
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        self.left = int(fields.get("content-length", "0"))
        self.head = b""
        self.received = self.crc = 0
        self.body = b""
        self.must_sum = "x-sum" in fields
        if fields.get("expect") == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, self.head = rest[: self.left], rest[self.left :]
        self.take(memoryview(body))

    def take(self, data: memoryview) -> None:
        """Some of the body, perhaps the last of it."""
        self.received += len(data)
        self.left -= len(data)
        if self.must_sum:
            self.crc = zlib.crc32(data, self.crc)
        if self.received <= 1 << 16:
            self.body += data
        if self.left == 0:
            self.left = -1
            self.respond()

    def respond(self) -> None:
        """The request is in."""
        if self.path in self.ready:
            self.transport.write(self.ready[self.path])
            if self.path == "/close":
                self.transport.close()
        else:
            ROUTES.get(self.path, lost)(self)

    def send_file(self, name: str) -> None:
        """A file, without reading it."""
        path = os.path.join(self.folder, name)
        length = "Content-Length: %d\r\n\r\n" % os.path.getsize(path)
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n" + length.encode()
        )
        asyncio.ensure_future(self._send_file(path))

    async def _send_file(self, path: str) -> None:
        with open(path, "rb") as file:
            await asyncio.get_event_loop().sendfile(self.transport, file)

    def drip(self, before: bytes) -> None:
        """A byte now and then; ends by itself, or with the client."""
        self.transport.write(before)

        def next_drop(left: int) -> None:
            if left and not self.transport.is_closing():
                self.transport.write(b"x")
                asyncio.get_event_loop().call_later(PAUSE, next_drop, left - 1)
            else:
                self.transport.close()

        next_drop(DRIPS)


def lost(conversation: Conversation) -> None:
    """No such path."""
    conversation.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@route("/slow")
def slow(conversation: Conversation) -> None:
    """10 ms after the request came."""
    asyncio.get_event_loop().call_later(SLOW, conversation.transport.write, conversation.ready["/small"])


@route("/silent")
def silent(conversation: Conversation) -> None:
    """Nothing, as long as the client waits."""


@route("/drip-head")
def drip_head(conversation: Conversation) -> None:
    """A header that does not end."""
    conversation.drip(b"HTTP/1.1 200 OK\r\nX-Long: ")


@route("/drip-body")
def drip_body(conversation: Conversation) -> None:
    """A body that does not end."""
    conversation.drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n")


@route("/echo")
def echo(conversation: Conversation) -> None:
    """The body again."""
    conversation.transport.write(answer(conversation.body))


@route("/upload")
def upload(conversation: Conversation) -> None:
    """How much came."""
    told = {"received": conversation.received, "crc": conversation.crc}
    conversation.transport.write(answer(json.dumps(told).encode()))


@route("/buffered")
def buffered(conversation: Conversation) -> None:
    """64 MiB."""
    conversation.send_file("buffered")


@route("/streamed")
def streamed(conversation: Conversation) -> None:
    """256 MiB."""
    conversation.send_file("streamed")


def prepared(folder: str) -> Dict[str, bytes]:
    """The answers that are the same each time."""

    def read(name: str) -> bytes:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    small = read("small.json")
    more = "Connection: keep-alive\r\n" + "".join("%s: %s\r\n" % pair for pair in MORE_HEADERS.items())
    coded = "Connection: keep-alive\r\nContent-Encoding: gzip\r\n"
    return {
        "/small": answer(small),
        "/headers": answer(small, more),
        "/close": answer(small, "Connection: close\r\n"),
        "/post": answer(small),
        "/large": answer(read("large.json.gz"), coded),
        "/small-gzip": answer(read("small.json.gz"), coded),
    }


async def listen() -> List[int]:
    """The ports, plain and TLS."""
    loop = asyncio.get_event_loop()
    plain = await loop.create_server(Conversation, "127.0.0.1", 0, backlog=1024)
    secure = await loop.create_server(Conversation, "127.0.0.1", 0, backlog=1024, ssl=server_context())
    return [server.sockets[0].getsockname()[1] for server in (plain, secure)]


def end_with_input(nginx: Any) -> None:
    """Waits for the end of standard input, then ends nginx and this process."""
    sys.stdin.buffer.read()
    if nginx is not None:
        nginx.terminate()
        nginx.wait()
    os._exit(0)


def main(arguments: List[str]) -> None:
    """Serves until standard input ends; first prints the ports as JSON."""
    share_a_core()
    Conversation.folder = arguments[0]
    Conversation.ready = prepared(arguments[0])
    # Other selectors round the waiting time up to a millisecond, a tenth of what /slow waits.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    asyncio.set_event_loop(loop)
    nginx = subprocess.Popen(arguments[1:], stdin=subprocess.DEVNULL) if arguments[1:] else None
    threading.Thread(target=end_with_input, args=(nginx,), daemon=True).start()
    print(json.dumps(loop.run_until_complete(listen())), flush=True)
    loop.run_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
