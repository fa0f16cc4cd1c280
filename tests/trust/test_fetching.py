"""A fetch ends at its deadline, wherever the other side takes its time."""

import socket
from collections.abc import Callable, Iterator
from threading import Event, Thread, Timer

import pytest

from feed.trust import fetching
from feed.trust.fetching import TooLate, fetch
from tests.fakes.patience import PATIENCE_S


class Dripping:
    """A server that says something, then a byte at a time, for as long as it is listened to."""

    def __init__(self, before: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._before = before
        self._left = Event()
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            try:
                connection.sendall(self._before)
                while not self._left.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                self._left.set()

    def close(self) -> None:
        assert self._left.wait(PATIENCE_S), "the client stays"
        self._thread.join()
        self._listener.close()


class LateTimer(Timer):
    """One whose thread has no turn for long, as on a machine that is busy."""

    def __init__(self, _: float, function: Callable[[], None]) -> None:
        super().__init__(PATIENCE_S, function)


@pytest.fixture(
    params=[b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def dripping(request: pytest.FixtureRequest) -> Iterator[Dripping]:
    server = Dripping(request.param)
    yield server
    server.close()


def test_a_server_that_drips_is_left_at_the_deadline(dripping: Dripping) -> None:
    with pytest.raises(TooLate, match=r"not there within 0.1 s"):
        fetch(f"http://127.0.0.1:{dripping.port}/", within_s=0.1, most_bytes=100_000)


@pytest.mark.parametrize("timer", [Timer, LateTimer])
def test_a_handshake_that_stands_still_is_left_at_the_deadline(
    timer: type[Timer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "Timer", timer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(TooLate):
            fetch(url, within_s=0.1, most_bytes=100)
