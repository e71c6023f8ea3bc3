"""TLS: options, contexts, where trusted roots are found, what failures are called.

Rules of the room: ``ssl`` is imported on first use, for an interpreter may lack it; a context, once
made, is never changed (two connections may share it); verification is on unless asked otherwise.
"""

from __future__ import annotations

import errno
import os
import sys

from .environment import check_descriptors
from .errors import InvalidRequest, NotSupported, TLSError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Dict, Hashable, Iterator, List, Optional, Tuple, Union

#: Where distributions keep their trusted roots, for interpreters whose OpenSSL looks elsewhere.
CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, OpenWrt
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL, Amazon Linux
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS, OpenBSD
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD
    "/etc/openssl/certs/ca-certificates.crt",  # NetBSD
    "/data/data/com.termux/files/usr/etc/tls/cert.pem",  # Termux
)
# Android's directory is not among them: its names are hashes of an older kind.
CA_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")

#: Hashed names from which on a directory is taken for the whole store, and not for an addition to a file.
WHOLE_STORE = 30

#: ``OP_IGNORE_UNEXPECTED_EOF`` of OpenSSL 3, which ``ssl`` names from Python 3.10 on.
IGNORE_UNEXPECTED_EOF = 1 << 7

#: OpenSSL's numbers of a failed verification -> Node's names for them.
VERIFY_CODES = {
    2: "UNABLE_TO_GET_ISSUER_CERT",
    7: "CERT_SIGNATURE_FAILURE",
    9: "CERT_NOT_YET_VALID",
    10: "CERT_HAS_EXPIRED",
    18: "DEPTH_ZERO_SELF_SIGNED_CERT",
    19: "SELF_SIGNED_CERT_IN_CHAIN",
    20: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    21: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    22: "CERT_CHAIN_TOO_LONG",
    23: "CERT_REVOKED",
    24: "INVALID_CA",
    26: "INVALID_PURPOSE",
    62: "ERR_TLS_CERT_ALTNAME_INVALID",
    64: "ERR_TLS_CERT_ALTNAME_INVALID",
}

#: What a chain may fail with when there is no root to end at.
_UNTRUSTED = frozenset(
    ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "SELF_SIGNED_CERT_IN_CHAIN")
)

NO_ROOTS = (
    "no trusted CA certificates were found on this system: set SSL_CERT_FILE or SSL_CERT_DIR, or give the"
    " agent's option ca"
)


