"""All targets by name."""

from __future__ import annotations

from .bodies import Bodies
from .chunks import Chunks
from .codings import Codings
from .cookies import Cookies
from .forms import Forms
from .heads import Heads
from .proxies import Proxies
from .responses import Responses
from .urls import URLs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Type

    from .runner import Target

TARGETS: Dict[str, Type[Target]] = {
    target.name: target
    for target in (Heads, Chunks, Codings, URLs, Cookies, Proxies, Forms, Bodies, Responses)
}
