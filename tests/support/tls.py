"""Certificates and server contexts for tests of TLS; the files are made by certs/make_certs.py.

| name | what it is |
|---|---|
| `server` | good: localhost, 127.0.0.1, ::1; signed by `ca` |
| `names` | good for example.test, *.example.test, origin.test, proxy.test |
| `ip-only` | good for 127.0.0.1 and ::1, but for no name |
| `wrong-name` | good, but for other.invalid |
| `cn-only` | says localhost in its common name alone, without subjectAltName |
| `expired`, `not-yet` | as `server`, but no longer, or not yet, valid |
| `self-signed` | as `server`, but signed by itself |
| `chained` | leaf and intermediate, which is signed by `other-ca` |
| `chained-leaf` | the same leaf without the intermediate |
| `chained-full` | the same with the root as well |
| `client` | a client certificate by `ca`; `client-encrypted.key` is its key under PASSPHRASE |
| `other-client` | a client certificate by `other-ca` |
"""

from __future__ import annotations

import os
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "certs")
PASSPHRASE = "correct horse"


def certificate(name: str) -> str:
    """The path of a certificate (with what is sent along with it), PEM."""
    return os.path.join(FOLDER, name + ".pem")


def key(name: str) -> str:
    """The path of its key, PEM."""
    return os.path.join(FOLDER, ("chained" if name.startswith("chained") else name) + ".key")


CA = certificate("ca")
OTHER_CA = certificate("other-ca")


def server_context(
    name: str = "server",
    client_ca: Optional[str] = None,
    *,
    alpn: Sequence[str] = (),
    minimum: Optional[ssl.TLSVersion] = None,
    maximum: Optional[ssl.TLSVersion] = None,
) -> ssl.SSLContext:
    """A server's context with that certificate.

    client_ca: a file of CAs; the client must then show a certificate of theirs.
    alpn: protocols to agree on. minimum, maximum: versions of TLS.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(name), key(name))
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if minimum is not None:
        context.minimum_version = minimum
    if maximum is not None:
        context.maximum_version = maximum
    return context


def client_context(ca: str = CA, client: Optional[str] = None) -> ssl.SSLContext:
    """A client's context that trusts only that CA; for tests of the tests, and for `Agent(ssl_context=...)`.

    client: the name of a client certificate to show.
    """
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if client is not None:
        context.load_cert_chain(certificate(client), key(client))
    return context
