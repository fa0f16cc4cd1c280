"""What a transport says to a handler of somebody else is passed on, and its end is told."""

import asyncio
from typing import cast

import pytest

from feed.http.protocol.overheard import overhear


class Wire:
    """A transport that has a protocol."""

    def __init__(self) -> None:
        self.protocol: asyncio.Protocol = Handler()

    def get_protocol(self) -> asyncio.Protocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol


class Handler(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.stays = False

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)

    def eof_received(self) -> bool:
        self.heard.append("eof")
        return self.stays

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.append(exc)

    def pause_writing(self) -> None:
        self.heard.append("pause")

    def resume_writing(self) -> None:
        self.heard.append("resume")


@pytest.fixture
def wire() -> Wire:
    return Wire()


def of(wire: Wire) -> asyncio.Transport:
    return cast("asyncio.Transport", wire)


def test_everything_is_passed_on_in_order(wire: Wire) -> None:
    handler = wire.protocol
    assert isinstance(handler, Handler)
    overhear(of(wire), lambda: handler.heard.append("told"))
    error = ConnectionResetError()
    wire.protocol.data_received(b"data")
    wire.protocol.pause_writing()
    wire.protocol.resume_writing()
    wire.protocol.connection_lost(error)
    assert handler.heard == [b"data", "pause", "resume", "told", error]


@pytest.mark.parametrize("stays", [True, False])
def test_the_end_of_what_the_peer_sends_is_told_where_the_transport_closes(
    wire: Wire, stays: bool
) -> None:
    handler, told = wire.protocol, list[int]()
    assert isinstance(handler, Handler)
    handler.stays = stays
    overhear(of(wire), lambda: told.append(1))
    assert wire.protocol.eof_received() is stays
    assert told == [1] * (not stays)
    wire.protocol.connection_lost(None)
    assert told == [1]
    assert handler.heard == ["eof", None]


def test_answers_that_follow_each_other_are_overheard_once(wire: Wire) -> None:
    handler, told = wire.protocol, list[str]()
    assert isinstance(handler, Handler)
    forget = overhear(of(wire), lambda: told.append("first"))
    once = wire.protocol
    forget()
    overhear(of(wire), lambda: told.append("second"))
    assert wire.protocol is once
    wire.protocol.connection_lost(None)
    assert told == ["second"]
    assert handler.heard == [None]


def test_an_answer_that_has_ended_is_told_nothing(wire: Wire) -> None:
    told = list[int]()
    overhear(of(wire), lambda: told.append(1))()
    wire.protocol.connection_lost(None)
    assert told == []
