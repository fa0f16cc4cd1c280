"""Reading a stream whole, as a test looks at it."""

from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.connecting import connect
from feed.cluster.ordered_read import Stored


async def stored_in(address: BusAddress) -> list[Stored]:
    """Return the messages of the stream of a cluster."""
    client = await connect(address, None, lambda: None, name="reading")
    try:
        stream = BatchStream(client, address.names)
        found: list[Stored] = []
        sequence = 1
        while stored := await stream.get(sequence):
            found.append(stored)
            sequence = stored.sequence + 1
        return found
    finally:
        await client.close()


async def batches_of(address: BusAddress) -> list[Batch]:
    """Return the batches of the stream of a cluster."""
    return [read_batch(stored.headers) for stored in await stored_in(address)]
