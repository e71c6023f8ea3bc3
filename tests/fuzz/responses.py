"""Whole answers over a real socket, through the public API; and a second request on what is left."""

from __future__ import annotations

from http.cookiejar import CookieJar
from xml.etree import ElementTree

import miniaxios
from miniaxios.wire.errors import WireError
from miniaxios.wire.framing import UntilClose, framing_for
from miniaxios.wire.messages import keep_alive

from .chunks import chunked
from .codings import coded
from .heads import field, head
from .origin import Origin
from .readers import connection_of, plain, standard_body, standard_response
from .runner import Target, demand
from .source import Source, singles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

_TYPES = (None, "json", "text", "arraybuffer", "arraybuffer", "stream", "stream", "blob", "document")
_LOCATIONS = (
    b"/case", b"/other", b"//other.test/x", b"http://user:pw@other.test:81/case", b"https://other.test/",
    b"ftp://x/", b"http://[", b"\xff", b"?q",
)  # fmt: skip
_PLAIN = (b'{"a":[1,2,null]}', b"hello", b"", b"<a><b/></a>", b"caf\xc3\xa9", b"\xff\xfeh\0i\0", b"[" * 3000)


def answer(source: Source) -> bytes:
    """A whole answer, fit to be read by somebody."""
    lines = ["HTTP/1.1 200 OK"] + source.some(lambda: field(source), 4)
    body = source.one(_PLAIN) if source.chance(0.7) else source.bytes(2000)
    if source.chance(0.3):
        chain, body, _ = coded(source)
        lines.append("Content-Encoding: " + ", ".join(chain))
    kind = source.below(4)
    if kind == 0:
        lines.append("Transfer-Encoding: chunked")
        body = (
            chunked(source)
            if source.chance(0.3)
            else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            if body
            else b"0\r\n\r\n"
        )
    elif kind < 3:
        lines.append("Content-Length: %d" % len(body))
    if source.chance(0.2):
        lines.append("Set-Cookie: a=%s; Path=/" % source.text(8))
    if source.chance(0.1):
        lines[0] = "HTTP/1.1 %d Moved" % source.one((301, 302, 303, 307, 308, 300, 304))
        lines.append("Location: " + source.one(_LOCATIONS).decode("latin-1"))
    return "\r\n".join(lines + ["", ""]).encode("latin-1", "replace") + body


