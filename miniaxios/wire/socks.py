"""SOCKS5: ask a proxy for a connection (RFC 1928), with a user name and a password if need be (RFC 1929).

Rules of the room: each answer is read to its last byte and no further, since the origin's bytes follow.
"""

from __future__ import annotations

import socket

from .errors import BadResponse, InvalidRequest, ProxyRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

    from .proxies import Proxy
    from .stream import Stream
    from .url import URL

NO_AUTHENTICATION, PASSWORD, NONE_ACCEPTABLE = 0, 2, 255

REPLIES = {
    1: "general failure",
    2: "connection not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


def negotiate(stream: Stream, proxy: Proxy, url: URL) -> None:
    """Make the proxy connect the stream to the origin of ``url``.

    With ``socks5`` the name is resolved here, with ``socks5h`` by the proxy. Raises ProxyRefused,
    BadResponse, and what the stream raises.
    """
    login = None if proxy.username is None else _login(proxy.username, proxy.password or "")
    methods = bytes((NO_AUTHENTICATION,) if login is None else (NO_AUTHENTICATION, PASSWORD))
    stream.sendall(bytes((5, len(methods))) + methods)
    version, method = _exactly(stream, 2)
    if version != 5:
        raise BadResponse("the proxy does not speak SOCKS5")
    if method == PASSWORD and login is not None:
        stream.sendall(login)
        if _exactly(stream, 2)[1] != 0:
            raise ProxyRefused("the SOCKS5 proxy refused the user name or the password", 0)
    elif method != NO_AUTHENTICATION:
        raise ProxyRefused("the SOCKS5 proxy accepts no way of authentication that is at hand", 0)
    stream.sendall(b"\x05\x01\x00" + _address(stream, proxy, url) + url.port.to_bytes(2, "big"))
    _read_reply(stream)


def _login(username: str, password: str) -> bytes:
    """The message of RFC 1929; made before anything is sent."""
    name, word = username.encode(), password.encode()
    if not 0 < len(name) < 256 or len(word) > 255:
        raise InvalidRequest("user name and password of a SOCKS5 proxy are 1 to 255 bytes each", "proxy")
    return bytes((1, len(name))) + name + bytes((len(word),)) + word


def _address(stream: Stream, proxy: Proxy, url: URL) -> bytes:
    family, packed = _packed(url.host)
    if packed is None and proxy.scheme == "socks5":
        from .connect import resolve

        found = resolve(url.host, url.port, stream.scope, None, None)[0]
        family, packed = _packed(found[1][0].partition("%")[0])
    if packed is not None:
        return bytes((family,)) + packed
    name = url.name.encode("ascii")
    return bytes((3, len(name))) + name


def _packed(host: str) -> Tuple[int, Optional[bytes]]:
    """SOCKS5's type of address, and the address in binary if ``host`` is one."""
    for kind, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        try:
            return kind, socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
    return 3, None


def _read_reply(stream: Stream) -> None:
    version, code = _exactly(stream, 2)
    if version != 5:
        raise BadResponse("malformed answer of the SOCKS5 proxy")
    if code != 0:
        # What follows may be missing: RFC 1928 has no address that would make sense here.
        raise ProxyRefused(f"the SOCKS5 proxy refused: {REPLIES.get(code, code)}", code)
    _, kind = _exactly(stream, 2)
    if kind not in (1, 3, 4):
        raise BadResponse("malformed answer of the SOCKS5 proxy")
    size = {1: 4, 4: 16}.get(kind) or _exactly(stream, 1)[0]
    _exactly(stream, size + 2)


def _exactly(stream: Stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.receive(size - len(data))
        if not more:
            raise BadResponse("the SOCKS5 proxy closed the connection")
        data += more
    return data
