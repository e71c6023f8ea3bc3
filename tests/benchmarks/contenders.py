"""The clients, each used as its own documentation advises one who cares for speed: one session, kept alive.

Every contender has the same methods, or lacks those that it can't do:

| method | what it does | what it returns |
|---|---|---|
| `get(url)` | GET | the JSON, parsed |
| `post(url, document)` | POST of JSON | the JSON, parsed |
| `fetch(url)` | GET, all of it in memory, decoded | bytes |
| `stream(url, sink)` | GET, `sink(piece)` for pieces of at most 64 KiB | None |
| `upload(url, path, headers)` | POST of a file, of which the size is known | the JSON, parsed |

Libraries are imported where a contender is made, so that a process holds only its own.
"""

from __future__ import annotations

import json
import os

from .floor import PIECE, Contender, Floor, parts, trusting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

JSON_TYPE = {"Content-Type": "application/json"}


class HttpClient(Contender):
    """The baseline: bare http.client, one connection."""

    blocks = 8192 * 2

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        self._connections: Dict[Tuple[bool, str, int], Any] = {}

    def request(
        self, method: str, url: str, body: Any = None, headers: Optional[Dict[str, str]] = None
    ) -> Any:
        """The response, its body not read."""
        from http.client import HTTPConnection, HTTPSConnection

        secure, host, port, path = parts(url)
        connection = self._connections.get((secure, host, port))
        if connection is None:
            if secure:
                connection = HTTPSConnection(host, port, context=trusting(self.ca), blocksize=self.blocks)
            else:
                connection = HTTPConnection(host, port, blocksize=self.blocks)
            self._connections[secure, host, port] = connection
        connection.request(method, path, body, headers or {})
        return connection.getresponse()

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def get(self, url: str) -> Any:
        return json.loads(self.request("GET", url).read())

    def post(self, url: str, document: Any) -> Any:
        return json.loads(self.request("POST", url, json.dumps(document).encode(), JSON_TYPE).read())

    def fetch(self, url: str) -> bytes:
        import zlib

        response = self.request("GET", url, headers={"Accept-Encoding": "gzip"})
        data: bytes = response.read()
        return zlib.decompress(data, 31) if response.headers["Content-Encoding"] == "gzip" else data

    def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        response = self.request("GET", url)
        for piece in iter(lambda: response.read(PIECE), b""):
            sink(piece)

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        with open(path, "rb") as file:
            size = {"Content-Length": str(os.path.getsize(path))}
            return json.loads(self.request("POST", url, file, dict(headers, **size)).read())


class HttpClientBlocks(HttpClient):
    """The same with its blocks of 16 KiB made as large as uploads like them."""

    blocks = 1 << 18


class Miniaxios(Contender):
    """This package. Plain http goes through the default instance, as it comes."""

    def __init__(self, ca: str, **options: Any) -> None:
        super().__init__(ca)
        import miniaxios

        self.axios = miniaxios.axios
        self.options = options

    def trusted(self, url: str) -> Any:
        """The options for that URL."""
        if url.startswith("https") and "https_agent" not in self.options:
            import miniaxios

            self.axios = miniaxios.axios.create(https_agent=miniaxios.Agent(ca=self.ca))
            self.options["https_agent"] = self.axios.defaults.https_agent
        return self.options

    def get(self, url: str) -> Any:
        return self.axios.get(url, **self.trusted(url)).data

    def post(self, url: str, document: Any) -> Any:
        return self.axios.post(url, document).data

    def fetch(self, url: str) -> bytes:
        data: bytes = self.axios.get(url, response_type="arraybuffer").data
        return data

    def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        with self.axios.get(url, response_type="stream") as response:
            for piece in iter(lambda: response.data.read(PIECE), b""):
                sink(piece)

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        with open(path, "rb") as file:
            return self.axios.post(url, file, headers=headers).data


class MiniaxiosTimeout(Miniaxios):
    """With a deadline."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca, timeout=10000)


class MiniaxiosToken(Miniaxios):
    """With something that could cancel it."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        self.options["cancel_token"] = self.axios.CancelToken.source().token


class Requests(Contender):
    """One Session."""

    module = "requests"

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        self.session = __import__(self.module).Session()
        self.session.verify = ca

    def get(self, url: str) -> Any:
        return self.session.get(url).json()

    def post(self, url: str, document: Any) -> Any:
        return self.session.post(url, json=document).json()

    def fetch(self, url: str) -> Any:
        return self.session.get(url).content

    def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        with self.session.get(url, stream=True) as response:
            for piece in response.iter_content(PIECE):
                sink(piece)

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        with open(path, "rb") as file:
            return self.session.post(url, data=file, headers=headers).json()


class Niquests(Requests):
    """As Requests."""

    module = "niquests"


