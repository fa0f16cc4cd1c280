"""Firings, each of which is news once: by its id, however often it is told. Knows no socket."""

from feed.client.alerting.words import Alert, AlertEvent

MOST_KNOWN = 10_000  # ids of acknowledged firings that are remembered


class Firings:
    """Firings of one's own."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: dict[str, Alert] = {}
        self._known: dict[str, None] = {}  # that were acknowledged, the oldest first
        self._coming: set[str] = set()  # told by the snapshot that is coming

    @property
    def open(self) -> tuple[Alert, ...]:
        """What is not acknowledged, in the order in which it was told."""
        return tuple(self._open.values())

    def take(self, word: AlertEvent, *, snapshot: bool = False) -> bool:
        """Take a word in; return whether it is a firing that is news."""
        if word["T"] == "acknowledged":
            self.close(word["id"])
            return False
        if snapshot:
            self._coming.add(word["id"])
        if word["id"] in self._known:
            return False
        is_news = word["id"] not in self._open
        self._open[word["id"]] = word
        return is_news

    def restart(self) -> None:
        """Forget a snapshot that was cut off."""
        self._coming = set()

    def end_snapshot(self) -> None:
        """Note that a snapshot is complete: what it left out was acknowledged elsewhere."""
        coming, self._coming = self._coming, set()
        for id_ in [id_ for id_ in self._open if id_ not in coming]:
            self.close(id_)

    def close(self, id_: str) -> None:
        """Note that a firing is acknowledged."""
        self._open.pop(id_, None)
        self._known[id_] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
