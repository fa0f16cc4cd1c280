"""The shapes of a cut's plain frames, by codec and framing."""

from dataclasses import dataclass, field

from feed.broadcast.frame_sizes import FrameSizes
from feed.wire.codec import Codec
from feed.wire.frame_shape import FrameShape
from feed.wire.framing import Framing


@dataclass(slots=True)
class Shaping:
    """The shape that frames of one codec in one framing have, for all lanes of these.

    Attributes:
        shape: in the cut in progress; None: they are joined, enveloped and wrapped.
    """

    shape: FrameShape | None = None


NO_SHAPING = Shaping()  # of frames that are compressed


@dataclass(slots=True)
class Shapings:
    """The shapings of all lanes; there are a few, which stay."""

    # With one of the codecs of the name: those that are projections of it are framed alike.
    _known: dict[tuple[str, Framing], tuple[Codec, Shaping]] = field(default_factory=dict)

    def of(self, codec: Codec, framing: Framing) -> Shaping:
        """Return the shaping of a codec in a framing."""
        return self._known.setdefault((codec.name, framing), (codec, Shaping()))[1]

    def move(self, position: bytes, sizes: FrameSizes) -> None:
        """Take the shapes of a cut that moves subscribers to a position."""
        for (_, framing), (codec, shaping) in self._known.items():
            if codec.joints is not None:
                most_bytes = sizes.payload_bytes(codec)
                shaping.shape = framing.shape(codec.joints, position, most_bytes)
