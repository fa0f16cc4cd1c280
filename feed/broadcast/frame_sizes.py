"""How long frames get: everything that is longer is cut into pieces."""

from dataclasses import dataclass

from feed.wire.framing import MAX_FRAME_BYTES


@dataclass(frozen=True, slots=True)
class FrameSizes:
    """The most bytes of fragments, before framing, that are joined into one frame.

    Attributes:
        batch_bytes: of a cut's batch; a longer one is cut into several frames.
        catch_up_bytes: of ticks that a subscriber catches up with; with one frame more than its
            socket holds it stays near the high water mark.
        state_bytes: of a snapshot or of a conflated state.
    """

    batch_bytes: int = MAX_FRAME_BYTES
    catch_up_bytes: int = 48 * 1024
    state_bytes: int = MAX_FRAME_BYTES // 4
