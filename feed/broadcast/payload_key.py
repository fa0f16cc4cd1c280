"""The key by which payloads are shared."""

from dataclasses import dataclass

from feed.wire.codec import Codec
from feed.wire.selection import Selection


@dataclass(frozen=True, slots=True)
class PayloadKey:
    """The key by which payloads are shared."""

    selection: Selection
    codec: Codec
    marks: bool
