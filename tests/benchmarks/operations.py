"""What a contender is told to do over HTTP, and how its answers are checked.

An operation makes an `Action`. It is tried out first (`prove`), with checks that would be too dear to be timed:
checksums of all that was received or sent.
"""

from __future__ import annotations

import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    Site = Dict[str, Any]


class Wrong(Exception):
    """An answer that is not the right one: the figures would be worth nothing."""


def must(fine: bool, what: str) -> None:
    """Raises Wrong unless it is fine."""
    if not fine:
        raise Wrong(what)


class Action:
    """Something to be done over and over.

    act: does it once; what it returns goes to `check`. prove: does it once, with every check there is.
    idle: the same in small, which loads whatever is loaded at first use.
    """

    def __init__(
        self,
        repeat: Callable[..., None],
        act: Callable[[], Any],
        check: Callable[[Any], None],
        prove: Callable[[], None],
        idle: Callable[[], None],
    ) -> None:
        self.act = act
        self.check = check
        self.prove = prove
        self.idle = idle
        self._repeat = repeat

    def run(self, count: int) -> Optional[Dict[str, float]]:
        """So often, each answer checked. Returns what was measured by itself, if anything."""
        self._repeat(count, self.act, self.check)
        return None


class Counter:
    """A sink that keeps the size, the last bytes, and the checksum if it is to."""

    def __init__(self, must_sum: bool) -> None:
        self.size = self.crc = 0
        self.tail = b""
        self.must_sum = must_sum

    def __call__(self, piece: Any) -> None:
        self.size += len(piece)
        self.tail = (self.tail + piece[-16:])[-16:] if len(piece) < 16 else bytes(piece[-16:])
        if self.must_sum:
            self.crc = zlib.crc32(piece, self.crc)

    def verify(self, facts: Dict[str, Any]) -> None:
        """Against what is known of the file."""
        must(self.size == facts["size"], "%d bytes of %d" % (self.size, facts["size"]))
        must(self.tail.hex() == facts["tail"], "the end is not that of the file")
        must(not self.must_sum or self.crc == facts["crc"], "the checksum is not that of the file")


def verify_bytes(data: Any, facts: Dict[str, Any], must_sum: bool) -> None:
    """The whole at once."""
    counter = Counter(must_sum)
    counter(data)
    counter.verify(facts)


def getting(path: str, scheme: str = "http") -> Callable[[Any, Site], Action]:
    """GET of the small JSON at that path."""

    def make(contender: Any, site: Site) -> Action:
        url = site[scheme] + path
        document = site["document"]

        def check(found: Any) -> None:
            must(found == document, "another document: %.100r" % (found,))

        def once() -> None:
            contender.repeat(1, lambda: contender.get(url), check)

        return Action(contender.repeat, lambda: contender.get(url), check, once, once)

    return make


#: What is posted.
ORDER = {"id": 17, "name": "Grüße", "tags": ["a", "b"], "price": 12.5, "paid": True, "note": None}


def posting(contender: Any, site: Site) -> Action:
    """POST of a small JSON; the server that is timed reads it and answers, the one of the proof echoes it."""
    url, echo, document = site["http"] + "/post", site["special"] + "/echo", site["document"]

    def check(found: Any) -> None:
        must(found == document, "another document: %.100r" % (found,))

    def check_echo(found: Any) -> None:
        must(found == ORDER, "not what was sent: %.100r" % (found,))

    def prove() -> None:
        contender.repeat(1, lambda: contender.post(echo, ORDER), check_echo)

    return Action(contender.repeat, lambda: contender.post(url, ORDER), check, prove, prove)


def fetching(path: str, name: str, small: str) -> Callable[[Any, Site], Action]:
    """GET of bytes that are to be in memory as one. name: in the site. small: the path of less of the same."""

    def make(contender: Any, site: Site) -> Action:
        url, facts = site["http"] + path, site[name]

        def prove() -> None:
            contender.repeat(1, lambda: contender.fetch(url), lambda data: verify_bytes(data, facts, True))

        def idle() -> None:
            little = site["http"] + small
            contender.repeat(
                1, lambda: contender.fetch(little), lambda data: verify_bytes(data, site["small"], True)
            )

        def check(data: Any) -> None:
            verify_bytes(data, facts, False)

        return Action(contender.repeat, lambda: contender.fetch(url), check, prove, idle)

    return make


def streaming(contender: Any, site: Site) -> Action:
    """GET of a large file, a piece at a time."""

    def do(path: str, facts: Dict[str, Any], must_sum: bool) -> None:
        counter = Counter(must_sum)
        contender.repeat(1, lambda: contender.stream(site["http"] + path, counter), lambda _: None)
        counter.verify(facts)

    def repeat(count: int, act: Callable[[], Any], check: Callable[[Any], None]) -> None:
        for _ in range(count):
            act()

    return Action(
        repeat,
        lambda: do("/streamed", site["streamed"], False),
        lambda _: None,
        lambda: do("/streamed", site["streamed"], True),
        lambda: do("/small", site["small"], True),
    )


def uploading(contender: Any, site: Site) -> Action:
    """POST of a large file; the server says how much it got, and for the proof its checksum."""
    url = site["special"] + "/upload"

    def do(path: str, facts: Dict[str, Any], headers: Dict[str, str]) -> None:
        def check(told: Any) -> None:
            must(told["received"] == facts["size"], "%d bytes arrived" % told["received"])
            must(not headers or told["crc"] == facts["crc"], "another checksum arrived")

        contender.repeat(1, lambda: contender.upload(url, path, headers), check)

    def repeat(count: int, act: Callable[[], Any], check: Callable[[Any], None]) -> None:
        for _ in range(count):
            act()

    return Action(
        repeat,
        lambda: do(site["path"], site["buffered"], {}),
        lambda _: None,
        lambda: do(site["path"], site["buffered"], {"X-Sum": "1"}),
        lambda: do(site["small_path"], site["small"], {"X-Sum": "1"}),
    )


OPERATIONS: Dict[str, Callable[[Any, Site], Action]] = {
    "get": getting("/small"),
    "headers": getting("/headers"),
    "close": getting("/close"),
    "tls": getting("/small", "https"),
    "post": posting,
    "buffered": fetching("/buffered", "buffered", "/small"),
    "gzip": fetching("/large", "large", "/small-gzip"),
    "streamed": streaming,
    "upload": uploading,
}
