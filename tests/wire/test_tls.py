"""TLS: what is trusted, what failures are called, whose context is whose, and TLS inside TLS."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from miniaxios.wire import sockets as sockets_module
from miniaxios.wire import secure_stream as secure_module
from miniaxios.wire import stream as stream_module
from miniaxios.wire import tls
from miniaxios.wire import tls_tunnel as tunnel_module
from miniaxios.wire.errors import (
    DeadlineExceeded,
    InvalidRequest,
    NetworkError,
    NotSupported,
    Stopped,
    TLSError,
)
from miniaxios.wire.scope import Scope
from miniaxios.wire.secure_stream import start_tls
from miniaxios.wire.tls import TLSOptions, context_for

from ..support.peer import Peer
from ..support.proxy import Proxy
from ..support.server import Server
from ..support.tls import CA, OTHER_CA, PASSPHRASE, certificate, key, server_context
from .streams import dial, read_all, trusting
from .torture import Elapsed, StopWhenAsked, WatchedScope, finishes, interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

    from miniaxios.wire.stream import Stream

pytestmark = pytest.mark.usefixtures("no_leaks")

#: OpenSSL's hash of the subject of the tests' CA: its name in a directory of hashed names.
CA_HASH = "9c9c264b"


def text_of(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def hello(conn: Peer) -> None:
    conn.send(b"hello")
    conn.hold()


def shake(server: Any, options: TLSOptions, name: str = "localhost") -> Tuple[bytes, Any]:
    """What the server says first, and the server's Peer."""
    with dial(server, tls=False) as stream:
        start_tls(stream, context_for(options), options.servername or name)
        return stream.receive(), server.peers[-1]


def failed(server_tls: Any, options: TLSOptions, name: str = "localhost") -> NetworkError:
    with Server(hello, tls=server_tls) as server:
        with pytest.raises(NetworkError) as caught:
            shake(server, options, name)
    assert not server.requests
    return caught.value


