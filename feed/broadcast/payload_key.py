"""What payloads are shared by."""

from dataclasses import dataclass

from feed.wire.codec import Codec
from feed.wire.selection import Selection


@dataclass(frozen=True, slots=True)
class PayloadKey:
    """What payloads are shared by."""

    selection: Selection
    codec: Codec
    marks: bool
