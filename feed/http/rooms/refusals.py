"""What is not published, as the message that whoever said it is told."""

from collections.abc import Mapping
from typing import Any

import orjson

from feed.errors import Clash, FeedError, InvalidParameter, NotNow, TooOften
from feed.http.problems import failure_of
from feed.market.room_words import EntryWord
from feed.wire.control import InvalidAction
from feed.wire.json_codec import JSON
from feed.wire.room_messages import UnpublishedMessage, unpublished_message


def unpublished(room: object, id_: object, error: FeedError) -> UnpublishedMessage:
    """Return the message that says why something is not published."""
    if isinstance(error, InvalidAction):
        error = error.error
    more: dict[str, Any] = {}
    if isinstance(error, InvalidParameter):
        more["accepted"] = error.accepted
    elif isinstance(error, TooOften | NotNow) and error.retry_s is not None:
        more["retry_s"] = round(error.retry_s, 3)
    elif isinstance(error, Clash):
        more |= plain_entry(error.there)
    return unpublished_message(room, id_, failure_of(error).status, str(error), **more)


def plain_entry(there: Mapping[str, object]) -> dict[str, Any]:
    """Return what there is, an entry of a list as on the wire."""
    plain = dict(there)
    entry = plain.pop("entry", None)
    if isinstance(entry, EntryWord):
        [plain["entry"]] = orjson.loads(JSON.join(JSON.encode([entry])))
    return plain
