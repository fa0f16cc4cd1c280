"""The dialect's own SDK for Python: how it lives by its key."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.servers import Serve, trades
from tests.fakes.short_key import guarded, outcomes, subscribed

pytest.importorskip("alpaca", reason="alpaca-py is not installed (the extra `clients`)")

from alpaca.data.live import StockDataStream


class Running:
    """A stream of the SDK in the thread that it wants for itself.

    Attributes:
        ids: of the trades that it told.
    """

    def __init__(self, url: str, key: str, secret: str) -> None:
        self.ids: list[int] = []
        self._stream = StockDataStream(key, secret, url_override=url)
        self._stream._reconnect_min_backoff = 0.01  # of a second; it has no option for it
        self._stream.subscribe_trades(self._hear, "AAPL")
        self._thread = threading.Thread(target=self._stream.run, daemon=True)
        self._thread.start()

    async def _hear(self, trade: Any) -> None:
        self.ids.append(trade.id)

    async def gives_up(self) -> None:
        """Wait until it has ended by itself, for good."""
        await asyncio.to_thread(self._thread.join, PROGRAM_PATIENCE_S)
        is_alive = self._thread.is_alive()
        if is_alive:
            self._stream.stop()
        assert not is_alive, "it comes back for ever"


@pytest.mark.parametrize("path", ["/v2/iex", "/v1/ws"])
async def test_alpaca_py_lives_by_its_key(serve: Serve, tmp_path: Path, path: str) -> None:
    feed, key = await guarded(serve, tmp_path)
    url = feed.url(path, "ws")
    sdk = Running(url, key.id, key.secret)
    await subscribed(feed)
    await feed.publish(*trades(1, 3))
    await until(lambda: sdk.ids == [1, 2, 3], PROGRAM_PATIENCE_S)
    key.expire()
    await sdk.gives_up()
    assert outcomes(feed) == {"accepted": 1, "expired": 1}
    for shown in ((key.id, "another"), ("unknown", key.secret)):
        await Running(url, *shown).gives_up()
    assert outcomes(feed) == {"accepted": 1, "expired": 1, "wrong": 1, "unknown": 1}
