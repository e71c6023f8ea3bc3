"""Header blocks: what is kept from one request to the next."""

from __future__ import annotations

from typing import Any

import pytest

from miniaxios.wire import TLSOptions, parse_url
from miniaxios.wire.errors import InvalidRequest
from miniaxios.wire.header_block import LONGEST_BLOCK, MOST_BLOCKS, block_for
from miniaxios.wire.route import Route


def way() -> Route:
    return Route(parse_url("http://a.test/"), None, TLSOptions())


def test_equal_headers_share_a_block() -> None:
    route = way()
    block = block_for([("X", "1")], route, True)
    assert block_for([("X", "1")], route, True) is block
    assert block_for([("x", "1")], route, True) is not block
    assert block.lines == b"Host: a.test\r\nX: 1\r\nConnection: keep-alive\r\n" and not block.is_last


def test_what_is_kept_is_bounded() -> None:
    route = way()
    for number in range(3 * MOST_BLOCKS):
        block_for([("X", str(number))], route, True)
        assert 0 < len(route.blocks) <= MOST_BLOCKS
    before = len(route.blocks)
    block_for([("X", "x" * LONGEST_BLOCK)], route, True)
    assert len(route.blocks) == before


class Liar(str):
    """Says that it is another text."""

    def __eq__(self, other: object) -> bool:
        return other == "1"

    def __hash__(self) -> int:
        return hash("1")


def test_INJ_2_a_value_that_says_it_is_another_is_not_kept() -> None:
    route = way()
    block_for([("X", Liar("evil"))], route, True)
    assert not route.blocks
    assert b"\r\nX: 1\r\n" in block_for([("X", "1")], route, True).lines


@pytest.mark.parametrize("headers", [[("X", ["1"])], [("X", None)], [(["X"], "1")], [("X",)]])
def test_INJ_2_what_is_no_text_is_refused(headers: Any) -> None:
    with pytest.raises((InvalidRequest, TypeError, ValueError)):
        block_for(headers, way(), True)
