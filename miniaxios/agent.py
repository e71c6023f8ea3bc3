"""Agent: connections kept between requests, and how they are made (TLS, local address)."""

from __future__ import annotations

import os

from .errors import AxiosError, bad_option
from .loading import is_of
from .wire import Pool, TLSOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Callable, Dict, Mapping, NoReturn, Optional, Tuple, Union

    Pem = Union[str, bytes, os.PathLike[str], None]

#: ms that an idle connection is kept: under the shortest idle limits of common load balancers.
IDLE_TIMEOUT = 60000

_CAMEL = {
    "keepAlive": "keep_alive",
    "maxSockets": "max_sockets",
    "maxFreeSockets": "max_free_sockets",
    "rejectUnauthorized": "reject_unauthorized",
    "sslContext": "ssl_context",
    "minVersion": "min_version",
    "localAddress": "local_address",
}


class Agent:
    """A pool of connections, for the options ``http_agent`` and ``https_agent``.

    ``keep_alive`` (bool): whether connections are kept at all; ``max_sockets`` (int or None): per
    origin, idle ones included, and further requests wait; ``max_free_sockets`` (int): idle ones in
    all; ``timeout`` (ms): how long an idle one is kept, by the monotonic clock.

    ``ca``: trusted roots instead of the system's (a file, a directory of hashed names, or PEM as str
    or bytes); ``cert``, ``key``: the client's certificate (a file or PEM), ``passphrase`` of the key;
    ``reject_unauthorized`` (bool): False verifies nothing; ``servername`` (str): the name to ask for
    and to verify instead of the URL's; ``min_version``: ``"TLSv1.2"``, ``"TLSv1.3"`` or an
    ``ssl.TLSVersion``; ``ssl_context``: an ``ssl.SSLContext`` of one's own in place of all these, which is not to
    be altered once it is used;
    ``local_address`` (str): the IP address to connect from.

    Names are accepted in camelCase too. Thread-safe and fork-safe; a context manager that closes.
    Raises AxiosError ``ERR_BAD_OPTION_VALUE``. Source: Node's ``http.Agent`` and ``https.Agent``.
    """

    def __init__(
        self,
        keep_alive: bool = True,
        max_sockets: Optional[int] = None,
        max_free_sockets: int = 256,
        timeout: float = IDLE_TIMEOUT,
        ca: Pem = None,
        cert: Pem = None,
        key: Pem = None,
        passphrase: Pem = None,
        reject_unauthorized: bool = True,
        servername: Optional[str] = None,
        ssl_context: Optional[ssl.SSLContext] = None,
        min_version: Any = None,
        local_address: Optional[str] = None,
        **camel: Any,
    ) -> None:
        given = locals()
        options: Dict[str, Any] = {name: given[name] for name in _CHECKS}
        options.update(_snake(camel))
        for name, (accepts, expected) in _CHECKS.items():
            if not accepts(options[name]):
                raise bad_option(f"agent.{name}", expected, options[name])
        #: For the package's own use.
        self.pool = Pool(
            options["max_sockets"],
            options["max_free_sockets"],
            options["timeout"] / 1000,
            options["keep_alive"],
        )
        self.tls = TLSOptions(
            _path(options["ca"]),
            _path(options["cert"]),
            _path(options["key"]),
            options["passphrase"],
            options["reject_unauthorized"],
            options["servername"],
            options["min_version"],
            options["ssl_context"],
        )
        self.local_address: Optional[str] = options["local_address"]

    def close(self) -> None:
        """Close the idle connections now, and those in use when their request ends."""
        self.pool.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Agent holds sockets and keys and can't be pickled")


def _snake(camel: Dict[str, Any]) -> Dict[str, Any]:
    for name in camel:
        if name not in _CAMEL:
            raise AxiosError(f"Unknown option {name[:64]} of Agent", AxiosError.ERR_BAD_OPTION)
    return {_CAMEL[name]: value for name, value in camel.items()}


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_pem(value: object) -> bool:
    return value is None or isinstance(value, (str, bytes, os.PathLike))


def _path(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _is_password(value: object) -> bool:
    return value is None or isinstance(value, (str, bytes))


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_timeout(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value < float("inf")  # type: ignore[operator]


def _is_version(value: object) -> bool:
    if value is None or isinstance(value, str):
        return value in (None, "TLSv1.2", "TLSv1.3")
    return is_of(value, "ssl", "TLSVersion") and value >= type(value).TLSv1_2  # type: ignore[attr-defined]


def _is_context(value: object) -> bool:
    return value is None or hasattr(value, "wrap_socket")


_CHECKS: Dict[str, Tuple[Callable[[Any], bool], str]] = {
    "keep_alive": (_is_bool, "True or False"),
    "max_sockets": (lambda value: value is None or _is_count(value, 1), "a number above 0, or None"),
    "max_free_sockets": (lambda value: _is_count(value, 0), "a number, 0 or more"),
    "timeout": (_is_timeout, "a number of milliseconds"),
    "ca": (_is_pem, "a path or PEM"),
    "cert": (_is_pem, "a path or PEM"),
    "key": (_is_pem, "a path or PEM"),
    "passphrase": (_is_password, "str or bytes"),
    "reject_unauthorized": (_is_bool, "True or False"),
    "servername": (_is_text, "str"),
    "ssl_context": (_is_context, "an ssl.SSLContext"),
    "min_version": (_is_version, '"TLSv1.2", "TLSv1.3" or an ssl.TLSVersion of these'),
    "local_address": (_is_text, "an IP address as str"),
}


# By scheme, the same one twice.
_shared: Dict[str, Agent] = {}


def shared_agent() -> Agent:
    """The agent of requests that name none; one for the process."""
    agent = _shared.get("http")
    if agent is None:
        # The other one first: who finds this one may count on both.
        agent = _shared["http"] = _shared.setdefault("https", Agent())
    return agent


def shared_agents() -> Mapping[str, Agent]:
    """:func:`shared_agent` by scheme."""
    shared_agent()
    return _shared
