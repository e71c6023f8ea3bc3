"""axios, the HTTP client, for Python: one package that needs the standard library alone.

    from miniaxios import axios

    response = axios.get("https://example.org/users", params={"page": 2}, timeout=5000)
    print(response.status, response.data)

The functions of the default instance are here too (``miniaxios.get``), and so are the classes.
Nothing is loaded before it is asked for: importing the package costs next to nothing.
"""

from __future__ import annotations

from .public import NAMES as _NAMES
from .public import load as _load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from .abort import AbortController as AbortController
    from .abort import AbortSignal as AbortSignal
    from .adapters import get_adapter as get_adapter
    from .agent import Agent as Agent
    from .cancel import CancelToken as CancelToken
    from .client import Axios as Axios
    from .client import Interceptors
    from .config import Config as Config
    from .config import merge_config as merge_config
    from .errors import AxiosError as AxiosError
    from .errors import CanceledError as CanceledError
    from .errors import is_axios_error as is_axios_error
    from .errors import is_cancel as is_cancel
    from .form_data import FormData as FormData
    from .forms import form_to_json as form_to_json
    from .forms import to_form_data as to_form_data
    from .headers import Headers as Headers
    from .promise import Promise as Promise
    from .response import Response as Response
    from .search_params import URLSearchParams as URLSearchParams
    from .status import HttpStatusCode as HttpStatusCode
    from .version import __version__ as __version__

    axios: Axios = Axios()
    all = axios.all
    create = axios.create
    defaults = axios.defaults
    delete = axios.delete
    get = axios.get
    get_uri = axios.get_uri
    head = axios.head
    interceptors: Interceptors = axios.interceptors
    options = axios.options
    patch = axios.patch
    patch_form = axios.patch_form
    post = axios.post
    post_form = axios.post_form
    promises = axios.promises
    put = axios.put
    put_form = axios.put_form
    query = axios.query
    request = axios.request
    spread = axios.spread

# Attributes of the default instance that are the package's too.
_OF_THE_INSTANCE = (
    "all", "create", "defaults", "delete", "get", "get_uri", "head", "interceptors", "options", "patch",
    "patch_form", "post", "post_form", "promises", "put", "put_form", "query", "request", "spread",
)  # fmt: skip

# Not ``all``: a star import must not put it in the place of the builtin, which it would break.
__all__ = ["axios", *_NAMES, *[name for name in _OF_THE_INSTANCE if name != "all"]]


def __getattr__(name: str) -> Any:
    if name == "axios":
        from .client import Axios

        # setdefault: of two threads that come first at once, both get the same instance.
        return globals().setdefault(name, Axios())
    if name in _OF_THE_INSTANCE:
        # Not kept: ``defaults`` and the others are looked up on the instance each time.
        return getattr(globals().get("axios") or __getattr__("axios"), name)
    if name in _NAMES:
        return globals().setdefault(name, _load(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> List[str]:
    return sorted({*__all__, "all", *(name for name in globals() if name[:2] == "__")})
