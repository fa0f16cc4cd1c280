"""What edges are told that is no event: sources that are down, instruments, and who leads.

It lies in the two buckets of the cluster, a value for each key, and whoever comes reads all of it.
What is told of a source is told on when it has changed. The lease is renewed all the time, and
expires without a word: where nothing was heard of it for a while, the writer is down, as a source
would be. Where its bucket cannot be read, batches say that somebody writes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from feed.cluster.names import FEEDS_KEY, INSTRUMENTS_KEY, LEADER_KEY
from feed.errors import InvalidMessage
from feed.sources.follow.steps import Announcement
from feed.sources.source import Instrument
from feed.wire.messages import Message, feed_message

ABOUT_KEY = "about"
WRITER = "writer"  # what is told of it has this for a source
LEADERLESS_NS = 5_000_000_000  # without a word of the lease: another writer takes 3 s
_DOWN, _LIVE = "source_down", "live"


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads.

    Attributes:
        writer: the random id of its process.
        term: of its reign.
        url: where it takes requests.
    """

    writer: str
    term: int
    url: str


class News:
    """What is known of all that, and what of it is to be told.

    Attributes:
        leader: who leads; None: nobody, or nobody has said.
        live: whether events happen now.
    """

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.leader: Leader | None = None
        self.live = True
        self._told: dict[str, Message] = {}  # of each source, last
        self._down: dict[str, bool] = {}
        self._chunks: dict[str, dict[str, Instrument]] = {}  # by the key that they came under
        self._listed: list[Instrument] | None = []
        self._by_symbol: dict[str, Instrument] = {}
        self._led_ns: int | None = None  # when it was heard last that somebody leads
        self._is_lease_lost = False  # batches are all that is heard of a writer

    def instruments(self) -> list[Instrument]:
        """Return the instruments that are known, sorted by symbol."""
        if self._listed is None:
            known = self._by_symbol = {}
            for chunk in self._chunks.values():
                known.update(chunk)
            self._listed = sorted(known.values(), key=lambda each: each.symbol)
        return self._listed

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        self.instruments()
        return self._by_symbol.get(symbol)

    def take(self, key: str, value: bytes | None, mono_ns: int) -> list[Announcement]:
        """Take the value of a key, as it is now; return what is to be told.

        Args:
            key: of either bucket.
            value: None: it was deleted, or has expired.
            mono_ns: now.

        Raises:
            InvalidMessage: the value is none of that key.
        """
        try:
            said = None if value is None else orjson.loads(value)
            if key == LEADER_KEY:
                self._take_leader(said, mono_ns)
            elif key == FEEDS_KEY:
                return list(self._feeds(said or []))
            elif key == ABOUT_KEY:
                self.live = (said or {}).get("live") is not False
            elif key.partition(".")[0] == INSTRUMENTS_KEY:
                self._take_instruments(key, said)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise InvalidMessage(f"the news {key} cannot be understood: {error!r}") from None
        return []

    def begin(self, mono_ns: int) -> None:
        """Note that the lease is heard of from now on."""
        self._led_ns, self._is_lease_lost = mono_ns, False

    def lose_lease(self, mono_ns: int) -> None:
        """Note that nothing is heard of the lease: who led last is taken for the leader still."""
        self._led_ns, self._is_lease_lost = mono_ns, True

    def note_batch(self, mono_ns: int) -> None:
        """Note that a batch has come: somebody writes."""
        if self._is_lease_lost:
            self._led_ns = mono_ns

    def look(self, mono_ns: int, wall_ns: int) -> list[Announcement]:
        """Return what is to be told of the writer: that nobody leads, or somebody does again."""
        down = self._led_ns is not None and mono_ns - self._led_ns >= LEADERLESS_NS
        if down and not self._is_lease_lost:
            self.leader = None
        if self._down.get(WRITER, False) is down:
            return []
        reason = "nothing is heard of a writer" if self._is_lease_lost else "no writer leads"
        reason = reason if down else ""
        return [self._tell(feed_message(_DOWN if down else _LIVE, WRITER, reason, wall_ns))]

    def _take_leader(self, said: Message | None, mono_ns: int) -> None:
        if said is None or not int(said["term"]):  # nobody, or one that is about to
            self.leader = None
            return
        self.leader = Leader(str(said["writer"]), int(said["term"]), str(said.get("url", "")))
        self._led_ns = mono_ns

    def _feeds(self, said: list[Message]) -> Iterator[Announcement]:
        """Yield what has changed, also of sources that nobody speaks of any more."""
        feeds = {str(each.get("source", "")): each for each in said}
        for source, message in feeds.items():
            down = message.get("state") == _DOWN
            known = self._told.get(source)
            if message != known and (down or known is not None):
                yield self._tell(message)
            self._told[source] = message
        gone = [each for each, down in self._down.items() if down and each not in feeds]
        for source in gone:
            if source != WRITER:
                yield self._tell({**self._told.pop(source), "state": _LIVE, "reason": ""})

    def _tell(self, message: Message) -> Announcement:
        source, down = str(message.get("source", "")), message.get("state") == _DOWN
        self._down[source] = down
        return Announcement(message, source, down)

    def _take_instruments(self, key: str, said: Message | list[Message] | None) -> None:
        chunk: dict[str, Instrument] = {}
        rows: Iterable[Any] = said["instruments"] if isinstance(said, dict) else said or []
        for row in rows:
            known = {name: row[name] for name in Instrument.__slots__ if name in row}
            chunk[row["symbol"]] = Instrument(**known)
        self._chunks[key] = chunk
        self._listed = None
