"""Portraits of connections as JSON, and their flight records in words.

Numbers of a record become positions of the ring of now: there is one ring in a process.
"""

from collections.abc import Iterator

from feed.broadcast.flight_record import (
    GAP_REASONS,
    WARNING_REASONS,
    Event,
    From,
    Happened,
    Reads,
    events,
    reads_of,
    timed,
)
from feed.broadcast.key_marks import key_of
from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.ring import RingBuffer
from feed.http.answer_models import ConnectionAnswer, ConnectionLine, Numbers, RecordEvent
from feed.hub.portrait import Portrait
from feed.market.word_channels import WordChannel
from feed.wire.messages import GapReason
from feed.wire.rfc3339 import rfc3339
from feed.wire.word_keys import told_key

_GAPS = {
    GapReason.OVERRUN: "the ring no longer held them",
    GapReason.EPOCH: "the position it came with is of another epoch",
    GapReason.CONFLATED: "the newest of each symbol came instead",
    GapReason.LOST: "the server was killed before they were kept",
    GapReason.LIMIT: "its identity had used up its bytes; the newest of each symbol came instead",
}
_BEGINS = {
    From.NOW: "after {position}",
    From.POSITION: "with the position {position}",
    From.BEGINNING: "from the oldest tick on",
    From.OTHER_EPOCH: "with a position of another epoch",
    From.TIME: "with a time, after {position}",
    From.LAST: "with the last ticks up to {position}",
}


class Scribe:
    """Writes portraits down, as of a moment."""

    def __init__(self, ring: RingBuffer, keyed: KeyedStates, mono_ns: int, wall_ns: int) -> None:
        """Begin.

        Args:
            ring: that all positions are of.
            keyed: the keys of words that are kept, of which a record has the marks.
            mono_ns: now, as records have it.
            wall_ns: now, as it is written.
        """
        self._ring = ring
        self._keyed = keyed
        self._mono_ns = mono_ns
        self._wall_ns = wall_ns

    def line(self, portrait: Portrait) -> ConnectionLine:
        """Return a portrait without its record."""
        document: ConnectionLine = {
            "id": portrait.id,
            "identity": {"kind": portrait.kind, "id": portrait.key, "name": portrait.name},
            "since": self._time(portrait.opened_ns),
            "peer": portrait.peer,
            "transport": portrait.transport,
            "codec": portrait.codec,
            "selection": portrait.selection,
            "lane": {
                "compression": portrait.compression,
                "members": portrait.members,
                "live": portrait.live,
            },
            "standing": portrait.standing,
            "pos": self._position(portrait.sequence),
            "lag_ticks": portrait.lag_ticks,
            "buffered_bytes": portrait.buffered_bytes,
            "sent_bytes": portrait.sent_bytes,
        }
        if portrait.ended_ns is not None and portrait.reason is not None:
            document["ended"] = self._time(portrait.ended_ns)
            document["reason"] = portrait.reason.value.name
        return document

    def whole(self, portrait: Portrait) -> ConnectionAnswer:
        """Return a portrait, and what happened to it, oldest first."""
        return {**self.line(portrait), "record": list(self._record(portrait))}

    def _record(self, portrait: Portrait) -> Iterator[RecordEvent]:
        told = portrait.compression and f", {portrait.compression}"
        words = f"over {portrait.transport} in {portrait.codec}{told}, from {portrait.peer or '?'}"
        yield self._event(portrait.opened_ns, "joined", f"joined {words}")
        # What happened in a turn that has not ended has no time yet.
        for event in events(timed(portrait.record, portrait.ended_ns or self._mono_ns)):
            yield self._told(event)
        if portrait.ended_ns is not None and portrait.reason is not None:
            reason = portrait.reason.value
            yield self._event(
                portrait.ended_ns,
                "closed",
                f"closed, while {portrait.standing}: {portrait.words or reason.words}",
                {"reason": reason.name},
            )

    def _told(self, event: Event) -> RecordEvent:
        position, count = self._position(event.sequence), event.count
        numbers: Numbers = {}
        match event.what:
            case Happened.FORGOTTEN:
                words = f"{count:,} older events are forgotten"
                numbers = {"count": count}
            case Happened.SUBSCRIBED:
                begins = _BEGINS[From(event.detail)].format(position=position)
                words = f"subscribed to {_symbols(count)}, {begins}"
                numbers = {"pos": position, "count": count}
            case Happened.CHANGED:
                why = "its grants changed: " if event.detail else ""
                words = f"{why}subscribed to {_symbols(count)} from now on"
                numbers = {"count": count}
            case Happened.BEHIND:
                times = f", {count:,} times in short order" if count > 1 else ""
                words = f"behind after {position}: its socket was full{times}"
                numbers = {"pos": position, "count": count}
            case Happened.CAUGHT_UP:
                words = f"caught up, live after {position}"
                numbers = {"pos": position}
            case Happened.IDENTIFIED:
                words = "said who it is"
            case Happened.READS:
                words, numbers = self._reading(event)
            case Happened.GAP:
                words, numbers = self._gap(event)
            case Happened.WARNED:
                reason = WARNING_REASONS[event.detail].value
                words = f"warned of {count:,} name{'s' * (count != 1)}: {reason.replace('_', ' ')}"
                numbers = {"reason": reason, "count": count}
        return self._event(event.mono_ns, event.what.name.lower(), words, numbers)

    def _reading(self, event: Event) -> tuple[str, Numbers]:
        """Return which key of words is read, in words and numbers, and from where on."""
        channel, reads = reads_of(event.detail)
        key = told_key(channel, key_of(channel, event.sequence, self._keyed.keys()))
        is_text, had = channel is WordChannel.GENERATIONS, event.count
        count = f"{had:,} {'word' if is_text else 'part'}{'s' * (had != 1)}"
        begins = f"after its first {count}" if had else "from its beginning"
        if reads is Reads.STATE:
            begins = f"from its {'text' if is_text else 'state'} so far, of {count}"
        if is_text:
            return f"reads {key}, {begins}", {"generation": key, "count": had}
        words = f"reads {channel} {key}, {begins}"
        return words, {"channel": channel.value, "key": key, "count": had}

    def _gap(self, event: Event) -> tuple[str, Numbers]:
        """Return a gap in words and numbers."""
        reason, last = GAP_REASONS[event.detail], self._position(event.sequence)
        numbers: Numbers = {"to": last, "reason": reason.value}
        why = _GAPS.get(reason, reason.value)
        if not event.count:
            return f"gap: all before {last} and after where it was: {why}", numbers
        first = self._position(event.sequence - event.count + 1)
        what = "conflated" if reason is GapReason.CONFLATED else "gap"
        words = f"{what}: {event.count:,} sequences, {first} to {last}: {why}"
        return words, {"from": first, "count": event.count, **numbers}

    def _event(
        self, mono_ns: int, name: str, words: str, numbers: Numbers | None = None
    ) -> RecordEvent:
        return {"t": self._time(mono_ns), "event": name, "msg": words, **(numbers or {})}

    def _time(self, mono_ns: int) -> str:
        return rfc3339(self._wall_ns - (self._mono_ns - mono_ns))

    def _position(self, sequence: int) -> str:
        return str(self._ring.position(sequence))


def _symbols(count: int) -> str:
    return f"{count:,} name{'s' * (count != 1)} on all channels" if count else "nothing"
