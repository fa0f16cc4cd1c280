"""nginx with nchan: a publish/subscribe module in C, fed by HTTP POST."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from feed.wire.transport import Transport
from tests.fakes.ports import free_port

from ..load.plan import Group
from .base import HOST, PUBLISHER, Running, Work, program, python_peer, subscriber, which

_CONFIGURATION = Template("""\
load_module $module;
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid $folder/nginx.pid;
error_log stderr error;
events { worker_connections 32768; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  client_body_buffer_size 256k;
  client_max_body_size 1m;
  keepalive_requests 1000000;
  server {
    listen $host:$port backlog=4096;
    location = /pub {
      nchan_publisher;
      nchan_channel_id feed;
      nchan_message_buffer_length 5;
      $deflate
    }
    location = /sub {
      nchan_subscriber websocket eventsource;
      nchan_channel_id feed;
      nchan_subscriber_first_message newest;
      nchan_websocket_ping_interval 0;
    }
  }
}
""")
_MODULES = ("/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules")


class Nchan:
    """nginx + nchan, one worker; compressing once, at publishing."""

    name = "nginx + nchan"

    def missing(self, work: Work) -> str:
        """Return why it cannot do this work here, or ""."""
        if work.transport is Transport.STREAM:
            return "it has no NDJSON stream"
        if work.transport is Transport.SSE and work.compress:
            return "it does not compress event streams"
        if which("nginx") is None:
            return "no nginx (Debian: nginx-light)"
        if _module() is None:
            return "no nchan module (Debian: libnginx-mod-nchan)"
        return ""

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        nginx = which("nginx")
        assert nginx is not None
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="feed-bench-nginx-") as folder:
            configuration = Path(folder) / "nginx.conf"
            configuration.write_text(
                _CONFIGURATION.substitute(
                    module=_module(),
                    folder=folder,
                    host=HOST,
                    port=port,
                    deflate="nchan_deflate_message_for_websocket on;" if work.compress else "",
                )
            )
            with program([nginx, "-p", folder, "-c", str(configuration)]) as started:
                started.wait_for_port(port)
                url = f"http://{HOST}:{port}/pub"
                with python_peer(PUBLISHER, work, "--url", url):
                    yield Running(self._group(port, work), started.pids, _version(nginx))

    def _group(self, port: int, work: Work) -> Group:
        accept = {"Accept": "text/event-stream"} if work.transport is Transport.SSE else {}
        return subscriber(self.name, port, work, "/sub", headers=accept)


def _module() -> Path | None:
    found = (Path(folder) / "ngx_nchan_module.so" for folder in _MODULES)
    return next((path for path in found if path.exists()), None)


def _version(nginx: str) -> str:
    said = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr
    match = re.search(r"nginx/(\S+)", said)
    return f"nginx {match[1]}" if match else "nginx"
