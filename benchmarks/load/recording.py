"""Payloads of our server, in a file from which peers send them."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_SHUFFLE_SEED = 3  # of payloads that stand for sizes: long ones and short ones by turns


@dataclass(frozen=True, slots=True)
class Recording:
    """Payloads of our server, for peers to send.

    Attributes:
        path: the file, one payload a line.
        hz: how often our server sent one to each subscriber.
        ticks: mean number in a payload; 0 where payloads only stand for sizes.
        size_bytes: mean length of a payload.
    """

    path: Path
    hz: float
    ticks: float
    size_bytes: float

    @classmethod
    def of(cls, path: Path, payloads: Sequence[bytes], hz: float) -> "Recording":
        """Write payloads to a file."""
        path.write_bytes(b"\n".join(payloads) + b"\n")
        return cls(
            path,
            hz,
            ticks=sum(len(json.loads(payload)) for payload in payloads) / len(payloads),
            size_bytes=sum(map(len, payloads)) / len(payloads),
        )

    @classmethod
    def of_sizes(cls, path: Path, sizes: Mapping[int, int], count: int, hz: float) -> "Recording":
        """Write `count` payloads that stand for all of these sizes: their mean, and their spread.

        Args:
            path: the file.
            sizes: how many payloads had each length.
            count: how many are wanted, one a subscriber; fewer where fewer were seen.
            hz: as the attribute.
        """
        ordered = [size for size in sorted(sizes) for _ in range(sizes[size])]
        parts = min(count, len(ordered))
        edges = [len(ordered) * part // parts for part in range(parts + 1)]
        means = [round(sum(ordered[low:high]) / (high - low)) for low, high in pairwise(edges)]
        random.Random(_SHUFFLE_SEED).shuffle(means)
        path.write_bytes(b"".join(b'["%b"]\n' % (b"x" * (size - len('[""]'))) for size in means))
        return cls(path, hz, ticks=0.0, size_bytes=sum(means) / parts)
