"""The talker: it says something again and again, and keeps what was acknowledged."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from tests.fakes.patience import PROGRAM_PATIENCE_S, until

_PAUSE_S = 0.02
_PATIENCE_S = 10.0


@dataclass
class Talker:
    """Says messages with ids of its own, each until it is acknowledged.

    Attributes:
        port: returns where the leader is, as far as is known.
        acknowledged: the sequence of each message, by its id.
        refused: how often it was not taken.
    """

    port: Callable[[], int]
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: int = 0

    async def run(self) -> None:
        """Talk, for ever."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            number = 0
            while True:
                if await self._say(http, f"m-{number}"):
                    number += 1
                await asyncio.sleep(_PAUSE_S)

    async def heard(self, count: int) -> None:
        """Wait until as many more are acknowledged."""
        enough = len(self.acknowledged) + count
        await until(lambda: len(self.acknowledged) >= enough, PROGRAM_PATIENCE_S)

    async def _say(self, http: aiohttp.ClientSession, name: str) -> bool:
        url = f"http://127.0.0.1:{self.port()}/v1/rooms/desk/messages"
        try:
            async with http.post(url, json={"text": f"this is {name}", "id": name}) as answer:
                told = await answer.json(content_type=None)
                if answer.status in {200, 201} and told["pos"] is not None:
                    self.acknowledged[name] = int(told["pos"].rpartition("-")[2])
                    return True
                if answer.status == 200:  # it was published, and where is not remembered
                    return True
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            pass
        self.refused += 1
        return False
