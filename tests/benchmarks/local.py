"""What needs no server, or one that never answers: parameters, the pipeline alone, deadlines, cancelling."""

from __future__ import annotations

import threading
import time

from .floor import parts
from .operations import Action, must

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    from .operations import Site

BASE = "http://stub.test/items"


def plain(act: Callable[[], Any], check: Callable[[Any], None]) -> Action:
    """An action that is its own proof and leaves nothing to load."""

    def repeat(count: int, act: Callable[[], Any], check: Callable[[Any], None]) -> None:
        for _ in range(count):
            check(act())

    def once() -> None:
        check(act())

    return Action(repeat, act, check, once, once)


# -- parameters --------------------------------------------------------------------------------------


def many_params(count: int) -> Dict[str, str]:
    """So many, with values that need escapes as values do."""
    return {"key%d" % number: "value %d & more/%d" % (number, number * 7919) for number in range(count)}


def serializing(name: str, site: Site) -> Action:
    """As a query: `get_uri` with all that it does, or `urlencode`; of 1,000 keys unless the name says 10,000."""
    from urllib.parse import parse_qsl, urlencode

    params = many_params(10000 if name.endswith("10,000 keys") else 1000)
    size = len(urlencode(params))

    def check(query: str) -> None:
        must(0.8 * size < len(query) < 1.3 * size, "%d characters instead of about %d" % (len(query), size))

    if name.startswith("urlencode"):
        act: Callable[[], str] = lambda: urlencode(params)  # noqa: E731
    else:
        import miniaxios

        act = lambda: miniaxios.axios.get_uri(url=BASE, params=params)  # noqa: E731
    action = plain(act, check)
    action.prove = lambda: must(dict(parse_qsl(act().rpartition("?")[2])) == params, "another query")
    return action


# -- the pipeline ------------------------------------------------------------------------------------

ANSWER = {"ok": True}
TEXT = '{"ok":true}'


def check_answer(data: Any) -> None:
    """What each stub gives back."""
    must(data == ANSWER, "another answer: %r" % (data,))


def piped_miniaxios(interceptors: int) -> Callable[[], Any]:
    """An instance with an adapter that answers by itself, and so many interceptors on each side."""
    import miniaxios

    def adapter(config: Any) -> Any:
        return {"data": TEXT, "status": 200, "status_text": "OK", "headers": {}, "config": config}

    axios = miniaxios.axios.create(adapter=adapter)
    for _ in range(interceptors):
        axios.interceptors.request.use(lambda config: config)
        axios.interceptors.response.use(lambda response: response)
    return lambda: axios.get(BASE).data


def piped_httpx() -> Callable[[], Any]:
    """A client over its own MockTransport."""
    import httpx

    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=TEXT))
    client = httpx.Client(transport=transport)
    return lambda: client.get(BASE).json()


def piped_requests() -> Callable[[], Any]:
    """A session with an adapter that answers by itself."""
    import requests

    class Stub(requests.adapters.BaseAdapter):
        def send(self, request: Any, **options: Any) -> Any:
            response = requests.Response()
            response.status_code = 200
            response.url = request.url
            response.request = request
            response._content = TEXT.encode()
            return response

        def close(self) -> None:
            pass

    session = requests.Session()
    session.mount("http://", Stub())
    return lambda: session.get(BASE).json()


PIPELINES: Dict[str, Callable[[], Callable[[], Any]]] = {
    "miniaxios": lambda: piped_miniaxios(0),
    "miniaxios, 10 interceptors": lambda: piped_miniaxios(10),
    "miniaxios, 100 interceptors": lambda: piped_miniaxios(100),
    "httpx": piped_httpx,
    "requests": piped_requests,
}


def piping(name: str, site: Site) -> Action:
    """A request that gets no further than the adapter."""
    return plain(PIPELINES[name](), check_answer)


# -- deadlines ---------------------------------------------------------------------------------------

LIMIT = 0.5


def limited_miniaxios(url: str) -> None:
    import miniaxios

    try:
        miniaxios.axios.get(url, timeout=LIMIT * 1000)
    except miniaxios.AxiosError as error:
        must(error.code == "ECONNABORTED", "failed with %s" % error.code)


def limited_http_client(url: str) -> None:
    from http.client import HTTPConnection, HTTPException

    _, host, port, path = parts(url)
    connection = HTTPConnection(host, port, timeout=LIMIT)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (HTTPException, OSError):
        pass
    connection.close()


def limited_requests(url: str) -> None:
    import requests

    try:
        requests.get(url, timeout=LIMIT)
    except requests.RequestException:
        pass


def limited_httpx(url: str) -> None:
    import httpx

    try:
        httpx.get(url, timeout=LIMIT)
    except httpx.HTTPError:
        pass


def limited_pycurl(url: str) -> None:
    import pycurl

    handle = pycurl.Curl()
    handle.setopt(handle.URL, url)
    handle.setopt(handle.TIMEOUT_MS, int(LIMIT * 1000))
    handle.setopt(handle.WRITEFUNCTION, lambda data: None)
    try:
        handle.perform()
    except pycurl.error:
        pass


LIMITED: Dict[str, Callable[[str], None]] = {
    "miniaxios": limited_miniaxios,
    "http.client": limited_http_client,
    "requests": limited_requests,
    "httpx": limited_httpx,
    "pycurl": limited_pycurl,
}


def limiting(path: str) -> Callable[[str, Site], Action]:
    """A timeout of 500 ms against a server that takes longer; its drips end after two seconds."""

    def make(name: str, site: Site) -> Action:
        url, act = site["special"] + path, LIMITED[name]

        def timed() -> float:
            began = time.monotonic()
            act(url)
            return time.monotonic() - began

        def check(seconds: float) -> None:
            must(seconds >= LIMIT - 0.01, "returned after %.3f s" % seconds)

        return plain(timed, check)

    return make


class Cancelling(Action):
    """A call blocked on a silent server; how long it goes on after it was cancelled from another thread."""

    def __init__(self, name: str, site: Site) -> None:
        import miniaxios

        def once() -> None:
            self.run(1)

        super().__init__(lambda *_: None, once, lambda _: None, once, once)
        self.url = site["special"] + "/silent"
        self.module = miniaxios

    def run(self, count: int) -> Dict[str, float]:
        """The longest time of so many, in ms."""
        return {"latency_ms": max(self.cancel() for _ in range(count)) * 1000}

    def cancel(self) -> float:
        """Once."""
        source = self.module.CancelToken.source()
        ends: Dict[str, Any] = {}

        def blocked() -> None:
            try:
                self.module.axios.get(self.url, cancel_token=source.token)
            except self.module.CanceledError as error:
                ends["at"] = time.monotonic()
                ends["error"] = error

        thread = threading.Thread(target=blocked)
        thread.start()
        time.sleep(0.05)
        must(thread.is_alive(), "the call did not block")
        began = time.monotonic()
        source.cancel("enough")
        thread.join(10)
        must("error" in ends, "was not cancelled")
        return float(ends["at"] - began)


LOCAL: Dict[str, Callable[[str, Any], Action]] = {
    "params": serializing,
    "pipeline": piping,
    "silent": limiting("/silent"),
    "drip-head": limiting("/drip-head"),
    "drip-body": limiting("/drip-body"),
    "cancel": Cancelling,
}
