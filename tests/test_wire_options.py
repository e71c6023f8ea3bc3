"""Wire options: what options say in seconds, bytes and bytes a second."""

from __future__ import annotations

from datetime import timedelta

from miniaxios.wire_options import limit_of, rates_of, seconds_of, sensitive_headers


def test_option_readers():
    assert [seconds_of(value) for value in (None, 0, 1500, 0.5, timedelta(seconds=2), timedelta(0))] == [
        None, None, 1.5, 0.0005, 2.0, None,
    ]  # fmt: skip
    assert [limit_of(value) for value in (None, -1, 0, 5, float("inf"))] == [-1, -1, 0, 5, -1]
    assert [rates_of(value) for value in (None, 5, 0, [1, 2], (0, 3), [None, 4])] == [
        (None, None), (5, 5), (None, None), (1, 2), (None, 3), (None, 4),
    ]  # fmt: skip


def test_sensitive_headers():
    assert sensitive_headers(None, None) == sensitive_headers([], "") == frozenset()
    assert sensitive_headers(None, "x-t") == {"x-t"}
    assert sensitive_headers(["a", "b"], "x-t") == {"a", "b", "x-t"} and sensitive_headers(["a"], None) == {"a"}
