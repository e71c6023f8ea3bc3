"""What several targets stand on: a stream without a socket, and the standard library's reader beside ours."""

from __future__ import annotations

import http.client
import io

from miniaxios.wire import Scope, TLSOptions, parse_url
from miniaxios.wire.connection import Connection
from miniaxios.wire.route import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, List, Optional, Tuple

ROUTE = Route(parse_url("http://origin.test/"), None, TLSOptions())


class Pieces:
    """A Stream that gives some pieces, and then its end."""

    scope: Any = Scope()
    secure = False

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def receive(self, limit: int = 65536) -> bytes:
        return next(self._pieces, b"")

    def reclaim(self) -> bool:
        return True

    def close(self) -> None:
        pass


def connection_of(pieces: Iterable[bytes]) -> Connection:
    """A connection of ours on which these pieces arrive."""
    connection = Connection(ROUTE)
    connection.sock = Pieces(pieces)
    return connection


class _File:
    """What http.client takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> Any:
        return io.BytesIO(self._data)


def standard_response(data: bytes, method: str = "GET") -> Optional[http.client.HTTPResponse]:
    """What http.client makes of the head of an answer, or None when it refuses it."""
    response = http.client.HTTPResponse(_File(data), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
    except (http.client.HTTPException, ValueError, OSError):
        response.close()
        return None
    return response


def standard_body(response: http.client.HTTPResponse) -> Optional[bytes]:
    """The body, or None when http.client finds it broken or cut short."""
    try:
        return response.read()
    except (http.client.HTTPException, ValueError, OSError):
        return None
    finally:
        response.close()


def plain(pairs: Iterable[Tuple[str, str]]) -> List[Tuple[str, str]]:
    """Header pairs as both readers should give them: names in lower case, no blanks around values."""
    return [(name.lower(), value.strip(" \t")) for name, value in pairs]
