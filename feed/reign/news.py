"""The news of a writer: how its sources are, and which instruments there are.

They are no events, and lie as values in a bucket, for whoever comes; a value is written when it has
changed. Instruments are cut into values of some hundred each.
"""

import asyncio
from dataclasses import asdict

import orjson

from feed.cluster.errors import ApiError, BusAway
from feed.cluster.link import Link
from feed.cluster.names import FEEDS_KEY, INSTRUMENTS_KEY
from feed.ingest.runner import Ingest
from feed.logger import logger_of

ABOUT_KEY = "about"
LOOK_S = 0.5
_LOOKS_AT_INSTRUMENTS = 4  # it looks at these less often
_MOST_IN_VALUE = 500  # instruments: 100 kB

log = logger_of("feed.cluster")


class NewsDesk:
    """Writes what has changed.

    Attributes:
        written: values so far.
    """

    __slots__ = ("_link", "_written", "written")

    def __init__(self, link: Link) -> None:
        """Begin with nothing written.

        Args:
            link: to NATS.
        """
        self.written = 0
        self._link = link
        self._written: dict[str, bytes] = {}

    async def run(self, ingest: Ingest) -> None:
        """Look now and then, for ever."""
        look = 0
        while True:
            try:
                await self.look(ingest, instruments=not look % _LOOKS_AT_INSTRUMENTS)
                look += 1
            except BusAway as away:
                log.debug("news_unwritten", error=str(away))
            await asyncio.sleep(LOOK_S)

    async def look(self, ingest: Ingest, *, instruments: bool = True) -> None:
        """Write what has changed.

        Raises:
            BusAway: it could not be.
        """
        live = all(side.source.live for side in ingest.sides)
        await self._put(ABOUT_KEY, {"live": live})
        await self._put(FEEDS_KEY, list(ingest.hub.audience.behind.announced))
        if not instruments:
            return
        known = [asdict(each) for each in ingest.instruments()]
        chunks = range(0, len(known), _MOST_IN_VALUE)
        for number, start in enumerate(chunks):
            said = {"instruments": known[start : start + _MOST_IN_VALUE]}
            await self._put(f"{INSTRUMENTS_KEY}.{number}", said)
        for number in range(len(chunks), len(self._written)):
            if f"{INSTRUMENTS_KEY}.{number}" in self._written:
                await self._put(f"{INSTRUMENTS_KEY}.{number}", {"instruments": []})

    async def _put(self, key: str, said: object) -> None:
        value = orjson.dumps(said)
        if self._written.get(key) == value:
            return
        subject = f"$KV.{self._link.address.names.news}.{key}"
        told = await self._link.request(subject, value)
        if error := told.get("error"):
            raise ApiError(subject, error)
        self._written[key] = value
        self.written += 1
