"""Bodies on their way out: exactly what was promised, in any pieces, or an error."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import os
import tempfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.wire import upload as upload_module
from miniaxios.wire.errors import InvalidRequest, UploadFailed, UploadTooLarge
from miniaxios.wire.framing import Chunked
from miniaxios.wire.upload import READ_SIZE, Pace, Sending, Upload, upload_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional


def drain(sending: Sending, take: Callable[[int], int] = lambda size: size) -> bytes:
    """All that it hands out, with ``take(size)`` bytes accepted at a time."""
    out = b""
    while True:
        view = sending.next_bytes()
        if not view:
            assert sending.finished
            return out
        count = take(len(view))
        out += bytes(view[:count])
        sending.advance(count)


def body_of(upload: Upload) -> bytes:
    return b"".join(upload.begin())


# --- sources -------------------------------------------------------------------------------------------


class Forward:
    """A file that can only be read."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


class Unseekable(Forward):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("not asked")


class OldFile(Forward):
    """As temporary files were before Python 3.11: no seekable(), and seek() says nothing."""

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, offset: int, whence: int = 0) -> None:
        self.file.seek(offset, whence)


def test_a_file_from_where_it_is() -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    upload = upload_from(file)
    assert upload.length == 6 and file.tell() == 4
    assert body_of(upload) == b"456789"
    assert upload.can_restart and upload.is_repeatable
    assert body_of(upload) == b"456789"


def test_a_file_beyond_its_end() -> None:
    file = io.BytesIO(b"abc")
    file.seek(10)
    upload = upload_from(file)
    assert upload.length == 0 and body_of(upload) == b""


def test_a_real_file(tmp_path: Any) -> None:
    path = tmp_path / "f"
    data = os.urandom(READ_SIZE + 5)
    path.write_bytes(data)
    with open(str(path), "rb", buffering=0) as raw, open(str(path), "rb") as buffered:
        for file in (raw, buffered):
            upload = upload_from(file)
            assert upload.length == len(data)
            assert body_of(upload) == data and body_of(upload) == data


@pytest.mark.parametrize("kind", [Forward, Unseekable])
def test_a_file_that_cannot_go_back(kind: Any) -> None:
    upload = upload_from(kind(b"abc"))
    assert upload.length is None and not upload.is_repeatable and upload.can_restart
    assert body_of(upload) == b"abc"
    assert not upload.can_restart
    with pytest.raises(UploadFailed):
        upload.begin()


def test_a_file_of_the_old_kind() -> None:
    upload = upload_from(OldFile(b"abc"))
    assert upload.length == 3 and upload.is_repeatable
    assert body_of(upload) == b"abc" == body_of(upload)
    with tempfile.SpooledTemporaryFile() as file:
        file.write(b"spooled")
        file.seek(2)
        assert upload_from(file).length == 5


def test_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"through a pipe")
    os.close(writing)
    with open(reading, "rb") as file:
        upload = upload_from(file)
        assert upload.length is None and not upload.is_repeatable
        assert body_of(upload) == b"through a pipe"


def _gzip(data: bytes) -> Any:
    return gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)))


def _bz2(data: bytes) -> Any:
    return bz2.BZ2File(io.BytesIO(bz2.compress(data)))


def _lzma(data: bytes) -> Any:
    return lzma.LZMAFile(io.BytesIO(lzma.compress(data)))


def _zip(data: bytes) -> Any:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("f", data)
    return zipfile.ZipFile(file).open("f")


@pytest.mark.parametrize("make", [_gzip, _bz2, _lzma, _zip])
def test_decompressing_files_have_the_length_of_what_they_give(make: Callable[[bytes], Any]) -> None:
    data = b"as it is without compression " * 1000
    with make(data) as file:
        file.read(3)
        upload = upload_from(file)
        assert upload.length == len(data) - 3
        assert body_of(upload) == data[3:] == body_of(upload)


def test_a_truncated_gzip_file_fails_while_sent() -> None:
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(os.urandom(10**5))[:-20])) as file:
        upload = upload_from(file)
        assert upload.length is None
        with pytest.raises(UploadFailed):
            drain(Sending(upload.begin(), upload.length))


