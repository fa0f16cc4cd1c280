"""Samplers: they read ages and faults out of the payloads of the few sampled subscribers.

`TickSampler` understands our ticks: it decodes every message and checks that nothing is missing;
`WordSampler` does so for the words of one generation.
`StampSampler` understands only where a time stamp is, which is enough for peers that carry the same
payloads in envelopes of their own. Both are sans I/O.
"""

from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgpack
import orjson

from feed.market.generation_words import GenerationType

from .ages import Ages, Rfc3339

_STAMP = b'"t":"'
LIVE_PAYLOADS = (b'[{"T":"t"', b'[{"T":"q"')  # how payloads of trades and quotes begin
_TICK = b'{"T":"'  # every tick begins so, and nothing of a peer's own does
_STAMP_BYTES = 30  # 2026-11-20T05:16:56.857123456Z
MAX_FAULTS_TOLD = 5

Decode = Callable[[bytes], list[dict[str, Any]]]


@dataclass(slots=True)
class Findings:
    """The findings in the payloads of one group.

    Attributes:
        messages, ticks: decoded so far.
        sizes: how many payloads of ticks had each length, where these are counted.
        gaps: how many gap messages were received, by reason.
        faults: events that must never happen: holes, repetitions, disorder; at most the first
            five, in words.
        fault_count: all of them.
    """

    messages: int = 0
    ticks: int = 0
    sizes: Tally[int] = field(default_factory=Tally)
    gaps: Tally[str] = field(default_factory=Tally)
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0

    def fault(self, words: str) -> None:
        """Note that something is wrong."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS_TOLD:
            self.faults.append(words)


class Sampler(Protocol):
    """Looks at the payloads of one subscriber."""

    def take(self, payload: bytes, position: bytes, now_ns: int) -> None:
        """Look at a payload, received just now with this position beside it (b"" for none)."""


class StampSampler:
    """Reads the newest time stamp of a payload: the last one in it."""

    def __init__(self, newest: Ages, findings: Findings) -> None:
        self._newest = newest
        self._findings = findings
        self._clock = Rfc3339()

    def take(self, payload: bytes, position: bytes, now_ns: int) -> None:  # noqa: ARG002 - peers have none
        """Record the age of the last time stamp; payloads without one are the peer's own."""
        at = payload.rfind(_STAMP) + len(_STAMP)
        if at < len(_STAMP):
            return
        stamp = payload[at : at + _STAMP_BYTES].decode("ascii")
        self._newest.record(now_ns - self._clock.parse_ns(stamp))
        self._findings.messages += 1
        self._findings.ticks += payload.count(_TICK)


class SizeSampler:
    """Counts payloads of ticks by their lengths."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def take(self, payload: bytes, position: bytes, now_ns: int) -> None:  # noqa: ARG002 - lengths only
        """Count a payload, if ticks are what it begins with."""
        if payload.startswith(LIVE_PAYLOADS):
            self._findings.messages += 1
            self._findings.sizes[len(payload)] += 1


class TickSampler:
    """Decodes our messages; checks trade numbers, and sequences where marks or ids tell them."""

    def __init__(
        self,
        newest: Ages,
        oldest: Ages,
        findings: Findings,
        *,
        codec: str = "json",
        every_tick: bool = False,
        consecutive: bool = False,
    ) -> None:
        """Make one for a subscriber.

        Args:
            newest: takes the age of the newest tick in each message.
            oldest: takes the age of the oldest, the one that waited longest.
            findings: takes all else that is found.
            codec: "json" or "msgpack".
            every_tick: this subscriber chose every channel and symbol and hears positions, so that
                between two positions there must be as many ticks as their sequences are apart.
            consecutive: trades of a symbol are numbered without holes; a hole is a fault.
        """
        self._newest = newest
        self._oldest = oldest
        self._findings = findings
        self._decode = DECODERS[codec]
        self._every_tick = every_tick
        self._consecutive = consecutive
        self._clock = Rfc3339()
        self._trade_ids: dict[str, int] = {}
        self._position: tuple[str, int] | None = None
        self._unmarked_ticks = 0
        self._in_snapshot = False

    @property
    def position(self) -> tuple[str, int] | None:
        """The epoch and sequence that were heard last."""
        return self._position

    def take(self, payload: bytes, position: bytes, now_ns: int) -> None:
        """Record ages and check the order of one message's ticks."""
        findings = self._findings
        findings.messages += 1
        events: list[int] = []
        marked = position.decode("ascii")
        for message in self._decode(payload):
            kind = message["T"]
            if kind in _WORD_KINDS:
                self._unmarked_ticks += not self._in_snapshot
                continue
            if kind not in _TICK_KINDS:
                marked = self._note(kind, message) or marked
                continue
            if self._in_snapshot:
                continue
            self._unmarked_ticks += 1
            if kind in _LIVE_KINDS:
                events.append(self._event_ns(message["t"]))
            if kind == "t":
                self._check_trade(message["S"], message["i"])
        findings.ticks += len(events)
        if events:
            self._newest.record(now_ns - events[-1])
            self._oldest.record(now_ns - events[0])
        if marked:
            self._check_position(marked)

    def _note(self, kind: str, message: dict[str, Any]) -> str:
        """Note a message that is not a tick; return the position it tells, or ""."""
        if kind == "gap":
            self._findings.gaps[message["reason"]] += 1
            self._position = None
            self._trade_ids.clear()
        elif kind == "error":
            self._findings.fault(f"error {message.get('code')}: {message.get('msg')}")
        elif kind == "snapshot":
            self._in_snapshot = message["state"] == "begin"
        return str(message["pos"]) if kind in _POSITION_KINDS else ""

    def _event_ns(self, stamp: object) -> int:
        if isinstance(stamp, msgpack.Timestamp):
            return int(stamp.to_unix_nano())
        return self._clock.parse_ns(str(stamp))

    def _check_trade(self, symbol: str, trade_id: int) -> None:
        last = self._trade_ids.get(symbol)
        self._trade_ids[symbol] = trade_id
        if last is None or trade_id == last + 1:
            return
        if trade_id <= last or self._consecutive:
            self._findings.fault(f"trade {trade_id} of {symbol} came after {last}")

    def _check_position(self, text: str) -> None:
        epoch, _, number = text.rpartition("-")
        sequence = int(number)
        count, self._unmarked_ticks = self._unmarked_ticks, 0
        last, self._position = self._position, (epoch, sequence)
        if last is None:
            return
        if epoch != last[0]:
            self._findings.fault(f"the epoch changed from {last[0]} to {epoch}")
        elif sequence < last[1]:
            self._findings.fault(f"position {sequence} came after {last[1]}")
        elif self._every_tick and sequence - last[1] != count:
            self._findings.fault(f"{count} ticks between the positions {last[1]} and {sequence}")