class Responses(Target):
    """All rooms together. One agent of one connection per origin: a slot that gets lost is missed at once."""

    name = "responses"
    case_seconds = 40.0

    def __enter__(self) -> Responses:
        self.origin = Origin().__enter__()
        self.agent = miniaxios.Agent(max_sockets=1, max_free_sockets=2)
        self.axios = miniaxios.Axios()
        self.axios.defaults.update(
            http_agent=self.agent,
            https_agent=self.agent,
            timeout=15000,
            validate_status=None,
            proxy=False,
            max_redirects=0,
        )
        self.count = 0
        return self

    def __exit__(self, *details: object) -> None:
        self.agent.close()
        self.origin.__exit__(*details)

    def make(self, source: Source) -> bytes:
        if source.chance(0.15):
            return source.spoiled(head(source) + source.bytes(50))
        return source.spoiled(
            answer(source)
            + source.one((b"", b"", b"", b"junk", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"))
        )

    def check(self, data: bytes, source: Source) -> str:
        options = self._options(source)
        whole, reusable = _preview(data, options)
        pieces = singles(data, 200) if source.chance(0.3) else source.pieces(data) if data else []
        found = self._ask([data] if data else [], not whole, dict(options), reusable)
        other = self._ask(pieces, not whole, dict(options), reusable)
        demand(_comparable(found) == _comparable(other), "cuts make no difference", options, found, other)
        if found[0] == "response":
            _compare(data, options, found)
            return "accepted"
        return str(found[1])

    def _options(self, source: Source) -> Dict[str, Any]:
        options: Dict[str, Any] = {
            "method": source.one(("get", "get", "get", "head", "post")),
            "response_type": source.one(_TYPES),
        }
        for name, value in (
            ("decompress", False),
            ("insecure_http_parser", True),
            ("max_content_length", source.one((0, 10, 2000, 10**12))),
            ("response_encoding", source.one(("latin-1", "utf-16"))),
            ("transitional", {"silent_json_parsing": False}),
            ("on_download_progress", lambda event: None),
        ):
            if source.chance(0.15):
                options[name] = value
        if source.chance(0.2):
            options.update(max_redirects=5, proxy={"host": "127.0.0.1", "port": self.origin.port})
        if source.chance(0.2):
            options["cookie_jar"] = CookieJar()
        return options

    # -- one exchange ----------------------------------------------------------------------------------

    def _ask(
        self, pieces: List[bytes], closes: bool, options: Dict[str, Any], reusable: bool
    ) -> Tuple[Any, ...]:
        self.origin.arm(pieces, closes)
        url = "http://127.0.0.1:%d" % self.origin.port
        found = self._outcome(url + "/case", options)
        demand(
            found[1] not in ("ECONNABORTED", "ETIMEDOUT"), "the end of the connection ends the call", found
        )
        # Only now is it certain what lies on the connection: bytes that come later can be told by nobody.
        demand(self.origin.sent.wait(10), "the answer was asked for", found)
        self.count += 1
        before = self.origin.connections
        path = "/good/%d" % self.count
        second = self.axios.get(url + path, response_type="text")
        demand(
            (second.status, second.data) == (200, path),
            "the second request gets its own answer",
            found,
            second.status,
            second.data,
        )
        if reusable and found[0] == "response":
            demand(self.origin.connections == before, "a whole connection is used again", found)
        return found

    def _outcome(self, url: str, options: Dict[str, Any]) -> Tuple[Any, ...]:
        try:
            response = self.axios.request(url, options)
            data = response.data
            if options["response_type"] in ("stream", "blob"):
                with response:
                    data = data.read()
        except miniaxios.AxiosError as error:
            demand(isinstance(error.code, str) and error.code, "each error has a code", repr(error))
            str(error), repr(error), error.to_json()
            return "error", error.code, type(error).__name__
        limit = options.get("max_content_length", -1)
        is_whole = isinstance(data, bytes) and limit >= 0
        demand(not is_whole or len(data) <= limit, "the limit holds", limit, data)
        if isinstance(data, ElementTree.Element):
            data = ElementTree.tostring(data)
        return (
            "response",
            response.status,
            response.status_text,
            sorted(response.headers.items()),
            data,
            response.headers,
        )


def _comparable(found: Tuple[Any, ...]) -> Tuple[Any, ...]:
    return found[:5]


def _preview(data: bytes, options: Dict[str, Any]) -> Tuple[bool, bool]:
    """Whether the bytes tell their own end, and whether the connection should be good for another request.

    A server that left a cut answer standing open would only try the patience of the tests.
    """
    connection = connection_of([data] if data else [])
    method = options["method"].upper()
    try:
        answer = connection.read_head(options.get("insecure_http_parser", False))
        framing = framing_for(method, answer)
        for piece in iter(connection.receive, b""):
            framing.decode(piece)
    except WireError:
        return False, False
    whole = framing.done and not isinstance(framing, UntilClose)
    plainly = (
        "proxy" not in options
        and "max_content_length" not in options
        and not answer.get_all("content-encoding")
    )
    return whole, whole and plainly and not framing.rest and keep_alive(answer)


def _compare(data: bytes, options: Dict[str, Any], found: Tuple[Any, ...]) -> None:
    """http.client reads the same, where it has the same idea of the matter."""
    _, status, reason, _, body, headers = found
    is_raw = (
        options["response_type"] in ("arraybuffer", "stream", "blob") and options.get("decompress") is False
    )
    # It reads a body of 204 and 304 where Transfer-Encoding announces one, RFC 9112 section 6.3 does not.
    if (
        not is_raw
        or "proxy" in options
        or "insecure_http_parser" in options
        or data[9:10] == b"1"
        or status in (204, 304)
    ):
        return
    theirs = standard_response(data, options["method"].upper())
    if theirs is None or "," in (headers.get("content-length") or ""):
        return
    demand(
        (theirs.status, theirs.reason.strip()) == (status, reason.strip()),
        "http.client reads the same status",
        theirs.status,
        found,
    )
    names = sorted({name.lower() for name in theirs.headers})
    demand(names == sorted(headers), "http.client reads the same names", names, sorted(headers))
    pairs = [(name, value) for name in headers for value in headers.get_all(name)]
    demand(
        sorted(plain(theirs.headers.items())) == sorted(pairs), "http.client reads the same headers", pairs
    )
    theirs_body = standard_body(theirs)
    demand(theirs_body is None or theirs_body == body, "http.client reads the same body", theirs_body, body)
