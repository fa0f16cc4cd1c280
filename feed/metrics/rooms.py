"""The metrics of rooms: how many there are, what is said in them, and what is refused."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from feed.market.room_words import RoomType
from feed.metrics.family import counter, gauge
from feed.rooms.desk import Rooms
from feed.rooms.presence import MOST_MEMBERS
from feed.rooms.tally import Refusal
from feed.settings.options import Settings

MESSAGE_TYPES = (RoomType.MESSAGE, RoomType.EDITED, RoomType.DELETED)
ENTRY_TYPES = (RoomType.ENTRY, RoomType.REMOVED)


def room_families(rooms: Rooms, settings: Settings) -> Iterator[Metric]:
    """Yield every metric of rooms."""
    tally = rooms.tally
    yield gauge("feed_rooms", "Rooms of which something is kept.").of(len(rooms.names))
    yield gauge("feed_rooms_limit", "The most that there may be (rooms_max).").of(
        settings.rooms_max
    )
    yield gauge(
        "feed_room_members", "Members of all rooms: who is in two of them is two members."
    ).of(len(rooms.presence.members))
    yield gauge("feed_room_members_limit", "The most members of all rooms.").of(MOST_MEMBERS)
    yield counter(
        "feed_room_messages",
        "What was published of messages, by type: message (a new one), edited, deleted.",
    ).of({(each,): tally.said[each] for each in MESSAGE_TYPES}, "type")
    yield counter(
        "feed_room_entries",
        "What was published of the lists of rooms, by type: entry (added, moved, or with another "
        "note), removed.",
    ).of({(each,): tally.said[each] for each in ENTRY_TYPES}, "type")
    yield counter(
        "feed_room_repeats",
        "Messages and changes that were published before: who sends them again is told where.",
    ).of(tally.repeated)
    yield counter(
        "feed_room_refused",
        "What was not published, by reason: clash (another text or version is there), gone (there "
        "is no such message or entry), not_granted, limit (too many a second, or in all), "
        "unavailable (there is no memory for it, or this server follows another one).",
    ).of({(each,): tally.refused[each] for each in Refusal}, "reason")
