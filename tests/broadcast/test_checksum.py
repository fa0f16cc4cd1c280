"""Checksums that are combined are those of all bytes that a stream was given."""

import gzip
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.checksum import LaneChecksum, StreamChecksum
from feed.broadcast.standing import Written
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.framing import SseFraming, StreamFraming
from feed.wire.messages import bye_message
from tests.fakes.frame_reader import unchunk
from tests.fakes.selections import EVERYTHING
from tests.fakes.stage import HIGH_WATER_BYTES, Stage
from tests.fakes.ways import WAYS, Way, way_name

GZIPPED = [way for way in WAYS if isinstance(way[1], SseFraming | StreamFraming) and way[1].chunked]

pieces = st.lists(st.binary(max_size=300), max_size=3)
turns = st.lists(st.tuples(pieces, st.lists(pieces, max_size=3), st.booleans()), max_size=6)


@given(before=pieces, turns=turns)
def test_a_stream_has_the_checksum_of_what_it_was_given(
    before: list[bytes], turns: list[tuple[list[bytes], list[list[bytes]], bool]]
) -> None:
    lane, stream, given_to_it = LaneChecksum(), StreamChecksum(), b""
    lane.note_write(before)
    for own, writes, missed in turns:
        for envelope in own:
            stream.add(envelope)
            given_to_it += envelope
        stream.go_live(lane)
        for write in writes:
            lane.note_write(write)
            given_to_it += b"".join(write)
        if missed:
            lane.note_write([b"nobody took this"])
        stream.stop(lane, missed=missed)
        assert (stream.crc, stream.length_bytes) == (zlib.crc32(given_to_it), len(given_to_it))


def test_many_that_stop_at_once_have_their_own_checksums() -> None:
    chance = random.Random(1)
    lane, streams = LaneChecksum(), []
    written: list[bytes] = []
    for number in range(200):
        stream = StreamChecksum()
        stream.add(b"%d" % number)
        stream.go_live(lane)
        streams.append((stream, len(written)))
        written.append(chance.randbytes(number))
        lane.note_write(written[-1:])
    for number, (stream, since) in enumerate(streams):
        stream.stop(lane)
        assert stream.crc == zlib.crc32(b"%d" % number + b"".join(written[since:]))


def test_a_length_of_more_than_32_bits_is_told_modulo() -> None:
    lane, stream = LaneChecksum(), StreamChecksum()
    stream.go_live(lane)
    lane.crc, lane.length_bytes = 0x12345678, (1 << 40) + 5
    stream.stop(lane)
    assert stream.crc == 0x12345678
    assert stream.trailer()[-4:] == (5).to_bytes(4, "little")


@pytest.mark.parametrize("way", GZIPPED, ids=way_name)
def test_a_gzip_stream_ends_so_that_strict_readers_lose_nothing(way: Way) -> None:
    stage = Stage(1 << 10)
    others = [stage.join(EVERYTHING, way, compression=Compression()) for _ in range(2)]
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.open(EVERYTHING, way, compression=Compression())
    member.subscriber.open(b"retry: 1\n\n" if way[1].named_events else b"")
    stage.begin(member, EVERYTHING, snapshot=True)
    stage.catch_up(member)
    for number in range(200):
        full = number % 7 == 3
        member.socket.held_bytes = HIGH_WATER_BYTES + 1 if full else 0
        stage.publish_and_cut(f"S{number % 5}")
        if number % 7 == 5:
            stage.catch_up(member)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert member.subscriber.live
    subscriber = member.subscriber
    stage.leave(member)
    bye = subscriber.lane.message_envelope(bye_message(Reason.SHUTDOWN.value))
    subscriber.send(bye, Written.LAST_WORDS)
    body = gzip.decompress(unchunk(b"".join(member.socket.written)))  # checks the trailer
    assert body.endswith(bye)
    assert others[0].subscriber.live
