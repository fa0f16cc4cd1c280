"""A talker: it publishes through whichever edge, each message until it is acknowledged.

What is acknowledged is in the stream at the position that was told; and whatever was said again,
since nobody answered, is there once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from tests.cluster.rig.stream_ledger import StreamLedger
from tests.fakes.wire import Address

_PAUSE_S = (0.2, 0.8)
_AGAIN_S = 0.3
_PATIENCE_S = 8.0
_TAKEN = frozenset({200, 201})


@dataclass
class Talker:
    """One of them.

    Attributes:
        name: begins the ids of its messages.
        edges: where it publishes.
        acknowledged: the sequence of each message, by its id; None: it was not told again.
        counts: of answers.
    """

    name: str
    edges: Sequence[Address]
    chance: random.Random
    acknowledged: dict[str, int | None] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def run(self, ended: asyncio.Event) -> None:
        """Talk until the end."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            number = 0
            while not ended.is_set():
                if await self._say(http, f"{self.name}-{number}"):
                    number += 1
                    await asyncio.sleep(self.chance.uniform(*_PAUSE_S))
                else:
                    await asyncio.sleep(_AGAIN_S)

    def hold_against(self, ledger: StreamLedger) -> list[str]:
        """Return what is wrong with what was acknowledged, in words."""
        findings = []
        for name, sequence in self.acknowledged.items():
            there = ledger.said.get(name)
            if there is None or sequence not in {there, None}:
                words = f"message {name} was acknowledged at {sequence}, and is at {there}"
                findings.append(words)
        return findings

    async def _say(self, http: aiohttp.ClientSession, name: str) -> bool:
        """Publish a message; tell whether it was acknowledged."""
        host, port = self.chance.choice(self.edges)
        url = f"http://{host}:{port}/v1/rooms/desk/messages"
        try:
            async with http.post(url, json={"text": f"this is {name}", "id": name}) as answer:
                self.counts[f"publishes answered with {answer.status}"] += 1
                if answer.status not in _TAKEN:
                    return False
                position = (await answer.json())["pos"]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.counts[f"publishes not answered: {type(error).__name__}"] += 1
            return False
        sequence = None if position is None else int(position.rpartition("-")[2])
        self.acknowledged[name] = sequence
        return True
