"""Warnings: what subscribers asked for and will not get, told to each of them once.

A symbol that is not listed, a channel on which nothing comes, a subscription of nothing: each would
be silence, which is never an answer. Nothing is refused: should the symbol be listed later,
its ticks come.

Theory of operation: a live source lists its symbols, so that a subscriber is told at once. What a
recording holds shows only while it is played: there a name waits for 10 s, and is told if it still
has not come; names that were asked for meanwhile wait for another round. A channel is silent if
nothing of it came in the first 10 s of ticks. What a subscriber had subscribed to before is not
judged again, and of the names that it was told a few are remembered, for those that unsubscribe and
come back. Times are monotonic. Knows neither clock nor lane: it says whom to tell what.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import nsmallest

from feed.broadcast.cut import Broadcast
from feed.broadcast.subscriber import Subscriber
from feed.market.listing import Listing
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel, Kind
from feed.market.wildcards import GLOBBED
from feed.wire.grants import ALL_GRANTS, Grants, Refused
from feed.wire.messages import MOST_NAMED, Message, WarningReason, refused_warning, warning_message
from feed.wire.selection import Selection

PATIENCE_NS = 10_000_000_000
MOST_SUGGESTIONS = 3  # names for which the nearest listed ones are looked up
MOST_REMEMBERED = 100  # names that one subscriber was told: at most 10 kB

_NONE: frozenset[str] = frozenset()
# Kinds of which one has to come for a channel not to be silent. Statuses and corrections are rare
# everywhere, and their channels are not judged.
_MADE_OF = {
    Channel.TRADES: (Kind.TRADE,),
    Channel.QUOTES: (Kind.QUOTE,),
    Channel.BARS: (Kind.BAR, Kind.TRADE),
    Channel.SECOND_BARS: (Kind.SECOND_BAR, Kind.TRADE),
}


@dataclass(slots=True)
class _Doubt:
    """What one subscriber asked for and may still get.

    Attributes:
        due_ns: when it is judged.
        names: symbols that are not listed yet.
        later: those that were asked for while these waited.
        beside: symbols that it named beside a `*`, which its selection does not say.
        grants: of whoever is told.
    """

    due_ns: int
    names: frozenset[str]
    beside: frozenset[str]
    grants: Grants
    later: frozenset[str] = _NONE


class Warnings:
    """Judges what subscribers ask for.

    Attributes:
        counts: warnings so far, by reason.
    """

    __slots__ = ("_began_ns", "_broadcast", "_doubts", "_listing", "_patient", "_told", "counts")

    def __init__(self, broadcast: Broadcast, listing: Listing, *, patient: bool) -> None:
        """Begin without a doubt.

        Args:
            broadcast: has what the source gave so far.
            listing: tells which symbols there are.
            patient: it grows while ticks come, as that of a recording does.
        """
        self.counts: Counter[WarningReason] = Counter()
        self._broadcast = broadcast
        self._listing = listing
        self._patient = patient
        self._began_ns: int | None = None  # when ticks were seen first
        self._doubts: dict[Subscriber, _Doubt] = {}
        self._told: dict[Subscriber, set[tuple[WarningReason, str]]] = {}

    def asked(
        self,
        subscriber: Subscriber,
        named: frozenset[str],
        known: frozenset[str],
        silent: Collection[str],
        mono_ns: int,
        *,
        grants: Grants = ALL_GRANTS,
        refused: Refused = (),
    ) -> list[Message]:
        """Return what a subscriber is to be told of its new subscription now.

        Args:
            subscriber: it has that subscription.
            named: the symbols in it, over all channels, also those beside a `*`.
            known: those that it had named before.
            silent: channels of the dialect that it asked for besides, and that nobody gives.
            mono_ns: now.
            grants: of whoever is told; no listed symbol is told that is not granted.
            refused: symbols that it asked for besides, and that are not granted to it.
        """
        selection = subscriber.selection
        answer = self._refuse(refused)
        if not (selection.symbols or silent):
            return answer or self._tell(subscriber, WarningReason.NOTHING, CHANNELS)
        names = self._listing.unlisted(named - known, mono_ns)
        waits = self._patient or self._listing.is_empty
        mute = self._mute(selection)
        may_speak = bool(mute) and not self._is_settled(mono_ns)
        if (waits and names) or may_speak:
            beside = named - _names(selection)
            due_ns = mono_ns + PATIENCE_NS
            self._doubt(subscriber, _Doubt(due_ns, names if waits else _NONE, beside, grants))
        return [
            *answer,
            *self._tell(
                subscriber, WarningReason.SILENT_CHANNEL, [*silent, *(() if may_speak else mute)]
            ),
            *self._tell(subscriber, WarningReason.UNLISTED, _NONE if waits else names, grants),
        ]

    def answered(
        self,
        selection: Selection,
        named: frozenset[str],
        silent: Collection[str],
        mono_ns: int,
        *,
        grants: Grants = ALL_GRANTS,
        refused: Refused = (),
    ) -> list[Message]:
        """Return what a finite request is to be told of what it asked for, which has no later."""
        settled = self._is_settled(mono_ns)
        names = self._listing.unlisted(named, mono_ns)
        if self._listing.is_empty or (self._patient and not settled):
            names = _NONE
        mute = self._mute(selection) if settled else []
        return [
            *self._refuse(refused),
            *self._warn(WarningReason.SILENT_CHANNEL, [*silent, *mute]),
            *self._warn(WarningReason.UNLISTED, names, grants),
        ]

    def due(self, mono_ns: int) -> Iterator[tuple[Subscriber, list[Message]]]:
        """Yield subscribers whose doubts are settled now, with what they are to be told.

        Subscribers may come and go between two of them. To be asked every second.
        """
        if self._began_ns is None and any(self._broadcast.ticks.values()):
            self._began_ns = mono_ns
        if not self._is_settled(mono_ns):
            return
        for subscriber, doubt in list(self._doubts.items()):
            if doubt.due_ns <= mono_ns and subscriber in self._doubts:
                yield subscriber, self._judge(subscriber, doubt, mono_ns)

    def count(self, reason: WarningReason) -> None:
        """Count a warning that was made elsewhere."""
        self.counts[reason] += 1

    def forget(self, subscriber: Subscriber) -> None:
        """Note that a subscriber left."""
        self._doubts.pop(subscriber, None)
        self._told.pop(subscriber, None)

    # Inside.

    def _is_settled(self, mono_ns: int) -> bool:
        """Tell whether ticks have come for long enough to know which kinds of them there are."""
        return self._began_ns is not None and mono_ns - self._began_ns >= PATIENCE_NS

    def _mute(self, selection: Selection) -> list[str]:
        """Return the channels of a selection on which nothing came so far."""
        ticks = self._broadcast.ticks
        return [
            channel.value
            for channel, _ in selection.symbols
            if channel in _MADE_OF and not any(ticks[kind] for kind in _MADE_OF[channel])
        ]

    def _doubt(self, subscriber: Subscriber, newer: _Doubt) -> None:
        doubt = self._doubts.setdefault(subscriber, newer)
        if doubt is not newer:  # names that it gave up meanwhile must not pile up
            wanted = _names(subscriber.selection) | newer.beside
            doubt.later = (doubt.later & wanted) | newer.names
            doubt.beside, doubt.grants = newer.beside, newer.grants

    def _judge(self, subscriber: Subscriber, doubt: _Doubt, mono_ns: int) -> list[Message]:
        selection = subscriber.selection
        wanted = _names(selection)
        if ALL in wanted or GLOBBED in wanted:  # else they were given up with it
            wanted |= doubt.beside
        names = self._listing.unlisted(doubt.names & wanted, mono_ns)
        if doubt.later:
            due_ns = mono_ns + PATIENCE_NS
            self._doubts[subscriber] = _Doubt(due_ns, doubt.later, doubt.beside, doubt.grants)
        else:
            del self._doubts[subscriber]
        return [
            *self._tell(subscriber, WarningReason.SILENT_CHANNEL, self._mute(selection)),
            *self._tell(subscriber, WarningReason.UNLISTED, names, doubt.grants),
        ]

    def _tell(
        self,
        subscriber: Subscriber,
        reason: WarningReason,
        names: Collection[str],
        grants: Grants = ALL_GRANTS,
    ) -> list[Message]:
        """Return the warning of those names that a subscriber was not told before."""
        if not names:
            return []
        told = self._told.setdefault(subscriber, set())
        new = [name for name in names if (reason, name) not in told]
        messages = self._warn(reason, new, grants)
        for message in messages:
            room = max(0, MOST_REMEMBERED - len(told))
            told.update((reason, name) for name in message["names"][:room])
        return messages

    def _refuse(self, refused: Refused) -> list[Message]:
        """Return the warning of what is not granted: each time, since it was asked for again."""
        if not refused:
            return []
        self.counts[WarningReason.NOT_GRANTED] += 1
        return [refused_warning(refused)]

    def _warn(
        self, reason: WarningReason, names: Collection[str], grants: Grants = ALL_GRANTS
    ) -> list[Message]:
        if not names:
            return []
        self.counts[reason] += 1
        shown = nsmallest(MOST_NAMED, names)
        nearest: dict[str, str] = {}
        if reason is WarningReason.UNLISTED:
            found = ((name, self._listing.nearest(name)) for name in shown[:MOST_SUGGESTIONS])
            nearest = {
                name: listed
                for name, listed in found
                if listed is not None and grants.may_read_any(listed)
            }
        return [warning_message(reason, shown, len(names), nearest)]


def _names(selection: Selection) -> frozenset[str]:
    """Return the symbols of a selection over all channels."""
    return _NONE.union(*(symbols for _, symbols in selection.symbols))
