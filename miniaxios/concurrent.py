"""``axios.promises``: the calls of an instance, each on a thread of its own, returning promises."""

from __future__ import annotations

from .call_options import own_of
from .calls import ABSENT, Calls
from .errors import AxiosError
from .plain_data import copied
from .promise import Promise
from .workers import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional

    from .client import Axios, Interceptors

#: Copies of empty interceptors that nobody can add to; the first one is used.
_NO_INTERCEPTORS: List[Interceptors] = []


class Promises(Calls[Promise]):
    """Mirrors the calls of ``axios``, as Node's ``fs.promises`` mirrors ``fs``.

    What is altered after a call, the config, the ``data``, the instance's defaults or interceptors, is
    too late for it: all is copied before the call returns, as axios does. Whatever is wrong rejects. A subclass's
    own ``request`` is called on the thread, with the defaults and interceptors that there are by then.
    """

    __slots__ = ("_axios",)

    def __init__(self, axios: Axios) -> None:
        self._axios = axios

    def _call(
        self,
        method: Optional[str],
        url: Any,
        config: Optional[Mapping[str, Any]],
        options: Dict[str, Any],
        data: Any = ABSENT,
        is_form: bool = False,
    ) -> Promise:
        try:
            own = own_of(method, url, config, options, data, is_form)
            if self._axios._has_own_request:
                return run(self._axios.request, {name: _copy_of(value) for name, value in own.items()})
            usual, begun, is_checked = self._axios._begin(own)
            if "data" in begun:
                begun["data"] = _copy_of(begun["data"])
        except Exception as error:
            return Promise.reject(error)
        return run(self._axios._go_on, usual, begun, is_checked, _as_now(self._axios.interceptors))


def _as_now(interceptors: Interceptors) -> Interceptors:
    """A copy; one for all calls where there are none, as nearly always: half a KiB less for each that waits."""
    if interceptors.request.handlers or interceptors.response.handlers:
        return interceptors.copy()
    if not _NO_INTERCEPTORS:
        _NO_INTERCEPTORS.append(interceptors.copy())
    return _NO_INTERCEPTORS[0]


def _copy_of(data: Any) -> Any:
    try:
        return copied("data", data)
    except AxiosError:
        # It contains itself, or is too deep: the transforms tell what is wrong with it, and where.
        return data
