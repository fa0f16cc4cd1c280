"""Beginnings of subscriptions, as the flight record of a subscriber has them.

Of a key of words that is read, the record says which it is and how many of its words, or parts, its
reader had: of many keys the first few, since a record is short.
"""

from itertools import islice

from feed.broadcast.cut import Broadcast
from feed.broadcast.flight_record import From, Happened, Reads, reads_detail
from feed.broadcast.key_marks import mark_of
from feed.broadcast.rewind import Rewound
from feed.broadcast.subscriber import Subscriber
from feed.market.word_channels import WordChannel
from feed.wire.position import BEGINNING, Position
from feed.wire.selection import Selection

MOST_READ = 4  # keys of one subscription that are put on record


def note_subscription(
    broadcast: Broadcast,
    subscriber: Subscriber,
    selection: Selection,
    after: Position | Rewound | str | None,
    last: int | None,
    *,
    snapshot: bool,
) -> None:
    """Put on record where a subscription begins: see `Audience.begin` for its arguments."""
    begins, sequence = From.NOW, subscriber.due.backlog.sequence
    if last is not None:
        begins = From.LAST
    elif isinstance(after, Rewound):
        begins, sequence = From.TIME, after.sequence
    elif isinstance(after, Position) and after.epoch == broadcast.ring.epoch:
        begins, sequence = From.POSITION, after.sequence
    elif after is not None:
        begins = From.BEGINNING if after == BEGINNING else From.OTHER_EPOCH
    subscriber.ladder.note(Happened.SUBSCRIBED, begins, sequence, selection.entries)
    reads = Reads.STATE if snapshot or begins is From.OTHER_EPOCH else Reads.REST
    keys = ((channel, key) for channel, some in selection.words for key in sorted(some))
    for channel, key in islice(keys, MOST_READ):
        upto = 0 if begins is From.BEGINNING else sequence
        had = broadcast.keyed.words_upto(channel, key, upto)
        note_reading(subscriber, channel, key, had, reads)


def note_reading(
    subscriber: Subscriber, channel: WordChannel, key: str, words: int, reads: Reads
) -> None:
    """Put on record which key a subscriber reads, and after how many of its words."""
    detail = reads_detail(channel, reads)
    subscriber.ladder.note(Happened.READS, detail, mark_of(channel, key), words)
