"""When ticks were made, as far as any reader has seen: the same clock for all of them."""

_BUCKET_TICKS = 32


class Times:
    """The monotonic microseconds of ticks, by number; a little coarse."""

    def __init__(self) -> None:
        self._made_us: list[int] = []  # of the first tick seen in each bucket; 0: none was

    def note(self, number: int, made_us: int) -> None:
        """Note when a tick was made."""
        bucket = number // _BUCKET_TICKS
        if bucket >= len(self._made_us):
            self._made_us += [0] * (bucket + 1 - len(self._made_us))
        known = self._made_us[bucket]
        if not known or made_us < known:
            self._made_us[bucket] = made_us

    def made_us(self, number: int) -> int:
        """Return a time at which a tick was made, or one shortly before it."""
        bucket = min(number // _BUCKET_TICKS, len(self._made_us) - 1)
        while bucket >= 0 and not self._made_us[bucket]:
            bucket -= 1
        return self._made_us[bucket] if bucket >= 0 else 0

    def before(self, number: int, age_us: int) -> int:
        """Return a number all of whose forerunners are older than another tick by an age."""
        limit = self.made_us(number) - age_us
        bucket = min(number // _BUCKET_TICKS, len(self._made_us) - 1)
        while bucket >= 0 and (not self._made_us[bucket] or self._made_us[bucket] >= limit):
            bucket -= 1
        return bucket * _BUCKET_TICKS if bucket > 0 else 0
