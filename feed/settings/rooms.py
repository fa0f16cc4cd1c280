"""The options of rooms: how much may be said and kept. Knows no effect of an option."""

from typing import Annotated

from pydantic import Field

from feed.settings.numbers import COUNT, Count
from feed.sources.options import Options


class RoomOptions(Options):
    """The options of rooms."""

    rooms_max: Annotated[Count, COUNT] = Field(
        default=1_000, description="Rooms of which something is kept."
    )
    rooms_max_messages: Annotated[Count, COUNT] = Field(
        default=10_000, description="Messages and entries kept of one room; the oldest go first."
    )
    rooms_messages_per_s: Annotated[Count, COUNT] = Field(
        default=10, description="Messages a second of one identity, five seconds' worth at once."
    )