class Urllib3(Contender):
    """One PoolManager."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        import urllib3

        self.pools = urllib3.PoolManager(ca_certs=ca)

    def get(self, url: str) -> Any:
        return self.pools.request("GET", url).json()

    def post(self, url: str, document: Any) -> Any:
        return self.pools.request("POST", url, json=document).json()

    def fetch(self, url: str) -> Any:
        return self.pools.request("GET", url, headers={"Accept-Encoding": "gzip"}).data

    def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        response = self.pools.request("GET", url, preload_content=False)
        for piece in response.stream(PIECE):
            sink(piece)
        response.release_conn()

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        with open(path, "rb") as file:
            size = {"Content-Length": str(os.path.getsize(path))}
            return self.pools.request("POST", url, body=file, headers=dict(headers, **size)).json()


class Httpx(Contender):
    """One Client."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        import httpx

        self.client = httpx.Client(verify=trusting(ca))

    def get(self, url: str) -> Any:
        return self.client.get(url).json()

    def post(self, url: str, document: Any) -> Any:
        return self.client.post(url, json=document).json()

    def fetch(self, url: str) -> Any:
        return self.client.get(url).content

    def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        with self.client.stream("GET", url) as response:
            for piece in response.iter_bytes(PIECE):
                sink(piece)

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        with open(path, "rb") as file:
            return self.client.post(url, content=file, headers=headers).json()


class Aiohttp(Contender):
    """One ClientSession; a round of requests is one coroutine, so that the loop is started once."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        import asyncio

        self.loop = asyncio.new_event_loop()
        self.session = self.loop.run_until_complete(self._session())

    async def _session(self) -> Any:
        import aiohttp

        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting(self.ca)))

    def repeat(self, count: int, action: Callable[[], Any], check: Callable[[Any], None]) -> None:
        async def work() -> None:
            for _ in range(count):
                check(await action())

        self.loop.run_until_complete(work())

    async def get(self, url: str) -> Any:
        async with self.session.get(url) as response:
            return await response.json()

    async def post(self, url: str, document: Any) -> Any:
        async with self.session.post(url, json=document) as response:
            return await response.json()

    async def fetch(self, url: str) -> Any:
        async with self.session.get(url) as response:
            return await response.read()

    async def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        async with self.session.get(url) as response:
            async for piece in response.content.iter_chunked(PIECE):
                sink(piece)

    async def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        with open(path, "rb") as file:
            async with self.session.post(url, data=file, headers=headers) as response:
                return await response.json()


class Pycurl(Contender):
    """One handle, reset before each request, which keeps its connection."""

    def __init__(self, ca: str) -> None:
        super().__init__(ca)
        import pycurl

        self.handle = pycurl.Curl()
        self.curl = pycurl

    def perform(self, url: str, sink: Callable[[bytes], Any], **options: Any) -> None:
        """The request, with what it gets going to `sink`."""
        self.handle.reset()
        self.handle.setopt(self.curl.URL, url)
        self.handle.setopt(self.curl.WRITEFUNCTION, sink)
        self.handle.setopt(self.curl.BUFFERSIZE, PIECE)
        if url.startswith("https"):
            self.handle.setopt(self.curl.CAINFO, self.ca)
        for name, value in options.items():
            self.handle.setopt(getattr(self.curl, name), value)
        self.handle.perform()

    def fetch(self, url: str, **options: Any) -> bytes:
        pieces: List[bytes] = []
        self.perform(url, pieces.append, ACCEPT_ENCODING="gzip", **options)
        return b"".join(pieces)

    def get(self, url: str) -> Any:
        pieces: List[bytes] = []
        self.perform(url, pieces.append)
        return json.loads(b"".join(pieces))

    def post(self, url: str, document: Any) -> Any:
        pieces: List[bytes] = []
        body = json.dumps(document)
        self.perform(url, pieces.append, POSTFIELDS=body, HTTPHEADER=["Content-Type: application/json"])
        return json.loads(b"".join(pieces))

    def stream(self, url: str, sink: Callable[[bytes], None]) -> None:
        self.perform(url, sink)

    def upload(self, url: str, path: str, headers: Dict[str, str]) -> Any:
        pieces: List[bytes] = []
        lines = ["Expect:"] + ["%s: %s" % pair for pair in headers.items()]
        with open(path, "rb") as file:
            self.perform(
                url,
                pieces.append,
                UPLOAD=1,
                CUSTOMREQUEST="POST",
                READDATA=file,
                INFILESIZE_LARGE=os.path.getsize(path),
                UPLOAD_BUFFERSIZE=1 << 18,
                HTTPHEADER=lines,
            )
        return json.loads(b"".join(pieces))


CONTENDERS: Dict[str, Any] = {
    "raw socket": Floor,
    "pycurl": Pycurl,
    "miniaxios": Miniaxios,
    "miniaxios, timeout": MiniaxiosTimeout,
    "miniaxios, cancel token": MiniaxiosToken,
    "http.client": HttpClient,
    "http.client, 256 KiB blocks": HttpClientBlocks,
    "urllib3": Urllib3,
    "aiohttp": Aiohttp,
    "httpx": Httpx,
    "niquests": Niquests,
    "requests": Requests,
}
