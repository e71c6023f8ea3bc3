"""Progress events: how often, how many bytes, how fast."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniaxios.progress import INTERVAL, ProgressReporter


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def follow(steps, total, is_upload=False, finish=True):
    """Events of ``steps``: pairs of seconds that pass and bytes that come then; with their moments."""
    clock, events = Clock(), []
    reporter = ProgressReporter(lambda event: events.append((clock.now, event)), total, is_upload, clock)
    for seconds, n_bytes in steps:
        clock.now += seconds
        reporter.advance(n_bytes)
    if finish:
        reporter.finish()
        reporter.finish()
    return events


def test_fields_of_an_event():
    [(_, event)] = follow([(0, 30)], 120)
    assert (event.loaded, event.total, event.progress, event.bytes) == (30, 120, 0.25, 30)
    assert (event.rate, event.estimated, event.event) == (None, None, None)
    assert (event.upload, event.download, event.length_computable) == (False, True, True)
    assert repr(event) == "<ProgressEvent download 30 of 120 bytes>"


def test_upload_and_unknown_total():
    [(_, event)] = follow([(0, 30)], None, is_upload=True)
    assert (event.total, event.progress, event.estimated, event.length_computable) == (
        None,
        None,
        None,
        False,
    )
    assert (event.upload, event.download) == (True, False)


def test_first_at_once_then_three_a_second_then_the_last():
    events = follow([(0.0, 1)] + [(0.05, 1)] * 21, 100)
    assert [event.loaded for _, event in events] == [1, 8, 15, 22]
    assert [event.bytes for _, event in events] == [1, 7, 7, 7]
    events = follow([(0.0, 1)] + [(0.05, 1)] * 23, 100)
    assert [event.loaded for _, event in events] == [1, 8, 15, 22, 24]


def test_one_chunk_is_one_event():
    assert len(follow([(0, 10)], 10)) == 1


def test_no_bytes_no_event():
    assert follow([], 0) == follow([(1, 0)], 10) == []


def test_rate_and_time_left():
    events = [event for _, event in follow([(0, 100), (0.5, 100), (0.5, 100)], 1000)]
    assert [event.rate for event in events] == [None, 200, 200]
    assert [event.estimated for event in events] == [None, 4.0, 3.5]


def test_rate_of_less_than_250_ms_is_not_told():
    events = [event for _, event in follow([(0, 100), (0.2, 100)], 1000)]
    assert [event.rate for event in events] == [None, None]


def test_more_than_announced_stays_at_the_total():
    events = [event for _, event in follow([(0, 60), (1, 60), (1, 60)], 100)]
    assert [event.loaded for event in events] == [60, 100, 100]
    assert [event.bytes for event in events] == [60, 40, 0]
    assert events[-1].progress == 1.0


def test_sent_again_never_goes_back():
    clock, loaded = Clock(), []
    reporter = ProgressReporter(lambda event: loaded.append(event.loaded), 100, True, clock)
    reporter.advance(80)
    reporter.restart()
    for _ in range(4):
        clock.now += 1
        reporter.advance(25)
    reporter.finish()
    assert loaded == [80, 80, 80, 80, 100]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_what_the_callback_raises_is_raised(kind):
    error = kind("mine")

    def callback(event):
        raise error

    clock = Clock()
    reporter = ProgressReporter(callback, None, False, clock)
    with pytest.raises(kind) as caught:
        reporter.advance(1)
    assert caught.value is error
    reporter.advance(1)
    with pytest.raises(kind) as caught:
        reporter.finish()
    assert caught.value is error


STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.01, 0.1, 0.34, 2.0]), st.integers(0, 70000)), max_size=60)


@settings(max_examples=200, deadline=None)
@given(STEPS, st.none() | st.integers(0, 10**6))
def test_laws(steps, total):
    events = follow(steps, total)
    moved = sum(n_bytes for _, n_bytes in steps)
    whole = moved if total is None else min(moved, total)
    loaded = [event.loaded for _, event in events]
    assert sum(event.bytes for _, event in events) == whole
    assert loaded == sorted(loaded)
    assert bool(events) == bool(moved)
    if events:
        assert loaded[-1] == whole
    moments = [moment for moment, _ in events]
    for earlier, later in zip(moments, moments[1:-1]):
        assert later - earlier >= INTERVAL - 1e-9
    for _, event in events:
        assert event.rate is None or event.rate > 0
        assert event.progress is None or 0 <= event.progress <= 1
