"""Counters of frames and bytes written."""

from dataclasses import dataclass


@dataclass(slots=True)
class Traffic:
    """Frames and bytes written, counted once per reader; `plain_bytes` before compression."""

    frames: int = 0
    frame_bytes: int = 0
    plain_bytes: int = 0

    def count(self, frame_bytes: int, plain_bytes: int, readers: int, frames: int = 1) -> None:
        """Add one write of `frames` frames to each of `readers` readers."""
        self.frames += frames * readers
        self.frame_bytes += readers * frame_bytes
        self.plain_bytes += readers * plain_bytes
