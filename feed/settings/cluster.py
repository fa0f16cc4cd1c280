"""The options of servers that follow each other."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from feed.sources.options import Accepts, Options, split_at_commas
from feed.wire.codec_name import CodecName


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
