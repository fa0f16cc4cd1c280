"""The command `feed` with a fault: of one batch in many an event is not joined to the others.

What the rig checks has to find that.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from feed.cli import main
from feed.wire.codec import CODECS

_EACH = 5  # of so many payloads with several events one lacks an event
_numbers = count(1)


def _lossy(
    join: Callable[[Any, Sequence[bytes]], bytes],
) -> Callable[[Any, Sequence[bytes]], bytes]:
    def joined(codec: Any, fragments: Sequence[bytes]) -> bytes:
        told = list(fragments)
        if len(told) > 2 and not next(_numbers) % _EACH:
            del told[1]
        return join(codec, told)

    return joined


if __name__ == "__main__":
    for codec in CODECS.values():
        kind: Any = type(codec)
        kind.join = _lossy(kind.join)
    main()
