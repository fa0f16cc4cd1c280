"""What a subscriber sends is what real servers accept; what they answer is understood."""

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from benchmarks.load.wire import Head, WireError, client_frame, upgrade_request


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_client_frames_are_read_by_another_implementation(length: int) -> None:
    reader = StreamReader()
    reader.feed_data(client_frame(0x1, b"x" * length))
    parser = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as done:
        next(parser)
    frame = done.value.value
    assert (frame.opcode, bytes(frame.data), frame.fin) == (Opcode.TEXT, b"x" * length, True)


def test_the_upgrade_names_host_path_and_offers() -> None:
    request = upgrade_request("127.0.0.1:80", "/v1/ws", {"X-Offer": "yes"}).decode()
    first, *lines = request.split("\r\n")
    assert first == "GET /v1/ws HTTP/1.1"
    assert {"Host: 127.0.0.1:80", "Upgrade: websocket", "X-Offer: yes"} <= set(lines)
    assert request.endswith("\r\n\r\n")


def test_a_head_is_not_read_before_it_is_whole() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nrest"
    assert all(Head.parse(answer[:end]) is None for end in range(len(answer) - 4))
    assert Head.parse(answer) == (Head(200, {"content-encoding": "gzip"}), b"rest")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not an HTTP/1 response"),
        (b"x" * 100_000, "no end of the response head"),
    ],
)
def test_what_is_no_head_is_refused(answer: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        Head.parse(answer)
