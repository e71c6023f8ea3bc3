"""Agent: its options, its limits, its end."""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import pathlib
import pickle
import ssl
import subprocess
import sys
import threading

import pytest

from miniaxios import Agent, AxiosError, CancelToken, axios
from miniaxios.agent import shared_agent, shared_agents
from tests.support.server import Reply, Server
from tests.support.tls import CA, OTHER_CA, PASSPHRASE, certificate, client_context, key, server_context


def silent(conn):
    """Takes a request and does not answer."""
    conn.read_request()
    conn.hold()


def text_of(path):
    return pathlib.Path(path).read_text()


def failed(call, *arguments, **options):
    with pytest.raises(AxiosError) as caught:
        call(*arguments, **options)
    return caught.value


# -- options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"keep_alive": 1}, {"keep_alive": None}, {"keepAlive": "yes"},
        {"max_sockets": 0}, {"max_sockets": -1}, {"max_sockets": True}, {"max_sockets": 1.5}, {"maxSockets": "1"},
        {"max_free_sockets": -1}, {"max_free_sockets": None}, {"maxFreeSockets": True},
        {"timeout": -1}, {"timeout": "1"}, {"timeout": None}, {"timeout": float("nan")}, {"timeout": float("inf")}, {"timeout": True},
        {"ca": 5}, {"cert": []}, {"key": True}, {"passphrase": 5}, {"passphrase": pathlib.Path("x")},
        {"reject_unauthorized": None}, {"reject_unauthorized": 0}, {"rejectUnauthorized": "false"},
        {"servername": 5}, {"ssl_context": "x"}, {"sslContext": 5}, {"local_address": 5},
        {"min_version": "TLSv1.1"}, {"min_version": "1.2"}, {"minVersion": 5}, {"min_version": ssl.TLSVersion.TLSv1_1},
    ],
    ids=repr,
)  # fmt: skip
def test_CONFIG_2_bad_values(options):
    error = failed(Agent, **options)
    assert error.code == "ERR_BAD_OPTION_VALUE" and str(error).startswith("option agent.")


@pytest.mark.parametrize("name", ["maxsockets", "keepalive", "verify", "__class__"])
def test_unknown_options(name):
    error = failed(Agent, **{name: 1})
    assert error.code == "ERR_BAD_OPTION" and name in str(error)


def test_both_spellings():
    context = client_context()
    agent = Agent(
        keepAlive=False, maxSockets=3, maxFreeSockets=0, rejectUnauthorized=False, sslContext=context,
        minVersion="TLSv1.3", localAddress="127.0.0.1", timeout=1500,
    )  # fmt: skip
    assert (agent.pool.keep_alive, agent.pool.max_sockets, agent.pool.max_free_sockets) == (False, 3, 0)
    assert (agent.tls.reject_unauthorized, agent.tls.context, agent.tls.min_version) == (False, context, "TLSv1.3")
    assert (agent.local_address, agent.pool.idle_timeout) == ("127.0.0.1", 1.5)
    assert Agent().pool.idle_timeout <= 60
    Agent(min_version=ssl.TLSVersion.TLSv1_3, timeout=0, max_sockets=None, ca=pathlib.Path(CA))


def test_LEAK_2_no_pickles_no_copies():
    for make in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            make(Agent())


def test_LEAK_1_repr_shows_no_key():
    assert "hunter2" not in repr(Agent(passphrase="hunter2", key="-----BEGIN PRIVATE KEY-----hunter2"))


def test_what_is_no_agent_is_refused():
    assert failed(axios.get, "http://h/", http_agent=object()).code == "ERR_BAD_OPTION_VALUE"


# -- keeping connections -----------------------------------------------------------------------------


def test_a_connection_is_kept_and_closed(no_leaks):
    with Server.handler(lambda request: Reply(b"ok")) as server:
        with Agent() as agent:
            for _ in range(3):
                assert axios.get(server.url(), http_agent=agent).data == "ok"
            assert server.connections == 1 and agent.pool.idle_connections == 1
        assert server.wait_gone()
        # A closed agent still serves; it begins anew.
        assert axios.get(server.url(), http_agent=agent).data == "ok"
        assert server.connections == 2
        agent.close()
        agent.close()


def test_close_while_a_response_is_read(no_leaks):
    with Server.handler(lambda request: Reply(bytes(1 << 20))) as server:
        agent = Agent()
        stream = axios.get(server.url(), http_agent=agent, response_type="stream").data
        agent.close()
        assert len(stream.read()) == 1 << 20
        assert server.wait_gone()


