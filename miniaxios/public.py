"""The public names, and the room that each is loaded from when it is first asked for."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Type

    from . import abort, agent, cancel, client, config, errors, form_data, headers, promise, response
    from . import search_params, status

#: Name -> module of this package.
NAMES: Dict[str, str] = {
    "__version__": "version",
    "AbortController": "abort",
    "AbortSignal": "abort",
    "Agent": "agent",
    "Axios": "client",
    "AxiosError": "errors",
    "CancelToken": "cancel",
    "CanceledError": "errors",
    "Config": "config",
    "FormData": "form_data",
    "form_to_json": "forms",
    "get_adapter": "adapters",
    "Headers": "headers",
    "HttpStatusCode": "status",
    "is_axios_error": "errors",
    "is_cancel": "errors",
    "merge_config": "config",
    "Promise": "promise",
    "Response": "response",
    "to_form_data": "forms",
    "URLSearchParams": "search_params",
}


def load(name: str) -> Any:
    """The object behind a public name."""
    return getattr(import_module(f".{NAMES[name]}", __package__), name)


class Statics:
    """The public classes and functions as attributes of an instance, as axios's default export has them."""

    AbortController: Type[abort.AbortController]
    AbortSignal: Type[abort.AbortSignal]
    Agent: Type[agent.Agent]
    Axios: Type[client.Axios]
    AxiosError: Type[errors.AxiosError]
    CancelToken: Type[cancel.CancelToken]
    CanceledError: Type[errors.CanceledError]
    Config: Type[config.Config]
    FormData: Type[form_data.FormData]
    form_to_json: Callable[..., Any]
    get_adapter: Callable[..., Callable[[Any], Any]]
    Headers: Type[headers.Headers]
    HttpStatusCode: Type[status.HttpStatusCode]
    is_axios_error: Callable[[object], bool]
    is_cancel: Callable[[object], bool]
    merge_config: Callable[..., config.Config]
    Promise: Type[promise.Promise]
    Response: Type[response.Response]
    to_form_data: Callable[..., Any]
    URLSearchParams: Type[search_params.URLSearchParams]

    # Hidden from type checkers, which would otherwise believe in any attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name in NAMES and name[0] != "_":
                return load(name)
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *(name for name in NAMES if name[0] != "_")})
