"""The ledger: an account of what was delivered, and so the position to resume from.

Theory of operation: messages of all transports come here as arrays of objects, and leave as events.
The ledger's position is what a new connection asks for, so it moves only when all that it stands
for was handed over: with ticks, or with a mark. A gap does not move it, and a snapshot only by its
end: if the connection is lost in between, the server tells the gap again, and sends the snapshot
again. Holes that the server does not tell are told here. Knows no socket and no clock.
"""

from collections import deque
from typing import Any

from feed.client.errors import Malformed
from feed.client.events import (
    Batch,
    Bye,
    Counters,
    Event,
    Expiring,
    FeedState,
    Gap,
    Leaving,
    Mark,
    Notice,
    Object,
    Refreshed,
    ServerWarning,
    Snapshot,
    Unknown,
)
from feed.client.parsers import Message, stay_away_s
from feed.client.words import Words
from feed.errors import InvalidPosition, shorten
from feed.market.symbol_health import Health
from feed.market.ticks import Kind
from feed.wire.error_codes import ErrorCode
from feed.wire.position import BEGINNING, Position
from feed.wire.word_fields import WORD_TYPES

_NO_LIFE = Bye | Leaving | Notice | FeedState | ServerWarning | Expiring | Refreshed | Unknown
_TICK_KINDS = frozenset(kind.value for kind in Kind)


