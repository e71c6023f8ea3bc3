"""A thousand requests to an endpoint that takes 10 ms, 32 at once."""

from __future__ import annotations

import threading

from .contenders import CONTENDERS
from .local import plain
from .operations import Action, must

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

    from .operations import Site

REQUESTS = 1000
AT_ONCE = 32

#: What it takes when nothing but the endpoint takes any time, in seconds.
IDEAL = -(-REQUESTS // AT_ONCE) * 0.010


def by_promises(site: Site) -> Callable[[], List[Any]]:
    """`axios.all`; 32 at once is what it does without being told."""
    import miniaxios

    axios, url = miniaxios.axios, site["special"] + "/slow"

    def act() -> List[Any]:
        answers = axios.all([axios.promises.get(url) for _ in range(REQUESTS)]).result()
        return [answer.data for answer in answers]

    return act


def by_threads(name: str) -> Callable[[Site], Callable[[], List[Any]]]:
    """32 threads, each with a client of its own that is kept."""

    def make(site: Site) -> Callable[[], List[Any]]:
        from concurrent.futures import ThreadPoolExecutor

        url, mine = site["special"] + "/slow", threading.local()

        def begin() -> None:
            mine.client = CONTENDERS[name](site["ca"])

        def one(number: int) -> Any:
            return mine.client.get(url)

        def act() -> List[Any]:
            with ThreadPoolExecutor(AT_ONCE, initializer=begin) as pool:
                return list(pool.map(one, range(REQUESTS)))

        return act

    return make


def by_coroutines(site: Site) -> Callable[[], List[Any]]:
    """One loop, a connector that allows 32."""
    import asyncio

    import aiohttp

    url = site["special"] + "/slow"

    async def work() -> List[Any]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

            async def one() -> Any:
                async with session.get(url) as response:
                    return await response.json()

            return list(await asyncio.gather(*[one() for _ in range(REQUESTS)]))

    return lambda: asyncio.run(work())


WAYS: Dict[str, Callable[[Any], Callable[[], List[Any]]]] = {
    "miniaxios": by_promises,
    "http.client": by_threads("http.client"),
    "requests": by_threads("requests"),
    "httpx": by_threads("httpx"),
    "aiohttp": by_coroutines,
}


def gathering(name: str, site: Site) -> Action:
    """All of them; each answer is checked."""
    document = site["document"]

    def check(answers: List[Any]) -> None:
        must(len(answers) == REQUESTS, "%d answers" % len(answers))
        must(all(answer == document for answer in answers), "another document")

    action = plain(WAYS[name](site), check)
    first = CONTENDERS[name](site["ca"])

    def idle() -> None:
        first.repeat(1, lambda: first.get(site["special"] + "/slow"), lambda _: None)

    action.idle = idle
    return action
