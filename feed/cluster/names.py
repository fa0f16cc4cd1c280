"""The names of what a cluster has in JetStream, all made of its own name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one cluster.

    Attributes:
        cluster: its own, such as "feed".
    """

    cluster: str

    @property
    def stream(self) -> str:
        """The stream of batches."""
        return self.cluster

    @property
    def subject(self) -> str:
        """The one subject of that stream."""
        return f"{self.cluster}.events"

    @property
    def lead(self) -> str:
        """The bucket of the lease: its key `leader` says who leads."""
        return f"{self.cluster}-lead"

    @property
    def news(self) -> str:
        """The bucket of what edges tell that is no event: `feeds`, and `instruments`."""
        return f"{self.cluster}-news"

    @property
    def state(self) -> str:
        """The object store of the checkpoint."""
        return f"{self.cluster}-state"


LEADER_KEY = "leader"
FEEDS_KEY = "feeds"
INSTRUMENTS_KEY = "instruments"  # and `instruments.0` and so on, where they are too large for one
CHECKPOINT_OBJECT = "checkpoint"
EXTRA = "the NATS client is not installed: pip install 'feed-broadcaster[cluster]'"
