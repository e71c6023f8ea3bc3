"""The servers of a run: nginx where it is installed, and a server in Python for the rest."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from ..__main__ import ROOT
from ..support.ports import listen
from ..support.tls import CA, certificate, key
from .environment import child_environment
from .payloads import MORE_HEADERS, Payloads, Roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

CONFIG = """
daemon off;
master_process off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log error;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_max_body_size 0;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    default_type application/json;
    ssl_certificate %(certificate)s;
    ssl_certificate_key %(key)s;
    server {
        listen 127.0.0.1:%(plain)d backlog=1024;
        listen 127.0.0.1:%(secure)d ssl;
        location = /small { return 200 '%(small)s'; }
        location = /headers { %(headers)s return 200 '%(small)s'; }
        location = /close { keepalive_timeout 0; return 200 '%(small)s'; }
        location = /post { return 200 '%(small)s'; }
        location = /large { alias %(folder)s/large.json.gz; add_header Content-Encoding gzip; }
        location = /small-gzip { alias %(folder)s/small.json.gz; add_header Content-Encoding gzip; }
        location = /buffered { alias %(folder)s/buffered; default_type application/octet-stream; }
        location = /streamed { alias %(folder)s/streamed; default_type application/octet-stream; }
    }
}
"""


def free_port() -> int:
    """A port on which nobody listens just now."""
    with listen("127.0.0.1", 0, 1) as listener:
        return int(listener.getsockname()[1])


def quoted(text: str) -> str:
    """As a string in nginx's configuration."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def nginx_version(nginx: str) -> str:
    """As it says itself."""
    done = subprocess.run([nginx, "-v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode().rpartition("/")[2].split()[0]


class Servers:
    """A context manager around the processes and their folder.

    name: which server answers what both could. site: what a worker needs to know, for JSON.
    """

    def __init__(self, fallback_roots: Optional[str] = None) -> None:
        self.name = ""
        self.site: Dict[str, Any] = {}
        self._fallback_roots = fallback_roots
        self._process: Any = None
        self._folder = ""

    def __enter__(self) -> Servers:
        self._folder = tempfile.mkdtemp(prefix="benchmark-")
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *details: Any) -> None:
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(30)
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        os.chmod(self._folder, 0o755)
        payloads = Payloads(self._folder)
        self.site = payloads.write()
        roots = Roots(self._folder, self._fallback_roots)
        self.site.update(ca=CA, roots=roots.file, hashed=roots.hashed, root_count=roots.count)
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        ports = [free_port(), free_port()]
        command = [nginx, "-p", self._folder, "-c", self._configure(payloads, ports)] if nginx else []
        own = self._serve(command)
        self.name = "nginx " + nginx_version(nginx) if nginx else "the fallback server in Python"
        plain, secure = ports if nginx else own
        self.site.update(
            http="http://127.0.0.1:%d" % plain,
            https="https://127.0.0.1:%d" % secure,
            special="http://127.0.0.1:%d" % own[0],
        )
        wait_for(plain)
        with open(os.path.join(self._folder, "site.json"), "w", encoding="ascii") as file:
            json.dump(self.site, file)
        self.site["file"] = file.name

    def _configure(self, payloads: Payloads, ports: List[int]) -> str:
        headers = " ".join(
            "add_header %s %s;" % (name, quoted(value)) for name, value in MORE_HEADERS.items()
        )
        path = payloads.path("nginx.conf")
        values = {
            "folder": self._folder,
            "certificate": certificate("server"),
            "key": key("server"),
            "plain": ports[0],
            "secure": ports[1],
            "small": payloads.small.decode(),
            "headers": headers,
        }
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIG % values)
        return path

    def _serve(self, nginx: List[str]) -> List[int]:
        """Starts the server in Python, with nginx in its care; its ports.

        In a session of its own: an interrupt from the terminal is for the benchmark, which ends it by its input.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.serve", self._folder] + nginx,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=child_environment(),
            start_new_session=True,
        )
        return list(json.loads(self._process.stdout.readline() or b"[]"))


def wait_for(port: int) -> None:
    """Until somebody listens there, for at most ten seconds."""
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
