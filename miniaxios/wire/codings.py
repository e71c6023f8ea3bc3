"""Content codings of responses: coded bytes are fed, decoded pieces of a bounded size are pulled.

Rules of the room: no input or output; no decoder is imported before a body needs it; and no step
makes more bytes than were asked for, so that whoever pulls can stop at a limit of its own. What is
not coded as announced, is cut short or is followed by junk is an error, and so is every call after
an error. Hardening DECOMP-1 to DECOMP-3; RFC 9110 section 8.4.
"""

from __future__ import annotations

from .available_codings import is_importable, supported_codings
from .errors import BadResponse, BodyTooLarge, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

#: Bytes that one pull gives at most where nothing else is asked for, and between the stages of a chain.
PIECE = 64 * 1024
#: Codings that one body may have, over all its Content-Encoding lines.
MAX_CODINGS = 5

# Input goes to zlib in slices: what it has no room to decode it copies back at every step, and
# copying back a whole buffer each time would take quadratic time. A quarter of the output's size, as what
# is coded is mostly that much shorter.
_SLICE = 16 * 1024
# A brotli older than 1.2 can't bound its output. Tiny slices bound what one of them can make.
_OLD_BROTLI_SLICE = 16

_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}


def decoder_for(values: List[str]) -> Optional[Decoder]:
    """The decoder for the Content-Encoding lines ``values`` of a response, or None.

    None when there is nothing to undo (no coding, ``identity``) and when a coding is unknown here:
    the body then stays as it is, with its header. Names in any letter case, ``x-gzip`` is ``gzip``,
    and ``compress`` is gzip or zlib by its first byte, as in axios. Raises BadResponse for more than
    :data:`MAX_CODINGS`.
    """
    names = [name.strip(" \t").lower() for value in values for name in value.split(",")]
    names = [_ALIASES.get(name, name) for name in names if name]
    if len(names) > MAX_CODINGS:
        raise BadResponse(f"the response has more than {MAX_CODINGS} content codings")
    names = [name for name in names if name != "identity"]
    supported = supported_codings()
    for name in names:
        if ("gzip" if name == "compress" else name) not in supported:
            return None
    # They were applied in the order of the list (RFC 9110 section 8.4): the last is undone first.
    return Decoder([_STAGES[name](name) for name in reversed(names)]) if names else None


class RatioGuard:
    """Refuses a coded body that has grown out of all proportion: what a bomb does, and no honest text.

    ``floor``: decoded bytes that are always allowed; ``ratio``: decoded bytes for one coded byte.
    """

    __slots__ = ("floor", "ratio")

    def __init__(self, floor: int = 64 * 1024 * 1024, ratio: int = 200) -> None:
        self.floor = floor
        self.ratio = ratio

    def check(self, coded: int, decoded: int) -> None:
        """Raise BodyTooLarge if ``coded`` bytes so far became ``decoded`` bytes so far, beyond both limits."""
        if decoded > self.floor and decoded > self.ratio * coded:
            raise BodyTooLarge(f"the coded body has grown past {self.floor} bytes at more than {self.ratio}:1")


class Decoder:
    """Undoes one coding or a chain of them.

    After each ``feed(data)`` call ``read()`` until it gives ``b""``; after the last, ``finish()``.
    """

    __slots__ = ("_stages", "_fed", "_between", "_guard")

    def __init__(self, stages: List[_Stage]) -> None:
        self._stages = stages
        self._fed = 0
        self._between = 0  # bytes that went from one stage to the next
        self._guard = RatioGuard()

    def feed(self, data: bytes) -> None:
        """Take the next coded bytes; decodes nothing yet."""
        self._fed += len(data)
        self._alive()[0].feed(data)

    def read(self, size: int = PIECE) -> bytes:
        """The next decoded bytes, 1 to ``size`` of them, or ``b""`` when more has to be fed.

        Raises BadResponse when the bytes are not what the coding makes, and BodyTooLarge when a
        chain is a bomb between its stages, where no limit of the caller's sees it.
        """
        stages = self._alive()
        at = last = len(stages) - 1
        try:
            while at >= 0:
                piece = stages[at].read(size if at == last else PIECE)
                if not piece:
                    at -= 1
                elif at == last:
                    return piece
                else:
                    self._between += len(piece)
                    self._guard.check(self._fed, self._between)
                    at += 1
                    stages[at].feed(piece)
        except BadResponse:
            self._stages = []
            raise
        return b""

    def finish(self) -> None:
        """The body has ended: raises Truncated when a coding has not. An empty body is fine."""
        stages, self._stages = self._alive(), []
        for stage in stages:
            stage.finish()

    def _alive(self) -> List[_Stage]:
        if not self._stages:
            raise BadResponse("the coded body was given up")
        return self._stages


