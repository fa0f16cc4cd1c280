"""Frames of streams of other APIs: the payload, and nothing of our own."""

import pytest

from feed.wire.codec import Codec
from feed.wire.disconnect import Reason
from feed.wire.frame_shape import compose
from feed.wire.framing import Framing, goodbye_envelope, message_envelope
from feed.wire.generations.framing import ForeignFraming
from feed.wire.generations.openai_chat import ChatCodec
from feed.wire.generations.plain import KEEPALIVE, PlainCodec
from feed.wire.messages import mark_message
from feed.wire.position import Position
from tests.fakes.frame_reader import read_sse, unchunk
from tests.wire.generations.logs import log_of

CODEC: Codec = ChatCodec()
CHUNKED: Framing = ForeignFraming(chunked=True)
BARE: Framing = ForeignFraming(chunked=False)
AT = b"k3-7"


@pytest.mark.parametrize("framing", [CHUNKED, BARE])
def test_a_frame_made_in_one_step_is_the_frame_made_in_three(framing: Framing) -> None:
    fragments = CODEC.encode(log_of(["a", "b"]))
    payload = CODEC.join(fragments)
    frame = framing.wrap(framing.envelop_ticks(payload, AT))
    assert CODEC.joints is not None
    shape = framing.shape(CODEC.joints, AT, len(payload))
    assert shape is not None
    assert compose(fragments, shape) == (frame, len(payload))
    assert (unchunk(frame) if framing is CHUNKED else frame) == payload


def test_nothing_of_ours_is_said() -> None:
    position = Position("k3", 7)
    mark = message_envelope(CHUNKED, CODEC, mark_message(position, 1), position)
    bye = goodbye_envelope(CHUNKED, CODEC, Reason.SHUTDOWN.value)
    assert CHUNKED.wrap(mark) == CHUNKED.wrap(bye) == b""  # an empty chunk would end the body


def test_a_keepalive_is_no_event() -> None:
    stream = CODEC.join(CODEC.encode(log_of(["a"])))
    assert CHUNKED.keepalive == b":\n"
    assert read_sse(CHUNKED.keepalive + stream + CHUNKED.keepalive) == read_sse(stream)


def test_a_keepalive_of_the_plain_shape_is_an_empty_piece() -> None:
    codec = PlainCodec()
    [began] = codec.encode(log_of([])[:1])
    assert ForeignFraming(chunked=True, keepalive=KEEPALIVE).keepalive == began
