"""Scrapes a server's metrics as Prometheus does, and notes how long each scrape took."""

import gzip
import http.client
import re
import threading
import time
from typing import Self

from .feed_server import Server

# The headers that Prometheus 2 sends.
_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
}
_CONNECTIONS = re.compile(rb"^feed_connections\{.*\} (\S+)$", re.MULTILINE)
_TIMEOUT_S = 30.0


class Scraper:
    """A thread that scrapes while its context lasts.

    Scrapes count once this many subscribers are there; earlier ones are thrown away.

    Attributes:
        took_ms: how long each scrape took, from the request until the last byte of the answer.
        series: how many lines of numbers the last one had.
    """

    def __init__(self, server: Server, subscribers: int, every_s: float) -> None:
        self.took_ms: list[float] = []
        self.series = 0
        self._address = (server.host, server.port)
        self._subscribers = subscribers
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scraper")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_S)
        try:
            while not self._over.wait(self._every_s):
                began_s = time.perf_counter()
                connection.request("GET", "/metrics", headers=_HEADERS)
                body = connection.getresponse().read()
                self._note((time.perf_counter() - began_s) * 1_000, body)
        except (OSError, http.client.HTTPException):
            return  # the server is gone: the script that measures it tells so
        finally:
            connection.close()

    def _note(self, took_ms: float, body: bytes) -> None:
        text = gzip.decompress(body)
        connected = sum(map(float, _CONNECTIONS.findall(text)))
        if connected >= self._subscribers:
            self.took_ms.append(took_ms)
            self.series = sum(not line.startswith(b"#") for line in text.splitlines())
