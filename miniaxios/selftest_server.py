"""The server of the self-test: tells in JSON what it was asked, over plain sockets on the loopback."""

from __future__ import annotations

import json
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Iterable, List, Optional, Tuple


class EchoServer:
    """Listens on a free port of 127.0.0.1; a context manager that leaves no thread and no socket behind."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(32)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._connections: List[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> EchoServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._listener, *self._connections):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the peer was first
            finally:
                sock.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            with sock.makefile("rb") as file:
                request = _read_request(file)
                while request is not None:
                    answer = _answer(request)
                    if answer is not None:
                        sock.sendall(answer)
                    request = _read_request(file)
        except OSError:
            return  # the client went away, as it does in the rows about timeouts and cancelling


def _read_request(file: BinaryIO) -> Optional[Dict[str, Any]]:
    line = file.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split()
    headers: Dict[str, str] = {}
    while True:
        line = file.readline()
        if line in (b"\r\n", b""):
            break
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = file.read(int(headers.get("content-length", 0)))
    return {"method": method, "target": target, "headers": headers, "body": body.decode("latin-1")}


def _answer(request: Dict[str, Any]) -> Optional[bytes]:
    """The bytes of the response; None for a request that is never answered."""
    _, _, rest = request["target"].partition("/")
    kind, _, argument = rest.partition("/")
    if kind == "silence":
        return None
    if kind == "bytes":
        return _response(200, "application/octet-stream", b"x" * int(argument))
    if kind == "xml":
        return _response(200, "text/xml", b"<root><leaf/></root>")
    if kind == "redirect":
        left = int(argument) - 1
        return _response(302, "text/plain", b"", [("Location", f"/redirect/{left}" if left else "/")])
    cookies = [("Set-Cookie", "XSRF-TOKEN=token; Path=/")] if kind == "cookie" else []
    status = int(argument) if kind == "status" else 200
    shown = json.dumps(request).encode()
    if "gzip" in request["headers"].get("accept-encoding", "") and status == 200:
        shown, cookies = _gzipped(shown), [*cookies, ("Content-Encoding", "gzip")]
    if request["method"] == "HEAD":
        shown = b""
    return _response(status, "application/json", shown, cookies)


def _gzipped(data: bytes) -> bytes:
    import zlib

    coder = zlib.compressobj(wbits=31)
    return coder.compress(data) + coder.flush()


def _response(status: int, media_type: str, body: bytes, headers: Iterable[Tuple[str, str]] = ()) -> bytes:
    lines = [f"HTTP/1.1 {status} OK", f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
