"""The options of a source that follows a cluster through NATS JetStream."""

from importlib.util import find_spec
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from feed.cluster.address import BusAddress
from feed.cluster.names import EXTRA
from feed.errors import InvalidParameter, SourceError
from feed.sources.options import KeyFile, SourceOptions, refusal
from feed.sources.source import Source

_NO_KEYS = (
    "no password in an address, which others see: user and password come from the variables "
    "FEED_KEY and FEED_SECRET, or from the file that --key-file names"
)


def _is_address(value: str) -> str:
    if "@" in value:
        raise refusal(_NO_KEYS)
    try:
        BusAddress.parse(f"nats:{value}", "source")
    except InvalidParameter:
        raise refusal(NatsOptions.accepted_words()) from None
    return value


class NatsOptions(SourceOptions):
    """A cluster of feed servers, whose writer's events lie in NATS JetStream."""

    usage = "nats://SERVERS/NAME"
    where = (
        "SERVERS are HOST:PORT with commas between, and NAME, feed by default, is that of a "
        "cluster: up to 32 letters, digits, - and _"
    )
    keys_come = _NO_KEYS
    gives_sequences: ClassVar[bool] = True

    place: Annotated[str, AfterValidator(_is_address)]
    key_file: KeyFile = Field(
        default=None,
        description="File with lines FEED_KEY=… and FEED_SECRET=…, for the server that is "
        "followed; in place of the variables.",
    )

    @property
    def address(self) -> BusAddress:
        """Where the cluster is."""
        return BusAddress.parse(f"nats:{self.place}", "source")

    async def look(self) -> None:
        """See that there is a client, before the server begins.

        Raises:
            SourceError: it is not installed.
        """
        if find_spec("nats") is None:
            raise SourceError(EXTRA, for_good=True)

    def make(self) -> Source:
        """Return what follows it."""
        from feed.sources.nats.source import NatsSource  # noqa: PLC0415 - brings the client

        return NatsSource(self.address, self.key_file or "")

    def describe(self) -> str:
        """Return which cluster it is."""
        return f"what the writer of {self.address} gives, with its positions"
