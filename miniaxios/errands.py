"""Errands: a usual request with its headers complete, and what its response is made of when somebody looks.

Rules of the room: those of ``usual``, for which these are. Nothing is sent here, and nothing that was made is altered.
"""

from __future__ import annotations

from .headers import Headers, overlaid
from .request_headers import introduce
from .response import RequestDetails
from .transforms import JSON_TYPE
from .wire import Errand, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple

    from .agent import Agent
    from .config import Config
    from .template import Template
    from .wire import URL, Policy

    Pairs = Tuple[Any, ...]

# Types of headers and params that are what they say, and are told from each other by what is equal and its type.
TEXT: FrozenSet[type] = frozenset((str,))
SCALARS: FrozenSet[type] = frozenset((str, int, float, bool, type(None)))


class NotUsual(ValueError):
    """The request is for the general way."""


class Head:
    """The headers of a method, complete; raises NotUsual where what is sent would say something else.

    ``method``: in upper case; ``headers``: as the config has them, never altered; ``pairs``: as sent.
    """

    __slots__ = ("method", "headers", "pairs")

    def __init__(
        self, template: Template, method: str, is_json: bool, given: Optional[Dict[str, str]] = None
    ) -> None:
        flat = template.flattened(method)
        headers = None if flat is None else flat.copy() if given is None else overlaid(flat, given)
        if headers is None:
            raise NotUsual
        if is_json:
            if headers.has("content-type") and headers.get("content-type") != JSON_TYPE:
                raise NotUsual
            headers.put_default("content-type", "Content-Type", JSON_TYPE)
        self.method = method.upper()
        self.headers = headers
        introduce(headers)
        self.pairs = headers.wire_pairs()


class UsualErrand(Errand):
    """An errand with the head that it was made of."""

    __slots__ = ("head", "scheme")

    def __init__(self, head: Head, url: URL, agent: Agent, has_body: bool) -> None:
        try:
            super().__init__(head.method, url, head.pairs, agent, has_body)
        except ValueError:
            raise NotUsual from None
        self.head = head
        self.scheme = url.scheme

    def unsent(self, body: bytes) -> Request:
        """The request as an exchange takes it."""
        return Request(self.method, self.url, self.head.pairs, body if self.has_body else None)


class Source:
    """What the headers, the config and the request of a response are made of, when somebody looks.

    ``policy``: that of the exchange, None where there was but a round trip.
    """

    __slots__ = ("_template", "_own", "_errand", "_length", "_fields", "_hop", "_history")

    def __init__(
        self,
        template: Template,
        own: Dict[Any, Any],
        errand: UsualErrand,
        length: int,
        fields: Mapping[str, Any],
        policy: Optional[Policy] = None,
    ) -> None:
        self._template = template
        self._own = own
        self._errand = errand
        self._length = length
        self._fields = fields
        if policy is None:
            self._hop, self._history = None, []
        else:
            hop: Any = policy.current
            self._hop = hop.method, hop.url, hop.headers  # without its body, which may be long
            self._history = policy.history

    def headers(self) -> Headers:
        """As ``response.headers``."""
        return Headers.from_fields(self._fields)

    def config(self) -> Config:
        """As ``response.config``."""
        return config_of(self._template, self._own, self._errand.head)

    def request(self) -> RequestDetails:
        """As ``response.request``."""
        errand = self._errand
        hop = self._hop or (errand.method, errand.url, errand.headers(self._length))
        return RequestDetails.of_hop(Request(*hop), self._history)


def pairs_of(values: Dict[Any, Any], kinds: FrozenSet[type]) -> Pairs:
    """All of them with their types, to be told from others; raises NotUsual for what is none of these."""
    types = tuple(map(type, values.values()))
    if not kinds.issuperset(types) or not TEXT.issuperset(map(type, values)):
        raise NotUsual
    return (*values.items(), types)


def config_of(template: Template, own: Dict[Any, Any], head: Head) -> Config:
    """The config as the general way leaves it."""
    config = template.begin(own)
    dict.__setitem__(config, "headers", head.headers.copy())
    dict.__setitem__(config, "data", own.get("data"))
    return config