@pytest.mark.parametrize("file", [io.StringIO("text"), io.TextIOWrapper(io.BytesIO(b"text"))])
def test_text_files_are_refused(file: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        upload_from(file)
    assert caught.value.what == "data"


def test_a_file_that_loses_its_position() -> None:
    class Broken(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            if whence == 0:
                raise OSError("stuck")
            return super().seek(offset, whence)

    with pytest.raises(UploadFailed):
        upload_from(Broken(b"abc"))


def test_a_rewind_that_fails() -> None:
    file = io.BytesIO(b"abc")
    upload = upload_from(file)
    body_of(upload)
    file.close()
    with pytest.raises(UploadFailed) as caught:
        upload.begin()
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_file_without_anything_to_read_yet() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with open(reading, "rb", buffering=0) as file, pytest.raises(UploadFailed) as caught:
        upload = upload_from(file)
        drain(Sending(upload.begin(), None))
    os.close(writing)
    assert str(caught.value) == "the request body's file is in non-blocking mode and has nothing to read"


# --- iterables -----------------------------------------------------------------------------------------


def test_a_generator_is_sent_once() -> None:
    upload = upload_from(piece for piece in (b"a", b"b"))
    assert upload.length is None and upload.can_restart and not upload.is_repeatable
    assert body_of(upload) == b"ab"
    assert not upload.can_restart
    with pytest.raises(UploadFailed):
        upload.begin()


class Own:
    """An iterable of one's own."""

    def __init__(self, again: Callable[[], Iterator[Any]]) -> None:
        self.again = again

    def __iter__(self) -> Iterator[Any]:
        return self.again()


def test_a_container_is_sent_again() -> None:
    for source in ({b"a": 1, b"b": 2}.keys(), Own(lambda: iter([b"a", b"b"]))):
        upload = upload_from(source)
        assert upload.length is None and upload.is_repeatable
        assert body_of(upload) == b"ab" == body_of(upload)


def test_what_hands_out_one_iterator_is_sent_once() -> None:
    iterator = iter([b"a", b"b"])
    upload = upload_from(Own(lambda: iterator))
    assert not upload.is_repeatable
    assert body_of(upload) == b"ab"
    with pytest.raises(UploadFailed):
        upload.begin()


def test_REDIR_2_a_spent_source_is_no_empty_body() -> None:
    source = iter([b"a", b"b"])

    def again() -> Iterator[Any]:
        yield from source

    upload = upload_from(Own(again))
    assert drain(Sending(upload.begin(), None)) == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    with pytest.raises(UploadFailed):
        drain(Sending(upload.begin(), None))


def test_an_empty_container_stays_empty() -> None:
    upload = upload_from({}.keys())
    for _ in range(2):
        assert drain(Sending(upload.begin(), None)) == b"0\r\n\r\n"


def test_what_a_source_raises_is_the_cause() -> None:
    def source() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError("mine")

    class BadFile(Forward):
        def read(self, size: int = -1) -> bytes:
            raise OSError("disk")

    for bad, kind in ((source(), ZeroDivisionError), (BadFile(b""), OSError)):
        upload = upload_from(bad)
        with pytest.raises(UploadFailed) as caught:
            drain(Sending(upload.begin(), None))
        assert isinstance(caught.value.__cause__, kind)
    upload = Upload(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(UploadFailed) as caught:
        upload.begin()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_keyboard_interrupt_in_a_source_is_passed_on() -> None:
    def source() -> Iterator[bytes]:
        raise KeyboardInterrupt
        yield b""

    with pytest.raises(KeyboardInterrupt):
        drain(Sending(upload_from(source()).begin(), None))


@pytest.mark.parametrize("piece", ["text", 1, None, [1], {}, 1.5, object()])
def test_pieces_of_the_wrong_type(piece: Any) -> None:
    for length in (None, 10):
        if piece is None:
            continue
        with pytest.raises(UploadFailed) as caught:
            drain(Sending(iter([b"ok", piece]), length))
        assert type(piece).__name__ in str(caught.value)


@pytest.mark.parametrize(
    "piece, data",
    [
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abc"), b"abc"),
        (memoryview(b"a.b.c.")[::2], b"abc"),
        (memoryview(b"cba")[::-1], b"abc"),
        (memoryview(b"abcd").cast("B", [2, 2]), b"abcd"),
        (memoryview(b"abcd").cast("I"), b"abcd"),
        (memoryview(b"abcd").cast("I", []), b"abcd"),
        (memoryview(b""), b""),
    ],
)
def test_pieces_of_any_shape(piece: Any, data: bytes) -> None:
    assert drain(Sending(iter([piece]), len(data))) == data
    if data:
        assert drain(Sending(iter([piece]), None)) == b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


# --- lengths -------------------------------------------------------------------------------------------


PIECES = st.lists(st.binary(max_size=20), max_size=8)


def taking(counts: List[int]) -> Callable[[int], int]:
    """Takes these counts in turn, nothing now and then."""
    turns = itertools.cycle([*counts, 7])
    return lambda size: min(next(turns), size)


COUNTS = st.lists(st.integers(0, 25), max_size=10)


@given(PIECES, COUNTS)
def test_bytes_of_known_length_go_out_as_they_are(pieces: List[bytes], taken: List[int]) -> None:
    body = b"".join(pieces)
    counts: List[int] = []
    sending = Sending(iter(pieces), len(body), -1, counts.append)
    assert drain(sending, taking(taken)) == body
    assert sum(counts) == len(body) and 0 not in counts


@given(PIECES, COUNTS, st.lists(st.integers(0, 300), max_size=6))
def test_chunks_decode_to_what_went_in(pieces: List[bytes], taken: List[int], splits: List[int]) -> None:
    """FRAME-4: our own strict decoder takes it, split anywhere."""
    counts: List[int] = []
    sending = Sending(iter(pieces), None, -1, counts.append)
    wire = drain(sending, taking(taken))
    splits = sorted(splits)
    decoder = Chunked()
    decoded = b"".join(
        decoder.decode(wire[start:end]) for start, end in zip([0, *splits], [*splits, len(wire)])
    )
    assert decoded == b"".join(pieces)
    assert decoder.done and decoder.rest == b""
    assert sum(counts) == len(decoded), "progress is of the body alone"
    assert wire.count(b"0\r\n\r\n") >= 1 and wire.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("pieces", [[b"123"], [b"12", b"", b"3"], []])
def test_FRAME_1_a_short_body(pieces: List[bytes]) -> None:
    sending = Sending(iter(pieces), 4)
    with pytest.raises(UploadFailed) as caught:
        drain(sending)
    assert "of 4 bytes" in str(caught.value)


@pytest.mark.parametrize("pieces", [[b"12345"], [b"1234", b"5"], [b"12", b"345"]])
def test_FRAME_1_a_long_body(pieces: List[bytes]) -> None:
    sending = Sending(iter(pieces), 4)
    sent = b""
    with pytest.raises(UploadFailed):
        while True:
            view = sending.next_bytes()
            assert view
            sent += bytes(view)
            sending.advance(len(view))
    assert len(sent) <= 4


def test_a_file_that_grows_or_shrinks(tmp_path: Any) -> None:
    path = tmp_path / "f"
    for change in (b"longer now", b"s"):
        path.write_bytes(b"before")
        with open(str(path), "rb") as file:
            upload = upload_from(file)
            path.write_bytes(change)
            with pytest.raises(UploadFailed):
                drain(Sending(upload.begin(), upload.length))


@pytest.mark.parametrize("length", [None, 11])
@pytest.mark.parametrize("pieces", [[b"x" * 11], [b"x" * 10, b"x"], [b"x"] * 11])
def test_LIMIT_2_at_the_eleventh_byte(pieces: List[bytes], length: Optional[int]) -> None:
    sending = Sending(iter(pieces), length, 10)
    sent = b""
    with pytest.raises(UploadTooLarge) as caught:
        while True:
            view = sending.next_bytes()
            sent += bytes(view)
            sending.advance(len(view))
    assert str(caught.value) == "Request body larger than maxBodyLength limit"
    assert sent.count(b"x") <= 10
    assert drain(Sending(iter([b"x" * 10]), None, 10)).count(b"x") == 10


def test_a_limit_of_nothing() -> None:
    assert drain(Sending(iter([b""]), 0, 0)) == b""
    with pytest.raises(UploadTooLarge):
        drain(Sending(iter([b"x"]), None, 0))


def test_nothing_is_read_before_it_is_asked_for() -> None:
    asked: List[int] = []

    def source() -> Iterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield b"%d" % number

    sending = Sending(upload_from(source()).begin(), None)
    assert asked == []
    assert sending.next_bytes() == b"1\r\n0\r\n" and asked == [0]
    sending.advance(3)
    assert sending.next_bytes() == b"0\r\n" and asked == [0]
    assert not sending.finished


def test_the_end_stays_the_end() -> None:
    sending = Sending(iter([b"a"]), 1)
    assert drain(sending) == b"a"
    for _ in range(2):
        assert not sending.next_bytes() and sending.finished


def test_progress_counts_a_chunk_when_all_of_it_is_out() -> None:
    counts: List[int] = []
    sending = Sending(iter([b"abc"]), None, -1, counts.append)
    assert sending.next_bytes() == b"3\r\nabc\r\n"
    sending.advance(0)
    sending.advance(7)
    assert counts == []
    sending.advance(1)
    assert counts == [3]
    assert sending.next_bytes() == b"0\r\n\r\n"
    sending.advance(5)
    assert counts == [3]


def test_what_progress_raises_is_passed_on() -> None:
    def progress(count: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drain(Sending(iter([b"a"]), 1, -1, progress))


# --- pace and Expect -----------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    now = [1000.0]
    monkeypatch.setattr(upload_module, "monotonic", lambda: now[0])
    return now


def test_pace(clock: List[float]) -> None:
    pace = Pace(100.0)
    assert pace.piece == 50
    assert pace.spend(50) <= clock[0], "half a second's worth may go at once"
    assert pace.spend(50) == clock[0] + 0.5
    clock[0] += 0.5
    assert pace.spend(50) == clock[0] + 0.5
    clock[0] += 60.0
    assert pace.spend(50) <= clock[0], "idle time is not saved up"
    assert pace.spend(50) == clock[0] + 0.5


@given(st.floats(0.5, 1e6), st.lists(st.floats(0.0, 2.0), max_size=30))
def test_pace_never_exceeds_its_rate(rate: float, pauses: List[float]) -> None:
    now = [5.0]
    before = upload_module.monotonic
    upload_module.monotonic = lambda: now[0]  # type: ignore[assignment]
    try:
        pace, spent = Pace(rate), 0
        for pause in pauses:
            ready = pace.spend(pace.piece)
            spent += pace.piece
            now[0] = max(now[0], ready) + pause
            assert spent <= rate * (now[0] - 5.0 + Pace.BURST) + max(1, rate * Pace.BURST) * 1.001
    finally:
        upload_module.monotonic = before


@pytest.mark.parametrize("rate, piece", [(0, 1 << 30), (1e15, 1 << 30), (0.01, 1), (3, 1), (10, 5)])
def test_pace_of_any_rate(rate: float, piece: int, clock: List[float]) -> None:
    pace = Pace(rate)
    assert pace.piece == piece
    if rate == 0:
        assert pace.spend(10**12) <= clock[0]


def test_sending_keeps_pace(clock: List[float]) -> None:
    sending = Sending(iter([b"x" * 200]), 200, -1, None, Pace(100.0))
    start = clock[0]
    while True:
        clock[0] = max(clock[0], sending.ready_at)
        view = sending.next_bytes()
        if not view:
            break
        assert len(view) <= 50
        sending.advance(len(view))
    assert clock[0] - start == pytest.approx(1.5)


def test_expect_holds(clock: List[float]) -> None:
    assert Sending(iter([b"x"]), 1).ready_at == 0.0
    sending = Sending(iter([b"x"]), 1, hold=1.0)
    assert sending.ready_at == clock[0] + 1.0