def test_keep_alive_false(no_leaks):
    with Server.handler(lambda request: Reply(b"ok")) as server, Agent(keep_alive=False) as agent:
        for _ in range(2):
            axios.get(server.url(), http_agent=agent)
        assert server.connections == 2 and agent.pool.idle_connections == 0
        assert [request.header("connection") for request in server.requests] == ["close", "close"]


def test_max_free_sockets(no_leaks):
    with Server.handler(lambda request: Reply(b"ok")) as server, Agent(max_free_sockets=0) as agent:
        axios.get(server.url(), http_agent=agent)
        assert server.wait_gone()


def test_timeout_of_idle_connections():
    with Server.handler(lambda request: Reply(b"ok")) as server, Agent(timeout=0) as agent:
        for _ in range(2):
            axios.get(server.url(), http_agent=agent)
        assert server.connections == 2


def test_a_forgotten_agent_closes_its_connections(no_leaks):
    with Server.handler(lambda request: Reply(b"ok")) as server:
        agent = Agent()
        axios.get(server.url(), http_agent=agent)
        del agent
        gc.collect()
        assert server.wait_gone()


def test_an_agent_is_held_by_its_stream():
    with Server.handler(lambda request: Reply(bytes(1 << 20))) as server:
        stream = axios.get(server.url(), http_agent=Agent(), response_type="stream").data
        gc.collect()
        assert len(stream.read()) == 1 << 20


def test_max_sockets_waits_its_turn(no_leaks):
    running, most, lock = [0], [0], threading.Lock()

    def answer(request):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        request.peer.pause(0.01)
        with lock:
            running[0] -= 1
        return Reply(request.target)

    results = {}
    with Server.handler(answer) as server, Agent(max_sockets=2) as agent:

        def work(number):
            results[number] = axios.get(server.url("/%d" % number), http_agent=agent, timeout=30000, response_type="text").data

        threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most[0] <= 2 and server.connections <= 2
    assert results == {number: "/%d" % number for number in range(12)}


@contextlib.contextmanager
def occupied(server, agent):
    """A request of the agent waits for its answer."""
    source = CancelToken.source()
    options = {"cancel_token": source.token, "http_agent": agent}
    thread = threading.Thread(target=failed, args=(axios.get, server.url()), kwargs=options)
    thread.start()
    try:
        server.wait_requests(1)
        yield
    finally:
        source.cancel()
        thread.join()


def test_max_sockets_is_per_origin():
    with Server(silent) as stuck, Server.handler(lambda request: Reply(b"ok")) as server, Agent(max_sockets=1) as agent:
        with occupied(stuck, agent):
            assert axios.get(server.url(), http_agent=agent, timeout=20000).data == "ok"


def test_the_wait_for_a_socket_ends_with_the_deadline(no_leaks):
    with Server(silent) as server, Agent(max_sockets=1) as agent:
        with occupied(server, agent):
            error = failed(axios.get, server.url(), http_agent=agent, timeout=100)
            assert error.code == "ECONNABORTED" and len(server.requests) == 1


def test_local_address():
    with Server.handler(lambda request: Reply(request.peer.address[0])) as server:
        with Agent(local_address="127.0.0.1") as agent:
            assert axios.get(server.url(), http_agent=agent).data == "127.0.0.1"
        if sys.platform == "linux":
            with Agent(localAddress="127.0.0.77") as agent:
                assert axios.get(server.url(), http_agent=agent).data == "127.0.0.77"
        with Agent(local_address="203.0.113.1") as agent:
            assert isinstance(failed(axios.get, server.url(), http_agent=agent), OSError)


def test_requests_without_an_agent_share_one():
    with Server.handler(lambda request: Reply(b"ok")) as server:
        for _ in range(2):
            axios.get(server.url())
        assert server.connections == 1 and shared_agent() is shared_agent()
        assert shared_agents() == {"http": shared_agent(), "https": shared_agent()}
        shared_agent().close()


QUIET = """
import sys
sys.path.insert(0, sys.argv[2])
from miniaxios import axios, Agent
axios.get(sys.argv[1])
agent = Agent()
axios.get(sys.argv[1], http_agent=agent)
stream = axios.get(sys.argv[1], response_type="stream")
"""


def test_RES_1_the_end_of_the_process_is_quiet():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with Server.handler(lambda request: Reply(bytes(1 << 20))) as server:
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", QUIET, server.url(), root],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


