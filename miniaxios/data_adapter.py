"""``data:`` URLs: a response made of the URL itself.

Rules of the room: nothing is judged here but the URL; the staircase settles the response like any other.
"""

from __future__ import annotations

from .data_url import parse_data_url
from .headers import Headers
from .response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .config import Config


def data_response(config: Config, url: str, max_content_length: int) -> Response:
    """The response of a ``data:`` URL, its ``data`` bytes, or a stream where the config asks for one.

    ``max_content_length``: bytes, or -1. Only GET is served; other methods are answered with 405. Raises
    AxiosError for a malformed URL and for a body beyond the limit. Source: axios, RFC 2397.
    """
    if config["method"].upper() == "GET":
        media_type, data = parse_data_url(url, max_content_length)
        response = Response(data, 200, "OK", Headers({"content-type": media_type}), config)
    else:
        response = Response(b"", 405, "method not allowed", Headers(), config)
    if config.get("response_type") == "stream":
        from .response_stream import ResponseStream

        response.data = ResponseStream(
            _Whole(response.data),
            _unchanged,
            response.headers.get("content-type"),
            config.get("response_encoding"),
            config=config,
        )
    return response


class _Whole:
    """A body that is there already, read like one from the wire."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def next_piece(self, wanted: int = 0) -> bytes:
        data, self._data = self._data, b""
        return data

    def close(self) -> None:
        self._data = b""


def _unchanged(error: Exception) -> Exception:
    return error