class _Stage:
    """One coding: input in slices, output in pieces. A subclass decodes one member, ``_member``.

    A member is one complete compressed stream; ``_member`` is None before its first byte and after
    its last.
    """

    #: The most that goes in at once, whatever comes out.
    slice_size = 1 << 30
    #: Whether another member may follow the first.
    repeats = True
    #: What the module raises for broken input.
    error: Tuple[Any, ...] = ()

    def __init__(self, name: str) -> None:
        self.name = name
        self._input = b""
        self._at = 0
        self._tail = b""  # taken from _input, and given back undecoded
        self._member: Any = None
        self._may_have_more = False  # output that needs no more input
        self._is_ended = False

    def feed(self, data: bytes) -> None:
        """Queue ``data``."""
        left = self._input[self._at :] if self._at < len(self._input) else b""
        self._input = left + data if left else data
        self._at = 0

    def read(self, size: int) -> bytes:
        """The next piece, of ``size`` bytes at most, or ``b""`` when all input is used up."""
        while True:
            # What a member still holds comes out before it is given more.
            data = self._tail if self._may_have_more else self._tail or self._take(size)
            if not data and not self._may_have_more:
                return b""
            self._tail = b""
            if self._member is None:
                data = self._begin(data)
                if not data:
                    continue
            try:
                piece = self._step(data, size)
            except self.error as error:
                raise BadResponse(f"the {self.name} coded body is broken: {error}") from error
            if piece:
                return piece
            if self._member is not None and len(self._tail) >= len(data):
                # Nothing in, nothing out: to call it again would be to spin.
                if data:
                    raise BadResponse(f"the {self.name} coded body does not go on")
                self._may_have_more = False

    def _take(self, size: int) -> bytes:
        data = self._input[self._at : self._at + min(max(size // 4, _SLICE), self.slice_size)]
        self._at += len(data)
        if self._at >= len(self._input):
            self._input, self._at = b"", 0
        return data

    def _begin(self, data: bytes) -> bytes:
        """Start a member with ``data``, which begins with its first byte; gives what to decode."""
        if self._is_ended:
            if self.name == "gzip":
                data = data.lstrip(b"\0")  # tape blocks of old are padded with NUL, RFC 1952 readers skip it
            if data and not self.repeats:
                raise BadResponse(f"junk after the end of the {self.name} coded body")
        if data:
            self._member = self._new_member(data[0])
        return data

    def _ended(self, leftover: bytes) -> None:
        """The member is complete, and ``leftover`` lies behind it."""
        self._member = None
        self._is_ended = True
        self._may_have_more = False
        self._tail = leftover

    def finish(self) -> None:
        """Raises Truncated in the middle of a member."""
        if self._member is not None or self._tail or self._input:
            raise Truncated(f"the {self.name} coded body was cut short")

    def _new_member(self, first: int) -> Any:
        raise NotImplementedError

    def _step(self, data: bytes, size: int) -> bytes:
        raise NotImplementedError


class _Inflate(_Stage):
    """gzip (RFC 1952), deflate (zlib, RFC 1950, or raw, RFC 1951), and axios's compress."""

    def __init__(self, name: str) -> None:
        import zlib

        super().__init__(name)
        self.error = (zlib.error,)
        self._new = zlib.decompressobj
        self.repeats = name != "deflate"

    def _new_member(self, first: int) -> Any:
        if self.name == "gzip" or (self.name == "compress" and first == 0x1F):
            return self._new(16 + 15)
        # The low half of a zlib header's first byte is 8. A raw stream that begins so would be a
        # stored block with padding other than zero, which nobody writes.
        return self._new(-15 if self.name == "deflate" and first & 0x0F != 8 else 15)

    def _step(self, data: bytes, size: int) -> bytes:
        member = self._member
        piece: bytes = member.decompress(data, size)
        if member.eof:
            self._ended(member.unused_data)
        else:
            self._tail = member.unconsumed_tail
            self._may_have_more = len(piece) == size
        return piece


class _Zstd(_Stage):
    """zstd (RFC 8878) by the interpreter's own module, from Python 3.14 on."""

    def __init__(self, name: str) -> None:
        from importlib import import_module

        super().__init__(name)
        zstd = import_module("compression.zstd")
        self.error = (zstd.ZstdError,)
        # RFC 9659: a decoder for HTTP needs no more than 8 MiB of window, and should refuse more.
        window: Dict[Any, int] = {zstd.DecompressionParameter.window_log_max: 23}
        self._new: Callable[[], Any] = lambda: zstd.ZstdDecompressor(options=window)

    def _new_member(self, first: int) -> Any:
        return self._new()

    def _step(self, data: bytes, size: int) -> bytes:
        member = self._member
        piece: bytes = member.decompress(data, size)
        if member.eof:
            self._ended(member.unused_data)
        else:
            self._may_have_more = not member.needs_input
        return piece


class _Brotli(_Stage):
    """br (RFC 7932) by ``brotli`` or ``brotlicffi``, where one is installed.

    Its bound on the output is a rough one, and versions before 1.2 have none: there the input goes
    in by 16 bytes, and what those make, megabytes at the worst, is handed out in pieces.
    """

    repeats = False

    def __init__(self, name: str) -> None:
        from importlib import import_module

        super().__init__(name)
        brotli = import_module("brotli" if is_importable("brotli") else "brotlicffi")
        self.error = (brotli.error,)
        self._new: Callable[[], Any] = brotli.Decompressor
        self._is_bounded = hasattr(brotli.Decompressor, "can_accept_more_data")
        self._made = b""
        if not self._is_bounded:
            self.slice_size = _OLD_BROTLI_SLICE

    def _new_member(self, first: int) -> Any:
        return self._new()

    def _step(self, data: bytes, size: int) -> bytes:
        member = self._member
        made = self._made
        if not made:
            made = member.process(data, output_buffer_limit=size) if self._is_bounded else member.process(data)
        piece, self._made = made[:size], made[size:]
        if self._is_bounded:
            # After an output even a finished decoder needs another call to know that it is.
            self._may_have_more = bool(piece) or not member.can_accept_more_data()
        else:
            self._may_have_more = bool(self._made)
        if member.is_finished() and not self._may_have_more:
            self._ended(b"")
        return piece


_STAGES: Dict[str, Callable[[str], _Stage]] = {
    "gzip": _Inflate,
    "compress": _Inflate,
    "deflate": _Inflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