class TLSOptions:
    """What an agent (or a proxy) says about TLS. Values as :class:`Agent` documents them. Immutable."""

    __slots__ = (
        "ca", "cert", "key", "passphrase", "reject_unauthorized", "servername", "min_version", "context",
        "_values", "_files", "_asks_environment",
    )  # fmt: skip

    def __init__(
        self,
        ca: Union[str, bytes, None] = None,
        cert: Union[str, bytes, None] = None,
        key: Union[str, bytes, None] = None,
        passphrase: Union[str, bytes, None] = None,
        reject_unauthorized: bool = True,
        servername: Optional[str] = None,
        min_version: Any = None,
        context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self.ca = ca
        self.cert = cert
        self.key = key
        self.passphrase = passphrase
        self.reject_unauthorized = reject_unauthorized
        self.servername = servername
        self.min_version = min_version
        self.context = context
        # What the key is made of is picked out once: it is asked for in each request.
        version = None if min_version is None else str(min_version)
        self._values = (ca, cert, key, passphrase, reject_unauthorized, servername, version)
        self._files = [value for value in (ca, cert, key) if value and not _is_pem(value)]
        self._asks_environment = ca is None and reject_unauthorized

    @property
    def pool_key(self) -> Hashable:
        """What a pooled connection must have been made with to serve a request with these options."""
        if self.context is not None:
            # The caller may alter a context of theirs between two calls.
            own = self.context
            switches = (int(own.verify_mode), own.check_hostname, int(own.verify_flags), int(own.options))
            return (id(own), switches, self.servername)
        files: List[Any] = self._files
        environment = _trusted_by_environment() if self._asks_environment else _NOTHING
        if environment is not _NOTHING:
            files = [*files, *filter(None, environment)]
        # With a stamp of each file, so that a certificate that was renewed, or trust that was taken back,
        # counts: at once for what connects, and for a kept connection as soon as its route looks again.
        return self._values, environment, tuple([_stamp(path) for path in files]) if files else ()


_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_RAW_VARIABLES = tuple([name.encode() for name in _VARIABLES])
_NOTHING = (None, None)


def _trusted_by_environment() -> Tuple[Optional[str], Optional[str]]:
    # A miss in os.environ raises and catches a KeyError, in each request: a look into the dict underneath,
    # where there is one (its keys are bytes on POSIX), takes a tenth of the time.
    data = getattr(os.environ, "_data", None)
    if type(data) is dict and data.keys().isdisjoint(
        _RAW_VARIABLES if os.supports_bytes_environ else _VARIABLES
    ):
        return _NOTHING
    return os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")


_contexts: Dict[Hashable, ssl.SSLContext] = {}


def context_for(options: TLSOptions) -> ssl.SSLContext:
    """The context for these options: made once for each set of them, shared, never changed."""
    if options.context is not None:
        return options.context
    key = options.pool_key
    context = _contexts.get(key)
    if context is None:
        context = _make_context(options)
        if len(_contexts) >= 64:
            _contexts.clear()
        _contexts[key] = context
    return context


def _stamp(path: Union[str, bytes]) -> Optional[Tuple[int, int, int]]:
    """What changes when a file is written anew or replaced; None for what is no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def server_name(context: Any, name: str) -> Union[str, bytes]:
    """``name`` as ``context`` takes it for ``server_hostname``.

    As bytes where possible: for a str, CPython loads its IDNA codec, which small systems may lack.
    """
    if not (name.isascii() and name.isprintable() and " " not in name):
        raise InvalidRequest("option servername must be an ASCII name, as certificates have it", "agent")
    # A caller's own kind of context may do more with it than pass it on.
    return name.encode("ascii") if type(context) is import_ssl().SSLContext else name


def import_ssl() -> Any:
    """The ``ssl`` module; raises NotSupported where this Python was built without it."""
    try:
        import ssl
    except ImportError as error:
        check_descriptors(error, "load")
        raise NotSupported("https needs the ssl module, which this Python lacks") from error
    return ssl


def _make_context(options: TLSOptions) -> ssl.SSLContext:
    module = import_ssl()
    try:
        context: ssl.SSLContext = module.SSLContext(module.PROTOCOL_TLS_CLIENT)
    except OSError as error:
        raise TLSError("EPROTO", f"no TLS context can be made: {error}") from error
    _set_floor(module, context, _version(module, options.min_version))
    # A close without notice is an attack or a fault, never an end: Python 3.8 and 3.9 would hide it.
    context.options &= ~IGNORE_UNEXPECTED_EOF
    # RFC 9110 section 4.3.4: names are in subjectAltName. Python 3.8 and 3.9 would look elsewhere too.
    context.hostname_checks_common_name = False
    if module.HAS_ALPN:
        context.set_alpn_protocols(["http/1.1"])
    if not options.reject_unauthorized:
        context.check_hostname = False
        context.verify_mode = module.CERT_NONE
    elif options.ca is not None:
        _trust(context, options.ca)
    else:
        _trust_system(module, context)
    if options.cert is not None:
        _load_identity(context, options)
    return context


def _version(module: Any, wanted: Any) -> ssl.TLSVersion:
    """TLS 1.2 at least: older interpreters would allow less. Source: RFC 8996."""
    floor: ssl.TLSVersion = module.TLSVersion.TLSv1_2
    if wanted is None:
        return floor
    if isinstance(wanted, str):
        wanted = {"TLSv1.2": floor, "TLSv1.3": module.TLSVersion.TLSv1_3}.get(wanted)
    if not isinstance(wanted, module.TLSVersion) or wanted < floor:
        expected = '"TLSv1.2", "TLSv1.3" or an ssl.TLSVersion of these'
        raise InvalidRequest(f"option min_version must be {expected}", "agent")
    version: ssl.TLSVersion = wanted
    return version


def _set_floor(module: Any, context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    if hasattr(module.SSLContext, "minimum_version"):
        context.minimum_version = version
        return
    # OpenSSL 1.0.2, as in AWS Lambda's Python 3.8: there the attribute would be set, and mean nothing.
    context.options |= module.OP_NO_TLSv1 | module.OP_NO_TLSv1_1
    if version > module.TLSVersion.TLSv1_2:
        raise NotSupported("TLS 1.3 needs a newer OpenSSL than this Python has")


def _is_pem(value: Union[str, bytes]) -> bool:
    return ("-----BEGIN" if isinstance(value, str) else b"-----BEGIN") in value  # type: ignore[operator]


def _trust(context: ssl.SSLContext, ca: Union[str, bytes]) -> None:
    """Trust the caller's roots alone: a file, a directory of hashed names, or PEM."""
    try:
        if _is_pem(ca):
            # Bundles have comments in any language; ssl takes ASCII alone.
            text = ca if isinstance(ca, str) else ca.decode("ascii", "replace")
            context.load_verify_locations(cadata=text.encode("ascii", "replace").decode("ascii"))
        elif os.path.isdir(ca):
            context.load_verify_locations(capath=ca)
        else:
            context.load_verify_locations(cafile=ca)
    except (OSError, ValueError) as error:
        check_descriptors(error, "open")
        message = f"option ca must be a PEM file, a directory or PEM text: {error}"
        raise InvalidRequest(message, "agent") from error


def _trust_system(module: Any, context: ssl.SSLContext) -> None:
    if sys.platform == "win32":
        context.load_default_certs()
        return
    for location in _system_roots(module):
        try:
            context.load_verify_locations(**location)
        except OSError as error:
            check_descriptors(error, "open")
            continue  # a file of no use is no reason to leave out the next place
        return


def _system_roots(module: Any) -> Iterator[Dict[str, str]]:
    """Places of trusted roots, the best first; the caller's environment alone where it names any.

    A directory of hashed names comes before a file where both exist: OpenSSL then reads the one
    root that it needs instead of parsing them all (0.24 ms against 25 ms for 145 roots).
    """
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or directory:
        # Who names roots means these and no others, also when they are gone.
        named = {"cafile": file, "capath": directory}
        asked = {name: path for name, path in named.items() if path and os.path.exists(path)}
        if asked:
            yield asked
        return
    own = module.get_default_verify_paths()
    files = [path for path in (own.openssl_cafile, *CA_FILES) if path and os.path.isfile(path)]
    for path in (own.openssl_capath, *CA_DIRECTORIES):
        count = _count_hashed(path)
        if count:
            # A few names are what an administrator added to the roots that are in a file.
            yield {"capath": path, "cafile": files[0]} if count < WHOLE_STORE and files else {"capath": path}
    for path in files:
        yield {"cafile": path}
    bundle = _certifi_bundle()
    if bundle is not None:
        yield {"cafile": bundle}


def _count_hashed(path: Optional[str]) -> int:
    try:
        return 0 if path is None else sum(name.endswith(".0") for name in os.listdir(path))
    except OSError:
        return 0


def _certifi_bundle() -> Optional[str]:
    try:
        import certifi  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    path: str = certifi.where()
    return path


def describe_roots() -> str:
    """Where trusted roots come from on this machine, in words (for diagnostics)."""
    if sys.platform == "win32":
        return "the Windows certificate store"
    for location in _system_roots(import_ssl()):
        return ", ".join(location.values())
    return "none found"


def _load_identity(context: ssl.SSLContext, options: TLSOptions) -> None:
    """Load the client's certificate; PEM text passes through a file that only this process sees."""
    import contextlib

    def password() -> Union[str, bytes]:
        # Without a callback OpenSSL would ask on the terminal and hang.
        return options.passphrase if options.passphrase is not None else b""

    with contextlib.ExitStack() as stack:
        try:
            cert = stack.enter_context(_as_file(options.cert))
            key = None if options.key is None else stack.enter_context(_as_file(options.key))
            context.load_cert_chain(cert, key, password)
        except (OSError, ValueError) as error:
            check_descriptors(error, "open")
            message = f"options cert and key must be a matching pair of PEM: {error}"
            raise InvalidRequest(message, "agent") from error


def _as_file(value: Any) -> Any:
    """A context manager whose value is the path of a file with this PEM: load_cert_chain() takes no other."""
    import contextlib

    @contextlib.contextmanager
    def manage() -> Iterator[Union[str, bytes]]:
        if not _is_pem(value):
            yield value
            return
        handle, path, is_on_disk = _scratch_file()
        try:
            with os.fdopen(handle, "wb", closefd=is_on_disk) as file:
                file.write(value.encode("utf-8") if isinstance(value, str) else value)
            yield path
        finally:
            if is_on_disk:
                os.unlink(path)
            else:
                os.close(handle)

    return manage()


def _scratch_file() -> Tuple[int, str, bool]:
    """``(descriptor, path, whether it is on disk)``: in memory where the system has that."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        handle = os.memfd_create("pem")
        return handle, f"/proc/self/fd/{handle}", False
    import tempfile

    # Mode 0600, and unlinked as soon as it was read.
    return (*tempfile.mkstemp(), True)


def calls_of(sock: Any) -> Tuple[Any, Any, Any]:
    """How to read (so much, or into a view), to write, and to ask what is decrypted already.

    Of OpenSSL's object itself where ``sock`` is ``ssl``'s own: the methods around it only ask whether there
    is one, which takes 1 us for each request, a fiftieth of all.
    """
    inner = getattr(sock, "_sslobj", None) if type(sock) is import_ssl().SSLSocket else None
    if inner is not None:
        return inner.read, inner.write, inner.pending

    def read(limit: int, *target: memoryview) -> Any:
        data = sock.recv(limit)
        if not target:
            return data
        target[0][: len(data)] = data
        return len(data)

    return read, sock.send, sock.pending


def closed(*_: Any) -> Any:
    """What stands in for these calls once the socket is closed."""
    raise OSError(errno.EBADF, "closed")


def ended() -> int:
    """What stands in for the last of them once the end was read: that is there to be read again."""
    return 1


def tls_error(error: Exception, context: Optional[ssl.SSLContext] = None) -> TLSError:
    """The basement's error for a failed handshake."""
    module = import_ssl()
    if not isinstance(error, module.SSLCertVerificationError):
        return TLSError("EPROTO", f"TLS handshake failed: {getattr(error, 'reason', None) or error}")
    code = VERIFY_CODES.get(getattr(error, "verify_code", 0), "CERT_UNTRUSTED")
    if isinstance(error, getattr(module, "CertificateError", ())) and not getattr(error, "verify_code", 0):
        code = "ERR_TLS_CERT_ALTNAME_INVALID"
    message = getattr(error, "verify_message", "") or str(error)
    if code in _UNTRUSTED:
        check_descriptors(error, "open")  # roots in a directory are opened when they are asked for
        if context is not None and _has_no_roots(module, context):
            message = f"{message}; {NO_ROOTS}"
    return TLSError(code, message)


def _has_no_roots(module: Any, context: ssl.SSLContext) -> bool:
    # A directory is read when a root is asked for, so an empty store alone is no proof.
    return not context.cert_store_stats()["x509_ca"] and not any(
        "capath" in location for location in _system_roots(module)
    )
