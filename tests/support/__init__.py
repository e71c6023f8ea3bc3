"""What the tests stand on: scripted servers, proxies, certificates. Nothing here imports miniaxios.

from tests.support.server import BlackHole, Peer, Reply, Request, Server, UnixServer, closed_port
from tests.support.proxy import Proxy, SocksProxy
from tests.support.tls import CA, certificate, key, server_context
"""
