"""The options of servers that follow each other."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode
from yarl import URL

from feed.cluster.address import ACCEPTED, BusAddress
from feed.cluster.batching import BUFFER_BYTES
from feed.errors import InvalidParameter
from feed.settings.numbers import COUNT, Count
from feed.sources.options import Accepts, Options, not_a_boolean, split_at_commas
from feed.wire.codec_name import CodecName

LEAST_BUFFER_BYTES = 1_000_000
_MOST_BUFFER_BYTES = 16_000_000_000
_MOST_REPLICAS = 5  # of a stream, as NATS has it
_UNITS = {"": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}
_SIZE = re.compile(r"([0-9]{1,12}) ?(kb|mb|gb)?", re.IGNORECASE)


def _to_bytes(value: object) -> object:
    """Read a size with a unit, such as 64 MB."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else int(found[1]) * _UNITS[(found[2] or "").lower()]


def _is_bus(value: str) -> str:
    try:
        BusAddress.parse(value, "bus")
    except InvalidParameter:
        raise ValueError("not an address of a bus") from None
    return value


def _is_url(value: str) -> str:
    url = URL(value)  # raises ValueError
    if url.scheme not in {"http", "https"} or not url.host or url.user or url.query_string:
        raise ValueError("not a URL of a server")
    return value


class ClusterOptions(Options):
    """What a writer and its edges are told."""

    bus_codecs: Annotated[
        tuple[CodecName, ...],
        NoDecode,
        BeforeValidator(split_at_commas),
        Accepts("json, msgpack, protobuf, with commas between"),
    ] = Field(
        default=("json",),
        description="Codecs whose bytes servers that follow this one are given, JSON always among "
        "them; others are encoded there, equally.",
    )
    bus: Annotated[Annotated[str, AfterValidator(_is_bus)] | None, Accepts(ACCEPTED)] = Field(
        default=None, description="Where `feed ingest` writes: servers of NATS, and a name there."
    )
    bus_url: Annotated[
        Annotated[str, AfterValidator(_is_url)] | None,
        Accepts("a URL such as http://10.0.0.7:8080, without user and query"),
    ] = Field(
        default=None,
        description="Where edges send requests to a writer that leads; by default the address "
        "that it listens on.",
    )
    bus_buffer: Annotated[
        int,
        BeforeValidator(_to_bytes),
        BeforeValidator(not_a_boolean),
        Field(ge=LEAST_BUFFER_BYTES, le=_MOST_BUFFER_BYTES),
        Accepts("bytes, or a size such as 64 MB, from 1 MB to 16 GB"),
    ] = Field(
        default=BUFFER_BYTES,
        description="Bytes that may wait while NATS is away; after that nothing more is taken.",
    )
    bus_storage: Annotated[Literal["file", "memory"], Accepts("file, or memory")] = Field(
        default="file", description="Where NATS keeps what a writer makes there."
    )
    bus_replicas: Annotated[
        int,
        BeforeValidator(not_a_boolean),
        Field(ge=1, le=_MOST_REPLICAS),
        Accepts("a whole number from 1 to 5"),
    ] = Field(default=1, description="On how many servers of NATS.")
    bus_max_bytes: Annotated[Annotated[Count, COUNT] | None, COUNT] = Field(
        default=None,
        description="Bytes of the stream that a writer makes; by default those of eight rings.",
    )