class Ledger:
    """Account for one stream over all its connections.

    Attributes:
        counters: totals of all that it has seen.
        snapshot_due: a snapshot was asked for and has not been complete yet.
        stay_away_s: after this connection, as the server said that leaves; None: it did not.
    """

    __slots__ = (
        "_conflated",
        "_expiring",
        "_in_snapshot",
        "_letters",
        "_mending",
        "_position",
        "_refresh_refused",
        "_unseen_gap",
        "counters",
        "snapshot_due",
        "stay_away_s",
    )

    def __init__(
        self,
        counters: Counters,
        *,
        after: Position | None,
        snapshot: bool,
        conflated: bool,
        letters: frozenset[str] | None = None,
    ) -> None:
        """Open the account.

        Args:
            counters: to count in.
            after: where the stream begins; None: from now on.
            snapshot: whether the last known state was asked for.
            conflated: some channel is: after a resume, states that came before may come again.
            letters: the keys that ticks have; what else a codec reads of them is not set. None:
                they have all.
        """
        self.counters = counters
        self.snapshot_due = snapshot
        self.stay_away_s: float | None = None
        self._conflated = conflated
        self._letters = letters
        self._expiring: Expiring | None = None  # told on this connection, and not taken yet
        self._refresh_refused = False  # likewise
        self._position = after
        self._in_snapshot = False
        self._mending: Gap | None = None  # told, and the position has not moved past it yet
        self._unseen_gap: Gap | None = None  # told, and no batch has carried it yet

    @property
    def position(self) -> str | None:
        """The position to resume from; None: there is none yet."""
        if self._position is None:
            return None
        return "0" if self._position == BEGINNING else str(self._position)

    def connect(self, events: deque[Event]) -> None:
        """Note that a connection stands."""
        self.stay_away_s = None
        self._expiring = None
        self._refresh_refused = False
        self._in_snapshot = False
        if self._position is not None:
            self.counters.resumes += self.counters.connects > 0
        elif self.counters.connects:
            self._append_gap(Gap(None, None, "no position"), events)
        self.counters.connects += 1

    def take_expiring(self) -> Expiring | None:
        """Return the newest notice of this connection that its identity ends, once."""
        expiring, self._expiring = self._expiring, None
        return expiring

    def take_refresh_refused(self) -> bool:
        """Tell whether this connection was told that it stays who it was, once."""
        refused, self._refresh_refused = self._refresh_refused, False
        return refused

    def enter(self, message: Message, events: deque[Event]) -> bool:
        """Turn a message into events; return whether the stream works: marks show it too.

        Args:
            message: whose objects all have a text `T`.
            events: a queue to which they are appended at once: should a later object be malformed,
                those before it are delivered nevertheless.

        Raises:
            Malformed: an object is not as the protocol has it.
        """
        before = len(events)
        told: list[Any] = []  # ticks, or words
        for item in message.objects:
            kind = item["T"]
            is_word = kind in WORD_TYPES
            if is_word or kind in _TICK_KINDS:
                if told and is_word is not _are_words(told):
                    self._hand_over(told, None, events)
                    told = []
                if self._letters is not None and not is_word:
                    item = {key: item[key] for key in item if key in self._letters}  # noqa: PLW2901 - the same tick
                told.append(item)
            elif kind == "mark":
                self._enter_mark(item, told, events)
                told = []
            else:
                self._hand_over(told, None, events)
                told = []
                self._enter_other(kind, item, events)
        position = message.position
        self._hand_over(told, None if position is None else _parse(position), events)
        return len(events) > before and not isinstance(events[-1], _NO_LIFE)

    def _enter_mark(self, item: Object, told: list[Any], events: deque[Event]) -> None:
        position = _parse(item.get("pos"))
        if told:
            self._hand_over(told, position, events)
        elif self._move(position, events):
            events.append(Mark(str(position), _text(item, "t")))

    def _enter_other(self, kind: str, item: Object, events: deque[Event]) -> None:
        if kind == "gap":
            first, last = _text(item, "from"), _text(item, "to")
            again = self._mending is not None and self._mending.first == first
            reason, channels = _text(item, "reason") or "no reason", _texts(item.get("channels"))
            self._append_gap(Gap(first, last, reason, again, channels), events)
        elif kind == "snapshot":
            self._enter_snapshot(item, events)
        elif kind == "bye":
            reason, words = _text(item, "reason") or "no reason", _text(item, "msg") or ""
            events.append(Bye(reason, words, item.get("reconnect") is not False))
        elif kind == "leaving":
            self._enter_leaving(item, events)
        elif kind == "feed":
            self._enter_feed_state(item, events)
        elif kind == "warning":
            events.append(_warning(item))
        elif kind == "error":
            code = item.get("code")
            if type(code) is not int:
                raise Malformed(f"an error has a code, not {shorten(code)}")
            self._refresh_refused |= code == ErrorCode.ALREADY_AUTHENTICATED
            events.append(Notice(code, _text(item, "msg") or ""))
        else:
            self._enter_rest(kind, item, events)

    def _enter_rest(self, kind: str, item: Object, events: deque[Event]) -> None:
        if kind == "expiring":
            self._expiring = Expiring(_text(item, "t"), _text(item, "msg") or "")
            events.append(self._expiring)
        elif kind == "success" and item.get("msg") == "authenticated":
            events.append(Refreshed())
        else:
            self.counters.unknown += 1
            events.append(Unknown(item))

    def _enter_leaving(self, item: Object, events: deque[Event]) -> None:
        self.stay_away_s = stay_away_s(item)
        events.append(Leaving(self.stay_away_s))

    def _enter_feed_state(self, item: Object, events: deque[Event]) -> None:
        state = item.get("state")
        if state not in {Health.LIVE, Health.SOURCE_DOWN}:
            raise Malformed(f"a feed is live or source_down, not {shorten(state)}")
        source, reason = _text(item, "source") or "", _text(item, "reason") or ""
        events.append(FeedState(Health(state), source, reason))

    def _enter_snapshot(self, item: Object, events: deque[Event]) -> None:
        state = item.get("state")
        position = _parse(item.get("pos"))
        if state == "begin":
            self._in_snapshot = True
        elif state == "end":
            self._in_snapshot = False
            self._move(position, events)
            self.snapshot_due = False
            self.counters.snapshots += 1
        else:
            raise Malformed(f"a snapshot's state is begin or end, not {shorten(state)}")
        events.append(Snapshot(state, str(position)))

    def _hand_over(self, told: list[Any], position: Position | None, events: deque[Event]) -> None:
        if not told:
            return
        if position is not None and not self._move(position, events):
            self.counters.duplicates += len(told)
            return
        if _are_words(told):
            self.counters.words += len(told)
            events.append(Words(told, self.position, snapshot=self._in_snapshot))
            return
        if self._in_snapshot:
            self.counters.snapshot_ticks += len(told)
        else:
            self.counters.ticks += len(told)
        self.counters.batches += 1
        gap, self._unseen_gap = self._unseen_gap, None
        events.append(Batch(told, self.position, snapshot=self._in_snapshot, gap=gap))

    def _move(self, position: Position, events: deque[Event]) -> bool:
        """Move to a position; False where the stream already stands behind it."""
        if self._in_snapshot:
            return True
        held = self._position
        if held is not None and held != BEGINNING:
            if held.epoch != position.epoch:
                if self._mending is None:
                    self._append_gap(Gap(str(held), None, "epoch, untold"), events)
            elif position.sequence < held.sequence:
                return self._conflated  # a state from before, told again
        self._mending = None
        self._position = position
        return True

    def _append_gap(self, gap: Gap, events: deque[Event]) -> None:
        told = self._mending if gap.again else None
        self.counters.gaps += told is None
        self.counters.missing += (gap.missing or 0) - (told.missing or 0 if told else 0)
        self._mending = self._unseen_gap = gap
        events.append(gap)


def _warning(item: Object) -> ServerWarning:
    names, nearest, count = item.get("names"), item.get("nearest"), item.get("count")
    return ServerWarning(
        _text(item, "reason") or "no reason",
        _text(item, "msg") or "",
        _texts(names),
        nearest if isinstance(nearest, dict) else {},
        count if isinstance(count, int) else 0,
        _text(item, "since"),
    )


def _are_words(told: list[Any]) -> bool:
    return told[0]["T"] in WORD_TYPES


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _parse(value: object) -> Position:
    try:
        return Position.parse(value)  # type: ignore[arg-type]  # other types are refused below
    except (InvalidPosition, TypeError):
        raise Malformed(f"a position is <epoch>-<sequence>, not {shorten(value)}") from None


def _text(item: Object, key: str) -> str | None:
    value = item.get(key)
    return None if value is None else str(value)