# --- certificates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, ca, host, code",
    [
        ("server", CA, "localhost", None),
        ("server", CA, "127.0.0.1", None),
        ("server", CA, "::1", None),
        ("names", CA, "origin.test", None),
        ("names", CA, "a.example.test", None),
        ("ip-only", CA, "127.0.0.1", None),
        ("chained", OTHER_CA, "localhost", None),
        ("chained-full", OTHER_CA, "localhost", None),
        ("server", OTHER_CA, "localhost", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        ("names", CA, "localhost", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("names", CA, "a.b.example.test", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("ip-only", CA, "localhost", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("wrong-name", CA, "localhost", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("wrong-name", CA, "127.0.0.1", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("wrong-name", CA, "::1", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("cn-only", CA, "localhost", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("expired", CA, "localhost", "CERT_HAS_EXPIRED"),
        ("not-yet", CA, "localhost", "CERT_NOT_YET_VALID"),
        ("self-signed", CA, "localhost", "DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("chained-leaf", OTHER_CA, "localhost", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        ("chained-full", CA, "localhost", "SELF_SIGNED_CERT_IN_CHAIN"),
    ],
)
def test_certificates(name: str, ca: str, host: str, code: Optional[str]) -> None:
    options = TLSOptions(ca=ca)
    if code is None:
        with Server(hello, tls=name) as server:
            assert shake(server, options, host)[0] == b"hello"
        return
    error = failed(name, options, host)
    assert type(error) is TLSError and error.code == code
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError) and str(error)


@pytest.mark.parametrize("name", ["wrong-name", "expired", "self-signed", "chained-leaf", "cn-only"])
def test_reject_unauthorized_false_takes_anything(name: str) -> None:
    with Server(hello, tls=name) as server:
        assert shake(server, TLSOptions(reject_unauthorized=False))[0] == b"hello"
        assert server.peers[-1].sni == "localhost"


@pytest.mark.parametrize("number, code", sorted(tls.VERIFY_CODES.items()))
def test_codes_of_failed_verification(number: int, code: str) -> None:
    error: Any = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = number, "why"
    made = tls.tls_error(error)
    assert made.code == code and str(made) == "why"


def test_unknown_codes_of_failed_verification() -> None:
    error: Any = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert tls.tls_error(error).code == "ERR_TLS_CERT_ALTNAME_INVALID"  # match_hostname() gives no number
    error.verify_code, error.verify_message = 99, ""
    assert tls.tls_error(error).code == "CERT_UNTRUSTED"


# --- the name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host, servername, certificate_name, sni",
    [
        ("localhost", None, "server", "localhost"),
        ("127.0.0.1", None, "server", None),
        ("::1", None, "server", None),
        ("127.0.0.1", "origin.test", "names", "origin.test"),
        ("localhost", "127.0.0.1", "ip-only", None),
    ],
)
def test_server_name(host: str, servername: Optional[str], certificate_name: str, sni: Optional[str]) -> None:
    with Server(hello, tls=certificate_name) as server:
        assert shake(server, TLSOptions(ca=CA, servername=servername), host)[1].sni == sni


def test_names_do_not_load_the_idna_codec() -> None:
    assert tls.server_name(trusting(), "origin.test") == b"origin.test"

    class Own(ssl.SSLContext):
        pass

    assert tls.server_name(Own(ssl.PROTOCOL_TLS_CLIENT), "origin.test") == "origin.test"


@pytest.mark.parametrize(
    "name, kind",
    [
        ("ü.test", InvalidRequest),
        ("a\0b", InvalidRequest),
        ("a b", InvalidRequest),
        ("x" * 300, TLSError),
        (".x", TLSError),
    ],
)
def test_names_that_can_not_be(name: str, kind: Any) -> None:
    with Server.silent() as server, pytest.raises(kind) as caught:
        shake(server, TLSOptions(ca=CA, servername=name))
    assert type(caught.value) is kind


def test_alpn() -> None:
    with Server(hello, tls=server_context(alpn=["h2", "http/1.1"])) as server:
        with dial(server) as stream:
            assert stream.sock.selected_alpn_protocol() == "http/1.1"


# --- versions ------------------------------------------------------------------------------------------


def test_min_version() -> None:
    version = ssl.TLSVersion
    assert context_for(TLSOptions()).minimum_version == version.TLSv1_2
    for given, expected in (
        ("TLSv1.2", version.TLSv1_2),
        ("TLSv1.3", version.TLSv1_3),
        (version.TLSv1_3, version.TLSv1_3),
    ):
        assert context_for(TLSOptions(min_version=given)).minimum_version == expected
    old = server_context(maximum=version.TLSv1_2)
    assert failed(old, TLSOptions(ca=CA, min_version="TLSv1.3")).code == "EPROTO"
    with Server(hello, tls=server_context(maximum=version.TLSv1_2)) as server:
        assert shake(server, TLSOptions(ca=CA, min_version="TLSv1.2"))[0] == b"hello"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "value", ["TLSv1", "TLSv1.1", "tlsv1.3", "", 1.3, 771, object(), "min", "max", "old"]
)
def test_min_version_of_no_use(value: Any) -> None:
    version = ssl.TLSVersion
    special = {"min": version.MINIMUM_SUPPORTED, "max": version.MAXIMUM_SUPPORTED, "old": version.TLSv1_1}
    with pytest.raises(InvalidRequest) as caught:
        context_for(TLSOptions(min_version=special.get(value, value) if isinstance(value, str) else value))
    assert "min_version" in str(caught.value) and caught.value.what == "agent"


def test_the_floor_with_an_openssl_that_knows_no_minimum() -> None:
    class Old:
        SSLContext = object
        OP_NO_TLSv1, OP_NO_TLSv1_1 = 1, 2
        TLSVersion = ssl.TLSVersion

    class Context:
        options = 8

    context: Any = Context()
    tls._set_floor(Old, context, ssl.TLSVersion.TLSv1_2)
    assert context.options == 11 and not hasattr(context, "minimum_version")
    with pytest.raises(NotSupported):
        tls._set_floor(Old, context, ssl.TLSVersion.TLSv1_3)


# --- trust ---------------------------------------------------------------------------------------------


def forms_of_ca(folder: Any) -> List[Any]:
    text = text_of(CA)
    hashed = folder / "hashed"
    hashed.mkdir()
    (hashed / (CA_HASH + ".0")).write_text(text)
    return [
        CA,
        CA.encode(),
        text,
        text.encode(),
        "# Zertifizierungsstelle für Tests\n" + text,
        ("# Ünïcode\n" + text).encode("utf-8"),
        text_of(OTHER_CA) + text,
        str(hashed),
        str(hashed).encode(),
    ]


def test_ca_as_file_directory_and_pem(tmp_path: Any) -> None:
    with Server(hello, tls=True) as server:
        for ca in forms_of_ca(tmp_path):
            assert shake(server, TLSOptions(ca=ca))[0] == b"hello", ca
    assert failed(True, TLSOptions(ca=str(tmp_path))).code == "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"


@pytest.mark.parametrize(
    "ca",
    ["", "/no/such/file", "\0", "x" * 5000, "\ud800", b"\xff", __file__, key("server"),
     "-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----\n", b"-----BEGIN CERTIFICATE-----"],
)  # fmt: skip
def test_ca_of_no_use(ca: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        context_for(TLSOptions(ca=ca))
    assert "option ca" in str(caught.value) and caught.value.what == "agent"


def test_ca_replaces_the_system_s_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", CA)
    assert failed(True, TLSOptions(ca=OTHER_CA)).code == "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"


def test_ssl_cert_file_and_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / (CA_HASH + ".0")).write_text(text_of(CA))
    with Server(hello, tls=True) as server:
        for names in ({"SSL_CERT_FILE": CA}, {"SSL_CERT_DIR": str(tmp_path)},
                      {"SSL_CERT_FILE": OTHER_CA, "SSL_CERT_DIR": str(tmp_path)},
                      {"SSL_CERT_FILE": CA, "SSL_CERT_DIR": "/no/such/folder"}):  # fmt: skip
            with monkeypatch.context() as patch:
                for name, value in names.items():
                    patch.setenv(name, value)
                assert shake(server, TLSOptions())[0] == b"hello", names
    monkeypatch.setenv("SSL_CERT_FILE", OTHER_CA)
    assert failed(True, TLSOptions()).code == "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"


@pytest.mark.parametrize("value", ["/no/such/file", __file__])
def test_roots_that_are_named_but_of_no_use_are_not_replaced(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names roots means these and no others."""
    monkeypatch.setattr(tls, "CA_FILES", (CA,))
    monkeypatch.setenv("SSL_CERT_FILE", value)
    error = failed(True, TLSOptions())
    assert error.code == "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" and "SSL_CERT_FILE" in str(error)


class NoPaths:
    openssl_cafile: Optional[str] = None
    openssl_capath: Optional[str] = None


@pytest.fixture
def bare_system(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A system without any roots."""
    monkeypatch.setattr(tls, "CA_FILES", ())
    monkeypatch.setattr(tls, "CA_DIRECTORIES", ())
    monkeypatch.setattr(tls, "_contexts", {})
    monkeypatch.setattr(tls, "_certifi_bundle", lambda: None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", NoPaths)
    return monkeypatch


@pytest.mark.parametrize("name", ["server", "chained", "chained-full"])
def test_no_roots_anywhere(name: str, bare_system: pytest.MonkeyPatch) -> None:
    error = failed(name, TLSOptions())
    assert "SSL_CERT_FILE" in str(error) and "SSL_CERT_DIR" in str(error) and "option ca" in str(error)
    assert tls.describe_roots() == "none found"
    assert "SSL_CERT_FILE" not in str(failed("server", TLSOptions(ca=OTHER_CA)))


def test_where_roots_are_found(bare_system: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """OpenSSL's own places, the usual ones, certifi; a directory only where it has hashed names."""

    def hashed(name: str, count: int) -> str:
        folder = tmp_path / name
        folder.mkdir()
        for number in range(count):
            (folder / ("%08x.0" % number)).write_text("")
        return str(folder)

    def places() -> List[Dict[str, str]]:
        return list(tls._system_roots(ssl))

    assert places() == []
    bare_system.setattr(tls, "_certifi_bundle", lambda: CA)
    assert places() == [{"cafile": CA}]
    bare_system.setattr(tls, "CA_FILES", ("/no/such/file", OTHER_CA))
    assert places() == [{"cafile": OTHER_CA}, {"cafile": CA}]
    whole, few, none = hashed("whole", tls.WHOLE_STORE), hashed("few", 1), hashed("none", 0)
    bare_system.setattr(tls, "CA_DIRECTORIES", ("/no/such/folder", none, whole))
    assert places()[0] == {"capath": whole}
    assert tls.describe_roots() == whole
    bare_system.setattr(NoPaths, "openssl_capath", few)
    assert places()[0] == {"capath": few, "cafile": OTHER_CA}, "an addition to a file is not all"
    bare_system.setattr(NoPaths, "openssl_cafile", CA)
    assert places()[0] == {"capath": few, "cafile": CA}


def test_a_bad_file_is_passed_over(bare_system: pytest.MonkeyPatch, tmp_path: Any) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing of use")
    bare_system.setattr(tls, "CA_FILES", (str(bad), CA))
    with Server(hello, tls=True) as server:
        assert shake(server, TLSOptions())[0] == b"hello"


def test_windows_has_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls.sys, "platform", "win32")
    asked: List[bool] = []

    class Context:
        def load_default_certs(self) -> None:
            asked.append(True)

    context: Any = Context()
    tls._trust_system(ssl, context)
    assert asked == [True]
    assert "Windows" in tls.describe_roots()


# --- the client's certificate --------------------------------------------------------------------------


def both_in_one(folder: Any) -> str:
    path = folder / "both.pem"
    path.write_text(text_of(certificate("client")) + text_of(key("client")))
    return str(path)


CERT, KEY, ENCRYPTED = certificate("client"), key("client"), key("client-encrypted")


@pytest.mark.parametrize(
    "cert, own_key, passphrase",
    [
        (CERT, KEY, None),
        (CERT.encode(), KEY.encode(), None),
        (text_of(CERT), text_of(KEY), None),
        (text_of(CERT).encode(), text_of(KEY).encode(), None),
        (text_of(CERT) + text_of(KEY), None, None),
        (CERT, text_of(KEY), None),
        (CERT, ENCRYPTED, PASSPHRASE),
        (CERT, ENCRYPTED, PASSPHRASE.encode()),
        (text_of(CERT), text_of(ENCRYPTED), PASSPHRASE),
        ("# für uns\n" + text_of(CERT), KEY, None),
    ],
    ids=lambda value: "pem" if "-----" in str(value) else os.path.basename(str(value)),
)
def test_client_certificates(cert: Any, own_key: Any, passphrase: Any) -> None:
    shown: List[Any] = []

    def script(conn: Peer) -> None:
        shown.append(conn.sock.getpeercert())
        hello(conn)

    with Server(script, tls=server_context(client_ca=CA)) as server:
        assert shake(server, TLSOptions(ca=CA, cert=cert, key=own_key, passphrase=passphrase))[0] == b"hello"
    assert shown[0]["subject"]


def test_a_client_certificate_in_one_file(tmp_path: Any) -> None:
    with Server(hello, tls=server_context(client_ca=CA)) as server:
        assert shake(server, TLSOptions(ca=CA, cert=both_in_one(tmp_path)))[0] == b"hello"


@pytest.mark.parametrize("options", [{}, {"cert": certificate("other-client"), "key": key("other-client")}])
def test_a_server_that_wants_another_certificate(options: Dict[str, Any]) -> None:
    with Server(hello, tls=server_context(client_ca=CA)) as server, pytest.raises(NetworkError) as caught:
        shake(server, TLSOptions(ca=CA, **options))
    assert caught.value.code in ("EPROTO", "ECONNRESET")


@pytest.mark.parametrize(
    "cert, own_key, passphrase",
    [
        (CERT, ENCRYPTED, None),
        (CERT, ENCRYPTED, ""),
        (CERT, ENCRYPTED, "wrong"),
        (CERT, ENCRYPTED, "x" * 5000),
        (text_of(CERT), text_of(ENCRYPTED), "wrong"),
        (CERT, key("server"), None),
        (CERT, None, None),
        (CERT, "/no/such/file", None),
        ("/no/such/file", KEY, None),
        ("\0", KEY, None),
        ("-----BEGIN CERTIFICATE-----\ngarbage", KEY, None),
        ("", None, None),
    ],
    ids=lambda value: "pem" if "-----" in str(value) else os.path.basename(str(value))[:20],
)
def test_client_certificates_of_no_use(cert: Any, own_key: Any, passphrase: Any) -> None:
    """None of them asks on the terminal: that would hang a server for ever."""
    options = TLSOptions(ca=CA, cert=cert, key=own_key, passphrase=passphrase)
    _, error = finishes(lambda: context_for(options))
    assert type(error) is InvalidRequest and error.what == "agent"
    assert "cert and key" in str(error) and "BEGIN" not in str(error) and "wrong" not in str(error)


def test_LEAK_3_pem_touches_no_disk_where_it_can_be_helped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    modes: List[int] = []
    real = ssl.SSLContext.load_cert_chain

    def watched(context: Any, cert: str, own_key: str, password: Any) -> None:
        modes.extend(
            stat.S_IMODE(os.stat(path).st_mode) for path in (cert, own_key) if path.startswith(str(tmp_path))
        )
        real(context, cert, own_key, password)

    options = TLSOptions(cert=text_of(CERT), key=text_of(KEY))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    tls._make_context(options)
    assert not hasattr(os, "memfd_create") or modes == []
    monkeypatch.delattr(os, "memfd_create", raising=False)
    tls._make_context(options)
    assert modes == [0o600, 0o600]
    assert os.listdir(str(tmp_path)) == []
    with pytest.raises(InvalidRequest):
        tls._make_context(TLSOptions(cert=text_of(CERT), key=text_of(key("server"))))
    assert os.listdir(str(tmp_path)) == []


# --- contexts ------------------------------------------------------------------------------------------


DIFFERENT: List[Dict[str, Any]] = [
    {},
    {"ca": CA},
    {"ca": OTHER_CA},
    {"ca": text_of(CA)},
    {"ca": CA, "reject_unauthorized": False},
    {"reject_unauthorized": False},
    {"ca": CA, "min_version": "TLSv1.3"},
    {"ca": CA, "min_version": "TLSv1.2"},
    {"ca": CA, "servername": "other.test"},
    {"ca": CA, "cert": CERT, "key": KEY},
    {"ca": CA, "cert": certificate("other-client"), "key": key("other-client")},
    {"ca": CA, "cert": CERT, "key": ENCRYPTED, "passphrase": PASSPHRASE},
]


def test_POOLKEY_1_contexts_are_made_once_and_never_shared_by_different_options() -> None:
    contexts = [context_for(TLSOptions(**options)) for options in DIFFERENT]
    assert len(set(map(id, contexts))) == len(contexts)
    assert len({TLSOptions(**options).pool_key for options in DIFFERENT}) == len(DIFFERENT)
    for options, context in zip(DIFFERENT, contexts):
        assert context_for(TLSOptions(**options)) is context
        verifies = options.get("reject_unauthorized", True)
        assert context.verify_mode == (ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE)
        assert context.check_hostname == verifies
    assert tls.context_for(TLSOptions(ca=CA, cert=CERT, key=KEY)) is contexts[9]
    with pytest.raises(InvalidRequest):
        context_for(TLSOptions(ca=CA, cert=CERT, key=ENCRYPTED, passphrase="wrong"))


def test_the_store_of_contexts_does_not_grow() -> None:
    text = text_of(CA)
    for number in range(70):
        context_for(TLSOptions(ca="# %d\n%s" % (number, text)))
    assert len(tls._contexts) <= 64


def test_a_renewed_file_is_read_anew(tmp_path: Any) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(text_of(OTHER_CA))
    options = TLSOptions(ca=str(path))
    assert failed(True, options).code == "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
    before = os.stat(str(path))
    new = tmp_path / "new.pem"
    data = text_of(CA)
    new.write_text(data + "\n" * max(0, before.st_size - len(data)))
    # Of the same time, and of the same size if it can be: only the file is another one.
    os.utime(str(new), ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(str(new), str(path))
    with Server(hello, tls=True) as server:
        assert shake(server, options)[0] == b"hello"
    with monkey_environment("SSL_CERT_FILE", str(path)):
        first = context_for(TLSOptions())
        path.write_text(data + data)
        assert context_for(TLSOptions()) is not first


@contextmanager
def monkey_environment(name: str, value: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        yield


def test_a_context_of_the_caller_s_own() -> None:
    own = ssl.create_default_context(cafile=CA)
    options = TLSOptions(ca=OTHER_CA, context=own)
    before = own.options, own.verify_flags, own.minimum_version
    with Server(hello, tls=True) as server:
        assert context_for(options) is own
        assert shake(server, options)[0] == b"hello"
    assert (own.options, own.verify_flags, own.minimum_version) == before, "never changed"


def test_POOLKEY_2_a_context_that_its_owner_alters() -> None:
    own = ssl.create_default_context(cafile=CA)
    options = TLSOptions(context=own)
    first = options.pool_key
    assert first == TLSOptions(context=own).pool_key
    own.check_hostname = False
    second = options.pool_key
    own.verify_mode = ssl.CERT_NONE
    assert len({first, second, options.pool_key}) == 3
    assert TLSOptions(context=ssl.create_default_context(cafile=CA)).pool_key != first


# --- handshakes that fail ------------------------------------------------------------------------------


def plain_text(conn: Peer) -> None:
    conn.read_some()
    conn.respond(400, body=b"this is http")
    conn.wait_closed()


def alert(conn: Peer) -> None:
    conn.read_some()
    conn.send(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal, handshake_failure
    conn.wait_closed()


def hang_up(conn: Peer) -> None:
    conn.read_some()
    conn.close()


def reset(conn: Peer) -> None:
    conn.read_some()
    conn.reset()


@pytest.mark.parametrize(
    "script, code",
    [(plain_text, "EPROTO"), (alert, "EPROTO"), (hang_up, "ECONNRESET"), (reset, "ECONNRESET")],
)
def test_handshakes_that_fail(script: Callable[[Peer], None], code: str) -> None:
    with Server(script) as server, pytest.raises(NetworkError) as caught:
        shake(server, TLSOptions(ca=CA))
    assert caught.value.code == code and str(caught.value)


NO_SSL = """
import sys
sys.modules["ssl"] = sys.modules["_ssl"] = None
sys.path.insert(0, {root!r})
from miniaxios.wire.errors import NotSupported
from miniaxios.wire.tls import TLSOptions, context_for
from miniaxios.wire.scope import Scope
from miniaxios.wire.connect import connect
for scope in (Scope(), Scope(5.0, True)):
    stream = connect("127.0.0.1", {port}, scope)
    stream.lend(scope)
    stream.sendall(b"ping")
    print(stream.receive(), stream.receive_now(), stream.is_stale(), stream.send_now(b"x"))
    stream.close()
    try: stream.receive()
    except Exception as error: print(type(error).__name__, error.code)
try: context_for(TLSOptions())
except NotSupported as error: print(error)
import miniaxios
print(miniaxios.get("http://127.0.0.1:{http}/", proxy=False).data)
try: miniaxios.get("https://127.0.0.1:{http}/", proxy=False)
except miniaxios.AxiosError as error: print(error.code)
"""


def test_without_ssl() -> None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from ..support.messages import Reply

    def echo(conn: Peer) -> None:
        conn.send(conn.read_exactly(4))
        conn.hold()

    with Server(echo) as raw, Server.handler(lambda request: Reply(b"plain")) as http:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", NO_SSL.format(root=root, port=raw.port, http=http.port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        )  # fmt: skip
    assert done.stdout.decode().splitlines() == [
        "b'ping' None False 1",
        "NetworkError ECONNRESET",
        "b'ping' None False 1",
        "NetworkError ECONNRESET",
        "https needs the ssl module, which this Python lacks",
        "plain",
        "ERR_NOT_SUPPORT",
    ]


# --- TLS in TLS ----------------------------------------------------------------------------------------


@contextmanager
def tunnel(
    proxy: Any, target: str, scope: Optional[Scope] = None, name: str = "localhost"
) -> Iterator[Stream]:
    """A stream through a TLS proxy, its inner handshake done."""
    with dial(proxy, scope, tls=True) as stream:
        open_tunnel(stream, target)
        start_tls(stream, trusting(), name)
        yield stream


def open_tunnel(stream: Stream, target: str) -> None:
    stream.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.receive(1)
    assert head.startswith(b"HTTP/1.1 200 ")


def small_buffers(stream: Stream) -> None:
    """Few bytes fit into the kernel."""
    socket.socket.setsockopt(stream.sock.outermost, socket.SOL_SOCKET, socket.SO_SNDBUF, 32768)


DATA = b"".join(number.to_bytes(4, "big") for number in range(1 << 20))  # 4 MiB, no two parts alike


class Inner:
    """The server's half of TLS inside a tunnel, in the hands of a script."""

    def __init__(self, conn: Peer, context: Optional[ssl.SSLContext] = None) -> None:
        self.conn = conn
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (context or server_context()).wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.call(self.tls.do_handshake)

    def call(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                self.feed()
            finally:
                self.flush()

    def feed(self) -> None:
        data = self.conn.read_some()
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def flush(self) -> None:
        data = self.outgoing.read()
        if data:
            self.conn.send(data)

    def records(self, data: bytes) -> bytes:
        """Data as records, not sent yet."""
        self.tls.write(data)
        return self.outgoing.read()


def inner(script: Callable[[Inner], Any]) -> Proxy:
    """A TLS proxy whose tunnel ends in a script."""
    return Proxy(tls=True, tunnel=lambda conn: script(Inner(conn)))


@pytest.mark.parametrize("timeout", [None, 20.0])
def test_large_transfers_both_ways(timeout: Optional[float]) -> None:
    def script(conn: Peer) -> None:
        assert conn.read_exactly(len(DATA)) == DATA
        conn.send(DATA)

    with Server(script, tls="names") as origin, Proxy(tls=True, hosts={"origin.test": origin}) as proxy:
        with tunnel(proxy, "origin.test:443", Scope(timeout), "origin.test") as stream:
            stream.sendall(DATA)
            assert read_all(stream) == DATA
        assert origin.peers[0].sni == "origin.test" and proxy.peers[0].sni == "localhost"


def test_large_transfers_at_the_same_time() -> None:
    """Neither side waits for the other: what comes in is read while the way out is full."""

    def script(conn: Peer) -> None:
        conn.send(DATA)
        assert conn.read_exactly(len(DATA)) == DATA
        conn.send(b"same")

    with Server(script, tls=True) as origin, Proxy(tls=True, hosts={"localhost": origin}) as proxy:
        with tunnel(proxy, "localhost:443", Scope(30.0)) as stream:
            view, received = memoryview(DATA), b""
            while view:
                readable, writable = stream.wait(True, True)
                if readable:
                    received += stream.receive_now() or b""
                if writable:
                    view = view[stream.send_now(view) :]
            assert received + read_all(stream) == DATA + b"same"


def test_QUEUE_3_an_early_answer_is_read_past_an_upload_that_is_stuck() -> None:
    """The peer reads nothing any more, and answers: whether by looking or by sleeping, it is read."""

    def script(server: Inner) -> None:
        server.conn.wait(stuck)
        server.conn.send(server.records(DATA[:100000]))
        server.conn.pause(30)

    for sleeping in (False, True):
        stuck = threading.Event()
        with inner(script) as proxy, tunnel(proxy, "x:1", Scope(30.0)) as stream:
            small_buffers(stream)
            view = memoryview(bytes(1 << 24))
            quiet = 0
            while quiet < 3:
                count = stream.send_now(view)
                view = view[count:]
                quiet = 0 if count else quiet + 1
                stream.wait(False, True, 0.05)
            stuck.set()
            received = b""
            while len(received) < 100000:
                if sleeping:
                    received += stream.receive()
                else:
                    stream.wait(True, False)
                    received += stream.receive_now() or b""
            assert received == DATA[:100000]


def test_partial_writes_of_the_outer_layer() -> None:
    """Sent in small steps, with looks at what came in between: the bytes stay in order."""
    stuck = threading.Event()

    def script(server: Inner) -> None:
        server.conn.wait(stuck)
        data = b""
        while len(data) < len(DATA):
            data += server.call(lambda: server.tls.read(1 << 20))
        server.conn.send(server.records(b"same" if data == DATA else b"other"))
        server.conn.hold()

    with inner(script) as proxy:
        with tunnel(proxy, "x:1", Scope(30.0)) as stream:
            small_buffers(stream)
            view = memoryview(DATA)
            misses = 0
            while view:
                count = stream.send_now(view)
                view = view[count:]
                if not count:
                    misses += 1
                    if misses > 3:
                        stuck.set()
                    assert stream.receive_now() is None
                    stream.wait(False, True, 0.02)
            assert misses > 3
            assert stream.receive() == b"same"


def drip_handshake(conn: Peer) -> None:
    conn.drip(iter([b"\x16\x03\x03\x40\x00"] + [b"\x02"] * 10**4))


def drip_record(conn: Peer) -> None:
    server = Inner(conn)
    conn.drip(server.records(bytes(10**4)))


IN_TUNNEL = [
    (Peer.hold, False),
    (drip_handshake, False),
    (lambda conn: Inner(conn) and conn.hold(), True),
    (drip_record, True),
]
IN_TUNNEL_IDS = ["handshake stalls", "handshake drips", "silence", "record drips"]


def use_tunnel(stream: Stream) -> None:
    open_tunnel(stream, "x:1")
    start_tls(stream, trusting(), "localhost")
    stream.receive()


@pytest.mark.parametrize("script, shakes", IN_TUNNEL, ids=IN_TUNNEL_IDS)
def test_FLOOD_4_deadline_in_a_tunnel(script: Any, shakes: bool) -> None:
    with Proxy(tls=True, tunnel=script) as proxy, dial(proxy, Scope(0.4), tls=True) as stream:
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            use_tunnel(stream)
        assert 0.2 <= took.seconds < 5
        assert stream.secure is True and isinstance(stream.sock, tunnel_module.TLSTunnel)


@pytest.mark.parametrize("script, shakes", IN_TUNNEL, ids=IN_TUNNEL_IDS)
def test_stop_in_a_tunnel(script: Any, shakes: bool) -> None:
    scope = WatchedScope()
    with Proxy(tls=True, tunnel=script) as proxy, dial(proxy, scope, tls=True) as stream:
        with StopWhenAsked(scope, 0.15) as stop, pytest.raises(Stopped):
            use_tunnel(stream)
        assert stop.delay < 2


@pytest.mark.parametrize("records", [b"", b"\x16\x03\x03\x40\x00\x02"])
def test_FLOOD_4_a_handshake_in_a_tunnel_that_is_stuck(records: bytes) -> None:
    """It ends in time, and waits without working: the outer layer's socket is one that never sleeps."""

    def script(conn: Peer) -> None:
        conn.send(records)
        conn.hold()

    with Proxy(tls=True, tunnel=script) as proxy, dial(proxy, Scope(5.0), tls=True) as stream:
        open_tunnel(stream, "x:1")
        stream.scope.timeout = 0.5
        stream.scope.restart()
        work = time.thread_time()
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            start_tls(stream, trusting(), "localhost")
        assert 0.49 <= took.seconds < 5 and time.thread_time() - work < 0.25


@pytest.mark.parametrize("pieces", [1, 3])
def test_FLOOD_4_a_record_in_a_tunnel_that_never_ends(pieces: int) -> None:
    """The outer layer has bytes, the inner one no whole record: neither is a reason to try without end."""

    def script(server: Inner) -> None:
        data = server.records(b"never whole")[:-1]
        for number in range(pieces):
            server.conn.send(data[number::pieces] if pieces == 1 else data[number * 9 :][:9])
        server.conn.hold()

    with inner(script) as proxy, tunnel(proxy, "x:1", Scope(5.0)) as stream:
        stream.scope.timeout = 0.5
        stream.scope.restart()
        work = time.thread_time()
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            stream.receive()
        assert 0.49 <= took.seconds < 5 and time.thread_time() - work < 0.25


@pytest.mark.parametrize("stopped", [False, True])
def test_sending_into_a_tunnel_that_is_stuck(stopped: bool) -> None:
    scope = WatchedScope(None if stopped else 10.0)
    with inner(lambda server: server.conn.pause(30)) as proxy, tunnel(proxy, "x:1", scope) as stream:
        if stopped:
            with StopWhenAsked(scope, 0.1) as stop, pytest.raises(Stopped):
                stream.sendall(bytes(1 << 26))
            assert stop.delay < 2
            return
        scope.timeout = 0.3
        scope.restart()
        with Elapsed() as took, pytest.raises(DeadlineExceeded):
            stream.sendall(bytes(1 << 26))
        assert 0.29 <= took.seconds < 5


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_handler_stops_its_own_thread_at_any_line_in_a_tunnel() -> None:
    def script(server: Inner) -> None:
        server.call(lambda: server.tls.read(10))
        server.conn.send(server.records(b"pong"))
        server.conn.hold()

    def talk(scope: Scope) -> None:
        with tunnel(proxy, "x:1", scope) as stream:
            stream.sendall(b"ping")
            assert stream.receive() == b"pong"

    with inner(script) as proxy:
        for at in range(1, 1000, 7):
            scope = Scope(20.0, True)
            try:
                if not interrupted(
                    lambda: talk(scope), (stream_module, secure_module, tunnel_module), at, lambda: scope.stop("x")
                ):
                    break
            except Stopped:
                pass
            assert scope.stopped
        assert at > 50


@pytest.mark.parametrize(
    "name, host, code",
    [
        ("names", "localhost", "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("expired", "localhost", "CERT_HAS_EXPIRED"),
        ("self-signed", "localhost", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    ],
)
def test_PROXY_3_the_origin_s_certificate_counts_in_a_tunnel(name: str, host: str, code: str) -> None:
    with Server(hello, tls=name) as origin, Proxy(tls=True, hosts={"x": origin}) as proxy:
        with pytest.raises(TLSError) as caught, tunnel(proxy, "x:443", None, host):
            pass
    assert caught.value.code == code


def test_a_name_that_can_not_be_in_a_tunnel() -> None:
    with Proxy(tls=True, tunnel=Peer.hold) as proxy, dial(proxy, tls=True) as stream:
        open_tunnel(stream, "x:1")
        with pytest.raises(TLSError):
            start_tls(stream, trusting(), "x" * 300)


def close_inner(server: Inner) -> None:
    with pytest.raises(ssl.SSLError):
        server.tls.unwrap()
    server.flush()
    server.conn.hold()


ENDS: List[Tuple[Callable[[Inner], Any], Optional[str]]] = [
    (close_inner, None),
    (lambda server: server.conn.close(), "ECONNRESET"),
    (lambda server: server.conn.cut(), "ECONNRESET"),
    (lambda server: server.conn.reset(), "ECONNRESET"),
    (lambda server: (server.conn.send(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), server.conn.hold()), "EPROTO"),
]
ENDS_IDS = ["close", "outer close", "cut", "reset", "garbage"]


@pytest.mark.parametrize("end, code", ENDS, ids=ENDS_IDS)
def test_ends_of_a_tunnel(end: Callable[[Inner], Any], code: Optional[str]) -> None:
    """Only the inner layer's own notice is an end: who closes the outer one alone cuts the body short."""

    def script(server: Inner) -> None:
        server.conn.send(server.records(b"half"))
        server.conn.read_some()
        end(server)

    with inner(script) as proxy, tunnel(proxy, "x:1") as stream:
        assert stream.receive() == b"half"
        stream.sendall(b"go on")
        if code is None:
            assert stream.receive() == b"" == stream.receive()
            return
        with pytest.raises(NetworkError) as caught:
            stream.receive()
        assert caught.value.code == code


@pytest.mark.parametrize("end, code", ENDS[:4], ids=ENDS_IDS[:4])
def test_QUEUE_1_stale_tunnels(end: Callable[[Inner], Any], code: Optional[str]) -> None:
    go = threading.Event()

    def script(server: Inner) -> None:
        server.conn.send(server.records(b"!"))
        server.conn.wait(go)
        end(server)

    with inner(script) as proxy, tunnel(proxy, "x:1") as stream:
        assert stream.receive() == b"!"
        assert not stream.is_stale() and not stream.is_stale()
        go.set()
        assert sockets_module.poll_one(stream.fileno(), True, False, 5)[0]
        assert stream.is_stale()


class LateTickets(Inner):
    """Keeps the session tickets that it makes at the end of the handshake."""

    tickets = b""

    def call(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self.flush()
                self.feed()
            else:
                self.tickets = self.outgoing.read()
                return result


def test_QUEUE_1_tickets_of_the_inner_layer_are_not_stale() -> None:
    """Whole or in half."""

    def script(server: LateTickets) -> None:
        for part in (server.tickets[:50], server.tickets[50:], server.records(b"!")):
            server.conn.read_exactly(1)
            server.conn.send(part)
        server.conn.hold()

    def ask(stream: Stream) -> None:
        assert stream.sock.outermost.send(b"?") == 1  # past the inner layer
        assert sockets_module.poll_one(stream.fileno(), True, False, 5)[0]

    proxy = Proxy(tls=True, tunnel=lambda conn: script(LateTickets(conn)))
    with proxy, tunnel(proxy, "x:1") as stream:
        assert stream.sock._object.version() == "TLSv1.3"
        for _ in range(2):
            ask(stream)
            assert not stream.is_stale()
            assert not sockets_module.poll_one(stream.fileno(), True, False, 0)[0] and not stream.is_stale()
        ask(stream)
        assert stream.receive() == b"!"


def test_QUEUE_1_bytes_behind_a_ticket_are_stale() -> None:
    def script(server: Inner) -> None:
        server.conn.send(server.records(b"!") + server.records(b"EVIL"))
        server.conn.hold()

    with inner(script) as proxy, tunnel(proxy, "x:1") as stream:
        assert stream.receive() == b"!"
        assert stream.sock.pending()
        assert stream.wait(True, True) == (True, False)
        assert stream.is_stale()


def test_pieces_of_a_record_are_put_together() -> None:
    def script(server: Inner) -> None:
        record = server.records(b"in pieces")
        for at in range(0, len(record), 5):
            server.conn.send(record[at : at + 5])
            server.conn.read_exactly(1)
        server.conn.hold()

    with inner(script) as proxy, tunnel(proxy, "x:1", Scope(20.0)) as stream:
        data: Optional[bytes] = None
        looks = 0
        while data is None:
            stream.wait(True, False)
            data = stream.receive_now()
            stream.sock.outermost.send(b"?")
            looks += 1
        assert data == b"in pieces" and looks > 3


def test_an_address_in_a_tunnel_is_verified() -> None:
    with Server(hello, tls="ip-only") as origin, Proxy(tls=True, hosts={"127.0.0.1": origin}) as proxy:
        with tunnel(proxy, "127.0.0.1:443", None, "127.0.0.1") as stream:
            assert stream.receive() == b"hello"
        assert origin.peers[0].sni is None


def test_POOLKEY_1_changed_trust_counts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = TLSOptions()
    before = options.pool_key
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    named = options.pool_key
    (tmp_path / "roots.pem").write_text("roots")
    written = options.pool_key
    assert len({before, named, written}) == 3 and options.pool_key == written