class WordSampler:
    """Decodes the words of one generation, in JSON; checks that none is missing or comes twice."""

    def __init__(self, newest: Ages, oldest: Ages, findings: Findings) -> None:
        """Make one for a subscriber; takes the ages of each message's newest and oldest word."""
        self._newest = newest
        self._oldest = oldest
        self._findings = findings
        self._clock = Rfc3339()
        self._number: int | None = None

    def take(self, payload: bytes, position: bytes, now_ns: int) -> None:  # noqa: ARG002 - numbers are enough
        """Record ages and check the numbers of one message's words."""
        findings = self._findings
        words = [message for message in _json(payload) if self._is_word(message)]
        for word in words:
            number, last = int(word["n"]), self._number
            self._number = number
            if last is not None and number != last + 1:
                findings.fault(f"word {number} of {word['id']} came after {last}")
        if words:
            findings.messages += 1
            findings.ticks += len(words)
            self._oldest.record(now_ns - self._clock.parse_ns(words[0]["t"]))
            self._newest.record(now_ns - self._clock.parse_ns(words[-1]["t"]))

    def _is_word(self, message: dict[str, Any]) -> bool:
        kind = message["T"]
        if kind == "gap":
            self._findings.gaps[message["reason"]] += 1
            self._number = None
        elif kind == "error":
            self._findings.fault(f"error {message.get('code')}: {message.get('msg')}")
        return kind in _WORD_KINDS


class Newest:
    """The newest sequence that anybody of a swarm has seen."""

    def __init__(self) -> None:
        self.sequence = 0


class ReturnSampler:
    """Follows a subscriber that comes back with a position, until it is live; decodes nothing.

    It hears positions and chose everything, so the ticks between two marks must be as many as
    their sequences are apart. Counting them in the text is a hundred times cheaper than decoding.

    Attributes:
        ticks: received until now.
        live: it has reached the newest sequence that others had seen.
    """

    def __init__(self, after: int, newest: Newest, findings: Findings) -> None:
        self.ticks = 0
        self.live = False
        self._sequence = after
        self._newest = newest
        self._findings = findings
        self._unmarked_ticks = 0

    def take(self, payload: bytes, position: bytes, now_ns: int) -> None:  # noqa: ARG002 - marks only
        """Count a message's ticks, and compare them with its mark."""
        if payload.startswith(_CONTROL):
            return
        if b'"T":"gap"' in payload:
            self._findings.gaps["storm"] += 1
            return
        ticks = payload.count(_TICK)
        at = payload.rfind(_POSITION)
        if at >= 0:
            ticks -= 1  # the mark itself
        self._unmarked_ticks += ticks
        self.ticks += ticks
        if at < 0:
            return
        text = payload[at + len(_POSITION) : payload.index(b'"', at + len(_POSITION))]
        sequence = int(text.rpartition(b"-")[2])
        count, self._unmarked_ticks = self._unmarked_ticks, 0
        if sequence - self._sequence != count:
            self._findings.fault(f"{count} ticks between {self._sequence} and {sequence}")
        self._sequence = sequence
        self.live = self.live or sequence >= self._newest.sequence


_CONTROL = (b'[{"T":"success"', b'[{"T":"subscription"')
_POSITION = b'"pos":"'
_TICK_KINDS = frozenset({"t", "q", "b", "u", "b1s", "s"})
_WORD_KINDS = frozenset(GenerationType)
_POSITION_KINDS = frozenset({"mark", "snapshot"})
_LIVE_KINDS = frozenset({"t", "q"})  # the time of the others is not when they happened


def _json(payload: bytes) -> list[dict[str, Any]]:
    value = orjson.loads(payload)
    return value if isinstance(value, list) else [value]


def _msgpack(payload: bytes) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = msgpack.unpackb(payload)
    return value


DECODERS: dict[str, Decode] = {"json": _json, "msgpack": _msgpack}