# -- TLS ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["expired", "self-signed", "wrong-name", "chained-full", "chained-leaf", "server"])
def test_TLS_1_codes_of_certificates(no_leaks, name):
    code, ca = {
        "expired": ("CERT_HAS_EXPIRED", CA),
        "self-signed": ("DEPTH_ZERO_SELF_SIGNED_CERT", CA),
        "wrong-name": ("ERR_TLS_CERT_ALTNAME_INVALID", CA),
        "chained-full": ("SELF_SIGNED_CERT_IN_CHAIN", CA),
        "chained-leaf": ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", OTHER_CA),
        "server": ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", OTHER_CA),
    }[name]
    with Server.replies([], tls=name) as server, Agent(ca=ca) as agent:
        error = failed(axios.get, server.url(host="localhost"), https_agent=agent, auth=("u", "hunter2"))
        assert error.code == code or (name == "chained-leaf" and error.code == "UNABLE_TO_VERIFY_LEAF_SIGNATURE")
        assert isinstance(error, OSError) and isinstance(error.cause, ssl.SSLError)
        assert error.request.host.startswith("localhost") and error.response is None
    assert server.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize(
    "ca",
    [CA, CA.encode(), pathlib.Path(CA), text_of(CA), text_of(CA).encode()],
    ids=["file", "bytes path", "Path", "text", "bytes"],
)
def test_ca(host, ca):
    with Server.replies([Reply(b"ok")], tls=True) as server, Agent(ca=ca) as agent:
        response = axios.get(server.url(host=host), https_agent=agent)
        assert response.data == "ok" and response.request.protocol == "https:"


@pytest.mark.parametrize("options", [{"ca": "/nowhere.pem"}, {"ca": "-----BEGIN nonsense"}, {"cert": "/nowhere"}, {"cert": CA}])
def test_files_of_no_use(options):
    with Server.replies([], tls=True) as server, Agent(**{"ca": CA, **options}) as agent:
        error = failed(axios.get, server.url(host="localhost"), https_agent=agent)
        assert error.code == "ERR_BAD_OPTION_VALUE" and server.requests == []


def test_reject_unauthorized_and_pools_are_apart():
    with Server.handler(lambda request: Reply(b"ok"), tls="self-signed") as server:
        with Agent(reject_unauthorized=False) as loose, Agent(ca=CA) as strict:
            assert axios.get(server.url(), https_agent=loose).data == "ok"
            assert failed(axios.get, server.url(), https_agent=strict).code == "DEPTH_ZERO_SELF_SIGNED_CERT"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"cert": certificate("client"), "key": key("client")},
        {"cert": text_of(certificate("client")), "key": text_of(key("client")).encode()},
        {"cert": certificate("client"), "key": key("client-encrypted"), "passphrase": PASSPHRASE},
    ],
    ids=["files", "PEM", "encrypted"],
)
def test_client_certificates(options):
    context = server_context(client_ca=CA)
    with Server.replies([Reply(b"in")], tls=context) as server, Agent(ca=CA, **options) as agent:
        assert axios.get(server.url(host="localhost"), https_agent=agent).data == "in"


@pytest.mark.parametrize("passphrase", [None, "wrong"])
def test_a_wrong_passphrase_does_not_ask_on_the_terminal(passphrase):
    with Server.replies([], tls=True) as server:
        with Agent(ca=CA, cert=certificate("client"), key=key("client-encrypted"), passphrase=passphrase) as agent:
            error = failed(axios.get, server.url(host="localhost"), https_agent=agent)
            assert error.code == "ERR_BAD_OPTION_VALUE"


def test_servername_ssl_context_and_versions():
    with Server.handler(lambda request: Reply(b"ok"), tls="names") as server:
        with Agent(ca=CA, servername="origin.test") as agent:
            assert axios.get(server.url(), https_agent=agent).data == "ok"
        assert server.peers[0].sni == "origin.test"
        with Agent(ssl_context=client_context(), servername="origin.test") as agent:
            assert axios.get(server.url(), https_agent=agent).data == "ok"
    old = server_context(maximum=ssl.TLSVersion.TLSv1_2)
    with Server.handler(lambda request: Reply(b"ok"), tls=old) as server:
        with Agent(ca=CA, min_version="TLSv1.3") as agent:
            assert failed(axios.get, server.url(), https_agent=agent).code == "EPROTO"
        with Agent(ca=CA, min_version="TLSv1.2") as agent:
            assert axios.get(server.url(), https_agent=agent).data == "ok"


def test_TLS_3_a_server_that_speaks_no_tls(no_leaks):
    def script(conn):
        conn.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        conn.wait_closed()

    with Server(script) as server, Agent(ca=CA) as agent:
        url = "https://127.0.0.1:%d/" % server.port
        error = failed(axios.get, url, https_agent=agent, auth=("u", "hunter2"))
        assert error.code == "EPROTO" and isinstance(error, OSError) and server.requests == []
